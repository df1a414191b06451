#include "../base/compat.h"
#include "queue.h"

#include <stdlib.h>

/* Makes room for n octets behind tail. Returns 0 or -1. */
static int
reserve(struct fsock__queue *q, size_t n)
{
	size_t count = fsock__queue_count(q);
	size_t capacity = q->capacity == 0 ? FSOCK__QUEUE_SMALL : q->capacity;
	uint8_t *data;

	if (n <= q->capacity - q->tail)
		return 0;
	if (q->head > 0 && n <= q->capacity - count && q->head >= count) {
		/* As much has been sent as is moved: no octet is moved often. */
		memmove(q->data, q->data + q->head, count);
		q->head = 0;
		q->tail = count;
		return 0;
	}
	while (capacity - q->tail < n) {
		if (capacity > SIZE_MAX / 2) {
			errno = ENOMEM;
			return -1;
		}
		capacity *= 2;
	}
	data = realloc(q->data, capacity);
	if (data == NULL)
		return -1;
	q->data = data;
	q->capacity = capacity;
	return 0;
}

int
fsock__queue_append(struct fsock__queue *q, const void *octets, size_t n)
{
	if (n == 0)
		return 0;
	if (reserve(q, n) < 0)
		return -1;
	memcpy(q->data + q->tail, octets, n);
	q->tail += n;
	return 0;
}

void
fsock__queue_pass(struct fsock__queue *q, size_t n)
{
	q->head += n;
	if (q->head == q->tail)
		q->head = q->tail = 0;
}

void
fsock__queue_sent(struct fsock__queue *q, size_t n)
{
	fsock__queue_pass(q, n);
	if (q->tail == 0 && q->capacity > FSOCK__QUEUE_SMALL)
		fsock__queue_free(q);
}

void
fsock__queue_free(struct fsock__queue *q)
{
	free(q->data);
	*q = (struct fsock__queue){ .data = NULL };
}
