#include "compat.h"
#include "abandon.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* of a thread: the last one pushed */
static int key_error;

/* The thread ends. */
static void
call_all(void *first)
{
	struct fsock__abandon *a = first;

	while (a != NULL) {
		struct fsock__abandon *next = a->next;

		a->fn(a); /* frees it, perhaps */
		a = next;
	}
}

static void
make_key(void)
{
	key_error = pthread_key_create(&key, call_all);
}

int
fsock__abandon_push(struct fsock__abandon *a, void (*fn)(struct fsock__abandon *))
{
	int error;

	pthread_once(&once, make_key);
	error = key_error;
	if (error == 0) {
		a->next = pthread_getspecific(key);
		a->fn = fn;
		error = pthread_setspecific(key, a);
	}
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}

/* It is the first one, unless a signal handler has jumped out of waits of its own. */
void
fsock__abandon_pop(struct fsock__abandon *a)
{
	struct fsock__abandon *b = pthread_getspecific(key);

	if (b == a) {
		pthread_setspecific(key, a->next);
		return;
	}
	while (b->next != a)
		b = b->next;
	b->next = a->next;
}

void
fsock__abandon_settle(void (*fn)(struct fsock__abandon *))
{
	struct fsock__abandon *a, *next;

	pthread_once(&once, make_key);
	for (a = key_error == 0 ? pthread_getspecific(key) : NULL; a != NULL; a = next) {
		next = a->next;
		if (a->fn != fn)
			continue;
		fsock__abandon_pop(a);
		fn(a);
	}
}

int
fsock__abandon_is_pushed(const struct fsock__abandon *a)
{
	const struct fsock__abandon *b;

	pthread_once(&once, make_key);
	b = key_error == 0 ? pthread_getspecific(key) : NULL;
	while (b != NULL && b != a)
		b = b->next;
	return b != NULL;
}
