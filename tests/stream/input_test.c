/* Input under limits of time, at its end and in blocks. Those of length: line_limit_test.c. */
#include "../../src/base/compat.h"

#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>

#include <check.h>

#include "../../src/stream/file.h"
#include "../../src/stream/registry.h"
#include "../support/sock_support.h"
#include "../support/stdio_link.h"

static char text[400000], line[400000];

/* ---- Time. */

/* After a timeout the stream is as before, whatever was reading; nothing that came is lost. */
START_TEST(timeout)
{
	struct fsock_options options = { .read_timeout = 0.02 };
	struct stdio_link link;
	FILE *f;
	double start;

	stdio_link_open(&link, (enum stdio_transport)(_i / 2), &options);
	f = stdio_link_input(&link, _i % 2);
	for (int i = 0; i < 3; i++) {
		start = sock_now();
		errno = 0;
		ck_assert_int_eq(getc(f), EOF);
		ck_assert_int_eq(errno, ETIMEDOUT);
		sock_assert_took(start, 0.02);
		ck_assert(ferror(f) && !feof(f));
		stdio_expect_error(&link, "read", FSOCK_TIMEOUT_ERROR, ETIMEDOUT, "Timed out");
		if (i == 0)
			clearerr(f); /* getc() goes on without it, too */
		stdio_far_puts(&link, "go on\n");
		sock_await(fsock_socket(link.s), POLLIN);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
		ck_assert_str_eq(line, "go on\n");
		clearerr(f);
	}
	stdio_link_close(&link);
}
END_TEST

