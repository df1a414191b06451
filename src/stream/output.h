/* What the ways of writing share. */
#ifndef FSOCK_STREAM_OUTPUT_H
#define FSOCK_STREAM_OUTPUT_H

#include "connection.h"

/*
 * Sends n octets of stdio's, in the turn of the output side. Returns n, or -1 with the error
 * recorded.
 */
ssize_t fsock__output_write(struct fsock__window *, const void *buf, size_t n);

/* For fsock_send(), beside the FILEs. Returns 0, or -1 with the error recorded. */
int fsock__output_send(struct fsock__stream *, const void *buf, size_t n);

/* Ends the text written so far, if there is a format: see fsock__text_finish(). Returns 0 or -1. */
int fsock__output_finish(struct fsock__stream *);

/*
 * The same, and sends what is held back. It may be told to do nothing while another thread waits
 * for the peer. Returns 0 or -1.
 */
int fsock__output_flush(struct fsock__stream *, enum fsock__flush);

/*
 * Whether what is written by the window may be held back: another one does not change its
 * direction, so that stdio passes nothing on before it has to.
 */
static inline int
fsock__output_is_batched(const struct fsock__window *w)
{
	return w->stream->socket->settings.batched && w->sides == FSOCK_IO;
}

#endif
