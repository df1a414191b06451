/* Sockets closed while output is queued: a wait list sends it and closes them, or gives up. */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <unistd.h>

#include "../support/queue_link.h"
#include "../support/wait_support.h"

#define PENDING 400000 /* more than the kernel takes of a peer that does not read */

/* Lists of every backend, links of every transport. */
#define WAYS (wait_backends() * SOCK_TRANSPORTS)

static enum sock_transport transport;
static struct queue_link link_;
static fsock_waitlist *list;
static int fds; /* open before */

static int
begin(int i, double close_timeout)
{
	struct fsock_options options = { .close_timeout = close_timeout };

	transport = (enum sock_transport)(i % SOCK_TRANSPORTS);
	if (!sock_has(transport))
		return 0;
	fds = sock_open_fds();
	queue_link_open(&link_, transport, &options);
	list = wait_list(i / SOCK_TRANSPORTS);
	ck_assert_int_eq(fsock_waitlist_add(list, link_.s, FSOCK_INPUT, &link_), 0);
	return 1;
}

/* No descriptor is left. */
static void
finish(void)
{
	fsock_waitlist_free(list);
	close(link_.peer);
	ck_assert_int_eq(sock_open_fds(), fds);
}

/* The peer sees that not all has come: a reset where there is such a thing. */
static void
expect_cut(void)
{
	char octets[4096];
	size_t n = 0;
	ssize_t r;

	while ((r = recv(link_.peer, octets, sizeof octets, 0)) > 0)
		n += (size_t)r;
	ck_assert_uint_lt(n, link_.sent);
	if (r < 0)
		ck_assert_int_eq(errno, ECONNRESET);
	else
		ck_assert_int_eq(transport == SOCK_TCP4 || transport == SOCK_TCP6, 0);
}

/* ---- Ways to close. After each `s` is gone, or closed and not to be reported. */

static void
by_close(void)
{
	ck_assert_int_eq(fsock_close(link_.s), 0);
}

static void
by_disowned_stream(void)
{
	FILE *f = fsock_stream(link_.s);

	fsock_disown(link_.s);
	ck_assert_int_eq(fclose(f), 0);
}

static void
by_stream_then_close(void)
{
	ck_assert_int_eq(fclose(fsock_stream(link_.s)), 0);
	ck_assert_uint_eq(fsock_waitlist_closing(list), 1);
	ck_assert_int_eq(fsock_socket(link_.s), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(fsock_close(link_.s), 0);
}

static void
by_all_streams(void)
{
	FILE *in = fsock_input(link_.s), *out = fsock_output(link_.s);

	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(fclose(fsock_stream(link_.s)), 0);
	fsock_disown(link_.s);
	ck_assert_int_eq(fclose(in), 0);
}

static void
by_shutdown_then_close(void)
{
	ck_assert_int_eq(fsock_shutdown(link_.s, FSOCK_OUTPUT), 0);
	ck_assert_int_eq(fsock_close(link_.s), 0);
}

/* With something in stdio's buffer still. */
static void
by_close_unflushed(void)
{
	ck_assert_uint_eq(fwrite(queue_pattern(link_.sent, 77), 1, 77, fsock_stream(link_.s)), 77);
	link_.sent += 77;
	ck_assert_int_eq(fsock_close(link_.s), 0);
}

static void (*const closers[])(void) = { by_close, by_disowned_stream, by_stream_then_close,
	by_all_streams, by_shutdown_then_close, by_close_unflushed };

START_TEST(sent_then_closed)
{
	double start = sock_now();

	if (!begin(_i / COUNT(closers), 0))
		return;
	queue_link_fill(&link_, PENDING);
	ck_assert_uint_eq(fsock_waitlist_closing(list), 0);
	ck_assert_uint_eq(fsock_waitlist_closing(NULL), 0);
	ck_assert_uint_eq(fsock_waitlist_count(list), 1);
	closers[_i % COUNT(closers)]();
	link_.s = NULL;
	sock_assert_took(start, 0); /* it has not waited for the peer */
	ck_assert_uint_eq(fsock_waitlist_closing(list), 1);
	ck_assert_uint_eq(fsock_waitlist_count(list), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.02, NULL), 0);
	ck_assert_uint_eq(fsock_waitlist_closing(list), 1);
	queue_link_read_end(&link_, list);
	queue_link_turn(&link_, list);
	ck_assert_uint_eq(fsock_waitlist_closing(list), 0);
	finish();
}
END_TEST

