#include "../base/compat.h"
#include "wait.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../sock/pending.h"

/* For up to so many sockets no memory is asked for. */
enum { FEW = 64 };

double
fsock__wait_remaining(int64_t deadline)
{
	return deadline == FSOCK__NEVER ? INFINITY : (double)fsock__clock_left(deadline) / 1e9;
}

/* One call of fsock_wait_for_input(). */
struct wait {
	fsock *const *sockets;
	struct pollfd *fds;
	size_t n;
	int ready;
	int cancel;            /* the thread's cancellation state, which holds where it sleeps */
	struct pollfd *memory; /* what fds took, or NULL */
};

/*
 * Notes what was found of a socket. One that is named twice counts once: it bears the mark of this
 * call, a place in its memory that no other call has at the same time.
 */
static void
found(struct wait *w, fsock *s, int state)
{
	atomic_fetch_or(&s->state, state);
	if (atomic_exchange(&s->counted_by, (void *)w) != (void *)w)
		w->ready++;
}

static int
begin(struct wait *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->sockets[i] == NULL)
			return fsock__error_set_kind(
			    "wait", NULL, FSOCK__NO_PORT, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	for (size_t i = 0; i < w->n; i++) {
		fsock *s = w->sockets[i];

		s->state = 0;
		s->counted_by = NULL;
		w->fds[i].events = POLLIN | FSOCK__POLLRDHUP;
	}
	return 0;
}

/* What can be told without the system. Returns whether anything could not be told. */
static int
look_inside(struct wait *w)
{
	int unsure = 0;

	for (size_t i = 0; i < w->n; i++) {
		fsock *s = w->sockets[i];
		int closed = s->closing; /* to the program, while a list sends what is queued */
		int pending =
		    !closed && s->connecting != NULL && fsock__pending_step(s) == FSOCK__PENDING;
		int fd = pending || closed ? -1 : s->fd; /* poll() passes over -1 */
		ssize_t n = fd < 0 ? -pending : fsock__wait_buffered(s);

		w->fds[i].fd = fd;
		if (fd < 0 && !pending)
			found(w, s, FSOCK_FAILED);
		else if (n > 0)
			found(w, s, FSOCK_INPUT);
		else if (n < 0)
			unsure = 1;
	}
	return unsure;
}

/* What the system found. */
static void
look_at(struct wait *w, size_t i)
{
	fsock *s = w->sockets[i];
	int events = w->fds[i].revents;
	int state = FSOCK_INPUT;

	if (events & (POLLHUP | FSOCK__POLLRDHUP))
		state |= FSOCK_HANGUP;
	if (events & (POLLERR | POLLNVAL))
		state |= FSOCK_FAILED;
	if (fsock__wait_is_readable(s, state, NULL) || state != FSOCK_INPUT)
		found(w, s, state);
}

static void
abandon(void *w)
{
	free(((struct wait *)w)->memory);
}

/* Asks the system, and only here may the thread be cancelled: elsewhere it holds locks. */
static int
ask(struct wait *w, int64_t left)
{
	int r, unused;

	pthread_cleanup_push(abandon, w);
	pthread_setcancelstate(w->cancel, &unused);
	r = poll(w->fds, (nfds_t)w->n, fsock__clock_milliseconds(left));
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &unused);
	pthread_cleanup_pop(0);
	return r;
}

/* Looks until something is ready or the time is up. Returns how many are ready, or -1. */
static int
look(struct wait *w, int64_t deadline)
{
	int64_t left;

	do {
		int unsure = look_inside(w), r;

		left = w->ready > 0 ? 0 : fsock__clock_left(deadline);
		if (unsure && left > FSOCK__WAIT_UNSURE)
			left = FSOCK__WAIT_UNSURE;
		r = ask(w, left);
		for (size_t i = 0; r > 0 && i < w->n; i++)
			if (w->fds[i].revents != 0)
				look_at(w, i);
		if (r < 0 && w->ready == 0)
			return fsock__error_set("wait", NULL, FSOCK__NO_PORT, errno);
	} while (w->ready == 0 && fsock__clock_left(deadline) > 0);
	return w->ready;
}

/* see fsock/wait.h */
int
fsock_wait_for_input(fsock *const sockets[], size_t n, double timeout, double *remaining)
{
	struct pollfd few[FEW];
	struct wait w = { .sockets = sockets, .fds = few, .n = n };
	int64_t span, deadline;
	int r, saved = errno;

	if ((sockets == NULL && n > 0) || n > INT_MAX || fsock__clock_span(timeout, &span) < 0)
		return fsock__error_set("wait", NULL, FSOCK__NO_PORT, EINVAL);
	if (n > FEW && (w.fds = w.memory = calloc(n, sizeof *w.fds)) == NULL)
		return fsock__error_set("wait", NULL, FSOCK__NO_PORT, ENOMEM);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &w.cancel);
	deadline = span == 0 ? 0 : fsock__clock_after(span);
	r = begin(&w);
	if (r == 0 && (n > 0 || deadline != FSOCK__NEVER))
		r = look(&w, deadline);
	pthread_setcancelstate(w.cancel, NULL);
	free(w.memory);
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
		return s->state;
	return fsock__error_set_kind(
	    "state", NULL, FSOCK__NO_PORT, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
}
