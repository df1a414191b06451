/*
 * Getting back what stdio has read ahead: then raw.head is the octet that the program reads next.
 */
#ifndef FSOCK_STREAM_GATHER_H
#define FSOCK_STREAM_GATHER_H

#include "connection.h"

/*
 * Gathers what was read ahead in the raw buffer, and holds the input side: see fsock__hold_input().
 * Returns 0, or -1 with the error recorded and nothing held.
 */
int fsock__gather_hold(struct fsock__stream *, const char *operation, struct fsock__window **held);

/*
 * The same for who has locked the FILE of `w`, which becomes the reader. Returns 0, or -1 with the
 * error recorded.
 */
int fsock__gather(struct fsock__window *w, const char *operation);

/*
 * For who holds the reader: waits for a line end that is owed. Returns 0, or -1 with the error
 * recorded.
 */
int fsock__gather_owed(struct fsock__window *held);

#endif
