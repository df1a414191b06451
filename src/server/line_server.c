/* Serving lines: what the loops need. */
#include "../base/compat.h"

#include <math.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "loop.h"

/* The longest span between lines; longer ones would only be harder to count with. */
#define LONGEST_INTERVAL 1e9

/* see struct fsock__server_ops. Listeners that are to share a port say so from the first. */
static fsock *
line_open(
    const fsock_server *server, const char *host, int port, const struct fsock_options *options)
{
	struct fsock_options own = *options;

	if (own.reuse_port == FSOCK_DEFAULT && server->loop_count > 1 && FSOCK__REUSEPORT_SPREADS)
		own.reuse_port = FSOCK_ON;
	return fsock_listen(host, port, &own);
}

/* see struct fsock__server_ops */
static int
line_suits(enum fsock__role role)
{
	return role == FSOCK__LISTENER || role == FSOCK__CONNECTED;
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

/* Makes the loops. Returns 0, or -1 with errno. */
static int
make_loops(fsock_server *server)
{
	server->loops = calloc((size_t)server->loop_count, sizeof *server->loops);
	if (server->loops == NULL)
		return -1;
	for (int i = 0; i < server->loop_count; i++) {
		struct fsock__loop *loop = &server->loops[i];

		loop->server = server;
		fsock__ring_init(&loop->clients);
		pthread_mutex_init(&loop->accepting, NULL);
	}
	for (int i = 0; i < server->loop_count; i++) {
		server->loops[i].list = fsock_waitlist_new();
		if (server->loops[i].list == NULL)
			return -1;
	}
	return 0;
}

/*
 * Gives each loop a listener on the port of the first one. Where that cannot be all share the one.
 * Returns whether each has one.
 */
static int
add_listeners(fsock_server *server, const struct fsock_options *options)
{
	const struct fsock *first = server->first;
	const char *host = first->host[0] != '\0' ? first->host : NULL;
	int saved = errno;

	if (first->family == AF_UNIX || !first->settings.reuse_port || !FSOCK__REUSEPORT_SPREADS)
		return server->loop_count == 1;
	while (server->source_total < (size_t)server->loop_count) {
		fsock *s = line_open(server, host, fsock_local_port(server->first), options);

		if (s == NULL)
			break;
		fsock__server_add_source(server, s);
	}
	errno = saved;
	if (server->source_total == (size_t)server->loop_count)
		return 1;
	while (server->source_total > 1)
		fsock_close(server->sources[--server->source_total].socket);
	server->source_count = 1;
	return 0;
}

/* Says which loop takes clients from which source, and counts what they begin with. */
static void
share_out(fsock_server *server, int each_has_one)
{
	for (size_t i = 0; i < server->source_total; i++) {
		struct fsock__source *source = &server->sources[i];

		source->loop = (int)i % server->loop_count;
		if (source->socket->role == FSOCK__CONNECTED) {
			fsock__line_deliver(source->socket);
			server->client_count++;
		} else if (each_has_one) {
			server->listening++;
		} else {
			source->loop = FSOCK__EVERY_LOOP;
			server->listening += server->loop_count;
		}
	}
}

/* see struct fsock__server_ops */
static int
line_prepare(fsock_server *server, const struct fsock_server_options *options)
{
	server->manners = calloc(1, sizeof *server->manners);
	if (server->manners == NULL || make_manners(server->manners, options) < 0 ||
	    make_loops(server) < 0)
		return fsock__error_set("serve", NULL, FSOCK__NO_PORT, errno);
	server->settings.nonblocking = 1;
	server->settings.delivery = FSOCK_DELIVER_WHOLE_LINE;
	share_out(server, options->socket_count == 0 && add_listeners(server, &options->socket));
	return 0;
}

const struct fsock__server_ops fsock__server_line_ops = {
	.open = line_open,
	.suits = line_suits,
	.work = fsock__loop_work,
	.prepare = line_prepare,
};
