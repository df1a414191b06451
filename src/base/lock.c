#include "compat.h"
#include "lock.h"

#include <signal.h>

#include "clock.h"

struct fsock__lock_place fsock__locks[FSOCK__LOCK_KINDS + FSOCK__LOCK_OBJECTS];

void
fsock__lock_init(struct fsock__lock *lock)
{
	pthread_mutex_init(&lock->mutex, NULL);
	atomic_init(&lock->owner, 0);
	lock->depth = lock->waiting = 0;
	fsock__cond_init(&lock->changed);
}

void
fsock__lock_destroy(struct fsock__lock *lock)
{
	while (lock->depth > 0) /* the thread may have jumped out of a call */
		fsock__lock_give(lock);
	pthread_cond_destroy(&lock->changed);
	pthread_mutex_destroy(&lock->mutex);
}

static void
enter(struct fsock__lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
	atomic_store_explicit(&lock->owner, fsock__thread(), memory_order_relaxed);
}

static void
leave(struct fsock__lock *lock)
{
	atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
	pthread_mutex_unlock(&lock->mutex);
}

/* A recursive mutex does the same, but takes twice as long. */
void
fsock__lock_take(struct fsock__lock *lock)
{
	if (atomic_load_explicit(&lock->owner, memory_order_relaxed) != fsock__thread())
		enter(lock);
	lock->depth++;
}

void
fsock__lock_give(struct fsock__lock *lock)
{
	/* It is 0 in a child of fork() that a signal handler has called: all were made free. */
	if (lock->depth > 0 && --lock->depth == 0)
		leave(lock);
}

/* Waits with all signals blocked. */
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
	lock->depth = 0;
	lock->waiting++;
	atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
	await(lock, deadline);
	atomic_store_explicit(&lock->owner, fsock__thread(), memory_order_relaxed);
	lock->waiting--;
	lock->depth = depth;
	pthread_setcancelstate(cancel, NULL);
	pthread_sigmask(SIG_SETMASK, &signals, NULL);
	errno = saved;
}

void
fsock__lock_tell(struct fsock__lock *lock)
{
	if (lock->waiting > 0)
		pthread_cond_broadcast(&lock->changed);
}

void
fsock__lock_reset_all(void)
{
	for (size_t i = 0; i < FSOCK__LOCK_KINDS + FSOCK__LOCK_OBJECTS; i++)
		fsock__lock_init(&fsock__locks[i].lock);
}
