/* Servers of lines: what the handler gets and in which order. */
#include "../../src/base/compat.h"

#include <string.h>

#include "../support/lines.h"

/* ---- Lines, however they come */

enum way { LINES, PIECES, BYTES, BINARY_BYTES, AT_ONCE, HALF_CLOSED, WAYS };

/* Sends the text of one client of several. */
static void
send_text(fsock *const clients[], int count, enum way way, char texts[][2048])
{
	size_t piece = way == BYTES || way == BINARY_BYTES ? 1
		       : way == PIECES                     ? 37
		       : way == LINES                      ? 10
							   : 2048;

	for (size_t at = 0; at < strlen(texts[0]); at += piece)
		for (int i = 0; i < count; i++) {
			size_t n = strlen(texts[i]) - at;

			fwrite(texts[i] + at, 1, n < piece ? n : piece, fsock_stream(clients[i]));
			ck_assert_int_eq(fflush(fsock_stream(clients[i])), 0);
		}
	for (int i = 0; way == HALF_CLOSED && i < count; i++)
		ck_assert_int_eq(fsock_shutdown(clients[i], FSOCK_OUTPUT), 0);
}

START_TEST(in_order)
{
	enum { CLIENTS = 12, LINES_EACH = 150 };
	static char texts[CLIENTS][2048];
	struct fsock_server_options options = lines_members;
	enum way way = _i % WAYS;
	fsock_server *server;
	fsock *clients[CLIENTS];
	char answer[64];

	if (way == BINARY_BYTES) /* octets as they are, but lines they are */
		options.socket.format = "binary";
	server = lines_start_at(_i / WAYS, lines_number, NULL, &options);
	if (server == NULL)
		return;
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = server_connect(server, lines_host);
		for (int n = 0; n < LINES_EACH; n++)
			snprintf(texts[i] + 10 * n, 11, "%04d %04d%c", i, n, '\n');
	}
	send_text(clients, CLIENTS, way, texts);
	for (int i = 0; i < CLIENTS; i++)
		for (int n = 0; n < LINES_EACH; n++) {
			snprintf(answer, sizeof answer, "%d 9 %04d %04d\n", n, i, n);
			lines_expect(clients[i], answer);
		}
	ck_assert_int_eq(lines_count.lines, CLIENTS * LINES_EACH);
	for (int i = 0; way == HALF_CLOSED && i < CLIENTS; i++)
		lines_expect_end(clients[i]);
	for (int i = 0; i < CLIENTS; i++)
		fsock_close(clients[i]);
	server_await_clients(server, 0);
	ck_assert_int_eq(lines_count.closed, CLIENTS);
	ck_assert_int_eq(lines_count.wanted, CLIENTS);
	lines_stop(server);
	ck_assert_int_eq(server_log_count(), 0);
}
END_TEST

/* What a line is. */
static const struct text {
	const char *name, *sent;
	size_t length;
	const char *answers[4];
} texts[] = {
#define TEXT(s) s, sizeof(s) - 1
	{ "empty", TEXT("\n\n"), { "0 0 \n", "1 0 \n" } },
	{ "crlf", TEXT("a\r\n\r\nb\n"), { "0 1 a\n", "1 0 \n", "2 1 b\n" } },
	{ "cr within", TEXT("a\rb\r\r\n"), { "0 4 a\rb\r\n" } },
	{ "no end", TEXT("a\nb"), { "0 1 a\n" } },
	{ "end", TEXT("a\nend\nb\n"), { "0 1 a\n", "1 3 end\n" } },
	{ "fail", TEXT("fail\nb\n"), { "0 4 fail\n" } },
};

START_TEST(what_a_line_is)
{
	const struct text *row = &texts[_i];
	fsock_server *server = lines_start_at(0, lines_number, NULL, &lines_members);
	fsock *s = server_connect(server, lines_host);

	fwrite(row->sent, 1, row->length, fsock_stream(s));
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), 0);
	for (int i = 0; i < 4 && row->answers[i] != NULL; i++)
		lines_expect(s, row->answers[i]);
	lines_expect_end(s);
	fsock_close(s);
	server_await_clients(server, 0);
	ck_assert_int_eq(lines_count.wanted, strcmp(row->name, "fail") != 0);
	ck_assert_int_eq(server_log_count(), strcmp(row->name, "fail") == 0);
	if (server_log_count() > 0) {
		const struct fsock_error *error = server_await_log(0);

		ck_assert_str_eq(error->operation, "serve client");
		ck_assert_int_eq(error->errnum, ENOTDIR);
	}
	lines_stop(server);
}
END_TEST

/* A NUL is an octet like any other. */
START_TEST(nul)
{
	fsock_server *server = lines_start_at(0, lines_number, NULL, &lines_members);
	fsock *s = server_connect(server, lines_host);
	char answer[9];

	fwrite("a\0b\n", 1, 4, fsock_stream(s));
	fflush(fsock_stream(s));
	ck_assert_uint_eq(fread(answer, 1, 8, fsock_stream(s)), 8);
	ck_assert_mem_eq(answer, "0 3 a\0b\n", 8);
	fsock_close(s);
	lines_stop(server);
}
END_TEST

