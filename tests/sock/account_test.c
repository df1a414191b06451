/* What the trace says of an exchange, line by line; statistics of sockets. */
#include "../../src/base/compat.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include "../support/sock_support.h"
#include "../support/traced.h"

static char line[64];

/* ---- Exchanges, and what their trace says. */

static void
hello(void)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *s, *peer;
	struct fsock_options options = { .family = FSOCK_IPV4_ONLY };

	s = fsock_connect("localhost", fsock_local_port(listener), &options);
	peer = fsock_accept(listener, NULL);
	fsock_close(listener);
	fprintf(fsock_stream(s), "GET / HTTP/1.0\r\n\r\n");
	ck_assert_int_eq(fflush(fsock_stream(s)), 0);
	ck_assert_int_eq(fsock_receive(peer, line, sizeof line, NULL), 18);
	ck_assert_int_eq(fsock_send(peer, "200\xff OK", 7, NULL), 7);
	ck_assert_int_eq(fsock_shutdown(peer, FSOCK_OUTPUT), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(s)));
	ck_assert_ptr_null(fgets(line, sizeof line, fsock_stream(s)));
	ck_assert_int_eq(fsock_close(s), 0);
	ck_assert_int_eq(fsock_close(peer), 0);
}

static void
refused(void)
{
	int fd, port = sock_dead_port(SOCK_TCP4, &fd);

	ck_assert_ptr_null(fsock_connect("127.0.0.1", port, NULL));
	close(fd);
}

static void
unknown(void)
{
	ck_assert_ptr_null(fsock_connect("/no/such/place", 0, NULL));
}

static void
late(void)
{
	fsock *ends[2];
	struct fsock_options options = { .read_timeout = 0.02 };

	ck_assert_int_eq(fsock_pair(ends, &options), 0);
	ck_assert_int_eq(fsock_receive(ends[0], line, 1, NULL), -1);
	ck_assert_int_eq(fsock_set_deadline(ends[0], 0.01), 0);
	ck_assert_int_eq(fsock_receive(ends[0], line, 1, NULL), -1);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}

static void
reset(void)
{
	fsock *ends[2];

	sock_link(SOCK_TCP4, NULL, ends);
	fsock_abort(ends[1]);
	sock_await(fsock_socket(ends[0]), 0);
	ck_assert_int_eq(fsock_receive(ends[0], line, 1, NULL), -1);
	fsock_close(ends[0]);
}

static void
datagrams(void)
{
	struct fsock_options options = { .local_host = "127.0.0.1" };
	fsock *to = fsock_datagram(NULL, 0, &options);
	fsock *from = fsock_datagram("127.0.0.1", fsock_local_port(to), NULL);
	struct fsock_message messages[2] = { { .data = "one", .size = 3 },
		{ .data = "two", .size = 3 } };
	struct fsock_addr addr;

	ck_assert_int_eq(fsock_send_many(from, messages, 2), 2);
	ck_assert_int_eq(fsock_receive(to, line, 2, &addr), 3);
	messages[0] = (struct fsock_message){ .data = line, .size = sizeof line };
	ck_assert_int_eq(fsock_receive_many(to, messages, 1), 1);
	fsock_close(from);
	fsock_close(to);
}

static void
lent(void)
{
	fsock *s, *ends[2];
	int fd;

	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	fd = fsock_release(ends[0], NULL, 0, NULL);
	s = fsock_adopt(fd, NULL);
	ck_assert_int_eq(fsock_send_descriptors(s, "x", 1, &fd, 1), 1);
	ck_assert_int_eq(fsock_receive(ends[1], line, 1, NULL), 1);
	fsock_close(s);
	fsock_close(ends[1]);
}

static void
queued(void)
{
	struct fsock_options options = { .nonblocking = FSOCK_ON };
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *s;
	fsock_waitlist *list = fsock_waitlist_new();

	s = fsock_connect("127.0.0.1", fsock_local_port(listener), &options);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_OUTPUT, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
	fputs("queued\n", fsock_stream(s));
	ck_assert_int_eq(fsock_close(s), 0);
	fsock_waitlist_free(list);
	fsock_close(listener);
}

