/* What other threads do to a list, and to its members, while one waits. */
#include "../../src/base/compat.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/sock_support.h"
#include "../support/wait_support.h"

/* A thread that waits, and what came of it. */
static fsock_waitlist *list;
static fsock *s, *other;
static int peer, other_peer;
static struct sock_thread waiter;
static struct fsock_event event;
static int result, error;

static void
wait_once(void *arg)
{
	double *timeout = arg;

	result = fsock_waitlist_wait(list, *timeout, NULL);
	error = errno;
	fsock_waitlist_next(list, &event);
}

/* One member, and a socket that is none; the thread waits. */
static void
begin(int backend, const struct fsock_options *options)
{
	static double timeout = 20;

	list = wait_list(backend);
	s = sock_raw(SOCK_PAIR, options, &peer);
	other = sock_raw(SOCK_PAIR, NULL, &other_peer);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	memset(&event, 0, sizeof event);
	sock_thread_start(&waiter, wait_once, &timeout);
	sock_thread_await_blocked(&waiter);
}

/* The wait has ended with this member, or with none. */
static void
finish(fsock *ready, int state)
{
	sock_thread_join(&waiter);
	ck_assert_int_eq(result, ready != NULL);
	ck_assert_ptr_eq(event.socket, ready);
	ck_assert_int_eq(event.state, state);
	fsock_waitlist_free(list);
	fsock_close(s);
	fsock_close(other);
	close(peer);
	close(other_peer);
}

START_TEST(input)
{
	begin(_i, NULL);
	ck_assert_int_eq(write(peer, "x", 1), 1);
	finish(s, FSOCK_INPUT);
}
END_TEST

START_TEST(woken)
{
	begin(_i, NULL);
	ck_assert_int_eq(fsock_waitlist_wake(list), 0);
	finish(NULL, 0);
}
END_TEST

START_TEST(added)
{
	begin(_i, NULL);
	ck_assert_int_eq(fsock_waitlist_add(list, other, FSOCK_OUTPUT, NULL), 0);
	finish(other, FSOCK_OUTPUT);
}
END_TEST

/* A thread that is to be cancelled does what it began: no lock is left taken. */
static void
add_and_end(void *arg)
{
	(void)arg;
	pthread_cancel(pthread_self());
	fsock_waitlist_add(list, other, FSOCK_OUTPUT, NULL);
	pthread_testcancel();
}

START_TEST(added_by_cancelled)
{
	struct sock_thread adder;

	begin(_i, NULL);
	sock_thread_start(&adder, add_and_end, NULL);
	sock_thread_join(&adder);
	finish(other, FSOCK_OUTPUT);
}
END_TEST

/* A wait that is cancelled, early or late, leaves the list as if it had ended. */
static void
wait_and_end(void *arg)
{
	(void)arg;
	pthread_cancel(pthread_self());
	fsock_waitlist_wait(list, 20, NULL);
}

START_TEST(cancelled)
{
	int early = _i % 2;

	begin(_i / 2, NULL);
	if (early) {
		ck_assert_int_eq(fsock_waitlist_wake(list), 0);
		sock_thread_join(&waiter);
		sock_thread_start(&waiter, wait_and_end, NULL);
	} else {
		ck_assert_int_eq(fsock_waitlist_remove(list, s), 0);
		ck_assert_int_eq(pthread_cancel(waiter.thread), 0);
	}
	sock_thread_join(&waiter);
	ck_assert_int_eq(fsock_waitlist_add(list, other, FSOCK_OUTPUT, NULL), 0);
	sock_thread_start(&waiter, wait_once, &(double){ 20 });
	finish(other, FSOCK_OUTPUT);
}
END_TEST

/* A member whose input has been read ahead: the kernel knows nothing of it. */
START_TEST(added_with_rest)
{
	begin(_i, NULL);
	ck_assert_int_eq(write(other_peer, "a\nb\n", 4), 4);
	ck_assert_int_eq(getc(fsock_stream(other)), 'a');
	ck_assert_int_eq(fsock_waitlist_add(list, other, FSOCK_INPUT, NULL), 0);
	finish(other, FSOCK_INPUT);
}
END_TEST

START_TEST(changed)
{
	begin(_i, NULL);
	ck_assert_int_eq(fsock_waitlist_change(list, s, FSOCK_IO, NULL), 0);
	finish(s, FSOCK_OUTPUT);
}
END_TEST

