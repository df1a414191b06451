#include "../base/compat.h"
#include "list.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "closing.h"
#include "connecting.h"
#include "member.h"
#include "timer.h"
#include "watch.h"
#include "watched.h"

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

/* The wake-up is watched like any socket. Returns 0 or -1. */
static int
open_wake(struct fsock_waitlist *list)
{
	struct fsock__watched *w = &list->wake_watched;

	if (fsock__wake_open(&list->wake) < 0)
		return -1;
	w->fd = list->wake.fd;
	if (list->ops->set(&list->poller, w, FSOCK_INPUT) == 0) {
		w->known = FSOCK_INPUT;
		return 0;
	}
	fsock__wake_close(&list->wake);
	return -1;
}

struct fsock_waitlist *
fsock__waitlist_new(const struct fsock__wait_ops *ops)
{
	struct fsock_waitlist *list = calloc(1, sizeof *list);
	int saved = errno;

	if (list == NULL)
		goto err0;
	fsock__lock_init(&list->lock);
	list->references = 1;
	fsock__ring_init(&list->members);
	fsock__ring_init(&list->ready);
	fsock__ring_init(&list->suspects);
	fsock__ring_init(&list->driving);
	fsock__ring_init(&list->layered);
	fsock__ring_init(&list->done);
	list->cursor = &list->ready;
	list->ops = ops;
	fsock__process_watch();
	list->poller.process = fsock__process();
	if (ops->open(&list->poller) < 0)
		goto err1;
	if (open_wake(list) < 0)
		goto err2;
	errno = saved;
	return list;

err2:
	saved = errno;
	ops->close(&list->poller);
	errno = saved;
err1:
	saved = errno;
	fsock__lock_destroy(&list->lock);
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

/* Takes the first member out; hidden ones, the last in the row, only if `all`. Returns whether. */
static int
remove_first(fsock_waitlist *list, int all)
{
	struct fsock__member *m = NULL;
	int more;

	fsock__waitlist_lock(list);
	if (fsock__ring_is_linked(&list->members))
		m = fsock__ring_owner(list->members.next, struct fsock__member, in_members);
	more = m != NULL && (all || !m->is_hidden);
	if (more && m->is_closing && fsock__closing_is_last(m)) {
		m->is_overdue = 1;
		fsock__closing_check(m);
		fsock__closing_collect(list);
	} else if (more) {
		fsock__member_part(m);
	}
	fsock__closing_unlock(list);
	return more;
}

/* see fsock/wait.h */
void
fsock_waitlist_remove_all(fsock_waitlist *list)
{
	if (list != NULL && fsock__waitlist_is_ours(list))
		while (remove_first(list, 0))
			;
}

/*
 * In a child of fork() a thread that is not there may have been at work on the list: only what the
 * system keeps is given back.
 */
static void
free_copy(fsock_waitlist *list)
{
	list->ops->close(&list->poller);
	fsock__wake_close(&list->wake);
}

/* see fsock/wait.h */
void
fsock_waitlist_free(fsock_waitlist *list)
{
	int saved = errno;

	if (list == NULL)
		return;
	if (!fsock__waitlist_is_ours(list)) {
		free_copy(list);
	} else {
		while (remove_first(list, 1))
			;
		fsock__member_forget_jump(list);
		fsock__member_unref_list(list);
	}
	errno = saved;
}

/* Makes a member what it is to be. Returns 0, or -1 with errno. */
static int
set_member(struct fsock__member *m, int interest, void *user)
{
	if (fsock__watched_watch(m, interest) < 0)
		return -1;
	m->interest = interest;
	m->user = user;
	fsock__timer_set(m);
	fsock__member_suspect(m); /* it may hold input already */
	fsock__member_nudge(m->list);
	return 0;
}

/* The member that a socket is in the list, if the program knows of it; else NULL. */
static struct fsock__member *
find_visible(fsock_waitlist *list, fsock *s)
{
	struct fsock__member *m = fsock__member_find(list, s);

	return m == NULL || m->is_hidden ? NULL : m;
}

/* Adds or changes; needs the list's lock. Returns 0 or an errno. */
static int
enter(fsock_waitlist *list, fsock *s, int interest, void *user, int may_add)
{
	struct fsock__member *m = find_visible(list, s);
	int is_new = m == NULL, error = 0;

	if ((s->fd < 0 && s->connecting == NULL) || s->watch.closing != FSOCK__NOT_CLOSING)
		return EBADF;
	if (is_new && !may_add)
		return ENOENT;
	if (is_new)
		error = fsock__member_join(list, s, &fsock__watch_ops, &m);
	if (error == 0 && set_member(m, interest, user) < 0) {
		error = errno;
		if (is_new)
			fsock__member_part(m);
	}
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
	if (!fsock__waitlist_is_ours(list))
		return fsock__handle_error(s, "wait list", EPERM);
	fsock__waitlist_lock(list);
	error = enter(list, s, interest, user, may_add);
	fsock__waitlist_unlock(list);
	if (error == 0 && s->connecting != NULL)
		fsock__connecting_share(s);
	if (error != 0)
		return fsock__handle_error(s, "wait list", error);
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

/* see fsock/wait.h */
int
fsock_waitlist_remove(fsock_waitlist *list, fsock *s)
{
	struct fsock__member *m;

	if (check(list, s) < 0)
		return -1;
	if (!fsock__waitlist_is_ours(list))
		return 0;
	fsock__waitlist_lock(list);
	m = find_visible(list, s);
	if (m != NULL)
		fsock__member_part(m);
	fsock__waitlist_unlock(list);
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
	if (!fsock__waitlist_is_ours(list))
		return fsock__handle_error(s, "wait list", EPERM);
	fsock__waitlist_lock(list);
	m = find_visible(list, s);
	if (m != NULL) {
		m->timeout = fsock__clock_after(span);
		fsock__timer_set(m);
		fsock__member_nudge(list);
	}
	fsock__waitlist_unlock(list);
	return m == NULL ? fsock__handle_error(s, "wait list", ENOENT) : 0;
}

/* see fsock/wait.h */
int
fsock_waitlist_descriptor(const fsock_waitlist *list)
{
	if (list == NULL)
		return fail(EINVAL);
	if (!fsock__waitlist_is_ours(list))
		return fail(EPERM);
	return list->poller.fd >= 0 ? list->poller.fd : fail(EOPNOTSUPP);
}

/* Reads a count of the list's. */
static size_t
get(fsock_waitlist *list, const size_t *count)
{
	size_t n;

	if (!fsock__waitlist_is_ours(list))
		return 0;
	fsock__waitlist_lock(list);
	n = *count;
	fsock__waitlist_unlock(list);
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
