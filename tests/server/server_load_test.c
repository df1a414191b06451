/* Servers under load, stopped in the middle of it: nothing is lost track of, nothing is left. */
#include "../../src/base/compat.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/server_support.h"

enum { CLIENT_THREADS = 4, LINES = 3 };

static struct {
	int port;
	atomic_int begun, ended; /* handlers */
	atomic_int good;         /* clients that were served to the end */
	atomic_int bad;          /* clients that got something they should not */
	atomic_int enough;
} load;

static void
reset_load(void)
{
	memset(&load, 0, sizeof load);
}

static int
answer_lines(FILE *client, void *arg)
{
	char line[64];

	(void)arg;
	load.begun++;
	while (fgets(line, sizeof line, client) != NULL)
		fprintf(client, "%d %s", fsock_remote_port(), line);
	load.ended++;
	return 0;
}

/* One visit: says a few lines and looks at the answers. */
static void
visit(fsock *s)
{
	int port = fsock_local_port(s);
	char line[64], expected[64];

	for (int i = 0; i < LINES; i++) {
		fprintf(fsock_stream(s), "line %d\n", i);
		snprintf(expected, sizeof expected, "%d line %d\n", port, i);
		if (fgets(line, sizeof line, fsock_stream(s)) == NULL)
			return; /* cut off: only between lines, or in the middle of the last one */
		if (strncmp(line, expected, strlen(line)) != 0)
			load.bad++;
	}
	load.good++;
}

/* Visits the server as often as it can, until told that it is enough. */
static void
visit_often(void *arg)
{
	static const struct fsock_options patience = { .timeout = 20 };

	(void)arg;
	while (!load.enough) {
		fsock *s = fsock_connect("127.0.0.1", load.port, &patience);

		if (s != NULL)
			visit(s);
		fsock_abort(s);
	}
}

static const struct kind {
	int threads, max_clients;
	double grace;
} kinds[] = {
	{ 0, 0, 0 },
	{ 0, 0, 20 },
	{ 0, 2, 0 },
	{ 1, 0, 0 },
	{ 3, 0, 0 },
	{ 3, 0, 20 },
	{ 8, 0, 0.001 },
};

START_TEST(stopped_under_load)
{
	const struct kind *row = &kinds[_i];
	struct fsock_server_options options = {
		.threads = row->threads, .max_clients = row->max_clients, .error = server_log
	};
	struct sock_thread threads[CLIENT_THREADS];
	int fds = sock_open_fds(), served = 0;

	load.port = 0;
	for (int round = 0; round < 5; round++) {
		fsock_server *server = server_start("127.0.0.1", answer_lines, NULL, &options);

		load.enough = 0;
		load.port = fsock_local_port(fsock_server_socket(server));
		for (int i = 0; i < CLIENT_THREADS; i++)
			sock_thread_start(&threads[i], visit_often, NULL);
		while (load.good < served + 30)
			server_breathe();
		ck_assert_int_ge(fsock_server_stop(server, row->grace), 0);
		ck_assert_int_eq(load.ended, load.begun);
		load.enough = 1;
		for (int i = 0; i < CLIENT_THREADS; i++)
			sock_thread_join(&threads[i]);
		served = load.good;
		ck_assert_int_eq(sock_open_fds(), fds);
	}
	ck_assert_int_eq(load.bad, 0);
}
END_TEST

/* Started and stopped at once, many times, with and without a client on its way. */
START_TEST(stopped_at_once)
{
	int fds = sock_open_fds();

	for (int round = 0; round < 50; round++) {
		struct fsock_server_options options = { .threads = _i == 0 ? 0 : 4 };
		fsock_server *server = server_start("127.0.0.1", answer_lines, NULL, &options);
		fsock *s = NULL;

		if (round % 2 == 0)
			s = server_connect(server, "127.0.0.1");
		ck_assert_int_le(fsock_server_stop(server, 0), 1);
		fsock_close(s);
	}
	ck_assert_int_eq(load.begun, load.ended);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* The octets of memory that this process has resident; 0 where that cannot be found out. */
static long
resident(void)
{
	long size = 0, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%ld %ld", &size, &pages) != 2)
		pages = 0;
	if (f != NULL)
		fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

/* After the first few hundred clients, more of them take no more memory and no more descriptors. */
START_TEST(flat)
{
	struct fsock_server_options options = { .threads = _i == 0 ? 0 : 4 };
	fsock_server *server = server_start("127.0.0.1", answer_lines, NULL, &options);
	struct sock_thread threads[CLIENT_THREADS];
	long before = 0, after = 0;
	int fds = 0;

	load.port = fsock_local_port(fsock_server_socket(server));
	for (int turn = 0; turn < 2; turn++) {
		int target = load.good + (turn == 0 ? 400 : 2000);

		before = resident();
		load.enough = 0;
		for (int i = 0; i < CLIENT_THREADS; i++)
			sock_thread_start(&threads[i], visit_often, NULL);
		while (load.good < target)
			server_breathe();
		load.enough = 1;
		for (int i = 0; i < CLIENT_THREADS; i++)
			sock_thread_join(&threads[i]);
		server_await_clients(server, 0);
		after = resident();
		if (turn == 0)
			fds = sock_open_fds();
	}
	ck_assert_int_eq(sock_open_fds(), fds);
	/* The sanitizers and valgrind keep what was freed: theirs is the exact account. */
	if (getenv("ASAN_OPTIONS") == NULL && getenv("TSAN_OPTIONS") == NULL &&
	    getenv("CK_FORK") == NULL)
		ck_assert_int_lt(after - before, 512 << 10);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	ck_assert_int_eq(load.bad, 0);
}
END_TEST

static Suite *
server_load_suite(void)
{
	Suite *suite = suite_create("server_load");
	TCase *tcase = tcase_create("server_load");

	tcase_add_checked_fixture(tcase, reset_load, NULL);
	tcase_add_loop_test(tcase, stopped_under_load, 0, COUNT(kinds));
	tcase_add_loop_test(tcase, stopped_at_once, 0, 2);
	tcase_add_loop_test(tcase, flat, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	return sock_run(server_load_suite());
}
