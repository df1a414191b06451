/*
 * Rings: things in a row, each with a struct fsock__ring for every row it can be in, around a head.
 * Taking one out needs no search.
 */
#ifndef FSOCK_BASE_RING_H
#define FSOCK_BASE_RING_H

#include <stddef.h>

struct fsock__ring {
	struct fsock__ring *next, *prev; /* itself, if it is in no row or heads an empty one */
};

/* The thing of a type whose member `name` is at `ring`. */
#define fsock__ring_owner(ring, type, name) ((type *)(void *)((char *)(ring)-offsetof(type, name)))

static inline void
fsock__ring_init(struct fsock__ring *r)
{
	r->next = r->prev = r;
}

/* Whether it is in a row; of a head, whether anything is in its row. */
static inline int
fsock__ring_is_linked(const struct fsock__ring *r)
{
	return r->next != r;
}

/* Puts it at the end of the row. */
static inline void
fsock__ring_append(struct fsock__ring *head, struct fsock__ring *r)
{
	r->prev = head->prev;
	r->next = head;
	head->prev->next = r;
	head->prev = r;
}

/* Takes it out of its row, if it is in one. */
static inline void
fsock__ring_remove(struct fsock__ring *r)
{
	r->prev->next = r->next;
	r->next->prev = r->prev;
	fsock__ring_init(r);
}

#endif
