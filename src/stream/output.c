/* From stdio to the socket: what a FILE's write function does below. */
#include "../base/compat.h"
#include "input.h"
#include "output.h"

#include "../base/error.h"
#include "../sock/socket.h"
#include "record.h"
#include "sender.h"
#include "text.h"

/*
 * The turn is another thread's, for longer than this write may wait. stdio discards what it has
 * handed over: what is written later would follow a gap.
 */
static ssize_t
lose(struct fsock *s)
{
	int error = errno == EAGAIN ? EBUSY : errno;

	fsock__handle_error(s, "write", error);
	fsock__socket_cut_write(s, error);
	errno = error;
	return -1;
}

ssize_t
fsock__output_write(struct fsock__window *w, const void *buf, size_t n)
{
	struct fsock__stream *stream = w->stream;
	struct fsock__sending turn;
	int r;

	if (n == 0) /* musl flushes by writing nothing */
		return 0;
	fsock__input_resign(w);
	fsock__handle_use(stream->socket);
	if (fsock__sending_begin(stream, &turn, buf, n) < 0)
		return lose(stream->socket);
	stream->may_hold = fsock__output_is_batched(w);
	r = stream->text_output == NULL ? fsock__sender_send(stream, turn.octets, turn.length)
					: fsock__text_write(stream, buf, n);
	if (r == 0) {
		w->position += (off_t)n;
		fsock__record_tally_output(stream, buf, n);
	}
	fsock__sending_end(stream, &turn);
	return r < 0 ? -1 : (ssize_t)n;
}

/* Ends the text, and with `is_flush` sends what is held back. Returns 0 or -1. */
static int
write_rest(struct fsock__stream *stream, enum fsock__flush how, int is_flush)
{
	struct fsock__sending turn;
	int r = 0;

	if (how == FSOCK__FLUSH_PAST_BUSY) {
		if (fsock__sending_begin_now(stream, &turn) < 0)
			return errno == EAGAIN ? 0 : -1;
	} else if (fsock__sending_begin(stream, &turn, NULL, 0) < 0) {
		return -1;
	}
	if (stream->text_output != NULL && stream->socket->output.error == 0)
		r = fsock__text_finish(stream);
	if (r == 0 && is_flush)
		r = fsock__sender_push(stream);
	fsock__sending_end(stream, &turn);
	return r;
}

int
fsock__output_finish(struct fsock__stream *stream)
{
	return write_rest(stream, FSOCK__FLUSH_ALL, 0);
}

int
fsock__output_flush(struct fsock__stream *stream, enum fsock__flush how)
{
	return write_rest(stream, how, 1);
}

int
fsock__output_send(struct fsock__stream *stream, const void *buf, size_t n)
{
	struct fsock__sending turn;
	int r = 0;

	fsock__handle_use(stream->socket);
	if (fsock__sending_begin(stream, &turn, NULL, 0) < 0)
		return -1;
	if (stream->socket->nonblocking && stream->socket->output.error == 0)
		r = fsock__sender_admit(stream, n); /* all or nothing */
	if (r == 0)
		r = fsock__sender_send(stream, buf, n);
	if (r == 0)
		fsock__record_tally_output(stream, buf, n);
	fsock__sending_end(stream, &turn);
	return r;
}
