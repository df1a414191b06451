/*
 * many_clients HOST PORT [CLIENTS [SECONDS]]: sends every line back, to all clients at once, in one
 * thread.
 *
 * With PORT 0 the system chooses a port. With CLIENTS the server ends after that number of clients
 * have left. A client that sends nothing for SECONDS (300 by default) is disconnected. A wait list
 * reports which clients have sent a line. Only the wait list waits: a client that stops in the
 * middle of a line, or does not read its output, does not delay the others.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

enum { LINE = 4096 };

static const struct fsock_options options = { .nonblocking = true, .line_limit = LINE };
static double patience = 300;

/*
 * Takes a client. Its stream is its user pointer, and owns the socket from now on. If none can be
 * had for want of descriptors, say, the next try comes later.
 */
static void
welcome(fsock_waitlist *list, fsock *listener)
{
	fsock *s = fsock_accept(listener, NULL); /* fails with EAGAIN if it is gone again */
	int pauses = s == NULL && errno != EAGAIN;
	FILE *f = s != NULL ? fsock_stream(s) : NULL;

	if (f != NULL && fsock_waitlist_add(list, s, FSOCK_INPUT, f) == 0 &&
	    fsock_waitlist_set_timeout(list, s, patience) == 0)
		fsock_disown(s);
	else
		fsock_close(s);
	fsock_waitlist_change(list, listener, pauses ? 0 : FSOCK_INPUT, NULL);
	fsock_waitlist_set_timeout(list, listener, pauses ? 0.1 : INFINITY);
}

/* Sends one line back. Returns whether the client is still there. */
static int
answer(FILE *f)
{
	char line[LINE + 1];

	if (fgets(line, sizeof line, f) != NULL)
		return fputs(line, f) != EOF && fflush(f) == 0;
	if (feof(f) || errno != EAGAIN)
		return 0;
	clearerr(f); /* there was no line after all */
	return 1;
}

/* Returns whether the client is still there; if not, it has left the list. */
static int
serve(fsock_waitlist *list, const struct fsock_event *event)
{
	FILE *f = event->user;

	if (event->state == FSOCK_TIMEOUT)
		fputs("too long silent\n", f);
	else if (!(event->state & FSOCK_FAILED) && answer(f))
		return fsock_waitlist_set_timeout(list, event->socket, patience) == 0;
	fclose(f); /* what is queued is sent by the waits to come */
	return 0;
}

/* Serves until so many clients have gone, or for ever if the number is negative. */
static int
run(fsock_waitlist *list, fsock *listener, long clients)
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
			else if (!serve(list, &event) && clients > 0)
				clients--;
	}
	while (fsock_waitlist_closing(list) > 0)
		if (fsock_waitlist_wait(list, INFINITY, NULL) < 0)
			return -1;
	return 0;
}

int
main(int argc, char **argv)
{
	const char *host = argc > 1 && argv[1][0] ? argv[1] : FSOCK_WILDCARD_HOST;
	fsock_waitlist *list = fsock_waitlist_new();
	int r = -1;

	if (argc > 4)
		patience = atof(argv[4]);
	FSOCK_WITH_LISTENER(listener, host, argc > 2 ? atoi(argv[2]) : 0, &options) {
		printf("port %d\n", fsock_local_port(listener));
		fflush(stdout);
		if (list != NULL)
			r = run(list, listener, argc > 3 ? atol(argv[3]) : -1);
	}
	fsock_waitlist_free(list);
	if (r < 0)
		fprintf(stderr, "many_clients: %s\n", fsock_last_error()->text);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
