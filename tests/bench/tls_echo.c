/*
 * Lines echoed over TLS by servers of one thread: the library's server of lines against a loop on
 * epoll(7) and OpenSSL written by hand; and what an idle connection of each costs in memory.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"
#include "party.h"
#include "tls.h"

enum { SERVERS = 2, SIZES = 2 };
static const int sizes[SIZES] = { 10, 1000 };
static echo_fn *const servers[SERVERS] = { echo_tls_epoll, echo_tls_lines };

static struct party parties[SERVERS][SIZES];
static struct figures figures[SERVERS][SIZES];

static int
echo(FILE *client, char *line, size_t length, void *arg)
{
	(void)length, (void)arg;
	return fputs(line, client) < 0 || putc('\n', client) < 0 ? -1 : 0;
}

void
echo_tls_lines(int listener)
{
	fsock *socket = fsock_adopt(listener, NULL);
	struct fsock_server_options options = {
		.socket.line_limit = LONGEST_LINE, .sockets = &socket, .socket_count = 1
	};

	options.socket.layer = fsock_tls_layer(tls_server);
	if (socket == NULL || fsock_server_start_lines(NULL, 0, echo, NULL, &options) == NULL)
		die("server");
	for (;;)
		pause();
}

/* What connections cost: a server of many against one of few. */
static double
memory_per_client(int server)
{
	return (resident(parties[server][1].pid) - resident(parties[server][0].pid)) /
	       (sizes[1] - sizes[0]) / 1024;
}

void
tls_echo_rows(void)
{
	double ours, theirs;

	for (int i = 0; i < SIZES; i++)
		for (int k = 0; k < SERVERS; k++)
			party_start(&parties[k][i], servers[k], &wire_tls, sizes[i]);
	theirs = memory_per_client(0);
	ours = memory_per_client(1);
	for (int round = -1; round < PARTY_ROUNDS; round++) /* the first one does not count */
		for (int i = 0; i < SIZES; i++)
			for (int k = 0; k < SERVERS; k++)
				party_measure(
				    &parties[k][i], 1, &figures[k][i], round < 0 ? 0 : round);
	party_print_head();
	for (int i = 0; i < SIZES; i++) {
		char what[100];

		snprintf(
		    what, sizeof what, "TLS, %d connections, 1 in flight, lines / epoll", sizes[i]);
		party_print(what, &figures[1][i], &figures[0][i], 0.9);
	}
	printf("%-58s %7.1f %7.1f %6s %6.2f\n", "memory of an idle TLS connection, KiB", ours,
	    theirs, "", ours / theirs);
}
