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

ssize_t
fsock__output_write(struct fsock__window *w, const void *buf, size_t n)
{
	struct fsock__stream *stream = w->stream;
	ssize_t r;

	if (n == 0) /* musl flushes by writing nothing */
		return 0;
	pthread_mutex_lock(&stream->output_lock);
	r = send_nolock(stream->socket, buf, n);
	if (r > 0)
		w->position += (off_t)r;
	pthread_mutex_unlock(&stream->output_lock);
	return r;
}

ssize_t
fsock__output_send(struct fsock__stream *stream, const void *buf, size_t n)
{
	ssize_t r;

	pthread_mutex_lock(&stream->output_lock);
	r = send_nolock(stream->socket, buf, n);
	pthread_mutex_unlock(&stream->output_lock);
	return r;
}
