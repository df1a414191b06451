/*
 * Calling back what waits on a socket: for sockets made with the option `interruptible`, and for
 * the first write that waits on a Unix-domain socket, as poll(2) does not tell it that another
 * thread shuts output down. No other pays for it.
 */
#ifndef FSOCK_SOCK_INTERRUPT_H
#define FSOCK_SOCK_INTERRUPT_H

#include <stdint.h>

#include "handle.h"

/* Sets the socket's `interrupt`, once. Returns 0, or -1 with errno: EMFILE, ENFILE, ENOMEM. */
int fsock__interrupt_open(struct fsock *);

/* Gives it back; does nothing if there is none. Nobody waits any more. */
void fsock__interrupt_close(struct fsock *);

/*
 * fsock__sys_poll() for a call in a direction of a socket that is interruptible: until `until`
 * (absolute) or the direction's deadline, as that is changed meanwhile. The list has room for one
 * more than `count`. Returns more than 0 when one is ready or in error, or the direction was shut
 * down, 0 when the time is over, or -1 with errno: ECANCELED by fsock_interrupt(), others on
 * failure.
 */
struct pollfd;
int fsock__interrupt_poll(
    struct fsock *, int direction, struct pollfd *list, size_t count, int64_t until);

/* After a change of the direction's deadline, or a shutdown: who waits looks again. */
void fsock__interrupt_look(struct fsock *, int direction);

#endif
