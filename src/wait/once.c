/* Waiting for a few sockets once, in the manner of poll(2). */
#include "../base/compat.h"
#include "once.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "../base/abandon.h"
#include "../base/clock.h"
#include "../base/error.h"
#include "../base/ring.h"
#include "../sock/failure.h"
#include "../sock/pending.h"
#include "../sock/layers.h"
#include "bell.h"
#include "held.h"
#include "layered.h"
#include "look.h"
#include "watch.h"

/* For up to so many descriptors no memory is asked for. */
enum { FEW = 64 };

double
fsock__wait_remaining(int64_t deadline)
{
	return deadline == FSOCK__NEVER ? INFINITY : (double)fsock__clock_left(deadline) / 1e9;
}

/*
 * One call of fsock_wait_for_input(). `fds` has a place for each socket, and behind them `more` for
 * the descriptors of those that are not connected yet, and one for the bell.
 */
struct once {
	fsock *const *sockets;
	struct pollfd *fds;
	size_t n, more, room;
	size_t pending; /* how many are not connected yet */
	int64_t next;   /* when one of those wants a step */
	int ready;
	int needs_bell;
	struct fsock__bell *bell; /* or NULL */
	int cancel;               /* the thread's cancellation state, which holds where it sleeps */
	struct memory *memory;    /* where `fds` are, or NULL */
};

/* More descriptors than fit on the stack. */
struct memory {
	struct fsock__abandon abandon;
	struct pollfd fds[];
};

/*
 * Notes what was found of a socket. One that is named twice counts once: it bears the mark of this
 * call, a place in its memory that no other call has at the same time.
 */
static void
found(struct once *w, fsock *s, int state)
{
	atomic_fetch_or(&s->watch.state, state);
	if (atomic_exchange(&s->watch.counted_by, (void *)w) != (void *)w)
		w->ready++;
}

/* The thread has ended while it asked the system. */
static void
abandon(struct fsock__abandon *a)
{
	free(fsock__ring_owner(a, struct memory, abandon));
}

/* Makes room for so many descriptors. Returns 0, or -1 with the error recorded. */
static int
reserve(struct once *w, size_t room)
{
	struct memory *memory = NULL;

	if (room < w->room) /* one is for the bell */
		return 0;
	fsock__abandon_settle(abandon);
	if (room < (SIZE_MAX - sizeof *memory) / sizeof memory->fds[0] - 1)
		memory = calloc(1, sizeof *memory + (room + 1) * sizeof memory->fds[0]);
	if (memory == NULL)
		return fsock__error_set("wait", NULL, FSOCK__NO_PORT, ENOMEM);
	free(w->memory);
	w->memory = memory;
	w->fds = memory->fds;
	w->room = room + 1;
	return 0;
}

static int
begin(struct once *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->sockets[i] == NULL)
			return fsock__error_set_kind(
			    "wait", NULL, FSOCK__NO_PORT, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	for (size_t i = 0; i < w->n; i++) {
		w->sockets[i]->watch.state = 0;
		w->sockets[i]->watch.counted_by = NULL;
		if (w->sockets[i]->settings.batched) /* see struct fsock__output */
			w->sockets[i]->output.awaited++;
	}
	return 0;
}

static void
end(const struct once *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->sockets[i]->settings.batched)
			w->sockets[i]->output.awaited--;
}

/* Goes on connecting those that are not connected. Returns whether one of them is now. */
static int
step(struct once *w)
{
	size_t count = 0, before = w->pending;

	for (size_t i = 0; i < w->n; i++) {
		fsock *s = w->sockets[i];

		if (s->connecting != NULL && s->watch.closing == FSOCK__NOT_CLOSING)
			count += fsock__pending_step(s) == FSOCK__PENDING;
	}
	w->pending = count;
	return count < before;
}

