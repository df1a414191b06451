#include "../base/compat.h"
#include "loop.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../base/sys.h"

int
fsock__loop_make_all(struct fsock__line_server *lines)
{
	lines->loops = calloc((size_t)lines->loop_count, sizeof *lines->loops);
	if (lines->loops == NULL)
		return -1;
	for (int i = 0; i < lines->loop_count; i++) {
		struct fsock__loop *loop = &lines->loops[i];

		loop->lines = lines;
		fsock__ring_init(&loop->clients);
		loop->list = fsock_waitlist_new();
		if (loop->list == NULL)
			return -1;
	}
	return 0;
}

void
fsock__loop_wake_all(fsock_server *server)
{
	struct fsock__line_server *lines = (struct fsock__line_server *)server;

	for (int i = 0; i < lines->loop_count; i++)
		fsock_waitlist_wake(lines->loops[i].list);
}

void
fsock__loop_free_all(fsock_server *server)
{
	struct fsock__line_server *lines = (struct fsock__line_server *)server;

	for (int i = 0; i < lines->loop_count && lines->loops != NULL; i++)
		fsock_waitlist_free(lines->loops[i].list);
	free(lines->loops);
}

struct fsock__loop *
fsock__loop_claim(struct fsock__worker *w)
{
	fsock_server *server = w->server;
	struct fsock__line_server *lines = (struct fsock__line_server *)server;
	struct fsock__loop *loop;

	pthread_mutex_lock(&server->lock);
	loop = &lines->loops[lines->loops_taken++];
	pthread_mutex_unlock(&server->lock);
	loop->worker = w;
	return loop;
}

/* A wait that the system could not do is told of, and not tried again at once. */
void
fsock__loop_wait(struct fsock__loop *loop)
{
	fsock_server *server = &loop->lines->server;
	int64_t until = fsock__server_idle_until(server);
	int64_t left = fsock__clock_left(until);
	double seconds = until == FSOCK__NEVER ? INFINITY : (double)left / 1e9;
	int r = fsock_waitlist_wait(loop->list, seconds, NULL);

	if (r >= 0 || errno == EINTR) {
		loop->wait_delay = 0;
	} else {
		fsock__server_report(server);
		fsock__server_prolong(&loop->wait_delay);
		fsock__sys_wait(server->end.fd, POLLIN, fsock__clock_after(loop->wait_delay));
	}
	fsock__server_check_idle(server);
}

void
fsock__loop_make_room(struct fsock__line_server *lines)
{
	fsock_server *server = &lines->server;
	int starved = 0;

	fsock__server_touch(server);
	pthread_mutex_lock(&server->lock);
	server->client_count--;
	for (int i = 0; i < lines->loop_count; i++) {
		starved |= lines->loops[i].starved;
		lines->loops[i].starved = 0;
	}
	pthread_mutex_unlock(&server->lock);
	if (starved)
		fsock__loop_wake_all(server); /* those that were not have nothing to do */
	fsock__loop_check_end(lines);
}

void
fsock__loop_check_end(struct fsock__line_server *lines)
{
	fsock_server *server = &lines->server;
	int ends;

	pthread_mutex_lock(&server->lock);
	ends = lines->listening == 0 && server->client_count == 0;
	pthread_mutex_unlock(&server->lock);
	if (ends)
		fsock_server_shutdown(server, INFINITY);
}
