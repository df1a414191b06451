/*
 * ask ADDRESS TEXT: sends a query to a server by datagram and prints the answer.
 *
 * Datagrams can be lost. The query is sent up to four times, and each wait for the answer is twice
 * as long as the previous one. A connected socket receives datagrams from its server only, and
 * reports an error if the server does not exist.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>

int
main(int argc, char **argv)
{
	static char answer[FSOCK_MAX_DATAGRAM_PACKET_SIZE];
	double patience = 0.5;
	ssize_t n = -1;

	if (argc != 3) {
		fprintf(stderr, "usage: ask ADDRESS TEXT\n");
		return EXIT_FAILURE;
	}
	FSOCK_AUTO fsock *s = fsock_datagram(argv[1], -1, NULL);

	for (int i = 0; s && n < 0 && i < 4; i++) {
		fsock_set_option(s, FSOCK_OPTION_RECEIVE_TIMEOUT, patience);
		if (fsock_send(s, argv[2], strlen(argv[2]), NULL) >= 0)
			n = fsock_receive(s, answer, sizeof answer, NULL);
		patience *= 2;
	}
	if (n < 0) {
		fprintf(stderr, "ask: %s\n", fsock_last_error()->text);
		return EXIT_FAILURE;
	}
	printf("%.*s\n", (int)n, answer);
	return EXIT_SUCCESS;
}
