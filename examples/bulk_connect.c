/*
 * bulk_connect HOST FIRST LAST [AT-ONCE [SECONDS]]: reports which ports of a host are open.
 *
 * The program does not wait for one connection after another. Up to AT-ONCE (100) connection
 * attempts are in progress together, each for at most SECONDS (1), and a wait list reports which of
 * them have finished. One line is printed for each port as soon as the result is known: "open",
 * "refused", "timed out" or another error.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>

static struct fsock_options options = { .nonblocking = true, .connect_timeout = 1 };

/* Without a peer a port of this machine may get connected to itself. */
static int
is_peer(fsock *s, int port)
{
	char local[FSOCK_ADDR_TEXT_SIZE], peer[FSOCK_ADDR_TEXT_SIZE];

	return fsock_local_port(s) != port || !fsock_local_address(s, local, sizeof local) ||
	       !fsock_peer_address(s, peer, sizeof peer) || strcmp(local, peer) != 0;
}

/* The outcome of a connection that is not under way any more; NULL for one that was not made. */
static void
tell(fsock *s, int port)
{
	const char *outcome = "open";

	/* Of what has failed, any use tells why. */
	if (!s || fsock_send_pending(s) < 0)
		outcome = errno == ECONNREFUSED ? "refused"
			  : errno == ETIMEDOUT  ? "timed out"
						: strerror(errno);
	else if (!is_peer(s, port))
		outcome = "refused";
	printf("%d %s\n", port, outcome);
	fsock_abort(s); /* nothing was said: no need for manners */
}

/* Begins to connect. Returns whether that is under way; it may be done at once. */
static int
begin(fsock_waitlist *list, const char *host, int port)
{
	fsock *s = fsock_connect(host, port, &options);

	if (fsock_is_connecting(s) &&
	    fsock_waitlist_add(list, s, FSOCK_OUTPUT, (void *)(intptr_t)port) == 0)
		return 1;
	tell(s, port);
	return 0;
}

int
main(int argc, char **argv)
{
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_event event;
	int under_way = 0, at_once = argc > 4 ? atoi(argv[4]) : 100;

	if (argc < 4 || !list) {
		fprintf(stderr, "usage: bulk_connect HOST FIRST LAST [AT-ONCE [SECONDS]]\n");
		return EXIT_FAILURE;
	}
	if (argc > 5)
		options.connect_timeout = atof(argv[5]);
	for (int port = atoi(argv[2]), last = atoi(argv[3]); port <= last || under_way > 0;) {
		for (; port <= last && under_way < at_once; port++)
			under_way += begin(list, argv[1], port);
		if (under_way > 0 && fsock_waitlist_wait(list, INFINITY, NULL) < 0)
			break;
		for (; fsock_waitlist_next(list, &event); under_way--)
			tell(event.socket, (int)(intptr_t)event.user);
	}
	fsock_waitlist_free(list);
	return under_way > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
