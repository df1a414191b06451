/*
 * A socket with the option `batched`, and its bare peer. What is said on its two-way stream is
 * kept, to be compared with what the peer gets. Only for the main thread: everything here asserts.
 */
#ifndef TESTS_BATCH_LINK_H
#define TESTS_BATCH_LINK_H

#include <stdbool.h>

#include "sock_support.h"

struct batch_link {
	fsock *s; /* NULL: the test has ended it */
	FILE *f;
	int peer;        /* -1: likewise */
	char said[1024]; /* and not got by the peer yet */
	size_t held;
};

/* Of every transport one that blocks and one that does not; the last two have layers. */
enum { BATCH_KINDS = 8 };

/* `more` are further options. A read_timeout of 0 stands for a short one. */
void batch_open(struct batch_link *, int kind, const struct fsock_options *more);
void batch_close(struct batch_link *);

bool batch_has_layers(const struct batch_link *);

void batch_peer_says(const struct batch_link *, const char *text);

/* Writes, and flushes as far as stdio is concerned. */
void batch_say(struct batch_link *, const char *text);

/* Adds what was written by other means. */
void batch_note(struct batch_link *, const char *text);

/* The next line of input. */
void batch_expect_line(const struct batch_link *, const char *line);

/* What was said is held back; or the peer gets all of it, and, with the other, then the end. */
void batch_expect_held(const struct batch_link *);
void batch_expect_sent(struct batch_link *);
void batch_expect_end(const struct batch_link *);

#endif
