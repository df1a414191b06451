#include "../base/compat.h"

#include <sched.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/sys.h"
#include "wait.h"

static int
fail(int errnum)
{
	return fsock__error_set("wait list", NULL, FSOCK__NO_PORT, errnum);
}

/* Whether a call names both. Returns 0 or -1. */
static int
check(const fsock_waitlist *list, const fsock *s)
{
	if (list == NULL)
		return fail(EINVAL);
	if (s == NULL)
		return fsock__error_set_kind(
		    "wait list", NULL, FSOCK__NO_PORT, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	return 0;
}

/* The pipe: its reading end is a member like any other. Returns 0 or -1. */
static int
open_pipe(struct fsock_waitlist *list)
{
	struct fsock__member *m = &list->pipe_member;

	if (fsock__sys_pipe(list->pipe) < 0)
		return -1;
	m->list = list;
	m->fd = list->pipe[0];
	m->interest = FSOCK_INPUT;
	if (fsock__wait_set(m, FSOCK_INPUT) == 0)
		return 0;
	fsock__sys_close(list->pipe[0]);
	fsock__sys_close(list->pipe[1]);
	return -1;
}

struct fsock_waitlist *
fsock__waitlist_new(const struct fsock__wait_ops *ops)
{
	struct fsock_waitlist *list = calloc(1, sizeof *list);
	int saved = errno;

	if (list == NULL)
		goto err0;
	pthread_mutex_init(&list->lock, NULL);
	fsock__ring_init(&list->members);
	fsock__ring_init(&list->ready);
	fsock__ring_init(&list->suspects);
	fsock__ring_init(&list->done);
	list->cursor = &list->ready;
	list->ops = ops;
	fsock__process_watch();
	list->poller.process = fsock__process();
	if (ops->open(&list->poller) < 0)
		goto err1;
	if (open_pipe(list) < 0)
		goto err2;
	errno = saved;
	return list;

err2:
	saved = errno;
	ops->close(&list->poller);
	errno = saved;
err1:
	saved = errno;
	pthread_mutex_destroy(&list->lock);
	free(list);
	errno = saved;
err0:
	fail(errno);
	return NULL;
}

/* see fsock/wait.h */
fsock_waitlist *
fsock_waitlist_new(void)
{
	return fsock__waitlist_new(fsock__wait_backends[0]);
}

/*
 * Takes the first member out; hidden ones, the last in the row, only if `all`. The locks are taken
 * the wrong way round, so that of the socket can only be tried. Returns 0 when there is no such
 * member left.
 */
static int
remove_first(fsock_waitlist *list, int all)
{
	struct fsock__member *m = NULL;
	int more, busy = 0;

	pthread_mutex_lock(&list->lock);
	if (fsock__ring_is_linked(&list->members))
		m = fsock__ring_owner(list->members.next, struct fsock__member, in_members);
	more = m != NULL && (all || !m->is_hidden);
	if (more && m->is_closing) {
		m->is_overdue = 1;
		fsock__wait_closing_check(m);
		fsock__wait_closing_finish(list);
		busy = list->closed == NULL;
	} else if (more && pthread_mutex_trylock(&m->socket->lock) == 0) {
		struct fsock *s = m->socket;

		fsock__wait_part(m);
		pthread_mutex_unlock(&s->lock);
	} else if (more) {
		busy = 1;
	}
	fsock__wait_closing_unlock(list);
	if (busy)
		sched_yield();
	return more;
}

/* see fsock/wait.h */
void
fsock_waitlist_remove_all(fsock_waitlist *list)
{
	if (list != NULL)
		while (remove_first(list, 0))
			;
}

/* see fsock/wait.h */
void
fsock_waitlist_free(fsock_waitlist *list)
{
	int saved = errno;

	if (list == NULL)
		return;
	while (remove_first(list, 1))
		;
	fsock__wait_bury(list);
	free(list->timers);
	list->ops->close(&list->poller);
	fsock__sys_close(list->pipe[0]);
	fsock__sys_close(list->pipe[1]);
	pthread_mutex_destroy(&list->lock);
	free(list);
	errno = saved;
}

/* Makes a member what it is to be. Needs both locks. Returns 0 or -1, with errno. */
static int
set_member(struct fsock__member *m, int interest, void *user)
{
	if (fsock__wait_set(m, interest) < 0)
		return -1;
	m->interest = interest;
	m->user = user;
	fsock__wait_timer_set(m);
	fsock__wait_suspect(m); /* it may hold input already */
	fsock__waitlist_nudge(m->list);
	return 0;
}

/* Adds or changes; needs the socket's lock. Returns 0 or an errno. */
static int
enter(fsock_waitlist *list, fsock *s, int interest, void *user, int may_add)
{
	struct fsock__member *m = fsock__wait_find(list, s);
	int is_new = m == NULL, error = 0;

	if (!fsock__waitlist_is_ours(list))
		return EPERM;
	if ((s->fd < 0 && s->connecting == NULL) || s->closing)
		return EBADF;
	if (is_new && !may_add)
		return ENOENT;
	pthread_mutex_lock(&list->lock);
	if (is_new)
		m = fsock__wait_join(list, s);
	if (m == NULL) {
		error = ENOMEM;
	} else if (set_member(m, interest, user) < 0) {
		error = errno;
		if (is_new)
			fsock__wait_part(m);
	}
	pthread_mutex_unlock(&list->lock);
	return error;
}

static int
add_or_change(fsock_waitlist *list, fsock *s, int interest, void *user, int may_add)
{
	int error, saved = errno;

	if (check(list, s) < 0)
		return -1;
	if (interest < 0 || interest > FSOCK_IO)
		return fail(EINVAL);
	pthread_mutex_lock(&s->lock);
	error = enter(list, s, interest, user, may_add);
	pthread_mutex_unlock(&s->lock);
	if (error != 0)
		return fsock__socket_error(s, "wait list", error);
	errno = saved;
	return 0;
}

/* see fsock/wait.h */
int
fsock_waitlist_add(fsock_waitlist *list, fsock *s, int interest, void *user)
{
	return add_or_change(list, s, interest, user, 1);
}

/* see fsock/wait.h */
int
fsock_waitlist_change(fsock_waitlist *list, fsock *s, int interest, void *user)
{
	return add_or_change(list, s, interest, user, 0);
}

/* The member that a socket is in a list, if the program knows of it; else NULL. Needs its lock. */
static struct fsock__member *
find_visible(fsock_waitlist *list, fsock *s)
{
	struct fsock__member *m = fsock__wait_find(list, s);

	return m == NULL || m->is_hidden ? NULL : m;
}

/* see fsock/wait.h */
int
fsock_waitlist_remove(fsock_waitlist *list, fsock *s)
{
	struct fsock__member *m;

	if (check(list, s) < 0)
		return -1;
	pthread_mutex_lock(&s->lock);
	m = find_visible(list, s);
	if (m != NULL) {
		pthread_mutex_lock(&list->lock);
		fsock__wait_part(m);
		pthread_mutex_unlock(&list->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return 0;
}

/* see fsock/wait.h */
int
fsock_waitlist_set_timeout(fsock_waitlist *list, fsock *s, double seconds)
{
	struct fsock__member *m;
	int64_t span;

	if (check(list, s) < 0)
		return -1;
	if (fsock__clock_span(seconds, &span) < 0)
		return fail(EINVAL);
	pthread_mutex_lock(&s->lock);
	m = find_visible(list, s);
	if (m != NULL) {
		pthread_mutex_lock(&list->lock);
		m->timeout = fsock__clock_after(span);
		fsock__wait_timer_set(m);
		fsock__waitlist_nudge(list);
		pthread_mutex_unlock(&list->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return m == NULL ? fsock__socket_error(s, "wait list", ENOENT) : 0;
}

/* Reads a count of the list's. */
static size_t
get(fsock_waitlist *list, const size_t *count)
{
	size_t n;

	pthread_mutex_lock(&list->lock);
	n = *count;
	pthread_mutex_unlock(&list->lock);
	return n;
}

/* see fsock/wait.h */
size_t
fsock_waitlist_count(fsock_waitlist *list)
{
	return list == NULL ? 0 : get(list, &list->member_count);
}

/* see fsock/wait.h */
size_t
fsock_waitlist_closing(fsock_waitlist *list)
{
	return list == NULL ? 0 : get(list, &list->closing_count);
}
