/*
 * Connecting to a host, from its name to the connected descriptor, as something that is stepped on
 * and never waits: the host is looked up, then the local address to connect from, if one was asked
 * for, then the addresses race (race.h), all under one deadline.
 */
#ifndef FSOCK_NET_CONNECTING_H
#define FSOCK_NET_CONNECTING_H

#include <stdatomic.h>

#include "../base/abandon.h"
#include "../base/error.h"
#include "../base/wake.h"
#include "lookup.h"
#include "race.h"

/*
 * While it is pending, `fds` are the `count` descriptors to poll(2) as they say, and `next` is when
 * to step at the latest if none of them gets ready. A step may close them and put others there: who
 * sleeps meanwhile polls what fsock__connecting_fds() gives, and is woken.
 */
struct fsock__connecting {
	struct pollfd *fds;
	size_t count;
	int64_t next;

	struct fsock__abandon abandon; /* of the thread that waits for it alone */

	int fd;                              /* once done: the connected descriptor, which blocks */
	int family;                          /* its AF_... */
	int number;                          /* of the socket in traces, or 0 */
	int64_t began, looked_up, connected; /* moments; 0: not yet */

	enum fsock__progress progress;
	enum { FSOCK__LOOKING, FSOCK__LOOKING_LOCAL, FSOCK__RACING } phase;
	int64_t deadline;
	int past_exchange; /* `deadline` is the exchange's own, not the timeout's */
	int may_wait;
	struct fsock__question remote, local; /* their texts are copies, behind this */
	struct fsock__addresses found, found_local;
	struct fsock__lookup *lookup;
	struct pollfd answer;       /* of the lookup */
	struct fsock__race race;    /* in the last phase */
	struct fsock__record error; /* once failed */

	struct fsock__wake
	    wake; /* for those who poll copies of `fds`, made for the first of them */
	atomic_int wake_process; /* whose it is, by fsock__process(); 0: there is none */
	atomic_int is_awake;     /* nobody is to sleep */
};

/* How many descriptors a copy of `fds` has at most: those of the race, and one more. */
#define FSOCK__CONNECTING_FDS (FSOCK__RACE_MAX + 1)

/* Where to connect to and from, and for how long to try. */
struct fsock__route {
	const char *host;
	int port;
	const char *service;    /* to be looked up for the port, or NULL */
	const char *local_host; /* NULL: any */
	int local_port;
	const char *local_service; /* likewise */
	enum fsock_family family;
	int64_t timeout;  /* a span, which begins when connecting does */
	int64_t exchange; /* the deadline of the whole exchange, absolute */
};

/*
 * Begins to connect. With `may_wait`, what no limit ends is looked up in the step itself: who waits
 * for the outcome anyway needs no thread for that.
 * Returns it, to be freed with fsock__connecting_free(), or NULL (ENOMEM, recorded).
 */
struct fsock__connecting *fsock__connecting_new(const struct fsock__route *, int may_wait);

/*
 * Goes as far as it can without waiting. Returns FSOCK__DONE with `fd` the caller's from now on,
 * FSOCK__FAILED or FSOCK__PENDING; after the end the same again. Keeps errno, not the last error.
 */
enum fsock__progress fsock__connecting_step(struct fsock__connecting *);

/*
 * Copies `fds` for a thread that is to poll(2) them without what keeps others from stepping, and
 * adds one that fsock__connecting_wake() makes readable. Returns how many they are. If there is no
 * descriptor for that it is left out. Keeps errno.
 */
size_t fsock__connecting_fds(struct fsock__connecting *, struct pollfd fds[FSOCK__CONNECTING_FDS]);

/*
 * Wakes all who poll such copies, and whoever will, until fsock__connecting_calm(): after a step,
 * for `fds` and `next` are others then; or when the process ends. To be calmed when all who polled
 * then have come back: one who has not might go on sleeping. In a child of fork() the parent's
 * threads sleep on. Neither takes a lock; both are async-signal-safe and keep errno.
 */
void fsock__connecting_wake(struct fsock__connecting *);
void fsock__connecting_calm(struct fsock__connecting *);

/* Records, in the calling thread, why it failed. Sets errno and returns -1. */
int fsock__connecting_fail(const struct fsock__connecting *);

/* Ends it at any moment, with all that it has open but `fd`. NULL does nothing. Keeps errno. */
void fsock__connecting_free(struct fsock__connecting *);

#endif
