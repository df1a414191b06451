/* The wait on a list, and what follows it. The invariants are in waitlist.h. */
#include "../base/compat.h"

#include <math.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../sock/failure.h"
#include "../sock/layers.h"
#include "closing.h"
#include "connecting.h"
#include "layered.h"
#include "look.h"
#include "member.h"
#include "once.h"
#include "timer.h"
#include "watched.h"

static int
fail(int errnum)
{
	return fsock__error_set("wait", NULL, FSOCK__NO_PORT, errnum);
}

/* What a member's last wait found; nobody draws conclusions from the order of such news. */
static void
set_state(struct fsock__member *m, int state)
{
	m->state = state;
	atomic_store_explicit(&m->socket->watch.state, state, memory_order_relaxed);
}

/* Moves on to the next member to be told of. */
static void
set_cursor(struct fsock_waitlist *list, struct fsock__ring *cursor)
{
	list->cursor = cursor;
	atomic_store_explicit(&list->untold, cursor != &list->ready, memory_order_relaxed);
}

/* Notes that a member is ready; a later finding adds to it. */
static void
add_ready(struct fsock__member *m, int state)
{
	struct fsock_waitlist *list = m->list;

	set_state(m, m->state | state);
	if (fsock__ring_is_linked(&m->in_ready))
		return;
	fsock__ring_append(&list->ready, &m->in_ready);
	list->ready_count++;
}

/* Takes back what the last wait found. */
static void
clear_ready(struct fsock_waitlist *list)
{
	while (fsock__ring_is_linked(&list->ready)) {
		struct fsock__member *m =
		    fsock__ring_owner(list->ready.next, struct fsock__member, in_ready);

		set_state(m, 0);
		fsock__ring_remove(&m->in_ready);
	}
	list->ready_count = 0;
	set_cursor(list, &list->ready);
}

/*
 * Looks at the members that something may have happened to. What is recorded meanwhile is kept with
 * each: the caller of a wait is told by the members.
 */
static void
look_at_suspects(struct fsock_waitlist *list)
{
	struct fsock__record *before = fsock__error_aside();
	struct fsock__ring *r, *next;

	fsock__member_take_inbox(list);
	fsock__layered_work_all(list);
	for (r = list->suspects.next; r != &list->suspects; r = next) {
		struct fsock__member *m = fsock__ring_owner(r, struct fsock__member, in_suspects);
		int found;

		next = r->next;
		found = fsock__look(m);
		if (found > 0)
			add_ready(m, found);
		else if (found == 0)
			fsock__ring_remove(&m->in_suspects);
		/* Its layers are to be worked on before the next wait. */
		if (found > 0 && m->socket != NULL && m->socket->output.is_held)
			fsock__member_suspect(m);
	}
	fsock__error_back(before);
}

/* What of a state the member's interest leaves. */
static int
wanted(const struct fsock__member *m, int state)
{
	return state & (m->interest | FSOCK_HANGUP | FSOCK_FAILED | FSOCK_TIMEOUT);
}

/* Sends what is queued for a member that can be written. Returns what is left of its state. */
static int
drain(struct fsock__member *m, int state)
{
	struct fsock *s = m->socket;
	int saved = errno;

	if (s->stream_ops->drain(s) < 0 && !m->is_hidden)
		state |= FSOCK_FAILED;
	fsock__handle_note(s); /* input that was held back, say, is for other lists, too */
	errno = saved;
	return s->output.queued > s->settings.low_water ? state & ~FSOCK_OUTPUT : state;
}

/*
 * Drains the wake-up, then says so. Who signals between the two sends nothing, but has said before
 * what it is about, and that is looked at afterwards.
 */
static void
drain_wake(struct fsock_waitlist *list)
{
	fsock__wake_drain(&list->wake);
	list->signalled = 0;
}

/* Whether an error is pending that the backend does not tell of. */
static int
has_failed(const struct fsock__member *m)
{
	return m->list->ops->hides_errors && m->socket->role == FSOCK__DATAGRAM &&
	       fsock__failure_find(m->socket) != 0;
}

