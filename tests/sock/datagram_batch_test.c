/* Batches of datagrams: by the public calls, and both ways to make the system calls. */
#include "../../src/base/compat.h"

#include <stdlib.h>
#include <unistd.h>

#include "sock/datagram.h"
#include "../support/dgram_support.h"

enum { MOST = 200, ROOM = 32 };

/* The i-th datagram: its number as text, cut or filled to a length that varies, 0 among them. */
static size_t
content(size_t i, char text[ROOM * 2])
{
	size_t length = i * 7 % 40;

	memset(text, 'a' + (int)(i % 26), ROOM * 2);
	snprintf(text, ROOM, "%zu", i);
	return length;
}

/* A thread that sends a batch, and how that went. */
struct sender {
	struct sock_thread thread;
	fsock *s;
	struct fsock_addr to;
	size_t count, sent;
};

static void
send_batch(void *arg)
{
	static struct fsock_message messages[MOST];
	static char texts[MOST][ROOM * 2];
	struct sender *sender = arg;

	for (size_t i = 0; i < sender->count; i++)
		messages[i] = (struct fsock_message){
			.data = texts[i], .size = content(i, texts[i]), .peer = sender->to
		};
	while (sender->sent < sender->count) {
		ssize_t r = fsock_send_many(
		    sender->s, messages + sender->sent, sender->count - sender->sent);

		if (r <= 0)
			break;
		sender->sent += (size_t)r;
	}
}

/* Checks what was received as the datagrams from the first-th on. */
static void
check(const struct fsock_message *messages, size_t n, size_t first, const struct fsock_addr *from)
{
	char text[ROOM * 2];

	for (size_t i = 0; i < n; i++) {
		size_t length = content(first + i, text);

		ck_assert_uint_eq(messages[i].length, length);
		ck_assert(fsock_addr_equal(&messages[i].peer, from));
		ck_assert_mem_eq(messages[i].data, text, length < ROOM ? length : ROOM);
	}
}

static const size_t counts[] = { 1, 2, 63, 64, 65, 128, MOST };

/* All arrive, in order, with lengths and sender; what is longer than the room is cut. */
START_TEST(batch)
{
	static struct fsock_message messages[MOST];
	static char rooms[MOST][ROOM];
	int connects = _i % 2;
	enum dgram_kind kind = (enum dgram_kind)(_i / 2 / COUNT(counts));
	struct sender sender = { .count = counts[_i / 2 % COUNT(counts)] };
	struct fsock_addr from;
	fsock *receiver;
	size_t got = 0;

	if (!dgram_has(kind))
		return;
	receiver = dgram_bound(kind, "receiver");
	sender.s =
	    connects ? dgram_connected(kind, "sender", receiver) : dgram_bound(kind, "sender");
	if (!connects)
		sender.to = dgram_addr(receiver);
	from = dgram_addr(sender.s);
	for (size_t i = 0; i < MOST; i++)
		messages[i] = (struct fsock_message){ .data = rooms[i], .size = ROOM };
	sock_thread_start(&sender.thread, send_batch, &sender);
	while (got < sender.count) {
		ssize_t r;

		errno = 0;
		r = fsock_receive_many(receiver, messages, MOST);
		ck_assert_msg(r > 0, "%s", fsock_last_error()->text);
		ck_assert_int_eq(errno, 0);
		check(messages, (size_t)r, got, &from);
		got += (size_t)r;
	}
	sock_thread_join(&sender.thread);
	ck_assert_uint_eq(sender.sent, sender.count);
	ck_assert_uint_eq(got, sender.count);
	fsock_close(sender.s);
	fsock_close(receiver);
}
END_TEST

/* What is there already is taken in one call, however many batches it is, and never more. */
START_TEST(taken_at_once)
{
	static struct fsock_message messages[MOST];
	struct sender sender = { .count = MOST };
	fsock *receiver = dgram_bound(DGRAM_UDP4, "");

	for (size_t i = 0; i < MOST; i++)
		messages[i] = (struct fsock_message){ .data = NULL, .size = 0 };
	sender.s = dgram_connected(DGRAM_UDP4, "", receiver);
	send_batch(&sender);
	ck_assert_uint_eq(sender.sent, MOST);
	dgram_settle();
	ck_assert_int_eq(fsock_receive_many(receiver, messages, 130), 130);
	ck_assert_int_eq(fsock_receive_many(receiver, messages, MOST), MOST - 130);
	fsock_close(sender.s);
	fsock_close(receiver);
}
END_TEST

