/*
 * A server and its client communicate over TCP with nothing but fprintf() and fgets(). `make demo`
 * runs this program. The server has its own thread and reads lines until end of file; the client,
 * in main(), shows the conversation. Any unexpected result ends the program with status 1.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>

/* The server's half: a line in, a line out. What fprintf() has written, the next fgets() sends. */
static void
answer(FILE *client)
{
	char line[128];
	int a, b, count = 0;

	while (fgets(line, sizeof line, client)) {
		count++;
		if (sscanf(line, "add %d %d", &a, &b) == 2)
			fprintf(client, "that makes %d\n", a + b);
		else if (strcmp(line, "think\n") == 0)
			continue; /* which takes until we are asked again */
		else if (strcmp(line, "well?\n") == 0)
			fprintf(client, "it is 42\n");
		else
			fprintf(client, "you said %s", line);
	}
	/* The client has closed its half of the connection; ours still works. */
	fprintf(client, "%d lines, goodbye\n", count);
}

/* The server: takes one connection, answers it, closes it. */
static void *
server(void *listener)
{
	FSOCK_WITH_CONNECTED(s, fsock_accept(listener, NULL)) {
		FILE *client = fsock_stream(s);

		if (client)
			answer(client);
	}
	return NULL;
}

/* Ends the program, with the library's words for what went wrong. */
static void
fail(const char *what)
{
	fprintf(stderr, "demo: %s (last error: %s)\n", what, fsock_last_error()->text);
	exit(EXIT_FAILURE);
}

/* The client says a line ... */
static void
say(FILE *f, const char *line)
{
	printf("  client  %s\n", line);
	if (fprintf(f, "%s\n", line) < 0)
		fail("cannot write");
}

/* ... and hears one. */
static void
hear(FILE *f, const char *expected)
{
	char line[128];

	if (!fgets(line, sizeof line, f))
		fail("cannot read");
	printf("  server          %s", line);
	if (strcmp(line, expected) != 0)
		fail("that is not what the server should say");
}

/* The client hears nothing for as long as its timeout is. Afterwards all is as it was before. */
static void
hear_nothing(FILE *f)
{
	char line[128];

	if (fgets(line, sizeof line, f) || errno != ETIMEDOUT)
		fail("this should have timed out");
	printf("                  (%s)\n", fsock_last_error()->text);
	clearerr(f);
}

/* The conversation, as the client sees it. */
static void
converse(fsock *s)
{
	FILE *f = fsock_stream(s);
	char line[128];

	if (!f)
		fail("cannot open the stream");
	say(f, "hello");
	hear(f, "you said hello\n");
	say(f, "add 17 25");
	hear(f, "that makes 42\n");
	say(f, "think");
	hear_nothing(f);
	say(f, "well?");
	hear(f, "it is 42\n");

	printf("  client  closes its half\n");
	if (fsock_shutdown(s, FSOCK_OUTPUT) < 0)
		fail("cannot close one half");
	hear(f, "4 lines, goodbye\n");
	if (fgets(line, sizeof line, f) || !feof(f))
		fail("the server should have closed its half, too");
	printf("  server          closes its half\n");
}

int
main(void)
{
	/* Limits of one second; of whole lines, an fgets() that times out loses no part. */
	struct fsock_options options = { .timeout = 1, .delivery = FSOCK_DELIVER_WHOLE_LINE };
	fsock *listener, *s;
	pthread_t thread;

	listener = fsock_listen("127.0.0.1", FSOCK_AUTO_PORT, NULL);
	if (!listener)
		fail("cannot listen");
	if (pthread_create(&thread, NULL, server, listener) != 0)
		fail("cannot start a server");
	printf("A server listens on 127.0.0.1 port %d.\n\n", fsock_local_port(listener));

	s = fsock_connect("127.0.0.1", fsock_local_port(listener), &options);
	if (!s)
		fail("cannot connect");
	converse(s);
	if (fsock_close(s) < 0)
		fail("not everything was sent");

	pthread_join(thread, NULL);
	fsock_close(listener);
	printf("\nBoth ends are closed and everything went as it should.\n");
	return EXIT_SUCCESS;
}
