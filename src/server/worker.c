#include "../base/compat.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/sys.h"
#include "loop.h"
#include "server.h"

/* Of workers that come and go, so many may be idle: the next clients find them ready. */
#define SPARE 16

static _Thread_local struct fsock__worker *current;

struct fsock__worker *
fsock__worker_current(void)
{
	return current;
}

/* Shuts a client down under its handler. Needs the server's lock. */
static void
cut(struct fsock__worker *w)
{
	int saved = errno;

	w->server->cut++;
	if (w->client != NULL) {
		pthread_mutex_lock(&w->client->lock);
		if (w->client->fd >= 0)
			shutdown(w->client->fd, SHUT_RDWR);
		pthread_mutex_unlock(&w->client->lock);
	}
	errno = saved;
}

void
fsock__worker_cut_off(fsock_server *server)
{
	pthread_mutex_lock(&server->lock);
	server->cutting = 1;
	for (struct fsock__worker *w = server->workers; w != NULL; w = w->next)
		if (w->busy)
			cut(w);
	pthread_mutex_unlock(&server->lock);
	fsock__loop_wake_all(server);
}

/* Starts a worker for the clients to come, if the last idle one has just got busy. */
static void
start_another(fsock_server *server)
{
	if (fsock__worker_start(server) == 0)
		return;
	pthread_mutex_lock(&server->lock);
	server->worker_count--;
	server->idle_count--;
	pthread_mutex_unlock(&server->lock);
	fsock__server_report(server); /* until this one has served its client, nobody waits */
}

/* A client has been taken. */
static void
begin(struct fsock__worker *w)
{
	fsock_server *server = w->server;
	int another;

	if (w->client != NULL) {
		pthread_mutex_lock(&w->client->lock);
		w->client->references++;
		pthread_mutex_unlock(&w->client->lock);
	}
	pthread_mutex_lock(&server->lock);
	w->busy = 1;
	server->client_count++;
	server->idle_count--;
	another = server->grows && server->idle_count == 0 && server->worker_count < server->most &&
		  !server->ending;
	if (another) {
		server->worker_count++;
		server->idle_count++;
	}
	if (server->cutting)
		cut(w);
	pthread_mutex_unlock(&server->lock);
	if (another)
		start_another(server);
}

/* The client has been served. Returns whether the worker is wanted for more. */
static int
end(struct fsock__worker *w)
{
	fsock_server *server = w->server;
	fsock *client = w->client;
	int stays;

	fsock__server_touch(server);
	pthread_mutex_lock(&server->lock);
	w->client = NULL;
	w->busy = 0;
	server->client_count--;
	stays = !server->grows || server->idle_count < SPARE;
	server->idle_count++;
	pthread_mutex_unlock(&server->lock);
	w->host = NULL;
	if (client != NULL)
		fsock__socket_unref(client);
	return stays;
}

static int
take(struct fsock__worker *w)
{
	int r;

	pthread_mutex_lock(&w->server->turn);
	r = fsock__acceptor_take(w);
	pthread_mutex_unlock(&w->server->turn);
	return r;
}

/* Enters the list of workers. */
static void
enter(struct fsock__worker *w)
{
	fsock_server *server = w->server;

	pthread_mutex_lock(&server->lock);
	w->next = server->workers;
	w->link = &server->workers;
	if (w->next != NULL)
		w->next->link = &w->next;
	server->workers = w;
	pthread_mutex_unlock(&server->lock);
	current = w;
}

/* Leaves the list, and the server: only the last one may still look at it. */
static void
leave(struct fsock__worker *w)
{
	fsock_server *server = w->server;
	const char last_left = FSOCK__SERVER_LAST_LEFT;
	int flags = 0, has_finished, is_last;
	pthread_t finished;

	pthread_mutex_lock(&server->lock);
	*w->link = w->next;
	if (w->next != NULL)
		w->next->link = w->link;
	server->idle_count--;
	is_last = --server->worker_count == 0;
	has_finished = server->has_finished;
	finished = server->finished;
	server->has_finished = 1;
	server->finished = pthread_self();
	pthread_mutex_unlock(&server->lock);
	current = NULL;
	free(w);
	if (has_finished)
		pthread_join(finished, NULL);
	if (is_last)
		fsock__sys_send(server->ends[1], &last_left, 1, &flags);
}

void
fsock__worker_take_turns(struct fsock__worker *w)
{
	while (take(w) == 0) {
		begin(w);
		w->server->ops->serve(w);
		if (!end(w))
			break;
	}
}

/* A worker's thread. */
static void *
work(void *arg)
{
	struct fsock__worker *w = arg;

	fsock__set_thread_name(w->server->name);
	enter(w);
	w->server->ops->work(w);
	leave(w);
	return NULL;
}

/* pthread_create() with the server's stack size. Returns 0 or an errno value. */
static int
create_thread(const fsock_server *server, struct fsock__worker *w)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error = pthread_attr_init(&attributes);

	if (error != 0)
		return error;
	if (server->stack_size != 0)
		error = pthread_attr_setstacksize(&attributes, server->stack_size);
	if (error == 0)
		error = pthread_create(&thread, &attributes, work, w);
	pthread_attr_destroy(&attributes);
	return error;
}

int
fsock__worker_start(fsock_server *server)
{
	struct fsock__worker *w;
	int error;

	w = calloc(1, sizeof *w + (server->datagram_handler != NULL ? server->max_datagram : 0));
	error = w == NULL ? ENOMEM : 0;
	if (error == 0) {
		w->server = server;
		error = create_thread(server, w);
	}
	if (error == 0)
		return 0;
	free(w);
	return fsock__error_set("start thread", NULL, FSOCK__NO_PORT, error);
}
