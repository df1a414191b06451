/* What clients of a server of lines may do, and what becomes of those that do more. */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/lines.h"

static const char *const hosts[] = { "127.0.0.1", "unix" };
static const int loops[] = { 1, 3 };

static atomic_int opened, closed, lines;
static fsock *_Atomic served; /* the socket of the last client that came */

static void
reset_counts(void)
{
	opened = closed = lines = 0;
	server_log_reset();
}

static int
note_opened(FILE *client, void *arg)
{
	int size = 16384; /* what the kernel does not take soon has to be queued */

	(void)arg;
	served = fsock_of(client);
	setsockopt(fsock_socket(served), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	opened++;
	return 0;
}

static void
note_closed(FILE *client, void *arg)
{
	(void)client;
	(void)arg;
	closed++;
}

/* "big N" is answered by N octets of a line; all else by itself. */
static int
answer(FILE *client, char *line, size_t length, void *arg)
{
	long n = strncmp(line, "big ", 4) == 0 ? strtol(line + 4, NULL, 10) : 0;

	(void)arg;
	(void)length;
	lines++;
	for (long i = 1; i < n; i++)
		putc('x', client);
	fprintf(client, "%s\n", n > 0 ? "" : line);
	return 0;
}

static struct fsock_server_options
limits(void)
{
	return (struct fsock_server_options){
		.opened = note_opened, .closed = note_closed, .error = server_log
	};
}

/* Whatever is there is end of file or a reset. */
static void
expect_gone(fsock *s)
{
	ck_assert_int_eq(getc(fsock_stream(s)), EOF);
	ck_assert_int_ne(errno, ETIMEDOUT);
}

static void
stop(fsock_server *server)
{
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	ck_assert_int_eq(opened, closed);
}

static char answered[1000001];

/* ---- Clients that do not read */

/* More than it may have queued in one go: it is reset, and the others are not. */
START_TEST(too_much_output)
{
	const char *host = sock_place(hosts[_i % 2]);
	struct fsock_server_options options = limits();
	fsock_server *server;
	fsock *s, *other;

	options.threads = loops[_i / 2];
	options.socket.output_limit = 100000;
	server = server_start_lines(host, answer, NULL, &options);
	other = server_connect(server, host);
	s = server_connect(server, host);
	lines_put(s, "big 20000000\n");
	ck_assert_int_eq(server_await_log(0)->errnum, ENOBUFS);
	server_await_clients(server, 1);
	lines_put(other, "as ever\n");
	lines_expect(other, "as ever\n");
	while (getc(fsock_stream(s)) == 'x')
		;
	if (_i % 2 == 0) /* it is not to take that for the whole answer */
		ck_assert_int_eq(errno, ECONNRESET);
	fsock_close(s);
	fsock_close(other);
	stop(server);
	ck_assert_int_eq(server_log_count(), 1);
}
END_TEST

/*
 * One that asks and asks without reading is not served beyond high_water; what is queued stays
 * within bounds. When it reads it gets all answers, in order.
 */
START_TEST(congested)
{
	enum { ASKED = 400, EACH = 10000, TURN = 64 };
	const char *host = sock_place(hosts[_i % 2]);
	struct fsock_server_options options = limits();
	fsock_server *server;
	fsock *s, *other;
	int before;

	options.threads = loops[_i / 2];
	options.socket.output_limit = 500000;
	options.socket.high_water = 100000;
	server = server_start_lines(host, answer, NULL, &options);
	other = server_connect(server, host);
	lines_put(other, "first\n");
	lines_expect(other, "first\n");
	s = server_connect(server, host);
	for (int i = 0; i < ASKED; i++)
		fprintf(fsock_stream(s), "big 10000\n%d\n", i);
	fflush(fsock_stream(s));
	while (opened < 2 || !fsock_is_congested(served))
		server_breathe();
	before = lines;
	for (int i = 0; i < 100; i++) {
		lines_put(other, "meanwhile\n");
		lines_expect(other, "meanwhile\n");
	}
	ck_assert_int_le(lines, before + 100 + TURN); /* one may have been under way */
	ck_assert_int_le(fsock_pending_output(served), 100000 + 2 * EACH + 8192);
	for (int i = 0; i < ASKED; i++) {
		char number[16];

		ck_assert_ptr_nonnull(fgets(answered, sizeof answered, fsock_stream(s)));
		ck_assert_uint_eq(strspn(answered, "x"), EACH - 1);
		ck_assert_uint_eq(strlen(answered), EACH);
		snprintf(number, sizeof number, "%d\n", i);
		lines_expect(s, number);
	}
	fsock_close(s);
	fsock_close(other);
	server_await_clients(server, 0);
	stop(server);
	ck_assert_int_eq(server_log_count(), 0);
}
END_TEST

/* ---- Idle clients, and fast ones */

enum silence { SAYS_NOTHING, DRIPS, FOLLOWS_LINES, SILENCES };

START_TEST(silent)
{
	enum silence silence = _i % SILENCES;
	struct fsock_server_options options = limits();
	double begun, start,
	    idle = silence == FOLLOWS_LINES ? 0.8 : 0.2; /* a pause of the machine is shorter */
	fsock_server *server;
	fsock *s;

	options.client_idle = idle;
	options.threads = loops[_i / SILENCES];
	server = server_start_lines("127.0.0.1", answer, NULL, &options);
	begun = start = sock_now(); /* before the server can begin to count */
	s = server_connect(server, "127.0.0.1");
	while (silence == FOLLOWS_LINES && sock_now() < begun + 1.5 * idle) {
		start = sock_now();
		lines_put(s, "here\n"); /* a lively one stays */
		lines_expect(s, "here\n");
	}
	while (silence == DRIPS && server_log_count() == 0) {
		send(fsock_socket(s), "x", 1, MSG_NOSIGNAL);
		server_breathe();
	}
	expect_gone(s);
	sock_assert_took(start, idle);
	fsock_close(s);
	server_await_clients(server, 0);
	ck_assert_int_eq(server_await_log(0)->errnum, ETIMEDOUT);
	ck_assert_str_eq(
	    fsock_error_name(server_await_log(0)->kind), fsock_error_name(FSOCK_TIMEOUT_ERROR));
	stop(server);
}
END_TEST

/* A deadline holds for a client that talks all the time, too. */
START_TEST(deadline)
{
	struct fsock_server_options options = limits();
	fsock_server *server;
	double start;
	fsock *s;
	char line[16];

	options.socket.deadline = 0.1;
	server = server_start_lines("127.0.0.1", answer, NULL, &options);
	start = sock_now();
	s = server_connect(server, "127.0.0.1");
	while (fputs("on\nand\n", fsock_stream(s)) != EOF &&
	       fgets(line, sizeof line, fsock_stream(s)) != NULL)
		;
	sock_assert_took(start, 0.1);
	server_await_clients(server, 0);
	ck_assert_int_eq(server_await_log(0)->errnum, ETIMEDOUT);
	ck_assert_str_eq(fsock_error_name(server_await_log(0)->kind),
	    fsock_error_name(FSOCK_DEADLINE_TIMEOUT_ERROR));
	fsock_close(s);
	stop(server);
}
END_TEST

static const struct rate {
	double rate;
	int burst, at_once; /* what is asked for, what the burst is then */
	int lines;
	int gone; /* the client has gone when the last ones are served */
} rates[] = {
	{ 100, 0, 100, 120, 0 },
	{ 100, 5, 5, 30, 0 },
	{ 50, 1, 1, 8, 0 },
	{ 50, 1, 1, 8, 1 },
	{ 2000, 10, 10, 400, 0 },
	{ 0.5, 0, 1, 1, 0 },
	{ 0.5, 4, 4, 4, 0 },
};

static double times[1000];

static int
note_time(FILE *client, char *line, size_t length, void *arg)
{
	(void)length;
	(void)arg;
	if (strcmp(line, "other") == 0)
		return fputs("other\n", client) == EOF;
	times[lines++] = sock_now();
	fprintf(client, "%s\n", line);
	return 0;
}

START_TEST(rate)
{
	const struct rate *row = &rates[_i];
	struct fsock_server_options options = limits();
	fsock_server *server;
	fsock *s, *other;
	double start;

	options.rate = row->rate;
	options.burst = row->burst;
	server = server_start_lines("127.0.0.1", note_time, NULL, &options);
	s = server_connect(server, "127.0.0.1");
	start = sock_now();
	for (int i = 0; i < row->lines; i++)
		fprintf(fsock_stream(s), "%d\n", i);
	fflush(fsock_stream(s));
	if (row->gone)
		fsock_shutdown(s, FSOCK_OUTPUT);
	other = server_connect(server, "127.0.0.1"); /* has a rate of its own */
	lines_put(other, "other\n");
	lines_expect(other, "other\n");
	for (int i = 0; i < row->lines; i++) {
		char number[16];

		snprintf(number, sizeof number, "%d\n", i);
		lines_expect(s, number);
		if (i >= row->at_once)
			ck_assert_double_ge(
			    times[i], start + (i + 1 - row->at_once) / row->rate - 0.001);
	}
	sock_assert_took(start, (row->lines - row->at_once) / row->rate);
	if (row->gone)
		expect_gone(s);
	fsock_close(s);
	fsock_close(other);
	server_await_clients(server, 0);
	ck_assert_int_eq(server_log_count(), 0);
	stop(server);
}
END_TEST

/* ---- How many there may be */

START_TEST(waits_for_room)
{
	enum { CAP = 3, CLIENTS = 12 };
	const char *host = sock_place(hosts[_i % 2]);
	struct fsock_server_options options = limits();
	fsock_server *server;
	fsock *clients[CLIENTS];

	options.threads = loops[_i / 2];
	options.max_clients = CAP;
	server = server_start_lines(host, answer, NULL, &options);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = server_connect(server, host);
		lines_put(clients[i], "hello\n");
	}
	for (int i = 0; i < CLIENTS; i++) {
		fsock *ready[CLIENTS];
		int turns = 0, n;

		/* Which ones are served is the system's choice; but they are so many. */
		do {
			n = 0;
			for (int j = 0; j < CLIENTS; j++)
				if (clients[j] != NULL &&
				    fsock_wait_for_input(&clients[j], 1, 0, NULL) > 0)
					ready[n++] = clients[j];
			server_breathe();
		} while (n < CAP && n < CLIENTS - i && turns++ < 100000);
		for (int j = 0; j < 20; j++)
			server_breathe(); /* a chance for one too many */
		ck_assert_int_le(fsock_server_clients(server), CAP);
		ck_assert_int_eq(n, CAP < CLIENTS - i ? CAP : CLIENTS - i);
		ck_assert_int_eq(lines, i + n);
		for (int j = 0; j < CLIENTS; j++)
			if (clients[j] == ready[0])
				clients[j] = NULL;
		lines_expect(ready[0], "hello\n");
		fsock_close(ready[0]);
	}
	server_await_clients(server, 0);
	stop(server);
}
END_TEST

