#include "../base/compat.h"

#include <poll.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/sys.h"
#include "kinds.h"
#include "server_new.h"
#include "source.h"
#include "worker.h"

static const struct fsock_server_options defaults;

/* Waits for the workers to leave, cutting off those who take too long, and frees the server. */
static int
finish(fsock_server *server, int close_sockets)
{
	int cut;

	if (close_sockets)
		fsock__source_close_all(server);
	while (fsock__worker_count(server) > 0) {
		int64_t until = server->cutting ? FSOCK__NEVER : server->deadline;

		if (fsock__sys_wait(server->news.fd, POLLIN, until) != 0)
			fsock__wake_drain(&server->news); /* before looking what the news is */
		else
			fsock__worker_cut_off(server);
	}
	if (server->has_finished)
		pthread_join(server->finished, NULL);
	cut = server->cut;
	fsock__server_free(server, close_sockets);
	return cut;
}

/* Starts the first workers. Returns 0, or -1 with the error recorded and the server gone. */
static int
start_workers(fsock_server *server, int close_sockets)
{
	int n = server->grows ? 1 : server->most, saved;

	for (int i = 0; i < n; i++) {
		if (fsock__worker_start(server) == 0)
			continue;
		saved = errno;
		fsock_server_shutdown(server, 0);
		finish(server, close_sockets);
		errno = saved;
		return -1;
	}
	return 0;
}

/* Starts a server of the kind. Returns it, or NULL with the error recorded. */
static fsock_server *
start(const struct fsock__server_ops *kind, fsock__handler *handler, const char *host, int port,
    void *arg, const struct fsock_server_options *options)
{
	int saved = errno;
	fsock_server *server;

	if (options == NULL)
		options = &defaults;
	server = fsock__server_new(kind, handler, host, port, arg, options);
	if (server == NULL)
		return NULL;
	fsock__server_touch(server);
	if (options->ready != NULL)
		options->ready(server, server->arg);
	if (start_workers(server, options->socket_count == 0) < 0)
		return NULL;
	errno = saved;
	return server;
}

/* see fsock/server.h */
fsock_server *
fsock_server_start(const char *host, int port, fsock_stream_handler *handler, void *arg,
    const struct fsock_server_options *options)
{
	return start(
	    &fsock__server_stream_ops, (fsock__handler *)handler, host, port, arg, options);
}

/* see fsock/server.h */
fsock_server *
fsock_server_start_records(const char *host, int port, fsock_record_handler *handler, void *arg,
    const struct fsock_server_options *options)
{
	return start(&fsock__server_line_ops, (fsock__handler *)handler, host, port, arg, options);
}

/* see fsock/server.h */
fsock_server *
fsock_server_start_lines(const char *host, int port, fsock_line_handler *handler, void *arg,
    const struct fsock_server_options *options)
{
	struct fsock_server_options own = options == NULL ? defaults : *options;

	own.socket.record = NULL;
	return fsock_server_start_records(host, port, handler, arg, &own);
}

/* see fsock/server.h */
fsock_server *
fsock_server_start_datagram(const char *host, int port, fsock_datagram_handler *handler, void *arg,
    const struct fsock_server_options *options)
{
	return start(
	    &fsock__server_datagram_ops, (fsock__handler *)handler, host, port, arg, options);
}

/*
 * Waits until the server is to end. That is read, so that whatever its sender has done before is
 * done for us, too, and then left for the workers again.
 */
static void
await_end(fsock_server *server)
{
	while (fsock__sys_wait(server->end.fd, POLLIN, FSOCK__NEVER) <= 0)
		;
	fsock__wake_drain(&server->end);
	fsock__wake_send(&server->end);
}

/* Waits until the server is to end, and ends it. */
static int
run(fsock_server *server)
{
	int saved = errno, cut;

	if (server == NULL)
		return -1;
	await_end(server);
	cut = finish(server, 1);
	errno = saved;
	return cut;
}

/* see fsock/server.h */
int
fsock_server_run(const char *host, int port, fsock_stream_handler *handler, void *arg,
    const struct fsock_server_options *options)
{
	return run(fsock_server_start(host, port, handler, arg, options));
}

/* see fsock/server.h */
int
fsock_server_run_lines(const char *host, int port, fsock_line_handler *handler, void *arg,
    const struct fsock_server_options *options)
{
	return run(fsock_server_start_lines(host, port, handler, arg, options));
}

/* see fsock/server.h */
int
fsock_server_run_records(const char *host, int port, fsock_record_handler *handler, void *arg,
    const struct fsock_server_options *options)
{
	return run(fsock_server_start_records(host, port, handler, arg, options));
}

/* see fsock/server.h */
int
fsock_server_run_datagram(const char *host, int port, fsock_datagram_handler *handler, void *arg,
    const struct fsock_server_options *options)
{
	return run(fsock_server_start_datagram(host, port, handler, arg, options));
}

/* see fsock/server.h */
int
fsock_server_stop(fsock_server *server, double grace)
{
	const struct fsock__worker *w = fsock__worker_current();
	int saved = errno, cut;

	if (server == NULL)
		return 0;
	if (w != NULL && w->server == server)
		return fsock__error_set("stop server", NULL, FSOCK__NO_PORT, EDEADLK);
	if (fsock_server_shutdown(server, grace) < 0)
		return -1;
	cut = finish(server, 1);
	errno = saved;
	return cut;
}

/* see fsock/server.h */
fsock *
fsock_server_socket(fsock_server *server)
{
	fsock *first = server == NULL ? NULL : server->first;

	if (first != NULL)
		return first;
	fsock__error_set("socket of server", NULL, FSOCK__NO_PORT, EINVAL);
	return NULL;
}

/* see fsock/server.h */
int
fsock_server_clients(fsock_server *server)
{
	int count;

	if (server == NULL)
		return fsock__error_set("clients of server", NULL, FSOCK__NO_PORT, EINVAL);
	pthread_mutex_lock(&server->lock);
	count = server->client_count;
	pthread_mutex_unlock(&server->lock);
	return count;
}
