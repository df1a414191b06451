/*
 * Lines, or other records, for who serves a socket beside its two-way FILE: they do not pass
 * through stdio, so that what is being written to the FILE can stay in its buffer meanwhile.
 */
#ifndef FSOCK_STREAM_LINE_H
#define FSOCK_STREAM_LINE_H

#include <sys/types.h>

#include <stddef.h>

#include "../sock/handle.h"

/* Room for a line; all zero at first. It can be used for any number of sockets in turn. */
struct fsock__line {
	char *text; /* the line without its end, and a NUL */
	size_t length, room;
};

/*
 * Makes a socket one that does not block and delivers whole records. Nobody may be using it.
 * Returns 0, or -1 with the error recorded: it has a format in which they are not to be found.
 */
int fsock__line_deliver(struct fsock *, const struct fsock_record *);

/*
 * Takes the next record of a socket that delivers them whole, and whose two-way FILE is open.
 * Unless `may_receive`, only one that has been received already. Returns 1; 0 at end of file, an
 * incomplete record being thrown away; or -1: with errno EAGAIN if there is none yet, else with
 * the error recorded.
 */
int fsock__line_take(struct fsock *, struct fsock__line *, int may_receive);

void fsock__line_free(struct fsock__line *);

#endif
