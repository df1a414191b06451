/* Moving octets over what a stream stands on. */
#ifndef FSOCK_SOCK_TRANSFER_H
#define FSOCK_SOCK_TRANSFER_H

#include <sys/types.h>

#include "socket.h"

struct fsock__transport_ops {
	const char *name;
	/*
	 * Receives up to n octets, after having waited for the first one. Returns how many, 0 at end
	 * of file, or -1 with the error recorded.
	 */
	ssize_t (*receive)(struct fsock *, void *buf, size_t n);
	/* Sends all n octets. Returns 0, or -1 with the error recorded. */
	int (*send)(struct fsock *, const void *buf, size_t n);
	/* Closes what the handle owns, if it is still open. Returns 0, or -1 with errno set. */
	int (*close)(struct fsock *);
};

/* The socket that `fd` is. */
extern const struct fsock__transport_ops fsock__transport_socket;

#endif
