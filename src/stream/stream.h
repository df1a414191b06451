/* Making the streams of a socket, and opening them. */
#ifndef FSOCK_STREAM_STREAM_H
#define FSOCK_STREAM_STREAM_H

#include "connection.h"

/* Opens one of the windows, if it is not open yet. Returns the FILE, or NULL with errno set. */
FILE *fsock__stream_open(struct fsock *, int which);

#endif
