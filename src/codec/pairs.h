/*
 * pairs.h - bulk loops for the charsets of one or two octets a character that contain ASCII.
 *
 * They do what most of a text is made of (ASCII, and pairs that stand for a BMP character) in as
 * few instructions as can be. Everything rare - a malformed pair, other lengths, special cells -
 * ends the loop, and the careful code of utf8.h takes one character.
 */
#ifndef FSOCK_CODEC_PAIRS_H
#define FSOCK_CODEC_PAIRS_H

#include "tables.h"
#include "utf8.h"

/* The BMP code point of two octets, the first not ASCII; 0: ask the careful code. */
typedef uint32_t fsock__pair_get(uint32_t lead, uint32_t trail);

/* The two octets of a BMP code point, first octet highest; 0: ask the careful code. */
typedef uint32_t fsock__pair_put(uint32_t c);

/*
 * spaced: words of pairs with a space between them. Where a word ends cannot be foreseen, so an
 * octet of ASCII behind a pair is taken along without a branch.
 */
FSOCK__ALWAYS_INLINE void
fsock__pairs_decode_fast(struct fsock__span *s, fsock__pair_get *get, bool spaced)
{
	const uint8_t *src = s->src, *const end = s->src_end;
	uint8_t *dst = s->dst, *const dst_end = s->dst_end;

	while (end - src >= 3 && dst_end - dst >= 4) {
		uint32_t c = src[0];

		if (c < 0x80) {
			if (end - src >= 8 && fsock__ascii_8(src))
				break;
			*dst++ = *src++;
			continue;
		}
		c = get(c, src[1]);
		if (c >= 0x800) {
			dst[0] = (uint8_t)(0xE0 | c >> 12);
			dst[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
			dst[2] = (uint8_t)(0x80 | (c & 0x3F));
			dst += 3;
		} else if (c >= 0x80) {
			dst[0] = (uint8_t)(0xC0 | c >> 6);
			dst[1] = (uint8_t)(0x80 | (c & 0x3F));
			dst += 2;
		} else {
			break;
		}
		src += 2;
		if (spaced) {
			dst[0] = src[0];
			dst += src[0] < 0x80;
			src += src[0] < 0x80;
		}
	}
	s->src = src;
	s->dst = dst;
}

/* The decoding loop; careful decodes one character of any kind. */
FSOCK__ALWAYS_INLINE enum fsock__step
fsock__pairs_decode(struct fsock__job *job, fsock__pair_get *get, fsock__get *careful, bool spaced)
{
	struct fsock__span *s = &job->span;
	enum fsock__step step;

	for (;;) {
		fsock__pairs_decode_fast(s, get, spaced);
		if (s->src == s->src_end)
			return FSOCK__DONE;
		if (s->dst == s->dst_end)
			return FSOCK__FULL;
		step = fsock__decode_one(job, careful, true);
		if (step != FSOCK__DONE)
			return step;
	}
}

FSOCK__ALWAYS_INLINE void
fsock__pairs_encode_fast(struct fsock__span *s, fsock__pair_put *put)
{
	const uint8_t *src = s->src, *const end = s->src_end;
	uint8_t *dst = s->dst, *const dst_end = s->dst_end;

	while (end - src >= 3 && dst_end - dst >= 2) {
		uint32_t c = src[0], octets;

		if (c < 0x80) {
			if (end - src >= 8 && fsock__ascii_8(src))
				break;
			*dst++ = *src++;
			continue;
		}
		if ((c & 0xF0) != 0xE0 || !fsock__utf8_is_cont(src[1]) ||
		    !fsock__utf8_is_cont(src[2]))
			break;
		c = (c & 0x0F) << 12 | (src[1] & 0x3Fu) << 6 | (src[2] & 0x3Fu);
		octets = put(c);
		if (octets == 0 || c < 0x800)
			break;
		dst[0] = (uint8_t)(octets >> 8);
		dst[1] = (uint8_t)octets;
		dst += 2;
		src += 3;
	}
	s->src = src;
	s->dst = dst;
}

/* The encoding loop. */
FSOCK__ALWAYS_INLINE enum fsock__step
fsock__pairs_encode(struct fsock__job *job, fsock__pair_put *put, fsock__put *careful)
{
	struct fsock__span *s = &job->span;
	enum fsock__step step;

	for (;;) {
		fsock__pairs_encode_fast(s, put);
		if (s->src == s->src_end)
			return FSOCK__DONE;
		if (s->dst == s->dst_end)
			return FSOCK__FULL;
		step = fsock__encode_one(job, careful, true);
		if (step != FSOCK__DONE)
			return step;
	}
}

#endif
