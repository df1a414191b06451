/* Taking the clients of a loop: from its listeners, within the limits of the server. */
#include "../base/compat.h"

#include <math.h>

#include <fsock/stream.h>

#include "../sock/accept.h"
#include "../sock/transfer.h"
#include "loop.h"

/* So many clients are taken of a listener before others have their turn. */
enum { AT_ONCE = 64 };

/* Calls `fn` for the sources with this role that the loop takes clients from. */
static void
for_each_source(
    struct fsock__loop *loop, enum fsock__role role, void (*fn)(struct fsock__loop *, fsock *))
{
	fsock_server *server = loop->server;
	int index = (int)(loop - server->loops);

	for (size_t i = 0; i < server->source_total; i++) {
		struct fsock__source *source = &server->sources[i];
		fsock *s = source->socket;

		if (source->loop != FSOCK__EVERY_LOOP && source->loop != index)
			continue;
		if (s == NULL || s->role != role)
			continue;
		if (role == FSOCK__CONNECTED) /* a client itself, which is ended as such */
			source->socket = NULL;
		fn(loop, s);
	}
}

/* A server that nobody can come to any more, and without clients, ends by itself. */
static void
check_end(fsock_server *server)
{
	int ends;

	pthread_mutex_lock(&server->lock);
	ends = server->listening == 0 && server->client_count == 0;
	pthread_mutex_unlock(&server->lock);
	if (ends)
		fsock_server_shutdown(server, INFINITY);
}

/* Takes no more clients from a listener. */
static void
drop(struct fsock__loop *loop, fsock *listener)
{
	fsock_server *server = loop->server;

	fsock_waitlist_remove(loop->list, listener);
	pthread_mutex_lock(&server->lock);
	server->listening--;
	pthread_mutex_unlock(&server->lock);
	check_end(server);
}

static void
add(struct fsock__loop *loop, fsock *listener)
{
	if (fsock_waitlist_add(loop->list, listener, FSOCK_INPUT, NULL) == 0)
		return;
	if (!loop->server->ending) /* else it has been closed already */
		fsock__server_report(loop->server);
	drop(loop, listener);
}

static void
listen_again(struct fsock__loop *loop, fsock *listener)
{
	fsock_waitlist_change(loop->list, listener, FSOCK_INPUT, NULL);
}

static void
stop_listening(struct fsock__loop *loop, fsock *listener)
{
	fsock_waitlist_change(loop->list, listener, 0, NULL);
}

static void
leave(struct fsock__loop *loop, fsock *listener)
{
	fsock_waitlist_remove(loop->list, listener);
}

void
fsock__line_acceptor_begin(struct fsock__loop *loop)
{
	for_each_source(loop, FSOCK__LISTENER, add);
	for_each_source(loop, FSOCK__CONNECTED, fsock__line_client_open);
}

void
fsock__line_acceptor_end(struct fsock__loop *loop)
{
	for_each_source(loop, FSOCK__LISTENER, leave);
}

void
fsock__line_acceptor_resume(struct fsock__loop *loop)
{
	int starved;

	if (!loop->is_full)
		return;
	pthread_mutex_lock(&loop->server->lock);
	starved = loop->starved;
	pthread_mutex_unlock(&loop->server->lock);
	if (starved)
		return;
	loop->is_full = 0;
	for_each_source(loop, FSOCK__LISTENER, listen_again);
}

/* Counts one client more, if that is not too many. Who waits for room is told when there is. */
static int
reserve(struct fsock__loop *loop)
{
	fsock_server *server = loop->server;
	int has_room;

	pthread_mutex_lock(&server->lock);
	has_room = server->client_count < server->max_clients;
	if (has_room)
		server->client_count++;
	else if (server->manners->refusal == NULL)
		loop->starved = 1;
	pthread_mutex_unlock(&server->lock);
	return has_room;
}

void
fsock__line_acceptor_make_room(fsock_server *server)
{
	fsock__server_touch(server);
	pthread_mutex_lock(&server->lock);
	server->client_count--;
	for (int i = 0; i < server->loop_count; i++) {
		struct fsock__loop *loop = &server->loops[i];

		if (loop->starved)
			fsock_waitlist_wake(loop->list);
		loop->starved = 0;
	}
	pthread_mutex_unlock(&server->lock);
	check_end(server);
}

/* A client that waits at the listener, or NULL with errno. */
static fsock *
accept_one(struct fsock__loop *loop, fsock *listener)
{
	fsock *s = NULL;

	errno = EAGAIN;
	pthread_mutex_lock(&loop->accepting);
	if (!loop->server->ending)
		s = fsock__accept_now(listener, &loop->server->settings);
	pthread_mutex_unlock(&loop->accepting);
	return s;
}

/* Says that there is no room. What the client does not take at once it does not get. */
static void
refuse(struct fsock__loop *loop, fsock *s)
{
	const struct fsock__manners *m = loop->server->manners;

	s->transport->offer(s, m->refusal, m->refusal_length);
	fsock_close(s);
}

/* A client could not be taken. Unless there was none: tells why, and does not try again at once. */
static void
meet_trouble(struct fsock__loop *loop, fsock *listener)
{
	int error = errno;

	if (error == EAGAIN || error == EWOULDBLOCK)
		return;
	if (error != ESHUTDOWN) /* somebody meant it */
		fsock__server_report(loop->server);
	if (fsock__acceptor_is_final(error)) {
		drop(loop, listener);
		return;
	}
	fsock__acceptor_prolong(&loop->delay);
	stop_listening(loop, listener);
	fsock_waitlist_set_timeout(loop->list, listener, (double)loop->delay / 1e9);
}

/* Takes one client, or sends it away. Returns whether there may be another. */
static int
take_one(struct fsock__loop *loop, fsock *listener)
{
	int has_room = reserve(loop);
	fsock *s;

	if (!has_room && loop->server->manners->refusal == NULL) {
		loop->is_full = 1;
		for_each_source(loop, FSOCK__LISTENER, stop_listening);
		return 0;
	}
	s = accept_one(loop, listener);
	if (s == NULL) {
		int error = errno;

		if (has_room)
			fsock__line_acceptor_make_room(loop->server);
		errno = error;
		meet_trouble(loop, listener);
		return 0;
	}
	loop->delay = 0;
	if (has_room)
		fsock__line_client_open(loop, s);
	else
		refuse(loop, s);
	return 1;
}

void
fsock__line_acceptor_take(struct fsock__loop *loop, fsock *listener, int state)
{
	int more = !loop->is_full;

	if (state & FSOCK_TIMEOUT) {
		if (more)
			listen_again(loop, listener);
		return;
	}
	for (int i = 0; more && i < AT_ONCE && !loop->server->ending; i++)
		more = take_one(loop, listener);
}
