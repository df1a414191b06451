/*
 * The declarations of kqueue(2) that src/sock/wait_kqueue.c uses, as the BSDs and macOS have them,
 * for systems without: the linter compiles that file with this header, so that it does not rot.
 */
#ifndef FSOCK_TESTS_STUB_SYS_EVENT_H
#define FSOCK_TESTS_STUB_SYS_EVENT_H

#include <stdint.h>
#include <time.h>

struct kevent {
	uintptr_t ident;
	short filter;
	unsigned short flags;
	unsigned int fflags;
	int64_t data;
	void *udata;
};

#define EVFILT_READ  (-1)
#define EVFILT_WRITE (-2)

#define EV_ADD    0x0001
#define EV_DELETE 0x0002
#define EV_ERROR  0x4000
#define EV_EOF    0x8000

#define EV_SET(event, id, how, what, detail, amount, pointer)                                      \
	do {                                                                                       \
		struct kevent *event_ = (event);                                                   \
		event_->ident = (id);                                                              \
		event_->filter = (how);                                                            \
		event_->flags = (what);                                                            \
		event_->fflags = (detail);                                                         \
		event_->data = (amount);                                                           \
		event_->udata = (pointer);                                                         \
	} while (0)

int kqueue(void);
int kevent(int queue, const struct kevent *changes, int change_count, struct kevent *events,
    int event_count, const struct timespec *timeout);

#endif
