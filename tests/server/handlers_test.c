/* The handlers that come with the library; datagram_server_test.c has default_udp. */
#include "../../src/base/compat.h"

#include <stdlib.h>
#include <unistd.h>

#include "../support/server_support.h"

START_TEST(default_tcp)
{
	fsock_server *server = server_start("127.0.0.1", fsock_default_tcp_handler, NULL, NULL);
	fsock *s = server_connect(server, "127.0.0.1");
	char text[64];

	ck_assert_int_eq(sock_read_all(fsock_socket(s), text, sizeof text), 13);
	ck_assert_mem_eq(text, "Hello world!\n", 13);
	fsock_close(s);
	ck_assert_int_eq(fsock_server_stop(server, 5), 0);
}
END_TEST

/* What is echoed: at once, whatever it is, even without an end of line. */
static const struct piece {
	const char *octets;
	size_t count;
} pieces[] = { { "a", 1 }, { "line\n", 5 }, { "no line end", 11 }, { "\0\xff\n\0", 4 },
	{ "\n\n", 2 }, { "\r", 1 } };

START_TEST(echo_tcp)
{
	fsock_server *server = server_start("127.0.0.1", fsock_echo_tcp_handler, NULL, NULL);
	fsock *s = server_connect(server, "127.0.0.1");
	int fd = fsock_socket(s);
	char text[64];

	for (int i = 0; i < COUNT(pieces); i++) {
		ssize_t n = (ssize_t)pieces[i].count;

		ck_assert_int_eq(write(fd, pieces[i].octets, (size_t)n), n);
		ck_assert_int_eq(sock_read_all(fd, text, (size_t)n), n);
		ck_assert_mem_eq(text, pieces[i].octets, (size_t)n);
	}
	/* It ends when the client does. */
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), 0);
	ck_assert_int_eq(sock_read_all(fd, text, 1), 0);
	server_await_clients(server, 0);
	fsock_close(s);
	ck_assert_int_eq(fsock_server_stop(server, 5), 0);
}
END_TEST

/* A client that is silent for too long, and one that is gone, end the handler, which says so. */
START_TEST(echo_tcp_fails)
{
	struct fsock_server_options options = { .socket.read_timeout = _i == 0 ? 0.02 : 0,
		.error = server_log };
	fsock_server *server = server_start("127.0.0.1", fsock_echo_tcp_handler, NULL, &options);
	fsock *s = server_connect(server, "127.0.0.1");
	char c;

	if (_i == 0) {
		ck_assert_int_eq(sock_read_all(fsock_socket(s), &c, 1), 0);
		fsock_close(s);
	} else {
		fsock_abort(s);
	}
	ck_assert_int_eq(server_await_log(0)->errnum, _i == 0 ? ETIMEDOUT : ECONNRESET);
	ck_assert_int_eq(fsock_server_stop(server, 5), 0);
	ck_assert_int_eq(server_log_count(), 1);
}
END_TEST

/* What the FILE has read ahead comes first; a FILE that is no socket's is refused. */
START_TEST(echo_of_a_stream)
{
	fsock *ends[2];
	FILE *f;
	char text[64];

	sock_link(SOCK_PAIR, NULL, ends);
	ck_assert_int_eq(write(fsock_socket(ends[1]), "abc\ndef\n", 8), 8);
	fsock_shutdown(ends[1], FSOCK_OUTPUT);
	f = fsock_stream(ends[0]);
	ck_assert_int_eq(getc(f), 'a');
	ck_assert_int_eq(fsock_echo_tcp_handler(f, NULL), 0);
	fsock_close(ends[0]);
	ck_assert_int_eq(sock_read_all(fsock_socket(ends[1]), text, sizeof text), 7);
	ck_assert_mem_eq(text, "bc\ndef\n", 7);
	fsock_close(ends[1]);
	f = tmpfile();
	ck_assert_int_eq(fsock_echo_tcp_handler(f, NULL), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_STREAM_ERROR, EINVAL);
	fclose(f);
}
END_TEST

static Suite *
handlers_suite(void)
{
	Suite *suite = suite_create("handlers");
	TCase *tcase = tcase_create("handlers");

	tcase_add_checked_fixture(tcase, server_log_reset, NULL);
	tcase_add_test(tcase, default_tcp);
	tcase_add_test(tcase, echo_tcp);
	tcase_add_loop_test(tcase, echo_tcp_fails, 0, 2);
	tcase_add_test(tcase, echo_of_a_stream);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	return sock_run(handlers_suite());
}
