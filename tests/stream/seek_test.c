/* Positions: what ftell() counts, what giving input back restores, what no seek can do. */
#include "../../src/base/compat.h"

#include <stdbool.h>
#include <stdlib.h>

#include <check.h>

#include "../support/records.h"
#include "../support/sock_support.h"
#include "../support/stdio_link.h"

static const char text[] = "first line\nsecond line\nthird\nfourth and last\n";

#define KINDS (RECORDS_WAYS * 2)
#define CASES (KINDS * STDIO_TRANSPORTS)

/* Loop tests run over deliveries, kinds of stream and transports. */
static FILE *
open_case(struct stdio_link *link, int i)
{
	const struct records_way *way = &records_ways[i % RECORDS_WAYS];
	struct fsock_options options = { .delivery = way->delivery, .record = way->record };
	FILE *f;

	stdio_link_open(link, (enum stdio_transport)(i / RECORDS_WAYS / 2), &options);
	f = i / RECORDS_WAYS % 2 ? fsock_stream(link->s) : fsock_input(link->s);
	ck_assert_ptr_nonnull(f);
	return f;
}

static int
flush_it(FILE *f)
{
	return fflush(f);
}

static int
seek_nowhere(FILE *f)
{
	return fseek(f, 0, SEEK_CUR);
}

static int
seeko_nowhere(FILE *f)
{
	return fseeko(f, 0, SEEK_CUR);
}

static int (*const stays[])(FILE *) = { flush_it, seek_nowhere, seeko_nowhere };

/* Ways to stay in place, after every octet of the text: all of it comes, once. */
START_TEST(stay)
{
	for (int i = 0; i < COUNT(stays); i++)
		for (size_t at = 0; at < sizeof text; at++) {
			struct stdio_link link;
			char got[sizeof text];
			FILE *f = open_case(&link, _i + KINDS * (int)(at % STDIO_TRANSPORTS));

			stdio_far_puts(&link, text);
			stdio_far_end(&link);
			expect_int((long)fread(got, 1, at, f),
			    (long)(at < sizeof text - 1 ? at : sizeof text - 1));
			fsock_clear_error();
			expect_int(stays[i](f), 0);
			expect(!ferror(f));
			expect_int(fsock_last_error()->kind, FSOCK_NO_ERROR);
			expect_int(ftell(f), (long)at);
			expect_int(
			    (long)fread(got + at, 1, sizeof text, f), (long)(sizeof text - 1 - at));
			ck_assert_mem_eq(got, text, sizeof text - 1);
			stdio_link_close(&link);
		}
}
END_TEST

/* ---- Seeks that go somewhere. */

/*
 * After the first of the lines. Those that leave the text cannot work; `target` is where the others
 * would lead to, which works when what is there is still in memory.
 */
static const struct seek {
	long offset;
	int whence;
	long target;
} seeks[] = {
	{ -12, SEEK_CUR, -1 },
	{ -1000, SEEK_CUR, -1 },
	{ 1000, SEEK_CUR, -1 },
	{ 0, SEEK_END, -1 },
	{ -1, SEEK_END, -1 },
	{ 1, SEEK_END, -1 },
	{ 1000, SEEK_SET, -1 },
	{ 0, SEEK_SET, 0 },
	{ 5, SEEK_SET, 5 },
	{ 11, SEEK_SET, 11 },
	{ 12, SEEK_SET, 12 },
	{ 1, SEEK_CUR, 12 },
	{ -1, SEEK_CUR, 10 },
	{ -11, SEEK_CUR, 0 },
	{ 30, SEEK_CUR, 41 },
};

/* Whether it fails or works, everything from there on comes, once and in order. */
static void
seek_somewhere(const struct seek *row, FILE *f, const struct stdio_link *link)
{
	char got[sizeof text];
	long at = 11;

	errno = 0;
	if (fseek(f, row->offset, row->whence) == 0) {
		ck_assert_int_ge(row->target, 0);
		at = row->target;
	} else if (row->target < 0 || errno != 0) {
		/* A place before the beginning is not even asked for by every libc. */
		ck_assert(errno == ESPIPE || (errno == EINVAL && row->offset == -12) ||
			  (errno == EINVAL && row->offset == -1000));
		if (errno == ESPIPE)
			stdio_expect_error(
			    link, "seek", FSOCK_NOT_SEEKABLE_ERROR, ESPIPE, strerror(ESPIPE));
	}
	ck_assert(!ferror(f) && !feof(f));
	ck_assert_int_eq(ftell(f), at);
	ck_assert_uint_eq(fread(got, 1, sizeof text, f), sizeof text - 1 - (size_t)at);
	ck_assert_mem_eq(got, text + at, sizeof text - 1 - (size_t)at);
}

