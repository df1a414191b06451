#include "../base/compat.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>

#include "../base/clock.h"
#include "../base/sys.h"
#include "server.h"

/* Pauses after a client could not be taken: each is twice as long as the one before. */
#define FIRST_DELAY   INT64_C(10000000)
#define LONGEST_DELAY INT64_C(1000000000)

int
fsock__acceptor_is_final(int error)
{
	return error == EBADF || error == EINVAL || error == ENOTSOCK || error == EOPNOTSUPP ||
	       error == ESHUTDOWN;
}

void
fsock__acceptor_prolong(int64_t *delay)
{
	*delay = *delay == 0 ? FIRST_DELAY : 2 * *delay;
	if (*delay > LONGEST_DELAY)
		*delay = LONGEST_DELAY;
}

/* Serves a source no more. A server without any ends by itself, however long its handlers take. */
static void
drop_source(fsock_server *server, size_t i)
{
	server->source_count--;
	for (; i < server->source_count; i++) {
		struct fsock__source dropped = server->sources[i];

		server->sources[i] = server->sources[i + 1];
		server->sources[i + 1] = dropped; /* kept at the end, to be closed with the rest */
	}
	if (server->source_count == 0)
		fsock_server_shutdown(server, INFINITY);
}

/* Takes a client from the first source that has one, each being first in its turn. */
static int
try_sources(struct fsock__worker *w)
{
	fsock_server *server = w->server;

	for (size_t n = 0; n < server->source_count; n++) {
		size_t i = (server->next_source + n) % server->source_count;
		fsock *socket = server->sources[i].socket;

		if (server->ops->take(w, socket) == 0) {
			server->next_source = i + 1;
			if (w->client == socket) { /* a client itself: it gives no other */
				server->sources[i].socket = NULL;
				drop_source(server, i);
			}
			return 0;
		}
		if (errno != EAGAIN && errno != EWOULDBLOCK) {
			int error = errno;

			if (fsock__acceptor_is_final(error))
				drop_source(server, i);
			errno = error;
			return -1;
		}
	}
	errno = EAGAIN;
	return -1;
}

/* Waits until a source has a client, the server is to end, or it has been idle for too long. */
static void
await(fsock_server *server)
{
	int64_t until = fsock__server_idle_until(server);
	size_t n = server->source_count;
	int r;

	for (size_t i = 0; i < n; i++)
		server->polled[i] =
		    (struct pollfd){ .fd = server->sources[i].socket->fd, .events = POLLIN };
	server->polled[n] = (struct pollfd){ .fd = server->ends[1], .events = POLLIN };
	r = fsock__sys_poll(server->polled, n + 1, until);
	if (r == 0 && fsock__clock_left(fsock__server_idle_until(server)) == 0)
		fsock_server_shutdown(server, INFINITY);
}

/* After a client could not be taken: tells why, and does not try again at once. */
static void
pause_taking(fsock_server *server)
{
	if (errno != ESHUTDOWN) /* somebody meant it */
		fsock__server_report(server);
	fsock__acceptor_prolong(&server->delay);
	fsock__sys_wait(server->ends[1], POLLIN, fsock__clock_after(server->delay));
}

int
fsock__acceptor_take(struct fsock__worker *w)
{
	fsock_server *server = w->server;

	while (!server->ending) {
		if (try_sources(w) == 0) {
			server->delay = 0;
			return 0;
		}
		if (errno == EAGAIN)
			await(server);
		else
			pause_taking(server);
	}
	return -1;
}
