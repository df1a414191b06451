/*
 * Lines echoed by servers of one thread: the library's wait lists and streams, against a loop on
 * epoll(7) written by hand and against libevent's bufferevents. Every server has a process of its
 * own for each number of connections, and so have its clients. All of them stand at the same time;
 * they are measured in turn, many times in one run, and the medians are compared. Targets are
 * printed with the figures.
 *
 * The library serves in three ways: "two-way" reads one line of a stream of both directions each
 * time it is reported, "batched" reads until there is no more and leaves it to the option of that
 * name to send the answers together, "one-way" has a stream for each direction and does the same
 * by a flush.
 */
#include <stdio.h>

#include "bench.h"
#include "echo.h"
#include "party.h"

enum { MOST = 10000 };
enum { SERVERS = 5, SIZES = 3, LOADS = 2 };

static const int sizes[SIZES] = { 10, 1000, MOST };
static const int windows[LOADS] = { 1, 8 };
static echo_fn *const servers[SERVERS] = { echo_raw, echo_two_way, echo_batched, echo_one_way,
	echo_bufferevent };
enum { RAW, TWO_WAY, BATCHED, ONE_WAY, BUFFEREVENT };

static struct party parties[SERVERS][SIZES];
static struct figures figures[SERVERS][SIZES][LOADS];

static void
print_size(int size, int load)
{
	static const char *const ours[] = {
		[TWO_WAY] = "two-way", [BATCHED] = "batched", [ONE_WAY] = "one-way"
	};
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
			party_print(what, &figures[k][size][load],
			    &figures[theirs[i].server][size][load], theirs[i].target);
		}
}

static void
print_flatness(int load)
{
	static const char *const names[] = { "epoll", "two-way", "batched", "one-way" };

	for (int k = RAW; k <= ONE_WAY; k++) {
		char what[100];

		snprintf(what, sizeof what, "10 000 connections / 10, %d in flight, %s",
		    windows[load], names[k]);
		party_print(what, &figures[k][SIZES - 1][load], &figures[k][0][load], 0.9);
	}
}

int
main(void)
{
	raise_limit(MOST + 100);
	for (int i = 0; i < SIZES; i++)
		for (int k = 0; k < SERVERS; k++)
			if (servers[k] != NULL)
				party_start(&parties[k][i], servers[k], &wire_plain, sizes[i]);
	for (int round = -1; round < PARTY_ROUNDS; round++) /* the first one does not count */
		for (int i = 0; i < SIZES; i++)
			for (int load = 0; load < LOADS; load++)
				for (int k = 0; k < SERVERS; k++)
					if (servers[k] != NULL)
						party_measure(&parties[k][i], windows[load],
						    &figures[k][i][load], round < 0 ? 0 : round);
	party_print_head();
	for (int load = 0; load < LOADS; load++) {
		for (int i = 0; i < SIZES; i++)
			print_size(i, load);
		print_flatness(load);
	}
	if (servers[BUFFEREVENT] == NULL)
		printf("libevent is not installed: not compared with it\n");
	return 0;
}
