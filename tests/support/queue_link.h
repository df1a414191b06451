/*
 * A socket that does not block, with little room in the kernel, and its bare peer, which reads only
 * when it is told to. What is sent goes on and on in a pattern, so that every octet lost, doubled
 * or out of order shows. Only for the main thread: everything here asserts.
 */
#ifndef TESTS_QUEUE_LINK_H
#define TESTS_QUEUE_LINK_H

#include "sock_support.h"

struct queue_link {
	fsock *s;
	int peer;
	size_t sent, got; /* octets of the pattern */
};

/* The next n octets of the pattern after `from`; good until the next call. n: up to 65536. */
const char *queue_pattern(size_t from, size_t n);

/* Makes little room in the kernel for what a socket sends. */
void queue_narrow(int fd);

/* `options` may be NULL; the socket does not block, whatever they say. */
void queue_link_open(struct queue_link *, enum sock_transport, const struct fsock_options *options);

/*
 * All ways to drain a queue, over each transport: it is a member of a list of each kind, or of none
 * (list is NULL) where only fsock_send_pending() drains. Opening returns 0 if this machine does not
 * have the transport.
 */
int queue_link_ways(void);
int queue_link_open_way(
    struct queue_link *, fsock_waitlist **list, int way, const struct fsock_options *options);
void queue_link_close_way(struct queue_link *, fsock_waitlist *list);

/* The peer is not going to read: there is little room for what it receives, too. */
void queue_link_stop(struct queue_link *);

/* Sends n octets; sends until at least n are queued: the kernel is full then. */
void queue_link_put(struct queue_link *, size_t n);
void queue_link_fill(struct queue_link *, size_t n);

/* The peer reads what is there, up to n octets, and compares. Returns 0 at end of file, else 1. */
int queue_link_read(struct queue_link *, size_t n);

/* One turn of a loop: a wait on the list, which tells of nothing, or without one a bare try. */
void queue_link_turn(struct queue_link *, fsock_waitlist *);

/* The peer reads all that was sent, or also the end of file behind it, in such turns. */
void queue_link_read_all(struct queue_link *, fsock_waitlist *);
void queue_link_read_end(struct queue_link *, fsock_waitlist *);

/* The peer closes such that the socket sees a reset. */
void queue_link_reset(struct queue_link *);

/* Closes what is left: `s` may be NULL. */
void queue_link_close(struct queue_link *);

#endif
