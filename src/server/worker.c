#include "../base/compat.h"
#include "worker.h"

#include <stdlib.h>

#include "../base/error.h"

/* Of workers that come and go, so many may be idle: the next clients find them ready. */
#define SPARE 16

static _Thread_local struct fsock__worker *current;

struct fsock__worker *
fsock__worker_current(void)
{
	return current;
}

void
fsock__worker_report(struct fsock__worker *w, int errnum)
{
	const struct fsock__record *last = fsock__error_current();

	if (errnum != 0 && last->error.errnum == errnum && last->words[0] != '\0')
		fsock__error_set_words(
		    "serve client", w->host, w->port, last->error.kind, errnum, "%s", last->words);
	else if (errnum != 0 && last->error.errnum == errnum)
		fsock__error_set_kind("serve client", w->host, w->port, last->error.kind, errnum);
	else
		fsock__error_set(
		    "serve client", w->host, w->port, errnum != 0 ? errnum : ECANCELED);
	fsock__server_report(w->server);
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
	int has_finished, is_last;
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
		fsock__wake_send(&server->news);
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

/* Starts a worker that is counted already. Returns 0; or -1 with the error recorded: it is not. */
static int
launch(fsock_server *server)
{
	struct fsock__worker *w = calloc(1, server->worker_size);
	int error = ENOMEM;

	if (w != NULL) {
		w->server = server;
		error = create_thread(server, w);
	}
	if (error == 0)
		return 0;
	free(w);
	pthread_mutex_lock(&server->lock);
	server->worker_count--;
	server->idle_count--;
	pthread_mutex_unlock(&server->lock);
	return fsock__error_set("start thread", NULL, FSOCK__NO_PORT, error);
}

int
fsock__worker_start(fsock_server *server)
{
	pthread_mutex_lock(&server->lock);
	server->worker_count++;
	server->idle_count++;
	pthread_mutex_unlock(&server->lock);
	return launch(server);
}

/* If the last idle worker has just got busy there is to be another, for the clients to come. */
void
fsock__worker_begin(struct fsock__worker *w)
{
	fsock_server *server = w->server;
	int another, cutting;

	if (w->client != NULL)
		fsock__handle_visit(w->client);
	pthread_mutex_lock(&server->lock);
	w->busy = 1;
	w->held = w->client;
	server->client_count++;
	server->idle_count--;
	another = server->grows && server->idle_count == 0 && server->worker_count < server->most &&
		  !server->ending;
	server->worker_count += another;
	server->idle_count += another;
	cutting = server->cutting;
	server->cut += cutting;
	pthread_mutex_unlock(&server->lock);
	if (cutting && w->client != NULL)
		fsock__socket_cut(w->client);
	if (another && launch(server) < 0)
		fsock__server_report(server); /* until its client is served nobody waits */
}

int
fsock__worker_end(struct fsock__worker *w)
{
	fsock_server *server = w->server;
	fsock *held;
	int stays;

	fsock__server_touch(server);
	pthread_mutex_lock(&server->lock);
	held = w->held;
	w->held = NULL;
	w->busy = 0;
	server->client_count--;
	stays = !server->grows || server->idle_count < SPARE;
	server->idle_count++;
	pthread_mutex_unlock(&server->lock);
	w->client = NULL;
	w->host = NULL;
	if (held != NULL)
		fsock__socket_leave(held);
	return stays;
}

/* Takes a reference to a client out of a worker; NULL if there is none left. */
static fsock *
take_held(fsock_server *server)
{
	fsock *held = NULL;

	pthread_mutex_lock(&server->lock);
	for (struct fsock__worker *w = server->workers; w != NULL && held == NULL; w = w->next) {
		held = w->held;
		w->held = NULL;
	}
	pthread_mutex_unlock(&server->lock);
	return held;
}

void
fsock__worker_cut_off(fsock_server *server)
{
	fsock *client;

	pthread_mutex_lock(&server->lock);
	server->cutting = 1; /* who takes a client from now on cuts it off itself */
	for (const struct fsock__worker *w = server->workers; w != NULL; w = w->next)
		server->cut += w->busy;
	pthread_mutex_unlock(&server->lock);
	while ((client = take_held(server)) != NULL) {
		fsock__socket_cut(client);
		fsock__socket_leave(client);
	}
	if (server->ops->wake != NULL)
		server->ops->wake(server);
}

int
fsock__worker_count(fsock_server *server)
{
	int count;

	pthread_mutex_lock(&server->lock);
	count = server->worker_count;
	pthread_mutex_unlock(&server->lock);
	return count;
}
