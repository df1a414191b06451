/* Serving stream clients. */
#include "../base/compat.h"

#include <fsock/layer.h>
#include <fsock/stream.h>

#include "../sock/accept.h"
#include "kinds.h"
#include "turns.h"

/* see struct fsock__server_ops */
static fsock *
stream_open(const struct fsock_server_options *options, const char *host, int port)
{
	return fsock_listen(host, port, &options->socket);
}

/* see struct fsock__server_ops */
static int
stream_suits(const fsock *s)
{
	return fsock_is_listener(s) || fsock_is_stream(s);
}

/* see struct fsock__server_ops */
static int
stream_prepare(fsock_server *server, const struct fsock_server_options *options)
{
	server->worker_size = sizeof(struct fsock__worker);
	return fsock__turns_prepare(server, options);
}

/* see fsock__turns_work() */
static int
take(struct fsock__worker *w, fsock *source)
{
	fsock *client = source;

	if (fsock_is_listener(source))
		client = fsock__accept_now(source, &w->server->settings);
	if (client == NULL)
		return -1;
	w->client = client;
	fsock__worker_serve(w, client);
	return 0;
}

/* see fsock__turns_work() */
static void
serve(struct fsock__worker *w)
{
	fsock_server *server = w->server;
	fsock_stream_handler *handler = (fsock_stream_handler *)server->handler;
	FILE *stream;
	int failed, is_cut;

	fsock_clear_error();
	if (!fsock_is_nonblocking(w->client) &&
	    fsock_layer_start(w->client) < 0) { /* nobody else is kept waiting by it */
		if (!w->client->is_cut)         /* which is counted instead */
			fsock__server_report(server);
		fsock_close(w->client);
		return;
	}
	stream = fsock_stream(w->client);
	errno = 0;
	failed = stream == NULL || handler(stream, server->arg) < 0;
	if (stream == NULL)
		fsock__server_report(server);
	else if (failed)
		fsock__worker_report(w, errno);
	is_cut = w->client->is_cut; /* which is counted instead */
	if (fsock_close(w->client) < 0 && !failed && !is_cut)
		fsock__server_report(server);
}

/* see struct fsock__server_ops */
static void
stream_work(struct fsock__worker *w)
{
	fsock__turns_work(w, take, serve);
}

const struct fsock__server_ops fsock__server_stream_ops = {
	.size = sizeof(struct fsock__turns),
	.grows = 1,
	.open = stream_open,
	.suits = stream_suits,
	.prepare = stream_prepare,
	.work = stream_work,
	.clean_up = fsock__turns_clean_up,
};
