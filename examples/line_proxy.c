/*
 * line_proxy HOST PORT SERVER-HOST SERVER-PORT [CLIENTS]: relays lines between each client and its
 * own connection to the server, in both directions, for all clients at once and in one thread.
 *
 * Only the wait list waits: connecting, reading and writing never do. Output that one side does not
 * accept is queued. While much output is queued, the proxy does not read from the other side. A
 * slow side therefore slows down its sender, and memory use stays bounded.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

static const struct fsock_options options = { .nonblocking = true, .connect_timeout = 10 };

/* A connection, and the one that it is relayed to. */
struct side {
	fsock *socket;
	FILE *stream;
	struct side *other;
	int ended; /* there is no more to read */
};

static fsock_waitlist *list;
static long left; /* clients to be served; negative: no end */

/* Waits for what has a use now. Below its low water mark FSOCK_OUTPUT is reported. */
static void
choose_interest(struct side *side)
{
	int interest = fsock_is_congested(side->socket) ? FSOCK_OUTPUT : 0;

	if (!side->ended && !fsock_is_congested(side->other->socket))
		interest |= FSOCK_INPUT;
	fsock_waitlist_change(list, side->socket, interest, side);
}

/* What is queued for either side is still sent: the wait list sees to that. */
static void
part(struct side *side)
{
	fsock_close(side->socket);
	fsock_close(side->other->socket);
	free(side < side->other ? side : side->other);
	left -= left > 0;
}

/* Relays a line, or the end. Returns 0, or -1 if a side has failed. */
static int
relay(struct side *from, struct side *to)
{
	static char *line;
	static size_t size;
	ssize_t n = getline(&line, &size, from->stream);

	if (n > 0)
		return fwrite(line, 1, n, to->stream) < (size_t)n ? -1 : fflush(to->stream);
	if (feof(from->stream)) {
		from->ended = 1;
		return fsock_shutdown(to->socket, FSOCK_OUTPUT); /* after what is queued */
	}
	if (errno != EAGAIN)
		return -1;
	clearerr(from->stream);
	return 0;
}

/* One line at a time, so that all get their turn. */
static void
serve(struct side *side, int state)
{
	int r = 0;

	if (state & FSOCK_FAILED) /* why it has failed is told here, a refused connection, too */
		r = fsock_send_pending(side->socket) < 0 ? -1 : 0;
	if (r == 0 && !side->ended && state != FSOCK_OUTPUT)
		r = relay(side, side->other);
	if (r < 0)
		fprintf(stderr, "line_proxy: %s\n", fsock_last_error()->text);
	if (r < 0 || (side->ended && side->other->ended)) {
		part(side);
		return;
	}
	choose_interest(side);
	choose_interest(side->other);
}

/* Makes a side of a connection. Returns 0 or -1. */
static int
begin(struct side *side, struct side *other, fsock *s)
{
	*side = (struct side){ .socket = s, .other = other };
	side->stream = s ? fsock_stream(s) : NULL;
	return side->stream ? fsock_waitlist_add(list, s, FSOCK_INPUT, side) : -1;
}

/*
 * Takes a client, and begins to connect to the server for it. If none can be had for want of
 * descriptors, say, the next try comes later.
 */
static void
welcome(fsock *listener, const char *host, int port)
{
	fsock *client = fsock_accept(listener, NULL);
	bool pauses = !client && errno != EAGAIN; /* EAGAIN: it was gone again */
	struct side *sides = client ? calloc(2, sizeof *sides) : NULL;

	fsock_waitlist_change(list, listener, pauses ? 0 : FSOCK_INPUT, NULL);
	fsock_waitlist_set_timeout(list, listener, pauses ? 0.1 : INFINITY);
	if (!sides) {
		fsock_close(client);
		return;
	}
	if (begin(&sides[0], &sides[1], client) < 0 ||
	    begin(&sides[1], &sides[0], fsock_connect(host, port, &options)) < 0) {
		fprintf(stderr, "line_proxy: %s\n", fsock_last_error()->text);
		part(sides);
	}
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
		while (fsock_waitlist_next(list, &event))
			if (event.socket == listener)
				welcome(listener, host, port);
			else
				serve(event.user, event.state);
}

int
main(int argc, char **argv)
{
	if (argc < 5) {
		fprintf(stderr, "usage: line_proxy HOST PORT SERVER-HOST SERVER-PORT [CLIENTS]\n");
		return EXIT_FAILURE;
	}
	left = argc > 5 ? atol(argv[5]) : -1;
	list = fsock_waitlist_new();
	if (list)
		FSOCK_WITH_LISTENER(listener, argv[1], atoi(argv[2]), &options)
			run(listener, argv[3], atoi(argv[4]));
	if (left != 0)
		fprintf(stderr, "line_proxy: %s\n", fsock_last_error()->text);
	while (fsock_waitlist_closing(list) > 0 && fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
		continue; /* what is still queued */
	fsock_waitlist_free(list);
	return left != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
