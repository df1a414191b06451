/*
 * The last step of output: octets of the wire go to the kernel, or wait in a queue for it if the
 * socket does not block. All functions named _nolock need the output lock.
 */
#ifndef FSOCK_STREAM_SENDER_H
#define FSOCK_STREAM_SENDER_H

#include "stream.h"

/*
 * Sends or queues n octets. The first failure is kept: what follows would leave a hole. Returns 0,
 * or -1 with the error recorded.
 */
int fsock__sender_send_nolock(struct fsock__stream *, const void *buf, size_t n);

/* Output has failed for good with errno, or as noted before. Returns -1. */
int fsock__sender_fail_nolock(struct fsock__stream *);

/* Whether n octets more may be queued; if not, ENOBUFS is recorded. Returns 0 or -1. */
int fsock__sender_admit_nolock(struct fsock__stream *, size_t n);

/* see struct fsock__stream_ops */
int fsock__sender_drain(struct fsock *);
int fsock__sender_settle(struct fsock *);

#endif
