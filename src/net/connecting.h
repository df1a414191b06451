/*
 * Connecting to a host, from its name to the connected descriptor, as something that is stepped on
 * and never waits: the host is looked up, then the local address to connect from, if one was asked
 * for, then the addresses race (race.h), all under one deadline.
 */
#ifndef FSOCK_NET_CONNECTING_H
#define FSOCK_NET_CONNECTING_H

#include "../base/error.h"
#include "lookup.h"
#include "race.h"

/*
 * While it is pending, `fds` are the `count` descriptors to poll(2) as they say, and `next` is when
 * to step at the latest if none of them gets ready. A step may close them and put others there.
 */
struct fsock__connecting {
	struct pollfd *fds;
	size_t count;
	int64_t next;

	int fd;     /* once done: the connected descriptor, which blocks */
	int family; /* its AF_... */

	enum fsock__progress progress;
	enum { FSOCK__LOOKING, FSOCK__LOOKING_LOCAL, FSOCK__RACING } phase;
	int64_t deadline;
	int past_exchange; /* `deadline` is the exchange's own, not the timeout's */
	int may_wait;
	struct fsock__question remote, local; /* their hosts are copies, behind this */
	struct fsock__addresses found, found_local;
	struct fsock__lookup *lookup;
	struct pollfd answer;     /* of the look-up */
	struct fsock__race race;  /* in the last phase */
	struct fsock_error error; /* once failed */
};

/* Where to connect to and from, and for how long to try. */
struct fsock__route {
	const char *host;
	int port;
	const char *local_host; /* NULL: any */
	int local_port;
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

/* Records, in the calling thread, why it failed. Sets errno and returns -1. */
int fsock__connecting_fail(const struct fsock__connecting *);

/* Ends it at any moment, with all that it has open but `fd`. NULL does nothing. Keeps errno. */
void fsock__connecting_free(struct fsock__connecting *);

#endif