static void
wildcard(void)
{
	fsock *listener = fsock_listen(NULL, 0, NULL), *s, *peer;
	int port = fsock_local_port(listener);

	fsock_close(fsock_datagram(NULL, 0, &(struct fsock_options){ .reuse_port = FSOCK_ON }));
	fsock_close(listener);
	ck_assert_int_gt(port, 0);
	listener = fsock_listen(sock_path("s"), 0, NULL);
	s = fsock_connect(sock_path("s"), 0, NULL);
	peer = fsock_accept(listener, NULL);
	fsock_close(peer);
	fsock_abort(s);
	fsock_close(listener);
}

/* Names of addresses, and services alone. */
static void
reversed(void)
{
	struct fsock_addr addr;
	char name[FSOCK_HOST_NAME_SIZE];

	ck_assert_int_eq(fsock_addr_from_text(&addr, "127.0.0.1", 0), 0);
	ck_assert_ptr_nonnull(fsock_get_host_by_address(&addr, name, sizeof name));
	ck_assert_str_eq(name, "localhost");
}

static void
service(void)
{
	ck_assert_int_eq(fsock_get_port_by_service("80", SOCK_STREAM), 80);
	ck_assert_int_eq(fsock_get_port_by_service("http", SOCK_STREAM), 80);
	ck_assert_int_eq(fsock_get_port_by_service("nonesuch", SOCK_STREAM), -1);
}

static void
address(void)
{
	struct fsock_options options = { .connect_timeout = 20 };

	ck_assert_ptr_null(fsock_connect("127.0.0.1:nonesuch", FSOCK_PORT_IN_HOST, &options));
}

static void
looked_up(void)
{
	fsock *l = fsock_lookup(NULL, "http", SOCK_STREAM, FSOCK_IPV4_ONLY);
	struct fsock_addr addr;

	ck_assert_int_eq(fsock_wait_for_input(&l, 1, 20, NULL), 1);
	ck_assert_int_eq(fsock_lookup_addresses(l, &addr, 1), 1);
	fsock_close(l);
}

static const struct {
	void (*fn)(void);
	const char *trace;
} rows[] = {
	{ reversed, "T * look up name of 127.0.0.1\n"
		    "T * name of 127.0.0.1: localhost (T s)\n" },
	{ service, "T * look up service http\n"
		   "T * service http: port P (T s)\n"
		   "T * look up service nonesuch\n"
		   "T ! service: unknown service nonesuch\n" },
	{ address, "T #1 * look up service nonesuch\n"
		   "T #1 ! connect to 127.0.0.1: unknown service nonesuch\n" },
	{ looked_up, "T * look up service http\n"
		     "T * service http: port P (T s)\n" },
	{ hello, "T #1 * listening on 127.0.0.1 port P\n"
		 "T #2 * look up localhost\n"
		 "T #2 * localhost: 1 address: 127.0.0.1 (T s)\n"
		 "T #2 * try 127.0.0.1 port P\n"
		 "T #2 * connected to 127.0.0.1 port P (T s)\n"
		 "T #3 * accepted from 127.0.0.1 port P\n"
		 "T #1 * closed\n"
		 "T #2 > GET / HTTP/1.0\\r\\n\n"
		 "T #2 > \\r\\n\n"
		 "T #3 < GET / HTTP/1.0\\r\\n\n"
		 "T #3 < \\r\\n\n"
		 "T #3 > 200\\xff OK\n"
		 "T #3 * shut down output\n"
		 "T #2 < 200\\xff OK\n"
		 "T #2 * end of input\n"
		 "T #2 * closed: 7 octets received, 18 sent (T s)\n"
		 "T #3 * closed: 18 octets received, 7 sent (T s)\n" },
	{ refused, "T #1 * try 127.0.0.1 port P\n"
		   "T #1 ! 127.0.0.1 port P: Connection refused (T s)\n"
		   "T #1 ! connect to 127.0.0.1 port P: Connection refused\n" },
	{ unknown, "T #1 * try /no/such/place\n"
		   "T #1 ! /no/such/place: No such file or directory (T s)\n"
		   "T #1 ! connect to /no/such/place: No such file or directory\n" },
	{ late, "T #1 * pair\n"
		"T #2 * pair\n"
		"T #1 ! read: Timed out\n"
		"T #1 ! read: Deadline passed\n"
		"T #1 * closed: 0 octets received, 0 sent (T s)\n"
		"T #2 * closed: 0 octets received, 0 sent (T s)\n" },
	{ reset, "T #1 * listening on 127.0.0.1 port P\n"
		 "T #2 * try 127.0.0.1 port P\n"
		 "T #2 * connected to 127.0.0.1 port P (T s)\n"
		 "T #3 * accepted from 127.0.0.1 port P\n"
		 "T #1 * closed\n"
		 "T #3 * reset: 0 octets received, 0 sent (T s)\n"
		 "T #2 ! read from 127.0.0.1 port P: Connection reset by peer\n"
		 "T #2 * closed: 0 octets received, 0 sent (T s)\n" },
	{ datagrams, "T #1 * datagrams at 127.0.0.1 port P\n"
		     "T #2 * datagrams to 127.0.0.1 port P\n"
		     "T #2 > datagram of 3 octets\n"
		     "T #2 > one\n"
		     "T #2 > datagram of 3 octets\n"
		     "T #2 > two\n"
		     "T #1 < datagram of 2 octets from 127.0.0.1 port P\n"
		     "T #1 < on\n"
		     "T #1 < datagram of 3 octets from 127.0.0.1 port P\n"
		     "T #1 < two\n"
		     "T #2 * closed: 0 octets received, 6 sent (T s)\n"
		     "T #1 * closed: 5 octets received, 0 sent (T s)\n" },
	{ lent, "T #1 * pair\n"
		"T #2 * pair\n"
		"T #1 * released: 0 octets received, 0 sent (T s)\n"
		"T #3 * adopted\n"
		"T #3 > x\n"
		"T #2 < x\n"
		"T #3 * closed: 0 octets received, 1 sent (T s)\n"
		"T #2 * closed: 1 octets received, 0 sent (T s)\n" },
	{ wildcard, "T #1 * listening on port P\n"
		    "T #2 * datagrams\n"
		    "T #2 * closed: 0 octets received, 0 sent (T s)\n"
		    "T #1 * closed\n"
		    "T #3 * listening on PATH\n"
		    "T #4 * try PATH\n"
		    "T #4 * connected to PATH (T s)\n"
		    "T #5 * accepted\n"
		    "T #5 * closed: 0 octets received, 0 sent (T s)\n"
		    "T #4 * reset: 0 octets received, 0 sent (T s)\n"
		    "T #3 * closed\n" },
	{ queued, "T #1 * listening on 127.0.0.1 port P\n"
		  "T #2 * try 127.0.0.1 port P\n"
		  "T #2 * connected to 127.0.0.1 port P (T s)\n"
		  "T #2 > queued\\n\n"
		  "T #2 * closed: 0 octets received, 7 sent (T s)\n"
		  "T #1 * closed\n" },
};

