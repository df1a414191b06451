/*
 * Servers of lines and their loops, which serve the clients. Each loop has a thread and a wait list
 * with listeners and clients; a client stays with the loop that has taken it.
 */
#ifndef FSOCK_SERVER_LOOP_H
#define FSOCK_SERVER_LOOP_H

#include <stdint.h>
#include <stdio.h>

#include <fsock/wait.h>

#include "../base/ring.h"
#include "../stream/line.h"
#include "worker.h"

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
 *  1. `loops` are made before the first worker starts, and freed after the last has left. Each
 *     belongs to one worker; `loops_taken` and `listening` change under the server's lock.
 *  2. Loop i takes clients from the sources i, i + loop_count and so on; if `is_shared` each takes
 *     from all listeners.
 *  3. `listening` counts the listeners of the loops, each for every loop that takes from it.
 */
struct fsock__line_server {
	fsock_server server;
	struct fsock__manners manners;
	struct fsock__loop *loops;
	int loop_count, loops_taken;
	int is_shared;
	int max_clients; /* of all loops */
	int listening;
};

/*
 * What must stay true:
 *  1. All is the loop's own but for `list`, which anybody may wake, and `starved`.
 *  2. `starved` changes under the server's lock: set by the loop that finds the server full, and
 *     cleared, with a wake to follow, when a client goes.
 *  3. A member of the list whose user pointer is NULL is a listener; else it is a client.
 *  4. Each client counts in the server's client_count until its memory is freed.
 */
struct fsock__loop {
	struct fsock__line_server *lines;
	struct fsock__worker *worker;
	fsock_waitlist *list;
	struct fsock__ring clients;
	struct fsock__line line; /* what is handed to the handler */
	int64_t accept_delay;    /* how long the last pause in accepting was; 0 if all is well */
	int64_t wait_delay;      /* the same of waiting */
	int listens;             /* else the server is full, or ends */
	int starved;
};

/* Makes the loops. Returns 0, or -1 with errno. */
int fsock__loop_make_all(struct fsock__line_server *);

/* For the table of operations. What is left in the lists is reset. */
void fsock__loop_wake_all(fsock_server *);
void fsock__loop_free_all(fsock_server *);

/* The loop that a worker is to run: the next one that has none. */
struct fsock__loop *fsock__loop_claim(struct fsock__worker *);

/* Waits until there is something to do, or the server has been idle for too long. */
void fsock__loop_wait(struct fsock__loop *);

/* A client has gone: there is room for another. */
void fsock__loop_make_room(struct fsock__line_server *);

/* A server that nobody can come to any more, and without clients, ends by itself. */
void fsock__loop_check_end(struct fsock__line_server *);

#endif
