#include "compat.h"
#include "shield.h"

static int
is_pending(void)
{
	sigset_t pending;

	sigemptyset(&pending);
	sigpending(&pending);
	return sigismember(&pending, SIGPIPE);
}

void
fsock__shield_raise(struct fsock__shield *shield)
{
	sigemptyset(&shield->pipe);
	sigaddset(&shield->pipe, SIGPIPE);
	shield->was_pending = is_pending();
	pthread_sigmask(SIG_BLOCK, &shield->pipe, &shield->before);
}

/* A signal that was pending before is somebody else's. */
void
fsock__shield_lower(const struct fsock__shield *shield)
{
	int saved = errno, signal;

	if (!shield->was_pending && is_pending())
		sigwait(&shield->pipe, &signal);
	pthread_sigmask(SIG_SETMASK, &shield->before, NULL);
	errno = saved;
}
