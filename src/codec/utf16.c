#include "../base/compat.h"

#include "utf8.h"

static uint32_t
unit(const uint8_t *p, bool big)
{
	return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

/* Why a kernel stopped in UTF-16. A lone surrogate is bad by itself, the unit after it is not. */
static enum fsock__step
why_not_in(struct fsock__job *job, bool big)
{
	struct fsock__span *s = &job->span;
	size_t left = fsock__span_left(s);
	uint32_t first;

	if (left == 0)
		return FSOCK__CONVERTED;
	if (s->dst == s->dst_end)
		return FSOCK__FULL;
	if (left < 2)
		return FSOCK__PARTIAL;
	first = unit(s->src, big);
	if ((first & 0xF800) != 0xD800)
		return FSOCK__FULL;
	job->bad = 2;
	if (first >= 0xDC00)
		return FSOCK__BAD;
	if (left < 4)
		return FSOCK__PARTIAL;
	return (unit(s->src + 2, big) & 0xFC00) == 0xDC00 ? FSOCK__FULL : FSOCK__BAD;
}

/* Why a kernel stopped before UTF-8: UTF-16 holds every character. */
static enum fsock__step
why_not_out(struct fsock__job *job)
{
	enum fsock__step step;
	uint32_t c;

	if (job->span.src == job->span.src_end)
		return FSOCK__CONVERTED;
	if (job->span.dst == job->span.dst_end)
		return FSOCK__FULL;
	step = fsock__utf8_next(job, &c);
	return step == FSOCK__CONVERTED ? FSOCK__FULL : step;
}

static enum fsock__step
le_decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	fsock__kernels()->utf16le_to_utf8(&job->span);
	return why_not_in(job, false);
}

static enum fsock__step
be_decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	fsock__kernels()->utf16be_to_utf8(&job->span);
	return why_not_in(job, true);
}

static enum fsock__step
le_encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	fsock__kernels()->utf8_to_utf16le(&job->span);
	return why_not_out(job);
}

static enum fsock__step
be_encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	fsock__kernels()->utf8_to_utf16be(&job->span);
	return why_not_out(job);
}

static const struct fsock__charset_ops le_ops = { le_decode, le_encode, NULL };
static const struct fsock__charset_ops be_ops = { be_decode, be_encode, NULL };

const struct fsock_charset fsock__charset_utf_16le = {
	.name = "utf-16le",
	.ops = &le_ops,
	.flags = FSOCK_CHARSET_UNICODE,
	.minimum = 2,
	.maximum = 4,
};

const struct fsock_charset fsock__charset_utf_16be = {
	.name = "utf-16be",
	.ops = &be_ops,
	.flags = FSOCK_CHARSET_UNICODE,
	.minimum = 2,
	.maximum = 4,
};

/* The machine's own order asks at run time: one comparison a call, and no #if. */
static bool
host_is_big(void)
{
	const union {
		uint16_t word;
		uint8_t octets[2];
	} one = { 1 };

	return one.octets[0] == 0;
}

static enum fsock__step
host_decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	return host_is_big() ? be_decode(charset, job) : le_decode(charset, job);
}

static enum fsock__step
host_encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	return host_is_big() ? be_encode(charset, job) : le_encode(charset, job);
}

static const struct fsock__charset_ops host_ops = { host_decode, host_encode, NULL };

const struct fsock_charset fsock__charset_utf_16 = {
	.name = "utf-16",
	.ops = &host_ops,
	.flags = FSOCK_CHARSET_UNICODE,
	.minimum = 2,
	.maximum = 4,
};
