/*
 * The layers between a socket's streams and its descriptor. See fsock/layer.h for what a layer is.
 * A socket without any has no struct fsock__layers.
 */
#ifndef FSOCK_SOCK_LAYER_STATE_H
#define FSOCK_SOCK_LAYER_STATE_H

#include <fsock/layer.h>

#include "../base/abandon.h"
#include "../base/clock.h"
#include "handle.h"

#define FSOCK__LAYER_PIECE 16384 /* octets that one call of write() is given at the most */
#define FSOCK__LAYER_TEXT  256   /* the longest text of a failure, with its NUL */

/* One layer. All is guarded by the turn of the socket's layers. */
struct fsock_layer {
	const struct fsock_layer_ops *ops;
	void *state;
	struct fsock *socket;
	struct fsock_layer *below; /* NULL: the descriptor */
	unsigned taken;            /* how often it has got octets from below */
	int is_started;
	int is_at_end;  /* read() has told the end of input */
	int is_ended;   /* end() is done */
	uint8_t *ahead; /* read from below before the layer was there, or NULL */
	size_t ahead_from, ahead_to;
};

/*
 * What must stay true:
 *  1. Who calls a function of a layer has the `turn`, with signals blocked: it is never
 *     interrupted, and never waits. All from `process` on changes in the turn only; what is
 *     atomic may be looked at without.
 *  2. Who waits for input below has the turn `intake`. Nobody else takes any then: it would be
 *     waited for in vain. Who comes to have it looks at `arrivals` before it waits: what it waits
 *     for may have been taken meanwhile.
 *  3. The layers belong to the `process` that has called them first. In others they are freed, and
 *     nothing else.
 *  4. After a failure no function of a layer is called but free(). Where only the descriptor has
 *     refused output, what has arrived can still be read.
 */
struct fsock__layers {
	struct fsock__turn turn, intake;
	_Atomic(struct fsock_layer *) top;
	atomic_int process; /* 0: of nobody yet */
	int is_torn;        /* a fork() has cut a call in two */
	atomic_int is_started;
	_Atomic int64_t start_by; /* when that has to be done, or FSOCK__NEVER */
	atomic_int wish[2]; /* FSOCK_INPUT or FSOCK_OUTPUT: what reading, and writing, waits for */
	unsigned arrivals;  /* how often input was taken from below */
	unsigned seen[2];   /* the same, when reading, and writing, found that they have to wait */
	atomic_int has_input;  /* reading has something to tell: `first`, the end, a failure */
	atomic_int is_pending; /* reading may have, without input from below */
	atomic_int news;       /* what lists have found of the descriptor since it was last tried */
	atomic_int has_first;
	uint8_t first;       /* an octet that a wait has read */
	int flushes;         /* a layer keeps what it takes until it is flushed */
	int flush_due;       /* and has taken something */
	atomic_int is_ended; /* end() of all is done */
	size_t owed;         /* what write() has to be called with again; 0: anything */
	uint8_t *held;       /* taken from a socket that does not block, for write() */
	_Atomic size_t held_to;
	size_t held_from, held_room;
	_Atomic size_t unsent;         /* octets, about, that are taken and not passed on */
	struct fsock__abandon abandon; /* of a thread in fsock_connect() */
	atomic_int unwritable;         /* errno of output that the descriptor has refused, or 0 */
	atomic_int failed;
	enum fsock_error_kind kind; /* why */
	int errnum;
	char text[FSOCK__LAYER_TEXT];
};

/* Whether the socket's connection, if it stands, goes through layers. */
static inline int
fsock__layers_are_on(const struct fsock *s)
{
	return s->layers != NULL;
}

/* What to wait for at the descriptor in order to read, or write, or both. */
static inline int
fsock__layers_wanted(const struct fsock *s, int directions)
{
	if (s->layers == NULL)
		return directions;
	return (directions & FSOCK_INPUT ? s->layers->wish[0] : 0) |
	       (directions & FSOCK_OUTPUT ? s->layers->wish[1] : 0);
}

/* Whether the layers have something to tell a reader, without input from below. */
static inline int
fsock__layers_have_input(const struct fsock *s)
{
	return s->layers != NULL && s->layers->has_input;
}

/* Whether the layers have octets for a reader, as far as is known. */
static inline int
fsock__layers_have_octets(const struct fsock *s)
{
	const struct fsock__layers *l = s->layers;

	return l != NULL && (l->has_first || (l->is_pending && !l->has_input));
}

/* Whether something was taken that has yet to be passed on: octets, or the end of output. */
static inline size_t
fsock__layers_unsent(const struct fsock *s)
{
	const struct fsock__layers *l = s->layers;

	if (l == NULL || s->output.error != 0 || l->failed || l->unwritable != 0 ||
	    (l->process != 0 && l->process != fsock__process()))
		return 0;
	return l->unsent > 0 ? l->unsent : s->output.end_due && !l->is_ended;
}

#endif
