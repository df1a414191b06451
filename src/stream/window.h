/* What the functions of a FILE do, whatever mechanism makes it. */
#ifndef FSOCK_STREAM_WINDOW_H
#define FSOCK_STREAM_WINDOW_H

#include "connection.h"

/*
 * Gives the FILE that is to be the window's a buffer. Failing that stdio has its own, of 1 KiB in
 * most libcs.
 */
void fsock__window_set_buffer(struct fsock__window *, FILE *);

/* fflush() of the FILE. Returns 0 with errno untouched, or -1 with the error recorded. */
int fsock__window_flush(struct fsock__window *, const char *operation);

/* Makes stdio give back the input that it holds. Returns as the above. */
int fsock__window_give_back(struct fsock__window *, const char *operation);

/*
 * `whence` is SEEK_CUR (glibc, musl) or SEEK_SET (BSD, newlib); only staying in place and giving
 * input back succeed. Seeking returns the new position or -1. Closing frees the window, and with
 * the last reference the socket.
 */
off_t fsock__window_seek(struct fsock__window *, off_t offset, int whence);
int fsock__window_close(struct fsock__window *);

/*
 * In a child of fork(), leaves alone a FILE that a thread was using which is not there: some libcs
 * would wait for it for ever. The handle has it no more.
 */
void fsock__window_abandon(struct fsock__window *);

#endif