/* A system without /etc/services knows no names of services, one of its own no localhost. */
START_TEST(trace)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	char host[64];
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };

	if ((rows[_i].fn == service || rows[_i].fn == looked_up) &&
	    getaddrinfo(NULL, "http", &hints, &found) != 0)
		return;
	if (found != NULL)
		freeaddrinfo(found);
	if (rows[_i].fn == reversed && (getnameinfo((struct sockaddr *)&in, sizeof in, host,
					    sizeof host, NULL, 0, NI_NAMEREQD) != 0 ||
					   strcmp(host, "localhost") != 0))
		return;
	traced_begin();
	rows[_i].fn();
	ck_assert_str_eq(traced_end(), rows[_i].trace);
}
END_TEST

/* All octets are there, and no others, whether or not there is a trace. */
START_TEST(unchanged)
{
	static unsigned char sent[3000], received[3000];
	size_t done = 0, total = 0;
	fsock *ends[2];
	ssize_t r;

	sock_link(SOCK_TCP4, NULL, ends);
	traced_begin();
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < sizeof sent; i++)
			sent[i] = (unsigned char)(i * 7 + (size_t)round * 31);
		ck_assert_int_eq(fsock_send(ends[0], sent, sizeof sent, NULL), sizeof sent);
		for (done = 0; done < sizeof received; done += (size_t)r, total += (size_t)r) {
			r = fsock_receive(ends[1], received + done, sizeof received - done, NULL);
			ck_assert_int_gt(r, 0);
		}
		ck_assert_mem_eq(sent, received, sizeof sent);
	}
	ck_assert_uint_gt(strlen(traced_end()), 60000);
	ck_assert_uint_eq(total, 60000);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

/* ---- Statistics. */

