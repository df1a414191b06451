/* What the ways of reading share. All need the lock of the window's FILE. */
#ifndef FSOCK_STREAM_INPUT_H
#define FSOCK_STREAM_INPUT_H

#include "stream.h"

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
