/* Datagram sockets: making, binding and connecting them, and what fails. */
#include "../../src/base/compat.h"

#include <sys/stat.h>

#include <math.h>
#include <unistd.h>

#include "../support/dgram_support.h"

#define NOWHERE "203.0.113.7" /* RFC 5737: no machine has it */

/* A question and its answer, by sockets that are connected or not. */
START_TEST(exchange)
{
	enum dgram_kind kind = (enum dgram_kind)(_i / 2);
	int connects = _i % 2;
	struct fsock_addr to, from;
	fsock *server, *client;
	char buf[16];

	if (!dgram_has(kind))
		return;
	server = dgram_bound(kind, "server");
	client = connects ? dgram_connected(kind, "client", server) : dgram_bound(kind, "client");
	ck_assert(fsock_is_datagram(client) && !fsock_is_stream(client));
	to = dgram_addr(server);
	errno = 0;
	ck_assert_int_eq(fsock_send(client, "question", 8, connects ? NULL : &to), 8);
	ck_assert_int_eq(fsock_receive(server, buf, sizeof buf, &from), 8);
	ck_assert_mem_eq(buf, "question", 8);
	ck_assert_int_eq(fsock_send(server, "answer", 6, &from), 6);
	ck_assert_int_eq(errno, 0);
	dgram_expect(client, "answer", server);
	to = dgram_addr(client);
	ck_assert(fsock_addr_equal(&from, &to));
	ck_assert_int_eq(fsock_close(client), 0);
	ck_assert_int_eq(fsock_close(server), 0);
}
END_TEST

/* An address of length 0 is the peer, as NULL is: what a stream's sender looks like. */
START_TEST(no_address_is_the_peer)
{
	static const struct fsock_addr none;
	fsock *server = dgram_bound(DGRAM_UDP4, ""), *client;

	client = dgram_connected(DGRAM_UDP4, "", server);
	ck_assert_int_eq(fsock_send(client, "x", 1, &none), 1);
	dgram_expect(server, "x", client);
	fsock_close(client);
	fsock_close(server);
}
END_TEST

static const struct lengths {
	size_t length, room;
} lengths[] = {
	{ 0, 0 },
	{ 0, 1 },
	{ 1, 0 },
	{ 1, 1 },
	{ 5, 3 },
	{ 5, 5 },
	{ 5, 6 },
	{ 1472, 1471 },
	{ 20000, 512 },
	{ FSOCK_MAX_DATAGRAM_PACKET_SIZE, 0 },
	{ FSOCK_MAX_DATAGRAM_PACKET_SIZE, FSOCK_MAX_DATAGRAM_PACKET_SIZE - 1 },
	{ FSOCK_MAX_DATAGRAM_PACKET_SIZE, FSOCK_MAX_DATAGRAM_PACKET_SIZE },
};

/* The real length is told, and no octet more is written than there is room for. */
START_TEST(length_and_truncation)
{
	static unsigned char out[FSOCK_MAX_DATAGRAM_PACKET_SIZE], in[sizeof out + 1];
	enum dgram_kind kind = (enum dgram_kind)(_i / COUNT(lengths));
	struct lengths row = lengths[_i % COUNT(lengths)];
	size_t given = row.length < row.room ? row.length : row.room;
	fsock *server, *client;

	if (!dgram_has(kind))
		return;
	server = dgram_bound(kind, "server");
	client = dgram_connected(kind, "client", server);
	for (size_t i = 0; i < row.length; i++)
		out[i] = (unsigned char)(i * 7);
	memset(in, 0xee, sizeof in);
	ck_assert_int_eq(
	    fsock_send(client, row.length == 0 ? NULL : out, row.length, NULL), (int)row.length);
	ck_assert_int_eq(fsock_send(client, "next", 4, NULL), 4);
	ck_assert_int_eq(
	    fsock_receive(server, row.room == 0 ? NULL : in, row.room, NULL), (int)row.length);
	if (given > 0)
		ck_assert_mem_eq(in, out, given);
	ck_assert_uint_eq(in[given], 0xee);
	dgram_expect(server, "next", client); /* the rest of the first is gone */
	fsock_close(client);
	fsock_close(server);
}
END_TEST