/* Text has the charset and the line ends of the options. */
START_TEST(format)
{
	struct fsock_server_options options = lines_members;
	fsock_server *server;
	fsock *s;
	char answer[32] = "";

	options.socket.format = "latin-1,crlf";
	server = lines_start_at(_i, lines_number, NULL, &options);
	if (server == NULL)
		return;
	s = server_connect(server, lines_host);
	lines_put(s, "caf\xe9\r\n\xfcml");
	ck_assert_uint_eq(fread(answer, 1, 10, fsock_stream(s)), 10);
	ck_assert_str_eq(answer, "0 5 caf\xe9\r\n");
	lines_put(s, "aut\r\n");
	memset(answer, 0, sizeof answer);
	ck_assert_uint_eq(fread(answer, 1, 12, fsock_stream(s)), 12);
	ck_assert_str_eq(answer, "1 7 \xfcmlaut\r\n");
	fsock_close(s);
	lines_stop(server);
}
END_TEST

/* ---- Sockets that are given */

START_TEST(given)
{
	int is_listening = _i & 1, is_used = _i & 2;
	fsock *link[2], *listener, *sockets[2], *other;
	struct fsock_server_options options = lines_members;
	fsock_server *server;
	char line[32];

	sock_link(SOCK_TCP4, NULL, link);
	listener = fsock_listen("127.0.0.1", 0, NULL);
	ck_assert_ptr_nonnull(listener);
	lines_put(link[0], "for the program\nfor the server\n");
	if (is_used) /* the rest of what has come is the server's */
		ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(link[1])));
	sockets[0] = link[1];
	sockets[1] = listener;
	options.sockets = sockets;
	options.socket_count = is_listening ? 2 : 1;
	options.threads = 2;
	server = fsock_server_start_lines(NULL, 0, lines_number, NULL, &options);
	ck_assert_msg(server != NULL, "%s", fsock_last_error()->text);
	if (!is_used)
		lines_expect(link[0], "0 15 for the program\n");
	lines_expect(link[0], is_used ? "0 14 for the server\n" : "1 14 for the server\n");
	if (is_listening) {
		other = server_connect(server, "127.0.0.1");
		lines_put(other, "x\n");
		lines_expect(other, "0 1 x\n");
		fsock_close(other);
	}
	fsock_close(link[0]);
	if (!is_listening)
		fsock_close(listener);
	lines_stop(server);
}
END_TEST

/* With nothing but a client the server ends when that has gone; without any, when it is idle. */
START_TEST(ends_by_itself)
{
	fsock *link[2];
	struct fsock_server_options options = lines_members;

	if (_i == 0) {
		options.idle = 0.02;
	} else {
		sock_link(SOCK_PAIR, NULL, link);
		lines_put(link[0], "hello\n");
		fsock_shutdown(link[0], FSOCK_OUTPUT);
		options.sockets = &link[1];
		options.socket_count = 1;
	}
	options.threads = 3;
	ck_assert_int_eq(fsock_server_run_lines("127.0.0.1", 0, lines_number, NULL, &options), 0);
	ck_assert_int_eq(lines_count.lines, _i);
	ck_assert_int_eq(lines_count.closed, _i);
	if (_i == 1) {
		lines_expect(link[0], "0 5 hello\n");
		lines_expect_end(link[0]);
		fsock_close(link[0]);
	}
}
END_TEST

static const struct bad {
	const char *what;
	struct fsock_server_options options;
} bads[] = {
	{ "threads", { .threads = -1 } },
	{ "idle of clients", { .client_idle = -1 } },
	{ "rate", { .rate = -1 } },
	{ "burst", { .rate = 1, .burst = -1 } },
	{ "reserved", { .reserved = { 0, 1 } } },
	{ "limit", { .socket = { .output_limit = 1, .high_water = 2 } } },
};

START_TEST(bad_options)
{
	int fds = sock_open_fds();

	ck_assert_ptr_null(
	    fsock_server_start_lines("127.0.0.1", 0, lines_number, NULL, &bads[_i].options));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(fsock_server_start_lines("127.0.0.1", 0, NULL, NULL, NULL));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("line_server");
	TCase *tc = tcase_create("lines");

	tcase_add_checked_fixture(tc, sock_dir_make, sock_dir_remove);
	tcase_add_checked_fixture(tc, lines_reset, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, in_order, 0, LINES_PLACES * WAYS);
	tcase_add_loop_test(tc, what_a_line_is, 0, COUNT(texts));
	tcase_add_test(tc, nul);
	tcase_add_loop_test(tc, format, 0, LINES_PLACES);
	tcase_add_loop_test(tc, given, 0, 4);
	tcase_add_loop_test(tc, ends_by_itself, 0, 2);
	tcase_add_loop_test(tc, bad_options, 0, COUNT(bads));
	suite_add_tcase(s, tc);
	return sock_run(s);
}
