/*
 * Loaded in front of an example (LD_PRELOAD): the call number FAULTY_CALL of those below fails, in
 * the program called FAULTY_PROGRAM alone. What happened is appended to the file FAULTY_LOG: which
 * call it was, and whether the program ended by a signal that is never its own.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int left; /* calls until the one that fails; 0: none is to */
static int report = -1;
static uintptr_t begins, ends; /* of the program, which has the library in it */

static void
tell(const char *what)
{
	if (write(report, what, strlen(what)) < 0 || write(report, "\n", 1) < 0)
		_exit(125);
}

/*
 * Whether it is this call's turn, with errno set. libc's own calls do not fail: getaddrinfo()
 * crashes where memory is short.
 */
static int
fails(const char *call, int error, const void *caller)
{
	if ((uintptr_t)caller < begins || (uintptr_t)caller >= ends || left == 0 ||
	    atomic_fetch_sub(&left, 1) != 1)
		return 0;
	tell(call);
	errno = error;
	return 1;
}

static void
crash(int number)
{
	(void)number;
	tell("CRASHED");
	_exit(125);
}

/* The program is the first of the objects. */
static int
find_program(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	begins = ends = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t end =
		    info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;

		if (info->dlpi_phdr[i].p_type == PT_LOAD && end > ends)
			ends = end;
	}
	return 1;
}

__attribute__((constructor)) static void
begin(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGPIPE };
	const char *program = getenv("FAULTY_PROGRAM"), *log = getenv("FAULTY_LOG");
	const char *call = getenv("FAULTY_CALL");

	if (program == NULL || log == NULL || call == NULL ||
	    strcmp(program, program_invocation_short_name) != 0)
		return;
	report = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], crash);
	dl_iterate_phdr(find_program, NULL);
	left = atoi(call);
}

/* What the name means in the libraries behind this one. */
#define NEXT(name)                     \
	static __typeof__(&name) next; \
	if (next == NULL)              \
	next = (__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name)

#define FAULTY(type, name, parameters, arguments, error)                                       \
	type name parameters                                                                   \
	{                                                                                      \
		NEXT(name);                                                                    \
		return fails(#name, error, __builtin_return_address(0)) ? -1 : next arguments; \
	}

FAULTY(int, socket, (int domain, int type, int protocol), (domain, type, protocol), EMFILE)
FAULTY(int, connect, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), ECONNREFUSED)
FAULTY(int, bind, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n), EADDRINUSE)
FAULTY(int, listen, (int fd, int n), (fd, n), EADDRINUSE)
FAULTY(
    int, accept4, (int fd, struct sockaddr *a, socklen_t *n, int flags), (fd, a, n, flags), EMFILE)
FAULTY(int, setsockopt, (int fd, int level, int name, const void *v, socklen_t n),
    (fd, level, name, v, n), EINVAL)
FAULTY(int, getsockopt, (int fd, int level, int name, void *v, socklen_t *n),
    (fd, level, name, v, n), ENOBUFS)
FAULTY(int, getsockname, (int fd, struct sockaddr *a, socklen_t *n), (fd, a, n), ENOBUFS)
FAULTY(int, poll, (struct pollfd * p, nfds_t n, int limit), (p, n, limit), ENOMEM)
FAULTY(int, shutdown, (int fd, int how), (fd, how), ENOTCONN)
FAULTY(int, epoll_create1, (int flags), (flags), EMFILE)
FAULTY(int, epoll_ctl, (int e, int op, int fd, struct epoll_event *v), (e, op, fd, v), ENOMEM)
FAULTY(int, epoll_wait, (int e, struct epoll_event *v, int n, int limit), (e, v, n, limit), EINTR)
FAULTY(int, eventfd, (unsigned count, int flags), (count, flags), EMFILE)
FAULTY(ssize_t, recv, (int fd, void *b, size_t n, int flags), (fd, b, n, flags), ECONNRESET)
FAULTY(ssize_t, send, (int fd, const void *b, size_t n, int flags), (fd, b, n, flags), EPIPE)
FAULTY(ssize_t, recvfrom, (int fd, void *b, size_t n, int flags, struct sockaddr *a, socklen_t *l),
    (fd, b, n, flags, a, l), ENOMEM)
FAULTY(ssize_t, sendto,
    (int fd, const void *b, size_t n, int flags, const struct sockaddr *a, socklen_t l),
    (fd, b, n, flags, a, l), ENOBUFS)
FAULTY(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags), ENOMEM)

FILE *
fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions)
{
	NEXT(fopencookie);
	return fails("fopencookie", ENOMEM, __builtin_return_address(0))
		   ? NULL
		   : next(cookie, mode, functions);
}

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);

void *
malloc(size_t n)
{
	return fails("malloc", ENOMEM, __builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

void *
calloc(size_t count, size_t n)
{
	return fails("calloc", ENOMEM, __builtin_return_address(0)) ? NULL
								    : __libc_calloc(count, n);
}

void *
realloc(void *old, size_t n)
{
	return fails("realloc", ENOMEM, __builtin_return_address(0)) ? NULL
								     : __libc_realloc(old, n);
}
