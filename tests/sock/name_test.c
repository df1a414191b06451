/* Names: the addresses of both ends of every kind of socket, and when there are none. */
#include "../../src/base/compat.h"

#include <netinet/in.h>

#include <unistd.h>

#include "../support/sock_support.h"

/* A listener, and how the ends of a connection to it are called there; see sock_place(). */
static const struct row {
	const char *listen, *connect;
	int family;
	const char *server; /* the name of the served end, that the client's peer has */
	const char *client; /* the name of the client */
} rows[] = {
	{ "127.0.0.1", "127.0.0.1", AF_INET, "127.0.0.1", "127.0.0.1" },
	{ "0.0.0.0", "127.0.0.9", AF_INET, "127.0.0.9", "127.0.0.1" },
	{ "::1", "::1", AF_INET6, "::1", "::1" },
	{ "::", "127.0.0.9", AF_INET, "127.0.0.9", "127.0.0.1" }, /* IPv4 in IPv6 */
	{ "::", "::ffff:127.0.0.9", AF_INET, "127.0.0.9", "127.0.0.1" },
	{ "::", "::1", AF_INET6, "::1", "::1" },
	{ "unix", "unix", AF_UNIX, "unix", "" },
	{ "abstract", "abstract", AF_UNIX, "abstract", "" },
};

/* Local and peer name of `s`, the whole, the halves, and their agreement. */
static void
check_names(fsock *s, int family, const char *local, const char *peer, int ports[2])
{
	const struct {
		int (*name)(fsock *, struct fsock_addr *);
		const char *(*address)(fsock *, char *, size_t);
		int (*port)(fsock *);
		const char *wanted;
	} ends[2] = {
		{ fsock_local_name, fsock_local_address, fsock_local_port, sock_place(local) },
		{ fsock_peer_name, fsock_peer_address, fsock_peer_port, sock_place(peer) },
	};
	char buf[FSOCK_ADDR_TEXT_SIZE];
	struct fsock_addr name;

	for (int i = 0; i < 2; i++) {
		errno = EDOM;
		memset(&name, 0x5a, sizeof name);
		ck_assert_int_eq(ends[i].name(s, &name), 0);
		ck_assert_int_eq(fsock_addr_family(&name), family);
		ck_assert_str_eq(fsock_addr_host(&name, buf, sizeof buf), ends[i].wanted);
		ck_assert_ptr_eq(ends[i].address(s, buf, sizeof buf), buf);
		ck_assert_str_eq(buf, ends[i].wanted);
		ports[i] = ends[i].port(s);
		ck_assert_int_eq(ports[i], fsock_addr_port(&name));
		ck_assert_int_eq(ports[i] > 0, family != AF_UNIX);
		ck_assert_int_eq(errno, EDOM);
	}
}

START_TEST(both_ends)
{
	const struct row *row = &rows[_i];
	fsock *listener, *client, *served;
	int of_client[2], of_served[2];

	if (strchr(row->listen, ':') != NULL && !sock_has(SOCK_TCP6))
		return;
	listener = fsock_listen(sock_place(row->listen), 0, NULL);
	ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	client = fsock_connect(sock_place(row->connect), fsock_local_port(listener), NULL);
	ck_assert_msg(client != NULL, "%s", fsock_last_error()->text);
	served = fsock_accept(listener, NULL);
	check_names(client, row->family, row->client, row->server, of_client);
	check_names(served, row->family, row->server, row->client, of_served);
	ck_assert_int_eq(of_client[0], of_served[1]);
	ck_assert_int_eq(of_client[1], of_served[0]);
	ck_assert_int_eq(of_client[1], fsock_local_port(listener));
	fsock_close(client);
	fsock_close(served);
	fsock_close(listener);
}
END_TEST

/* Every way to ask, and how it says that it failed. */
static int
ask_local_name(fsock *s)
{
	struct fsock_addr name;

	return fsock_local_name(s, &name);
}

static int
ask_peer_name(fsock *s)
{
	struct fsock_addr name;

	return fsock_peer_name(s, &name);
}

static int
ask_local_address(fsock *s)
{
	char buf[FSOCK_ADDR_TEXT_SIZE];

	return fsock_local_address(s, buf, sizeof buf) == NULL ? -1 : 0;
}

static int
ask_peer_address(fsock *s)
{
	char buf[FSOCK_ADDR_TEXT_SIZE];

	return fsock_peer_address(s, buf, sizeof buf) == NULL ? -1 : 0;
}

static int
ask_local_port(fsock *s)
{
	return fsock_local_port(s) < 0 ? -1 : 0;
}

static int
ask_peer_port(fsock *s)
{
	return fsock_peer_port(s) < 0 ? -1 : 0;
}

static const struct asking {
	int (*ask)(fsock *);
	int peer;
} askings[] = {
	{ ask_local_name, 0 },
	{ ask_local_address, 0 },
	{ ask_local_port, 0 },
	{ ask_peer_name, 1 },
	{ ask_peer_address, 1 },
	{ ask_peer_port, 1 },
};

