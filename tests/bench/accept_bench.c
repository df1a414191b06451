/*
 * Connections served a second, against a raw accept loop: a client connects, says a line, gets one
 * back, and is done. Both ways in turn, many times in one run; the medians are compared.
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <fcntl.h>
#include <fsock.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

enum { ROUNDS = 11, CLIENTS = 4, CONNECTIONS = 1500, LINE = 64 };

static char line[LINE + 1];

/* One connection after the other, ended by a reset: what they leave behind must not add up. */
static int
visit(const struct fsock_addr *server)
{
	static const struct linger reset = { 1, 0 };
	char answer[LINE];

	for (int i = 0; i < CONNECTIONS; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(fd, &server->as.any, server->length) < 0 ||
		    send(fd, line, LINE, 0) != LINE ||
		    recv(fd, answer, LINE, MSG_WAITALL) != LINE || recv(fd, answer, 1, 0) != 0)
			return 1;
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close(fd);
	}
	return 0;
}

/* All the clients, in processes of their own. Returns connections a second. */
static double
load(fsock *listener)
{
	struct fsock_addr address;
	double start = now();
	int status;

	if (fsock_local_name(listener, &address) < 0)
		die("local name");
	for (int i = 0; i < CLIENTS; i++)
		switch (fork()) {
		case -1:
			die("fork");
			break;
		case 0:
			pin(1);
			_exit(visit(&address));
		default:
			break;
		}
	for (int i = 0; i < CLIENTS; i++)
		if (wait(&status) < 0 || status != 0)
			die("a client failed");
	return CLIENTS * CONNECTIONS / (now() - start);
}

/* ---- The ways to serve */

static int
handle(FILE *client, void *arg)
{
	char said[2 * LINE];

	(void)arg;
	return fgets(said, sizeof said, client) == NULL || fputs(said, client) == EOF ? -1 : 0;
}

static double
library(int threads)
{
	struct fsock_server_options options = { .threads = threads };
	fsock_server *server = fsock_server_start("127.0.0.1", 0, handle, NULL, &options);
	double rate;

	if (server == NULL)
		die("start");
	rate = load(fsock_server_socket(server));
	fsock_server_stop(server, 1);
	return rate;
}

static void *
accept_loop(void *listener)
{
	int fd = *(int *)listener;
	char said[LINE];

	for (int n = 0; n < CLIENTS * CONNECTIONS; n++) {
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (recv(client, said, LINE, MSG_WAITALL) != LINE ||
		    send(client, said, LINE, 0) != LINE)
			die("raw");
		close(client);
	}
	return NULL;
}

static double
raw(int unused)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL);
	int fd = listener == NULL ? -1 : dup(fsock_socket(listener));
	pthread_t thread;
	double rate;

	(void)unused;
	if (fd < 0 || fsock_local_port(listener) < 0)
		die("listen");
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK); /* as for a loop of its own */
	if (pthread_create(&thread, NULL, accept_loop, &fd) != 0)
		die("thread");
	rate = load(listener);
	pthread_join(thread, NULL);
	close(fd);
	fsock_close(listener);
	return rate;
}

static const struct row {
	const char *job;
	int threads;
} rows[] = {
	{ "a pool of 1 thread / accept loop", 1 },
	{ "a pool of 4 threads / accept loop", 4 },
	{ "a thread for each client / accept loop", 0 },
};

int
main(void)
{
	memset(line, 'x', LINE);
	line[LINE - 1] = '\n';
	setvbuf(stdout, NULL, _IONBF, 0);
	pin(0);
	printf("%-46s %8s %8s %7s\n", "connections a second over loopback TCP, medians", "ours",
	    "theirs", "ratio");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		double ours[ROUNDS], theirs[ROUNDS], ratios[ROUNDS], ratio;

		for (int r = 0; r < ROUNDS; r++) {
			theirs[r] = raw(0);
			ours[r] = library(rows[i].threads);
			ratios[r] = ours[r] / theirs[r];
		}
		ratio = median(ratios, ROUNDS);
		printf("%-46s %8.0f %8.0f %7.2f\n", rows[i].job, median(ours, ROUNDS),
		    median(theirs, ROUNDS), ratio);
	}
	return 0;
}
