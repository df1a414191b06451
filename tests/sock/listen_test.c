/*
 * Listening: what is heard, what cannot be had. Files of Unix-domain listeners: unix_file_test.c.
 */
#include "../../src/base/compat.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/sock_support.h"

#define LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Hosts to listen on, their names, and from where they can be reached; see sock_place(). */
static const struct good {
	const char *host, *name;
	struct fsock_options options;
	const char *reached, *not_reached;
} goods[] = {
	{ "127.0.0.1", "127.0.0.1", { .backlog = 0 }, "127.0.0.1", "127.0.0.2" },
	{ "127.0.0.2", "127.0.0.2", { .backlog = 1 }, "127.0.0.2", "127.0.0.1" },
	{ "localhost", "127.0.0.1", { .family = FSOCK_IPV4_ONLY }, "127.0.0.1", NULL },
	{ "0.0.0.0", "0.0.0.0", { .backlog = 0 }, "127.0.0.1", "::1" },
	{ NULL, "0.0.0.0", { .dual_stack = FSOCK_OFF }, "127.0.0.3", "::1" },
	{ NULL, "0.0.0.0", { .family = FSOCK_IPV4_ONLY }, "127.0.0.3", "::1" },
	{ "::1", "::1", { .backlog = 0 }, "::1", "127.0.0.1" },
	{ "[::1]", "::1", { .backlog = 0 }, "::1", "127.0.0.1" },
	{ NULL, "::", { .backlog = 0 }, "::1", NULL },
	{ NULL, "::", { .backlog = 0 }, "127.0.0.1", NULL },
	{ NULL, "::", { .dual_stack = FSOCK_ON }, "127.0.0.1", NULL },
	{ "::", "::", { .backlog = 0 }, "::1", NULL },
	{ "::", "::", { .backlog = 0 }, "127.0.0.1", NULL },
	{ "::", "::", { .dual_stack = FSOCK_OFF }, "::1", "127.0.0.1" },
	{ NULL, "::", { .dual_stack = FSOCK_OFF, .family = FSOCK_IPV6_ONLY }, "::1", "127.0.0.1" },
	{ "::ffff:127.0.0.1", "127.0.0.1", { .backlog = 0 }, "127.0.0.1", "::1" },
	{ "unix", "unix", { .timeout = 1 }, "unix", NULL },
	{ "abstract", "abstract", { .timeout = 1 }, "abstract", NULL },
};

static int
needs_ipv6(const struct good *row)
{
	return strchr(row->name, ':') != NULL || strchr(row->reached, ':') != NULL;
}

/* It hears the one and not the other. */
static void
check_reach(fsock *listener, const struct good *row)
{
	int port = fsock_local_port(listener);
	fsock *s = fsock_connect(sock_place(row->reached), port, NULL);
	fsock *served = fsock_accept(listener, &(struct fsock_options){ .timeout = 20 });

	ck_assert_msg(s != NULL && served != NULL, "%s", fsock_last_error()->text);
	fsock_close(s);
	fsock_close(served);
	if (row->not_reached == NULL)
		return;
	ck_assert_ptr_null(fsock_connect(row->not_reached, port, NULL));
	if (errno != EADDRNOTAVAIL) /* a machine without IPv6 */
		sock_assert_error(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED);
}

