/*
 * netcat and socat with UDP and Unix-domain datagrams, as the one that asks and as the one that
 * answers; and Python's sockets in a group with ours.
 */
#include "../../src/base/compat.h"

#include <net/if.h>

#include <stdlib.h>

#include <check.h>

#include <fsock.h>

#include "support/dgram_support.h"
#include "support/peer.h"

enum { TURNS = 100 };

/* A program that sends to us at $HOST $PORT, or that receives there and says so. */
static const struct relay {
	const char *program, *host, *command, *ready;
} relays[] = {
	{ "nc", "127.0.0.1", "nc -u $HOST $PORT", NULL },
	{ "nc", "127.0.0.1", "nc -ulv $HOST $PORT", "Bound on" },
	{ "nc", "::1", "nc -u $HOST $PORT", NULL },
	{ "nc", "::1", "nc -ulv $HOST $PORT", "Bound on" },
	{ "nc", "path", "nc -uU $HOST", NULL },
	{ "nc", "path", "nc -ulvU $HOST", "Bound on" },
	{ "socat", "127.0.0.1", "socat - UDP4:$HOST:$PORT", NULL },
	{ "socat", "127.0.0.1", "socat -dd - UDP4-LISTEN:$PORT,bind=$HOST", "listening on" },
	{ "socat", "::1", "socat - UDP6:[$HOST]:$PORT", NULL },
	{ "socat", "::1", "socat -dd - UDP6-LISTEN:$PORT,bind=[$HOST]", "listening on" },
	{ "socat", "path", "socat - UNIX-SENDTO:$HOST,bind=$DIR/theirs", NULL },
	{ "socat", "path", "socat -dd - UNIX-RECVFROM:$HOST", "receiving on" },
#if defined(__linux__)
	{ "socat", "@", "socat - ABSTRACT-SENDTO:${HOST#@},bind=${HOST#@}-theirs", NULL },
#endif
};

static const struct fsock_options *
bound_to(const char *host)
{
	static struct fsock_options options;

	options = (struct fsock_options){ .local_host = host, .timeout = 20 };
	return &options;
}

/* A port that is free now: the programs do not all tell which one they took. */
static int
free_port(const char *host)
{
	fsock *s = fsock_datagram(NULL, 0, bound_to(host));
	int port = fsock_local_port(s);

	ck_assert_int_ge(port, 0);
	fsock_close(s);
	return port;
}

/* Our socket, the program having been started: bound where it sends to, or connected to it. */
static fsock *
meet(const struct relay *r, struct peer *p)
{
	const char *host = strcmp(r->host, "path") == 0 ? peer_path("socket")
			   : r->host[0] == '@'          ? dgram_host(DGRAM_ABSTRACT, "ours")
							: r->host;
	int is_ip = host == r->host, port;
	char command[128];
	fsock *s;

	if (peer_is_missing(r->program) || peer_cannot_use(host))
		return NULL;
	snprintf(command, sizeof command, "exec %s", r->command);
	if (r->ready != NULL) {
		port = is_ip ? free_port(host) : 0;
		peer_start(p, command, host, port);
		peer_await(p->log, r->ready);
		s = fsock_datagram(host, port, bound_to(is_ip ? host : peer_path("ours")));
	} else {
		s = fsock_datagram(NULL, 0, bound_to(host));
		ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
		peer_start(p, command, host, is_ip ? fsock_local_port(s) : 0);
	}
	ck_assert_msg(s != NULL, "%s: %s", r->command, fsock_last_error()->text);
	return s;
}

/* What the program says next is the text; what it is told, it sends. */
static void
expect_from(struct peer *p, const char *text)
{
	char line[64];

	ck_assert_ptr_nonnull(fgets(line, sizeof line, p->from));
	ck_assert_str_eq(line, text);
}

START_TEST(talk)
{
	const struct relay *r = &relays[_i];
	struct fsock_addr theirs = { .length = 0 };
	struct peer p;
	char text[64], buf[64];
	fsock *s = meet(r, &p);

	if (s == NULL)
		return;
	for (int i = 0; i < TURNS; i++) {
		int n = snprintf(text, sizeof text, "question %d\n", i);

		if (r->ready != NULL) {
			ck_assert_msg(fsock_send(s, text, (size_t)n, NULL) == n, "%s",
			    fsock_last_error()->text);
			expect_from(&p, text);
			fputs(text, p.to);
			dgram_expect(s, text, NULL);
			if (strstr(r->command, "RECVFROM") != NULL)
				break; /* that one is for a single question */
		} else {
			fputs(text, p.to);
			ck_assert_msg(fsock_receive(s, buf, sizeof buf, &theirs) == n, "%s",
			    fsock_last_error()->text);
			ck_assert_mem_eq(buf, text, (size_t)n);
			ck_assert_int_eq(fsock_send(s, text, (size_t)n, &theirs), n);
			expect_from(&p, text);
		}
	}
	peer_kill(&p);
	fsock_close(s);
}
END_TEST

/*
 * A server on all addresses, asked at two of them by programs that hear no answer that comes from
 * another one.
 */
static const struct asker {
	const char *program, *command, *host, *bound;
} askers[] = {
	{ "nc", "nc -u $HOST $PORT", "127.0.0.1", "0.0.0.0" },
	{ "nc", "nc -u $HOST $PORT", "::1", "::" },
	{ "socat", "socat - UDP4:$HOST:$PORT", "127.0.0.1", "::" },
#if defined(__linux__)
	{ "nc", "nc -u $HOST $PORT", "127.0.0.2", "0.0.0.0" },
	{ "nc", "nc -u $HOST $PORT", "127.0.0.2", "::" },
	{ "socat", "socat - UDP4:$HOST:$PORT", "127.0.0.3", "0.0.0.0" },
#endif
};

