/* One end of a relay: a connected socket, or a descriptor of the program's. */
#ifndef FSOCK_RELAY_END_H
#define FSOCK_RELAY_END_H

#include "../sock/handle.h"

enum fsock__relay_kind {
	FSOCK__RELAY_NOTHING,
	FSOCK__RELAY_SOCKET,
	FSOCK__RELAY_FOREIGN_SOCKET,
	FSOCK__RELAY_FOREIGN_FILE, /* reading and writing never wait */
	FSOCK__RELAY_FOREIGN       /* a pipe, a terminal, ... */
};

struct fsock__relay_end {
	struct fsock *socket; /* visited: see fsock__handle_visit() */
	enum fsock__relay_kind kind;
	int is_device;                  /* a terminal, perhaps: its hang-up is an end of file */
	int was_blocking;               /* what is to be restored ... */
	enum fsock__delivers delivered; /* ... of the socket */
	int is_member;                  /* of the relay's list */
	int interest;                   /* as the list knows it */
};

/*
 * Makes a handle an end, and the socket non-blocking; output that its FILEs hold is passed on.
 * Returns 0, or -1 with the error recorded. The other one gives back what it has changed; it may
 * be called for an end that is nothing.
 */
int fsock__relay_end_open(struct fsock__relay_end *, struct fsock *);
void fsock__relay_end_close(struct fsock__relay_end *);

/* Whether it is a connected socket without layers now: its descriptor carries the octets. */
int fsock__relay_end_is_plain(const struct fsock__relay_end *);

/*
 * Receives up to n octets without waiting: of a socket what is in memory, else by the function.
 * Returns how many, 0 at the end, or -1 with the error recorded: EAGAIN if there are none.
 */
ssize_t fsock__relay_end_receive(
    const struct fsock__relay_end *, void *buf, size_t n, fsock__receive_fn *receive, void *arg);

/*
 * Whether all that was to go before has gone, such as queued output. Tries to send it. Returns 1,
 * 0 if it has to wait, or -1 with the error recorded.
 */
int fsock__relay_end_is_clear(const struct fsock__relay_end *);

/*
 * Sends of n octets what goes without waiting, to an end that is clear. Returns how many, 0 if
 * none, or -1 with the error recorded.
 */
ssize_t fsock__relay_end_send(const struct fsock__relay_end *, const void *buf, size_t n);

/* Shuts down output. Returns 1, 0 if that has to wait, or -1 with the error recorded. */
int fsock__relay_end_finish(const struct fsock__relay_end *);

/* For who has the turn at output: whether relayed octets may be sent now. Returns 0 or -1. */
int fsock__relay_end_may_send(struct fsock *);

#endif
