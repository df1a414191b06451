/* Servers of stream clients: who is served, what handlers see, what the program is told. */
#include "../../src/base/compat.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/server_support.h"

static const char *const hosts[] = { "127.0.0.1", "::1", "localhost", "unix", "abstract" };

/* What a handler saw of its client. */
static struct seen {
	char host[FSOCK_ADDR_TEXT_SIZE];
	int port, fd_port, in_server;
	fsock_server *server;
	char thread[16];
} seen;

/* Answers one line, and notes all it can know of its client. */
static int
note(FILE *client, void *arg)
{
	char line[64];

	(void)arg;
	seen = (struct seen){ .port = fsock_remote_port(), .server = fsock_server_current() };
	snprintf(seen.host, sizeof seen.host, "%s", fsock_remote_host());
	seen.fd_port = fsock_peer_port(fsock_of(client));
#if defined(__linux__)
	pthread_getname_np(pthread_self(), seen.thread, sizeof seen.thread);
#endif
	if (fgets(line, sizeof line, client) == NULL)
		return -1;
	fprintf(client, "got %s", line);
	return 0;
}

START_TEST(serves)
{
	const char *host = sock_place(hosts[_i]);
	int fds = sock_open_fds(), is_unix = host[0] == '/' || host[0] == '@';
	char text[128], local[FSOCK_ADDR_TEXT_SIZE];
	fsock_server *server;
	fsock *s;

	if (strcmp(host, "::1") == 0 && !sock_has(SOCK_TCP6))
		return;
	errno = EDOM;
	server = server_start(host, note, NULL, NULL);
	ck_assert_int_eq(errno, EDOM);
	for (int turn = 0; turn < 3; turn++) {
		s = server_connect(server, host);
		fsock_local_address(s, local, sizeof local);
		fprintf(fsock_stream(s), "line %d\n", turn);
		ck_assert_ptr_nonnull(fgets(text, sizeof text, fsock_stream(s)));
		ck_assert_int_eq(strncmp(text, "got line ", 9), 0);
		ck_assert_int_eq(text[9], '0' + turn);
		ck_assert_int_eq(getc(fsock_stream(s)), EOF);
		ck_assert(!ferror(fsock_stream(s)));
		server_await_clients(server, 0); /* then all that it noted is there to be seen */
		ck_assert_str_eq(seen.host, is_unix ? "" : local);
		ck_assert_int_eq(seen.port, is_unix ? 0 : fsock_local_port(s));
		ck_assert_int_eq(seen.fd_port, seen.port);
		ck_assert_ptr_eq(seen.server, server);
		ck_assert_int_eq(fsock_close(s), 0);
	}
#if defined(__linux__)
	ck_assert_str_eq(seen.thread, "fsock server");
#endif
	errno = EDOM;
	ck_assert_int_eq(fsock_server_stop(server, 10), 0);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_int_eq(sock_open_fds(), fds);
	ck_assert_ptr_null(fsock_server_current());
}
END_TEST

/* Outside handlers there is no remote host. */
START_TEST(no_remote)
{
	ck_assert_ptr_null(fsock_remote_host());
	sock_assert_failed(
	    FSOCK_NOT_CONNECTED_ERROR, ENOTCONN, "remote host: %s", strerror(ENOTCONN));
	ck_assert_int_eq(fsock_remote_port(), -1);
	sock_assert_failed(
	    FSOCK_NOT_CONNECTED_ERROR, ENOTCONN, "remote port: %s", strerror(ENOTCONN));
	ck_assert_ptr_null(fsock_server_current());
}
END_TEST

/* ---- What the program is told */

/* Ways in which a client's service goes wrong; what the `error` function must be told then. */
enum mishap { RETURNS_FAILURE, NO_ERRNO, READ_TIMES_OUT, DEADLINE_PASSES, CLIENT_GONE, RESET,
	CLOSES_IT_ALL };