START_TEST(asked_anywhere)
{
	const struct asker *a = &askers[_i];
	char command[64], room[64];
	struct peer p;
	fsock *s;

	if (peer_is_missing(a->program) || peer_cannot_use(a->host) || peer_cannot_use(a->bound))
		return;
	s = fsock_datagram(NULL, 0, bound_to(a->bound));
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	snprintf(command, sizeof command, "exec %s", a->command);
	peer_start(&p, command, a->host, fsock_local_port(s));
	for (int i = 0; i < TURNS; i++) {
		struct fsock_message m = { .data = room, .size = sizeof room };

		fprintf(p.to, "question %d\n", i);
		ck_assert_msg(fsock_receive_many(s, &m, 1) == 1, "%s", fsock_last_error()->text);
		memcpy(room, "answered", 8);
		m.size = m.length;
		ck_assert_msg(fsock_send_many(s, &m, 1) == 1, "%s", fsock_last_error()->text);
		snprintf(room, sizeof room, "answered %d\n", i);
		expect_from(&p, room);
	}
	peer_kill(&p);
	fsock_close(s);
}
END_TEST

/* A program that has ended is told of, once it is spoken to. */
START_TEST(gone)
{
	struct peer p;
	char buf[8];
	fsock *s = meet(&relays[1], &p);

	if (s == NULL)
		return;
	ck_assert_int_eq(fsock_send(s, "hello\n", 6, NULL), 6);
	expect_from(&p, "hello\n");
	peer_kill(&p);
	ck_assert_int_eq(fsock_send(s, "hello\n", 6, NULL), 6);
	ck_assert_int_eq(fsock_receive(s, buf, sizeof buf, NULL), -1);
	sock_assert_error(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED);
	fsock_close(s);
}
END_TEST

/*
 * In a group: Python joins, says its port, prints what it hears, and says to the group, at the port
 * it is told, what it is told.
 */
static const char member[] =
    "import os, socket, struct, sys\n"
    "group, index = os.environ['GROUP'], socket.if_nametoindex(os.environ['INTERFACE'])\n"
    "if ':' in group:\n"
    "    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n"
    "    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,\n"
    "        socket.inet_pton(socket.AF_INET6, group) + struct.pack('@I', index))\n"
    "    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)\n"
    "    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 0)\n"
    "else:\n"
    "    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    "    mreqn = struct.pack('4s4sI', socket.inet_aton(group), b'\\0' * 4, index)\n"
    "    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, mreqn)\n"
    "    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, mreqn)\n"
    "    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)\n"
    "s.bind(('', 0))\n"
    "print('port', s.getsockname()[1], flush=True)\n"
    "print(s.recv(100).decode(), flush=True)\n"
    "port = int(sys.stdin.readline())\n"
    "s.sendto(b'from python', (group, port))\n";

static const struct group {
	const char *address;
	enum fsock_family family;
} groups[] = {
	{ "239.255.77.9", FSOCK_IPV4_ONLY },
	{ "239.255.77.10", FSOCK_ANY_FAMILY },
	{ "ff12::7709", FSOCK_IPV6_ONLY },
	{ "ff12::770a", FSOCK_ANY_FAMILY },
};

START_TEST(with_python)
{
	const struct group *g = &groups[_i];
	const char *interface_name;
	struct fsock_addr to;
	struct peer p;
	fsock *s;

	if (peer_is_missing("python3") ||
	    (interface_name = dgram_interface(g->address, g->family, 1)) == NULL)
		return;
	setenv("GROUP", g->address, 1);
	setenv("INTERFACE", interface_name, 1);
	setenv("MEMBER", member, 1);
	s = fsock_datagram(NULL, 0,
	    &(struct fsock_options){ .family = g->family,
		.local_host = g->family == FSOCK_IPV4_ONLY ? "0.0.0.0" : "::",
		.timeout = 20 });
	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(fsock_multicast_interface(s, interface_name), 0);
	ck_assert_int_eq(fsock_multicast_join(s, g->address, interface_name), 0);
	ck_assert_int_eq(fsock_set_option(s, FSOCK_OPTION_MULTICAST_TTL, 0), 0);
	peer_start(&p, "exec python3 -c \"$MEMBER\"", "", 0);
	ck_assert_int_eq(
	    fsock_addr_from_text(&to, g->address, peer_last_number(peer_await(p.from, "port"))), 0);
	ck_assert_int_eq(fsock_send(s, "from fsock", 10, &to), 10);
	expect_from(&p, "from fsock\n");
	fprintf(p.to, "%d\n", fsock_local_port(s));
	dgram_expect(s, "from python", NULL);
	ck_assert_int_eq(peer_end(&p), 0);
	fsock_close(s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("datagram peers");
	TCase *tcase = tcase_create("datagram peers");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, peer_make_directory, peer_remove_directory);
	tcase_add_loop_test(tcase, talk, 0, COUNT(relays));
	tcase_add_loop_test(tcase, asked_anywhere, 0, COUNT(askers));
	tcase_add_test(tcase, gone);
	tcase_add_loop_test(tcase, with_python, 0, COUNT(groups));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
