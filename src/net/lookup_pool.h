/*
 * The threads that ask the system, and the queue of what they are to ask: few, made when there is
 * something to look up, gone when there is not.
 */
#ifndef FSOCK_NET_LOOKUP_POOL_H
#define FSOCK_NET_LOOKUP_POOL_H

#include <signal.h>

#include "../base/ring.h"
#include "../base/wake.h"

struct addrinfo;

/*
 * Lookups that may be under way at once; each is a thread. The others wait for their turn. What
 * was ended while it was under way does not count, up to another bound. Names that are in the hosts
 * file wait for nobody, but for FSOCK__LOOKUP_MAX others such.
 */
#define FSOCK__LOOKUP_MAX  32
#define FSOCK__LOOKUP_MOST 256

/*
 * What must stay true:
 *  1. The lock guards the pool and, but for `process`, `wake` and what is asked, all lookups.
 *     It is not held across fork(): a child finds both half changed. So it takes nothing from them:
 *     the pool and the lookups bear the number of the process that they belong to; under another
 *     one the pool is empty, and what a lookup has come to, and the row it was in, are not looked
 *     at.
 *  2. A lookup is in the pool's queue while it is QUEUED, and in no row else.
 *  3. `owned` is 1 until fsock__lookup_end(). Only a lookup that is RUNNING outlives that: it is
 *     counted in `given_up`, and freed by its thread.
 *  4. `eai`, `error` and `results` are set as it gets FINISHED; then `wake` is readable.
 *  5. Threads are counted from before they are made. There is one at least while the queue is not
 *     empty, and each ends when it finds the queue empty, or itself beyond FSOCK__LOOKUP_MAX that
 *     somebody waits for.
 */
struct fsock__lookup {
	struct fsock__ring in_row;
	enum { FSOCK__LOOKUP_QUEUED, FSOCK__LOOKUP_RUNNING, FSOCK__LOOKUP_FINISHED } state;
	int process;
	int owned;
	int eai, error;
	struct addrinfo *results;
	struct fsock__wake wake;
	const char *host, *service; /* what is asked; either may be NULL */
	int type, family;
	char texts[]; /* of both */
};

/*
 * The lock of all lookups, for a few instructions. Signals wait meanwhile: a handler may call
 * exit(), and that come here.
 */
void fsock__lookup_lock(sigset_t *old);
void fsock__lookup_unlock(const sigset_t *old);

/* Puts it in the queue; a thread will take it. It is this process's from now on. */
void fsock__lookup_enqueue(struct fsock__lookup *);

/* Takes one that is this process's out of the pool. Returns whether a thread still has it. */
int fsock__lookup_leave(struct fsock__lookup *);

/* The question itself, as getaddrinfo(3). Either of host and service may be NULL. */
int fsock__lookup_ask(
    const char *host, const char *service, int type, int family, struct addrinfo **results);

/* Frees one that is in no row, with its answer. */
void fsock__lookup_dispose(struct fsock__lookup *);

#endif
