/*
 * Holding FILEs. libc has a FILE locked while it reads, as long as that waits, and what stdio still
 * holds of the input can be seen only with that lock. So it is tried, once: who finds a call of
 * another thread on the FILE is told so. The library's own holders do not meet in it: they take
 * turns, which are short unless one says that it waits.
 */
#ifndef FSOCK_STREAM_HOLD_H
#define FSOCK_STREAM_HOLD_H

#include "connection.h"

/*
 * Locks the window's FILE unless a call of another thread has it. Returns whether it is open and
 * locked now. The other one records EBUSY for `operation`, and returns 0 or -1.
 */
int fsock__hold_try(struct fsock__window *);
int fsock__hold(struct fsock__window *, const char *operation);

/* Unlocks it. */
void fsock__hold_end(struct fsock__window *);

/*
 * A list has looked at the window's FILE while the thread was reading from it: it is to look again,
 * and takes it for readable.
 */
void fsock__hold_tell(struct fsock__window *);

/* While a FILE is held: the holder is about to wait for input, or has waited. */
void fsock__hold_set_waits(struct fsock__stream *, int waits);

/*
 * Makes `w`, whose FILE the thread has locked, the reader. Returns 0, or -1 with EBUSY recorded for
 * `operation` if another thread uses the FILE that was.
 */
int fsock__hold_take_over(struct fsock__window *w, const char *operation);

/*
 * Holds the input side. *held is then the reader, with its FILE locked; or it is NULL, and the
 * handle's lock is held: there is no reader, and no FILE to be one. Returns 0, or -1 with EBUSY
 * recorded for `operation` if another thread uses the reader's FILE.
 */
int fsock__hold_input(struct fsock__stream *, const char *operation, struct fsock__window **held);
void fsock__hold_release(struct fsock__stream *, struct fsock__window *held);

/*
 * For who holds a list's lock, and waits for nobody. Who is busy with the FILE ends with a note to
 * the lists. The first locks the FILE of a window; returns 1, or 0 if it is not open or another
 * thread has it: then *seen is what `glance` returns, which is called with the handle's lock held.
 * The other one gives the reader or, if there is none, another window that can be, with its FILE
 * locked; or NULL.
 */
int fsock__hold_look(
    struct fsock__window *, ssize_t (*glance)(const struct fsock__window *), ssize_t *seen);
struct fsock__window *fsock__hold_reader(struct fsock__stream *);

/*
 * The lock of the reader's FILE orders what threads do. This says so in the language's terms, which
 * know nothing of such locks: what the reader did before is seen by who locks it next. Who cannot
 * sees at least whether there is more input than stdio has been handed.
 */
static inline void
fsock__hold_publish(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;

	if (atomic_load_explicit(&stream->reader, memory_order_relaxed) != w)
		return;
	atomic_store_explicit(
	    &stream->has_more, fsock__buffer_count(&stream->raw) > 0, memory_order_relaxed);
	atomic_store_explicit(&stream->reader, w, memory_order_release);
}

#endif
