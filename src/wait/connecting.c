/*
 * Members whose sockets are not connected yet. One of the lists that such a socket is in drives it,
 * one that is waited on: it watches the descriptors under way, and takes the next step when one of
 * them is ready or when it is time. Whoever else takes a step stops the watching meanwhile, as
 * descriptors are closed.
 */
#include "../base/compat.h"
#include "wait.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../sock/pending.h"

/* Stops watching. Needs the list's lock. */
static void
unwatch(struct fsock__member *m)
{
	int saved = errno;

	if (!fsock__waitlist_is_ours(m->list))
		return;
	for (size_t i = 0; m->watches != NULL && i < FSOCK__RACE_MAX; i++) {
		struct fsock__member *watch = &m->watches[i];

		if (watch->known != 0)
			m->list->ops->set(&m->list->poller, watch, 0);
		watch->known = 0;
	}
	errno = saved;
}

/* Has the backend watch one descriptor. Returns 0 or -1. */
static int
watch_one(struct fsock__member *m, struct fsock__member *watch, const struct pollfd *p)
{
	int interest = p->events & POLLIN ? FSOCK_INPUT : FSOCK_OUTPUT;

	watch->list = m->list;
	watch->socket = m->socket;
	watch->watched_for = m;
	watch->fd = p->fd;
	if (m->list->ops->set(&m->list->poller, watch, interest) < 0)
		return -1;
	watch->known = interest;
	return 0;
}

/* Watches what is under way now. Needs both locks. Returns 0, or -1 with nothing watched. */
static int
watch(struct fsock__member *m)
{
	const struct fsock__connecting *c = m->socket->connecting;

	if (!fsock__waitlist_is_ours(m->list))
		return 0;
	if (m->watches == NULL)
		m->watches = calloc(FSOCK__RACE_MAX, sizeof *m->watches);
	if (m->watches == NULL)
		return -1;
	for (size_t i = 0; i < c->count; i++)
		if (watch_one(m, &m->watches[i], &c->fds[i]) < 0) {
			unwatch(m);
			return -1;
		}
	m->step = c->next;
	fsock__wait_timer_set(m);
	return 0;
}

/* The member drives its socket no more. Needs both locks. */
void
fsock__wait_connecting_stop(struct fsock__member *m)
{
	if (m->socket->driver != m)
		return;
	unwatch(m);
	m->socket->driver = NULL;
	m->step = FSOCK__NEVER;
}

void
fsock__wait_connecting_pause(struct fsock *s)
{
	struct fsock__member *m = s->driver;

	if (m == NULL)
		return;
	pthread_mutex_lock(&m->list->lock);
	unwatch(m);
}

void
fsock__wait_connecting_resume(struct fsock *s, int is_pending)
{
	struct fsock__member *m = s->driver;

	if (m == NULL)
		return;
	if (!is_pending)
		fsock__wait_connecting_stop(m);
	else if (watch(m) < 0)
		fsock__wait_suspect(m); /* it is tried again */
	fsock__waitlist_nudge(m->list);
	pthread_mutex_unlock(&m->list->lock);
}

/*
 * Has the member drive its socket, unless another list does that a thread is waiting on: nobody may
 * ever wait on one that is idle. That list's lock can only be tried. Needs both locks. Returns
 * whether it drives.
 */
static int
take_over(struct fsock__member *m)
{
	struct fsock__member *other = m->socket->driver;
	int is_waiting;

	if (other != NULL && other != m) {
		if (pthread_mutex_trylock(&other->list->lock) != 0)
			return 0;
		is_waiting = other->list->waiting && fsock__waitlist_is_ours(other->list);
		if (!is_waiting) {
			fsock__wait_connecting_stop(other);
			fsock__wait_suspect(other); /* its next wait takes over in turn */
		}
		pthread_mutex_unlock(&other->list->lock);
		if (is_waiting)
			return 0;
	}
	m->socket->driver = m;
	return 1;
}

/* Goes on connecting, if this list is the one that does. Needs both locks. Returns 0 or -1. */
static int
drive(struct fsock__member *m)
{
	struct fsock *s = m->socket;
	enum fsock__progress p;

	if (!take_over(m))
		return -1;
	unwatch(m);
	p = fsock__pending_step_nolock(s);
	if (p == FSOCK__PENDING)
		return watch(m);
	fsock__wait_connecting_stop(m);
	fsock__wait_tell_others(s, m->list);
	return 0;
}

int
fsock__wait_connecting_step(struct fsock__member *m)
{
	struct fsock *s = m->socket;
	int r = 0, cancel, saved = errno;

	if (!m->is_pending)
		return 0;
	if (pthread_mutex_trylock(&s->lock) != 0)
		return -1;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (s->connecting != NULL && s->write_error == 0)
		r = drive(m);
	if (s->connecting == NULL) {
		m->is_pending = 0;
		m->fd = s->fd;
		free(m->watches); /* nobody asks the system now */
		m->watches = NULL;
	}
	pthread_setcancelstate(cancel, NULL);
	pthread_mutex_unlock(&s->lock);
	errno = saved;
	return r;
}
