/* Output: all of it or an error, and an error for good; what a peer that is gone makes of it. */
#include "../../src/base/compat.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <check.h>

#include "../support/sock_support.h"
#include "../support/stdio_link.h"
#include "../support/unblocked.h"

static FILE *
open_stream(const struct stdio_link *link, int two_way)
{
	FILE *f = two_way ? fsock_stream(link->s) : fsock_output(link->s);

	ck_assert_ptr_nonnull(f);
	return f;
}

/* ---- What goes out, and when. */

static void
write_printf(FILE *f)
{
	ck_assert_int_eq(fprintf(f, "%s %d\r\n", "EHLO", 25), 9);
}

static void
write_puts(FILE *f)
{
	ck_assert_int_ge(fputs("EHLO 25\r\n", f), 0);
}

static void
write_octets(FILE *f)
{
	for (const char *p = "EHLO 25\r\n"; *p; p++)
		ck_assert_int_eq(putc(*p, f), *p);
}

static void
write_block(FILE *f)
{
	ck_assert_uint_eq(fwrite("EHLO 25\r\n", 3, 3, f), 3);
}

static void (*const writers[])(FILE *) = { write_printf, write_puts, write_octets, write_block };

/* Nothing is sent before it is asked for, then all is; errno stays. */
START_TEST(flush_sends)
{
	struct stdio_link link;
	FILE *f;

	stdio_link_open(&link, (enum stdio_transport)(_i / 2 % STDIO_TRANSPORTS), NULL);
	f = open_stream(&link, _i % 2);
	for (int i = 0; i < 3; i++) {
		writers[_i / 2 / STDIO_TRANSPORTS](f);
		stdio_far_expect_nothing(&link);
		errno = 4711;
		ck_assert_int_eq(fflush(f), 0);
		ck_assert_int_eq(errno, 4711);
		stdio_far_expect_text(&link, "EHLO 25\r\n");
		ck_assert_int_eq(fflush(f), 0);
		stdio_far_expect_nothing(&link);
	}
	ck_assert_int_eq(fclose(f), 0);
	stdio_far_expect_end(&link);
	ck_assert_int_eq(fsock_close(link.s), 0);
	link.s = NULL;
	stdio_link_close(&link);
}
END_TEST

/* ---- Much. */

#define MUCH ((size_t)3 << 20)

struct receiver {
	const struct stdio_link *link;
	char *octets;
	size_t n;
};

static void
receive_all(void *arg)
{
	struct receiver *r = arg;
	ssize_t n;

	while ((n = recv(r->link->far, r->octets + r->n, MUCH + 1 - r->n, 0)) > 0)
		r->n += (size_t)n;
}

static char *
make_octets(size_t n)
{
	char *octets = malloc(n);

	ck_assert_ptr_nonnull(octets);
	for (size_t i = 0; i < n; i++)
		octets[i] = (char)(i * 31 + i / 251);
	return octets;
}

/* Blocks of all sizes, below and above stdio's buffer, over a connection that fills up. */
START_TEST(big_writes)
{
	static const size_t sizes[] = { 1000, 8191, 8192, 16385, 100000, MUCH };
	size_t size = sizes[_i / 2 % COUNT(sizes)], done = 0;
	struct receiver receiver = { .n = 0 };
	struct sock_thread thread;
	struct stdio_link link;
	char *octets = make_octets(MUCH);
	FILE *f;

	stdio_link_open(&link, _i / 2 / COUNT(sizes) ? STDIO_TCP4 : STDIO_UNIX, NULL);
	f = open_stream(&link, _i % 2);
	receiver.link = &link;
	receiver.octets = malloc(MUCH + 1);
	sock_thread_start(&thread, receive_all, &receiver);
	while (done < MUCH) {
		size_t n = MUCH - done < size ? MUCH - done : size;

		ck_assert_uint_eq(fwrite(octets + done, 1, n, f), n);
		done += n;
		expect_int(ftell(f), (long)done);
	}
	ck_assert_int_eq(fclose(f), 0);
	sock_thread_join(&thread);
	ck_assert_uint_eq(receiver.n, MUCH);
	ck_assert_int_eq(memcmp(receiver.octets, octets, MUCH), 0);
	free(receiver.octets);
	free(octets);
	stdio_link_close(&link);
}
END_TEST

/* ---- Failures. */

/* How the peer goes away, and what a write says then. */
static void
reset(struct stdio_link *link)
{
	stdio_far_reset(link);
}

static void
finish(struct stdio_link *link)
{
	stdio_far_close(link);
}

static void
stop_output(struct stdio_link *link)
{
	ck_assert_int_eq(fsock_shutdown(link->s, FSOCK_OUTPUT), 0);
}

