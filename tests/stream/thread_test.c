/* Threads: one reads, one writes, a third shuts down; cancelling; many at once. */
#include "../../src/base/compat.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <check.h>

#include "../support/sock_support.h"
#include "../support/stdio_link.h"

static enum stdio_transport
transport_of(int i)
{
	return (enum stdio_transport)(i % STDIO_TRANSPORTS);
}

/* ---- A reader and a writer on one socket. */

#define LINES 3000

struct worker {
	FILE *f;
	int far;
	int lines, wrong, error;
	char last[64];
};

static void
write_lines(void *arg)
{
	struct worker *w = arg;

	for (; w->lines < LINES; w->lines++)
		if (fprintf(w->f, "line %d\n", w->lines) < 0 ||
		    (w->lines % 7 == 0 && fflush(w->f) != 0))
			break;
	w->error = fflush(w->f) != 0;
}

/* Reads until the end of the file, or an error. */
static void
read_lines(void *arg)
{
	struct worker *w = arg;
	char line[64], expected[64];

	for (errno = 0; fgets(line, sizeof line, w->f) != NULL; w->lines++) {
		snprintf(expected, sizeof expected, "line %d\n", w->lines);
		w->wrong += strcmp(line, expected) != 0;
		memcpy(w->last, line, sizeof line);
	}
	w->error = feof(w->f) ? 0 : errno;
}

/* The peer: sends back what it gets. */
static void
echo(void *arg)
{
	const struct worker *w = arg;
	char octets[4096];
	ssize_t n;

	while ((n = recv(w->far, octets, sizeof octets, 0)) > 0)
		for (ssize_t done = 0, r; done < n; done += r)
			if ((r = send(w->far, octets + done, (size_t)(n - done),
				 FSOCK__MSG_NOSIGNAL)) < 0)
				return;
	shutdown(w->far, SHUT_WR);
}

START_TEST(full_duplex)
{
	struct sock_thread threads[3];
	struct worker reader = { 0 }, writer = { 0 }, peer = { 0 };
	struct stdio_link link;

	stdio_link_open(&link, transport_of(_i), NULL);
	reader.f = fsock_input(link.s);
	writer.f = fsock_output(link.s);
	peer.far = link.far;
	sock_thread_start(&threads[0], read_lines, &reader);
	sock_thread_start(&threads[1], write_lines, &writer);
	sock_thread_start(&threads[2], echo, &peer);
	sock_thread_join(&threads[1]);
	ck_assert_int_eq(writer.lines, LINES);
	ck_assert_int_eq(writer.error, 0);
	/* A third thread ends the output, which the peer answers by ending its own. */
	ck_assert_int_eq(fsock_shutdown(link.s, FSOCK_OUTPUT), 0);
	sock_thread_join(&threads[2]);
	sock_thread_join(&threads[0]);
	ck_assert_int_eq(reader.lines, LINES);
	ck_assert_int_eq(reader.wrong, 0);
	ck_assert_int_eq(reader.error, 0);
	ck_assert_int_eq(fsock_close(link.s), 0);
	link.s = NULL;
	stdio_link_close(&link);
}
END_TEST

/* ---- A third thread that shuts down. */

/* The reader is blocked, on one way or on both; it gets the end of the file. */
START_TEST(shutdown_wakes)
{
	static const int directions[] = { FSOCK_INPUT, FSOCK_IO };
	struct sock_thread thread;
	struct worker reader = { 0 };
	struct stdio_link link;

	stdio_link_open(&link, transport_of(_i), NULL);
	reader.f = _i / STDIO_TRANSPORTS % 2 ? fsock_stream(link.s) : fsock_input(link.s);
	sock_thread_start(&thread, read_lines, &reader);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(fsock_shutdown(link.s, directions[_i / STDIO_TRANSPORTS / 2]), 0);
	sock_thread_join(&thread);
	ck_assert_int_eq(reader.lines, 0);
	ck_assert_int_eq(reader.error, 0);
	ck_assert(feof(reader.f));
	ck_assert_int_eq(fsock_close(link.s), 0);
	link.s = NULL;
	stdio_link_close(&link);
}
END_TEST

