/* From the raw buffer to stdio: what a FILE's read and seek functions do below. */
#include "../base/compat.h"
#include "input.h"

#include "../sock/failure.h"
#include "hold.h"
#include "receiver.h"
#include "record.h"
#include "text.h"

/* What is delivered stays in the raw buffer until it is read, which should be small when idle. */
enum { AHEAD_MOST = FSOCK__BUFFER_SMALL / 2 };

/* A read of less is better served with what comes behind it, by one system call for both. */
enum { DIRECT_FROM = 8192 };

/* How much of n octets to deliver, up to the first line end that is not among the first `ahead`. */
static size_t
whole_lines(const struct fsock__buffer *raw, size_t ahead, size_t n)
{
	const uint8_t *start, *end;

	if (n <= ahead) /* of 0 there may be no memory to point into */
		return n;
	start = raw->data + raw->head;
	end = memchr(start + ahead, '\n', n - ahead);
	return end == NULL ? n : (size_t)(end - start) + 1;
}

/*
 * How much to deliver of what waits if room for n is left: a record, of which there are `left`
 * octets, and the whole ones behind it that fit. On a two-way stream, whose FILE must hold nothing
 * back when the direction changes, it is one record; so it is where records have their length, for
 * input that is given back would not tell where they begin.
 */
static size_t
whole_records(const struct fsock__window *w, size_t left, size_t n)
{
	const struct fsock__stream *stream = w->stream;
	const uint8_t *p = fsock__buffer_head(&stream->raw), *end;
	size_t count = fsock__receiver_count(stream);
	int delimiter = stream->records.what.delimiter;

	if (left >= n || w->sides == FSOCK_IO || !fsock__record_is_delimited(stream))
		return left < n ? left : n;
	if (n > count)
		n = count;
	while (left < n && (end = memchr(p + left, delimiter, n - left)) != NULL &&
	       (size_t)(end - (p + left)) < w->line_limit)
		left = (size_t)(end - p) + 1;
	return left;
}

/*
 * Receives until a whole record waits. Returns how much to deliver; at end of file it is the rest.
 */
FSOCK__COLD static ssize_t
await_record(struct fsock__window *w, size_t n)
{
	struct fsock__stream *stream = w->stream;

	for (;;) {
		size_t count = fsock__receiver_count(stream);
		ssize_t left = fsock__record_find(stream, 1), r;

		if (left < 0)
			return fsock__handle_error(stream->socket, "read", stream->records.error);
		if (fsock__record_exceeds(stream, left > 0 ? (size_t)left : count + 1))
			return fsock__receiver_too_long(stream);
		if (left > 0 && (size_t)left <= count)
			return (ssize_t)whole_records(w, (size_t)left, n);
		r = fsock__receiver_fill(w);
		if (r < 0)
			return -1;
		if (r == 0)
			return (ssize_t)(count < n ? count : n);
	}
}

/* How much of what waits to deliver, up to the end of a line. */
static ssize_t
up_to_line(struct fsock__window *w, size_t n)
{
	struct fsock__stream *stream = w->stream;
	size_t limit = w->line_limit;

	n = whole_lines(&stream->raw, w->ahead, n);
	if (limit == 0 || stream->binary)
		return (ssize_t)n;
	if (stream->line_fill >= limit)
		return fsock__receiver_too_long(stream);
	limit -= stream->line_fill;
	return (ssize_t)(n < limit ? n : limit);
}

/* How much to deliver, after having waited for it; 0 at end of file, -1 with the error recorded. */
static ssize_t
await_input(struct fsock__window *w, size_t n)
{
	struct fsock__stream *stream = w->stream;
	size_t waiting;

	if (fsock__record_is_whole(stream))
		return await_record(w, n);
	if (fsock__receiver_count(stream) == 0) {
		ssize_t r = fsock__receiver_fill(w);

		if (r <= 0)
			return r;
	}
	waiting = fsock__receiver_count(stream);
	if (waiting < n)
		n = waiting;
	return fsock__receiver_takes_block(w) ? (ssize_t)fsock__receiver_block(n, waiting)
					      : up_to_line(w, n);
}

/* Counts anew how much of a record is delivered, from what was delivered last. */
FSOCK__COLD static void
recount(struct fsock__stream *stream)
{
	const struct fsock__buffer *raw = &stream->raw;

	stream->line_fill = fsock__record_count(
	    stream, stream->fill_at_mark, raw->data + raw->mark, raw->head - raw->mark);
}

