/*
 * netcat and socat with UDP and Unix-domain datagrams, as the one that asks and as the one that
 * answers; and Python's sockets in a group with ours.
 */
#include "../../src/compat.h"

#include <net/if.h>

#include <stdlib.h>

#include <check.h>

#include <fsock.h>

#include "support/peer.h"
#include "support/traffic.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

/* A program that sends to our $HOST $PORT, or receives at $HOST and says where. */
static const struct relay {
	const char *program, *host;
	int is_server;
	const char *command;
} relays[] = {
	{ "nc", "127.0.0.1", 0, "nc -u $HOST $PORT" },
	{ "nc", "127.0.0.1", 1, "nc -ulv $HOST 0" },
	{ "nc", "::1", 0, "nc -u $HOST $PORT" },
	{ "nc", "::1", 1, "nc -ulv $HOST 0" },
	{ "nc", "path", 0, "nc -uU $HOST" },
	{ "socat", "127.0.0.1", 0, "socat - UDP4:$HOST:$PORT" },
	{ "socat", "127.0.0.1", 1, "socat -dd - UDP4-LISTEN:$PORT,bind=$HOST" },
	{ "socat", "::1", 0, "socat - UDP6:[$HOST]:$PORT" },
	{ "socat", "path", 0, "socat - UNIX-SENDTO:$HOST,bind=$DIR/theirs" },
};
