#include "../base/compat.h"
#include "lookup.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/ring.h"
#include "../base/sys.h"

/*
 * What must stay true:
 *  1. `lock` guards all below and all look-ups. Nothing waits while it is held, and fork() takes
 *     it, so that a child finds everything whole.
 *  2. A look-up is in the row `queue` while it is QUEUED and in `running` while it is RUNNING:
 *     as long as a thread asks the system. It is in no row else.
 *  3. `owned` is 1 until fsock__lookup_end(). Only a look-up that is RUNNING outlives that, and is
 *     freed by its thread.
 *  4. `eai`, `error` and `results` are set as it gets FINISHED; then there is an octet in the pipe.
 *  5. There are at most FSOCK__LOOKUP_MAX threads, and one at least while the queue is not empty.
 *     Each ends when it finds the queue empty.
 *  6. In a child that fork() made, what had no answer yet is ORPHANED: nobody looks, and the pipe
 *     is the parent's.
 */
struct fsock__lookup {
	struct fsock__ring in_row;
	enum { QUEUED, RUNNING, FINISHED, ORPHANED } state;
	int owned;
	int eai, error;
	struct addrinfo *results;
	int pipe[2];
	int family;
	char host[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fsock__ring queue = { &queue, &queue }, running = { &running, &running };
static int threads;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void
in_parent(void)
{
	pthread_mutex_unlock(&lock);
}

static void
orphan_nolock(struct fsock__ring *row)
{
	while (fsock__ring_is_linked(row)) {
		struct fsock__lookup *l =
		    fsock__ring_owner(row->next, struct fsock__lookup, in_row);

		fsock__ring_remove(&l->in_row);
		l->state = ORPHANED;
	}
}

/* The threads are the parent's alone. What they were to free is left: this may not call free(). */
static void
in_child(void)
{
	orphan_nolock(&queue);
	orphan_nolock(&running);
	threads = 0;
	pthread_mutex_unlock(&lock);
}

static void
watch_forks(void)
{
	pthread_atfork(before_fork, in_parent, in_child); /* there may be no memory for it */
}

static int
ask(const char *host, int family, struct addrinfo **results)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM };

	return getaddrinfo(host, NULL, &hints, results);
}

static void
dispose(struct fsock__lookup *l)
{
	if (l->results != NULL)
		freeaddrinfo(l->results);
	free(l);
}

/* Asks the system, without the lock; it is held before and after. */
static void
look_up_nolock(struct fsock__lookup *l)
{
	struct addrinfo *results = NULL;
	int eai, error;

	pthread_mutex_unlock(&lock);
	eai = ask(l->host, l->family, &results);
	error = errno;
	pthread_mutex_lock(&lock);
	l->eai = eai;
	l->error = error;
	l->results = eai == 0 ? results : NULL;
}

/* Takes it from one row to the other, or out of any. Needs the lock. */
static void
enter_nolock(struct fsock__lookup *l, int state, struct fsock__ring *row)
{
	fsock__ring_remove(&l->in_row);
	l->state = state;
	if (row != NULL)
		fsock__ring_append(row, &l->in_row);
}

/* A thread of the pool. */
static void *
run(void *arg)
{
	fsock__set_thread_name("fsock-lookup");
	pthread_mutex_lock(&lock);
	while (fsock__ring_is_linked(&queue)) {
		struct fsock__lookup *l =
		    fsock__ring_owner(queue.next, struct fsock__lookup, in_row);

		enter_nolock(l, RUNNING, &running);
		look_up_nolock(l);
		enter_nolock(l, FINISHED, NULL);
		if (!l->owned)
			dispose(l);
		else if (write(l->pipe[1], "", 1) < 0)
			continue; /* it has room, and the look-up is this process's own */
	}
	threads--;
	pthread_mutex_unlock(&lock);
	return arg;
}

/*
 * Starts a detached thread, deaf to signals: those are for the program's own. Returns 0 or errno.
 */
static int
start_thread(void)
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

