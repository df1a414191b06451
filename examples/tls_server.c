/*
 * tls_server PORT CERTIFICATE KEY: answers each line with the same line in capitals, over TLS, for
 * any number of clients in one thread. On SIGHUP it reads its certificate and key again, for future
 * clients; connected clients are not affected.
 */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>
#include <fsock/tls.h>

static int
answer(FILE *client, char *line, size_t length, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < length; i++)
		line[i] = (char)toupper((unsigned char)line[i]);
	return fprintf(client, "%s\n", line) < 0 ? -1 : 0;
}

/* A client whose handshake fails, say, disturbs nobody. */
static void
tell(fsock_server *server, const struct fsock_error *error, void *arg)
{
	(void)server, (void)arg;
	fprintf(stderr, "tls_server: %s\n", error->text);
}

int
main(int argc, char **argv)
{
	struct fsock_server_options options = { .error = tell };
	fsock_server *server = NULL;
	fsock_tls *tls = NULL;
	int number = 0;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (argc == 4)
		tls = fsock_tls_new(
		    &(struct fsock_tls_options){ .certificate = argv[2], .key = argv[3] });
	if (tls) {
		options.socket.layer = fsock_tls_layer(tls); /* the one difference */
		server = fsock_server_start_lines(NULL, atoi(argv[1]), answer, NULL, &options);
	}
	if (!server) {
		fprintf(stderr, "tls_server: %s\n",
		    argc == 4 ? fsock_last_error()->text
			      : "usage: tls_server PORT CERTIFICATE KEY");
		return EXIT_FAILURE;
	}
	printf("port %d\n", fsock_local_port(fsock_server_socket(server)));
	fflush(stdout);
	while (sigwait(&signals, &number) == 0 && number == SIGHUP)
		if (fsock_tls_reload(tls) < 0)
			fprintf(stderr, "tls_server: %s\n", fsock_last_error()->text);
	fsock_server_stop(server, 1);
	fsock_tls_free(tls);
	return EXIT_SUCCESS;
}
