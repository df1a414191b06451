/* Workers: the threads of servers. */
#ifndef FSOCK_SERVER_WORKER_H
#define FSOCK_SERVER_WORKER_H

#include "core.h"

/*
 * What must stay true:
 *  1. `next`, `link`, `busy` and `held` change under the server's lock; the rest is the worker's.
 *  2. `held` is a reference to `client`. Whoever takes it out, the worker that has served the
 *     client or who cuts it off, drops it.
 */
struct fsock__worker {
	fsock_server *server;
	struct fsock__worker *next, **link; /* in server->workers */
	int busy;                           /* counts in client_count, not in idle_count */
	fsock *held;
	fsock *client; /* that is served, of those that take turns; for datagrams NULL */

	/* Who is served. */
	const char *host; /* NULL while nobody is */
	int port;
	void **state; /* in a server of lines: what fsock_client_state() returns */
};

/* The calling thread's worker, or NULL. */
struct fsock__worker *fsock__worker_current(void);

/* Starts one more worker. Returns 0, or -1 with the error recorded. */
int fsock__worker_start(fsock_server *);

/*
 * A worker has taken a client; it has served it. Between the two it may be cut off. The first may
 * start another worker; the second returns whether this one is wanted for more.
 */
void fsock__worker_begin(struct fsock__worker *);
int fsock__worker_end(struct fsock__worker *);

/* It is this socket's peer that is served, from now on. */
static inline void
fsock__worker_serve(struct fsock__worker *w, const fsock *s)
{
	w->host = s->host;
	w->port = s->port > 0 ? s->port : 0;
}

/* Records and tells that the handler failed with `errnum`; the last error may say more about it. */
void fsock__worker_report(struct fsock__worker *, int errnum);

/* Shuts down what the workers serve, and what they may yet take; loops drop what is left. */
void fsock__worker_cut_off(fsock_server *);

/* How many workers have not left. */
int fsock__worker_count(fsock_server *);

#endif
