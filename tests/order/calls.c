/*
 * What the library's objects call instead of libc, order_NAME(), and what the programs' objects do,
 * program_NAME(): library.syms and programs.syms rename the calls. What libc does inside is
 * modelled: fopencookie() takes the list of FILEs for a moment, as does fclose(); a function of a
 * FILE is called with the FILE's lock held.
 */
#include "../../src/base/compat.h"
#include "../../src/base/lock.h"
#include "order.h"

#include <fsock.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "../support/cookie.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define HERE __builtin_frame_address(0)

/* Libc's list, as an object. */
static const char list;

/* ---- Mutexes of the library, by the folder that makes them. */

#define MAKE(folder)                                                              \
	int order_init_##folder(pthread_mutex_t *m, const pthread_mutexattr_t *a) \
	{                                                                         \
		order_make(m, #folder, __builtin_return_address(0));              \
		return pthread_mutex_init(m, a);                                  \
	}
MAKE(base)
MAKE(net)
MAKE(sock)
MAKE(wait)
MAKE(stream)
MAKE(server)
MAKE(tls)

/* A wait list's lock is made in base, for src/wait. */
void
order_lock_init(struct fsock__lock *lock)
{
	fsock__lock_init(lock);
	order_make(&lock->mutex, "wait", __builtin_return_address(0));
}

int
order_mutex_lock(pthread_mutex_t *m)
{
	order_take(order_class(m), m, ORDER_WAITS, NULL);
	return pthread_mutex_lock(m);
}

/* Tried for in a loop is waited for: so it has a place in the order as well. */
int
order_mutex_trylock(pthread_mutex_t *m)
{
	int r = pthread_mutex_trylock(m);

	if (r == 0)
		order_take(order_class(m), m, ORDER_WAITS, NULL);
	return r;
}

int
order_mutex_unlock(pthread_mutex_t *m)
{
	order_give(m);
	return pthread_mutex_unlock(m);
}

static void
wait_begins(const char *call, pthread_mutex_t *m)
{
	order_give(m);
	if (order_holds_mutex())
		order_forbid(call, "waits with a mutex held");
}

int
order_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	int r;

	wait_begins("pthread_cond_wait", m);
	r = pthread_cond_wait(c, m);
	order_take(order_class(m), m, ORDER_WAITS, NULL);
	return r;
}

int
order_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	int r;

	wait_begins("pthread_cond_timedwait", m);
	r = pthread_cond_timedwait(c, m, until);
	order_take(order_class(m), m, ORDER_WAITS, NULL);
	return r;
}

/* ---- Calls that may wait. */

static void
check_waits(const char *call, int may_wait)
{
	if (may_wait && order_holds_mutex())
		order_forbid(call, "may wait with a mutex held");
}

/* By the bare system calls: the program may stand in for the others. */
static int
is_blocking(int fd)
{
	return order_holds_mutex() && (syscall(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK) == 0;
}

static int
lingers(int fd)
{
	struct linger l = { 0, 0 };
	socklen_t n = sizeof l;
	int saved = errno;

	if (order_holds_mutex())
		syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_LINGER, &l, &n);
	errno = saved;
	return l.l_onoff && l.l_linger > 0;
}

#define WAITS(type, name, parameters, arguments, may_wait) \
	type order_##name parameters                       \
	{                                                  \
		check_waits(#name, may_wait);              \
		return name arguments;                     \
	}
#define TRANSFERS(type, name, parameters, arguments) \
	WAITS(type, name, parameters, arguments, !(flags & MSG_DONTWAIT) && is_blocking(fd))

TRANSFERS(ssize_t, recv, (int fd, void *b, size_t n, int flags), (fd, b, n, flags))
TRANSFERS(ssize_t, send, (int fd, const void *b, size_t n, int flags), (fd, b, n, flags))
TRANSFERS(ssize_t, recvfrom,
    (int fd, void *b, size_t n, int flags, struct sockaddr *a, socklen_t *l),
    (fd, b, n, flags, a, l))
TRANSFERS(ssize_t, sendto,
    (int fd, const void *b, size_t n, int flags, const struct sockaddr *a, socklen_t l),
    (fd, b, n, flags, a, l))
TRANSFERS(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags))
TRANSFERS(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags), (fd, m, flags))
TRANSFERS(int, recvmmsg, (int fd, struct mmsghdr *m, unsigned n, int flags, struct timespec *t),
    (fd, m, n, flags, t))
TRANSFERS(int, sendmmsg, (int fd, struct mmsghdr *m, unsigned n, int flags), (fd, m, n, flags))
WAITS(ssize_t, read, (int fd, void *b, size_t n), (fd, b, n), is_blocking(fd))
WAITS(ssize_t, write, (int fd, const void *b, size_t n), (fd, b, n), is_blocking(fd))
WAITS(ssize_t, splice, (int from, off_t *a, int to, off_t *b, size_t n, unsigned flags),
    (from, a, to, b, n, flags), is_blocking(from) || is_blocking(to))
WAITS(int, accept4, (int fd, struct sockaddr *a, socklen_t *l, int flags), (fd, a, l, flags),
    is_blocking(fd))
WAITS(int, connect, (int fd, const struct sockaddr *a, socklen_t l), (fd, a, l), is_blocking(fd))
WAITS(int, close, (int fd), (fd), lingers(fd))
WAITS(int, poll, (struct pollfd * p, nfds_t n, int timeout), (p, n, timeout), timeout != 0)
WAITS(int, epoll_wait, (int fd, struct epoll_event *e, int n, int timeout), (fd, e, n, timeout),
    timeout != 0)
