/* From the raw buffer to stdio: what a FILE's read and seek functions do below. */
#include "../compat.h"
#include "../sock/error.h"
#include "../sock/process.h"
#include "../sock/transfer.h"
#include "exit.h"
#include "stream.h"

#include <sched.h>

/* Receives once into the raw buffer. Returns as recv(2), errors recorded. */
FSOCK__COLD static ssize_t
fill(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	struct fsock *s = stream->socket;
	size_t room = fsock__buffer_reserve(&stream->raw);
	int cancel;
	ssize_t r;

	if (room == 0)
		return fsock__socket_error(s, "read", ENOMEM);
	/* A thread cancelled in here would leave the FILE and our locks taken for ever. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	w->waiting = fsock__process();
	if (fsock__exit_forbids_waiting())
		r = fsock__socket_error(s, "read", ECANCELED);
	else
		r = fsock__transfer_receive(s, stream->raw.data + stream->raw.tail, room);
	w->waiting = 0;
	pthread_setcancelstate(cancel, NULL);
	if (r > 0)
		fsock__buffer_received(&stream->raw, (size_t)r);
	else if (fsock__buffer_count(&stream->raw) == 0)
		fsock__buffer_shrink(&stream->raw);
	return r;
}

/* The length of the line that waits, its end included; 0 if no line end is among n octets. */
static size_t
line_length(const struct fsock__buffer *raw, size_t from, size_t n)
{
	const uint8_t *start = raw->data + raw->head;
	const uint8_t *end = from < n ? memchr(start + from, '\n', n - from) : NULL;

	return end == NULL ? 0 : (size_t)(end - start) + 1;
}

FSOCK__COLD static ssize_t
too_long(struct fsock__stream *stream)
{
	const struct fsock *s = stream->socket;

	return fsock__error_set_kind(
	    "read", s->host, s->port, FSOCK_LINE_TOO_LONG_ERROR, EMSGSIZE);
}

/*
 * Receives until a whole line waits. Returns how much to deliver: all whole lines that fit, and at
 * end of file the rest; one line only on a two-way stream, whose FILE must hold nothing back when
 * the direction changes.
 */
FSOCK__COLD static ssize_t
await_line(struct fsock__window *w, size_t n)
{
	struct fsock__stream *stream = w->stream;
	struct fsock__buffer *raw = &stream->raw;
	size_t limit = w->line_limit, seen = 0, line, more;
	ssize_t r;

	while ((line = line_length(raw, seen, fsock__buffer_count(raw))) == 0) {
		seen = fsock__buffer_count(raw);
		if (seen + stream->line_fill >= limit)
			return too_long(stream);
		r = fill(w);
		if (r < 0)
			return -1;
		if (r == 0)
			return (ssize_t)(seen < n ? seen : n);
	}
	if (line + stream->line_fill > limit)
		return too_long(stream);
	if (line > n)
		return (ssize_t)n;
	if (w->sides == FSOCK_IO)
		return (ssize_t)line;
	for (more = line; more > 0 && line < n; line += more) {
		size_t count = fsock__buffer_count(raw);

		more = line_length(raw, line, count < n ? count : n);
		more = more > line && more - line <= limit ? more - line : 0;
	}
	return (ssize_t)line;
}

/* How much of what waits to deliver, up to the end of the first line. */
static ssize_t
up_to_line(struct fsock__window *w, size_t n)
{
	struct fsock__stream *stream = w->stream;
	size_t limit = w->line_limit;
	size_t line = line_length(&stream->raw, 0, n);

	if (line > 0)
		n = line;
	if (limit == 0)
		return (ssize_t)n;
	if (stream->line_fill >= limit)
		return too_long(stream);
	limit -= stream->line_fill;
	return (ssize_t)(n < limit ? n : limit);
}

/*
 * How much of what waits to deliver as a block. The last piece is kept small: it stays in the raw
 * buffer until it is known to be consumed, and an idle connection should not cost much.
 */
static ssize_t
block(const struct fsock__buffer *raw, size_t n)
{
	if (n == fsock__buffer_count(raw) && n > FSOCK__BUFFER_SMALL)
		n -= FSOCK__BUFFER_SMALL;
	return (ssize_t)n;
}

/* How much to deliver, after having waited for it; 0 at end of file, -1 with the error recorded. */
static ssize_t
await_input(struct fsock__window *w, size_t n)
{
	struct fsock__stream *stream = w->stream;
	size_t waiting;

	if (w->delivery == FSOCK_DELIVER_WHOLE_LINE)
		return await_line(w, n);
	if (fsock__buffer_count(&stream->raw) == 0) {
		ssize_t r = fill(w);

		if (r <= 0)
			return r;
	}
	waiting = fsock__buffer_count(&stream->raw);
	if (waiting < n)
		n = waiting;
	return w->delivery == FSOCK_DELIVER_LINE ? up_to_line(w, n) : block(&stream->raw, n);
}

/* How much of a line has been delivered, after n octets more on top of `before`. */
static size_t
count_line(size_t before, const uint8_t *octets, size_t n)
{
	for (size_t i = n; i > 0; i--)
		if (octets[i - 1] == '\n')
			return n - i;
	return before + n;
}

/* Counts anew how much of a line is delivered, from what was delivered last. */
FSOCK__COLD static void
recount(struct fsock__stream *stream)
{
	const struct fsock__buffer *raw = &stream->raw;

	stream->line_fill = count_line(
	    stream->fill_at_mark, raw->data + raw->mark, raw->head - raw->mark);
}

/*
 * Makes `w` the reader. The one before it must not be in a read: its FILE's lock tells. A lock held
 * for a moment (a getc() that finds data, an fclose()) is waited for; a read that waits for the
 * network is not, as two threads that read one socket at once take octets from each other anyway.
 */
FSOCK__COLD static int
take_over(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	struct fsock *s = stream->socket;
	int taken, waiting;

	do {
		struct fsock__window *reader;

		pthread_mutex_lock(&s->lock);
		reader = stream->reader;
		taken = reader == NULL || ftrylockfile(reader->file) == 0;
		waiting = !taken && reader->waiting;
		if (taken) {
			stream->reader = w;
			if (reader != NULL)
				funlockfile(reader->file);
		}
		pthread_mutex_unlock(&s->lock);
		if (waiting)
			return fsock__socket_error(s, "read", EBUSY);
	} while (!taken && sched_yield() == 0);
	return 0;
}

ssize_t
fsock__input_read(struct fsock__window *w, void *buf, size_t n)
{
	struct fsock__stream *stream = w->stream;
	ssize_t r;

	if (n == 0)
		return 0;
	if (atomic_load_explicit(&stream->reader, memory_order_acquire) != w && take_over(w) < 0)
		return -1;
	fsock__buffer_settle(&stream->raw);
	stream->fill_at_mark = stream->line_fill;
	r = await_input(w, n);
	if (r > 0) {
		fsock__buffer_deliver(&stream->raw, buf, (size_t)r);
		w->position += (off_t)r;
		if (w->line_limit != 0)
			recount(stream);
	}
	/* The FILE's lock orders what threads do; this says so in the language's own terms. */
	atomic_store_explicit(&stream->reader, w, memory_order_release);
	return r;
}

int
fsock__input_give_back(struct fsock__window *w, size_t n)
{
	struct fsock__stream *stream = w->stream;

	if (atomic_load_explicit(&stream->reader, memory_order_acquire) != w ||
	    fsock__buffer_give_back(&stream->raw, n) < 0)
		return fsock__socket_error(stream->socket, "seek", ESPIPE);
	w->position -= (off_t)n;
	if (w->line_limit != 0)
		recount(stream);
	return 0;
}
