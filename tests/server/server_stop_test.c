/* Ending servers: the accept is woken, handlers get their time, then they are cut off. */
#include "../../src/base/compat.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/server_support.h"

/* What a handler is busy with when the server is stopped. */
enum business { READING, READING_ONE_WAY, WRITING, FLUSHING, AT_GATE };

static struct {
	enum business business;
	struct server_gate gate;
	atomic_int got_eof, got_error;
} work;

static void
reset_work(void)
{
	memset(&work, 0, sizeof work);
}

static void
read_all(FILE *f)
{
	char line[64];

	while (fgets(line, sizeof line, f) != NULL)
		;
	work.got_eof += feof(f) != 0;
	work.got_error += ferror(f) != 0;
}

static int
be_busy(FILE *client, void *arg)
{
	static const char block[4096];

	(void)arg;
	if (work.business == FLUSHING)
		sock_fill(fsock_fileno(client));
	if (work.business != AT_GATE)
		work.gate.entered++;
	switch (work.business) {
	case READING:
		read_all(client);
		break;
	case READING_ONE_WAY:
		read_all(fsock_input(fsock_of(client)));
		break;
	case WRITING: /* more than the kernel takes */
		while (fwrite(block, 1, sizeof block, client) == sizeof block)
			;
		work.got_error++;
		break;
	case FLUSHING: /* the kernel is full: it is the server's own close that waits */
		fwrite(block, 1, 100, client);
		break;
	case AT_GATE:
		server_gate_pass(&work.gate);
		break;
	}
	return 0;
}

static const struct stopping {
	enum business business;
	double grace;
	int threads, clients;
	int got_eof, got_error; /* how many handlers of each client */
} stoppings[] = {
	{ READING, 0, 0, 0, 0, 0 },
	{ READING, 10, 0, 0, 0, 0 },
	{ READING, INFINITY, 4, 0, 0, 0 },
	{ READING, 0, 0, 1, 1, 0 },
	{ READING, 0, 0, 40, 1, 0 },
	{ READING, 0.05, 0, 5, 1, 0 },
	{ READING, 0, 5, 5, 1, 0 },
	{ READING_ONE_WAY, 0, 0, 3, 1, 0 },
	{ WRITING, 0, 0, 1, 0, 1 },
	{ WRITING, 0.05, 5, 5, 0, 1 },
	{ FLUSHING, 0, 0, 2, 0, 0 },
	{ FLUSHING, 0.05, 2, 2, 0, 0 },
};