/* At its time, or at the deadline of writing. A wait ends when the last of them has gone. */
START_TEST(given_up)
{
	int by_deadline = _i % 2;
	double start, remaining;

	if (!begin(_i / 2, by_deadline ? 60 : 0.15))
		return;
	queue_link_fill(&link_, PENDING);
	start = sock_now();
	if (by_deadline)
		ck_assert_int_eq(fsock_set_write_deadline(link_.s, 0.15), 0);
	ck_assert_int_eq(fsock_close(link_.s), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 60, &remaining), 0);
	sock_assert_took(start, 0.15);
	ck_assert_double_gt(remaining, 30);
	ck_assert_uint_eq(fsock_waitlist_closing(list), 0);
	expect_cut();
	finish();
}
END_TEST

/* Each way to be rid of one that is closing; only ending it or the list does anything. */
enum { ABORT, FREE, REMOVE, REMOVE_ALL, ADD, CHANGE, TIME, WAIT, CHILD, INVOLVEMENTS };

static int
freeing_child(void *arg)
{
	(void)arg;
	fsock_waitlist_free(list);
	return 0;
}

static void
involve(int what)
{
	switch (what) {
	case REMOVE:
		ck_assert_int_eq(fsock_waitlist_remove(list, link_.s), 0);
		break;
	case REMOVE_ALL:
		fsock_waitlist_remove_all(list);
		break;
	case ADD:
		ck_assert_int_eq(fsock_waitlist_add(list, link_.s, FSOCK_IO, NULL), -1);
		sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
		break;
	case CHANGE:
		ck_assert_int_eq(fsock_waitlist_change(list, link_.s, FSOCK_IO, NULL), -1);
		sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
		break;
	case TIME:
		ck_assert_int_eq(fsock_waitlist_set_timeout(list, link_.s, 0), -1);
		ck_assert_int_eq(errno, ENOENT);
		break;
	case WAIT: /* to the program it is closed */
		ck_assert_int_eq(fsock_wait_for_input(&link_.s, 1, 0, NULL), 1);
		ck_assert_int_eq(fsock_state(link_.s), FSOCK_FAILED);
		break;
	default:
		ck_assert_int_eq(sock_child(freeing_child, NULL), 0);
		break;
	}
}

START_TEST(involved)
{
	int what = _i % INVOLVEMENTS;

	if (!begin(_i / INVOLVEMENTS, 0))
		return;
	queue_link_fill(&link_, PENDING);
	ck_assert_int_eq(fclose(fsock_stream(link_.s)), 0);
	ck_assert_uint_eq(fsock_waitlist_closing(list), 1);
	if (what == ABORT) {
		ck_assert_int_eq(fsock_abort(link_.s), 0);
		expect_cut();
	} else if (what == FREE) {
		fsock_waitlist_free(list);
		list = NULL;
		expect_cut();
		ck_assert_int_eq(fsock_close(link_.s), -1); /* what was queued is lost */
	} else {
		involve(what);
		ck_assert_uint_eq(fsock_waitlist_closing(list), 1);
		ck_assert_int_eq(fsock_close(link_.s), 0);
		queue_link_read_end(&link_, list);
		queue_link_turn(&link_, list);
	}
	ck_assert_uint_eq(fsock_waitlist_closing(list), 0);
	finish();
}
END_TEST

/* A thread that is cancelled while it waits keeps nothing of what it has closed. */
static void
wait_for_ever(void *arg)
{
	(void)arg;
	fsock_waitlist_wait(list, INFINITY, NULL);
}

