#include "../../base/compat.h"

#include "scalar.h"

/* Both byte orders come from one body each: `big` is a constant where it is used. */

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
