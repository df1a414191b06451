#include "../base/compat.h"
#include "shutdown.h"

#include "../base/error.h"
#include "account.h"
#include "failure.h"
#include "interrupt.h"
#include "layer_output.h"
#include "layers.h"
#include "socket.h"
#include "transfer.h"
#include "unfinished.h"

/* Ends a listener: blocked and later accepts see `shut`. Whoever is woken may close it at once. */
static int
shut_listener(fsock *s, int fd)
{
	int saved = errno;

	fsock__handle_visit(s);
	s->shut = FSOCK_IO;
	shutdown(fd, SHUT_RDWR); /* wakes them; some systems wake and yet report ENOTCONN */
	fsock__handle_note(s);
	fsock__socket_leave(s);
	errno = saved;
	return 0;
}

/*
 * Shuts down a direction of a datagram socket. There is no peer to tell, and one that is not
 * connected is even told so; but receives that wait are woken, and see `shut`. Returns 0 or -1.
 */
static int
shut_datagram(fsock *s, int fd, int direction, int how)
{
	int r, saved = errno;

	fsock__handle_visit(s); /* as above */
	atomic_fetch_or(&s->shut, direction);
	r = shutdown(fd, how);
	if (r < 0 && errno != ENOTCONN) {
		fsock__handle_error(s, "shutdown", errno);
	} else {
		r = 0;
		fsock__handle_note(s);
		errno = saved;
	}
	fsock__socket_leave(s);
	return r;
}

/*
 * Whether the peer may be told that output ends here: not if octets are missing in it, where the
 * close can tell that by a reset.
 */
static int
may_end(const struct fsock *s)
{
	return s->output.error == 0 || s->family == AF_UNIX;
}

/*
 * Who queues and who drains may be two threads: each notes what it has done before it looks at what
 * the other has. One of them finds both, and the exchange lets only one act on it.
 */
void
fsock__shutdown_due(struct fsock *s)
{
	int saved = errno;

	if (atomic_exchange(&s->output.end_due, 0) && may_end(s))
		shutdown(s->fd, SHUT_WR); /* if the peer has gone it need not be told */
	errno = saved;
}

int
fsock__shutdown_flush(struct fsock *s)
{
	int r = fsock__layer_output_flush(s, s->output.end_due);

	if (r < 0)
		fsock__socket_fail_output(s, errno);
	s->output.queued = fsock__layers_unsent(s);
	if (r >= 0 && s->output.queued == 0)
		fsock__shutdown_due(s);
	return r < 0 ? -1 : 0;
}

/* The end waits behind what is queued, as part of that. */
static int
put_off(struct fsock *s)
{
	if (s->stream == NULL) /* there is no queue */
		return fsock__handle_error(s, "shutdown", EAGAIN);
	s->output.end_due = 1;
	s->output.queued = 1;
	fsock__handle_note(s);
	return 0;
}

/* The end of the connection alone, of no layer; or none, where that would look complete. */
static int
end_abruptly(struct fsock *s)
{
	return may_end(s) ? shutdown(s->fd, SHUT_WR) : 0;
}

/* There is no room for the end: output has failed, and who writes next need not wait as well. */
static int
give_up(struct fsock *s)
{
	int error = errno;

	fsock__socket_fail_output(s, error);
	end_abruptly(s);
	errno = error;
	return -1;
}

/* Has the layers tell the peer, in the turn of the output side. Returns 0 or -1. */
static int
end_layers(struct fsock *s)
{
	int r;

	while ((r = fsock__layer_output_flush(s, 1)) == 0) {
		if (s->nonblocking)
			return put_off(s);
		if (fsock__transfer_await_room(
			s, "shutdown", fsock__clock_after(s->limits.write_timeout)) < 0)
			return give_up(s);
	}
	return r < 0 ? -1 : shutdown(s->fd, SHUT_WR);
}

/*
 * Another thread waits for room: its write fails when it is woken. If it cannot be (EMFILE) only
 * the end of the connection does that.
 */
static int
cut_writer(struct fsock *s)
{
	if (s->interrupt == NULL)
		return shutdown(s->fd, SHUT_WR);
	fsock__socket_cut_write(s, EPIPE);
	return end_abruptly(s);
}

/* The end follows what is queued, or what connecting leaves: see fsock__shutdown_due(). */
static int
put_behind(struct fsock *s)
{
	s->output.end_due = 1;
	if (s->output.queued == 0 && s->connecting == NULL)
		fsock__shutdown_due(s);
	return 0;
}

