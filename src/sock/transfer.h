/* Moving octets over what a stream stands on. */
#ifndef FSOCK_SOCK_TRANSFER_H
#define FSOCK_SOCK_TRANSFER_H

#include <sys/socket.h>
#include <sys/types.h>

#include "../base/clock.h"
#include "../base/process.h"
#include "socket.h"

struct fsock__transport_ops {
	/*
	 * Receives up to n octets, after having waited for the first one. Returns how many, 0 at
	 * end of file, or -1 with the error recorded.
	 */
	ssize_t (*receive)(struct fsock *, void *buf, size_t n);
	/* Sends all n octets. Returns 0, or -1 with the error recorded. */
	int (*send)(struct fsock *, const void *buf, size_t n);
	/*
	 * Sends of n octets what goes without waiting. Returns how many, 0 if none, or -1 with the
	 * error recorded.
	 */
	ssize_t (*offer)(struct fsock *, const void *buf, size_t n);
	/* Closes what the handle owns, if it is still open. Returns 0, or -1 with errno set. */
	int (*close)(struct fsock *);
};

/* The socket that `fd` is. */
extern const struct fsock__transport_ops fsock__transport_socket;

/* This process has read or written: see `used` of struct fsock. Storing what is there is dear. */
static inline void
fsock__transfer_use(struct fsock *s)
{
	int process = fsock__process();

	if (atomic_load_explicit(&s->used, memory_order_relaxed) != process)
		s->used = process;
}

/*
 * For calls of their own, in one direction: FSOCK_INPUT or FSOCK_OUTPUT. Its deadline, and whether
 * that has not passed: 0, or -1 with the error recorded.
 */
static inline int64_t
fsock__transfer_deadline(struct fsock *s, int direction)
{
	return direction == FSOCK_INPUT ? s->read_deadline : s->write_deadline;
}

int fsock__transfer_check(struct fsock *, const char *operation, int direction);

/*
 * Checks the deadline and chooses the flags to begin with: MSG_DONTWAIT if there is a deadline, or
 * the socket is interruptible or does not block, else 0. Returns 0, or -1 with the error recorded.
 */
static inline int
fsock__transfer_begin(struct fsock *s, const char *operation, int direction, int *flags)
{
	int64_t deadline = fsock__transfer_deadline(s, direction);
	int waits = deadline == FSOCK__NEVER && s->interrupt == NULL && !s->nonblocking;

	*flags = waits ? 0 : MSG_DONTWAIT;
	return deadline == FSOCK__NEVER ? 0 : fsock__transfer_check(s, operation, direction);
}

/*
 * Waits until a transfer would not block: until `until` (absolute) and the direction's deadline at
 * the most, and unless it is interrupted. Returns 0, or -1 with the error recorded.
 */
int fsock__transfer_wait(struct fsock *, const char *operation, int direction, int64_t until);

/*
 * After a call that failed, `flags` as it left them: on EAGAIN waits, for the direction's timeout
 * at the most, unless the call itself has waited that long or the socket does not block. Returns 0
 * if it is to be repeated, or -1 with the error recorded.
 */
int fsock__transfer_again(struct fsock *, const char *operation, int flags, int direction);

#endif