/* fsock__input_drop_owed() of what has arrived. Returns 1, or 0 if that is not enough to tell. */
static int
drop_arrived(struct fsock__stream *stream)
{
	struct fsock__buffer *raw = &stream->raw;
	struct fsock__text_input *t = stream->text_input;
	size_t n = fsock__buffer_count(raw), owed = stream->owed_length;

	if (n > owed)
		n = owed;
	if (owed == 0)
		return 1;
	if (n == 0)
		return 0;
	if (memcmp(raw->data + raw->head, stream->owed, n) != 0)
		owed = 0;
	else if (n < owed)
		return 0;
	raw->head += owed;
	/* The format that has read the CR counts it; one set since then begins behind it. */
	if (owed > 0 && t != NULL && t->now.eol.position > 0)
		fsock__text_pass(t, (int64_t)owed);
	if (stream->owed_beyond && stream->bound != FSOCK__NO_BOUND)
		stream->bound += owed;
	if (stream->bound < fsock__buffer_position(raw)) /* it cut the LF */
		stream->bound = fsock__buffer_position(raw);
	stream->owed_length = 0;
	fsock__input_forget(stream);
	return 1;
}

FSOCK__COLD ssize_t
fsock__input_drop_owed(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	uint64_t bound = stream->bound;
	ssize_t r;

	/* At the bound already, whatever it is that comes next. */
	if (fsock__buffer_position(&stream->raw) == bound)
		return 1;
	while (!drop_arrived(stream)) {
		stream->bound = stream->owed_beyond ? FSOCK__NO_BOUND : bound;
		r = fsock__receiver_fill(w);
		stream->bound = bound;
		if (r < 0)
			return -1;
		if (r == 0) {
			stream->owed_length = 0;
			break;
		}
	}
	return 1;
}

/* Whether input may go straight into the program's memory, instead of by the raw buffer. */
static int
is_direct(const struct fsock__window *w, size_t n)
{
	const struct fsock__stream *stream = w->stream;

	return w->ahead == FSOCK__AHEAD_ALL && n >= DIRECT_FROM &&
	       !fsock__record_is_whole(stream) && stream->bound == FSOCK__NO_BOUND &&
	       fsock__buffer_count(&stream->raw) == 0;
}

/* Delivers raw octets as they are. Returns as fsock__input_read(). */
static ssize_t
read_plain(struct fsock__window *w, void *buf, size_t n)
{
	struct fsock__stream *stream = w->stream;
	ssize_t r;

	if (is_direct(w, n))
		return fsock__receiver_direct(w, buf, n);
	r = await_input(w, n);
	if (r > 0) {
		fsock__buffer_deliver(&stream->raw, buf, (size_t)r);
		if (w->line_limit != 0)
			recount(stream);
	}
	return r;
}

/* Whether another FILE reads the same input: it is not to miss what this one would hold. */
static int
is_shared(const struct fsock__window *w)
{
	const struct fsock__window *windows = w->stream->windows;

	return windows[w->sides == FSOCK_IO ? FSOCK__WINDOW_INPUT : FSOCK__WINDOW_IO].file != NULL;
}

/*
 * How much may be delivered ahead of a line end. While the program only reads, and stdio gives back
 * what it has not read when that ends, it is as much as was read since it last wrote: so at the
 * first switch there is a line at most, and few are given back at any.
 */
static size_t
choose_ahead(const struct fsock__window *w, enum fsock__spare spare)
{
	if (w->line_limit != 0 || spare == FSOCK__SPARE_LOST)
		return 0;
	if (spare == FSOCK__SPARE_NONE)
		return FSOCK__AHEAD_ALL;
	if (w->delivery == FSOCK_DELIVER_BLOCK || w->run == 0 || is_shared(w))
		return 0;
	return w->run < AHEAD_MOST ? w->run : AHEAD_MOST;
}

