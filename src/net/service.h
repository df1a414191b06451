/* Services by name: the ports of "https" and the like. */
#ifndef FSOCK_NET_SERVICE_H
#define FSOCK_NET_SERVICE_H

struct addrinfo;

/*
 * The port of a service that is none (NULL or "") or a decimal number. Returns 1 with *port set, 0
 * if it is a name to be looked up, or -1 if the number is no port.
 */
int fsock__service_number(const char *service, int *port);

/* The port in what getaddrinfo(3) has found for a service, or 0. */
int fsock__service_port(const struct addrinfo *results);

/* Records that looking up a service by name, of a host or of none, gave `eai`. Returns -1. */
int fsock__service_fail(const char *operation, const char *host, const char *service, int eai);

#endif
