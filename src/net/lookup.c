#include "../base/compat.h"
#include "lookup.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/process.h"
#include "../base/sys.h"
#include "lookup_pool.h"

int
fsock__lookup_begin(
    const char *host, const char *service, int type, int family, struct fsock__lookup **made)
{
	size_t host_size = host == NULL ? 0 : strlen(host) + 1;
	size_t service_size = service == NULL ? 0 : strlen(service) + 1;
	struct fsock__lookup *l = calloc(1, sizeof *l + host_size + service_size);

	if (l == NULL)
		return EAI_MEMORY;
	if (fsock__wake_open(&l->wake) < 0) {
		int error = errno;

		free(l);
		errno = error;
		return EAI_SYSTEM;
	}
	if (host != NULL)
		l->host = memcpy(l->texts, host, host_size);
	if (service != NULL)
		l->service = memcpy(l->texts + host_size, service, service_size);
	l->type = type;
	l->family = family;
	l->owned = 1;
	fsock__process_watch();
	fsock__lookup_enqueue(l);
	*made = l;
	return 0;
}

int
fsock__lookup_fd(const struct fsock__lookup *l)
{
	return l->wake.fd;
}

/* Looks up for this process what was looked up for its parent, whose answer is left. */
static void
adopt(struct fsock__lookup *l)
{
	struct fsock__wake wake;

	l->results = NULL;
	if (fsock__wake_open(&wake) == 0) {
		fsock__wake_close(&l->wake);
		l->wake = wake;
		fsock__lookup_enqueue(l);
		return;
	}
	l->process = fsock__process();
	l->eai = EAI_SYSTEM;
	l->error = errno;
	l->state = FSOCK__LOOKUP_FINISHED;
}

int
fsock__lookup_result(struct fsock__lookup *l, struct addrinfo **results)
{
	int eai = FSOCK__LOOKUP_PENDING, error = errno;
	sigset_t old;

	if (l->process != fsock__process())
		adopt(l);
	fsock__lookup_lock(&old);
	if (l->state == FSOCK__LOOKUP_FINISHED) {
		eai = l->eai;
		*results = l->results;
		l->results = NULL;
		if (eai == EAI_SYSTEM)
			error = l->error;
	}
	fsock__lookup_unlock(&old);
	errno = error;
	return eai;
}

void
fsock__lookup_end(struct fsock__lookup *l)
{
	struct fsock__wake wake = l->wake;
	int saved = errno;

	if (l->process != fsock__process())
		free(l); /* and its parent's answer is left */
	else if (!fsock__lookup_leave(l))
		fsock__lookup_dispose(l);
	fsock__wake_close(&wake);
	errno = saved;
}

/* As fsock__lookup() under a deadline, in a thread that cannot be cancelled. */
static int
await(const char *host, const char *service, int type, int family, int64_t deadline,
    struct addrinfo **results)
{
	struct fsock__lookup *l;
	int eai = fsock__lookup_begin(host, service, type, family, &l);

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
fsock__lookup(const char *host, const char *service, int type, int family, int64_t deadline,
    struct addrinfo **results)
{
	int cancel, eai;

	if (deadline == FSOCK__NEVER)
		return fsock__lookup_ask(host, service, type, family, results);
	/* While it waits a thread may be cancelled, which would leave the lookup behind. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	eai = await(host, service, type, family, deadline, results);
	pthread_setcancelstate(cancel, NULL);
	return eai;
}
