/* Moving octets over a connected socket, under its time limits. */
#ifndef FSOCK_SOCK_TRANSFER_H
#define FSOCK_SOCK_TRANSFER_H

#include <sys/types.h>

#include "socket.h"

/*
 * Receives up to n octets: waits for the first one, for read_timeout and until the deadline at the
 * most. Returns how many, 0 at end of file, or -1 with the error recorded.
 */
ssize_t fsock__transfer_receive(struct fsock *, void *buf, size_t n);

/*
 * Sends all n octets: write_timeout bounds each wait for the peer to make room. Returns 0, or -1
 * with the error recorded; then it is not known how much was sent.
 */
int fsock__transfer_send(struct fsock *, const void *buf, size_t n);

#endif
