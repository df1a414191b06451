/*
 * Connecting to the first of several addresses that answers: Happy Eyeballs, version 2 (RFC 8305),
 * as something that is stepped on and never waits.
 */
#ifndef FSOCK_NET_RACE_H
#define FSOCK_NET_RACE_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "resolve.h"

/* How far something has come that takes steps. */
enum fsock__progress { FSOCK__PENDING, FSOCK__DONE, FSOCK__FAILED };

#define FSOCK__RACE_MAX       8                  /* attempts under way at once */
#define FSOCK__RACE_DELAY     INT64_C(250000000) /* RFC 8305's Connection Attempt Delay, in ns */
#define FSOCK__RACE_DELAY_MIN INT64_C(10000000)  /* and the least it allows */

/*
 * What must stay true:
 *  1. While it is pending, `fds` are the attempts under way, the oldest first, each a descriptor
 *     that does not block; `next` is when to step at the latest if none of them gets ready.
 *  2. The addresses before `tried` have been tried; the one at `tried` has its turn at `turn`.
 *  3. `error` is what the race fails with if no address answers: see note() there.
 */
struct fsock__race {
	struct pollfd fds[FSOCK__RACE_MAX];
	size_t count;
	int64_t next;

	int fd;     /* once done: the connected descriptor, which blocks */
	int family; /* its AF_... */
	int error;  /* once failed: why */

	struct fsock__addresses remote, local;
	size_t tried;
	int64_t turn, deadline, pause;
	int socket;                    /* its number in traces, or 0 */
	int families[FSOCK__RACE_MAX]; /* of `fds` */
	struct fsock__attempt {
		size_t target; /* which of `remote` it is */
		int64_t began;
	} attempts[FSOCK__RACE_MAX]; /* likewise, for traces */
};

/*
 * Starts a race to the addresses `remote`, at least one, in their order but with the families
 * interleaved. Without addresses in `local` the system chooses where to connect from. The race owns
 * both from now on, and is to be ended with fsock__race_end().
 *
 * The next address is tried when none has answered for FSOCK__RACE_DELAY, and at once when one has
 * failed. If the deadline is too near for that, the time that is left is divided equally among the
 * addresses, so that each has its turn, in parts of FSOCK__RACE_DELAY_MIN at least. Of more than
 * FSOCK__RACE_MAX the one that has had most time gives its place to the next.
 */
void fsock__race_start(struct fsock__race *, struct fsock__addresses remote,
    struct fsock__addresses local, int64_t deadline);

/*
 * Goes as far as it can without waiting; `now` is the clock's. Returns FSOCK__DONE with `fd` the
 * caller's from now on, FSOCK__FAILED, or FSOCK__PENDING. Keeps errno.
 */
enum fsock__progress fsock__race_step(struct fsock__race *, int64_t now);

/* Closes the attempts still under way, and frees the addresses. Keeps errno. */
void fsock__race_end(struct fsock__race *);

#endif
