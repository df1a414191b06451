/* What only the library knows of a socket's readiness: what its streams hold. */
#ifndef FSOCK_WAIT_LOOK_H
#define FSOCK_WAIT_LOOK_H

#include "waitlist.h"

/*
 * Whether a socket that the kernel calls readable is so, too, for who reads its stream: always, but
 * for streams that deliver whole records, which receive what is there. `state` is what the kernel
 * found. Its lists are told. For who has a list's lock, `m` is its member of that list, or else
 * NULL. The lock may be given up meanwhile: members may be gone afterwards, whose `socket` is NULL
 * then. Returns 1 or 0.
 */
int fsock__look_is_readable(struct fsock *, int state, struct fsock__member *m);

/*
 * Looks at a member that something may have happened to, which also makes the backend and the
 * timers know what they are to wait for. Needs the list's lock. Returns its state as far as the
 * system cannot know it, 0 for none, or -1 if it is to be looked at again.
 */
int fsock__look(struct fsock__member *);

#endif
