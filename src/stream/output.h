/* What the ways of writing share. */
#ifndef FSOCK_STREAM_OUTPUT_H
#define FSOCK_STREAM_OUTPUT_H

#include "stream.h"

/*
 * Ends the text written so far, if there is a format: see fsock__text_finish(). It may be told to do
 * nothing while another thread waits for the peer. Returns 0 or -1.
 */
int fsock__output_finish(struct fsock__stream *, enum fsock__flush);

#endif
