/*
 * Calls of the system that fail when they are told to. The program that includes this defines what
 * takes the place of them, so it is one file only, and the linker must be asked for it: see WRAPPED
 * in tests/rules.mk.
 */
#ifndef TESTS_SOCK_FAULT_H
#define TESTS_SOCK_FAULT_H

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* What the calls do that are to fail. */
enum fault {
	NO_MEMORY,   /* the n-th that needs memory fails with ENOMEM */
	NO_BUFFERS,  /* the n-th other one fails with ENOBUFS */
	INTERRUPTED, /* the n-th that may wait fails with EINTR */
	SHORT,       /* all transfers move one octet: no n */
	PLAUSIBLE    /* the n-th of all fails in one of the ways that its manual names */
};

static struct {
	int armed;
	enum fault fault;
	int n;              /* which call is to fail */
	atomic_int calls;   /* how many there were */
	const char *failed; /* the one that did */
	atomic_long held;   /* pieces of memory, FILEs and answers not given back */

	/* PLAUSIBLE: see the rows of faults. */
	int way;          /* in which of its ways */
	atomic_int again; /* how often that call is still to fail so */
	int is_last;      /* it has no other way */
	int errnum;       /* ONE_OCTET: that is all that it moves */
} plan;

/* What this thread calls is the test's own: it does not fail, nor is it counted. */
static _Thread_local int own, one_octet;

enum { ONE_OCTET = -1, WAYS = 9, REPEATED = 3 };

/*
 * How calls fail, beside what is left out here: ENOBUFS or ENOMEM. EINTR and EAGAIN come more than
 * once.
 */
static const struct fault_row {
	const char *name;
	int ways[WAYS]; /* as far as they are not 0 */
} fault_rows[] = {
	{ "socket", { EMFILE, EACCES } },
	{ "socketpair", { EMFILE } },
	{ "connect", { ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EADDRNOTAVAIL } },
	{ "bind", { EADDRINUSE, EACCES } },
	{ "accept4", { ECONNABORTED, EMFILE, ENOMEM, EPROTO, EPERM, EINTR, EAGAIN } },
	{ "getpeername", { ENOTCONN } },
	{ "shutdown", { ENOTCONN } },
	{ "pipe2", { EMFILE } },
	{ "eventfd", { EMFILE } },
	{ "recv", { ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENOMEM, EINTR, EAGAIN, ONE_OCTET } },
	{ "send", { EPIPE, ECONNRESET, ENOBUFS, EHOSTUNREACH, EINTR, EAGAIN, ONE_OCTET } },
	{ "sendto", { ENETUNREACH, EPERM, ECONNREFUSED, ENOBUFS, EINTR, EAGAIN } },
	{ "sendmmsg", { ENETUNREACH, EPERM, ECONNREFUSED, ENOBUFS, EINTR, EAGAIN } },
	{ "recvfrom", { ECONNREFUSED, ENOMEM, EINTR, EAGAIN } },
	{ "recvmsg", { ECONNREFUSED, ENOMEM, EINTR, EAGAIN } },
	{ "recvmmsg", { ECONNREFUSED, ENOMEM, EINTR, EAGAIN } },
	{ "poll", { ENOMEM, EINTR } },
	{ "epoll_create1", { EMFILE, ENOMEM } },
	{ "epoll_ctl", { ENOSPC, ENOMEM } },
	{ "epoll_wait", { EINTR } },
	{ "close", { EIO, EINTR } },
	{ "close of no socket", { EIO, EINTR } },
	{ "pthread_create", { EAGAIN } },
};

static const struct fault_row *
fault_row_of(const char *name)
{
	static const struct fault_row others = { "", { ENOBUFS } }, memory = { "", { ENOMEM } };

	for (size_t i = 0; i < sizeof fault_rows / sizeof fault_rows[0]; i++)
		if (strcmp(fault_rows[i].name, name) == 0)
			return &fault_rows[i];
	return strstr(name, "alloc") != NULL || strstr(name, "open") != NULL || name[0] == 'm'
		   ? &memory
		   : &others;
}