static int
go_wrong(FILE *client, void *arg)
{
	const enum mishap *mishap = arg;
	char line[64];

	switch (*mishap) {
	case RETURNS_FAILURE:
		errno = ENOTDIR;
		return -1;
	case NO_ERRNO:
		errno = 0;
		return -1;
	case READ_TIMES_OUT:
	case DEADLINE_PASSES:
	case RESET:
		return fgets(line, sizeof line, client) == NULL ? -1 : 0;
	case CLIENT_GONE: /* it has closed: the first write is answered by a reset */
		while (fputs("is anybody there?\n", client) != EOF && fflush(client) == 0)
			server_breathe();
		return 0; /* as a careless handler does */
	case CLOSES_IT_ALL:
		return fclose(client);
	}
	return 0;
}

static const struct told {
	enum mishap mishap;
	int errnum; /* 0: nothing is told */
	enum fsock_error_kind kind;
	const char *operation;
} tolds[] = {
	{ RETURNS_FAILURE, ENOTDIR, FSOCK_NO_SUCH_FILE_ERROR, "serve client" },
	{ NO_ERRNO, ECANCELED, FSOCK_CANCELED_ERROR, "serve client" },
	{ READ_TIMES_OUT, ETIMEDOUT, FSOCK_TIMEOUT_ERROR, "serve client" },
	{ DEADLINE_PASSES, ETIMEDOUT, FSOCK_DEADLINE_TIMEOUT_ERROR, "serve client" },
	{ CLIENT_GONE, EPIPE, FSOCK_BROKEN_PIPE_ERROR, "close" },
	{ RESET, ECONNRESET, FSOCK_CONNECTION_RESET_ERROR, "serve client" },
	{ CLOSES_IT_ALL, 0, FSOCK_NO_ERROR, "" },
};

START_TEST(told)
{
	const struct told *row = &tolds[_i];
	enum mishap mishap = row->mishap;
	struct fsock_server_options options = { .error = server_log,
		.socket.read_timeout = mishap == DEADLINE_PASSES ? 0 : 0.05,
		.socket.deadline = mishap == DEADLINE_PASSES ? 0.05 : 0 };
	fsock_server *server = server_start("127.0.0.1", go_wrong, &mishap, &options);
	fsock *s = server_connect(server, "127.0.0.1");
	const struct fsock_error *error = NULL;
	char text[128];
	int port = fsock_local_port(s);

	if (mishap == RESET)
		fsock_abort(s);
	else if (mishap == CLIENT_GONE)
		fsock_close(s);
	if (row->errnum != 0)
		error = server_await_log(0);
	else
		ck_assert_int_eq(getc(fsock_stream(s)), EOF);
	if (mishap != RESET && mishap != CLIENT_GONE)
		fsock_close(s);
	/* And it goes on serving. */
	mishap = RETURNS_FAILURE;
	s = server_connect(server, "127.0.0.1");
	ck_assert_int_eq(getc(fsock_stream(s)), EOF);
	fsock_close(s);
	ck_assert_int_eq(fsock_server_stop(server, 10), 0);
	ck_assert_int_eq(server_log_count(), row->errnum != 0 ? 2 : 1);
	if (row->errnum == 0)
		return;
	if (row->mishap == CLIENT_GONE && error->errnum == ECONNRESET)
		return; /* the reset was there before the second write */
	ck_assert_str_eq(fsock_error_name(error->kind), fsock_error_name(row->kind));
	ck_assert_int_eq(error->errnum, row->errnum);
	ck_assert_str_eq(error->operation, row->operation);
	ck_assert_str_eq(error->host, "127.0.0.1");
	ck_assert_int_eq(error->port, port);
	snprintf(text, sizeof text, "%s %s 127.0.0.1 port %d: ", row->operation,
	    row->mishap == CLIENT_GONE ? "of" : "at", port);
	ck_assert_int_eq(strncmp(error->text, text, strlen(text)), 0);
}
END_TEST

/* ---- Options */

