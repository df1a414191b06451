/*
 * kqueue(2) over epoll(7), for tests on Linux, as far as the library uses it: EVFILT_READ and
 * EVFILT_WRITE with EV_ADD and EV_DELETE, level-triggered. Where the systems differ, it is FreeBSD,
 * except that every kevent() is a point of cancellation, as on NetBSD. state.c says what a filter
 * finds; kqueue_test.c tests both.
 *
 * A queue is an epoll descriptor, which another loop can poll, with a table of what each number is
 * watched for. The lock is never held while something waits. As in a kernel, no signal and no
 * cancellation meets whoever holds it, so all may be called in signal handlers. What the program
 * puts in front of epoll_create1(2), epoll_ctl(2) and poll(2), to have them fail or to do something
 * meanwhile, meets the calls as if it were in front of them, without the lock.
 */
#define _GNU_SOURCE 1

#include <sys/epoll.h>
#include <sys/event.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "state.h"

enum { READ, WRITE, FILTERS, BATCH = 64 };

/* What a number is watched for. */
struct slot {
	struct filter {
		int is_set;
		void *udata;
	} filters[FILTERS];
	unsigned round; /* in which it was looked at last */
	int first;      /* the filter that is told first, if there is room for one only */
};

struct queue {
	struct queue *next;
	int fd;
	unsigned round;
	struct slot *slots;
	size_t count;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct queue *queues;
static sigset_t mask_of_forker;

static void
lock(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, before);
	pthread_mutex_lock(&mutex);
}

