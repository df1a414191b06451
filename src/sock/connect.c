#include "../compat.h"

#include <netinet/in.h>

#include <poll.h>
#include <stdlib.h>

#include "clock.h"
#include "error.h"
#include "resolve.h"
#include "socket.h"
#include "sys.h"

/* An attempt to connect. */
struct attempt {
	const char *host;
	int port;
	const struct fsock__settings *settings;
	int64_t deadline;  /* of all addresses together */
	int past_exchange; /* `deadline` is the exchange's own, not connect_timeout's */
	struct fsock_addr *local; /* where to connect from; NULL leaves it to the system */
	size_t local_count;
};

/* Records which of the limits it was. Returns -1. */
static int
out_of_time(const struct attempt *a)
{
	int past = a->past_exchange && fsock__clock_left(a->deadline) == 0;

	return fsock__error_set_kind("connect", a->host, a->port,
	    past ? FSOCK_DEADLINE_TIMEOUT_ERROR : FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
}

/* Looks up local_host, if one is to be used. Returns 0, or -1 with the error recorded. */
static int
find_local(struct attempt *a, int family)
{
	const struct fsock__settings *set = a->settings;

	if ((set->local_host == NULL && set->local_port == 0) || family == AF_UNIX)
		return 0;
	return fsock__resolve("bind", set->local_host, set->local_port, set->family,
	    a->deadline, &a->local, &a->local_count);
}

/* Binds to local_host and local_port, in the family of the address to reach. */
static int
bind_local(int fd, int family, const struct attempt *a)
{
	int r = -1;

	if (a->local == NULL)
		return 0;
	errno = EADDRNOTAVAIL; /* no local address of the right family */
	for (size_t i = 0; i < a->local_count && r < 0; i++) {
		if (fsock_addr_family(&a->local[i]) != family)
			continue;
		fsock__sys_set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
		r = bind(fd, &a->local[i].as.any, a->local[i].length);
	}
	return r;
}

/*
 * A connection to a free port of this machine can meet itself, when the system picks that very port
 * for this end (simultaneous open, RFC 9293, 3.5). Nobody listens there: it counts as refused.
 */
static int
is_self_connected(int fd)
{
	struct fsock_addr local, peer;

	local.length = peer.length = sizeof local.as;
	return getsockname(fd, &local.as.any, &local.length) == 0 &&
	    getpeername(fd, &peer.as.any, &peer.length) == 0 && fsock_addr_equal(&local, &peer);
}

/* Starts an IP connection without blocking and waits for its outcome: 0, or errno. */
static int
connect_ip(int fd, const struct fsock_addr *addr, int64_t deadline)
{
	int error = 0, ready;

	if (fsock__sys_set_nonblocking(fd, 1) < 0)
		return errno;
	/* An EINTR leaves the connection being made in the background, as EINPROGRESS does. */
	if (connect(fd, &addr->as.any, addr->length) < 0) {
		if (errno != EINPROGRESS && errno != EINTR)
			return errno;
		ready = fsock__sys_wait(fd, POLLOUT, deadline);
		if (ready <= 0)
			return ready < 0 ? errno : ETIMEDOUT;
		if (fsock__sys_get_int(fd, SOL_SOCKET, SO_ERROR, &error) < 0)
			return errno;
		if (error != 0)
			return error;
	}
	if (is_self_connected(fd))
		return ECONNREFUSED;
	return fsock__sys_set_nonblocking(fd, 0) < 0 ? errno : 0;
}

/*
 * Connects a Unix-domain socket: 0, or errno. It is done at once or waits for room in the backlog,
 * for which a non-blocking socket cannot wait; SO_SNDTIMEO bounds it (unix(7)).
 */
static int
connect_unix(int fd, const struct fsock_addr *addr, int64_t deadline)
{
	for (;;) {
		int64_t left = fsock__clock_left(deadline);

		if (left == 0)
			return ETIMEDOUT;
		fsock__sys_set_timeout(fd, SO_SNDTIMEO, left);
		if (connect(fd, &addr->as.any, addr->length) == 0)
			break;
		if (errno != EINTR)
			return errno == EAGAIN ? ETIMEDOUT : errno;
	}
	fsock__sys_set_timeout(fd, SO_SNDTIMEO, FSOCK__NEVER);
	return 0;
}

/* Tries one address: the connected descriptor, or -1. */
static int
try_address(const struct attempt *a, const struct fsock_addr *addr, int64_t deadline)
{
	int family = fsock_addr_family(addr);
	int fd = fsock__sys_socket(family, SOCK_STREAM, 0);
	int error = 0;

	if (fd < 0)
		return -1;
	if (bind_local(fd, family, a) < 0)
		error = errno;
	else if (family == AF_UNIX)
		error = connect_unix(fd, addr, deadline);
	else
		error = connect_ip(fd, addr, deadline);
	if (error == 0)
		return fd;
	fsock__sys_close(fd);
	errno = error;
	return -1;
}

/* An error that says this machine cannot reach the address, which another address may mend. */
static int
is_local(int error)
{
	return error == 0 || error == ENETUNREACH || error == EHOSTUNREACH ||
	    error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

/* Tries all addresses, each with an equal share of the time left. The descriptor, or -1. */
static int
try_all(const struct attempt *a, const struct fsock_addr *list, size_t count, int *family)
{
	int error = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t left = fsock__clock_left(a->deadline);
		int64_t share = left == FSOCK__NEVER ? left : left / (int64_t)(count - i);
		int fd = try_address(a, &list[i], fsock__clock_after(share));

		if (fd >= 0) {
			*family = fsock_addr_family(&list[i]);
			return fd;
		}
		if (is_local(error))
			error = errno;
		if (error == EMFILE || error == ENFILE)
			break;
	}
	if (error == ETIMEDOUT)
		return out_of_time(a);
	return fsock__error_set("connect", a->host, a->port, error);
}

/* see fsock/socket.h */
fsock *
fsock_connect(const char *host, int port, const struct fsock_options *options)
{
	struct fsock__settings settings;
	struct attempt a = { .host = host, .port = port, .settings = &settings };
	struct fsock_addr *list;
	size_t count;
	int64_t exchange;
	int fd = -1, family = AF_UNSPEC, saved = errno;
	fsock *s;

	if (fsock__settings_make(&settings, options, "connect", host, port) < 0)
		return NULL;
	if (host == NULL) {
		fsock__error_set("connect", "(no host)", port, EINVAL);
		return NULL;
	}
	exchange = fsock__clock_after(settings.deadline);
	a.deadline = fsock__clock_after(settings.connect_timeout);
	a.past_exchange = exchange < a.deadline;
	if (a.past_exchange)
		a.deadline = exchange;
	if (fsock__resolve(
	        "connect", host, port, settings.family, a.deadline, &list, &count) < 0) {
		if (errno == ETIMEDOUT)
			out_of_time(&a);
		return NULL;
	}
	if (find_local(&a, fsock_addr_family(&list[0])) == 0)
		fd = try_all(&a, list, count, &family);
	free(a.local);
	free(list);
	if (fd < 0)
		return NULL;
	s = fsock__socket_new(fd, FSOCK__CONNECTED, family, &settings, host, port);
	if (s == NULL) {
		fsock__sys_close(fd);
		return NULL;
	}
	s->read_deadline = s->write_deadline = exchange;
	errno = saved;
	return s;
}
