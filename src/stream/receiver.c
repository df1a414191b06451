#include "../base/compat.h"
#include "receiver.h"

#include "../base/error.h"
#include "../base/clock.h"
#include "exit.h"
#include "sender.h"

/* Tells of an error that came while nobody was reading; after that the kernel tells the rest. */
FSOCK__COLD static ssize_t
read_error(struct fsock__stream *stream)
{
	int error = stream->read_error;

	stream->read_error = 0;
	return fsock__handle_error(stream->socket, "read", error);
}

/*
 * Whether the kernel need not be asked, as a wait has just had all there was. What comes later the
 * list will tell of; and to spare who does not wait on it, this is believed but once. A deadline,
 * or the end of input that fsock_shutdown() makes, is not the kernel's to tell.
 */
static int
is_known_empty(struct fsock__stream *stream)
{
	const struct fsock *s = stream->socket;
	int is_drained = stream->is_drained;

	stream->is_drained = 0;
	return is_drained && s->nonblocking && fsock__handle_is_watched(s) &&
	       stream->read_error == 0 && s->limits.read_deadline == FSOCK__NEVER &&
	       !(s->shut & FSOCK_INPUT);
}

/* Receives into `room` octets, which are the raw buffer's or the program's. */
static ssize_t
receive(struct fsock__window *w, uint8_t *to, size_t room)
{
	struct fsock__stream *stream = w->stream;
	struct fsock *s = stream->socket;
	int cancel;
	ssize_t r;

	/* A thread cancelled in here would leave the FILE and our locks taken for ever. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	w->waiting = fsock__process();
	if (fsock__exit_forbids_waiting())
		r = fsock__handle_error(s, "read", ECANCELED);
	else if (stream->read_error != 0)
		r = read_error(stream);
	else
		r = s->transport->receive(s, to, room);
	w->waiting = 0;
	pthread_setcancelstate(cancel, NULL);
	if (r > 0)
		fsock__handle_note(s);
	return r;
}

/* Returns as fsock__receiver_fill(). */
static ssize_t
fill(struct fsock__window *w)
{
	struct fsock__buffer *raw = &w->stream->raw;
	size_t room = fsock__buffer_reserve(raw);
	ssize_t r;

	if (room == 0)
		return fsock__handle_error(w->stream->socket, "read", ENOMEM);
	/* Of an unbuffered FILE select(2) is to tell all: what is not read stays in the kernel. */
	if (w->wants > 0 && w->wants < room && w->delivery != FSOCK_DELIVER_WHOLE_RECORD)
		room = w->wants;
	r = receive(w, raw->data + raw->tail, room);
	if (r > 0)
		fsock__buffer_received(raw, (size_t)r);
	else if (fsock__buffer_count(raw) == 0)
		fsock__buffer_shrink(raw);
	return r;
}

/* Receives once: into buf if that is not NULL, or else into the raw buffer. */
static ssize_t
receive_once(struct fsock__window *w, uint8_t *buf, size_t n)
{
	struct fsock__stream *stream = w->stream;
	ssize_t r;

	if (stream->raw.received >= stream->bound)
		return 0;
	if (fsock__sender_before_input(stream) < 0)
		return -1;
	if (is_known_empty(stream))
		r = fsock__handle_error(stream->socket, "read", EAGAIN);
	else
		r = buf != NULL ? receive(w, buf, n) : fill(w);
	fsock__sender_after_input(stream);
	return r;
}

FSOCK__COLD ssize_t
fsock__receiver_fill(struct fsock__window *w)
{
	return receive_once(w, NULL, 0);
}

ssize_t
fsock__receiver_direct(struct fsock__window *w, void *buf, size_t n)
{
	ssize_t r = receive_once(w, buf, n);

	if (r > 0)
		fsock__buffer_passed(&w->stream->raw, (size_t)r);
	return r;
}

FSOCK__COLD ssize_t
fsock__receiver_too_long(const struct fsock__stream *stream)
{
	const struct fsock *s = stream->socket;

	return fsock__error_set_kind("read", s->host, s->port, FSOCK_LINE_TOO_LONG_ERROR, EMSGSIZE);
}

size_t
fsock__receiver_waiting(const struct fsock__stream *stream, const uint8_t **p)
{
	size_t n = fsock__receiver_count(stream), owed = stream->owed_length;

	if (n == 0 || n < owed)
		return 0;
	*p = stream->raw.data + stream->raw.head;
	if (owed == 0 || memcmp(*p, stream->owed, owed) != 0)
		return n;
	*p += owed;
	return n - owed;
}
