#include "compat.h"
#include "lock.h"

#include <signal.h>

#include "clock.h"

/* Enough that threads with different objects rarely meet. */
#define OBJECTS 64

/* Each alone on its cache lines. */
static struct {
	_Alignas(64) struct fsock__lock lock;
} locks[FSOCK__LOCK_KINDS + OBJECTS];

void
fsock__lock_init(struct fsock__lock *lock)
{
	pthread_mutexattr_t recursive;

	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&lock->mutex, &recursive);
	pthread_mutexattr_destroy(&recursive);
	lock->depth = 0;
	fsock__cond_init(&lock->changed);
}

void
fsock__lock_destroy(struct fsock__lock *lock)
{
	/*
	 * The thread may have jumped out of a call, and hold it still. Musl keeps the recursive
	 * mutexes that a thread holds in a list through their memory.
	 */
	while (lock->depth > 0)
		fsock__lock_give(lock);
	pthread_cond_destroy(&lock->changed);
	pthread_mutex_destroy(&lock->mutex);
}

/* Allocators align: the low bits of addresses say nothing. */
struct fsock__lock *
fsock__lock_of(const void *object)
{
	uint64_t h = (uint64_t)(uintptr_t)object >> 4;

	h *= 0x9e3779b97f4a7c15u;
	return &locks[FSOCK__LOCK_KINDS + (h >> 32) % OBJECTS].lock;
}

struct fsock__lock *
fsock__lock_the(enum fsock__lock_kind kind)
{
	return &locks[kind].lock;
}

void
fsock__lock_take(struct fsock__lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
	lock->depth++;
}

void
fsock__lock_give(struct fsock__lock *lock)
{
	lock->depth--;
	pthread_mutex_unlock(&lock->mutex);
}

/* Waits with all signals blocked and the lock taken once. */
static void
await(struct fsock__lock *lock, int64_t deadline)
{
	int64_t left = fsock__clock_left(deadline);

	if (deadline == FSOCK__NEVER) {
		pthread_cond_wait(&lock->changed, &lock->mutex);
	} else if (left > 0) {
		struct timespec until = { (time_t)(deadline / 1000000000), deadline % 1000000000 };
		struct timespec length = { (time_t)(left / 1000000000), left % 1000000000 };

		(void)until, (void)length; /* systems wait by one or by the other */
		fsock__cond_wait(&lock->changed, &lock->mutex, &until, &length);
	}
}

/* It was taken more than once if a signal handler has called exit() while its thread had it. */
void
fsock__lock_await(struct fsock__lock *lock, int64_t deadline)
{
	int cancel, saved = errno, depth = lock->depth;
	sigset_t all, signals;

	/* Nobody is to jump out of here, which would leave the lock in an odd state. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &signals);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	while (lock->depth > 1)
		fsock__lock_give(lock);
	lock->depth = 0;
	await(lock, deadline);
	lock->depth = 1;
	while (lock->depth < depth)
		fsock__lock_take(lock);
	pthread_setcancelstate(cancel, NULL);
	pthread_sigmask(SIG_SETMASK, &signals, NULL);
	errno = saved;
}

void
fsock__lock_tell(struct fsock__lock *lock)
{
	pthread_cond_broadcast(&lock->changed);
}

void
fsock__lock_reset_all(void)
{
	for (size_t i = 0; i < sizeof locks / sizeof locks[0]; i++)
		fsock__lock_init(&locks[i].lock);
}
