/* Options by name: on which sockets each means something, what it takes, and what it does. */
#include "../../src/base/compat.h"

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "../support/dgram_support.h"

/* Kinds of socket. */
enum made {
	TCP4,
	TCP6,
	UNIX_STREAM,
	LISTENER4,
	LISTENER6,
	UNIX_LISTENER,
	UDP4,
	UDP6,
	UNIX_DATAGRAM,
	MADE
};
#define BIT(kind)     (1u << (kind))
#define STREAMS_TCP   (BIT(TCP4) | BIT(TCP6))
#define STREAMS       (STREAMS_TCP | BIT(UNIX_STREAM))
#define LISTENERS_TCP (BIT(LISTENER4) | BIT(LISTENER6))
#define UDP           (BIT(UDP4) | BIT(UDP6))
#define DATAGRAMS     (UDP | BIT(UNIX_DATAGRAM))
#define EVERY         (BIT(MADE) - 1)

static int
has(enum made kind)
{
	return (kind != TCP6 && kind != LISTENER6 && kind != UDP6) || sock_has(SOCK_TCP6);
}

static fsock *
make(enum made kind)
{
	static const enum sock_transport transports[] = { SOCK_TCP4, SOCK_TCP6, SOCK_UNIX };
	static const char *const hosts[] = { "127.0.0.1", "::1", "unix" };
	fsock *ends[2];

	if (kind <= UNIX_STREAM) {
		sock_link(transports[kind - TCP4], NULL, ends);
		fsock_close(ends[1]);
		return ends[0];
	}
	if (kind <= UNIX_LISTENER)
		return fsock_listen(sock_place(hosts[kind - LISTENER4]), 0, NULL);
	return fsock_datagram(
	    NULL, 0, &(struct fsock_options){ .local_host = sock_place(hosts[kind - UDP4]) });
}