WAITS(int, sched_yield, (void), (), 1)
WAITS(int, pthread_join, (pthread_t thread, void **result), (thread, result), 1)
WAITS(int, getaddrinfo,
    (const char *h, const char *s, const struct addrinfo *hints, struct addrinfo **r),
    (h, s, hints, r), 1)
WAITS(int, getnameinfo,
    (const struct sockaddr *a, socklen_t n, char *h, socklen_t hn, char *s, socklen_t sn,
	int flags),
    (a, n, h, hn, s, sn, flags), 1)

/* ---- FILEs of the library: its functions are called with the FILE's lock held. */

static int
cookie_enter(struct cookie *c, const void *frame)
{
	int depth = order_depth();

	if (order_is_exiting())
		order_take(ORDER_LIST, &list, ORDER_WAITS, frame);
	if (!c->is_closing) /* nobody comes by it from libc's list any more */
		order_take(ORDER_FILE, c->file, ORDER_WAITS, frame);
	return depth;
}

static void
cookie_leave(struct cookie *c, int depth)
{
	(void)c;
	order_return(depth);
}

static void
touch_list(void)
{
	int depth = order_depth();

	order_take(ORDER_LIST, &list, ORDER_WAITS, HERE);
	order_return(depth);
}

static void
check_stdio(const char *call)
{
	if (order_holds_mutex())
		order_forbid(call, "is called with a mutex held");
}

FILE *
order_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions)
{
	check_stdio("fopencookie");
	touch_list();
	return cookie_open(fopencookie, cookie, mode, functions);
}

/* ---- Stdio, as the library calls it. */

#define OPENS(name, parameters, arguments) \
	FILE *order_##name parameters      \
	{                                  \
		check_stdio(#name);        \
		touch_list();              \
		return name arguments;     \
	}
OPENS(open_memstream, (char **p, size_t *n), (p, n))
OPENS(fmemopen, (void *p, size_t n, const char *mode), (p, n, mode))

#define LOCKS(type, name, parameters, arguments, checks)      \
	type name##_locking parameters                        \
	{                                                     \
		int depth = order_depth();                    \
		type r;                                       \
                                                              \
		checks;                                       \
		order_take(ORDER_FILE, f, ORDER_WAITS, HERE); \
		r = name arguments;                           \
		order_return(depth);                          \
		return r;                                     \
	}
#define STDIO(type, name, parameters, arguments) \
	LOCKS(type, name, parameters, arguments, check_stdio(#name))

STDIO(size_t, fwrite, (const void *p, size_t size, size_t n, FILE *f), (p, size, n, f))
STDIO(int, fputs, (const char *text, FILE *f), (text, f))
STDIO(int, getc, (FILE * f), (f))
STDIO(int, ungetc, (int c, FILE *f), (c, f))
STDIO(int, setvbuf, (FILE * f, char *p, int mode, size_t n), (f, p, mode, n))
STDIO(int, fseeko64, (FILE * f, off64_t offset, int whence), (f, offset, whence))
STDIO(int, ferror, (FILE * f), (f))
STDIO(int, feof, (FILE * f), (f))

void
clearerr_locking(FILE *f)
{
	check_stdio("clearerr");
	clearerr(f);
}

/* ---- Stdio that matters to the order, as both call it. */

int
order_fclose(FILE *f)
{
	int depth;

	check_stdio("fclose");
	touch_list();
	depth = order_depth();
	order_take(ORDER_FILE, f, ORDER_WAITS, HERE);
	order_return(depth); /* it is locked, but nobody comes by it from libc's list any more */
	return fclose(f);
}

int
order_fflush(FILE *f)
{
	int depth = order_depth(), r;

	check_stdio("fflush");
	order_take(f ? ORDER_FILE : ORDER_LIST, f ? (const void *)f : &list, ORDER_WAITS, HERE);
	r = fflush(f);
	order_return(depth);
	return r;
}

void
order_flockfile(FILE *f)
{
	check_stdio("flockfile");
	order_take(ORDER_FILE, f, ORDER_WAITS, NULL);
	flockfile(f);
}

int
order_ftrylockfile(FILE *f)
{
	int r = ftrylockfile(f);

	if (r == 0)
		order_take(ORDER_FILE, f, ORDER_TRIES, NULL);
	return r;
}

void
order_funlockfile(FILE *f)
{
	order_give(f);
	funlockfile(f);
}

/* ---- The program's own calls: when it is called back, none of our mutexes is held. */

#define PROGRAM(type, name, parameters, arguments)                                 \
	type program_##name parameters                                             \
	{                                                                          \
		if (order_holds_mutex())                                           \
			order_forbid(#name, "the program runs with a mutex held"); \
		return name arguments;                                             \
	}
PROGRAM(int, fclose, (FILE * f), (f))
PROGRAM(int, fputs, (const char *text, FILE *f), (text, f))
PROGRAM(char *, fgets, (char *p, int n, FILE *f), (p, n, f))
PROGRAM(pid_t, fork, (void), ())
PROGRAM(FILE *, fsock_stream, (fsock * s), (s))
PROGRAM(int, fsock_close, (fsock * s), (s))
PROGRAM(int, fsock_shutdown, (fsock * s, int direction), (s, direction))
PROGRAM(ssize_t, fsock_send, (fsock * s, const void *p, size_t n, const struct fsock_addr *to),
    (s, p, n, to))