ssize_t
fsock__input_read(struct fsock__window *w, void *buf, size_t n, enum fsock__spare spare)
{
	struct fsock__stream *stream = w->stream;
	ssize_t r;

	if (n == 0)
		return 0;
	w->wants = n == 1;
	w->ahead = choose_ahead(w, spare);
	if (atomic_load_explicit(&stream->reader, memory_order_acquire) != w &&
	    fsock__hold_take_over(w, "read") < 0)
		return -1;
	fsock__buffer_settle(&stream->raw);
	stream->fill_at_mark = stream->line_fill;
	stream->octet_taken = 0;
	if (stream->owed_length != 0 && fsock__input_drop_owed(w) < 0)
		return -1;
	r = stream->text_input == NULL ? read_plain(w, buf, n) : fsock__text_read(w, buf, n);
	if (r > 0) {
		w->position += (off_t)r;
		w->run += (size_t)r;
	}
	if (r > 0 && fsock__record_is_whole(stream))
		fsock__record_tally_input(stream, buf, (size_t)r);
	fsock__record_look_ahead(stream);
	fsock__hold_publish(w);
	if (r > 0 && stream->is_glanced)
		fsock__hold_tell(w);
	return r;
}

FSOCK__COLD ssize_t
fsock__input_ended(const struct fsock__window *w)
{
	fsock__failure_tell_end(w->stream->socket);
	return 0;
}

/* Gives back the last n octets of text. Returns 0, or -1 if that many were not delivered. */
static int
give_back_text(struct fsock__stream *stream, size_t n)
{
	struct fsock__text_input *t = stream->text_input;

	if (n > t->delivered)
		return -1;
	fsock__text_rewind(stream, t->delivered - n);
	return 0;
}

/* Gives back the last n raw octets. Returns 0, or -1 if that many are not there. */
static int
give_back_plain(struct fsock__window *w, size_t n)
{
	struct fsock__stream *stream = w->stream;

	if (fsock__buffer_give_back(&stream->raw, n) < 0)
		return -1;
	if (w->line_limit != 0)
		recount(stream);
	return 0;
}

int
fsock__input_give_back(struct fsock__window *w, size_t n)
{
	struct fsock__stream *stream = w->stream;
	int r = -1;

	if (atomic_load_explicit(&stream->reader, memory_order_acquire) == w)
		r = stream->text_input == NULL ? give_back_plain(w, n) : give_back_text(stream, n);
	if (r < 0)
		return -1;
	w->position -= (off_t)n;
	w->run = 0;
	stream->records.returned += n;
	return 0;
}

/*
 * Input read before the output is not to be given back after it: positions count both, so glibc,
 * which may seek to a multiple of its buffer's size, would be given too much. What stdio has to
 * give back it does before it writes.
 */
void
fsock__input_resign(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	int has_more;

	if (w->sides != FSOCK_IO ||
	    atomic_load_explicit(&stream->reader, memory_order_acquire) != w)
		return;
	w->run = 0;
	if (!stream->octet_taken) /* of which nothing else could be given back */
		fsock__buffer_settle(&stream->raw);
	stream->fill_at_mark = stream->line_fill;
	if (stream->text_input != NULL)
		fsock__text_settle(stream->text_input);
	has_more = fsock__buffer_count(&stream->raw) > 0;
	fsock__handle_lock(stream->socket);
	stream->reader = NULL;
	fsock__handle_unlock(stream->socket);
	if (has_more && stream->is_glanced) /* the list sees it now */
		fsock__hold_tell(w);
}

size_t
fsock__input_take(struct fsock__stream *stream, void *buf, size_t n)
{
	size_t count = fsock__receiver_count(stream);

	if (n > count)
		n = count;
	if (n > 0)
		memcpy(buf, stream->raw.data + stream->raw.head, n);
	stream->raw.head += n;
	if (stream->text_input != NULL && n > 0)
		fsock__text_pass(stream->text_input, (int64_t)n);
	fsock__input_forget(stream);
	if (n > 0) { /* the last one is kept, for unreading */
		stream->raw.mark--;
		stream->octet_taken = 1;
	}
	return n;
}

void
fsock__input_exact(struct fsock__stream *stream)
{
	const struct fsock__text_input *t = stream->text_input;

	if (t != NULL && t->delivered > 0)
		fsock__text_rewind(stream, t->delivered);
	fsock__text_keep_owed(stream);
	if (stream->owed_length > 0)
		drop_arrived(stream);
}

void
fsock__input_forget(struct fsock__stream *stream)
{
	stream->raw.mark = stream->raw.head;
	stream->octet_taken = 0;
	/* What is taken beside a FILE is no part of a line: a counted block between lines, say. */
	stream->line_fill = stream->fill_at_mark = 0;
	if (stream->text_input != NULL)
		fsock__text_settle(stream->text_input);
}
