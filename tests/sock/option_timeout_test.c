/* Time limits as options: they are those of the streams, the raw calls and the descriptor alike. */
#include "../../src/base/compat.h"

#include <sys/time.h>

#include <math.h>
#include <poll.h>
#include <unistd.h>

#include "../support/dgram_support.h"

/* Ways to read and write that a limit bounds. */
enum { STREAM, ONE_WAY, RAW, WAYS };

/* Reads an octet: EOF with errno set for a failure. */
static int
read_one(fsock *s, int way)
{
	unsigned char c;
	FILE *in;

	if (way == RAW)
		return fsock_receive(s, &c, 1, NULL) == 1 ? c : EOF;
	in = way == STREAM ? fsock_stream(s) : fsock_input(s);
	clearerr(in);
	return getc(in);
}

static int
write_much(fsock *s, int way)
{
	static char data[1 << 22];
	FILE *out;

	if (way == RAW)
		return fsock_send(s, data, sizeof data, NULL) < 0 ? EOF : 0;
	out = way == STREAM ? fsock_stream(s) : fsock_output(s);
	return fwrite(data, 1, sizeof data, out) < sizeof data ? EOF : fflush(out);
}

/* What limits a read: the option alone, or a far deadline as well, where poll() has to bound it. */
START_TEST(receive_timeout)
{
	int way = _i % WAYS, has_deadline = _i / WAYS;
	fsock *ends[2];
	double start, value;

	sock_link(SOCK_TCP4, NULL, ends);
	if (has_deadline)
		ck_assert_int_eq(fsock_set_deadline(ends[0], 60), 0);
	for (int i = 1; i <= 2; i++) {
		double limit = 0.06 * i;

		ck_assert_int_eq(fsock_set_option(ends[0], FSOCK_OPTION_RECEIVE_TIMEOUT, limit), 0);
		ck_assert_int_eq(
		    fsock_get_option(ends[0], FSOCK_OPTION_RECEIVE_TIMEOUT, &value), 0);
		ck_assert_double_eq_tol(value, limit, 1e-9);
		start = sock_now();
		ck_assert_int_eq(read_one(ends[0], way), EOF);
		sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
		sock_assert_took(start, limit);
	}
	ck_assert_int_eq(fsock_send(ends[1], "x", 1, NULL), 1);
	ck_assert_int_eq(read_one(ends[0], way), 'x');
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

START_TEST(send_timeout)
{
	fsock *ends[2];
	double start;

	sock_link(SOCK_PAIR, NULL, ends);
	if (_i / WAYS)
		ck_assert_int_eq(fsock_set_deadline(ends[0], 60), 0);
	ck_assert_int_eq(fsock_set_option(ends[0], FSOCK_OPTION_SEND_TIMEOUT, 0.1), 0);
	start = sock_now();
	ck_assert_int_eq(write_much(ends[0], _i % WAYS), EOF);
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	sock_assert_took(start, 0.1);
	fsock_close(ends[1]);
	ck_assert_int_eq(fsock_close(ends[0]), -1);
}
END_TEST

struct reader {
	struct sock_thread thread;
	fsock *s;
	int way, got;
};

static void
read_in_thread(void *arg)
{
	struct reader *r = arg;

	r->got = read_one(r->s, r->way);
}

/* Set back to no limit: a read outlasts what was the limit. */
START_TEST(back_to_infinite)
{
	static const double none[] = { 0, INFINITY, 1e12 };
	struct reader r = { .way = _i % WAYS };
	fsock *ends[2];
	double value;

	sock_link(SOCK_TCP4, &(struct fsock_options){ .read_timeout = 0.05 }, ends);
	r.s = ends[0];
	ck_assert_int_eq(fsock_set_option(r.s, FSOCK_OPTION_RECEIVE_TIMEOUT, none[_i / WAYS]), 0);
	ck_assert_int_eq(fsock_get_option(r.s, FSOCK_OPTION_RECEIVE_TIMEOUT, &value), 0);
	ck_assert(isinf(value));
	sock_thread_start(&r.thread, read_in_thread, &r);
	sock_thread_await_blocked(&r.thread);
	poll(NULL, 0, 200); /* longer than the limit was */
	ck_assert_int_eq(fsock_send(ends[1], "x", 1, NULL), 1);
	sock_thread_join(&r.thread);
	ck_assert_int_eq(r.got, 'x');
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

/* What the socket was made with is what the options read. */
START_TEST(read_back)
{
	static const struct row {
		struct fsock_options options;
		double receive, send;
	} rows[] = {
		{ { .deadline = 60 }, INFINITY, INFINITY },
		{ { .timeout = 2.5 }, 2.5, 2.5 },
		{ { .timeout = 2, .read_timeout = 0.125 }, 0.125, 2 },
		{ { .write_timeout = 7, .read_timeout = INFINITY }, INFINITY, 7 },
	};
	const struct row *row = &rows[_i / 2];
	struct fsock_options options = row->options;
	double receive, send;
	fsock *ends[2] = { NULL, NULL };

	options.local_host = "127.0.0.1";
	if (_i % 2)
		ends[0] = fsock_datagram(NULL, 0, &options);
	else
		ck_assert_int_eq(fsock_pair(ends, &row->options), 0);
	ck_assert_int_eq(fsock_get_option(ends[0], FSOCK_OPTION_RECEIVE_TIMEOUT, &receive), 0);
	ck_assert_int_eq(fsock_get_option(ends[0], FSOCK_OPTION_SEND_TIMEOUT, &send), 0);
	ck_assert(receive == row->receive && send == row->send);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

/* An adopted descriptor keeps its own limits, also under a deadline; options win over them. */
START_TEST(adopted_limits)
{
	struct timeval limit = { 0, 100000 };
	struct fsock_options options = { .read_timeout = _i == 2 ? 3 : 0,
		.deadline = _i == 1 ? 60 : 0 };
	fsock *s;
	int fds[2];
	double value, start;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
	s = fsock_adopt(fds[0], &options);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_RECEIVE_TIMEOUT, &value), 0);
	ck_assert_double_eq_tol(value, _i == 2 ? 3 : 0.1, 0.011);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_SEND_TIMEOUT, &value), 0);
	ck_assert(isinf(value));
	start = sock_now();
	if (_i < 2) {
		ck_assert_int_eq(getc(fsock_stream(s)), EOF);
		sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
		sock_assert_took(start, 0.1);
	}
	fsock_close(s);
	close(fds[1]);
}
END_TEST

