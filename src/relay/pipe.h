/*
 * A pipe between two sockets, through which octets move in the kernel: splice(2). Where there is
 * none it is never open.
 */
#ifndef FSOCK_RELAY_PIPE_H
#define FSOCK_RELAY_PIPE_H

#include "../sock/handle.h"

enum fsock__relay_pipe_state {
	FSOCK__RELAY_PIPE_NONE, /* not yet */
	FSOCK__RELAY_PIPE_OPEN,
	FSOCK__RELAY_PIPE_REFUSED /* there is none to be had: octets go through a buffer */
};

struct fsock__relay_pipe {
	enum fsock__relay_pipe_state state;
	int ends[2];
	size_t count; /* octets in it */
};

/*
 * Opens the pipe, unless it is open or refused, and makes the descriptors of both sockets
 * non-blocking: splice(2) knows no other way not to wait for a socket. Returns whether it is open.
 */
int fsock__relay_pipe_open(struct fsock__relay_pipe *, struct fsock *from, struct fsock *to);
void fsock__relay_pipe_close(struct fsock__relay_pipe *);

/*
 * Receives up to n octets into the pipe, which is empty: as the transport, without waiting. If the
 * system does not do that, returns -1 with the pipe refused.
 */
ssize_t fsock__relay_pipe_receive(struct fsock__relay_pipe *, struct fsock *, size_t n);

/* Sends what goes. Returns how much, 0 if nothing does, or -1 with the error recorded. */
ssize_t fsock__relay_pipe_send(struct fsock__relay_pipe *, struct fsock *);

/* Takes up to n octets out of it. Returns how many, or -1. */
ssize_t fsock__relay_pipe_take(struct fsock__relay_pipe *, void *buf, size_t n);

#endif
