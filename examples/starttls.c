/*
 * starttls HOST PORT [AUTHORITIES]: asks a mail server to go on in TLS, and says hello to it there.
 * AUTHORITIES is a file of certificates to believe; default: the system's.
 *
 * What somebody on the way has sent behind the server's answer, still in the clear, must not be
 * taken for something said under TLS: fsock_tls_start() refuses if input has been read ahead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>
#include <fsock/tls.h>

/* Says a line, unless it is NULL, and reads an answer: 0 if its code is as expected. */
static int
talk(FILE *f, const char *text, const char *code)
{
	char line[1024];

	if (text)
		fprintf(f, "%s\n", text);
	do { /* "250-SIZE" goes on, "250 SIZE" is the last line */
		if (!fgets(line, sizeof line, f) || strncmp(line, code, 3) != 0)
			return -1;
	} while (line[3] == '-');
	return 0;
}

/* Begins TLS at the octet after the answer: 0 or -1. The stream and its line ends stay. */
static int
shake_hands(FILE *f, const char *authorities)
{
	fsock_tls *tls = NULL;
	int r;

	if (authorities &&
	    !(tls = fsock_tls_new(&(struct fsock_tls_options){ .ca_file = authorities })))
		return -1;
	r = fsock_tls_start(fsock_of(f), tls, 0);
	fsock_tls_free(tls); /* the connection keeps it */
	return r;
}

int
main(int argc, char **argv)
{
	FILE *f = argc >= 3 ? fsockopen(argv[1], atoi(argv[2]), "r+,timeout=30,whole-line,eol=crlf")
			    : NULL;

	if (!f || talk(f, NULL, "220") < 0 || talk(f, "EHLO me", "250") < 0 ||
	    talk(f, "STARTTLS", "220") < 0 || shake_hands(f, argc > 3 ? argv[3] : NULL) < 0 ||
	    talk(f, "EHLO me", "250") < 0) {
		fprintf(stderr, "starttls: %s\n",
		    argc >= 3 ? fsock_last_error()->text
			      : "usage: starttls HOST PORT [AUTHORITIES]");
		return EXIT_FAILURE;
	}
	printf("%s\n", fsock_tls_version(fsock_of(f)));
	talk(f, "QUIT", "221");
	return fclose(f) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