START_TEST(closed_by_cancelled)
{
	struct fsock_options options = { .interruptible = FSOCK_ON };
	struct queue_link second;
	struct sock_thread waiter;

	fds = sock_open_fds();
	list = wait_list(_i);
	queue_link_open(&link_, SOCK_UNIX, &options);
	queue_link_open(&second, SOCK_UNIX, &options);
	ck_assert_int_eq(fsock_waitlist_add(list, link_.s, 0, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_add(list, second.s, 0, NULL), 0);
	queue_link_fill(&link_, PENDING);
	queue_link_fill(&second, PENDING);
	ck_assert_int_eq(fsock_close(link_.s), 0);
	ck_assert_int_eq(fsock_close(second.s), 0);
	sock_thread_start(&waiter, wait_for_ever, NULL);
	while (fsock_waitlist_closing(list) > 1)
		queue_link_read(&link_, SIZE_MAX);
	pthread_cancel(waiter.thread);
	sock_thread_join(&waiter);
	close(second.peer);
	finish();
}
END_TEST

/* The peer ends it: there is nothing to wait for. */
START_TEST(peer_gone)
{
	if (!begin(_i / 2, 0))
		return;
	queue_link_fill(&link_, PENDING);
	ck_assert_int_eq(fsock_close(link_.s), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 0);
	if (_i % 2)
		queue_link_reset(&link_);
	else
		close(link_.peer);
	link_.peer = open("/dev/null", 0);
	while (fsock_waitlist_closing(list) > 0)
		ck_assert_int_eq(fsock_waitlist_wait(list, 0.01, NULL), 0);
	finish();
}
END_TEST

/* Without a list, and with one that is another process's, closing waits, but not for ever. */
START_TEST(nobody_else)
{
	double start;

	if (!begin(_i, 0.15))
		return;
	queue_link_fill(&link_, PENDING);
	fsock_waitlist_remove_all(list);
	start = sock_now();
	ck_assert_int_eq(fsock_close(link_.s), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	sock_assert_took(start, 0.15);
	expect_cut();
	finish();
}
END_TEST

/* One thread waits all the time, another opens and closes. */
static atomic_int stop;

static void
wait_on(void *arg)
{
	while (!stop)
		fsock_waitlist_wait(arg, 0.2, NULL);
}

enum { MANY = 24 };

START_TEST(by_another_thread)
{
	struct queue_link links[MANY];
	struct sock_thread waiter;
	int before = sock_open_fds();

	if (!sock_has((enum sock_transport)(_i % SOCK_TRANSPORTS)))
		return;
	list = wait_list(_i / SOCK_TRANSPORTS);
	stop = 0;
	sock_thread_start(&waiter, wait_on, list);
	for (int i = 0; i < MANY; i++) {
		queue_link_open(&links[i], (enum sock_transport)(_i % SOCK_TRANSPORTS), NULL);
		ck_assert_int_eq(fsock_waitlist_add(list, links[i].s, i % 4, NULL), 0);
		for (int j = 0; j < 5 + 4 * i; j++)
			queue_link_put(&links[i], 1000);
		ck_assert_int_eq(fsock_close(links[i].s), 0);
		links[i].s = NULL;
	}
	for (int i = 0; i < MANY; i++) {
		queue_link_read_end(&links[i], NULL);
		close(links[i].peer);
	}
	while (fsock_waitlist_closing(list) > 0)
		sched_yield();
	stop = 1;
	fsock_waitlist_wake(list);
	sock_thread_join(&waiter);
	fsock_waitlist_free(list);
	ck_assert_int_eq(sock_open_fds(), before);
}
END_TEST

/*
 * In two lists: only one closes it, the other forgets it. And while it is open, whichever of them
 * sends, neither spins, and input that was held back is reported by both.
 */
START_TEST(in_two_lists)
{
	fsock_waitlist *second, *lists[2];

	if (!begin(_i, 0))
		return;
	lists[0] = list;
	lists[1] = second = wait_list(_i / SOCK_TRANSPORTS);
	ck_assert_int_eq(fsock_waitlist_add(second, link_.s, FSOCK_INPUT, NULL), 0);
	while (!fsock_is_congested(link_.s))
		queue_link_put(&link_, 5000);
	ck_assert_int_eq(write(link_.peer, "x\n", 2), 2);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fsock_waitlist_wait(lists[i], 0, NULL), 0);
	while (fsock_pending_output(link_.s) > 0) {
		fsock_waitlist_wait(list, 0, NULL);
		ck_assert(queue_link_read(&link_, SIZE_MAX));
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(fsock_waitlist_wait(lists[i], 5, NULL), 1);
		ck_assert_int_eq(fsock_state(link_.s), FSOCK_INPUT);
		ck_assert_int_eq(fsock_waitlist_change(lists[i], link_.s, 0, NULL), 0);
	}
	queue_link_fill(&link_, PENDING);
	ck_assert_int_eq(fsock_close(link_.s), 0);
	link_.s = NULL;
	/* The program may wait on either of them. */
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(fsock_waitlist_closing(lists[i]), 1);
	queue_link_read_end(&link_, lists[_i % 2]);
	/* Input was left unread: there may be more of it, until the peer ends as well. */
	ck_assert_int_eq(shutdown(link_.peer, SHUT_WR), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fsock_waitlist_wait(lists[i], 0, NULL), 0);
	ck_assert_uint_eq(fsock_waitlist_closing(list) + fsock_waitlist_closing(second), 0);
	fsock_waitlist_free(second);
	finish();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("closing");
	TCase *t = tcase_create("closing");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, sent_then_closed, 0, WAYS * COUNT(closers));
	tcase_add_loop_test(t, given_up, 0, 2 * WAYS);
	tcase_add_loop_test(t, closed_by_cancelled, 0, wait_backends());
	tcase_add_loop_test(t, involved, 0, WAYS * INVOLVEMENTS);
	tcase_add_loop_test(t, peer_gone, 0, 2 * WAYS);
	tcase_add_loop_test(t, nobody_else, 0, WAYS);
	tcase_add_loop_test(t, by_another_thread, 0, WAYS);
	tcase_add_loop_test(t, in_two_lists, 0, WAYS);
	suite_add_tcase(suite, t);
	return sock_run(suite);
}
