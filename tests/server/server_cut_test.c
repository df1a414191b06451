/*
 * What a client sees whose answer was cut off: by a write that failed in its handler, or by the end
 * of the server. A proper end comes only behind all of it.
 */
#include "../../src/base/compat.h"

#include <unistd.h>

#include "../support/cut.h"
#include "../support/server_support.h"

/* What the handler of the one client does; `is_busy` from then on. */
enum business { WRITES, IS_READING, IS_WRITING, IS_CLOSING };

static struct {
	const struct cut_way *way;
	enum business business;
	int is_two_way;
	atomic_int is_busy, is_wrong;
} work;

/* Output of a two-way stream, or a one-way one. */
static FILE *
output_of(FILE *client)
{
	return work.is_two_way ? client : fsock_output(fsock_of(client));
}

/* Fills the kernel behind the first part; what follows stays in the FILE until it is closed. */
static void
fill(const struct cut *c)
{
	size_t at = CUT_PART;
	ssize_t n;

	for (int pauses = 0; pauses < 100; pauses++, server_breathe())
		while ((n = send(fsock_socket(c->s), cut_text + at, 4096,
			    MSG_DONTWAIT | FSOCK__MSG_NOSIGNAL)) > 0) {
			at += (size_t)n;
			pauses = 0;
		}
	fwrite(cut_text + at, 1, 100, c->f);
}

static int
answer(FILE *client)
{
	static const struct cut_way part = { .size = CUT_PART };
	struct cut c = { .s = fsock_of(client), .f = output_of(client) };
	char line[64];

	cut_narrow(fsock_socket(c.s));
	work.is_wrong |= cut_write(&c, work.way != NULL ? work.way : &part);
	if (work.way != NULL && work.way->recoding != NULL)
		fclose(c.f);
	if (work.business == IS_CLOSING)
		fill(&c);
	work.is_busy = 1;
	if (work.business == IS_READING)
		while (fgets(line, sizeof line, client) != NULL)
			;
	if (work.business == IS_WRITING)
		fwrite(cut_text + CUT_PART, 1, CUT_ALL - CUT_PART, c.f);
	return 0;
}

static int
serve_stream(FILE *client, void *arg)
{
	char line[64];

	(void)arg;
	while (fgets(line, sizeof line, client) == NULL) {
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return -1;
		clearerr(client);
		server_breathe();
	}
	return answer(client);
}

static int
serve_line(FILE *client, char *line, size_t length, void *arg)
{
	(void)line, (void)length, (void)arg;
	answer(client);
	return 1;
}

static void
await_busy(void)
{
	while (!work.is_busy)
		server_breathe();
}

