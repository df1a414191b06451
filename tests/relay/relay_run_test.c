/* Relays between ends of every kind, as a whole: what goes in comes out, and so does its end. */
#include "../../src/base/compat.h"

#include <stdbool.h>
#include <unistd.h>

#include "../support/relay_support.h"

/* How octets go. `most` is what small pieces take a bearable time for. */
static const struct row {
	struct fsock_relay_options options;
	size_t octets;
} rows[] = {
	{ { .buffer_size = 0 }, 200000 },
	{ { .buffer_size = 1 }, 401 },
	{ { .buffer_size = 1, .splice = FSOCK_OFF }, 401 },
	{ { .buffer_size = 4093, .splice = FSOCK_OFF }, 60000 },
};

START_TEST(exchange)
{
	enum relay_kind b = (enum relay_kind)(_i % RELAY_KINDS),
			a = (enum relay_kind)(_i / RELAY_KINDS);
	int fds = sock_open_fds();

	for (int i = 0; i < COUNT(rows) * RELAY_DRIVES; i++) {
		const struct row *row = &rows[i / RELAY_DRIVES];
		struct relay r;

		relay_open(&r, a, b);
		relay_start(&r, (enum relay_drive)(i % RELAY_DRIVES), &row->options);
		relay_exchange(&r, row->octets, row->octets / 2);
		ck_assert_int_eq(relay_join(&r), 0);
		ck_assert_uint_eq(r.status.sent_to_b, row->octets);
		ck_assert_uint_eq(r.status.sent_to_a, row->octets / 2);
		relay_close(&r);
	}
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* The end of one direction goes to the other side, and the other direction goes on. */
START_TEST(half_close)
{
	int first = _i & 1, kind = _i >> 2;
	struct relay r;

	relay_open(&r, (enum relay_kind)kind, (enum relay_kind)kind);
	relay_start(&r, (enum relay_drive)(_i >> 1 & 1), NULL);
	relay_say(r.outer[first], "question");
	relay_expect(r.outer[!first], "question");
	ck_assert_int_eq(shutdown(r.outer[first], SHUT_WR), 0);
	relay_expect(r.outer[!first], NULL);
	for (int i = 0; i < 3; i++) {
		relay_say(r.outer[!first], "answer");
		relay_expect(r.outer[first], "answer");
	}
	ck_assert_int_eq(shutdown(r.outer[!first], SHUT_WR), 0);
	relay_expect(r.outer[first], NULL);
	ck_assert_int_eq(relay_join(&r), 0);
	relay_close(&r);
}
END_TEST

/* Without half-close the relay ends, and the sockets are as they were. */
START_TEST(no_half_close)
{
	struct relay r;

	relay_open(&r, RELAY_TCP, RELAY_TEXT);
	relay_start(
	    &r, (enum relay_drive)_i, &(struct fsock_relay_options){ .half_close = FSOCK_OFF });
	for (int i = 0; i < 2; i++) {
		relay_say(r.outer[i], "end");
		ck_assert_int_eq(shutdown(r.outer[i], SHUT_WR), 0);
	}
	ck_assert_int_eq(relay_join(&r), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(fsock_is_nonblocking(r.ends[i]), 0);
		ck_assert_int_eq(fsock_send(r.ends[i], "more", 4, NULL), 4);
		relay_expect(r.outer[i], "endmore");
	}
	relay_close(&r);
}
END_TEST

/* One way alone: what comes the other way stays where it is. */
START_TEST(one_way)
{
	char buf[10];
	struct relay r;

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	relay_start(&r, (enum relay_drive)_i, &(struct fsock_relay_options){ .one_way = true });
	relay_say(r.outer[1], "back");
	relay_say(r.outer[0], "forth");
	ck_assert_int_eq(shutdown(r.outer[0], SHUT_WR), 0);
	ck_assert_int_eq(relay_join(&r), 0);
	relay_expect(r.outer[1], "forth");
	relay_expect(r.outer[1], NULL);
	ck_assert_int_eq(fsock_receive(r.ends[1], buf, sizeof buf, NULL), 4);
	relay_close(&r);
}
END_TEST

/* A pair of descriptors, as a program's standard input and output are. */
START_TEST(pipes)
{
	int in[2], out[2];
	fsock *output;
	struct relay r;

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	ck_assert_int_eq(pipe(in), 0);
	ck_assert_int_eq(pipe(out), 0);
	output = fsock_watch(out[1]);
	fsock_close(r.ends[0]);
	r.ends[0] = fsock_watch(in[0]);
	relay_start(&r, (enum relay_drive)_i, &(struct fsock_relay_options){ .a_output = output });
	relay_say(in[1], "keys");
	relay_expect(r.outer[1], "keys");
	relay_say(r.outer[1], "screen");
	relay_expect(out[0], "screen");
	close(in[1]);
	relay_expect(r.outer[1], NULL);
	ck_assert_int_eq(shutdown(r.outer[1], SHUT_WR), 0);
	ck_assert_int_eq(relay_join(&r), 0);
	fsock_close(output);
	close(out[1]);
	relay_expect(out[0], NULL);
	close(out[0]);
	close(in[0]);
	relay_close(&r);
}
END_TEST

/* A pipe that is full holds up the relay, and nobody else. */
START_TEST(slow_pipe)
{
	enum { MUCH = 1000000 };
	static char text[MUCH], got[MUCH];
	size_t n = 0, sent = 0;
	int out[2];
	struct relay r;

	memset(text, 'x', sizeof text);
	relay_open(&r, RELAY_TCP, RELAY_TCP);
	ck_assert_int_eq(pipe(out), 0);
	fsock_close(r.ends[1]);
	r.ends[1] = fsock_watch(out[1]);
	relay_start(&r, (enum relay_drive)_i, &(struct fsock_relay_options){ .one_way = true });
	while (n < sizeof got) {
		ssize_t k =
		    sent < sizeof text ? send(r.outer[0], text + sent, sizeof text - sent, 0) : 0;

		sent += k > 0 ? (size_t)k : 0;
		sock_await(out[0], POLLIN);
		k = read(out[0], got + n, 10000);
		ck_assert_int_gt(k, 0);
		n += (size_t)k;
	}
	ck_assert_int_eq(shutdown(r.outer[0], SHUT_WR), 0);
	ck_assert_int_eq(relay_join(&r), 0);
	ck_assert_mem_eq(got, text, sizeof text);
	close(out[0]);
	close(out[1]);
	relay_close(&r);
}
END_TEST

static Suite *
relay_suite(void)
{
	Suite *suite = suite_create("relay_run");
	TCase *tc = tcase_create("relay");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, exchange, 0, RELAY_KINDS * RELAY_KINDS);
	tcase_add_loop_test(tc, half_close, 0, RELAY_KINDS * 4);
	tcase_add_loop_test(tc, no_half_close, 0, RELAY_DRIVES);
	tcase_add_loop_test(tc, one_way, 0, RELAY_DRIVES);
	tcase_add_loop_test(tc, pipes, 0, RELAY_DRIVES);
	tcase_add_loop_test(tc, slow_pipe, 0, RELAY_DRIVES);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return sock_run(relay_suite());
}
