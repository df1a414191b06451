/*
 * irc HOST PORT NICK CHANNEL [AUTHORITIES]: talks in a channel of an IRC server, over TLS. Typed
 * lines are sent to the channel, and messages from the channel are printed. AUTHORITIES is a file
 * of trusted certificates; the default is those of the system.
 *
 * Each direction has its own FILE and its own thread, as in threads.c: one waits for the server
 * while the other waits for the keyboard.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>
#include <fsock/tls.h>

struct talk {
	fsock *socket;
	FILE *in, *out;
	const char *channel;
	pthread_t typist;
};

static int
fail(const char *text)
{
	fprintf(stderr, "irc: %s\n", text);
	return EXIT_FAILURE;
}

/* Says what is typed, until there is no more. */
static void *
type(void *arg)
{
	struct talk *t = arg;
	char line[400];

	while (fgets(line, sizeof line, stdin)) {
		fprintf(t->out, "PRIVMSG %s :%.*s\n", t->channel, (int)strcspn(line, "\n"), line);
		fflush(t->out);
	}
	fputs("QUIT :bye\n", t->out);
	fflush(t->out);
	fsock_shutdown(t->socket, FSOCK_OUTPUT); /* what the server still says is read */
	return NULL;
}

/* Answers a line of the server, or prints it. Returns NULL, or what is wrong. */
static const char *
hear(struct talk *t, const char *line)
{
	char who[64], text[512];
	int number = 0;

	if (sscanf(line, "PING %511[^\n]", text) == 1) {
		fprintf(t->out, "PONG %s\n", text);
	} else if (sscanf(line, ":%63[^! ]%*s PRIVMSG %*s :%511[^\n]", who, text) == 2) {
		printf("<%s> %s\n", who, text);
	} else if (sscanf(line, ":%*s %3d %*s %511[^\n]", &number, text) != 2) {
		return NULL;      /* nothing that we need */
	} else if (number == 1) { /* welcome */
		fprintf(t->out, "JOIN %s\n", t->channel);
	} else if (number == 366) { /* these are in the channel, and so are we */
		printf("you are in %s\n", t->channel);
		if (pthread_create(&t->typist, NULL, type, t) != 0)
			return "no thread can be made";
		pthread_detach(t->typist);
	} else if (number >= 400) {
		fprintf(stderr, "irc: %s\n", text);
		return number == 433 ? "that name is taken" : NULL;
	}
	fflush(stdout);
	return fflush(t->out) == 0 ? NULL : fsock_last_error()->text;
}

int
main(int argc, char **argv)
{
	struct fsock_options options = {
		.connect_timeout = 30, .write_timeout = 30, .format = "eol=crlf"
	};
	fsock_tls *tls = NULL;
	const char *wrong = NULL;
	struct talk t = { 0 };
	char line[1024];

	if (argc < 5)
		return fail("usage: irc HOST PORT NICK CHANNEL [AUTHORITIES]");
	t.channel = argv[4];
	if (argc > 5 && !(tls = fsock_tls_new(&(struct fsock_tls_options){ .ca_file = argv[5] })))
		return fail(fsock_last_error()->text);
	options.layer = fsock_tls_layer(tls);
	t.socket = options.layer ? fsock_connect(argv[1], atoi(argv[2]), &options) : NULL;
	fsock_tls_free(tls); /* the connection keeps it */
	if (!t.socket || !(t.in = fsock_input(t.socket)) || !(t.out = fsock_output(t.socket)))
		return fail(fsock_last_error()->text);
	fprintf(t.out, "NICK %s\nUSER %s 0 * :%s\n", argv[3], argv[3], argv[3]);
	if (fflush(t.out) == EOF)
		return fail(fsock_last_error()->text);
	while (!wrong && fgets(line, sizeof line, t.in))
		wrong = hear(&t, line);
	if (wrong || ferror(t.in))
		return fail(wrong ? wrong : fsock_last_error()->text);
	return EXIT_SUCCESS;
}