/* In the turn nothing is queued, or held back, beside this. Returns 0 or -1. */
static int
end_output(struct fsock *s)
{
	struct fsock__output *out = &s->output;

	if (out->error != 0 || (fsock__layers_are_on(s) && s->layers->failed))
		return end_abruptly(s);
	if (out->queued > 0) {
		out->end_due = 1;
		return 0;
	}
	return fsock__layers_are_on(s) ? end_layers(s) : shutdown(s->fd, SHUT_WR);
}

/*
 * A write that is cut short, on a socket that blocks, is followed by no proper end. Returns 0 or
 * -1.
 */
static int
shut_in_turn(struct fsock *s)
{
	struct fsock__output *out = &s->output;
	int how = fsock__turn_take(s, &out->turn, 0), r;
	unsigned number = out->turn.number;

	if (how < 0)
		return s->nonblocking && out->queued > 0 ? put_behind(s) : cut_writer(s);
	fsock__unfinished_look(s);
	if (how == FSOCK__TURN_RESUMED && (out->is_unsure || out->sending != NULL))
		fsock__socket_cut_write(s, EINTR);
	r = end_output(s);
	fsock__turn_end(s, &out->turn, number);
	fsock__unfinished_look(s);
	return r;
}

int
fsock__shutdown_output(struct fsock *s)
{
	int r = s->connecting != NULL ? put_behind(s) : shut_in_turn(s);

	if (r < 0 || !s->output.end_due || s->stream == NULL)
		return r;
	if (!s->nonblocking)
		return s->stream_ops->settle(s);
	return s->output.is_held ? s->stream_ops->release(s) : 0;
}

/* Shuts down one direction; one that was shut down before, by us, is no error. */
static int
shut_direction(fsock *s, int fd, int direction, int how)
{
	int r, before = s->shut;

	if (s->role == FSOCK__DATAGRAM)
		return shut_datagram(s, fd, direction, how);
	if (direction == FSOCK_INPUT && fd < 0)
		return fsock__handle_error(s, "shutdown", EINPROGRESS);
	if (direction == FSOCK_OUTPUT)
		r = fsock__shutdown_output(s);
	else
		r = fsock__layers_are_on(s) ? fsock__layers_shut_input(s) : shutdown(fd, how);
	if (r < 0) {
		if (before & direction)
			return 0;
		return errno == ENOTCONN ? fsock__error_set_kind("shutdown", s->host, s->port,
					       FSOCK_SHUTDOWN_ERROR, ENOTCONN)
					 : fsock__failure_retell(s, "shutdown", errno);
	}
	if (!(before & direction))
		fsock__account_tell(s, FSOCK_TRACE_SHUTDOWN, "shut down %s",
		    direction == FSOCK_INPUT ? "input" : "output");
	atomic_fetch_or(&s->shut, direction);
	fsock__interrupt_look(s, direction);
	return 0;
}

/*
 * Shuts down output that could not be flushed. That is the failure which the caller is told of,
 * whatever comes of this.
 */
static void
shut_failed_output(struct fsock *s, int fd)
{
	struct fsock__record *before = fsock__error_aside();
	int error = errno;

	shut_direction(s, fd, FSOCK_OUTPUT, SHUT_WR);
	fsock__error_back(before);
	errno = error;
}

/* see fsock/socket.h */
int
fsock_shutdown(fsock *s, int direction)
{
	int fd, r = 0, saved = errno;

	if (fsock__handle_check(s, "shutdown") < 0)
		return -1;
	fd = s->connecting != NULL ? -1 : s->fd; /* another thread may be setting it */
	if (direction < FSOCK_INPUT || direction > FSOCK_IO)
		return fsock__handle_error(s, "shutdown", EINVAL);
	if (s->role == FSOCK__LISTENER)
		return shut_listener(s, fd);
	/* Input first: a reader blocked on the two-way FILE has it locked, and lets it go then. */
	if (direction & FSOCK_INPUT)
		r = shut_direction(s, fd, FSOCK_INPUT, SHUT_RD);
	if (direction & FSOCK_OUTPUT) {
		if (s->stream != NULL && s->stream_ops->flush(s, FSOCK__FLUSH_PAST_BUSY) < 0)
			r = -1;
		if (r < 0)
			shut_failed_output(s, fd);
		else
			r = shut_direction(s, fd, FSOCK_OUTPUT, SHUT_WR);
	}
	if (r == 0)
		errno = saved;
	return r;
}