START_TEST(cut_off)
{
	const struct stopping *row = &stoppings[_i];
	struct fsock_server_options options = { .threads = row->threads };
	int fds = sock_open_fds();
	fsock_server *server;
	fsock *clients[40];
	double start;

	work.business = row->business;
	server = server_start("127.0.0.1", be_busy, NULL, &options);
	for (int i = 0; i < row->clients; i++)
		clients[i] = server_connect(server, "127.0.0.1");
	server_gate_await(&work.gate, row->clients);
	ck_assert_int_eq(fsock_server_clients(server), row->clients);
	start = sock_now();
	ck_assert_int_eq(fsock_server_stop(server, row->grace), row->clients);
	sock_assert_took(start, row->clients > 0 ? row->grace : 0);
	ck_assert_int_eq(work.got_eof, row->clients * row->got_eof);
	ck_assert_int_eq(work.got_error, row->clients * row->got_error);
	for (int i = 0; i < row->clients; i++)
		fsock_close(clients[i]);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* A thread that stops a server. */
struct stopper {
	fsock_server *server;
	double grace;
	int result;
};

static void
stop(void *arg)
{
	struct stopper *s = arg;

	s->result = fsock_server_stop(s->server, s->grace);
}

/* Handlers that end in time are not cut off; meanwhile nobody is let in. */
START_TEST(grace)
{
	struct stopper stopper = { .grace = _i == 0 ? INFINITY : 20 };
	struct sock_thread thread;
	fsock *clients[3], *s;
	int port, fds = sock_open_fds();

	work.business = AT_GATE;
	stopper.server = server_start("127.0.0.1", be_busy, NULL, NULL);
	port = fsock_local_port(fsock_server_socket(stopper.server));
	for (int i = 0; i < 3; i++)
		clients[i] = server_connect(stopper.server, "127.0.0.1");
	server_gate_await(&work.gate, 3);
	sock_thread_start(&thread, stop, &stopper);
	while ((s = fsock_connect("127.0.0.1", port, NULL)) != NULL || errno == ECONNRESET)
		fsock_close(s); /* it was on its way in when the door was closed */
	sock_assert_error(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED);
	work.gate.is_open = 1;
	sock_thread_join(&thread);
	ck_assert_int_eq(stopper.result, 0);
	ck_assert_int_ge(work.gate.left, 3);
	ck_assert_int_eq(work.gate.left, work.gate.entered);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(getc(fsock_stream(clients[i])), EOF);
		ck_assert(feof(fsock_stream(clients[i])));
		fsock_close(clients[i]);
	}
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* Of two grace times the one that is up first counts, in whatever order they come. */
static const struct graces {
	double first, second;
	int is_cut;
} graces[] = { { 0, INFINITY, 1 }, { INFINITY, 0, 1 }, { 1e9, 0.01, 1 }, { 0.01, 1e9, 1 } };

START_TEST(first_grace_counts)
{
	fsock_server *server = server_start("127.0.0.1", be_busy, NULL, NULL);
	fsock *s = server_connect(server, "127.0.0.1");
	double start = sock_now();

	server_gate_await(&work.gate, 1);
	ck_assert_int_eq(fsock_server_shutdown(server, graces[_i].first), 0);
	ck_assert_int_eq(fsock_server_clients(server), 1);
	ck_assert_int_eq(fsock_server_stop(server, graces[_i].second), graces[_i].is_cut);
	sock_assert_took(start, 0);
	fsock_close(s);
}
END_TEST

/* So it does when the program is waiting for the longer one already: a second signal, say. */
START_TEST(grace_shortened)
{
	struct stopper stopper = { .grace = _i == 0 ? INFINITY : 1e6 };
	struct sock_thread thread;
	fsock *client, *s;
	int port;

	stopper.server = server_start("127.0.0.1", be_busy, NULL, NULL);
	port = fsock_local_port(fsock_server_socket(stopper.server));
	client = server_connect(stopper.server, "127.0.0.1");
	server_gate_await(&work.gate, 1);
	sock_thread_start(&thread, stop, &stopper);
	while ((s = fsock_connect("127.0.0.1", port, NULL)) != NULL || errno == ECONNRESET)
		fsock_close(s);
	ck_assert_int_eq(fsock_server_shutdown(stopper.server, 1e5), 0);
	ck_assert_int_eq(fsock_server_shutdown(stopper.server, _i == 0 ? 0 : 0.01), 0);
	sock_thread_join(&thread);
	ck_assert_int_ge(stopper.result, 1); /* some may have come in before the door was closed */
	ck_assert_int_ge(work.got_eof, 1);
	fsock_close(client);
}
END_TEST

/* ---- Servers that run in the thread of their caller */

/* Who ends such a server. */
enum ender { HANDLER, READY, SIGNAL, OTHER_THREAD, IDLE, LISTENER_SHUT };

static const struct running {
	enum ender ender;
	int threads, clients;
} runnings[] = {
	{ HANDLER, 0, 1 },
	{ HANDLER, 1, 1 },
	{ READY, 0, 0 },
	{ SIGNAL, 0, 2 },
	{ OTHER_THREAD, 3, 2 },
	{ IDLE, 0, 0 },
	{ IDLE, 2, 2 },
	{ LISTENER_SHUT, 0, 0 },
};

static struct {
	const struct running *row;
	fsock_server *server;
	int port;
	struct sock_thread thread;
	atomic_int served, stop_errno;
} ran;

static int
greet(FILE *client, void *arg)
{
	(void)arg;
	ran.served++;
	if (ran.row->ender == HANDLER) {
		if (fsock_server_stop(ran.server, 0) == -1)
			ran.stop_errno = errno;
		fsock_server_shutdown(fsock_server_current(), 10);
	}
	return fputs("hello\n", client) == EOF ? -1 : 0;
}

static void
on_signal(int number)
{
	(void)number;
	fsock_server_shutdown(ran.server, 10);
}

/* Visits the server and then ends it, from outside. */
static void
visit(void *arg)
{
	char line[64];

	(void)arg;
	for (int i = 0; i < ran.row->clients; i++) {
		fsock *s = fsock_connect("127.0.0.1", ran.port, NULL);

		if (s != NULL && fgets(line, sizeof line, fsock_stream(s)) == NULL)
			ran.served = -100;
		fsock_close(s);
	}
	if (ran.row->ender == SIGNAL)
		kill(getpid(), SIGUSR1);
	else if (ran.row->ender == OTHER_THREAD)
		fsock_server_shutdown(ran.server, 10);
	else if (ran.row->ender == LISTENER_SHUT)
		fsock_shutdown(fsock_server_socket(ran.server), FSOCK_IO);
}

static void
be_ready(fsock_server *server, void *arg)
{
	(void)arg;
	ran.server = server;
	ran.port = fsock_local_port(fsock_server_socket(server));
	if (ran.row->ender == READY)
		fsock_server_shutdown(server, 10);
	sock_thread_start(&ran.thread, visit, NULL);
}

START_TEST(runs)
{
	struct fsock_server_options options = { .ready = be_ready,
		.error = server_log,
		.threads = runnings[_i].threads,
		/* with clients, time for each to come on a busy machine */
		.idle = runnings[_i].ender != IDLE ? 0
			: runnings[_i].clients > 0 ? 0.4
						   : 0.05 };
	double start = sock_now();
	int fds = sock_open_fds();

	memset(&ran, 0, sizeof ran);
	ran.row = &runnings[_i];
	signal(SIGUSR1, on_signal);
	errno = EDOM;
	ck_assert_int_eq(fsock_server_run("127.0.0.1", 0, greet, NULL, &options), 0);
	ck_assert_int_eq(errno, EDOM);
	sock_thread_join(&ran.thread);
	sock_assert_took(start, options.idle);
	ck_assert_int_eq(ran.served, ran.row->clients);
	ck_assert_int_eq(ran.stop_errno, ran.row->ender == HANDLER ? EDEADLK : 0);
	ck_assert_int_eq(server_log_count(), 0);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* A server is not idle while it serves. */
START_TEST(busy_is_not_idle)
{
	struct fsock_server_options options = { .idle = 0.4 }; /* time for the client to come */
	fsock_server *server;
	fsock *s;
	double start;

	work.business = AT_GATE;
	server = server_start("127.0.0.1", be_busy, NULL, &options);
	s = server_connect(server, "127.0.0.1");
	server_gate_await(&work.gate, 1);
	for (start = sock_now(); sock_now() < start + 1.25 * options.idle;)
		server_breathe();
	fsock_close(server_connect(server, "127.0.0.1")); /* still taken */
	server_gate_await(&work.gate, 2);
	work.gate.is_open = 1;
	ck_assert_int_eq(getc(fsock_stream(s)), EOF);
	fsock_close(s);
	ck_assert_int_eq(fsock_server_stop(server, 10), 0);
}
END_TEST

static Suite *
server_stop_suite(void)
{
	Suite *suite = suite_create("server_stop");
	TCase *tcase = tcase_create("server_stop");

	tcase_add_checked_fixture(tcase, reset_work, NULL);
	tcase_add_checked_fixture(tcase, server_log_reset, NULL);
	tcase_add_loop_test(tcase, cut_off, 0, COUNT(stoppings));
	tcase_add_loop_test(tcase, grace, 0, 2);
	tcase_add_loop_test(tcase, first_grace_counts, 0, COUNT(graces));
	tcase_add_loop_test(tcase, grace_shortened, 0, 2);
	tcase_add_loop_test(tcase, runs, 0, COUNT(runnings));
	tcase_add_test(tcase, busy_is_not_idle);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	return sock_run(server_stop_suite());
}
