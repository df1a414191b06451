/* The mechanism that makes a FILE of a window: one implementation each per kind of libc. */
#ifndef FSOCK_STREAM_FILE_H
#define FSOCK_STREAM_FILE_H

#include <limits.h>

#include "connection.h"

struct fsock__file_ops {
	/* Opens the FILE of a window whose sides are set. Returns it, or NULL with errno set. */
	FILE *(*open)(struct fsock__window *);
	/* Makes fileno() give the socket's descriptor, which may be -1 still, where that can be. */
	void (*set_fileno)(FILE *, int fd);
};

/*
 * What fileno() is to give where a FILE has only a short for it: -1 of a number that does not fit,
 * which, cut off, would be another descriptor's.
 */
static inline short
fsock__file_number(int fd)
{
	return fd > SHRT_MAX ? -1 : (short)fd;
}

/*
 * How many octets stdio holds for the program to read from the window's FILE, those pushed back
 * included. Without the FILE's lock, but with the handle's, which keeps the FILE from going away,
 * it is what a glance shows: exact as long as the other thread does not read.
 */
size_t fsock__file_unread(const struct fsock__window *);
size_t fsock__file_glance(const struct fsock__window *);

/* The one that this build uses. */
extern const struct fsock__file_ops fsock__file_ops;

#endif
