#include "../base/compat.h"

#include "utf8.h"

/* Why a kernel that writes one octet a character stopped. */
static enum fsock__step
why_not_out(struct fsock__job *job, bool (*has)(const struct fsock_charset *, uint32_t),
    const struct fsock_charset *charset)
{
	enum fsock__step step;
	uint32_t c;

	if (job->span.src == job->span.src_end)
		return FSOCK__CONVERTED;
	step = fsock__utf8_next(job, &c);
	if (step != FSOCK__CONVERTED)
		return step;
	if (has(charset, c))
		return FSOCK__FULL;
	job->code_point = c;
	return FSOCK__UNMAPPABLE;
}

static enum fsock__step
table_decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	struct fsock__span *s = &job->span;

	fsock__kernels()->bytes_to_utf8(s, charset->to_utf8);
	if (s->src == s->src_end)
		return FSOCK__CONVERTED;
	if (charset->to_utf8[*s->src])
		return FSOCK__FULL;
	job->bad = 1;
	return FSOCK__BAD;
}

static bool
table_has(const struct fsock_charset *charset, uint32_t c)
{
	return c == 0 || (c <= 0xFFFF && fsock__reverse_find(charset->from_utf8, (uint16_t)c) != 0);
}

static enum fsock__step
table_encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	fsock__kernels()->utf8_to_bytes(&job->span, charset->from_utf8);
	return why_not_out(job, table_has, charset);
}

const struct fsock__charset_ops fsock__one_octet_ops = { table_decode, table_encode, NULL };

static enum fsock__step
latin1_decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	fsock__kernels()->latin1_to_utf8(&job->span);
	return job->span.src == job->span.src_end ? FSOCK__CONVERTED : FSOCK__FULL;
}

static bool
latin1_has(const struct fsock_charset *charset, uint32_t c)
{
	(void)charset;
	return c < 0x100;
}

static enum fsock__step
latin1_encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	fsock__kernels()->utf8_to_latin1(&job->span);
	return why_not_out(job, latin1_has, charset);
}

static const struct fsock__charset_ops latin1_ops = { latin1_decode, latin1_encode, NULL };

const struct fsock_charset fsock__charset_iso_8859_1 = {
	.name = "iso-8859-1",
	.ops = &latin1_ops,
	.flags = FSOCK_CHARSET_ASCII | FSOCK_CHARSET_ONE_OCTET,
	.minimum = 1,
	.maximum = 1,
};
