/*
 * getaddrinfo(3) that nobody has to wait for. Nothing can interrupt it, so it runs in threads of
 * the library's own, see lookup_pool.h.
 */
#ifndef FSOCK_NET_LOOKUP_H
#define FSOCK_NET_LOOKUP_H

#include <stdint.h>

struct addrinfo;
struct fsock__lookup;

/* No codes of getaddrinfo(3)'s: the deadline passed first; there is no answer yet. */
#define FSOCK__LOOKUP_TIMED_OUT (-20000)
#define FSOCK__LOOKUP_PENDING   (-20001)

/*
 * Has a host looked up, or a service of that type (SOCK_...) for its port, or both; the other is
 * NULL. Does not wait. Returns 0 with the lookup in *made, to be ended by fsock__lookup_end(), or
 * a code of getaddrinfo()'s (with EAI_SYSTEM errno is set).
 */
int fsock__lookup_begin(
    const char *host, const char *service, int type, int family, struct fsock__lookup **made);

/*
 * The descriptor that becomes readable when there is an answer. It is the lookup's, and in a child
 * that fork() made another one after the next fsock__lookup_result().
 */
int fsock__lookup_fd(const struct fsock__lookup *);

/*
 * The answer: 0 with *results for freeaddrinfo(3), a code of getaddrinfo()'s (with EAI_SYSTEM errno
 * is set), or FSOCK__LOOKUP_PENDING. It is given once. What a parent had looked up when it forked,
 * its child looks up for itself.
 */
int fsock__lookup_result(struct fsock__lookup *, struct addrinfo **results);

/*
 * Ends it, at any moment, and keeps errno. One that waits for its turn has none any more; one that
 * is under way is left to itself: it ends when the system's resolver gives up, and cleans up
 * behind itself. Nothing of the caller's is touched once this has returned.
 */
void fsock__lookup_end(struct fsock__lookup *);

/*
 * Looks up the same and waits, until the absolute deadline. Without one it is getaddrinfo() itself.
 * Returns as fsock__lookup_result(), or FSOCK__LOOKUP_TIMED_OUT.
 */
int fsock__lookup(const char *host, const char *service, int type, int family, int64_t deadline,
    struct addrinfo **results);

#endif
