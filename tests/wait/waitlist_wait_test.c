/* The wait on a list itself: its time, its ends, its limits, and what another process does. */
#include "../../src/base/compat.h"

#include <sys/resource.h>
#include <sys/time.h>

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/sock_support.h"
#include "../support/wait_support.h"

/* A pair whose one end is the only member. */
static fsock_waitlist *list;
static fsock *s;
static int peer;

static void
begin(int backend)
{
	list = wait_list(backend);
	s = sock_raw(SOCK_PAIR, NULL, &peer);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, &s), 0);
}

static void
finish(void)
{
	fsock_waitlist_free(list);
	fsock_close(s);
	close(peer);
}

static void
say(void)
{
	ck_assert_int_eq(write(peer, "x\n", 2), 2);
}

static const struct times {
	int members, ready, woken;
	double timeout, passes;
} times[] = {
	{ 1, 0, 0, 0, 0 },
	{ 1, 0, 0, 0.3, 0.3 },
	{ 1, 0, 0, 0.0001, 0.0001 },
	{ 1, 1, 0, 0, 0 },
	{ 1, 1, 0, 5, 0 },
	{ 1, 1, 0, INFINITY, 0 },
	{ 0, 0, 0, 0, 0 },
	{ 0, 0, 0, 0.3, 0.3 },
	{ 1, 0, 1, 5, 0 },
	{ 1, 0, 1, INFINITY, 0 },
	{ 0, 0, 1, INFINITY, 0 },
	{ 1, 1, 1, INFINITY, 0 },
	{ 1, 1, 1, 0, 0 },
};

START_TEST(timed)
{
	const struct times *row = &times[_i % COUNT(times)];
	double remaining = -1, start;

	begin(_i / COUNT(times));
	if (!row->members)
		fsock_waitlist_remove_all(list);
	if (row->ready)
		say();
	if (row->woken)
		ck_assert_int_eq(fsock_waitlist_wake(list), 0);
	errno = 0;
	start = sock_now();
	ck_assert_int_eq(fsock_waitlist_wait(list, row->timeout, &remaining), row->ready);
	ck_assert_double_ge(sock_now() - start, row->passes);
	ck_assert_double_le(sock_now() - start, row->passes + SOCK_PATIENCE);
	if (row->passes == row->timeout)
		ck_assert_double_eq(remaining, 0);
	else
		ck_assert_double_ge(remaining, row->timeout - SOCK_PATIENCE);
	ck_assert(remaining <= row->timeout);
	ck_assert_int_eq(errno, 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.05, &remaining), row->ready);
	if (!row->ready) /* it is woken once */
		ck_assert_double_eq(remaining, 0);
	finish();
}
END_TEST

START_TEST(woken_many_times)
{
	double remaining = -1;

	begin(_i);
	for (int turn = 0; turn < 2; turn++) {
		for (int i = 0; i < 70000; i++) /* more than a pipe takes */
			ck_assert_int_eq(fsock_waitlist_wake(list), 0);
		ck_assert_int_eq(fsock_waitlist_wait(list, INFINITY, NULL), 0);
		ck_assert_int_eq(fsock_waitlist_wait(list, 0.01, &remaining), 0);
		ck_assert_double_eq(remaining, 0);
	}
	finish();
}
END_TEST

/* Reads two peers until their ends: `arg` are their descriptors. */
static void
read_ends(void *arg)
{
	char scrap[4096];

	for (int i = 0; i < 2; i++)
		while (read(((int *)arg)[i], scrap, sizeof scrap) > 0)
			continue;
}

/* A list that has nothing else to tell is waited on until all that was closed is closed. */
START_TEST(closed_at_last)
{
	static const char octets[400000];
	struct sock_thread reader;
	int peers[2];

	begin(_i);
	for (int i = 0; i < 2; i++) {
		fsock *closing = sock_raw(SOCK_TCP4, NULL, &peers[i]);

		ck_assert_ptr_nonnull(fsock_stream(closing));
		ck_assert_int_eq(fsock_set_nonblocking(closing, 1), 0);
		ck_assert_int_eq(fsock_waitlist_add(list, closing, FSOCK_INPUT, NULL), 0);
		while (fsock_pending_output(closing) < (ssize_t)sizeof octets / 2)
			ck_assert_int_gt(fsock_send(closing, octets, sizeof octets, NULL), 0);
		ck_assert_int_eq(fsock_close(closing), 0);
	}
	ck_assert_uint_eq(fsock_waitlist_closing(list), 2);
	sock_thread_start(&reader, read_ends, peers);
	ck_assert_int_eq(fsock_waitlist_wait(list, INFINITY, NULL), 0);
	ck_assert_uint_eq(fsock_waitlist_closing(list), 0);
	sock_thread_join(&reader);
	close(peers[0]);
	close(peers[1]);
	finish();
}
END_TEST

