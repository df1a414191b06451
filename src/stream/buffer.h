/*
 * Raw octets between the kernel and the FILEs.
 *
 *	data      mark         head           tail           capacity
 *	 | gone    | delivered  | waiting      | free          |
 *
 * What must stay true:
 *  1. mark <= head <= tail <= capacity; data is NULL if and only if capacity is 0.
 *  2. [mark, head) is what stdio was handed last: it may yet be given back.
 *  3. [head, tail) waits to be delivered.
 */
#ifndef FSOCK_STREAM_BUFFER_H
#define FSOCK_STREAM_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#define FSOCK__BUFFER_SMALL 2048   /* what an idle connection may keep */
#define FSOCK__BUFFER_LARGE 122880 /* what a busy one reads at a time */

struct fsock__buffer {
	uint8_t *data;
	size_t capacity, mark, head, tail;
	size_t appetite;   /* capacity that the last receives suggest; 0 at first */
	uint64_t received; /* octets received so far: where tail stands in the stream */
};

/* How much waits. */
static inline size_t
fsock__buffer_count(const struct fsock__buffer *b)
{
	return b->tail - b->head;
}

/* What waits. NULL without memory: to that not even 0 may be added. */
static inline const uint8_t *
fsock__buffer_head(const struct fsock__buffer *b)
{
	return b->data == NULL ? NULL : b->data + b->head;
}

/* Where head stands in the stream. */
static inline uint64_t
fsock__buffer_position(const struct fsock__buffer *b)
{
	return b->received - fsock__buffer_count(b);
}

/* Forgets what was delivered: it has been consumed. */
static inline void
fsock__buffer_settle(struct fsock__buffer *b)
{
	if (b->head == b->tail)
		b->head = b->tail = 0;
	b->mark = b->head;
}

/*
 * Makes room for at least one octet more, and for `appetite` if nothing waits.
 * Returns the free room at data + tail, or 0 for want of memory (errno ENOMEM).
 */
size_t fsock__buffer_reserve(struct fsock__buffer *);

/* Takes note of n octets received into the free room. */
void fsock__buffer_received(struct fsock__buffer *, size_t n);

/* Takes note of n octets that were received into other memory, while nothing waits. */
static inline void
fsock__buffer_passed(struct fsock__buffer *b, size_t n)
{
	b->received += n;
	b->mark = b->head;
}

/* Lets go of memory, if what is kept fits in FSOCK__BUFFER_SMALL. */
void fsock__buffer_shrink(struct fsock__buffer *);

/* Lets go of memory when nothing waits. */
static inline void
fsock__buffer_rest(struct fsock__buffer *b)
{
	if (b->head == b->tail && b->capacity > FSOCK__BUFFER_SMALL)
		fsock__buffer_shrink(b);
}

/* Delivers n of the octets that wait to `to`. n must not be more than wait. */
static inline void
fsock__buffer_deliver(struct fsock__buffer *b, void *to, size_t n)
{
	memcpy(to, b->data + b->head, n);
	b->head += n;
	fsock__buffer_rest(b);
}

/* Gives back the last n octets delivered. Returns 0, or -1 if that many are not there any more. */
int fsock__buffer_give_back(struct fsock__buffer *, size_t n);

void fsock__buffer_free(struct fsock__buffer *);

#endif
