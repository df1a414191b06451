/* Services by name: the ports of "https" and the like. */
#ifndef FSOCK_NET_SERVICE_H
#define FSOCK_NET_SERVICE_H

struct addrinfo;

/* The port in what getaddrinfo(3) has found for a service, or 0. */
int fsock__service_port(const struct addrinfo *results);

/*
 * Records that looking up a service by name, alone or together with the host, gave `eai`. Returns
 * -1.
 */
int fsock__service_fail(
    const char *operation, const char *host, const char *service, int is_alone, int eai);

#endif
