/*
 * Octets that wait to be sent.
 *
 *	data      head        tail           capacity
 *	 | sent    | waiting   | free          |
 *
 * What must stay true: head <= tail <= capacity; head is 0 if nothing waits; data is NULL if and
 * only if capacity is 0.
 */
#ifndef FSOCK_STREAM_QUEUE_H
#define FSOCK_STREAM_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#define FSOCK__QUEUE_SMALL 2048 /* what an empty queue may keep */

struct fsock__queue {
	uint8_t *data;
	size_t capacity, head, tail;
};

/* How much waits. */
static inline size_t
fsock__queue_count(const struct fsock__queue *q)
{
	return q->tail - q->head;
}

/* Appends n octets. Returns 0, or -1 (ENOMEM) with nothing appended. */
int fsock__queue_append(struct fsock__queue *, const void *octets, size_t n);

/* The first n octets have been sent. An empty queue keeps little memory. */
void fsock__queue_sent(struct fsock__queue *, size_t n);

/* The same, but frees nothing, as in exit(), which a signal handler may have called. */
void fsock__queue_pass(struct fsock__queue *, size_t n);

/* Nothing waits any more, and no memory is held. */
void fsock__queue_free(struct fsock__queue *);

#endif
