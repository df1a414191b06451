/*
 * Sockets whose connection does not stand yet: what fsock_connect() makes if it may not wait. Until
 * then `connecting` is set, `fd` is -1, and a transport of its own takes no output and yields no
 * input. After a failure `connecting` stays, to tell why, and output.error is set.
 */
#ifndef FSOCK_SOCK_PENDING_H
#define FSOCK_SOCK_PENDING_H

#include "../net/connecting.h"
#include "handle.h"

/* Makes a socket that goes on connecting, and owns what it is given. Returns NULL on ENOMEM. */
struct fsock *fsock__pending_new(struct fsock__connecting *, const struct fsock__settings *);

/*
 * Goes on connecting, without waiting. A wait list that watches the descriptors under way must not
 * do so meanwhile: the first sees to that; the other is for that list, which holds its lock, and
 * tells nobody. Returns FSOCK__DONE once it is a socket like any other.
 */
enum fsock__progress fsock__pending_step(struct fsock *);
enum fsock__progress fsock__pending_step_unwatched(struct fsock *);

/*
 * Which descriptors to poll(2), for what, and in *next until when at the latest, before the next
 * step. Returns how many, FSOCK__PENDING_FDS at most; 0 if there is nothing to wait for. For who
 * may not wait, as it holds a list's lock, also if another thread is taking a step, the end of
 * which is noted.
 */
#define FSOCK__PENDING_FDS FSOCK__RACE_MAX
size_t fsock__pending_fds(struct fsock *, struct pollfd *fds, int64_t *next, int may_wait);

/*
 * Waits until it is connected, for a call in that direction, or until `deadline`; with 0 it does
 * not wait, and fails with EAGAIN. Returns 0, or -1 with the error recorded.
 */
int fsock__pending_await(struct fsock *, const char *operation, int direction, int64_t deadline);

/* Records why output has failed: perhaps because it never was connected. Returns -1. */
int fsock__pending_error(struct fsock *, const char *operation);

#endif
