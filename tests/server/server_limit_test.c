/* How many clients a server serves at a time, and what it does without descriptors or threads. */
#include "../../src/base/compat.h"

#include <sys/resource.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/server_support.h"

static struct server_gate gate;
static atomic_int most, now;

static void
reset_gate(void)
{
	gate.entered = gate.left = gate.is_open = 0;
	most = now = 0;
}

/* Counts how many are served at the same time. */
static int
hold(FILE *client, void *arg)
{
	int n = ++now, seen = most;

	(void)arg;
	while (n > seen && !atomic_compare_exchange_weak(&most, &seen, n))
		;
	server_gate_pass(&gate);
	now--;
	fputs("served\n", client);
	return 0;
}

static const struct limit {
	int threads, max_clients, at_a_time;
} limits[] = {
	{ 1, 0, 1 },
	{ 4, 0, 4 },
	{ 4, 2, 2 },
	{ 2, 4, 2 },
	{ 0, 1, 1 },
	{ 0, 3, 3 },
	{ 0, 40, 40 },
};

START_TEST(limit)
{
	enum { CLIENTS = 60 };
	const struct limit *row = &limits[_i];
	struct fsock_server_options options = { .threads = row->threads,
		.max_clients = row->max_clients };
	fsock_server *server = server_start("127.0.0.1", hold, NULL, &options);
	fsock *clients[CLIENTS];
	char line[16];

	for (int i = 0; i < CLIENTS; i++)
		clients[i] = server_connect(server, "127.0.0.1");
	server_gate_await(&gate, row->at_a_time);
	for (int i = 0; i < 100; i++)
		server_breathe(); /* a chance for one too many */
	ck_assert_int_eq(gate.entered, row->at_a_time);
	ck_assert_int_eq(fsock_server_clients(server), row->at_a_time);
	gate.is_open = 1;
	for (int i = 0; i < CLIENTS; i++) {
		ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(clients[i])));
		ck_assert_str_eq(line, "served\n");
		fsock_close(clients[i]);
	}
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	ck_assert_int_eq(most, row->at_a_time);
	ck_assert_int_eq(gate.left, CLIENTS);
}
END_TEST

/* How many threads this process has. */
static int
thread_count(void)
{
	char line[128];
	int n = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		sscanf(line, "Threads: %d", &n);
	if (f != NULL)
		fclose(f);
	return n;
}

/* A thread for each client: they come when needed, and go when there are too many without work. */
START_TEST(threads_come_and_go)
{
	enum { CLIENTS = 100, SPARE = 17 };
	int before, most_threads = 0;
	fsock_server *server = server_start("127.0.0.1", hold, NULL, NULL);
	fsock *clients[CLIENTS];

	before = thread_count() - (thread_count() > 0); /* with those of a sanitizer */
	for (int round = 0; round < 3; round++) {
		reset_gate();
		for (int i = 0; i < CLIENTS; i++)
			clients[i] = server_connect(server, "127.0.0.1");
		server_gate_await(&gate, CLIENTS);
		most_threads = thread_count();
		gate.is_open = 1;
		for (int i = 0; i < CLIENTS; i++)
			fsock_close(clients[i]);
		server_await_clients(server, 0);
		if (before == 0) /* this system does not tell */
			continue;
		/* Threads of the test before, on their way out, may count in `before`. */
		ck_assert_int_gt(most_threads, CLIENTS);
		while (thread_count() > before + SPARE)
			server_breathe();
	}
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	if (before != 0)
		while (thread_count() > before) /* joined, but the kernel may still count it */
			server_breathe();
}
END_TEST

static void
set_file_limit(rlim_t n)
{
	struct rlimit files;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = n;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
}

/* The processor time of this process, in seconds. */
static double
processor_time(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
wait_out(double seconds)
{
	struct timespec t = { 0, (long)(seconds * 1e9) };

	nanosleep(&t, NULL);
}

/* Without descriptors clients wait, the program is told, and the processor is left alone. */
START_TEST(no_descriptors)
{
	struct fsock_server_options options = { .threads = _i, .error = server_log };
	fsock_server *server;
	const struct fsock_error *error;
	fsock *s;
	char line[16];
	int last, told;
	double used, start;

	if (getenv("CK_FORK") != NULL)
		return; /* valgrind takes the client, drops it and then says that it could not */
	gate.is_open = 1;
	server = server_start("127.0.0.1", hold, NULL, &options);
	s = server_connect(server, "127.0.0.1");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(s)));
	fsock_close(s);
	server_await_clients(server, 0);
	last = dup(0);
	close(last);
	set_file_limit((rlim_t)last + 1);
	s = server_connect(server, "127.0.0.1"); /* takes the last one */
	error = server_await_log(0);
	ck_assert_str_eq(fsock_error_name(error->kind), "too-many-files-error");
	ck_assert_int_eq(error->errnum, EMFILE);
	ck_assert_str_eq(error->operation, "accept");
	ck_assert_str_eq(error->host, "127.0.0.1");
	ck_assert_int_eq(error->port, fsock_local_port(fsock_server_socket(server)));
	start = sock_now();
	used = processor_time();
	wait_out(0.5);
	used = processor_time() - used;
	told = server_log_count();
	start = sock_now() - start; /* half a second, and what the machine paused */
	ck_assert_msg(used < 0.4 * start, "%g s of processor time in %g s of waiting", used, start);
	ck_assert_msg(told >= 2 && told <= 16 * start, "told %d times in %g s", told, start);
	set_file_limit(256);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(s)));
	ck_assert_str_eq(line, "served\n");
	fsock_close(s);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
}
END_TEST

/* A stack that no thread can have: nothing is started, nothing is left behind. */
START_TEST(no_thread)
{
	struct fsock_server_options options = { .stack_size = _i == 0 ? 1 : SIZE_MAX / 4 * 3 };
	int fds = sock_open_fds();

	ck_assert_ptr_null(fsock_server_start("127.0.0.1", 0, hold, NULL, &options));
	ck_assert_msg(errno == EINVAL || errno == EAGAIN, "%s", strerror(errno));
	ck_assert_str_eq(fsock_last_error()->operation, "start thread");
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* And one that is a little more than it asks for. */
START_TEST(small_stack)
{
	struct fsock_server_options options = { .stack_size = 256 << 10,
		.name = "a name too long" };
	fsock_server *server = server_start("127.0.0.1", hold, NULL, &options);
	fsock *s = server_connect(server, "127.0.0.1");
	char line[16];

	gate.is_open = 1;
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(s)));
	fsock_close(s);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
}
END_TEST

static Suite *
server_limit_suite(void)
{
	Suite *suite = suite_create("server_limit");
	TCase *tcase = tcase_create("server_limit");

	tcase_add_checked_fixture(tcase, reset_gate, NULL);
	tcase_add_checked_fixture(tcase, server_log_reset, NULL);
	tcase_add_loop_test(tcase, limit, 0, COUNT(limits));
	tcase_add_test(tcase, threads_come_and_go);
	tcase_add_loop_test(tcase, no_descriptors, 0, 2);
	tcase_add_loop_test(tcase, no_thread, 0, 2);
	tcase_add_test(tcase, small_stack);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	return sock_run(server_limit_suite());
}