/* What leaves is not reported; that the thread still waits shows in what comes after. */
START_TEST(removed)
{
	begin(_i, NULL);
	ck_assert_int_eq(fsock_waitlist_remove(list, s), 0);
	ck_assert_int_eq(write(peer, "x", 1), 1);
	ck_assert_int_eq(fsock_waitlist_add(list, other, FSOCK_OUTPUT, NULL), 0);
	finish(other, FSOCK_OUTPUT);
}
END_TEST

START_TEST(closed)
{
	begin(_i, NULL);
	ck_assert_int_eq(fsock_close(s), 0);
	s = NULL;
	ck_assert_uint_eq(fsock_waitlist_count(list), 0);
	ck_assert_int_eq(fsock_waitlist_add(list, other, FSOCK_OUTPUT, NULL), 0);
	finish(other, FSOCK_OUTPUT);
}
END_TEST

START_TEST(stream_closed)
{
	FILE *f;

	begin(_i, NULL);
	f = fsock_stream(s);
	ck_assert_int_eq(fclose(f), 0);
	finish(s, FSOCK_FAILED);
	ck_assert_int_eq(event.error, EBADF);
}
END_TEST

START_TEST(second_waiter)
{
	begin(_i, NULL);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), -1);
	ck_assert_int_eq(errno, EBUSY);
	ck_assert_ptr_null(fsock_waitlist_next(list, NULL));
	ck_assert_int_eq(write(peer, "x", 1), 1);
	finish(s, FSOCK_INPUT);
}
END_TEST

static void
read_line(void *arg)
{
	char line[8];

	if (fgets(line, sizeof line, arg) == NULL)
		abort();
}

/*
 * Another thread takes all from the kernel, first, and leaves a line in the buffers: only the
 * stream can tell the waiting thread. It waits with a member of its own, whose turn comes when the
 * reader has read; the kernel's word for the other is taken back by then.
 */
START_TEST(read_by_another)
{
	static double timeout = 20;
	struct sock_thread reader;
	FILE *f;

	list = wait_list(_i);
	s = sock_raw(SOCK_PAIR, NULL, &peer);
	other = sock_raw(SOCK_PAIR, NULL, &other_peer);
	f = fsock_stream(s);
	ck_assert_int_eq(write(peer, "1\n2\n3\n", 6), 6);
	sock_thread_start(&reader, read_line, f);
	sock_thread_join(&reader);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	for (int line = 2; line <= 3; line++) {
		sock_thread_start(&waiter, wait_once, &timeout);
		sock_thread_join(&waiter);
		ck_assert_int_eq(result, 1);
		sock_thread_start(&reader, read_line, f);
		sock_thread_join(&reader);
	}
	sock_thread_start(&waiter, wait_once, &timeout);
	sock_thread_await_blocked(&waiter);
	event.socket = NULL;
	ck_assert_int_eq(fsock_waitlist_add(list, other, FSOCK_OUTPUT, NULL), 0);
	finish(other, FSOCK_OUTPUT);
}
END_TEST

/*
 * A thread that sits in fgets() has the FILE's lock: nothing is buffered then, and nobody is
 * blocked.
 */
START_TEST(reader_blocked)
{
	struct sock_thread reader;

	list = wait_list(_i);
	s = sock_raw(SOCK_PAIR, NULL, &peer);
	sock_thread_start(&reader, read_line, fsock_stream(s));
	sock_thread_await_blocked(&reader);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.05, NULL), 0);
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 0.05, NULL), 0);
	ck_assert_int_eq(write(peer, "1\n", 2), 2);
	sock_thread_join(&reader);
	fsock_waitlist_free(list);
	fsock_close(s);
	close(peer);
}
END_TEST

/* A FILE that another thread has locked says nothing: the wait looks again, and finds the rest. */
START_TEST(locked)
{
	FILE *f;

	list = wait_list(_i);
	s = sock_raw(SOCK_PAIR, NULL, &peer);
	other = sock_raw(SOCK_PAIR, NULL, &other_peer);
	f = fsock_stream(s);
	ck_assert_int_eq(write(peer, "1\n2\n", 4), 4);
	ck_assert_int_eq(getc(f), '1');
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	flockfile(f);
	sock_thread_start(&waiter, wait_once, &(double){ 20 });
	sock_thread_await_blocked(&waiter);
	funlockfile(f);
	finish(s, FSOCK_INPUT);
}
END_TEST

/* Two threads, each with a list, wait for one whole-line stream: a line is told to both. */
static fsock_waitlist *lists[2];
static atomic_int told;

