/*
 * A turn at the output side of a stream: who sends, or changes what is queued or how it is encoded,
 * has it.
 */
#ifndef FSOCK_STREAM_SENDING_H
#define FSOCK_STREAM_SENDING_H

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
int fsock__sending_begin(
    struct fsock__stream *, struct fsock__sending *, const void *octets, size_t n);

/*
 * The same for something else than stdio's octets, and without waiting for one that waits; -1 then
 * is with errno only: EAGAIN.
 */
int fsock__sending_begin_now(struct fsock__stream *, struct fsock__sending *);

/* The same, but waits until `until` for whoever has it. */
int fsock__sending_begin_until(struct fsock__stream *, struct fsock__sending *, int64_t until);

/*
 * The same without waiting for anybody. If octets are held back, who has the turn tells the lists
 * when it ends.
 */
int fsock__sending_begin_at_once(struct fsock__stream *, struct fsock__sending *);

void fsock__sending_end(struct fsock__stream *, const struct fsock__sending *);

/* All below need the turn.
 *
 * What is to be sent: octets of the queue, and what the layers below it have yet to pass on.
 */
size_t fsock__sending_count(const struct fsock__stream *);

/*
 * Lets everybody see how much is queued; who shuts output down and sees none any more does so, or
 * else it is done here. Returns whether that changes what waits wait for; the other tells the lists
 * if it does.
 */
int fsock__sending_publish(struct fsock__stream *);
void fsock__sending_tell(struct fsock__stream *);

/*
 * Output has failed for good, as recorded: what is queued will not be sent. Returns -1, with the
 * first failure recorded.
 */
int fsock__sending_fail(struct fsock__stream *);

#endif