/* A client, bare, with little room. */
static void
come(struct cut *c, fsock_server *server, const char *host)
{
	static const struct timeval long_enough = { 10, 0 };
	int size = 4096;
	fsock *s = server_connect(server, host);

	c->got = 0;
	setsockopt(fsock_socket(s), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	c->peer = fsock_release(s, NULL, 0, NULL);
	setsockopt(c->peer, SOL_SOCKET, SO_RCVTIMEO, &long_enough, sizeof long_enough);
	ck_assert_int_eq(send(c->peer, "go\n", 3, 0), 3);
}

/* ---- Output fails, and the handler returns. */

START_TEST(handler_returns)
{
	const struct cut_way *way = &cut_ways[_i % CUT_WAYS];
	int serves_lines = _i / CUT_WAYS == 2, fds = sock_open_fds();
	struct fsock_server_options options = { .socket = way->options };
	fsock_server *server;
	struct cut c;

	work.way = way;
	work.is_two_way = _i / CUT_WAYS == 1 || serves_lines;
	/* The loop of a server of lines never waits for a peer: only these fail there. */
	if (serves_lines && !(way->options.nonblocking || way->beyond != NULL))
		return;
	if (serves_lines && way->recoding != NULL)
		return; /* closing it closes the connection below the server */
	server = serves_lines ? server_start_lines("127.0.0.1", serve_line, NULL, &options)
			      : server_start("127.0.0.1", serve_stream, NULL, &options);
	come(&c, server, "127.0.0.1");
	await_busy();
	server_await_clients(server, 0);
	if (!serves_lines || way->errnum != 0)
		cut_expect(&c, way->is_complete ? CUT_PROPER : CUT_RESET, way->size, way->name);
	fsock_server_stop(server, way->errnum == 0 && serves_lines ? 0 : 10);
	if (serves_lines && way->errnum == 0)
		cut_expect(&c, way->is_complete ? CUT_PROPER : CUT_RESET, way->size, way->name);
	ck_assert_msg(!work.is_wrong, "%s", way->name);
	close(c.peer);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* ---- The server ends, and does not wait for its handlers. */

static const struct stopping {
	const char *name;
	enum business business;
	int is_two_way, threads;
	double grace;
} stoppings[] = {
	{ "reading", IS_READING, 1, 0, 0 },
	{ "reading, one-way", IS_READING, 0, 2, 0 },
	{ "reading, for a moment", IS_READING, 1, 0, 0.05 },
	{ "writing", IS_WRITING, 1, 0, 0 },
	{ "writing, one-way", IS_WRITING, 0, 2, 0 },
	{ "writing, for a moment", IS_WRITING, 0, 0, 0.05 },
	{ "closing", IS_CLOSING, 1, 0, 0 },
	{ "closing, one-way", IS_CLOSING, 0, 2, 0.05 },
};

/* A client that goes on sending is not read from any more, either. */
static void
pour(void *arg)
{
	const struct cut *c = arg;

	while (send(c->peer, "xxxxxxxxx\n", 10, FSOCK__MSG_NOSIGNAL) > 0)
		;
}

START_TEST(server_stops)
{
	const struct stopping *row = &stoppings[_i % COUNT(stoppings)];
	struct fsock_server_options options = { .threads = row->threads };
	int floods = _i >= COUNT(stoppings), fds = sock_open_fds();
	struct sock_thread thread;
	fsock_server *server;
	double start;
	struct cut c;

	work.business = row->business;
	work.is_two_way = row->is_two_way;
	server = server_start("127.0.0.1", serve_stream, NULL, &options);
	come(&c, server, "127.0.0.1");
	await_busy();
	if (floods)
		sock_thread_start(&thread, pour, &c);
	start = sock_now();
	ck_assert_int_eq(fsock_server_stop(server, row->grace), 1);
	sock_assert_took(start, row->grace);
	if (floods)
		sock_thread_join(&thread);
	else
		cut_expect(&c, CUT_RESET, CUT_ALL, row->name);
	ck_assert(!work.is_wrong);
	close(c.peer);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* A client that reads all the time never comes to an end, however fast it is. */
struct reading {
	struct cut c;
	enum cut_end end;
};

static void
read_on(void *arg)
{
	struct reading *r = arg;

	while ((r->end = cut_look(&r->c)) == CUT_OPEN)
		;
}

START_TEST(client_reads)
{
	struct reading reading = { .end = CUT_OPEN };
	struct sock_thread thread;
	fsock_server *server;

	work.business = _i % 2 ? IS_WRITING : IS_READING;
	work.is_two_way = 1;
	server = server_start("127.0.0.1", serve_stream, NULL, NULL);
	come(&reading.c, server, "127.0.0.1");
	await_busy();
	sock_thread_start(&thread, read_on, &reading);
	fsock_server_stop(server, 0);
	sock_thread_join(&thread);
	ck_assert(
	    reading.end == CUT_RESET ||
	    (reading.end == CUT_PROPER && work.business == IS_WRITING && reading.c.got == CUT_ALL));
	close(reading.c.peer);
}
END_TEST

/* A client that has its answer, but may be sending still, does not hold up the end. */
START_TEST(lingering)
{
	fsock_server *server = server_start("127.0.0.1", serve_stream, NULL, NULL);
	int fds = sock_open_fds();
	double start;
	struct cut c;

	work.is_two_way = _i;
	come(&c, server, "127.0.0.1");
	ck_assert_int_eq(send(c.peer, "more\n", 5, 0), 5);
	cut_expect(&c, CUT_PROPER, CUT_PART, "lingering");
	start = sock_now();
	ck_assert_int_le(fsock_server_stop(server, 0), 1);
	ck_assert_double_lt(sock_now() - start, 0.8);
	close(c.peer);
	ck_assert_int_lt(sock_open_fds(), fds);
}
END_TEST

static void
reset_work(void)
{
	cut_begin();
	memset(&work, 0, sizeof work);
}

int
main(void)
{
	Suite *suite = suite_create("server_cut");
	TCase *tcase = tcase_create("server_cut");

	tcase_add_checked_fixture(tcase, reset_work, NULL);
	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, handler_returns, 0, 3 * CUT_WAYS);
	tcase_add_loop_test(tcase, server_stops, 0, 2 * COUNT(stoppings));
	tcase_add_loop_test(tcase, client_reads, 0, 20);
	tcase_add_loop_test(tcase, lingering, 0, 2);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
