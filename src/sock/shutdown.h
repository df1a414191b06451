/* Ending the output side behind what is queued. See fsock/socket.h for the public face. */
#ifndef FSOCK_SOCK_SHUTDOWN_H
#define FSOCK_SOCK_SHUTDOWN_H

#include "handle.h"

/*
 * Tells the peer that no more comes, now or when nothing is queued any more. Returns 0, or -1 with
 * errno only.
 */
int fsock__shutdown_output(struct fsock *);

/* Nothing is queued any more: does what was put off until then. */
void fsock__shutdown_due(struct fsock *);

/*
 * Of a socket without FILEs: sends what its layers hold, and then the end, if that was put off.
 * Needs the turn of the layers. Returns 0, or -1 with the error recorded: output has failed.
 */
int fsock__shutdown_flush(struct fsock *);

#endif