/* Puts it in the queue; there is a thread that takes it. Needs the lock. Returns 0 or errno. */
static int
enqueue_nolock(struct fsock__lookup *l)
{
	int error = 0;

	if (threads < FSOCK__LOOKUP_MAX) {
		error = start_thread();
		threads += error == 0;
	}
	if (threads == 0)
		return error;
	enter_nolock(l, QUEUED, &queue);
	return 0;
}

static void
close_pipe(struct fsock__lookup *l)
{
	fsock__sys_close(l->pipe[0]);
	fsock__sys_close(l->pipe[1]);
}

int
fsock__lookup_begin(const char *host, int family, struct fsock__lookup **made)
{
	size_t length = strlen(host);
	struct fsock__lookup *l = calloc(1, sizeof *l + length + 1);
	int error;

	if (l == NULL)
		return EAI_MEMORY;
	memcpy(l->host, host, length);
	l->family = family;
	l->owned = 1;
	fsock__ring_init(&l->in_row);
	if (fsock__sys_pipe(l->pipe) < 0) {
		error = errno;
		goto err1;
	}
	pthread_once(&once, watch_forks);
	pthread_mutex_lock(&lock);
	error = enqueue_nolock(l);
	pthread_mutex_unlock(&lock);
	if (error != 0)
		goto err2;
	*made = l;
	return 0;

err2:
	close_pipe(l);
err1:
	free(l);
	errno = error;
	return EAI_SYSTEM;
}

int
fsock__lookup_fd(const struct fsock__lookup *l)
{
	return l->pipe[0];
}

/* Looks up for this process what was looked up for its parent. Needs the lock. */
static void
adopt_nolock(struct fsock__lookup *l)
{
	int fds[2];

	l->eai = EAI_SYSTEM;
	l->error = fsock__sys_pipe(fds) < 0 ? errno : 0;
	if (l->error == 0) {
		close_pipe(l);
		memcpy(l->pipe, fds, sizeof fds);
		l->error = enqueue_nolock(l);
	}
	if (l->error != 0)
		l->state = FINISHED;
}

int
fsock__lookup_result(struct fsock__lookup *l, struct addrinfo **results)
{
	int eai = FSOCK__LOOKUP_PENDING, saved = errno;

	pthread_mutex_lock(&lock);
	if (l->state == ORPHANED)
		adopt_nolock(l);
	errno = saved;
	if (l->state == FINISHED) {
		eai = l->eai;
		*results = l->results;
		l->results = NULL;
		if (eai == EAI_SYSTEM)
			errno = l->error;
	}
	pthread_mutex_unlock(&lock);
	return eai;
}

void
fsock__lookup_end(struct fsock__lookup *l)
{
	int is_running, saved = errno;

	pthread_mutex_lock(&lock);
	close_pipe(l);
	l->owned = 0;
	is_running = l->state == RUNNING;
	if (!is_running)
		fsock__ring_remove(&l->in_row);
	pthread_mutex_unlock(&lock);
	if (!is_running)
		dispose(l);
	errno = saved;
}

/* As fsock__lookup() under a deadline, in a thread that cannot be cancelled. */
static int
await(const char *host, int family, int64_t deadline, struct addrinfo **results)
{
	struct fsock__lookup *l;
	int eai = fsock__lookup_begin(host, family, &l);

	if (eai != 0)
		return eai;
	if (fsock__sys_wait(fsock__lookup_fd(l), POLLIN, deadline) < 0)
		eai = EAI_SYSTEM;
	else
		eai = fsock__lookup_result(l, results);
	fsock__lookup_end(l);
	return eai == FSOCK__LOOKUP_PENDING ? FSOCK__LOOKUP_TIMED_OUT : eai;
}

int
fsock__lookup(const char *host, int family, int64_t deadline, struct addrinfo **results)
{
	int cancel, eai;

	if (deadline == FSOCK__NEVER)
		return ask(host, family, results);
	/* While it waits a thread may be cancelled, which would leave the look-up behind. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	eai = await(host, family, deadline, results);
	pthread_setcancelstate(cancel, NULL);
	return eai;
}