/* What sending from an unconnected UDP socket to this address gives. */
static const struct bad_send {
	const char *what, *host;
	enum fsock_switch broadcast;
	enum fsock_family family;
	size_t size;
	enum fsock_error_kind kind;
	int error;
	const char *text;
} bad_sends[] = {
	{ "no address", NULL, FSOCK_DEFAULT, FSOCK_ANY_FAMILY, 1, FSOCK_DESTINATION_REQUIRED_ERROR,
	    EDESTADDRREQ, "send" },
	{ "too long", "127.0.0.1", FSOCK_DEFAULT, FSOCK_ANY_FAMILY,
	    FSOCK_MAX_DATAGRAM_PACKET_SIZE + 1, FSOCK_MESSAGE_TOO_LONG_ERROR, EMSGSIZE,
	    "send to 127.0.0.1 port 9" },
	{ "broadcast not asked for", "127.255.255.255", FSOCK_DEFAULT, FSOCK_ANY_FAMILY, 1,
	    FSOCK_OPERATION_NOT_PERMITTED_ERROR, EACCES, "send to 127.255.255.255 port 9" },
	{ "broadcast forbidden", "127.255.255.255", FSOCK_OFF, FSOCK_ANY_FAMILY, 1,
	    FSOCK_OPERATION_NOT_PERMITTED_ERROR, EACCES, "send to 127.255.255.255 port 9" },
	{ "broadcast, an IPv4 socket", "127.255.255.255", FSOCK_OFF, FSOCK_IPV4_ONLY, 1,
	    FSOCK_OPERATION_NOT_PERMITTED_ERROR, EACCES, "send to 127.255.255.255 port 9" },
	{ "IPv6 from an IPv4 socket", "::1", FSOCK_DEFAULT, FSOCK_IPV4_ONLY, 1,
	    FSOCK_ADDRESS_FAMILY_NOT_SUPPORTED_ERROR, EAFNOSUPPORT, "send to ::1 port 9" },
};

START_TEST(cannot_be_sent)
{
	static char data[FSOCK_MAX_DATAGRAM_PACKET_SIZE + 1];
	const struct bad_send *row = &bad_sends[_i];
	fsock *s = fsock_datagram(
	    NULL, 0, &(struct fsock_options){ .broadcast = row->broadcast, .family = row->family });
	struct fsock_addr to = { .length = 0 };

	ck_assert_ptr_nonnull(s);
	if (row->host != NULL)
		ck_assert_int_eq(fsock_addr_from_text(&to, row->host, 9), 0);
	ck_assert_int_eq(fsock_send(s, data, row->size, &to), -1);
	sock_assert_failed(row->kind, row->error, "%s: %s", row->text, strerror(row->error));
	fsock_close(s);
}
END_TEST

/* With the option, a broadcast reaches a socket that is bound to all addresses. */
START_TEST(broadcast_allowed)
{
	fsock *receiver = fsock_datagram(
	    NULL, 0, &(struct fsock_options){ .local_host = "0.0.0.0", .timeout = 20 });
	fsock *sender = fsock_datagram(NULL, 0,
	    &(struct fsock_options){
		.broadcast = FSOCK_ON, .family = _i == 0 ? FSOCK_IPV4_ONLY : FSOCK_ANY_FAMILY });
	struct fsock_addr to;

	ck_assert_int_eq(
	    fsock_addr_from_text(&to, "127.255.255.255", fsock_local_port(receiver)), 0);
	ck_assert_msg(fsock_send(sender, "all", 3, &to) == 3, "%s", fsock_last_error()->text);
	dgram_expect(receiver, "all", NULL);
	fsock_close(sender);
	fsock_close(receiver);
}
END_TEST