/* Which sockets have it; what it is at first (NAN: anything); values to set, and to refuse. */
static const struct option {
	const char *name;
	enum fsock_option option;
	unsigned sockets;
	double first;
	double good[4], bad[5]; /* up to the first -7; a count of 4 and 5 at the most */
} options[] = {
	{ "receive timeout", FSOCK_OPTION_RECEIVE_TIMEOUT, STREAMS | DATAGRAMS, INFINITY,
	    { 1.5, INFINITY, 1e-3, -7 }, { -1, -INFINITY, NAN, -7 } },
	{ "send timeout", FSOCK_OPTION_SEND_TIMEOUT, STREAMS | DATAGRAMS, INFINITY,
	    { 1.5, INFINITY, 1e-3, -7 }, { -1, -INFINITY, NAN, -7 } },
	{ "reuse address", FSOCK_OPTION_REUSE_ADDRESS, LISTENERS_TCP | UDP, NAN, { 1, 0, 1, -7 },
	    { 2, -1, 0.5, NAN, -7 } },
	{ "reuse port", FSOCK_OPTION_REUSE_PORT, LISTENERS_TCP | UDP, 0, { 1, 0, 1, -7 },
	    { 2, -1, 0.5, NAN, -7 } },
	{ "IPv6 only", FSOCK_OPTION_IPV6_ONLY, BIT(TCP6) | BIT(LISTENER6) | BIT(UDP6), NAN, { -7 },
	    { 2, NAN, -7 } },
	{ "nodelay", FSOCK_OPTION_TCP_NODELAY, STREAMS_TCP, 1, { 0, 1, -7 }, { 2, -1, NAN, -7 } },
	{ "no delay", FSOCK_OPTION_TCP_NO_DELAY, STREAMS_TCP, 1, { 0, 1, -7 }, { 2, -7 } },
	{ "keepalive", FSOCK_OPTION_TCP_KEEPALIVE, STREAMS_TCP, 0, { 1, 0, -7 }, { 2, -1, -7 } },
	{ "keepalive idle", FSOCK_OPTION_KEEPALIVE_IDLE, STREAMS_TCP, NAN, { 1, 77, -7 },
	    { 0, -1, 1.5, INFINITY, NAN } },
	{ "keepalive interval", FSOCK_OPTION_KEEPALIVE_INTERVAL, STREAMS_TCP, NAN, { 1, 77, -7 },
	    { 0, -1, 1.5, INFINITY, NAN } },
	{ "keepalive count", FSOCK_OPTION_KEEPALIVE_COUNT, STREAMS_TCP, NAN, { 1, 5, -7 },
	    { 0, -1, 1.5, INFINITY, NAN } },
	{ "linger", FSOCK_OPTION_LINGER, STREAMS_TCP, -1, { 5, 0, -1, -7 },
	    { -2, 1.5, 1e9, NAN, -7 } },
	{ "receive buffer", FSOCK_OPTION_RECEIVE_BUFFER, EVERY, NAN, { -7 },
	    { 0, -1, 1.5, 1e10, NAN } },
	{ "send buffer", FSOCK_OPTION_SEND_BUFFER, EVERY, NAN, { -7 }, { 0, -1, 1.5, 1e10, NAN } },
	{ "broadcast", FSOCK_OPTION_BROADCAST, UDP, 0, { 1, 0, -7 }, { 2, -1, NAN, -7 } },
	{ "ttl", FSOCK_OPTION_TTL,
	    EVERY & ~(BIT(UNIX_STREAM) | BIT(UNIX_LISTENER) | BIT(UNIX_DATAGRAM)), NAN,
	    { 1, 255, 64, -7 }, { 0, 256, -1, 1.5, NAN } },
	{ "multicast ttl", FSOCK_OPTION_MULTICAST_TTL, UDP, 1, { 0, 255, 7, -7 },
	    { 256, -1, 1.5, NAN, -7 } },
	{ "multicast loopback", FSOCK_OPTION_MULTICAST_LOOPBACK, UDP, 1, { 0, 1, -7 },
	    { 2, -1, NAN, -7 } },
	{ "multicast interface", FSOCK_OPTION_MULTICAST_INTERFACE, UDP, 0, { 1, 0, -7 },
	    { -1, 0.5, NAN, -7 } },
};

/* It can be read and set where it means something, and only there. */
START_TEST(meaning)
{
	const struct option *o = &options[_i / MADE];
	enum made kind = (enum made)(_i % MADE);
	double value = -77;
	fsock *s;

	if (!has(kind))
		return;
	s = make(kind);
	errno = 0;
	if (o->sockets & BIT(kind)) {
		ck_assert_msg(fsock_get_option(s, o->option, &value) == 0, "%s: %s", o->name,
		    fsock_last_error()->text);
		if (!isnan(o->first))
			ck_assert_msg(value == o->first, "%s is %f", o->name, value);
		for (int i = 0; o->good[i] != -7; i++) {
			ck_assert_msg(fsock_set_option(s, o->option, o->good[i]) == 0, "%s: %s",
			    o->name, fsock_last_error()->text);
			ck_assert_int_eq(fsock_get_option(s, o->option, &value), 0);
			ck_assert_msg(value == o->good[i], "%s %f: %f", o->name, o->good[i], value);
		}
		ck_assert_int_eq(errno, 0);
	} else {
		ck_assert_int_eq(fsock_get_option(s, o->option, &value), -1);
		sock_assert_error(FSOCK_UNIMPLEMENTED, ENOPROTOOPT);
		ck_assert_str_eq(fsock_last_error()->operation, "get option");
		ck_assert_double_eq(value, -77);
		ck_assert_int_eq(fsock_set_option(s, o->option, 1), -1);
		sock_assert_error(FSOCK_UNIMPLEMENTED, ENOPROTOOPT);
		ck_assert_str_eq(fsock_last_error()->operation, "set option");
	}
	fsock_close(s);
}
END_TEST

