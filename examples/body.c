/*
 * body HOST PORT PATH: writes a document from a web server to standard output: exactly the octets
 * of its body, from a connection that stays open afterwards.
 *
 * The header is text with lines ended by CR LF; the body is a known number of octets. The format is
 * changed at the octet between them, and a bound makes the body end as a file does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>

/* Reads the header. Returns the length of the body, or -1. */
static long long
read_header(FILE *f)
{
	char line[4096];
	long long length = -1;

	while (fgets(line, sizeof line, f) && strcmp(line, "\n") != 0)
		sscanf(line, "Content-%*1[lL]ength: %lld", &length);
	return ferror(f) || feof(f) ? -1 : length;
}

int
main(int argc, char **argv)
{
	FILE *f = argc == 4 ? fsockopen(argv[1], atoi(argv[2]),
				  "r+,timeout=30,whole-line,ccs=latin-1,eol=crlf-strict")
			    : NULL;
	char block[16384];
	long long length = -1;
	size_t n;

	if (f) {
		fprintf(f, "GET %s HTTP/1.1\nHost: %s\n\n", argv[3], argv[1]);
		length = read_header(f);
	}
	if (length < 0 || fsock_set_format(f, "binary") < 0 || fsock_set_bound(f, length) < 0) {
		fprintf(stderr, "body: %s\n",
		    argc == 4 ? fsock_last_error()->text : "usage: body HOST PORT PATH");
		return EXIT_FAILURE;
	}
	while ((n = fread(block, 1, sizeof block, f)) > 0) {
		fwrite(block, 1, n, stdout);
		length -= (long long)n;
	}
	fclose(f);
	return length == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
