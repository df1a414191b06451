/* src/wait/kqueue.c beyond what the tests of lists see of it: what it leaves when calls fail. */
#include "../../src/base/compat.h"

#include <sys/epoll.h>

#include <stdarg.h>
#include <unistd.h>

#include "wait/backend.h"
#include "base/clock.h"
#include "base/process.h"
#include "../support/sock_support.h"
#include "calls.h"

static int calls_to_failure; /* of epoll_ctl(), as of kevent() with a change; 0: none fails */
static int is_fcntl_broken;

int __real_epoll_ctl(int queue, int what, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int queue, int what, int fd, struct epoll_event *event);
int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, ...);

int
__wrap_epoll_ctl(int queue, int what, int fd, struct epoll_event *event)
{
	if (calls_to_failure == 0 || --calls_to_failure > 0)
		return __real_epoll_ctl(queue, what, fd, event);
	errno = ENOMEM;
	return -1;
}

int
__wrap_fcntl(int fd, int command, ...)
{
	va_list arguments;
	int argument;

	va_start(arguments, command);
	argument = va_arg(arguments, int);
	va_end(arguments);
	errno = EPERM;
	return is_fcntl_broken ? -1 : __real_fcntl(fd, command, argument);
}

int
__wrap_fcntl64(int fd, int command, ...)
{
	va_list arguments;
	int argument;

	va_start(arguments, command);
	argument = va_arg(arguments, int);
	va_end(arguments);
	return __wrap_fcntl(fd, command, argument);
}

static const struct fsock__wait_ops *const ops = &fsock__wait_kqueue;

/* A queue and a descriptor that is watched. */
struct scene {
	struct fsock__poller poller;
	struct fsock__watched watched;
	int peer;
};

