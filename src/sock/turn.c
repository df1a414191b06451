#include "../base/compat.h"
#include "turn.h"

#include "../base/clock.h"
#include "../base/lock.h"
#include "../base/process.h"

/* A turn that does not wait for the peer is shorter, unless its thread has left it behind. */
#define MOMENT INT64_C(1000000000)

/* Whose turn it is, as the calling thread sees it; -1: another thread's. Needs the lock. */
static int
look(const struct fsock__turn *t)
{
	if (t->process == 0)
		return FSOCK__TURN_FREE;
	if (t->process != fsock__process())
		return FSOCK__TURN_ORPHANED;
	return pthread_equal(t->owner, pthread_self()) ? FSOCK__TURN_RESUMED : -1;
}

static void
begin(struct fsock__turn *t)
{
	t->owner = pthread_self();
	t->number++;
	t->waits = 0;
	t->process = fsock__process(); /* last: a signal handler sees whose it is */
}

int
fsock__turn_take(const struct fsock *s, struct fsock__turn *t, int64_t deadline)
{
	struct fsock__lock *lock = fsock__lock_of(s);
	int64_t until = deadline;
	int how, error = 0;

	fsock__lock_take(lock);
	while ((how = look(t)) < 0 && error == 0) {
		if (until == 0)
			until = fsock__clock_after(MOMENT);
		if (deadline == 0 && t->waits)
			error = EAGAIN;
		else if (fsock__clock_left(until) == 0)
			error = deadline == 0 ? EAGAIN : ETIMEDOUT;
		else
			fsock__lock_await(lock, until);
	}
	if (how >= 0)
		begin(t);
	fsock__lock_give(lock);
	if (how < 0)
		errno = error;
	return how;
}

int
fsock__turn_try(const struct fsock *s, struct fsock__turn *t)
{
	struct fsock__lock *lock = fsock__lock_of(s);
	int how;

	fsock__lock_take(lock);
	how = look(t);
	if (how >= 0)
		begin(t);
	fsock__lock_give(lock);
	if (how < 0)
		errno = EAGAIN;
	return how;
}

void
fsock__turn_set_waits(const struct fsock *s, struct fsock__turn *t, int waits)
{
	struct fsock__lock *lock = fsock__lock_of(s);

	fsock__lock_take(lock);
	t->waits = waits;
	if (waits) /* who does not wait for that is to know */
		fsock__lock_tell(lock);
	fsock__lock_give(lock);
}

void
fsock__turn_end(const struct fsock *s, struct fsock__turn *t, unsigned number)
{
	struct fsock__lock *lock = fsock__lock_of(s);

	fsock__lock_take(lock);
	if (t->number == number) {
		t->process = 0;
		t->waits = 0;
		fsock__lock_tell(lock);
	}
	fsock__lock_give(lock);
}
