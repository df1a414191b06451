/* What the backend watches for members. All need the list's lock. */
#ifndef FSOCK_WAIT_WATCHED_H
#define FSOCK_WAIT_WATCHED_H

#include "waitlist.h"

/*
 * What the backend is to wait for: what the program waits for, but no input from a peer that takes
 * no output; and that queued output can be sent.
 */
int fsock__watched_wanted(const struct fsock__member *, int interest);

/* Sees to it that the backend waits for what is wanted. Returns 0, or -1 with errno. */
int fsock__watched_watch(struct fsock__member *, int interest);

/* Its descriptor is about to be closed. */
void fsock__watched_drop_fd(struct fsock__member *);

/* Stops watching the descriptors of a socket that is not connected yet; and driving it. */
void fsock__watched_unwatch(struct fsock__member *);
void fsock__watched_stop_driving(struct fsock__member *);

/* Whether the member is the one that drives its socket. */
int fsock__watched_drives(const struct fsock__member *);

#endif
