#include "../../src/base/compat.h"

#include <sys/mman.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernels_jobs.h"
#include "kernels_texts.h"

/*
 * The scalar kernels are compared with tables and formulas written here; every other implementation
 * with the scalar one. Buffers end, or begin, at a page that cannot be touched, so a kernel that
 * reads or writes one byte too much kills the test.
 */

enum { AREA = 1 << 18, PAGE_MARGIN = 256 };

static uint8_t *src_area, *dst_area, *reference;

static uint8_t *
guarded_area(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, AREA + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	ck_assert_int_eq(mprotect(p + page, AREA, PROT_READ | PROT_WRITE), 0);
	return p + page;
}

static void
setup(void)
{
	src_area = guarded_area();
	dst_area = guarded_area();
	reference = malloc(AREA);
	make_charset();
}

static void
guarded_area_free(uint8_t *p)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	munmap(p - page, AREA + 2 * page);
}

static void
teardown(void)
{
	guarded_area_free(src_area);
	guarded_area_free(dst_area);
	free(reference);
}

/* ---- comparing ---- */

struct result {
	size_t taken, put;
};

/* Runs a job over n bytes at src into `room` bytes at dst. */
static struct result
run(const struct fsock__kernels *k, const struct job *job, const uint8_t *src, size_t n,
    uint8_t *dst, size_t room)
{
	struct fsock__span s = { src, src + n, dst, dst + room };

	job->run(k, &s);
	return (struct result){ (size_t)(s.src - src), (size_t)(s.dst - dst) };
}

/* Has nothing been written behind the output? */
static bool
is_margin(const uint8_t *p)
{
	size_t i;

	for (i = 0; i < PAGE_MARGIN && p[i] == 0xA5; i++)
		;
	return i == PAGE_MARGIN;
}

/*
 * Compares every implementation with the scalar one on the n bytes at text, the buffers ending at
 * the pages behind or, moved on by `shift`, beginning at the pages in front.
 */
static void
compare_at(
    const struct job *job, const uint8_t *text, size_t n, size_t room, bool at_end, size_t shift)
{
	uint8_t *src = at_end ? src_area + AREA - n : src_area + shift;
	uint8_t *dst = at_end ? dst_area + AREA - room : dst_area + shift / 8;
	const struct fsock__kernels *k;
	struct result want, got;

	memcpy(src, text, n);
	want = run(&fsock__kernels_scalar, job, src, n, reference, room);
	for (size_t i = 1; (k = fsock__kernels_usable(i)) != NULL; i++) {
		memset(dst, 0xEE, room);
		if (!at_end)
			memset(dst + room, 0xA5, PAGE_MARGIN);
		got = run(k, job, src, n, dst, room);
		if (got.taken != want.taken || got.put != want.put ||
		    memcmp(dst, reference, want.put) != 0)
			ck_abort_msg("%s %s: %zu bytes, room %zu, shift %zu: took %zu put %zu, "
				     "not %zu and %zu",
			    k->name, job->name, n, room, shift, got.taken, got.put, want.taken,
			    want.put);
		if (!at_end && !is_margin(dst + room))
			ck_abort_msg("%s %s: wrote behind the output", k->name, job->name);
	}
}

static void
compare(const struct job *job, const uint8_t *text, size_t n, size_t room, size_t shift)
{
	if (job->room_is_input)
		room = n;
	compare_at(job, text, n, room, true, 0);
	compare_at(job, text, n, room, false, shift);
}

/* Every length up to 200, all places in a line of the cache, room enough and too little. */
START_TEST(short_texts)
{
	uint8_t text[200];

	for (unsigned kind = 0; kind < NTEXTS; kind++)
		for (size_t n = 0; n <= sizeof(text); n++) {
			make_text(text, n, kind);
			compare(&jobs[_i], text, n, 3 * n, n % 64);
			compare(&jobs[_i], text, n, next_random((uint32_t)(3 * n + 1)),
			    next_random(64));
		}
	for (size_t shift = 0; shift < 64; shift++) {
		make_text(text, sizeof(text), (unsigned)shift % NTEXTS);
		compare(&jobs[_i], text, sizeof(text), 3 * sizeof(text), shift);
	}
}
END_TEST

/* Long texts, where the vectors do nearly all; every room near the end of the output. */
START_TEST(long_texts)
{
	static uint8_t text[20000];
	struct result all;

	for (unsigned kind = 0; kind < NTEXTS; kind++) {
		make_text(text, sizeof(text), kind);
		compare(&jobs[_i], text, sizeof(text), 3 * sizeof(text), kind);
		all = run(&fsock__kernels_scalar, &jobs[_i], text, sizeof(text), reference,
		    3 * sizeof(text));
		for (size_t less = 0; less < 300 && less <= all.put; less += 1 + less / 40)
			compare(&jobs[_i], text, sizeof(text), all.put - less, kind);
	}
}
END_TEST

