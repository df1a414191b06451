#include "../base/compat.h"
#include "hold.h"

#include "../base/clock.h"

/* Locks the FILE, unless it is not open or another thread has it. Needs the handle's lock. */
static int
try_nolock(struct fsock__window *w)
{
	FILE *file = w->file;

	if (file == NULL || ftrylockfile(file) != 0)
		return 0;
	(void)atomic_load_explicit(&w->stream->reader, memory_order_acquire);
	return 1;
}

/* A hold is shorter than this, unless its thread has jumped out of it. */
#define MOMENT INT64_C(1000000000)

/* Whether the holder waits for the peer: for input, or in a flush. Needs the handle's lock. */
static int
waits_nolock(const struct fsock__stream *stream)
{
	const struct fsock__turn *output = &stream->socket->output.turn;

	return stream->holder.waits ||
	       (output->waits && pthread_equal(output->owner, stream->holder.owner));
}

/*
 * Takes a turn at holding; a thread may have more than one inside each other. Needs the handle's
 * lock, which it gives up while it waits. Returns whether it has it.
 */
static int
enter_nolock(struct fsock__stream *stream, int may_wait)
{
	struct fsock__turn *t = &stream->holder;
	int64_t until = 0;

	while (t->process == fsock__process() && !pthread_equal(t->owner, pthread_self())) {
		stream->is_missed = 1;
		if (until == 0 && may_wait)
			until = fsock__clock_after(MOMENT);
		if (waits_nolock(stream) || fsock__clock_left(until) == 0)
			return 0;
		fsock__lock_await(fsock__lock_of(stream->socket), until);
	}
	if (t->process != fsock__process())
		stream->hold_depth = 0;
	t->process = fsock__process();
	t->owner = pthread_self();
	stream->hold_depth++;
	return 1;
}

/*
 * Ends it. Returns whether somebody has come in vain, and is to be told. Needs the handle's lock.
 */
static int
leave_nolock(struct fsock__stream *stream)
{
	int is_missed = stream->is_missed;

	if (--stream->hold_depth > 0)
		return 0;
	stream->holder.process = 0;
	stream->is_missed = 0;
	if (is_missed)
		fsock__lock_tell(fsock__lock_of(stream->socket));
	return is_missed;
}

int
fsock__hold_try(struct fsock__window *w)
{
	struct fsock *s = w->stream->socket;
	int held, is_missed = 0;

	fsock__handle_lock(s);
	held = enter_nolock(w->stream, 1);
	if (held && !try_nolock(w)) {
		is_missed = leave_nolock(w->stream);
		held = 0;
	}
	fsock__handle_unlock(s);
	if (is_missed)
		fsock__handle_note(s);
	return held;
}

int
fsock__hold(struct fsock__window *w, const char *operation)
{
	return fsock__hold_try(w) ? 0 : fsock__handle_error(w->stream->socket, operation, EBUSY);
}

void
fsock__hold_end(struct fsock__window *w)
{
	struct fsock *s = w->stream->socket;
	int is_missed;

	fsock__hold_publish(w);
	funlockfile(w->file);
	fsock__handle_lock(s);
	is_missed = leave_nolock(w->stream);
	fsock__handle_unlock(s);
	if (is_missed)
		fsock__handle_note(s);
}

void
fsock__hold_set_waits(struct fsock__stream *stream, int waits)
{
	fsock__turn_set_waits(stream->socket, &stream->holder, waits);
}

void
fsock__hold_tell(struct fsock__window *w)
{
	w->stream->is_glanced = 0;
	w->stream->has_more = 1;
	fsock__handle_note(w->stream->socket);
}

/* Makes `w` the reader, if the one that is can be held. Needs the handle's lock and a turn. */
static int
replace_nolock(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	struct fsock__window *reader = stream->reader;

	if (reader == w)
		return 1;
	if (reader != NULL && !try_nolock(reader))
		return 0;
	stream->reader = w;
	if (reader != NULL)
		funlockfile(reader->file);
	return 1;
}

int
fsock__hold_take_over(struct fsock__window *w, const char *operation)
{
	struct fsock__stream *stream = w->stream;
	struct fsock *s = stream->socket;
	int is_taken = 0, is_missed = 0;

	fsock__handle_lock(s);
	if (stream->reader == NULL) {
		is_taken = replace_nolock(w);
	} else if (enter_nolock(stream, 1)) {
		is_taken = replace_nolock(w);
		is_missed = leave_nolock(stream);
	}
	fsock__handle_unlock(s);
	if (is_missed)
		fsock__handle_note(s);
	return is_taken ? 0 : fsock__handle_error(s, operation, EBUSY);
}

/*
 * The reader with its FILE locked, or else another window that can be and is now; or NULL. Needs
 * the handle's lock and a turn.
 */
static struct fsock__window *
find_nolock(struct fsock__stream *stream)
{
	struct fsock__window *reader = stream->reader;

	if (reader != NULL)
		return try_nolock(reader) ? reader : NULL;
	for (int i = 0; i < FSOCK__WINDOW_COUNT; i++) {
		struct fsock__window *w = &stream->windows[i];

		if ((w->sides & FSOCK_INPUT) && try_nolock(w)) {
			stream->reader = w;
			return w;
		}
	}
	return NULL;
}

int
fsock__hold_input(struct fsock__stream *stream, const char *operation, struct fsock__window **held)
{
	struct fsock *s = stream->socket;
	int is_missed = 0;

	*held = NULL;
	fsock__handle_lock(s);
	if (enter_nolock(stream, 1)) {
		*held = find_nolock(stream);
		if (*held == NULL)
			is_missed = leave_nolock(stream);
		if (*held == NULL && stream->reader == NULL)
			return 0;
	}
	fsock__handle_unlock(s);
	if (is_missed)
		fsock__handle_note(s);
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

int
fsock__hold_look(
    struct fsock__window *w, ssize_t (*glance)(const struct fsock__window *), ssize_t *seen)
{
	struct fsock__stream *stream = w->stream;
	int held = 0;

	fsock__handle_lock(stream->socket);
	if (w->file != NULL && enter_nolock(stream, 0)) {
		held = try_nolock(w);
		if (!held) {
			leave_nolock(stream);
			stream->is_glanced = 1; /* the call of the program's tells the lists */
		}
	}
	if (!held)
		*seen = glance(w);
	fsock__handle_unlock(stream->socket);
	return held;
}

struct fsock__window *
fsock__hold_reader(struct fsock__stream *stream)
{
	struct fsock__window *w = NULL;

	fsock__handle_lock(stream->socket);
	if (enter_nolock(stream, 0)) {
		w = find_nolock(stream);
		if (w == NULL)
			leave_nolock(stream);
	}
	fsock__handle_unlock(stream->socket);
	return w;
}
