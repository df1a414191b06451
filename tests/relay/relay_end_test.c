/* How relays end: by failures, limits and times; and what goes before what they move. */
#include "../../src/base/compat.h"

#include <stdbool.h>
#include <unistd.h>

#include "../support/relay_support.h"

/* A connection that has been reset, or ended by its peer: the kernel has several words for it. */
static int
is_gone(int error)
{
	return error == ECONNRESET || error == EPIPE || error == ENOTCONN;
}

/* A reset on one side ends the relay, and is passed on to the other. */
START_TEST(reset)
{
	int bad = _i & 1;
	struct relay r;
	char octet;

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	relay_start(&r, (enum relay_drive)(_i >> 1), NULL);
	relay_say(r.outer[bad], "begun");
	relay_expect(r.outer[!bad], "begun");
	relay_reset(&r.outer[bad]);
	ck_assert_int_eq(relay_join(&r), -1);
	ck_assert_int_eq(r.error, ECONNRESET);
	ck_assert_ptr_eq(r.status.failed, r.ends[bad]);
	ck_assert_int_eq(r.status.direction, FSOCK_INPUT);
	ck_assert_uint_eq(bad ? r.status.sent_to_a : r.status.sent_to_b, 5);
	ck_assert_int_eq(fsock_close(r.ends[!bad]), -1);
	r.ends[!bad] = NULL;
	sock_await(r.outer[!bad], POLLIN);
	ck_assert_int_eq(recv(r.outer[!bad], &octet, 1, 0), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	relay_close(&r);
}
END_TEST

/* Nobody reads any more what is sent in bulk; no signal tells of it. */
START_TEST(reader_gone)
{
	static const enum relay_kind kinds[] = { RELAY_TCP, RELAY_UNIX, RELAY_TEXT, RELAY_FOREIGN };
	enum relay_kind kind = kinds[_i >> 1 & 3];
	char text[1000];
	struct relay r;

	relay_open(&r, RELAY_TCP, kind);
	relay_start(&r, (enum relay_drive)(_i >> 3),
	    &(struct fsock_relay_options){ .buffer_size = 100,
		.splice = (_i & 1) ? FSOCK_OFF : FSOCK_ON,
		.one_way = FSOCK_ON });
	for (int i = 0; i < 20; i++) {
		memset(text, 'x', sizeof text);
		ck_assert_int_ge(send(r.outer[0], text, sizeof text, MSG_NOSIGNAL), 0);
	}
	sock_await(r.outer[1], POLLIN);
	if (kind == RELAY_TCP || kind == RELAY_TEXT)
		relay_reset(&r.outer[1]);
	else
		ck_assert_int_eq(shutdown(r.outer[1], SHUT_RDWR), 0);
	while (r.thread.id != 0 && send(r.outer[0], text, sizeof text, MSG_NOSIGNAL) >= 0)
		continue;
	ck_assert_int_eq(relay_join(&r), -1);
	ck_assert_msg(is_gone(r.error), "%s", strerror(r.error));
	ck_assert_ptr_eq(r.status.failed, r.ends[1]);
	ck_assert_int_eq(r.status.direction, FSOCK_OUTPUT);
	relay_close(&r);
}
END_TEST

/* Sends until there is no room any more, all the way: what holds all that comes has no end. */
static size_t
fill(int fd)
{
	static const char block[4096];
	size_t sent = 0;

	for (int pauses = 0; pauses < 3; pauses++) {
		ssize_t n;

		while ((n = send(fd, block, sizeof block, MSG_NOSIGNAL)) > 0) {
			sent += (size_t)n;
			pauses = 0;
		}
		poll(NULL, 0, 30);
	}
	return sent;
}

/* A reader that is slow slows down its sender; nothing is lost, and little is held. */
START_TEST(slow_reader)
{
	static const enum relay_kind kinds[] = { RELAY_TCP, RELAY_LAYERED_FILE, RELAY_FOREIGN };
	static char got[100000];
	size_t sent, received = 0;
	struct fsock_relay_status status;
	struct relay r;
	ssize_t n;

	relay_open(&r, RELAY_TCP, kinds[_i >> 1]);
	relay_start(
	    &r, (enum relay_drive)(_i & 1), &(struct fsock_relay_options){ .one_way = true });
	sent = fill(r.outer[0]);
	ck_assert_int_eq(shutdown(r.outer[0], SHUT_WR), 0);
	do {
		sock_await(r.outer[1], POLLIN);
		n = recv(r.outer[1], got, sizeof got, 0);
		ck_assert_int_ge(n, 0);
		received += (size_t)n;
	} while (n > 0);
	ck_assert_int_eq(relay_join(&r), 0);
	ck_assert_uint_eq(received, sent);
	fsock_relay_get_status(NULL, &status);
	ck_assert_uint_eq(status.sent_to_b, 0);
	relay_close(&r);
}
END_TEST

/* A limit: no octet more is received, and the socket is not shut down. */
START_TEST(limit)
{
	static const struct {
		enum relay_kind from, to;
		uint64_t limit;
		size_t buffer_size;
	} rows[] = {
		{ RELAY_TCP, RELAY_TCP, 1, 0 },
		{ RELAY_TCP, RELAY_TCP, 50000, 0 },
		{ RELAY_TCP, RELAY_TCP, 50000, 1000 },
		{ RELAY_UNIX, RELAY_TEXT, 50000, 1000 },
		{ RELAY_TEXT, RELAY_UNIX, 50000, 1000 },
		{ RELAY_LAYERED, RELAY_FOREIGN, 50000, 1000 },
		{ RELAY_FOREIGN, RELAY_LAYERED, 50000, 0 },
	};
	static char text[50004], got[sizeof text];
	size_t i = (size_t)_i / RELAY_DRIVES, n = 0;
	struct relay r;

	relay_open(&r, rows[i].from, rows[i].to);
	relay_start(&r, (enum relay_drive)(_i % RELAY_DRIVES),
	    &(struct fsock_relay_options){
		.limit = rows[i].limit, .buffer_size = rows[i].buffer_size, .one_way = FSOCK_ON });
	for (size_t k = 0; k < sizeof text; k++)
		text[k] = (char)('a' + k % 26);
	ck_assert_int_eq(
	    send(r.outer[0], text, (size_t)rows[i].limit + 4, 0), (ssize_t)rows[i].limit + 4);
	while (n < rows[i].limit) {
		ssize_t k;

		sock_await(r.outer[1], POLLIN);
		k = read(r.outer[1], got + n, sizeof got - n);
		ck_assert_int_gt(k, 0);
		n += (size_t)k;
	}
	ck_assert_int_eq(relay_join(&r), 0);
	ck_assert_uint_eq(r.status.sent_to_b, rows[i].limit);
	ck_assert_uint_eq(n, rows[i].limit);
	ck_assert_mem_eq(got, text, n);
	if (rows[i].from != RELAY_FOREIGN)
		ck_assert_int_eq(fsock_receive(r.ends[0], got, sizeof got, NULL), 4);
	else
		ck_assert_int_eq(recv(r.inner[0], got, sizeof got, 0), 4);
	ck_assert_mem_eq(got, text + n, 4);
	if (rows[i].to != RELAY_FOREIGN) {
		ck_assert_int_eq(fsock_send(r.ends[1], "more", 4, NULL), 4);
		relay_expect(r.outer[1], "more");
	}
	relay_close(&r);
}
END_TEST

/* Nothing moves for too long, or a deadline passes: at another place, in other words. */
START_TEST(times)
{
	int is_deadline = _i & 1, drive = _i >> 1;
	double start = sock_now();
	struct relay r;

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	if (is_deadline)
		ck_assert_int_eq(fsock_set_deadline(r.ends[0], 0.05), 0);
	relay_start(&r, (enum relay_drive)drive,
	    &(struct fsock_relay_options){ .idle_timeout = is_deadline ? 0 : 0.05 });
	ck_assert_int_eq(relay_join(&r), -1);
	sock_assert_took(start, 0.05);
	ck_assert_int_eq(r.error, ETIMEDOUT);
	ck_assert_int_eq(r.kind, is_deadline ? FSOCK_DEADLINE_TIMEOUT_ERROR : FSOCK_TIMEOUT_ERROR);
	ck_assert_ptr_eq(r.status.failed, is_deadline ? r.ends[0] : NULL);
	/* Nothing is missing after an idle time. */
	ck_assert_int_eq(fsock_close(r.ends[1]), is_deadline ? -1 : 0);
	r.ends[1] = NULL;
	relay_close(&r);
}
END_TEST

/* What was read ahead goes first, a part of a line, too; and what was written before. */
START_TEST(held_first)
{
	static const enum fsock_delivery deliveries[] = { FSOCK_DELIVER_LINE, FSOCK_DELIVER_BLOCK,
		FSOCK_DELIVER_WHOLE_LINE };
	struct fsock_options options = { .delivery = deliveries[_i >> 2], .line_limit = 0 };
	char line[20];
	struct relay r;
	FILE *f;

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	for (int i = 0; i < 2; i++) {
		fsock_close(r.ends[i]);
		close(r.outer[i]);
		r.ends[i] = sock_raw(SOCK_TCP4, &options, &r.outer[i]);
	}
	f = (_i & 2) ? fsock_input(r.ends[0]) : fsock_stream(r.ends[0]);
	relay_say(r.outer[0], "one\ntwo\nthr");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "one\n");
	ck_assert_int_ge(fputs("before ", fsock_stream(r.ends[1])), 0);
	relay_start(
	    &r, (enum relay_drive)(_i & 1), &(struct fsock_relay_options){ .buffer_size = 3 });
	relay_expect(r.outer[1], "before two\nthr");
	relay_say(r.outer[0], "ee");
	relay_expect(r.outer[1], "ee");
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(shutdown(r.outer[i], SHUT_WR), 0);
	ck_assert_int_eq(relay_join(&r), 0);
	ck_assert_ptr_null(fgets(line, sizeof line, f));
	ck_assert_int_ne(feof(f), 0);
	relay_close(&r);
}
END_TEST

