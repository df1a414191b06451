#include "../../base/compat.h"

#include "scalar.h"

#include <string.h>

/*
 * The reference: every other implementation is compared with this one, and it is all there is on
 * processors without one. Plain C, a word at a time where the text is ASCII.
 */

#define HIGH_BITS UINT64_C(0x8080808080808080)

static inline size_t
ascii_run(uint8_t *dst, const uint8_t *src, size_t n)
{
	size_t i = 0;
	uint64_t w;

	for (; n - i >= sizeof(w); i += sizeof(w)) {
		memcpy(&w, src + i, sizeof(w));
		if ((w & HIGH_BITS) != 0)
			break;
		memcpy(dst + i, &w, sizeof(w));
	}
	for (; i < n && src[i] < 0x80; i++)
		dst[i] = src[i];
	return i;
}

size_t
fsock__scalar_ascii_copy(uint8_t *dst, const uint8_t *src, size_t n)
{
	return ascii_run(dst, src, n);
}

size_t
fsock__scalar_utf8_copy(uint8_t *dst, const uint8_t *src, size_t n)
{
	size_t i = 0, end;
	unsigned len;
	uint32_t c;

	while (i < n) {
		if (src[i] < 0x80) {
			i += ascii_run(dst + i, src + i, n - i);
			continue;
		}
		len = fsock__utf8_char(src + i, n - i, &c);
		if (len == 0)
			break;
		for (end = i + len; i < end; i++)
			dst[i] = src[i];
	}
	return i;
}

size_t
fsock__scalar_utf8_check(const uint8_t *src, size_t n)
{
	size_t i = 0;
	unsigned length;
	uint32_t c;
	uint64_t w;

	while (i < n) {
		for (; n - i >= sizeof w; i += sizeof w) {
			memcpy(&w, src + i, sizeof w);
			if ((w & HIGH_BITS) != 0)
				break;
		}
		if (i == n || (length = fsock__utf8_char(src + i, n - i, &c)) == 0)
			break;
		i += length;
	}
	return i;
}

/* Copies the ASCII in front of the span, for charsets that contain it. */
static inline void
copy_ascii(struct fsock__span *s)
{
	size_t left = fsock__span_left(s), room = fsock__span_room(s);
	size_t n = ascii_run(s->dst, s->src, left < room ? left : room);

	s->src += n;
	s->dst += n;
}

void
fsock__scalar_latin1_to_utf8(struct fsock__span *s)
{
	for (;;) {
		copy_ascii(s);
		if (s->src == s->src_end || fsock__span_room(s) < 2)
			return;
		/* The run ended at a byte above ASCII or, with room left, cannot have ended. */
		*s->dst++ = (uint8_t)(0xC0 | *s->src >> 6);
		*s->dst++ = (uint8_t)(0x80 | (*s->src++ & 0x3F));
	}
}

void
fsock__scalar_utf8_to_latin1(struct fsock__span *s)
{
	unsigned len;
	uint32_t c;

	for (;;) {
		copy_ascii(s);
		if (s->src == s->src_end || s->dst == s->dst_end)
			return;
		len = fsock__utf8_char(s->src, fsock__span_left(s), &c);
		if (len == 0 || c > 0xFF)
			return;
		*s->dst++ = (uint8_t)c;
		s->src += len;
	}
}

/*
 * Bytes by the table, as long as not all of the next eight are ASCII: which of them are is nothing
 * that a branch could guess. Three bytes are stored for each, and the next ones overwrite what is
 * too much. The pointers are in variables of their own since the bytes written might be those of
 * the span for all that the compiler knows.
 */
static inline void
copy_forms(struct fsock__span *s, const uint32_t table[256])
{
	const uint8_t *src = s->src;
	uint8_t *dst = s->dst;
	uint32_t form = 1;
	uint64_t w;

	for (; s->src_end - src >= 8 && s->dst_end - dst >= 3 * 8 && form != 0;) {
		memcpy(&w, src, sizeof(w));
		if ((w & HIGH_BITS) == 0)
			break;
		for (int i = 0; i < 8 && (form = table[*src]) != 0; i++, src++) {
			dst[0] = (uint8_t)form;
			dst[1] = (uint8_t)(form >> 8);
			dst[2] = (uint8_t)(form >> 16);
			dst += form >> 24;
		}
	}
	s->src = src;
	s->dst = dst;
}

void
fsock__scalar_bytes_to_utf8(struct fsock__span *s, const uint32_t table[256])
{
	uint32_t form;
	unsigned len, i;

	for (;;) {
		copy_ascii(s);
		copy_forms(s, table);
		if (s->src == s->src_end)
			return;
		form = table[*s->src];
		len = form >> 24;
		if (len == 0 || fsock__span_room(s) < len)
			return;
		for (i = 0; i < len; i++)
			s->dst[i] = (uint8_t)(form >> 8 * i);
		s->dst += len;
		s->src++;
	}
}

void
fsock__scalar_utf8_to_bytes(struct fsock__span *s, const struct fsock__reverse *table)
{
	unsigned len;
	uint32_t c;
	uint8_t b;

	for (;;) {
		copy_ascii(s);
		if (s->src == s->src_end || s->dst == s->dst_end)
			return;
		len = fsock__utf8_char(s->src, fsock__span_left(s), &c);
		if (len == 0 || c > 0xFFFF)
			return;
		b = fsock__reverse_find(table, (uint16_t)c);
		if (b == 0 && c != 0)
			return;
		*s->dst++ = b;
		s->src += len;
	}
}

/* UTF-16: both byte orders come from one body each: `big` is a constant where it is used. */
static inline uint16_t
get_unit(const uint8_t *p, bool big)
{
	return (uint16_t)(big ? p[0] << 8 | p[1] : p[1] << 8 | p[0]);
}

