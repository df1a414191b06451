/* System calls: repeated after a signal, errno untouched on success, and failures as they are. */
#include "../../src/base/compat.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <sys/un.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sys.h"
#include "../support/sock_support.h"

static int fds[2];

static void
setup(void)
{
	errno = EDOM;
	ck_assert_int_eq(fsock__sys_socketpair(AF_UNIX, SOCK_STREAM, fds), 0);
	ck_assert_int_eq(errno, EDOM);
}

static void
teardown(void)
{
	ck_assert_int_eq(fsock__sys_close(fds[0]), 0);
	ck_assert_int_eq(fsock__sys_close(fds[1]), 0);
}

START_TEST(descriptors)
{
	for (int i = 0; i < 2; i++) {
		ck_assert_int_ne(fcntl(fds[i], F_GETFD) & FD_CLOEXEC, 0);
		ck_assert_int_eq(fsock__sys_is_nonblocking(fds[i]), 0);
		ck_assert_int_eq(fsock__sys_set_nonblocking(fds[i], 1), 0);
		ck_assert_int_eq(fsock__sys_is_nonblocking(fds[i]), 1);
		ck_assert_int_eq(fsock__sys_set_nonblocking(fds[i], 0), 0);
		ck_assert_int_eq(fsock__sys_is_nonblocking(fds[i]), 0);
	}
}
END_TEST

/* ---- Failures. ---- */

static int
pair(int fd)
{
	int ends[2];

	return fsock__sys_socketpair(fd, SOCK_STREAM, ends);
}

static int
nonblocking(int fd)
{
	return fsock__sys_set_nonblocking(fd, 1);
}

/* More descriptors than the process may have. */
static int
poll_too_many(int fd)
{
	static struct pollfd list[4096];
	struct rlimit limit, few = { .rlim_cur = 64 };
	int r, error;

	for (int i = 0; i < COUNT(list); i++)
		list[i].fd = fd;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few.rlim_max = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	r = fsock__sys_poll(list, (size_t)COUNT(list), FSOCK__NEVER);
	error = errno;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	errno = error;
	return r;
}

static const struct {
	const char *name;
	int (*call)(int fd);
	int error;
} failures[] = {
	{ "socketpair", pair, EAFNOSUPPORT },
	{ "close", fsock__sys_close, EBADF },
	{ "set_nonblocking", nonblocking, EBADF },
	{ "poll", poll_too_many, EINVAL },
};

START_TEST(failed)
{
	errno = 0;
	ck_assert_msg(failures[_i].call(-1) == -1, "%s", failures[_i].name);
	ck_assert_int_eq(errno, failures[_i].error);
}
END_TEST

/* Nobody waits on a descriptor that cannot be asked. */
START_TEST(no_descriptor)
{
	errno = EDOM;
	ck_assert_int_eq(fsock__sys_get_timeout(-1, SO_RCVTIMEO) == FSOCK__NEVER, 1);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_int_eq(fsock__sys_is_nonblocking(-1), 1);
}
END_TEST

/* ---- Limits of time, which the kernel may round up to its own ticks, but never to none. ---- */

static const int64_t spans[] = { 1, 999, 1000, 20000000, 1500000000, 3600000000000 };

START_TEST(timeouts)
{
	const int options[] = { SO_RCVTIMEO, SO_SNDTIMEO };

	for (int i = 0; i < COUNT(options); i++) {
		int64_t got;

		ck_assert(fsock__sys_get_timeout(fds[0], options[i]) == FSOCK__NEVER);
		ck_assert_int_eq(fsock__sys_set_timeout(fds[0], options[i], spans[_i]), 0);
		got = fsock__sys_get_timeout(fds[0], options[i]);
		ck_assert_int_ge(got, spans[_i]);
		ck_assert_int_le(got, spans[_i] + 20000000);
		ck_assert_int_eq(fsock__sys_set_timeout(fds[0], options[i], FSOCK__NEVER), 0);
		ck_assert(fsock__sys_get_timeout(fds[0], options[i]) == FSOCK__NEVER);
	}
}
END_TEST

