/*
 * Sockets that the program has closed while output was queued. The lists that such a socket is in
 * keep it as a hidden member, and send what is queued; the one that finds nothing left closes it,
 * or resets the connection when that has failed, or close_timeout has passed.
 */
#ifndef FSOCK_WAIT_CLOSING_H
#define FSOCK_WAIT_CLOSING_H

#include "waitlist.h"

/* see struct fsock__watch_ops */
void fsock__closing_retire(struct fsock *);
int fsock__closing_defer(struct fsock *);

/* Puts a closing member that has sent everything, or failed, among those that are done. */
void fsock__closing_check(struct fsock__member *);

/* How many of the closing have output that was not sent; the others discard input. */
size_t fsock__closing_unsent(struct fsock_waitlist *);

/* Whether no other list of this process has the closing socket. Needs the list's lock. */
int fsock__closing_is_last(const struct fsock__member *);

/*
 * Both need the list's lock. The first takes what is done out of the list. The other one gives up
 * the lock and closes it.
 */
void fsock__closing_collect(struct fsock_waitlist *);
void fsock__closing_unlock(struct fsock_waitlist *);

#endif
