/*
 * The last step of output: octets of the wire go to the kernel, or wait in a queue: for the kernel
 * if the socket does not block, or for others to go with them (the option `batched`). Where nothing
 * else is said the turn of the output side is needed.
 */
#ifndef FSOCK_STREAM_SENDER_H
#define FSOCK_STREAM_SENDER_H

#include "sending.h"

/*
 * Sends or queues n octets. The first failure is kept: what follows would leave a hole. Returns 0,
 * or -1 with the error recorded.
 */
int fsock__sender_send(struct fsock__stream *, const void *buf, size_t n);

/* Output has failed for good with errno, or as noted before. Returns -1. */
int fsock__sender_fail(struct fsock__stream *);

/* Whether n octets more may be queued; if not, ENOBUFS is recorded. Returns 0 or -1. */
int fsock__sender_admit(struct fsock__stream *, size_t n);

/*
 * Sends what is held back (the option `batched`): all of it, or what goes now if the socket does
 * not block. Returns 0, or -1 with the error recorded.
 */
int fsock__sender_push(struct fsock__stream *);

/*
 * Around a call that may wait for input, in no turn: what is held back is sent first, and what is
 * written meanwhile is not held back. Returns 0; or -1, with the error of that output recorded, if
 * the input is not to be waited for.
 */
int fsock__sender_before_input(struct fsock__stream *);
void fsock__sender_after_input(struct fsock__stream *);

/* see struct fsock__stream_ops */
int fsock__sender_drain(struct fsock *);
int fsock__sender_release(struct fsock *);
int fsock__sender_settle(struct fsock *);

#endif