START_TEST(elsewhere)
{
	for (int i = 0; i < COUNT(seeks); i++) {
		struct stdio_link link;
		FILE *f = open_case(&link, _i);
		char line[32];

		stdio_far_puts(&link, text);
		stdio_far_end(&link);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
		seek_somewhere(&seeks[i], f, &link);
		stdio_link_close(&link);
	}
}
END_TEST

#if defined(FSOCK_FILE_FUNOPEN)
#define SMALL_BUFFERS 0
#else
#define SMALL_BUFFERS 1
#endif

/* The same to a place, when more than a line has been read, and more may be there. */
START_TEST(to_a_place)
{
	static const long places[] = { 0, 5, 11, 12, 28, 30, 45, 1000 };

	for (int i = 0; i < COUNT(places); i++)
		for (int lines = 2; lines <= 3; lines++) {
			long at = lines == 2 ? 23 : 29;
			struct stdio_link link;
			FILE *f = open_case(&link, _i);
			char got[sizeof text], buffer[16];

			/* glibc seeks to a multiple of its size, in libbsd, too. */
			if (SMALL_BUFFERS && _i & 1)
				setvbuf(f, buffer, _IOFBF, sizeof buffer);
			stdio_far_puts(&link, text);
			stdio_far_end(&link);
			for (int j = 0; j < lines; j++)
				ck_assert_ptr_nonnull(fgets(got, sizeof got, f));
			if (fseek(f, places[i], SEEK_SET) == 0)
				at = places[i];
			ck_assert_int_eq(ftell(f), at);
			ck_assert_uint_eq(
			    fread(got, 1, sizeof text, f), sizeof text - 1 - (size_t)at);
			ck_assert_mem_eq(got, text + at, sizeof text - 1 - (size_t)at);
			stdio_link_close(&link);
		}
}
END_TEST

