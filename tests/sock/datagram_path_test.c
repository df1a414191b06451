/*
 * Where a datagram went to, and where an answer comes from: by both ways to make the system calls,
 * and by the public ones.
 */
#include "../../src/base/compat.h"

#include <net/if.h>

#include <unistd.h>

#include "sock/datagram.h"
#include "sock/datagram_path.h"
#include "../support/dgram_support.h"

static const struct fsock__datagram_ops *const ops[] = {
	&fsock__datagram_loop,
#if defined(__linux__)
	&fsock__datagram_mmsg,
#endif
};

static fsock *
open_socket(const struct fsock_options *options)
{
	struct fsock_options own = *options;
	fsock *s;

	own.timeout = 20;
	s = fsock_datagram(NULL, 0, &own);
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	return s;
}

/* A client connected to a port of an address, or NULL where the machine lacks the address. */
static fsock *
client_of(fsock *server, const char *host)
{
	fsock *s = fsock_datagram(
	    host, fsock_local_port(server), &(struct fsock_options){ .timeout = 20 });

	if (s == NULL)
		fprintf(stderr, "passed over: %s\n", fsock_last_error()->text);
	return s;
}

static const char *
text_of(const struct fsock_addr *addr)
{
	static char text[2][FSOCK_ADDR_TEXT_SIZE];
	static unsigned turn;

	return fsock_addr_host(addr, text[turn++ % 2], FSOCK_ADDR_TEXT_SIZE);
}

/* ---- Answers come from where the question went to */

static const struct asked {
	struct fsock_options options; /* of the server */
	int family;
	const char *host;
} asked[] = {
	{ { .local_host = "0.0.0.0" }, AF_INET, "127.0.0.1" },
	{ { .local_host = "0.0.0.0" }, AF_INET, "127.0.0.2" },
	{ { .local_host = "::" }, AF_INET6, "::1" },
	{ { .local_host = "::" }, AF_INET6, "127.0.0.1" },
	{ { .local_host = "::" }, AF_INET6, "127.0.0.2" },
	{ { .local_host = "::", .family = FSOCK_IPV6_ONLY, .dual_stack = FSOCK_OFF }, AF_INET6,
	    "::1" },
	{ { .local_host = "127.0.0.2", .receive_destination = FSOCK_ON }, AF_INET, "127.0.0.2" },
	{ { .local_host = "::1", .receive_destination = FSOCK_ON }, AF_INET6, "::1" },
};

static int
needs_ipv6(const struct asked *row)
{
	return row->family == AF_INET6;
}

START_TEST(answered)
{
	const struct fsock__datagram_ops *op = ops[_i / COUNT(asked)];
	const struct asked *row = &asked[_i % COUNT(asked)];
	struct fsock_message m[2];
	char room[2][16];
	fsock *server, *client;
	int flags = 0;

	if (needs_ipv6(row) && !sock_has(SOCK_TCP6))
		return;
	server = open_socket(&row->options);
	client = client_of(server, row->host);
	if (client == NULL)
		return;
	for (int turn = 0; turn < 3; turn++) {
		memset(m, 0xff, sizeof m); /* all is set */
		for (int i = 0; i < 2; i++) {
			m[i].data = room[i];
			m[i].size = sizeof room[i];
		}
		ck_assert_int_eq(fsock_send(client, "question", 8, NULL), 8);
		ck_assert_int_eq(op->receive_many(fsock_socket(server), 1, m, 1, &flags), 1);
		ck_assert_uint_eq(m[0].length, 8);
		ck_assert_str_eq(text_of(&m[0].local), row->host);
		ck_assert_int_eq(fsock_addr_port(&m[0].local), 0);
		ck_assert_uint_eq(m[0].group.length, 0);
		if (FSOCK__IP_DESTINATION == FSOCK__IP_SOURCE)
			ck_assert_uint_ne(m[0].interface_number, 0);
		m[0].size = 3;
		m[1] = m[0];
		ck_assert_int_eq(op->send_many(fsock_socket(server), row->family, m, 2, &flags), 2);
		dgram_expect(client, "que", NULL);
		dgram_expect(client, "que", NULL);
	}
	fsock_close(client);
	fsock_close(server);
}
END_TEST

