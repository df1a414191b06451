/* The members of wait lists: how they come, go, and are told that something has happened. */
#include "../base/compat.h"
#include "wait.h"

#include <stdlib.h>
#include <unistd.h>

#include "../base/clock.h"

/*
 * A full pipe cannot be, and a closed one belongs to a list that nobody may use any more. A thread
 * cancelled in here would leave locks taken for ever.
 */
static void
write_octet(int fd)
{
	int cancel, saved = errno;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (write(fd, "", 1) < 0)
		errno = saved;
	pthread_setcancelstate(cancel, NULL);
}

void
fsock__waitlist_signal(struct fsock_waitlist *list)
{
	if (!atomic_exchange(&list->signalled, 1))
		write_octet(list->pipe[1]);
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
fsock__wait_wanted(const struct fsock__member *m, int interest)
{
	const struct fsock *s = m->socket;

	if (s == NULL || s->queued == 0)
		return interest;
	return (s->congested ? interest & ~FSOCK_INPUT : interest) | FSOCK_OUTPUT;
}

/* Tells the backend what to wait for, if that is news. */
static int
tell_backend(struct fsock__member *m, int wanted)
{
	struct fsock_waitlist *list = m->list;

	if (m->fd < 0 || m->known == wanted)
		return 0;
	if (list->ops->set(&list->poller, m, wanted) < 0)
		return -1;
	m->known = wanted;
	return 0;
}

int
fsock__wait_set(struct fsock__member *m, int interest)
{
	return tell_backend(m, fsock__wait_wanted(m, interest));
}

/*
 * Makes the system forget a member. A child of fork() leaves its parent's kernel queue alone. It
 * does not matter if somebody has closed the descriptor already: then the system has forgotten it.
 */
static void
forget(struct fsock__member *m)
{
	int saved = errno;

	fsock__wait_connecting_stop(m);
	if (fsock__waitlist_is_ours(m->list))
		tell_backend(m, 0);
	m->known = 0;
	m->is_pending = 0;
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

	if (m == NULL || fsock__wait_timer_reserve(list) < 0) {
		free(m);
		return NULL;
	}
	m->list = list;
	m->socket = s;
	m->fd = s->fd;
	m->is_pending = s->connecting != NULL;
	m->timeout = m->step = FSOCK__NEVER;
	m->timer = FSOCK__NO_TIMER;
	fsock__ring_init(&m->in_ready);
	fsock__ring_init(&m->in_suspects);
	fsock__ring_append(&list->members, &m->in_members);
	list->member_count++;
	m->next = s->waits;
	s->waits = m;
	return m;
}

void
fsock__wait_free(struct fsock__member *m)
{
	free(m->watches);
	free(m);
}

void
fsock__wait_bury(struct fsock_waitlist *list)
{
	while (list->graveyard != NULL) {
		struct fsock__member *m = list->graveyard;

		list->graveyard = m->next;
		fsock__wait_free(m);
	}
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
fsock__wait_unready(struct fsock__member *m)
{
	struct fsock_waitlist *list = m->list;

	if (m->state != 0)
		m->socket->state = 0;
	m->state = 0;
	if (list->cursor == &m->in_ready)
		list->cursor = m->in_ready.next;
	if (fsock__ring_is_linked(&m->in_ready) && !m->is_hidden)
		list->ready_count--;
	fsock__ring_remove(&m->in_ready);
}

void
fsock__wait_detach(struct fsock__member *m)
{
	struct fsock_waitlist *list = m->list;
	int was_driving = m->socket->driver == m;

	unchain(m);
	forget(m);
	if (was_driving)
		fsock__wait_tell_others(m->socket, list);
	fsock__wait_unready(m);
	fsock__wait_timer_remove(m);
	fsock__ring_remove(&m->in_suspects);
	fsock__ring_remove(&m->in_members);
	if (m->is_hidden)
		list->hidden_count--;
	else
		list->member_count--;
	if (m->is_closing)
		list->closing_count--;
}

void
fsock__wait_part(struct fsock__member *m)
{
	struct fsock_waitlist *list = m->list;

	fsock__wait_detach(m);
	if (!list->waiting) {
		fsock__wait_free(m);
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
fsock__wait_drop_fd(struct fsock *s)
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
	if (s->waits == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	for (struct fsock__member *m = s->waits; m != NULL; m = m->next) {
		pthread_mutex_lock(&m->list->lock);
		fsock__wait_suspect(m);
		fsock__waitlist_nudge(m->list);
		pthread_mutex_unlock(&m->list->lock);
	}
	pthread_mutex_unlock(&s->lock);
}
