/*
 * A relay between two ends, and what is beyond them: descriptors through which a test talks. Only
 * the main thread calls what asserts, and everything here does.
 */
#ifndef TESTS_RELAY_SUPPORT_H
#define TESTS_RELAY_SUPPORT_H

#include <fsock.h>

#include "sock_support.h"

/* What an end is. Loop tests run over pairs of them. */
enum relay_kind {
	RELAY_TCP,
	RELAY_UNIX,
	RELAY_TEXT,         /* TCP with FILEs, in UTF-16 and whole lines */
	RELAY_LAYERED,      /* TCP with layers */
	RELAY_LAYERED_FILE, /* and with FILEs */
	RELAY_FOREIGN,      /* somebody else's socket */
	RELAY_KINDS
};

/* How the relay is driven: by fsock_relay_run(), or by a list. */
enum relay_drive { RELAY_RUN, RELAY_LIST, RELAY_DRIVES };

struct relay {
	fsock *ends[2];
	int outer[2]; /* do not block */
	int inner[2]; /* the descriptor of a foreign end, or -1 */
	fsock_relay *relay;
	enum relay_drive drive;
	struct sock_thread thread;
	int result, error; /* what came of it, and errno */
	enum fsock_error_kind kind;
	struct fsock_relay_status status;
};

/* Makes both ends. */
void relay_open(struct relay *, enum relay_kind, enum relay_kind);

/* Makes the relay; a thread drives it. */
void relay_start(struct relay *, enum relay_drive, const struct fsock_relay_options *);

/* Waits until it is over, and frees it. Returns what came of it. */
int relay_join(struct relay *);

/* Closes the ends and what is beyond them. */
void relay_close(struct relay *);

/* Sends so many octets through the relay in each direction, and then the end; asserts they come. */
void relay_exchange(struct relay *, size_t forth, size_t back);

/* Asserts that this comes out of a descriptor next, or with NULL the end. */
void relay_expect(int fd, const char *text);

/* Sends all of a text. */
void relay_say(int fd, const char *text);

/* Resets a connection. */
void relay_reset(int *fd);

#endif
