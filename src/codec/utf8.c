#include "../base/compat.h"

#include "utf8.h"

/* How many octets a character with this first octet has; 1 also for what starts none. */
static unsigned
length_of(uint8_t lead)
{
	if (lead < 0xC2 || lead > 0xF4)
		return 1;
	return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* Only the second octet has bounds narrower than 80 to BF (Unicode, table 3-7). */
static bool
second_fits(uint8_t lead, uint8_t second)
{
	uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
	uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;

	return second >= low && second <= high;
}

size_t
fsock__utf8_length(const uint8_t *octets, size_t n)
{
	return fsock__kernels()->utf8_check(octets, n);
}

enum fsock__step
fsock__utf8_trouble(struct fsock__job *job)
{
	const uint8_t *p = job->span.src;
	size_t left = fsock__span_left(&job->span), want = length_of(p[0]), n = 1;

	if (want > 1) {
		if (n < left && second_fits(p[0], p[1]))
			n++;
		while (n > 1 && n < left && n < want && fsock__utf8_is_cont(p[n]))
			n++;
		if (n == left && n < want)
			return FSOCK__PARTIAL;
	}
	job->bad = (unsigned)n;
	return FSOCK__BAD;
}

/* UTF-8 to UTF-8: a copy that checks, the same both ways. */
static enum fsock__step
utf8_convert(const struct fsock_charset *charset, struct fsock__job *job)
{
	struct fsock__span *s = &job->span;
	size_t left = fsock__span_left(s), room = fsock__span_room(s);
	uint32_t c;

	(void)charset;
	fsock__span_move(s, fsock__kernels()->utf8_copy(s->dst, s->src, left < room ? left : room));
	if (s->src == s->src_end)
		return FSOCK__CONVERTED;
	if (s->dst == s->dst_end)
		return FSOCK__FULL;
	return fsock__utf8_next(job, &c) == FSOCK__CONVERTED ? FSOCK__FULL
							     : fsock__utf8_trouble(job);
}

static const struct fsock__charset_ops utf8_ops = { utf8_convert, utf8_convert, NULL };

const struct fsock_charset fsock__charset_utf_8 = {
	.name = "utf-8",
	.ops = &utf8_ops,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_UNICODE,
	.minimum = 1,
	.maximum = 4,
};

/* "replacement" of the WHATWG standard: one error, and everything after it is dropped. */
static enum fsock__step
replacement_decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	if (job->span.src < job->span.src_end && job->shift == 0) {
		job->shift = 1;
		job->bad = 1;
		return FSOCK__BAD;
	}
	job->span.src = job->span.src_end;
	return FSOCK__CONVERTED;
}

static const struct fsock__charset_ops replacement_ops = { replacement_decode, utf8_convert, NULL };

const struct fsock_charset fsock__charset_replacement = {
	.name = "replacement",
	.ops = &replacement_ops,
	.flags = FSOCK_CHARSET_DECODE_ONLY | FSOCK_CHARSET_UNICODE,
	.minimum = 1,
	.maximum = 4,
};