/* What is no longer in memory cannot be sought: rewind(), too, which has no result but errno. */
START_TEST(no_rewind)
{
	const struct fsock_record *record = records_ways[_i % RECORDS_WAYS].record;
	struct stdio_link link;
	char line[32];
	FILE *f;

	if (record != NULL && record->kind != FSOCK_RECORD_LINE) /* the text is lines */
		return;
	f = open_case(&link, _i);
	for (int i = 0; i < 2; i++) {
		stdio_far_puts(&link, "a line\n");
		ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	}
	errno = 0;
	rewind(f);
	ck_assert_int_eq(errno, ESPIPE);
	ck_assert_int_eq(ftell(f), 14);
	stdio_far_puts(&link, "the next\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "the next\n");
	stdio_link_close(&link);
}
END_TEST

/* ---- What was pushed back. */

/* Pushing back what was read and then staying in place: it is read again, and counted once. */
START_TEST(push_back_and_stay)
{
	for (int i = 0; i < COUNT(stays); i++)
		for (size_t at = 1; at < sizeof text - 1; at++) {
			struct stdio_link link;
			char got[sizeof text];
			FILE *f = open_case(&link, _i + KINDS * (int)(at % STDIO_TRANSPORTS));

			stdio_far_puts(&link, text);
			stdio_far_end(&link);
			expect_int((long)fread(got, 1, at, f), (long)at);
			expect_int(ungetc(text[at - 1], f), text[at - 1]);
			expect_int(ftell(f), (long)at - 1);
			expect_int(stays[i](f), 0);
			expect_int(ftell(f), (long)at - 1);
			expect_int(getc(f), text[at - 1]);
			expect_int(
			    (long)fread(got + at, 1, sizeof text, f), (long)(sizeof text - 1 - at));
			ck_assert_mem_eq(got, text, sizeof text - 1);
			stdio_link_close(&link);
		}
}
END_TEST

/* Pushing back something else: fseek() forgets it, and what was read comes again. */
START_TEST(push_back_another)
{
	struct stdio_link link;
	FILE *f = open_case(&link, _i);
	char line[32];

	stdio_far_puts(&link, text);
	stdio_far_end(&link);
	ck_assert_int_eq(getc(f), 'f');
	ck_assert_int_eq(ungetc('F', f), 'F');
	ck_assert_int_eq(ftell(f), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "First line\n");
	ck_assert_int_eq(ftell(f), 11);
	ck_assert_int_eq(getc(f), 's');
	ck_assert_int_eq(ungetc('S', f), 'S');
	ck_assert_int_eq(fseek(f, 0, SEEK_CUR), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "second line\n");
	/* fflush() forgets it as well; glibc then goes on after it. No octet comes twice. */
	ck_assert_int_eq(getc(f), 't');
	ck_assert_int_eq(ungetc('T', f), 'T');
	ck_assert_int_eq(fflush(f), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
#if defined(__GLIBC__)
	ck_assert_str_eq(line, "hird\n");
#else
	ck_assert_str_eq(line, "third\n");
#endif
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "fourth and last\n");
	ck_assert_int_eq(ftell(f), (long)sizeof text - 1);
	stdio_link_close(&link);
}
END_TEST

/* ---- Counting. */

/* The two-way stream counts both ways, the others their own; what waits in a buffer counts. */
START_TEST(counts)
{
	struct stdio_link link;
	char line[32];
	FILE *f[3];

	stdio_link_open(&link, (enum stdio_transport)_i, NULL);
	f[0] = fsock_stream(link.s);
	f[1] = fsock_input(link.s);
	f[2] = fsock_output(link.s);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ftell(f[i]), 0);
	stdio_far_puts(&link, "a line\nanother line\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f[0]));
	ck_assert_int_eq(ftell(f[0]), 7);
	ck_assert_int_ge(fputs("reply", f[0]), 0);
	ck_assert_int_eq(ftell(f[0]), 12);
	ck_assert_int_eq(fflush(f[0]), 0);
	ck_assert_int_eq(ftell(f[0]), 12);
	ck_assert_ptr_nonnull(fgets(line, 9, f[1]));
	ck_assert_int_eq(ftell(f[1]), 8);
	ck_assert_int_ge(fputs("word", f[2]), 0);
	ck_assert_int_eq(ftello(f[2]), 4);
	ck_assert_int_eq(fflush(f[2]), 0);
	ck_assert_int_eq(ftello(f[2]), 4);
	ck_assert_int_eq(ftell(f[0]), 12);
	stdio_far_expect_text(&link, "replyword");
	stdio_link_close(&link);
}
END_TEST

/* ---- A bare switch in the middle of what stdio holds. */

/* glibc gives back what it holds, all others drop it: then fflush() has to come in between. */
START_TEST(bare_switch)
{
	struct fsock_options options = { .element_type = FSOCK_BYTE };
	int flushes = _i % 2;
	struct stdio_link link;
	char line[32];
	FILE *f;

	stdio_link_open(&link, (enum stdio_transport)(_i / 2), &options);
	f = fsock_stream(link.s);
	stdio_far_puts(&link, "one\ntwo\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "one\n");
	if (flushes)
		ck_assert_int_eq(fflush(f), 0);
	ck_assert_int_ge(fputs("ack\n", f), 0);
	ck_assert_int_eq(fflush(f), 0);
	stdio_far_expect_text(&link, "ack\n");
	stdio_far_puts(&link, "three\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
#if defined(__GLIBC__)
	ck_assert_str_eq(line, "two\n");
#else
	ck_assert_str_eq(line, flushes ? "two\n" : "three\n");
#endif
	stdio_link_close(&link);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("seek");
	TCase *t = tcase_create("seek");

	tcase_add_loop_test(t, stay, 0, KINDS);
	tcase_add_loop_test(t, elsewhere, 0, CASES);
	tcase_add_loop_test(t, to_a_place, 0, CASES);
	tcase_add_loop_test(t, no_rewind, 0, CASES);
	tcase_add_loop_test(t, push_back_and_stay, 0, KINDS);
	tcase_add_loop_test(t, push_back_another, 0, CASES);
	tcase_add_loop_test(t, counts, 0, STDIO_TRANSPORTS);
	tcase_add_loop_test(t, bare_switch, 0, 2 * STDIO_TRANSPORTS);
	suite_add_tcase(s, t);
	return sock_run(s);
}
