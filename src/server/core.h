/*
 * Servers: what all kinds of them share. A kind is a table of operations and a struct of its own
 * that begins with a struct fsock_server.
 *
 * Workers are threads. Those of streams and datagrams take turns at the sockets: see turns.h. Those
 * of lines have a wait list each, with listeners and clients: see loop.h.
 */
#ifndef FSOCK_SERVER_CORE_H
#define FSOCK_SERVER_CORE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <fsock/server.h>

#include "../base/wake.h"
#include "../sock/socket.h"

struct fsock__source;
struct fsock__worker;

struct fsock__server_ops {
	size_t size; /* of the kind's struct */
	int grows;   /* without a number of threads there are as many as are needed; else one */
	/* A socket for host and port, or NULL with the error recorded. */
	fsock *(*open)(const struct fsock_server_options *, const char *host, int port);
	/* Whether a socket can be served. */
	int (*suits)(const fsock *);
	/*
	 * Makes the rest of the server, when the sources are there. Returns 0, or -1 with the error
	 * recorded.
	 */
	int (*prepare)(fsock_server *, const struct fsock_server_options *);
	/* What a worker does until it is not wanted any more. */
	void (*work)(struct fsock__worker *);
	/*
	 * Ends the waits of workers that do not look at `end`, or else their next ones.
	 * Async-signal-safe. NULL: there are none.
	 */
	void (*wake)(fsock_server *);
	/* Frees what prepare() made, and be it in part. */
	void (*clean_up)(fsock_server *);
};

/* A handler of the program's. Which type it really has its kind of server knows. */
typedef void fsock__handler(void);

/*
 * What must stay true:
 *  1. `lock` is the only lock of servers. It is held for a few instructions, and over no call of a
 *     socket, a list, a stream, the system or the program.
 *  2. All above `lock` is set before the first worker starts, but for what source.h says of
 *     sources. What is below it, down to `cut`, changes under it, and so does `cutting`.
 *  3. While the server does not end, a worker is idle, or there are `most` workers, or one more
 *     could not be started: then whoever has served its client is idle.
 *  4. A thread that ends joins the one that ended before it: at most one, `finished`, is left.
 *  5. `end` is readable once the server is to end, and ever after. `news` becomes readable when the
 *     last worker has left, and when `deadline` was brought nearer after that.
 *  6. A worker that leaves touches nothing of the server once it is joined; until then the server
 *     is not freed.
 */
struct fsock_server {
	const struct fsock__server_ops *ops;
	fsock__handler *handler;
	void *arg;
	void (*error)(fsock_server *, const struct fsock_error *, void *);
	struct fsock__settings settings; /* of each client's socket */
	size_t stack_size, worker_size;
	int most;       /* workers there may be */
	int grows;      /* workers come and go; else there are `most` from the start */
	int most_users; /* of the sources at a time: see source.h */
	int64_t idle;   /* a span */
	char name[16];
	struct fsock__source *sources;
	size_t source_count;

	pthread_mutex_t lock;
	pthread_cond_t unused; /* a user of the sources is one no longer */
	int users, closing;    /* of the sources; nobody may become one any more */
	struct fsock__worker *workers;
	int worker_count, idle_count, client_count;
	int has_finished;
	pthread_t finished;
	int cut; /* handlers that were cut off */

	struct fsock__wake end, news;
	_Atomic(fsock *) first; /* of the sources that are no clients and are open; for its name */
	atomic_int ending, cutting;  /* no clients are taken; handlers are cut off. */
	_Atomic int64_t deadline;    /* when handlers are cut off */
	_Atomic int64_t last_served; /* when a client was last let go, if `idle` is limited */
};

/* Tells the program of this thread's last error. */
void fsock__server_report(fsock_server *);

/* Now, if the server cares when a client was last served. */
void fsock__server_touch(fsock_server *);

/* When a wait for clients ends for want of any; and, after that, the server, if so. */
int64_t fsock__server_idle_until(fsock_server *);
void fsock__server_check_idle(fsock_server *);

/* After something failed: how long to pause, more than `*delay` before; 0 at first. */
void fsock__server_prolong(int64_t *delay);

#endif