/* A value that makes no sense is refused, and changes nothing. */
START_TEST(refusing)
{
	const struct option *o = &options[_i / MADE];
	enum made kind = (enum made)(_i % MADE);
	double before, after;
	fsock *s;

	if (!has(kind) || !(o->sockets & BIT(kind)))
		return;
	s = make(kind);
	ck_assert_int_eq(fsock_get_option(s, o->option, &before), 0);
	for (int i = 0; i < 5 && o->bad[i] != -7; i++) {
		ck_assert_msg(fsock_set_option(s, o->option, o->bad[i]) == -1, "%s %f was taken",
		    o->name, o->bad[i]);
		sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
		ck_assert_int_eq(fsock_get_option(s, o->option, &after), 0);
		ck_assert(before == after);
	}
	fsock_close(s);
}
END_TEST

/* The system rounds buffers, and has bounds for them: more is more. */
START_TEST(buffers)
{
	static const enum fsock_option both[] = { FSOCK_OPTION_RECEIVE_BUFFER,
		FSOCK_OPTION_SEND_BUFFER };
	enum fsock_option option = both[_i / MADE];
	double small, large;
	fsock *s;

	if (!has((enum made)(_i % MADE)))
		return;
	s = make((enum made)(_i % MADE));
	ck_assert_int_eq(fsock_set_option(s, option, 10000), 0);
	ck_assert_int_eq(fsock_get_option(s, option, &small), 0);
	ck_assert_double_ge(small, 10000);
	ck_assert_int_eq(fsock_set_option(s, option, 50000), 0);
	ck_assert_int_eq(fsock_get_option(s, option, &large), 0);
	ck_assert_double_ge(large, 50000);
	ck_assert_double_gt(large, small);
	fsock_close(s);
}
END_TEST

/* Options that the system itself says of the descriptor: the same as what we say. */
static const struct system {
	enum fsock_option option;
	int level, name;
	double set;
	int is;
} systems[] = {
	{ FSOCK_OPTION_TCP_KEEPALIVE, SOL_SOCKET, SO_KEEPALIVE, 1, 1 },
	{ FSOCK_OPTION_KEEPALIVE_IDLE, IPPROTO_TCP, FSOCK__TCP_KEEPIDLE, 77, 77 },
	{ FSOCK_OPTION_KEEPALIVE_INTERVAL, IPPROTO_TCP, FSOCK__TCP_KEEPINTVL, 78, 78 },
	{ FSOCK_OPTION_KEEPALIVE_COUNT, IPPROTO_TCP, FSOCK__TCP_KEEPCNT, 5, 5 },
	{ FSOCK_OPTION_TCP_NODELAY, IPPROTO_TCP, TCP_NODELAY, 0, 0 },
	{ FSOCK_OPTION_TTL, IPPROTO_IP, IP_TTL, 9, 9 },
};

START_TEST(set_in_the_system)
{
	const struct system *row = &systems[_i];
	fsock *s = make(TCP4);
	int value = -1;
	socklen_t length = sizeof value;

	ck_assert_int_eq(fsock_set_option(s, row->option, row->set), 0);
	ck_assert_int_eq(getsockopt(fsock_socket(s), row->level, row->name, &value, &length), 0);
	ck_assert_int_eq(value, row->is);
	fsock_close(s);
}
END_TEST

START_TEST(type_and_error)
{
	enum made kind = (enum made)_i;
	double value = -1;
	fsock *s;

	if (!has(kind))
		return;
	s = make(kind);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_TYPE, &value), 0);
	ck_assert_double_eq(value, kind >= UDP4 ? SOCK_DGRAM : SOCK_STREAM);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_ERROR, &value), 0);
	ck_assert_double_eq(value, 0);
	ck_assert_int_eq(fsock_set_option(s, FSOCK_OPTION_TYPE, SOCK_STREAM), -1);
	sock_assert_error(FSOCK_UNIMPLEMENTED, ENOPROTOOPT);
	ck_assert_int_eq(fsock_set_option(s, FSOCK_OPTION_ERROR, 0), -1);
	sock_assert_error(FSOCK_UNIMPLEMENTED, ENOPROTOOPT);
	fsock_close(s);
}
END_TEST

