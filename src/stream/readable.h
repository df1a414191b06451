/* What the streams hold, and what their next read would do. */
#ifndef FSOCK_STREAM_READABLE_H
#define FSOCK_STREAM_READABLE_H

#include "connection.h"

/* see struct fsock__stream_ops */
ssize_t fsock__readable_buffered(struct fsock *);
int fsock__readable_fetch(struct fsock *);

/*
 * Whether the next read finds what it needs in the raw buffer: input, its end for now, or an error,
 * such as a record that is too long. Needs the lock of the reader's FILE; with `may_ask`, no lock
 * of ours may be held: see fsock__record_find().
 */
int fsock__readable_now(struct fsock__stream *, int may_ask);

#endif
