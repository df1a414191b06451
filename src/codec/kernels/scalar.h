/*
 * scalar.h - the scalar kernels by name, for the vector ones, which finish with them, and reading
 * one UTF-8 character.
 */
#ifndef FSOCK_CODEC_KERNELS_SCALAR_H
#define FSOCK_CODEC_KERNELS_SCALAR_H

#include "kernels.h"

size_t fsock__scalar_ascii_copy(uint8_t *dst, const uint8_t *src, size_t n);
size_t fsock__scalar_utf8_copy(uint8_t *dst, const uint8_t *src, size_t n);
size_t fsock__scalar_utf8_check(const uint8_t *src, size_t n);
void fsock__scalar_latin1_to_utf8(struct fsock__span *s);
void fsock__scalar_utf8_to_latin1(struct fsock__span *s);
void fsock__scalar_utf16le_to_utf8(struct fsock__span *s);
void fsock__scalar_utf16be_to_utf8(struct fsock__span *s);
void fsock__scalar_utf8_to_utf16le(struct fsock__span *s);
void fsock__scalar_utf8_to_utf16be(struct fsock__span *s);
void fsock__scalar_bytes_to_utf8(struct fsock__span *s, const uint32_t table[256]);
void fsock__scalar_utf8_to_bytes(struct fsock__span *s, const struct fsock__reverse *table);
void fsock__scalar_crlf_to_lf(struct fsock__span *s, bool lone_lf);
void fsock__scalar_auto_to_lf(struct fsock__span *s);
void fsock__scalar_lf_to_crlf(struct fsock__span *s);
void fsock__scalar_replace(struct fsock__span *s, uint8_t from, uint8_t to);

/* How many bytes of input are left, and how much room. */
static inline size_t
fsock__span_left(const struct fsock__span *s)
{
	return (size_t)(s->src_end - s->src);
}

static inline size_t
fsock__span_room(const struct fsock__span *s)
{
	return (size_t)(s->dst_end - s->dst);
}

static inline bool
fsock__utf8_is_cont(uint8_t b)
{
	return (b & 0xC0) == 0x80;
}

/*
 * Reads the character at p, of which n > 0 bytes are there. Returns its length, with the code point
 * in *c, or 0 when it is malformed or cut off. (Unicode 15, table 3-7: only the second byte has
 * narrower bounds, after E0, ED, F0 and F4.)
 */
static inline unsigned
fsock__utf8_char(const uint8_t *p, size_t n, uint32_t *c)
{
	if (p[0] < 0x80) {
		*c = p[0];
		return 1;
	}
	if (p[0] < 0xC2 || p[0] > 0xF4 || n < 2 || !fsock__utf8_is_cont(p[1]))
		return 0;
	if (p[0] < 0xE0) {
		*c = (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
		return 2;
	}
	if (n < 3 || !fsock__utf8_is_cont(p[2]))
		return 0;
	if (p[0] < 0xF0) {
		*c = (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
		return *c < 0x800 || (*c >= 0xD800 && *c <= 0xDFFF) ? 0 : 3;
	}
	if (n < 4 || !fsock__utf8_is_cont(p[3]))
		return 0;
	*c = (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
	return *c < 0x10000 || *c > 0x10FFFF ? 0 : 4;
}

/* Writes c, no surrogate, into at most `room` bytes. Returns its length, 0 when it does not fit. */
static inline unsigned
fsock__utf8_put(uint8_t *p, size_t room, uint32_t c)
{
	if (c < 0x80 && room >= 1) {
		p[0] = (uint8_t)c;
		return 1;
	}
	if (c >= 0x80 && c < 0x800 && room >= 2) {
		p[0] = (uint8_t)(0xC0 | c >> 6);
		p[1] = (uint8_t)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c >= 0x800 && c < 0x10000 && room >= 3) {
		p[0] = (uint8_t)(0xE0 | c >> 12);
		p[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
		p[2] = (uint8_t)(0x80 | (c & 0x3F));
		return 3;
	}
	if (c >= 0x10000 && room >= 4) {
		p[0] = (uint8_t)(0xF0 | c >> 18);
		p[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
		p[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
		p[3] = (uint8_t)(0x80 | (c & 0x3F));
		return 4;
	}
	return 0;
}

#endif