static void
begin(struct scene *scene)
{
	int fds[2];

	*scene = (struct scene){ .poller = { .process = fsock__process() } };
	ck_assert_int_eq(ops->open(&scene->poller), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	scene->watched.fd = fds[0];
	scene->peer = fds[1];
	ck_assert_int_eq(write(scene->peer, "x", 1), 1);
}

static int
set(struct scene *scene, int interest)
{
	int r = ops->set(&scene->poller, &scene->watched, interest);

	if (r == 0)
		scene->watched.known = interest;
	return r;
}

/* The sides whose filters the queue has: both are ready. */
static int
filters(const struct scene *scene)
{
	struct kevent events[3];
	int n = collect(scene->poller.fd, events, 3), sides = 0;

	while (n-- > 0)
		sides |= events[n].filter == EVFILT_READ ? FSOCK_INPUT : FSOCK_OUTPUT;
	return sides;
}

static void
end(struct scene *scene)
{
	close(scene->watched.fd);
	close(scene->peer);
	ops->close(&scene->poller);
}

/* A change of interest; the n-th change fails, if any: what is watched then. */
static const struct change_row {
	int before, after, failing, r, filters;
} changes[] = {
	{ 0, FSOCK_IO, 0, 0, FSOCK_IO },
	{ 0, FSOCK_IO, 1, -1, 0 },
	{ 0, FSOCK_IO, 2, -1, 0 },
	{ FSOCK_INPUT, FSOCK_IO, 1, -1, FSOCK_INPUT },
	{ FSOCK_OUTPUT, FSOCK_IO, 1, -1, FSOCK_OUTPUT },
	{ FSOCK_INPUT, FSOCK_OUTPUT, 0, 0, FSOCK_OUTPUT },
	{ FSOCK_INPUT, FSOCK_OUTPUT, 1, -1, FSOCK_INPUT },
	{ FSOCK_IO, 0, 0, 0, 0 },
	{ FSOCK_IO, FSOCK_INPUT, 0, 0, FSOCK_INPUT },
};

START_TEST(changed)
{
	const struct change_row *row = &changes[_i];
	struct scene scene;

	begin(&scene);
	ck_assert_int_eq(set(&scene, row->before), 0);
	calls_to_failure = row->failing;
	errno = 0;
	ck_assert_int_eq(set(&scene, row->after), row->r);
	ck_assert_int_eq(errno, row->r < 0 ? ENOMEM : 0);
	calls_to_failure = 0;
	ck_assert_int_eq(filters(&scene), row->filters);
	end(&scene);
}
END_TEST

/* One filter has gone: the other goes nonetheless. */
START_TEST(forgotten)
{
	struct scene scene;

	begin(&scene);
	ck_assert_int_eq(set(&scene, FSOCK_IO), 0);
	ck_assert_int_eq(change(scene.poller.fd, scene.watched.fd, _i ? EVFILT_WRITE : EVFILT_READ,
			     EV_DELETE, NULL),
	    0);
	errno = 0;
	ck_assert_int_eq(set(&scene, 0), 0);
	ck_assert_int_eq(errno, 0);
	ck_assert_int_eq(filters(&scene), 0);
	end(&scene);
}
END_TEST

/* A thread that is cancelled does not end in a change, with the list's lock. */
static void
set_as_cancelled(void *arg)
{
	struct scene *scene = arg;

	pthread_cancel(pthread_self());
	set(scene, FSOCK_IO);
	set(scene, FSOCK_OUTPUT);
	set(scene, 0);
	scene->peer = dup(scene->peer);
}

START_TEST(cancelled)
{
	struct sock_thread thread;
	struct scene scene;
	int peer;

	begin(&scene);
	peer = scene.peer;
	sock_thread_start(&thread, set_as_cancelled, &scene);
	sock_thread_join(&thread);
	ck_assert_int_ne(scene.peer, peer);
	close(peer);
	end(&scene);
}
END_TEST

/* Another thread that starts a program meanwhile does not give the queue to it. */
START_TEST(close_on_exec)
{
	struct scene scene;

	is_fcntl_broken = 1;
	begin(&scene);
	is_fcntl_broken = 0;
	ck_assert_int_eq(fcntl(scene.poller.fd, F_GETFD), FD_CLOEXEC);
	end(&scene);
}
END_TEST

/* What it finds is what poll(2) would say. */
enum ending { OWN, OTHERS, BOTH, CLOSED, ENDINGS };

static void
end_one(struct scene *scene, enum ending how)
{
	char octet;

	if (how != CLOSED)
		ck_assert_int_eq(read(scene->watched.fd, &octet, 1), 1);
	if (how == OWN || how == BOTH)
		shutdown(scene->watched.fd, SHUT_WR);
	if (how == OTHERS || how == BOTH)
		shutdown(scene->peer, SHUT_WR);
	if (how == CLOSED)
		close(scene->peer);
}

static int
found(struct scene *scene)
{
	int state = 0, n = ops->wait(&scene->poller, 0);

	ck_assert_int_ge(n, 0);
	while (n-- > 0) {
		ck_assert_ptr_eq(scene->poller.found[n].watched, &scene->watched);
		state |= scene->poller.found[n].state;
	}
	return state;
}

START_TEST(ended)
{
	static const int states[ENDINGS][2] = {
		[OWN] = { 0, FSOCK_OUTPUT },
		[OTHERS] = { FSOCK_INPUT | FSOCK_HANGUP, FSOCK_OUTPUT },
		[BOTH] = { FSOCK_INPUT | FSOCK_HANGUP, FSOCK_OUTPUT | FSOCK_HANGUP },
		[CLOSED] = { FSOCK_INPUT | FSOCK_HANGUP, FSOCK_OUTPUT | FSOCK_HANGUP },
	};
	struct scene scene;

	begin(&scene);
	end_one(&scene, _i);
	ck_assert_int_eq(set(&scene, FSOCK_INPUT), 0);
	ck_assert_int_eq(found(&scene), states[_i][0]);
	ck_assert_int_eq(set(&scene, FSOCK_OUTPUT), 0);
	ck_assert_int_eq(found(&scene), states[_i][1]);
	ck_assert_int_eq(set(&scene, FSOCK_IO), 0);
	ck_assert_int_eq(found(&scene), states[_i][0] | states[_i][1]);
	if (_i == CLOSED)
		scene.peer = dup(scene.watched.fd);
	end(&scene);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("kqueue backend");
	TCase *tcase = tcase_create("kqueue backend");

	tcase_add_loop_test(tcase, changed, 0, COUNT(changes));
	tcase_add_loop_test(tcase, forgotten, 0, 2);
	tcase_add_test(tcase, cancelled);
	tcase_add_test(tcase, close_on_exec);
	tcase_add_loop_test(tcase, ended, 0, ENDINGS);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