/* The same for the ways of the row. */
static int
fails_plausibly(const char *name)
{
	const struct fault_row *row = fault_row_of(name);
	int ways = 0;

	one_octet = 0;
	if (++plan.calls == plan.n) {
		while (ways < WAYS && row->ways[ways] != 0)
			ways++;
		plan.failed = name;
		plan.errnum = row->ways[plan.way % ways]; /* threads: it may be another call */
		plan.is_last = plan.way + 1 >= ways;
		plan.again = plan.errnum == EINTR || plan.errnum == EAGAIN ? REPEATED : 1;
	} else if (plan.again == 0 || strcmp(plan.failed, name) != 0) {
		return 0;
	}
	plan.again--;
	one_octet = plan.errnum == ONE_OCTET;
	errno = plan.errnum;
	return !one_octet;
}

/* Whether this call is the one to fail; errno is set then. */
static int
fails(const char *name, enum fault fault, int errnum)
{
	if (!plan.armed || own)
		return 0;
	if (plan.fault == PLAUSIBLE)
		return fault != INTERRUPTED && fails_plausibly(name);
	if (plan.fault != fault || ++plan.calls != plan.n)
		return 0;
	plan.failed = name;
	errno = errnum;
	return 1;
}

static int
is_short(void)
{
	return plan.armed && !own && (plan.fault == SHORT || one_octet);
}

/* Counts what is made, if it was, and what is given back; the test framework's own is not. */
static void *
hold(void *made)
{
	plan.held += plan.armed && !own && made != NULL;
	return made;
}

static void
let_go(const void *made)
{
	plan.held -= plan.armed && !own && made != NULL;
}

/* Calls that take the place of NAME(args): fail, or do as it does. */
#define STAND_IN(type, name, parameters, arguments, fault, errnum, failure)             \
	type __real_##name parameters;                                                  \
	type __wrap_##name parameters;                                                  \
	type __wrap_##name parameters                                                   \
	{                                                                               \
		return fails(#name, fault, errnum) ? failure : __real_##name arguments; \
	}

#define SYSTEM_CALL(type, name, parameters, arguments) \
	STAND_IN(type, name, parameters, arguments, NO_BUFFERS, ENOBUFS, -1)

SYSTEM_CALL(int, socket, (int family, int type, int protocol), (family, type, protocol))
SYSTEM_CALL(int, connect, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n))
SYSTEM_CALL(int, bind, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n))
SYSTEM_CALL(int, listen, (int fd, int backlog), (fd, backlog))
SYSTEM_CALL(int, setsockopt, (int fd, int level, int option, const void *value, socklen_t n),
    (fd, level, option, value, n))
SYSTEM_CALL(int, getsockopt, (int fd, int level, int option, void *value, socklen_t *n),
    (fd, level, option, value, n))
SYSTEM_CALL(int, getsockname, (int fd, struct sockaddr *name, socklen_t *n), (fd, name, n))
SYSTEM_CALL(int, getpeername, (int fd, struct sockaddr *name, socklen_t *n), (fd, name, n))
SYSTEM_CALL(int, shutdown, (int fd, int how), (fd, how))
SYSTEM_CALL(int, unlink, (const char *path), (path))
SYSTEM_CALL(int, pipe2, (int fds[2], int flags), (fds, flags))
#if defined(__linux__)
SYSTEM_CALL(int, eventfd, (unsigned count, int flags), (count, flags))

/* Of these all faults are of the last kind. */
#define OTHER_CALL(type, name, parameters, arguments) \
	STAND_IN(type, name, parameters, arguments, PLAUSIBLE, 0, -1)

struct epoll_event;
OTHER_CALL(int, epoll_create1, (int flags), (flags))
OTHER_CALL(int, epoll_ctl, (int list, int what, int fd, struct epoll_event *event),
    (list, what, fd, event))
OTHER_CALL(int, epoll_wait, (int list, struct epoll_event *events, int n, int timeout),
    (list, events, n, timeout))
OTHER_CALL(int, socketpair, (int family, int type, int protocol, int fds[2]),
    (family, type, protocol, fds))
#endif

