/*
 * client HOST PORT TEXT: says a line to a server and prints what it answers.
 *
 * fsockopen() is fopen() for the network: one call to open, fclose() to end. A HOST with a slash in
 * it is the path of a Unix-domain socket; then the port does not matter.
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
