/* What is done with the layers of a socket as a whole. */
#ifndef FSOCK_SOCK_LAYERS_H
#define FSOCK_SOCK_LAYERS_H

#include "layer_state.h"

extern const struct fsock__transport_ops fsock__transport_layered;

/*
 * Goes on with the handshake. Returns 1 when it is done, 0 if that has to wait, -1 with the error
 * recorded.
 */
int fsock__layers_advance(struct fsock *, const char *operation);

/* The same, and waits: until `until` at the most, unless the socket does not block (EAGAIN). */
int fsock__layers_start(struct fsock *, const char *operation, int64_t until);

/*
 * Receives what is there. Returns how much, 0 at the end, -1 with the error recorded, or -2 if
 * there is nothing.
 */
#define FSOCK__LAYERS_NOTHING (-2)
ssize_t fsock__layers_receive(struct fsock *, void *buf, size_t n);

/*
 * Waits for what reading or writing wants: until `until` and the direction's deadline at the most.
 * Returns 0 if it is to be tried again, or -1 with the error recorded.
 */
int fsock__layers_await(struct fsock *, const char *operation, int direction, int64_t until);

/* Finds out whether there is input, the end of it or an error: see fsock__layers_have_input(). */
void fsock__layers_probe(struct fsock *);

/*
 * Shuts input down: reading ends here, before the descriptor's input does. What the layers would
 * make of that is no failure, and output goes on. Returns 0, or -1 with errno and nothing changed.
 */
int fsock__layers_shut_input(struct fsock *);

/* The handshake has taken too long. */
void fsock__layers_be_late(struct fsock *);

/* Frees the layers' states; the connection is about to be closed. */
void fsock__layers_drop(struct fsock *);

#endif
