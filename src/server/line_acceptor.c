#include "../base/compat.h"
#include "line_acceptor.h"

#include <fsock/datagram.h>

#include "../sock/accept.h"
#include "line_client.h"
#include "source.h"

/* So many clients are taken of a listener before others have their turn. */
enum { AT_ONCE = 64 };

/* Calls `fn` for the listeners that the loop takes clients from. */
static void
for_each_listener(
    struct fsock__loop *loop, void (*fn)(struct fsock__loop *, struct fsock__source *))
{
	const struct fsock__line_server *lines = loop->lines;
	size_t step = lines->is_shared ? 1 : (size_t)lines->loop_count;
	size_t first = lines->is_shared ? 0 : (size_t)(loop - lines->loops);

	for (size_t i = first; i < lines->server.source_count; i += step) {
		struct fsock__source *source = &lines->server.sources[i];

		if (source->is_listener)
			fn(loop, source);
	}
}

/* The sources of the loop that are clients themselves, and are ended as such. */
static void
open_clients(struct fsock__loop *loop)
{
	fsock_server *server = &loop->lines->server;
	size_t first = (size_t)(loop - loop->lines->loops);

	for (size_t i = first; i < server->source_count; i += (size_t)loop->lines->loop_count) {
		fsock *s = server->sources[i].socket;

		if (server->sources[i].is_listener)
			continue;
		server->sources[i].socket = NULL;
		fsock__line_client_open(loop, s);
	}
}

/* Takes no more clients from a listener. */
static void
drop(struct fsock__loop *loop, struct fsock__source *source)
{
	fsock_server *server = &loop->lines->server;

	fsock_waitlist_remove(loop->list, source->socket);
	pthread_mutex_lock(&server->lock);
	loop->lines->listening--;
	pthread_mutex_unlock(&server->lock);
	if (fsock__source_begin(server) == 0) {
		fsock__source_drop(server, source);
		fsock__source_end(server);
	}
	fsock__loop_check_end(loop->lines);
}

static void
add(struct fsock__loop *loop, struct fsock__source *source)
{
	fsock_server *server = &loop->lines->server;
	int r;

	if (fsock__source_begin(server) < 0)
		return;
	r = fsock_waitlist_add(loop->list, source->socket, FSOCK_INPUT, NULL);
	fsock__source_end(server);
	if (r == 0)
		return;
	fsock__server_report(server);
	drop(loop, source);
}

/* A listener that is closed has nothing more to tell. */
static void
set_interest(struct fsock__loop *loop, fsock *listener, int interest)
{
	fsock_server *server = &loop->lines->server;

	if (fsock__source_begin(server) < 0)
		return;
	fsock_waitlist_change(loop->list, listener, interest, NULL);
	fsock__source_end(server);
}

static void
watch(struct fsock__loop *loop, struct fsock__source *source)
{
	set_interest(loop, source->socket, loop->listens ? FSOCK_INPUT : 0);
}

/* Whether the loop takes clients from its listeners. */
static void
set_listening(struct fsock__loop *loop, int listens)
{
	loop->listens = listens;
	for_each_listener(loop, watch);
}

void
fsock__line_acceptor_begin(struct fsock__loop *loop)
{
	loop->listens = 1;
	for_each_listener(loop, add);
	open_clients(loop);
}

void
fsock__line_acceptor_end(struct fsock__loop *loop)
{
	set_listening(loop, 0);
}

void
fsock__line_acceptor_resume(struct fsock__loop *loop)
{
	fsock_server *server = &loop->lines->server;
	int starved;

	if (loop->listens)
		return;
	pthread_mutex_lock(&server->lock);
	starved = loop->starved;
	pthread_mutex_unlock(&server->lock);
	if (!starved)
		set_listening(loop, 1);
}

/* Counts one client more, if that is not too many. Who waits for room is told when there is. */
static int
reserve(struct fsock__loop *loop)
{
	fsock_server *server = &loop->lines->server;
	int has_room;

	pthread_mutex_lock(&server->lock);
	has_room = server->client_count < loop->lines->max_clients;
	if (has_room)
		server->client_count++;
	else if (loop->lines->manners.refusal == NULL)
		loop->starved = 1;
	pthread_mutex_unlock(&server->lock);
	return has_room;
}

/* A client that waits at the listener, or NULL with errno. */
static fsock *
accept_one(struct fsock__loop *loop, fsock *listener)
{
	fsock_server *server = &loop->lines->server;
	fsock *s;

	if (fsock__source_begin(server) < 0) {
		errno = EAGAIN;
		return NULL;
	}
	s = fsock__accept_now(listener, &server->settings);
	fsock__source_end(server);
	return s;
}

/* Says that there is no room. What the client does not take at once it does not get. */
static void
refuse(struct fsock__loop *loop, fsock *s)
{
	const struct fsock__manners *m = &loop->lines->manners;

	if (s->settings.layer == NULL) /* else there would have to be a handshake first */
		fsock_send(s, m->refusal, m->refusal_length, NULL);
	fsock_close(s);
}

/* A listener has no more to give. */
static void
drop_listener(struct fsock__loop *loop, const fsock *listener)
{
	struct fsock__source *source = loop->lines->server.sources;

	while (!source->is_listener || source->socket != listener)
		source++;
	drop(loop, source);
}

/* A client could not be taken. Unless there was none: tells why, and does not try again at once. */
static void
meet_trouble(struct fsock__loop *loop, fsock *listener, int error)
{
	if (error == EAGAIN || error == EWOULDBLOCK)
		return;
	if (error != ESHUTDOWN) /* somebody meant it */
		fsock__server_report(&loop->lines->server);
	if (fsock__source_is_final(error)) {
		drop_listener(loop, listener);
		return;
	}
	fsock__server_prolong(&loop->accept_delay);
	set_interest(loop, listener, 0);
	fsock_waitlist_set_timeout(loop->list, listener, (double)loop->accept_delay / 1e9);
}

/* Takes one client, or sends it away. Returns whether there may be another. */
static int
take_one(struct fsock__loop *loop, fsock *listener)
{
	int has_room = reserve(loop), error;
	fsock *s;

	if (!has_room && loop->lines->manners.refusal == NULL) {
		set_listening(loop, 0);
		return 0;
	}
	s = accept_one(loop, listener);
	if (s == NULL) {
		error = errno;
		if (has_room)
			fsock__loop_make_room(loop->lines);
		meet_trouble(loop, listener, error);
		return 0;
	}
	loop->accept_delay = 0;
	if (has_room)
		fsock__line_client_open(loop, s);
	else
		refuse(loop, s);
	return 1;
}

void
fsock__line_acceptor_take(struct fsock__loop *loop, fsock *listener, int state)
{
	int more = loop->listens;

	if (state & FSOCK_TIMEOUT) {
		if (more)
			set_interest(loop, listener, FSOCK_INPUT);
		return;
	}
	for (int i = 0; more && i < AT_ONCE && !loop->lines->server.ending; i++)
		more = take_one(loop, listener);
}
