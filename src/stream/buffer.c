#include "../base/compat.h"
#include "buffer.h"

#include <stdlib.h>

/* Moves what is kept to the front of new memory of `capacity` octets, or of the old. */
static int
move(struct fsock__buffer *b, size_t capacity)
{
	size_t kept = b->tail - b->mark;
	uint8_t *data = b->data;

	if (capacity != b->capacity) {
		data = malloc(capacity);
		if (data == NULL)
			return -1;
	}
	if (kept > 0)
		memmove(data, b->data + b->mark, kept);
	if (data != b->data)
		free(b->data);
	b->data = data;
	b->capacity = capacity;
	b->head -= b->mark;
	b->tail -= b->mark;
	b->mark = 0;
	return 0;
}

size_t
fsock__buffer_reserve(struct fsock__buffer *b)
{
	size_t wanted = b->appetite < FSOCK__BUFFER_SMALL ? FSOCK__BUFFER_SMALL : b->appetite;
	size_t kept = b->tail - b->mark;

	/* In proportion, or a long line would be copied as often as it has pieces. */
	if (kept >= wanted)
		wanted = kept < b->capacity ? b->capacity : kept + kept / 2 + FSOCK__BUFFER_LARGE;
	if (b->capacity < wanted && move(b, wanted) < 0)
		return 0;
	/* When nothing waits, what is delivered must not creep up to the end. */
	if (b->tail == b->capacity || (b->head == b->tail && b->tail > b->capacity / 2))
		move(b, b->capacity);
	return b->capacity - b->tail;
}

/*
 * A receive that fills the room suggests that more waits; one that leaves most of it free, that a
 * smaller one will do. The appetite follows in steps, so that a single odd one changes little.
 */
void
fsock__buffer_received(struct fsock__buffer *b, size_t n)
{
	size_t room = b->capacity - b->tail;

	b->tail += n;
	b->received += n;
	if (n == room && b->appetite < FSOCK__BUFFER_LARGE)
		b->appetite =
		    b->capacity * 4 < FSOCK__BUFFER_LARGE ? b->capacity * 4 : FSOCK__BUFFER_LARGE;
	else if (n < b->appetite / 4)
		b->appetite /= 2;
}

void
fsock__buffer_shrink(struct fsock__buffer *b)
{
	int saved = errno;

	/* For want of memory it stays as it is. */
	if (b->tail - b->mark <= FSOCK__BUFFER_SMALL)
		move(b, FSOCK__BUFFER_SMALL);
	errno = saved;
}

int
fsock__buffer_give_back(struct fsock__buffer *b, size_t n)
{
	if (n > b->head - b->mark)
		return -1;
	b->head -= n;
	return 0;
}

void
fsock__buffer_free(struct fsock__buffer *b)
{
	free(b->data);
	memset(b, 0, sizeof *b);
}
