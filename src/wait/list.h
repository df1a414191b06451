/* Making lists. */
#ifndef FSOCK_WAIT_LIST_H
#define FSOCK_WAIT_LIST_H

#include "waitlist.h"

/* fsock_waitlist_new() with a backend of the caller's choice. */
struct fsock_waitlist *fsock__waitlist_new(const struct fsock__wait_ops *);

#endif
