/* A host that is asked for, and the answer. */
#ifndef FSOCK_NET_QUESTION_H
#define FSOCK_NET_QUESTION_H

#include <stddef.h>
#include <stdint.h>

#include <fsock/addr.h>

/*
 * What is asked for. host NULL is the wildcard; `operation` is for the error record. A service is
 * looked up for its port: then it is NULL, and `port` is that.
 */
struct fsock__question {
	const char *operation, *host;
	int port;
	enum fsock_family family;
	const char *service;        /* or NULL */
	int type;                   /* SOCK_... of the service; 0 is SOCK_STREAM */
	int socket;                 /* its number in traces, or 0 */
	int64_t began;              /* the lookup, if it is traced */
	const char *traced_service; /* what that is of, if it is not of the host */
};

/* The addresses found, to be tried in this order. `items` is for free(3). */
struct fsock__addresses {
	struct fsock_addr *items;
	size_t count;
};

#endif
