/* The members of wait lists: how they come, go, and are told that something has happened. */
#include "../compat.h"
#include "wait.h"

#include <stdlib.h>
#include <unistd.h>

#include "sys.h"

void
fsock__waitlist_signal(struct fsock_waitlist *list)
{
	int saved = errno;

	/*
	 * A full pipe cannot be, and a closed one belongs to a list that nobody may use any more.
	 */
	if (!atomic_exchange(&list->signalled, 1) && write(list->pipe[1], "", 1) < 0)
		errno = saved;
}

void
fsock__waitlist_nudge(struct fsock_waitlist *list)
{
	if (list->waiting)
		fsock__waitlist_signal(list);
}

void
fsock__wait_suspect(struct fsock__member *m)
{
	if (!fsock__ring_is_linked(&m->in_suspects))
		fsock__ring_append(&m->list->suspects, &m->in_suspects);
}

int
fsock__wait_set(struct fsock__member *m, int interest)
{
	struct fsock_waitlist *list = m->list;

	if (m->fd < 0 || m->known == interest)
		return 0;
	if (list->ops->set(&list->poller, m, interest) < 0)
		return -1;
	m->known = interest;
	return 0;
}

/*
 * Makes the system forget a member. A child of fork() leaves its parent's kernel queue alone. It
 * does not matter if somebody has closed the descriptor already: then the system has forgotten it.
 */
static void
forget(struct fsock__member *m)
{
	int saved = errno;

	if (m->list->poller.owner == getpid())
		fsock__wait_set(m, 0);
	m->known = 0;
	errno = saved;
}

struct fsock__member *
fsock__wait_find(struct fsock_waitlist *list, struct fsock *s)
{
	struct fsock__member *m = s->waits;

	while (m != NULL && m->list != list)
		m = m->next;
	return m;
}

struct fsock__member *
fsock__wait_join(struct fsock_waitlist *list, struct fsock *s)
{
	struct fsock__member *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	m->list = list;
	m->socket = s;
	m->fd = s->fd;
	fsock__ring_init(&m->in_ready);
	fsock__ring_init(&m->in_suspects);
	fsock__ring_append(&list->members, &m->in_members);
	list->member_count++;
	m->next = s->waits;
	s->waits = m;
	return m;
}

/* Takes a member out of its socket's chain. */
static void
unchain(struct fsock__member *m)
{
	struct fsock__member *p = m->socket->waits;

	if (p == m) {
		m->socket->waits = m->next;
		return;
	}
	while (p->next != m)
		p = p->next;
	p->next = m->next;
}

void
fsock__wait_part(struct fsock__member *m)
{
	struct fsock_waitlist *list = m->list;

	unchain(m);
	forget(m);
	if (m->state != 0)
		m->socket->state = 0;
	if (list->cursor == &m->in_ready)
		list->cursor = m->in_ready.next;
	if (fsock__ring_is_linked(&m->in_ready))
		list->ready_count--;
	fsock__ring_remove(&m->in_ready);
	fsock__ring_remove(&m->in_suspects);
	fsock__ring_remove(&m->in_members);
	list->member_count--;
	if (!list->waiting) {
		free(m);
		return;
	}
	m->socket = NULL;
	m->next = list->graveyard;
	list->graveyard = m;
	fsock__waitlist_nudge(list);
}

void
fsock__wait_leave(struct fsock *s)
{
	struct fsock__member *m;

	pthread_mutex_lock(&s->lock);
	while ((m = s->waits) != NULL) {
		struct fsock_waitlist *list = m->list;

		pthread_mutex_lock(&list->lock);
		fsock__wait_part(m);
		pthread_mutex_unlock(&list->lock);
	}
	pthread_mutex_unlock(&s->lock);
}

void
fsock__wait_closing(struct fsock *s)
{
	for (struct fsock__member *m = s->waits; m != NULL; m = m->next) {
		pthread_mutex_lock(&m->list->lock);
		forget(m);
		m->fd = -1;
		fsock__wait_suspect(m);
		fsock__waitlist_nudge(m->list);
		pthread_mutex_unlock(&m->list->lock);
	}
}

void
fsock__wait_note(struct fsock *s)
{
	pthread_mutex_lock(&s->lock);
	for (struct fsock__member *m = s->waits; m != NULL; m = m->next) {
		pthread_mutex_lock(&m->list->lock);
		fsock__wait_suspect(m);
		fsock__waitlist_nudge(m->list);
		pthread_mutex_unlock(&m->list->lock);
	}
	pthread_mutex_unlock(&s->lock);
}
