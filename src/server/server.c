#include "../compat.h"
#include "loop.h"
#include "server.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>

#include "../sock/clock.h"
#include "../sock/error.h"
#include "../sock/sys.h"

#define DEFAULT_CLIENTS      1000
#define DEFAULT_MAX_DATAGRAM 65507
#define DEFAULT_NAME         "fsock server"

static const struct fsock_server_options defaults;

void
fsock__server_report(fsock_server *server)
{
	int saved = errno;

	if (server->error != NULL)
		server->error(server, fsock_last_error(), server->arg);
	errno = saved;
}

void
fsock__server_report_handler(struct fsock__worker *w, int errnum)
{
	const struct fsock_error *last = fsock_last_error();

	if (last->kind != FSOCK_NO_ERROR && last->errnum == errnum)
		fsock__error_set_kind("serve client", w->host, w->port, last->kind, errnum);
	else
		fsock__error_set(
		    "serve client", w->host, w->port, errnum != 0 ? errnum : ECANCELED);
	fsock__server_report(w->server);
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

		if (fsock__socket_fd(s, "serve") < 0)
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

/* Frees a server that has no workers; its sockets are closed, or left as they were found. */
static void
free_server(fsock_server *server, int close_sockets)
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

/* Makes a server that listens, without workers. Returns it, or NULL with the error recorded. */
static fsock_server *
new_server(const struct fsock_server *what, const char *host, int port,
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
	free_server(server, options->socket_count == 0);
	return NULL;
}

/*
 * Closes the listeners, so that nobody waits there in vain; their handles stay, for names. Datagram
 * sockets are needed for answers.
 */
static void
close_listeners(fsock_server *server)
{
	pthread_mutex_lock(&server->turn); /* a worker that waits for clients has been woken */
	fsock__loop_hold_all(server);
	for (size_t i = 0; i < server->source_total; i++) {
		struct fsock__source *source = &server->sources[i];

		if (source->socket == NULL || source->socket->role != FSOCK__LISTENER)
			continue;
		if (source->was_blocking)
			fsock__sys_set_nonblocking(source->socket->fd, 0);
		source->was_blocking = 0;
		pthread_mutex_lock(&source->socket->lock);
		fsock__socket_close_nolock(source->socket);
		pthread_mutex_unlock(&source->socket->lock);
	}
	fsock__loop_release_all(server);
	pthread_mutex_unlock(&server->turn);
}

/*
 * Waits until the last worker has left, or until the deadline, which may be brought nearer
 * meanwhile. Returns 1 or 0.
 */
static int
await_last(fsock_server *server)
{
	int flags = 0;
	char c;

	while (fsock__sys_wait(server->ends[0], POLLIN, server->deadline) > 0)
		if (fsock__sys_receive(server->ends[0], &c, 1, &flags) == 1 &&
		    c == FSOCK__SERVER_LAST_LEFT)
			return 1;
	return 0;
}

/* Waits for the workers to leave, cutting off those who take too long, and frees the server. */
static int
finish(fsock_server *server, int close_sockets)
{
	int cut;

	if (close_sockets)
		close_listeners(server);
	if (!await_last(server)) {
		fsock__worker_cut_off(server);
		do
			server->deadline = FSOCK__NEVER;
		while (!await_last(server));
	}
	pthread_join(server->finished, NULL);
	cut = server->cut;
	free_server(server, close_sockets);
	return cut;
}

/* Starts the first workers. Returns 0, or -1 with the error recorded and the server gone. */
static int
start_workers(fsock_server *server, int close_sockets)
{
	int n = server->grows ? 1 : server->most, started = 0;

	server->worker_count = server->idle_count = n;
	while (started < n && fsock__worker_start(server) == 0)
		started++;
	if (started == n)
		return 0;
	pthread_mutex_lock(&server->lock);
	server->worker_count -= n - started;
	server->idle_count -= n - started;
	pthread_mutex_unlock(&server->lock);
	fsock_server_shutdown(server, 0);
	if (started > 0)
		finish(server, close_sockets);
	else
		free_server(server, close_sockets);
	return -1;
}

/* Starts the server that `what` says, whose other members are zero. */
static fsock_server *
start(const struct fsock_server *what, const char *host, int port,
    const struct fsock_server_options *options)
{
	int saved = errno;
	fsock_server *server;

	if (options == NULL)
		options = &defaults;
	server = new_server(what, host, port, options);
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
	const struct fsock_server what = {
		.ops = &fsock__server_stream_ops, .stream_handler = handler, .arg = arg
	};

	return start(&what, host, port, options);
}

/* see fsock/server.h */
fsock_server *
fsock_server_start_lines(const char *host, int port, fsock_line_handler *handler, void *arg,
    const struct fsock_server_options *options)
{
	const struct fsock_server what = {
		.ops = &fsock__server_line_ops, .line_handler = handler, .arg = arg
	};

	return start(&what, host, port, options);
}

/* see fsock/server.h */
fsock_server *
fsock_server_start_datagram(const char *host, int port, fsock_datagram_handler *handler, void *arg,
    const struct fsock_server_options *options)
{
	const struct fsock_server what = {
		.ops = &fsock__server_datagram_ops, .datagram_handler = handler, .arg = arg
	};

	return start(&what, host, port, options);
}

/*
 * Waits until the server is to end. What was sent is left where it is, for workers to find, but
 * looked at: whatever its sender has done before is then done for us, too.
 */
static void
await_end(fsock_server *server)
{
	int flags = MSG_PEEK;
	char c;

	fsock__sys_wait(server->ends[1], POLLIN, FSOCK__NEVER);
	fsock__sys_receive(server->ends[1], &c, 1, &flags);
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
fsock_server_run_datagram(const char *host, int port, fsock_datagram_handler *handler, void *arg,
    const struct fsock_server_options *options)
{
	return run(fsock_server_start_datagram(host, port, handler, arg, options));
}

/* see fsock/server.h */
int
fsock_server_shutdown(fsock_server *server, double grace)
{
	int saved = errno, flags = 0, now = MSG_DONTWAIT;
	int64_t span, until, deadline;

	if (server == NULL || fsock__clock_span(grace, &span) < 0)
		return fsock__error_set("shut down server", NULL, FSOCK__NO_PORT, EINVAL);
	until = fsock__clock_after(span);
	deadline = server->deadline;
	while (
	    until < deadline && !atomic_compare_exchange_weak(&server->deadline, &deadline, until))
		;
	if (!atomic_exchange(&server->ending, 1)) {
		fsock__loop_wake_all(server); /* after the next line the server may be gone */
		fsock__sys_send(server->ends[0], "", 1, &flags);
	} else if (until < deadline) { /* who waits for the workers has another deadline */
		fsock__sys_send(server->ends[1], "", 1, &now);
	}
	errno = saved;
	return 0;
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
	if (server != NULL && server->first != NULL)
		return server->first;
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
