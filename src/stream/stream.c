#include "../base/compat.h"
#include "raw.h"
#include "readable.h"
#include "record.h"
#include "stream.h"

#include <stdlib.h>

#include <fsock/stream.h>

#include "../base/error.h"
#include "../base/clock.h"
#include "../sock/failure.h"
#include "exit.h"
#include "file.h"
#include "gather.h"
#include "hold.h"
#include "output.h"
#include "registry.h"
#include "sender.h"
#include "text.h"
#include "window.h"

/*
 * Sends what a FILE holds. One that another thread is using is passed over: one that waits for
 * input on a two-way FILE has sent everything before, and who writes sends it.
 */
static int
flush_window(struct fsock__window *w)
{
	int r;

	if (!(w->sides & FSOCK_OUTPUT) || !fsock__hold_try(w))
		return 0;
	r = fsock__window_flush(w, "write");
	fsock__hold_end(w);
	return r;
}

/* see struct fsock__stream_ops */
static int
stream_flush(struct fsock *s, enum fsock__flush how)
{
	struct fsock__stream *stream = s->stream;
	int r = 0;

	for (int i = 0; i < FSOCK__WINDOW_COUNT; i++)
		if (!(how == FSOCK__FLUSH_PAST_BUSY && s->output.turn.waits) &&
		    flush_window(&stream->windows[i]) < 0)
			r = -1;
	if (fsock__output_flush(stream, how) < 0)
		r = -1;
	if (s->output.error != 0) /* a flush after a failed one succeeds in some libcs */
		r = fsock__failure_retell(s, "write", s->output.error);
	return r;
}

/* see struct fsock__stream_ops */
static int
stream_close(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;
	int r = 0;

	for (int i = 0; i < FSOCK__WINDOW_COUNT; i++) {
		struct fsock__window *w = &stream->windows[i];

		if (w->file == NULL)
			continue;
		if (stream->process != fsock__process()) {
			if (!fsock__hold_try(w)) {
				fsock__window_abandon(w);
				continue;
			}
			fsock__hold_end(w);
		}
		if (fclose(w->file) != 0)
			r = -1;
	}
	return r;
}

/* see struct fsock__stream_ops */
static ssize_t
stream_take(struct fsock *s, void *buf, size_t size)
{
	struct fsock__stream *stream = s->stream;
	struct fsock__window *held;
	size_t n;

	if (fsock__gather_hold(stream, "release", &held) < 0)
		return -1;
	n = fsock__buffer_count(&stream->raw);
	if (n > 0 && n <= size)
		memcpy(buf, stream->raw.data + stream->raw.head, n);
	fsock__hold_release(stream, held);
	return (ssize_t)n;
}

/* see struct fsock__stream_ops */
static int
stream_send(struct fsock *s, const void *buf, size_t n)
{
	if (stream_flush(s, FSOCK__FLUSH_ALL) < 0)
		return -1;
	return n == 0 ? 0 : fsock__output_send(s->stream, buf, n);
}

/* see struct fsock__stream_ops */
static size_t
stream_unread(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;

	return fsock__buffer_count(&stream->raw);
}

static void
free_stream(struct fsock__stream *stream)
{
	fsock__buffer_free(&stream->raw);
	fsock__queue_free(&stream->queue);
	free(stream->text_input);
	free(stream->text_output);
	free(stream);
}

/* see struct fsock__stream_ops */
static void
stream_free(struct fsock *s)
{
	free_stream(s->stream);
	s->stream = NULL;
}

/* see struct fsock__stream_ops */
static void
stream_connected(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;

	for (int i = 0; i < FSOCK__WINDOW_COUNT; i++)
		if (stream->windows[i].file != NULL)
			fsock__file_ops.set_fileno(stream->windows[i].file, s->fd);
}

static const struct fsock__stream_ops stream_ops = {
	.flush = stream_flush,
	.close = stream_close,
	.take = stream_take,
	.receive = fsock__raw_receive,
	.available = fsock__raw_available,
	.ahead = fsock__raw_ahead,
	.send = stream_send,
	.drain = fsock__sender_drain,
	.release = fsock__sender_release,
	.settle = fsock__sender_settle,
	.connected = stream_connected,
	.free = stream_free,
	.buffered = fsock__readable_buffered,
	.unread = stream_unread,
	.fetch = fsock__readable_fetch,
};

/* How a window hands input to stdio, where the program has not said. */
static enum fsock_delivery
choose_delivery(const struct fsock__settings *set, int sides)
{
	if (set->delivery != FSOCK_DELIVER_DEFAULT)
		return set->delivery;
	if (set->line_limit != 0)
		return FSOCK_DELIVER_LINE;
	return sides == FSOCK_IO && set->element_type == FSOCK_CHARACTER ? FSOCK_DELIVER_LINE
									 : FSOCK_DELIVER_BLOCK;
}

static void
init_window(struct fsock__window *w, struct fsock__stream *stream, int sides)
{
	const struct fsock__settings *set = &stream->socket->settings;

	w->stream = stream;
	w->sides = sides;
	w->delivery = choose_delivery(set, sides);
	w->line_limit = set->line_limit;
	if (w->line_limit == 0 && w->delivery == FSOCK_DELIVER_WHOLE_LINE)
		w->line_limit = FSOCK__RECORD_LIMIT;
}

/* Gives both directions the format that the settings ask for. Returns 0 or -1. */
static int
init_format(struct fsock__stream *stream, const char *text)
{
	struct fsock_format format;

	if (text[0] == '\0')
		return 0;
	if (fsock_format_parse(&format, text) < 0)
		return -1;
	return fsock__format_apply(stream, &format, &format); /* nobody knows it yet */
}

