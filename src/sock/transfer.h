/* Moving octets over a connected socket, under its time limits. */
#ifndef FSOCK_SOCK_TRANSFER_H
#define FSOCK_SOCK_TRANSFER_H

#include <sys/socket.h>
#include <sys/types.h>

#include "clock.h"
#include "socket.h"

/*
 * Receives up to n octets: waits for the first one, for read_timeout and until the deadline at the
 * most. Returns how many, 0 at end of file, or -1 with the error recorded.
 */
ssize_t fsock__transfer_receive(struct fsock *, void *buf, size_t n);

/*
 * Sends all n octets: write_timeout bounds each wait for the peer to make room. Returns 0, or -1
 * with the error recorded; then it is not known how much was sent.
 */
int fsock__transfer_send(struct fsock *, const void *buf, size_t n);

/*
 * For calls of their own. The flags to begin with: MSG_DONTWAIT if there is a deadline, else 0.
 * Returns 0, or -1 with the error recorded if it has passed.
 */
int fsock__transfer_check(struct fsock *, const char *operation);

static inline int
fsock__transfer_begin(struct fsock *s, const char *operation, int *flags)
{
	*flags = s->deadline == FSOCK__NEVER ? 0 : MSG_DONTWAIT;
	return *flags == 0 ? 0 : fsock__transfer_check(s, operation);
}

/*
 * After a call that failed, `flags` as it left them: on EAGAIN waits for `events`, for `timeout` at
 * the most, unless the call itself has waited that long. Returns 0 if it is to be repeated, or -1
 * with the error recorded.
 */
int fsock__transfer_again(
    struct fsock *, const char *operation, int flags, int events, int64_t timeout);

#endif