/* A server in a program: the batch that was received is the batch of answers. */
START_TEST(answered_in_batches)
{
	static const char *const hosts[] = { "127.0.0.1", "127.0.0.2", "127.0.0.3", "::1" };
	struct fsock_message m[COUNT(hosts)];
	fsock *server = open_socket(&(struct fsock_options){ .local_host = "::" });
	fsock *clients[COUNT(hosts)];
	char room[COUNT(hosts)][16];
	int n = 0;

	for (int i = 0; i < COUNT(hosts); i++)
		if (strchr(hosts[i], ':') == NULL || sock_has(SOCK_TCP6)) {
			clients[n] = client_of(server, hosts[i]);
			if (clients[n] != NULL)
				n++;
		}
	for (int i = 0; i < n; i++) {
		ck_assert_int_eq(fsock_send(clients[i], "hello", 5, NULL), 5);
		m[i] = (struct fsock_message){ .data = room[i], .size = 5 };
	}
	dgram_settle();
	ck_assert_int_eq(fsock_receive_many(server, m, (size_t)n), n);
	ck_assert_int_eq(fsock_send_many(server, m, (size_t)n), n);
	for (int i = 0; i < n; i++) {
		dgram_expect(clients[i], "hello", NULL);
		fsock_close(clients[i]);
	}
	fsock_close(server);
}
END_TEST

/* ---- Which sockets tell */

static const struct teller {
	const char *local_host;
	enum fsock_switch option;
	int is_adopted, tells;
} tellers[] = {
	{ "0.0.0.0", FSOCK_DEFAULT, 0, 1 },
	{ "0.0.0.0", FSOCK_ON, 0, 1 },
	{ "0.0.0.0", FSOCK_OFF, 0, 0 },
	{ "127.0.0.1", FSOCK_DEFAULT, 0, 0 },
	{ "127.0.0.1", FSOCK_ON, 0, 1 },
	{ "127.0.0.1", FSOCK_OFF, 0, 0 },
	{ "::", FSOCK_DEFAULT, 0, 1 },
	{ "::", FSOCK_OFF, 0, 0 },
	{ "::1", FSOCK_DEFAULT, 0, 0 },
	{ "::1", FSOCK_ON, 0, 1 },
	{ "0.0.0.0", FSOCK_DEFAULT, 1, 1 },
	{ "0.0.0.0", FSOCK_OFF, 1, 0 },
	{ "127.0.0.1", FSOCK_DEFAULT, 1, 0 },
	{ "127.0.0.1", FSOCK_ON, 1, 1 },
	{ "::", FSOCK_DEFAULT, 1, 1 },
};

/* Gives the descriptor to another handle. */
static fsock *
readopt(fsock *s, enum fsock_switch option)
{
	int fd = fsock_release(s, NULL, 0, NULL);

	ck_assert_int_ge(fd, 0);
	s = fsock_adopt(
	    fd, &(struct fsock_options){ .timeout = 20, .receive_destination = option });
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	return s;
}

START_TEST(told_or_not)
{
	const struct teller *row = &tellers[_i];
	struct fsock_options options = { .local_host = row->local_host,
		.receive_destination = row->is_adopted ? FSOCK_OFF : row->option };
	const char *host = strchr(row->local_host, ':') != NULL ? "::1" : "127.0.0.1";
	char room[8];
	struct fsock_message m = { .data = room, .size = sizeof room };
	fsock *s, *client;

	if (host[0] == ':' && !sock_has(SOCK_TCP6))
		return;
	s = open_socket(&options);
	if (row->is_adopted)
		s = readopt(s, row->option);
	client = client_of(s, host);
	ck_assert_ptr_nonnull(client);
	memset(&m.local, 0xff, sizeof m.local);
	m.group = m.local;
	m.interface_number = 77777;
	ck_assert_int_eq(fsock_send(client, "x", 1, NULL), 1);
	errno = 0;
	ck_assert_int_eq(fsock_receive_many(s, &m, 1), 1);
	ck_assert_int_eq(errno, 0);
	ck_assert_str_eq(m.local.length == 0 ? "" : text_of(&m.local), row->tells ? host : "");
	ck_assert_uint_eq(m.group.length, 0);
	ck_assert_uint_ne(m.interface_number, 77777);
	fsock_close(client);
	fsock_close(s);
}
END_TEST

