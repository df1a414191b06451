/* Calls of kqueue(2) as the tests of the emulation make them. */
#ifndef FSOCK_TESTS_KQUEUE_CALLS_H
#define FSOCK_TESTS_KQUEUE_CALLS_H

#include <sys/event.h>

/* One change, with no room for events. Returns as kevent(). */
static inline int
change(int q, int fd, short filter, unsigned short flags, void *udata)
{
	struct kevent event = {
		.ident = (uintptr_t)fd, .filter = filter, .flags = flags, .udata = udata
	};

	return kevent(q, &event, 1, NULL, 0, NULL);
}

/* What is ready now. Returns as kevent(). */
static inline int
collect(int q, struct kevent *events, int room)
{
	static const struct timespec at_once;

	return kevent(q, NULL, 0, events, room, &at_once);
}

#endif
