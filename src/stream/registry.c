#include "../base/compat.h"
#include "registry.h"

#include "../base/error.h"
#include "../base/lock.h"

/*
 * A hash table with chains through the windows, changed by single stores under the lock of its own:
 * so a child of fork() finds it whole.
 */
enum { BUCKETS = 4096 };
static _Atomic(struct fsock__window *) buckets[BUCKETS];

/* The bucket of a FILE. Allocators align: the low bits of addresses say nothing. */
static _Atomic(struct fsock__window *) *
bucket(FILE *file)
{
	uint64_t h = (uint64_t)(uintptr_t)file >> 4;

	h *= 0x9e3779b97f4a7c15u;
	return &buckets[(h >> 32) % BUCKETS];
}

static void
lock(void)
{
	fsock__process_watch();
	fsock__lock_take(fsock__lock_the(FSOCK__LOCK_REGISTRY));
}

static void
unlock(void)
{
	fsock__lock_give(fsock__lock_the(FSOCK__LOCK_REGISTRY));
}

void
fsock__registry_enter(struct fsock__window *w, FILE *file)
{
	_Atomic(struct fsock__window *) *b = bucket(file);

	lock();
	w->key = file;
	w->next = *b;
	*b = w;
	unlock();
}

void
fsock__registry_remove(struct fsock__window *w)
{
	_Atomic(struct fsock__window *) *p = bucket(w->key);

	lock();
	while (*p != NULL && *p != w)
		p = &(*p)->next;
	if (*p != NULL)
		*p = w->next;
	unlock();
}

struct fsock__window *
fsock__registry_find(FILE *file)
{
	struct fsock__window *w;

	lock();
	for (w = *bucket(file); w != NULL && w->key != file; w = w->next)
		;
	unlock();
	return w;
}

struct fsock__window *
fsock__registry_window(FILE *file, int sides, const char *operation)
{
	struct fsock__window *w = file == NULL ? NULL : fsock__registry_find(file);

	if (w != NULL && (w->sides & sides) == sides)
		return w;
	fsock__error_set_kind(
	    operation, NULL, FSOCK__NO_PORT, FSOCK_INVALID_SOCKET_STREAM_ERROR, EINVAL);
	return NULL;
}

void
fsock__registry_each(void (*visit)(struct fsock__window *))
{
	lock();
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct fsock__window *w = buckets[i]; w != NULL; w = w->next)
			visit(w);
	unlock();
}
