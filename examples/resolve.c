/*
 * resolve HOST[/SERVICE] ...: looks up all hosts at once, and prints their addresses in the order
 * of the answers.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>

enum { MOST = 8 };

/* Begins to look up "host" or "host/service". Returns 0 or -1. */
static int
begin(fsock_waitlist *list, char *name)
{
	char *service = strchr(name, '/');
	fsock *lookup;

	if (service)
		*service++ = '\0';
	lookup = fsock_lookup(name, service, SOCK_STREAM, FSOCK_ANY_FAMILY);
	return lookup ? fsock_waitlist_add(list, lookup, FSOCK_INPUT, name) : -1;
}

/* Prints the answer, and ends the lookup. Returns 0 or -1. */
static int
finish(fsock *lookup, const char *name)
{
	struct fsock_addr found[MOST];
	char text[FSOCK_ADDR_TEXT_SIZE];
	ssize_t n = fsock_lookup_addresses(lookup, found, MOST);

	if (n < 0)
		fprintf(stderr, "resolve: %s\n", fsock_last_error()->text);
	for (ssize_t i = 0; i < n && i < MOST; i++)
		printf("%s %s\n", name, fsock_addr_to_text(&found[i], text, sizeof text));
	fsock_close(lookup);
	return n < 0 ? -1 : 0;
}

int
main(int argc, char **argv)
{
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_event event;
	int r = list ? 0 : -1;

	for (int i = 1; i < argc && list; i++)
		if (begin(list, argv[i]) < 0) {
			fprintf(stderr, "resolve: %s\n", fsock_last_error()->text);
			r = -1;
		}
	while (list && fsock_waitlist_count(list) > 0 &&
	       fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
		while (fsock_waitlist_next(list, &event) != NULL)
			if (finish(event.socket, event.user) < 0)
				r = -1;
	fsock_waitlist_free(list);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
