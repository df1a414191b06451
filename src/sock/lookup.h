/* getaddrinfo(3) under a deadline. */
#ifndef FSOCK_SOCK_LOOKUP_H
#define FSOCK_SOCK_LOOKUP_H

#include <stdint.h>

struct addrinfo;

/* What fsock__lookup() returns when the deadline passed first: no code of getaddrinfo(3)'s. */
#define FSOCK__LOOKUP_TIMED_OUT (-20000)

/* Look-ups that may be under way at once; each is a thread. One more waits for its turn. */
#define FSOCK__LOOKUP_MAX 32

/*
 * Looks a host up, until the absolute deadline. Without one it is getaddrinfo() itself. With one it
 * runs in a thread of its own, as nothing else can interrupt it, and is left to itself when the
 * deadline passes: it ends when the system's resolver gives up, and cleans up behind itself.
 * Returns 0 with *results for freeaddrinfo(3), a code of getaddrinfo()'s (with EAI_SYSTEM errno is
 * set), or FSOCK__LOOKUP_TIMED_OUT.
 */
int fsock__lookup(const char *host, int family, int64_t deadline, struct addrinfo **results);

#endif
