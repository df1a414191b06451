/* Receiving beside the FILEs, and asking what is there: what they have read ahead comes first. */
#include "../base/compat.h"

#include "gather.h"
#include "hold.h"
#include "input.h"
#include "raw.h"
#include "record.h"
#include "sender.h"
#include "text.h"

/* Counts n octets that did not come by the raw buffer. A thread that reads now is past them. */
static void
pass(struct fsock__stream *stream, size_t n)
{
	struct fsock__window *held;

	if (fsock__hold_input(stream, "receive", &held) < 0)
		return;
	stream->raw.received += n;
	stream->owed_length = 0; /* the line end that was owed has passed, if it came */
	if (stream->text_input != NULL)
		fsock__text_pass(stream->text_input, (int64_t)n);
	fsock__input_forget(stream);
	fsock__record_restart(stream);
	fsock__hold_release(stream, held);
	fsock__handle_note(stream->socket); /* it may be at a bound now */
}

/*
 * Takes what was read ahead. Returns how much, 0 if there is none: *left is then how much may be
 * received, up to a bound; or -1.
 */
static ssize_t
take(struct fsock__stream *stream, void *buf, size_t n, uint64_t *left)
{
	struct fsock__window *held;
	int error = 0;
	ssize_t r;

	if (fsock__gather_hold(stream, "receive", &held) < 0)
		return -1;
	/* Whether what comes next is a line's end, or input, has to be known first. */
	if (held != NULL && fsock__gather_owed(held) < 0) {
		fsock__hold_release(stream, held);
		return -1;
	}
	r = (ssize_t)fsock__input_take(stream, buf, n);
	fsock__input_forget(stream); /* what is taken here is not to be unread */
	if (r > 0)
		fsock__record_restart(stream);
	if (held != NULL)
		fsock__record_look_ahead(stream);
	*left = stream->bound - fsock__buffer_position(&stream->raw);
	if (r == 0 && *left > 0) { /* an error that a wait has met: the kernel tells it but once */
		error = stream->read_error;
		stream->read_error = 0;
	}
	if (r == 0 && *left > 0 && error == 0)
		stream->receivers++; /* nobody receives ahead of this thread now */
	fsock__hold_release(stream, held);
	return error == 0 ? r : fsock__handle_error(stream->socket, "receive", error);
}

ssize_t
fsock__raw_receive(struct fsock *s, void *buf, size_t n, fsock__receive_fn *receive, void *arg)
{
	struct fsock__stream *stream = s->stream;
	uint64_t left = 0;
	ssize_t r = take(stream, buf, n, &left);

	if (r != 0 || left == 0)
		return r;
	/* Nothing is held while this waits: others may write, and shut down. */
	r = fsock__sender_before_input(stream);
	if (r == 0) {
		r = receive(s, buf, n < left ? n : (size_t)left, arg);
		fsock__sender_after_input(stream);
	}
	stream->receivers--;
	if (r > 0)
		pass(stream, (size_t)r);
	return r;
}

ssize_t
fsock__raw_available(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;
	struct fsock__window *held;
	ssize_t r;

	if (fsock__gather_hold(stream, "receive", &held) < 0)
		return -1;
	r = (ssize_t)fsock__buffer_count(&stream->raw);
	fsock__hold_release(stream, held);
	return r;
}

ssize_t
fsock__raw_ahead(struct fsock *s, const char *operation)
{
	struct fsock__stream *stream = s->stream;
	struct fsock__window *held;
	ssize_t n;

	if (fsock__gather_hold(stream, operation, &held) < 0)
		return -1;
	n = held != NULL && fsock__gather_owed(held) < 0
		? -1
		: (ssize_t)fsock__buffer_count(&stream->raw);
	fsock__hold_release(stream, held);
	return n;
}