static int wakes; /* whether the handler wakes the list */

static void
on_alarm(int signo)
{
	(void)signo;
	if (wakes)
		fsock_waitlist_wake(list);
}

/* What a handler has done is not lost: the wait ends with EINTR, and the wake ends the next. */
START_TEST(interrupted)
{
	/* Again and again: the first may come before the wait has begun. */
	static const struct itimerval often = { { 0, 50000 }, { 0, 50000 } }, never;
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	double remaining = -1, start;
	int n;

	wakes = _i % 2;
	begin(_i / 2);
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	do { /* what came before the wait has woken it */
		start = sock_now();
		n = fsock_waitlist_wait(list, 20, &remaining);
	} while (wakes && n == 0);
	ck_assert_int_eq(n, -1);
	sock_assert_failed(FSOCK_INTERRUPTED_CONDITION, EINTR, "wait: %s", strerror(EINTR));
	ck_assert_double_ge(remaining, 20 - (sock_now() - start) - 0.01);
	ck_assert_double_gt(remaining, 20 - SOCK_PATIENCE);
	ck_assert_double_lt(remaining, 20);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
	ck_assert_ptr_null(fsock_waitlist_next(list, NULL));
	ck_assert_int_eq(fsock_waitlist_wait(list, wakes ? 20 : 0.05, &remaining), 0);
	ck_assert_int_eq(remaining > 0, wakes);
	say();
	ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
	finish();
}
END_TEST

/* More are ready than are found at a time: each has its turn, in as few waits as there must be. */
START_TEST(each_in_its_turn)
{
	enum { CROWD = 600 };
	static fsock *crowd[CROWD];
	static int others[CROWD], told[CROWD];
	struct fsock_event event;
	struct rlimit limit;
	int least = 1000;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < 2 * CROWD + 100)
		limit.rlim_cur = 2 * CROWD + 100;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
		fprintf(stderr, "SKIPPED: no %d files may be open\n", 2 * CROWD);
		return;
	}
	begin(_i);
	memset(told, 0, sizeof told);
	for (int i = 0; i < CROWD; i++) {
		crowd[i] = sock_raw(SOCK_PAIR, NULL, &others[i]);
		ck_assert_int_eq(write(others[i], "x", 1), 1);
		ck_assert_int_eq(fsock_waitlist_add(list, crowd[i], FSOCK_INPUT, &told[i]), 0);
	}
	for (int turn = 0; turn < 30; turn++) {
		ck_assert_int_ge(fsock_waitlist_wait(list, 5, NULL), 200);
		while (fsock_waitlist_next(list, &event) != NULL)
			++*(int *)event.user;
	}
	for (int i = 0; i < CROWD; i++) {
		least = told[i] < least ? told[i] : least;
		fsock_close(crowd[i]);
		close(others[i]);
	}
	ck_assert_int_ge(least, 8); /* of 30 times 256 in 600 */
	finish();
}
END_TEST

static const struct bad {
	const char *what;
	int has_list, has_socket, interest;
	enum fsock_error_kind kind;
} bads[] = {
	{ "no list", 0, 1, FSOCK_INPUT, FSOCK_INVALID_ARGUMENT_ERROR },
	{ "no socket", 1, 0, FSOCK_INPUT, FSOCK_INVALID_SOCKET_ERROR },
	{ "interest -1", 1, 1, -1, FSOCK_INVALID_ARGUMENT_ERROR },
	{ "interest 4", 1, 1, 4, FSOCK_INVALID_ARGUMENT_ERROR },
};

START_TEST(bad)
{
	const struct bad *row = &bads[_i];
	fsock_waitlist *l;
	fsock *m;

	begin(0);
	l = row->has_list ? list : NULL;
	m = row->has_socket ? s : NULL;
	ck_assert_int_eq(fsock_waitlist_add(l, m, row->interest, NULL), -1);
	sock_assert_failed(row->kind, EINVAL, "wait list: %s", strerror(EINVAL));
	fsock_clear_error();
	ck_assert_int_eq(fsock_waitlist_change(l, m, row->interest, NULL), -1);
	sock_assert_error(row->kind, EINVAL);
	if (!row->has_list || !row->has_socket) {
		fsock_clear_error();
		ck_assert_int_eq(fsock_waitlist_remove(l, m), -1);
		sock_assert_error(row->kind, EINVAL);
	}
	ck_assert_uint_eq(fsock_waitlist_count(list), 1);
	finish();
}
END_TEST

static const double bad_times[] = { -1, -1e-9, -INFINITY, NAN };

START_TEST(bad_time)
{
	begin(0);
	say();
	ck_assert_int_eq(fsock_waitlist_wait(list, bad_times[_i], NULL), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 1);
	finish();
}
END_TEST