/* One that is connected is known to its peer; asked to, it tells all the same. */
START_TEST(connected)
{
	fsock *other = dgram_bound(DGRAM_UDP4, "");
	struct fsock_options options = { .timeout = 20,
		.local_host = "0.0.0.0",
		.receive_destination = _i ? FSOCK_ON : FSOCK_DEFAULT };
	fsock *s = fsock_datagram("127.0.0.1", fsock_local_port(other), &options);
	struct fsock_addr to = dgram_addr(s);
	char room[8];
	struct fsock_message m = { .data = room, .size = sizeof room };

	ck_assert_int_eq(fsock_send(other, "x", 1, &to), 1);
	ck_assert_int_eq(fsock_receive_many(s, &m, 1), 1);
	ck_assert_str_eq(text_of(&m.local), _i ? "127.0.0.1" : "");
	m.size = 1;
	m.peer.length = 0;
	ck_assert_int_eq(fsock_send_many(s, &m, 1), 1);
	dgram_expect(other, "x", s);
	fsock_close(s);
	fsock_close(other);
}
END_TEST

/* ---- Sources that cannot be had */

static const struct source {
	enum dgram_kind kind;
	const char *local;
	int errors[3]; /* any of which it may be; 0: it is sent */
} sources[] = {
	{ DGRAM_UDP4, "127.0.0.1", { 0 } },
	{ DGRAM_UDP4, "0.0.0.0", { 0 } },
	{ DGRAM_UDP4, "192.0.2.77", { EINVAL, EADDRNOTAVAIL, ENETUNREACH } },
	{ DGRAM_UDP4, "239.1.2.3", { EINVAL, EADDRNOTAVAIL, ENETUNREACH } },
	{ DGRAM_UDP4, "::1", { EAFNOSUPPORT } },
	{ DGRAM_UDP4, "/a/path", { EAFNOSUPPORT } },
	{ DGRAM_UDP6, "::1", { 0 } },
	{ DGRAM_UDP6, "::", { 0 } },
	{ DGRAM_UDP6, "2001:db8::77", { EINVAL, EADDRNOTAVAIL, ENETUNREACH } },
	{ DGRAM_UDP6, "ff12::1", { EINVAL, EADDRNOTAVAIL, ENETUNREACH } },
	{ DGRAM_UDP6, "/a/path", { EAFNOSUPPORT } },
	{ DGRAM_UNIX, "127.0.0.1", { EAFNOSUPPORT } },
	{ DGRAM_UNIX, "/a/path", { EAFNOSUPPORT } },
};

static int
may_be(const struct source *row, int error)
{
	return error != 0 &&
	       (error == row->errors[0] || error == row->errors[1] || error == row->errors[2]);
}

/* By each of the ways: the batch ends before the one that cannot be sent. */
START_TEST(refused)
{
	const struct fsock__datagram_ops *op = ops[_i / COUNT(sources)];
	const struct source *row = &sources[_i % COUNT(sources)];
	fsock *receiver, *sender;
	struct fsock_message m[3];
	struct fsock_addr local;
	int is_sent = row->errors[0] == 0, family, flags = MSG_DONTWAIT, fd;

	if (!dgram_has(row->kind))
		return;
	receiver = dgram_bound(row->kind, "receiver");
	sender = dgram_bound(row->kind, "sender");
	fd = fsock_socket(sender);
	ck_assert_int_eq(fsock_addr_from_text(&local, row->local, 0), 0);
	for (int i = 0; i < 3; i++)
		m[i] =
		    (struct fsock_message){ .data = "x", .size = 1, .peer = dgram_addr(receiver) };
	family = fsock_addr_family(&m[0].peer);
	m[1].local = local;
	errno = 0;
	ck_assert_int_eq(op->send_many(fd, family, m, 3, &flags), is_sent ? 3 : 1);
	ck_assert_int_eq(op->send_many(fd, family, m + 1, 1, &flags), is_sent ? 1 : -1);
	ck_assert_msg(is_sent || may_be(row, errno), "%s", strerror(errno));
	ck_assert_int_eq(fsock_send_many(sender, m + 1, 2), is_sent ? 2 : -1);
	if (!is_sent) {
		ck_assert(may_be(row, fsock_last_error()->errnum));
		ck_assert_str_eq(fsock_last_error()->operation, "send");
	}
	fsock_close(sender);
	fsock_close(receiver);
}
END_TEST

