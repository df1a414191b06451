/* How servers of lines end: what was answered gets out, in its time, and nobody is forgotten. */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/lines.h"

enum { BIG = 3000000 };

static const char *const hosts[] = { "127.0.0.1", "unix" };
static const int loops[] = { 1, 3 };

static atomic_int opened, closed, lines;
static struct server_gate gate;

static int
note_opened(FILE *client, void *arg)
{
	int size = 16384; /* what the kernel does not take soon has to be queued */

	(void)arg;
	setsockopt(fsock_fileno(client), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	opened++;
	return 0;
}

static void
say_goodbye(FILE *client, void *arg)
{
	(void)arg;
	fputs("goodbye\n", client);
	closed++;
}

/* Answers a line by itself, or as it says. */
static int
answer(FILE *client, char *line, size_t length, void *arg)
{
	(void)arg;
	(void)length;
	lines++;
	for (int i = 1; strcmp(line, "big") == 0 && i < BIG; i++)
		putc('x', client);
	if (strcmp(line, "wait") == 0)
		server_gate_pass(&gate);
	if (strcmp(line, "shutdown") == 0)
		fsock_server_shutdown(fsock_server_current(), 20);
	if (strcmp(line, "stop") == 0 && fsock_server_stop(fsock_server_current(), 0) < 0)
		fprintf(client, "%d\n", errno == EDEADLK);
	fprintf(client, "%s\n", line);
	return 0;
}

static struct fsock_server_options
options_for(int i)
{
	return (struct fsock_server_options){ .threads = loops[i / 2],
		.opened = note_opened,
		.closed = say_goodbye,
		.error = server_log,
		.socket = { .output_limit = 2 * BIG } };
}

static void
reset_counts(void)
{
	gate.entered = gate.left = gate.is_open = 0;
	opened = closed = lines = 0;
	server_log_reset();
}

/* Idle clients are told, and let go at once: nobody waits for them to leave. */
START_TEST(idle_clients)
{
	enum { CLIENTS = 20 };
	const char *host = sock_place(hosts[_i % 2]);
	struct fsock_server_options options = options_for(_i);
	fsock_server *server = server_start_lines(host, answer, NULL, &options);
	int fds = sock_open_fds();
	fsock *clients[CLIENTS];
	double start;

	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = server_connect(server, host);
		lines_put(clients[i], i % 2 ? "hello\n" : "hello\nhalf a li");
		lines_expect(clients[i], "hello\n");
	}
	start = sock_now();
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	sock_assert_took(start, 0);
	ck_assert_int_eq(opened, CLIENTS);
	ck_assert_int_eq(closed, CLIENTS);
	for (int i = 0; i < CLIENTS; i++) {
		lines_expect(clients[i], "goodbye\n");
		ck_assert_int_eq(getc(fsock_stream(clients[i])), EOF);
		fsock_close(clients[i]);
	}
	ck_assert_int_le(sock_open_fds(), fds);
	ck_assert_int_eq(server_log_count(), 0);
}
END_TEST

struct stopping {
	fsock_server *server;
	double grace;
	int cut;
};

static void
stop_server(void *arg)
{
	struct stopping *stopping = arg;

	stopping->cut = fsock_server_stop(stopping->server, stopping->grace);
}

/* What is queued is sent while the server stops: to those that read in time. */
static const struct grace {
	double grace;
	int reads, cut;
} graces[] = {
	{ 20, 1, 0 },
	{ INFINITY, 1, 0 },
	{ 0.05, 0, 1 },
	{ 0, 0, 1 },
};

START_TEST(pending)
{
	const struct grace *row = &graces[_i / 4];
	const char *host = sock_place(hosts[_i % 2]);
	struct fsock_server_options options = options_for(_i % 4);
	struct stopping stopping = { .grace = row->grace };
	struct sock_thread thread;
	fsock *s, *other;
	long n = 0;

	stopping.server = server_start_lines(host, answer, NULL, &options);
	other = server_connect(stopping.server, host);
	s = server_connect(stopping.server, host);
	lines_put(s, "big\n");
	lines_put(other, "hello\n");
	lines_expect(other, "hello\n");
	while (lines < 2)
		server_breathe();
	sock_thread_start(&thread, stop_server, &stopping);
	lines_expect(other, "goodbye\n");
	if (!row->reads)
		sock_thread_join(&thread);
	for (FILE *f = fsock_stream(s); getc(f) == 'x';)
		n++;
	if (row->reads) { /* the first letter of "big" was taken */
		ck_assert_int_eq(n, BIG - 1);
		lines_expect(s, "ig\n");
		lines_expect(s, "goodbye\n");
		sock_thread_join(&thread);
	} else {
		ck_assert_int_lt(n, BIG - 1);
	}
	ck_assert_int_eq(stopping.cut, row->cut);
	ck_assert_int_eq(closed, 2);
	fsock_close(s);
	fsock_close(other);
}
END_TEST

