/* One direction of a relay. */
#ifndef FSOCK_RELAY_WAY_H
#define FSOCK_RELAY_WAY_H

#include "end.h"
#include "pipe.h"

/*
 * Octets are received when all that were received before have been sent: what is held is in the
 * buffer or in the pipe, never in both, and no more than either takes.
 */
struct fsock__relay_way {
	struct fsock__relay_end *from, *to; /* NULL: there is no such direction */
	uint8_t *buffer;
	size_t size;
	size_t head, count; /* what of the buffer is to be sent */
	struct fsock__relay_pipe pipe;
	int may_splice;
	int ends_output; /* the end of input is passed on */

	uint64_t left;   /* octets that may yet be received */
	uint64_t passed; /* octets sent */
	size_t asked;    /* what the system was asked for by the last receive; 0: it was not */
	int has_bulk;    /* a receive has filled the buffer: a pipe is worth its while */
	int has_ended;   /* no more is received */
	int is_told;     /* output was shut down, or is not to be */
	int is_done;
	int waits; /* FSOCK_INPUT: for `from`; FSOCK_OUTPUT: for `to` */

	const struct fsock__relay_end *failed; /* where it has failed, if it has ... */
	int failed_in;                         /* ... FSOCK_INPUT or FSOCK_OUTPUT */
};

/* Octets received that were not sent. */
static inline size_t
fsock__relay_way_held(const struct fsock__relay_way *w)
{
	return w->count + w->pipe.count;
}

/*
 * Moves what can be without waiting, for a while. Returns 0; `waits` then tells for what it waits,
 * unless it is done; or -1 with the error recorded, and where.
 */
int fsock__relay_way_step(struct fsock__relay_way *);

#endif