/* Makes the streams of a socket. Returns them, or NULL with errno set. */
static struct fsock__stream *
new_stream(struct fsock *s)
{
	static const int sides[FSOCK__WINDOW_COUNT] = { FSOCK_IO, FSOCK_INPUT, FSOCK_OUTPUT };
	struct fsock__stream *stream;

	if (fsock__exit_prepare() < 0)
		return NULL;
	stream = calloc(1, sizeof *stream);
	if (stream == NULL)
		return NULL;
	stream->socket = s;
	stream->process = fsock__process();
	for (int i = 0; i < FSOCK__WINDOW_COUNT; i++)
		init_window(&stream->windows[i], stream, sides[i]);
	fsock__record_set(stream, &s->settings.record);
	fsock__record_publish(stream);
	stream->bound = FSOCK__NO_BOUND;
	if (init_format(stream, s->settings.format) < 0) {
		int error = errno;

		free_stream(stream);
		errno = error;
		return NULL;
	}
	return stream;
}

/* The streams of a socket; of two threads that make them at once one wins. Or NULL with errno. */
static struct fsock__stream *
get_streams(struct fsock *s)
{
	struct fsock__stream *made, *stream = s->stream;

	if (stream != NULL)
		return stream;
	made = new_stream(s);
	if (made == NULL)
		return NULL;
	fsock__handle_lock(s);
	stream = s->stream;
	if (stream == NULL) {
		s->stream_ops = &stream_ops;
		s->stream = stream = made;
	}
	fsock__handle_unlock(s);
	if (stream != made)
		free_stream(made);
	return stream;
}

/* The window's FILE, or NULL if this thread is to make it; another may be at it. */
static FILE *
claim(struct fsock__window *w)
{
	struct fsock *s = w->stream->socket;
	FILE *file;

	fsock__handle_lock(s);
	while (w->opening == fsock__process())
		fsock__lock_await(fsock__lock_of(s), FSOCK__NEVER);
	file = w->file;
	if (file == NULL)
		w->opening = fsock__process();
	fsock__handle_unlock(s);
	return file;
}

/* The FILE is there, or could not be made. */
static void
settle_claim(struct fsock__window *w, FILE *file)
{
	struct fsock *s = w->stream->socket;

	fsock__handle_lock(s);
	w->opening = 0;
	w->file = file;
	if (file != NULL) {
		fsock__file_ops.set_fileno(file, s->fd);
		s->open_files++;
		s->references++;
	}
	fsock__lock_tell(fsock__lock_of(s));
	fsock__handle_unlock(s);
}

/* What one FILE has been given ahead of its program is not to be missed by another that reads. */
static void
share_input(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	struct fsock__window *held;

	if (!(w->sides & FSOCK_INPUT) || stream->reader == NULL || stream->reader == w)
		return;
	held = fsock__hold_reader(stream);
	if (held == NULL)
		return; /* somebody reads at this moment: what he gets is his */
	if (held->ahead > 0 && fsock__file_unread(held) > 0)
		fsock__window_give_back(held, "open");
	fsock__hold_end(held);
}

FILE *
fsock__stream_open(struct fsock *s, int which)
{
	struct fsock__stream *stream = get_streams(s);
	struct fsock__window *w;
	FILE *file;

	if (stream == NULL)
		return NULL;
	w = &stream->windows[which];
	file = claim(w);
	if (file != NULL)
		return file;
	w->position = 0;
	file = fsock__file_ops.open(w);
	if (file != NULL)
		fsock__window_set_buffer(w, file);
	if (file != NULL)
		fsock__registry_enter(w, file);
	settle_claim(w, file);
	if (file != NULL)
		share_input(w);
	return file;
}

/* Whether a window's FILE is open. */
static int
is_open(fsock *s, int which)
{
	const struct fsock__stream *stream = s->stream;

	return stream != NULL && stream->windows[which].file != NULL;
}

/* One of the three streams. */
static FILE *
get_stream(fsock *s, const char *operation, int which)
{
	unsigned before = fsock__error_count();
	int saved = errno;
	FILE *file;

	if (fsock__handle_check(s, operation) < 0)
		return NULL;
	if (s->role != FSOCK__CONNECTED) {
		fsock__error_set_kind(
		    operation, s->host, s->port, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
		return NULL;
	}
	if (which == FSOCK__WINDOW_OUTPUT && (s->shut & FSOCK_OUTPUT) && !is_open(s, which)) {
		fsock__handle_error(s, operation, EPIPE);
		return NULL;
	}
	errno = ENOMEM;
	file = fsock__stream_open(s, which);
	if (file == NULL)
		fsock__handle_ensure(s, operation, before);
	else
		errno = saved;
	return file;
}

/* see fsock/stream.h */
FILE *
fsock_stream(fsock *s)
{
	return get_stream(s, "open stream", FSOCK__WINDOW_IO);
}

/* see fsock/stream.h */
FILE *
fsock_input(fsock *s)
{
	return get_stream(s, "open input", FSOCK__WINDOW_INPUT);
}

/* see fsock/stream.h */
FILE *
fsock_output(fsock *s)
{
	return get_stream(s, "open output", FSOCK__WINDOW_OUTPUT);
}

/* see fsock/stream.h */
fsock *
fsock_of(FILE *f)
{
	struct fsock__window *w = fsock__registry_window(f, 0, "find socket");

	return w == NULL ? NULL : w->stream->socket;
}

/* see fsock/stream.h */
int
fsock_fileno(FILE *f)
{
	fsock *s = fsock_of(f);

	return s == NULL ? -1 : fsock_socket(s);
}
