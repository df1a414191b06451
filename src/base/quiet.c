#include "compat.h"
#include "quiet.h"

#include <pthread.h>

/* It is not 0 only while signals are blocked: no handler, and no jump, finds it so. */
static _Thread_local unsigned depth;

void
fsock__quiet_begin(struct fsock__quiet *before)
{
	sigset_t all;

	if (depth == 0) {
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before->cancel);
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before->signals);
	}
	depth++;
}

void
fsock__quiet_end(const struct fsock__quiet *before)
{
	if (--depth > 0)
		return;
	pthread_sigmask(SIG_SETMASK, &before->signals, NULL);
	pthread_setcancelstate(before->cancel, NULL);
}
