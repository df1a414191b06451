/* The open streams of the process: from a FILE to its window. The only global state there is. */
#ifndef FSOCK_STREAM_REGISTRY_H
#define FSOCK_STREAM_REGISTRY_H

#include <stdio.h>

#include "connection.h"

/* Enters a window by the FILE that it gets, and takes it out; not entered, it stays so. */
void fsock__registry_enter(struct fsock__window *, FILE *);
void fsock__registry_remove(struct fsock__window *);

/* The window of a FILE, or NULL. */
struct fsock__window *fsock__registry_find(FILE *);

/*
 * The same, if the window has all the `sides`; else NULL with an error of `operation` recorded. For
 * the public functions that take a FILE; NULL is no stream.
 */
struct fsock__window *fsock__registry_window(FILE *, int sides, const char *operation);

/* Calls `visit` for every window, with the registry's lock held. */
void fsock__registry_each(void (*visit)(struct fsock__window *));

#endif
