#include "../base/compat.h"
#include "connecting.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../sock/pending.h"
#include "member.h"
#include "timer.h"
#include "watched.h"

_Static_assert(FSOCK__WATCHES >= FSOCK__PENDING_FDS, "a watch for each descriptor");

/* Has the backend watch one descriptor. Returns 0 or -1. */
static int
watch_one(struct fsock__member *m, struct fsock__watched *w, const struct pollfd *p)
{
	int interest = p->events & POLLIN ? FSOCK_INPUT : FSOCK_OUTPUT;

	w->member = m;
	w->fd = p->fd;
	if (m->list->ops->set(&m->list->poller, w, interest) < 0)
		return -1;
	w->known = interest;
	return 0;
}

/* Watches what is under way now. Returns 0, or -1 with errno and nothing watched. */
static int
watch(struct fsock__member *m)
{
	struct pollfd fds[FSOCK__PENDING_FDS];
	int64_t next = FSOCK__NEVER;
	size_t count = fsock__pending_fds(m->socket, fds, &next, 0);

	if (m->watches == NULL)
		m->watches = calloc(FSOCK__WATCHES, sizeof *m->watches);
	if (m->watches == NULL)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (watch_one(m, &m->watches[i], &fds[i]) < 0) {
			fsock__watched_unwatch(m);
			return -1;
		}
	m->step = next;
	fsock__timer_set(m);
	return 0;
}

/*
 * Has the member drive its socket, unless another list does that a thread is waiting on: nobody may
 * ever wait on one that is idle. Returns whether it does.
 */
static int
take_over(struct fsock__member *m)
{
	struct fsock *s = m->socket;
	struct fsock__member *other;
	int drives;

	fsock__handle_lock(s);
	other = s->watch.driver;
	drives = other == NULL || other == m || !fsock__waitlist_is_ours(other->list);
	if (drives)
		s->watch.driver = m;
	fsock__handle_unlock(s);
	if (drives && !fsock__ring_is_linked(&m->in_driving))
		fsock__ring_append(&m->list->driving, &m->in_driving);
	return drives;
}

/* The socket is connected, or cannot be. */
static void
settle(struct fsock__member *m)
{
	struct fsock *s = m->socket;

	fsock__watched_stop_driving(m);
	if (s->connecting != NULL)
		return; /* it has failed */
	fsock__handle_lock(s);
	m->is_pending = 0;
	m->own.fd = s->fd;
	fsock__handle_unlock(s);
}

int
fsock__connecting_drive(struct fsock__member *m)
{
	struct fsock *s = m->socket;
	int cancel, r = 0;

	if (!m->is_pending)
		return 0;
	if (s->connecting == NULL || s->output.error != 0) {
		settle(m);
		return 0;
	}
	if (!take_over(m))
		return 0; /* what comes of it will be noted */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	fsock__watched_unwatch(m);
	if (fsock__pending_step_unwatched(s) == FSOCK__PENDING) {
		r = watch(m);
		m->error = r < 0 ? errno : 0;
	} else {
		settle(m);
		fsock__handle_note(s);
	}
	pthread_setcancelstate(cancel, NULL);
	return r;
}

void
fsock__connecting_hand_over(struct fsock_waitlist *list)
{
	struct fsock__ring *r, *next;

	for (r = list->driving.next; r != &list->driving; r = next) {
		struct fsock__member *m = fsock__ring_owner(r, struct fsock__member, in_driving);
		int is_alone;

		next = r->next;
		fsock__handle_lock(m->socket);
		is_alone = m->socket->watch.members == m && m->next == NULL;
		fsock__handle_unlock(m->socket);
		if (is_alone)
			continue;
		fsock__watched_stop_driving(m);
		fsock__handle_note(m->socket);
	}
}

static int
drives(const struct fsock__member *m)
{
	return m->socket->watch.driver == m;
}

struct fsock_waitlist *
fsock__connecting_pause(struct fsock *s)
{
	struct fsock_waitlist *list;

	while ((list = fsock__member_list_of(s, drives)) != NULL) {
		struct fsock__member *m;

		fsock__waitlist_lock(list);
		m = fsock__member_find(list, s);
		if (m != NULL && fsock__watched_drives(m)) {
			fsock__watched_unwatch(m);
			return list;
		}
		fsock__waitlist_unlock(list); /* another one has taken over: look again */
		fsock__member_unref_list(list);
	}
	return NULL;
}

void
fsock__connecting_share(struct fsock *s)
{
	struct fsock_waitlist *list = fsock__connecting_pause(s);
	struct fsock__member *m;

	if (list == NULL)
		return;
	m = fsock__member_find(list, s);
	if (!list->is_used)
		fsock__watched_stop_driving(m);
	else if (watch(m) < 0)
		m->error = errno;
	fsock__waitlist_unlock(list);
	fsock__member_unref_list(list);
	fsock__handle_note(s);
}

void
fsock__connecting_resume(struct fsock *s, struct fsock_waitlist *list)
{
	struct fsock__member *m = fsock__member_find(list, s);

	if (s->connecting == NULL || s->output.error != 0)
		settle(m);
	else if (watch(m) < 0)
		m->error = errno;
	fsock__member_suspect(m);
	fsock__member_nudge(list);
	fsock__waitlist_unlock(list);
	fsock__member_unref_list(list);
}