static void (*const ends[])(struct stdio_link *) = { reset, finish, stop_output };

/* Writes until it is noticed that the peer is gone: TCP learns of it by an answer. */
static int
write_until_error(const struct stdio_link *link, FILE *f)
{
	struct pollfd failed = { .fd = fsock_socket(link->s) };

	for (double start = sock_now(); sock_now() < start + 10; poll(&failed, 1, 1)) {
		ck_assert_int_ge(fputs("anybody there?\n", f), 0);
		errno = 0;
		if (fflush(f) != 0)
			return errno;
	}
	ck_abort_msg("nothing ever fails");
}

static void
check_write_error(const struct stdio_link *link, int error)
{
	stdio_expect_error(link, "write",
	    error == EPIPE ? FSOCK_BROKEN_PIPE_ERROR : FSOCK_CONNECTION_RESET_ERROR, error,
	    strerror(error));
}

/*
 * The first error stays: for all that is written later, for fclose() and for fsock_close(); no
 * SIGPIPE comes (it would kill this process), and no stream made later forgets it.
 */
START_TEST(sticky_error)
{
	struct stdio_link link;
	FILE *f;
	int error, two_way = _i % 2;

	ck_assert(signal(SIGPIPE, SIG_DFL) == SIG_DFL);
	stdio_link_open(&link, (enum stdio_transport)(_i / 2 % STDIO_TRANSPORTS), NULL);
	f = open_stream(&link, two_way);
	ends[_i / 2 / STDIO_TRANSPORTS](&link);
	error = write_until_error(&link, f);
	ck_assert(error == EPIPE || error == ECONNRESET);
	check_write_error(&link, error);
	ck_assert(ferror(f));
	for (int i = 0; i < 3; i++) {
		if (i > 0)
			clearerr(f);
		fsock_clear_error();
		fputs("more\n", f);
		errno = 0;
		ck_assert_int_eq(fflush(f), EOF);
		ck_assert_int_eq(errno, error);
		check_write_error(&link, error);
	}
	errno = 0;
	ck_assert_int_eq(fsock_shutdown(link.s, FSOCK_OUTPUT), -1);
	ck_assert(errno == error || errno == ENOTCONN);
	errno = 0;
	ck_assert_int_eq(fclose(f), EOF);
	ck_assert_int_eq(errno, error);
	stdio_expect_error(
	    &link, "close", fsock_error_kind_of_errno(error), error, strerror(error));
	errno = 0;
	ck_assert_int_eq(fsock_close(link.s), -1);
	ck_assert_int_eq(errno, error);
	stdio_expect_error(
	    &link, "close", fsock_error_kind_of_errno(error), error, strerror(error));
	link.s = NULL;
	stdio_link_close(&link);
}
END_TEST

/* What was never flushed and cannot be sent is told by whichever closes. */
START_TEST(close_reports)
{
	struct stdio_link link;
	FILE *f;
	int by_fclose = _i / 2 % 2;

	stdio_link_open(&link, (enum stdio_transport)(_i / 4), NULL);
	f = open_stream(&link, _i % 2);
	ck_assert_int_ge(fputs("lost", f), 0);
	stdio_far_reset(&link);
	errno = 0;
	ck_assert_int_eq(by_fclose ? fclose(f) : fsock_close(link.s), -1);
	ck_assert(errno == EPIPE || errno == ECONNRESET);
	if (by_fclose)
		ck_assert_int_eq(fsock_close(link.s), -1);
	link.s = NULL;
	stdio_link_close(&link);
}
END_TEST

/* With nothing left unsent a peer that is gone is no error. */
START_TEST(close_of_flushed)
{
	struct stdio_link link;
	FILE *f;

	stdio_link_open(&link, (enum stdio_transport)(_i / 2), NULL);
	f = open_stream(&link, _i % 2);
	ck_assert_int_ge(fputs("arrives", f), 0);
	ck_assert_int_eq(fflush(f), 0);
	stdio_far_expect_text(&link, "arrives");
	stdio_far_close(&link);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(fsock_close(link.s), 0);
	link.s = NULL;
	stdio_link_close(&link);
}
END_TEST

/* A peer that has ended its output still reads. */
START_TEST(half_closed_peer)
{
	struct stdio_link link;
	FILE *f, *in;

	stdio_link_open(&link, (enum stdio_transport)(_i / 2), NULL);
	f = open_stream(&link, _i % 2);
	in = _i % 2 ? f : fsock_input(link.s);
	stdio_far_end(&link);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(getc(in), EOF);
		ck_assert(feof(in) && !ferror(in));
		ck_assert_int_ge(fputs("still here\n", f), 0);
		ck_assert_int_eq(fflush(f), 0);
		stdio_far_expect_text(&link, "still here\n");
	}
	ck_assert_int_eq(fclose(f), 0);
	stdio_far_expect_end(&link);
	ck_assert_int_eq(fsock_close(link.s), 0);
	link.s = NULL;
	stdio_link_close(&link);
}
END_TEST

