/*
 * Short locks: held for a few instructions, never over a system call, stdio or a function of the
 * program's. They belong to the process, not to what they guard, so that they survive fork(): in
 * the child, where the thread that held one is not, all are free again. What such a lock guards is
 * therefore changed by single stores, or so that a child does not care.
 *
 * fsock__process_watch() comes before the first use.
 */
#ifndef FSOCK_BASE_LOCK_H
#define FSOCK_BASE_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/*
 * Only the thread that has the lock changes any of this. Another one may look at `owner`: it does
 * not find itself there.
 */
struct fsock__lock {
	pthread_mutex_t mutex;
	_Atomic uintptr_t owner; /* fsock__thread() of the thread that has it, or 0 ... */
	int depth;               /* ... and how often it has taken it */
	int waiting;             /* threads in fsock__lock_await() */
	pthread_cond_t changed;
};

enum { FSOCK__LOCK_OBJECTS = 64 }; /* enough that threads with different objects rarely meet */

/* A lock of its own, for what no child of fork() uses. */
void fsock__lock_init(struct fsock__lock *);
void fsock__lock_destroy(struct fsock__lock *);

/*
 * Locks of a kind each. An object's lock may be taken under that of the registry; under the others
 * none is.
 */
enum fsock__lock_kind {
	FSOCK__LOCK_REGISTRY,
	FSOCK__LOCK_LOOKUPS,
	FSOCK__LOCK_CHARSETS,
	FSOCK__LOCK_TRACE,
	FSOCK__LOCK_KINDS
};

/* Those of kinds, and behind them those of objects. Each is alone on its cache lines. */
extern struct fsock__lock_place {
	_Alignas(64) struct fsock__lock lock;
} fsock__locks[FSOCK__LOCK_KINDS + FSOCK__LOCK_OBJECTS];

static inline struct fsock__lock *
fsock__lock_the(enum fsock__lock_kind kind)
{
	return &fsock__locks[kind].lock;
}

/*
 * The lock of a socket or another object. Different objects may share one: a thread that holds it
 * takes no other object's. Allocators align: the low bits of addresses say nothing.
 */
static inline struct fsock__lock *
fsock__lock_of(const void *object)
{
	uint64_t h = ((uint64_t)(uintptr_t)object >> 4) * 0x9e3779b97f4a7c15u;

	return &fsock__locks[FSOCK__LOCK_KINDS + (h >> 32) % FSOCK__LOCK_OBJECTS].lock;
}

/*
 * The thread that holds a lock may take it again: a signal handler that calls exit() may have
 * interrupted it in between.
 */
void fsock__lock_take(struct fsock__lock *);
void fsock__lock_give(struct fsock__lock *);

/*
 * Gives the lock up, waits until some thread tells that something has changed, or until the
 * absolute deadline, and takes the lock again, as often as it was taken. May return early. Not a
 * point of cancellation. Who tells has the lock.
 */
void fsock__lock_await(struct fsock__lock *, int64_t deadline);
void fsock__lock_tell(struct fsock__lock *);

/* In a child of fork(), for process.c: all are free. */
void fsock__lock_reset_all(void);

#endif
