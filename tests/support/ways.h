/*
 * The ways in which a call of the library waits on a socket: for the tests of what ends such calls.
 * Only ways_run() may be called by any thread.
 */
#ifndef TESTS_WAYS_H
#define TESTS_WAYS_H

#include "sock_support.h"

/* What is waited in. Loop tests run over ways and transports. */
enum way {
	WAY_LINE,           /* fgets() on fsock_input() */
	WAY_LINE_TWO_WAY,   /* on fsock_stream() */
	WAY_WHOLE_LINE,     /* whole-line delivery */
	WAY_RECEIVE,        /* fsock_receive() on a connection without FILEs */
	WAY_RECEIVE_BESIDE, /* and with one */
	WAY_ACCEPT,
	WAY_DATAGRAM,
	WAY_DATAGRAMS, /* fsock_receive_many() */
	WAY_WRITE,     /* fwrite() and fflush() on fsock_output() */
	WAY_WRITE_TWO_WAY,
	WAY_SEND, /* fsock_send() on a connection without FILEs */
	WAY_SEND_BESIDE,
	WAY_SEND_DATAGRAM,
	WAY_SEND_DATAGRAMS, /* fsock_send_many() */
	WAYS
};

struct ways {
	enum way way;
	fsock *s;
	int peer; /* the other end; for WAY_ACCEPT -1 */
	FILE *f;  /* or NULL */
};

/* Whether there is such a socket here: datagrams are sent in vain on Unix-domain ones only. */
int ways_has(enum way, enum sock_transport);

/* FSOCK_INPUT or FSOCK_OUTPUT. */
int ways_direction(enum way);

/* Whether the socket has something to wait in vain for: see ways_satisfy(). */
void ways_open(struct ways *, enum way, enum sock_transport, struct fsock_options);

/* Closes both ends. Returns what fsock_close() does. */
int ways_close(struct ways *);

/* For input: sends a line, or connects. For output: makes room again. */
void ways_satisfy(struct ways *);

/* A call in such a way, and what came of it: `error` is errno, 0 if it worked as it should. */
struct ways_call {
	struct ways *ways;
	int error;
	enum fsock_error_kind kind;
	char line[16]; /* what was read */
};

/* Makes the call, by way of sock_thread if need be: `arg` is a struct ways_call. */
void ways_run(void *arg);

/* Asserts that the call came to this, and to ways_satisfy()'s line if it is one that reads. */
void ways_expect(const struct ways_call *, enum fsock_error_kind, int error);

#endif
