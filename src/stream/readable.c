/* What the streams hold: the part of a socket's readiness that the kernel cannot know. */
#include "../base/compat.h"
#include "../sock/failure.h"
#include "file.h"
#include "hold.h"
#include "input.h"
#include "readable.h"
#include "receiver.h"
#include "record.h"
#include "text.h"

/*
 * A list's lock may be held here, which others take when they have a FILE's: that is only tried.
 * Who has it reads what there is itself, or is at work for a moment.
 */

/* Whether n octets that wait, which are text, are what a read needs. */
static int
is_text_ready(const struct fsock__stream *stream, const uint8_t *p, size_t n)
{
	const struct fsock__text_input *t = stream->text_input;
	size_t fill = stream->line_fill, limit = stream->windows[0].line_limit;
	int whole = fsock__record_is_whole(stream);

	if (whole && (fill >= limit || fsock__text_exceeds(t, n, limit - fill)))
		return 1;
	return fsock__text_is_ready(t, p, n, whole);
}

/* Whether a record among n octets that wait is whole, or is none that a read could deliver. */
static int
is_record_ready(struct fsock__stream *stream, size_t n, int may_ask)
{
	ssize_t left = fsock__record_find(stream, may_ask);

	return left < 0 || fsock__record_exceeds(stream, left > 0 ? (size_t)left : n + 1) ||
	       (left > 0 && (size_t)left <= n);
}

int
fsock__readable_now(struct fsock__stream *stream, int may_ask)
{
	const uint8_t *p = NULL;
	size_t n = fsock__receiver_waiting(stream, &p);

	if (stream->read_error != 0 || fsock__buffer_position(&stream->raw) >= stream->bound)
		return 1;
	if (stream->text_input != NULL)
		return is_text_ready(stream, p, n);
	return fsock__record_is_whole(stream) ? is_record_ready(stream, n, may_ask) : n > 0;
}

/* How much of the raw buffer a read would yield; 1 for an end or an error. */
static ssize_t
buffered_raw(struct fsock__stream *stream)
{
	size_t count = fsock__receiver_count(stream);

	if (!fsock__readable_now(stream, 0))
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
	struct fsock__stream *stream = w->stream;

	if (stream->reader == NULL)
		return buffered_raw(stream);
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

	if (!fsock__hold_look(w, glance, &n))
		return n;
	n = (ssize_t)fsock__file_unread(w);
	if (atomic_load_explicit(&stream->reader, memory_order_acquire) == w)
		n += buffered_raw(stream);
	fsock__hold_end(w);
	return n;
}

/* What there is of it while nobody is the reader. Sets which windows' FILEs may hold more. */
static ssize_t
buffered_unread(struct fsock__stream *stream, int *is_open)
{
	ssize_t n;

	fsock__handle_lock(stream->socket);
	n = stream->reader == NULL ? buffered_raw(stream) : 0;
	for (int i = 0; i < FSOCK__WINDOW_COUNT; i++) {
		const struct fsock__window *w = &stream->windows[i];

		is_open[i] = w->file != NULL && (w->sides & FSOCK_INPUT);
	}
	fsock__handle_unlock(stream->socket);
	return n;
}

ssize_t
fsock__readable_buffered(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;
	int is_open[FSOCK__WINDOW_COUNT];
	ssize_t total = buffered_unread(stream, is_open);

	for (int i = 0; i < FSOCK__WINDOW_COUNT; i++)
		if (is_open[i])
			total += buffered_window(&stream->windows[i]);
	return total;
}

/* Receives until a record is there or the transport has nothing. Needs the FILE's lock. */
static int
fetch_record(struct fsock__stream *stream)
{
	struct fsock__buffer *raw = &stream->raw;
	struct fsock *s = stream->socket;

	stream->is_drained = 0;
	fsock__handle_use(s);
	while (!fsock__readable_now(stream, 1)) {
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
	r = !fsock__record_is_whole(stream) || stream->receivers > 0 || fsock__file_unread(w) > 0 ||
	    fetch_record(stream);
	pthread_setcancelstate(cancel, NULL);
	fsock__hold_end(w);
	errno = saved;
	return r;
}
