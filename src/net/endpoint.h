/*
 * Addresses as people write them: what a call is given with port -1. fsock/addr.h has the grammar.
 * Nothing is looked up here.
 */
#ifndef FSOCK_NET_ENDPOINT_H
#define FSOCK_NET_ENDPOINT_H

#include <fsock/names.h>

#define FSOCK__SERVICE_SIZE 64 /* the longest name of a service, with its NUL */

/* A host and a port. It points into itself and into the caller's text: not to be copied. */
struct fsock__endpoint {
	const char *host;    /* NULL: none was given, or all addresses of this machine */
	int port;            /* 0 if it is to be looked up, or the host is a Unix-domain one */
	const char *service; /* whose port is to be looked up, or NULL */
	char host_text[FSOCK_HOST_NAME_SIZE];
	char service_text[FSOCK__SERVICE_SIZE];
};

/*
 * What the address is for. The type is SOCK_STREAM, SOCK_DGRAM, or 0 for either. An end of this
 * machine's, to bind to, may have an empty host.
 */
struct fsock__endpoint_use {
	const char *operation; /* for the error record */
	int type, is_local;
};

/*
 * Reads the host and port of a call. Both are taken over as they are, unless the port is -1 and
 * there is a host: then that is an address. Returns 0, or -1 with the error recorded (EINVAL,
 * ENAMETOOLONG).
 */
int fsock__endpoint_read(
    struct fsock__endpoint *, const struct fsock__endpoint_use *, const char *host, int port);

/*
 * The port of a service that is none (NULL or "") or a decimal number. Returns 1 with *port set, 0
 * if it is a name to be looked up, or -1 if it is neither a port nor what a name may be.
 */
int fsock__service_number(const char *service, int *port);

/* Whether text that may be a host alone can only be an address with a port, or a protocol. */
int fsock__endpoint_is_address(const char *text);

#endif
