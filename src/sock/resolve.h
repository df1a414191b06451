/* From the host and port of a call to the addresses to try. */
#ifndef FSOCK_SOCK_RESOLVE_H
#define FSOCK_SOCK_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include <fsock/addr.h>

/*
 * The addresses of a host, numeric, Unix-domain or a name. host NULL is the wildcard: "::" and
 * "0.0.0.0". `operation` is for the error record.
 * Looking up a name ends with the absolute deadline, as ETIMEDOUT.
 * Returns 0 with at least one address in *list, which the caller frees with free(3), or -1.
 */
int fsock__resolve(const char *operation, const char *host, int port, enum fsock_family family,
    int64_t deadline, struct fsock_addr **list, size_t *count);

#endif
