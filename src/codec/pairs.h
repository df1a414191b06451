/*
 * pairs.h - bulk loops for the charsets of one or two octets a character that contain ASCII.
 *
 * They do what most of a text is made of (ASCII, and pairs that stand for a BMP character) in as
 * few instructions as can be. Everything rare - a malformed pair, other lengths, special cells -
 * ends the loop, and the careful code of utf8.h takes one character.
 */
#ifndef FSOCK_CODEC_PAIRS_H
#define FSOCK_CODEC_PAIRS_H

#include "tables/tables.h"
#include "utf8.h"

/* The BMP code point of two octets, the first not ASCII; 0: ask the careful code. */
typedef uint32_t fsock__pair_get(uint32_t lead, uint32_t trail);

/* The octets that a pair of the table stands for, where they are others. */
typedef uint32_t fsock__pair_map(uint32_t pair);

/* A pair as a fsock__put writes it; 0, for none, is no octets. */
static inline unsigned
fsock__pairs_put(uint8_t *dst, unsigned pair)
{
	dst[0] = (uint8_t)(pair >> 8);
	dst[1] = (uint8_t)pair;
	return pair ? 2 : 0;
}

/*
 * Two characters of three octets each are put together and taken apart as one number, the first
 * one in its lower 24 bits: twice the work for the same instructions. Compilers make one or two
 * accesses of the octets that are spelt out here.
 */
static inline void
fsock__pairs_put_two(uint8_t *dst, uint32_t first, uint32_t second)
{
	uint64_t both = first | (uint64_t)second << 24;
	uint64_t utf8 = 0x8080E08080E0 | (both >> 12 & 0x00000F00000F) |
			(both << 2 & 0x003F00003F00) | (both << 16 & 0x3F00003F0000);

	dst[0] = (uint8_t)utf8;
	dst[1] = (uint8_t)(utf8 >> 8);
	dst[2] = (uint8_t)(utf8 >> 16);
	dst[3] = (uint8_t)(utf8 >> 24);
	dst[4] = (uint8_t)(utf8 >> 32);
	dst[5] = (uint8_t)(utf8 >> 40);
}

/*
 * spaced: words of pairs with a space between them. Where a word ends cannot be foreseen, so an
 * octet of ASCII behind a pair is taken along without a branch.
 */
FSOCK__ALWAYS_INLINE void
fsock__pairs_decode_fast(struct fsock__span *s, fsock__pair_get *get, bool spaced)
{
	const uint8_t *src = s->src;
	uint8_t *dst = s->dst;
	/* Two octets become three at most. */
	size_t left = fsock__span_left(s), pairs = fsock__span_room(s) / 3;
	const uint8_t *end = src + (left / 2 < pairs ? left : pairs * 2);

	while (end - src >= 8) {
		uint32_t c = src[0], second;

		if (c < 0x80) {
			if (fsock__ascii_8(src))
				break;
			*dst++ = *src++;
			continue;
		}
		c = get(c, src[1]);
		if (c >= 0x800 && !spaced && src[2] >= 0x80) {
			second = get(src[2], src[3]);
			if (second >= 0x800) {
				fsock__pairs_put_two(dst, c, second);
				dst += 6;
				src += 4;
				continue;
			}
		}
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
			return FSOCK__CONVERTED;
		if (s->dst == s->dst_end)
			return FSOCK__FULL;
		step = fsock__decode_one(job, careful, true);
		if (step != FSOCK__CONVERTED)
			return step;
	}
}

/* Are the first n characters at p of three octets each? n is 1 or 2; 8 octets are there. */
static inline bool
fsock__pairs_are_three(const uint8_t *p, unsigned n)
{
	uint64_t mask = n == 1 ? 0xC0C0F0 : 0xC0C0F0C0C0F0,
		 want = n == 1 ? 0x8080E0 : 0x8080E08080E0;
	uint64_t octets = p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
			  (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
			  (uint64_t)p[7] << 56;

	return (octets & mask) == want;
}

/* The pair of the character of three octets at p; 0: ask the careful code. */
static inline uint32_t
fsock__pairs_find_three(const uint16_t *top, const uint16_t *pages, const uint8_t *p)
{
	/* The code point >> 6. Below 20 (hex) three octets are too many. */
	uint32_t i = p[0] * 64u + p[1] - (0xE0 * 64 + 0x80);

	return i < 0x20 ? 0 : pages[top[i] + p[2] - 0x80];
}

FSOCK__ALWAYS_INLINE void
fsock__pairs_encode_fast(
    struct fsock__span *s, const struct fsock__pairs *table, fsock__pair_map *map)
{
	const uint16_t *const top = table->top, *const pages = table->pages;
	const uint8_t *src = s->src;
	uint8_t *dst = s->dst;
	/* Nothing becomes longer. */
	size_t left = fsock__span_left(s), room = fsock__span_room(s);
	const uint8_t *const end = src + (left < room ? left : room);

	while (end - src >= 8) {
		uint32_t first, second;

		if (src[0] < 0x80) {
			if (fsock__ascii_8(src))
				break;
			*dst++ = *src++;
			continue;
		}
		if (fsock__pairs_are_three(src, 2) &&
		    (first = fsock__pairs_find_three(top, pages, src)) != 0 &&
		    (second = fsock__pairs_find_three(top, pages, src + 3)) != 0) {
			first = map ? map(first) : first;
			second = map ? map(second) : second;
			fsock__pairs_put(dst, first);
			fsock__pairs_put(dst + 2, second);
			dst += 4;
			src += 6;
			continue;
		}
		if (!fsock__pairs_are_three(src, 1) ||
		    (first = fsock__pairs_find_three(top, pages, src)) == 0)
			break;
		first = map ? map(first) : first;
		fsock__pairs_put(dst, first);
		dst += 2;
		src += 3;
	}
	s->src = src;
	s->dst = dst;
}

/* The encoding loop. */
FSOCK__ALWAYS_INLINE enum fsock__step
fsock__pairs_encode(struct fsock__job *job, const struct fsock__pairs *table, fsock__pair_map *map,
    fsock__put *careful)
{
	struct fsock__span *s = &job->span;
	enum fsock__step step;

	for (;;) {
		fsock__pairs_encode_fast(s, table, map);
		if (s->src == s->src_end)
			return FSOCK__CONVERTED;
		if (s->dst == s->dst_end)
			return FSOCK__FULL;
		step = fsock__encode_one(job, careful, true);
		if (step != FSOCK__CONVERTED)
			return step;
	}
}

#endif