/* Ending the output neither waits for a blocked reader nor disturbs it. */
START_TEST(output_ends_beside_reader)
{
	struct sock_thread thread;
	struct worker reader = { 0 };
	struct stdio_link link;

	stdio_link_open(&link, transport_of(_i), NULL);
	reader.f = _i / STDIO_TRANSPORTS ? fsock_stream(link.s) : fsock_input(link.s);
	ck_assert_int_ge(fputs("ask", _i / STDIO_TRANSPORTS ? reader.f : fsock_output(link.s)), 0);
	sock_thread_start(&thread, read_lines, &reader);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(fsock_shutdown(link.s, FSOCK_OUTPUT), 0);
	stdio_far_expect_text(&link, "ask");
	stdio_far_expect_end(&link);
	stdio_far_puts(&link, "line 0\nline 1\n");
	stdio_far_end(&link);
	sock_thread_join(&thread);
	ck_assert_int_eq(reader.lines, 2);
	ck_assert_int_eq(reader.wrong, 0);
	ck_assert_int_eq(reader.error, 0);
	stdio_link_close(&link);
}
END_TEST

/* ---- Cancelling. */

static void
read_one_line(void *arg)
{
	struct worker *w = arg;

	if (fgets(w->last, sizeof w->last, w->f) != NULL)
		w->lines++;
	pthread_testcancel();
	w->wrong++;
}

/*
 * Held off until the read is done: the line is there, the FILE is not left locked, and what comes
 * next is read by another thread.
 */
START_TEST(cancel_reader)
{
	struct sock_thread thread;
	struct worker reader = { 0 };
	struct stdio_link link;
	char line[64];
	void *result;

	stdio_link_open(&link, transport_of(_i), NULL);
	reader.f = _i / STDIO_TRANSPORTS ? fsock_stream(link.s) : fsock_input(link.s);
	sock_thread_start(&thread, read_one_line, &reader);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(pthread_cancel(thread.thread), 0);
	stdio_far_puts(&link, "the line\nthe next\n");
	ck_assert_int_eq(pthread_join(thread.thread, &result), 0);
	ck_assert_ptr_eq(result, PTHREAD_CANCELED);
	ck_assert_int_eq(reader.lines, 1);
	ck_assert_int_eq(reader.wrong, 0);
	ck_assert_str_eq(reader.last, "the line\n");
	ck_assert_int_eq(ftrylockfile(reader.f), 0);
	funlockfile(reader.f);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, reader.f));
	ck_assert_str_eq(line, "the next\n");
	ck_assert_int_eq(fsock_close(link.s), 0);
	link.s = NULL;
	stdio_link_close(&link);
}
END_TEST

/* One that was cancelled before it reads at all finds the read as it would be without. */
static void
cancel_self_and_write(void *arg)
{
	struct worker *w = arg;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_cancel(pthread_self());
	w->lines = fputs("whole", w->f) >= 0 && fflush(w->f) == 0;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	w->lines += fputs(" and all", w->f) >= 0 && fflush(w->f) == 0;
	pthread_testcancel();
}

START_TEST(cancel_writer)
{
	struct sock_thread thread;
	struct worker writer = { 0 };
	struct stdio_link link;

	stdio_link_open(&link, transport_of(_i), NULL);
	writer.f = fsock_output(link.s);
	sock_thread_start(&thread, cancel_self_and_write, &writer);
	ck_assert_int_eq(pthread_join(thread.thread, NULL), 0);
	ck_assert_int_eq(ftrylockfile(writer.f), 0);
	funlockfile(writer.f);
	/* What was flushed before it could be cancelled is there, and the stream still works. */
	ck_assert_int_ge(writer.lines, 1);
	stdio_far_expect_text(&link, writer.lines == 2 ? "whole and all" : "whole");
	ck_assert_int_ge(fputs("!", writer.f), 0);
	ck_assert_int_eq(fflush(writer.f), 0);
	ck_assert_int_eq(fsock_close(link.s), 0);
	link.s = NULL;
	stdio_link_close(&link);
}
END_TEST

/* ---- Many at once. */

