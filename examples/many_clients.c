/*
 * many_clients HOST PORT [CLIENTS]: sends every line back, to all clients at once, in one thread.
 *
 * PORT 0 lets the system choose one. With CLIENTS the server ends after so many have gone. A wait
 * list tells which clients have a line to read; as their streams deliver whole lines, a client that
 * stops in the middle of one keeps nobody waiting.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

static const struct fsock_options options = { .delivery = FSOCK_DELIVER_WHOLE_LINE,
	.line_limit = 4096,
	.write_timeout = 5,
	.connect_timeout = 0.01 }; /* accepting: a client that is gone again is not waited for */

/* Takes a client. Its stream is its user pointer, and owns the socket from now on. */
static void
welcome(fsock_waitlist *list, fsock *listener)
{
	fsock *s = fsock_accept(listener, &options);
	FILE *f = fsock_stream(s);

	if (f != NULL && fsock_waitlist_add(list, s, FSOCK_INPUT, f) == 0)
		fsock_disown(s);
	else
		fsock_close(s);
}

/* Sends one line back. Returns whether the client is still there; if not, it has left the list. */
static int
answer(FILE *f)
{
	char line[4096 + 1];

	if (fgets(line, sizeof line, f) != NULL && fputs(line, f) != EOF && fflush(f) == 0)
		return 1;
	fclose(f);
	return 0;
}

/* Serves until so many clients have gone, or for ever if the number is negative. */
static int
serve(fsock_waitlist *list, fsock *listener, long clients)
{
	struct fsock_event event;

	if (fsock_waitlist_add(list, listener, FSOCK_INPUT, NULL) < 0)
		return -1;
	while (clients != 0) {
		if (fsock_waitlist_wait(list, INFINITY, NULL) < 0)
			return -1;
		while (fsock_waitlist_next(list, &event) != NULL)
			if (event.socket == listener)
				welcome(list, listener);
			else if (!answer(event.user) && clients > 0)
				clients--;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const char *host = argc > 1 && argv[1][0] ? argv[1] : FSOCK_WILDCARD_HOST;
	fsock_waitlist *list = fsock_waitlist_new();
	int r = -1;

	FSOCK_WITH_LISTENER(listener, host, argc > 2 ? atoi(argv[2]) : 0, &options) {
		printf("port %d\n", fsock_local_port(listener));
		fflush(stdout);
		if (list != NULL)
			r = serve(list, listener, argc > 3 ? atol(argv[3]) : -1);
	}
	fsock_waitlist_free(list);
	if (r < 0)
		fprintf(stderr, "many_clients: %s\n", fsock_last_error()->text);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
