#include "../base/compat.h"
#include "exit.h"

#include <stdlib.h>

#include "../base/process.h"
#include "registry.h"

static atomic_int begun;
static pthread_t leaver; /* set before `begun`: the thread in exit(); its handlers may read */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int registered;

/*
 * Only a connection that a thread of this process is waiting on is shut down: the others may be
 * shared with processes that go on.
 */
static void
wake(struct fsock__window *w)
{
	if (w->waiting == fsock__process())
		shutdown(w->stream->socket->fd, SHUT_RD);
}

/*
 * A reader sets `waiting` before it looks at `begun`, and this sets `begun` before it looks at
 * `waiting`: one of the two sees the other.
 */
static void
at_exit(void)
{
	leaver = pthread_self();
	begun = 1;
	fsock__registry_each(wake);
}

static void
prepare(void)
{
	registered = atexit(at_exit) == 0;
}

int
fsock__exit_prepare(void)
{
	pthread_once(&once, prepare);
	if (registered)
		return 0;
	errno = ENOMEM;
	return -1;
}

int
fsock__exit_forbids_waiting(void)
{
	return begun && !pthread_equal(leaver, pthread_self());
}
