/*
 * chat_server HOST PORT [CLIENTS]: sends every line from one client to all others, in one thread.
 *
 * With PORT 0 the system chooses a port. With CLIENTS the server ends after that number of clients
 * have left. A server of lines calls say() for each line, and join() and leave() when a client
 * connects and leaves. A client that does not read delays no other client: its output is queued up
 * to a limit, and beyond that the client is cut off.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>

struct member {
	char name[32];
	FILE *to;
	struct member *next, **link;
};

static struct member *members;
static long clients; /* how many may go before the server ends; 0: any number */

/* Tells all members but one. */
static void
tell(const struct member *but, const char *who, const char *what)
{
	for (struct member *m = members; m; m = m->next)
		if (m != but) {
			fprintf(m->to, "%s%s\n", who, what);
			fflush(m->to);
		}
}

/* Keeps a member of the client that has come. What it is called it says in its first line. */
static int
join(FILE *client, void *arg)
{
	struct member *m = calloc(1, sizeof *m);

	(void)arg;
	if (!m)
		return -1;
	*fsock_client_state() = m;
	m->to = client;
	m->link = &members;
	m->next = members;
	if (m->next)
		m->next->link = &m->next;
	members = m;
	fputs("What is your name?\n", client);
	return 0;
}

static void
leave(FILE *client, void *arg)
{
	struct member *m = *fsock_client_state();

	(void)client;
	(void)arg;
	*m->link = m->next;
	if (m->next)
		m->next->link = m->link;
	if (m->name[0])
		tell(m, m->name, " leaves");
	free(m);
	if (clients > 0 && --clients == 0)
		fsock_server_shutdown(fsock_server_current(), 5);
}

/* A line of a client: its name, "/quit", or something for the others. */
static int
say(FILE *client, char *line, size_t length, void *arg)
{
	struct member *m = *fsock_client_state();
	char who[sizeof m->name + 2];

	(void)client;
	(void)arg;
	if (strcmp(line, "/quit") == 0)
		return FSOCK_END_CLIENT;
	if (length > 0 && !m->name[0]) {
		snprintf(m->name, sizeof m->name, "%s", line);
		tell(m, m->name, " joins");
	} else if (length > 0) {
		snprintf(who, sizeof who, "%s: ", m->name);
		tell(m, who, line);
	}
	return 0;
}

static void
ready(fsock_server *server, void *arg)
{
	(void)arg;
	printf("port %d\n", fsock_local_port(fsock_server_socket(server)));
	fflush(stdout);
}

static void
complain(fsock_server *server, const struct fsock_error *error, void *arg)
{
	(void)server;
	(void)arg;
	fprintf(stderr, "chat_server: %s\n", error->text);
}

int
main(int argc, char **argv)
{
	const char *host = argc > 1 && argv[1][0] ? argv[1] : FSOCK_WILDCARD_HOST;
	const struct fsock_server_options options = { .opened = join,
		.closed = leave,
		.ready = ready,
		.error = complain,
		.socket = { .line_limit = 1024 },
		.rate = 100,
		.max_clients = 10000,
		.refusal = "The room is full.\n" };

	clients = argc > 3 ? atol(argv[3]) : 0;
	if (fsock_server_run_lines(host, argc > 2 ? atoi(argv[2]) : 0, say, NULL, &options) < 0) {
		fprintf(stderr, "chat_server: %s\n", fsock_last_error()->text);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
