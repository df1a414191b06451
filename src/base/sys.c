#include "compat.h"
#include "sys.h"

#include <sys/time.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "clock.h"

#define PATIENCE INT64_C(1000000000)

/* Sets what socket() and accept() could not set at birth on this system. */
static int
finish(int fd)
{
	if (fd < 0)
		return -1;
	if (FSOCK__SOCK_CLOEXEC == 0) {
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fsock__sys_set_nonblocking(fd, 0); /* accept() may pass the listener's flag on */
	}
	return fd;
}

int
fsock__sys_socket(int family, int type, int protocol)
{
	return finish(socket(family, type | FSOCK__SOCK_CLOEXEC, protocol));
}

int
fsock__sys_accept(int fd, struct sockaddr *address, socklen_t *length)
{
	int saved = errno;
	int new;

	do
		new = fsock__accept(fd, address, length);
	while (new < 0 && errno == EINTR);
	if (new >= 0)
		errno = saved;
	return finish(new);
}

int
fsock__sys_socketpair(int family, int type, int fds[2])
{
	if (socketpair(family, type | FSOCK__SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	finish(fds[0]);
	finish(fds[1]);
	return 0;
}

int
fsock__sys_wake(int ends[2])
{
	int result = fsock__wake_ends(ends);

	/* What pipe() could not set at birth on this system. */
	for (int i = 0; i < 2 && result == 0 && FSOCK__SOCK_CLOEXEC == 0; i++) {
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
		fsock__sys_set_nonblocking(ends[i], 1);
	}
	return result;
}

int
fsock__sys_close(int fd)
{
	int saved = errno, cancel, r;

	/* Who closes has more to do: let go of locks, free memory. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = close(fd);
	pthread_setcancelstate(cancel, NULL);
	if (r < 0 && errno != EINTR)
		return -1;
	errno = saved;
	return 0;
}

ssize_t
fsock__sys_receive(int fd, void *buf, size_t n, int *flags)
{
	int saved = errno;
	ssize_t r;

	do
		r = recv(fd, buf, n, *flags);
	while (fsock__sys_interrupted(r, flags));
	if (r >= 0)
		errno = saved;
	return r;
}

ssize_t
fsock__sys_send(int fd, const void *buf, size_t n, int *flags)
{
	int saved = errno;
	ssize_t r;

	do
		r = send(fd, buf, n, *flags | FSOCK__MSG_NOSIGNAL);
	while (fsock__sys_interrupted(r, flags));
	if (r >= 0)
		errno = saved;
	return r;
}

ssize_t
fsock__sys_send_to(
    int fd, const void *buf, size_t n, const struct sockaddr *to, socklen_t length, int *flags)
{
	int saved = errno;
	ssize_t r;

	do
		r = sendto(fd, buf, n, *flags | FSOCK__MSG_NOSIGNAL, to, length);
	while (fsock__sys_interrupted(r, flags));
	if (r >= 0)
		errno = saved;
	return r;
}

ssize_t
fsock__sys_receive_message(int fd, struct msghdr *header, int *flags)
{
	struct msghdr start = *header;
	int saved = errno;
	ssize_t r;

	do {
		*header = start;
		r = recvmsg(fd, header, *flags);
	} while (fsock__sys_interrupted(r, flags));
	if (r >= 0)
		errno = saved;
	return r;
}

ssize_t
fsock__sys_send_message(int fd, const struct msghdr *header, int *flags)
{
	int saved = errno;
	ssize_t r;

	do
		r = sendmsg(fd, header, *flags | FSOCK__MSG_NOSIGNAL);
	while (fsock__sys_interrupted(r, flags));
	if (r >= 0)
		errno = saved;
	return r;
}

ssize_t
fsock__sys_read(int fd, void *buf, size_t n)
{
	int saved = errno;
	ssize_t r;

	do
		r = read(fd, buf, n);
	while (r < 0 && errno == EINTR);
	if (r >= 0)
		errno = saved;
	return r;
}

ssize_t
fsock__sys_write(int fd, const void *buf, size_t n)
{
	int saved = errno;
	ssize_t r;

	do
		r = write(fd, buf, n);
	while (r < 0 && errno == EINTR);
	if (r >= 0)
		errno = saved;
	return r;
}

int
fsock__sys_pipe(int ends[2])
{
	int saved = errno;

	if (fsock__pipe(ends) < 0)
		return -1;
	errno = saved;
	return 0;
}

ssize_t
fsock__sys_splice(int from, int to, size_t n)
{
	int saved = errno;
	ssize_t r;

	do
		r = fsock__splice(from, to, n);
	while (r < 0 && errno == EINTR);
	if (r >= 0)
		errno = saved;
	return r;
}

int
fsock__sys_poll(struct pollfd *list, size_t count, int64_t deadline)
{
	int saved = errno;

	for (;;) {
		int64_t left = fsock__clock_left(deadline);
		int r = poll(list, (nfds_t)count, fsock__clock_milliseconds(left));

		if (r < 0 && errno != EINTR)
			return -1;
		if (r > 0 || left == 0) {
			errno = saved;
			return r > 0 ? r : 0;
		}
	}
}

/* Whether a write that has failed is to be repeated. */
static int
may_write_on(int fd)
{
	if (errno == EINTR)
		return 1;
	return (errno == EAGAIN || errno == EWOULDBLOCK) &&
	       fsock__sys_wait(fd, POLLOUT, fsock__clock_after(PATIENCE)) > 0;
}

int
fsock__sys_write_all(int fd, const void *buf, size_t n)
{
	const char *octets = buf;
	int saved = errno;

	while (n > 0) {
		ssize_t r = write(fd, octets, n);

		if (r < 0 && !may_write_on(fd))
			return -1;
		if (r > 0) {
			octets += r;
			n -= (size_t)r;
		}
	}
	errno = saved;
	return 0;
}

int
fsock__sys_wait(int fd, int events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = (short)events };

	return fsock__sys_poll(&p, 1, deadline);
}

int
fsock__sys_set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value);
}

int
fsock__sys_get_int(int fd, int level, int option, int *value)
{
	socklen_t length = sizeof *value;

	return getsockopt(fd, level, option, value, &length);
}

int
fsock__sys_set_timeout(int fd, int option, int64_t span)
{
	struct timeval tv = { 0, 0 };

	if (span != FSOCK__NEVER) {
		tv.tv_sec = (time_t)(span / 1000000000);
		tv.tv_usec = (suseconds_t)(span % 1000000000 / 1000);
		if (tv.tv_sec == 0 && tv.tv_usec == 0)
			tv.tv_usec = 1; /* zero would mean without end */
	}
	return setsockopt(fd, SOL_SOCKET, option, &tv, sizeof tv);
}

int64_t
fsock__sys_get_timeout(int fd, int option)
{
	struct timeval tv = { 0, 0 };
	socklen_t length = sizeof tv;
	int saved = errno;
	int64_t seconds;

	getsockopt(fd, SOL_SOCKET, option, &tv, &length);
	errno = saved;
	seconds = tv.tv_sec;
	if ((seconds == 0 && tv.tv_usec == 0) || seconds > 8000000000)
		return FSOCK__NEVER;
	return seconds * 1000000000 + (int64_t)tv.tv_usec * 1000;
}

int
fsock__sys_set_nonblocking(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) < 0 ? -1 : 0;
}

int
fsock__sys_is_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || (flags & O_NONBLOCK) != 0;
}
