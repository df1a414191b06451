/*
 * The last step of output: octets of the wire go to the kernel, or wait in a queue for it if the
 * socket does not block. All functions between begin and end need the turn of the output side.
 */
#ifndef FSOCK_STREAM_SENDER_H
#define FSOCK_STREAM_SENDER_H

#include "connection.h"

/* A turn, and what is left to send in it. */
struct fsock__sending {
	unsigned number;
	const uint8_t *octets;
	size_t length;
};

/*
 * Takes the turn, to send n octets of stdio's or, with NULL, for something else; waits for another
 * thread's, unless the socket does not block and that one waits for the peer. Where a signal
 * handler has interrupted the thread's own turn, or the program has jumped out of it, what it has
 * sent of the same octets is not sent again; if it was sending others, output has failed (EINTR):
 * nobody knows what the peer will miss. Returns 0, or -1 with the error recorded and no turn taken.
 */
int fsock__sender_begin(
    struct fsock__stream *, struct fsock__sending *, const void *octets, size_t n);

/*
 * The same for something else than stdio's octets, and without waiting for one that waits; -1 then
 * is with errno only: EAGAIN.
 */
int fsock__sender_begin_now(struct fsock__stream *, struct fsock__sending *);

void fsock__sender_end(struct fsock__stream *, const struct fsock__sending *);

/*
 * Sends or queues n octets. The first failure is kept: what follows would leave a hole. Returns 0,
 * or -1 with the error recorded.
 */
int fsock__sender_send(struct fsock__stream *, const void *buf, size_t n);

/* Output has failed for good with errno, or as noted before. Returns -1. */
int fsock__sender_fail(struct fsock__stream *);

/* Whether n octets more may be queued; if not, ENOBUFS is recorded. Returns 0 or -1. */
int fsock__sender_admit(struct fsock__stream *, size_t n);

/* see struct fsock__stream_ops */
int fsock__sender_drain(struct fsock *);
int fsock__sender_settle(struct fsock *);

#endif