/* What the backend found of a member's own descriptor. */
static void
take_found(struct fsock__member *m, int state)
{
	struct fsock *s = m->socket;

	if (m->own.known !=
	    fsock__watched_wanted(m, m->interest)) /* another list has sent it, say */
		fsock__member_suspect(m);
	if (fsock__layers_are_on(s) && !m->is_lingering) { /* else they have had their say */
		fsock__layered_note(m, state);
		return;
	}
	if (s->output.queued > 0 && (state & FSOCK_OUTPUT))
		state = drain(m, state);
	if (m->is_hidden) {
		fsock__closing_check(m);
		return;
	}
	if (((state & FSOCK_HANGUP) && s->failure != NULL) /* the kernel tells it but once */
	    || has_failed(m))
		state |= FSOCK_FAILED;
	state = wanted(m, s->output.congested ? state & ~FSOCK_INPUT : state);
	if ((state & FSOCK_INPUT) && !fsock__look_is_readable(s, state, m) &&
	    !(state & (FSOCK_HANGUP | FSOCK_FAILED)))
		state &= ~FSOCK_INPUT;
	if (m->socket == NULL) /* it was removed meanwhile */
		return;
	if (m->is_hidden) { /* or closed */
		fsock__closing_check(m);
		return;
	}
	state = wanted(m, state);
	if (state != 0)
		add_ready(m, state);
}

/* What the backend found. */
static void
sort_found(struct fsock_waitlist *list, const struct fsock__found *found)
{
	struct fsock__watched *w = found->watched;
	struct fsock__member *m = w->member;

	if (m == NULL)
		drain_wake(list);
	else if (m->socket == NULL || w->known == 0)
		return; /* removed, closed or changed since it was found */
	else if (w != &m->own)
		fsock__member_suspect(m); /* a descriptor of one that is not connected yet */
	else
		take_found(m, found->state);
}

/* The thread that asked the system has ended. The next wait buries the dead. */
static void
abandon(struct fsock__abandon *a)
{
	struct fsock_waitlist *list = fsock__ring_owner(a, struct fsock_waitlist, abandon);

	if (!fsock__waitlist_is_ours(list))
		return;
	fsock__waitlist_lock(list);
	list->waiting = FSOCK__NOBODY;
	list->is_used = 0;
	fsock__connecting_hand_over(list);
	fsock__waitlist_unlock(list);
	fsock__member_unref_list(list);
}

/*
 * Only here may a thread that waits on a list be cancelled: whoever else calls what is a point of
 * cancellation, with locks held, holds it off. Returns as the backend.
 */
static int
ask_cancellably(struct fsock_waitlist *list, int64_t left)
{
	int n;

	if (fsock__abandon_push(&list->abandon, abandon) < 0)
		return -1;
	list->references++;
	n = list->ops->wait(&list->poller, left);
	fsock__abandon_pop(&list->abandon);
	list->references--; /* the program has one */
	return n;
}

/* Asks the system once, for `left` nanoseconds at the most. Returns 0 or errno. */
static int
ask_system(struct fsock_waitlist *list, int64_t left)
{
	struct fsock__record *before;
	int n, error, saved = errno;

	if (list->ops->prepare(&list->poller) < 0)
		return errno;
	list->waiting = FSOCK__ASKER;
	if (list->inbox != NULL) /* it has come before anybody saw us waiting */
		left = 0;
	fsock__waitlist_unlock(list);
	n = ask_cancellably(list, left);
	error = n < 0 ? errno : 0;
	fsock__waitlist_lock(list);
	list->waiting = FSOCK__NOBODY;
	before = fsock__error_aside();
	for (int i = 0; i < n; i++)
		sort_found(list, &list->poller.found[i]);
	fsock__error_back(before);
	fsock__member_take_inbox(list);
	fsock__member_bury(list);
	errno = saved;
	return error;
}

/* Tells of members whose time has come. */
static void
look_at_timers(struct fsock_waitlist *list)
{
	int64_t now = list->timer_count == 0 ? 0 : fsock__clock_now();
	struct fsock__member *m;

	while ((m = fsock__timer_expired(list, now)) != NULL) {
		if (m->timeout <= now && m->is_closing) {
			m->is_overdue = 1;
		} else if (m->timeout <= now) {
			m->timeout = FSOCK__NEVER;
			add_ready(m, FSOCK_TIMEOUT);
		}
		fsock__closing_check(m);
		fsock__member_suspect(m); /* it may be a step or a deadline of the socket */
	}
}

/* How long the system may be asked, with the list as it is. */
static int64_t
patience(const struct fsock_waitlist *list, int64_t deadline)
{
	int64_t first = fsock__timer_first(list);

	if (list->ready_count > 0 || fsock__ring_is_linked(&list->done))
		return 0;
	return fsock__clock_left(first < deadline ? first : deadline);
}

/* Closes what is done with, without the lock. */
static void
close_done(struct fsock_waitlist *list)
{
	fsock__closing_collect(list);
	if (list->closed == NULL)
		return;
	fsock__closing_unlock(list);
	fsock__waitlist_lock(list);
}

