#include "../base/compat.h"
#include "lookup_pool.h"

#include <stdlib.h>
#include <strings.h>

#include "../base/lock.h"
#include "../base/process.h"
#include "hosts_file.h"

static struct {
	int process;
	struct fsock__ring queue;
	int threads, given_up; /* the threads, and those of them whose lookup was ended */
} pool;

void
fsock__lookup_lock(sigset_t *old)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, old);
	fsock__lock_take(fsock__lock_the(FSOCK__LOCK_LOOKUPS));
	if (pool.process != fsock__process()) {
		pool.process = fsock__process();
		fsock__ring_init(&pool.queue);
		pool.threads = pool.given_up = 0;
	}
}

void
fsock__lookup_unlock(const sigset_t *old)
{
	fsock__lock_give(fsock__lock_the(FSOCK__LOCK_LOOKUPS));
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

int
fsock__lookup_ask(
    const char *host, const char *service, int type, int family, struct addrinfo **results)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = type };

	return getaddrinfo(host, service, &hints, results);
}

void
fsock__lookup_dispose(struct fsock__lookup *l)
{
	if (l->results != NULL)
		freeaddrinfo(l->results);
	free(l);
}

static void
finish_nolock(struct fsock__lookup *l, int eai, int error, struct addrinfo *results)
{
	l->eai = eai;
	l->error = error;
	l->results = eai == 0 ? results : NULL;
	l->state = FSOCK__LOOKUP_FINISHED;
	fsock__wake_send(&l->wake);
}

/* Takes the next lookup for a thread, or NULL: the thread ends. A new one may be one too many. */
static struct fsock__lookup *
take_next(int is_new)
{
	struct fsock__lookup *l = NULL;
	sigset_t old;

	fsock__lookup_lock(&old);
	if (fsock__ring_is_linked(&pool.queue) &&
	    (is_new || pool.threads - pool.given_up <= FSOCK__LOOKUP_MAX)) {
		l = fsock__ring_owner(pool.queue.next, struct fsock__lookup, in_row);
		fsock__ring_remove(&l->in_row);
		l->state = FSOCK__LOOKUP_RUNNING;
	} else {
		pool.threads--;
	}
	fsock__lookup_unlock(&old);
	return l;
}

/* Asks the system, and tells whoever still waits for it. */
static void
look_up(struct fsock__lookup *l)
{
	struct addrinfo *results = NULL;
	int eai = fsock__lookup_ask(l->host, l->service, l->type, l->family, &results),
	    error = errno, owned;
	sigset_t old;

	fsock__lookup_lock(&old);
	owned = l->owned;
	if (owned)
		finish_nolock(l, eai, error, results);
	else
		pool.given_up--;
	fsock__lookup_unlock(&old);
	if (owned)
		return;
	l->results = eai == 0 ? results : NULL;
	fsock__lookup_dispose(l);
}

/* A thread of the pool. */
static void *
run(void *arg)
{
	struct fsock__lookup *l = take_next(1);

	fsock__set_thread_name("fsock-lookup");
	for (; l != NULL; l = take_next(0))
		look_up(l);
	return arg;
}

/* Makes a detached thread, deaf to signals: those are for the program's own. Returns 0 or errno. */
static int
make_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int error = pthread_attr_init(&attr);

	if (error != 0)
		return error;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&thread, &attr, run, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return error;
}

/* Makes a thread that has been counted. If there are none, what is queued fails. */
static void
start_thread(void)
{
	int error = make_thread();
	sigset_t old;

	if (error == 0)
		return;
	fsock__lookup_lock(&old);
	pool.threads--;
	while (pool.threads == 0 && fsock__ring_is_linked(&pool.queue)) {
		struct fsock__lookup *l =
		    fsock__ring_owner(pool.queue.next, struct fsock__lookup, in_row);

		fsock__ring_remove(&l->in_row);
		finish_nolock(l, EAI_SYSTEM, error, NULL);
	}
	fsock__lookup_unlock(&old);
}

/* Counts another thread, if there may be one. Returns whether it is to be started. */
static int
count_thread_nolock(void)
{
	int start = fsock__ring_is_linked(&pool.queue) && pool.threads < FSOCK__LOOKUP_MOST &&
		    pool.threads - pool.given_up < FSOCK__LOOKUP_MAX;

	pool.threads += start;
	return start;
}

/*
 * What needs no nameserver does not wait for those that do: it comes first, and gets a thread
 * beyond their number. Returns whether that is to be started.
 */
static int
put_first(struct fsock__lookup *l)
{
	int start;
	sigset_t old;

	fsock__lookup_lock(&old);
	start = l->state == FSOCK__LOOKUP_QUEUED &&
		pool.threads < FSOCK__LOOKUP_MOST + FSOCK__LOOKUP_MAX;
	if (l->state == FSOCK__LOOKUP_QUEUED) {
		fsock__ring_remove(&l->in_row);
		fsock__ring_append(pool.queue.next, &l->in_row);
	}
	pool.threads += start;
	fsock__lookup_unlock(&old);
	return start;
}

static int
is_local(const char *host)
{
	return host == NULL || strcasecmp(host, "localhost") == 0 ||
	       fsock__hosts_file_has(FSOCK__HOSTS_FILE, host);
}

void
fsock__lookup_enqueue(struct fsock__lookup *l)
{
	int start;
	sigset_t old;

	fsock__ring_init(&l->in_row);
	l->process = fsock__process();
	fsock__lookup_lock(&old);
	l->state = FSOCK__LOOKUP_QUEUED;
	fsock__ring_append(&pool.queue, &l->in_row);
	start = count_thread_nolock();
	fsock__lookup_unlock(&old);
	if (!start && is_local(l->host))
		start = put_first(l);
	if (start)
		start_thread();
}

int
fsock__lookup_leave(struct fsock__lookup *l)
{
	int is_running, start;
	sigset_t old;

	fsock__lookup_lock(&old);
	is_running = l->state == FSOCK__LOOKUP_RUNNING;
	l->owned = 0;
	pool.given_up += is_running;
	fsock__ring_remove(&l->in_row);
	start = count_thread_nolock();
	fsock__lookup_unlock(&old);
	if (start)
		start_thread();
	return is_running;
}
