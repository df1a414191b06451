/* Serving stream clients. */
#include "../base/compat.h"

#include <fsock/stream.h>

#include "../sock/accept.h"
#include "server.h"

/* see struct fsock__server_ops */
static fsock *
stream_open(
    const fsock_server *server, const char *host, int port, const struct fsock_options *options)
{
	(void)server;
	return fsock_listen(host, port, options);
}

/* see struct fsock__server_ops */
static int
stream_suits(enum fsock__role role)
{
	return role == FSOCK__LISTENER || role == FSOCK__CONNECTED;
}

/* see struct fsock__server_ops */
static int
stream_take(struct fsock__worker *w, fsock *source)
{
	fsock *client = source;

	if (source->role == FSOCK__LISTENER)
		client = fsock__accept_now(source, &w->server->settings);
	if (client == NULL)
		return -1;
	w->client = client;
	w->host = client->host;
	w->port = client->port > 0 ? client->port : 0;
	return 0;
}

/* see struct fsock__server_ops */
static void
stream_serve(struct fsock__worker *w)
{
	fsock_server *server = w->server;
	FILE *stream;
	int failed;

	fsock_clear_error();
	stream = fsock_stream(w->client);
	errno = 0;
	failed = stream == NULL || server->stream_handler(stream, server->arg) < 0;
	if (stream == NULL)
		fsock__server_report(server);
	else if (failed)
		fsock__server_report_handler(w, errno);
	if (fsock_close(w->client) < 0 && !failed)
		fsock__server_report(server);
}

const struct fsock__server_ops fsock__server_stream_ops = {
	.open = stream_open,
	.suits = stream_suits,
	.work = fsock__worker_take_turns,
	.take = stream_take,
	.serve = stream_serve,
};