static int
answer_with_kind(FILE *client, void *arg)
{
	char line[64];
	const struct fsock_error *error = fsock_last_error();

	(void)arg;
	if (fgets(line, sizeof line, client) == NULL) {
		clearerr(client);
		fprintf(client, "%s\n", fsock_error_name(error->kind));
	}
	return 0;
}

/* What is set for the clients' sockets holds for them. */
static const struct client_option {
	struct fsock_options options;
	const char *send, *answer;
} client_options[] = {
	{ { .read_timeout = 0.02 }, "no line end", "timeout-error\n" },
	{ { .deadline = 0.02 }, "no line end", "deadline-timeout-error\n" },
	{ { .line_limit = 8 }, "much too long\n", "line-too-long-error\n" },
};

START_TEST(client_option)
{
	const struct client_option *row = &client_options[_i];
	struct fsock_server_options options = { .socket = row->options };
	fsock_server *server = server_start("127.0.0.1", answer_with_kind, NULL, &options);
	fsock *s = server_connect(server, "127.0.0.1");
	char line[64];

	fputs(row->send, fsock_stream(s));
	fflush(fsock_stream(s));
	if (row->options.deadline == 0) {
		ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(s)));
		ck_assert_str_eq(line, row->answer);
	} else { /* nor can it answer any more */
		ck_assert_ptr_null(fgets(line, sizeof line, fsock_stream(s)));
	}
	fsock_close(s);
	fsock_server_stop(server, 10);
}
END_TEST

static const struct bad {
	const char *what;
	struct fsock_server_options options;
} bads[] = {
	{ "threads", { .threads = -1 } },
	{ "max_clients", { .max_clients = -1 } },
	{ "idle", { .idle = -1 } },
	{ "reserved", { .reserved = { 0, 1 } } },
	{ "max_datagram", { .max_datagram = SIZE_MAX } },
	{ "no sockets", { .socket_count = 1 } },
	{ "timeout", { .socket.timeout = -1 } },
	{ "backlog", { .socket.backlog = -1 } },
};

START_TEST(bad_options)
{
	int fds = sock_open_fds();

	ck_assert_ptr_null(fsock_server_start("127.0.0.1", 0, note, NULL, &bads[_i].options));
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_server_run("127.0.0.1", 0, note, NULL, &bads[_i].options), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

START_TEST(bad_calls)
{
	fsock_server *server;

	ck_assert_ptr_null(fsock_server_start("127.0.0.1", 0, NULL, NULL, NULL));
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_ptr_null(fsock_server_start("203.0.113.1", 0, note, NULL, NULL));
	sock_assert_error(FSOCK_ADDRESS_NOT_AVAILABLE_ERROR, EADDRNOTAVAIL);
	ck_assert_ptr_null(fsock_server_socket(NULL));
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_server_clients(NULL), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_server_shutdown(NULL, 0), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_server_stop(NULL, -1), 0);
	server = server_start("127.0.0.1", note, NULL, NULL);
	ck_assert_int_eq(fsock_server_shutdown(server, -1), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_server_stop(server, -1), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	fsock_close(server_connect(server, "127.0.0.1")); /* it goes on */
	ck_assert_int_eq(fsock_server_stop(server, 10), 0);
}
END_TEST

/* Two servers on one port, if both want it. */
START_TEST(reuse_port)
{
	struct fsock_server_options options = { .socket.reuse_port = FSOCK_ON };
	fsock_server *a = server_start("127.0.0.1", note, NULL, &options), *b, *c;
	int port = fsock_local_port(fsock_server_socket(a));

	b = fsock_server_start("127.0.0.1", port, note, NULL, &options);
	c = fsock_server_start("127.0.0.1", port, note, NULL, NULL);
	ck_assert_msg(b != NULL, "%s", fsock_last_error()->text);
	ck_assert_ptr_null(c);
	ck_assert_int_eq(fsock_server_stop(a, 1) + fsock_server_stop(b, 1), 0);
}
END_TEST

/* ---- Sockets to serve */

static int
say_name(FILE *client, void *arg)
{
	(void)arg;
	fprintf(client, "%d\n", fsock_local_port(fsock_of(client)));
	return 0;
}

/* All listeners are served, blocking ones too; they are closed with the server. */
START_TEST(several_sockets)
{
	fsock *listeners[3];
	int ports[3], fds = sock_open_fds();
	struct fsock_server_options options = { .sockets = listeners, .socket_count = 3 };
	fsock_server *server;
	char line[16];

	for (int i = 0; i < 3; i++) {
		listeners[i] = fsock_listen("127.0.0.1", 0, NULL);
		ports[i] = fsock_local_port(listeners[i]);
	}
	listeners[1] = fsock_adopt(fsock_release(listeners[1], NULL, 0, NULL), NULL);
	server = fsock_server_start(NULL, 0, say_name, NULL, &options);
	ck_assert_msg(server != NULL, "%s", fsock_last_error()->text);
	ck_assert_ptr_eq(fsock_server_socket(server), listeners[0]);
	for (int i = 0; i < 9; i++) {
		fsock *s = fsock_connect("127.0.0.1", ports[i % 3], NULL);

		ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(s)));
		ck_assert_int_eq(atoi(line), ports[i % 3]);
		fsock_close(s);
	}
	ck_assert_int_eq(fsock_server_stop(server, 1), 0);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* A socket of the wrong kind is refused, and stays the caller's. */