/* A refusal is pending until somebody asks. */
START_TEST(pending_error)
{
	fsock *server = dgram_bound(DGRAM_UDP4, "");
	fsock *client = dgram_connected(DGRAM_UDP4, "", server);
	double value;

	fsock_close(server);
	ck_assert_int_eq(fsock_send(client, "x", 1, NULL), 1);
	sock_await(fsock_socket(client), 0);
	ck_assert_int_eq(fsock_get_option(client, FSOCK_OPTION_ERROR, &value), 0);
	ck_assert_double_eq(value, ECONNREFUSED);
	ck_assert_int_eq(fsock_get_option(client, FSOCK_OPTION_ERROR, &value), 0);
	ck_assert_double_eq(value, 0);
	fsock_close(client);
}
END_TEST

/* IPV6_V6ONLY can be set while the socket is not bound, and then it holds. */
START_TEST(ipv6_only)
{
	struct fsock_addr to;
	double value;
	fsock *s;

	if (!sock_has(SOCK_TCP6))
		return;
	s = fsock_datagram(NULL, 0, NULL);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_IPV6_ONLY, &value), 0);
	ck_assert_double_eq(value, 0);
	ck_assert_int_eq(fsock_set_option(s, FSOCK_OPTION_IPV6_ONLY, 1), 0);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_IPV6_ONLY, &value), 0);
	ck_assert_double_eq(value, 1);
	ck_assert_int_eq(fsock_addr_from_text(&to, "127.0.0.1", 9), 0);
	ck_assert_int_eq(fsock_send(s, "x", 1, &to), -1);
	fsock_close(s);
}
END_TEST

/* A socket for both families has each hop count for both. */
START_TEST(both_families)
{
	static const struct both {
		enum fsock_option option;
		int name4, name6;
	} rows[] = {
		{ FSOCK_OPTION_TTL, IP_TTL, IPV6_UNICAST_HOPS },
		{ FSOCK_OPTION_MULTICAST_TTL, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS },
	};
	fsock *s = fsock_datagram(NULL, 0, NULL);
	int value;
	socklen_t length = sizeof value;

	if (!sock_has(SOCK_TCP6) || !FSOCK_ABSTRACT_NAMES) /* Linux's */
		return;
	ck_assert_int_eq(fsock_set_option(s, rows[_i].option, 33), 0);
	ck_assert_int_eq(
	    getsockopt(fsock_socket(s), IPPROTO_IP, rows[_i].name4, &value, &length), 0);
	ck_assert_int_eq(value, 33);
	ck_assert_int_eq(
	    getsockopt(fsock_socket(s), IPPROTO_IPV6, rows[_i].name6, &value, &length), 0);
	ck_assert_int_eq(value, 33);
	fsock_close(s);
}
END_TEST

