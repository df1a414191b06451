#include "../base/compat.h"
#include "watched.h"

#include "../base/clock.h"
#include "../sock/layers.h"

int
fsock__watched_wanted(const struct fsock__member *m, int interest)
{
	const struct fsock *s = m->socket;

	if (s != NULL && m->is_lingering) /* for what comes, whatever the layers wanted last */
		return FSOCK_INPUT;
	if (m->rest != FSOCK__NEVER)
		return interest & ~FSOCK_INPUT;
	if (s == NULL)
		return interest;
	if (!fsock__handle_is_polled(s))
		return 0;
	if (s->output.queued > 0 && !s->output.is_held) /* which is no matter of room */
		interest =
		    (s->output.congested ? interest & ~FSOCK_INPUT : interest) | FSOCK_OUTPUT;
	return fsock__layers_wanted(s, interest);
}

/* Tells the backend what to wait for, if that is news. */
static int
tell_backend(struct fsock_waitlist *list, struct fsock__watched *w, int wanted)
{
	if (w->fd < 0 || w->known == wanted)
		return 0;
	if (list->ops->set(&list->poller, w, wanted) < 0)
		return -1;
	w->known = wanted;
	return 0;
}

int
fsock__watched_watch(struct fsock__member *m, int interest)
{
	int r = tell_backend(m->list, &m->own, fsock__watched_wanted(m, interest));

	if (r < 0 && errno == EPERM && m->socket->role == FSOCK__FOREIGN) {
		m->socket->is_always_ready = 1; /* of /dev/null, say */
		r = 0;
	}
	m->error = r < 0 ? errno : 0;
	return r;
}

/* It does not matter if somebody has closed the descriptor already: the system has forgotten it. */
void
fsock__watched_drop_fd(struct fsock__member *m)
{
	int saved = errno;

	fsock__watched_stop_driving(m);
	tell_backend(m->list, &m->own, 0);
	m->own.known = 0;
	fsock__handle_lock(m->socket);
	m->is_pending = 0;
	m->own.fd = -1;
	fsock__handle_unlock(m->socket);
	errno = saved;
}

void
fsock__watched_unwatch(struct fsock__member *m)
{
	int saved = errno;

	for (size_t i = 0; m->watches != NULL && i < FSOCK__WATCHES; i++) {
		tell_backend(m->list, &m->watches[i], 0);
		m->watches[i].known = 0;
		m->watches[i].fd = -1;
	}
	errno = saved;
}

int
fsock__watched_drives(const struct fsock__member *m)
{
	int drives;

	fsock__handle_lock(m->socket);
	drives = m->socket->watch.driver == m;
	fsock__handle_unlock(m->socket);
	return drives;
}

void
fsock__watched_stop_driving(struct fsock__member *m)
{
	struct fsock *s = m->socket;
	int drove;

	fsock__handle_lock(s);
	drove = s->watch.driver == m;
	if (drove)
		s->watch.driver = NULL;
	fsock__handle_unlock(s);
	if (!drove)
		return;
	fsock__watched_unwatch(m);
	fsock__ring_remove(&m->in_driving);
	m->step = FSOCK__NEVER;
}
