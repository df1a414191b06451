#include "../base/compat.h"
#include "registry.h"

#include <stdlib.h>

#include "../base/error.h"

/*
 * A hash table with chains through the windows.
 *  1. `lock` is held while anything below is looked at or changed; it is the last lock to be taken.
 *     A fork holds it, so that the child finds the table whole.
 *  2. bucket_count is 0 or a power of two; there are at most as many claims as buckets, and as
 *     many windows as claims.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fsock__window **buckets;
static size_t bucket_count;
static size_t claims;

/* The bucket of a FILE. Allocators align: the low bits of addresses say nothing. */
static struct fsock__window **
bucket(FILE *file)
{
	uint64_t h = (uint64_t)(uintptr_t)file >> 4;

	h *= 0x9e3779b97f4a7c15u;
	return &buckets[(size_t)(h >> 32) & (bucket_count - 1)];
}

static void
insert(struct fsock__window *w)
{
	struct fsock__window **b = bucket(w->file);

	w->next = *b;
	*b = w;
}

/* Doubles the buckets. Returns 0 or -1. */
static int
grow(void)
{
	struct fsock__window **old = buckets, *w, *next;
	size_t old_count = bucket_count;
	size_t count = old_count == 0 ? 16 : old_count * 2;
	struct fsock__window **new = calloc(count, sizeof *new);

	if (new == NULL)
		return -1;
	buckets = new;
	bucket_count = count;
	for (size_t i = 0; i < old_count; i++)
		for (w = old[i]; w != NULL; w = next) {
			next = w->next;
			insert(w);
		}
	free(old);
	return 0;
}

static void
before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void
after_fork(void)
{
	pthread_mutex_unlock(&lock);
}

/* A child in which nobody holds the lock would wait for it for ever, if only in exit(). */
static void
guard_forks(void)
{
	pthread_atfork(before_fork, after_fork, after_fork);
}

int
fsock__registry_claim(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int r = 0;

	pthread_once(&once, guard_forks);
	pthread_mutex_lock(&lock);
	if (claims == bucket_count)
		r = grow();
	if (r == 0)
		claims++;
	pthread_mutex_unlock(&lock);
	return r;
}

/* Gives up one place; after the last one no memory is held. */
static void
unclaim_nolock(void)
{
	if (--claims > 0)
		return;
	free(buckets);
	buckets = NULL;
	bucket_count = 0;
}

void
fsock__registry_unclaim(void)
{
	pthread_mutex_lock(&lock);
	unclaim_nolock();
	pthread_mutex_unlock(&lock);
}

void
fsock__registry_enter(struct fsock__window *w)
{
	pthread_mutex_lock(&lock);
	insert(w);
	pthread_mutex_unlock(&lock);
}

void
fsock__registry_remove(struct fsock__window *w)
{
	struct fsock__window **p;

	pthread_mutex_lock(&lock);
	p = bucket(w->file);
	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	unclaim_nolock();
	pthread_mutex_unlock(&lock);
}

struct fsock__window *
fsock__registry_find(FILE *file)
{
	struct fsock__window *w = NULL;

	pthread_mutex_lock(&lock);
	if (bucket_count > 0)
		for (w = *bucket(file); w != NULL && w->file != file; w = w->next)
			;
	pthread_mutex_unlock(&lock);
	return w;
}

struct fsock__window *
fsock__registry_window(FILE *file, int sides, const char *operation)
{
	struct fsock__window *w = file == NULL ? NULL : fsock__registry_find(file);

	if (w != NULL && (w->sides & sides) == sides)
		return w;
	fsock__error_set_kind(operation, NULL, FSOCK__NO_PORT, FSOCK_INVALID_SOCKET_STREAM_ERROR,
	    EINVAL);
	return NULL;
}

void
fsock__registry_each(void (*visit)(struct fsock__window *))
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < bucket_count; i++)
		for (struct fsock__window *w = buckets[i]; w != NULL; w = w->next)
			visit(w);
	pthread_mutex_unlock(&lock);
}
