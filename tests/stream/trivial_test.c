/* trivial-sockets in C: streams that own their sockets, and a server that is only a listener. */
#include "../../src/base/compat.h"

#include <stdlib.h>
#include <unistd.h>

#include "../support/sock_support.h"

static const char *const hosts[] = { "127.0.0.1", "::1", "localhost", "unix" };

START_TEST(conversation)
{
	const char *host = sock_place(hosts[_i]);
	static const struct fsock_options patience = { .timeout = 20 };
	int fds = sock_open_fds(), passed = 0;
	char line[64];
	FILE *client, *served;

	if (strcmp(host, "::1") == 0 && !sock_has(SOCK_TCP6))
		return;
	FSOCK_WITH_LISTENER(server, host, FSOCK_AUTO_PORT, NULL) {
		errno = EDOM;
		client = fsock_open_stream(host, fsock_local_port(server), &patience);
		ck_assert_msg(client != NULL, "%s", fsock_last_error()->text);
		served = fsock_accept_connection(server, &patience);
		ck_assert_msg(served != NULL, "%s", fsock_last_error()->text);
		ck_assert_int_eq(errno, EDOM);
		fputs("hello\n", client);
		fflush(client);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, served));
		ck_assert_str_eq(line, "hello\n");
		fputs("and you\n", served);
		ck_assert_int_eq(fclose(served), 0);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, client));
		ck_assert_str_eq(line, "and you\n");
		ck_assert_int_eq(getc(client), EOF);
		ck_assert_ptr_nonnull(fsock_of(client));
		ck_assert_int_eq(fclose(client), 0);
		passed = 1;
	}
	ck_assert_int_eq(passed, 1);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

START_TEST(failing)
{
	int fds = sock_open_fds(), fd, port = sock_dead_port(SOCK_TCP4, &fd);
	fsock *ends[2];

	ck_assert_ptr_null(fsock_open_stream("127.0.0.1", port, NULL));
	sock_assert_error(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED);
	ck_assert_ptr_null(fsock_open_stream(NULL, port, NULL));
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_ptr_null(fsock_accept_connection(NULL, NULL));
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	ck_assert_ptr_null(fsock_accept_connection(ends[0], NULL));
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
	close(fd);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

START_TEST(nobody_comes)
{
	FSOCK_WITH_LISTENER(server, "127.0.0.1", 0, NULL) {
		ck_assert_ptr_null(
		    fsock_accept_connection(server, &(struct fsock_options){ .timeout = 0.01 }));
		sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	}
}
END_TEST

static Suite *
trivial_suite(void)
{
	Suite *suite = suite_create("trivial");
	TCase *tcase = tcase_create("trivial");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, conversation, 0, COUNT(hosts));
	tcase_add_test(tcase, failing);
	tcase_add_test(tcase, nobody_comes);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	return sock_run(trivial_suite());
}
