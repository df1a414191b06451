/* What the tests of datagrams share: bound sockets of every kind. Only the main thread may call. */
#ifndef TESTS_DGRAM_SUPPORT_H
#define TESTS_DGRAM_SUPPORT_H

#include "sock_support.h"

/* Kinds of datagram socket; loop tests run over them. */
enum dgram_kind { DGRAM_UDP4, DGRAM_UDP6, DGRAM_UNIX, DGRAM_ABSTRACT, DGRAM_KINDS };

/* Whether this machine has it. */
int dgram_has(enum dgram_kind);

/* A host of that kind; for Unix-domain kinds another one for each name. Good as sock_path()'s. */
const char *dgram_host(enum dgram_kind, const char *name);

/* A bound socket, and one that is also connected to another. Time limits are long. */
fsock *dgram_bound(enum dgram_kind, const char *name);
fsock *dgram_connected(enum dgram_kind, const char *name, fsock *to);

/* Where to send to reach it. */
struct fsock_addr dgram_addr(fsock *);

/*
 * Returns when all that this thread has sent to this machine has come: what it sends after that
 * has.
 */
void dgram_settle(void);

/* Asserts that the next datagram is this text, from `from` unless that is NULL. */
void dgram_expect(fsock *, const char *text, fsock *from);

/*
 * The name of an interface that reaches a multicast group from a socket of the family, or NULL,
 * having said so, if there is none. The loopback interface comes first if it may be: it does not do
 * IPv6 groups everywhere, and what goes out on it comes in again whatever the options say. IPv4
 * groups from a socket for both families are Linux's. Whoever sends to the group must let it make
 * no hop, so that nothing leaves the machine.
 */
const char *dgram_interface(const char *group, enum fsock_family, int may_be_loopback);

#endif