/* A socket for both families sends each datagram of a batch where it goes. */
START_TEST(both_families)
{
	fsock *four = dgram_bound(DGRAM_UDP4, ""), *six, *both;
	struct fsock_message messages[4], in[2];
	char room[2][4];

	if (!sock_has(SOCK_TCP6))
		return;
	six = dgram_bound(DGRAM_UDP6, "");
	both = fsock_datagram(NULL, 0, &(struct fsock_options){ .timeout = 20 });
	for (int i = 0; i < 4; i++)
		messages[i] = (struct fsock_message){ .data = i % 2 ? "six" : "four",
			.size = i % 2 ? 3 : 4,
			.peer = dgram_addr(i % 2 ? six : four) };
	ck_assert_int_eq(fsock_send_many(both, messages, 4), 4);
	for (int i = 0; i < 4; i++)
		dgram_expect(i % 2 ? six : four, i % 2 ? "six" : "four", NULL);
	for (int i = 0; i < 2; i++) {
		struct fsock_addr to = dgram_addr(both);

		ck_assert_int_eq(
		    fsock_addr_from_text(&to, i ? "::1" : "127.0.0.1", fsock_local_port(both)), 0);
		ck_assert_int_eq(fsock_send(i ? six : four, "x", 1, &to), 1);
		in[i] = (struct fsock_message){ .data = room[i], .size = sizeof room[i] };
	}
	dgram_settle();
	ck_assert_int_eq(fsock_receive_many(both, in, 2), 2);
	ck_assert_int_eq(fsock_addr_family(&in[0].peer), AF_INET);
	ck_assert_int_eq(fsock_addr_family(&in[1].peer), AF_INET6);
	fsock_close(both);
	fsock_close(six);
	fsock_close(four);
}
END_TEST

/* One that cannot be sent ends the batch before it; sending the rest tells why. */
START_TEST(stops_at_bad_one)
{
	static char data[FSOCK_MAX_DATAGRAM_PACKET_SIZE + 1];
	struct fsock_message messages[100];
	fsock *receiver = dgram_bound(DGRAM_UDP4, ""), *sender;
	size_t bad = (size_t[]){ 1, 2, 63, 64, 65, 99 }[_i];

	sender = dgram_connected(DGRAM_UDP4, "", receiver);
	for (size_t i = 0; i < 100; i++)
		messages[i] =
		    (struct fsock_message){ .data = data, .size = i == bad ? sizeof data : 1 };
	errno = 0;
	ck_assert_int_eq(fsock_send_many(sender, messages, 100), (int)bad);
	ck_assert_int_eq(errno, 0);
	ck_assert_int_eq(fsock_send_many(sender, messages + bad, 100 - bad), -1);
	sock_assert_failed(FSOCK_MESSAGE_TOO_LONG_ERROR, EMSGSIZE, "send to 127.0.0.1 port %d: %s",
	    fsock_local_port(receiver), strerror(EMSGSIZE));
	dgram_settle();
	ck_assert_int_eq(fsock_receive_many(receiver, messages, 100), (int)bad);
	fsock_close(sender);
	fsock_close(receiver);
}
END_TEST

START_TEST(nothing_to_do)
{
	fsock *s = dgram_bound(DGRAM_UDP4, "");

	ck_assert_int_eq(fsock_send_many(s, NULL, 0), 0);
	ck_assert_int_eq(fsock_receive_many(s, NULL, 0), 0);
	fsock_close(s);
}
END_TEST

/* Both implementations keep to the one contract, whichever of them the library uses here. */
static const struct fsock__datagram_ops *const ops[] = {
	&fsock__datagram_loop,
#if defined(__linux__)
	&fsock__datagram_mmsg,
#endif
};

