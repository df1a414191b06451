#include "../base/compat.h"
#include "closing.h"

#include "../base/clock.h"
#include "../base/error.h"
#include "../sock/linger.h"
#include "../sock/socket.h"
#include "member.h"
#include "timer.h"

/* The program hears no more of a member. */
static void
hide(struct fsock__member *m)
{
	struct fsock_waitlist *list = m->list;

	if (m->is_hidden)
		return;
	fsock__member_unready(m);
	fsock__handle_lock(m->socket);
	m->is_hidden = 1;
	fsock__handle_unlock(m->socket);
	m->interest = 0;
	m->user = NULL;
	m->timeout = FSOCK__NEVER;
	list->member_count--;
	list->hidden_count++;
	fsock__ring_remove(&m->in_members);
	fsock__ring_append(&list->members, &m->in_members);
	fsock__member_suspect(m);
}

/* From now on the list sees to the socket. */
static void
begin(struct fsock__member *m)
{
	struct fsock *s = m->socket;

	hide(m);
	fsock__handle_lock(s);
	m->is_closing = 1;
	fsock__handle_unlock(s);
	m->list->closing_count++;
	m->timeout = fsock__clock_after(s->settings.close_timeout);
	fsock__timer_set(m);
	fsock__closing_check(m); /* who drains has perhaps just finished */
}

static int
is_visible(const struct fsock__member *m)
{
	return !m->is_hidden;
}

static int
is_no_closer(const struct fsock__member *m)
{
	return !m->is_closing;
}

/*
 * Calls `fn` for the socket's member of each list of this process's for which `is_due` says so,
 * until that is nobody; with the list's lock. Returns how many there were.
 */
static int
for_each(struct fsock *s, int (*is_due)(const struct fsock__member *),
    void (*fn)(struct fsock__member *))
{
	struct fsock_waitlist *list;
	int n = 0;

	while ((list = fsock__member_list_of(s, is_due)) != NULL) {
		struct fsock__member *m;

		fsock__waitlist_lock(list);
		m = fsock__member_find(list, s);
		if (m != NULL) {
			fn(m);
			n++;
			fsock__member_nudge(list);
		}
		fsock__waitlist_unlock(list);
		fsock__member_unref_list(list);
	}
	return n;
}

void
fsock__closing_retire(struct fsock *s)
{
	if (s->nonblocking)
		for_each(s, is_visible, hide);
	else
		for_each(s, NULL, fsock__member_part);
}

int
fsock__closing_defer(struct fsock *s)
{
	int was_left = 0;

	if (!s->nonblocking)
		return 0;
	fsock__handle_lock(s);
	s->watch.closing = FSOCK__CLOSING;
	s->references++;
	fsock__handle_unlock(s);
	if (for_each(s, is_no_closer, begin) > 0)
		return 1;
	/* The lists have just gone. */
	fsock__handle_lock(s);
	if (s->watch.closing == FSOCK__CLOSING) {
		s->watch.closing = FSOCK__NOT_CLOSING;
		s->references--;
		was_left = 1;
	}
	fsock__handle_unlock(s);
	return !was_left;
}

/* Whether input may come, which is discarded before the close: see linger.h. */
static int
lingers(struct fsock__member *m)
{
	struct fsock *s = m->socket;

	if (!fsock__linger_is_due(s))
		return 0;
	if (!m->is_lingering) {
		m->is_lingering = 1;
		m->list->lingering_count++;
		m->timeout = fsock__linger_until(s);
		fsock__timer_set(m);
		fsock__member_suspect(m); /* it is watched for input now */
		fsock__member_nudge(m->list);
	}
	return 1;
}

/* Whether nothing is left to do but to close the socket. */
static int
is_done(struct fsock__member *m)
{
	const struct fsock *s = m->socket;

	if (s->output.error != 0 || m->is_overdue)
		return 1;
	return s->output.queued == 0 && !lingers(m);
}

void
fsock__closing_check(struct fsock__member *m)
{
	if (m->is_closing && !fsock__ring_is_linked(&m->in_ready) && is_done(m))
		fsock__ring_append(&m->list->done, &m->in_ready);
}

size_t
fsock__closing_unsent(struct fsock_waitlist *list)
{
	size_t n;

	fsock__waitlist_lock(list);
	n = list->closing_count - list->lingering_count;
	fsock__waitlist_unlock(list);
	return n;
}

int
fsock__closing_is_last(const struct fsock__member *member)
{
	struct fsock *s = member->socket;
	int is_last = 1;

	fsock__handle_lock(s);
	for (struct fsock__member *m = s->watch.members; m != NULL; m = m->next)
		is_last &= m == member || !fsock__waitlist_is_ours(m->list);
	fsock__handle_unlock(s);
	return is_last;
}

/* Whether it falls to this list to close a socket: one of them does. */
static int
claim(struct fsock *s)
{
	int is_ours;

	fsock__handle_lock(s);
	is_ours = s->watch.closing == FSOCK__CLOSING;
	if (is_ours)
		s->watch.closing = FSOCK__CLOSED;
	fsock__handle_unlock(s);
	return is_ours;
}

void
fsock__closing_collect(struct fsock_waitlist *list)
{
	while (fsock__ring_is_linked(&list->done)) {
		struct fsock__member *m =
		    fsock__ring_owner(list->done.next, struct fsock__member, in_ready);

		fsock__ring_remove(&m->in_ready);
		if (!claim(m->socket))
			continue; /* who does it will take it out of this list, too */
		fsock__member_detach(m);
		m->next = list->closed;
		list->closed = m;
	}
}

/* A timeout, unless output has failed before; the caller of a list is told of neither. */
static void
fail_output(struct fsock *s)
{
	fsock__handle_error(s, "close", ETIMEDOUT);
	fsock__socket_fail_output(s, ETIMEDOUT);
}

/* Closes one that is in no state to be sent any more; with no lock held. */
static void
finish(struct fsock__member *m)
{
	struct fsock *s = m->socket;

	/* The peer is not to take it for the end. */
	if ((m->is_overdue && !m->is_lingering) || s->output.error != 0)
		fail_output(s);
	if (fsock__handle_is_watched(s))
		s->watch.ops->leave(s);
	fsock__socket_end_now(s);
	fsock__handle_lock(s);
	s->watch.closing =
	    FSOCK__NOT_CLOSING; /* only now: until then nobody may take it for open */
	fsock__handle_unlock(s);
	fsock__socket_unref(s);
	fsock__member_free(m);
}

void
fsock__closing_unlock(struct fsock_waitlist *list)
{
	struct fsock__member *closed = list->closed;
	struct fsock__record *before = fsock__error_aside();
	int saved = errno;

	list->closed = NULL;
	fsock__waitlist_unlock(list);
	while (closed != NULL) {
		struct fsock__member *m = closed;

		closed = m->next;
		finish(m);
	}
	fsock__error_back(before);
	errno = saved;
}
