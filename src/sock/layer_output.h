/* What is written to the layers of a socket. */
#ifndef FSOCK_SOCK_LAYER_OUTPUT_H
#define FSOCK_SOCK_LAYER_OUTPUT_H

#include "layer_state.h"

/*
 * Writes of n octets what can be without waiting. Returns how many, or -1 with the error recorded.
 */
ssize_t fsock__layer_output_send(struct fsock *, const void *buf, size_t n);

/*
 * Passes on what the layers have taken; with `is_end` then tells the peer that no more comes. Needs
 * the turn of the output side. Returns 1 when that is done, 0 if it has to wait, -1 with the error
 * recorded.
 */
int fsock__layer_output_flush(struct fsock *, int is_end);

#endif
