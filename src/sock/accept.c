#include "../compat.h"

#include <poll.h>

#include "clock.h"
#include "error.h"
#include "socket.h"
#include "sys.h"

/* Whether accept() failed for want of a client, or for one that has vanished: try again. */
static int
is_passing(int error)
{
	return error == ECONNABORTED || error == EPROTO || error == EAGAIN ||
	    error == EWOULDBLOCK;
}

/* Waits until there may be a connection, the deadline passes or the listener is shut down. */
static int
await(fsock *listener, int fd, int64_t deadline)
{
	int ready = fsock__sys_wait(fd, POLLIN, deadline);

	if (ready < 0)
		return fsock__socket_error(listener, "accept", errno);
	if (ready == 0)
		return fsock__socket_error(listener, "accept", ETIMEDOUT);
	return 0;
}

/*
 * Takes a connection: the descriptor, or -1. Our own listeners are non-blocking, an adopted one may
 * block: with a deadline the wait must come first, without one whichever call waits is fine.
 */
static int
take(fsock *listener, int fd, int64_t deadline, struct fsock_addr *peer)
{
	if (deadline != FSOCK__NEVER && await(listener, fd, deadline) < 0)
		return -1;
	for (;;) {
		int new;

		if (listener->shut)
			return fsock__socket_error(listener, "accept", ESHUTDOWN);
		peer->length = sizeof peer->as;
		new = fsock__sys_accept(fd, &peer->as.any, &peer->length);
		if (new >= 0)
			return new;
		if (!listener->shut && !is_passing(errno))
			return fsock__socket_error(listener, "accept", errno);
		if (await(listener, fd, deadline) < 0)
			return -1;
	}
}

/* see fsock/socket.h */
fsock *
fsock_accept(fsock *listener, const struct fsock_options *options)
{
	int fd = fsock__socket_fd(listener, "accept");
	char host[FSOCK_ADDR_TEXT_SIZE] = "";
	struct fsock__settings settings;
	struct fsock_addr peer;
	int new, saved = errno;
	int64_t deadline = FSOCK__NEVER;
	fsock *s;

	if (fd < 0)
		return NULL;
	if (listener->role != FSOCK__LISTENER) {
		fsock__socket_error(listener, "accept", EINVAL);
		return NULL;
	}
	settings = listener->settings;
	if (options != NULL) {
		if (fsock__settings_make(&settings, options, "accept", listener->host, 0) < 0)
			return NULL;
		deadline = fsock__clock_after(settings.connect_timeout);
	}
	new = take(listener, fd, deadline, &peer);
	if (new < 0)
		return NULL;
	fsock_addr_host(&peer, host, sizeof host);
	s = fsock__socket_new(new, FSOCK__CONNECTED, listener->family, &settings, host,
	    fsock_addr_port(&peer));
	if (s == NULL)
		fsock__sys_close(new);
	else
		errno = saved;
	return s;
}
