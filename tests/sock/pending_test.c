/* Sockets that are not connected yet: whatever uses one that does not get connected tells why. */
#include "../../src/base/compat.h"

#include <sys/un.h>

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "../support/sock_support.h"
#include "../support/wait_support.h"

/* How it ends. A name is looked up first, so that it is seldom known at once. */
static const struct outcome {
	const char *host;
	double timeout;
	enum fsock_error_kind kind;
	int error;
} outcomes[] = {
	{ "127.0.0.1", 0.05, FSOCK_TIMEOUT_ERROR, ETIMEDOUT },
	{ "localhost", 5, FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED },
};

static int
use_receive(fsock *s)
{
	return (int)fsock_receive(s, (char[1]){ 0 }, 1, NULL);
}

static int
use_send(fsock *s)
{
	return (int)fsock_send(s, "x", 1, NULL);
}

static int
use_send_pending(fsock *s)
{
	return (int)fsock_send_pending(s);
}

static int
use_read(fsock *s)
{
	FILE *f = fsock_stream(s);

	clearerr(f);
	return fgetc(f) == EOF ? -1 : 0;
}

static int
use_write(fsock *s)
{
	FILE *f = fsock_stream(s);

	clearerr(f);
	return fputs("x", f) == EOF || fflush(f) == EOF ? -1 : 0;
}

static int
use_pending_of_stream(fsock *s)
{
	return fsock_stream(s) == NULL ? -1 : (int)fsock_send_pending(s);
}

static int (*const uses[])(fsock *) = { use_receive, use_send, use_send_pending, use_read,
	use_write, use_pending_of_stream };

enum driver { BY_USE, BY_LIST, BY_LIST_BLOCKING, DRIVERS };

/* Uses it until it has failed, or has a wait list do the rest. */
static void
await_failure(fsock *s, int (*use)(fsock *), int error, enum driver driver)
{
	int by_list = driver != BY_USE;
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_event event;

	while (!by_list && fsock_is_connecting(s)) {
		use(s);
		fsock_wait_for_input(&s, 1, 0.01, NULL);
	}
	if (driver == BY_LIST_BLOCKING)
		ck_assert_int_eq(fsock_set_nonblocking(s, 0), 0);
	if (by_list) {
		ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_OUTPUT, NULL), 0);
		ck_assert_int_eq(fsock_waitlist_wait(list, 10, NULL), 1);
		ck_assert_ptr_eq(fsock_waitlist_next(list, &event), s);
		ck_assert_int_eq(event.state, FSOCK_FAILED);
		ck_assert_int_eq(event.error, error);
	}
	fsock_waitlist_free(list);
}

START_TEST(not_connected)
{
	const struct outcome *row = &outcomes[_i / DRIVERS % COUNT(outcomes)];
	int (*use)(fsock *) = uses[_i / DRIVERS / COUNT(outcomes)];
	struct fsock_options options = {
		.nonblocking = FSOCK_ON, .connect_timeout = row->timeout, .family = FSOCK_IPV4_ONLY
	};
	int fds[SOCK_FULL], dead, full = sock_full("127.0.0.1", 0, fds);
	int port = row->error == ETIMEDOUT ? full : 0, refusing = sock_dead_port(SOCK_TCP4, &dead);
	fsock *s = fsock_connect(row->host, port != 0 ? port : refusing, &options);

	if (s == NULL) /* the name was looked up in no time: then it is told at once */
		sock_assert_error(row->kind, row->error);
	else
		await_failure(s, use, row->error, _i % DRIVERS);
	ck_assert_int_eq(fsock_is_connecting(s), 0);
	for (int i = 0; s != NULL && i < 2; i++) {
		ck_assert_int_eq(use(s), -1);
		sock_assert_error(row->kind, row->error);
		ck_assert_str_eq(fsock_last_error()->operation, "connect");
		ck_assert_str_eq(fsock_last_error()->host, row->host);
	}
	if (s != NULL) {
		ck_assert_int_eq(fsock_close(s), -1);
		sock_assert_error(row->kind, row->error);
	}
	close(dead);
	sock_full_free(fds);
}
END_TEST

/* A socket in a list that tries again and again: the listener's backlog is full. */
static int full[SOCK_FULL];
static fsock_waitlist *list;

