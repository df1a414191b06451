#include "../base/compat.h"
#include "loop.h"
#include "server.h"

#include <poll.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/sys.h"

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
	fsock__server_free(server, close_sockets);
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
		fsock__server_free(server, close_sockets);
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
	server = fsock__server_new(what, host, port, options);
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
