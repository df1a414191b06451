/*
 * Wake-ups: something to poll(2) for, beside sockets, that another thread or a signal handler makes
 * readable. By eventfd(2) where there is one, else by a pipe.
 */
#ifndef FSOCK_BASE_WAKE_H
#define FSOCK_BASE_WAKE_H

struct fsock__wake {
	int fd;     /* to be polled for input */
	int sender; /* the other end; the same descriptor for an eventfd */
};

/* Descriptors that do not block and are closed on exec. Returns 0, or -1 with errno. */
int fsock__wake_open(struct fsock__wake *);
void fsock__wake_close(struct fsock__wake *);

/*
 * Makes it readable, until it is drained. Cannot fail: one that is full is readable. Both are
 * async-signal-safe, keep errno and are no points of cancellation.
 */
void fsock__wake_send(const struct fsock__wake *);
void fsock__wake_drain(const struct fsock__wake *);

#endif
