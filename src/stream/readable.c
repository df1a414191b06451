/* What the streams hold: the part of a socket's readiness that the kernel cannot know. */
#include "../base/compat.h"
#include "../sock/failure.h"
#include "file.h"
#include "hold.h"
#include "input.h"
#include "readable.h"
#include "receiver.h"
#include "text.h"

/*
 * A list's lock may be held here, which others take when they have a FILE's: that is only tried.
 * Who has it reads what there is itself, or is at work for a moment.
 */

/* Whether the stream delivers whole lines; if it does, all of its windows do. */
static int
wants_line(const struct fsock__stream *stream)
{
	return stream->windows[0].delivery == FSOCK_DELIVER_WHOLE_LINE && !stream->binary;
}

/*
 * The octets that a read would look at: those up to the bound, without an LF that it would drop.
 * Returns how many.
 */
static size_t
waiting(const struct fsock__stream *stream, const uint8_t **p)
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

/* Whether n octets without a line end are more than a line may have. */
static int
exceeds_limit(const struct fsock__stream *stream, size_t n)
{
	size_t limit = stream->windows[0].line_limit;

	if (stream->line_fill >= limit)
		return 1;
	limit -= stream->line_fill;
	return stream->text_input == NULL ? n >= limit
					  : fsock__text_exceeds(stream->text_input, n, limit);
}

int
fsock__readable_now(const struct fsock__stream *stream)
{
	int line = wants_line(stream);
	const uint8_t *p = NULL;
	size_t n = waiting(stream, &p);

	if (stream->read_error != 0 || fsock__buffer_position(&stream->raw) >= stream->bound)
		return 1;
	if (line && exceeds_limit(stream, n))
		return 1;
	if (stream->text_input != NULL)
		return fsock__text_is_ready(stream->text_input, p, n, line);
	return n > 0 && (!line || memchr(p, '\n', n) != NULL);
}

/* How much of the raw buffer a read would yield; 1 for an end or an error. */
static ssize_t
buffered_raw(const struct fsock__stream *stream)
{
	size_t count = fsock__receiver_count(stream);

	if (!fsock__readable_now(stream))
		return 0;
	return (ssize_t)(count == 0 ? 1 : count);
}

/*
 * What can be seen of a window whose FILE another thread is using: one that waits for the network
 * has read all there was, and one that writes has left the input to others. Needs the handle's
 * lock.
 */
static ssize_t
glance(const struct fsock__window *w)
{
	const struct fsock__stream *stream = w->stream;

	if (w->file == NULL || w->waiting || stream->reader != w)
		return 0;
	return stream->has_more || fsock__file_glance(w) > 0;
}

/* What reading one window would yield: stdio's part, and the raw buffer if it is the reader. */
static ssize_t
buffered_window(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	ssize_t n = 0;

	if (!(w->sides & FSOCK_INPUT) || !fsock__hold_look(w, glance, &n))
		return n;
	n = (ssize_t)fsock__file_unread(w);
	if (atomic_load_explicit(&stream->reader, memory_order_acquire) == w)
		n += buffered_raw(stream);
	fsock__hold_end(w);
	return n;
}

/* What there is of it while nobody is the reader. */
static ssize_t
buffered_unread(struct fsock__stream *stream)
{
	ssize_t n;

	fsock__handle_lock(stream->socket);
	n = stream->reader == NULL ? buffered_raw(stream) : 0;
	fsock__handle_unlock(stream->socket);
	return n;
}

ssize_t
fsock__readable_buffered(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;
	ssize_t total = buffered_unread(stream);

	for (int i = 0; i < FSOCK__WINDOW_COUNT; i++)
		total += buffered_window(&stream->windows[i]);
	return total;
}

/* Receives until a line is there or the transport has nothing. Needs the FILE's lock. */
static int
fetch_line(struct fsock__stream *stream)
{
	struct fsock__buffer *raw = &stream->raw;
	struct fsock *s = stream->socket;

	stream->is_drained = 0;
	fsock__handle_use(s);
	while (!fsock__readable_now(stream)) {
		size_t room = raw->received < stream->bound ? fsock__buffer_reserve(raw) : 0;
		ssize_t n;

		if (room == 0)
			return 1; /* at a bound, or for want of memory; the read will tell */
		if (stream->is_drained)
			return 0;
		n = s->transport->receive_now(s, raw->data + raw->tail, room, &stream->is_drained);
		if (n == 0)
			return 1;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n < 0) {
			stream->read_error = errno;
			fsock__failure_meet(s, "read", errno);
			return 1;
		}
		fsock__buffer_received(raw, (size_t)n);
	}
	return 1;
}

int
fsock__readable_fetch(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;
	int r, cancel, saved = errno;
	struct fsock__window *w = fsock__hold_reader(stream);

	if (w == NULL)
		return 1; /* nobody reads it, or somebody is at it: the kernel decides */
	/* A thread cancelled in here would leave the FILE locked. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = stream->binary || stream->receivers > 0 || fsock__file_unread(w) > 0 ||
	    fetch_line(stream);
	pthread_setcancelstate(cancel, NULL);
	fsock__hold_end(w);
	errno = saved;
	return r;
}
