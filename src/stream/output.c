/* From stdio to the socket: what a FILE's write function does below. */
#include "../base/compat.h"
#include "output.h"

#include "input.h"
#include "sender.h"
#include "text.h"

/*
 * Input read before the output is not to be given back after it: positions count both, so glibc,
 * which may seek to a multiple of its buffer's size, would be given too much. What it has to give
 * back it does before it writes.
 */
static void
settle_input(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;

	if (w->sides != FSOCK_IO || stream->reader != w)
		return;
	if (!stream->octet_taken) /* of which nothing else could be given back */
		fsock__buffer_settle(&stream->raw);
	stream->fill_at_mark = stream->line_fill;
	if (stream->text_input != NULL)
		fsock__text_settle(stream->text_input);
	fsock__input_publish(w);
}

ssize_t
fsock__output_write(struct fsock__window *w, const void *buf, size_t n)
{
	struct fsock__stream *stream = w->stream;
	int r;

	if (n == 0) /* musl flushes by writing nothing */
		return 0;
	settle_input(w);
	pthread_mutex_lock(&stream->output_lock);
	r = stream->text_output == NULL ? fsock__sender_send_nolock(stream, buf, n)
					: fsock__text_write_nolock(stream, buf, n);
	if (r == 0)
		w->position += (off_t)n;
	pthread_mutex_unlock(&stream->output_lock);
	return r < 0 ? -1 : (ssize_t)n;
}

int
fsock__output_finish(struct fsock__stream *stream)
{
	int r = 0;

	pthread_mutex_lock(&stream->output_lock);
	if (stream->text_output != NULL && stream->socket->write_error == 0)
		r = fsock__text_finish_nolock(stream);
	pthread_mutex_unlock(&stream->output_lock);
	return r;
}

int
fsock__output_send(struct fsock__stream *stream, const void *buf, size_t n)
{
	int r = 0;

	pthread_mutex_lock(&stream->output_lock);
	if (stream->socket->nonblocking && stream->socket->write_error == 0)
		r = fsock__sender_admit_nolock(stream, n); /* all or nothing */
	if (r == 0)
		r = fsock__sender_send_nolock(stream, buf, n);
	pthread_mutex_unlock(&stream->output_lock);
	return r;
}
