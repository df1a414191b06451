/* Waiting by kqueue(2): the BSDs and macOS. A member has a filter for each direction. */
#include "../base/compat.h"
#include "backend.h"

#if defined(FSOCK__HAVE_KQUEUE)

#include <sys/event.h>
#include <sys/time.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>

#include "../base/clock.h"
#include "../base/process.h"
#include "../base/sys.h"

/*
 * A queue that is close-on-exec from birth, where the calls can do it: another thread may start a
 * program at any time. Elsewhere fcntl() follows.
 */
#if defined(KQUEUE_CLOEXEC)
#define make_queue() kqueuex(KQUEUE_CLOEXEC)
#elif defined(__NetBSD__)
#define make_queue() kqueue1(O_CLOEXEC)
#else
#define make_queue() kqueue()
#endif

static int
kqueue_open(struct fsock__poller *p)
{
	p->fd = make_queue();
	if (p->fd < 0)
		return -1;
	fcntl(p->fd, F_SETFD, FD_CLOEXEC);
	return 0;
}

/* A child of fork() has not inherited the queue: its number is somebody else's. */
static void
kqueue_close(struct fsock__poller *p)
{
	if (p->process == fsock__process())
		fsock__sys_close(p->fd);
}

/* One change. On some systems kevent() is a point of cancellation even if it cannot wait. */
static int
change(const struct fsock__poller *p, struct fsock__watched *w, int side, int what)
{
	struct kevent event = {
		.ident = (uintptr_t)w->fd,
		.filter = side == FSOCK_INPUT ? EVFILT_READ : EVFILT_WRITE,
		.flags = (unsigned short)what,
	};
	int cancel, r;

	event.udata = (__typeof__(event.udata))w; /* before NetBSD 10 it is no pointer */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = kevent(p->fd, &event, 1, NULL, 0, NULL);
	pthread_setcancelstate(cancel, NULL);
	return r;
}

/* A device without filters, which never waits, has two names. */
static int
as_epoll_says(int errnum)
{
	return errnum == ENODEV || errnum == EOPNOTSUPP ? EPERM : errnum;
}

/*
 * Deletes the filters of some sides. A filter that is not there any more is as good as deleted: the
 * system drops those of a descriptor that somebody has closed.
 */
static void
forget(const struct fsock__poller *p, struct fsock__watched *w, int sides)
{
	int saved = errno;

	for (int side = FSOCK_INPUT; side <= FSOCK_OUTPUT; side <<= 1)
		if (sides & side)
			change(p, w, side, EV_DELETE);
	errno = saved;
}

/* Filters are added first: if one cannot be, all is left as it was. */
static int
kqueue_set(struct fsock__poller *p, struct fsock__watched *w, int interest)
{
	int missing = interest & ~w->known, added = 0;

	for (int side = FSOCK_INPUT; side <= FSOCK_OUTPUT; side <<= 1) {
		if (!(missing & side))
			continue;
		if (change(p, w, side, EV_ADD) < 0) {
			forget(p, w, added);
			errno = as_epoll_says(errno);
			return -1;
		}
		added |= side;
	}
	forget(p, w, w->known & ~interest);
	return 0;
}

static int
kqueue_prepare(struct fsock__poller *p)
{
	(void)p;
	return 0;
}

/*
 * What else holds at the end of output, which is also the end of one's own: only poll(2) tells the
 * one from a hang-up. If the number has been closed meanwhile, nobody looks at what was found.
 */
static int
end_of_output(const struct kevent *event)
{
	struct pollfd p = { .fd = (int)event->ident };

	if (fsock__sys_poll(&p, 1, 0) <= 0)
		return 0;
	return (p.revents & POLLHUP ? FSOCK_HANGUP : 0) | (p.revents & POLLERR ? FSOCK_FAILED : 0);
}

/* At its end a filter's direction is ready, and fflags has the socket's error. */
static int
state_of(const struct kevent *event)
{
	int side = event->filter == EVFILT_READ ? FSOCK_INPUT : FSOCK_OUTPUT;

	if (!(event->flags & EV_EOF))
		return side;
	if (event->fflags != 0)
		return side | FSOCK_HANGUP | FSOCK_FAILED;
	return side | (side == FSOCK_INPUT ? FSOCK_HANGUP : end_of_output(event));
}

/* 292 years do not fit in every system's time_t, nor in what a kernel counts in. */
static struct timespec
span_of(int64_t left)
{
	const int64_t most = 1000000;
	struct timespec span = { .tv_sec = (time_t)most };

	if (left / 1000000000 < most) {
		span.tv_sec = (time_t)(left / 1000000000);
		span.tv_nsec = (long)(left % 1000000000);
	}
	return span;
}

static int
kqueue_await(struct fsock__poller *p, int64_t left)
{
	struct kevent events[FSOCK__FOUND_MAX];
	struct timespec span = span_of(left);
	int n =
	    kevent(p->fd, NULL, 0, events, FSOCK__FOUND_MAX, left == FSOCK__NEVER ? NULL : &span);

	for (int i = 0; i < n; i++) {
		p->found[i].watched = (void *)events[i].udata;
		p->found[i].state = state_of(&events[i]);
	}
	return n;
}

const struct fsock__wait_ops fsock__wait_kqueue = {
	.name = "kqueue",
	.hides_errors = 1,
	.open = kqueue_open,
	.close = kqueue_close,
	.set = kqueue_set,
	.prepare = kqueue_prepare,
	.wait = kqueue_await,
};

#else
typedef int fsock__wait_kqueue_unused;
#endif