/* ---- UTF-8, byte by byte ---- */

/* What stands at the edges of the definition, and how much of it is whole and valid. */
static const struct edge {
	const char *bytes;
	size_t valid;
} edges[] = {
	{ "\x7F", 1 },
	{ "\x80", 0 },
	{ "\xBF", 0 },
	{ "\xC0\x80", 0 },
	{ "\xC1\xBF", 0 },
	{ "\xC2\x80", 2 },
	{ "\xC2\xBF", 2 },
	{ "\xC3\x80", 2 },
	{ "\xC3\xBF", 2 },
	{ "\xC4\x80", 2 },
	{ "\xDF\xBF", 2 },
	{ "\xC2", 0 },
	{ "\xC3", 0 },
	{ "\xC2\x7F", 0 },
	{ "\xC3\xC0", 0 },
	{ "\xC3\xC3\xA9", 0 },
	{ "\xC3\xA9\xA9", 2 },
	{ "\xE0\x80\x80", 0 },
	{ "\xE0\x9F\xBF", 0 },
	{ "\xE0\xA0\x80", 3 },
	{ "\xE0\xA0", 0 },
	{ "\xE0", 0 },
	{ "\xE1\x80", 0 },
	{ "\xE1\x80\x41", 0 },
	{ "\xE1\x80\xC0", 0 },
	{ "\xED\x9F\xBF", 3 },
	{ "\xED\xA0\x80", 0 },
	{ "\xED\xBF\xBF", 0 },
	{ "\xEE\x80\x80", 3 },
	{ "\xEF\xBB\xBF", 3 },
	{ "\xEF\xBF\xBF", 3 },
	{ "\xEF\xBF\xBF\x80", 3 },
	{ "\xF0\x80\x80\x80", 0 },
	{ "\xF0\x8F\xBF\xBF", 0 },
	{ "\xF0\x90\x80\x80", 4 },
	{ "\xF0\x90\x80", 0 },
	{ "\xF0\x90", 0 },
	{ "\xF0", 0 },
	{ "\xF0\x9F\x98\x80", 4 },
	{ "\xF0\x9F\x98\x80\x80", 4 },
	{ "\xF3\xBF\xBF\xBF", 4 },
	{ "\xF4\x80\x80\x80", 4 },
	{ "\xF4\x8F\xBF\xBF", 4 },
	{ "\xF4\x90\x80\x80", 0 },
	{ "\xF5\x80\x80\x80", 0 },
	{ "\xF8\x88\x80\x80\x80", 0 },
	{ "\xFC", 0 },
	{ "\xFE", 0 },
	{ "\xFF\xFF", 0 },
	{ "\xF1\x80\x80\xC2\x80", 0 },
	{ "\xE4\xF6\xFC", 0 },
};

enum { NEDGES = sizeof(edges) / sizeof(edges[0]) };

START_TEST(utf8_edges)
{
	const uint8_t *bytes = (const uint8_t *)edges[_i].bytes;
	size_t n = strlen(edges[_i].bytes);

	ck_assert_uint_eq(fsock__kernels_scalar.utf8_copy(reference, bytes, n), edges[_i].valid);
	if (edges[_i].valid != 0)
		ck_assert_mem_eq(reference, bytes, edges[_i].valid);
}
END_TEST

/* Every edge at every place of a text: before ASCII, Russian, Chinese, emoji and behind them. */
START_TEST(utf8_edges_everywhere)
{
	static const char *const around[] = { "a", "\xD0\xB6", "\xC3\xA9", "\xE4\xBD\xA0",
		"\xF0\x9F\x98\x80" };
	size_t n = strlen(edges[_i].bytes), at;
	uint8_t text[240];

	for (size_t a = 0; a < sizeof(around) / sizeof(around[0]); a++) {
		size_t len = strlen(around[a]);

		for (size_t offset = 0; offset < 140; offset++) {
			for (at = 0; at < offset % len; at++)
				text[at] = 'x';
			for (; at < offset; at += len)
				memcpy(text + at, around[a], len);
			memcpy(text + at, edges[_i].bytes, n);
			for (at += n; at + len <= sizeof(text); at += len)
				memcpy(text + at, around[a], len);
			for (size_t j = 0; j < NJOBS; j++) {
				compare(&jobs[j], text, at, 3 * at, offset % 64);
				compare(&jobs[j], text, offset + n, 3 * at, offset % 64);
			}
		}
	}
}
END_TEST

