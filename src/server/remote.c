#include "../base/compat.h"

#include "../base/error.h"
#include "worker.h"

/* The worker that serves a client in this thread, or NULL with the error recorded. */
static const struct fsock__worker *
serving(const char *operation)
{
	const struct fsock__worker *w = fsock__worker_current();

	if (w != NULL && w->host != NULL)
		return w;
	fsock__error_set(operation, NULL, FSOCK__NO_PORT, ENOTCONN);
	return NULL;
}

/* see fsock/server.h */
const char *
fsock_remote_host(void)
{
	const struct fsock__worker *w = serving("remote host");

	return w == NULL ? NULL : w->host;
}

/* see fsock/server.h */
int
fsock_remote_port(void)
{
	const struct fsock__worker *w = serving("remote port");

	return w == NULL ? -1 : w->port;
}

/* see fsock/server.h */
void **
fsock_client_state(void)
{
	const struct fsock__worker *w = fsock__worker_current();

	if (w != NULL && w->state != NULL)
		return w->state;
	fsock__error_set("client state", NULL, FSOCK__NO_PORT, ENOTCONN);
	return NULL;
}

/* see fsock/server.h */
fsock_server *
fsock_server_current(void)
{
	const struct fsock__worker *w = fsock__worker_current();

	return w == NULL ? NULL : w->server;
}
