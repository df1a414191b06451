#include "../base/compat.h"
#include "core.h"

#include <math.h>

#include "../base/clock.h"
#include "../base/error.h"

/* Pauses after a failure: each is twice as long as the one before. */
#define FIRST_DELAY   INT64_C(10000000)
#define LONGEST_DELAY INT64_C(1000000000)

void
fsock__server_report(fsock_server *server)
{
	int saved = errno;

	if (server->error != NULL)
		server->error(server, fsock_last_error(), server->arg);
	errno = saved;
}

void
fsock__server_touch(fsock_server *server)
{
	if (server->idle != FSOCK__NEVER)
		server->last_served = fsock__clock_now();
}

int64_t
fsock__server_idle_until(fsock_server *server)
{
	int clients;

	if (server->idle == FSOCK__NEVER)
		return FSOCK__NEVER;
	pthread_mutex_lock(&server->lock);
	clients = server->client_count;
	pthread_mutex_unlock(&server->lock);
	return (clients > 0 ? fsock__clock_now() : server->last_served) + server->idle;
}

void
fsock__server_check_idle(fsock_server *server)
{
	if (fsock__clock_left(fsock__server_idle_until(server)) == 0)
		fsock_server_shutdown(server, INFINITY);
}

void
fsock__server_prolong(int64_t *delay)
{
	*delay = *delay == 0 ? FIRST_DELAY : 2 * *delay;
	if (*delay > LONGEST_DELAY)
		*delay = LONGEST_DELAY;
}

/* see fsock/server.h */
int
fsock_server_shutdown(fsock_server *server, double grace)
{
	int64_t span, until, deadline;

	if (server == NULL || fsock__clock_span(grace, &span) < 0)
		return fsock__error_set("shut down server", NULL, FSOCK__NO_PORT, EINVAL);
	until = fsock__clock_after(span);
	deadline = server->deadline;
	while (
	    until < deadline && !atomic_compare_exchange_weak(&server->deadline, &deadline, until))
		;
	/* Once one of the two wake-ups is sent the server may be gone. */
	if (atomic_exchange(&server->ending, 1)) {
		fsock__wake_send(&server->news);
		return 0;
	}
	if (server->ops->wake != NULL)
		server->ops->wake(server);
	fsock__wake_send(&server->end);
	return 0;
}
