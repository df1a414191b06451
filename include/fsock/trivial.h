/*
 * fsock/trivial.h - streams and nothing else: the interface of Common Lisp's trivial-sockets. The
 * conventions are in fsock.h.
 *
 * A program that wants no more of a socket than its FILE does with these two and what there is:
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
 * Connects, and returns the two-way stream. The stream owns the socket: fclose() ends both, and
 * fsock_of() finds the socket meanwhile.
 * Returns: the FILE, or NULL. Errors: fsock_connect()'s and fsock_stream()'s.
 * Blocks: as fsock_connect().
 */
FSOCK_API FILE *fsock_open_stream(const char *host, int port, const struct fsock_options *options);

/*
 * Takes the next connection, and returns its two-way stream, which owns the socket: fclose() ends
 * both.
 * Returns: the FILE, or NULL. Errors: fsock_accept()'s and fsock_stream()'s.
 * Blocks: as fsock_accept().  Threads: several may accept at once.
 */
FSOCK_API FILE *fsock_accept_connection(fsock *server, const struct fsock_options *options);

FSOCK_END_DECLS

#endif
