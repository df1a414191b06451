/*
 * counter HOST PORT: sends each client its number; ends on Control-C (SIGINT) or SIGTERM.
 *
 * A handler that only sets a flag is too late if the signal arrives just before accept() begins to
 * wait. fsock_interrupt() is remembered: it ends the call that is waiting, or else the next call
 * that would wait. Every client that has connected is therefore served before the program ends.
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
