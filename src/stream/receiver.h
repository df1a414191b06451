/*
 * The first step of input: octets from the kernel to the raw buffer, and how many of them may be
 * delivered. All need what guards the raw buffer: the lock of the reader's FILE.
 */
#ifndef FSOCK_STREAM_RECEIVER_H
#define FSOCK_STREAM_RECEIVER_H

#include "connection.h"

/* Receives once into the raw buffer. Returns as recv(2), with errors recorded; 0 at a bound. */
ssize_t fsock__receiver_fill(struct fsock__window *);

/*
 * Receives once, past the raw buffer, which is empty, into memory from which nothing is given back.
 * There must be no bound. Returns as the above.
 */
ssize_t fsock__receiver_direct(struct fsock__window *, void *buf, size_t n);

/*
 * The octets that a read would look at: those up to the bound, without an LF that it would drop.
 * Returns how many; *p is where they are, if there are any.
 */
size_t fsock__receiver_waiting(const struct fsock__stream *, const uint8_t **p);

/* Records that a record is too long. Returns -1. */
ssize_t fsock__receiver_too_long(const struct fsock__stream *);

/* How many raw octets wait, up to the bound. */
static inline size_t
fsock__receiver_count(const struct fsock__stream *stream)
{
	size_t n = fsock__buffer_count(&stream->raw);
	uint64_t left;

	if (stream->bound == FSOCK__NO_BOUND)
		return n;
	left = stream->bound - fsock__buffer_position(&stream->raw);
	return n < left ? n : (size_t)left;
}

/* Whether a read is to deliver what there is as a block, whatever lines are in it. */
static inline int
fsock__receiver_takes_block(const struct fsock__window *w)
{
	return w->delivery == FSOCK_DELIVER_BLOCK || w->ahead == FSOCK__AHEAD_ALL;
}

/*
 * How much of n octets to deliver as a block, if `count` wait. The last piece is kept small: it
 * stays in the raw buffer until it is known to be consumed, and an idle connection should not cost
 * much.
 */
static inline size_t
fsock__receiver_block(size_t n, size_t count)
{
	return n == count && n > FSOCK__BUFFER_SMALL ? n - FSOCK__BUFFER_SMALL : n;
}

#endif
