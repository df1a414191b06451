/*
 * Workers that take turns at the sources: the one whose turn it is waits for a client, takes it,
 * passes the turn on and serves the client itself. So a client never changes threads, and a
 * listener wakes one thread at a time.
 */
#ifndef FSOCK_SERVER_TURNS_H
#define FSOCK_SERVER_TURNS_H

#include "source.h"
#include "worker.h"

struct pollfd;

/* What must stay true: all but `server` belongs to the worker whose turn it is. */
struct fsock__turns {
	fsock_server server;
	struct pollfd *polled;   /* the sources, and the end */
	size_t next;             /* the source that is asked first */
	int64_t delay, pause_to; /* how long the last pause was, and until when; 0 if all is well */
};

/* For tables of operations. */
int fsock__turns_prepare(fsock_server *, const struct fsock_server_options *);
void fsock__turns_clean_up(fsock_server *);

/*
 * Takes client after client.
 *
 * take() takes one from a socket, without waiting. Returns 0, or -1 with errno: EAGAIN
 * (EWOULDBLOCK) if there is none; otherwise the error is recorded. serve() serves it, and lets go
 * of it.
 */
void fsock__turns_work(struct fsock__worker *, int (*take)(struct fsock__worker *, fsock *),
    void (*serve)(struct fsock__worker *));

#endif
