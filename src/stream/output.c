/* From stdio to the socket: what a FILE's write function does below. */
#include "../compat.h"
#include "../sock/error.h"
#include "../sock/transfer.h"
#include "stream.h"

/* Sends, with the output lock held. The first failure is kept: what follows would leave a hole. */
static ssize_t
send_nolock(struct fsock *s, const void *buf, size_t n)
{
	int cancel, r;

	if (s->write_error != 0)
		return fsock__socket_error(s, "write", s->write_error);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = fsock__transfer_send(s, buf, n);
	pthread_setcancelstate(cancel, NULL);
	if (r == 0)
		return (ssize_t)n;
	s->write_error = errno;
	return -1;
}

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
	fsock__buffer_settle(&stream->raw);
	stream->fill_at_mark = stream->line_fill;
}

ssize_t
fsock__output_write(struct fsock__window *w, const void *buf, size_t n)
{
	struct fsock__stream *stream = w->stream;
	ssize_t r;

	if (n == 0) /* musl flushes by writing nothing */
		return 0;
	settle_input(w);
	pthread_mutex_lock(&stream->output_lock);
	r = send_nolock(stream->socket, buf, n);
	if (r > 0)
		w->position += (off_t)r;
	pthread_mutex_unlock(&stream->output_lock);
	return r;
}