/* One that is not connected yet: its descriptors are polled in its place. */
static void
add_pending(struct once *w, fsock *s)
{
	struct pollfd *fds = &w->fds[w->n + w->more];
	int64_t next;
	size_t count = 0;

	if (w->n + w->more + FSOCK__PENDING_FDS < w->room)
		count = fsock__pending_fds(s, fds, &next, 1);
	if (count > 0 && next < w->next)
		w->next = next;
	w->more += count;
}

/* Sends what the streams hold back. For what the peer does not take yet, room is waited for. */
static void
send_held(struct once *w, fsock *s, struct pollfd *p)
{
	struct fsock__record *before;
	int wanted;

	if (!s->settings.batched || s->stream == NULL || s->output.queued == 0)
		return;
	before = fsock__error_aside();
	if (s->stream_ops->release(s) < 0)
		found(w, s, FSOCK_FAILED);
	fsock__error_back(before);
	if (s->output.queued == 0)
		return;
	wanted = fsock__layers_wanted(s, FSOCK_OUTPUT);
	p->events |= (short)(wanted == FSOCK_OUTPUT ? POLLOUT : POLLIN);
}

/* What can be told without the system of the socket at place i. */
static void
look_inside(struct once *w, size_t i)
{
	fsock *s = w->sockets[i];
	int closed = s->watch.closing != FSOCK__NOT_CLOSING; /* to the program */
	int is_pending = !closed && s->connecting != NULL && s->output.error == 0;
	int fd = is_pending || closed || s->connecting != NULL ? -1 : s->fd;
	int64_t rest = fsock__handle_rest(s);
	int is_polled = rest == FSOCK__NEVER && fsock__handle_is_polled(s);

	/* poll() passes over -1 */
	if (fd >= 0 && fsock__layers_are_on(s))
		fsock__layered_work(s, FSOCK_INPUT, 0);
	w->fds[i] =
	    (struct pollfd){ .fd = is_polled ? fd : -1, .events = POLLIN | FSOCK__POLLRDHUP };
	if (fsock__layers_wanted(s, FSOCK_INPUT) == FSOCK_OUTPUT)
		w->fds[i].events = POLLOUT;
	if (rest < w->next)
		w->next = rest;
	if (is_pending)
		add_pending(w, s);
	else if (fd < 0)
		found(w, s, FSOCK_FAILED);
	else if (fsock__handle_is_always_ready(s) || fsock__held_has_input(s))
		found(w, s, FSOCK_INPUT | fsock__layered_end(s));
	else
		send_held(w, s, &w->fds[i]);
	w->needs_bell |= fsock__bell_is_needed(s);
}

static void
look_into_all(struct once *w, int64_t deadline)
{
	w->more = 0;
	w->next = deadline;
	for (size_t i = 0; i < w->n; i++)
		look_inside(w, i);
}

/* What the layers make of what the system found. */
static void
look_through(struct once *w, fsock *s, int events)
{
	int news = (events & (POLLOUT | POLLERR) ? FSOCK_OUTPUT : 0) |
		   (events & ~POLLOUT ? FSOCK_INPUT : 0);

	fsock__layered_work(s, FSOCK_INPUT, news);
	if (fsock__held_has_input(s))
		found(w, s, FSOCK_INPUT | fsock__layered_end(s));
}

/* What the system found. */
static void
look_at(struct once *w, size_t i)
{
	fsock *s = w->sockets[i];
	int events = w->fds[i].revents;
	int state = FSOCK_INPUT;

	if (fsock__layers_are_on(s)) {
		look_through(w, s, events);
		return;
	}
	if (events == POLLOUT) /* there is room for what was held back */
		return;
	if (events & (POLLHUP | FSOCK__POLLRDHUP))
		state |= FSOCK_HANGUP;
	if ((events & (POLLERR | POLLNVAL)) || fsock__failure_is_early(s))
		state |= FSOCK_FAILED;
	if (fsock__look_is_readable(s, state, NULL) || state != FSOCK_INPUT)
		found(w, s, state);
}

/*
 * A wait that is to sleep hangs its bell and looks again: what comes from then on is told. Without
 * memory or a descriptor for that it sleeps but a while at a time. Returns whether it is to look.
 */
