/* Serving lines. */
#include "../base/compat.h"

#include <limits.h>
#include <math.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../wait/closing.h"
#include "kinds.h"
#include "line_acceptor.h"
#include "line_client.h"
#include "source.h"

/* The longest span between lines; longer ones would only be harder to count with. */
#define LONGEST_INTERVAL 1e9

/* see struct fsock__server_ops. Listeners that are to share a port say so from the first. */
static fsock *
line_open(const struct fsock_server_options *options, const char *host, int port)
{
	struct fsock_options own = options->socket;

	if (own.reuse_port == FSOCK_DEFAULT && options->threads > 1 && FSOCK__REUSEPORT_SPREADS)
		own.reuse_port = FSOCK_ON;
	return fsock_listen(host, port, &own);
}

/* see struct fsock__server_ops */
static int
line_suits(const fsock *s)
{
	return fsock_is_listener(s) || fsock_is_stream(s);
}

/* Seconds as a span, but no longer than a limit that leaves room for sums. */
static int64_t
bounded_span(double seconds)
{
	return (int64_t)((seconds < LONGEST_INTERVAL ? seconds : LONGEST_INTERVAL) * 1e9);
}

/* What the options say of clients. Returns 0, or -1 with errno. */
static int
make_manners(struct fsock__manners *m, const struct fsock_server_options *options)
{
	double rate = options->rate, burst = options->burst;
	int64_t idle;

	if (fsock__clock_span(options->client_idle, &idle) < 0 || !(rate >= 0) || burst < 0) {
		errno = EINVAL;
		return -1;
	}
	m->opened = options->opened;
	m->closed = options->closed;
	m->idle = options->client_idle == 0 ? INFINITY : options->client_idle;
	m->refusal = options->refusal;
	m->refusal_length = options->refusal == NULL ? 0 : strlen(options->refusal);
	if (rate == 0 || rate > 1e9)
		return 0;
	if (burst == 0)
		burst = rate < 1 ? 1 : rate;
	m->interval = bounded_span(1 / rate);
	m->tolerance = bounded_span((burst - 1) / rate);
	return 0;
}

/*
 * Gives each loop a listener on the port of the first one. Where that cannot be all share the one.
 * Returns whether each has one.
 */
static int
add_listeners(fsock_server *server, const struct fsock_server_options *options, size_t count)
{
	const struct fsock *first = server->first;
	const char *host = first->host[0] != '\0' ? first->host : NULL;
	int port = fsock_local_port(server->first), saved = errno;

	if (first->family == AF_UNIX || !first->settings.reuse_port || !FSOCK__REUSEPORT_SPREADS)
		return count == 1;
	while (server->source_count < count) {
		fsock *s = line_open(options, host, port);

		if (s == NULL || fsock__source_add(server, s) < 0) {
			fsock_close(s);
			break;
		}
	}
	errno = saved;
	if (server->source_count == count)
		return 1;
	while (server->source_count > 1)
		fsock_close(server->sources[--server->source_count].socket);
	return 0;
}

/*
 * Counts who takes clients from which source, and what they begin with. Returns 0, or -1 with the
 * error recorded.
 */
static int
share_out(struct fsock__line_server *lines)
{
	fsock_server *server = &lines->server;

	for (size_t i = 0; i < server->source_count; i++) {
		struct fsock__source *source = &server->sources[i];

		if (!source->is_listener) {
			if (fsock__line_deliver(source->socket, &server->settings.record) < 0)
				return -1;
			server->client_count++;
			continue;
		}
		source->takers = lines->is_shared ? lines->loop_count : 1;
		lines->listening += source->takers;
	}
	return 0;
}

/* see struct fsock__server_ops */
static int
line_prepare(fsock_server *server, const struct fsock_server_options *options)
{
	struct fsock__line_server *lines = (struct fsock__line_server *)server;
	int count = options->threads != 0 ? options->threads : 1;

	lines->loop_count = server->most = count;
	lines->max_clients = options->max_clients != 0 ? options->max_clients : INT_MAX;
	server->worker_size = sizeof(struct fsock__worker);
	server->most_users = INT_MAX;
	server->settings.nonblocking = 1;
	server->settings.delivery = FSOCK_DELIVER_WHOLE_RECORD;
	if (make_manners(&lines->manners, options) < 0 || fsock__loop_make_all(lines) < 0)
		return fsock__error_set("serve", NULL, FSOCK__NO_PORT, errno);
	lines->is_shared =
	    options->socket_count > 0 || !add_listeners(server, options, (size_t)count);
	return share_out(lines);
}

/* Waits once, and serves who is ready. */
static void
turn(struct fsock__loop *loop)
{
	struct fsock_event event;

	fsock__loop_wait(loop);
	fsock__line_acceptor_resume(loop);
	while (!loop->lines->server.ending && fsock_waitlist_next(loop->list, &event) != NULL)
		if (event.user == NULL)
			fsock__line_acceptor_take(loop, event.socket, event.state);
		else
			fsock__line_client_serve(event.user, event.state);
}

/* Ends all clients, and waits until they have taken what is queued for them, or are cut off. */
static void
finish(struct fsock__loop *loop)
{
	fsock_server *server = &loop->lines->server;
	int left;

	fsock__line_client_dismiss_all(loop);
	while (fsock_waitlist_closing(loop->list) > 0 && !server->cutting)
		if (fsock_waitlist_wait(loop->list, INFINITY, NULL) < 0 && errno != EINTR)
			break;
	left = (int)fsock__closing_unsent(loop->list);
	pthread_mutex_lock(&server->lock);
	server->cut += left;
	pthread_mutex_unlock(&server->lock);
}

/* see struct fsock__server_ops */
static void
line_work(struct fsock__worker *w)
{
	struct fsock__loop *loop = fsock__loop_claim(w);

	fsock__line_acceptor_begin(loop);
	while (!w->server->ending)
		turn(loop);
	fsock__line_acceptor_end(loop);
	finish(loop);
	fsock__line_free(&loop->line);
}

const struct fsock__server_ops fsock__server_line_ops = {
	.size = sizeof(struct fsock__line_server),
	.open = line_open,
	.suits = line_suits,
	.prepare = line_prepare,
	.work = line_work,
	.wake = fsock__loop_wake_all,
	.clean_up = fsock__loop_free_all,
};
