/* What the ways of reading share. All need the lock of the window's FILE. */
#ifndef FSOCK_STREAM_INPUT_H
#define FSOCK_STREAM_INPUT_H

#include "connection.h"

/* What becomes of octets that a read delivers and the program has not taken when it writes. */
enum fsock__spare {
	FSOCK__SPARE_LOST,     /* stdio discards them, unless the program flushes before */
	FSOCK__SPARE_RETURNED, /* stdio gives them back */
	FSOCK__SPARE_NONE      /* there are none: the read goes to the program's own memory */
};

/*
 * Hands octets to stdio. Returns how many, 0 at end of file, -1 with the error recorded. The other
 * one takes back the last n octets delivered to the window. Returns 0, or -1 if they were not.
 */
ssize_t fsock__input_read(struct fsock__window *, void *buf, size_t n, enum fsock__spare);
int fsock__input_give_back(struct fsock__window *, size_t n);

/*
 * Takes note that stdio holds no input of the window any more, as it has begun to write. Then it is
 * not the reader.
 */
void fsock__input_resign(struct fsock__window *);

/*
 * For who receives beside the FILEs: takes up to n of the octets that wait in `raw`, with what
 * guards it held. Returns how many.
 */
size_t fsock__input_take(struct fsock__stream *, void *buf, size_t n);

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

/* Records that the program has come to the end of input. Returns 0. */
ssize_t fsock__input_ended(const struct fsock__window *);

#endif
