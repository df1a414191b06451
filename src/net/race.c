#include "../base/compat.h"
#include "race.h"

#include <stdlib.h>

#include "../base/sys.h"
#include "told.h"

/* Unix-domain sockets have no queue for who finds the backlog full: it is asked again and again. */
#define PAUSE_FIRST INT64_C(1000000)
#define PAUSE_MOST  INT64_C(10000000)

/*
 * Puts the families in turn, beginning with that of the first address, and leaves the order within
 * each family as it is (RFC 8305, 4, with a First Address Family Count of 1).
 */
static void
interleave(struct fsock__addresses *a)
{
	for (size_t i = 1; i < a->count; i++) {
		int last = fsock_addr_family(&a->items[i - 1]);
		size_t other = i;
		struct fsock_addr addr;

		while (other < a->count && fsock_addr_family(&a->items[other]) == last)
			other++;
		if (other == a->count)
			return;
		addr = a->items[other];
		memmove(&a->items[i + 1], &a->items[i], (other - i) * sizeof addr);
		a->items[i] = addr;
	}
}

void
fsock__race_start(struct fsock__race *r, struct fsock__addresses remote,
    struct fsock__addresses local, int64_t deadline)
{
	memset(r, 0, sizeof *r);
	r->fd = -1;
	r->remote = remote;
	r->local = local;
	r->deadline = deadline;
	r->pause = PAUSE_FIRST;
	interleave(&r->remote);
}

/* The next attempt's distance: with little time left, an equal part of it for each address. */
static int64_t
delay(const struct fsock__race *r, int64_t now)
{
	int64_t part = (r->deadline - now) / (int64_t)(r->remote.count - r->tried + 1);

	return part >= FSOCK__RACE_DELAY       ? FSOCK__RACE_DELAY
	       : part >= FSOCK__RACE_DELAY_MIN ? part
					       : FSOCK__RACE_DELAY_MIN;
}

