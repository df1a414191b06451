/* Counting what goes over a socket, and telling the trace. */
#ifndef FSOCK_SOCK_ACCOUNT_H
#define FSOCK_SOCK_ACCOUNT_H

#include <fsock/datagram.h>

#include "../base/trace.h"
#include "handle.h"

/* Only one thread at a time adds in a direction: nothing need be exchanged. */
static inline void
fsock__account_add(_Atomic uint64_t *count, size_t n)
{
	atomic_store_explicit(
	    count, atomic_load_explicit(count, memory_order_relaxed) + n, memory_order_relaxed);
}

/* That the moment has come, if it has not been before. */
void fsock__account_moment(_Atomic int64_t *moment);

/* The socket's number in traces. */
int fsock__account_number(struct fsock *);

/*
 * Tells the trace, if there is one: of octets in a direction, received from or sent to `peer`
 * unless that is NULL; of other events in these words.
 */
void fsock__account_trace(
    struct fsock *, int direction, const void *octets, size_t n, const struct fsock_addr *peer);
void fsock__account_tell(struct fsock *, enum fsock_trace_kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What connecting has come to by now; that the layers are ready. */
struct fsock__connecting;
void fsock__account_connected(struct fsock *, const struct fsock__connecting *);
void fsock__account_ready(struct fsock *);

/* That the connection stands; that the peer has ended it; that it is closed. */
void fsock__account_open(struct fsock *, const char *how);
void fsock__account_end(struct fsock *);
void fsock__account_close(struct fsock *, const char *how);

/* Tells the trace of the failure that was recorded last. Keeps errno. Returns -1. */
int fsock__account_fail(struct fsock *);

/* A piece of n octets, which is not traced. */
static inline void
fsock__account_piece(struct fsock *s, int direction, size_t n)
{
	struct fsock__account *a = &s->account;
	int i = direction == FSOCK_OUTPUT;

	fsock__account_add(&a->octets[i], n);
	fsock__account_add(&a->pieces[i], 1);
	if (i == 0 && a->first_octet == 0)
		fsock__account_moment(&a->first_octet);
}

/* n octets have been received, or sent, as the streams see them. */
static inline void
fsock__account_octets(struct fsock *s, int direction, const void *octets, size_t n)
{
	fsock__account_piece(s, direction, n);
	if (fsock__trace_is_on())
		fsock__account_trace(s, direction, octets, n, NULL);
}

/* n octets have come from, or gone to, the descriptor. */
static inline void
fsock__account_wire(struct fsock *s, int direction, size_t n)
{
	fsock__account_add(&s->account.wire[direction == FSOCK_OUTPUT], n);
}

/* Both, where there are no layers. */
static inline void
fsock__account_plain(struct fsock *s, int direction, const void *octets, size_t n)
{
	fsock__account_wire(s, direction, n);
	fsock__account_octets(s, direction, octets, n);
}

/* A datagram; `peer` may be NULL, or of length 0. */
static inline void
fsock__account_datagram(
    struct fsock *s, int direction, const void *octets, size_t n, const struct fsock_addr *peer)
{
	fsock__account_wire(s, direction, n);
	fsock__account_piece(s, direction, n);
	if (fsock__trace_is_on())
		fsock__account_trace(s, direction, octets, n, peer);
}

/* Several. */
static inline void
fsock__account_messages(
    struct fsock *s, int direction, const struct fsock_message *messages, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct fsock_message *m = &messages[i];

		fsock__account_datagram(s, direction, m->data,
		    direction == FSOCK_INPUT && m->length < m->size ? m->length : m->size,
		    &m->peer);
	}
}

#endif