/* ---- Groups and broadcasts are told, and not answered from */

START_TEST(sent_to_group)
{
	const char *group = _i % 2 ? "ff12::77:3" : "239.255.77.3";
	enum fsock_family family = _i % 2 ? FSOCK_IPV6_ONLY : FSOCK_IPV4_ONLY;
	const char *name = dgram_interface(group, family, 1);
	char room[8];
	struct fsock_message m = { .data = room, .size = sizeof room };
	struct fsock_addr to;
	fsock *s, *sender;

	if (name == NULL)
		return;
	s = open_socket(
	    &(struct fsock_options){ .local_host = _i % 2 ? "::" : "0.0.0.0", .family = family });
	sender = open_socket(&(struct fsock_options){ .family = family });
	ck_assert_int_eq(fsock_multicast_join(s, group, name), 0);
	ck_assert_int_eq(fsock_multicast_interface(sender, name), 0);
	ck_assert_int_eq(fsock_set_option(sender, FSOCK_OPTION_MULTICAST_TTL, 0), 0);
	ck_assert_int_eq(fsock_addr_from_text(&to, group, fsock_local_port(s)), 0);
	ck_assert_int_eq(fsock_send(sender, "x", 1, &to), 1);
	ck_assert_int_eq(fsock_receive_many(s, &m, 1), 1);
	to.as.in6.sin6_scope_id = _i % 2 ? m.group.as.in6.sin6_scope_id : 0;
	fsock_addr_set_port(&to, 0);
	if (_i % 2 == 0)
		fsock_addr_from_text(&to, group, 0);
	ck_assert(fsock_addr_equal(&m.group, &to));
	ck_assert(!fsock_addr_equal(&m.local, &m.group));
	ck_assert_uint_eq(m.interface_number, if_nametoindex(name));
	m.size = 1;
	ck_assert_int_eq(fsock_send_many(s, &m, 1), 1);
	dgram_expect(sender, "x", NULL);
	fsock_close(sender);
	fsock_close(s);
}
END_TEST

#if defined(__linux__)
START_TEST(broadcast)
{
	fsock *s = open_socket(&(struct fsock_options){ .local_host = _i ? "::" : "0.0.0.0" });
	fsock *sender = open_socket(
	    &(struct fsock_options){ .broadcast = FSOCK_ON, .family = FSOCK_IPV4_ONLY });
	char room[8];
	struct fsock_message m = { .data = room, .size = sizeof room };
	struct fsock_addr to;

	ck_assert_int_eq(fsock_addr_from_text(&to, "127.255.255.255", fsock_local_port(s)), 0);
	if (fsock_send(sender, "x", 1, &to) != 1) {
		fprintf(stderr, "passed over: %s\n", fsock_last_error()->text);
		return;
	}
	ck_assert_int_eq(fsock_receive_many(s, &m, 1), 1);
	ck_assert_str_eq(text_of(&m.group), "127.255.255.255");
	ck_assert_str_eq(text_of(&m.local), "127.0.0.1");
	m.size = 1;
	ck_assert_int_eq(fsock_send_many(s, &m, 1), 1);
	dgram_expect(sender, "x", NULL);
	fsock_close(sender);
	fsock_close(s);
}
END_TEST
#endif

/* ---- Control data as it may come */

/* A message header whose control data is `n` octets of this message and then nonsense. */
static struct msghdr
header_of(union fsock__datagram_control *control, int level, int type, size_t n)
{
	struct msghdr header = { .msg_control = control, .msg_controllen = n };

	struct cmsghdr *c = (struct cmsghdr *)control;

	memset(control, 0x41, sizeof *control);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = n;
	return header;
}

