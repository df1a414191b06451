/*
 * Members of wait lists by the time when they are due: a binary heap. Invariants are in waitlist.h.
 */
#include "../base/compat.h"
#include "timer.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../sock/layers.h"

int
fsock__timer_reserve(struct fsock_waitlist *list)
{
	size_t room = list->timer_room == 0 ? 16 : 2 * list->timer_room;
	struct fsock__member **timers;

	if (list->member_count + list->hidden_count < list->timer_room)
		return 0;
	timers = realloc(list->timers, room * sizeof(struct fsock__member *));
	if (timers == NULL)
		return -1;
	list->timers = timers;
	list->timer_room = room;
	return 0;
}

static void
put(struct fsock_waitlist *list, size_t i, struct fsock__member *m)
{
	list->timers[i] = m;
	m->timer = i;
}

/* Moves a member up from place i to where it belongs. */
static void
rise(struct fsock_waitlist *list, size_t i, struct fsock__member *m)
{
	while (i > 0 && list->timers[(i - 1) / 2]->due > m->due) {
		put(list, i, list->timers[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(list, i, m);
}

/* Moves a member down from place i to where it belongs. */
static void
sink(struct fsock_waitlist *list, size_t i, struct fsock__member *m)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < list->timer_count &&
		    list->timers[child + 1]->due < list->timers[child]->due)
			child++;
		if (child >= list->timer_count || list->timers[child]->due >= m->due)
			break;
		put(list, i, list->timers[child]);
		i = child;
	}
	put(list, i, m);
}

/* When something happens to a member by itself; FSOCK__NEVER if nothing does. */
static int64_t
due_time(const struct fsock__member *m)
{
	const struct fsock *s = m->socket;
	int64_t due = m->timeout < m->step ? m->timeout : m->step;

	if ((m->interest & FSOCK_INPUT) && m->rest < due)
		due = m->rest;
	if ((m->interest & FSOCK_INPUT) && s->limits.read_deadline < due)
		due = s->limits.read_deadline;
	if (((m->interest & FSOCK_OUTPUT) || s->output.queued > 0) &&
	    s->limits.write_deadline < due)
		due = s->limits.write_deadline;
	if (fsock__layers_are_on(s) && s->layers->start_by < due)
		due = s->layers->start_by;
	return due;
}

/* A time that has been put off is found out when it comes: putting it off costs nothing. */
void
fsock__timer_set(struct fsock__member *m)
{
	struct fsock_waitlist *list = m->list;
	int64_t due = due_time(m);

	if (due == FSOCK__NEVER || (m->timer != FSOCK__NO_TIMER && m->due <= due))
		return;
	m->due = due;
	rise(list, m->timer != FSOCK__NO_TIMER ? m->timer : list->timer_count++, m);
}

void
fsock__timer_remove(struct fsock__member *m)
{
	struct fsock_waitlist *list = m->list;
	struct fsock__member *last;
	size_t i = m->timer;

	if (i == FSOCK__NO_TIMER)
		return;
	m->timer = FSOCK__NO_TIMER;
	last = list->timers[--list->timer_count];
	if (last == m)
		return;
	if (i > 0 && list->timers[(i - 1) / 2]->due > last->due)
		rise(list, i, last);
	else
		sink(list, i, last);
}

int64_t
fsock__timer_first(const struct fsock_waitlist *list)
{
	return list->timer_count == 0 ? FSOCK__NEVER : list->timers[0]->due;
}

struct fsock__member *
fsock__timer_expired(struct fsock_waitlist *list, int64_t now)
{
	while (list->timer_count > 0 && list->timers[0]->due <= now) {
		struct fsock__member *m = list->timers[0];

		fsock__timer_remove(m);
		if (due_time(m) <= now)
			return m;
		fsock__timer_set(m); /* it was put off */
	}
	return NULL;
}
