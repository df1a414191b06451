/*
 * pipe_to HOST PORT: sends standard input to a server, and writes what it answers to standard
 * output, until both have ended.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <fsock.h>

/* Returns 0 or -1. */
static int
pass_on(fsock *s)
{
	fsock *in = fsock_watch(STDIN_FILENO), *out = fsock_watch(STDOUT_FILENO);
	fsock_relay *relay = NULL;
	int r = -1;

	if (in && out)
		relay = fsock_relay_new(in, s, &(struct fsock_relay_options){ .a_output = out });
	if (relay)
		r = fsock_relay_run(relay);
	fsock_relay_free(relay);
	fsock_close(in);
	fsock_close(out);
	return r;
}

int
main(int argc, char **argv)
{
	int r = -1;

	if (argc != 3) {
		fprintf(stderr, "usage: pipe_to HOST PORT\n");
		return EXIT_FAILURE;
	}
	FSOCK_WITH_CONNECTED(s, fsock_connect(argv[1], atoi(argv[2]), NULL))
		r = pass_on(s);
	if (r < 0)
		fprintf(stderr, "pipe_to: %s\n", fsock_last_error()->text);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
