/* Moving octets over what a stream stands on. */
#ifndef FSOCK_SOCK_TRANSFER_H
#define FSOCK_SOCK_TRANSFER_H

#include <sys/socket.h>
#include <sys/types.h>

#include "../base/clock.h"
#include "failure.h"
#include "handle.h"

/* The socket that `fd` is. */
extern const struct fsock__transport_ops fsock__transport_socket;

/* Whether the deadline of a direction has not passed: 0, or -1 with the error recorded. */
int fsock__transfer_check(struct fsock *, const char *operation, int direction);

/*
 * Checks the deadline and chooses the flags to begin with: MSG_DONTWAIT if there is a deadline, or
 * the socket is interruptible or does not block, else 0. Returns 0, or -1 with the error recorded.
 */
static inline int
fsock__transfer_begin(struct fsock *s, const char *operation, int direction, int *flags)
{
	int64_t deadline = fsock__handle_deadline(s, direction);
	int waits = deadline == FSOCK__NEVER && s->interrupt == NULL && !s->nonblocking;

	*flags = waits ? 0 : MSG_DONTWAIT;
	if (s->role == FSOCK__DATAGRAM && fsock__failure_is_early(s) &&
	    fsock__failure_tell_early(s, operation) < 0)
		return -1;
	return deadline == FSOCK__NEVER ? 0 : fsock__transfer_check(s, operation, direction);
}

/* Records that a time limit other than the deadline has passed. Returns -1. */
int fsock__transfer_time_over(struct fsock *, const char *operation);

/*
 * Waits until a transfer would not block: until `until` (absolute) and the direction's deadline at
 * the most, and unless it is interrupted. Returns 0, or -1 with the error recorded.
 */
int fsock__transfer_wait(struct fsock *, const char *operation, int direction, int64_t until);

/*
 * The same for a call in `direction` that waits for input or output, whichever `wish` is. Of
 * several limits the first counts.
 */
int fsock__transfer_wait_for(
    struct fsock *, const char *operation, int direction, int wish, int64_t until);

/*
 * After a call that failed, `flags` as it left them: on EAGAIN waits, for the direction's timeout
 * at the most, unless the call itself has waited that long or the socket does not block. Returns 0
 * if it is to be repeated, or -1 with the error recorded.
 */
int fsock__transfer_again(struct fsock *, const char *operation, int flags, int direction);

/* As the transport receives; `arg` is not used. */
ssize_t fsock__transfer_receive(struct fsock *, void *buf, size_t n, void *arg);

/*
 * Sends all n octets over the transport, and waits as often as the peer makes it wait, in the turn
 * of the output side, where it counts what has gone. Returns 0, or -1 with the error recorded:
 * EINTR if the turn was taken from it meanwhile.
 */
int fsock__transfer_send(struct fsock *, const void *buf, size_t n);

/*
 * Sends in the same turn what goes without waiting, and adds how much that is to *count; until then
 * the turn is unsure. Returns how many, or -1.
 */
ssize_t fsock__transfer_offer(struct fsock *, const void *buf, size_t n, volatile size_t *count);

/* Waits for room on the transport in the same turn, until `until`. Returns 0 or -1. */
int fsock__transfer_await_room(struct fsock *, const char *operation, int64_t until);

/* How long a call may wait for one that sends: not at all, or until the deadline for writing. */
int64_t fsock__transfer_patience(const struct fsock *);

#endif
