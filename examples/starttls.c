/*
 * starttls HOST PORT: asks a mail server to go on in TLS, and hands over the connection.
 *
 * What somebody on the way has sent behind the server's answer, still in the clear, must not be
 * taken for something said under TLS: fsock_upgrade() refuses if input has been read ahead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fsock.h>

/* In place of TLS: gnutls_transport_set_int(session, fd) and a handshake would come here. */
static int
shake_hands(int fd)
{
	char answer[16];

	return write(fd, "hello", 5) == 5 && read(fd, answer, sizeof answer) > 0 ? 0 : -1;
}

/* Says a line, unless it is NULL, and reads an answer: 0 if its code is as expected. */
static int
talk(FILE *f, const char *text, const char *code)
{
	char line[1024];

	if (text)
		fprintf(f, "%s\n", text);
	return fgets(line, sizeof line, f) && strncmp(line, code, 3) == 0 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	FILE *f = argc == 3 ? fsockopen(argv[1], atoi(argv[2]), "r+,timeout=30,whole-line,eol=crlf")
			    : NULL;
	int fd = -1;

	if (f && talk(f, NULL, "220") == 0 && talk(f, "STARTTLS", "220") == 0)
		fd = fsock_upgrade(fsock_of(f));
	if (fd < 0 || shake_hands(fd) < 0) {
		fprintf(stderr, "starttls: %s\n",
		    argc == 3 ? fsock_last_error()->text : "usage: starttls HOST PORT");
		return EXIT_FAILURE;
	}
	printf("shook hands\n");
	return fclose(f) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
