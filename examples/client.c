/*
 * client ADDRESS TEXT: sends a line to a server and prints the answer.
 *
 * fsockopen() is fopen() for the network: one call opens the connection, and fclose() ends it. With
 * port -1 the host is an address as people write it: example.org:80, [::1]:https, or the path of a
 * Unix-domain socket.
 */
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

int
main(int argc, char **argv)
{
	char line[1024];
	FILE *f;

	if (argc != 3) {
		fprintf(stderr, "usage: client ADDRESS TEXT\n");
		return EXIT_FAILURE;
	}
	f = fsockopen(argv[1], -1, "r+,timeout=10,whole-line");
	if (!f || fprintf(f, "%s\n", argv[2]) < 0 || !fgets(line, sizeof line, f)) {
		fprintf(
		    stderr, "client: %s\n", f && feof(f) ? "no answer" : fsock_last_error()->text);
		return EXIT_FAILURE;
	}
	fputs(line, stdout);
	fclose(f);
	return EXIT_SUCCESS;
}
