/* Waiting by kqueue(2): the BSDs and macOS. A member has a filter for each direction. */
#include "../base/compat.h"
#include "backend.h"

#if defined(FSOCK__HAVE_KQUEUE)

#include <sys/event.h>
#include <sys/time.h>

#include <fcntl.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/process.h"
#include "../base/sys.h"

static int
kqueue_open(struct fsock__poller *p)
{
	p->fd = kqueue();
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

static int
kqueue_set(struct fsock__poller *p, struct fsock__watched *m, int interest)
{
	static const struct {
		int side;
		short filter;
	} filters[] = { { FSOCK_INPUT, EVFILT_READ }, { FSOCK_OUTPUT, EVFILT_WRITE } };
	struct kevent changes[2];
	int n = 0;

	for (int i = 0; i < 2; i++) {
		int side = filters[i].side;

		if (((m->known ^ interest) & side) == 0)
			continue;
		EV_SET(&changes[n], (uintptr_t)m->fd, filters[i].filter,
		    interest & side ? EV_ADD : EV_DELETE, 0, 0, (void *)m);
		n++;
	}
	return kevent(p->fd, changes, n, NULL, 0, NULL);
}

static int
kqueue_prepare(struct fsock__poller *p)
{
	(void)p;
	return 0;
}

/* At its end a filter's direction is ready; fflags has the socket's error then. */
static int
state_of(const struct kevent *event)
{
	int state = event->filter == EVFILT_READ ? FSOCK_INPUT : FSOCK_OUTPUT;

	if (event->flags & EV_EOF)
		state |= FSOCK_HANGUP | (event->fflags != 0 ? FSOCK_FAILED : 0);
	if (event->flags & EV_ERROR)
		state |= FSOCK_FAILED;
	return state;
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
	.open = kqueue_open,
	.close = kqueue_close,
	.set = kqueue_set,
	.prepare = kqueue_prepare,
	.wait = kqueue_await,
};

#else
typedef int fsock__wait_kqueue_unused;
#endif
