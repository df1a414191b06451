/* Receiving beside the FILEs: see struct fsock__stream_ops. */
#ifndef FSOCK_STREAM_RAW_H
#define FSOCK_STREAM_RAW_H

#include "connection.h"

ssize_t fsock__raw_receive(
    struct fsock *s, void *buf, size_t n, fsock__receive_fn *receive, void *arg);
ssize_t fsock__raw_available(struct fsock *);
ssize_t fsock__raw_ahead(struct fsock *, const char *operation);

#endif
