/* Clients of servers that leave abruptly, or are ended for what they do: what both sides learn. */
#include "../../src/base/compat.h"

#include <stdlib.h>

#include "../support/server_support.h"

enum { CLIENTS = 40 };

/* ---- A program may ignore clients that leave abruptly: their errors have kinds of their own. */

static atomic_int departures, others, closed;
static char other_text[FSOCK_ERROR_TEXT_MAX];

static void
sort_errors(fsock_server *server, const struct fsock_error *error, void *arg)
{
	(void)server;
	(void)arg;
	if (error->kind == FSOCK_CONNECTION_RESET_ERROR || error->kind == FSOCK_BROKEN_PIPE_ERROR)
		departures++;
	else if (others++ == 0)
		memcpy(other_text, error->text, sizeof other_text);
}

static int
answer_line(FILE *client, char *line, size_t length, void *arg)
{
	(void)length;
	(void)arg;
	fprintf(client, "%s\n", line);
	return 0;
}

static int
answer_lines(FILE *client, void *arg)
{
	char line[64];

	(void)arg;
	while (fgets(line, sizeof line, client) != NULL)
		if (fputs(line, client) == EOF || fflush(client) == EOF)
			return -1;
	return ferror(client) ? -1 : 0;
}

static void
count_closed(FILE *client, void *arg)
{
	(void)client;
	(void)arg;
	closed++;
}

static fsock_server *
start(int of_lines, const struct fsock_server_options *options)
{
	fsock_server *server =
	    of_lines ? fsock_server_start_lines("127.0.0.1", 0, answer_line, NULL, options)
		     : fsock_server_start("127.0.0.1", 0, answer_lines, NULL, options);

	ck_assert_msg(server != NULL, "%s", fsock_last_error()->text);
	return server;
}

START_TEST(abrupt)
{
	struct fsock_server_options options = { .error = sort_errors, .closed = count_closed };
	fsock_server *server = start(_i, &options);
	fsock *clients[CLIENTS];
	char line[64];

	departures = others = closed = 0;

	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = server_connect(server, "127.0.0.1");
		ck_assert_int_eq((int)fsock_send(clients[i], "hello\n", 6, NULL), 6);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_input(clients[i])));
	}
	for (int i = 0; i < CLIENTS; i++) {
		fsock_send(clients[i], "half a li", 9, NULL);
		fsock_abort(clients[i]);
	}
	server_await_clients(server, 0);
	ck_assert_int_eq(fsock_server_stop(server, 60), 0);
	ck_assert_msg(others == 0, "%s", other_text);
	ck_assert_int_le(departures, CLIENTS);
	ck_assert_int_ge(departures, 1);
	if (_i)
		ck_assert_int_eq(closed, CLIENTS);
}
END_TEST

/* ---- What `closed` writes reaches a client that the server ends */

static void
say_why(FILE *client, void *arg)
{
	const struct fsock_error *error = fsock_last_error();

	(void)arg;
	if (error->kind == FSOCK_LINE_TOO_LONG_ERROR)
		fputs("500 line too long\n", client);
	else if (error->errnum == ETIMEDOUT)
		fputs("421 idle for too long\n", client);
}

static const struct word {
	size_t limit, length; /* of what is sent; 0: nothing is */
	double idle;
	const char *format, *word;
} words[] = {
	{ 8, 9, 0, NULL, "500 line too long\n" },
	{ 8, 100000, 0, NULL, "500 line too long\n" },
	{ 0, 100000, 0, NULL, "500 line too long\n" },
	{ 8, 100000, 0, "latin-1,crlf", "500 line too long\r\n" },
	{ 0, 0, 0.05, NULL, "421 idle for too long\n" },
};

static char octets[100001];

START_TEST(word_for_the_client)
{
	const struct word *row = &words[_i];
	struct fsock_server_options options = { .closed = say_why, .client_idle = row->idle };
	fsock_server *server;
	char line[64];
	fsock *s;

	options.socket.line_limit = row->limit;
	options.socket.format = row->format;
	server = start(1, &options);
	s = server_connect(server, "127.0.0.1");
	memset(octets, 'x', row->length);
	if (row->length > 0) /* which the server may have ended before all is sent */
		fsock_send(s, octets, row->length, NULL);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_input(s)));
	ck_assert_str_eq(line, row->word);
	fsock_abort(s);
	ck_assert_int_eq(fsock_server_stop(server, 60), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("departure");
	TCase *tcase = tcase_create("departure");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, abrupt, 0, 2);
	tcase_add_loop_test(tcase, word_for_the_client, 0, COUNT(words));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
