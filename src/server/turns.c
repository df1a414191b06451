#include "../base/compat.h"
#include "turns.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/sys.h"

typedef int take_client(struct fsock__worker *, fsock *);

/* What came of a turn. */
enum outcome { NOTHING, A_CLIENT, TROUBLE };

int
fsock__turns_prepare(fsock_server *server, const struct fsock_server_options *options)
{
	struct fsock__turns *t = (struct fsock__turns *)server;

	(void)options;
	server->most_users = 1;
	t->polled = calloc(server->source_count + 1, sizeof *t->polled);
	if (t->polled == NULL)
		return fsock__error_set("serve", NULL, FSOCK__NO_PORT, ENOMEM);
	return 0;
}

void
fsock__turns_clean_up(fsock_server *server)
{
	free(((struct fsock__turns *)server)->polled);
}

/* Serves a source no more. A server without any ends by itself, however long its handlers take. */
static void
drop(fsock_server *server, struct fsock__source *source)
{
	fsock__source_drop(server, source);
	for (size_t i = 0; i < server->source_count; i++)
		if (server->sources[i].takers > 0)
			return;
	fsock_server_shutdown(server, INFINITY);
}

/* Takes a client from a source. Returns as take() does. */
static int
try_source(struct fsock__worker *w, struct fsock__source *source, take_client *take)
{
	int error;

	if (take(w, source->socket) == 0) {
		if (w->client != source->socket)
			return 0;
		source->socket = NULL; /* a client itself: it gives no other */
		drop(w->server, source);
		return 0;
	}
	error = errno;
	if (fsock__source_is_final(error))
		drop(w->server, source);
	errno = error;
	return -1;
}

/* Takes a client from the first source that has one, each being first in its turn. */
static int
try_sources(struct fsock__turns *t, struct fsock__worker *w, take_client *take)
{
	size_t count = t->server.source_count;

	for (size_t n = 0; n < count; n++) {
		size_t i = (t->next + n) % count;
		struct fsock__source *source = &t->server.sources[i];

		if (source->takers == 0)
			continue;
		if (try_source(w, source, take) == 0) {
			t->next = i + 1;
			return 0;
		}
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return -1;
	}
	errno = EAGAIN;
	return -1;
}

/* Waits until a source has a client, the server is to end, or it has been idle for too long. */
static int
await(struct fsock__turns *t)
{
	fsock_server *server = &t->server;
	size_t n = server->source_count;
	int r;

	for (size_t i = 0; i < n; i++) {
		const struct fsock__source *source = &server->sources[i];

		t->polled[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
		if (source->takers > 0)
			t->polled[i].fd = fsock__handle_fd(source->socket, "serve");
	}
	t->polled[n] = (struct pollfd){ .fd = server->end.fd, .events = POLLIN };
	r = fsock__sys_poll(t->polled, n + 1, fsock__server_idle_until(server));
	if (r == 0)
		fsock__server_check_idle(server);
	return r < 0 ? fsock__error_set("accept", NULL, FSOCK__NO_PORT, errno) : 0;
}

/* Waits for a client and takes it. After trouble nobody tries again at once. */
static enum outcome
take_turn(struct fsock__turns *t, struct fsock__worker *w, take_client *take)
{
	fsock_server *server = &t->server;

	if (t->pause_to != 0)
		fsock__sys_wait(server->end.fd, POLLIN, t->pause_to);
	t->pause_to = 0;
	while (!server->ending) {
		if (try_sources(t, w, take) == 0) {
			t->delay = 0;
			return A_CLIENT;
		}
		if (errno == EAGAIN && await(t) == 0)
			continue;
		fsock__server_prolong(&t->delay);
		t->pause_to = fsock__clock_after(t->delay);
		return errno == ESHUTDOWN ? NOTHING : TROUBLE; /* the former somebody meant */
	}
	return NOTHING;
}

void
fsock__turns_work(struct fsock__worker *w, take_client *take, void (*serve)(struct fsock__worker *))
{
	fsock_server *server = w->server;

	while (!server->ending && fsock__source_begin(server) == 0) {
		enum outcome outcome = take_turn((struct fsock__turns *)server, w, take);

		fsock__source_end(server);
		if (outcome == TROUBLE)
			fsock__server_report(server);
		if (outcome != A_CLIENT)
			continue;
		fsock__worker_begin(w);
		serve(w);
		if (!fsock__worker_end(w))
			break;
	}
}