/* Octets available: what the FILE holds, what the library holds and what the kernel holds. */
START_TEST(available_stream)
{
	fsock *ends[2];
	double value;
	FILE *in;

	if (!sock_has((enum sock_transport)(_i / 2)))
		return;
	sock_link((enum sock_transport)(_i / 2), &(struct fsock_options){ .timeout = 20 }, ends);
	ck_assert_int_eq(fsock_get_option(ends[0], FSOCK_OPTION_AVAILABLE, &value), 0);
	ck_assert_double_eq(value, 0);
	ck_assert_int_eq(fsock_send(ends[1], "one\ntwo\nthree\n", 14, NULL), 14);
	sock_await(fsock_socket(ends[0]), POLLIN);
	ck_assert_int_eq(fsock_get_option(ends[0], FSOCK_OPTION_AVAILABLE, &value), 0);
	ck_assert_double_eq(value, 14);
	in = _i % 2 ? fsock_input(ends[0]) : fsock_stream(ends[0]);
	ck_assert_int_eq(getc(in), 'o');
	ck_assert_int_eq(fsock_get_option(ends[0], FSOCK_OPTION_AVAILABLE, &value), 0);
	ck_assert_double_eq(value, 13);
	ck_assert_int_eq(fsock_send(ends[1], "four", 4, NULL), 4);
	sock_await(fsock_socket(ends[0]), POLLIN);
	ck_assert_int_eq(fsock_get_option(ends[0], FSOCK_OPTION_AVAILABLE, &value), 0);
	ck_assert_double_eq(value, 17);
	ck_assert_int_eq(getc(in), 'n'); /* asking took nothing */
	ck_assert_int_eq(fsock_set_option(ends[0], FSOCK_OPTION_AVAILABLE, 1), -1);
	sock_assert_error(FSOCK_UNIMPLEMENTED, ENOPROTOOPT);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

#if defined(__linux__) /* elsewhere it is the sum of what waits, addresses included */

START_TEST(available_datagram)
{
	fsock *s = dgram_bound((enum dgram_kind)_i, ""), *client;
	double value;

	client = dgram_connected((enum dgram_kind)_i, "client", s);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_AVAILABLE, &value), 0);
	ck_assert_double_eq(value, 0);
	ck_assert_int_eq(fsock_send(client, "four", 4, NULL), 4);
	ck_assert_int_eq(fsock_send(client, "seven77", 7, NULL), 7);
	sock_await(fsock_socket(s), POLLIN);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_AVAILABLE, &value), 0);
	ck_assert_double_eq(value, 4);
	fsock_close(client);
	fsock_close(s);
}
END_TEST

#endif

START_TEST(not_for_listeners)
{
	fsock *s = make(LISTENER4);
	double value;

	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_AVAILABLE, &value), -1);
	sock_assert_error(FSOCK_UNIMPLEMENTED, ENOPROTOOPT);
	fsock_close(s);
}
END_TEST

/* No such option, no socket, no room for the value, a closed socket. */
START_TEST(wrong)
{
	static const int unknown[] = { 0, -1, FSOCK_OPTION_AVAILABLE + 1, 1000000 };
	fsock *s = make(TCP4);
	double value = 5;

	for (int i = 0; i < COUNT(unknown); i++) {
		ck_assert_int_eq(fsock_get_option(s, (enum fsock_option)unknown[i], &value), -1);
		sock_assert_error(FSOCK_UNIMPLEMENTED, ENOPROTOOPT);
		ck_assert_int_eq(fsock_set_option(s, (enum fsock_option)unknown[i], 1), -1);
		sock_assert_error(FSOCK_UNIMPLEMENTED, ENOPROTOOPT);
	}
	ck_assert_int_eq(fsock_get_option(NULL, FSOCK_OPTION_TTL, &value), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(fsock_set_option(NULL, FSOCK_OPTION_TTL, 1), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_TTL, NULL), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fclose(fsock_stream(s)), 0);
	ck_assert_int_eq(fsock_get_option(s, FSOCK_OPTION_TTL, &value), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	ck_assert_double_eq(value, 5);
	fsock_close(s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("option");
	TCase *tcase = tcase_create("option");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, meaning, 0, COUNT(options) * MADE);
	tcase_add_loop_test(tcase, refusing, 0, COUNT(options) * MADE);
	tcase_add_loop_test(tcase, buffers, 0, 2 * MADE);
	tcase_add_loop_test(tcase, set_in_the_system, 0, COUNT(systems));
	tcase_add_loop_test(tcase, type_and_error, 0, MADE);
	tcase_add_test(tcase, pending_error);
	tcase_add_test(tcase, ipv6_only);
	tcase_add_loop_test(tcase, both_families, 0, 2);
	tcase_add_loop_test(tcase, available_stream, 0, 2 * SOCK_TRANSPORTS);
#if defined(__linux__)
	tcase_add_loop_test(tcase, available_datagram, 0, DGRAM_KINDS);
#endif
	tcase_add_test(tcase, not_for_listeners);
	tcase_add_test(tcase, wrong);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