START_TEST(one_contract)
{
	const struct fsock__datagram_ops *op = ops[_i / DGRAM_KINDS];
	enum dgram_kind kind = (enum dgram_kind)(_i % DGRAM_KINDS);
	fsock *receiver, *sender;
	struct fsock_message out[4], in[4];
	struct fsock_addr from;
	char room[4][4] = { "" };
	int fd, flags = MSG_DONTWAIT, may_wait = 0;

	if (!dgram_has(kind))
		return;
	receiver = dgram_bound(kind, "receiver");
	sender = dgram_bound(kind, "sender");
	fd = fsock_socket(receiver);
	ck_assert_int_eq(op->receive(fd, room[0], 4, &from, &flags), -1);
	ck_assert(errno == EAGAIN || errno == EWOULDBLOCK);
	for (int i = 0; i < 4; i++)
		out[i] = (struct fsock_message){
			.data = "abcdefghi", .size = (size_t)i * 3, .peer = dgram_addr(receiver)
		};
	for (int i = 0; i < 4; i++)
		in[i] = (struct fsock_message){ .data = room[i], .size = 4 };
	ck_assert_int_eq(op->receive_many(fd, 0, in, 4, &flags), -1);
	ck_assert(errno == EAGAIN || errno == EWOULDBLOCK);
	ck_assert_int_eq(op->send_many(fsock_socket(sender),
			     kind == DGRAM_UDP4   ? AF_INET
			     : kind == DGRAM_UDP6 ? AF_INET6
						  : AF_UNIX,
			     out, 4, &flags),
	    4);
	dgram_settle();
	ck_assert_int_eq(op->receive_many(fd, 0, in, 2, &flags), 2);
	ck_assert_int_eq(op->receive(fd, room[2], 4, &from, &flags), 6);
	ck_assert_int_eq(op->receive_many(fd, 0, in + 2, 2, &may_wait), 1); /* not for the second */
	ck_assert_uint_eq(in[2].length, 9);
	ck_assert_uint_eq(in[0].length, 0);
	ck_assert_uint_eq(in[1].length, 3);
	ck_assert_mem_eq(room[0], "\0\0\0", 4);
	ck_assert_mem_eq(room[1], "abc", 4);
	ck_assert_mem_eq(room[2], "abcd", 4);
	out[0].peer = dgram_addr(sender);
	ck_assert(fsock_addr_equal(&from, &out[0].peer));
	ck_assert(fsock_addr_equal(&in[0].peer, &out[0].peer));
	ck_assert(fsock_addr_equal(&in[1].peer, &out[0].peer));
	fsock_close(sender);
	fsock_close(receiver);
}
END_TEST

/* An IPv4 address is mapped for an IPv6 socket; all others stay what they are. */
START_TEST(target)
{
	static const struct row {
		int family;
		const char *host, *is;
	} rows[] = {
		{ AF_INET6, "127.0.0.1", "::ffff:127.0.0.1" },
		{ AF_INET6, "::1", "::1" },
		{ AF_INET, "127.0.0.1", "127.0.0.1" },
		{ AF_INET, "::1", "::1" },
		{ AF_UNIX, "/tmp/x", "/tmp/x" },
	};
	struct fsock_addr to, wanted;
	struct sockaddr_in6 room;
	const struct sockaddr *is;
	socklen_t length;

	ck_assert_int_eq(fsock_addr_from_text(&to, rows[_i].host, 4711), 0);
	ck_assert_int_eq(fsock_addr_from_text(&wanted, rows[_i].is, 4711), 0);
	is = fsock__datagram_target(rows[_i].family, &to, &room, &length);
	ck_assert_uint_eq(length, wanted.length);
	ck_assert_mem_eq(is, &wanted.as, length);
	to.length = 0;
	ck_assert_ptr_null(fsock__datagram_target(rows[_i].family, &to, &room, &length));
	ck_assert_uint_eq(length, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("batch");
	TCase *tcase = tcase_create("batch");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, batch, 0, 2 * COUNT(counts) * DGRAM_KINDS);
	tcase_add_test(tcase, taken_at_once);
	tcase_add_test(tcase, both_families);
	tcase_add_loop_test(tcase, stops_at_bad_one, 0, 6);
	tcase_add_test(tcase, nothing_to_do);
	tcase_add_loop_test(tcase, one_contract, 0, COUNT(ops) * DGRAM_KINDS);
	tcase_add_loop_test(tcase, target, 0, 5);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
