/*
 * telnet ADDRESS: sends what is typed to a server, and prints what the server sends, both at once.
 * ADDRESS is a host with its port, such as example.org:ircd, or a path.
 *
 * One wait list holds the connection and standard input, which may be the keyboard, a pipe or a
 * file. At the end of the input the program ends its side of the connection and goes on printing.
 * While the server does not read, the program does not read its input either.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <fsock.h>

static const struct fsock_options options = { .nonblocking = FSOCK_ON, .connect_timeout = 10 };

static fsock_waitlist *list;
static fsock *server, *keyboard;
static FILE *to_server;

/* Sends what has been typed, or the end of it. Returns 0 or -1. */
static int
send_typed(void)
{
	char typed[4096];
	ssize_t n = read(fsock_socket(keyboard), typed, sizeof typed);

	if (n > 0)
		return fwrite(typed, 1, n, to_server) < (size_t)n ? -1 : fflush(to_server);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	fsock_close(keyboard); /* at its end, or hung up; the list forgets it */
	keyboard = NULL;
	return fsock_shutdown(server, FSOCK_OUTPUT); /* after what is queued */
}

/* Prints what the server has sent. Returns 1, 0 at the end, or -1. */
static int
print_received(void)
{
	char received[4096];
	int n = fsock_receive(server, received, sizeof received, NULL);

	if (n < 0)
		return errno == EAGAIN ? 1 : -1;
	fwrite(received, 1, n, stdout);
	fflush(stdout);
	return n > 0;
}

/* Waits for what has a use now. */
static void
choose_interest(void)
{
	int is_slow = fsock_is_congested(server);

	fsock_waitlist_change(list, server, is_slow ? FSOCK_OUTPUT : FSOCK_INPUT, NULL);
	if (keyboard)
		fsock_waitlist_change(list, keyboard, is_slow ? 0 : FSOCK_INPUT, NULL);
}

/* Deals with what is ready. Returns 1, 0 when the server has ended the connection, or -1. */
static int
serve(void)
{
	struct fsock_event event;
	int r = 1;

	while (r > 0 && fsock_waitlist_next(list, &event))
		if (event.socket == keyboard)
			r = send_typed() < 0 ? -1 : 1;
		else if (event.state != FSOCK_OUTPUT)
			r = print_received();
	choose_interest();
	return r;
}

/* Returns 0 or -1. */
static int
run(void)
{
	int r = 1;

	to_server = fsock_output(server);
	if (!to_server || fsock_waitlist_add(list, server, FSOCK_INPUT, NULL) < 0 ||
	    fsock_waitlist_add(list, keyboard, FSOCK_INPUT, NULL) < 0)
		return -1;
	while (r > 0)
		if (fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
			r = serve();
		else if (errno != EINTR) /* stopped by ^Z, and continued */
			r = -1;
	return r;
}

int
main(int argc, char **argv)
{
	int r = -1;

	if (argc < 2) {
		fprintf(stderr, "usage: telnet ADDRESS\n");
		return EXIT_FAILURE;
	}
	keyboard = fsock_watch(STDIN_FILENO);
	list = keyboard ? fsock_waitlist_new() : NULL;
	server = list ? fsock_connect(argv[1], -1, &options) : NULL;
	if (server)
		r = run();
	if (r < 0)
		fprintf(stderr, "telnet: %s\n", fsock_last_error()->text);
	fsock_close(server);
	fsock_close(keyboard);
	fsock_waitlist_free(list);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
