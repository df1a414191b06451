/* One step of a layer, and of those below it. All need the turn of the socket's layers. */
#ifndef FSOCK_SOCK_LAYER_STEP_H
#define FSOCK_SOCK_LAYER_STEP_H

#include "layer_state.h"

/* Each calls the function of that name, or does without, and sees to what comes after it. */
int fsock__layer_start(struct fsock_layer *);
ssize_t fsock__layer_read(struct fsock_layer *, void *buf, size_t n);
ssize_t fsock__layer_write(struct fsock_layer *, const void *buf, size_t n);
int fsock__layer_flush(struct fsock_layer *);
int fsock__layer_end(struct fsock_layer *);

/* Whether this layer, or one below, may have input without the descriptor. */
int fsock__layer_is_pending(const struct fsock_layer *);

/* Records a failure, unless there is one. Returns FSOCK_LAYER_FAILED. */
int fsock__layer_fail(
    struct fsock__layers *, enum fsock_error_kind kind, int errnum, const char *text);

#endif