START_TEST(listening)
{
	const struct good *row = &goods[_i];
	char host[FSOCK_ADDR_TEXT_SIZE];
	int fds = sock_open_fds(), port;
	fsock *listener;

	if (needs_ipv6(row) && !sock_has(SOCK_TCP6))
		return;
	errno = EDOM;
	listener = fsock_listen(sock_place(row->host), FSOCK_AUTO_PORT, &row->options);
	ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_int_eq(fsock_is_listener(listener), 1);
	ck_assert_int_eq(fsock_is_stream(listener), 0);
	ck_assert_int_eq(fcntl(fsock_socket(listener), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_str_eq(fsock_local_address(listener, host, sizeof host), sock_place(row->name));
	port = fsock_local_port(listener);
	if (host[0] == '/' || host[0] == '@')
		ck_assert_int_eq(port, 0);
	else
		ck_assert_int_gt(port, 1023);
	check_reach(listener, row);
	ck_assert_int_eq(fsock_close(listener), 0);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

static const struct bad {
	const char *host;
	int errnum;
	enum fsock_error_kind kind;
	const char *text; /* "%s" is the system's or the resolver's word */
} bads[] = {
	{ "203.0.113.1", EADDRNOTAVAIL, FSOCK_ADDRESS_NOT_AVAILABLE_ERROR,
	    "listen on 203.0.113.1: %s" },
	{ "", EHOSTUNREACH, FSOCK_NS_HOST_NOT_FOUND_ERROR, "listen: %s" },
	{ "1.2.3.4.5", EHOSTUNREACH, FSOCK_NS_HOST_NOT_FOUND_ERROR, "listen on 1.2.3.4.5: %s" },
	{ "/nonexistent-fsock/s", ENOENT, FSOCK_NO_SUCH_FILE_ERROR,
	    "listen on /nonexistent-fsock/s: %s" },
	{ "/dev/null/s", ENOTDIR, FSOCK_NO_SUCH_FILE_ERROR, "listen on /dev/null/s: %s" },
	{ "/dev/null", EADDRINUSE, FSOCK_ADDRESS_IN_USE_ERROR, "listen on /dev/null: %s" },
	{ "/", EADDRINUSE, FSOCK_ADDRESS_IN_USE_ERROR, "listen on /: %s" },
	{ "/" LONG_64 LONG_64, ENAMETOOLONG, FSOCK_NAME_TOO_LONG_ERROR,
	    "listen on /" LONG_64 LONG_64 ": %s" },
	{ "@" LONG_64 LONG_64, ENAMETOOLONG, FSOCK_NAME_TOO_LONG_ERROR,
	    "listen on @" LONG_64 LONG_64 ": %s" },
};

START_TEST(cannot_be_had)
{
	const struct bad *row = &bads[_i];
	int fds = sock_open_fds();
	const char *words;

	ck_assert_ptr_null(fsock_listen(row->host, 0, NULL));
	sock_assert_error(row->kind, row->errnum);
	words = fsock_last_error()->eai != 0 ? gai_strerror(fsock_last_error()->eai)
					     : strerror(row->errnum);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	sock_assert_failed(row->kind, row->errnum, row->text, words);
#pragma GCC diagnostic pop
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* Addresses taken by a live listener, and options that do not help. */
static const struct taken {
	const char *first, *second;
	struct fsock_options options;
} takens[] = {
	{ "127.0.0.1", "127.0.0.1", { .reuse_address = FSOCK_DEFAULT } },
	{ "127.0.0.1", "127.0.0.1", { .reuse_address = FSOCK_ON } },
	{ "127.0.0.1", "127.0.0.1", { .reuse_address = FSOCK_OFF } },
	{ "0.0.0.0", "127.0.0.1", { .reuse_address = FSOCK_ON } },
	{ "127.0.0.1", "0.0.0.0", { .reuse_address = FSOCK_ON } },
	{ "::1", "::1", { .reuse_address = FSOCK_ON } },
	{ "::", "127.0.0.1", { .reuse_address = FSOCK_ON } },
	{ "unix", "unix", { .reuse_address = FSOCK_ON } },
	{ "abstract", "abstract", { .reuse_address = FSOCK_ON } },
};

START_TEST(address_taken)
{
	const struct taken *row = &takens[_i];
	fsock *listener;
	int fds, port;

	if (strchr(row->first, ':') != NULL && !sock_has(SOCK_TCP6))
		return;
	listener = fsock_listen(sock_place(row->first), 0, NULL);
	ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	port = fsock_local_port(listener);
	fds = sock_open_fds();
	ck_assert_ptr_null(fsock_listen(sock_place(row->second), port, &row->options));
	sock_assert_error(FSOCK_ADDRESS_IN_USE_ERROR, EADDRINUSE);
	ck_assert_str_eq(fsock_last_error()->host, sock_place(row->second));
	ck_assert_int_eq(fsock_last_error()->port, port);
	ck_assert_int_eq(sock_open_fds(), fds);
	ck_assert_int_eq(fsock_close(listener), 0);
	listener = fsock_listen(sock_place(row->second), port, &row->options);
	ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(fsock_local_port(listener), port);
	fsock_close(listener);
}
END_TEST

/* A port of which IPv6 alone is taken cannot be had for both: nobody is to find half a listener. */
START_TEST(half_taken)
{
	fsock *first, *second;

	if (!sock_has(SOCK_TCP6))
		return;
	first = fsock_listen("::", 0, &(struct fsock_options){ .dual_stack = FSOCK_OFF });
	ck_assert_msg(first != NULL, "%s", fsock_last_error()->text);
	second = fsock_listen(NULL, fsock_local_port(first), NULL);
	ck_assert_ptr_null(second);
	sock_assert_error(FSOCK_ADDRESS_IN_USE_ERROR, EADDRINUSE);
	fsock_close(first);
}
END_TEST

/*
 * Leaves a connection of a port in TIME_WAIT: the side that listened closes first. Returns the
 * port.
 */
static int
leave_time_wait(void)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *client, *served;
	int port = fsock_local_port(listener);
	char c;

	client = fsock_connect("127.0.0.1", port, NULL);
	served = fsock_accept(listener, NULL);
	ck_assert_int_eq(fsock_close(served), 0);
	ck_assert_int_eq(read(fsock_socket(client), &c, 1), 0);
	ck_assert_int_eq(fsock_close(client), 0);
	ck_assert_int_eq(fsock_close(listener), 0);
	return port;
}

static const struct again {
	enum fsock_switch reuse;
	int works;
} agains[] = { { FSOCK_DEFAULT, 1 }, { FSOCK_ON, 1 }, { FSOCK_OFF, 0 } };

START_TEST(listening_again)
{
	int port = leave_time_wait();
	fsock *listener = fsock_listen(
	    "127.0.0.1", port, &(struct fsock_options){ .reuse_address = agains[_i].reuse });

	if (agains[_i].works)
		ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	else
		sock_assert_error(FSOCK_ADDRESS_IN_USE_ERROR, EADDRINUSE);
	ck_assert_int_eq(listener != NULL, agains[_i].works);
	fsock_close(listener);
}
END_TEST

/* With reuse_port several listeners have one port, if all ask for it. */
START_TEST(port_shared)
{
	static const enum fsock_switch asks[][2] = {
		{ FSOCK_ON, FSOCK_ON },
		{ FSOCK_ON, FSOCK_OFF },
		{ FSOCK_ON, FSOCK_DEFAULT },
		{ FSOCK_DEFAULT, FSOCK_ON },
	};
	fsock *first, *second;

	first = fsock_listen("127.0.0.1", 0, &(struct fsock_options){ .reuse_port = asks[_i][0] });
	ck_assert_ptr_nonnull(first);
	second = fsock_listen("127.0.0.1", fsock_local_port(first),
	    &(struct fsock_options){ .reuse_port = asks[_i][1] });
	if (_i == 0)
		ck_assert_msg(second != NULL, "%s", fsock_last_error()->text);
	else
		ck_assert_ptr_null(second);
	if (second == NULL)
		sock_assert_error(FSOCK_ADDRESS_IN_USE_ERROR, EADDRINUSE);
	fsock_close(second);
	fsock_close(first);
}
END_TEST

/* Two may wait behind a backlog of 1, as Linux counts; the third one has to try again. */
START_TEST(backlog)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, &(struct fsock_options){ .backlog = 1 });
	struct fsock_options options = { .connect_timeout = 20 };
	int port = fsock_local_port(listener);
	fsock *waiting[2];

	for (int i = 0; i < 2; i++) {
		waiting[i] = fsock_connect("127.0.0.1", port, &options);
		ck_assert_ptr_nonnull(waiting[i]);
	}
	options.connect_timeout = 0.05;
	ck_assert_ptr_null(fsock_connect("127.0.0.1", port, &options));
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	for (int i = 0; i < 2; i++)
		fsock_close(waiting[i]);
	fsock_close(listener);
}
END_TEST

START_TEST(backlog_by_default)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *waiting[50];
	struct fsock_options options = { .connect_timeout = 20 };

	for (int i = 0; i < COUNT(waiting); i++) {
		waiting[i] = fsock_connect("127.0.0.1", fsock_local_port(listener), &options);
		ck_assert_msg(waiting[i] != NULL, "after %d: %s", i, fsock_last_error()->text);
	}
	for (int i = 0; i < COUNT(waiting); i++)
		fsock_close(waiting[i]);
	fsock_close(listener);
}
END_TEST

