/*
 * one_thread [PORT]: repeats every line, for any number of clients in one thread. The least that
 * such a server needs; many_clients.c has what else is of use.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <fsock.h>

int
main(int argc, char **argv)
{
	struct fsock_options options = { .nonblocking = FSOCK_ON, .line_limit = 4096 };
	fsock *s, *listener = fsock_listen(NULL, argc > 1 ? atoi(argv[1]) : 7777, &options);
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_event event;
	char line[4097];

	printf("port %d\n", fsock_local_port(listener));
	fflush(stdout);
	fsock_waitlist_add(list, listener, FSOCK_INPUT, NULL);
	while (fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
		while ((s = fsock_waitlist_next(list, &event)) != NULL) {
			FILE *f = event.user;

			if (s == listener) {
				s = fsock_accept(listener, NULL);
				fsock_waitlist_add(list, s, FSOCK_INPUT, fsock_stream(s));
				continue;
			}
			clearerr(f);
			if (fgets(line, sizeof line, f))
				fprintf(f, "you said %s", line);
			if (feof(f) || (ferror(f) && errno != EAGAIN) || fflush(f) == EOF)
				fsock_close(s); /* what is queued is sent first */
		}
	return EXIT_FAILURE;
}
