/*
 * The declarations of kqueue(2) that src/wait/kqueue.c uses, as FreeBSD has them, for systems
 * without. tests/kqueue/kqueue.c defines the functions, for the variant `kqueue` of the matrix.
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

#define KQUEUE_CLOEXEC 0x0001

int kqueue(void);
int kqueuex(unsigned flags);
int kevent(int queue, const struct kevent *changes, int change_count, struct kevent *events,
    int event_count, const struct timespec *timeout);

#endif