/* The line being handled is the last one; new clients are refused meanwhile. */
START_TEST(present_line)
{
	const char *host = sock_place(hosts[_i % 2]);
	struct fsock_server_options options = options_for(_i);
	struct stopping stopping = { .grace = 20 };
	struct sock_thread thread;
	int port;
	fsock *s, *late;

	stopping.server = server_start_lines(host, answer, NULL, &options);
	port = fsock_local_port(fsock_server_socket(stopping.server));
	s = server_connect(stopping.server, host);
	lines_put(s, "wait\nnot any more\n");
	server_gate_await(&gate, 1);
	sock_thread_start(&thread, stop_server, &stopping);
	do { /* until the listeners are closed */
		late = fsock_connect(host, port, NULL);
		fsock_close(late);
	} while (late != NULL);
	gate.is_open = 1;
	lines_expect(s, "wait\n");
	lines_expect(s, "goodbye\n");
	sock_thread_join(&thread);
	ck_assert_int_eq(lines, 1);
	ck_assert_int_eq(stopping.cut, 0);
	fsock_close(s);
}
END_TEST

/* A handler ends the server that it runs in; it cannot wait for that. */
static fsock_server *_Atomic running;

static void
note_server(fsock_server *server, void *arg)
{
	(void)arg;
	running = server;
}

static void
run_server(void *arg)
{
	struct stopping *stopping = arg;
	struct fsock_server_options options = options_for(2);

	options.ready = note_server;
	stopping->cut = fsock_server_run_lines("127.0.0.1", 0, answer, NULL, &options);
}

START_TEST(by_handler)
{
	struct stopping stopping = { .cut = -1 };
	struct sock_thread thread;
	fsock *s, *other;

	running = NULL;
	sock_thread_start(&thread, run_server, &stopping);
	while (running == NULL)
		server_breathe();
	s = server_connect(running, "127.0.0.1");
	other = server_connect(running, "127.0.0.1");
	lines_put(other, "hello\n");
	lines_expect(other, "hello\n");
	lines_put(s, "stop\n");
	lines_expect(s, "1\n");
	lines_expect(s, "stop\n");
	lines_put(s, "shutdown\nnot any more\n");
	lines_expect(s, "shutdown\n");
	lines_expect(s, "goodbye\n");
	lines_expect(other, "goodbye\n");
	sock_thread_join(&thread);
	ck_assert_int_eq(stopping.cut, 0);
	ck_assert_int_eq(lines, 3);
	ck_assert_int_eq(closed, 2);
	fsock_close(s);
	fsock_close(other);
}
END_TEST

/* Loops that have hardly begun when the server ends have nothing to tell. */
START_TEST(at_once)
{
	const char *host = sock_place(hosts[_i % 2]);
	struct fsock_server_options options = options_for(2 + _i % 2);
	int fds = sock_open_fds();

	for (int i = 0; i < 100; i++) {
		fsock_server *server = server_start_lines(host, answer, NULL, &options);

		ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	}
	ck_assert_int_eq(server_log_count(), 0);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("line_server_stop");
	TCase *tc = tcase_create("stop");

	tcase_add_checked_fixture(tc, sock_dir_make, sock_dir_remove);
	tcase_add_checked_fixture(tc, reset_counts, NULL);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, idle_clients, 0, 4);
	tcase_add_loop_test(tc, pending, 0, 4 * COUNT(graces));
	tcase_add_loop_test(tc, present_line, 0, 4);
	tcase_add_test(tc, by_handler);
	tcase_add_loop_test(tc, at_once, 0, 2);
	suite_add_tcase(s, tc);
	return sock_run(s);
}
