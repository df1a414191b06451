/*
 * utf8.h - one UTF-8 character at a time, and the loops that multi-octet charsets are made of.
 */
#ifndef FSOCK_CODEC_UTF8_H
#define FSOCK_CODEC_UTF8_H

#include <string.h>

#include "charset.h"
#include "kernels/scalar.h"

/* True for everything that UTF-8 can hold. */
static inline bool
fsock__is_scalar(uint32_t c)
{
	return c <= 0x10FFFF && (c & 0xFFFFF800u) != 0xD800;
}

/* How many of n octets are whole characters. */
size_t fsock__utf8_length(const uint8_t *octets, size_t n);

/*
 * Why no character begins at job->span.src, where input is left: PARTIAL, or BAD with the length
 * of the maximal subpart.
 */
enum fsock__step fsock__utf8_trouble(struct fsock__job *job);

/* Reads the character at src into *c and its length into job->bad; DONE, PARTIAL or BAD. */
static inline enum fsock__step
fsock__utf8_next(struct fsock__job *job, uint32_t *c)
{
	*c = 0;
	job->bad = fsock__utf8_char(job->span.src, fsock__span_left(&job->span), c);
	return job->bad ? FSOCK__CONVERTED : fsock__utf8_trouble(job);
}

/* Moves n octets at once. */
static inline void
fsock__span_move(struct fsock__span *s, size_t n)
{
	s->src += n;
	s->dst += n;
}

/* Copies ASCII as far as it goes and fits. */
static inline void
fsock__ascii_run(struct fsock__span *s)
{
	size_t left = fsock__span_left(s), room = fsock__span_room(s);

	fsock__span_move(
	    s, fsock__kernels()->ascii_copy(s->dst, s->src, left < room ? left : room));
}

/*
 * Reads one character of a multi-octet charset: its length, or 0 when it is cut off by the end,
 * or minus the number of bad octets. *c may be two code points, the second one << 21.
 */
typedef int fsock__get(const uint8_t *src, size_t n, uint32_t *c);

/*
 * Writes one character, which is not ASCII if the charset has ASCII: at most 4 octets, room for
 * which is sure. 0 = it is not in the charset.
 */
typedef unsigned fsock__put(uint8_t *dst, uint32_t c);

/* True when the 8 octets at p are ASCII. */
static inline bool
fsock__ascii_8(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof word);
	return (word & 0x8080808080808080u) == 0;
}

/* Copies the ASCII octet at src, and the run that it may be the beginning of. */
static inline void
fsock__ascii_some(struct fsock__span *s)
{
	if (fsock__span_left(s) >= 8 && fsock__ascii_8(s->src)) {
		fsock__ascii_run(s);
		return;
	}
	*s->dst++ = *s->src++;
}

/*
 * Decodes one character with all care; DONE when it did. There is input, and room for an octet.
 * ascii: octets below 80 are ASCII and come in runs.
 */
FSOCK__ALWAYS_INLINE enum fsock__step
fsock__decode_one(struct fsock__job *job, fsock__get *get, bool ascii)
{
	struct fsock__span *s = &job->span;
	uint8_t text[8];
	uint32_t c = 0;
	unsigned length;
	int n;

	if (ascii && *s->src < 0x80) {
		fsock__ascii_some(s);
		return FSOCK__CONVERTED;
	}
	n = get(s->src, fsock__span_left(s), &c);
	if (n <= 0) {
		job->bad = (unsigned)-n;
		return n == 0 ? FSOCK__PARTIAL : FSOCK__BAD;
	}
	length = fsock__utf8_put(text, 4, c & 0x1FFFFF);
	if (c >> 21)
		length += fsock__utf8_put(text + length, 4, c >> 21);
	if (length > fsock__span_room(s))
		return FSOCK__FULL;
	memcpy(s->dst, text, length);
	s->dst += length;
	s->src += n;
	return FSOCK__CONVERTED;
}

/*
 * Decodes while nothing is the matter. The pointers are in variables of their own: octets are
 * written, and those could be a part of the span for all that the compiler knows.
 */
FSOCK__ALWAYS_INLINE void
fsock__decode_fast(struct fsock__span *s, fsock__get *get)
{
	const uint8_t *src = s->src, *const end = s->src_end;
	uint8_t *dst = s->dst, *const dst_end = s->dst_end;
	uint32_t c = 0;
	int n;

	while (src < end && dst_end - dst >= 4) {
		n = get(src, (size_t)(end - src), &c);
		if (n <= 0 || c > 0x10FFFF)
			break;
		dst += fsock__utf8_put(dst, 4, c);
		src += n;
	}
	s->src = src;
	s->dst = dst;
}

/* The decoding loop around a fsock__get. */
FSOCK__ALWAYS_INLINE enum fsock__step
fsock__decode_loop(struct fsock__job *job, fsock__get *get)
{
	struct fsock__span *s = &job->span;
	enum fsock__step step;

	for (;;) {
		fsock__decode_fast(s, get);
		if (s->src == s->src_end)
			return FSOCK__CONVERTED;
		if (s->dst == s->dst_end)
			return FSOCK__FULL;
		step = fsock__decode_one(job, get, false);
		if (step != FSOCK__CONVERTED)
			return step;
	}
}

/* Encodes one character with all care. */
FSOCK__ALWAYS_INLINE enum fsock__step
fsock__encode_one(struct fsock__job *job, fsock__put *put, bool ascii)
{
	struct fsock__span *s = &job->span;
	enum fsock__step step;
	uint8_t octets[4];
	unsigned n;
	uint32_t c;

	if (ascii && *s->src < 0x80) {
		fsock__ascii_some(s);
		return FSOCK__CONVERTED;
	}
	step = fsock__utf8_next(job, &c);
	if (step != FSOCK__CONVERTED)
		return step;
	n = put(octets, c);
	if (n == 0) {
		job->code_point = c;
		return FSOCK__UNMAPPABLE;
	}
	if (n > fsock__span_room(s))
		return FSOCK__FULL;
	memcpy(s->dst, octets, n);
	s->src += job->bad;
	s->dst += n;
	return FSOCK__CONVERTED;
}

/* As fsock__decode_fast. */
FSOCK__ALWAYS_INLINE void
fsock__encode_fast(struct fsock__span *s, fsock__put *put)
{
	const uint8_t *src = s->src, *const end = s->src_end;
	uint8_t *dst = s->dst, *const dst_end = s->dst_end;
	uint32_t c = 0;
	unsigned length, n;

	while (src < end && dst_end - dst >= 4) {
		length = fsock__utf8_char(src, (size_t)(end - src), &c);
		if (length == 0)
			break;
		n = put(dst, c);
		if (n == 0)
			break;
		src += length;
		dst += n;
	}
	s->src = src;
	s->dst = dst;
}

/* The encoding loop around a fsock__put. */
FSOCK__ALWAYS_INLINE enum fsock__step
fsock__encode_loop(struct fsock__job *job, fsock__put *put)
{
	struct fsock__span *s = &job->span;
	enum fsock__step step;

	for (;;) {
		fsock__encode_fast(s, put);
		if (s->src == s->src_end)
			return FSOCK__CONVERTED;
		if (s->dst == s->dst_end)
			return FSOCK__FULL;
		step = fsock__encode_one(job, put, false);
		if (step != FSOCK__CONVERTED)
			return step;
	}
}

#endif
