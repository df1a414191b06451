#include "../base/compat.h"
#include "pending.h"

#include <signal.h>

#include "../base/clock.h"
#include "account.h"
#include "failure.h"
#include "interrupt.h"
#include "layers.h"
#include "shutdown.h"
#include "../base/sys.h"
#include "socket.h"
#include "transfer.h"

/*
 * Takes the turn that guards `connecting`. Only for a moment does anybody have it: no signal comes
 * between. Who holds a list's lock does not wait for that, but is noted when it is over. Returns
 * what is there; or NULL, with no turn taken, if it is connected or, *is_busy, another thread has
 * the turn.
 */
static struct fsock__connecting *
enter(struct fsock *s, sigset_t *signals, int *is_busy)
{
	sigset_t all;
	int has_turn = 1;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, signals);
	if (is_busy == NULL) {
		fsock__turn_take(s, &s->step, FSOCK__NEVER);
	} else {
		s->is_step_missed = 1;
		has_turn = fsock__turn_try(s, &s->step) >= 0;
		*is_busy = !has_turn;
	}
	if (has_turn && s->connecting != NULL)
		return s->connecting;
	if (has_turn)
		fsock__turn_end(s, &s->step, s->step.number);
	pthread_sigmask(SIG_SETMASK, signals, NULL);
	return NULL;
}

static void
leave(struct fsock *s, const sigset_t *signals)
{
	fsock__turn_end(s, &s->step, s->step.number);
	pthread_sigmask(SIG_SETMASK, signals, NULL);
}

/* How long a call may wait. */
static int64_t
patience(const struct fsock *s)
{
	return s->nonblocking ? 0 : FSOCK__NEVER;
}

static ssize_t
pending_receive(struct fsock *s, void *buf, size_t n)
{
	if (fsock__pending_await(s, "read", FSOCK_INPUT, patience(s)) < 0)
		return -1;
	return s->transport->receive(s, buf, n);
}

static ssize_t
pending_receive_now(struct fsock *s, void *buf, size_t n, int *is_drained)
{
	if (s->connecting == NULL)
		return s->transport->receive_now(s, buf, n, is_drained);
	*is_drained = 1;
	errno = EAGAIN;
	return -1;
}

/* No step is taken here: a list's lock may be held. */
static ssize_t
pending_offer(struct fsock *s, const void *buf, size_t n)
{
	if (s->connecting == NULL)
		return s->transport->offer(s, buf, n);
	return fsock__transfer_check(s, "write", FSOCK_OUTPUT);
}

/* The time is that for making room: to be connected takes as long as its own limits allow. */
static int
pending_await_room(struct fsock *s, const char *operation, int64_t until)
{
	int closes = strcmp(operation, "close") == 0;

	if (s->connecting == NULL)
		return s->transport->await_room(s, operation, until);
	return fsock__pending_await(s, operation, FSOCK_OUTPUT, closes ? until : FSOCK__NEVER);
}

static int
pending_close(struct fsock *s)
{
	struct fsock__connecting *c;
	sigset_t signals;

	c = enter(s, &signals, NULL);
	if (c != NULL) {
		fsock__handle_lock(s);
		s->connecting = NULL;
		fsock__handle_unlock(s);
		fsock__connecting_free(c);
		leave(s, &signals);
	}
	return fsock__transport_socket.close(s);
}

static const struct fsock__transport_ops transport_pending = {
	.receive = pending_receive,
	.receive_now = pending_receive_now,
	.offer = pending_offer,
	.await_room = pending_await_room,
	.close = pending_close,
};

struct fsock *
fsock__pending_new(struct fsock__connecting *c, const struct fsock__settings *settings)
{
	struct fsock *s = fsock__socket_new(-1, FSOCK__CONNECTED, AF_UNSPEC, settings,
	    c->remote.host, c->remote.port, &transport_pending);

	if (s != NULL)
		s->connecting = c;
	if (s != NULL)
		fsock__account_connected(s, c);
	return s;
}

/* Whether a thread waits until it is time for the next step. Needs the turn. */
static int
is_slept_on(const struct fsock *s)
{
	return s->sleepers[0].process == fsock__process() ||
	       s->sleepers[1].process == fsock__process();
}

