#include "../base/compat.h"
#include "look.h"

#include "../base/clock.h"
#include "../sock/failure.h"
#include "../sock/layers.h"
#include "../sock/socket.h"
#include "closing.h"
#include "connecting.h"
#include "held.h"
#include "layered.h"
#include "member.h"
#include "timer.h"
#include "watched.h"

/* Receives what there is. Returns whether a read would find what it needs. */
static int
fetch(struct fsock *s, int state)
{
	int r = s->stream_ops->fetch(s);

	if (!r && (state & FSOCK_HANGUP)) /* the end is behind what has come of a record */
		r = s->stream_ops->fetch(s);
	return r;
}

/*
 * The same for a member, where a function of the program's may measure what was received: the
 * list's lock is given up. Members that go meanwhile are kept, as while the system is asked.
 */
static int
fetch_unlocked(struct fsock__member *m, int state)
{
	struct fsock_waitlist *list = m->list;
	struct fsock *s = m->socket;
	int r;

	fsock__handle_visit(s);
	list->waiting = FSOCK__ASKER;
	fsock__waitlist_unlock(list);
	r = fetch(s, state);
	fsock__socket_leave(s);
	fsock__waitlist_lock(list);
	list->waiting = FSOCK__NOBODY;
	return r;
}

int
fsock__look_is_readable(struct fsock *s, int state, struct fsock__member *m)
{
	int r;

	if (s->delivers == FSOCK__DELIVERS_OCTETS || s->stream == NULL)
		return 1;
	if (m != NULL && s->delivers == FSOCK__DELIVERS_MEASURED)
		r = fetch_unlocked(m, state);
	else
		r = fetch(s, state);
	if (r && (m == NULL || m->socket != NULL))
		fsock__handle_note(s);
	return r;
}

static int
has_passed(int64_t deadline)
{
	return deadline != FSOCK__NEVER && fsock__clock_left(deadline) == 0;
}

/* What of a member's interest would only meet a deadline that has passed. */
static int
find_late(const struct fsock__member *m)
{
	struct fsock *s = m->socket;
	int late = 0;

	if (has_passed(s->limits.read_deadline))
		late |= FSOCK_INPUT;
	if (has_passed(s->limits.write_deadline)) {
		late |= FSOCK_OUTPUT;
		if (s->output.queued > 0 && s->stream != NULL)
			s->stream_ops->drain(s); /* output that is late has failed */
	}
	return late & m->interest;
}

/*
 * Sends what is held back, or finds that there is input, and it may stay where it is. Where there
 * are layers that was done without the list's lock; if the input has gone since, it is due again.
 * Returns whether there is input that the member is waited for.
 */
static int
send_held(struct fsock__member *m)
{
	struct fsock *s = m->socket;
	int has_input;

	if (!fsock__layers_are_on(s))
		return fsock__held_send(s, m->interest);
	has_input = (m->interest & FSOCK_INPUT) && fsock__held_has_input(s);
	if (!has_input && s->output.is_held && s->output.is_left)
		fsock__handle_note(s);
	return has_input;
}

/* What the streams of a member hold. */
static int
look_inside(struct fsock__member *m, int has_input)
{
	int state = fsock__layers_are_on(m->socket) ? fsock__layered_state(m) : 0;

	if (fsock__handle_is_always_ready(m->socket))
		return m->interest;
	if (!(m->interest & FSOCK_INPUT) || m->socket->output.congested)
		return state;
	return state | (has_input ? FSOCK_INPUT : 0);
}

int
fsock__look(struct fsock__member *m)
{
	struct fsock *s = m->socket;
	int saved = errno, late = find_late(m), r = fsock__connecting_drive(m);
	int has_input = send_held(m);

	if (m->is_hidden) /* first: who lingers from now on is watched for input */
		fsock__closing_check(m);
	m->rest = fsock__handle_rest(s);
	if (!m->is_pending && fsock__watched_watch(m, m->interest) < 0)
		r = -1;
	errno = saved;
	fsock__timer_set(m);
	if (m->is_hidden)
		return r;
	if ((m->own.fd < 0 && !m->is_pending) || m->error != 0)
		return FSOCK_FAILED;
	if (s->output.error != 0 && (s->nonblocking || s->settings.batched || m->is_pending))
		return FSOCK_FAILED;
	if (fsock__failure_is_early(s))
		return FSOCK_FAILED | (m->interest & FSOCK_INPUT);
	if (late != 0)
		return late;
	return r == 0 && !m->is_pending ? look_inside(m, has_input) : r;
}
