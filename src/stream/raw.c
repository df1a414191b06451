/* Receiving beside the FILEs: what they have read ahead comes first. */
#include "../compat.h"
#include "../sock/error.h"
#include "stream.h"

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

ssize_t
fsock__raw_receive(struct fsock *s, void *buf, size_t n)
{
	struct fsock__stream *stream = s->stream;
	ssize_t r = -1;
	FILE *file;

	if (hold_reader(stream, &file) < 0)
		return -1;
	/* Moving nowhere makes stdio give back what it holds. */
	if (file == NULL || fseeko(file, 0, SEEK_CUR) == 0)
		r = (ssize_t)fsock__input_take(stream, buf, n);
	if (file != NULL)
		funlockfile(file);
	else
		pthread_mutex_unlock(&s->lock);
	return r;
}
