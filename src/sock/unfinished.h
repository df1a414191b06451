/*
 * Output that is under way when the process ends. The system closes the descriptors then, which the
 * peer would take for the proper end: so the end of a connection whose output is not complete is
 * made a reset.
 */
#ifndef FSOCK_SOCK_UNFINISHED_H
#define FSOCK_SOCK_UNFINISHED_H

#include "handle.h"

/* A connected handle is known from its beginning to its end. Returns 0, or -1 (ENOMEM). */
int fsock__unfinished_enter(struct fsock *);
void fsock__unfinished_leave(struct fsock *);

/* exit() has begun: see fsock__unfinished_look(). */
extern atomic_int fsock__unfinished_begun;

/* Makes the end of the connection a reset, or again what it was if output is complete. */
void fsock__unfinished_update(struct fsock *);

/*
 * Whoever begins or ends a turn at output calls this inside it and behind it. It costs nothing
 * until exit() has begun. Keeps errno.
 */
static inline void
fsock__unfinished_look(struct fsock *s)
{
	if (atomic_load(&fsock__unfinished_begun))
		fsock__unfinished_update(s);
}

#endif
