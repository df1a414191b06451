#include "../base/compat.h"
#include "accept.h"

#include "../base/clock.h"
#include "../base/sys.h"
#include "account.h"
#include "layer.h"
#include "socket.h"
#include "transfer.h"

#define REST INT64_C(50000000)

/* Whether accept() failed for want of a client. */
static int
is_none(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK;
}

/* Whether accept() failed because the client has vanished: there may be another. */
static int
is_vanished(int error)
{
	return error == ECONNABORTED || error == EPROTO;
}

/*
 * The client stays where it is, and would be reported at once, for ever: for a moment nobody waits
 * for the listener.
 */
static void
rest(fsock *listener, int error)
{
	if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM)
		return;
	listener->rests_until = fsock__clock_after(REST);
	fsock__handle_note(listener);
}

/* accept(2) for the next client that has not vanished: the descriptor, or -1 with errno. */
static int
try(fsock *listener, int fd, struct fsock_addr *peer)
{
	int new;

	do {
		if (listener->shut) {
			errno = ESHUTDOWN;
			return -1;
		}
		peer->length = sizeof peer->as;
		new = fsock__sys_accept(fd, &peer->as.any, &peer->length);
	} while (new < 0 && (is_vanished(errno) || listener->shut));
	return new;
}

/* Waits until there may be a connection, the time is over or the listener is shut down. */
static int
await(fsock *listener, int64_t until)
{
	return fsock__transfer_wait(listener, "accept", FSOCK_INPUT, until);
}

/*
 * Takes a connection: the descriptor, or -1. Our own listeners are non-blocking, an adopted one may
 * block: with a limit the wait must come first, without one whichever call waits is fine.
 */
static int
take(fsock *listener, int fd, int64_t until, struct fsock_addr *peer)
{
	int flags;

	if (fsock__transfer_begin(listener, "accept", FSOCK_INPUT, &flags) < 0)
		return -1;
	if ((until != FSOCK__NEVER || flags != 0) && !listener->nonblocking &&
	    !listener->made_nonblocking && await(listener, until) < 0)
		return -1;
	for (;;) {
		int new = try(listener, fd, peer);

		if (new >= 0)
			return new;
		if (!is_none(errno) || listener->nonblocking) {
			fsock__handle_error(listener, "accept", errno);
			rest(listener, errno);
			return -1;
		}
		if (await(listener, until) < 0)
			return -1;
	}
}

/* The handle of a connection just taken; without one it is closed. */
static fsock *
wrap(const fsock *listener, int new, const struct fsock__settings *settings,
    const struct fsock_addr *peer)
{
	char host[FSOCK_ADDR_TEXT_SIZE] = "";
	int error;
	fsock *s;

	fsock_addr_host(peer, host, sizeof host);
	s = fsock__socket_new(
	    new, FSOCK__CONNECTED, listener->family, settings, host, fsock_addr_port(peer), NULL);
	if (s == NULL)
		fsock__sys_close(new);
	else
		fsock__account_open(s, "accepted from");
	if (s == NULL || fsock__layer_make(s, 1) == 0)
		return s;
	error = errno;
	fsock_close(s);
	errno = error;
	return NULL;
}

fsock *
fsock__accept_now(fsock *listener, const struct fsock__settings *settings)
{
	struct fsock_addr peer;
	int saved = errno;
	int new = try(listener, listener->fd, &peer);
	fsock *s;

	if (new < 0) {
		fsock__handle_error(listener, "accept", errno);
		return NULL;
	}
	s = wrap(listener, new, settings, &peer);
	if (s != NULL)
		errno = saved;
	return s;
}

/* see fsock/socket.h */
fsock *
fsock_accept(fsock *listener, const struct fsock_options *options)
{
	int fd = fsock__handle_fd(listener, "accept");
	struct fsock__settings settings;
	struct fsock_addr peer;
	int new, saved = errno;
	int64_t until = FSOCK__NEVER;
	fsock *s;

	if (fd < 0)
		return NULL;
	if (listener->role != FSOCK__LISTENER) {
		fsock__handle_error(listener, "accept", EINVAL);
		return NULL;
	}
	settings = listener->settings;
	if (options != NULL) {
		if (fsock__settings_make(&settings, options, "accept", listener->host, 0) < 0)
			return NULL;
		until = fsock__clock_after(settings.connect_timeout);
	}
	new = take(listener, fd, until, &peer);
	if (new < 0)
		return NULL;
	s = wrap(listener, new, &settings, &peer);
	if (s != NULL)
		errno = saved;
	return s;
}
