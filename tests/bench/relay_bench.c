/*
 * What goes through a proxy made of a relay, blocking and driven by a list, against a loop of
 * splice(2) calls and socat. Each proxy is a process on the first processor; the sender and the
 * receiver are on the second. They are measured in turn, many times in one run, and the medians are
 * compared. Targets are printed with the figures.
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <fsock.h>

#include "bench.h"

enum { ROUNDS = 31, SIZE = 64 << 20, PIECE = 1 << 16, MOST = 1 << 20 };

static int sender_port;

/* Sends SIZE octets to whoever connects. */
static void
send_to_all(fsock *listener)
{
	static char piece[PIECE];
	fsock *s;

	while ((s = fsock_accept(listener, NULL)) != NULL) {
		for (size_t sent = 0; sent < SIZE; sent += sizeof piece)
			if (fsock_send(s, piece, sizeof piece, NULL) < 0)
				break;
		fsock_close(s);
	}
}

static fsock *
connect_to(int port, const struct fsock_options *options)
{
	fsock *s = fsock_connect("127.0.0.1", port, options);

	if (s == NULL)
		die("connect");
	return s;
}

/* One client after another. */
static void
relay_blocking(fsock *listener)
{
	fsock *client;

	while ((client = fsock_accept(listener, NULL)) != NULL) {
		fsock *server = connect_to(sender_port, NULL);
		fsock_relay *relay = fsock_relay_new(client, server, NULL);

		if (relay == NULL || fsock_relay_run(relay) < 0)
			die("relay");
		fsock_relay_free(relay);
		fsock_close(client);
		fsock_close(server);
	}
}

struct pair {
	fsock *client, *server;
	fsock_relay *relay;
};

static void
go_on(struct pair *pair, int result)
{
	if (result < 0)
		die("relay");
	if (result > 0)
		return;
	fsock_relay_free(pair->relay);
	fsock_close(pair->client);
	fsock_close(pair->server);
	free(pair);
}

static void
begin(fsock_waitlist *list, fsock *listener)
{
	struct pair *pair = calloc(1, sizeof *pair);

	if (pair == NULL || (pair->client = fsock_accept(listener, NULL)) == NULL)
		die("accept");
	pair->server = connect_to(sender_port, &(struct fsock_options){ .nonblocking = FSOCK_ON });
	pair->relay = fsock_relay_new(pair->client, pair->server, NULL);
	if (pair->relay == NULL)
		die("relay");
	go_on(pair, fsock_relay_join(pair->relay, list, pair));
}

static void
relay_listed(fsock *listener)
{
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_event event;

	if (list == NULL || fsock_waitlist_add(list, listener, FSOCK_INPUT, NULL) < 0)
		die("wait list");
	while (fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
		while (fsock_waitlist_next(list, &event) != NULL) {
			struct pair *pair = event.user;

			if (pair == NULL)
				begin(list, listener);
			else
				go_on(pair, fsock_relay_step(pair->relay));
		}
}

/* Waits for one event of a descriptor. */
static void
await(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, -1) < 0)
		die("poll");
}

