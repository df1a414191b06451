/*
 * poll_loop PORT [SECONDS]: repeats every line, for any number of clients, in a loop that is not
 * the library's: here poll(2) itself. Any other loop, such as libevent's or GLib's, takes the same
 * three steps: fsock_waitlist_prepare() before it sleeps, fsock_waitlist_descriptor() while it
 * sleeps, and fsock_waitlist_wait() with a timeout of 0 afterwards.
 *
 * The loop also waits for standard input. For each line, the program prints how many clients are
 * connected; at the end, or after SECONDS, it ends.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <fsock.h>

static fsock_waitlist *list;
static fsock *listener, *timer;
static size_t clients;

/* Accepts a client. If there are no free descriptors, for example, tries again later. */
static void
welcome(void)
{
	fsock *s = fsock_accept(listener, NULL);
	int pauses = s == NULL && errno != EAGAIN;
	FILE *f = s != NULL ? fsock_stream(s) : NULL;

	if (f != NULL && fsock_waitlist_add(list, s, FSOCK_INPUT, f) == 0)
		clients++;
	else
		fsock_close(s);
	fsock_waitlist_change(list, listener, pauses ? 0 : FSOCK_INPUT, NULL);
	fsock_waitlist_set_timeout(list, listener, pauses ? 0.1 : INFINITY);
}

/* Answers one line. */
static void
answer(fsock *s, FILE *f)
{
	char line[4097];

	clearerr(f);
	if (fgets(line, sizeof line, f))
		fputs(line, f);
	if (feof(f) || (ferror(f) && errno != EAGAIN) || fflush(f) == EOF) {
		fsock_close(s); /* what is queued is sent first */
		clients--;
	}
}

/* Serves what is ready in the list. Returns 1, 0 when the time is over, or -1. */
static int
serve(void)
{
	struct fsock_event event;

	if (fsock_waitlist_wait(list, 0, NULL) < 0)
		return -1;
	while (fsock_waitlist_next(list, &event) != NULL)
		if (event.socket == timer)
			return 0;
		else if (event.socket == listener)
			welcome();
		else
			answer(event.socket, event.user);
	return 1;
}

/* Answers the operator. Returns 1, or 0 at the end of the input. */
static int
obey(void)
{
	char typed[256];
	ssize_t n = read(STDIN_FILENO, typed, sizeof typed);

	for (ssize_t i = 0; i < n; i++)
		if (typed[i] == '\n')
			printf("%zu\n", clients);
	fflush(stdout);
	return n > 0;
}

/* Rounds up. A sleep may well be too short, so INFINITY need not be one. */
static int
milliseconds(double seconds)
{
	return seconds < 1000 ? (int)(seconds * 1000 + 0.999) : 1000000;
}

/* The loop. Returns 0 or -1. */
static int
run(void)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = fsock_waitlist_descriptor(list), .events = POLLIN },
	};
	int r = fds[1].fd < 0 ? -1 : 1;

	while (r > 0) {
		double seconds = fsock_waitlist_prepare(list);

		fds[0].revents = 0;
		if (seconds < 0 || (poll(fds, 2, milliseconds(seconds)) < 0 && errno != EINTR))
			return -1;
		r = serve();
		if (r > 0 && fds[0].revents != 0)
			r = obey();
	}
	return r;
}

int
main(int argc, char **argv)
{
	struct fsock_options options = { .nonblocking = FSOCK_ON, .line_limit = 4096 };
	int r = -1;

	list = fsock_waitlist_new();
	timer = fsock_timer();
	listener = fsock_listen("localhost", argc > 1 ? atoi(argv[1]) : 0, &options);
	if (list != NULL && timer != NULL && listener != NULL &&
	    fsock_waitlist_add(list, listener, FSOCK_INPUT, NULL) == 0 &&
	    fsock_waitlist_add(list, timer, 0, NULL) == 0 &&
	    fsock_waitlist_set_timeout(list, timer, argc > 2 ? atof(argv[2]) : INFINITY) == 0) {
		printf("port %d\n", fsock_local_port(listener));
		fflush(stdout);
		r = run();
	}
	if (r < 0)
		fprintf(stderr, "poll_loop: %s\n", fsock_last_error()->text);
	fsock_close(listener);
	fsock_close(timer);
	fsock_waitlist_free(list);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
