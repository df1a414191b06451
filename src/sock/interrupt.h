/*
 * Calling back what waits on a socket: for sockets made with the option `interruptible`, whose
 * `interrupt` is set. No other pays for it.
 */
#ifndef FSOCK_SOCK_INTERRUPT_H
#define FSOCK_SOCK_INTERRUPT_H

#include <stdint.h>

#include "socket.h"

/* Sets the socket's `interrupt`. Returns 0, or -1 with errno: EMFILE, ENFILE, ENOMEM. */
int fsock__interrupt_open(struct fsock *);

/* Gives it back; does nothing if there is none. Nobody waits any more. */
void fsock__interrupt_close(struct fsock *);

/*
 * Waits until a transfer in the direction would not block, until `until` (absolute) or the
 * direction's deadline, as that is changed meanwhile. Returns 1 when ready or in error, 0 when the
 * time is over, or -1 with errno: ECANCELED by fsock_interrupt(), others on failure.
 */
int fsock__interrupt_wait(struct fsock *, int direction, int64_t until);

/* After a change of the direction's deadline: who waits looks at it again. */
void fsock__interrupt_look(struct fsock *, int direction);

#endif
