#include "../base/compat.h"
#include "server_new.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../sock/layer.h"
#include "source.h"

#define DEFAULT_CLIENTS 1000
#define DEFAULT_NAME    "fsock server"

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
		if (!ops->suits(s))
			return fsock__error_set_kind(
			    "serve", s->host, s->port, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	}
	return 0;
}

/* Takes over the options that every kind has. Returns 0, or -1 (EINVAL). */
static int
set_options(fsock_server *server, const struct fsock_server_options *options)
{
	const char *name = options->name != NULL ? options->name : DEFAULT_NAME;
	int limit = options->max_clients != 0 ? options->max_clients : DEFAULT_CLIENTS;
	int threads = options->threads != 0 || server->ops->grows ? options->threads : 1;

	if (fsock__clock_span(options->idle, &server->idle) < 0)
		return -1;
	if (options->idle == 0)
		server->idle = FSOCK__NEVER;
	server->grows = threads == 0;
	server->most = server->grows || limit < threads ? limit : threads;
	server->stack_size = options->stack_size;
	server->error = options->error;
	memcpy(server->name, name, strnlen(name, sizeof server->name - 1));
	server->deadline = FSOCK__NEVER;
	return 0;
}

/* Finds what is to be served, or opens it. Returns 0, or -1 with the error recorded. */
static int
open_sources(
    fsock_server *server, const char *host, int port, const struct fsock_server_options *options)
{
	fsock *opened;

	for (size_t i = 0; i < options->socket_count; i++)
		if (fsock__source_add(server, options->sockets[i]) < 0)
			return -1;
	if (options->socket_count > 0)
		return 0;
	opened = server->ops->open(options, host, port);
	if (opened == NULL)
		return -1;
	if (fsock__source_add(server, opened) == 0)
		return 0;
	fsock_close(opened);
	return -1;
}

void
fsock__server_free(fsock_server *server, int close_sockets)
{
	fsock__source_free_all(server, close_sockets);
	server->ops->clean_up(server);
	fsock__layer_drop(server->settings.layer);
	if (server->end.fd >= 0)
		fsock__wake_close(&server->end);
	if (server->news.fd >= 0)
		fsock__wake_close(&server->news);
	pthread_cond_destroy(&server->unused);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

fsock_server *
fsock__server_new(const struct fsock__server_ops *ops, fsock__handler *handler, const char *host,
    int port, void *arg, const struct fsock_server_options *options)
{
	fsock_server *server;

	if (handler == NULL || !is_sensible(options)) {
		fsock__error_set("serve", host, port, EINVAL);
		return NULL;
	}
	if (check_sockets(ops, options) < 0)
		return NULL;
	server = calloc(1, ops->size);
	if (server == NULL) {
		fsock__error_set("serve", host, port, ENOMEM);
		return NULL;
	}
	server->ops = ops;
	server->handler = handler;
	server->arg = arg;
	server->end.fd = server->news.fd = -1;
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->unused, NULL);
	if (set_options(server, options) < 0 || fsock__wake_open(&server->end) < 0 ||
	    fsock__wake_open(&server->news) < 0) {
		fsock__error_set("serve", host, port, errno);
		goto err1;
	}
	if (fsock__settings_make(&server->settings, &options->socket, "serve", host, port) < 0) {
		server->settings.layer = NULL;
		goto err1;
	}
	fsock__layer_hold(server->settings.layer);
	if (open_sources(server, host, port, options) < 0 || ops->prepare(server, options) < 0)
		goto err1;
	return server;

err1:
	fsock__server_free(server, options->socket_count == 0);
	return NULL;
}