static void
wait_for_line(void *arg)
{
	if (fsock_waitlist_wait(*(fsock_waitlist **)arg, 20, NULL) == 1)
		told++;
}

START_TEST(whole_line_for_two)
{
	static const struct fsock_options whole = { .delivery = FSOCK_DELIVER_WHOLE_LINE };
	struct sock_thread threads[2];

	told = 0;
	s = sock_raw(SOCK_TCP4, &whole, &peer);
	ck_assert_ptr_nonnull(fsock_stream(s));
	for (int i = 0; i < 2; i++) {
		lists[i] = wait_list(i == 0 ? _i : 0);
		ck_assert_int_eq(fsock_waitlist_add(lists[i], s, FSOCK_INPUT, NULL), 0);
		sock_thread_start(&threads[i], wait_for_line, &lists[i]);
		sock_thread_await_blocked(&threads[i]);
	}
	ck_assert_int_eq(write(peer, "a li", 4), 4);
	ck_assert_int_eq(write(peer, "ne\n", 3), 3);
	for (int i = 0; i < 2; i++)
		sock_thread_join(&threads[i]);
	ck_assert_int_eq(told, 2);
	fsock_close(s);
	for (int i = 0; i < 2; i++)
		fsock_waitlist_free(lists[i]);
	close(peer);
}
END_TEST

/*
 * One thread waits and reads; another makes connections, adds them, says a line on each and closes
 * every other one. All lines of the rest arrive, and nothing is used after it was freed.
 */
enum { TURNS = 300 };
static fsock *made[TURNS];
static atomic_int heard, done;

static void
serve(void *arg)
{
	struct fsock_event e;
	char octets[16];

	(void)arg;
	while (!done || heard < TURNS / 2) {
		if (fsock_waitlist_wait(list, 20, NULL) < 0)
			return;
		while (fsock_waitlist_next(list, &e) != NULL)
			if (e.user != NULL && read(*(int *)e.user, octets, sizeof octets) == 2)
				heard++;
	}
}

START_TEST(crowd)
{
	static int fds[TURNS], others[TURNS];

	heard = done = 0;
	list = wait_list(_i);
	sock_thread_start(&waiter, serve, NULL);
	for (int i = 0; i < TURNS; i++) {
		made[i] = sock_raw(SOCK_PAIR, NULL, &others[i]);
		fds[i] = fsock_socket(made[i]);
		ck_assert_int_eq(
		    fsock_waitlist_add(list, made[i], FSOCK_INPUT, i % 2 ? &fds[i] : NULL), 0);
		ck_assert_int_eq(write(others[i], "x\n", 2), 2);
		if (i % 2 == 0) {
			ck_assert_int_eq(fsock_waitlist_remove(list, made[i]), 0);
			ck_assert_int_eq(fsock_close(made[i]), 0);
		}
	}
	done = 1;
	ck_assert_int_eq(fsock_waitlist_wake(list), 0);
	sock_thread_join(&waiter);
	ck_assert_int_eq(heard, TURNS / 2);
	ck_assert_uint_eq(fsock_waitlist_count(list), TURNS / 2);
	fsock_waitlist_free(list);
	for (int i = 0; i < TURNS; i++) {
		if (i % 2)
			fsock_close(made[i]);
		close(others[i]);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("waitlist_thread");
	TCase *tcase = tcase_create("waitlist_thread");
	int n = wait_backends();

	tcase_add_loop_test(tcase, input, 0, n);
	tcase_add_loop_test(tcase, woken, 0, n);
	tcase_add_loop_test(tcase, added, 0, n);
	tcase_add_loop_test(tcase, added_by_cancelled, 0, n);
	tcase_add_loop_test(tcase, cancelled, 0, 2 * n);
	tcase_add_loop_test(tcase, added_with_rest, 0, n);
	tcase_add_loop_test(tcase, changed, 0, n);
	tcase_add_loop_test(tcase, removed, 0, n);
	tcase_add_loop_test(tcase, closed, 0, n);
	tcase_add_loop_test(tcase, stream_closed, 0, n);
	tcase_add_loop_test(tcase, second_waiter, 0, n);
	tcase_add_loop_test(tcase, read_by_another, 0, n);
	tcase_add_loop_test(tcase, reader_blocked, 0, n);
	tcase_add_loop_test(tcase, locked, 0, n);
	tcase_add_loop_test(tcase, whole_line_for_two, 0, n);
	tcase_add_loop_test(tcase, crowd, 0, n);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