/* Nobody at the peer's address: the next call says so, once, and the socket goes on. */
START_TEST(refused)
{
	enum dgram_kind kind = (enum dgram_kind)(_i / 2);
	int is_told_by_send = _i % 2;
	fsock *server, *client;
	char buf[4];

	if (!dgram_has(kind))
		return;
	server = dgram_bound(kind, "");
	client = dgram_connected(kind, "", server);
	fsock_close(server);
	ck_assert_int_eq(fsock_send(client, "x", 1, NULL), 1);
	sock_await(fsock_socket(client), 0);
	if (is_told_by_send)
		ck_assert_int_eq(fsock_send(client, "x", 1, NULL), -1);
	else
		ck_assert_int_eq(fsock_receive(client, buf, sizeof buf, NULL), -1);
	sock_assert_failed(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED, "%s %s port %d: %s",
	    is_told_by_send ? "send to" : "receive from", dgram_host(kind, ""),
	    fsock_peer_port(client), strerror(ECONNREFUSED));
	ck_assert_int_eq(fsock_send(client, "x", 1, NULL), 1);
	fsock_close(client);
}
END_TEST

/* A Unix-domain peer that goes is missed at once. */
START_TEST(refused_unix)
{
	fsock *server = dgram_bound(DGRAM_UNIX, "server");
	fsock *client = dgram_connected(DGRAM_UNIX, "client", server);

	fsock_close(server);
	ck_assert_int_eq(fsock_send(client, "x", 1, NULL), -1);
	sock_assert_failed(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED, "send to %s: %s",
	    sock_path("server"), strerror(ECONNREFUSED));
	fsock_close(client);
}
END_TEST

/* A connected socket hears its peer only, but may speak to others. */
START_TEST(strangers)
{
	enum dgram_kind kind = (enum dgram_kind)_i;
	fsock *server, *client, *stranger;
	struct fsock_addr to_client, to_stranger;

	if (!dgram_has(kind))
		return;
	server = dgram_bound(kind, "server");
	stranger = dgram_bound(kind, "stranger");
	client = dgram_connected(kind, "client", server);
	to_client = dgram_addr(client);
	to_stranger = dgram_addr(stranger);
	if (kind == DGRAM_UDP4 || kind == DGRAM_UDP6) {
		ck_assert_int_eq(fsock_send(stranger, "boo", 3, &to_client), 3);
	} else {
		ck_assert_int_eq(fsock_send(stranger, "boo", 3, &to_client), -1);
		sock_assert_error(FSOCK_OPERATION_NOT_PERMITTED_ERROR, EPERM);
	}
	ck_assert_int_eq(fsock_send(server, "hello", 5, &to_client), 5);
	dgram_expect(client, "hello", server);
	ck_assert_int_eq(fsock_send(client, "psst", 4, &to_stranger), 4);
	dgram_expect(stranger, "psst", client);
	ck_assert_int_eq(fsock_send(client, "so", 2, NULL), 2); /* still connected */
	dgram_expect(server, "so", client);
	fsock_close(client);
	fsock_close(stranger);
	fsock_close(server);
}
END_TEST

/* By default one socket speaks IPv4 and IPv6, and each address looks as it should. */
START_TEST(both_families)
{
	static const char *const hosts[] = { "127.0.0.1", "::1" };
	fsock *both = fsock_datagram(NULL, 0, &(struct fsock_options){ .timeout = 20 });
	fsock *one;
	struct fsock_addr to, from;
	char buf[8], text[FSOCK_ADDR_TEXT_SIZE];

	if (!sock_has(SOCK_TCP6))
		return;
	one = dgram_bound(_i == 0 ? DGRAM_UDP4 : DGRAM_UDP6, "");
	to = dgram_addr(one);
	ck_assert_int_eq(fsock_send(both, "to", 2, &to), 2);
	ck_assert_int_eq(fsock_receive(one, buf, sizeof buf, &from), 2);
	ck_assert_int_eq(fsock_addr_port(&from), fsock_local_port(both));
	ck_assert_int_eq(fsock_send(one, "fro", 3, &from), 3);
	ck_assert_int_eq(fsock_receive(both, buf, sizeof buf, &from), 3);
	ck_assert(fsock_addr_equal(&from, &to));
	ck_assert_int_eq(fsock_addr_family(&from), _i == 0 ? AF_INET : AF_INET6);
	ck_assert_str_eq(fsock_addr_host(&from, text, sizeof text), hosts[_i]);
	fsock_close(one);
	fsock_close(both);
}
END_TEST

