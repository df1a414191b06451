/*
 * Lines echoed by servers of one thread: the library's wait lists and streams, against a loop on
 * epoll(7) written by hand and against libevent's bufferevents. Every server has a process of its
 * own for each number of connections, and so have its clients. All of them stand at the same time;
 * they are measured in turn, many times in one run, and the medians are compared. Targets are
 * printed with the figures.
 *
 * The library serves in two ways: "two-way" reads one line of a stream of both directions each time
 * it is reported, "one-way" has a stream for each direction, reads until there is no more and sends
 * the answers together.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "echo.h"

enum { ROUNDS = 41, LINES = 4000, MOST = 10000 };
enum { SERVERS = 4, SIZES = 3, LOADS = 2 };

static const int sizes[SIZES] = { 10, 1000, MOST };
static const int windows[LOADS] = { 1, 8 };
static echo_fn *const servers[SERVERS] = { echo_raw, echo_two_way, echo_one_way, echo_bufferevent };
enum { RAW, TWO_WAY, ONE_WAY, BUFFEREVENT };

/* A server with its clients. What is ordered through the pair is a window. */
struct party {
	int control;
	clockid_t clock; /* the server's processor time */
};

/* What was measured: lines a second, and lines a second of the server's processor time. */
struct figures {
	double rate[ROUNDS], work[ROUNDS];
};

static struct party parties[SERVERS][SIZES];
static struct figures figures[SERVERS][SIZES][LOADS];

static double
read_clock(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) < 0)
		die("clock_gettime");
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A process that ends with its parent, and keeps to one processor. */
static pid_t
start(int processor)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pin(processor);
	}
	return pid;
}

static int
make_listener(int *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(fd, 1024) < 0 || getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		die("listen");
	*port = ntohs(address.sin_port);
	return fd;
}

/* The clients' process: a window comes, the seconds that it took go back. */
static void
obey(int control, int port, int n)
{
	struct load *load = load_new(port, n);
	double took = 0;
	int window;

	do {
		if (write(control, &took, sizeof took) != sizeof took)
			die("control");
		if (read(control, &window, sizeof window) != sizeof window)
			_exit(0);
		took = load_run(load, LINES, window);
	} while (1);
}

static double
order(struct party *p, int window)
{
	double took;

	if (window > 0 && write(p->control, &window, sizeof window) != sizeof window)
		die("control");
	if (read(p->control, &took, sizeof took) != sizeof took)
		die("the clients have gone");
	return took;
}

static void
set_up(struct party *p, echo_fn *serve, int n)
{
	int control[2], port, listener = make_listener(&port);
	pid_t pid = start(0);

	if (pid == 0) {
		serve(listener);
		die("the server has ended");
	}
	close(listener);
	if (clock_getcpuclockid(pid, &p->clock) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, control) < 0)
		die("party");
	if (start(1) == 0) {
		close(control[0]);
		obey(control[1], port, n);
	}
	close(control[1]);
	p->control = control[0];
	order(p, 0); /* they are there */
}

static void
measure(int server, int size, int load, int round)
{
	struct party *p = &parties[server][size];
	struct figures *f = &figures[server][size][load];
	double before = read_clock(p->clock);

	f->rate[round] = LINES / order(p, windows[load]);
	f->work[round] = LINES / (read_clock(p->clock) - before);
}

/* The median of what ours is in terms of theirs, round by round. */
static double
ratio(const double *ours, const double *theirs)
{
	double ratios[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		ratios[i] = ours[i] / theirs[i];
	return median(ratios, ROUNDS);
}

static void
print(const char *what, const struct figures *ours, const struct figures *theirs, double target)
{
	double r = ratio(ours->rate, theirs->rate);

	printf("%-58s %7.0f %7.0f %6.2f %6.2f %6.2f  %s\n", what, median(ours->rate, ROUNDS) / 1e3,
	    median(theirs->rate, ROUNDS) / 1e3, ratio(ours->work, theirs->work), r, target,
	    r >= target ? "reached" : "MISSED");
}

static void
print_size(int size, int load)
{
	static const char *const ours[] = { [TWO_WAY] = "two-way", [ONE_WAY] = "one-way" };
	static const struct {
		int server;
		const char *name;
		double target;
	} theirs[] = { { RAW, "epoll", 0.9 }, { BUFFEREVENT, "bufferevent", 1.0 } };

	for (int i = 0; i < 2; i++)
		for (int k = TWO_WAY; k <= ONE_WAY && servers[theirs[i].server] != NULL; k++) {
			char what[100];

			snprintf(what, sizeof what, "%d connections, %d in flight, %s / %s",
			    sizes[size], windows[load], ours[k], theirs[i].name);
			print(what, &figures[k][size][load], &figures[theirs[i].server][size][load],
			    theirs[i].target);
		}
}

static void
print_flatness(int load)
{
	static const char *const names[] = { "epoll", "two-way", "one-way" };

	for (int k = RAW; k <= ONE_WAY; k++) {
		char what[100];

		snprintf(what, sizeof what, "10 000 connections / 10, %d in flight, %s",
		    windows[load], names[k]);
		print(what, &figures[k][SIZES - 1][load], &figures[k][0][load], 0.9);
	}
}

int
main(void)
{
	raise_limit(MOST + 100);
	for (int i = 0; i < SIZES; i++)
		for (int k = 0; k < SERVERS; k++)
			if (servers[k] != NULL)
				set_up(&parties[k][i], servers[k], sizes[i]);
	for (int round = -1; round < ROUNDS; round++) /* the first one does not count */
		for (int i = 0; i < SIZES; i++)
			for (int load = 0; load < LOADS; load++)
				for (int k = 0; k < SERVERS; k++)
					if (servers[k] != NULL)
						measure(k, i, load, round < 0 ? 0 : round);
	printf("%-58s %7s %7s %6s %6s %6s\n", "thousand lines echoed a second, medians", "ours",
	    "theirs", "cpu", "ratio", "target");
	for (int load = 0; load < LOADS; load++) {
		for (int i = 0; i < SIZES; i++)
			print_size(i, load);
		print_flatness(load);
	}
	if (servers[BUFFEREVENT] == NULL)
		printf("libevent is not installed: not compared with it\n");
	return 0;
}
