/*
 * Sockets that the program has closed while output was queued. A list that the socket is in keeps
 * it as a hidden member, sends what is queued and then closes it; or resets the connection when
 * that has failed, or close_timeout has passed.
 */
#include "../base/compat.h"
#include "wait.h"

#include "../base/clock.h"

/* The program hears no more of a member. Needs both locks. */
static void
hide(struct fsock__member *m)
{
	struct fsock_waitlist *list = m->list;

	if (m->is_hidden)
		return;
	fsock__wait_unready(m);
	m->is_hidden = 1;
	m->interest = 0;
	m->user = NULL;
	m->timeout = FSOCK__NEVER;
	list->member_count--;
	list->hidden_count++;
	fsock__ring_remove(&m->in_members);
	fsock__ring_append(&list->members, &m->in_members);
	fsock__wait_suspect(m);
}

/* Leaves all lists but that of the member `kept`, which may be NULL. Needs the socket's lock. */
static void
leave_others(struct fsock *s, const struct fsock__member *kept)
{
	struct fsock__member *m, *next;

	for (m = s->waits; m != NULL; m = next) {
		struct fsock_waitlist *list = m->list;

		next = m->next;
		if (m == kept)
			continue;
		pthread_mutex_lock(&list->lock);
		fsock__wait_part(m);
		pthread_mutex_unlock(&list->lock);
	}
}

void
fsock__wait_closing_retire(struct fsock *s)
{
	struct fsock__member *m;

	pthread_mutex_lock(&s->lock);
	m = fsock__wait_closing_may_defer(s) ? s->waits : NULL;
	leave_others(s, m);
	if (m != NULL) {
		pthread_mutex_lock(&m->list->lock);
		hide(m);
		fsock__waitlist_nudge(m->list);
		pthread_mutex_unlock(&m->list->lock);
	}
	pthread_mutex_unlock(&s->lock);
}

int
fsock__wait_closing_may_defer(const struct fsock *s)
{
	const struct fsock__member *m = s->waits;

	return s->nonblocking && m != NULL && fsock__waitlist_is_ours(m->list);
}

int
fsock__wait_closing_defer(struct fsock *s)
{
	struct fsock__member *m = s->waits;

	if (!fsock__wait_closing_may_defer(s))
		return 0;
	leave_others(s, m);
	pthread_mutex_lock(&m->list->lock);
	hide(m);
	s->closing = 1;
	s->references++;
	m->is_closing = 1;
	m->list->closing_count++;
	m->timeout = fsock__clock_after(s->settings.close_timeout);
	fsock__wait_timer_set(m);
	fsock__wait_closing_check(m); /* who drains has perhaps just finished */
	fsock__waitlist_nudge(m->list);
	pthread_mutex_unlock(&m->list->lock);
	return 1;
}

void
fsock__wait_closing_check(struct fsock__member *m)
{
	const struct fsock *s = m->socket;

	if (m->is_closing && !fsock__ring_is_linked(&m->in_ready) &&
	    (s->queued == 0 || s->write_error != 0 || m->is_overdue))
		fsock__ring_append(&m->list->done, &m->in_ready);
}

void
fsock__wait_closing_finish(struct fsock_waitlist *list)
{
	while (fsock__ring_is_linked(&list->done)) {
		struct fsock__member *m =
		    fsock__ring_owner(list->done.next, struct fsock__member, in_ready);
		struct fsock *s = m->socket;

		if (pthread_mutex_trylock(&s->lock) != 0)
			break; /* whoever has it is soon done; the next wait looks again */
		if ((m->is_overdue || s->write_error != 0) && fsock__waitlist_is_ours(m->list))
			fsock__socket_reset_nolock(s); /* the peer is not to take it for the end */
		fsock__wait_detach(m);
		fsock__socket_close_now_nolock(s);
		s->closing = 0; /* only now: until then nobody may take it for open */
		pthread_mutex_unlock(&s->lock);
		m->next = list->closed;
		list->closed = m;
	}
}

void
fsock__wait_closing_unlock(struct fsock_waitlist *list)
{
	struct fsock__member *closed = list->closed;

	list->closed = NULL;
	pthread_mutex_unlock(&list->lock);
	while (closed != NULL) {
		struct fsock__member *m = closed;

		closed = m->next;
		fsock__socket_unref(m->socket);
		fsock__wait_free(m);
	}
}
