/*
 * The tests of streams, over streams that do not block: with FSOCK_UNBLOCKED=1 in the environment
 * each socket under test is made such a one, with next to no room in the kernel, so that its output
 * is queued. A thread that waits on a list sends that, and closes what was closed meanwhile. What
 * would fail for want of input is tried again by the transport, when a wait for it is over.
 */
#ifndef TESTS_UNBLOCKED_H
#define TESTS_UNBLOCKED_H

#include <fsock.h>

/* Whether the environment has it: then tests of waiting to write, say, mean nothing. */
int unblocked_is_on(void);

/* Does so, if it has. */
void unblocked_make(fsock *s);

#endif