/* Opens, uses and closes pairs of its own; counts what goes wrong. */
static void
use_pairs(void *arg)
{
	struct worker *w = arg;
	char line[64], text[64];

	for (int i = 0; i < 100; i++) {
		fsock *ends[2];
		FILE *out, *in;

		if (fsock_pair(ends, NULL) < 0) {
			w->wrong++;
			continue;
		}
		out = i % 2 ? fsock_output(ends[0]) : fsock_stream(ends[0]);
		in = i % 3 ? fsock_input(ends[1]) : fsock_stream(ends[1]);
		snprintf(text, sizeof text, "%p %d\n", arg, i);
		w->wrong += fputs(text, out) < 0 || fflush(out) != 0;
		w->wrong += fgets(line, sizeof line, in) == NULL || strcmp(line, text) != 0;
		w->wrong += fsock_of(out) != ends[0] || fsock_of(in) != ends[1];
		w->wrong += i % 5 == 0 && fclose(out) != 0;
		w->wrong += fsock_close(ends[0]) != 0;
		w->wrong += fsock_close(ends[1]) != 0;
		w->lines++;
	}
}

START_TEST(many_threads)
{
	struct sock_thread threads[8];
	struct worker workers[8];
	int fds = sock_open_fds();

	memset(workers, 0, sizeof workers);
	for (int i = 0; i < 8; i++)
		sock_thread_start(&threads[i], use_pairs, &workers[i]);
	for (int i = 0; i < 8; i++) {
		sock_thread_join(&threads[i]);
		ck_assert_int_eq(workers[i].lines, 100);
		ck_assert_int_eq(workers[i].wrong, 0);
	}
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* Each thread's own error: what fails here is not told there. */
static void
make_error(void *arg)
{
	struct worker *w = arg;

	w->wrong = fsock_last_error()->kind != FSOCK_NO_ERROR;
	w->wrong += fsock_of(NULL) != NULL;
	w->wrong += fsock_last_error()->kind != FSOCK_INVALID_SOCKET_STREAM_ERROR;
}

START_TEST(errors_apart)
{
	struct sock_thread thread;
	struct worker w = { 0 };

	ck_assert_ptr_null(fsock_stream(NULL));
	sock_thread_start(&thread, make_error, &w);
	sock_thread_join(&thread);
	ck_assert_int_eq(w.wrong, 0);
	ck_assert_str_eq(fsock_last_error()->text, "open stream: Invalid argument");
}
END_TEST

/* Several threads write lines to one FILE: its lock keeps each whole. */
static void
write_own_lines(void *arg)
{
	struct worker *w = arg;

	for (; w->lines < 500; w->lines++)
		if (fprintf(w->f, "%c%03d\n", w->far, w->lines) != 5 || fflush(w->f) != 0)
			w->wrong++;
}

START_TEST(shared_stream)
{
	struct sock_thread threads[4];
	struct worker workers[4];
	struct stdio_link link;
	FILE *far;
	char line[16], expected[16];
	int next[4] = { 0 };

	stdio_link_open(&link, transport_of(_i), NULL);
	far = fdopen(dup(link.far), "r");
	ck_assert_ptr_nonnull(far);
	memset(workers, 0, sizeof workers);
	for (int i = 0; i < 4; i++) {
		workers[i].f = fsock_output(link.s);
		workers[i].far = 'A' + i;
		sock_thread_start(&threads[i], write_own_lines, &workers[i]);
	}
	for (int i = 0; i < 4 * 500; i++) {
		int who;

		ck_assert_ptr_nonnull(fgets(line, sizeof line, far));
		who = line[0] - 'A';
		expect(who >= 0 && who < 4);
		snprintf(expected, sizeof expected, "%c%03d\n", line[0], next[who]++);
		ck_assert_str_eq(line, expected);
	}
	for (int i = 0; i < 4; i++) {
		sock_thread_join(&threads[i]);
		ck_assert_int_eq(workers[i].wrong, 0);
	}
	fclose(far);
	stdio_link_close(&link);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("thread");
	TCase *t = tcase_create("thread");

	tcase_add_loop_test(t, full_duplex, 0, STDIO_TRANSPORTS);
	tcase_add_loop_test(t, shutdown_wakes, 0, 4 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, output_ends_beside_reader, 0, 2 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, cancel_reader, 0, 2 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, cancel_writer, 0, STDIO_TRANSPORTS);
	tcase_add_test(t, many_threads);
	tcase_add_test(t, errors_apart);
	tcase_add_loop_test(t, shared_stream, 0, STDIO_TRANSPORTS);
	suite_add_tcase(s, t);
	return sock_run(s);
}
