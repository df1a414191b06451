/*
 * Sources: the sockets that a server takes its clients from. Their descriptors are used between
 * fsock__source_begin() and fsock__source_end(), by so many threads at a time as the server says,
 * so that nobody uses one that is closed. No lock is held meanwhile, but users are waited for: they
 * neither call the program nor wait for anything that the end of the server does not end.
 */
#ifndef FSOCK_SERVER_SOURCE_H
#define FSOCK_SERVER_SOURCE_H

#include "core.h"

/*
 * What must stay true:
 *  1. While there are workers, `takers` changes under the server's lock. `was_blocking` belongs to
 *     whoever took the last one from `takers`, or ends the server; `socket` of one that is no
 *     listener to the worker that takes from it.
 *  2. A listener without takers is closed, unless the server ends; its handle stays.
 */
struct fsock__source {
	fsock *socket; /* NULL once it has become a client */
	int is_listener;
	int was_blocking; /* as whoever shares the socket expects it: to be so again */
	int takers;       /* workers that take clients from it; those that take turns are one */
};

/* Adds a socket. Returns 0, or -1 with the error recorded. */
int fsock__source_add(fsock_server *, fsock *);

/*
 * The calling thread becomes a user of the sources; for that it may have to wait for its turn.
 * Returns 0; or -1 if they are being closed.
 */
int fsock__source_begin(fsock_server *);
void fsock__source_end(fsock_server *);

/* Whether errno says that this socket will never yield a client again. */
int fsock__source_is_final(int error);

/*
 * A user of the sources takes no more clients from one. Without takers a listener is closed, so
 * that nobody waits there in vain and the system gives its share to others.
 */
void fsock__source_drop(fsock_server *, struct fsock__source *);

/*
 * Closes the listeners when there are no users any more, nor will be; their handles stay, for
 * names. Datagram sockets are needed for answers.
 */
void fsock__source_close_all(fsock_server *);

/* Frees the sources of a server without workers. They are closed, or left as they were found. */
void fsock__source_free_all(fsock_server *, int close_sockets);

#endif
