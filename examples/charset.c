/*
 * charset HOST PORT FORMAT TEXT: sends a line to a server and prints its answer, where the wire
 * uses another charset or other line endings: "koi8-r,crlf", "utf-16be", "latin-1,crlf,replace=?".
 *
 * Inside the program, text is UTF-8 and lines end in '\n'. The stream translates.
 */
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

static int
fail(const char *why)
{
	fprintf(stderr, "charset: %s\n", why);
	return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	char line[1024];
	uint64_t errors;
	FILE *f;

	if (argc != 5)
		return fail("usage: charset HOST PORT FORMAT TEXT");
	f = fsockopen(argv[1], atoi(argv[2]), "r+,timeout=10,whole-line");
	if (!f || fsock_set_format(f, argv[3]) < 0)
		return fail(fsock_last_error()->text);
	fprintf(f, "%s\n", argv[4]);
	if (!fgets(line, sizeof line, f))
		return fail(feof(f) ? "no answer" : fsock_last_error()->text);
	fputs(line, stdout);
	fsock_format_errors(f, FSOCK_INPUT, &errors, NULL);
	if (errors > 0)
		fprintf(stderr, "charset: %llu errors in it\n", (unsigned long long)errors);
	return fclose(f) == 0 ? EXIT_SUCCESS : fail(fsock_last_error()->text);
}