static struct fsock_statistics
statistics_of(fsock *s)
{
	struct fsock_statistics statistics;

	memset(&statistics, 0xFF, sizeof statistics);
	errno = EDOM;
	ck_assert_int_eq(fsock_statistics(s, &statistics), 0);
	ck_assert_int_eq(errno, EDOM);
	for (int i = 0; i < COUNT(statistics.reserved); i++)
		ck_assert(statistics.reserved[i] == 0);
	return statistics;
}

START_TEST(counted)
{
	fsock *ends[2];
	struct fsock_statistics st;

	if (!sock_has(_i))
		return;
	sock_link(_i, NULL, ends);
	st = statistics_of(ends[0]);
	ck_assert(st.first_octet == -1 && st.age >= 0 && st.connected >= 0);
	ck_assert(st.ready == st.connected);
	fputs("one\ntwo\n", fsock_stream(ends[0]));
	ck_assert_int_eq(fflush(fsock_stream(ends[0])), 0);
	ck_assert_int_eq(fsock_send(ends[0], "three", 5, NULL), 5);
	ck_assert_int_eq(fsock_close(ends[0]), 0);
	while (fgets(line, sizeof line, fsock_input(ends[1])) != NULL)
		;
	ck_assert_str_eq(line, "three");
	st = statistics_of(ends[1]);
	ck_assert_uint_eq(st.octets_received, 13);
	ck_assert_uint_eq(st.wire_received, 13);
	ck_assert(st.pieces_received == 1 || st.pieces_received == 2);
	ck_assert_uint_eq(st.octets_sent + st.pieces_sent + st.wire_sent, 0);
	ck_assert(st.first_octet >= st.connected && st.age >= st.first_octet);
	fsock_close(ends[1]);
}
END_TEST

START_TEST(moments)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *s;
	struct fsock_statistics st = statistics_of(listener);

	ck_assert(st.looked_up == -1 && st.connected == -1 && st.ready == -1);
	s = fsock_connect("127.0.0.1", fsock_local_port(listener),
	    &(struct fsock_options){ .nonblocking = _i ? FSOCK_ON : FSOCK_OFF });
	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 0, NULL), 0);
	while (fsock_is_connecting(s))
		fsock_wait_for_input(&s, 1, 0.01, NULL);
	st = statistics_of(s);
	ck_assert(0 <= st.looked_up && st.looked_up <= st.connected && st.connected <= st.age);
	ck_assert(st.ready == st.connected && st.first_octet == -1);
	fsock_close(s);
	fsock_close(listener);
}
END_TEST

/* ---- Records. */

static ssize_t
measure(const void *octets, size_t n, void *arg)
{
	(void)arg;
	return n == 0 ? 0 : *(const unsigned char *)octets + 1;
}

static const struct fsock_record nul = { .kind = FSOCK_RECORD_DELIMITED, .delimiter = '\0' };
static const struct fsock_record three = { .kind = FSOCK_RECORD_COUNTED, .count = 3 };
static const struct fsock_record measured = { .kind = FSOCK_RECORD_MEASURED, .measure = measure };

/* What one end sends; how many records those are to it, and to the other, if all are whole. */
static const struct {
	const struct fsock_record *record;
	const char *format, *sent;
	size_t size;
	unsigned received, counted;
} record_rows[] = {
	{ NULL, NULL, "one\ntwo\nthree", 13, 2, 2 },
	{ NULL, "utf-16le,crlf", "one\ntwo\n", 8, 2, 2 },
	{ NULL, NULL, "\n\n\n", 3, 3, 3 },
	{ &nul, NULL, "a\n\0b\0c", 6, 2, 2 },
	{ &three, NULL, "abcdefgh", 8, 2, 2 },
	{ &measured, NULL, "\1a\2bc\0", 6, 3, 0 },
};

/* Reads to the end, turning back at every octet that is asked for: nothing is counted twice. */
static void
read_records(FILE *f)
{
	int c;

	while ((c = getc(f)) != EOF) {
		ck_assert_int_eq(ungetc(c, f), c);
		ck_assert_int_eq(fflush(f), 0);
		ck_assert_int_eq(getc(f), c);
		ck_assert_int_eq(fseek(f, 0, SEEK_CUR), 0);
	}
}

