/* Servers before their first worker starts, and after the last one has left. */
#ifndef FSOCK_SERVER_SERVER_NEW_H
#define FSOCK_SERVER_SERVER_NEW_H

#include "core.h"

/* Makes a server that listens, without workers. Returns it, or NULL with the error recorded. */
fsock_server *fsock__server_new(const struct fsock__server_ops *ops, fsock__handler *handler,
    const char *host, int port, void *arg, const struct fsock_server_options *options);

/* Frees a server that has no workers; its sockets are closed, or left as they were found. */
void fsock__server_free(fsock_server *, int close_sockets);

#endif
