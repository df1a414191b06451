#include "../base/compat.h"
#include "hold.h"

int
fsock__hold_try_nolock(struct fsock__window *w)
{
	FILE *file = w->file;

	if (file == NULL || ftrylockfile(file) != 0)
		return 0;
	(void)atomic_load_explicit(&w->stream->reader, memory_order_acquire);
	return 1;
}

int
fsock__hold_try(struct fsock__window *w)
{
	struct fsock *s = w->stream->socket;
	int held;

	fsock__handle_lock(s);
	held = fsock__hold_try_nolock(w);
	fsock__handle_unlock(s);
	return held;
}

int
fsock__hold(struct fsock__window *w, const char *operation)
{
	return fsock__hold_try(w) ? 0
				  : fsock__handle_error(w->stream->socket, operation, EBUSY);
}

void
fsock__hold_end(struct fsock__window *w)
{
	fsock__hold_publish(w);
	funlockfile(w->file);
}

int
fsock__hold_take_over(struct fsock__window *w, const char *operation)
{
	struct fsock__stream *stream = w->stream;
	struct fsock *s = stream->socket;
	struct fsock__window *reader;
	int taken;

	fsock__handle_lock(s);
	reader = stream->reader;
	taken = reader == NULL || fsock__hold_try_nolock(reader);
	if (taken && reader != w) {
		stream->reader = w;
		stream->line_left = 0;
	}
	fsock__handle_unlock(s);
	if (taken && reader != NULL)
		funlockfile(reader->file);
	return taken ? 0 : fsock__handle_error(s, operation, EBUSY);
}

struct fsock__window *
fsock__hold_find_nolock(struct fsock__stream *stream)
{
	struct fsock__window *reader = stream->reader;

	if (reader != NULL)
		return fsock__hold_try_nolock(reader) ? reader : NULL;
	for (int i = 0; i < FSOCK__WINDOW_COUNT; i++) {
		struct fsock__window *w = &stream->windows[i];

		if ((w->sides & FSOCK_INPUT) && fsock__hold_try_nolock(w))
			return w;
	}
	return NULL;
}

int
fsock__hold_input(struct fsock__stream *stream, const char *operation, struct fsock__window **held)
{
	struct fsock *s = stream->socket;

	fsock__handle_lock(s);
	*held = fsock__hold_find_nolock(stream);
	if (*held == NULL && stream->reader == NULL)
		return 0;
	if (*held != NULL && stream->reader == NULL) {
		stream->reader = *held;
		stream->line_left = 0;
	}
	fsock__handle_unlock(s);
	return *held != NULL ? 0 : fsock__handle_error(s, operation, EBUSY);
}

void
fsock__hold_release(struct fsock__stream *stream, struct fsock__window *held)
{
	if (held != NULL)
		fsock__hold_end(held);
	else
		fsock__handle_unlock(stream->socket);
}