/* Which family an unconnected socket gets. */
static const struct choice {
	struct fsock_options options;
	int family;
} choices[] = {
	{ { .timeout = 0 }, AF_INET6 },
	{ { .dual_stack = FSOCK_OFF }, AF_INET },
	{ { .family = FSOCK_IPV4_ONLY }, AF_INET },
	{ { .family = FSOCK_IPV6_ONLY }, AF_INET6 },
	{ { .family = FSOCK_IPV6_ONLY, .dual_stack = FSOCK_OFF }, AF_INET6 },
	{ { .local_host = "127.0.0.1" }, AF_INET },
	{ { .local_host = "::1" }, AF_INET6 },
	{ { .local_host = "0.0.0.0" }, AF_INET },
};

START_TEST(family_chosen)
{
	fsock *s = fsock_datagram(NULL, 0, &choices[_i].options);
	struct sockaddr_storage name;
	socklen_t length = sizeof name;

	if (!sock_has(SOCK_TCP6))
		return;
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(getsockname(fsock_socket(s), (struct sockaddr *)&name, &length), 0);
	ck_assert_int_eq(name.ss_family, choices[_i].family);
	fsock_close(s);
}
END_TEST

/* What cannot be made. "taken" is replaced by a path that a living socket has. */
static const struct bad {
	const char *host;
	int port;
	struct fsock_options options;
	enum fsock_error_kind kind;
	int error;
	const char *text;
} bads[] = {
	{ "127.0.0.1", -1, { .timeout = 0 }, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "connect" },
	{ "127.0.0.1", 65536, { .timeout = 0 }, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "connect" },
	{ "127.0.0.1", 9, { .timeout = -1 }, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "connect" },
	{ NULL, 0, { .timeout = NAN }, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "bind" },
	{ NULL, 0, { .local_host = NOWHERE }, FSOCK_ADDRESS_NOT_AVAILABLE_ERROR, EADDRNOTAVAIL,
	    "bind" },
	{ "127.0.0.1", 9, { .local_host = NOWHERE }, FSOCK_ADDRESS_NOT_AVAILABLE_ERROR,
	    EADDRNOTAVAIL, "connect" },
	{ "127.0.0.1", 9, { .local_host = "::1" }, FSOCK_ADDRESS_NOT_AVAILABLE_ERROR, EADDRNOTAVAIL,
	    "connect" },
	{ "/nonexistent/s", 0, { .timeout = 0 }, FSOCK_NO_SUCH_FILE_ERROR, ENOENT, "connect" },
	{ NULL, 0, { .local_host = "/nonexistent/s" }, FSOCK_NO_SUCH_FILE_ERROR, ENOENT, "bind" },
	{ NULL, 0, { .local_host = "taken" }, FSOCK_ADDRESS_IN_USE_ERROR, EADDRINUSE, "bind" },
	{ "", 9, { .timeout = 0 }, FSOCK_NS_HOST_NOT_FOUND_ERROR, EHOSTUNREACH, "connect" },
	{ NULL, 0, { .local_host = "300.1.1.1" }, FSOCK_NS_HOST_NOT_FOUND_ERROR, EHOSTUNREACH,
	    "bind" },
};

START_TEST(cannot_be_made)
{
	struct bad row = bads[_i];
	fsock *living = dgram_bound(DGRAM_UNIX, "taken");
	int fds = sock_open_fds();

	if (row.options.local_host != NULL && strcmp(row.options.local_host, "taken") == 0)
		row.options.local_host = sock_path("taken");
	ck_assert_ptr_null(fsock_datagram(row.host, row.port, &row.options));
	sock_assert_error(row.kind, row.error);
	ck_assert_str_eq(fsock_last_error()->operation, row.text);
	ck_assert_int_eq(sock_open_fds(), fds);
	fsock_close(living);
}
END_TEST

/* Two sockets on one port: the first's and the second's options, and whether it works. */
static const struct shared {
	struct fsock_options options;
	int works;
} shareds[] = {
	{ { .timeout = 20 }, 0 },
	{ { .reuse_address = FSOCK_OFF }, 0 },
	{ { .reuse_address = FSOCK_ON }, 1 },
	{ { .reuse_port = FSOCK_ON }, 1 },
	{ { .reuse_port = FSOCK_OFF }, 0 },
};

