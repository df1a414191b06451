/*
 * Adopting a descriptor in two steps: only the second one, which cannot fail, touches it. So one
 * that is not adopted after all is as it was.
 */
#ifndef FSOCK_SOCK_ADOPT_H
#define FSOCK_SOCK_ADOPT_H

#include "handle.h"

/* Makes the handle. Returns it, or NULL with the error recorded. */
struct fsock *fsock__adopt_begin(int descriptor, const struct fsock_options *);

/* Makes the descriptor the library's. */
void fsock__adopt_finish(struct fsock *);

/* Ends the handle in its place, and keeps errno. */
void fsock__adopt_drop(struct fsock *);

#endif