/* Asks in every way; `local` and `peer` say whether such names are to be had, `errnum` why not. */
static void
ask_all(fsock *s, int local, int peer, enum fsock_error_kind kind, int errnum)
{
	for (int i = 0; i < COUNT(askings); i++) {
		int wanted = askings[i].peer ? peer : local;

		fsock_clear_error();
		ck_assert_int_eq(askings[i].ask(s), wanted ? 0 : -1);
		if (wanted)
			continue;
		sock_assert_error(kind, errnum);
		ck_assert_str_eq(
		    fsock_last_error()->operation, askings[i].peer ? "peer name" : "local name");
	}
}

START_TEST(unconnected)
{
	fsock *listener = fsock_listen(sock_place("unix"), 0, NULL);
	fsock *datagram = fsock_adopt(socket(AF_INET, SOCK_DGRAM, 0), NULL);
	fsock *stream = fsock_adopt(socket(AF_INET, SOCK_STREAM, 0), NULL);
	char buf[FSOCK_ADDR_TEXT_SIZE];

	ask_all(listener, 1, 0, FSOCK_NOT_CONNECTED_ERROR, ENOTCONN);
	ask_all(datagram, 1, 0, FSOCK_NOT_CONNECTED_ERROR, ENOTCONN);
	ask_all(stream, 1, 0, FSOCK_NOT_CONNECTED_ERROR, ENOTCONN);
	ck_assert_str_eq(fsock_local_address(stream, buf, sizeof buf), "0.0.0.0");
	ck_assert_int_eq(fsock_local_port(stream), 0);
	fsock_close(listener);
	fsock_close(datagram);
	fsock_close(stream);
}
END_TEST

START_TEST(connected_datagram)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), ports[2];
	fsock *s;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
	s = fsock_adopt(fd, NULL);
	check_names(s, AF_INET, "127.0.0.1", "127.0.0.1", ports);
	ck_assert_int_eq(ports[1], 9);
	fsock_close(s);
}
END_TEST

START_TEST(after_a_reset)
{
	struct linger reset = { 1, 0 };
	char c;
	int peer;
	fsock *s;

	if (!sock_has((enum sock_transport)_i))
		return;
	s = sock_raw((enum sock_transport)_i, NULL, &peer);
	ask_all(s, 1, 1, FSOCK_NO_ERROR, 0);
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(peer);
	ck_assert_int_eq(recv(fsock_socket(s), &c, 1, 0), -1);
	ask_all(s, 1, 0, FSOCK_NOT_CONNECTED_ERROR, ENOTCONN);
	fsock_close(s);
}
END_TEST

/* An orderly end is no reset: the names stay. */
START_TEST(after_the_end)
{
	char c;
	int peer;
	fsock *s;

	if (!sock_has((enum sock_transport)_i))
		return;
	s = sock_raw((enum sock_transport)_i, NULL, &peer);
	close(peer);
	ck_assert_int_eq(read(fsock_socket(s), &c, 1), 0);
	ask_all(s, 1, 1, FSOCK_NO_ERROR, 0);
	fsock_close(s);
}
END_TEST

START_TEST(closed_or_null)
{
	int peer;
	fsock *s = sock_raw((enum sock_transport)_i, NULL, &peer);

	ck_assert_int_eq(fclose(fsock_stream(s)), 0);
	ask_all(s, 0, 0, FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	ask_all(NULL, 0, 0, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	fsock_close(s);
	close(peer);
}
END_TEST

START_TEST(no_room)
{
	char buf[16] = "untouched";
	int peer;
	fsock *s = sock_raw(SOCK_TCP4, NULL, &peer);

	ck_assert_int_eq(fsock_local_name(s, NULL), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_peer_name(s, NULL), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_ptr_null(fsock_local_address(s, buf, strlen("127.0.0.1")));
	sock_assert_error(FSOCK_BUFFER_TOO_SMALL_ERROR, ERANGE);
	ck_assert_ptr_null(fsock_peer_address(s, buf, 0));
	sock_assert_error(FSOCK_BUFFER_TOO_SMALL_ERROR, ERANGE);
	ck_assert_str_eq(buf, "untouched");
	ck_assert_ptr_null(fsock_peer_address(s, NULL, 16));
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_str_eq(fsock_peer_address(s, buf, strlen("127.0.0.1") + 1), "127.0.0.1");
	fsock_close(s);
	close(peer);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("name");
	TCase *tcase = tcase_create("name");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, both_ends, 0, COUNT(rows));
	tcase_add_test(tcase, unconnected);
	tcase_add_test(tcase, connected_datagram);
	tcase_add_loop_test(tcase, after_a_reset, SOCK_TCP4, SOCK_TCP6 + 1);
	tcase_add_loop_test(tcase, after_the_end, 0, SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, closed_or_null, 0, SOCK_TCP4 + 1);
	tcase_add_test(tcase, no_room);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
