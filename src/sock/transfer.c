#include "../base/compat.h"
#include "transfer.h"

#include <poll.h>

#include "../base/error.h"
#include "interrupt.h"
#include "../base/sys.h"
#include "../net/unix_file.h"

/*
 * One blocking system call is the common path: SO_RCVTIMEO and SO_SNDTIMEO carry the timeout. Only
 * a deadline, a socket that is interruptible, a signal, or a descriptor that is non-blocking (its
 * flag is shared with whoever else holds the descriptor, so it may turn up at any time) makes us
 * try without waiting and then poll.
 */

/* Records that it has. Returns -1. */
static int
deadline_passed(const struct fsock *s, const char *operation)
{
	return fsock__error_set_kind(
	    operation, s->host, s->port, FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
}

int
fsock__transfer_wait(struct fsock *s, const char *operation, int direction, int64_t until)
{
	struct pollfd p[2] = { { .fd = s->fd,
		.events = direction == FSOCK_INPUT ? POLLIN : POLLOUT } };
	int64_t deadline = fsock__transfer_deadline(s, direction);
	int ready = s->interrupt != NULL
	    ? fsock__interrupt_poll(s, direction, p, 1, until)
	    : fsock__sys_poll(p, 1, until < deadline ? until : deadline);

	if (ready > 0)
		return 0;
	if (ready < 0)
		return fsock__socket_error(s, operation, errno);
	if (s->interrupt != NULL) /* it may have been changed, and then that was it */
		deadline = fsock__transfer_deadline(s, direction);
	if (fsock__clock_left(deadline) == 0)
		return deadline_passed(s, operation);
	return fsock__error_set_kind(
	    operation, s->host, s->port, FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
}

/* A blocking call says EAGAIN when its timeout has run out. */
int
fsock__transfer_again(struct fsock *s, const char *operation, int flags, int direction)
{
	if ((errno != EAGAIN && errno != EWOULDBLOCK) || s->nonblocking)
		return fsock__socket_error(s, operation, errno);
	if (flags == 0 && !fsock__sys_is_nonblocking(s->fd))
		return fsock__error_set_kind(
		    operation, s->host, s->port, FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	return fsock__transfer_wait(s, operation, direction,
	    fsock__clock_after(
	        direction == FSOCK_INPUT ? s->read_timeout : s->write_timeout));
}

int
fsock__transfer_check(struct fsock *s, const char *operation, int direction)
{
	if (fsock__clock_left(fsock__transfer_deadline(s, direction)) > 0)
		return 0;
	return deadline_passed(s, operation);
}

/*
 * Receives up to n octets: waits for the first one, for read_timeout and until the deadline at the
 * most.
 */
static ssize_t
socket_receive(struct fsock *s, void *buf, size_t n)
{
	int flags, saved = errno;
	ssize_t r;

	fsock__transfer_use(s);
	if (fsock__transfer_begin(s, "read", FSOCK_INPUT, &flags) < 0)
		return -1;
	while ((r = fsock__sys_receive(s->fd, buf, n, &flags)) < 0)
		if (fsock__transfer_again(s, "read", flags, FSOCK_INPUT) < 0)
			return -1;
	errno = saved;
	return r;
}

/* Sends all n octets: write_timeout bounds each wait for the peer to make room. */
static int
socket_send(struct fsock *s, const void *buf, size_t n)
{
	int flags, saved = errno;
	const char *p = buf;

	fsock__transfer_use(s);
	if (fsock__transfer_begin(s, "write", FSOCK_OUTPUT, &flags) < 0)
		return -1;
	while (n > 0) {
		ssize_t r = fsock__sys_send(s->fd, p, n, &flags);

		if (r >= 0) {
			p += r;
			n -= (size_t)r;
		} else if (fsock__transfer_again(s, "write", flags, FSOCK_OUTPUT) < 0) {
			return -1;
		}
	}
	errno = saved;
	return 0;
}

static ssize_t
socket_offer(struct fsock *s, const void *buf, size_t n)
{
	int flags = MSG_DONTWAIT, saved = errno;
	ssize_t r;

	fsock__transfer_use(s);
	if (fsock__transfer_check(s, "write", FSOCK_OUTPUT) < 0)
		return -1;
	r = fsock__sys_send(s->fd, buf, n, &flags);
	if (r < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
		return fsock__socket_error(s, "write", errno);
	errno = saved;
	return r < 0 ? 0 : r;
}

/*
 * Throws away input that has arrived, within reason. A TCP connection that is closed with unread
 * input is reset, and the reset may overtake output that the peer has not read yet (RFC 2525,
 * 2.17). A process that never used the connection leaves it alone: another one may be reading it.
 */
static void
drain(const struct fsock *s)
{
	char scrap[4096];
	int turns = 256, flags = MSG_DONTWAIT;

	if (s->role != FSOCK__CONNECTED || s->used != fsock__process())
		return;
	while (turns-- > 0 && fsock__sys_receive(s->fd, scrap, sizeof scrap, &flags) > 0)
		;
}

static int
socket_close(struct fsock *s)
{
	int fd = s->fd;

	if (fd < 0)
		return 0;
	drain(s);
	s->fd = -1;
	fsock__unix_file_remove(s->unix_file);
	s->unix_file = NULL;
	return fsock__sys_close(fd);
}

const struct fsock__transport_ops fsock__transport_socket = {
	.receive = socket_receive,
	.send = socket_send,
	.offer = socket_offer,
	.close = socket_close,
};
