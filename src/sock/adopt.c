#include "../base/compat.h"
#include "adopt.h"

#include <fcntl.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "account.h"
#include "datagram_path.h"
#include "layer.h"
#include "layers.h"
#include "socket.h"
#include "../base/sys.h"
#include "../net/unix_file.h"

/* What the descriptor is, or -1 with errno. */
static int
find_role(int fd, enum fsock__role *role)
{
	int type, listening = 0;

	if (fsock__sys_get_int(fd, SOL_SOCKET, SO_TYPE, &type) < 0)
		return -1;
	if (fsock__sys_get_int(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening) < 0)
		listening = 0;        /* not every system answers this for every kind */
	if (type == SOCK_SEQPACKET) { /* its records would run together in a stream */
		errno = ESOCKTNOSUPPORT;
		return -1;
	}
	if (type == SOCK_DGRAM || type == SOCK_RAW)
		*role = FSOCK__DATAGRAM;
	else
		*role = listening ? FSOCK__LISTENER : FSOCK__CONNECTED;
	return 0;
}

static void
fail(int errnum)
{
	if (errnum == ESOCKTNOSUPPORT)
		fsock__error_set_words("adopt", NULL, FSOCK__NO_PORT,
		    FSOCK_SOCKET_TYPE_NOT_SUPPORTED_ERROR, errnum,
		    "SOCK_SEQPACKET: neither a stream nor datagrams");
	else
		fsock__error_set("adopt", NULL, FSOCK__NO_PORT, errnum);
}

/* Time limits that the descriptor comes with hold, unless the options set others. */
static void
keep_timeouts(int fd, enum fsock__role role, struct fsock__settings *settings)
{
	if (role == FSOCK__LISTENER)
		return;
	if (settings->read_timeout == FSOCK__NEVER)
		settings->read_timeout = fsock__sys_get_timeout(fd, SO_RCVTIMEO);
	if (settings->write_timeout == FSOCK__NEVER)
		settings->write_timeout = fsock__sys_get_timeout(fd, SO_SNDTIMEO);
}

/*
 * Another thread may take the client that a wait was for: accept(2) would then wait for the next
 * one, where nothing could interrupt it.
 */
static void
prepare_listener(struct fsock *s)
{
	if (s->interrupt != NULL && !fsock__sys_is_nonblocking(s->fd))
		s->made_nonblocking = fsock__sys_set_nonblocking(s->fd, 1) == 0;
}

void
fsock__adopt_drop(struct fsock *s)
{
	int error = errno;

	s->fd = -1;
	fsock__socket_unref(s);
	errno = error;
}

struct fsock *
fsock__adopt_begin(int descriptor, const struct fsock_options *options)
{
	struct fsock__settings settings;
	struct fsock_addr local, peer;
	char host[FSOCK_ADDR_TEXT_SIZE] = "";
	enum fsock__role role;
	int port = FSOCK__NO_PORT;
	struct fsock *s;

	if (fsock__settings_make(&settings, options, "adopt", NULL, 0) < 0)
		return NULL;
	local.length = peer.length = sizeof local.as;
	if (find_role(descriptor, &role) < 0 ||
	    getsockname(descriptor, &local.as.any, &local.length) < 0) {
		fail(errno);
		return NULL;
	}
	if (getpeername(descriptor, &peer.as.any, &peer.length) < 0)
		peer = local; /* for error texts: a listener is known by its own name */
	fsock_addr_host(&peer, host, sizeof host);
	if (host[0] != '\0')
		port = fsock_addr_port(&peer);
	keep_timeouts(descriptor, role, &settings);
	s = fsock__socket_new(-1, role, fsock_addr_family(&local), &settings, host, port, NULL);
	if (s == NULL)
		return NULL;
	fsock__socket_set_fd(s, descriptor, s->family);
	s->output.has_sent = 1; /* by others */
	if (role == FSOCK__CONNECTED && fsock__layer_make(s, 1) < 0) {
		fsock__adopt_drop(s);
		return NULL;
	}
	return s;
}

