#include "../base/compat.h"
#include "end.h"

#include <sys/stat.h>

#include <limits.h>
#include <unistd.h>

#include <fsock/datagram.h>
#include <fsock/stream.h>

#include "../base/error.h"
#include "../base/shield.h"
#include "../base/sys.h"
#include "../sock/pending.h"
#include "../sock/send.h"
#include "../sock/socket.h"
#include "../sock/transfer.h"
#include "../stream/connection.h"

/* The descriptor of what is no socket of the library's. */
static int
fd_of(const struct fsock *s)
{
	return s->fd != FSOCK__NO_FD ? s->fd : s->foreign;
}

/* What a descriptor of the program's is. Returns 0 or -1. */
static int
open_foreign(struct fsock__relay_end *e, struct fsock *s)
{
	struct stat st;

	if (s->foreign < 0 || s->lookup != NULL) /* a timer, a lookup */
		return fsock__handle_error(s, "relay", EOPNOTSUPP);
	if (fstat(fd_of(s), &st) < 0)
		return fsock__handle_error(s, "relay", errno);
	e->is_device = S_ISCHR(st.st_mode);
	e->kind = s->is_always_ready     ? FSOCK__RELAY_FOREIGN_FILE
		  : S_ISSOCK(st.st_mode) ? FSOCK__RELAY_FOREIGN_SOCKET
					 : FSOCK__RELAY_FOREIGN;
	return 0;
}

