#include "../base/compat.h"
#include "socket.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/sys.h"
#include "../net/connecting.h"
#include "failure.h"
#include "interrupt.h"
#include "layer.h"
#include "layer_output.h"
#include "linger.h"
#include "transfer.h"
#include "unfinished.h"

/* None is worth failing for: the socket works without. */
void
fsock__socket_apply_settings(
    int fd, enum fsock__role role, int family, const struct fsock__settings *set)
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

/* What is not zero in a new handle. */
static void
init(struct fsock *s, const struct fsock__settings *settings)
{
	s->references = 1;
	s->account.began = fsock__clock_now();
	s->era = fsock__process_era();
	s->settings = *settings;
	s->settings.local_host = NULL;
	s->limits.read_deadline = s->limits.write_deadline =
	    s->role == FSOCK__LISTENER ? FSOCK__NEVER : fsock__clock_after(settings->deadline);
	s->limits.read_timeout = settings->read_timeout;
	s->limits.write_timeout = settings->write_timeout;
	s->nonblocking = settings->nonblocking;
	if (settings->delivery == FSOCK_DELIVER_WHOLE_RECORD)
		s->delivers = fsock__handle_delivers(&settings->record);
}

struct fsock *
fsock__socket_new(int fd, enum fsock__role role, int family, const struct fsock__settings *settings,
    const char *host, int port, const struct fsock__transport_ops *transport)
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
	if (role == FSOCK__LISTENER)
		fsock__layer_hold(settings->layer);
	s->fd = fd;
	s->role = role;
	s->family = family;
	s->port = port;
	memcpy(s->host, host == NULL ? "" : host, length);
	s->transport = transport != NULL ? transport : &fsock__transport_socket;
	init(s, settings);
	if (fsock__unfinished_enter(s) < 0) {
		fsock__interrupt_close(s);
		free(s);
		fsock__error_set("allocate", host, port, ENOMEM);
		return NULL;
	}
	if (fd >= 0)
		fsock__socket_apply_settings(fd, role, family, settings);
	return s;
}

void
fsock__socket_set_fd(struct fsock *s, int fd, int family)
{
	s->fd = fd;
	s->family = family;
}

/*
 * Nobody writes any more, but a list may be sending what is queued, for a moment. A turn that is
 * not over then was jumped out of, and what it sent is incomplete.
 */
static void
find_unfinished(struct fsock *s)
{
	struct fsock__output *out = &s->output;
	int how;

	if (out->turn.process != fsock__process())
		return;
	how = fsock__turn_take(s, &out->turn, 0);
	if (how < 0 || (how == FSOCK__TURN_RESUMED && (out->is_unsure || out->sending != NULL)))
		fsock__socket_cut_write(s, EINTR);
	if (how < 0)
		return;
	out->sending = NULL;
	out->is_unsure = 0;
	fsock__turn_end(s, &out->turn, out->turn.number);
}

/*
 * Has the layers tell the peer that all has been said, as far as that goes without waiting. Who has
 * never begun with a handshake has said nothing. A peer that has gone need not be told.
 */
static void
end_layers(struct fsock *s)
{
	struct fsock__output *out = &s->output;
	int is_unsent = fsock__layers_unsent(s) > 0, saved = errno, r;
	struct fsock__record *before;

	if (s->fd < 0 || s->layers->failed || s->layers->process != fsock__process() ||
	    (!s->layers->is_started && !is_unsent))
		return;
	if (fsock__turn_take(s, &out->turn, 0) < 0)
		return;
	before = fsock__error_aside();
	r = fsock__layer_output_flush(s, 1);
	fsock__turn_end(s, &out->turn, out->turn.number);
	fsock__unfinished_look(s);
	if (r == 0) {
		out->queued = 1;
		out->end_due = 1;
	} else if (r < 0 && is_unsent) {
		fsock__socket_fail_output(s, errno);
	}
	fsock__error_back(before);
	errno = saved;
}

/* Sends what is queued, where there is no stream: a layer has it. Failures are kept. */
static void
settle(struct fsock *s)
{
	int64_t until = fsock__clock_after(s->settings.close_timeout);
	int r;

	while ((r = fsock__layer_output_flush(s, s->output.end_due)) == 0)
		if (s->transport->await_room(s, "close", until) < 0) {
			r = -1;
			break;
		}
	if (r < 0)
		fsock__socket_fail_output(s, errno);
	s->output.queued = 0;
}

int
fsock__socket_end(struct fsock *s)
{
	if (s->watch.closing != FSOCK__NOT_CLOSING)
		return 0;
	find_unfinished(s);
	if (fsock__layers_are_on(s) && s->output.error == 0) {
		if (s->output.queued == 0)
			end_layers(s);
		else
			s->output.end_due = 1;
	}
	if (s->output.queued > 0 && s->output.error == 0) {
		if (s->stream == NULL)
			settle(s);
		else if (fsock__handle_is_watched(s) && s->watch.ops->defer(s))
			return 0;
		else
			s->stream_ops->settle(s); /* a failure is kept in output.error */
	}
	if (fsock__linger_is_due(s)) {
		if (fsock__handle_is_watched(s) && s->watch.ops->defer(s))
			return 0;
		if (!s->nonblocking)
			fsock__linger_wait(s);
	}
	return fsock__socket_end_now(s);
}

