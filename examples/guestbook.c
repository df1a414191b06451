/*
 * guestbook [HOST [GUESTS]]: shows each guest the previous guests, and asks for a name.
 *
 * For programs that need streams and nothing else: fsock_accept_connection() returns the FILE of
 * the next connection, and fclose() ends it. The system chooses the port.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>

static char names[4096] = "nobody\n";

static void
welcome(FILE *guest)
{
	char name[64];

	fprintf(guest, "before you: %syour name? ", names);
	if (fgets(name, sizeof name, guest) && strlen(names) + strlen(name) < sizeof names)
		strcat(names, name);
	fclose(guest);
}

int
main(int argc, char **argv)
{
	long guests = argc > 2 ? atol(argv[2]) : 100;
	FILE *guest;

	FSOCK_WITH_LISTENER(server, argc > 1 ? argv[1] : "127.0.0.1", 0, NULL) {
		printf("port %d\n", fsock_local_port(server));
		fflush(stdout);
		while (guests-- > 0 && (guest = fsock_accept_connection(server, NULL)))
			welcome(guest);
	}
	if (guests < 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "guestbook: %s\n", fsock_last_error()->text);
	return EXIT_FAILURE;
}