/* Calls that wait fail in one more way. */
#define WAITING_CALL(type, name, parameters, arguments)                                    \
	type __real_##name parameters;                                                     \
	type __wrap_##name parameters;                                                     \
	type __wrap_##name parameters                                                      \
	{                                                                                  \
		if (fails(#name, NO_BUFFERS, ENOBUFS) || fails(#name, INTERRUPTED, EINTR)) \
			return -1;                                                         \
		return __real_##name arguments;                                            \
	}

WAITING_CALL(
    int, accept4, (int fd, struct sockaddr *peer, socklen_t *n, int flags), (fd, peer, n, flags))
WAITING_CALL(
    ssize_t, recv, (int fd, void *buf, size_t n, int flags), (fd, buf, is_short() ? 1 : n, flags))
WAITING_CALL(ssize_t, send, (int fd, const void *buf, size_t n, int flags),
    (fd, buf, is_short() ? 1 : n, flags))
WAITING_CALL(ssize_t, sendto,
    (int fd, const void *buf, size_t n, int flags, const struct sockaddr *to, socklen_t length),
    (fd, buf, n, flags, to, length))
WAITING_CALL(ssize_t, recvfrom,
    (int fd, void *buf, size_t n, int flags, struct sockaddr *from, socklen_t *length),
    (fd, buf, n, flags, from, length))
WAITING_CALL(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
#if defined(__linux__)
WAITING_CALL(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned n, int flags),
    (fd, messages, n, flags))
WAITING_CALL(int, recvmmsg,
    (int fd, struct mmsghdr *messages, unsigned n, int flags, struct timespec *timeout),
    (fd, messages, n, flags, timeout))
#endif
WAITING_CALL(int, poll, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))

/* A close() that fails has closed. What is no socket has nothing that could be lost by that. */
int __real_close(int fd);
int __wrap_close(int fd);

int
__wrap_close(int fd)
{
	struct stat st;
	int is_socket = fstat(fd, &st) < 0 || S_ISSOCK(st.st_mode), r = __real_close(fd);
	const char *name = is_socket ? "close" : "close of no socket";

	return fails(name, NO_BUFFERS, ENOBUFS) || fails(name, INTERRUPTED, EINTR) ? -1 : r;
}

/* Names of calls that have a twin for large files. */
#if defined(__GLIBC__)
#define TWIN(prefix, name) prefix##name##64
#else
#define TWIN(prefix, name) prefix##name
#endif

int TWIN(__real_, lstat)(const char *path, struct stat *st);
int TWIN(__wrap_, lstat)(const char *path, struct stat *st);

int
TWIN(__wrap_, lstat)(const char *path, struct stat *st)
{
	return fails("lstat", NO_BUFFERS, ENOBUFS) ? -1 : TWIN(__real_, lstat)(path, st);
}

int TWIN(__real_, fcntl)(int fd, int command, ...);
int TWIN(__wrap_, fcntl)(int fd, int command, ...);

int
TWIN(__wrap_, fcntl)(int fd, int command, ...)
{
	va_list arguments;
	int argument;

	va_start(arguments, command);
	argument = va_arg(arguments, int);
	va_end(arguments);
	return fails("fcntl", NO_BUFFERS, ENOBUFS) ? -1
						   : TWIN(__real_, fcntl)(fd, command, argument);
}

/* Memory, and what is made of it. */
#define MAKER(type, name, parameters, arguments)                                               \
	type __real_##name parameters;                                                         \
	type __wrap_##name parameters;                                                         \
	type __wrap_##name parameters                                                          \
	{                                                                                      \
		return fails(#name, NO_MEMORY, ENOMEM) ? NULL : hold(__real_##name arguments); \
	}

MAKER(void *, malloc, (size_t n), (n))
MAKER(void *, calloc, (size_t count, size_t n), (count, n))
#if defined(FSOCK_FILE_FUNOPEN)
MAKER(FILE *, funopen,
    (const void *cookie, int (*readfn)(void *, char *, int),
	int (*writefn)(void *, const char *, int), off_t (*seekfn)(void *, off_t, int),
	int (*closefn)(void *)),
    (cookie, readfn, writefn, seekfn, closefn))
#else
MAKER(FILE *, fopencookie, (void *cookie, const char *mode, cookie_io_functions_t functions),
    (cookie, mode, functions))
#endif

void *__real_realloc(void *memory, size_t n);
void *__wrap_realloc(void *memory, size_t n);

void *
__wrap_realloc(void *memory, size_t n)
{
	void *made = fails("realloc", PLAUSIBLE, 0) ? NULL : __real_realloc(memory, n);

	return memory == NULL ? hold(made) : made;
}

void __real_free(void *memory);
void __wrap_free(void *memory);

void
__wrap_free(void *memory)
{
	let_go(memory);
	__real_free(memory);
}

int __real_fclose(FILE *f);
int __wrap_fclose(FILE *f);

int
__wrap_fclose(FILE *f)
{
	let_go(f);
	return __real_fclose(f);
}

void *TWIN(__real_, mmap)(void *at, size_t n, int protection, int flags, int fd, off_t offset);
void *TWIN(__wrap_, mmap)(void *at, size_t n, int protection, int flags, int fd, off_t offset);

void *
TWIN(__wrap_, mmap)(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	void *memory = MAP_FAILED;

	if (!fails("mmap", NO_MEMORY, ENOMEM))
		memory = TWIN(__real_, mmap)(at, n, protection, flags, fd, offset);
	hold(memory == MAP_FAILED ? NULL : memory);
	return memory;
}

int __real_munmap(void *memory, size_t n);
int __wrap_munmap(void *memory, size_t n);

int
__wrap_munmap(void *memory, size_t n)
{
	let_go(memory);
	return __real_munmap(memory, n);
}

int __real_getaddrinfo(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **results);
int __wrap_getaddrinfo(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **results);

int
__wrap_getaddrinfo(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **results)
{
	int eai = EAI_MEMORY;

	/* That a name is no number may be asked in vain. */
	if (hints->ai_flags & AI_NUMERICHOST || !fails("getaddrinfo", NO_MEMORY, ENOMEM))
		eai = __real_getaddrinfo(host, service, hints, results);
	if (eai == 0)
		hold(*results);
	return eai;
}

void __real_freeaddrinfo(struct addrinfo *results);
void __wrap_freeaddrinfo(struct addrinfo *results);

void
__wrap_freeaddrinfo(struct addrinfo *results)
{
	let_go(results);
	__real_freeaddrinfo(results);
}

typedef void *thread_fn(void *);
int __real_pthread_create(pthread_t *id, const pthread_attr_t *attr, thread_fn *fn, void *arg);
int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr, thread_fn *fn, void *arg);

/* The threads that the library has made and that have not ended; see settle(). */
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t ended;
	int running;
} threads = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };

