/*
 * Bells: how fsock_wait_for_input() learns what the system cannot tell it, as a list does by its
 * inbox. Another thread that waits for the same socket, or reads it, may receive a record, or
 * octets for a layer, after this wait has looked into memory and before it asks the system.
 */
#ifndef FSOCK_WAIT_BELL_H
#define FSOCK_WAIT_BELL_H

#include <stddef.h>

#include "../sock/handle.h"

struct fsock__bell;

/*
 * Makes a bell for the calling thread and hangs it at those of the n sockets that something may be
 * received for, which get the table. The thread looks at them afterwards. A bell that the thread
 * has left by a jump is taken down. Returns NULL if there is no memory or descriptor.
 */
struct fsock__bell *fsock__bell_hang(
    fsock *const sockets[], size_t n, const struct fsock__watch_ops *);

/* NULL is allowed. */
void fsock__bell_take_down(struct fsock__bell *);

/* Readable once it was rung. Whoever is woken by it clears it, and then looks. */
int fsock__bell_fd(const struct fsock__bell *);
void fsock__bell_clear(struct fsock__bell *);

/* Whether the system does not tell all there is to know of a socket. */
int fsock__bell_is_needed(const struct fsock *);

/* Something has happened to the socket: rings those that hang there. */
void fsock__bell_ring(struct fsock *);

/* The handle ends: no bell hangs there any more. */
void fsock__bell_leave(struct fsock *);

#endif
