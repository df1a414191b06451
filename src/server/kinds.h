/* The kinds of servers: their tables, for who starts servers. */
#ifndef FSOCK_SERVER_KINDS_H
#define FSOCK_SERVER_KINDS_H

#include "core.h"

extern const struct fsock__server_ops fsock__server_stream_ops, fsock__server_line_ops,
    fsock__server_datagram_ops;

#endif
