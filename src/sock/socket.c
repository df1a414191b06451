#include "../base/compat.h"
#include "socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "interrupt.h"
#include "../base/process.h"
#include "../base/sys.h"
#include "transfer.h"
#include "../wait/wait.h"

/* Options that the descriptor carries. None is worth failing for: the socket works without. */
static void
apply_settings(int fd, enum fsock__role role, int family, const struct fsock__settings *set)
{
	int saved = errno;

	if (FSOCK__SO_NOSIGPIPE >= 0)
		fsock__sys_set_int(fd, SOL_SOCKET, FSOCK__SO_NOSIGPIPE, 1);
	if (role != FSOCK__LISTENER) {
		if (set->read_timeout != FSOCK__NEVER)
			fsock__sys_set_timeout(fd, SO_RCVTIMEO, set->read_timeout);
		if (set->write_timeout != FSOCK__NEVER)
			fsock__sys_set_timeout(fd, SO_SNDTIMEO, set->write_timeout);
	}
	if (role == FSOCK__CONNECTED && family != AF_UNIX && set->nodelay)
		fsock__sys_set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	errno = saved;
}

struct fsock *
fsock__socket_new(int fd, enum fsock__role role, int family, const struct fsock__settings *settings,
    const char *host, int port)
{
	size_t length = host == NULL ? 0 : strlen(host);
	struct fsock *s = calloc(1, sizeof *s + length + 1);
	int error;

	if (s == NULL) {
		fsock__error_set("allocate", host, port, ENOMEM);
		return NULL;
	}
	fsock__process_watch();
	if (settings->interruptible && fsock__interrupt_open(s) < 0) {
		error = errno;
		free(s);
		fsock__error_set("open wake-up", host, port, error);
		return NULL;
	}
	pthread_mutex_init(&s->lock, NULL);
	s->fd = fd;
	s->transport = &fsock__transport_socket;
	s->role = role;
	s->family = family;
	s->references = 1;
	s->settings = *settings;
	s->settings.local_host = NULL;
	s->read_deadline = s->write_deadline =
	    role == FSOCK__LISTENER ? FSOCK__NEVER : fsock__clock_after(settings->deadline);
	s->read_timeout = settings->read_timeout;
	s->write_timeout = settings->write_timeout;
	s->nonblocking = settings->nonblocking;
	s->port = port;
	memcpy(s->host, host == NULL ? "" : host, length);
	apply_settings(fd, role, family, settings);
	return s;
}

int
fsock__socket_close_nolock(struct fsock *s)
{
	if (s->closing || (s->queued > 0 && s->write_error == 0 && fsock__wait_closing_defer(s)))
		return 0;
	return fsock__socket_close_now_nolock(s);
}

