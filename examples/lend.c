/*
 * lend PATH FILE: lends FILE, open for reading, to one process of the same user that asks at the
 * Unix-domain path. lend PATH: asks there, and prints the file.
 *
 * A process with few rights can be lent a file that it could not open itself. The socket's file is
 * for this user alone from the beginning, and the system says who the peer is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <fsock.h>

/* Lends the file to a client. Returns 0 or -1. */
static int
lend(fsock *client, const char *name)
{
	struct fsock_credentials peer;
	int file, r;

	if (fsock_peer_credentials(client, &peer) < 0 || peer.uid != geteuid())
		return -1;
	file = open(name, O_RDONLY);
	if (file < 0)
		return -1;
	r = fsock_send_descriptors(client, "file\n", 5, &file, 1) < 0 ? -1 : 0;
	close(file); /* the client has a copy */
	return r;
}

/* Borrows a file from a server. Returns it, or NULL. */
static FILE *
borrow(fsock *server)
{
	size_t count = 1;
	char answer[8];
	int file;

	if (fsock_receive_descriptors(server, answer, sizeof answer, &file, &count) <= 0 ||
	    count == 0)
		return NULL;
	return fdopen(file, "r");
}

int
main(int argc, char **argv)
{
	struct fsock_options options = { .timeout = 30, .file_mode = 0600 };
	int c, r = -1;

	if (argc == 3) {
		FSOCK_AUTO fsock *listener = fsock_listen(argv[1], 0, &options);
		FSOCK_AUTO fsock *client = listener ? fsock_accept(listener, NULL) : NULL;

		if (client)
			r = lend(client, argv[2]);
	} else if (argc == 2) {
		FSOCK_AUTO fsock *server = fsock_connect(argv[1], 0, &options);
		FILE *file = server ? borrow(server) : NULL;

		for (r = file ? 0 : -1; file && (c = getc(file)) != EOF;)
			putchar(c);
	} else {
		fprintf(stderr, "usage: lend PATH [FILE]\n");
		return EXIT_FAILURE;
	}
	if (r < 0)
		perror("lend");
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
