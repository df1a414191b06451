/*
 * kernels_jobs.h - the kernels behind one kind of function, a row for each, for kernels_test.c.
 */
#ifndef FSOCK_TESTS_KERNELS_JOBS_H
#define FSOCK_TESTS_KERNELS_JOBS_H

#include "kernels_tables.h"

/* The charset of the one-byte jobs; make_charset in kernels_texts.h fills it. */
static struct one_byte charset;

static void
ascii_copy(const struct fsock__kernels *k, struct fsock__span *s)
{
	size_t n = k->ascii_copy(s->dst, s->src, (size_t)(s->src_end - s->src));

	s->src += n;
	s->dst += n;
}

static void
utf8_copy(const struct fsock__kernels *k, struct fsock__span *s)
{
	size_t n = k->utf8_copy(s->dst, s->src, (size_t)(s->src_end - s->src));

	s->src += n;
	s->dst += n;
}

static void
utf8_check(const struct fsock__kernels *k, struct fsock__span *s)
{
	size_t n = k->utf8_check(s->src, (size_t)(s->src_end - s->src));

	memcpy(s->dst, s->src, n);
	s->src += n;
	s->dst += n;
}

#define SPAN_KERNEL(name)                                                       \
	static void name(const struct fsock__kernels *k, struct fsock__span *s) \
	{                                                                       \
		k->name(s);                                                     \
	}

SPAN_KERNEL(latin1_to_utf8)
SPAN_KERNEL(utf8_to_latin1)
SPAN_KERNEL(utf16le_to_utf8)
SPAN_KERNEL(utf16be_to_utf8)
SPAN_KERNEL(utf8_to_utf16le)
SPAN_KERNEL(utf8_to_utf16be)
SPAN_KERNEL(auto_to_lf)
SPAN_KERNEL(lf_to_crlf)
SPAN_KERNEL(cr_to_lf)
SPAN_KERNEL(lf_to_cr)

static void
bytes_to_utf8(const struct fsock__kernels *k, struct fsock__span *s)
{
	k->bytes_to_utf8(s, charset.forms);
}

static void
utf8_to_bytes(const struct fsock__kernels *k, struct fsock__span *s)
{
	k->utf8_to_bytes(s, &charset.reverse);
}

static void
crlf_to_lf(const struct fsock__kernels *k, struct fsock__span *s)
{
	k->crlf_to_lf(s, true);
}

static void
crlf_to_lf_strict(const struct fsock__kernels *k, struct fsock__span *s)
{
	k->crlf_to_lf(s, false);
}

static const struct job {
	const char *name;
	void (*run)(const struct fsock__kernels *k, struct fsock__span *s);
	bool room_is_input; /* the output buffer has room for all the input by contract */
} jobs[] = {
	{ "ascii_copy", ascii_copy, true },
	{ "utf8_copy", utf8_copy, true },
	{ "latin1_to_utf8", latin1_to_utf8, false },
	{ "utf8_to_latin1", utf8_to_latin1, false },
	{ "utf16le_to_utf8", utf16le_to_utf8, false },
	{ "utf16be_to_utf8", utf16be_to_utf8, false },
	{ "utf8_to_utf16le", utf8_to_utf16le, false },
	{ "utf8_to_utf16be", utf8_to_utf16be, false },
	{ "bytes_to_utf8", bytes_to_utf8, false },
	{ "utf8_to_bytes", utf8_to_bytes, false },
	{ "crlf_to_lf", crlf_to_lf, false },
	{ "crlf_to_lf strict", crlf_to_lf_strict, false },
	{ "lf_to_crlf", lf_to_crlf, false },
	{ "auto_to_lf", auto_to_lf, false },
	{ "cr_to_lf", cr_to_lf, false },
	{ "lf_to_cr", lf_to_cr, false },
	{ "utf8_check", utf8_check, true },
};

enum { NJOBS = sizeof(jobs) / sizeof(jobs[0]) };

#endif