static fsock *
begin_waiting(int backend, double connect_timeout)
{
	struct fsock_options options = { .nonblocking = FSOCK_ON,
		.connect_timeout = connect_timeout };
	fsock *s;

	sock_dir_make();
	sock_full(sock_path("full"), 0, full);
	list = wait_list(backend);
	s = fsock_connect(sock_path("full"), 0, &options);
	ck_assert_int_eq(fsock_is_connecting(s), 1);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_OUTPUT, NULL), 0);
	return s;
}

/* The next try will do. Only what fills the listener is accepted: the socket itself may be next. */
static void
make_room(void)
{
	struct sockaddr_un name;

	for (int i = 1; i < SOCK_FULL; i++) {
		socklen_t length = sizeof name;
		int fd;

		if (full[i] < 0 || getpeername(full[i], (struct sockaddr *)&name, &length) < 0)
			continue;
		fd = accept(full[0], NULL, NULL);
		ck_assert_int_ge(fd, 0);
		close(fd);
	}
}

static void
end_waiting(void)
{
	fsock_waitlist_free(list);
	sock_full_free(full);
	sock_dir_remove();
}

/* That the next try is due is no reason to give up what was closed with output queued. */
START_TEST(closed_meanwhile)
{
	fsock *s = begin_waiting(_i, 0);
	char octets[5];
	int fd;

	ck_assert_int_ge(fputs("hello", fsock_stream(s)), 0);
	ck_assert_int_eq(fsock_close(s), 0);
	ck_assert_uint_eq(fsock_waitlist_closing(list), 1);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.05, NULL), 0);
	ck_assert_uint_eq(fsock_waitlist_closing(list), 1);
	make_room();
	while (fsock_waitlist_closing(list) > 0)
		ck_assert_int_eq(fsock_waitlist_wait(list, INFINITY, NULL), 0);
	fd = accept(full[0], NULL, NULL);
	ck_assert_int_eq(sock_read_all(fd, octets, sizeof octets), sizeof octets);
	ck_assert_mem_eq(octets, "hello", sizeof octets);
	close(fd);
	end_waiting();
}
END_TEST

/* The list tells of the failure also if the socket is to block by then. */
START_TEST(failed_when_blocking)
{
	fsock *s = begin_waiting(_i, 0.05);
	struct fsock_event event;

	ck_assert_int_eq(fsock_set_nonblocking(s, 0), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 10, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(list, &event), s);
	ck_assert_int_eq(event.state, FSOCK_FAILED);
	ck_assert_int_eq(event.error, ETIMEDOUT);
	ck_assert_int_eq(fsock_close(s), -1);
	end_waiting();
}
END_TEST