/* The connection stands. What was put off until then is done by the next output, or here. */
static void
stand(struct fsock *s, struct fsock__connecting *c)
{
	fsock__socket_apply_settings(c->fd, s->role, c->family, &s->settings);
	fsock__account_connected(s, c);
	fsock__handle_lock(s);
	fsock__socket_set_fd(s, c->fd, c->family);
	s->port = c->remote.port; /* of a service, it has been looked up */
	s->transport =
	    fsock__layers_are_on(s) ? &fsock__transport_layered : &fsock__transport_socket;
	s->connecting = NULL;
	if (s->stream != NULL)
		s->stream_ops->connected(s);
	fsock__handle_unlock(s);
	if (is_slept_on(s)) { /* whose descriptors must not be others' before they have woken */
		fsock__connecting_wake(c);
		s->connected = c;
	} else {
		fsock__connecting_free(c);
	}
	if (s->output.queued == 0)
		fsock__shutdown_due(s);
}

/* What sleepers look at: has a step changed it? */
struct view {
	size_t count;
	int64_t next;
	int first, last;
};

static struct view
view_of(const struct fsock__connecting *c)
{
	return (struct view){ c->count, c->next, c->count > 0 ? c->fds[0].fd : -1,
		c->count > 0 ? c->fds[c->count - 1].fd : -1 };
}

/* It cannot be connected: nothing can be sent. */
static void
set_failed(struct fsock *s, const struct fsock__connecting *c)
{
	int none = 0;

	if (atomic_compare_exchange_strong(&s->output.error, &none, c->error.error.errnum))
		fsock__failure_keep(s, &c->error);
}

/* Takes a step, in the turn. */
static enum fsock__progress
step_nolock(struct fsock *s, struct fsock__connecting *c)
{
	struct view before = view_of(c), after;
	enum fsock__progress p = fsock__connecting_step(c);

	if (p == FSOCK__DONE) {
		stand(s, c);
		return p;
	}
	after = view_of(c);
	if (is_slept_on(s) && (before.count != after.count || before.next != after.next ||
				  before.first != after.first || before.last != after.last))
		fsock__connecting_wake(c);
	if (p == FSOCK__FAILED)
		set_failed(s, c);
	return p;
}

enum fsock__progress
fsock__pending_step_unwatched(struct fsock *s)
{
	enum fsock__progress p;
	struct fsock__connecting *c;
	sigset_t signals;
	int cancel, is_busy = 0;

	/* A thread cancelled in here would leave the turn taken. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	c = enter(s, &signals, &is_busy);
	p = c != NULL ? step_nolock(s, c) : is_busy ? FSOCK__PENDING : FSOCK__DONE;
	if (c != NULL)
		leave(s, &signals);
	pthread_setcancelstate(cancel, NULL);
	return p;
}

/* Whether a list watches the descriptors under way. */
static int
is_driven(struct fsock *s)
{
	int is_driven;

	fsock__handle_lock(s);
	is_driven = s->watch.driver != NULL && fsock__handle_is_watched(s);
	fsock__handle_unlock(s);
	return is_driven;
}

/*
 * As fsock__pending_step(), once. Returns whether it is to be done again: a list has begun to
 * watch.
 */
static int
try_step(struct fsock *s, enum fsock__progress *p)
{
	struct fsock_waitlist *list = NULL;
	struct fsock__connecting *c;
	sigset_t signals;
	int again, is_busy = 0;

	if (fsock__handle_is_watched(s))
		list = s->watch.ops->pause(s);
	c = enter(s, &signals, list != NULL ? &is_busy : NULL);
	again = c != NULL && list == NULL && is_driven(s);
	if (!again)
		*p = c != NULL ? step_nolock(s, c) : is_busy ? FSOCK__PENDING : FSOCK__DONE;
	if (c != NULL)
		leave(s, &signals);
	if (list != NULL)
		s->watch.ops->resume(s, list);
	return again;
}

enum fsock__progress
fsock__pending_step(struct fsock *s)
{
	enum fsock__progress p = FSOCK__DONE;
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	while (try_step(s, &p))
		;
	pthread_setcancelstate(cancel, NULL);
	if (p != FSOCK__PENDING || atomic_exchange(&s->is_step_missed, 0))
		fsock__handle_note(s);
	return p;
}

size_t
fsock__pending_fds(struct fsock *s, struct pollfd *fds, int64_t *next, int may_wait)
{
	struct fsock__connecting *c;
	sigset_t signals;
	size_t count;
	int is_busy;

	c = enter(s, &signals, may_wait ? NULL : &is_busy);
	if (c == NULL)
		return 0;
	count = c->count;
	for (size_t i = 0; i < count; i++)
		fds[i] = c->fds[i];
	*next = c->next;
	leave(s, &signals);
	if (may_wait && atomic_exchange(&s->is_step_missed, 0))
		fsock__handle_note(s);
	return count;
}

/* What to poll, and that the thread does. Returns how many there are; 0 if it is connected. */
static size_t
fall_asleep(struct fsock *s, int direction, struct pollfd *fds, int64_t *next)
{
	struct fsock__turn *sleeper = &s->sleepers[direction == FSOCK_OUTPUT];
	struct fsock__connecting *c;
	sigset_t signals;
	size_t count;

	c = enter(s, &signals, NULL);
	if (c == NULL)
		return 0;
	count = fsock__connecting_fds(c, fds);
	*next = c->next;
	sleeper->owner = pthread_self();
	sleeper->process = fsock__process();
	leave(s, &signals);
	return count;
}

/* Who waits again is not to be woken by what was before. */
static void
wake_up(struct fsock *s, int direction)
{
	struct fsock__turn *sleeper = &s->sleepers[direction == FSOCK_OUTPUT];
	struct fsock__connecting *old = NULL;
	sigset_t all, signals;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &signals);
	fsock__turn_take(s, &s->step, FSOCK__NEVER);
	sleeper->process = 0;
	if (!is_slept_on(s)) {
		old = s->connected;
		s->connected = NULL;
		if (s->connecting != NULL)
			fsock__connecting_calm(s->connecting);
	}
	leave(s, &signals);
	fsock__connecting_free(old);
	if (atomic_exchange(&s->is_step_missed, 0))
		fsock__handle_note(s);
}