START_TEST(null_lists)
{
	fsock_waitlist_free(NULL);
	fsock_waitlist_remove_all(NULL);
	ck_assert_uint_eq(fsock_waitlist_count(NULL), 0);
	ck_assert_ptr_null(fsock_waitlist_next(NULL, NULL));
	ck_assert_int_eq(fsock_waitlist_wait(NULL, 0, NULL), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	fsock_clear_error();
	ck_assert_int_eq(fsock_waitlist_wake(NULL), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
}
END_TEST

START_TEST(not_a_member)
{
	int other_peer;
	fsock *other = sock_raw(SOCK_PAIR, NULL, &other_peer);

	begin(_i);
	ck_assert_int_eq(fsock_waitlist_change(list, other, FSOCK_INPUT, NULL), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(fsock_last_error()->errnum, ENOENT);
	ck_assert_uint_eq(fsock_waitlist_count(list), 1);
	fsock_close(other);
	close(other_peer);
	finish();
}
END_TEST

START_TEST(default_list)
{
	ck_assert_ptr_nonnull(list = fsock_waitlist_new());
	s = sock_raw(SOCK_PAIR, NULL, &peer);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	say();
	ck_assert_int_eq(fsock_waitlist_wait(list, 5, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(list, NULL), s);
	finish();
}
END_TEST

/* For want of descriptors, from none to one less than enough: nothing is leaked. */
START_TEST(too_many_files)
{
	int fds = sock_open_fds(), made = 0;
	struct rlimit limit, before;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	for (int room = 0; room < 8 && !made; room++) {
		int next = dup(0);

		close(next);
		limit.rlim_cur = (rlim_t)(next + room);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		errno = 0;
		list = fsock_waitlist_new();
		made = list != NULL;
		if (!made)
			sock_assert_error(FSOCK_TOO_MANY_FILES_ERROR, EMFILE);
		else
			ck_assert_int_ge(room, 1);
		fsock_waitlist_free(list);
		ck_assert_int_eq(sock_open_fds(), fds);
	}
	ck_assert(made);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
}
END_TEST

/* In a child: it closes what it has inherited, and may neither add nor change. */
static int
clear_up(void *arg)
{
	fsock *extra = arg;

	SOCK_EXPECT(fsock_waitlist_add(list, extra, FSOCK_INPUT, NULL) == -1 && errno == EPERM);
	SOCK_EXPECT(fsock_waitlist_change(list, s, FSOCK_OUTPUT, NULL) == -1 && errno == EPERM);
	SOCK_EXPECT(fsock_close(s) == 0);
	SOCK_EXPECT(fsock_waitlist_count(list) == 0);
	fsock_waitlist_free(list);
	return 0;
}

START_TEST(forked)
{
	fsock *extra[2];

	begin(_i);
	ck_assert_int_eq(fsock_pair(extra, NULL), 0);
	ck_assert_int_eq(sock_child(clear_up, extra[0]), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 0);
	say();
	ck_assert_int_eq(fsock_waitlist_wait(list, 5, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(list, NULL), s);
	for (int i = 0; i < 2; i++)
		fsock_close(extra[i]);
	finish();
}
END_TEST

/* The descriptors are not for programs that are started. */
START_TEST(close_on_exec)
{
	int before[64], n = 0;

	for (int fd = 0; fd < 64; fd++)
		before[fd] = fcntl(fd, F_GETFD);
	begin(_i);
	for (int fd = 0; fd < 64; fd++)
		if (before[fd] < 0 && fcntl(fd, F_GETFD) >= 0 && fd != peer) {
			ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
			n++;
		}
	ck_assert_int_ge(n, 2);
	finish();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("waitlist_wait");
	TCase *tcase = tcase_create("waitlist_wait");
	int n = wait_backends();

	tcase_add_loop_test(tcase, timed, 0, n * COUNT(times));
	tcase_add_loop_test(tcase, woken_many_times, 0, n);
	tcase_add_loop_test(tcase, closed_at_last, 0, n);
	tcase_add_loop_test(tcase, interrupted, 0, 2 * n);
	tcase_add_loop_test(tcase, each_in_its_turn, 0, n);
	tcase_add_loop_test(tcase, bad, 0, COUNT(bads));
	tcase_add_loop_test(tcase, bad_time, 0, COUNT(bad_times));
	tcase_add_test(tcase, null_lists);
	tcase_add_loop_test(tcase, not_a_member, 0, n);
	tcase_add_test(tcase, default_list);
	tcase_add_test(tcase, too_many_files);
	tcase_add_loop_test(tcase, forked, 0, n);
	tcase_add_loop_test(tcase, close_on_exec, 0, n);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