START_TEST(port_shared)
{
	struct fsock_options options = shareds[_i].options;
	fsock *first, *second;

	options.local_host = "127.0.0.1";
	first = fsock_datagram(NULL, 0, &options);
	ck_assert_ptr_nonnull(first);
	options.local_port = fsock_local_port(first);
	second = fsock_datagram(NULL, 0, &options);
	if (second == NULL)
		sock_assert_failed(FSOCK_ADDRESS_IN_USE_ERROR, EADDRINUSE,
		    "bind to 127.0.0.1 port %d: %s", options.local_port, strerror(EADDRINUSE));
	ck_assert_int_eq(second != NULL, shareds[_i].works);
	fsock_close(second);
	fsock_close(first);
}
END_TEST

/* A port of which IPv6 alone is taken cannot be had for both. */
START_TEST(port_half_taken)
{
	struct fsock_options options = { .local_host = "::", .dual_stack = FSOCK_OFF };
	fsock *first = fsock_datagram(NULL, 0, &options);

	if (first == NULL)
		return; /* no IPv6 here */
	options = (struct fsock_options){ .local_port = fsock_local_port(first) };
	ck_assert_ptr_null(fsock_datagram(NULL, 0, &options));
	sock_assert_error(FSOCK_ADDRESS_IN_USE_ERROR, EADDRINUSE);
	fsock_close(first);
}
END_TEST

START_TEST(local_port_used)
{
	fsock *server = dgram_bound(DGRAM_UDP4, ""), *client;
	fsock *holder = dgram_bound(DGRAM_UDP4, "");
	int port = fsock_local_port(holder);
	struct fsock_addr from;
	char buf[4];

	fsock_close(holder);
	client = fsock_datagram(
	    "127.0.0.1", fsock_local_port(server), &(struct fsock_options){ .local_port = port });
	ck_assert_msg(client != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(fsock_local_port(client), port);
	ck_assert_int_eq(fsock_peer_port(client), fsock_local_port(server));
	ck_assert_int_eq(fsock_send(client, "x", 1, NULL), 1);
	ck_assert_int_eq(fsock_receive(server, buf, sizeof buf, &from), 1);
	ck_assert_int_eq(fsock_addr_port(&from), port);
	fsock_close(client);
	fsock_close(server);
}
END_TEST

/*
 * The file of a Unix-domain socket goes with it, is replaced when stale, and is left to no failure.
 */
START_TEST(unix_file)
{
	const char *path = sock_path("file");
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct stat st;
	fsock *s;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(name.sun_path, path, strlen(path));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
	close(fd);
	ck_assert_int_eq(lstat(path, &st), 0); /* stale */
	s = dgram_bound(DGRAM_UNIX, "file");
	ck_assert_int_eq(fsock_close(s), 0);
	ck_assert_int_eq(lstat(path, &st), -1);
	ck_assert_ptr_null(
	    fsock_datagram(sock_path("nobody"), 0, &(struct fsock_options){ .local_host = path }));
	sock_assert_error(FSOCK_NO_SUCH_FILE_ERROR, ENOENT);
	ck_assert_int_eq(lstat(path, &st), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("datagram");
	TCase *tcase = tcase_create("datagram");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, exchange, 0, 2 * DGRAM_KINDS);
	tcase_add_test(tcase, no_address_is_the_peer);
	tcase_add_loop_test(tcase, length_and_truncation, 0, DGRAM_KINDS * COUNT(lengths));
	tcase_add_loop_test(tcase, cannot_be_sent, 0, COUNT(bad_sends));
	tcase_add_loop_test(tcase, broadcast_allowed, 0, 2);
	tcase_add_loop_test(tcase, refused, 0, 4);
	tcase_add_test(tcase, refused_unix);
	tcase_add_loop_test(tcase, strangers, 0, DGRAM_KINDS);
	tcase_add_loop_test(tcase, both_families, 0, 2);
	tcase_add_loop_test(tcase, family_chosen, 0, COUNT(choices));
	tcase_add_loop_test(tcase, cannot_be_made, 0, COUNT(bads));
	tcase_add_loop_test(tcase, port_shared, 0, COUNT(shareds));
	tcase_add_test(tcase, port_half_taken);
	tcase_add_test(tcase, local_port_used);
	tcase_add_test(tcase, unix_file);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