/* Has a datagram socket tell at which address it was asked. */
static void
choose_path(struct fsock *s)
{
	struct fsock_addr local, peer;
	int is_connected;

	local.length = peer.length = sizeof local.as;
	if (getsockname(s->fd, &local.as.any, &local.length) < 0)
		return;
	is_connected = getpeername(s->fd, &peer.as.any, &peer.length) == 0;
	s->tells_path = fsock__datagram_path_choose(
	    s->fd, s->family, s->settings.receive_destination, &local, is_connected);
}

void
fsock__adopt_finish(struct fsock *s)
{
	int saved = errno;

	fcntl(s->fd, F_SETFD, FD_CLOEXEC);
	fsock__socket_apply_settings(s->fd, s->role, s->family, &s->settings);
	fsock__account_open(s, "adopted");
	if (s->role == FSOCK__DATAGRAM)
		choose_path(s);
	if (s->role == FSOCK__LISTENER)
		prepare_listener(s);
	if (s->nonblocking)
		fsock_set_nonblocking(s, 1);
	errno = saved;
}

/* see fsock/socket.h */
fsock *
fsock_adopt(int descriptor, const struct fsock_options *options)
{
	int saved = errno;
	fsock *s = fsock__adopt_begin(descriptor, options);

	if (s == NULL)
		return NULL;
	fsock__adopt_finish(s);
	errno = saved;
	return s;
}

/* Takes from the descriptor what made it the library's: its new owner knows of no time limits. */
static void
restore(const fsock *s, int fd)
{
	if (s->made_nonblocking)
		fsock__sys_set_nonblocking(fd, 0);
	if (s->limits.read_timeout != FSOCK__NEVER)
		fsock__sys_set_timeout(fd, SO_RCVTIMEO, FSOCK__NEVER);
	if (s->limits.write_timeout != FSOCK__NEVER)
		fsock__sys_set_timeout(fd, SO_SNDTIMEO, FSOCK__NEVER);
}

/* Gives up the descriptor and ends the handle. */
static int
hand_over(fsock *s)
{
	struct fsock__record *before;
	int fd = s->fd;

	fsock__account_close(s, "released");
	fsock__handle_own(s);
	if (fsock__handle_is_watched(s))
		s->watch.ops->leave(s);
	fsock__handle_lock(s);
	s->releasing = 1;
	fsock__handle_unlock(s);
	before = fsock__error_aside(); /* there is nothing to be lost any more */
	if (s->stream != NULL)
		s->stream_ops->close(s);
	fsock__error_back(before);
	fsock__handle_lock(s);
	s->fd = -1;
	fsock__handle_unlock(s);
	free(s->unix_file);
	s->unix_file = NULL;
	restore(s, fd);
	fsock__socket_unref(s);
	return fd;
}

/* see fsock/socket.h */
int
fsock_release(fsock *s, void *buffer, size_t size, size_t *pending)
{
	ssize_t n = 0;
	int saved = errno, fd;

	if (fsock__handle_fd(s, "release") < 0)
		return -1;
	if (fsock__layers_are_on(s))
		return fsock__handle_error(s, "release", EOPNOTSUPP);
	if (buffer == NULL && size > 0)
		return fsock__handle_error(s, "release", EINVAL);
	if (s->stream != NULL) {
		if (s->stream_ops->flush(s, FSOCK__FLUSH_ALL) < 0 || s->stream_ops->settle(s) < 0)
			return -1;
		n = s->stream_ops->take(s, buffer, size);
		if (n < 0)
			return -1;
	}
	if (pending != NULL)
		*pending = (size_t)n;
	if ((size_t)n > size)
		return fsock__handle_error(s, "release", ERANGE);
	fd = hand_over(s);
	errno = saved;
	return fd;
}
