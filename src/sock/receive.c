#include "../base/compat.h"

#include <limits.h>
#include <stdint.h>

#include <fsock/datagram.h>

#include "../net/addr.h"
#include "datagram.h"
#include "../base/error.h"
#include "account.h"
#include "../net/ip_text.h"
#include "handle.h"
#include "../base/sys.h"
#include "transfer.h"

/* IPv4 in IPv6 comes out as IPv4. */
static void
unmap(struct fsock_addr *from)
{
	struct sockaddr_in6 in6;

	if (fsock_addr_family(from) != AF_INET6 ||
	    !fsock__ip_text_is_mapped(from->as.in6.sin6_addr.s6_addr))
		return;
	in6 = from->as.in6;
	fsock__addr_set_ip(from, in6.sin6_addr.s6_addr + 12, 4, ntohs(in6.sin6_port));
}

/*
 * Before receiving datagrams, and after a receive that yielded 0 octets: that is an empty datagram,
 * or what a receive yields that fsock_shutdown() has woken. Returns 0, or -1 with the error
 * recorded.
 */
static int
check_shut(const fsock *s)
{
	if (s->shut & FSOCK_INPUT)
		return fsock__handle_error(s, "receive", ESHUTDOWN);
	return 0;
}

/* Whether a call that failed is to be repeated, after waiting: 0, or -1 with the error recorded. */
FSOCK__COLD static int
again(fsock *s, int flags)
{
	if (check_shut(s) < 0)
		return -1;
	return fsock__transfer_again(s, "receive", flags, FSOCK_INPUT);
}

static ssize_t
receive_datagram(fsock *s, int fd, void *data, size_t size, struct fsock_addr *from)
{
	int flags, saved = errno;
	ssize_t r;

	if (check_shut(s) < 0 || fsock__transfer_begin(s, "receive", FSOCK_INPUT, &flags) < 0)
		return -1;
	while ((r = FSOCK__DATAGRAM_OPS.receive(fd, data, size, from, &flags)) < 0)
		if (again(s, flags) < 0)
			return -1;
	if (r == 0 && check_shut(s) < 0)
		return -1;
	if (from != NULL && s->family == AF_INET6)
		unmap(from);
	fsock__account_datagram(s, FSOCK_INPUT, data, (size_t)r < size ? (size_t)r : size, from);
	errno = saved;
	return r;
}

/* From the FILEs of a stream and what is behind them, or without any. */
static ssize_t
receive_stream(fsock *s, void *data, size_t size, struct fsock_addr *from)
{
	ssize_t r = 0;

	if (size > 0)
		r = s->stream != NULL
			? s->stream_ops->receive(s, data, size, fsock__transfer_receive, NULL)
			: s->transport->receive(s, data, size);
	if (r >= 0 && from != NULL)
		*from = (struct fsock_addr){ .length = 0 };
	return r;
}

/* see fsock/datagram.h */
ssize_t
fsock_receive(fsock *s, void *data, size_t size, struct fsock_addr *from)
{
	if (fsock__handle_check(s, "receive") < 0)
		return -1;
	if (s->role == FSOCK__LISTENER)
		return fsock__error_set_kind(
		    "receive", s->host, s->port, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	if ((data == NULL && size > 0) || size > SSIZE_MAX)
		return fsock__handle_error(s, "receive", EINVAL);
	if (s->role == FSOCK__DATAGRAM)
		return receive_datagram(s, s->fd, data, size, from);
	return receive_stream(s, data, size, from);
}

/* Receives the first messages, waiting for one: how many, or -1 with the error recorded. */
static ssize_t
receive_first(fsock *s, int fd, struct fsock_message *messages, size_t count)
{
	ssize_t r;
	int flags;

	if (check_shut(s) < 0 || fsock__transfer_begin(s, "receive", FSOCK_INPUT, &flags) < 0)
		return -1;
	while (
	    (r = FSOCK__DATAGRAM_OPS.receive_many(fd, s->tells_path, messages, count, &flags)) < 0)
		if (again(s, flags) < 0)
			return -1;
	if (messages[0].length == 0 && check_shut(s) < 0)
		return -1;
	return r;
}

/* Receives further messages, as far as they are there; an error waits for the next call. */
static size_t
receive_rest(const fsock *s, int fd, struct fsock_message *messages, size_t count)
{
	int flags = MSG_DONTWAIT;
	size_t done = 0;

	while (done < count) {
		size_t n =
		    count - done < FSOCK__DATAGRAM_BATCH ? count - done : FSOCK__DATAGRAM_BATCH;
		ssize_t r =
		    FSOCK__DATAGRAM_OPS.receive_many(fd, s->tells_path, messages + done, n, &flags);

		if (r > 0)
			done += (size_t)r;
		if (r < (ssize_t)n)
			break;
	}
	return done;
}

/* see fsock/datagram.h */
ssize_t
fsock_receive_many(fsock *s, struct fsock_message messages[], size_t count)
{
	int fd = fsock__handle_fd(s, "receive"), saved = errno;
	size_t first = count < FSOCK__DATAGRAM_BATCH ? count : FSOCK__DATAGRAM_BATCH;
	ssize_t r;

	if (fd < 0)
		return -1;
	if (s->role != FSOCK__DATAGRAM)
		return fsock__error_set_kind(
		    "receive", s->host, s->port, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	if (messages == NULL && count > 0)
		return fsock__handle_error(s, "receive", EINVAL);
	if (count == 0)
		return 0;
	r = receive_first(s, fd, messages, first);
	if (r < 0)
		return -1;
	if ((size_t)r == first && first < count)
		r += (ssize_t)receive_rest(s, fd, messages + first, count - first);
	if (s->family == AF_INET6)
		for (ssize_t i = 0; i < r; i++)
			unmap(&messages[i].peer);
	fsock__account_messages(s, FSOCK_INPUT, messages, (size_t)r);
	errno = saved;
	return r;
}