START_TEST(records)
{
	struct fsock_options options = { .delivery = FSOCK_DELIVER_WHOLE_RECORD,
		.record = record_rows[_i / 2].record,
		.format = record_rows[_i / 2].format };
	fsock *ends[2];
	FILE *f, *to;

	ck_assert_int_eq(fsock_pair(ends, &options), 0);
	to = fsock_output(ends[0]);
	ck_assert_uint_eq(fwrite(record_rows[_i / 2].sent, 1, record_rows[_i / 2].size, to),
	    record_rows[_i / 2].size);
	ck_assert_int_eq(fflush(to), 0);
	ck_assert_uint_eq(statistics_of(ends[0]).records_sent, record_rows[_i / 2].counted);
	ck_assert_int_eq(fsock_shutdown(ends[0], FSOCK_OUTPUT), 0);
	f = _i % 2 == 0 ? fsock_stream(ends[1]) : fsock_input(ends[1]);
	if (_i % 2 == 0)
		read_records(f);
	while (getc(f) != EOF)
		;
	ck_assert_uint_eq(statistics_of(ends[1]).records_received, record_rows[_i / 2].received);
	ck_assert_uint_eq(statistics_of(ends[1]).records_sent, 0);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

/* Octets that are no records; octets taken beside the FILE; a record that is set later. */
START_TEST(records_beside)
{
	struct fsock_options options = { .delivery = FSOCK_DELIVER_WHOLE_RECORD, .record = &three };
	fsock *ends[2];
	FILE *f;

	ck_assert_int_eq(fsock_pair(ends, _i == 0 ? &options : NULL), 0);
	f = fsock_stream(ends[1]);
	ck_assert_int_eq(fsock_send(ends[0], "a\nb\nc\n", 6, NULL), 6);
	ck_assert_uint_eq(fsock_read_octets(f, line, 2), 2);
	ck_assert_uint_eq(statistics_of(ends[1]).records_received, 0);
	ck_assert_uint_eq(fsock_read_octets(f, line, 1), 1);
	ck_assert_int_eq(fsock_unread_byte(f), 0);
	ck_assert_uint_eq(fsock_read_octets(f, line, 4), 4);
	ck_assert_uint_eq(statistics_of(ends[1]).records_received, _i == 0 ? 2 : 0);
	ck_assert_int_eq(
	    fsock_set_record(f, &(struct fsock_record){ .kind = FSOCK_RECORD_LINE }), 0);
	ck_assert_int_eq(fsock_send(ends[0], "d\ne\n", 4, NULL), 4);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_uint_eq(statistics_of(ends[1]).records_received, _i == 0 ? 3 : 1);
	ck_assert_uint_eq(fsock_write_octets(f, "x\ny\n", 4), 4);
	ck_assert_int_eq(fsock_send(ends[1], "z\n", 2, NULL), 2);
	ck_assert_uint_eq(statistics_of(ends[1]).records_sent, 3);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

/* Of datagrams each is one. */
START_TEST(records_of_datagrams)
{
	struct fsock_options options = { .local_host = "127.0.0.1" };
	fsock *to = fsock_datagram(NULL, 0, &options);
	fsock *from = fsock_datagram("127.0.0.1", fsock_local_port(to), NULL);

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(fsock_send(from, "a\nb", 3, NULL), 3);
		ck_assert_int_eq(fsock_receive(to, line, sizeof line, NULL), 3);
	}
	ck_assert_uint_eq(statistics_of(from).records_sent, 3);
	ck_assert_uint_eq(statistics_of(to).records_received, 3);
	fsock_close(from);
	fsock_close(to);
}
END_TEST

START_TEST(invalid)
{
	struct fsock_statistics statistics;
	fsock *ends[2];

	ck_assert_int_eq(fsock_statistics(NULL, &statistics), -1);
	sock_assert_failed(FSOCK_INVALID_SOCKET_ERROR, EINVAL, "statistics: Invalid argument");
	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	ck_assert_int_eq(fsock_statistics(ends[0], NULL), -1);
	sock_assert_failed(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "statistics: Invalid argument");
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("account");
	TCase *t = tcase_create("account");

	tcase_add_checked_fixture(t, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(t, trace, 0, COUNT(rows));
	tcase_add_test(t, unchanged);
	tcase_add_loop_test(t, counted, 0, SOCK_TRANSPORTS);
	tcase_add_loop_test(t, moments, 0, 2);
	tcase_add_loop_test(t, records, 0, 2 * COUNT(record_rows));
	tcase_add_loop_test(t, records_beside, 0, 2);
	tcase_add_test(t, records_of_datagrams);
	tcase_add_test(t, invalid);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	return sock_run(s);
}