START_TEST(refused)
{
	enum { CAP = 4 };
	const char *host = sock_place(hosts[_i % 2]);
	struct fsock_server_options options = limits();
	fsock_server *server;
	fsock *clients[CAP], *s;

	options.threads = loops[_i / 2];
	options.max_clients = CAP;
	options.refusal = "421 too many\r\n";
	server = server_start_lines(host, answer, NULL, &options);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < CAP; i++) {
			clients[i] = server_connect(server, host);
			lines_put(clients[i], "hello\n");
			lines_expect(clients[i], "hello\n");
		}
		for (int i = 0; i < 20; i++) {
			s = server_connect(server, host);
			lines_expect(s, "421 too many\r\n");
			expect_gone(s);
			fsock_close(s);
		}
		ck_assert_int_eq(fsock_server_clients(server), CAP);
		for (int i = 0; i < CAP; i++)
			fsock_close(clients[i]);
		server_await_clients(server, 0);
	}
	ck_assert_int_eq(lines, 3 * CAP);
	stop(server);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("line_server_limit");
	TCase *tc = tcase_create("limits");

	tcase_add_checked_fixture(tc, sock_dir_make, sock_dir_remove);
	tcase_add_checked_fixture(tc, reset_counts, NULL);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, too_much_output, 0, 4);
	tcase_add_loop_test(tc, congested, 0, 4);
	tcase_add_loop_test(tc, silent, 0, 2 * SILENCES);
	tcase_add_test(tc, deadline);
	tcase_add_loop_test(tc, rate, 0, COUNT(rates));
	tcase_add_loop_test(tc, waits_for_room, 0, 4);
	tcase_add_loop_test(tc, refused, 0, 4);
	suite_add_tcase(s, tc);
	return sock_run(s);
}
