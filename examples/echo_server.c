/*
 * echo_server HOST PORT [CLIENTS]: sends every line back, to one client after another.
 *
 * With PORT 0 the system chooses a port; "" as HOST means every address of the machine. With
 * CLIENTS the server ends after that number of clients. FSOCK_WITH_LISTENER and FSOCK_AUTO close
 * the sockets, in whatever way their scope is left. The options of the listener apply to the
 * connections that it accepts: whole lines of a limited length, and a time limit for clients that
 * send nothing.
 */
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

static const struct fsock_options options = {
	.delivery = FSOCK_DELIVER_WHOLE_LINE,
	.line_limit = 65536,
	.read_timeout = 300,
};

/* Serves one client, until it has no more to say. */
static void
echo(FILE *client)
{
	char *line = NULL;
	size_t size = 0;

	while (client && getline(&line, &size, client) > 0)
		if (fputs(line, client) == EOF)
			break; /* it has gone away */
	free(line);
}

/* Serves this number of clients, or any number if it is negative. */
static int
serve(fsock *listener, long clients)
{
	for (; clients != 0; clients -= clients > 0) {
		FSOCK_AUTO fsock *s = fsock_accept(listener, NULL);

		if (!s)
			return -1;
		echo(fsock_stream(s));
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const char *host = argc > 1 && argv[1][0] ? argv[1] : FSOCK_WILDCARD_HOST;
	int port = argc > 2 ? atoi(argv[2]) : FSOCK_AUTO_PORT;
	int r = -1;

	FSOCK_WITH_LISTENER(listener, host, port, &options) {
		printf("port %d\n", fsock_local_port(listener));
		fflush(stdout);
		r = serve(listener, argc > 3 ? atol(argv[3]) : -1);
	}
	if (r < 0)
		fprintf(stderr, "echo_server: %s\n", fsock_last_error()->text);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