/* In two lists: whichever is waited on goes on, whatever the other has begun. */
START_TEST(in_two_lists)
{
	fsock *s = begin_waiting(_i / 2, 0);
	fsock_waitlist *second = wait_list(_i / 2);
	struct fsock_event event;

	if (_i % 2) /* the first one has begun to connect it, and is not waited on again */
		ck_assert_int_eq(fsock_waitlist_wait(list, 0.005, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_add(second, s, FSOCK_OUTPUT, NULL), 0);
	for (int i = 0; i < 7 && _i % 2 == 0; i++)
		ck_assert_int_eq(fsock_waitlist_wait(i % 2 ? second : list, 0.005, NULL), 0);
	make_room();
	ck_assert_int_eq(fsock_waitlist_wait(second, 10, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(second, &event), s);
	ck_assert_int_eq(event.state, FSOCK_OUTPUT);
	ck_assert_int_eq(fsock_waitlist_wait(list, 10, NULL), 1);
	ck_assert_int_eq(fsock_close(s), 0);
	fsock_waitlist_free(second);
	end_waiting();
}
END_TEST

/* What a child does with its copies of the list and the socket. */
static int
child(void *s)
{
	SOCK_EXPECT(fsock_waitlist_wait(list, 0, NULL) == -1 && errno == EPERM);
	SOCK_EXPECT(fsock_send_pending(s) == 0);
	fsock_waitlist_free(list);
	SOCK_EXPECT(fsock_send_pending(s) == 0);
	SOCK_EXPECT(fsock_close(s) == 0);
	return 0;
}

START_TEST(in_a_child)
{
	fsock *s = begin_waiting(_i, 0);
	struct fsock_event event;

	ck_assert_int_eq(fsock_waitlist_wait(list, 0.01, NULL), 0);
	ck_assert_int_eq(sock_child(child, s), 0);
	make_room();
	ck_assert_int_eq(fsock_waitlist_wait(list, 10, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(list, &event), s);
	ck_assert_int_eq(event.state, FSOCK_OUTPUT);
	ck_assert_int_eq(fsock_close(s), 0);
	end_waiting();
}
END_TEST

/* One thread uses a socket while another connects it. */
static void
connect_it(void *s)
{
	while (fsock_is_connecting(s))
		fsock_waitlist_wait(list, 0.01, NULL);
}

START_TEST(used_while_connected)
{
	struct sock_thread thread;
	fsock *s = begin_waiting(_i, 0);
	FILE *f = fsock_stream(s);
	size_t n = 0;

	sock_thread_start(&thread, connect_it, s);
	while (fsock_is_connecting(s)) {
		if (n++ == 20)
			make_room();
		ck_assert_int_eq(fputc('x', f), 'x');
		ck_assert_msg(fflush(f) == 0, "%s", fsock_last_error()->text);
		if (fsock_socket(s) < 0)
			ck_assert_int_eq(errno, EINPROGRESS);
		ck_assert_int_ge(fsock_send_pending(s), 0);
	}
	sock_thread_join(&thread);
	ck_assert_int_ge(fsock_socket(s), 0);
	ck_assert_int_eq(fsock_close(s), 0);
	end_waiting();
}
END_TEST

/* What blocks until there is a connection, and then does what it is to do. */
static const struct {
	int (*use)(fsock *);
	int result;
} blocking[] = {
	{ use_receive, 1 },
	{ use_send, 1 },
	{ use_read, 0 },
	{ use_write, 0 },
};

static struct user {
	fsock *s;
	int (*use)(fsock *);
	int result;
} user;

static void
use_it(void *unused)
{
	(void)unused;
	user.result = user.use(user.s);
}

/* Makes room for one. Returns the peer of s, which comes after all that were there before. */
static int
accept_it(fsock *s, int is_listed)
{
	int peer = -1, fd = accept(full[0], NULL, NULL);

	ck_assert_int_ge(fd, 0);
	while (fsock_is_connecting(s))
		if (is_listed)
			fsock_waitlist_wait(list, 0.01, NULL);
		else
			sched_yield();
	ck_assert_int_eq(fcntl(full[0], F_SETFL, O_NONBLOCK), 0);
	for (; fd >= 0; fd = accept(full[0], NULL, NULL)) {
		if (peer >= 0)
			close(peer);
		peer = fd;
	}
	return peer;
}

START_TEST(blocks_until_connected)
{
	int row = _i / 2 % (int)COUNT(blocking), is_listed = _i % 2, peer;
	fsock *s = begin_waiting(_i / 2 / (int)COUNT(blocking), 0);
	struct sock_thread thread;
	char c = '\0';

	ck_assert_int_eq(fsock_set_nonblocking(s, 0), 0);
	if (!is_listed)
		ck_assert_int_eq(fsock_waitlist_remove(list, s), 0);
	user = (struct user){ .s = s, .use = blocking[row].use };
	sock_thread_start(&thread, use_it, NULL);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(fsock_is_connecting(s), 1);
	peer = accept_it(s, is_listed);
	ck_assert_int_eq(send(peer, "y\n", 2, 0), 2);
	sock_thread_join(&thread);
	ck_assert_int_eq(user.result, blocking[row].result);
	if (user.use == use_send || user.use == use_write) {
		ck_assert_int_eq(recv(peer, &c, 1, 0), 1);
		ck_assert_int_eq(c, 'x');
	}
	close(peer);
	ck_assert_int_eq(fsock_close(s), 0);
	end_waiting();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pending");
	TCase *tcase = tcase_create("pending");

	tcase_add_loop_test(tcase, not_connected, 0, DRIVERS * COUNT(outcomes) * COUNT(uses));
	tcase_add_loop_test(tcase, closed_meanwhile, 0, wait_backends());
	tcase_add_loop_test(tcase, failed_when_blocking, 0, wait_backends());
	tcase_add_loop_test(tcase, in_two_lists, 0, 2 * wait_backends());
	tcase_add_loop_test(tcase, in_a_child, 0, wait_backends());
	tcase_add_loop_test(tcase, used_while_connected, 0, wait_backends());
	tcase_add_loop_test(
	    tcase, blocks_until_connected, 0, 2 * (int)COUNT(blocking) * wait_backends());
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
