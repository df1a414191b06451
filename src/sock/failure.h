/* Why a socket has failed: kept with it, whoever met the failure and whenever. */
#ifndef FSOCK_SOCK_FAILURE_H
#define FSOCK_SOCK_FAILURE_H

#include "../base/error.h"
#include "handle.h"

/* Keeps what has been recorded as the reason, unless there is one already. Keeps errno. */
void fsock__failure_keep(struct fsock *, const struct fsock__record *);

/*
 * The same for an error that the kernel has told of the connection. Want of memory is no failure of
 * it; nor is, of a datagram socket, what concerns one datagram.
 */
void fsock__failure_meet(struct fsock *, const char *operation, int errnum);

/*
 * Records again, for `operation`, that the socket has failed with `errnum`: in the words of the
 * reason, if that is it. Returns -1.
 */
int fsock__failure_retell(const struct fsock *, const char *operation, int errnum);

/*
 * The errno of why the socket has failed, or 0. An error that only the kernel knows is taken from
 * it, which tells it but once: it is kept, and the next transfer tells it in the kernel's place.
 */
int fsock__failure_find(struct fsock *);

/* Whether there is such an error to be told. */
static inline int
fsock__failure_is_early(const struct fsock *s)
{
	return atomic_load_explicit(&s->early_error, memory_order_relaxed) != 0;
}

/* Tells it. Returns -1 with it recorded, or 0 if another thread has told it meanwhile. */
int fsock__failure_tell_early(struct fsock *, const char *operation);

#endif
