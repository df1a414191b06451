#include "../base/compat.h"
#include "member.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "timer.h"
#include "watched.h"

void
fsock__member_unref_list(struct fsock_waitlist *list)
{
	if (--list->references > 0)
		return;
	fsock__member_bury(list);
	free(list->timers);
	list->ops->close(&list->poller);
	fsock__wake_close(&list->wake);
	fsock__lock_destroy(&list->lock);
	free(list);
}

void
fsock__member_forget_jump(struct fsock_waitlist *list)
{
	if (!list->is_used || !pthread_equal(list->user, pthread_self()) ||
	    !fsock__abandon_is_pushed(&list->abandon))
		return;
	fsock__abandon_pop(&list->abandon);
	list->references--; /* the program has one */
	list->waiting = FSOCK__NOBODY;
}

void
fsock__member_signal(struct fsock_waitlist *list)
{
	if (!atomic_exchange(&list->signalled, 1))
		fsock__wake_send(&list->wake);
}

void
fsock__member_nudge(struct fsock_waitlist *list)
{
	if (list->waiting != FSOCK__NOBODY)
		fsock__member_signal(list);
}

struct fsock_waitlist *
fsock__member_list_of(struct fsock *s, int (*is_due)(const struct fsock__member *))
{
	struct fsock_waitlist *list = NULL;

	fsock__handle_lock(s);
	for (struct fsock__member *m = s->watch.members; m != NULL && list == NULL; m = m->next)
		if (fsock__waitlist_is_ours(m->list) && (is_due == NULL || is_due(m)))
			list = m->list;
	if (list != NULL)
		list->references++;
	fsock__handle_unlock(s);
	return list;
}

/*
 * Puts the member into the inbox. Returns whether the list is to be woken. Needs the handle's lock.
 */
static int
post(const struct fsock__member *member)
{
	struct fsock__member *m = (struct fsock__member *)(uintptr_t)member;
	struct fsock_waitlist *list = m->list;

	if (!atomic_exchange(&m->is_noted, 1)) {
		m->next_noted = list->inbox;
		while (!atomic_compare_exchange_weak(&list->inbox, &m->next_noted, m))
			;
	}
	return list->waiting != FSOCK__NOBODY && !list->signalled;
}

void
fsock__member_note(struct fsock *s)
{
	struct fsock_waitlist *list;

	while ((list = fsock__member_list_of(s, post)) != NULL) {
		fsock__member_signal(list);
		fsock__member_unref_list(list);
	}
}

struct fsock__member *
fsock__member_find(struct fsock_waitlist *list, struct fsock *s)
{
	struct fsock__member *m;

	fsock__handle_lock(s);
	m = s->watch.members;
	while (m != NULL && m->list != list)
		m = m->next;
	fsock__handle_unlock(s);
	return m;
}

static void
init(struct fsock__member *m, struct fsock_waitlist *list, struct fsock *s)
{
	m->list = list;
	m->socket = s;
	m->own.member = m;
	m->timeout = m->step = m->rest = FSOCK__NEVER;
	m->timer = FSOCK__NO_TIMER;
	fsock__ring_init(&m->in_ready);
	fsock__ring_init(&m->in_suspects);
	fsock__ring_init(&m->in_driving);
	fsock__ring_init(&m->in_layered);
}

int
fsock__member_join(struct fsock_waitlist *list, struct fsock *s, const struct fsock__watch_ops *ops,
    struct fsock__member **made)
{
	struct fsock__member *m = calloc(1, sizeof *m);
	int is_open;

	if (m == NULL || fsock__timer_reserve(list) < 0) {
		free(m);
		return ENOMEM;
	}
	init(m, list, s);
	fsock__handle_lock(s);
	is_open = (s->fd >= 0 || s->connecting != NULL) && s->watch.closing == FSOCK__NOT_CLOSING;
	if (is_open) {
		m->own.fd = s->fd;
		m->is_pending = s->connecting != NULL;
		m->next = s->watch.members;
		s->watch.ops = ops;
		s->watch.process = fsock__process();
		s->watch.members = m;
	}
	fsock__handle_unlock(s);
	if (!is_open) {
		free(m);
		return EBADF;
	}
	fsock__ring_append(&list->members, &m->in_members);
	list->member_count++;
	*made = m;
	return 0;
}

void
fsock__member_free(struct fsock__member *m)
{
	free(m->watches);
	free(m);
}

void
fsock__member_bury(struct fsock_waitlist *list)
{
	while (list->graveyard != NULL) {
		struct fsock__member *m = list->graveyard;

		list->graveyard = m->next;
		fsock__member_free(m);
	}
}

/* Takes a member out of its socket's chain: a single store. Needs the handle's lock. */
static void
unchain(struct fsock__member *m)
{
	struct fsock *s = m->socket;
	struct fsock__member *p = s->watch.members;

	if (p == m) {
		s->watch.members = m->next;
		return;
	}
	while (p->next != m)
		p = p->next;
	p->next = m->next;
}

void
fsock__member_suspect(struct fsock__member *m)
{
	if (!fsock__ring_is_linked(&m->in_suspects))
		fsock__ring_append(&m->list->suspects, &m->in_suspects);
	if (m->socket->layers != NULL && !fsock__ring_is_linked(&m->in_layered))
		fsock__ring_append(&m->list->layered, &m->in_layered);
}

/* Each is marked as taken only when nothing more is read from it: it may be noted again at once. */
void
fsock__member_take_inbox(struct fsock_waitlist *list)
{
	struct fsock__member *m = list->inbox == NULL ? NULL : atomic_exchange(&list->inbox, NULL);

	while (m != NULL) {
		struct fsock__member *next = m->next_noted;

		fsock__member_suspect(m);
		m->is_noted = 0;
		m = next;
	}
}

void
fsock__member_unready(struct fsock__member *m)
{
	struct fsock_waitlist *list = m->list;

	if (m->state != 0)
		m->socket->watch.state = 0;
	m->state = 0;
	if (list->cursor == &m->in_ready)
		list->cursor = m->in_ready.next;
	if (fsock__ring_is_linked(&m->in_ready) && !m->is_hidden)
		list->ready_count--;
	fsock__ring_remove(&m->in_ready);
}

void
fsock__member_detach(struct fsock__member *m)
{
	struct fsock_waitlist *list = m->list;
	int drove = fsock__watched_drives(m);

	fsock__watched_drop_fd(m);
	fsock__handle_lock(m->socket);
	unchain(m);
	fsock__handle_unlock(m->socket);
	fsock__member_take_inbox(list); /* it comes there no more */
	if (drove)
		fsock__member_note(m->socket); /* another list's turn */
	fsock__member_unready(m);
	fsock__timer_remove(m);
	fsock__ring_remove(&m->in_suspects);
	fsock__ring_remove(&m->in_layered);
	fsock__ring_remove(&m->in_members);
	if (m->is_hidden)
		list->hidden_count--;
	else
		list->member_count--;
	if (m->is_closing)
		list->closing_count--;
	if (m->is_lingering)
		list->lingering_count--;
}

void
fsock__member_part(struct fsock__member *m)
{
	struct fsock_waitlist *list = m->list;

	fsock__member_detach(m);
	if (list->waiting != FSOCK__ASKER) {
		fsock__member_free(m);
		return;
	}
	m->socket = NULL;
	m->next = list->graveyard;
	list->graveyard = m;
	fsock__member_nudge(list);
}