/* glibc's getline() wants clearerr() after an error; all others go on. */
START_TEST(getline_after_timeout)
{
	struct fsock_options options = { .read_timeout = 0.001 };
	struct stdio_link link;
	char *got = NULL;
	size_t size = 0;
	FILE *f;

	stdio_link_open(&link, STDIO_SOCKETPAIR, &options);
	f = stdio_link_input(&link, _i);
	ck_assert_int_eq(getline(&got, &size, f), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	stdio_far_puts(&link, "line\n");
#if defined(__GLIBC__)
	ck_assert_int_eq(getline(&got, &size, f), -1);
	clearerr(f);
#endif
	ck_assert_int_eq(getline(&got, &size, f), 5);
	ck_assert_str_eq(got, "line\n");
	free(got);
	stdio_link_close(&link);
}
END_TEST

/* The deadline covers the whole exchange, and can be set anew. */
START_TEST(deadline)
{
	struct fsock_options options = { .deadline = 0.02 };
	double start = sock_now();
	struct stdio_link link;
	FILE *f;

	stdio_link_open(&link, (enum stdio_transport)(_i / 2), &options);
	f = stdio_link_input(&link, _i % 2);
	for (int i = 0; i < 2; i++) {
		errno = 0;
		ck_assert_int_eq(getc(f), EOF);
		ck_assert_int_eq(errno, ETIMEDOUT);
		stdio_expect_error(
		    &link, "read", FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT, "Deadline passed");
		clearerr(f);
		sock_assert_took(start, 0.02);
	}
	stdio_far_puts(&link, "late\n");
	ck_assert_int_eq(getc(f), EOF); /* also what has arrived: the exchange is over */
	clearerr(f);
	ck_assert_int_eq(fsock_set_deadline(link.s, INFINITY), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "late\n");
	ck_assert_int_eq(fsock_set_deadline(link.s, 20), 0);
	stdio_far_puts(&link, "in time\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "in time\n");
	ck_assert_int_eq(fsock_set_deadline(link.s, 0.001), 0);
	ck_assert_int_eq(getc(f), EOF);
	ck_assert_str_eq(fsock_error_name(fsock_last_error()->kind),
	    fsock_error_name(FSOCK_DEADLINE_TIMEOUT_ERROR));
	ck_assert_int_eq(fsock_set_deadline(link.s, -1), -1);
	ck_assert_int_eq(fsock_set_deadline(link.s, NAN), -1);
	ck_assert_int_eq(errno, EINVAL);
	stdio_link_close(&link);
}
END_TEST

/* ---- The end, and no end. */

/* A peer that resets is told of once, then there is nothing more to read. */
START_TEST(reset)
{
	struct stdio_link link;
	FILE *f;

	stdio_link_open(&link, (enum stdio_transport)(_i / 2), NULL);
	f = stdio_link_input(&link, _i % 2);
	stdio_far_puts(&link, "before\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "before\n");
	stdio_far_reset(&link);
	errno = 0;
	ck_assert_ptr_null(fgets(line, sizeof line, f));
	ck_assert_int_eq(errno, ECONNRESET);
	ck_assert(ferror(f) && !feof(f));
	stdio_expect_error(
	    &link, "read", FSOCK_CONNECTION_RESET_ERROR, ECONNRESET, strerror(ECONNRESET));
	clearerr(f);
	ck_assert_ptr_null(fgets(line, sizeof line, f));
	ck_assert(feof(f) || ferror(f));
	stdio_link_close(&link);
}
END_TEST

/* errno is left alone by what works, also by reading to the end of the file. */
START_TEST(errno_untouched)
{
	struct stdio_link link;
	FILE *f;

	stdio_link_open(&link, (enum stdio_transport)(_i / 2), NULL);
	f = stdio_link_input(&link, _i % 2);
	stdio_far_puts(&link, "one\ntwo");
	stdio_far_end(&link);
	fsock_clear_error();
	errno = 4711;
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_int_eq(errno, 4711);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "two");
	ck_assert_ptr_null(fgets(line, sizeof line, f));
	ck_assert_int_eq(errno, 4711);
	ck_assert(feof(f) && !ferror(f));
	ck_assert_int_eq(fsock_last_error()->kind, FSOCK_END_OF_FILE);
	stdio_link_close(&link);
}
END_TEST

/* ---- Blocks. */

/*
 * Blocks that a libc asks for with the program's memory at hand, between such as go through stdio's
 * buffer, which is as large as they are or smaller; 0 is a seek that stays: what was read ahead is
 * given back.
 */
static const size_t blocks[] = { 1, 100000, 0, 32768, 10, 0, 40000, 65536, 3, 70001, 0, 131072 };
static const enum fsock_delivery deliveries[] = { FSOCK_DELIVER_BLOCK, FSOCK_DELIVER_LINE };
static const size_t buffers[] = { 0, 4096, 40000, 65536 }; /* 0: what the library gives */

START_TEST(large_blocks)
{
	enum { ALL = sizeof text, PIECE = 30000 };
	struct fsock_options options = { .delivery = deliveries[_i / (4 * COUNT(buffers))] };
	size_t buffer = buffers[_i % COUNT(buffers)], at = 0, n;
	static char got[131072], memory[65536];
	struct stdio_feeder feeder;
	struct stdio_link link;
	FILE *f;

	for (int i = 0; i < ALL; i++)
		text[i] = (char)(i * 7 + i / 251);
	stdio_link_open(&link, _i & 8 ? STDIO_TCP4 : STDIO_SOCKETPAIR, &options);
	f = stdio_link_input(&link, _i & 4);
	if (buffer > 0)
		ck_assert_int_eq(setvbuf(f, memory, _IOFBF, buffer), 0);
	stdio_feeder_start(&feeder, &link, text, ALL, PIECE, 1);
	for (int i = 0; !feof(f); i++) {
		size_t block = blocks[i % COUNT(blocks)];

		n = fread(got, 1, block, f);
		ck_assert_uint_le(at + n, ALL);
		if (memcmp(got, text + at, n) != 0)
			ck_abort_msg("after %zu octets", at);
		at += n;
		ck_assert_uint_eq(n < block, feof(f) != 0);
		ck_assert_int_eq(ftell(f), (long)at);
		if (block == 0)
			ck_assert_int_eq(fseek(f, 0, SEEK_CUR), 0);
	}
	ck_assert_uint_eq(at, ALL);
	stdio_feeder_join(&feeder);
	stdio_link_close(&link);
}
END_TEST

/* What has come before the time runs out is the program's; the rest comes with the next read. */
START_TEST(timeout_in_a_large_block)
{
	struct fsock_options options = { .delivery = deliveries[_i % COUNT(deliveries)],
		.read_timeout = 0.02 };
	static char got[65536];
	struct stdio_link link;
	FILE *f;

	stdio_link_open(&link, (enum stdio_transport)(_i / 4), &options);
	f = stdio_link_input(&link, _i / 2 % 2);
	stdio_far_send(&link, text, 1000);
	ck_assert_uint_eq(fread(got, 1, sizeof got, f), 1000);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert(ferror(f) && !feof(f));
	clearerr(f);
	stdio_far_send(&link, text, 10);
	stdio_far_end(&link);
	ck_assert_uint_eq(fread(got, 1, sizeof got, f), 10);
	ck_assert(feof(f) && !ferror(f));
	stdio_link_close(&link);
}
END_TEST

/* ---- How far ahead of the program stdio reads on a two-way stream. */

#if defined(__GLIBC__) && !defined(FSOCK_FILE_FUNOPEN)
#define GIVES_BACK 1 /* what was not read when the program begins to write */
#else
#define GIVES_BACK 0
#endif

/* Reads n lines. Returns the most that stdio held behind one. */
static size_t
read_lines(FILE *f, int n)
{
	size_t most = 0;

	for (int i = 0; i < n; i++) {
		size_t held;

		ck_assert_ptr_eq(fgets(line, sizeof line, f), line);
		ck_assert_str_eq(line, "12345678 text\n");
		held = fsock__file_unread(fsock__registry_window(f, FSOCK_INPUT, ""));
		most = held > most ? held : most;
	}
	return most;
}

static const struct {
	const char *format, *line; /* what is sent */
	size_t line_limit;         /* one is of each line */
} readers_ahead[] = {
	{ NULL, "12345678 text\n", 0 },
	{ "utf-8,crlf", "12345678 text\r\n", 0 },
	{ "iso-8859-1", "12345678 text\n", 0 },
	{ NULL, "12345678 text\n", 100 },
};

START_TEST(reads_ahead)
{
	enum { ALL = 1000, TURN = 200 };
	struct fsock_options options = { .format = readers_ahead[_i].format,
		.line_limit = readers_ahead[_i].line_limit };
	int ahead = options.line_limit == 0 && GIVES_BACK;
	struct stdio_link link;
	FILE *f;

	stdio_link_open(&link, STDIO_TCP4, &options);
	f = fsock_stream(link.s);
	for (int i = 0; i < ALL; i++)
		stdio_far_send(&link, readers_ahead[_i].line, strlen(readers_ahead[_i].line));
	for (int i = 0; i < ALL / TURN; i++) {
		ck_assert_uint_eq(read_lines(f, 1), 0);
		ck_assert_int_eq(read_lines(f, TURN - 1) > 0, ahead);
		ck_assert_int_gt(fprintf(f, "reply\n"), 0);
	}
	stdio_far_end(&link);
	ck_assert_int_eq(fgetc(f), EOF);
	ck_assert(feof(f));
	stdio_link_close(&link);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("input");
	TCase *t = tcase_create("input");

	tcase_add_loop_test(t, timeout, 0, 2 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, getline_after_timeout, 0, 2);
	tcase_add_loop_test(t, deadline, 0, 2 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, reset, 0, 2 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, errno_untouched, 0, 2 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, large_blocks, 0, 4 * COUNT(buffers) * COUNT(deliveries));
	tcase_add_loop_test(
	    t, timeout_in_a_large_block, 0, 2 * COUNT(deliveries) * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, reads_ahead, 0, COUNT(readers_ahead));
	suite_add_tcase(s, t);
	return sock_run(s);
}
