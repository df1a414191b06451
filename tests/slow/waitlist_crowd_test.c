/*
 * Twenty thousand connections in one list, all idle but a few: those are reported at once, wherever
 * they are, and by epoll and its like what a wait costs does not depend on the others. The other
 * ends are in a process of their own, as many files as one may open are needed here.
 */
#include "../../src/base/compat.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/sock_support.h"
#include "support/wait_support.h"

enum { CROWD = 20000, ACTIVE = 16, TURNS = 200, SPARE = 64 };

static fsock *crowd[CROWD];
static int count; /* how many there are */

/* How many connections this machine allows, up to CROWD. */
static int
raise_limit(void)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < CROWD + SPARE) {
		struct rlimit more = { CROWD + SPARE, CROWD + SPARE };

		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			limit = more;
	}
	limit.rlim_cur = limit.rlim_max < CROWD + SPARE ? limit.rlim_max : CROWD + SPARE;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur >= CROWD + SPARE)
		return CROWD;
	fprintf(stderr, "only %d of %d connections: no more than %lu files may be open\n",
	    (int)limit.rlim_cur - SPARE, CROWD, (unsigned long)limit.rlim_cur);
	return (int)limit.rlim_cur - SPARE;
}

/*
 * The other ends: connects; then sends a line on each connection whose number it reads from
 * `orders`, until there are no more orders.
 */
static void
be_clients(int port, int n, int orders)
{
	static int fds[CROWD];
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int32_t order;

	for (int i = 0; i < n; i++) {
		to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fds[i] = socket(AF_INET, SOCK_STREAM, 0);
		/* The number says which connection it is. */
		if (fds[i] < 0 || connect(fds[i], (struct sockaddr *)&to, sizeof to) < 0 ||
		    write(fds[i], &(int32_t){ i }, sizeof order) != sizeof order)
			_exit(1);
	}
	while (read(orders, &order, sizeof order) == sizeof order)
		if (write(fds[order], "x\n", 2) != 2)
			_exit(2);
	_exit(0);
}

/* Takes all connections, each to the place that it names. */
static void
accept_all(fsock *listener)
{
	for (int i = 0; i < count; i++) {
		fsock *s = fsock_accept(listener, NULL);
		int32_t number = -1;

		ck_assert_msg(s != NULL, "connection %d: %s", i, fsock_last_error()->text);
		ck_assert_int_eq(recv(fsock_socket(s), &number, sizeof number, MSG_WAITALL),
		    sizeof number);
		ck_assert_int_ge(number, 0);
		ck_assert_int_lt(number, count);
		ck_assert_ptr_null(crowd[number]);
		crowd[number] = s;
	}
}

/* Waits until as many lines have come as were ordered, each from whom it should. */
static void
hear_lines(fsock_waitlist *list, const int32_t *orders)
{
	struct fsock_event event;
	char line[8];
	int heard = 0;

	while (heard < ACTIVE) {
		ck_assert_int_gt(fsock_waitlist_wait(list, 30, NULL), 0);
		while (fsock_waitlist_next(list, &event) != NULL) {
			int known = 0;

			ck_assert_int_eq(event.state, FSOCK_INPUT);
			ck_assert_ptr_nonnull(
			    fgets(line, sizeof line, fsock_stream(event.socket)));
			ck_assert_str_eq(line, "x\n");
			for (int i = 0; i < ACTIVE; i++)
				known |= event.socket == crowd[orders[i]];
			ck_assert(known);
			heard++;
		}
	}
	ck_assert_int_eq(heard, ACTIVE);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 0);
}

/* Seconds a wait takes that finds one of the members ready. */
static double
cost(fsock_waitlist *list)
{
	double start = sock_now();

	for (int i = 0; i < 2000; i++)
		ck_assert_int_eq(fsock_waitlist_wait(list, INFINITY, NULL), 1);
	return (sock_now() - start) / 2000;
}

/* With one ready, the cost of a wait on all is that of a wait on few. */
static void
compare_costs(int backend, fsock_waitlist *all)
{
	fsock_waitlist *few = wait_list(backend);
	double best_few = 1, best_all = 1;

	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(fsock_waitlist_add(few, crowd[i], FSOCK_INPUT, NULL), 0);
	for (int turn = 0; turn < 5; turn++) {
		double f = cost(few), a = cost(all);

		best_few = f < best_few ? f : best_few;
		best_all = a < best_all ? a : best_all;
	}
	fsock_waitlist_free(few);
	ck_assert_msg(best_all < 2 * best_few, "%g s with all, %g s with few", best_all, best_few);
}

START_TEST(crowded)
{
	fsock *listener;
	fsock_waitlist *list = wait_list(_i);
	int pipes[2], status, seed = 1;
	int32_t orders[ACTIVE], first = 0;
	pid_t pid;

	count = raise_limit();
	listener = fsock_listen("127.0.0.1", 0, NULL);
	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int port = fsock_local_port(listener);

		close(pipes[1]);
		close(fsock_socket(listener));
		be_clients(port, count, pipes[0]);
	}
	close(pipes[0]);
	accept_all(listener);
	for (int i = 0; i < count; i++)
		ck_assert_int_eq(fsock_waitlist_add(list, crowd[i], FSOCK_INPUT, NULL), 0);
	ck_assert_uint_eq(fsock_waitlist_count(list), (size_t)count);
	for (int turn = 0; turn < TURNS; turn++) {
		for (int i = 0; i < ACTIVE; i++) {
			seed = (int)((unsigned)seed * 1103515245u + 12345u) & 0x7fffffff;
			orders[i] = (int32_t)((seed >> 8) % (count / ACTIVE) * ACTIVE + i);
		}
		ck_assert_int_eq(write(pipes[1], orders, sizeof orders), sizeof orders);
		hear_lines(list, orders);
	}
	ck_assert_int_eq(write(pipes[1], &first, sizeof first), sizeof first);
	ck_assert_int_eq(fsock_waitlist_wait(list, 30, NULL), 1);
	if (strcmp(wait_name(_i), "poll") != 0)
		compare_costs(_i, list);
	close(pipes[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	for (int i = 0; i < count; i++)
		ck_assert_int_eq(fsock_close(crowd[i]), 0);
	ck_assert_uint_eq(fsock_waitlist_count(list), 0);
	fsock_waitlist_free(list);
	fsock_close(listener);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("waitlist_crowd");
	TCase *tcase = tcase_create("waitlist_crowd");

	signal(SIGPIPE, SIG_IGN);
	tcase_add_loop_test(tcase, crowded, 0, wait_backends());
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