int
fsock__socket_end_now(struct fsock *s)
{
	int saved = errno, cancel, r;

	if (fsock__handle_is_watched(s))
		s->watch.ops->drop_fd(s);
	/* A thread cancelled in here would leave the descriptor open. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = s->transport->close(s);
	pthread_setcancelstate(cancel, NULL);
	if (r < 0)
		return fsock__handle_error(s, "close", errno);
	errno = saved;
	return 0;
}

int
fsock__socket_close_foreign(struct fsock *s)
{
	int fd = s->fd;

	fsock__handle_lock(s);
	s->fd = s->foreign = -1;
	fsock__handle_unlock(s);
	return fd < 0 || fd == FSOCK__NO_FD ? 0 : fsock__sys_close(fd);
}

void
fsock__socket_reset(struct fsock *s)
{
	static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	int saved = errno;

	if (s->role != FSOCK__CONNECTED || !fsock__handle_is_ours(s))
		return;
	s->is_reset = 1;
	if (s->fd >= 0 && s->family != AF_UNIX)
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	errno = saved;
}

void
fsock__socket_fail_output(struct fsock *s, int errnum)
{
	const struct fsock__transport_ops *transport = s->transport;
	int none = 0;

	if (atomic_compare_exchange_strong(&s->output.error, &none, errnum))
		fsock__failure_keep(s, fsock__error_current());
	fsock__handle_use(s); /* they are this process's own */
	fsock__socket_reset(s);
	if (transport->fail != NULL)
		transport->fail(s, errnum);
}

void
fsock__socket_cut_write(struct fsock *s, int errnum)
{
	struct fsock__record *before = fsock__error_aside();
	int saved = errno;

	fsock__handle_error(s, "write", errnum);
	fsock__socket_fail_output(s, errnum);
	fsock__interrupt_look(s, FSOCK_OUTPUT);
	fsock__error_back(before);
	errno = saved;
}

/*
 * Who closes the descriptor takes it out of the handle first: this is not done to another's. No end
 * is sent, which the peer would take for the proper one: readers are woken by the other direction,
 * and writers by their wake-up, or for want of one (EMFILE) by the end after all.
 */
void
fsock__socket_cut(struct fsock *s)
{
	static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	int saved = errno, none = 0, how = SHUT_RD;

	fsock__handle_lock(s);
	if (s->fd >= 0 && !s->is_lingering) {
		s->is_cut = s->is_reset = 1;
		atomic_compare_exchange_strong(&s->output.error, &none, EPIPE);
		atomic_fetch_or(&s->shut, FSOCK_IO);
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		if (s->output.turn.waits && s->interrupt == NULL)
			how = SHUT_RDWR;
	}
	if (s->fd >= 0)
		shutdown(s->fd, how); /* does not wait */
	fsock__handle_unlock(s);
	fsock__interrupt_look(s, FSOCK_INPUT);
	fsock__interrupt_look(s, FSOCK_OUTPUT);
	errno = saved;
}

/* Drops a reference, maybe a visitor's. At the last the handle leaves its lists and is freed. */
static void
drop_reference(struct fsock *s, int is_visitor)
{
	int left;

	fsock__handle_lock(s);
	s->visitors -= is_visitor;
	left = --s->references;
	fsock__handle_unlock(s);
	if (left > 0)
		return;
	if (fsock__handle_is_watched(s) || s->watch.ropes != NULL)
		s->watch.ops->leave(s);
	fsock__unfinished_leave(s);
	if (s->stream != NULL)
		s->stream_ops->free(s);
	fsock__connecting_free(s->connected);
	fsock__interrupt_close(s);
	fsock__layer_free_all(s);
	if (s->role == FSOCK__LISTENER)
		fsock__layer_drop(s->settings.layer);
	free(s->failure);
	free(s);
}

void
fsock__socket_unref(struct fsock *s)
{
	drop_reference(s, 0);
}

void
fsock__socket_leave(struct fsock *s)
{
	drop_reference(s, 1);
}

/* see fsock/socket.h */
int
fsock_set_nonblocking(fsock *s, int on)
{
	if (fsock__handle_check(s, "set non-blocking") < 0)
		return -1;
	s->nonblocking = on != 0;
	if (on && s->role == FSOCK__LISTENER && !fsock__sys_is_nonblocking(s->fd))
		s->made_nonblocking = fsock__sys_set_nonblocking(s->fd, 1) == 0;
	if (on || s->output.queued == 0)
		return 0;
	if (s->stream != NULL)
		return s->stream_ops->settle(s);
	settle(s);
	return s->output.error == 0 ? 0 : -1;
}
