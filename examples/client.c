/*
 * client HOST PORT TEXT: sends a line to a server and prints the answer.
 *
 * fsockopen() is fopen() for the network: one call opens the connection, and fclose() ends it. A
 * HOST that contains a slash is the path of a Unix-domain socket; PORT is then ignored.
 */
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

int
main(int argc, char **argv)
{
	char line[1024];
	FILE *f;

	if (argc != 4) {
		fprintf(stderr, "usage: client HOST PORT TEXT\n");
		return EXIT_FAILURE;
	}
	f = fsockopen(argv[1], atoi(argv[2]), "r+,timeout=10,whole-line");
	if (!f || fprintf(f, "%s\n", argv[3]) < 0 || !fgets(line, sizeof line, f)) {
		fprintf(
		    stderr, "client: %s\n", f && feof(f) ? "no answer" : fsock_last_error()->text);
		return EXIT_FAILURE;
	}
	fputs(line, stdout);
	fclose(f);
	return EXIT_SUCCESS;
}
