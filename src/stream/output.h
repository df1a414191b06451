/* What the ways of writing share. */
#ifndef FSOCK_STREAM_OUTPUT_H
#define FSOCK_STREAM_OUTPUT_H

#include "stream.h"

/*
 * Sends octets of the wire. The first failure is kept: what follows would leave a hole. Needs the
 * output lock. Returns 0, or -1 with the error recorded.
 */
int fsock__output_send_nolock(struct fsock__stream *, const void *buf, size_t n);

/* Ends the text written so far, if there is a format: see fsock__text_finish_nolock(). 0 or -1. */
int fsock__output_finish(struct fsock__stream *);

#endif
