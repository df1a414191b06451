/*
 * one_thread [PORT]: repeats every line, for any number of clients in one thread. This is the
 * minimum for such a server; many_clients.c adds other useful features.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <fsock.h>

/* Accepts a client. If there are no free descriptors, for example, tries again later. */
static void
welcome(fsock_waitlist *list, fsock *listener)
{
	fsock *s = fsock_accept(listener, NULL);
	int pauses = s == NULL && errno != EAGAIN;
	FILE *f = s != NULL ? fsock_stream(s) : NULL;

	if (f == NULL || fsock_waitlist_add(list, s, FSOCK_INPUT, f) < 0)
		fsock_close(s);
	fsock_waitlist_change(list, listener, pauses ? 0 : FSOCK_INPUT, NULL);
	fsock_waitlist_set_timeout(list, listener, pauses ? 0.1 : INFINITY);
}

/* Answers one line. */
static void
answer(fsock *s, FILE *f)
{
	char line[4097];

	clearerr(f);
	if (fgets(line, sizeof line, f))
		fprintf(f, "you said %s", line);
	if (feof(f) || (ferror(f) && errno != EAGAIN) || fflush(f) == EOF)
		fsock_close(s); /* what is queued is sent first */
}

int
main(int argc, char **argv)
{
	struct fsock_options options = {
		.nonblocking = FSOCK_ON, .line_limit = 4096, .batched = FSOCK_ON
	};
	fsock *s, *listener = fsock_listen(NULL, argc > 1 ? atoi(argv[1]) : 7777, &options);
	fsock_waitlist *list = listener != NULL ? fsock_waitlist_new() : NULL;
	struct fsock_event event;

	if (list != NULL && fsock_waitlist_add(list, listener, FSOCK_INPUT, NULL) == 0) {
		printf("port %d\n", fsock_local_port(listener));
		fflush(stdout);
		while (fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
			while ((s = fsock_waitlist_next(list, &event)) != NULL)
				if (s == listener)
					welcome(list, listener);
				else if (event.state & FSOCK_FAILED)
					fsock_close(s);
				else
					answer(s, event.user);
	}
	fprintf(stderr, "%s\n", fsock_last_error()->text);
	return EXIT_FAILURE;
}
