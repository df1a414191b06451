/* Receiving beside the FILEs, and asking what is there: what they have read ahead comes first. */
#include "../compat.h"
#include "../sock/error.h"
#include "input.h"

#include <sched.h>

/*
 * Holds the reader still. On success *file is locked; it is NULL if there is no reader, and then the
 * socket's lock is held instead, so that nobody becomes it. Returns 0, or -1 with the error recorded
 * if a thread is waiting for input.
 */
static int
hold_reader(struct fsock__stream *stream, FILE **file)
{
	struct fsock *s = stream->socket;

	for (;;) {
		struct fsock__window *reader;
		int waiting;

		pthread_mutex_lock(&s->lock);
		reader = stream->reader;
		*file = reader == NULL ? NULL : reader->file;
		if (reader == NULL)
			return 0;
		if (ftrylockfile(reader->file) == 0) {
			pthread_mutex_unlock(&s->lock);
			return 0;
		}
		waiting = reader->waiting;
		pthread_mutex_unlock(&s->lock);
		if (waiting)
			return fsock__socket_error(s, "receive", EBUSY);
		sched_yield();
	}
}

/*
 * Gathers what was read ahead in the raw buffer. The reader is held until release(). Returns 0, or
 * -1 with nothing held.
 */
static int
gather(struct fsock__stream *stream, FILE **file)
{
	if (hold_reader(stream, file) < 0)
		return -1;
	/* Moving nowhere makes stdio give back what it holds. */
	if (*file != NULL && fseeko(*file, 0, SEEK_CUR) < 0) {
		funlockfile(*file);
		return -1;
	}
	fsock__input_exact(stream);
	return 0;
}

static void
release(struct fsock__stream *stream, FILE *file)
{
	if (file != NULL)
		funlockfile(file);
	else
		pthread_mutex_unlock(&stream->socket->lock);
}

ssize_t
fsock__raw_receive(struct fsock *s, void *buf, size_t n)
{
	struct fsock__stream *stream = s->stream;
	ssize_t r;
	FILE *file;

	if (gather(stream, &file) < 0)
		return -1;
	r = (ssize_t)fsock__input_take(stream, buf, n);
	release(stream, file);
	return r;
}

ssize_t
fsock__raw_available(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;
	ssize_t r;
	FILE *file;

	if (gather(stream, &file) < 0)
		return -1;
	r = (ssize_t)fsock__buffer_count(&stream->raw);
	release(stream, file);
	return r;
}
