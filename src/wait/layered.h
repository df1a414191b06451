/*
 * Members whose sockets have layers. What the system finds of their descriptors says little of what
 * can be read or written: the layers are asked, and with no list's lock held.
 */
#ifndef FSOCK_WAIT_LAYERED_H
#define FSOCK_WAIT_LAYERED_H

#include "waitlist.h"

/*
 * Goes on with what the layers of a socket wait for: the handshake, queued output, and with an
 * interest in input whether there is any. `news` is what was found of the descriptor: without any,
 * nothing is tried again that has had to wait.
 */
void fsock__layered_work(struct fsock *, int interest, int news);

/*
 * Does so for all members of a list that are due. Needs the list's lock, which it gives up
 * meanwhile.
 */
void fsock__layered_work_all(struct fsock_waitlist *);

/* What was found of a member's descriptor. Needs the list's lock. */
void fsock__layered_note(struct fsock__member *, int state);

/* What there is besides FSOCK_INPUT for who reads: FSOCK_HANGUP at the end, FSOCK_FAILED. */
int fsock__layered_end(const struct fsock *);

/* The state of a member, as far as it has been found out. Needs the list's lock. */
int fsock__layered_state(struct fsock__member *);

#endif
