/*
 * Waiting by poll(2): where there is nothing better. It costs all members each time.
 *
 * What must stay true:
 *  1. `set` has the members as they are, each at its slot; it changes under the list's lock.
 *  2. `asked` is the copy that the waiting thread has to itself; `changed` says that it is out of
 *     date.
 */
#include "../base/compat.h"
#include "backend.h"

#include <poll.h>
#include <stdlib.h>

#include "../base/clock.h"

struct table {
	struct pollfd *fds;
	struct fsock__watched **members;
	size_t count, capacity;
};

struct memory {
	struct table set, asked;
	int changed;
	size_t start; /* where to begin looking, so that nobody is always the last */
};

/* Makes room for n members. Returns 0 or -1. */
static int
reserve(struct table *t, size_t n)
{
	size_t capacity = t->capacity == 0 ? 16 : t->capacity;
	struct fsock__watched **members;
	struct pollfd *fds;

	while (capacity < n)
		capacity *= 2;
	if (capacity == t->capacity)
		return 0;
	fds = realloc(t->fds, capacity * sizeof *fds);
	if (fds == NULL)
		return -1;
	t->fds = fds;
	members = realloc(t->members, capacity * sizeof *members);
	if (members == NULL)
		return -1;
	t->members = members;
	t->capacity = capacity;
	return 0;
}

static void
release(struct table *t)
{
	free(t->fds);
	free(t->members);
}

static int
poll_open(struct fsock__poller *p)
{
	p->fd = -1;
	p->memory = calloc(1, sizeof(struct memory));
	return p->memory == NULL ? -1 : 0;
}

static void
poll_close(struct fsock__poller *p)
{
	struct memory *memory = p->memory;

	release(&memory->set);
	release(&memory->asked);
	free(memory);
}

static short
events_of(int interest)
{
	return (short)((interest & FSOCK_INPUT ? POLLIN | FSOCK__POLLRDHUP : 0) |
		       (interest & FSOCK_OUTPUT ? POLLOUT : 0));
}

/* Fills the place of a member with the last one. */
static void
take_out(struct table *t, size_t slot)
{
	size_t last = --t->count;

	t->fds[slot] = t->fds[last];
	t->members[slot] = t->members[last];
	t->members[slot]->slot = slot;
}

static int
poll_set(struct fsock__poller *p, struct fsock__watched *m, int interest)
{
	struct memory *memory = p->memory;
	struct table *t = &memory->set;

	if (m->known == 0) {
		if (reserve(t, t->count + 1) < 0)
			return -1;
		m->slot = t->count++;
		t->members[m->slot] = m;
		t->fds[m->slot].fd = m->fd;
	}
	if (interest == 0)
		take_out(t, m->slot);
	else
		t->fds[m->slot].events = events_of(interest);
	memory->changed = 1;
	return 0;
}

static int
poll_prepare(struct fsock__poller *p)
{
	struct memory *memory = p->memory;
	const struct table *set = &memory->set;
	struct table *asked = &memory->asked;

	if (!memory->changed)
		return 0;
	if (reserve(asked, set->count) < 0)
		return -1;
	memcpy(asked->fds, set->fds, set->count * sizeof *set->fds);
	memcpy(asked->members, set->members, set->count * sizeof(struct fsock__watched *));
	asked->count = set->count;
	memory->changed = 0;
	return 0;
}

/* POLLNVAL: somebody has closed the descriptor behind the library's back. */
static int
state_of(int events)
{
	int state = 0;

	if (events & POLLIN)
		state |= FSOCK_INPUT;
	if (events & POLLOUT)
		state |= FSOCK_OUTPUT;
	if (events & FSOCK__POLLRDHUP)
		state |= FSOCK_HANGUP | FSOCK_INPUT;
	if (events & POLLHUP)
		state |= FSOCK_HANGUP | FSOCK_IO;
	if (events & (POLLERR | POLLNVAL))
		state |= FSOCK_FAILED | FSOCK_IO;
	return state;
}

static int
poll_await(struct fsock__poller *p, int64_t left)
{
	struct memory *memory = p->memory;
	const struct table *asked = &memory->asked;
	int n = poll(asked->fds, (nfds_t)asked->count, fsock__clock_milliseconds(left));
	int found = 0;

	if (memory->start >= asked->count)
		memory->start = 0;
	for (size_t i = memory->start, looked = 0; found < n && looked < asked->count; looked++) {
		if (asked->fds[i].revents != 0) {
			p->found[found].watched = asked->members[i];
			p->found[found++].state = state_of(asked->fds[i].revents);
		}
		if (++i == asked->count)
			i = 0;
		if (found == FSOCK__FOUND_MAX) {
			memory->start = i;
			break;
		}
	}
	return n < 0 ? -1 : found;
}

const struct fsock__wait_ops fsock__wait_poll = {
	.name = "poll",
	.open = poll_open,
	.close = poll_close,
	.set = poll_set,
	.prepare = poll_prepare,
	.wait = poll_await,
};
