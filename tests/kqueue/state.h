/* What a filter of the emulation of kqueue(2) finds. */
#ifndef FSOCK_TESTS_KQUEUE_STATE_H
#define FSOCK_TESTS_KQUEUE_STATE_H

#include <sys/event.h>

/*
 * Whether there is an event of the descriptor for `event->filter`; then its flags, fflags and data
 * are filled in. The socket's error is left where it is.
 */
int kqueue_state(int fd, struct kevent *event);

#endif
