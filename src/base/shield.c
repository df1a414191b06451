#include "compat.h"
#include "shield.h"

#include <pthread.h>

static int
is_pending(void)
{
	sigset_t pending;

	sigemptyset(&pending);
	sigpending(&pending);
	return sigismember(&pending, SIGPIPE);
}

/* One that is not blocked cannot be pending. */
void
fsock__shield_raise(struct fsock__shield *shield)
{
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &shield->before);
	shield->was_pending = sigismember(&shield->before, SIGPIPE) && is_pending();
}

void
fsock__shield_lower(const struct fsock__shield *shield, int may_be_raised)
{
	int saved = errno, signal;
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	if (may_be_raised && !shield->was_pending && is_pending())
		sigwait(&pipe, &signal);
	pthread_sigmask(SIG_SETMASK, &shield->before, NULL);
	errno = saved;
}