/* ---- Signals. ---- */

static volatile sig_atomic_t signals;
static struct sockaddr_un address;
static int caller;

/* From the second on there is somebody to accept: the first has interrupted the call. */
static void
on_alarm(int number)
{
	int saved = errno;

	(void)number;
	if (++signals == 2 && caller >= 0)
		(void)connect(caller, (struct sockaddr *)&address, sizeof address);
	errno = saved;
}

/* Signals that come again, so that one of them comes while the call waits. */
static void
tick(int microseconds)
{
	const struct itimerval every = { { 0, microseconds }, { 0, microseconds } };
	struct sigaction action = { .sa_handler = microseconds > 0 ? on_alarm : SIG_DFL };

	if (microseconds > 0) {
		signals = 0;
		ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	}
	ck_assert_int_eq(setitimer(ITIMER_REAL, &every, NULL), 0);
	if (microseconds == 0)
		ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
}

static ssize_t
receive(int *flags)
{
	char c;

	return fsock__sys_receive(fds[0], &c, 1, flags);
}

static ssize_t
send_until_full(int *flags)
{
	static const char data[65536];
	ssize_t r;

	while ((r = fsock__sys_send(fds[0], data, sizeof data, flags)) > 0)
		;
	return r;
}

static ssize_t
send_to_until_full(int *flags)
{
	static const char data[65536];
	ssize_t r;

	while ((r = fsock__sys_send_to(fds[0], data, sizeof data, NULL, 0, flags)) > 0)
		;
	return r;
}

static const struct {
	const char *name;
	ssize_t (*call)(int *flags);
} interrupted[] = {
	{ "receive", receive },
	{ "send", send_until_full },
	{ "send_to", send_to_until_full },
};

/* After a signal the call does not wait again: its caller has a deadline to keep. */
START_TEST(waits_no_more_after_a_signal)
{
	int flags = 0, error;
	ssize_t r;

	caller = -1;
	tick(5000);
	r = interrupted[_i].call(&flags);
	error = errno;
	tick(0);
	ck_assert_msg(
	    r == -1 && error == EAGAIN, "%s: %zd, errno %d", interrupted[_i].name, r, error);
	ck_assert_int_eq(flags, MSG_DONTWAIT);
	ck_assert_int_ge(signals, 1);
}
END_TEST

START_TEST(poll_goes_on_after_a_signal)
{
	int64_t start = fsock__clock_now();

	caller = -1;
	tick(5000);
	errno = EDOM;
	ck_assert_int_eq(fsock__sys_wait(fds[0], POLLIN, start + 30000000), 0);
	ck_assert_int_eq(errno, EDOM);
	tick(0);
	ck_assert_int_ge(fsock__clock_now() - start, 30000000);
	ck_assert_int_ge(signals, 1);
}
END_TEST

START_TEST(accept_goes_on_after_a_signal)
{
	int listener, fd;

	sock_dir_make();
	address.sun_family = AF_UNIX;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", sock_path("sys"));
	listener = fsock__sys_socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	caller = fsock__sys_socket(AF_UNIX, SOCK_STREAM, 0);
	tick(5000);
	errno = EDOM;
	fd = fsock__sys_accept(listener, NULL, NULL);
	ck_assert_int_eq(errno, EDOM);
	tick(0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(signals, 2);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	close(fd);
	close(caller);
	close(listener);
	sock_dir_remove();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sys");
	TCase *t = tcase_create("sys");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, descriptors);
	tcase_add_loop_test(t, failed, 0, COUNT(failures));
	tcase_add_test(t, no_descriptor);
	tcase_add_loop_test(t, timeouts, 0, COUNT(spans));
	tcase_add_loop_test(t, waits_no_more_after_a_signal, 0, COUNT(interrupted));
	tcase_add_test(t, poll_goes_on_after_a_signal);
	tcase_add_test(t, accept_goes_on_after_a_signal);
	suite_add_tcase(suite, t);
	return sock_run(suite);
}
