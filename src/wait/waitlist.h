/* Wait lists and their members. */
#ifndef FSOCK_WAIT_WAITLIST_H
#define FSOCK_WAIT_WAITLIST_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "../base/abandon.h"
#include "../base/lock.h"
#include "../base/process.h"
#include "../base/ring.h"
#include "../base/trace.h"
#include "../base/wake.h"
#include "../sock/handle.h"
#include "backend.h"

#define FSOCK__NO_TIMER SIZE_MAX
#define FSOCK__WATCHES  16 /* at least as many descriptors as connecting polls */

/*
 * A socket in a list. All is guarded by the list's lock, but for `next`, which is guarded by the
 * handle's, and what is atomic. `fd`, `is_pending`, `is_hidden` and `is_closing` change with both
 * held.
 */
struct fsock__member {
	/* Rows of the list. A hidden member is not among the ready ones, but may be `done`. */
	struct fsock__ring in_members, in_ready, in_suspects, in_driving, in_layered;
	struct fsock__member
	    *next; /* the same socket in another list; once removed, another dead one */
	struct fsock__member *next_noted; /* in the inbox */
	atomic_int is_noted;              /* it is there */
	struct fsock_waitlist *list;
	struct fsock *socket; /* NULL once removed */
	void *user;
	struct fsock__watched own;
	int interest;     /* FSOCK_INPUT, FSOCK_OUTPUT */
	int state;        /* what the last wait found */
	int news;         /* what was found of a descriptor below layers: see layered.h */
	int error;        /* errno of why the backend does not watch it, or 0 */
	int is_hidden;    /* the program has closed the socket: it hears no more of it */
	int is_closing;   /* and the lists close it once its output is sent: see closing.c */
	int is_overdue;   /* or has not been sent in time */
	int is_lingering; /* it is, and what input comes is discarded first */
	int is_pending;   /* not connected yet: see connecting.c */
	struct fsock__watched *watches; /* the descriptors of that, or NULL */
	int64_t step;                   /* when the next step is due */
	int64_t rest;                   /* of a listener: see fsock__handle_rest() */
	int64_t timeout; /* when the program, or a closing socket, wants to be told; or NEVER */
	int64_t due;     /* what it is sorted by among the timers: at most when it is due */
	size_t timer;    /* its place there; FSOCK__NO_TIMER: in none */
};

/* Who is to be woken when something happens that the system does not know. */
enum fsock__waiting {
	FSOCK__NOBODY,
	FSOCK__ASKER, /* a thread that asks the system */
	FSOCK__OTHER  /* another loop, by the backend's descriptor: see fsock_waitlist_prepare() */
};

/*
 * What must stay true:
 *  1. A member is in its list's `members` and in its socket's chain, or in neither. Both change
 *     with the locks of the list and of the handle held, taken in this order; who has one of them
 *     and finds the member there knows that the other side is alive.
 *  2. Whoever has news of a member puts it into the `inbox`, a stack that takes no lock, and then
 *     looks at `waiting`; who waits says so first and then looks into the inbox: one of them sees
 *     the other. What is in the inbox goes to the suspects before a member is freed.
 *  3. Every open member whose streams may hold input that it is waited for is noted or among
 *     `suspects`: it gets there when it is added or changed and whenever something happens to it,
 *     and leaves when a wait finds that they hold nothing. Closed members stay there. So a wait
 *     looks at no member that nothing happened to.
 *  4. `ready` is what the last wait found, `cursor` the next of it that is to be told. `untold` is
 *     0 only if there is none: it saves who asks in vain the lock.
 *  5. An ASKER asks the system without the lock. Members removed then are kept in `graveyard` until
 *     it has looked at what was found. Whatever changes the list nudges who waits.
 *  6. `signalled` is 1 if and only if the wake-up is readable, or is about to be.
 *  7. What the backend waits for is what fsock__watched_wanted() says, but for members that
 *     something has just happened to, and those it refused.
 *  8. Hidden members are at the end of `members` and do not count in `member_count`.
 *  9. `timers` is a heap: a timer is not before its parent. Each member that is to be told of at a
 *     certain time is in it, with a `due` that is no later than that; there is room for all.
 * 10. `references` counts the program, those who use the list without a member in it, and the
 *     thread that waits or has jumped out of its wait.
 */
struct fsock_waitlist {
	struct fsock__lock lock;
	int holds_trace; /* since it was taken: see base/trace.h */
	atomic_int references;
	const struct fsock__wait_ops *ops;
	struct fsock__ring members, ready, suspects;
	struct fsock__ring layered; /* suspects with layers that are to be worked on */
	struct fsock__ring driving; /* members for whose sockets this list goes on connecting */
	struct fsock__ring done;    /* closing members that have nothing left to send, or no time */
	struct fsock__ring *cursor;
	atomic_int untold;
	size_t member_count, hidden_count, closing_count, lingering_count;
	struct fsock__member **timers;
	size_t timer_count, timer_room;
	int ready_count;
	int is_used;                   /* a thread is in fsock_waitlist_wait() ... */
	pthread_t user;                /* ... and which */
	struct fsock__abandon abandon; /* the user's; it has a reference while it is pushed */
	_Atomic(enum fsock__waiting) waiting;
	struct fsock__member *graveyard;
	struct fsock__member *closed; /* no members any more: their sockets are to be closed */
	_Atomic(struct fsock__member *) inbox;
	atomic_int woken; /* fsock_waitlist_wake() was called */
	atomic_int signalled;
	struct fsock__wake wake;
	struct fsock__watched wake_watched;
	struct fsock__poller poller;
};

/* Whether the list is this process's own: a child of fork() leaves its parent's lists alone. */
static inline int
fsock__waitlist_is_ours(const struct fsock_waitlist *list)
{
	return list->poller.process == fsock__process();
}

/* The list's lock. What is traced meanwhile reaches the trace when it is given up. */
static inline void
fsock__waitlist_lock(struct fsock_waitlist *list)
{
	fsock__lock_take(&list->lock);
	if (!fsock__trace_is_on() || list->holds_trace)
		return;
	list->holds_trace = 1;
	fsock__trace_hold();
}

static inline void
fsock__waitlist_unlock(struct fsock_waitlist *list)
{
	int holds_trace = list->holds_trace;

	list->holds_trace = 0;
	fsock__lock_give(&list->lock);
	if (holds_trace)
		fsock__trace_release();
}

#endif
