/*
 * Members whose sockets are not connected yet. One of the lists that such a socket is in drives it,
 * one that is waited on: it watches the descriptors under way, and takes the next step when one of
 * them is ready or when it is time. Whoever else takes a step stops the watching meanwhile, as
 * descriptors are closed.
 */
#ifndef FSOCK_WAIT_CONNECTING_H
#define FSOCK_WAIT_CONNECTING_H

#include "waitlist.h"

/*
 * Goes on connecting the member's socket, if no other list does. Needs the list's lock. Returns 0,
 * or -1 if what is to be watched could not be.
 */
int fsock__connecting_drive(struct fsock__member *);

/* The wait on a list is over: other lists, which are waited on, may drive what it drove. */
void fsock__connecting_hand_over(struct fsock_waitlist *);

/*
 * A socket that is not connected yet has joined one more list: one that drives it and that nobody
 * waits on does so no more. Takes no lock of the caller's.
 */
void fsock__connecting_share(struct fsock *);

/* see struct fsock__watch_ops */
struct fsock_waitlist *fsock__connecting_pause(struct fsock *);
void fsock__connecting_resume(struct fsock *, struct fsock_waitlist *);

#endif
