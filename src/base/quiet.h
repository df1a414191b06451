/*
 * Stretches of code that no signal handler interrupts, and in which the thread is not cancelled.
 * They are short, and may nest: only the outermost one asks the system, which is dear beside what
 * many do.
 */
#ifndef FSOCK_BASE_QUIET_H
#define FSOCK_BASE_QUIET_H

#include <signal.h>

/* What the thread had before. */
struct fsock__quiet {
	sigset_t signals;
	int cancel;
};

void fsock__quiet_begin(struct fsock__quiet *);

/* Signals that have come meanwhile are delivered here, if it is the outermost one. */
void fsock__quiet_end(const struct fsock__quiet *);

#endif
