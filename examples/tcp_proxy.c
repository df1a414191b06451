/*
 * tcp_proxy HOST PORT SERVER-HOST SERVER-PORT [CLIENTS]: passes on what comes between each client
 * and its own connection to the server, in both directions, for all clients at once and in one
 * thread. The end of one side is passed on to the other, and so is a reset.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

static const struct fsock_options options = { .nonblocking = true, .connect_timeout = 10 };
static const struct fsock_relay_options relaying = { .idle_timeout = 3600 };

/* A client, and its connection to the server. */
struct pair {
	fsock *client, *server;
	fsock_relay *relay;
};

static fsock_waitlist *list;
static long left; /* clients to be served; negative: no end */

/* If something is missing in what a side has got, this resets its connection. */
static void
part(struct pair *pair)
{
	fsock_relay_free(pair->relay);
	fsock_close(pair->client);
	fsock_close(pair->server);
	free(pair);
	left -= left > 0;
}

/* What a step has come to: 1 if it is not the last one. */
static void
go_on(struct pair *pair, int result)
{
	if (result < 0)
		fprintf(stderr, "tcp_proxy: %s\n", fsock_last_error()->text);
	if (result <= 0)
		part(pair);
}

/* Begins to connect to the server; what the client says meanwhile is passed on later. */
static void
begin(fsock *client, const char *host, int port)
{
	struct pair *pair = calloc(1, sizeof *pair);

	if (!pair) {
		fsock_close(client);
		return;
	}
	pair->client = client;
	pair->server = fsock_connect(host, port, &options);
	if (pair->server)
		pair->relay = fsock_relay_new(client, pair->server, &relaying);
	go_on(pair, pair->relay ? fsock_relay_join(pair->relay, list, pair) : -1);
}

/* If no client can be had for want of descriptors, say, the next try comes later. */
static void
welcome(fsock *listener, const char *host, int port)
{
	fsock *client = fsock_accept(listener, NULL);
	bool pauses = !client && errno != EAGAIN; /* EAGAIN: it was gone again */

	fsock_waitlist_change(list, listener, pauses ? 0 : FSOCK_INPUT, NULL);
	fsock_waitlist_set_timeout(list, listener, pauses ? 0.1 : INFINITY);
	if (client)
		begin(client, host, port);
}

/* Relays until the clients have gone that were to be served. */
static void
run(fsock *listener, const char *host, int port)
{
	struct fsock_event event;

	if (fsock_waitlist_add(list, listener, FSOCK_INPUT, NULL) < 0)
		return;
	printf("port %d\n", fsock_local_port(listener));
	fflush(stdout);
	while (left != 0 && fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
		while (fsock_waitlist_next(list, &event)) {
			struct pair *pair = event.user;

			if (!pair)
				welcome(listener, host, port);
			else
				go_on(pair, fsock_relay_step(pair->relay));
		}
}

int
main(int argc, char **argv)
{
	if (argc < 5) {
		fprintf(stderr, "usage: tcp_proxy HOST PORT SERVER-HOST SERVER-PORT [CLIENTS]\n");
		return EXIT_FAILURE;
	}
	left = argc > 5 ? atol(argv[5]) : -1;
	list = fsock_waitlist_new();
	if (list)
		FSOCK_WITH_LISTENER(listener, argv[1], atoi(argv[2]), &options)
			run(listener, argv[3], atoi(argv[4]));
	if (left != 0)
		fprintf(stderr, "tcp_proxy: %s\n", fsock_last_error()->text);
	fsock_waitlist_free(list);
	return left != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