/* The least port that anybody may listen on. */
static int
first_free_port(void)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "r");
	int port = 1024;

	if (f != NULL && fscanf(f, "%d", &port) != 1)
		port = 1024;
	if (f != NULL)
		fclose(f);
	return port;
}

static int
listen_as_nobody(void *arg)
{
	(void)arg;
	SOCK_EXPECT(getuid() != 0 || setuid(65534) == 0);
	SOCK_EXPECT(fsock_listen("127.0.0.1", 81, NULL) == NULL);
	SOCK_EXPECT(errno == EACCES);
	SOCK_EXPECT(fsock_last_error()->kind == FSOCK_OPERATION_NOT_PERMITTED_ERROR);
	SOCK_EXPECT(strncmp(fsock_last_error()->text, "listen on 127.0.0.1 port 81: ", 29) == 0);
	SOCK_EXPECT(fsock_listen("/fsock-not-permitted", 0, NULL) == NULL);
	SOCK_EXPECT(fsock_last_error()->kind == FSOCK_OPERATION_NOT_PERMITTED_ERROR);
	return 0;
}

START_TEST(not_permitted)
{
	if (first_free_port() <= 81)
		fprintf(stderr, "passed over: here anybody may listen on port 81\n");
	else
		ck_assert_int_eq(sock_child(listen_as_nobody, NULL), 0);
}
END_TEST