/* Moves what is there to its end. */
static void
splice_all(int from, int to, const int ends[2])
{
	ssize_t n, sent;

	for (;;) {
		n = splice(from, NULL, ends[1], NULL, MOST, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n == 0)
			return;
		if (n < 0)
			await(from, POLLIN);
		while (n > 0) {
			sent = splice(
			    ends[0], NULL, to, NULL, (size_t)n, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
			if (sent < 0)
				await(to, POLLOUT);
			n -= sent > 0 ? sent : 0;
		}
	}
}

/* As bare as it can be: one client after another, one pipe for all, and only one direction. */
static void
splice_raw(fsock *listener)
{
	int ends[2];
	fsock *client;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		die("pipe2");
	while ((client = fsock_accept(listener, NULL)) != NULL) {
		fsock *server = connect_to(sender_port, NULL);

		fcntl(fsock_socket(client), F_SETFL, O_NONBLOCK);
		fcntl(fsock_socket(server), F_SETFL, O_NONBLOCK);
		splice_all(fsock_socket(server), fsock_socket(client), ends);
		fsock_close(client);
		fsock_close(server);
	}
}

/* Listens on the same port by itself. */
static void
become_socat(fsock *listener)
{
	char here[64], there[64];

	snprintf(here, sizeof here, "TCP4-LISTEN:%d,bind=127.0.0.1,reuseaddr,fork",
	    fsock_local_port(listener));
	snprintf(there, sizeof there, "TCP4:127.0.0.1:%d", sender_port);
	fsock_close(listener);
	execlp("socat", "socat", here, there, (char *)NULL);
	_exit(127);
}

static const struct proxy {
	void (*serve)(fsock *listener);
	int processor;
} proxies[] = { { relay_blocking, 0 }, { relay_listed, 0 }, { splice_raw, 0 },
	{ become_socat, 0 } };
enum { BLOCKING, LISTED, RAW, SOCAT, PROXIES };

/* Starts a process that serves. Returns its port. */
static int
start(void (*serve)(fsock *listener), int processor, pid_t *pid)
{
	struct fsock_options options = { .nonblocking =
					     serve == relay_listed ? FSOCK_ON : FSOCK_DEFAULT };
	fsock *listener = fsock_listen("127.0.0.1", 0, &options);
	int port = listener == NULL ? -1 : fsock_local_port(listener);

	if (port < 0 || (*pid = fork()) < 0)
		die("listen");
	if (*pid == 0) {
		pin(processor);
		serve(listener);
		_exit(1);
	}
	fsock_close(listener);
	return port;
}

/* socat is there, and listens. */
static int
has_socat(int port)
{
	if (system("command -v socat >/dev/null") != 0)
		return 0;
	for (int i = 0; i < 500; i++) {
		fsock *s = fsock_connect("127.0.0.1", port, NULL);

		if (s != NULL) {
			fsock_close(s);
			return 1;
		}
		poll(NULL, 0, 10);
	}
	return 0;
}

/* MB a second of one client. */
static double
measure(int port)
{
	static char piece[4 * PIECE];
	double begun = now();
	fsock *s = connect_to(port, NULL);
	size_t got = 0;
	ssize_t n;

	while ((n = fsock_receive(s, piece, sizeof piece, NULL)) > 0)
		got += (size_t)n;
	if (got != SIZE)
		die("a transfer");
	fsock_close(s);
	return SIZE / 1e6 / (now() - begun);
}

static void
print(const char *what, const double *ours, const double *theirs, double target)
{
	double ratio = median_ratio(ours, theirs, ROUNDS);

	printf("%-46s %8.0f %8.0f %7.2f %9.2f  %s\n", what, median(ours, ROUNDS),
	    median(theirs, ROUNDS), ratio, target, ratio >= target ? "reached" : "MISSED");
}

int
main(void)
{
	static double rates[PROXIES][ROUNDS];
	int ports[PROXIES], n = PROXIES;
	pid_t pids[PROXIES], sender;

	setvbuf(stdout, NULL, _IOLBF, 0);
	sender_port = start(send_to_all, 1, &sender);
	for (int i = 0; i < PROXIES; i++)
		ports[i] = start(proxies[i].serve, proxies[i].processor, &pids[i]);
	pin(1);
	if (!has_socat(ports[SOCAT]))
		n = SOCAT;
	for (int round = -1; round < ROUNDS; round++) /* the first one warms up */
		for (int i = 0; i < n; i++) {
			double rate = measure(ports[i]);

			if (round >= 0)
				rates[i][round] = rate;
		}
	printf("%-46s %8s %8s %7s %9s\n", "MB/s through a proxy, medians", "ours", "theirs",
	    "ratio", "target");
	print("relay, blocking / splice(2) loop", rates[BLOCKING], rates[RAW], 0.9);
	print("relay, on a list / splice(2) loop", rates[LISTED], rates[RAW], 0.9);
	if (n == PROXIES)
		print("relay, on a list / socat", rates[LISTED], rates[SOCAT], 1);
	else
		printf("socat is not installed\n");
	kill(sender, SIGKILL);
	for (int i = 0; i < PROXIES; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		continue;
	return 0;
}
