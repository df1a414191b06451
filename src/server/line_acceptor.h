/* Taking the clients of a loop: from its listeners, within the limits of the server. */
#ifndef FSOCK_SERVER_LINE_ACCEPTOR_H
#define FSOCK_SERVER_LINE_ACCEPTOR_H

#include "loop.h"

/* Takes clients from all sources that are the loop's, or from none. */
void fsock__line_acceptor_begin(struct fsock__loop *);
void fsock__line_acceptor_end(struct fsock__loop *);

/* A listener of the loop is ready, or its pause is over. */
void fsock__line_acceptor_take(struct fsock__loop *, fsock *listener, int state);

/* Listens again if the server is not full any more. */
void fsock__line_acceptor_resume(struct fsock__loop *);

#endif
