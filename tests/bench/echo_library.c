/* The echo server that a programmer writes who has the library. */
#include <errno.h>
#include <fsock.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "echo.h"

/* What a server does when a client has sent something. */
typedef void serve_fn(fsock *client);

/* Ends a client that has gone; one that has sent no more for now stays. */
static void
rest(fsock *client, FILE *in)
{
	if (feof(in) || errno != EAGAIN)
		fsock_close(client);
	else
		clearerr(in);
}

/* One line each time: if there are more, the client is reported again. */
static void
serve_two_way(fsock *client)
{
	char line[LONGEST_LINE];
	FILE *f = fsock_stream(client);

	if (fgets(line, sizeof line, f) == NULL)
		rest(client, f);
	else if (fputs(line, f) < 0 || fflush(f) < 0)
		fsock_close(client);
}

/* The same with the option `batched`: the waits send the answers, together. */
static void
serve_batched(fsock *client)
{
	char line[LONGEST_LINE];
	FILE *f = fsock_stream(client);

	while (fgets(line, sizeof line, f) != NULL)
		if (fputs(line, f) < 0)
			break;
	rest(client, f);
}

/* All the lines that have come; the answers go out together. */
static void
serve_one_way(fsock *client)
{
	char line[LONGEST_LINE];
	FILE *in = fsock_input(client), *out = fsock_output(client);

	while (fgets(line, sizeof line, in) != NULL)
		fputs(line, out);
	if (fflush(out) < 0)
		fsock_close(client);
	else
		rest(client, in);
}

static void
welcome(fsock_waitlist *list, fsock *listener)
{
	fsock *client;

	while ((client = fsock_accept(listener, NULL)) != NULL)
		if (fsock_waitlist_add(list, client, FSOCK_INPUT, NULL) < 0)
			die("client");
	if (errno != EAGAIN)
		die("accept");
}

static void
run(int descriptor, serve_fn *serve, enum fsock_switch batched)
{
	struct fsock_options options = { .delivery = FSOCK_DELIVER_WHOLE_LINE,
		.line_limit = LONGEST_LINE,
		.nonblocking = FSOCK_ON,
		.batched = batched };
	fsock *listener = fsock_adopt(descriptor, &options), *ready;
	fsock_waitlist *list = fsock_waitlist_new();

	if (listener == NULL || list == NULL ||
	    fsock_waitlist_add(list, listener, FSOCK_INPUT, NULL) < 0)
		die("wait list");
	while (fsock_waitlist_wait(list, INFINITY, NULL) >= 0 || errno == EINTR)
		while ((ready = fsock_waitlist_next(list, NULL)) != NULL) {
			if (ready == listener)
				welcome(list, listener);
			else
				serve(ready);
		}
}

void
echo_two_way(int listener)
{
	run(listener, serve_two_way, FSOCK_OFF);
}

void
echo_batched(int listener)
{
	run(listener, serve_batched, FSOCK_ON);
}

void
echo_one_way(int listener)
{
	run(listener, serve_one_way, FSOCK_OFF);
}
