/* The clients of a server of lines. */
#ifndef FSOCK_SERVER_LINE_CLIENT_H
#define FSOCK_SERVER_LINE_CLIENT_H

#include "loop.h"

struct fsock__client;

/* Makes a client of a socket that counts already. Both may be gone at once. */
void fsock__line_client_open(struct fsock__loop *, fsock *);

/* Serves a client that is ready, some lines of it. It may be gone afterwards. */
void fsock__line_client_serve(struct fsock__client *, int state);

/* The server ends: so do the loop's clients. */
void fsock__line_client_dismiss_all(struct fsock__loop *);

#endif
