/*
 * Closing in the order that TCP needs. A connection that is closed with unread input, or that
 * receives some later, is reset, and the reset may overtake output that the peer has not read yet
 * (RFC 2525, 2.17). So where the peer seems to be sending still, the writing side is shut down
 * first, and what comes is discarded until the peer has seen that and ends its own; within reason.
 */
#ifndef FSOCK_SOCK_LINGER_H
#define FSOCK_SOCK_LINGER_H

#include <stdint.h>

#include "handle.h"

/* A socket's own: see `finish` of struct fsock__transport_ops. */
int fsock__linger_finish(struct fsock *);

/* Discards input that has arrived on the descriptor, without waiting. */
void fsock__linger_discard(const struct fsock *, int fd);

/* Whether closing is to be put off, by the transport's `finish`. Not a point of cancellation. */
int fsock__linger_is_due(struct fsock *);

/* Until when at the most, if it is due from now on. */
int64_t fsock__linger_until(const struct fsock *);

/* Waits until it is not due any more, or that time is over. Not a point of cancellation. */
void fsock__linger_wait(struct fsock *);

#endif
