#include "../base/compat.h"

#include <limits.h>
#include <stdint.h>

#include <fsock/datagram.h>

#include "datagram.h"
#include "../base/error.h"
#include "account.h"
#include "layers.h"
#include "pending.h"
#include "send.h"
#include "socket.h"
#include "../base/sys.h"
#include "transfer.h"
#include "unfinished.h"

/* Records an error of sending to an address; without one, of the socket. Returns -1. */
FSOCK__COLD static int
fail(const fsock *s, const struct fsock_addr *to, int errnum)
{
	char host[FSOCK_ADDR_TEXT_SIZE];

	if (to == NULL || fsock_addr_host(to, host, sizeof host) == NULL)
		return fsock__handle_error(s, "send", errnum);
	return fsock__error_set("send", host, fsock_addr_port(to), errnum);
}

/* Whether a call that failed is to be repeated, after waiting: 0, or -1 with the error recorded. */
FSOCK__COLD static int
again(fsock *s, const struct fsock_addr *to, int flags)
{
	if (errno != EAGAIN && errno != EWOULDBLOCK) {
		fail(s, to, errno);
		return fsock__account_fail(s);
	}
	return fsock__transfer_again(s, "send", flags, FSOCK_OUTPUT);
}

static ssize_t
send_datagram(fsock *s, int fd, const void *data, size_t size, const struct fsock_addr *to)
{
	const struct sockaddr *target = NULL;
	struct sockaddr_in6 room;
	socklen_t length = 0;
	int flags, saved = errno;
	ssize_t r;

	if (to != NULL && to->length == 0)
		to = NULL;
	if (to != NULL)
		target = fsock__datagram_target(s->family, to, &room, &length);
	if (fsock__transfer_begin(s, "send", FSOCK_OUTPUT, &flags) < 0)
		return -1;
	while ((r = fsock__sys_send_to(fd, data, size, target, length, &flags)) < 0)
		if (again(s, to, flags) < 0)
			return -1;
	fsock__account_datagram(s, FSOCK_OUTPUT, data, (size_t)r, to);
	errno = saved;
	return r;
}

/* Without FILEs there is no queue: what the kernel takes now, at least one octet. */
static ssize_t
offer(fsock *s, const void *data, size_t size)
{
	ssize_t r = s->transport->offer(s, data, size);

	if (fsock__layers_unsent(s) > 0) { /* which lists are to send */
		s->output.queued = fsock__layers_unsent(s);
		fsock__handle_note(s);
	}
	return r == 0 && size > 0 ? fsock__handle_error(s, "send", EAGAIN) : r;
}

ssize_t
fsock__send_in_turn(struct fsock *s, const char *operation, fsock__send_fn *fn, const void *arg)
{
	struct fsock__turn *turn = &s->output.turn;
	int how = fsock__turn_take(s, turn, fsock__transfer_patience(s)), cancel;
	unsigned number = turn->number;
	ssize_t r;

	if (how < 0)
		return fsock__handle_error(s, operation, errno);
	fsock__unfinished_look(s);
	/* A thread cancelled in here would leave the turn taken. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (how == FSOCK__TURN_RESUMED) {
		r = fsock__handle_error(s, operation, EINTR);
		fsock__socket_fail_output(s, EINTR);
	} else {
		s->output.is_unsure = 1;
		r = fn(s, arg);
		s->output.is_unsure = 0;
	}
	fsock__turn_end(s, turn, number);
	fsock__unfinished_look(s);
	pthread_setcancelstate(cancel, NULL);
	return r;
}

/* see fsock__send_fn: all octets, or output has failed */
static ssize_t
send_all(struct fsock *s, const void *arg)
{
	const struct fsock__octets *octets = arg;

	if (fsock__transfer_send(s, octets->data, octets->size) == 0)
		return (ssize_t)octets->size;
	fsock__socket_fail_output(s, errno);
	return -1;
}

/* Beside the FILEs of a stream, or without any: all octets, or what is missing is remembered. */
static ssize_t
send_stream(fsock *s, const void *data, size_t size, const struct fsock_addr *to)
{
	const struct fsock__octets octets = { data, size };

	if (to != NULL && to->length != 0)
		return fail(s, to, EISCONN);
	if (s->stream != NULL)
		return s->stream_ops->send(s, data, size) < 0 ? -1 : (ssize_t)size;
	if (s->connecting != NULL)
		fsock__pending_step(s);
	if (s->output.error != 0)
		return fsock__pending_error(s, "write");
	if (s->nonblocking)
		return offer(s, data, size);
	return fsock__send_in_turn(s, "write", send_all, &octets);
}

/* see fsock/datagram.h */
ssize_t
fsock_send(fsock *s, const void *data, size_t size, const struct fsock_addr *to)
{
	if (fsock__handle_check(s, "send") < 0)
		return -1;
	if (s->role == FSOCK__LISTENER)
		return fsock__error_set_kind(
		    "send", s->host, s->port, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	if ((data == NULL && size > 0) || size > SSIZE_MAX)
		return fsock__handle_error(s, "send", EINVAL);
	if (s->role == FSOCK__DATAGRAM)
		return send_datagram(s, s->fd, data, size, to);
	return send_stream(s, data, size, to);
}

/* Sends the first messages, waiting for room: how many, or -1 with the error recorded. */
static ssize_t
send_first(fsock *s, int fd, const struct fsock_message *messages, size_t count)
{
	ssize_t r;
	int flags;

	if (fsock__transfer_begin(s, "send", FSOCK_OUTPUT, &flags) < 0)
		return -1;
	while ((r = FSOCK__DATAGRAM_OPS.send_many(fd, s->family, messages, count, &flags)) < 0)
		if (again(s, messages[0].peer.length == 0 ? NULL : &messages[0].peer, flags) < 0)
			return -1;
	fsock__account_messages(s, FSOCK_OUTPUT, messages, (size_t)r);
	return r;
}

/* Sends further messages; what ends them is found by whoever sends the rest. */
static size_t
send_rest(fsock *s, int fd, const struct fsock_message *messages, size_t count)
{
	int saved = errno, flags = MSG_DONTWAIT;
	size_t done = 0;

	while (done < count) {
		size_t n =
		    count - done < FSOCK__DATAGRAM_BATCH ? count - done : FSOCK__DATAGRAM_BATCH;
		ssize_t r =
		    FSOCK__DATAGRAM_OPS.send_many(fd, s->family, messages + done, n, &flags);

		if (r > 0) {
			fsock__account_messages(s, FSOCK_OUTPUT, messages + done, (size_t)r);
			done += (size_t)r;
		}
		if (r < (ssize_t)n)
			break;
	}
	errno = saved;
	return done;
}

/* see fsock/datagram.h */
ssize_t
fsock_send_many(fsock *s, const struct fsock_message messages[], size_t count)
{
	int fd = fsock__handle_fd(s, "send"), saved = errno;
	size_t first = count < FSOCK__DATAGRAM_BATCH ? count : FSOCK__DATAGRAM_BATCH;
	ssize_t r;

	if (fd < 0)
		return -1;
	if (s->role != FSOCK__DATAGRAM)
		return fsock__error_set_kind(
		    "send", s->host, s->port, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	if (messages == NULL && count > 0)
		return fsock__handle_error(s, "send", EINVAL);
	if (count == 0)
		return 0;
	r = send_first(s, fd, messages, first);
	if (r < 0)
		return -1;
	errno = saved;
	if ((size_t)r == first && first < count)
		r += (ssize_t)send_rest(s, fd, messages + first, count - first);
	return r;
}
