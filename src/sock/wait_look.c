/* What only the library knows of a socket's readiness: what its streams hold. */
#include "../compat.h"
#include "wait.h"

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
fsock__wait_is_readable(struct fsock *s, const struct fsock_waitlist *ours)
{
	int r = 1;

	if (s->settings.delivery != FSOCK_DELIVER_WHOLE_LINE)
		return 1;
	/* Who has the lock is soon done: the kernel will call the socket readable again. */
	if (pthread_mutex_trylock(&s->lock) != 0)
		return 0;
	if (s->stream != NULL) {
		r = s->stream_ops->fetch(s);
		if (r)
			fsock__wait_tell_others(s, ours);
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}
