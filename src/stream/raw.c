/* Receiving beside the FILEs, and asking what is there: what they have read ahead comes first. */
#include "../compat.h"
#include "../sock/error.h"
#include "../sock/sys.h"
#include "input.h"

/*
 * Holds the reader still. On success *file is locked; it is NULL if there is no reader, and then the
 * socket's lock is held instead, so that nobody becomes it. Returns 0, or -1 with the error recorded
 * if a thread is waiting for input.
 */
static int
hold_reader(struct fsock__stream *stream, const char *operation, FILE **file)
{
	struct fsock *s = stream->socket;

	for (int turn = 0;; turn++) {
		struct fsock__window *reader;
		int waiting;

		pthread_mutex_lock(&s->lock);
		reader = stream->reader;
		*file = reader == NULL ? NULL : reader->file;
		if (reader == NULL)
			return 0;
		if (fsock__input_try_lock(reader)) {
			pthread_mutex_unlock(&s->lock);
			return 0;
		}
		waiting = reader->waiting;
		pthread_mutex_unlock(&s->lock);
		if (waiting)
			return fsock__socket_error(s, operation, EBUSY);
		fsock__sys_pause(turn);
	}
}

/*
 * Gathers what was read ahead in the raw buffer. The reader is held until release(). Returns 0, or
 * -1 with nothing held.
 */
static int
gather(struct fsock__stream *stream, const char *operation, FILE **file)
{
	if (hold_reader(stream, operation, file) < 0)
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
	struct fsock__window *reader = stream->reader;

	if (reader != NULL)
		fsock__input_publish(reader);
	if (file != NULL)
		funlockfile(file);
	else
		pthread_mutex_unlock(&stream->socket->lock);
}

int
fsock__input_gather(struct fsock__window *w, const char *operation)
{
	struct fsock__stream *stream = w->stream;
	FILE *file;

	if (gather(stream, operation, &file) < 0)
		return -1;
	if (file != NULL)
		pthread_mutex_lock(&stream->socket->lock);
	stream->reader = w;
	stream->line_left = 0;
	pthread_mutex_unlock(&stream->socket->lock);
	if (file != NULL)
		funlockfile(file);
	return 0;
}

ssize_t
fsock__raw_receive(struct fsock *s, void *buf, size_t n)
{
	struct fsock__stream *stream = s->stream;
	ssize_t r;
	FILE *file;

	if (gather(stream, "receive", &file) < 0)
		return -1;
	r = (ssize_t)fsock__input_take(stream, buf, n);
	stream->octet_taken = 0; /* what is taken here is not to be unread */
	release(stream, file);
	return r;
}

ssize_t
fsock__raw_available(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;
	ssize_t r;
	FILE *file;

	if (gather(stream, "receive", &file) < 0)
		return -1;
	r = (ssize_t)fsock__buffer_count(&stream->raw);
	release(stream, file);
	return r;
}
