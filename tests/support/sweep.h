/*
 * A disturbance at each system call of a life in turn: just before the first one, just after it,
 * before the second one, and so on. The program that includes this defines what takes the place of
 * the calls, so it is one file only, and the linker must be asked for it: see WRAPPED in
 * tests/rules.mk.
 */
#ifndef TESTS_SWEEP_H
#define TESTS_SWEEP_H

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "exchange.h"

static struct {
	atomic_int armed;
	pthread_t thread; /* the one to be disturbed */
	int k, count;     /* at which moment, how many there were */
	int only_before;  /* just after a call is as good as just before the next one */
	void (*disturb)(void);
	struct exchange_report *report;
} sweep;

/* From here on the thread's calls count. */
static inline void
sweep_arm(int k, void (*disturb)(void), struct exchange_report *report)
{
	sweep.thread = pthread_self();
	sweep.k = k;
	sweep.count = 0;
	sweep.disturb = disturb;
	sweep.report = report;
	sweep.armed = 1;
}

static inline void
sweep_moment(const char *when, const char *name)
{
	int saved = errno;

	if (!sweep.armed || !pthread_equal(sweep.thread, pthread_self()) ||
	    (sweep.only_before && when[0] == 'a') || ++sweep.count != sweep.k)
		return;
	sweep.armed = 0;
	snprintf(sweep.report->hit, sizeof sweep.report->hit, "%s %s()", when, name);
	sweep.disturb();
	errno = saved;
}

/*
 * The moments that a sweep goes through: all from the first on; with FSOCK_SWEEP=K in the
 * environment that one alone, and a sample where every step is slow. Returns whether one is left.
 */
static inline int
sweep_goes_on(int *k, const struct exchange_report *last)
{
	const char *only = getenv("FSOCK_SWEEP");

	if (only != NULL) {
		*k = *k == 0 ? atoi(only) : -1;
		return *k > 0;
	}
	if (*k > 0 && last->hit[0] == '\0') {
		ck_assert_int_gt(*k, 10); /* else it is not the calls of a life */
		return 0;
	}
	*k += *k > 0 && getenv("FSOCK_SAMPLE") != NULL ? 7 : 1;
	return 1;
}

/* Calls that take the place of NAME(args). */
#define STEP(type, name, parameters, arguments) \
	type __real_##name parameters;          \
	type __wrap_##name parameters;          \
	type __wrap_##name parameters           \
	{                                       \
		type r_;                        \
		sweep_moment("before", #name);  \
		r_ = __real_##name arguments;   \
		sweep_moment("after", #name);   \
		return r_;                      \
	}

STEP(int, socket, (int family, int type, int protocol), (family, type, protocol))
STEP(int, socketpair, (int family, int type, int protocol, int fds[2]),
    (family, type, protocol, fds))
STEP(int, connect, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n))
STEP(int, bind, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n))
STEP(int, listen, (int fd, int backlog), (fd, backlog))
STEP(int, accept4, (int fd, struct sockaddr *peer, socklen_t *n, int flags), (fd, peer, n, flags))
STEP(int, setsockopt, (int fd, int level, int option, const void *value, socklen_t n),
    (fd, level, option, value, n))
STEP(int, getsockopt, (int fd, int level, int option, void *value, socklen_t *n),
    (fd, level, option, value, n))
STEP(int, getsockname, (int fd, struct sockaddr *name, socklen_t *n), (fd, name, n))
STEP(int, getpeername, (int fd, struct sockaddr *name, socklen_t *n), (fd, name, n))
STEP(int, shutdown, (int fd, int how), (fd, how))
STEP(int, close, (int fd), (fd))
STEP(int, poll, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))
STEP(ssize_t, read, (int fd, void *buf, size_t n), (fd, buf, n))
STEP(ssize_t, write, (int fd, const void *buf, size_t n), (fd, buf, n))
STEP(ssize_t, recv, (int fd, void *buf, size_t n, int flags), (fd, buf, n, flags))
STEP(ssize_t, send, (int fd, const void *buf, size_t n, int flags), (fd, buf, n, flags))
STEP(int, getaddrinfo,
    (const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **r),
    (host, service, hints, r))
#if defined(__linux__)
struct epoll_event;
STEP(int, epoll_create1, (int flags), (flags))
STEP(int, epoll_ctl, (int list, int what, int fd, struct epoll_event *event),
    (list, what, fd, event))
STEP(int, epoll_wait, (int list, struct epoll_event *events, int n, int timeout),
    (list, events, n, timeout))
STEP(int, eventfd, (unsigned value, int flags), (value, flags))
#endif

/* The name of a call that has a twin for large files. */
#if defined(__GLIBC__)
#define SWEEP_FCNTL(prefix) prefix##fcntl64
#else
#define SWEEP_FCNTL(prefix) prefix##fcntl
#endif

int SWEEP_FCNTL(__real_)(int fd, int command, ...);
int SWEEP_FCNTL(__wrap_)(int fd, int command, ...);

int
SWEEP_FCNTL(__wrap_)(int fd, int command, ...)
{
	va_list arguments;
	int argument, r;

	va_start(arguments, command);
	argument = va_arg(arguments, int);
	va_end(arguments);
	sweep_moment("before", "fcntl");
	r = SWEEP_FCNTL(__real_)(fd, command, argument);
	sweep_moment("after", "fcntl");
	return r;
}

#endif
