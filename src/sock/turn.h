/*
 * Turns: one thread at a time sends on a socket, or takes its connecting a step further. A turn is
 * a state, not a lock held: who waits for the peer in its turn holds nobody up that can do without,
 * and who finds it taken is told, or waits for its end.
 */
#ifndef FSOCK_SOCK_TURN_H
#define FSOCK_SOCK_TURN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct fsock;

/*
 * All is guarded by the handle's lock; the owner may look at `number` without. After fork() an
 * owner that is not there counts as none.
 */
struct fsock__turn {
	atomic_int process; /* fsock__process() of the owner; 0: it is nobody's turn */
	pthread_t owner;
	atomic_uint number; /* of the turns so far */
	atomic_int waits;   /* the owner waits for the peer */
};

/* How a turn was come by. */
enum fsock__turn_how {
	FSOCK__TURN_FREE,
	/*
	 * It is the thread's own already: this is a signal handler that has interrupted it, or the
	 * program has jumped out of it. The interrupted turn is over.
	 */
	FSOCK__TURN_RESUMED,
	FSOCK__TURN_ORPHANED /* this is a child of fork(), and the owner was left in its parent */
};

/*
 * Takes the turn; waits for that of another thread, until the absolute `deadline` at the most, and
 * without a lock. Where `deadline` is 0 it does not wait for one that waits for the peer.
 * Returns how, or -1 with errno: EAGAIN or ETIMEDOUT.
 */
int fsock__turn_take(const struct fsock *, struct fsock__turn *, int64_t deadline);

/* Takes the turn unless another thread has it. Returns how, or -1 with EAGAIN. */
int fsock__turn_try(const struct fsock *, struct fsock__turn *);

/* The owner is about to wait for the peer, or has waited. */
void fsock__turn_set_waits(const struct fsock *, struct fsock__turn *, int waits);

/* Ends the turn, unless that numbered so has ended already. */
void fsock__turn_end(const struct fsock *, struct fsock__turn *, unsigned number);

#endif