/* An error that says this machine cannot reach the address, which another address may mend. */
static int
is_local(int error)
{
	return error == 0 || error == ENETUNREACH || error == EHOSTUNREACH ||
	       error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

/* What is told in the end is what the first address that could be reached said. */
static void
note(struct fsock__race *r, int error)
{
	if (is_local(r->error))
		r->error = error;
}

/* Takes an attempt out of those under way. Returns its descriptor. */
static int
take_out(struct fsock__race *r, size_t i)
{
	int fd = r->fds[i].fd;

	r->count--;
	memmove(&r->fds[i], &r->fds[i + 1], (r->count - i) * sizeof r->fds[0]);
	memmove(&r->families[i], &r->families[i + 1], (r->count - i) * sizeof r->families[0]);
	memmove(&r->attempts[i], &r->attempts[i + 1], (r->count - i) * sizeof r->attempts[0]);
	return fd;
}

/* Tells the trace how an attempt has ended. */
static void
tell(const struct fsock__race *r, size_t i, int error)
{
	const struct fsock__attempt *a = &r->attempts[i];

	fsock__told_outcome(r->socket, &r->remote.items[a->target], a->began, error);
}

/* An attempt has failed: the next address has its turn. */
static void
lose(struct fsock__race *r, size_t i, int error)
{
	tell(r, i, error);
	fsock__sys_close(take_out(r, i));
	note(r, error);
	r->turn = 0;
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

/* How an attempt has ended: 0, or errno. What is won is as all descriptors: it blocks. */
static int
outcome(int fd, int family)
{
	int error = 0;

	if (fsock__sys_get_int(fd, SOL_SOCKET, SO_ERROR, &error) < 0)
		return errno;
	if (error != 0)
		return error;
	if (family != AF_UNIX && is_self_connected(fd))
		return ECONNREFUSED;
	return fsock__sys_set_nonblocking(fd, 0) < 0 ? errno : 0;
}

/* Looks which attempts have ended. Returns 0, or -1 with errno. */
static int
settle(struct fsock__race *r)
{
	if (r->count > 0 && fsock__sys_poll(r->fds, r->count, 0) < 0)
		return -1;
	for (size_t i = 0; i < r->count && r->fd < 0;) {
		int error;

		if (r->fds[i].revents == 0) {
			i++;
			continue;
		}
		error = outcome(r->fds[i].fd, r->families[i]);
		if (error != 0) {
			lose(r, i, error);
			continue;
		}
		tell(r, i, 0);
		r->family = r->families[i];
		r->fd = take_out(r, i);
	}
	return 0;
}

/* Binds to a local address of the family, if any were given. */
static int
bind_local(int fd, int family, const struct fsock__addresses *local)
{
	int r = -1;

	if (local->count == 0 || family == AF_UNIX)
		return 0;
	errno = EADDRNOTAVAIL; /* no local address of the right family */
	for (size_t i = 0; i < local->count && r < 0; i++) {
		const struct fsock_addr *addr = &local->items[i];

		if (fsock_addr_family(addr) != family)
			continue;
		fsock__sys_set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
		r = bind(fd, &addr->as.any, addr->length);
	}
	return r;
}

/* Begins to connect: the descriptor, or -1. */
static int
reach(const struct fsock__race *r, const struct fsock_addr *addr)
{
	int family = fsock_addr_family(addr), error;
	int fd = fsock__sys_socket(family, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	/* An EINTR leaves the connection being made in the background, as EINPROGRESS does. */
	if (fsock__sys_set_nonblocking(fd, 1) == 0 && bind_local(fd, family, &r->local) == 0 &&
	    (connect(fd, &addr->as.any, addr->length) == 0 || errno == EINPROGRESS ||
		errno == EINTR))
		return fd;
	error = errno;
	fsock__sys_close(fd);
	errno = error;
	return -1;
}

/*
 * How long to wait before the same address is tried again, or 0 if that is no use: descriptors and
 * local ports may come back from attempts under way.
 */
static int64_t
pause_for(struct fsock__race *r, int family, int error, int64_t now)
{
	int64_t pause = r->pause;

	if (r->count > 0 && (error == EMFILE || error == ENFILE || error == EADDRINUSE))
		return delay(r, now);
	if (family != AF_UNIX || error != EAGAIN)
		return 0;
	r->pause = pause < PAUSE_MOST / 2 ? 2 * pause : PAUSE_MOST;
	return pause;
}

/* Tries the next address, whose turn it is. */
static void
try_next(struct fsock__race *r, int64_t now)
{
	const struct fsock_addr *addr = &r->remote.items[r->tried];
	int family = fsock_addr_family(addr), error, fd;
	int64_t pause;

	if (r->count == FSOCK__RACE_MAX)
		lose(r, 0, ETIMEDOUT);
	fsock__told_attempt(r->socket, addr);
	fd = reach(r, addr);
	if (fd >= 0) {
		r->attempts[r->count] = (struct fsock__attempt){ r->tried, now };
		r->tried++;
		r->turn = now + delay(r, now);
		r->families[r->count] = family;
		r->fds[r->count++] = (struct pollfd){ .fd = fd, .events = POLLOUT };
		return;
	}
	error = errno;
	pause = pause_for(r, family, error, now);
	if (pause > 0) {
		r->turn = now + pause;
		return;
	}
	fsock__told_outcome(r->socket, addr, now, error);
	note(r, error);
	r->tried = error == EMFILE || error == ENFILE ? r->remote.count : r->tried + 1;
}

static int
is_due(const struct fsock__race *r, int64_t now)
{
	return r->tried < r->remote.count && r->turn <= now;
}

/* Returns -1 if it cannot go on, with the error noted. */
static int
advance(struct fsock__race *r, int64_t now)
{
	for (;;) {
		if (settle(r) < 0) {
			r->error = errno;
			return -1;
		}
		if (r->fd >= 0 || !is_due(r, now))
			return 0;
		while (is_due(r, now))
			try_next(r, now);
	}
}

/* Closes what has lost. */
static void
close_all(struct fsock__race *r)
{
	while (r->count > 0)
		fsock__sys_close(take_out(r, r->count - 1));
}

enum fsock__progress
fsock__race_step(struct fsock__race *r, int64_t now)
{
	int saved = errno, failed = advance(r, now) < 0;

	errno = saved;
	if (!failed && r->fd < 0 && (r->count > 0 || r->tried < r->remote.count)) {
		r->next =
		    r->tried < r->remote.count && r->turn < r->deadline ? r->turn : r->deadline;
		if (now < r->deadline)
			return FSOCK__PENDING;
		note(r, ETIMEDOUT);
	}
	close_all(r);
	errno = saved;
	return r->fd >= 0 ? FSOCK__DONE : FSOCK__FAILED;
}

void
fsock__race_end(struct fsock__race *r)
{
	int saved = errno;

	close_all(r);
	free(r->remote.items);
	free(r->local.items);
	memset(r, 0, sizeof *r);
	r->fd = -1;
	errno = saved;
}
