/* From the host and port of a call to the addresses to try. */
#ifndef FSOCK_NET_RESOLVE_H
#define FSOCK_NET_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include <fsock/addr.h>

#include "question.h"

struct addrinfo;

/*
 * Answers what needs no look-up: numbers, Unix-domain names, the wildcard, and all that is wrong.
 * Returns 1 with at least one address in *found, 0 if the host is a name to be looked up, or -1
 * with the error recorded.
 */
int fsock__resolve_at_once(struct fsock__question *, struct fsock__addresses *found);

/* The family to look a name up in: AF_... */
int fsock__resolve_family(enum fsock_family);

/*
 * Makes addresses of what looking a name up gave: `eai`, and `results`, which are freed, if that is
 * 0. Returns 1 with at least one address in *found, or -1 with the error recorded.
 */
int fsock__resolve_answer(const struct fsock__question *, int eai, struct addrinfo *results,
    struct fsock__addresses *found);

/*
 * The addresses of a host, numeric, Unix-domain or a name. host NULL is the wildcard: "::" and
 * "0.0.0.0".
 * Looking up a name ends with the absolute deadline, as ETIMEDOUT.
 * Returns 0 with at least one address in *list, which the caller frees with free(3), or -1.
 */
int fsock__resolve(const char *operation, const char *host, int port, enum fsock_family family,
    int64_t deadline, struct fsock_addr **list, size_t *count);

#endif
