/*
 * Around what may write where nobody reads any more, and has no flag to say so: a pipe, a FILE,
 * splice(2). The failure is told by EPIPE, not by a signal.
 */
#ifndef FSOCK_BASE_SHIELD_H
#define FSOCK_BASE_SHIELD_H

#include <signal.h>

struct fsock__shield {
	sigset_t before;
	int was_pending;
};

void fsock__shield_raise(struct fsock__shield *);

/*
 * Keeps errno. Whether the signal was raised is asked only if that may be: by what has failed. One
 * that was pending before is somebody else's.
 */
void fsock__shield_lower(const struct fsock__shield *, int may_be_raised);

#endif
