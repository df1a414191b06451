/* Ways to ask the system what is ready: one file each. */
#ifndef FSOCK_WAIT_BACKEND_H
#define FSOCK_WAIT_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#include <fsock/wait.h>

struct fsock__member;

/* A descriptor that is watched for a member or, with `member` NULL, for the list itself. */
struct fsock__watched {
	struct fsock__member *member;
	int fd;      /* -1 once the socket is closed */
	int known;   /* what the backend waits for; 0: it does not know the descriptor */
	size_t slot; /* the backend's own */
};

/* What a backend finds ready: the `state` of one. One may be found twice in one wait. */
struct fsock__found {
	struct fsock__watched *watched; /* whose member may have been removed, but not freed */
	int state;
};

#define FSOCK__FOUND_MAX 256

/* What a backend keeps for a list. */
struct fsock__poller {
	int process;  /* fsock__process() that made it: no other changes what the kernel knows */
	int fd;       /* the kernel's queue, or -1 */
	void *memory; /* the backend's own */
	struct fsock__found found[FSOCK__FOUND_MAX];
};

/*
 * All functions but `wait` are called with the list's lock held. Those that return int return 0, or
 * -1 with errno set.
 */
struct fsock__wait_ops {
	const char *name;
	int hides_errors; /* it is silent on what a datagram socket keeps for the next call */
	int (*open)(struct fsock__poller *);
	void (*close)(struct fsock__poller *);
	/*
	 * Tells the system what to wait for, other than `known`; 0 makes it forget the descriptor,
	 * which is still open, and that does not fail for want of memory. If it fails, `known` is
	 * what the system still waits for. EPERM: the descriptor never waits, as /dev/null.
	 */
	int (*set)(struct fsock__poller *, struct fsock__watched *, int interest);
	/* Gets ready to wait for what was set until now. */
	int (*prepare)(struct fsock__poller *);
	/*
	 * Waits for `left` nanoseconds (FSOCK__NEVER: for ever), without the lock: `set` may be
	 * called meanwhile. Returns how many were found, or -1.
	 */
	int (*wait)(struct fsock__poller *, int64_t left);
};

/* The backends that were built, the best one first; NULL ends them. */
extern const struct fsock__wait_ops *const fsock__wait_backends[];
extern const struct fsock__wait_ops fsock__wait_epoll, fsock__wait_kqueue, fsock__wait_poll;

#endif