static void
unlock(const sigset_t *before)
{
	pthread_mutex_unlock(&mutex);
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

/* ---- A child of fork() inherits no queue. */

static void
before_fork(void)
{
	sigset_t before;

	lock(&before);
	mask_of_forker = before;
}

static void
in_parent(void)
{
	sigset_t before = mask_of_forker;

	unlock(&before);
}

static void
in_child(void)
{
	for (struct queue *q = queues; q != NULL; q = q->next)
		syscall(SYS_close, q->fd);
	queues = NULL;
	in_parent();
}

__attribute__((constructor)) static void
watch_forks(void)
{
	pthread_atfork(before_fork, in_parent, in_child);
}

/* ---- Closing a descriptor drops its filters, even if a duplicate of it is open. */

static int
control(const struct queue *q, int what, int fd, struct epoll_event *event)
{
	return (int)syscall(SYS_epoll_ctl, q->fd, what, fd, event);
}

static void
forget(struct queue *q, int fd)
{
	struct epoll_event event = { .events = 0 };

	if ((size_t)fd >= q->count)
		return;
	control(q, EPOLL_CTL_DEL, fd, &event);
	q->slots[fd] = (struct slot){ .first = READ };
}

static void
drop(int fd)
{
	int saved = errno;
	sigset_t before;

	if (fd < 0)
		return;
	lock(&before);
	for (struct queue **p = &queues; *p != NULL;) {
		struct queue *q = *p;

		forget(q, fd);
		if (q->fd != fd) {
			p = &q->next;
			continue;
		}
		*p = q->next;
		free(q->slots);
		free(q);
	}
	unlock(&before);
	errno = saved;
}

int __close(int fd);
int __dup2(int from, int to);

/* These stand in front of libc's. */
int
close(int fd)
{
	drop(fd);
	return __close(fd);
}

static int
is_open(int fd)
{
	return syscall(SYS_fcntl, fd, F_GETFD) >= 0;
}

int
dup2(int from, int to)
{
	if (from != to && is_open(from))
		drop(to);
	return __dup2(from, to);
}

/* ---- Changes. */

static struct queue *
find(int fd)
{
	struct queue *q = queues;

	while (q != NULL && q->fd != fd)
		q = q->next;
	return q;
}

/* The slot of a number, made if need be; NULL: no memory. */
static struct slot *
slot_of(struct queue *q, size_t fd)
{
	size_t count = fd < 64 ? 64 : 2 * fd;
	struct slot *slots;

	if (fd < q->count)
		return &q->slots[fd];
	slots = realloc(q->slots, count * sizeof *slots);
	if (slots == NULL)
		return NULL;
	while (q->count < count)
		slots[q->count++] = (struct slot){ .first = READ };
	q->slots = slots;
	return &slots[fd];
}

/* Tells epoll what a slot wants. Of a number that libc has closed itself, it knows no more. */
static int
tell_epoll(const struct queue *q, const struct slot *slot, int fd)
{
	struct epoll_event event = { .data.fd = fd };

	if (slot->filters[READ].is_set)
		event.events |= (uint32_t)EPOLLIN | EPOLLRDHUP;
	if (slot->filters[WRITE].is_set)
		event.events |= EPOLLOUT;
	if (event.events == 0)
		return control(q, EPOLL_CTL_DEL, fd, &event);
	if (control(q, EPOLL_CTL_MOD, fd, &event) == 0)
		return 0;
	return errno == ENOENT ? control(q, EPOLL_CTL_ADD, fd, &event) : -1;
}

/* What cannot be polled here has no filters there, such as /dev/null. */
static int
set(struct queue *q, struct slot *slot, const struct kevent *change, int which)
{
	struct filter *filter = &slot->filters[which], old = *filter;

	filter->is_set = (change->flags & EV_DELETE) == 0;
	filter->udata = change->udata;
	if (tell_epoll(q, slot, (int)change->ident) == 0)
		return 0;
	if (change->flags & EV_DELETE) /* which does not fail */
		return 0;
	*filter = old;
	return errno == EPERM ? ENODEV : errno;
}

/* One change. Returns 0 or an errno. */
static int
make_change(struct queue *q, const struct kevent *change)
{
	int which = change->filter == EVFILT_READ ? READ : WRITE;
	struct slot *slot;

	if (change->filter != EVFILT_READ && change->filter != EVFILT_WRITE)
		return EINVAL;
	if (change->ident > INT_MAX || !is_open((int)change->ident))
		return EBADF;
	if (change->flags & ~(EV_ADD | EV_DELETE) || change->fflags != 0)
		return EINVAL; /* not emulated */
	slot = slot_of(q, change->ident);
	if (slot == NULL)
		return ENOMEM;
	if (!(change->flags & EV_ADD) && !slot->filters[which].is_set)
		return ENOENT;
	return set(q, slot, change, which);
}

/* Makes the changes. Returns how many events have told of an error, or -1 if one had no room. */
static int
make_changes(
    struct queue *q, const struct kevent *changes, int count, struct kevent *events, int room)
{
	int told = 0;

	for (int i = 0; i < count; i++) {
		struct kevent change = changes[i]; /* both lists may be the same */
		int error = make_change(q, &change);

		if (error == 0)
			continue;
		if (told == room) {
			errno = error;
			return -1;
		}
		events[told] = change;
		events[told].flags = EV_ERROR;
		events[told++].data = error;
	}
	return told;
}

/* ---- Events. */

/* Tells of a slot as much as there is room for. Returns of how many filters. */
static int
tell(struct slot *slot, int fd, struct kevent *events, int room)
{
	int told = 0, first = slot->first;

	for (int i = 0; i < FILTERS && told < room; i++) {
		int which = (first + i) % FILTERS;
		struct kevent event = {
			.ident = (uintptr_t)fd,
			.filter = which == READ ? EVFILT_READ : EVFILT_WRITE,
			.udata = slot->filters[which].udata,
		};

		if (!slot->filters[which].is_set || !kqueue_state(fd, &event))
			continue;
		events[told++] = event;
		slot->first = (which + 1) % FILTERS;
	}
	return told;
}

/*
 * Tells of what is ready, without waiting. epoll moves what it has told of to the end of its queue,
 * so that it must not tell of more than there is room for.
 */
static int
collect(struct queue *q, struct kevent *events, int room)
{
	int told = 0, news = 1;

	q->round++;
	while (told < room && news > 0) {
		struct epoll_event found[BATCH];
		int most = (room - told + 1) / FILTERS;
		long n = syscall(SYS_epoll_pwait, q->fd, found, most < BATCH ? most : BATCH, 0,
		    NULL, (size_t)_NSIG / CHAR_BIT);

		news = 0;
		for (long i = 0; i < n; i++) {
			int fd = found[i].data.fd;
			struct slot *slot = &q->slots[fd];

			if (slot->round == q->round)
				continue;
			slot->round = q->round;
			news++;
			told += tell(slot, fd, events + told, room - told);
		}
	}
	return told;
}

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Milliseconds, rounded up, until `deadline`; -1 is for ever, and INT64_MAX never comes. */
static int
milliseconds(int64_t deadline)
{
	int64_t left = deadline == INT64_MAX ? INT64_MAX : deadline - now();

	if (deadline == INT64_MAX)
		return -1;
	if (left <= 0)
		return 0;
	return left / 1000000 >= INT_MAX ? INT_MAX : (int)((left + 999999) / 1000000);
}

/* When a wait ends. FreeBSD waits for ever where the seconds need more than 32 bits. */
static int64_t
deadline_of(const struct timespec *timeout)
{
	if (timeout == NULL || timeout->tv_sec > INT32_MAX)
		return INT64_MAX;
	return now() + (int64_t)timeout->tv_sec * 1000000000 + timeout->tv_nsec;
}

/* Waits until there is something to tell. What is ready for epoll alone must not keep it busy. */
static int
await(int fd, struct kevent *events, int room, const struct timespec *timeout)
{
	int64_t deadline = deadline_of(timeout);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (;;) {
		struct queue *q;
		sigset_t before;
		int n = 0, left;

		lock(&before);
		q = find(fd);
		if (q != NULL)
			n = collect(q, events, room);
		unlock(&before);
		left = milliseconds(deadline);
		if (q == NULL)
			errno = EBADF;
		if (q == NULL || n > 0 || left == 0)
			return q == NULL ? -1 : n;
		if (p.revents != 0)
			poll(NULL, 0, 1);
		if (poll(&p, 1, left) < 0)
			return -1;
	}
}

static int
is_timespec(const struct timespec *t)
{
	return t->tv_sec >= 0 && t->tv_nsec >= 0 && t->tv_nsec < 1000000000;
}

/* ---- The calls. */

int
kqueuex(unsigned flags)
{
	struct queue *q = calloc(1, sizeof *q);
	sigset_t before;

	if (q == NULL)
		return -1;
	q->fd = epoll_create1(flags & KQUEUE_CLOEXEC ? EPOLL_CLOEXEC : 0);
	if (q->fd < 0) {
		free(q);
		return -1;
	}
	lock(&before);
	q->next = queues;
	queues = q;
	unlock(&before);
	return q->fd;
}

int
kqueue(void)
{
	return kqueuex(0);
}

/*
 * A call for nothing of what the program may have put in front of epoll_ctl(2). Returns 0, or -1
 * with its errno.
 */
static int
meet_stand_in(void)
{
	struct epoll_event event = { .events = 0 };

	return epoll_ctl(-1, EPOLL_CTL_MOD, -1, &event) < 0 && errno != EBADF ? -1 : 0;
}

int
kevent(int fd, const struct kevent *changes, int change_count, struct kevent *events,
    int event_count, const struct timespec *timeout)
{
	int saved = errno, told = -1;
	struct queue *q;
	sigset_t before;

	pthread_testcancel();
	if (timeout != NULL && !is_timespec(timeout)) {
		errno = EINVAL;
		return -1;
	}
	if (change_count > 0 && meet_stand_in() < 0)
		return -1;
	lock(&before);
	q = find(fd);
	if (q == NULL)
		errno = EBADF;
	else
		told = make_changes(q, changes, change_count, events, event_count);
	unlock(&before);
	if (told == 0 && event_count > 0)
		told = await(fd, events, event_count, timeout);
	if (told >= 0)
		errno = saved;
	return told;
}