/* All first and second bytes, and what may follow, by the definition (Unicode 15, table 3-7). */
START_TEST(utf8_by_definition)
{
	static const struct {
		uint8_t first, last, from, to;
		size_t len;
	} rows[] = {
		{ 0xC2, 0xDF, 0x80, 0xBF, 2 },
		{ 0xE0, 0xE0, 0xA0, 0xBF, 3 },
		{ 0xE1, 0xEC, 0x80, 0xBF, 3 },
		{ 0xED, 0xED, 0x80, 0x9F, 3 },
		{ 0xEE, 0xEF, 0x80, 0xBF, 3 },
		{ 0xF0, 0xF0, 0x90, 0xBF, 4 },
		{ 0xF1, 0xF3, 0x80, 0xBF, 4 },
		{ 0xF4, 0xF4, 0x80, 0x8F, 4 },
	};
	static const uint8_t third[] = { 0x00, 0x7F, 0x80, 0x8F, 0xBF, 0xC0, 0xE1, 0xFF };
	uint8_t p[4], out[4];

	for (uint32_t i = 0; i < 1u << 19; i++) {
		size_t want = 0;

		p[0] = (uint8_t)(0x80 | i >> 12);
		p[1] = (uint8_t)(i >> 4);
		p[2] = third[i >> 1 & 7];
		p[3] = i & 1 ? 0x80 : 0x7F;
		for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
			if (p[0] >= rows[r].first && p[0] <= rows[r].last && p[1] >= rows[r].from &&
			    p[1] <= rows[r].to)
				want = rows[r].len;
		if ((want >= 3 && (p[2] & 0xC0) != 0x80) || (want == 4 && (i & 1) == 0))
			want = 0;
		if (fsock__kernels_scalar.utf8_copy(out, p, want != 0 ? want : 4) != want)
			ck_abort_msg("%02X %02X %02X %02X", p[0], p[1], p[2], p[3]);
	}
}
END_TEST

/* Does c become these units, and do they become c again? `jobs` 4 to 7 are the UTF-16 ones. */
static bool
utf16_is_right(const struct fsock__kernels *k, uint32_t c)
{
	uint8_t utf8[4], le[4], be[4], back[4];
	uint32_t high = c >= 0x10000 ? 0xD800 + ((c - 0x10000) >> 10) : c;
	uint32_t low = 0xDC00 + ((c - 0x10000) & 0x3FF);
	uint8_t want_be[4] = { high >> 8, high & 0xFF, low >> 8, low & 0xFF };
	uint8_t want_le[4] = { high & 0xFF, high >> 8, low & 0xFF, low >> 8 };
	size_t len = put_point(utf8, c), n = c >= 0x10000 ? 4 : 2;

	if (c >= 0xD800 && c < 0xE000)
		return run(k, &jobs[6], utf8, len, le, 4).put == 0 &&
		       run(k, &jobs[7], utf8, len, be, 4).put == 0;
	return run(k, &jobs[6], utf8, len, le, 4).put == n && memcmp(le, want_le, n) == 0 &&
	       run(k, &jobs[7], utf8, len, be, 4).put == n && memcmp(be, want_be, n) == 0 &&
	       run(k, &jobs[4], le, n, back, 4).put == len && memcmp(back, utf8, len) == 0 &&
	       run(k, &jobs[5], be, n, back, 4).put == len && memcmp(back, utf8, len) == 0;
}

/* Every code point to UTF-16 in both orders and back, with the values of the definition. */
START_TEST(every_code_point)
{
	for (uint32_t c = 0; c < 0x110000; c++)
		if (!utf16_is_right(&fsock__kernels_scalar, c))
			ck_abort_msg("U+%04X", c);
}
END_TEST

/* ---- known answers ---- */

#define UNMAPPED "\x81"