static int
hang_bell(struct once *w)
{
	int64_t soon;

	if (!w->needs_bell || w->ready > 0 || w->bell != NULL || fsock__clock_left(w->next) == 0)
		return 0;
	w->bell = fsock__bell_hang(w->sockets, w->n, &fsock__watch_ops);
	soon = fsock__clock_after(INT64_C(100000000));
	if (w->bell == NULL && soon < w->next)
		w->next = soon;
	return w->bell != NULL;
}

/* Has the system tell of the bell, too. Returns how many descriptors there are. */
static nfds_t
add_bell(struct once *w)
{
	size_t count = w->n + w->more;

	if (w->bell != NULL)
		w->fds[count++] =
		    (struct pollfd){ .fd = fsock__bell_fd(w->bell), .events = POLLIN };
	return (nfds_t)count;
}

/* Asks the system, and only here may the thread be cancelled. Returns as poll(2). */
static int
ask(struct once *w, int64_t left)
{
	nfds_t count = add_bell(w);
	int r, unused;

	if (w->memory != NULL && fsock__abandon_push(&w->memory->abandon, abandon) < 0)
		return -1;
	pthread_setcancelstate(w->cancel, &unused);
	r = poll(w->fds, count, fsock__clock_milliseconds(left));
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &unused);
	if (w->memory != NULL)
		fsock__abandon_pop(&w->memory->abandon);
	if (r > 0 && w->bell != NULL && w->fds[count - 1].revents != 0)
		fsock__bell_clear(w->bell);
	return r;
}

/* Looks until something is ready or the time is up. Returns how many are ready, or -1. */
static int
look(struct once *w, int64_t deadline)
{
	struct fsock__record *before;
	int stands, r;

	do {
		before = fsock__error_aside();
		stands = step(w);
		fsock__error_back(before);
		if (reserve(w, w->n + w->pending * FSOCK__PENDING_FDS) < 0)
			return -1;
		look_into_all(w, deadline);
		if (!stands && hang_bell(w))
			look_into_all(w, deadline);
		r = ask(w, w->ready > 0 || stands ? 0 : fsock__clock_left(w->next));
		for (size_t i = 0; r > 0 && i < w->n; i++)
			if (w->fds[i].revents != 0)
				look_at(w, i);
		if (r < 0 && w->ready == 0)
			return fsock__error_set("wait", NULL, FSOCK__NO_PORT, errno);
	} while (w->ready == 0 && !stands && fsock__clock_left(deadline) > 0);
	return w->ready;
}

/* see fsock/wait.h */
int
fsock_wait_for_input(fsock *const sockets[], size_t n, double timeout, double *remaining)
{
	struct pollfd few[FEW];
	struct once w = { .sockets = sockets, .fds = few, .n = n, .room = FEW };
	int64_t span, deadline;
	int begun, r, saved = errno;

	if ((sockets == NULL && n > 0) || n > INT_MAX || fsock__clock_span(timeout, &span) < 0)
		return fsock__error_set("wait", NULL, FSOCK__NO_PORT, EINVAL);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &w.cancel);
	deadline = span == 0 ? 0 : fsock__clock_after(span);
	begun = r = begin(&w);
	if (r == 0 && (n > 0 || deadline != FSOCK__NEVER))
		r = look(&w, deadline);
	if (begun == 0)
		end(&w);
	fsock__bell_take_down(w.bell);
	free(w.memory);
	pthread_setcancelstate(w.cancel, NULL);
	if (remaining != NULL && (r >= 0 || errno == EINTR))
		*remaining = fsock__wait_remaining(deadline);
	if (r >= 0)
		errno = saved;
	return r;
}

/* see fsock/wait.h */
int
fsock_state(const fsock *s)
{
	if (s != NULL)
		return s->watch.state;
	return fsock__error_set_kind(
	    "state", NULL, FSOCK__NO_PORT, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
}