/* A descriptor that is released has no limit that its new owner has not set. */
START_TEST(released)
{
	static const enum fsock_option options[] = { FSOCK_OPTION_RECEIVE_TIMEOUT,
		FSOCK_OPTION_SEND_TIMEOUT };
	static const int names[] = { SO_RCVTIMEO, SO_SNDTIMEO };
	struct timeval limit = { 5, 5 };
	socklen_t length = sizeof limit;
	fsock *ends[2];
	int fd;

	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	ck_assert_int_eq(fsock_set_option(ends[0], options[_i], 3), 0);
	fd = fsock_release(ends[0], NULL, 0, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, names[_i], &limit, &length), 0);
	ck_assert(limit.tv_sec == 0 && limit.tv_usec == 0);
	close(fd);
	fsock_close(ends[1]);
}
END_TEST

/* A datagram socket's limit is set as a stream's. */
START_TEST(datagrams)
{
	fsock *s = dgram_bound(DGRAM_UDP4, "");
	double start;
	char c;

	ck_assert_int_eq(fsock_set_option(s, FSOCK_OPTION_RECEIVE_TIMEOUT, 0.1), 0);
	start = sock_now();
	ck_assert_int_eq(fsock_receive(s, &c, 1, NULL), -1);
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	sock_assert_took(start, 0.1);
	fsock_close(s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("option_timeout");
	TCase *tcase = tcase_create("option_timeout");

	tcase_add_loop_test(tcase, receive_timeout, 0, 2 * WAYS);
	tcase_add_loop_test(tcase, send_timeout, 0, 2 * WAYS);
	tcase_add_loop_test(tcase, back_to_infinite, 0, 3 * WAYS);
	tcase_add_loop_test(tcase, read_back, 0, 2 * 4);
	tcase_add_loop_test(tcase, adopted_limits, 0, 3);
	tcase_add_loop_test(tcase, released, 0, 2);
	tcase_add_test(tcase, datagrams);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
