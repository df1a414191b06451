/*
 * http_get HOST PORT PATH: writes a document from a web server to standard output.
 *
 * Lines and blocks come from the same FILE: fgets() reads the header line by line, and fread()
 * continues at the octet after it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>

/* Reads the header. Returns the status, 200 if all is well, or -1 if this is no HTTP. */
static int
read_header(FILE *f)
{
	char line[4096];
	int status = -1;

	if (!fgets(line, sizeof line, f) || sscanf(line, "HTTP/%*s %d", &status) != 1)
		return -1;
	fprintf(stderr, "%s", line);
	while (fgets(line, sizeof line, f))
		if (strcmp(line, "\r\n") == 0)
			return status;
	return -1;
}

int
main(int argc, char **argv)
{
	FILE *f = argc == 4 ? fsockopen(argv[1], atoi(argv[2]), "r+,timeout=30,whole-line") : NULL;
	char block[16384];
	size_t n;
	int status;

	if (!f) {
		fprintf(stderr, "http_get: %s\n",
		    argc == 4 ? fsock_last_error()->text : "usage: http_get HOST PORT PATH");
		return EXIT_FAILURE;
	}
	fprintf(f, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", argv[3], argv[1]);
	status = fflush(f) == 0 ? read_header(f) : -1;
	fsock_set_format(f, "binary"); /* no lines any more: blocks as they come */
	while ((n = fread(block, 1, sizeof block, f)) > 0)
		fwrite(block, 1, n, stdout);
	if (ferror(f)) {
		fprintf(stderr, "http_get: %s\n", fsock_last_error()->text);
		status = -1;
	}
	fclose(f);
	return status == 200 ? EXIT_SUCCESS : EXIT_FAILURE;
}