int
fsock__socket_close_now_nolock(struct fsock *s)
{
	int saved = errno, cancel, r;

	if (s->fd >= 0 || s->connecting != NULL)
		fsock__wait_drop_fd(s);
	/* A thread cancelled in here would leave `lock` taken for ever. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = s->transport->close(s);
	pthread_setcancelstate(cancel, NULL);
	if (r < 0)
		return fsock__socket_error(s, "close", errno);
	errno = saved;
	return 0;
}

void
fsock__socket_reset_nolock(struct fsock *s)
{
	static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	s->used = 0; /* nothing is drained: the reset is wanted */
	if (s->fd >= 0 && s->role == FSOCK__CONNECTED && s->family != AF_UNIX)
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

void
fsock__socket_own(struct fsock *s)
{
	pthread_mutex_lock(&s->lock);
	if (s->references == s->open_files)
		s->references++;
	pthread_mutex_unlock(&s->lock);
}

void
fsock__socket_unref(struct fsock *s)
{
	int left;

	pthread_mutex_lock(&s->lock);
	left = --s->references;
	pthread_mutex_unlock(&s->lock);
	if (left > 0)
		return;
	fsock__wait_leave(s);
	if (s->stream != NULL)
		s->stream_ops->free(s);
	fsock__interrupt_close(s);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int
fsock__socket_error(const struct fsock *s, const char *operation, int errnum)
{
	return fsock__error_set(operation, s->host, s->port, errnum);
}

void
fsock__socket_set_fd(struct fsock *s, int fd, int family)
{
	s->fd = fd;
	s->family = family;
	apply_settings(fd, s->role, family, &s->settings);
}

int
fsock__socket_check(const struct fsock *s, const char *operation)
{
	if (s == NULL)
		return fsock__error_set_kind(
		    operation, NULL, FSOCK__NO_PORT, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	/* In this order: while it is connecting, another thread may be setting `fd`. */
	if ((s->connecting == NULL && s->fd < 0) || s->closing)
		return fsock__socket_error(s, operation, EBADF);
	return 0;
}

int
fsock__socket_fd(const struct fsock *s, const char *operation)
{
	if (fsock__socket_check(s, operation) < 0)
		return -1;
	if (s->connecting != NULL)
		return fsock__socket_error(s, operation, EINPROGRESS);
	return s->fd;
}

/* see fsock/socket.h */
int
fsock_socket(fsock *s)
{
	return fsock__socket_fd(s, "socket");
}

/* see fsock/socket.h */
int
fsock_is_stream(const fsock *s)
{
	return s != NULL && s->role == FSOCK__CONNECTED;
}

/* see fsock/socket.h */
int
fsock_is_listener(const fsock *s)
{
	return s != NULL && s->role == FSOCK__LISTENER;
}

/* see fsock/socket.h */
int
fsock_is_datagram(const fsock *s)
{
	return s != NULL && s->role == FSOCK__DATAGRAM;
}

/* see fsock/socket.h */
int
fsock_set_nonblocking(fsock *s, int on)
{
	if (fsock__socket_check(s, "set non-blocking") < 0)
		return -1;
	s->nonblocking = on != 0;
	if (on && s->role == FSOCK__LISTENER && !fsock__sys_is_nonblocking(s->fd))
		s->made_nonblocking = fsock__sys_set_nonblocking(s->fd, 1) == 0;
	return on || s->queued == 0 ? 0 : s->stream_ops->settle(s);
}

/* see fsock/socket.h */
int
fsock_is_nonblocking(const fsock *s)
{
	return s != NULL && s->nonblocking;
}

/* Sets the deadlines of the directions. Returns 0 or -1. */
static int
set_deadlines(struct fsock *s, int directions, double seconds)
{
	int64_t span, deadline;

	if (fsock__socket_check(s, "set deadline") < 0)
		return -1;
	if (fsock__clock_span(seconds, &span) < 0)
		return fsock__socket_error(s, "set deadline", EINVAL);
	deadline = fsock__clock_after(span);
	if (directions & FSOCK_INPUT) {
		s->read_deadline = deadline;
		fsock__interrupt_look(s, FSOCK_INPUT);
	}
	if (directions & FSOCK_OUTPUT) {
		s->write_deadline = deadline;
		fsock__interrupt_look(s, FSOCK_OUTPUT);
	}
	fsock__wait_note(s);
	return 0;
}

/* see fsock/socket.h */
int
fsock_set_deadline(fsock *s, double seconds)
{
	return set_deadlines(s, FSOCK_IO, seconds);
}

/* see fsock/socket.h */
int
fsock_set_read_deadline(fsock *s, double seconds)
{
	return set_deadlines(s, FSOCK_INPUT, seconds);
}

/* see fsock/socket.h */
int
fsock_set_write_deadline(fsock *s, double seconds)
{
	return set_deadlines(s, FSOCK_OUTPUT, seconds);
}

void
fsock__socket_ref(struct fsock *s)
{
	pthread_mutex_lock(&s->lock);
	s->references++;
	pthread_mutex_unlock(&s->lock);
}

void
fsock__socket_cut(struct fsock *s)
{
	int saved = errno;

	pthread_mutex_lock(&s->lock);
	if (s->fd >= 0)
		shutdown(s->fd, SHUT_RDWR);
	pthread_mutex_unlock(&s->lock);
	errno = saved;
}

void
fsock__socket_close_fd(struct fsock *s)
{
	pthread_mutex_lock(&s->lock);
	fsock__socket_close_nolock(s);
	pthread_mutex_unlock(&s->lock);
}
