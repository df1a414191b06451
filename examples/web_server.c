/*
 * web_server PORT: sends a greeting to web browsers, many at a time, until SIGTERM or SIGINT.
 *
 * fsock_server_run() accepts the clients and calls serve() for each, in a thread; a client may send
 * several requests on one connection. A failure that concerns a client is logged as one line. If
 * systemd starts the program with sockets (systemd.socket(5)), it serves those instead of the port.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <fsock.h>

static fsock_server *server;

/* Answers one request. Returns whether another may follow on the connection. */
static int
answer(FILE *client)
{
	char line[4096], method[8], path[2048];
	int minor, goes_on;

	if (!fgets(line, sizeof line, client) ||
	    sscanf(line, "%7s %2047s HTTP/1.%d", method, path, &minor) != 3)
		return 0;
	goes_on = minor > 0;
	while (fgets(line, sizeof line, client) && strcmp(line, "\r\n") != 0)
		if (strcasecmp(line, "Connection: close\r\n") == 0)
			goes_on = 0;
	fprintf(client, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n%s\r\nhello %s\n",
	    strlen(path) + 7, goes_on ? "" : "Connection: close\r\n", path);
	return fflush(client) == 0 && goes_on;
}

static int
serve(FILE *client, void *arg)
{
	(void)arg;
	while (answer(client))
		;
	return ferror(client) ? -1 : 0;
}

static void
say_port(fsock_server *started, void *arg)
{
	(void)arg;
	server = started;
	printf("port %d\n", fsock_local_port(fsock_server_socket(server)));
	fflush(stdout);
}

static void
log_error(fsock_server *server_, const struct fsock_error *error, void *arg)
{
	(void)server_, (void)arg;
	fprintf(stderr, "web_server: %s\n", error->text);
}

static void
on_signal(int number)
{
	(void)number;
	if (server)
		fsock_server_shutdown(server, 2);
}

int
main(int argc, char **argv)
{
	enum { ROOM = 4 };
	fsock *sockets[ROOM];
	int count = fsock_activated(sockets, NULL, ROOM, NULL);
	struct fsock_server_options options = {
		.socket = { .timeout = 60,
		    .line_limit = 4096,
		    .delivery = FSOCK_DELIVER_WHOLE_LINE },
		.ready = say_port,
		.error = log_error,
		.sockets = sockets,
		.socket_count = (size_t)count,
	};

	if (count < 0 || count > ROOM) {
		fprintf(stderr, "web_server: %s\n",
		    count < 0 ? fsock_last_error()->text : "too many sockets");
		return EXIT_FAILURE;
	}
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	if (fsock_server_run(NULL, argc > 1 ? atoi(argv[1]) : 0, serve, NULL, &options) < 0) {
		fprintf(stderr, "web_server: %s\n", fsock_last_error()->text);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
