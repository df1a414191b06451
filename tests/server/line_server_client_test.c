/* Clients of servers of lines: such as do not behave, and what the program does with them. */
#include "../../src/base/compat.h"

#include <pthread.h>
#include <string.h>

#include "../support/lines.h"

/* ---- Clients that do not behave */

/* One says half a line and stays; the others are served, and in the end it is, too. */
START_TEST(half_a_line)
{
	fsock_server *server = lines_start_at(_i, lines_number, NULL, &lines_members);
	fsock *slow[6], *quick;

	if (server == NULL)
		return;
	for (int i = 0; i < COUNT(slow); i++) {
		slow[i] = server_connect(server, lines_host);
		lines_put(slow[i], "half ");
	}
	for (int i = 0; i < 20; i++) {
		quick = server_connect(server, lines_host);
		lines_put(quick, "quick\n");
		lines_expect(quick, "0 5 quick\n");
		fsock_close(quick);
	}
	ck_assert_int_eq(lines_count.lines, 20);
	for (int i = 0; i < COUNT(slow); i++) {
		lines_put(slow[i], "a line\n");
		lines_expect(slow[i], "0 11 half a line\n");
		fsock_close(slow[i]);
	}
	lines_stop(server);
}
END_TEST

enum leaving { CLOSES, RESETS, CLOSES_IN_LINE, RESETS_IN_LINE, LEAVINGS };

/* Clients that come and vanish: what they have not ended is no line; nothing is left of them. */
START_TEST(vanishes)
{
	enum { CLIENTS = 60 };
	enum leaving leaving = _i % LEAVINGS;
	int fds = sock_open_fds(), in_line = leaving == CLOSES_IN_LINE || leaving == RESETS_IN_LINE;
	fsock_server *server = lines_start_at(_i / LEAVINGS, lines_number, NULL, &lines_members);
	fsock *s;

	if (server == NULL)
		return;
	for (int i = 0; i < CLIENTS; i++) {
		s = server_connect(server, lines_host);
		if (in_line)
			lines_put(s, "no li");
		if (leaving == RESETS || leaving == RESETS_IN_LINE)
			fsock_abort(s);
		else
			fsock_close(s);
	}
	s = server_connect(server, lines_host); /* after them, and served as ever */
	lines_put(s, "a line\n");
	lines_expect(s, "0 6 a line\n");
	fsock_close(s);
	server_await_clients(server, 0);
	ck_assert_int_eq(lines_count.lines, 1);
	lines_stop(server);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/*
 * One that sends lines and is reset before they are served. They are handled, and then the program
 * is told of the reset: whether the handler answers, and writing meets it, or reading does.
 */
static struct server_gate gate;
static fsock *_Atomic served; /* the socket of the client that said so first */

static int
hold(FILE *client, char *line, size_t length, void *arg)
{
	const int *answers = arg;

	(void)length;
	lines_count.lines++;
	if (strcmp(line, "here") == 0)
		served = fsock_of(client);
	if (strcmp(line, "hold") == 0)
		server_gate_pass(&gate);
	else if (*answers)
		fprintf(client, "%s\n", line);
	return 0;
}

START_TEST(reset_with_lines)
{
	struct fsock_server_options options = { .error = server_log };
	int answers = _i % 2;
	fsock_server *server = lines_start_at(0, hold, &answers, &options);
	fsock *s = server_connect(server, lines_host), *other = server_connect(server, lines_host);

	gate = (struct server_gate){ 0 };
	served = NULL;
	lines_put(s, "here\n");
	while (served == NULL)
		server_breathe();
	lines_put(other, "hold\n");
	server_gate_await(&gate, 1);
	lines_put(s, "one\ntwo\n");
	fsock_abort(s);
	sock_await(fsock_socket(served), 0);
	gate.is_open = 1;
	ck_assert_str_eq(fsock_error_name(server_await_log(0)->kind), "connection-reset-error");
	ck_assert_int_eq(server_await_log(0)->errnum, ECONNRESET);
	server_await_clients(server, 1);
	ck_assert_int_eq(server_log_count(), 1);
#if defined(__linux__) /* elsewhere they may be lost */
	ck_assert_int_eq(lines_count.lines, 4);
#endif
	fsock_close(other);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
}
END_TEST

/* One that sends without end does not keep the others from being served. */
static void
flood(void *arg)
{
	static const char many[] = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";
	fsock *s = arg;

	while (fputs(many, fsock_output(s)) != EOF)
		;
}

static int
swallow(FILE *client, char *line, size_t length, void *arg)
{
	(void)arg;
	lines_count.lines++;
	if (strcmp(line, "hello") == 0)
		fprintf(client, "%zu\n", length);
	return 0;
}

START_TEST(floods)
{
	fsock_server *server = lines_start_at(_i, swallow, NULL, &lines_members);
	struct sock_thread thread;
	fsock *s, *other;

	if (server == NULL)
		return;
	s = server_connect(server, lines_host);
	other = server_connect(server, lines_host);
	ck_assert_ptr_nonnull(fsock_output(s));
	sock_thread_start(&thread, flood, s);
	for (int i = 0; i < 200 || lines_count.lines < 100000; i++) {
		lines_put(other, "hello\n");
		lines_expect(other, "5\n");
	}
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_INPUT), 0);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	sock_thread_join(&thread);
	fsock_close(s);
	fsock_close(other);
	ck_assert_int_eq(lines_count.opened, lines_count.closed);
}
END_TEST

/* ---- What the program does with its clients */