static inline void
put_unit(uint8_t *p, uint32_t unit, bool big)
{
	p[big ? 0 : 1] = (uint8_t)(unit >> 8);
	p[big ? 1 : 0] = (uint8_t)unit;
}

/*
 * Reads the character at p; returns its length or 0 for a lone surrogate and a cut-off character.
 */
static inline unsigned
get_char(const uint8_t *p, size_t n, bool big, uint32_t *c)
{
	uint16_t low;

	if (n < 2)
		return 0;
	*c = get_unit(p, big);
	if (*c < 0xD800 || *c > 0xDFFF)
		return 2;
	if (*c > 0xDBFF || n < 4)
		return 0;
	low = get_unit(p + 2, big);
	if (low < 0xDC00 || low > 0xDFFF)
		return 0;
	*c = 0x10000 + ((*c - 0xD800) << 10) + (low - 0xDC00u);
	return 4;
}

static inline void
utf16_to_utf8(struct fsock__span *s, bool big)
{
	unsigned taken, put;
	uint32_t c;

	while (s->src < s->src_end) {
		taken = get_char(s->src, fsock__span_left(s), big, &c);
		if (taken == 0)
			return;
		put = fsock__utf8_put(s->dst, fsock__span_room(s), c);
		if (put == 0)
			return;
		s->src += taken;
		s->dst += put;
	}
}

static inline void
utf8_to_utf16(struct fsock__span *s, bool big)
{
	unsigned len;
	uint32_t c;

	while (s->src < s->src_end && fsock__span_room(s) >= 2) {
		len = fsock__utf8_char(s->src, fsock__span_left(s), &c);
		if (len == 0)
			return;
		if (c >= 0x10000) {
			if (fsock__span_room(s) < 4)
				return;
			put_unit(s->dst, 0xD7C0 + (c >> 10), big);
			s->dst += 2;
			c = 0xDC00 | (c & 0x3FF);
		}
		put_unit(s->dst, c, big);
		s->dst += 2;
		s->src += len;
	}
}

void
fsock__scalar_utf16le_to_utf8(struct fsock__span *s)
{
	utf16_to_utf8(s, false);
}

void
fsock__scalar_utf16be_to_utf8(struct fsock__span *s)
{
	utf16_to_utf8(s, true);
}

void
fsock__scalar_utf8_to_utf16le(struct fsock__span *s)
{
	utf8_to_utf16(s, false);
}

void
fsock__scalar_utf8_to_utf16be(struct fsock__span *s)
{
	utf8_to_utf16(s, true);
}

void
fsock__scalar_crlf_to_lf(struct fsock__span *s, bool lone_lf)
{
	uint8_t b;

	for (; s->src < s->src_end && s->dst < s->dst_end; *s->dst++ = b) {
		b = *s->src;
		if (b == '\r') {
			if (fsock__span_left(s) < 2 || s->src[1] != '\n')
				return;
			b = '\n';
			s->src += 2;
			continue;
		}
		if (b == '\n' && !lone_lf)
			return;
		s->src++;
	}
}

void
fsock__scalar_auto_to_lf(struct fsock__span *s)
{
	uint8_t b;

	for (; s->src < s->src_end && s->dst < s->dst_end; *s->dst++ = b) {
		b = *s->src;
		if (b == '\r') {
			if (fsock__span_left(s) < 2)
				return;
			b = '\n';
			s->src += s->src[1] == '\n';
		}
		s->src++;
	}
}

void
fsock__scalar_replace(struct fsock__span *s, uint8_t from, uint8_t to)
{
	for (; s->src < s->src_end && s->dst < s->dst_end; s->src++)
		*s->dst++ = *s->src == from ? to : *s->src;
}

static void
scalar_cr_to_lf(struct fsock__span *s)
{
	fsock__scalar_replace(s, '\r', '\n');
}

static void
scalar_lf_to_cr(struct fsock__span *s)
{
	fsock__scalar_replace(s, '\n', '\r');
}

void
fsock__scalar_lf_to_crlf(struct fsock__span *s)
{
	for (; s->src < s->src_end && s->dst < s->dst_end; s->src++) {
		if (*s->src == '\n') {
			if (fsock__span_room(s) < 2)
				return;
			*s->dst++ = '\r';
		}
		*s->dst++ = *s->src;
	}
}

const struct fsock__kernels fsock__kernels_scalar = {
	.name = "scalar",
	.ascii_copy = fsock__scalar_ascii_copy,
	.utf8_copy = fsock__scalar_utf8_copy,
	.utf8_check = fsock__scalar_utf8_check,
	.latin1_to_utf8 = fsock__scalar_latin1_to_utf8,
	.utf8_to_latin1 = fsock__scalar_utf8_to_latin1,
	.utf16le_to_utf8 = fsock__scalar_utf16le_to_utf8,
	.utf16be_to_utf8 = fsock__scalar_utf16be_to_utf8,
	.utf8_to_utf16le = fsock__scalar_utf8_to_utf16le,
	.utf8_to_utf16be = fsock__scalar_utf8_to_utf16be,
	.bytes_to_utf8 = fsock__scalar_bytes_to_utf8,
	.utf8_to_bytes = fsock__scalar_utf8_to_bytes,
	.crlf_to_lf = fsock__scalar_crlf_to_lf,
	.auto_to_lf = fsock__scalar_auto_to_lf,
	.lf_to_crlf = fsock__scalar_lf_to_crlf,
	.cr_to_lf = scalar_cr_to_lf,
	.lf_to_cr = scalar_lf_to_cr,
};
