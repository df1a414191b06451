/* What sockets, which know no lists, call of them. */
#ifndef FSOCK_WAIT_WATCH_H
#define FSOCK_WAIT_WATCH_H

#include "../sock/handle.h"

extern const struct fsock__watch_ops fsock__watch_ops;

#endif