START_TEST(wrong_sockets)
{
	fsock *sockets[2] = { fsock_listen("127.0.0.1", 0, NULL), NULL };
	struct fsock_server_options options = { .sockets = sockets, .socket_count = 2 };

	ck_assert_ptr_null(fsock_server_start(NULL, 0, note, NULL, &options));
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	sockets[1] = fsock_adopt(socket(AF_INET, SOCK_DGRAM, 0), NULL);
	ck_assert_ptr_nonnull(sockets[1]);
	fsock_clear_error();
	ck_assert_ptr_null(fsock_server_start(NULL, 0, note, NULL, &options));
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(fsock_close(sockets[0]), 0);
	ck_assert_int_eq(fsock_close(sockets[1]), 0);
}
END_TEST

/* As inetd would start it for one client: served, and that is all. */
START_TEST(one_connection)
{
	fsock *ends[2];
	struct fsock_server_options options = { .sockets = &ends[0], .socket_count = 1 };
	int fds = sock_open_fds();
	char line[64];

	sock_link(SOCK_TCP4, NULL, ends);
	fputs("hello\n", fsock_stream(ends[1]));
	fflush(fsock_stream(ends[1]));
	ck_assert_int_eq(fsock_server_run(NULL, 0, note, NULL, &options), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(ends[1])));
	ck_assert_str_eq(line, "got hello\n");
	ck_assert_int_eq(seen.port, fsock_local_port(ends[1]));
	ck_assert_int_eq(getc(fsock_stream(ends[1])), EOF);
	fsock_close(ends[1]);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

static Suite *
server_suite(void)
{
	Suite *suite = suite_create("server");
	TCase *tcase = tcase_create("server");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_checked_fixture(tcase, server_log_reset, NULL);
	tcase_add_loop_test(tcase, serves, 0, COUNT(hosts));
	tcase_add_test(tcase, no_remote);
	tcase_add_loop_test(tcase, told, 0, COUNT(tolds));
	tcase_add_loop_test(tcase, client_option, 0, COUNT(client_options));
	tcase_add_loop_test(tcase, bad_options, 0, COUNT(bads));
	tcase_add_test(tcase, bad_calls);
	tcase_add_test(tcase, reuse_port);
	tcase_add_test(tcase, several_sockets);
	tcase_add_test(tcase, wrong_sockets);
	tcase_add_test(tcase, one_connection);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	return sock_run(server_suite());
}
