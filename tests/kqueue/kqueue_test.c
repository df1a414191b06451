/* The emulation of kqueue(2): what a test of the library may rely on. */
#include "../../src/base/compat.h"

#include <sys/time.h>
#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include "../support/sock_support.h"
#include "calls.h"

static char mark, other_mark;

static void
pair(int fds[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

static void
unpair(int q, const int fds[2])
{
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_int_eq(close(q), 0);
}

/* ---- Changes. */

enum which { IT, CLOSED, DEVICE };

/* READ of the descriptor is set before. */
static const struct row {
	enum which fd;
	short filter;
	unsigned short flags;
	int error;
} rows[] = {
	{ IT, EVFILT_WRITE, EV_ADD, 0 },
	{ IT, EVFILT_READ, EV_ADD, 0 },
	{ IT, EVFILT_READ, 0, 0 },
	{ IT, EVFILT_READ, EV_DELETE, 0 },
	{ IT, EVFILT_WRITE, EV_DELETE, ENOENT },
	{ IT, EVFILT_WRITE, 0, ENOENT },
	{ CLOSED, EVFILT_READ, EV_DELETE, EBADF },
	{ CLOSED, EVFILT_READ, EV_ADD, EBADF },
	{ IT, -7, EV_ADD, EINVAL },
	{ DEVICE, EVFILT_READ, EV_ADD, ENODEV },
};

/* With room, an error is an event; without, the call fails. */
START_TEST(changed)
{
	const struct row *row = &rows[_i];
	int fds[3], q = kqueue();
	struct kevent event = { .filter = row->filter, .flags = row->flags, .udata = &other_mark },
		      told;

	pair(fds);
	fds[DEVICE] = open("/dev/null", O_RDWR);
	event.ident = (uintptr_t)fds[row->fd];
	if (row->fd == CLOSED)
		close(fds[1]);
	ck_assert_int_eq(change(q, fds[0], EVFILT_READ, EV_ADD, &mark), 0);
	errno = 0;
	ck_assert_int_eq(kevent(q, &event, 1, NULL, 0, NULL), row->error == 0 ? 0 : -1);
	ck_assert_int_eq(errno, row->error);
	errno = 0;
	if (row->error != 0) {
		ck_assert_int_eq(kevent(q, &event, 1, &told, 1, NULL), 1);
		ck_assert_int_eq(told.flags, EV_ERROR);
		ck_assert_int_eq(told.data, row->error);
		ck_assert_uint_eq(told.ident, event.ident);
		ck_assert_int_eq(told.filter, event.filter);
		ck_assert_ptr_eq(told.udata, &other_mark);
	}
	ck_assert_int_eq(errno, 0);
	close(fds[0]);
	if (row->fd != CLOSED)
		close(fds[1]);
	close(fds[DEVICE]);
	close(q);
}
END_TEST

/*
 * Of three changes the first fails, and the second if `bad`. The third is made if the others have
 * room to be told of. What is ready is not told then.
 */
static const struct receipts {
	int bad, room, told, is_made;
} receipts[] = {
	{ 0, 0, -1, 0 },
	{ 0, 1, 1, 1 },
	{ 0, 9, 1, 1 },
	{ 1, 1, -1, 0 },
	{ 1, 2, 2, 1 },
	{ 1, 9, 2, 1 },
};

START_TEST(several)
{
	const struct receipts *row = &receipts[_i];
	int fds[2], q = kqueue();
	struct kevent events[9], changes[3] = {
		{ .filter = EVFILT_READ, .flags = EV_DELETE },
		{ .filter = EVFILT_READ, .flags = row->bad ? EV_DELETE : EV_ADD },
		{ .filter = EVFILT_WRITE, .flags = EV_ADD },
	};

	pair(fds);
	for (int i = 0; i < 3; i++)
		changes[i].ident = (uintptr_t)fds[0];
	ck_assert_int_eq(kevent(q, changes, 3, events, row->room, NULL), row->told);
	if (row->told < 0)
		ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(collect(q, events, 9), row->is_made);
	unpair(q, fds);
}
END_TEST

/* The key is the number with the filter. */
START_TEST(added_twice)
{
	struct kevent events[3];
	int fds[2], q = kqueue();

	pair(fds);
	ck_assert_int_eq(change(q, fds[0], EVFILT_WRITE, EV_ADD, &mark), 0);
	ck_assert_int_eq(change(q, fds[0], EVFILT_WRITE, EV_ADD, &other_mark), 0);
	ck_assert_int_eq(collect(q, events, 3), 1);
	ck_assert_ptr_eq(events[0].udata, &other_mark);
	ck_assert_int_eq(change(q, fds[0], EVFILT_WRITE, EV_DELETE, NULL), 0);
	ck_assert_int_eq(collect(q, events, 3), 0);
	unpair(q, fds);
}
END_TEST

/* ---- Waiting. */

START_TEST(level)
{
	struct kevent event;
	int fds[2], q = kqueue();
	struct pollfd p = { .fd = q, .events = POLLIN };
	char octet;

	pair(fds);
	ck_assert_int_eq(change(q, fds[0], EVFILT_READ, EV_ADD, NULL), 0);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(kevent(q, NULL, 0, &event, 1, NULL), 1);
		ck_assert_int_eq(poll(&p, 1, 0), 1);
	}
	ck_assert_int_eq(read(fds[0], &octet, 1), 1);
	ck_assert_int_eq(collect(q, &event, 1), 0);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	unpair(q, fds);
}
END_TEST

/* With room for few, all have their turn. */
START_TEST(rotated)
{
	enum { PAIRS = 4, ALL = 2 * PAIRS };
	struct kevent events[ALL];
	int fds[PAIRS][2], q = kqueue(), room = _i + 1, seen[ALL] = { 0 }, n;

	for (int i = 0; i < PAIRS; i++) {
		pair(fds[i]);
		ck_assert_int_eq(write(fds[i][1], "x", 1), 1);
		ck_assert_int_eq(change(q, fds[i][0], EVFILT_READ, EV_ADD, &seen[2 * i]), 0);
		ck_assert_int_eq(change(q, fds[i][0], EVFILT_WRITE, EV_ADD, &seen[2 * i + 1]), 0);
	}
	for (int i = 0; i < 2 * ALL; i++) {
		n = collect(q, events, room);
		ck_assert_int_ge(n, 1);
		ck_assert_int_le(n, room);
		while (n-- > 0)
			++*(int *)events[n].udata;
	}
	for (int i = 0; i < ALL; i++)
		ck_assert_int_ge(seen[i], 1);
	ck_assert_int_eq(collect(q, events, ALL), ALL);
	for (int i = 0; i < PAIRS; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
	close(q);
}
END_TEST

static const struct span {
	struct timespec timeout;
	int error;
} spans[] = {
	{ { 0, 0 }, 0 },
	{ { 0, 20000000 }, 0 },
	{ { -1, 0 }, EINVAL },
	{ { 0, -1 }, EINVAL },
	{ { 0, 1000000000 }, EINVAL },
};

START_TEST(timed)
{
	const struct span *row = &spans[_i];
	double start = sock_now(), span = (double)row->timeout.tv_nsec / 1e9;
	struct kevent event;
	int q = kqueue();

	errno = 0;
	ck_assert_int_eq(kevent(q, NULL, 0, &event, 1, &row->timeout), row->error == 0 ? 0 : -1);
	ck_assert_int_eq(errno, row->error);
	if (row->error == 0)
		ck_assert_double_ge(sock_now() - start, span);
	close(q);
}
END_TEST

/* Without room nothing is waited for. */
START_TEST(without_room)
{
	int q = kqueue();

	ck_assert_int_eq(kevent(q, NULL, 0, NULL, 0, NULL), 0);
	close(q);
	ck_assert_int_eq(kevent(q, NULL, 0, NULL, 0, NULL), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

static void
on_alarm(int signo)
{
	(void)signo;
}

START_TEST(interrupted)
{
	static const struct itimerval often = { { 0, 50000 }, { 0, 50000 } }, never;
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct kevent event;
	int q = kqueue();

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	ck_assert_int_eq(kevent(q, NULL, 0, &event, 1, NULL), -1);
	ck_assert_int_eq(errno, EINTR);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
	close(q);
}
END_TEST

/* ---- Threads and processes. */

struct waiter {
	int q, n;
	struct kevent event;
};

static void
await(void *arg)
{
	struct waiter *w = arg;

	w->n = kevent(w->q, NULL, 0, &w->event, 1, NULL);
}

START_TEST(changed_during_a_wait)
{
	struct waiter w = { .q = kqueue() };
	struct sock_thread thread;
	int fds[2];

	pair(fds);
	sock_thread_start(&thread, await, &w);
	ck_assert_int_eq(change(w.q, fds[0], EVFILT_WRITE, EV_ADD, &mark), 0);
	sock_thread_join(&thread);
	ck_assert_int_eq(w.n, 1);
	ck_assert_ptr_eq(w.event.udata, &mark);
	unpair(w.q, fds);
}
END_TEST

static void
change_as_cancelled(void *arg)
{
	struct waiter *w = arg;

	pthread_cancel(pthread_self());
	w->n = kevent(w->q, &w->event, 1, NULL, 0, NULL);
}

/* As on NetBSD. */
START_TEST(changes_are_points_of_cancellation)
{
	struct waiter w = { .q = kqueue(), .n = 5 };
	struct sock_thread thread;

	sock_thread_start(&thread, change_as_cancelled, &w);
	sock_thread_join(&thread);
	ck_assert_int_eq(w.n, 5);
	close(w.q);
}
END_TEST

/* Its number is free. */
START_TEST(not_inherited)
{
	int q = kqueue(), status;
	pid_t child = fork();

	if (child == 0)
		_exit(kevent(q, NULL, 0, NULL, 0, NULL) == 0 || fcntl(q, F_GETFD) >= 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(kevent(q, NULL, 0, NULL, 0, NULL), 0);
	close(q);
}
END_TEST

/* Filters go with the number, even if a duplicate lives: by close(), and by dup2() over it. */
START_TEST(closed)
{
	int fds[2], q = kqueue(), copy;
	struct kevent event;

	pair(fds);
	copy = dup(fds[0]);
	ck_assert_int_eq(change(q, fds[0], EVFILT_WRITE, EV_ADD, NULL), 0);
	ck_assert_int_eq(collect(q, &event, 1), 1);
	if (_i == 0)
		ck_assert_int_eq(close(fds[0]), 0);
	else
		ck_assert_int_eq(dup2(fds[1], fds[0]), fds[0]);
	ck_assert_int_eq(collect(q, &event, 1), 0);
	if (_i == 0)
		fds[0] = dup(copy);
	ck_assert_int_eq(change(q, fds[0], EVFILT_WRITE, EV_DELETE, NULL), -1);
	ck_assert_int_eq(errno, ENOENT);
	close(copy);
	unpair(q, fds);
}
END_TEST

START_TEST(close_on_exec)
{
	int q = kqueuex(_i ? KQUEUE_CLOEXEC : 0);

	ck_assert_int_eq(fcntl(q, F_GETFD), _i ? FD_CLOEXEC : 0);
	close(q);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("kqueue");
	TCase *tcase = tcase_create("kqueue");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, changed, 0, COUNT(rows));
	tcase_add_loop_test(tcase, several, 0, COUNT(receipts));
	tcase_add_test(tcase, added_twice);
	tcase_add_test(tcase, level);
	tcase_add_loop_test(tcase, rotated, 0, 8);
	tcase_add_loop_test(tcase, timed, 0, COUNT(spans));
	tcase_add_test(tcase, without_room);
	tcase_add_test(tcase, interrupted);
	tcase_add_test(tcase, changed_during_a_wait);
	tcase_add_test(tcase, changes_are_points_of_cancellation);
	tcase_add_test(tcase, not_inherited);
	tcase_add_loop_test(tcase, closed, 0, 2);
	tcase_add_loop_test(tcase, close_on_exec, 0, 2);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
