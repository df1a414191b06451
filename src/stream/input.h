/* What the ways of reading share. All need the lock of the window's FILE. */
#ifndef FSOCK_STREAM_INPUT_H
#define FSOCK_STREAM_INPUT_H

#include "stream.h"

/*
 * raw.c: makes `w` the reader, for what has to start at the octet that the program reads next:
 * raw.head is that one, as the reader before has given back what it held. Returns 0, or -1 with the
 * error recorded.
 */
int fsock__input_gather(struct fsock__window *, const char *operation);

/*
 * The lock of the reader's FILE orders what threads do. These two say so in the language's terms,
 * which know nothing of such locks: what the reader did before publishing is seen by who locks it.
 */
static inline void
fsock__input_publish(struct fsock__window *w)
{
	if (atomic_load_explicit(&w->stream->reader, memory_order_relaxed) == w)
		atomic_store_explicit(&w->stream->reader, w, memory_order_release);
}

static inline int
fsock__input_try_lock(struct fsock__window *reader)
{
	return ftrylockfile(reader->file) == 0 &&
	       atomic_load_explicit(&reader->stream->reader, memory_order_acquire) == reader;
}

/*
 * Drops the LF that is still owed to a line end at CR, under a format that is no more, when it is
 * known what comes next. Returns 1, or -1 with the error recorded.
 */
ssize_t fsock__input_drop_owed(struct fsock__window *);

/* Nothing delivered can be given back any more: octets are taken beside the FILE. */
void fsock__input_forget(struct fsock__stream *);

/*
 * When stdio has given back what it holds: raw.head becomes the octet that the program reads next,
 * behind a line end that is owed if that has arrived.
 */
void fsock__input_exact(struct fsock__stream *);

#endif
