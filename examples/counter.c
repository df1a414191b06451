/*
 * counter HOST PORT: tells each client which number it has; ends on Control-C (SIGINT) or SIGTERM.
 *
 * A handler that only sets a flag comes too late if the signal arrives just before accept() begins
 * to wait. fsock_interrupt() is remembered: the call that waits fails, or else the next one that
 * would. So every client that has come is served, and the end is an orderly one.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

static fsock *listener;

static void
stop(int signal)
{
	(void)signal;
	fsock_interrupt(listener, FSOCK_INPUT);
}

int
main(int argc, char **argv)
{
	struct fsock_options options = { .write_timeout = 5, .interruptible = FSOCK_ON };
	struct sigaction action = { .sa_handler = stop };
	int clients = 0, interrupted;
	fsock *client;
	FILE *f;

	listener =
	    fsock_listen(argc > 1 ? argv[1] : "127.0.0.1", argc > 2 ? atoi(argv[2]) : 0, &options);
	if (!listener) {
		fprintf(stderr, "counter: %s\n", fsock_last_error()->text);
		return EXIT_FAILURE;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	printf("port %d\n", fsock_local_port(listener));
	fflush(stdout);

	while ((client = fsock_accept(listener, NULL)) != NULL) {
		f = fsock_stream(client);
		if (f)
			fprintf(f, "you are number %d\n", ++clients);
		else
			fprintf(stderr, "counter: %s\n", fsock_last_error()->text);
		if (fsock_close(client) < 0)
			fprintf(stderr, "counter: %s\n", fsock_last_error()->text);
	}
	interrupted = fsock_last_error()->kind == FSOCK_CANCELED_ERROR;
	fprintf(stderr, "counter: %s; %d clients\n", fsock_last_error()->text, clients);
	fsock_close(listener);
	return interrupted ? EXIT_SUCCESS : EXIT_FAILURE;
}
