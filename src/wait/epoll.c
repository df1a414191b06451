/* Waiting by epoll(7): Linux. The kernel keeps the members, a wait costs those that are ready. */
#include "../base/compat.h"
#include "backend.h"

#if defined(FSOCK__HAVE_EPOLL)

#include <sys/epoll.h>

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/sys.h"

static int
epoll_open(struct fsock__poller *p)
{
	p->memory = calloc(FSOCK__FOUND_MAX, sizeof(struct epoll_event));
	if (p->memory == NULL)
		return -1;
	p->fd = epoll_create1(EPOLL_CLOEXEC);
	if (p->fd >= 0)
		return 0;
	free(p->memory);
	return -1;
}

static void
epoll_close(struct fsock__poller *p)
{
	fsock__sys_close(p->fd);
	free(p->memory);
}

static uint32_t
events_of(int interest)
{
	return (interest & FSOCK_INPUT ? (uint32_t)EPOLLIN | EPOLLRDHUP : 0) |
	       (interest & FSOCK_OUTPUT ? EPOLLOUT : 0);
}

static int
epoll_set(struct fsock__poller *p, struct fsock__watched *m, int interest)
{
	struct epoll_event event = { .events = events_of(interest), .data.ptr = m };
	int operation = m->known == 0   ? EPOLL_CTL_ADD
			: interest == 0 ? EPOLL_CTL_DEL
					: EPOLL_CTL_MOD;

	return epoll_ctl(p->fd, operation, m->fd, &event);
}

static int
epoll_prepare(struct fsock__poller *p)
{
	(void)p;
	return 0;
}

/* Where both sides are at an end, or in error, neither reading nor writing blocks. */
static int
state_of(uint32_t events)
{
	int state = 0;

	if (events & EPOLLIN)
		state |= FSOCK_INPUT;
	if (events & EPOLLOUT)
		state |= FSOCK_OUTPUT;
	if (events & EPOLLRDHUP)
		state |= FSOCK_HANGUP | FSOCK_INPUT;
	if (events & EPOLLHUP)
		state |= FSOCK_HANGUP | FSOCK_IO;
	if (events & EPOLLERR)
		state |= FSOCK_FAILED | FSOCK_IO;
	return state;
}

static int
epoll_await(struct fsock__poller *p, int64_t left)
{
	struct epoll_event *events = p->memory;
	int n = epoll_wait(p->fd, events, FSOCK__FOUND_MAX, fsock__clock_milliseconds(left));

	for (int i = 0; i < n; i++) {
		p->found[i].watched = events[i].data.ptr;
		p->found[i].state = state_of(events[i].events);
	}
	return n;
}

const struct fsock__wait_ops fsock__wait_epoll = {
	.name = "epoll",
	.open = epoll_open,
	.close = epoll_close,
	.set = epoll_set,
	.prepare = epoll_prepare,
	.wait = epoll_await,
};

#else
typedef int fsock__wait_epoll_unused;
#endif
