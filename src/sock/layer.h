/* Layers on the sockets that the library makes. */
#ifndef FSOCK_SOCK_LAYER_H
#define FSOCK_SOCK_LAYER_H

#include "handle.h"

/*
 * Puts the layer that its settings ask for on a connection, if they do. Returns 0, or -1 with the
 * error recorded.
 */
int fsock__layer_make(struct fsock *, int accepted);

/* Frees the layers of a socket, if it has any. */
void fsock__layer_free_all(struct fsock *);

/* Who keeps settings beyond a call counts as one who has the maker. NULL does nothing. */
void fsock__layer_hold(struct fsock_layer_maker *);
void fsock__layer_drop(struct fsock_layer_maker *);

#endif
