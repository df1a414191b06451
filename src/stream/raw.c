/* Receiving beside the FILEs, and asking what is there: what they have read ahead comes first. */
#include "../base/compat.h"
#include "../base/sys.h"
#include "../sock/transfer.h"
#include "../wait/wait.h"
#include "input.h"
#include "text.h"

/*
 * Holds the reader still. On success *file is locked; it is NULL if there is no reader, and then
 * the socket's lock is held instead, so that nobody becomes it. Returns 0, or -1 with the error
 * recorded if a thread is waiting for input.
 */
static int
hold_reader(struct fsock__stream *stream, FILE **file)
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
			return -1;
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
	if (hold_reader(stream, file) < 0)
		return fsock__socket_error(stream->socket, operation, EBUSY);
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

/* Counts n octets that did not come by the raw buffer. A thread that reads now is past them. */
static void
pass(struct fsock__stream *stream, size_t n)
{
	FILE *file;

	if (hold_reader(stream, &file) < 0)
		return;
	stream->raw.received += n;
	stream->owed_length = 0; /* the line end that was owed has passed, if it came */
	if (stream->text_input != NULL)
		fsock__text_pass(stream->text_input, (int64_t)n);
	fsock__input_forget(stream);
	fsock__wait_note(stream->socket); /* it may be at a bound now */
	release(stream, file);
}

ssize_t
fsock__raw_receive(struct fsock *s, void *buf, size_t n)
{
	struct fsock__stream *stream = s->stream;
	int error = 0;
	uint64_t left;
	ssize_t r;
	FILE *file;

	if (gather(stream, "receive", &file) < 0)
		return -1;
	/* Whether what comes next is a line's end, or input, has to be known first. */
	if (stream->owed_length > 0 && file != NULL && fsock__input_drop_owed(stream->reader) < 0) {
		release(stream, file);
		return -1;
	}
	r = (ssize_t)fsock__input_take(stream, buf, n);
	fsock__input_forget(stream); /* what is taken here is not to be unread */
	left = stream->bound - fsock__buffer_position(&stream->raw);
	if (r == 0 && left > 0) { /* an error that a wait has met: the kernel tells it but once */
		error = stream->read_error;
		stream->read_error = 0;
	}
	release(stream, file);
	if (error != 0)
		return fsock__socket_error(s, "receive", error);
	if (r > 0 || left == 0)
		return r;
	/* Nothing is locked while this waits: others may write, and shut down. */
	r = s->transport->receive(s, buf, n < left ? n : (size_t)left);
	if (r > 0)
		pass(stream, (size_t)r);
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
