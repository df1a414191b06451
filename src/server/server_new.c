/* Servers before their first worker starts, and after the last one has left. */
#include "../base/compat.h"
#include "loop.h"
#include "server.h"

#include <limits.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/sys.h"

#define DEFAULT_CLIENTS      1000
#define DEFAULT_MAX_DATAGRAM 65507
#define DEFAULT_NAME         "fsock server"

/* Whether every field has one of the values it may have. */
static int
is_sensible(const struct fsock_server_options *options)
{
	size_t n = sizeof options->reserved / sizeof options->reserved[0];

	for (size_t i = 0; i < n; i++)
		if (options->reserved[i] != 0)
			return 0;
	return options->threads >= 0 && options->max_clients >= 0 &&
	       options->max_datagram <= INT32_MAX &&
	       (options->sockets != NULL || options->socket_count == 0);
}

/* Whether the sockets to be served are of a kind that can be: 0, or -1 with the error recorded. */
static int
check_sockets(const struct fsock__server_ops *ops, const struct fsock_server_options *options)
{
	for (size_t i = 0; i < options->socket_count; i++) {
		const fsock *s = options->sockets[i];

		if (fsock__handle_fd(s, "serve") < 0)
			return -1;
		if (!ops->suits(s->role))
			return fsock__error_set_kind(
			    "serve", s->host, s->port, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	}
	return 0;
}

/* Takes over the options that need no more than being looked at. Returns 0, or -1 (EINVAL). */
static int
set_options(fsock_server *server, const struct fsock_server_options *options)
{
	const char *name = options->name != NULL ? options->name : DEFAULT_NAME;
	int limit = options->max_clients != 0 ? options->max_clients : DEFAULT_CLIENTS;
	int threads = options->threads;

	if (fsock__clock_span(options->idle, &server->idle) < 0)
		return -1;
	if (options->idle == 0)
		server->idle = FSOCK__NEVER;
	if (threads == 0 && server->stream_handler == NULL)
		threads = 1;
	server->grows = threads == 0;
	server->most = server->grows || limit < threads ? limit : threads;
	if (server->line_handler != NULL) {
		server->most = server->loop_count = threads;
		server->max_clients = options->max_clients != 0 ? options->max_clients : INT_MAX;
	}
	server->max_datagram =
	    options->max_datagram != 0 ? options->max_datagram : DEFAULT_MAX_DATAGRAM;
	server->stack_size = options->stack_size;
	server->error = options->error;
	memcpy(server->name, name, strnlen(name, sizeof server->name - 1));
	server->deadline = FSOCK__NEVER;
	return 0;
}

/* One that blocks would keep a thread from being stopped. */
void
fsock__server_add_source(fsock_server *server, fsock *socket)
{
	struct fsock__source *source = &server->sources[server->source_count++];

	server->source_total++;
	source->socket = socket;
	if (socket->role != FSOCK__CONNECTED && server->first == NULL)
		server->first = socket;
	if (socket->role == FSOCK__LISTENER && !fsock__sys_is_nonblocking(socket->fd))
		source->was_blocking = fsock__sys_set_nonblocking(socket->fd, 1) == 0;
}

/* Finds what is to be served, or opens it. Returns 0, or -1 with the error recorded. */
static int
open_sources(
    fsock_server *server, const char *host, int port, const struct fsock_server_options *options)
{
	size_t n =
	    options->socket_count > 0 ? options->socket_count : 1 + (size_t)server->loop_count;
	fsock *opened;

	server->sources = calloc(n, sizeof *server->sources);
	server->polled = calloc(n + 1, sizeof *server->polled);
	if (server->sources == NULL || server->polled == NULL)
		return fsock__error_set("serve", host, port, ENOMEM);
	for (size_t i = 0; i < options->socket_count; i++)
		fsock__server_add_source(server, options->sockets[i]);
	if (options->socket_count == 0) {
		opened = server->ops->open(server, host, port, &options->socket);
		if (opened == NULL)
			return -1;
		fsock__server_add_source(server, opened);
	}
	return 0;
}

void
fsock__server_free(fsock_server *server, int close_sockets)
{
	for (size_t i = 0; i < server->source_total; i++) {
		struct fsock__source *source = &server->sources[i];

		if (source->socket == NULL)
			continue;
		if (source->was_blocking)
			fsock__sys_set_nonblocking(source->socket->fd, 0);
		if (close_sockets)
			fsock_close(source->socket);
	}
	fsock__loop_free_all(server);
	for (int i = 0; i < 2; i++)
		if (server->ends[i] >= 0)
			fsock__sys_close(server->ends[i]);
	pthread_mutex_destroy(&server->lock);
	pthread_mutex_destroy(&server->turn);
	free(server->sources);
	free(server->polled);
	free(server);
}

fsock_server *
fsock__server_new(const struct fsock_server *what, const char *host, int port,
    const struct fsock_server_options *options)
{
	fsock_server *server;

	if ((what->stream_handler == NULL && what->line_handler == NULL &&
		what->datagram_handler == NULL) ||
	    !is_sensible(options)) {
		fsock__error_set("serve", host, port, EINVAL);
		return NULL;
	}
	if (check_sockets(what->ops, options) < 0)
		return NULL;
	server = malloc(sizeof *server);
	if (server == NULL) {
		fsock__error_set("serve", host, port, ENOMEM);
		return NULL;
	}
	*server = *what;
	server->ends[0] = server->ends[1] = -1;
	pthread_mutex_init(&server->lock, NULL);
	pthread_mutex_init(&server->turn, NULL);
	if (set_options(server, options) < 0 ||
	    fsock__sys_socketpair(AF_UNIX, SOCK_STREAM, server->ends) < 0) {
		fsock__error_set("serve", host, port, errno);
		goto err1;
	}
	if (fsock__settings_make(&server->settings, &options->socket, "serve", host, port) < 0 ||
	    open_sources(server, host, port, options) < 0 ||
	    (server->ops->prepare != NULL && server->ops->prepare(server, options) < 0))
		goto err1;
	return server;

err1:
	fsock__server_free(server, options->socket_count == 0);
	return NULL;
}
