/*
 * Servers. Workers are threads. Those of streams and datagrams take turns at the sockets: the one
 * whose turn it is waits for a client, takes it, passes the turn on and serves the client itself.
 * So a client never changes threads, and a listener wakes one thread at a time. Those of lines have
 * a wait list each, with listeners and clients: see loop.h.
 */
#ifndef FSOCK_SERVER_SERVER_H
#define FSOCK_SERVER_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <fsock/server.h>

#include "../sock/handle.h"

struct fsock__loop;
struct fsock__worker;
struct pollfd;

/* What is different for streams, lines and datagrams. */
struct fsock__server_ops {
	/* A socket for host and port, or NULL with the error recorded. */
	fsock *(*open)(
	    const fsock_server *, const char *host, int port, const struct fsock_options *);
	/* Whether a socket of this kind can be served. */
	int (*suits)(enum fsock__role);
	/* What a worker does until it is not wanted any more. */
	void (*work)(struct fsock__worker *);
	/*
	 * Makes ready what the workers need, when the sources are there. Returns 0, or -1 with the
	 * error recorded. NULL: nothing.
	 */
	int (*prepare)(fsock_server *, const struct fsock_server_options *);

	/* The rest is for workers that take turns. */
	/*
	 * Takes a client, without waiting. Returns 0, or -1 with errno: EAGAIN (EWOULDBLOCK) if
	 * there is none; otherwise the error is recorded.
	 */
	int (*take)(struct fsock__worker *, fsock *);
	/* Serves the client taken, and lets go of it. */
	void (*serve)(struct fsock__worker *);
};

extern const struct fsock__server_ops fsock__server_stream_ops, fsock__server_line_ops,
    fsock__server_datagram_ops;

/* A socket that clients come from. */
struct fsock__source {
	fsock *socket;
	int was_blocking; /* as whoever shares the socket expects it: to be so again */
	int loop;         /* in a server of lines: which one takes from it */
};

#define FSOCK__EVERY_LOOP (-1)

#define FSOCK__SERVER_LAST_LEFT '.'

/*
 * What must stay true:
 *  1. `sources`, `source_count`, `next_source`, `polled` and `delay` belong to the worker that
 *     holds `turn`; before the first worker starts and after the last has left, to one thread.
 *  2. `workers`, the counts, `listening`, `finished`, `cutting` and `cut` change under `lock` only.
 *  3. While the server does not end, a worker is idle, or there are `most` workers.
 *  4. A worker's `client`, while it is set, has a reference of ours: whoever holds `lock` may shut
 *     it down.
 *  5. A thread that ends joins the one that ended before it: at most one, `finished`, is left.
 *  6. `turn` and `lock` are never held together; a socket's lock comes after `lock`.
 *  7. `loops` are made before the first worker starts, and freed after the last has left. Each
 *     belongs to one worker; what others may touch is said in loop.h.
 *  8. `ends` are two ends of one pair: ends[1] becomes readable when the server is to end, and
 *     nobody ever takes what can be read there. ends[0] yields FSOCK__SERVER_LAST_LEFT when the
 *     last worker has left, and other octets when `deadline` was brought nearer before that.
 */
struct fsock_server {
	const struct fsock__server_ops *ops;
	fsock_stream_handler *stream_handler; /* one of the three */
	fsock_line_handler *line_handler;
	fsock_datagram_handler *datagram_handler;
	void *arg;
	void (*error)(fsock_server *, const struct fsock_error *, void *);
	struct fsock__settings settings; /* of each client's socket */
	size_t max_datagram, stack_size;
	int most;     /* workers there may be */
	int grows;    /* workers come and go; else there are `most` from the start */
	int64_t idle; /* a span */
	char name[16];

	struct fsock__source *sources;
	struct pollfd *polled; /* the sources, and ends[1] */
	size_t source_count, next_source;
	size_t source_total; /* with those that are served no more, which come last */
	int64_t delay;       /* how long the last pause was; 0 if all is well */
	fsock *first;        /* of the sources that are no clients themselves; for its name */
	pthread_mutex_t turn;

	pthread_mutex_t lock;
	struct fsock__worker *workers;
	int worker_count, idle_count, client_count;
	int has_finished;
	pthread_t finished;
	int cutting, cut; /* handlers are being cut off; how many were */

	struct fsock__loop *loops;
	int loop_count, loops_taken;
	int max_clients; /* of all loops */
	int listening;   /* how many listeners the loops take clients from, each counted */
	struct fsock__manners *manners;

	int ends[2];
	atomic_int ending;
	_Atomic int64_t deadline;    /* when handlers are cut off */
	_Atomic int64_t last_served; /* when a client was last let go, if `idle` is limited */
};

struct fsock__worker {
	fsock_server *server;
	struct fsock__worker *next, **link; /* in server->workers */
	int busy;                           /* counts in client_count, not in idle_count */
	fsock *client;                      /* that is served; for datagrams NULL */

	/* Who is served: for datagrams, in `from` and `host_text`; else the client's own. */
	const char *host; /* NULL while nobody is */
	int port;
	void **state; /* in a server of lines: what fsock_client_state() returns */

	fsock *source; /* for datagrams: where this one came from, and what it is */
	struct fsock_addr from;
	char host_text[FSOCK_ADDR_TEXT_SIZE];
	size_t length;
	uint8_t buffer[]; /* server->max_datagram octets, for datagrams */
};

/* ---- server.c */

/* Tells the program of this thread's last error. */
void fsock__server_report(fsock_server *);

/* Records and tells that the handler failed with `errnum`; the last error may say more about it. */
void fsock__server_report_handler(struct fsock__worker *, int errnum);

/* Now if the server cares when a client was last served. */
void fsock__server_touch(fsock_server *);

/* When a wait for clients ends for want of any. */
int64_t fsock__server_idle_until(fsock_server *);

/* ---- server_new.c */

/*
 * Makes a server that listens, without workers, as `what` says, whose other members are zero.
 * Returns it, or NULL with the error recorded.
 */
fsock_server *fsock__server_new(const struct fsock_server *what, const char *host, int port,
    const struct fsock_server_options *);

/* Frees a server that has no workers; its sockets are closed, or left as they were found. */
void fsock__server_free(fsock_server *, int close_sockets);

/* Adds a socket to be served to `sources`, which has room. */
void fsock__server_add_source(fsock_server *, fsock *);

/* ---- acceptor.c */

/* Whether errno says that this socket will never yield a client again. */
int fsock__acceptor_is_final(int error);

/* After a client could not be taken: how long to pause, more than `*delay` before; 0 at first. */
void fsock__acceptor_prolong(int64_t *delay);

/* Takes the next client for a worker that holds `turn`. Returns 0, or -1 when the server ends. */
int fsock__acceptor_take(struct fsock__worker *);

/* ---- worker.c */

/* Takes client after client: the `work` of workers that take turns. */
void fsock__worker_take_turns(struct fsock__worker *);

/* The calling thread's worker, or NULL. */
struct fsock__worker *fsock__worker_current(void);

/* Starts one more worker, to be counted in beforehand. Returns 0, or -1 with the error recorded. */
int fsock__worker_start(fsock_server *);

/* Shuts down what the workers serve, and what they may yet take; loops drop what is left. */
void fsock__worker_cut_off(fsock_server *);

#endif