static const struct answer {
	unsigned job;
	const char *src;
	const char *dst;
	size_t room, taken;
} answers[] = {
	{ 0, "abc\x80z", "abc", 8, 3 },
	{ 2, "a\xE9\xFF\x80!", "a\xC3\xA9\xC3\xBF\xC2\x80!", 16, 5 },
	{ 2, "a\xE9\xFF", "a\xC3\xA9", 4, 2 },
	{ 3, "a\xC3\xA9\xC3\xBF\xC2\x80!", "a\xE9\xFF\x80!", 16, 8 },
	{ 3, "\xC3\xBF\xC4\x80", "\xFF", 16, 2 },
	{ 3, "ab\xC3\xA9", "ab", 2, 2 },
	{ 3, "ab\xC3", "ab", 16, 2 },
	{ 8, "x\xA4\xA0\xC0", "x\xE2\x82\xAC\xC2\xA0\xD1\x80", 16, 4 },
	{ 8, "x\xA4\xA0\xC0", "x\xE2\x82\xAC", 5, 2 },
	{ 8, "xyz" UNMAPPED "a", "xyz", 16, 3 },
	{ 9, "x\xE2\x82\xAC\xC2\xA0\xD1\x80", "x\xA4\xA0\xC0", 16, 8 },
	{ 9, "x\xE2\x82\xAD", "x", 16, 1 },
	{ 9, "x\xF0\x9F\x98\x80", "x", 16, 1 },
	{ 9, "xy\xD1\x80", "xy", 2, 2 },
	{ 10, "a\r\nb\nc\r\n", "a\nb\nc\n", 16, 8 },
	{ 10, "a\rb", "a", 16, 1 },
	{ 10, "a\r", "a", 16, 1 },
	{ 10, "a\r\r\n", "a", 16, 1 },
	{ 10, "ab\r\nc", "ab", 2, 2 },
	{ 11, "a\r\nb\nc", "a\nb", 16, 4 },
	{ 12, "a\nb\r\n\n", "a\r\nb\r\r\n\r\n", 16, 6 },
	{ 12, "a\nb", "a", 2, 1 },
	{ 13, "a\r\nb\rc\r\rd\n\r\n\re", "a\nb\nc\n\nd\n\n\ne", 16, 14 },
	{ 13, "a\r\nb\r", "a\nb", 16, 4 },
	{ 13, "a\r\n\nb", "a\n", 2, 3 },
	{ 14, "a\r\n\rb", "a\n\n\nb", 16, 5 },
	{ 15, "a\r\n\rb", "a\r\r\rb", 16, 5 },
	{ 15, "a\nb", "a\r", 2, 2 },
	{ 16, "a\xC3\xA9\xC3", "a\xC3\xA9", 16, 3 },
};

START_TEST(known_answers)
{
	const struct answer *a = &answers[_i];
	size_t n = strlen(a->src), put = strlen(a->dst);
	const struct fsock__kernels *k;

	for (size_t i = 0; (k = fsock__kernels_usable(i)) != NULL; i++) {
		struct result r =
		    run(k, &jobs[a->job], (const uint8_t *)a->src, n, reference, a->room);

		ck_assert_uint_eq(r.taken, a->taken);
		ck_assert_uint_eq(r.put, put);
		ck_assert_mem_eq(reference, a->dst, put);
	}
}
END_TEST

/* All 256 bytes there and back through the tables. */
START_TEST(one_byte_tables)
{
	uint8_t bytes[256], utf8[768], back[256];
	const struct fsock__kernels *k;
	struct result r;
	size_t n = 0;

	for (unsigned b = 0; b < 256; b++)
		if (charset.forms[b] != 0)
			bytes[n++] = (uint8_t)b;
	ck_assert_uint_eq(n, 253);
	for (size_t i = 0; (k = fsock__kernels_usable(i)) != NULL; i++) {
		r = run(k, &jobs[8], bytes, n, utf8, sizeof(utf8));
		ck_assert_uint_eq(r.taken, n);
		ck_assert_uint_eq(run(k, &jobs[9], utf8, r.put, back, sizeof(back)).put, n);
		ck_assert_mem_eq(back, bytes, n);
	}
}
END_TEST

START_TEST(best_is_chosen)
{
	const struct fsock__kernels *best = &fsock__kernels_scalar, *k;

	for (size_t i = 0; (k = fsock__kernels_usable(i)) != NULL; i++)
		best = k;
	ck_assert_ptr_eq(fsock__kernels(), best);
	fsock__kernels_use(&fsock__kernels_scalar);
	ck_assert_str_eq(fsock__kernels()->name, "scalar");
	fsock__kernels_use(NULL);
	ck_assert_ptr_eq(fsock__kernels(), best);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("kernels");
	TCase *known = tcase_create("known"), *same;
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(known, setup, teardown);
	tcase_add_loop_test(known, known_answers, 0, sizeof(answers) / sizeof(answers[0]));
	tcase_add_loop_test(known, utf8_edges, 0, NEDGES);
	tcase_add_test(known, utf8_by_definition);
	tcase_add_test(known, every_code_point);
	tcase_add_test(known, one_byte_tables);
	tcase_add_test(known, best_is_chosen);
	tcase_set_timeout(known, 60);
	suite_add_tcase(suite, known);

	if (fsock__kernels_usable(1) != NULL) {
		same = tcase_create("same as scalar");
		tcase_add_checked_fixture(same, setup, teardown);
		tcase_add_loop_test(same, short_texts, 0, NJOBS);
		tcase_add_loop_test(same, long_texts, 0, NJOBS);
		tcase_add_loop_test(same, utf8_edges_everywhere, 0, NEDGES);
		tcase_set_timeout(same, 120);
		suite_add_tcase(suite, same);
	}

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
