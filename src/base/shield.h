/* A write to a pipe whose reader is gone fails with EPIPE, and raises no signal. */
#ifndef FSOCK_BASE_SHIELD_H
#define FSOCK_BASE_SHIELD_H

#include <signal.h>

struct fsock__shield {
	sigset_t pipe, before;
	int was_pending;
};

/* Around what may write to such a pipe. Both keep errno. */
void fsock__shield_raise(struct fsock__shield *);
void fsock__shield_lower(const struct fsock__shield *);

#endif
