/*
 * https_get HOST PORT PATH [AUTHORITIES]: writes a document from a web server to standard output,
 * over TLS. AUTHORITIES is a file of trusted certificates; the default is those of the system.
 *
 * If the connection ends without an end message from the server, that is an error: the document may
 * be incomplete.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>
#include <fsock/tls.h>

static int
fail(const char *text)
{
	fprintf(stderr, "https_get: %s\n", text);
	return EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
	char line[4096] = "";
	fsock_tls *tls = NULL;
	int status = 0;
	size_t n;
	FILE *f;

	if (argc < 4)
		return fail("usage: https_get HOST PORT PATH [AUTHORITIES]");
	if (argc > 4) {
		tls = fsock_tls_new(&(struct fsock_tls_options){ .ca_file = argv[4] });
		if (!tls)
			return fail(fsock_last_error()->text);
	}
	f = fsock_tls_open(argv[1], atoi(argv[2]), "r+,timeout=30", tls);
	fsock_tls_free(tls); /* the connection keeps it */
	if (!f)
		return fail(fsock_last_error()->text);
	fprintf(f, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", argv[3], argv[1]);
	if (fgets(line, sizeof line, f))
		sscanf(line, "HTTP/%*s %d", &status);
	while (fgets(line, sizeof line, f) && strcmp(line, "\r\n") != 0)
		;
	while ((n = fread(line, 1, sizeof line, f)) > 0)
		fwrite(line, 1, n, stdout);
	if (ferror(f))
		return fail(fsock_last_error()->text);
	return fclose(f) == 0 && status == 200 ? EXIT_SUCCESS : EXIT_FAILURE;
}