static const struct control {
	int level, type;
	size_t n;
	int is_read;
} controls[] = {
	{ IPPROTO_IPV6, IPV6_PKTINFO, CMSG_LEN(sizeof(struct in6_pktinfo)), 1 },
	{ IPPROTO_IPV6, IPV6_PKTINFO, CMSG_LEN(sizeof(struct in6_pktinfo)) - 1, 0 },
	{ IPPROTO_IPV6, IPV6_PKTINFO, CMSG_LEN(4), 0 },
	{ IPPROTO_IPV6, IPV6_PKTINFO, CMSG_LEN(0), 0 },
	{ IPPROTO_IP, FSOCK__IP_DESTINATION, CMSG_LEN(sizeof(fsock__ip_path)), 1 },
	{ IPPROTO_IP, FSOCK__IP_DESTINATION, CMSG_LEN(sizeof(fsock__ip_path)) - 1, 0 },
	{ IPPROTO_IP, FSOCK__IP_DESTINATION, CMSG_LEN(0), 0 },
	{ IPPROTO_IP, IP_TTL, CMSG_LEN(4), 0 },
	{ SOL_SOCKET, SCM_RIGHTS, CMSG_LEN(sizeof(struct in6_pktinfo)), 0 },
	{ 0x41, 0x41, CMSG_LEN(8), 0 },
};

START_TEST(control_data)
{
	const struct control *row = &controls[_i];
	union fsock__datagram_control control;
	struct msghdr header = header_of(&control, row->level, row->type, row->n);
	struct fsock_message m;

	memset(&m, 0xff, sizeof m);
	fsock__datagram_path_read(&header, &m);
	ck_assert_int_eq(m.local.length + m.group.length > 0, row->is_read);
	ck_assert_int_eq(m.interface_number == 0x41414141, row->is_read);
}
END_TEST

/* None; less than a header; and a header that says that it is longer or shorter than it can be. */
START_TEST(no_control_data)
{
	union fsock__datagram_control control;
	struct msghdr header = header_of(
	    &control, IPPROTO_IP, FSOCK__IP_DESTINATION, CMSG_LEN(sizeof(fsock__ip_path)));
	struct fsock_message m;

	if (_i == 0)
		header = (struct msghdr){ .msg_control = NULL };
	if (_i == 1)
		header.msg_controllen = sizeof(struct cmsghdr) - 1;
	if (_i == 2)
		((struct cmsghdr *)&control)->cmsg_len = 1;
	memset(&m, 0xff, sizeof m);
	fsock__datagram_path_read(&header, &m);
	ck_assert_uint_eq(m.local.length, 0);
	ck_assert_uint_eq(m.group.length, 0);
	ck_assert_uint_eq(m.interface_number, 0);
}
END_TEST

/* An address of one link is the link's, whatever is asked for as the source. */
START_TEST(link_local)
{
	union fsock__datagram_control control;
	struct msghdr header = { .msg_control = NULL };
	struct fsock_message m;
	struct fsock_addr local;

	ck_assert_int_eq(fsock_addr_from_text(&local, _i ? "2001:db8::1" : "fe80::1%7", 0), 0);
	ck_assert_int_eq(fsock__datagram_path_write(&header, &control, AF_INET6, &local), 0);
	fsock__datagram_path_read(&header, &m);
	ck_assert(fsock_addr_equal(&m.local, &local));
	ck_assert_uint_eq(m.interface_number, _i ? 0 : 7);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("path");
	TCase *tcase = tcase_create("path");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, answered, 0, COUNT(ops) * COUNT(asked));
	tcase_add_test(tcase, answered_in_batches);
	tcase_add_loop_test(tcase, told_or_not, 0, COUNT(tellers));
	tcase_add_loop_test(tcase, connected, 0, 2);
	tcase_add_loop_test(tcase, refused, 0, COUNT(ops) * COUNT(sources));
	tcase_add_loop_test(tcase, sent_to_group, 0, 2);
#if defined(__linux__)
	tcase_add_loop_test(tcase, broadcast, 0, 2);
#endif
	tcase_add_loop_test(tcase, control_data, 0, COUNT(controls));
	tcase_add_loop_test(tcase, no_control_data, 0, 3);
	tcase_add_loop_test(tcase, link_local, 0, 2);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