/* Waits, with the list's lock, which it gives up meanwhile. Returns as fsock_waitlist_wait(). */
static int
await(struct fsock_waitlist *list, int64_t deadline)
{
	int error, woken;

	if (list->waiting == FSOCK__OTHER) /* the store is dear */
		list->waiting = FSOCK__NOBODY;
	clear_ready(list);
	do {
		size_t closing = list->closing_count;

		look_at_suspects(list);
		error = ask_system(list, patience(list, deadline));
		if (fsock__ring_is_linked(&list->layered))
			look_at_suspects(list);
		look_at_timers(list);
		close_done(list);
		woken = error == 0 && list->woken && atomic_exchange(&list->woken, 0);
		woken |= closing > 0 && list->closing_count == 0;
	} while (error == 0 && list->ready_count == 0 && !woken && fsock__clock_left(deadline) > 0);
	fsock__connecting_hand_over(list);
	set_cursor(list, list->ready.next);
	if (error != 0 && list->ready_count == 0)
		return fail(error);
	return list->ready_count;
}

/*
 * Whether another thread waits on the list. A wait of this thread's own that is not over has been
 * jumped out of.
 */
static int
is_busy(const struct fsock_waitlist *list)
{
	return list->is_used && !pthread_equal(list->user, pthread_self());
}

/* see fsock/wait.h */
int
fsock_waitlist_wait(fsock_waitlist *list, double timeout, double *remaining)
{
	int64_t span, deadline = 0;
	int r, saved = errno;

	if (list == NULL || fsock__clock_span(timeout, &span) < 0)
		return fail(EINVAL);
	if (!fsock__waitlist_is_ours(list))
		return fail(EPERM);
	if (span != 0)
		deadline = span == FSOCK__NEVER ? FSOCK__NEVER : fsock__clock_after(span);
	fsock__waitlist_lock(list);
	if (is_busy(list)) {
		r = fail(EBUSY);
	} else {
		fsock__member_forget_jump(list);
		list->is_used = 1;
		list->user = pthread_self();
		r = await(list, deadline);
		list->is_used = 0;
	}
	fsock__waitlist_unlock(list);
	if (remaining != NULL && (r >= 0 || errno == EINTR))
		*remaining = fsock__wait_remaining(deadline);
	if (r >= 0)
		errno = saved;
	return r;
}

/*
 * Looks for what the system cannot tell another loop, which is woken for what comes from now on.
 * Returns for how long that one may sleep.
 */
static int64_t
prepare(struct fsock_waitlist *list)
{
	list->waiting = FSOCK__NOBODY;
	clear_ready(list);
	look_at_suspects(list);
	list->waiting = FSOCK__OTHER;
	return list->inbox != NULL ? 0 : patience(list, FSOCK__NEVER);
}

/* see fsock/wait.h */
double
fsock_waitlist_prepare(fsock_waitlist *list)
{
	int64_t left = 0;
	int error = 0, saved = errno;

	if (fsock_waitlist_descriptor(list) < 0)
		return -1;
	fsock__waitlist_lock(list);
	if (is_busy(list)) {
		error = EBUSY;
	} else if (!list->untold) {
		fsock__member_forget_jump(list);
		list->is_used = 1;
		list->user = pthread_self();
		left = prepare(list);
		list->is_used = 0;
	}
	fsock__waitlist_unlock(list);
	if (error != 0)
		return fail(error);
	errno = saved;
	return left == FSOCK__NEVER ? INFINITY : (double)left / 1e9;
}

/* Why a member has failed, if it has and that is known. */
static int
error_of(const struct fsock__member *m, int state)
{
	if (!(state & FSOCK_FAILED))
		return 0;
	if (m->own.fd < 0 && !m->is_pending)
		return EBADF;
	return m->error != 0 ? m->error : fsock__failure_find(m->socket);
}

/* see fsock/wait.h */
fsock *
fsock_waitlist_next(fsock_waitlist *list, struct fsock_event *event)
{
	fsock *s = NULL;

	if (list == NULL || !list->untold)
		return NULL;
	fsock__waitlist_lock(list);
	while (s == NULL && !list->is_used && list->cursor != &list->ready) {
		struct fsock__member *m =
		    fsock__ring_owner(list->cursor, struct fsock__member, in_ready);
		int state = wanted(m, m->state);

		set_cursor(list, list->cursor->next);
		if (state != 0)
			s = m->socket;
		if (event != NULL)
			*event = (struct fsock_event){ .socket = s,
				.user = m->user,
				.state = state,
				.error = error_of(m, state) };
	}
	fsock__waitlist_unlock(list);
	return s;
}

/* see fsock/wait.h */
int
fsock_waitlist_wake(fsock_waitlist *list)
{
	if (list == NULL)
		return fail(EINVAL);
	list->woken = 1;
	fsock__member_signal(list);
	return 0;
}
