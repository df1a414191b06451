#include "../compat.h"
#include "lookup.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"

/*
 * One look-up, shared by the thread that asks and the one that looks.
 *  1. `references` counts those of the two that still need it; the last one frees it.
 *  2. `finished`, `eai`, `error` and `results` are set together, once.
 *  3. `lock` guards the members of all look-ups and the count of those under way. It is never held
 *     while anything waits but on `changed`, which is signalled when any of it changes.
 */
struct lookup {
	int references, finished;
	int eai, error;
	struct addrinfo *results;
	int family;
	char host[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static int under_way;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
init(void)
{
	fsock__cond_init(&changed);
}

static int
look_up(const char *host, int family, struct addrinfo **results)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM };

	return getaddrinfo(host, NULL, &hints, results);
}

/* Drops a reference. Needs the lock. */
static void
unref_nolock(struct lookup *l)
{
	if (--l->references > 0)
		return;
	if (l->results != NULL)
		freeaddrinfo(l->results);
	free(l);
}

/* The thread that looks. */
static void *
run(void *arg)
{
	struct lookup *l = arg;
	struct addrinfo *results = NULL;
	int eai = look_up(l->host, l->family, &results);
	int error = errno;

	pthread_mutex_lock(&lock);
	l->eai = eai;
	l->error = error;
	l->results = eai == 0 ? results : NULL;
	l->finished = 1;
	under_way--;
	unref_nolock(l);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return NULL;
}

/*
 * Starts a detached thread, deaf to signals: those are for the program's own. Returns 0 or errno.
 */
static int
start(struct lookup *l)
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
	error = pthread_create(&thread, &attr, run, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return error;
}

/* Waits on `changed`. Returns 0, or -1 when the deadline has passed. Needs the lock. */
static int
wait_nolock(int64_t deadline)
{
	struct timespec until = fsock__clock_timespec(deadline);
	struct timespec left = fsock__clock_timespec(fsock__clock_left(deadline));

	(void)left;
	return fsock__cond_wait(&changed, &lock, &until, &left) == ETIMEDOUT ? -1 : 0;
}

/* Has the look-up run and waits for its end. Needs the lock. Returns as fsock__lookup(). */
static int
conduct_nolock(struct lookup *l, int64_t deadline, struct addrinfo **results)
{
	while (under_way >= FSOCK__LOOKUP_MAX)
		if (wait_nolock(deadline) < 0)
			return FSOCK__LOOKUP_TIMED_OUT;
	l->error = start(l);
	if (l->error != 0) {
		errno = l->error;
		return EAI_SYSTEM;
	}
	under_way++;
	l->references++;
	while (!l->finished)
		if (wait_nolock(deadline) < 0 && !l->finished)
			return FSOCK__LOOKUP_TIMED_OUT;
	*results = l->results;
	l->results = NULL;
	if (l->eai == EAI_SYSTEM)
		errno = l->error;
	return l->eai;
}

int
fsock__lookup(const char *host, int family, int64_t deadline, struct addrinfo **results)
{
	size_t length = strlen(host);
	struct lookup *l;
	int cancel, r;

	if (deadline == FSOCK__NEVER)
		return look_up(host, family, results);
	l = calloc(1, sizeof *l + length + 1);
	if (l == NULL)
		return EAI_MEMORY;
	memcpy(l->host, host, length);
	l->family = family;
	l->references = 1;
	pthread_once(&once, init);
	/* Waiting is a point where a thread may be cancelled, which would leave the lock taken. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&lock);
	r = conduct_nolock(l, deadline, results);
	unref_nolock(l);
	pthread_mutex_unlock(&lock);
	pthread_setcancelstate(cancel, NULL);
	return r;
}