struct thread_start {
	thread_fn *fn;
	void *arg;
};

static void
count_thread(int by)
{
	pthread_mutex_lock(&threads.mutex);
	threads.running += by;
	pthread_cond_signal(&threads.ended);
	pthread_mutex_unlock(&threads.mutex);
}

static void *
run_counted(void *arg)
{
	struct thread_start start = *(struct thread_start *)arg;

	__real_free(arg);
	arg = start.fn(start.arg);
	count_thread(-1);
	return arg;
}

static int
create_counted(pthread_t *id, const pthread_attr_t *attr, thread_fn *fn, void *arg)
{
	struct thread_start *start = __real_malloc(sizeof *start);
	int error;

	start->fn = fn;
	start->arg = arg;
	count_thread(1);
	error = __real_pthread_create(id, attr, run_counted, start);
	if (error != 0) {
		count_thread(-1);
		__real_free(start);
	}
	return error;
}

int
__wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr, thread_fn *fn, void *arg)
{
	int saved = errno, failed = fails("pthread_create", NO_MEMORY, ENOMEM);

	errno = saved; /* this one returns it */
	if (failed)
		return plan.fault == PLAUSIBLE ? EAGAIN : ENOMEM;
	return plan.armed && !own ? create_counted(id, attr, fn, arg)
				  : __real_pthread_create(id, attr, fn, arg);
}

/*
 * Waits until all threads that the library has made have ended: a lookup that nobody waits for any
 * more goes on, and gives its memory back when it is through.
 */
static void
settle(void)
{
	pthread_mutex_lock(&threads.mutex);
	while (threads.running > 0)
		pthread_cond_wait(&threads.ended, &threads.mutex);
	pthread_mutex_unlock(&threads.mutex);
}

#endif
