#include "../base/compat.h"
#include "exit.h"

#include <stdlib.h>

#include "../base/process.h"
#include "../net/connecting.h"
#include "../sock/pending.h"
#include "registry.h"

static atomic_int begun, registered;
static pthread_t leaver; /* set before `begun`: the thread in exit(); its handlers may read */

/*
 * Only a connection that a thread of this process is waiting on is shut down: the others may be
 * shared with processes that go on.
 */
static void
wake(struct fsock__window *w)
{
	struct fsock *s = w->stream->socket;

	if (s->connecting != NULL && s->output.queued > 0)
		fsock__pending_step_unwatched(s); /* what is queued goes, if it is connected */
	fsock__handle_lock(s);
	if (w->waiting == fsock__process()) {
		atomic_fetch_or(&s->shut, FSOCK_INPUT);
		if (s->connecting != NULL)
			fsock__connecting_wake(s->connecting);
		else if (s->fd >= 0)
			shutdown(s->fd, SHUT_RD);
	}
	fsock__handle_unlock(s);
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

/* Of two threads that come here at once both may register it: once more does no harm. */
int
fsock__exit_prepare(void)
{
	if (registered)
		return 0;
	if (atexit(at_exit) != 0) {
		errno = ENOMEM;
		return -1;
	}
	registered = 1;
	return 0;
}

int
fsock__exit_forbids_waiting(void)
{
	return begun && !pthread_equal(leaver, pthread_self());
}