/* A listener is known by its own name: with the port that the system chose. */
START_TEST(port_chosen_is_told)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL);

	ck_assert_ptr_null(
	    fsock_accept(listener, &(struct fsock_options){ .connect_timeout = 0.001 }));
	sock_assert_failed(FSOCK_TIMEOUT_ERROR, ETIMEDOUT, "accept on 127.0.0.1 port %d: Timed out",
	    fsock_local_port(listener));
	fsock_close(listener);
}
END_TEST

/* A listener has no streams. */
static FILE *(*const openers[])(fsock *) = { fsock_stream, fsock_input, fsock_output };

START_TEST(no_streams)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL);

	ck_assert_ptr_null(openers[_i](listener));
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(fsock_close(listener), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("listen");
	TCase *tcase = tcase_create("listen");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, listening, 0, COUNT(goods));
	tcase_add_loop_test(tcase, cannot_be_had, 0, COUNT(bads));
	tcase_add_loop_test(tcase, address_taken, 0, COUNT(takens));
	tcase_add_test(tcase, half_taken);
	tcase_add_loop_test(tcase, listening_again, 0, COUNT(agains));
	tcase_add_loop_test(tcase, port_shared, 0, 4);
	tcase_add_test(tcase, backlog);
	tcase_add_test(tcase, backlog_by_default);
	tcase_add_test(tcase, not_permitted);
	tcase_add_test(tcase, port_chosen_is_told);
	tcase_add_loop_test(tcase, no_streams, 0, COUNT(openers));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