/* Whether a handle can be an end. Returns 0 or -1. */
static int
check(const struct fsock *s)
{
	if (s == NULL || s->role == FSOCK__LISTENER || s->role == FSOCK__DATAGRAM)
		return fsock__error_set_kind("relay", s == NULL ? NULL : s->host,
		    s == NULL ? FSOCK__NO_PORT : s->port, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	if (s->inner != NULL)
		return fsock__handle_error(s, "relay", EOPNOTSUPP);
	if ((s->connecting == NULL && s->fd < 0) || s->watch.closing != FSOCK__NOT_CLOSING)
		return fsock__handle_error(s, "relay", EBADF);
	return 0;
}

int
fsock__relay_end_open(struct fsock__relay_end *e, struct fsock *s)
{
	if (check(s) < 0 || (s->role == FSOCK__FOREIGN && open_foreign(e, s) < 0))
		return -1;
	if (atomic_exchange(&s->is_relayed, 1))
		return fsock__handle_error(s, "relay", EBUSY);
	e->socket = s;
	fsock__handle_visit(s);
	if (s->role == FSOCK__FOREIGN)
		return 0;
	e->kind = FSOCK__RELAY_SOCKET;
	e->was_blocking = !s->nonblocking;
	e->delivered = s->delivers;
	s->nonblocking = 1;
	s->delivers = FSOCK__DELIVERS_OCTETS; /* records are of no concern to who waits for it */
	return s->stream != NULL && fsock_send(s, "", 0, NULL) < 0 ? -1 : 0;
}

/* With output queued a socket cannot block without waiting for that. */
void
fsock__relay_end_close(struct fsock__relay_end *e)
{
	struct fsock *s = e->socket;

	if (s == NULL)
		return;
	if (e->kind == FSOCK__RELAY_SOCKET) {
		if (e->was_blocking && (s->output.queued == 0 || s->output.error != 0))
			s->nonblocking = 0;
		if (s->delivers == FSOCK__DELIVERS_OCTETS) /* else the program has chosen */
			s->delivers = e->delivered;
	}
	s->is_relayed = 0;
	fsock__socket_leave(s);
	e->socket = NULL;
}

int
fsock__relay_end_is_plain(const struct fsock__relay_end *e)
{
	const struct fsock *s = e->socket;

	return e->kind == FSOCK__RELAY_SOCKET && s->connecting == NULL && s->fd >= 0 &&
	       s->transport == &fsock__transport_socket;
}

/* Whether it is ready: else, and if that cannot be told, EAGAIN is recorded. Returns 0 or -1. */
static int
await(const struct fsock__relay_end *e, int events)
{
	if (e->kind != FSOCK__RELAY_FOREIGN || fsock__sys_wait(fd_of(e->socket), events, 0) > 0)
		return 0;
	return fsock__handle_error(e->socket, "relay", EAGAIN);
}

/* The descriptor may block: it is read when that does not. */
static ssize_t
receive_foreign(const struct fsock__relay_end *e, void *buf, size_t n)
{
	int fd = fd_of(e->socket), flags = MSG_DONTWAIT, saved = errno;
	ssize_t r;

	if (await(e, POLLIN) < 0)
		return -1;
	if (e->kind == FSOCK__RELAY_FOREIGN_SOCKET)
		r = fsock__sys_receive(fd, buf, n, &flags);
	else
		r = fsock__sys_read(fd, buf, n);
	if (r < 0 && errno == EIO && e->is_device) { /* nobody has the other side open any more */
		errno = saved;
		return 0;
	}
	return r < 0 ? fsock__handle_error(e->socket, "read", errno) : r;
}

ssize_t
fsock__relay_end_receive(
    const struct fsock__relay_end *e, void *buf, size_t n, fsock__receive_fn *receive, void *arg)
{
	struct fsock *s = e->socket;

	if (e->kind != FSOCK__RELAY_SOCKET)
		return receive_foreign(e, buf, n);
	if (fsock__handle_check(s, "read") < 0)
		return -1;
	if (s->stream != NULL)
		return s->stream_ops->receive(s, buf, n, receive, arg);
	return receive(s, buf, n, arg);
}

int
fsock__relay_end_is_clear(const struct fsock__relay_end *e)
{
	struct fsock *s = e->socket;

	if (e->kind != FSOCK__RELAY_SOCKET)
		return 1;
	if (fsock__handle_check(s, "write") < 0)
		return -1;
	if (s->output.error != 0)
		return fsock__pending_error(s, "write");
	if (s->output.queued == 0 && s->connecting == NULL)
		return 1;
	if (fsock_send_pending(s) < 0)
		return -1;
	return s->output.queued == 0 && s->connecting == NULL;
}

int
fsock__relay_end_may_send(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;

	if (s->output.error != 0)
		return fsock__pending_error(s, "write");
	if (s->output.end_due || (s->shut & FSOCK_OUTPUT))
		return fsock__handle_error(s, "write", EPIPE);
	if (s->output.queued > 0) /* another thread has just written */
		return fsock__handle_error(s, "write", EAGAIN);
	if (stream != NULL)
		stream->sent = 1; /* no byte order mark behind this */
	return 0;
}

/* see fsock__send_fn */
static ssize_t
offer(struct fsock *s, const void *arg)
{
	const struct fsock__octets *octets = arg;
	ssize_t r;

	if (fsock__relay_end_may_send(s) < 0)
		return -1;
	r = s->transport->offer(s, octets->data, octets->size);
	if (r < 0)
		fsock__socket_fail_output(s, errno);
	return r;
}

/* Through layers: of a socket with FILEs all of it is taken, or queued. */
static ssize_t
send_layered(struct fsock *s, const void *buf, size_t n)
{
	size_t most = s->settings.high_water < s->settings.output_limit ? s->settings.high_water
									: s->settings.output_limit;

	if (s->stream != NULL && n >= most)
		n = most > 1 ? most - 1 : 1; /* else it would be congested, and not read from */
	return fsock_send(s, buf, n, NULL);
}

/*
 * A blocking pipe that can be written takes so much without waiting, whatever else is in it. Of a
 * terminal nothing like that is known.
 */
static ssize_t
send_foreign(const struct fsock__relay_end *e, const void *buf, size_t n)
{
	int fd = fd_of(e->socket), flags = MSG_DONTWAIT;
	struct fsock__shield shield;
	ssize_t r;

	if (await(e, POLLOUT) < 0)
		return -1;
	if (e->kind == FSOCK__RELAY_FOREIGN && n > PIPE_BUF && !fsock__sys_is_nonblocking(fd))
		n = PIPE_BUF;
	if (e->kind == FSOCK__RELAY_FOREIGN_SOCKET) {
		r = fsock__sys_send(fd, buf, n, &flags);
	} else {
		fsock__shield_raise(&shield);
		r = fsock__sys_write(fd, buf, n);
		fsock__shield_lower(&shield, r < 0);
	}
	return r < 0 ? fsock__handle_error(e->socket, "write", errno) : r;
}

ssize_t
fsock__relay_end_send(const struct fsock__relay_end *e, const void *buf, size_t n)
{
	const struct fsock__octets octets = { buf, n };
	int saved = errno;
	ssize_t r;

	if (e->kind != FSOCK__RELAY_SOCKET)
		r = send_foreign(e, buf, n);
	else if (fsock__relay_end_is_plain(e))
		r = fsock__send_in_turn(e->socket, "write", offer, &octets);
	else
		r = send_layered(e->socket, buf, n);
	if (r >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
		return r;
	errno = saved;
	return 0;
}

/* The program closes what is no socket: that is how its reader learns of the end. */
static int
finish_foreign(const struct fsock__relay_end *e)
{
	int saved = errno;

	if (e->kind == FSOCK__RELAY_FOREIGN_SOCKET && shutdown(fd_of(e->socket), SHUT_WR) < 0 &&
	    errno != ENOTCONN)
		return fsock__handle_error(e->socket, "shutdown", errno);
	errno = saved;
	return 1;
}

int
fsock__relay_end_finish(const struct fsock__relay_end *e)
{
	int saved = errno;

	if (e->kind != FSOCK__RELAY_SOCKET)
		return finish_foreign(e);
	if (fsock_shutdown(e->socket, FSOCK_OUTPUT) == 0)
		return 1;
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return -1;
	errno = saved;
	return 0;
}
