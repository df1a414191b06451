/*
 * Ten thousand clients of a server of lines with one thread, in a process of their own: every line
 * is answered, whole, in order and once, also for clients that send it in pieces. What an idle
 * client costs: no more than 12 KiB, and no time.
 */
#include "../../src/base/compat.h"

#include <sys/wait.h>

#include <netinet/in.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/server_support.h"

enum { CROWD = 10000, SPARE = 100, ROUNDS = 10, IN_PIECES = 4 };

static const long most_memory = 12 * 1024; /* of a client, in octets */
static const double most_time = 0.02;      /* of the processor, in an idle second */

static int count;

/* How many clients this machine allows, up to CROWD: each is a file here and one there. */
static void
raise_limit(void)
{
	count = sock_may_open(CROWD + SPARE) - SPARE;
	if (count < CROWD)
		fprintf(stderr, "only %d of %d clients: no more files may be open\n", count, CROWD);
}

/* ---- The clients' process; it says how it went by its status */

static int fds[CROWD];

#define INSIST(condition, status)      \
	do {                           \
		if (!(condition))      \
			_exit(status); \
	} while (0)

/* The line that a client sends in a round: of different lengths. */
static int
make_line(char *line, size_t size, int client, int round)
{
	return snprintf(line, size, "client %d round %d %.*s\n", client, round, client % 60,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
}

static void
connect_all(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < count; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM, 0);
		INSIST(fds[i] >= 0, 2);
		INSIST(connect(fds[i], (struct sockaddr *)&to, sizeof to) == 0, 3);
	}
}

/* All send a line, some of them in pieces with all others in between. */
static void
send_round(int round)
{
	char line[128];

	for (int piece = 0; piece < IN_PIECES; piece++)
		for (int i = 0; i < count; i++) {
			int n = make_line(line, sizeof line, i, round);
			int from = i % 3 == 0 ? n * piece / IN_PIECES : 0;
			int to = i % 3 == 0 ? n * (piece + 1) / IN_PIECES : n;

			if (i % 3 == 0 || piece == 0)
				INSIST(write(fds[i], line + from, (size_t)(to - from)) == to - from,
				    4);
		}
}

/* Each gets its line, and nothing else. */
static void
receive_round(int round)
{
	char line[128], got[128];

	for (int i = 0; i < count; i++) {
		int n = make_line(line, sizeof line, i, round);

		INSIST(recv(fds[i], got, (size_t)n, MSG_WAITALL) == n, 5);
		INSIST(memcmp(line, got, (size_t)n) == 0, 6);
	}
	for (int i = 0; i < count; i++)
		INSIST(recv(fds[i], got, 1, MSG_DONTWAIT) < 0, 7);
}

/* Does a step each time that it is told to, and says when it is done. */
static void
be_clients(int in, int out)
{
	int32_t port;
	char c;

	alarm(300);
	INSIST(read(in, &port, sizeof port) == sizeof port, 1);
	connect_all(port);
	for (int round = 0; round < ROUNDS; round++) {
		INSIST(write(out, "", 1) == 1, 1);
		INSIST(read(in, &c, 1) == 1, 1);
		send_round(round);
		receive_round(round);
	}
	INSIST(write(out, "", 1) == 1, 1);
	INSIST(read(in, &c, 1) == 1, 1);
	_exit(0);
}

/* ---- The server's process */

static atomic_int lines;

static int
echo(FILE *client, char *line, size_t length, void *arg)
{
	(void)arg;
	lines++;
	line[length] = '\n';
	fwrite(line, 1, length + 1, client);
	return 0;
}

static double
time_used(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
await_step(int from)
{
	char c;

	ck_assert_int_eq(read(from, &c, 1), 1);
}

/* What the clients cost that are there and say nothing. */
static void
check_idle(long before)
{
	long each = (sock_memory_used() - before) / count;
	double start = time_used();

	printf("a client costs %ld octets\n", each);
	ck_assert_int_le(each, most_memory);
	sleep(1);
	start = time_used() - start;
	printf("a second without lines costs %g s\n", start);
	ck_assert_double_le(start, most_time);
}

START_TEST(crowd)
{
	struct fsock_server_options options = { .error = server_log, .client_idle = 300 };
	int to[2], from[2], status;
	fsock_server *server;
	int32_t port;
	long before;
	pid_t pid;

	raise_limit();
	ck_assert_int_eq(pipe(to), 0);
	ck_assert_int_eq(pipe(from), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		be_clients(to[0], from[1]);
	close(from[1]);
	server = server_start_lines("127.0.0.1", echo, NULL, &options);
	before = sock_memory_used();
	port = fsock_local_port(fsock_server_socket(server));
	ck_assert_int_eq(write(to[1], &port, sizeof port), sizeof port);
	for (int round = 0; round < ROUNDS; round++) {
		await_step(from[0]);
		server_await_clients(server, count);
		ck_assert_int_eq(lines, round * count);
		ck_assert_int_eq(write(to[1], "", 1), 1);
	}
	await_step(from[0]);
	ck_assert_int_eq(lines, ROUNDS * count);
	check_idle(before);
	ck_assert_int_eq(fsock_server_clients(server), count);
	ck_assert_int_eq(write(to[1], "", 1), 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	server_await_clients(server, 0);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	ck_assert_int_eq(server_log_count(), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("line_server");
	TCase *tc = tcase_create("crowd");

	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, crowd);
	suite_add_tcase(s, tc);
	return sock_run(s);
}
