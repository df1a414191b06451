/*
 * What a wait on a list costs, against epoll_wait(2) on the same descriptors, with one of them
 * ready. Each pair is measured in turn, many times in one run, and the
 * medians are compared. Targets are printed with the figures.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/socket.h>

#include <fsock.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

/* Many short rounds: what else the machine does falls between them, or on one of them. */
enum { ROUNDS = 401, WAITS = 1000, FEW = 10, MOST = 10000 };

static fsock *members[MOST + 1]; /* the last one is ready */

/* Sockets that nobody sends to, and one end of a pair that has something to read. */
static void
make_members(void)
{
	fsock *pair[2];

	for (int i = 0; i < MOST; i++)
		if ((members[i] = fsock_adopt(socket(AF_INET, SOCK_DGRAM, 0), NULL)) == NULL)
			die("socket");
	if (fsock_pair(pair, NULL) < 0 || write(fsock_socket(pair[1]), "x", 1) != 1)
		die("pair");
	members[MOST] = pair[0];
}

static fsock_waitlist *
make_list(int idle)
{
	fsock_waitlist *list = fsock_waitlist_new();

	for (int i = MOST - idle; i <= MOST; i++)
		if (list == NULL ||
		    fsock_waitlist_add(list, members[i], FSOCK_INPUT, members[i]) < 0)
			die("wait list");
	return list;
}

static int
make_epoll(int idle)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	for (int i = MOST - idle; i <= MOST; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = members[i] };

		if (epoll_ctl(fd, EPOLL_CTL_ADD, fsock_socket(members[i]), &event) < 0)
			die("epoll_ctl");
	}
	return fd;
}

/* Seconds a wait takes, with what a program does to learn who is ready. */
static double
time_list(fsock_waitlist *list)
{
	double start = now();
	struct fsock_event event;

	for (int i = 0; i < WAITS; i++) {
		if (fsock_waitlist_wait(list, INFINITY, NULL) != 1)
			die("wait");
		while (fsock_waitlist_next(list, &event) != NULL)
			if (event.user != members[MOST])
				die("another is ready");
	}
	return (now() - start) / WAITS;
}

static double
time_epoll(int fd)
{
	static struct epoll_event events[256];
	double start = now();

	for (int i = 0; i < WAITS; i++) {
		int n = epoll_wait(fd, events, 256, -1);

		for (int k = 0; k < n; k++)
			if (events[k].data.ptr != members[MOST])
				die("another is ready");
		if (n != 1)
			die("epoll_wait");
	}
	return (now() - start) / WAITS;
}

static void
print(const char *what, double ours, double theirs, double ratio, double target)
{
	printf("%-46s %8.0f %8.0f %7.2f %9.2f  %s\n", what, ours * 1e9, theirs * 1e9, ratio, target,
	    ratio <= target ? "reached" : "MISSED");
}

int
main(void)
{
	static double few[ROUNDS], many[ROUNDS], raw_few[ROUNDS], raw_many[ROUNDS];
	static double ratios[3][ROUNDS];
	fsock_waitlist *list_few, *list_many;
	int fd_few, fd_many;

	setvbuf(stdout, NULL, _IOLBF, 0);
	pin(0);
	raise_limit(MOST + 100);
	make_members();
	list_few = make_list(FEW);
	list_many = make_list(MOST);
	fd_few = make_epoll(FEW);
	fd_many = make_epoll(MOST);
	for (int i = 0; i < ROUNDS; i++) {
		raw_few[i] = time_epoll(fd_few);
		few[i] = time_list(list_few);
		many[i] = time_list(list_many);
		raw_many[i] = time_epoll(fd_many);
		ratios[0][i] = few[i] / raw_few[i];
		ratios[1][i] = many[i] / raw_many[i];
		ratios[2][i] = many[i] / few[i];
	}
	printf("%-46s %8s %8s %7s %9s\n", "ns a wait with 1 ready, medians", "ours", "theirs",
	    "ratio", "target");
	print("10 idle members / epoll_wait", median(few, ROUNDS), median(raw_few, ROUNDS),
	    median(ratios[0], ROUNDS), 1.2);
	print("10 000 idle members / epoll_wait", median(many, ROUNDS), median(raw_many, ROUNDS),
	    median(ratios[1], ROUNDS), 1.2);
	print("10 000 idle members / 10 idle members", median(many, ROUNDS), median(few, ROUNDS),
	    median(ratios[2], ROUNDS), 1.2);
	fsock_waitlist_free(list_few);
	fsock_waitlist_free(list_many);
	return 0;
}
