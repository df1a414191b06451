/*
 * fsock/trivial.h - streams only: the interface of Common Lisp's trivial-sockets. The conventions
 * are in fsock.h.
 *
 * A program that needs only the FILE of a socket can use these two functions and existing ones:
 *
 *	open-stream          fsock_open_stream(), or fsockopen() with options in a string
 *	open-server          server = fsock_listen(host, port, NULL); fsock_local_port(server)
 *	accept-connection    fsock_accept_connection()
 *	close-server         fsock_close(server)
 *	with-server          FSOCK_WITH_LISTENER(server, host, port, NULL) { ... }
 */
#ifndef FSOCK_TRIVIAL_H
#define FSOCK_TRIVIAL_H

#include <stdio.h>

#include <fsock/api.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

/*
 * Connects and returns the two-way stream. The stream owns the socket: fclose() ends both.
 * fsock_of() returns the socket while the stream is open.
 * Returns: the FILE, or NULL.
 * Errors: those of fsock_connect() and fsock_stream().
 * Blocks: as fsock_connect().
 */
FSOCK_API FILE *fsock_open_stream(const char *host, int port, const struct fsock_options *options);

/*
 * Accepts the next connection and returns its two-way stream. The stream owns the socket: fclose()
 * ends both.
 * Returns: the FILE, or NULL.
 * Errors: those of fsock_accept() and fsock_stream().
 * Blocks: as fsock_accept().  Threads: several threads may accept at once.
 */
FSOCK_API FILE *fsock_accept_connection(fsock *server, const struct fsock_options *options);

FSOCK_END_DECLS

#endif
