#include "../compat.h"
#include "transfer.h"

#include <poll.h>

#include "clock.h"
#include "error.h"
#include "process.h"
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

/*
 * After a call that came back with EAGAIN: 1 if it is to be tried again, -1 with the error
 * recorded. A blocking call says EAGAIN when its timeout has run out.
 */
static int
try_again(struct fsock *s, const char *operation, int flags, int events, int64_t timeout)
{
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return fsock__socket_error(s, operation, errno);
	if (flags == 0 && !fsock__sys_is_nonblocking(s->fd))
		return fsock__error_set_kind(
		    operation, s->host, s->port, FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	return await(s, operation, events, timeout) < 0 ? -1 : 1;
}

/* Whether the deadline leaves the operation any time: 0, or -1 with the error recorded. */
static int
check_deadline(struct fsock *s, const char *operation)
{
	if (fsock__clock_left(s->deadline) > 0)
		return 0;
	return fsock__error_set_kind(
	    operation, s->host, s->port, FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
}

ssize_t
fsock__transfer_receive(struct fsock *s, void *buf, size_t n)
{
	int flags = s->deadline == FSOCK__NEVER ? 0 : MSG_DONTWAIT;
	int saved = errno;
	ssize_t r;

	s->used = fsock__process();
	if (flags != 0 && check_deadline(s, "read") < 0)
		return -1;
	while ((r = fsock__sys_receive(s->fd, buf, n, &flags)) < 0)
		if (try_again(s, "read", flags, POLLIN, s->settings.read_timeout) < 0)
			return -1;
	errno = saved;
	return r;
}

int
fsock__transfer_send(struct fsock *s, const void *buf, size_t n)
{
	int flags = s->deadline == FSOCK__NEVER ? 0 : MSG_DONTWAIT;
	int saved = errno;
	const char *p = buf;

	s->used = fsock__process();
	if (flags != 0 && check_deadline(s, "write") < 0)
		return -1;
	while (n > 0) {
		ssize_t r = fsock__sys_send(s->fd, p, n, &flags);

		if (r >= 0) {
			p += r;
			n -= (size_t)r;
		} else if (try_again(s, "write", flags, POLLOUT, s->settings.write_timeout) < 0) {
			return -1;
		}
	}
	errno = saved;
	return 0;
}
