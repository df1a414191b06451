#include "../compat.h"
#include "transfer.h"

#include <poll.h>

#include "error.h"
#include "sys.h"

/*
 * One blocking system call is the common path: SO_RCVTIMEO and SO_SNDTIMEO carry the timeout. Only
 * a deadline of the whole exchange, a signal, or a descriptor that is non-blocking (its flag is
 * shared with whoever else holds the descriptor, so it may turn up at any time) makes us try
 * without waiting and then poll.
 */

/* Waits until `events`; limits are the timeout, counted from now, and the deadline. */
static int
await(struct fsock *s, const char *operation, int events, int64_t timeout)
{
	int64_t until = fsock__clock_after(timeout);
	int64_t deadline = s->deadline;
	int ready = fsock__sys_wait(s->fd, events, until < deadline ? until : deadline);

	if (ready > 0)
		return 0;
	if (ready < 0)
		return fsock__socket_error(s, operation, errno);
	return fsock__error_set_kind(operation, s->host, s->port,
	    fsock__clock_left(deadline) == 0 ? FSOCK_DEADLINE_TIMEOUT_ERROR : FSOCK_TIMEOUT_ERROR,
	    ETIMEDOUT);
}

/* A blocking call says EAGAIN when its timeout has run out. */
int
fsock__transfer_again(
    struct fsock *s, const char *operation, int flags, int events, int64_t timeout)
{
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return fsock__socket_error(s, operation, errno);
	if (flags == 0 && !fsock__sys_is_nonblocking(s->fd))
		return fsock__error_set_kind(
		    operation, s->host, s->port, FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	return await(s, operation, events, timeout);
}

int
fsock__transfer_check(struct fsock *s, const char *operation)
{
	if (fsock__clock_left(s->deadline) > 0)
		return 0;
	return fsock__error_set_kind(
	    operation, s->host, s->port, FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
}

ssize_t
fsock__transfer_receive(struct fsock *s, void *buf, size_t n)
{
	int flags, saved = errno;
	ssize_t r;

	s->used = 1;
	if (fsock__transfer_begin(s, "read", &flags) < 0)
		return -1;
	while ((r = fsock__sys_receive(s->fd, buf, n, &flags)) < 0)
		if (fsock__transfer_again(s, "read", flags, POLLIN, s->read_timeout) < 0)
			return -1;
	errno = saved;
	return r;
}

int
fsock__transfer_send(struct fsock *s, const void *buf, size_t n)
{
	int flags, saved = errno;
	const char *p = buf;

	s->used = 1;
	if (fsock__transfer_begin(s, "write", &flags) < 0)
		return -1;
	while (n > 0) {
		ssize_t r = fsock__sys_send(s->fd, p, n, &flags);

		if (r >= 0) {
			p += r;
			n -= (size_t)r;
		} else if (fsock__transfer_again(
			       s, "write", flags, POLLOUT, s->write_timeout) < 0) {
			return -1;
		}
	}
	errno = saved;
	return 0;
}
