#include "../base/compat.h"
#include "transfer.h"

#include <poll.h>

#include "../base/error.h"
#include "account.h"
#include "failure.h"
#include "interrupt.h"
#include "linger.h"
#include "../base/sys.h"
#include "../net/unix_file.h"

/*
 * Receiving is one blocking system call: SO_RCVTIMEO carries the timeout. Only a deadline, a socket
 * that is interruptible, a signal, or a descriptor that is non-blocking (its flag is shared with
 * whoever else holds the descriptor, so it may turn up at any time) makes us try without waiting
 * and then poll. Sending is one that does not block, and a wait where the peer is slow: so it is
 * known how much has gone when a signal handler jumps out of it, or calls exit().
 */

/* Records that it has. Returns -1. */
static int
deadline_passed(struct fsock *s, const char *operation)
{
	fsock__error_set_kind(operation, s->host, s->port, FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
	return fsock__account_fail(s);
}

int
fsock__transfer_time_over(struct fsock *s, const char *operation)
{
	fsock__error_set_kind(operation, s->host, s->port, FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	return fsock__account_fail(s);
}

int
fsock__transfer_wait(struct fsock *s, const char *operation, int direction, int64_t until)
{
	return fsock__transfer_wait_for(s, operation, direction, direction, until);
}

int
fsock__transfer_wait_for(
    struct fsock *s, const char *operation, int direction, int wish, int64_t until)
{
	struct pollfd p[2] = { { .fd = s->fd, .events = wish == FSOCK_INPUT ? POLLIN : POLLOUT } };
	int64_t deadline = fsock__handle_deadline(s, direction);
	int ready;

	if (!s->settings.interruptible && deadline < until)
		until = deadline;
	ready = s->interrupt != NULL ? fsock__interrupt_poll(s, direction, p, 1, until)
				     : fsock__sys_poll(p, 1, until);
	if (ready > 0)
		return 0;
	if (ready < 0)
		return fsock__handle_error(s, operation, errno);
	if (s->settings.interruptible) /* it may have been changed, and then that was it */
		deadline = fsock__handle_deadline(s, direction);
	if (fsock__clock_left(deadline) == 0)
		return deadline_passed(s, operation);
	return fsock__transfer_time_over(s, operation);
}

/* Keeps it, and records it. Returns -1. */
FSOCK__COLD static int
kernel_error(struct fsock *s, const char *operation, int errnum)
{
	fsock__failure_meet(s, operation, errnum);
	fsock__handle_error(s, operation, errnum);
	return fsock__account_fail(s);
}

/* A blocking call says EAGAIN when its timeout has run out. */
int
fsock__transfer_again(struct fsock *s, const char *operation, int flags, int direction)
{
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return kernel_error(s, operation, errno);
	if (s->nonblocking)
		return fsock__handle_error(s, operation, errno);
	if (flags == 0 && !fsock__sys_is_nonblocking(s->fd))
		return fsock__transfer_time_over(s, operation);
	return fsock__transfer_wait(s, operation, direction,
	    fsock__clock_after(
		direction == FSOCK_INPUT ? s->limits.read_timeout : s->limits.write_timeout));
}

int
fsock__transfer_check(struct fsock *s, const char *operation, int direction)
{
	if (fsock__clock_left(fsock__handle_deadline(s, direction)) > 0)
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

	if (s->is_cut)
		return 0;
	fsock__handle_use(s);
	if (fsock__transfer_begin(s, "read", FSOCK_INPUT, &flags) < 0)
		return -1;
	while ((r = fsock__sys_receive(s->fd, buf, n, &flags)) < 0)
		if (fsock__transfer_again(s, "read", flags, FSOCK_INPUT) < 0)
			return -1;
	if (r == 0 && fsock__failure_is_early(s) && fsock__failure_tell_early(s, "read") < 0)
		return fsock__account_fail(s);
	if (r > 0)
		fsock__account_plain(s, FSOCK_INPUT, buf, (size_t)r);
	else if (n > 0)
		fsock__account_end(s);
	errno = saved;
	return r;
}

/* Less than there was room for is all there was; what comes after it the kernel tells again. */
static ssize_t
socket_receive_now(struct fsock *s, void *buf, size_t n, int *is_drained)
{
	int flags = MSG_DONTWAIT;
	ssize_t r = fsock__sys_receive(s->fd, buf, n, &flags);

	if (r > 0)
		fsock__account_plain(s, FSOCK_INPUT, buf, (size_t)r);
	*is_drained = r > 0 && (size_t)r < n;
	return r;
}

static ssize_t
socket_offer(struct fsock *s, const void *buf, size_t n)
{
	int flags = MSG_DONTWAIT, saved = errno;
	ssize_t r;

	if (s->output.error != 0) /* who has cut this write off was another thread */
		return fsock__handle_error(s, "write", EPIPE);
	fsock__handle_use(s);
	if (fsock__transfer_check(s, "write", FSOCK_OUTPUT) < 0)
		return -1;
	r = fsock__sys_send(s->fd, buf, n, &flags);
	if (r < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
		int error = errno;

		if (!fsock__failure_is_early(s) || fsock__failure_tell_early(s, "write") == 0)
			fsock__handle_error(s, "write", error);
		return fsock__account_fail(s);
	}
	if (r > 0 && !s->output.has_sent)
		s->output.has_sent = 1;
	if (r > 0)
		fsock__account_plain(s, FSOCK_OUTPUT, buf, (size_t)r);
	errno = saved;
	return r < 0 ? 0 : r;
}

static int
socket_await_room(struct fsock *s, const char *operation, int64_t until)
{
	return fsock__transfer_wait(s, operation, FSOCK_OUTPUT, until);
}

/* With a time set by SO_LINGER close(2) waits: on a socket that does not block the system does. */
static void
forbid_lingering(const struct fsock *s, int fd)
{
	struct linger linger;
	socklen_t length = sizeof linger;

	if (!s->nonblocking || s->role != FSOCK__CONNECTED ||
	    getsockopt(fd, SOL_SOCKET, FSOCK__SO_LINGER, &linger, &length) < 0 || !linger.l_onoff ||
	    linger.l_linger == 0)
		return;
	linger.l_onoff = 0;
	setsockopt(fd, SOL_SOCKET, FSOCK__SO_LINGER, &linger, sizeof linger);
}

static int
socket_close(struct fsock *s)
{
	int saved = errno, fd = s->fd;

	if (fd < 0)
		return 0;
	fsock__account_close(s, s->is_reset ? "reset" : "closed");
	fsock__linger_discard(s, fd);
	forbid_lingering(s, fd);
	fsock__handle_lock(s);
	s->fd = -1;
	fsock__handle_unlock(s);
	fsock__unix_file_remove(s->unix_file);
	s->unix_file = NULL;
	errno = saved;
	return fsock__sys_close(fd);
}

const struct fsock__transport_ops fsock__transport_socket = {
	.receive = socket_receive,
	.receive_now = socket_receive_now,
	.offer = socket_offer,
	.await_room = socket_await_room,
	.finish = fsock__linger_finish,
	.close = socket_close,
};

ssize_t
fsock__transfer_receive(struct fsock *s, void *buf, size_t n, void *arg)
{
	(void)arg;
	return s->transport->receive(s, buf, n);
}

/* Before the turn says that it waits: a shutdown, or a server's stop, ends the wait then. */
static void
make_wakeable(struct fsock *s)
{
	int saved = errno;

	if (s->interrupt == NULL && s->fd >= 0)
		fsock__interrupt_open(s); /* without, what it does is seen when there is room */
	errno = saved;
}

int
fsock__transfer_await_room(struct fsock *s, const char *operation, int64_t until)
{
	struct fsock__turn *turn = &s->output.turn;
	unsigned number = turn->number;
	int r;

	make_wakeable(s);
	fsock__turn_set_waits(s, turn, 1);
	r = s->transport->await_room(s, operation, until);
	if (turn->number != number) /* a signal handler has gone on in our place */
		return fsock__handle_error(s, operation, EINTR);
	fsock__turn_set_waits(s, turn, 0);
	return r;
}

ssize_t
fsock__transfer_offer(struct fsock *s, const void *buf, size_t n, volatile size_t *count)
{
	int was_unsure = s->output.is_unsure;
	ssize_t r;

	s->output.is_unsure = 1;
	r = s->transport->offer(s, buf, n);
	if (r > 0)
		*count += (size_t)r;
	s->output.is_unsure = was_unsure;
	return r;
}

/* Behind octets that were all taken. Returns 0 or -1. */
static int
flush(struct fsock *s)
{
	int r = 1;

	while (s->transport->flush != NULL && (r = s->transport->flush(s)) == 0)
		if (fsock__transfer_await_room(
			s, "write", fsock__clock_after(s->limits.write_timeout)) < 0)
			return -1;
	return r < 0 ? -1 : 0;
}

int
fsock__transfer_send(struct fsock *s, const void *buf, size_t n)
{
	const char *octets = buf;
	int saved = errno;

	while (n > 0) { /* until none goes: a short count need not mean that there is no room */
		ssize_t r = fsock__transfer_offer(s, octets, n, &s->output.done);

		if (r < 0)
			return -1;
		octets += r;
		n -= (size_t)r;
		if (r == 0 && fsock__transfer_await_room(
				  s, "write", fsock__clock_after(s->limits.write_timeout)) < 0)
			return -1;
	}
	if (flush(s) < 0)
		return -1;
	errno = saved;
	return 0;
}

int64_t
fsock__transfer_patience(const struct fsock *s)
{
	return s->nonblocking ? 0 : s->limits.write_deadline;
}
