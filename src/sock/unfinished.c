#include "../base/compat.h"
#include "unfinished.h"

#include <stdlib.h>

#include "../base/sys.h"
#include "layer_state.h"

/*
 * A hash table with chains through the handles, changed by single stores under the registry's lock:
 * so a child of fork() finds it whole.
 */
enum { BUCKETS = 1024 };
static _Atomic(struct fsock *) buckets[BUCKETS];

atomic_int fsock__unfinished_begun;
static atomic_int registered;

static _Atomic(struct fsock *) *
bucket(const struct fsock *s)
{
	uint64_t h = (uint64_t)(uintptr_t)s >> 4;

	h *= 0x9e3779b97f4a7c15u;
	return &buckets[(h >> 32) % BUCKETS];
}

static void
lock(void)
{
	fsock__lock_take(fsock__lock_the(FSOCK__LOCK_REGISTRY));
}

static void
unlock(void)
{
	fsock__lock_give(fsock__lock_the(FSOCK__LOCK_REGISTRY));
}

/* Whether octets are queued that are this process's to send. */
static int
is_queued(const struct fsock *s)
{
	return s->output.queued > 0 &&
	       (s->output.queue_process == fsock__process() || fsock__layers_unsent(s) > 0);
}

/* Whether such octets are still to be sent, or are being sent. */
static int
is_unfinished(const struct fsock *s)
{
	int process = fsock__process();

	return is_queued(s) || s->output.relayed == process || s->output.turn.process == process;
}

/*
 * Whether the turn keeps others from what is queued. One of this thread's own that waits for room
 * for the queue alone does not: exit() does not return to it, and nobody else goes on with it.
 */
static int
is_taken(const struct fsock *s)
{
	const struct fsock__output *out = &s->output;
	int is_taken;

	fsock__handle_lock(s);
	is_taken = out->turn.process == fsock__process() &&
		   (!pthread_equal(out->turn.owner, pthread_self()) || !out->turn.waits ||
		       out->sending != NULL || out->is_unsure);
	fsock__handle_unlock(s);
	return is_taken;
}

/* Needs the handle's lock. */
static void
set_reset(struct fsock *s, int on)
{
	static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct linger *linger = &s->output.linger;
	socklen_t length = sizeof *linger;

	if (s->output.is_armed == on || s->fd < 0 || s->family == AF_UNIX)
		return;
	if (on && getsockopt(s->fd, SOL_SOCKET, SO_LINGER, linger, &length) < 0)
		return;
	setsockopt(s->fd, SOL_SOCKET, SO_LINGER, on ? &reset : linger, sizeof reset);
	s->output.is_armed = on;
}

void
fsock__unfinished_update(struct fsock *s)
{
	int saved = errno;

	fsock__handle_lock(s);
	if (s->role == FSOCK__CONNECTED && s->output.error == 0 && !s->is_reset)
		set_reset(s, is_unfinished(s));
	fsock__handle_unlock(s);
	errno = saved;
}

/* Adds to the references of a handle, unless it is being freed. Returns whether it is not. */
static int
hold(struct fsock *s)
{
	int held;

	fsock__handle_lock(s);
	held = s->references > 0;
	s->references += held;
	fsock__handle_unlock(s);
	return held;
}

/*
 * Sends with no lock held: the reference keeps the handle, and its place in the chain. Whoever
 * drops his own meanwhile leaves the memory to the end of the process.
 */
static void
send_unlocked(struct fsock *s, int (*send)(struct fsock *))
{
	if (!hold(s))
		return;
	unlock();
	send(s);
	lock();
	fsock__handle_lock(s);
	s->references--;
	fsock__handle_unlock(s);
}

/*
 * What is queued has its last chance to go, without waiting unless the socket blocks, as stdio
 * waits for its own; a parent's is left to the parent. A turn that is not over is not taken over:
 * stdio may be about to go on with it. The registry's lock keeps the handle.
 */
static void
finish(struct fsock *s)
{
	int is_due = s->stream != NULL && is_queued(s) && !is_taken(s);

	if (is_due && !s->nonblocking)
		send_unlocked(s, s->stream_ops->settle);
	else if (is_due && fsock__layers_are_on(s))
		send_unlocked(s, s->stream_ops->drain);
	else if (is_due)
		s->stream_ops->drain(s);
	fsock__unfinished_update(s);
}

/*
 * A turn that begins later sees `begun`, one that has begun earlier is seen here; what stdio
 * flushes afterwards does the first.
 */
static void
at_exit(void)
{
	int saved = errno;

	fsock__unfinished_begun = 1;
	lock();
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct fsock *s = buckets[i]; s != NULL; s = s->next)
			finish(s);
	unlock();
	errno = saved;
}

/* Of two threads that come here at once both may register it: once more does no harm. */
static int
prepare(void)
{
	if (registered)
		return 0;
	if (atexit(at_exit) != 0) {
		errno = ENOMEM;
		return -1;
	}
	registered = 1;
	return 0;
}

int
fsock__unfinished_enter(struct fsock *s)
{
	_Atomic(struct fsock *) *b = bucket(s);

	if (s->role != FSOCK__CONNECTED)
		return 0;
	if (prepare() < 0)
		return -1;
	lock();
	s->next = *b;
	*b = s;
	unlock();
	return 0;
}

void
fsock__unfinished_leave(struct fsock *s)
{
	_Atomic(struct fsock *) *p = bucket(s);

	if (s->role != FSOCK__CONNECTED)
		return;
	lock();
	while (*p != NULL && *p != s)
		p = &(*p)->next;
	if (*p != NULL)
		*p = s->next;
	unlock();
}
