#include "../base/compat.h"
#include "loop.h"

#include <math.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../base/sys.h"

/* How long to leave the system alone after a wait that it could not do. */
#define PAUSE INT64_C(10000000)

void
fsock__loop_wake_all(fsock_server *server)
{
	for (int i = 0; i < server->loop_count && server->loops != NULL; i++)
		if (server->loops[i].list != NULL)
			fsock_waitlist_wake(server->loops[i].list);
}

void
fsock__loop_hold_all(fsock_server *server)
{
	for (int i = 0; i < server->loop_count; i++)
		pthread_mutex_lock(&server->loops[i].accepting);
}

void
fsock__loop_release_all(fsock_server *server)
{
	for (int i = 0; i < server->loop_count; i++)
		pthread_mutex_unlock(&server->loops[i].accepting);
}

void
fsock__loop_free_all(fsock_server *server)
{
	for (int i = 0; i < server->loop_count && server->loops != NULL; i++) {
		fsock_waitlist_free(server->loops[i].list);
		pthread_mutex_destroy(&server->loops[i].accepting);
	}
	free(server->loops);
	free(server->manners);
}

/* The loop that a worker is to run: the next one that has none. */
static struct fsock__loop *
claim(struct fsock__worker *w)
{
	fsock_server *server = w->server;
	struct fsock__loop *loop;

	pthread_mutex_lock(&server->lock);
	loop = &server->loops[server->loops_taken++];
	pthread_mutex_unlock(&server->lock);
	loop->worker = w;
	return loop;
}

/* Waits until there is something to do. */
static void
await(struct fsock__loop *loop)
{
	fsock_server *server = loop->server;
	int64_t until = fsock__server_idle_until(server);
	int r = fsock_waitlist_wait(loop->list, fsock__wait_remaining(until), NULL);

	if (r < 0 && errno != EINTR) {
		fsock__server_report(server);
		fsock__sys_wait(server->ends[1], POLLIN, fsock__clock_after(PAUSE));
	}
	if (until != FSOCK__NEVER && fsock__clock_left(fsock__server_idle_until(server)) == 0)
		fsock_server_shutdown(server, INFINITY);
}

/* Waits once, and serves who is ready. */
static void
turn(struct fsock__loop *loop)
{
	struct fsock_event event;

	await(loop);
	fsock__line_acceptor_resume(loop);
	while (!loop->server->ending && fsock_waitlist_next(loop->list, &event) != NULL)
		if (event.user == NULL)
			fsock__line_acceptor_take(loop, event.socket, event.state);
		else
			fsock__line_client_serve(event.user, event.state);
}

static int
is_cutting(fsock_server *server)
{
	int cutting;

	pthread_mutex_lock(&server->lock);
	cutting = server->cutting;
	pthread_mutex_unlock(&server->lock);
	return cutting;
}

/* Ends all clients, and waits until they have taken what is queued for them, or are cut off. */
static void
finish(struct fsock__loop *loop)
{
	fsock_server *server = loop->server;

	while (fsock__ring_is_linked(&loop->clients))
		fsock__line_client_dismiss(
		    fsock__ring_owner(loop->clients.next, struct fsock__client, in_loop));
	while (fsock_waitlist_closing(loop->list) > 0 && !is_cutting(server))
		fsock_waitlist_wait(loop->list, INFINITY, NULL);
	pthread_mutex_lock(&server->lock);
	server->cut += (int)fsock_waitlist_closing(loop->list);
	pthread_mutex_unlock(&server->lock);
}

void
fsock__loop_work(struct fsock__worker *w)
{
	struct fsock__loop *loop = claim(w);

	fsock__line_acceptor_begin(loop);
	while (!w->server->ending)
		turn(loop);
	fsock__line_acceptor_end(loop);
	finish(loop);
	fsock__line_free(&loop->line);
}
