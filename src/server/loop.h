/*
 * Loops: what serves the clients of a server of lines. Each has a thread and a wait list with
 * listeners and clients; a client stays with the loop that has taken it.
 */
#ifndef FSOCK_SERVER_LOOP_H
#define FSOCK_SERVER_LOOP_H

#include <pthread.h>
#include <stdint.h>

#include "../base/ring.h"
#include "../wait/wait.h"
#include "../stream/line.h"
#include "server.h"

/* What the options of a server of lines say about its clients. */
struct fsock__manners {
	int (*opened)(FILE *, void *);
	void (*closed)(FILE *, void *);
	double idle;       /* seconds, or INFINITY */
	int64_t interval;  /* between lines at the highest rate; 0: none */
	int64_t tolerance; /* by how much lines may come earlier than that */
	const char *refusal;
	size_t refusal_length;
};

/*
 * What must stay true:
 *  1. All is the loop's own but for `list`, which anybody may wake, `starved` and `accepting`.
 *  2. `starved` changes under the server's lock: set by the loop that finds the server full, and
 *     cleared, with a wake, when a client goes.
 *  3. `accepting` is held while a listener's descriptor is used, and by who closes the listeners:
 *     when the server ends none is used any more.
 *  4. A member of the list whose user pointer is NULL is a listener; else it is a client.
 *  5. Each client counts in the server's client_count until its memory is freed.
 */
struct fsock__loop {
	fsock_server *server;
	struct fsock__worker *worker;
	fsock_waitlist *list;
	struct fsock__ring clients;
	struct fsock__line line; /* what is handed to the handler */
	int64_t delay;           /* how long the last pause in accepting was; 0 if all is well */
	int is_full;             /* it does not listen, as the server is full */
	int starved;
	pthread_mutex_t accepting;
};

/* A client. */
struct fsock__client {
	struct fsock__ring in_loop;
	struct fsock__loop *loop;
	fsock *socket;
	FILE *stream;
	void *state;     /* the program's */
	int64_t line_at; /* when its next line would be due at the highest rate */
	int is_paused;   /* its rate was too high: it is not read from until its time comes */
};

/* ---- loop.c */

/* The `work` of a server of lines. */
void fsock__loop_work(struct fsock__worker *);

/* Ends the wait that each loop is in, or else the next. Async-signal-safe. */
void fsock__loop_wake_all(fsock_server *);

/* Between these two no loop uses a listener, if the server is to end. */
void fsock__loop_hold_all(fsock_server *);
void fsock__loop_release_all(fsock_server *);

/* Frees the loops. What is left in their lists is reset. */
void fsock__loop_free_all(fsock_server *);

/* ---- line_acceptor.c */

/* Takes clients from all sources that are the loop's, or from none. */
void fsock__line_acceptor_begin(struct fsock__loop *);
void fsock__line_acceptor_end(struct fsock__loop *);

/* A listener of the loop is ready, or its pause is over. */
void fsock__line_acceptor_take(struct fsock__loop *, fsock *listener, int state);

/* Listens again if the server is not full any more. */
void fsock__line_acceptor_resume(struct fsock__loop *);

/* A client has gone: there is room for another. */
void fsock__line_acceptor_make_room(fsock_server *);

/* ---- line_client.c */

/* Makes a client of a socket that counts already. Both may be gone at once. */
void fsock__line_client_open(struct fsock__loop *, fsock *);

/* Serves a client that is ready, some lines of it. It may be gone afterwards. */
void fsock__line_client_serve(struct fsock__client *, int state);

/* The server ends: so does the client. */
void fsock__line_client_dismiss(struct fsock__client *);

#endif
