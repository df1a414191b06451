/* What only the library knows of a socket's readiness: what its streams hold. */
#include "../base/compat.h"
#include "wait.h"

#include "../base/clock.h"

ssize_t
fsock__wait_buffered(struct fsock *s)
{
	ssize_t n;

	/* A list's lock may be held, which others take when they have the socket's: no waiting. */
	if (pthread_mutex_trylock(&s->lock) != 0)
		return -1;
	n = s->stream == NULL ? 0 : s->stream_ops->buffered(s);
	pthread_mutex_unlock(&s->lock);
	return n;
}

void
fsock__wait_tell_others(struct fsock *s, const struct fsock_waitlist *ours)
{
	for (struct fsock__member *m = s->waits; m != NULL; m = m->next) {
		struct fsock_waitlist *list = m->list;

		if (list == ours) {
			fsock__wait_suspect(m);
		} else if (pthread_mutex_trylock(&list->lock) == 0) {
			fsock__wait_suspect(m);
			fsock__waitlist_nudge(list);
			pthread_mutex_unlock(&list->lock);
		} else {
			list->suspect_all = 1;
			fsock__waitlist_signal(list);
		}
	}
}

int
fsock__wait_is_readable(struct fsock *s, int state, const struct fsock_waitlist *ours)
{
	int r = 1;

	if (s->settings.delivery != FSOCK_DELIVER_WHOLE_LINE)
		return 1;
	/* Who has the lock is soon done: the kernel will call the socket readable again. */
	if (pthread_mutex_trylock(&s->lock) != 0)
		return 0;
	if (s->stream != NULL) {
		r = s->stream_ops->fetch(s);
		if (!r && (state & FSOCK_HANGUP)) /* the end is behind what has come of a line */
			r = s->stream_ops->fetch(s);
		if (r)
			fsock__wait_tell_others(s, ours);
	}
	pthread_mutex_unlock(&s->lock);
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

	if (has_passed(s->read_deadline))
		late |= FSOCK_INPUT;
	if (has_passed(s->write_deadline)) {
		late |= FSOCK_OUTPUT;
		if (s->queued > 0)
			s->stream_ops->drain(s); /* output that is late has failed */
	}
	return late & m->interest;
}

int
fsock__wait_look(struct fsock__member *m)
{
	const struct fsock *s = m->socket;
	int saved = errno, late = find_late(m), r = fsock__wait_connecting_step(m);

	if (r == 0)
		r = fsock__wait_set(m, m->interest);
	errno = saved;
	fsock__wait_timer_set(m);
	if (m->is_hidden) {
		fsock__wait_closing_check(m);
		return r;
	}
	if (m->fd < 0 && !m->is_pending)
		return FSOCK_FAILED;
	if (s->write_error != 0 && (s->nonblocking || m->is_pending))
		return FSOCK_FAILED;
	if (late != 0)
		return late;
	if (m->is_pending)
		return r;
	if (r == 0 && (m->interest & FSOCK_INPUT) && !s->congested) {
		ssize_t n = fsock__wait_buffered(m->socket);

		return n > 0 ? FSOCK_INPUT : n < 0 ? -1 : 0;
	}
	return r;
}
