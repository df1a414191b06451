/*
 * utf8.h - one UTF-8 character at a time, and the loops that multi-octet charsets are made of.
 */
#ifndef FSOCK_CODEC_UTF8_H
#define FSOCK_CODEC_UTF8_H

#include <string.h>

#include "charset.h"
#include "kernels_scalar.h"

/* True for everything that UTF-8 can hold. */
static inline bool
fsock__is_scalar(uint32_t c)
{
	return c <= 0x10FFFF && (c & 0xFFFFF800u) != 0xD800;
}

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
	return job->bad ? FSOCK__DONE : fsock__utf8_trouble(job);
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

	fsock__span_move(s, fsock__kernels()->ascii_copy(s->dst, s->src, left < room ? left : room));
}

/*
 * Reads one character of a multi-octet charset: its length, or 0 when it is cut off by the end,
 * or minus the number of bad octets. *c may be two code points, the second one << 21.
 */
typedef int fsock__get(const uint8_t *src, size_t n, uint32_t *c);

/* Writes one character, which is not ASCII if the charset has ASCII, to at most 4 octets; 0 = no. */
typedef unsigned fsock__put(uint8_t *dst, uint32_t c);

/* Writes what a fsock__get found; false when there is no room. */
static inline bool
fsock__text_put(struct fsock__span *s, uint32_t c)
{
	uint8_t text[8];
	unsigned n;

	if (fsock__span_room(s) >= 4 && c <= 0x10FFFF) {
		s->dst += fsock__utf8_put(s->dst, 4, c);
		return true;
	}
	n = fsock__utf8_put(text, 4, c & 0x1FFFFF);
	if (c >> 21)
		n += fsock__utf8_put(text + n, 4, c >> 21);
	if (n > fsock__span_room(s))
		return false;
	memcpy(s->dst, text, n);
	s->dst += n;
	return true;
}

/* The decoding loop around a fsock__get; ascii: octets below 80 are ASCII and come in runs. */
static inline enum fsock__step
fsock__decode_loop(struct fsock__job *job, fsock__get *get, bool ascii)
{
	struct fsock__span *s = &job->span;
	uint32_t c = 0;
	int n;

	while (s->src < s->src_end) {
		if (s->dst == s->dst_end)
			return FSOCK__FULL;
		if (ascii && *s->src < 0x80) {
			fsock__ascii_run(s);
			continue;
		}
		n = get(s->src, fsock__span_left(s), &c);
		if (n <= 0) {
			job->bad = (unsigned)-n;
			return n == 0 ? FSOCK__PARTIAL : FSOCK__BAD;
		}
		if (!fsock__text_put(s, c))
			return FSOCK__FULL;
		s->src += n;
	}
	return FSOCK__DONE;
}

/* The encoding loop around a fsock__put. */
static inline enum fsock__step
fsock__encode_loop(struct fsock__job *job, fsock__put *put, bool ascii)
{
	struct fsock__span *s = &job->span;
	enum fsock__step step;
	uint8_t octets[4];
	unsigned n;
	uint32_t c;

	while (s->src < s->src_end) {
		if (s->dst == s->dst_end)
			return FSOCK__FULL;
		if (ascii && *s->src < 0x80) {
			fsock__ascii_run(s);
			continue;
		}
		step = fsock__utf8_next(job, &c);
		if (step != FSOCK__DONE)
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
	}
	return FSOCK__DONE;
}

#endif
