/* Members of a list by the time when they are due. All need the list's lock. */
#ifndef FSOCK_WAIT_TIMER_H
#define FSOCK_WAIT_TIMER_H

#include "waitlist.h"

/* Makes room for one member more. Returns 0 or -1 (ENOMEM). */
int fsock__timer_reserve(struct fsock_waitlist *);

/* Makes the timers know when a member is due, if that is earlier than they know. */
void fsock__timer_set(struct fsock__member *);

void fsock__timer_remove(struct fsock__member *);

/* When the first timer is due, or FSOCK__NEVER. */
int64_t fsock__timer_first(const struct fsock_waitlist *);

/* Takes out a member whose time has come, or returns NULL. */
struct fsock__member *fsock__timer_expired(struct fsock_waitlist *, int64_t now);

#endif