/* Sleeps until there may be something to do. Returns 0 or more, or -1 with errno. */
static int
await_step(struct fsock *s, int direction, int64_t deadline)
{
	struct pollfd fds[FSOCK__CONNECTING_FDS + 1];
	int64_t next = FSOCK__NEVER;
	size_t count = fall_asleep(s, direction, fds, &next);
	int r, error;

	if (count == 0)
		return 0;
	if (next < deadline)
		deadline = next;
	r = s->interrupt != NULL ? fsock__interrupt_poll(s, direction, fds, count, deadline)
				 : fsock__sys_poll(fds, count, deadline);
	error = errno;
	wake_up(s, direction);
	errno = error;
	return r;
}

int
fsock__pending_await(struct fsock *s, const char *operation, int direction, int64_t deadline)
{
	for (;;) {
		enum fsock__progress p = fsock__pending_step(s);
		int64_t limit = fsock__handle_deadline(s, direction); /* it may be changed */

		if (p == FSOCK__DONE)
			return 0;
		if (p == FSOCK__FAILED)
			return fsock__pending_error(s, operation);
		if (direction == FSOCK_OUTPUT && s->output.error != 0)
			return fsock__handle_error(s, operation, EPIPE);
		if (fsock__transfer_check(s, operation, direction) < 0)
			return -1;
		if (s->shut & direction & FSOCK_INPUT) /* the process ends */
			return fsock__handle_error(s, operation, ECANCELED);
		if (fsock__clock_left(deadline) == 0)
			return fsock__handle_error(
			    s, operation, deadline == 0 ? EAGAIN : ETIMEDOUT);
		if (await_step(s, direction, deadline < limit ? deadline : limit) < 0)
			return fsock__handle_error(s, operation, errno);
	}
}

int
fsock__pending_error(struct fsock *s, const char *operation)
{
	struct fsock__connecting *c;
	sigset_t signals;
	int is_told;

	c = enter(s, &signals, NULL);
	/* Output may have failed for another reason meanwhile. */
	is_told = c != NULL && c->progress == FSOCK__FAILED;
	if (is_told)
		fsock__connecting_fail(c);
	if (c != NULL)
		leave(s, &signals);
	return is_told ? -1 : fsock__failure_retell(s, operation, s->output.error);
}
