/* Taking connections without waiting, for those who wait by themselves. */
#ifndef FSOCK_SOCK_ACCEPT_H
#define FSOCK_SOCK_ACCEPT_H

#include "handle.h"

/*
 * Takes a connection that is there; clients that have vanished are passed over. It waits only if
 * the descriptor blocks. Returns a socket with the settings, or NULL with the error recorded:
 * EAGAIN (EWOULDBLOCK) if no client waits, ESHUTDOWN if the listener was shut down.
 */
struct fsock *fsock__accept_now(struct fsock *listener, const struct fsock__settings *);

#endif
