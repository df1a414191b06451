/* From the host and port of a call to the addresses to try. */
#ifndef FSOCK_NET_RESOLVE_H
#define FSOCK_NET_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include <fsock/addr.h>

#include "question.h"

struct addrinfo;
struct fsock__lookup;

/*
 * Answers what needs no lookup: numbers, Unix-domain names, the wildcard, and all that is wrong.
 * *found is empty before. Returns 1 with at least one address in *found, 0 if the host, the service
 * or both are to be looked up, or -1 with the error recorded. With a service, *found then has the
 * addresses of a host that is known, which lack their port.
 */
int fsock__resolve_at_once(struct fsock__question *, struct fsock__addresses *found);

/*
 * Has looked up what is not known, and does not wait; or, with the other one, does until the
 * absolute deadline. They return as fsock__lookup_begin() and fsock__lookup() do.
 */
int fsock__resolve_begin(
    const struct fsock__question *, const struct fsock__addresses *found, struct fsock__lookup **);
int fsock__resolve_await(const struct fsock__question *, const struct fsock__addresses *found,
    int64_t deadline, struct addrinfo **results);

/*
 * Makes addresses of what looking up gave: `eai`, and `results`, which are freed, if that is 0.
 * Returns 1 with at least one address in *found, or -1 with the error recorded.
 */
int fsock__resolve_answer(
    struct fsock__question *, int eai, struct addrinfo *results, struct fsock__addresses *found);

/*
 * The addresses of a host, numeric, Unix-domain or a name. host NULL is the wildcard: "::" and
 * "0.0.0.0".
 * Looking up a name ends with the absolute deadline, as ETIMEDOUT.
 * Returns 0 with at least one address in *list, which the caller frees with free(3), or -1.
 */
int fsock__resolve(
    struct fsock__question *, int64_t deadline, struct fsock_addr **list, size_t *count);

#endif
