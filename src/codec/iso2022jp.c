#include "../base/compat.h"

#include "jis.h"

/*
 * The shift word of the decoder is the set in use and whether a shift sequence was the last thing
 * read: two of them in a row are an error, so that nothing can be hidden between them. That of the
 * encoder is the set alone.
 */
enum { ASCII, ROMAN, KATAKANA, JIS0208, SET = 3, AFTER_SHIFT = 4 };

#define ESC 0x1B

/* Three octets that choose a set. */
static const uint8_t sequences[][3] = {
	[ASCII] = { ESC, '(', 'B' },
	[ROMAN] = { ESC, '(', 'J' },
	[KATAKANA] = { ESC, '(', 'I' },
	[JIS0208] = { ESC, '$', 'B' },
};

/* The set that the sequence at p chooses: 3 octets are there. -1 for none. */
static int
set_chosen(const uint8_t *p)
{
	int set;

	if (p[1] == '$' && p[2] == '@')
		return JIS0208;
	for (set = ASCII; set <= JIS0208; set++)
		if (memcmp(p, sequences[set], 3) == 0)
			return set;
	return -1;
}

static enum fsock__step
read_shift(struct fsock__job *job)
{
	struct fsock__span *s = &job->span;
	size_t left = fsock__span_left(s);
	int set;

	if (left == 1 || (left == 2 && (s->src[1] == '(' || s->src[1] == '$')))
		return FSOCK__PARTIAL;
	set = left >= 3 ? set_chosen(s->src) : -1;
	if (set < 0) {
		job->shift &= SET;
		job->bad = 1;
		return FSOCK__BAD;
	}
	job->bad = 3;
	if (job->shift & AFTER_SHIFT) {
		job->shift = (uint32_t)set | AFTER_SHIFT;
		return FSOCK__BAD;
	}
	job->shift = (uint32_t)set | AFTER_SHIFT;
	s->src += 3;
	return FSOCK__CONVERTED;
}

/* As fsock__get, in a given set; the octet is not ESC. */
static int
get(unsigned set, const uint8_t *p, size_t n, uint32_t *c)
{
	if (set == ASCII || set == ROMAN) {
		*c = p[0];
		if (set == ROMAN && (p[0] == 0x5C || p[0] == 0x7E))
			*c = p[0] == 0x5C ? 0xA5 : 0x203E;
		return p[0] > 0x7F || p[0] == 0x0E || p[0] == 0x0F ? -1 : 1;
	}
	if (p[0] < 0x21 || p[0] > (set == KATAKANA ? 0x5F : 0x7E))
		return -1;
	if (set == KATAKANA) {
		*c = 0xFF61 + (p[0] - 0x21u);
		return 1;
	}
	if (n < 2)
		return 0;
	if (p[1] == ESC)
		return -1;
	*c = 0;
	if (p[1] >= 0x21 && p[1] <= 0x7E)
		*c = fsock__jis0208_code((p[0] - 0x21u) * 94 + p[1] - 0x21u);
	return *c ? 2 : -2;
}

/* Reads one character. */
static enum fsock__step
read_one(struct fsock__job *job)
{
	uint32_t c = 0;
	int n = get(job->shift & SET, job->span.src, fsock__span_left(&job->span), &c);
	unsigned n_text;

	if (n == 0)
		return FSOCK__PARTIAL;
	if (n < 0) {
		job->shift &= SET;
		job->bad = (unsigned)-n;
		return FSOCK__BAD;
	}
	n_text = fsock__utf8_put(job->span.dst, fsock__span_room(&job->span), c);
	if (n_text == 0)
		return FSOCK__FULL;
	job->span.dst += n_text;
	job->shift &= SET;
	job->span.src += n;
	return FSOCK__CONVERTED;
}

static enum fsock__step
decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	struct fsock__span *s = &job->span;
	enum fsock__step step;

	(void)charset;
	while (s->src < s->src_end) {
		if (s->dst == s->dst_end)
			return FSOCK__FULL;
		step = *s->src == ESC ? read_shift(job) : read_one(job);
		if (step != FSOCK__CONVERTED)
			return step;
	}
	return FSOCK__CONVERTED;
}

/*
 * The standard returns to ASCII before an error. Here what takes the place of the character is
 * encoded like any text and does so by itself; with nothing in its place two shift sequences in a
 * row, which a reader must refuse, are avoided.
 */

/* The set that c is written in, with its n octets; -1 = none. ROMAN only where it must be. */
static int
find(uint32_t c, unsigned set, uint8_t *octets, unsigned *n)
{
	unsigned pair;

	*n = 1;
	if (c < 0x80) {
		octets[0] = (uint8_t)c;
		if (c == 0x0E || c == 0x0F || c == ESC)
			return -1;
		return set == ROMAN && c != 0x5C && c != 0x7E ? ROMAN : ASCII;
	}
	if (c == 0xA5 || c == 0x203E) {
		octets[0] = c == 0xA5 ? 0x5C : 0x7E;
		return ROMAN;
	}
	if (fsock__is_half_katakana(c))
		c = fsock__wide_katakana[c - 0xFF61];
	pair = fsock__shift_jis_pair(c);
	if (pair == 0)
		return -1;
	pair = fsock__jis0208_pair(pair);
	octets[0] = (uint8_t)(pair >> 8);
	octets[1] = (uint8_t)pair;
	*n = 2;
	return JIS0208;
}

/* Writes n octets in a set, and what chooses the set before them. */
static bool
put(struct fsock__job *job, unsigned set, const uint8_t *octets, unsigned n)
{
	struct fsock__span *s = &job->span;
	unsigned before = set == job->shift ? 0 : 3;

	if (fsock__span_room(s) < before + n)
		return false;
	memcpy(s->dst, sequences[set], before);
	memcpy(s->dst + before, octets, n);
	s->dst += before + n;
	job->shift = set;
	return true;
}

static enum fsock__step
encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	struct fsock__span *s = &job->span;
	enum fsock__step step;
	uint8_t octets[2];
	unsigned n;
	uint32_t c;
	int set;

	(void)charset;
	while (s->src < s->src_end) {
		if (s->dst == s->dst_end)
			return FSOCK__FULL;
		step = fsock__utf8_next(job, &c);
		if (step != FSOCK__CONVERTED)
			return step;
		set = find(c, job->shift, octets, &n);
		if (set < 0) {
			job->code_point = c < 0x80 ? 0xFFFD : c;
			return FSOCK__UNMAPPABLE;
		}
		if (!put(job, (unsigned)set, octets, n))
			return FSOCK__FULL;
		s->src += job->bad;
	}
	return FSOCK__CONVERTED;
}

static enum fsock__step
reset(struct fsock__job *job)
{
	return put(job, ASCII, sequences[ASCII], 0) ? FSOCK__CONVERTED : FSOCK__FULL;
}

static const struct fsock__charset_ops ops = { decode, encode, reset };

const struct fsock_charset fsock__charset_iso_2022_jp = {
	.name = "iso-2022-jp",
	.ops = &ops,
	.flags = FSOCK_CHARSET_SHIFTS,
	.minimum = 1,
	.maximum = 8,
	.end_one = 1,
};
