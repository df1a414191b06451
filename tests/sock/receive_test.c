/* Waiting for datagrams: time limits, signals, shutdown; and adopted sockets, wrong ones. */
#include "../../src/base/compat.h"

#include <sys/time.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "../support/dgram_support.h"

enum { ONE, MANY, WAYS };

/* fsock_receive(), or fsock_receive_many() of one. */
static ssize_t
receive(int way, fsock *s, void *buf, size_t size)
{
	struct fsock_message message = { .data = buf, .size = size };
	ssize_t r;

	if (way == ONE)
		return fsock_receive(s, buf, size, NULL);
	r = fsock_receive_many(s, &message, 1);
	return r == 1 ? (ssize_t)message.length : r;
}

static void
ignore(int signal)
{
	(void)signal;
}

/* A signal every 10 ms, or none; it interrupts system calls. */
static void
set_signals(int on)
{
	struct itimerval timer = { { 0, on * 10000 }, { 0, on * 10000 } };
	struct sigaction action = { .sa_handler = ignore };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static const struct limit {
	struct fsock_options options;
	int is_nonblocking, has_signals;
	enum fsock_error_kind kind;
	const char *cause;
} limits[] = {
	{ { .timeout = 0.1 }, 0, 0, FSOCK_TIMEOUT_ERROR, "Timed out" },
	{ { .read_timeout = 0.1 }, 0, 0, FSOCK_TIMEOUT_ERROR, "Timed out" },
	{ { .read_timeout = 0.1, .deadline = 30 }, 0, 0, FSOCK_TIMEOUT_ERROR, "Timed out" },
	{ { .read_timeout = 30, .deadline = 0.1 }, 0, 0, FSOCK_DEADLINE_TIMEOUT_ERROR,
	    "Deadline passed" },
	{ { .read_timeout = 0.1 }, 1, 0, FSOCK_TIMEOUT_ERROR, "Timed out" },
	{ { .read_timeout = 0.1 }, 0, 1, FSOCK_TIMEOUT_ERROR, "Timed out" },
	{ { .deadline = 0.1 }, 0, 1, FSOCK_DEADLINE_TIMEOUT_ERROR, "Deadline passed" },
};

START_TEST(times_out)
{
	const struct limit *row = &limits[_i / WAYS];
	struct fsock_options options = row->options;
	double start = sock_now(); /* a deadline counts from the socket's birth */
	char buf[4];
	fsock *s;

	options.local_host = "127.0.0.1";
	s = fsock_datagram(NULL, 0, &options);
	ck_assert_ptr_nonnull(s);
	if (row->is_nonblocking)
		ck_assert_int_eq(fcntl(fsock_socket(s), F_SETFL, O_NONBLOCK), 0);
	set_signals(row->has_signals);
	if (row->kind == FSOCK_TIMEOUT_ERROR)
		start = sock_now();
	ck_assert_int_eq(receive(_i % WAYS, s, buf, sizeof buf), -1);
	sock_assert_failed(row->kind, ETIMEDOUT, "receive from 127.0.0.1 port %d: %s",
	    fsock_local_port(s), row->cause);
	sock_assert_took(start, 0.1);
	set_signals(0);
	fsock_close(s);
}
END_TEST

/* After a deadline has passed nothing is sent or received, even what is there. */
START_TEST(past_deadline)
{
	fsock *s = dgram_bound(DGRAM_UDP4, "");
	struct fsock_addr self = dgram_addr(s);
	struct fsock_message message = { .data = "x", .size = 1, .peer = self };
	char buf[4];

	ck_assert_int_eq(fsock_send(s, "x", 1, &self), 1);
	ck_assert_int_eq(fsock_set_deadline(s, 0), 0);
	ck_assert_int_eq(fsock_send(s, "x", 1, &self), -1);
	sock_assert_error(FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
	ck_assert_int_eq(fsock_send_many(s, &message, 1), -1);
	sock_assert_error(FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
	for (int way = 0; way < WAYS; way++) {
		ck_assert_int_eq(receive(way, s, buf, sizeof buf), -1);
		sock_assert_error(FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
	}
	ck_assert_int_eq(fsock_set_deadline(s, 30), 0);
	dgram_expect(s, "x", s);
	fsock_close(s);
}
END_TEST

#if defined(__linux__) /* elsewhere a full queue is ENOBUFS, at once */

/* A Unix-domain receiver whose queue is full makes the sender wait. */
START_TEST(sending_times_out)
{
	fsock *receiver = dgram_bound(DGRAM_UNIX, "receiver"), *sender;
	struct fsock_message message = { .data = "x", .size = 1 };
	double start = 0;
	ssize_t r;

	sender = fsock_datagram(
	    sock_path("receiver"), 0, &(struct fsock_options){ .write_timeout = 0.1 });
	ck_assert_ptr_nonnull(sender);
	do {
		start = sock_now();
		r = _i == ONE ? fsock_send(sender, "x", 1, NULL)
			      : fsock_send_many(sender, &message, 1);
	} while (r == 1);
	ck_assert_int_eq(r, -1);
	sock_assert_failed(
	    FSOCK_TIMEOUT_ERROR, ETIMEDOUT, "send to %s: Timed out", sock_path("receiver"));
	sock_assert_took(start, 0.1);
	dgram_expect(receiver, "x", NULL);
	ck_assert_int_eq(fsock_send(sender, "x", 1, NULL), 1);
	fsock_close(sender);
	fsock_close(receiver);
}
END_TEST

#endif

/* A thread that waits for a datagram, and what it got. */
struct waiter {
	struct sock_thread thread;
	fsock *s;
	int way, error;
	ssize_t got;
	enum fsock_error_kind kind;
};

static void
wait_in_thread(void *arg)
{
	struct waiter *w = arg;
	char buf[4];

	w->got = receive(w->way, w->s, buf, sizeof buf);
	w->error = errno;
	w->kind = fsock_last_error()->kind;
}

/* fsock_shutdown() ends a receive, whether it waits in the call itself or in poll(). */
START_TEST(shutdown_wakes)
{
	enum dgram_kind kind = (enum dgram_kind)(_i / 4);
	int has_deadline = _i / 2 % 2;
	struct waiter w = { .way = _i % WAYS };
	char buf[4];

	if (!dgram_has(kind))
		return;
	w.s = dgram_bound(kind, "");
	if (has_deadline)
		ck_assert_int_eq(fsock_set_deadline(w.s, 30), 0);
	sock_thread_start(&w.thread, wait_in_thread, &w);
	sock_thread_await_blocked(&w.thread);
	ck_assert_int_eq(fsock_shutdown(w.s, FSOCK_INPUT), 0);
	sock_thread_join(&w.thread);
	ck_assert_int_eq(w.got, -1);
	ck_assert_int_eq(w.error, ESHUTDOWN);
	ck_assert_int_eq(w.kind, FSOCK_ALREADY_SHUTDOWN_ERROR);
	ck_assert_int_eq(receive(w.way, w.s, buf, sizeof buf), -1);
	sock_assert_error(FSOCK_ALREADY_SHUTDOWN_ERROR, ESHUTDOWN);
	ck_assert_int_eq(fsock_shutdown(w.s, FSOCK_IO), 0);
	fsock_close(w.s);
}
END_TEST

/* Descriptors from elsewhere; a sender without a name has no address. */
START_TEST(adopted)
{
	struct fsock_addr from;
	char text[FSOCK_ADDR_TEXT_SIZE], buf[8];
	fsock *ends[2];
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	for (int i = 0; i < 2; i++) {
		ends[i] = fsock_adopt(fds[i], &(struct fsock_options){ .timeout = 20 });
		ck_assert(fsock_is_datagram(ends[i]));
	}
	memset(&from, 0x5a, sizeof from);
	ck_assert_int_eq(fsock_send(ends[0], "hello", 5, NULL), 5);
	ck_assert_int_eq(fsock_receive(ends[1], buf, sizeof buf, &from), 5);
	ck_assert_mem_eq(buf, "hello", 5);
	ck_assert_str_eq(fsock_addr_host(&from, text, sizeof text), "");
	ck_assert_int_eq(fsock_send(ends[1], "back", 4, &from), 4);
	dgram_expect(ends[0], "back", NULL);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

/* On failure *from stays as it was. */
START_TEST(sender_kept)
{
	fsock *s = fsock_datagram(
	    NULL, 0, &(struct fsock_options){ .local_host = "127.0.0.1", .timeout = 0.01 });
	struct fsock_addr from, before;
	char buf[4];

	memset(&from, 0x5a, sizeof from);
	before = from;
	ck_assert_int_eq(fsock_receive(s, buf, sizeof buf, &from), -1);
	ck_assert_mem_eq(&from, &before, sizeof from);
	fsock_close(s);
}
END_TEST

static fsock *
make_none(void)
{
	return NULL;
}

static fsock *
make_listener(void)
{
	return fsock_listen("127.0.0.1", 0, NULL);
}

static fsock *
make_datagram(void)
{
	return dgram_bound(DGRAM_UDP4, "");
}

static fsock *
make_stream(void)
{
	fsock *ends[2];

	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	fsock_close(ends[1]);
	return ends[0];
}

/* A stream whose last FILE has been closed. */
static fsock *
make_closed(void)
{
	fsock *s = make_stream();

	ck_assert_int_eq(fclose(fsock_stream(s)), 0);
	return s;
}

/* Sockets that cannot do it, and a NULL buffer: which calls fail with what. */
static const struct wrong {
	const char *what;
	fsock *(*make)(void);
	int one, many; /* which calls fail */
	size_t size;
	enum fsock_error_kind kind;
	int error;
} wrongs[] = {
	{ "NULL", make_none, 1, 1, 1, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
	{ "a listener", make_listener, 1, 1, 1, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
	{ "a stream", make_stream, 0, 1, 1, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
	{ "closed", make_closed, 1, 1, 1, FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF },
	{ "no buffer", make_datagram, 1, 1, 1, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ "no buffer, a stream", make_stream, 1, 0, 1, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ "too long", make_stream, 1, 0, SIZE_MAX, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
};

START_TEST(wrong_socket)
{
	const struct wrong *row = &wrongs[_i];
	fsock *s = row->make();

	if (row->one) {
		ck_assert_int_eq(fsock_receive(s, NULL, row->size, NULL), -1);
		sock_assert_error(row->kind, row->error);
		ck_assert_str_eq(fsock_last_error()->operation, "receive");
		ck_assert_int_eq(fsock_send(s, NULL, row->size, NULL), -1);
		sock_assert_error(row->kind, row->error);
		ck_assert_str_eq(fsock_last_error()->operation, "send");
	}
	if (row->many) {
		ck_assert_int_eq(fsock_receive_many(s, NULL, row->size), -1);
		sock_assert_error(row->kind, row->error);
		ck_assert_int_eq(fsock_send_many(s, NULL, row->size), -1);
		sock_assert_error(row->kind, row->error);
	}
	fsock_close(s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("receive");
	TCase *tcase = tcase_create("receive");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, times_out, 0, COUNT(limits) * WAYS);
	tcase_add_test(tcase, past_deadline);
#if defined(__linux__)
	tcase_add_loop_test(tcase, sending_times_out, 0, WAYS);
#endif
	tcase_add_loop_test(tcase, shutdown_wakes, 0, 4 * DGRAM_KINDS);
	tcase_add_test(tcase, adopted);
	tcase_add_test(tcase, sender_kept);
	tcase_add_loop_test(tcase, wrong_socket, 0, COUNT(wrongs));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