/* Input survives an error of the output. */
START_TEST(input_goes_on)
{
	struct stdio_link link;
	char line[16];
	FILE *in, *out;

	stdio_link_open(&link, (enum stdio_transport)_i, NULL);
	in = fsock_input(link.s);
	out = fsock_output(link.s);
	ck_assert_int_eq(fsock_shutdown(link.s, FSOCK_OUTPUT), 0);
	ck_assert_int_ge(fputs("x", out), 0);
	ck_assert_int_eq(fflush(out), EOF);
	ck_assert_int_eq(errno, EPIPE);
	stdio_far_puts(&link, "hear me\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, in));
	ck_assert_str_eq(line, "hear me\n");
	ck_assert_int_eq(fclose(out), EOF);
	ck_assert_int_eq(fclose(in), 0);
	stdio_link_close(&link);
}
END_TEST

/* ---- A peer that does not read. */

static const struct limit {
	struct fsock_options options;
	enum fsock_error_kind kind;
	const char *cause;
} limits[] = {
	{ { .write_timeout = 0.05 }, FSOCK_TIMEOUT_ERROR, "Timed out" },
	{ { .timeout = 0.05 }, FSOCK_TIMEOUT_ERROR, "Timed out" },
	{ { .deadline = 0.05 }, FSOCK_DEADLINE_TIMEOUT_ERROR, "Deadline passed" },
};

/* The write fails in time and for good; what the peer then reads is a beginning, without a hole. */
START_TEST(write_timeout)
{
	const struct limit *row = &limits[_i / 2 % COUNT(limits)];
	size_t size = (size_t)1 << 20, got = 0;
	char *octets = make_octets(size), *back = malloc(size);
	struct stdio_link link;
	double start = sock_now(); /* a deadline counts from the connection */
	ssize_t n;
	FILE *f;

	if (unblocked_is_on())
		return;
	stdio_link_open(&link, (enum stdio_transport)(_i / 2 / COUNT(limits)), &row->options);
	f = open_stream(&link, _i % 2);
	stdio_link_narrow(&link);
	errno = 0;
	ck_assert(fwrite(octets, 1, size, f) < size || fflush(f) != 0);
	ck_assert_int_eq(errno, ETIMEDOUT);
	sock_assert_took(start, 0.05);
	ck_assert(ferror(f));
	stdio_expect_error(&link, "write", row->kind, ETIMEDOUT, row->cause);
	while ((n = recv(link.far, back + got, size - got, MSG_DONTWAIT)) > 0)
		got += (size_t)n;
	/* There is room again, and yet nothing more is sent. */
	clearerr(f);
	fputs("after the hole", f);
	ck_assert_int_eq(fflush(f), EOF);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_int_eq(fclose(f), EOF);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_int_eq(fsock_close(link.s), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	link.s = NULL;
	while ((n = recv(link.far, back + got, size - got, 0)) > 0)
		got += (size_t)n;
	if (row->kind ==
	    FSOCK_TIMEOUT_ERROR) /* a deadline may have passed before anything was sent */
		ck_assert_uint_gt(got, 0);
	ck_assert_uint_lt(got, size);
	ck_assert_int_eq(memcmp(back, octets, got), 0);
	free(back);
	free(octets);
	stdio_link_close(&link);
}
END_TEST

/* fsock_abort() sends nothing of what was not sent. */
START_TEST(abort_discards)
{
	struct stdio_link link;
	char c;

	stdio_link_open(&link, (enum stdio_transport)(_i / 2), NULL);
	ck_assert_int_ge(fputs("never", open_stream(&link, _i % 2)), 0);
	ck_assert_int_eq(fsock_abort(link.s), 0);
	link.s = NULL;
	ck_assert_int_le(recv(link.far, &c, 1, 0), 0);
	stdio_link_close(&link);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("output");
	TCase *t = tcase_create("output");

	tcase_add_loop_test(t, flush_sends, 0, COUNT(writers) * 2 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, big_writes, 0, 6 * 2 * 2);
	tcase_add_loop_test(t, sticky_error, 0, COUNT(ends) * 2 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, close_reports, 0, 4 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, close_of_flushed, 0, 2 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, half_closed_peer, 0, 2 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, input_goes_on, 0, STDIO_TRANSPORTS);
	tcase_add_loop_test(t, write_timeout, 0, COUNT(limits) * 2 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, abort_discards, 0, 2 * STDIO_TRANSPORTS);
	suite_add_tcase(s, t);
	return sock_run(s);
}