/* Output that the kernel did not take before. */
START_TEST(queue_first)
{
	struct fsock_options options = { .nonblocking = FSOCK_ON, .output_limit = 64 << 20 };
	static char text[1 << 20], got[1 << 20];
	size_t queued, n = 0;
	struct relay r;
	FILE *f;

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	fsock_close(r.ends[1]);
	close(r.outer[1]);
	r.ends[1] = sock_raw(SOCK_TCP4, &options, &r.outer[1]);
	f = fsock_output(r.ends[1]);
	memset(text, 'q', sizeof text);
	for (queued = 0; fsock_pending_output(r.ends[1]) < 100000; queued += sizeof text) {
		ck_assert_uint_eq(fwrite(text, 1, sizeof text, f), sizeof text);
		ck_assert_int_eq(fflush(f), 0);
	}
	relay_start(&r, (enum relay_drive)_i, NULL);
	relay_say(r.outer[0], "relayed");
	while (n < queued) {
		size_t k = queued - n < sizeof got ? queued - n : sizeof got;
		ssize_t m;

		sock_await(r.outer[1], POLLIN);
		m = recv(r.outer[1], got, k, 0);
		ck_assert_int_gt(m, 0);
		ck_assert_mem_eq(got, text, (size_t)m);
		n += (size_t)m;
	}
	relay_expect(r.outer[1], "relayed");
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(shutdown(r.outer[i], SHUT_WR), 0);
	ck_assert_int_eq(relay_join(&r), 0);
	ck_assert_int_eq(fsock_is_nonblocking(r.ends[1]), 1);
	relay_close(&r);
}
END_TEST

static Suite *
relay_suite(void)
{
	Suite *suite = suite_create("relay_end");
	TCase *tc = tcase_create("relay");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, reset, 0, 2 * RELAY_DRIVES);
	tcase_add_loop_test(tc, reader_gone, 0, 8 * RELAY_DRIVES);
	tcase_add_loop_test(tc, slow_reader, 0, 3 * RELAY_DRIVES);
	tcase_add_loop_test(tc, limit, 0, 7 * RELAY_DRIVES);
	tcase_add_loop_test(tc, times, 0, 2 * RELAY_DRIVES);
	tcase_add_loop_test(tc, held_first, 0, 6 * RELAY_DRIVES);
	tcase_add_loop_test(tc, queue_first, 0, RELAY_DRIVES);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return sock_run(relay_suite());
}
