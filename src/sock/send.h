/* Sending in the turn of the output side. */
#ifndef FSOCK_SOCK_SEND_H
#define FSOCK_SOCK_SEND_H

#include "handle.h"

typedef ssize_t fsock__send_fn(struct fsock *, const void *arg);

/* What such a function is given to send, if it needs no more. */
struct fsock__octets {
	const void *data;
	size_t size;
};

/*
 * Calls fn(s, arg) in the turn of the output side, as a thread that cannot be cancelled, with the
 * turn unsure: nobody hands over again what it sends. Of a turn that was jumped out of it is not
 * known how much has gone: output has failed then (EINTR), and fn is not called. Returns what fn
 * does, or -1 with the error recorded for `operation`.
 */
ssize_t fsock__send_in_turn(
    struct fsock *s, const char *operation, fsock__send_fn *fn, const void *arg);

#endif
