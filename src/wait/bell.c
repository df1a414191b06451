#include "../base/compat.h"
#include "bell.h"

#include <stdlib.h>

#include "../base/abandon.h"
#include "../base/process.h"
#include "../base/ring.h"
#include "../base/wake.h"
#include "../sock/layers.h"

/* Where a bell hangs. In its socket's chain under the handle's lock; `socket` is NULL once not. */
struct fsock__rope {
	struct fsock__rope *next;
	_Atomic(struct fsock *) socket;
	struct fsock__bell *bell;
};

/*
 * It belongs to a thread, whose wait may be cancelled or jumped out of: so it is no place on the
 * stack. Whoever rings it has a reference meanwhile, and no lock.
 */
struct fsock__bell {
	struct fsock__abandon abandon;
	struct fsock__wake wake;
	atomic_int references;
	atomic_int is_rung; /* 1 if and only if the wake-up is readable, or is about to be */
	int process;        /* a child of fork() leaves its parent's bells alone */
	size_t count;
	struct fsock__rope ropes[];
};

static void
drop_reference(struct fsock__bell *bell)
{
	if (--bell->references > 0)
		return;
	fsock__wake_close(&bell->wake);
	free(bell);
}

static void
tie(struct fsock__bell *bell, struct fsock *s, const struct fsock__watch_ops *ops)
{
	struct fsock__rope *rope = &bell->ropes[bell->count++];

	rope->bell = bell;
	rope->socket = s;
	fsock__handle_lock(s);
	rope->next = s->watch.ropes;
	s->watch.ops = ops;
	s->watch.ropes = rope;
	fsock__handle_unlock(s);
}

/* The socket may be gone, but not while the rope names it and the lock of its place is held. */
static void
untie(struct fsock__rope *rope)
{
	struct fsock *s = rope->socket;
	struct fsock__lock *lock = fsock__lock_of(s);

	fsock__lock_take(lock);
	if (rope->socket != NULL) {
		_Atomic(struct fsock__rope *) *p = &s->watch.ropes;
		struct fsock__rope *before = *p;

		if (before == rope) {
			*p = rope->next;
		} else {
			while (before->next != rope)
				before = before->next;
			before->next = rope->next;
		}
	}
	fsock__lock_give(lock);
}

static void
take_down(struct fsock__bell *bell)
{
	for (size_t i = 0; i < bell->count; i++)
		untie(&bell->ropes[i]);
	drop_reference(bell);
}

/* The thread has ended while it waited, or has jumped out of its wait. */
static void
abandon(struct fsock__abandon *a)
{
	struct fsock__bell *bell = fsock__ring_owner(a, struct fsock__bell, abandon);

	if (bell->process == fsock__process())
		take_down(bell);
}

int
fsock__bell_is_needed(const struct fsock *s)
{
	return s->delivers != FSOCK__DELIVERS_OCTETS || fsock__layers_are_on(s);
}

static struct fsock__bell *
make(size_t ropes)
{
	struct fsock__bell *bell = NULL;

	if (ropes <= (SIZE_MAX - sizeof *bell) / sizeof bell->ropes[0])
		bell = calloc(1, sizeof *bell + ropes * sizeof bell->ropes[0]);
	if (bell == NULL || fsock__wake_open(&bell->wake) < 0) {
		free(bell);
		return NULL;
	}
	bell->references = 1;
	bell->process = fsock__process();
	return bell;
}

struct fsock__bell *
fsock__bell_hang(fsock *const sockets[], size_t n, const struct fsock__watch_ops *ops)
{
	struct fsock__bell *bell = make(n);

	fsock__abandon_settle(abandon);
	if (bell == NULL)
		return NULL;
	if (fsock__abandon_push(&bell->abandon, abandon) < 0) {
		drop_reference(bell);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		if (fsock__bell_is_needed(sockets[i]))
			tie(bell, sockets[i], ops);
	return bell;
}

void
fsock__bell_take_down(struct fsock__bell *bell)
{
	if (bell == NULL)
		return;
	fsock__abandon_pop(&bell->abandon);
	take_down(bell);
}

int
fsock__bell_fd(const struct fsock__bell *bell)
{
	return bell->wake.fd;
}

/* Who rings between the two sends nothing, but what it is about is looked at afterwards. */
void
fsock__bell_clear(struct fsock__bell *bell)
{
	fsock__wake_drain(&bell->wake);
	bell->is_rung = 0;
}

/* One that hangs at the socket and is silent, with a reference; now it counts as rung. Or NULL. */
static struct fsock__bell *
find_silent(struct fsock *s)
{
	struct fsock__bell *bell = NULL;

	fsock__handle_lock(s);
	for (struct fsock__rope *r = s->watch.ropes; r != NULL && bell == NULL; r = r->next)
		if (r->bell->process == fsock__process() && !atomic_exchange(&r->bell->is_rung, 1))
			bell = r->bell;
	if (bell != NULL)
		bell->references++;
	fsock__handle_unlock(s);
	return bell;
}

void
fsock__bell_ring(struct fsock *s)
{
	struct fsock__bell *bell;

	while (s->watch.ropes != NULL && (bell = find_silent(s)) != NULL) {
		fsock__wake_send(&bell->wake);
		drop_reference(bell);
	}
}

void
fsock__bell_leave(struct fsock *s)
{
	fsock__bell_ring(s);
	fsock__handle_lock(s);
	for (struct fsock__rope *r = s->watch.ropes; r != NULL; r = r->next)
		r->socket = NULL;
	s->watch.ropes = NULL;
	fsock__handle_unlock(s);
}