/* Several loops have several threads, and clients are spread over them. */
static pthread_t threads[64];
static pthread_mutex_t threads_lock = PTHREAD_MUTEX_INITIALIZER;
static int thread_count;

static int
note_thread(FILE *client, void *arg)
{
	int i = 0;

	(void)arg;
	pthread_mutex_lock(&threads_lock);
	while (i < thread_count && !pthread_equal(threads[i], pthread_self()))
		i++;
	threads[i] = pthread_self();
	thread_count += i == thread_count;
	pthread_mutex_unlock(&threads_lock);
	fputs("welcome\n", client);
	return 0;
}

START_TEST(spread)
{
	struct fsock_server_options options = { .opened = note_thread };
	fsock_server *server = lines_start_at(_i, swallow, NULL, &options);
	int most = lines_places[_i].threads > 0 ? lines_places[_i].threads : 1;
	fsock *s;

	if (server == NULL)
		return;
	thread_count = 0;
	for (int i = 0; i < 400; i++) {
		s = server_connect(server, lines_host);
		lines_expect(s, "welcome\n");
		fsock_close(s);
	}
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	ck_assert_int_le(thread_count, most);
#if defined(__linux__)
	if (lines_host[0] != '/' && lines_host[0] != '@')
		ck_assert_int_eq(thread_count, most);
#endif
}
END_TEST

/* `opened` greets, ends and refuses. */
static int
greet(FILE *client, void *arg)
{
	const int *result = arg;

	fputs("hello\n", client);
	lines_count.opened++;
	errno = EACCES;
	return *result;
}

static void
count_closed(FILE *client, void *arg)
{
	(void)arg;
	fputs("goodbye\n", client);
	lines_count.closed++;
}

static const struct greeting {
	int result, ends, is_closed, told;
} greetings[] = {
	{ 0, 0, 1, 0 },
	{ FSOCK_END_CLIENT, 1, 1, 0 },
	{ -1, 1, 0, EACCES },
};

START_TEST(greeting)
{
	struct greeting row = greetings[_i];
	struct fsock_server_options options = {
		.opened = greet, .closed = count_closed, .error = server_log
	};
	fsock_server *server = lines_start_at(0, swallow, &row.result, &options);
	fsock *s = server_connect(server, lines_host);

	lines_expect(s, "hello\n");
	if (!row.ends)
		fsock_shutdown(s, FSOCK_OUTPUT);
	if (row.is_closed)
		lines_expect(s, "goodbye\n");
	lines_expect_end(s);
	fsock_close(s);
	server_await_clients(server, 0);
	ck_assert_int_eq(lines_count.opened, 1);
	ck_assert_int_eq(lines_count.closed, row.is_closed);
	if (row.told != 0)
		ck_assert_int_eq(server_await_log(0)->errnum, row.told);
	ck_assert_int_eq(server_log_count(), row.told != 0);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
}
END_TEST

/* Handlers read what has come themselves; what they leave is handled as ever. */
static int
read_two(FILE *client, char *line, size_t length, void *arg)
{
	char more[8] = "";

	(void)length;
	(void)arg;
	if (strcmp(line, "more") == 0)
		lines_count.strangers += fgets(more, 4, client) == NULL;
	fseek(client, 0, SEEK_CUR); /* between reading and writing: ISO C, and musl means it */
	fprintf(client, "%s+%s\n", line, more);
	return 0;
}

START_TEST(reads_more)
{
	fsock_server *server = lines_start_at(0, read_two, NULL, &lines_members);
	fsock *s = server_connect(server, lines_host);

	lines_put(s, "one\nmore\nabcdef\ntwo\n");
	lines_expect(s, "one+\n");
	lines_expect(s, "more+abc\n");
	lines_expect(s, "def+\n");
	lines_expect(s, "two+\n");
	fsock_close(s);
	lines_stop(server);
}
END_TEST

/* Only the functions of such a server have a place for a client's state. */
static void *seen_state;

static int
look_for_state(FILE *client, void *arg)
{
	(void)arg;
	errno = 0;
	seen_state = fsock_client_state();
	fprintf(client, "%d\n", errno == ENOTCONN);
	return 0;
}

START_TEST(no_state)
{
	fsock_server *server;
	fsock *s;

	seen_state = &server;
	server = server_start("127.0.0.1", look_for_state, NULL, NULL);
	s = server_connect(server, "127.0.0.1");
	lines_expect(s, "1\n");
	fsock_close(s);
	fsock_server_stop(server, 20);
	ck_assert_ptr_null(seen_state);
	ck_assert_ptr_null(fsock_client_state());
	sock_assert_failed(
	    FSOCK_NOT_CONNECTED_ERROR, ENOTCONN, "client state: %s", strerror(ENOTCONN));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("line_server clients");
	TCase *tc = tcase_create("lines");

	tcase_add_checked_fixture(tc, sock_dir_make, sock_dir_remove);
	tcase_add_checked_fixture(tc, lines_reset, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, half_a_line, 0, LINES_PLACES);
	tcase_add_loop_test(tc, vanishes, 0, LINES_PLACES * LEAVINGS);
	tcase_add_loop_test(tc, reset_with_lines, 0, 2);
	tcase_add_loop_test(tc, floods, 0, LINES_PLACES);
	tcase_add_loop_test(tc, spread, 0, LINES_PLACES);
	tcase_add_loop_test(tc, greeting, 0, COUNT(greetings));
	tcase_add_test(tc, reads_more);
	tcase_add_test(tc, no_state);
	suite_add_tcase(s, tc);
	return sock_run(s);
}
