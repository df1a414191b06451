/* fsock_send() and fsock_receive() on streams: in the order of what the FILEs hold. */
#include "../../src/base/compat.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "stream/connection.h"
#include "../support/sock_support.h"

enum { TWO_WAY, ONE_WAY, NO_FILE, WINDOWS };

/* A connection, its near end with FILEs as the row wants them; the other end is bare. */
struct end {
	fsock *s;
	FILE *in, *out;
	int peer;
};

static void
open_end(struct end *e, enum sock_transport transport, int window, struct fsock_options options)
{
	options.timeout = options.timeout == 0 ? 20 : options.timeout;
	e->s = sock_raw(transport, &options, &e->peer);
	e->in = window == TWO_WAY   ? fsock_stream(e->s)
		: window == ONE_WAY ? fsock_input(e->s)
				    : NULL;
	e->out = window == ONE_WAY ? fsock_output(e->s) : e->in;
	ck_assert_int_eq(window != NO_FILE, e->in != NULL && e->out != NULL);
}

static void
close_end(struct end *e)
{
	ck_assert_int_eq(fsock_close(e->s), 0);
	close(e->peer);
}

static void
put(struct end *e, const char *text)
{
	ck_assert_int_eq(write(e->peer, text, strlen(text)), (ssize_t)strlen(text));
}

/* Receives up to `size` octets and asserts which. */
static void
expect(struct end *e, size_t size, const char *text)
{
	char buf[64];
	ssize_t n;

	errno = 0;
	n = fsock_receive(e->s, buf, size, NULL);
	ck_assert_msg(n >= 0, "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, 0);
	ck_assert_int_lt(n, (int)sizeof buf);
	buf[n] = '\0';
	ck_assert_str_eq(buf, text);
}

static void
expect_line(struct end *e, const char *line)
{
	char buf[64];

	ck_assert_ptr_nonnull(fgets(buf, sizeof buf, e->in));
	ck_assert_str_eq(buf, line);
}

static const enum fsock_delivery deliveries[] = { FSOCK_DELIVER_DEFAULT, FSOCK_DELIVER_LINE,
	FSOCK_DELIVER_BLOCK, FSOCK_DELIVER_WHOLE_LINE };

/* A loop test's row: transport, delivery and window; returns whether it can be run. */
static int
row(int i, struct end *e, int windows)
{
	enum sock_transport transport = (enum sock_transport)(i % SOCK_TRANSPORTS);
	struct fsock_options options = { .delivery =
					     deliveries[i / SOCK_TRANSPORTS % COUNT(deliveries)] };

	if (!sock_has(transport))
		return 0;
	open_end(e, transport, i / SOCK_TRANSPORTS / COUNT(deliveries) % windows, options);
	return 1;
}
#define ROWS(windows) (SOCK_TRANSPORTS * COUNT(deliveries) * (windows))

/* By turns from the FILE and beside it: no octet is lost, doubled or out of order. */
START_TEST(reading_by_turns)
{
	struct end e;

	if (!row(_i, &e, 2))
		return;
	put(&e, "one\ntwo\nthree\nfour\nfive");
	ck_assert_int_eq(shutdown(e.peer, SHUT_WR), 0);
	expect_line(&e, "one\n");
	ck_assert_int_eq(getc(e.in), 't');
	expect(&e, 1, "w");
	expect(&e, 5, "o\nthr");
	expect_line(&e, "ee\n");
	ck_assert_int_eq(getc(e.in), 'f');
	ck_assert_int_eq(ungetc('f', e.in), 'f');
	expect(&e, 2, "fo");
	expect(&e, 63, "ur\nfive");
	expect(&e, 63, "");
	ck_assert_int_eq(getc(e.in), EOF);
	ck_assert(feof(e.in));
	close_end(&e);
}
END_TEST

/* The LF of a line that was told of at its CR is no input, whenever it comes. */
START_TEST(line_end_owed)
{
	struct end e;

	if (!row(_i, &e, 2))
		return;
	ck_assert_int_eq(fsock_set_format(e.in, "auto"), 0);
	put(&e, "one\r");
	expect_line(&e, "one\n");
	put(&e, "\nbody");
	expect(&e, 63, "body");
	put(&e, "two\r");
	expect_line(&e, "two\n");
	put(&e, "body\r");
	expect(&e, 4, "body");
	expect_line(&e, "\n");
	ck_assert_int_eq(shutdown(e.peer, SHUT_WR), 0);
	expect(&e, 63, "");
	close_end(&e);
}
END_TEST

/* Without a FILE, and before the FILE has read anything. */
START_TEST(reading_at_first)
{
	struct end e;

	if (!row(_i, &e, WINDOWS))
		return;
	put(&e, "one\ntwo\n");
	expect(&e, 0, "");
	expect(&e, 2, "on");
	expect(&e, 63, "e\ntwo\n");
	put(&e, "three\n");
	if (e.in != NULL)
		expect_line(&e, "three\n");
	else
		expect(&e, 63, "three\n");
	close_end(&e);
}
END_TEST

/* Much data, pieces of every size by turns; the FILE's position does not count the others. */
START_TEST(reading_much)
{
	enum { MUCH = 1 << 18 };
	static unsigned char data[MUCH], buf[MUCH];
	fsock *ends[2];
	size_t got = 0, turn = 0;
	FILE *in;

	if (!sock_has((enum sock_transport)_i))
		return;
	sock_link((enum sock_transport)_i, &(struct fsock_options){ .timeout = 20 }, ends);
	for (size_t i = 0; i < MUCH; i++)
		data[i] = (unsigned char)(i * i >> 3);
	in = fsock_input(ends[0]);
	for (size_t sent = 0; sent < MUCH; turn++) {
		size_t piece = 1 + turn * 37 % 5000, end;

		piece = piece < MUCH - sent ? piece : MUCH - sent;
		ck_assert_int_eq(fsock_send(ends[1], data + sent, piece, NULL), (int)piece);
		sent += piece;
		for (end = got + (sent - got) / 2; got < end;) {
			size_t want = 1 + got * 13 % 700;
			ssize_t n;

			want = want < sent - got ? want : sent - got;
			n = turn % 2 ? (ssize_t)fread(buf + got, 1, want, in)
				     : fsock_receive(ends[0], buf + got, want, NULL);
			ck_assert_int_gt(n, 0);
			got += (size_t)n;
		}
	}
	ck_assert_mem_eq(buf, data, got);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

/* A counted block in a line protocol: it may be longer than a line, and holds no line. */
START_TEST(block_between_lines)
{
	static const char block[] = "0123456789012345678901234567890123456789";
	struct fsock_options options = { .delivery = deliveries[_i], .line_limit = 10 };
	struct end e;

	open_end(&e, SOCK_PAIR, TWO_WAY, options);
	put(&e, "VALUE 40\n");
	put(&e, block);
	put(&e, "\r\nEND\n");
	expect_line(&e, "VALUE 40\n");
	expect(&e, 40, block);
	expect_line(&e, "\r\n");
	expect_line(&e, "END\n");
	if (deliveries[_i] != FSOCK_DELIVER_WHOLE_LINE) { /* with a block in the middle of a line */
		put(&e, "4:0123,after it\n");
		ck_assert_int_eq(getc(e.in), '4');
		ck_assert_int_eq(getc(e.in), ':');
		expect(&e, 4, "0123");
		expect_line(&e, ",after it\n");
	}
	close_end(&e);
}
END_TEST

/* What the library had read ahead, but not handed to the FILE, is there after that was closed. */
START_TEST(after_input_closed)
{
	struct end e;

	open_end(&e, (enum sock_transport)(_i % SOCK_TRANSPORTS), ONE_WAY,
	    (struct fsock_options){ .delivery = FSOCK_DELIVER_LINE });
	put(&e, "one\ntwo\n");
	expect_line(&e, "one\n");
	ck_assert_int_eq(fclose(e.in), 0);
	expect(&e, 63, "two\n");
	put(&e, "three\n");
	expect(&e, 63, "three\n");
	close_end(&e);
}
END_TEST

/* What is received beside the FILE counts, a bound holds for it, nothing overtakes what waits. */
START_TEST(counted_and_bound)
{
	struct end e;

	if (!row(_i, &e, NO_FILE))
		return;
	put(&e, "abc");
	expect(&e, 2, "ab");
	expect(&e, 2, "c");
	ck_assert_int_eq(fsock_octet_position(e.in), 3);
	put(&e, "defghijk");
	ck_assert_int_eq(fsock_set_bound(e.in, 2), 0);
	expect(&e, 10, "de");
	expect(&e, 10, "");
	ck_assert_int_eq(fsock_set_bound(e.in, 5), 0);
	ck_assert_int_eq(fsock_peek_byte(e.in), 'f');
	ck_assert_int_eq(fsock_set_bound(e.in, 3), 0);
	expect(&e, 10, "fgh");
	expect(&e, 10, "");
	ck_assert_int_eq(fsock_octet_position(e.in), 8);
	ck_assert_int_eq(fsock_set_bound(e.in, UINT64_MAX), 0);
	expect(&e, 10, "ijk");
	close_end(&e);
}
END_TEST

/* The sender of octets in a stream is no address. */
START_TEST(no_sender)
{
	struct fsock_addr from;
	struct end e;
	char c;

	open_end(&e, SOCK_TCP4, TWO_WAY, (struct fsock_options){ 0 });
	memset(&from, 0x5a, sizeof from);
	put(&e, "x");
	ck_assert_int_eq(fsock_receive(e.s, &c, 1, &from), 1);
	ck_assert_int_eq(fsock_addr_family(&from), AF_UNSPEC);
	close_end(&e);
}
END_TEST

static void
read_one(void *arg)
{
	FILE *f = arg;

	ungetc(getc(f), f);
}

/* While a thread waits in the FILE, another must not take what it waits for. */
START_TEST(reader_waits)
{
	struct sock_thread thread;
	struct end e;
	double value;
	char c;

	open_end(&e, SOCK_PAIR, _i, (struct fsock_options){ 0 });
	sock_thread_start(&thread, read_one, e.in);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(fsock_receive(e.s, &c, 1, NULL), -1);
	sock_assert_error(FSOCK_IN_PROGRESS_ERROR, EBUSY);
	ck_assert_int_eq(fsock_get_option(e.s, FSOCK_OPTION_AVAILABLE, &value), -1);
	sock_assert_error(FSOCK_IN_PROGRESS_ERROR, EBUSY);
	ck_assert_int_eq(fsock_send(e.s, "x", 1, NULL), 1); /* that side is free */
	put(&e, "yz");
	sock_thread_join(&thread);
	expect(&e, 2, "yz");
	close_end(&e);
}
END_TEST

static const struct limit {
	struct fsock_options options;
	enum fsock_error_kind kind;
} limits[] = {
	{ { .read_timeout = 0.05 }, FSOCK_TIMEOUT_ERROR },
	{ { .deadline = 0.05 }, FSOCK_DEADLINE_TIMEOUT_ERROR },
};

START_TEST(times_out)
{
	struct end e;
	char c;

	open_end(&e, SOCK_TCP4, _i % WINDOWS, limits[_i / WINDOWS].options);
	ck_assert_int_eq(fsock_receive(e.s, &c, 1, NULL), -1);
	sock_assert_error(limits[_i / WINDOWS].kind, ETIMEDOUT);
	fsock_close(e.s);
	close(e.peer);
}
END_TEST

/* What a wait for a whole line has met on its way is told once what came before is taken. */
START_TEST(waited_error)
{
	struct fsock__stream *stream;
	struct end e;
	char c[4];

	open_end(&e, SOCK_TCP4, _i, (struct fsock_options){ .delivery = FSOCK_DELIVER_WHOLE_LINE });
	put(&e, "ab");
	sock_await(fsock_socket(e.s), POLLIN);
	ck_assert_int_eq(fsock_wait_for_input(&e.s, 1, 0, NULL), 0);
	stream = e.s->stream;
	stream->read_error = ECONNRESET; /* as if it had come just then */
	ck_assert_int_eq(fsock_wait_for_input(&e.s, 1, 0, NULL), 1);
	ck_assert_int_eq(fsock_receive(e.s, c, sizeof c, NULL), 2);
	ck_assert_int_eq(fsock_receive(e.s, c, sizeof c, NULL), -1);
	sock_assert_error(FSOCK_CONNECTION_RESET_ERROR, ECONNRESET);
	put(&e, "c");
	ck_assert_int_eq(fsock_receive(e.s, c, sizeof c, NULL), 1);
	close_end(&e);
}
END_TEST

static void
expect_sent(struct end *e, const char *text)
{
	char buf[64] = "";

	ck_assert_int_eq(sock_read_all(e->peer, buf, strlen(text)), (ssize_t)strlen(text));
	ck_assert_str_eq(buf, text);
}

/* What was printed comes before what is sent, and after it what is printed then. */
START_TEST(writing_by_turns)
{
	struct end e;

	if (!row(_i, &e, 2))
		return;
	ck_assert_int_ge(fputs("printed,", e.out), 0);
	errno = 0;
	ck_assert_int_eq(fsock_send(e.s, "sent,", 5, NULL), 5);
	ck_assert_int_eq(errno, 0);
	ck_assert_int_ge(fputs("again,", e.out), 0);
	ck_assert_int_eq(fsock_send(e.s, "and again", 9, NULL), 9);
	expect_sent(&e, "printed,sent,again,and again");
	ck_assert_int_ge(fputs("flushed", e.out), 0);
	ck_assert_int_eq(fsock_send(e.s, NULL, 0, NULL), 0);
	expect_sent(&e, "flushed");
	put(&e, "answer\n");
	expect_line(&e, "answer\n");
	close_end(&e);
}
END_TEST

START_TEST(to_elsewhere)
{
	struct fsock_addr to;
	struct end e;

	open_end(&e, SOCK_TCP4, _i, (struct fsock_options){ 0 });
	ck_assert_int_eq(fsock_addr_from_text(&to, "127.0.0.1", 9), 0);
	ck_assert_int_eq(fsock_send(e.s, "x", 1, &to), -1);
	sock_assert_failed(FSOCK_ALREADY_CONNECTED_ERROR, EISCONN, "send to 127.0.0.1 port 9: %s",
	    strerror(EISCONN));
	ck_assert_int_eq(fsock_send(e.s, "y", 1, NULL), 1);
	expect_sent(&e, "y");
	close_end(&e);
}
END_TEST

/* A failure to write is final for all ways to write, and told at the end. */
START_TEST(writing_fails)
{
	struct end e;

	open_end(&e, SOCK_PAIR, _i, (struct fsock_options){ 0 });
	close(e.peer);
	ck_assert_int_eq(fsock_send(e.s, "x", 1, NULL), -1);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	ck_assert_int_eq(fsock_send(e.s, "x", 1, NULL), -1);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	if (e.out != NULL)
		ck_assert(fputs("x", e.out) == EOF || fflush(e.out) == EOF);
	ck_assert_int_eq(fsock_close(e.s), -1);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
}
END_TEST

enum { RECORDS = 500, RECORD = 100 };

/* Prints records of the letter 'f', each flushed whole. */
static void
print_records(void *arg)
{
	FILE *out = arg;

	for (int i = 0; i < RECORDS; i++) {
		flockfile(out);
		for (int k = 1; k < RECORD; k++)
			putc_unlocked('f', out);
		putc_unlocked('\n', out);
		fflush(out);
		funlockfile(out);
	}
}

static void
send_records(void *arg)
{
	char record[RECORD];

	memset(record, 's', sizeof record);
	record[RECORD - 1] = '\n';
	for (int i = 0; i < RECORDS; i++)
		fsock_send(arg, record, sizeof record, NULL);
}

/* Threads that print and send at once: every record arrives whole. */
START_TEST(two_writers)
{
	static char buf[2 * RECORDS * RECORD];
	struct sock_thread printer, sender;
	struct end e;
	int sent = 0;

	open_end(&e, SOCK_PAIR, ONE_WAY, (struct fsock_options){ 0 });
	sock_thread_start(&printer, print_records, e.out);
	sock_thread_start(&sender, send_records, e.s);
	ck_assert_int_eq(sock_read_all(e.peer, buf, sizeof buf), (ssize_t)sizeof buf);
	sock_thread_join(&printer);
	sock_thread_join(&sender);
	for (size_t i = 0; i < sizeof buf; i += RECORD) {
		char record[RECORD];

		memset(record, buf[i], sizeof record);
		record[RECORD - 1] = '\n';
		ck_assert_mem_eq(buf + i, record, RECORD);
		sent += buf[i] == 's';
	}
	ck_assert_int_eq(sent, RECORDS);
	close_end(&e);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("raw");
	TCase *tcase = tcase_create("raw");

	tcase_add_loop_test(tcase, counted_and_bound, 0, ROWS(2));
	tcase_add_loop_test(tcase, reading_by_turns, 0, ROWS(2));
	tcase_add_loop_test(tcase, line_end_owed, 0, ROWS(2));
	tcase_add_loop_test(tcase, reading_at_first, 0, ROWS(WINDOWS));
	tcase_add_loop_test(tcase, reading_much, 0, SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, block_between_lines, 1, COUNT(deliveries));
	tcase_add_loop_test(tcase, after_input_closed, 0, SOCK_TRANSPORTS);
	tcase_add_test(tcase, no_sender);
	tcase_add_loop_test(tcase, reader_waits, 0, 2);
	tcase_add_loop_test(tcase, waited_error, 0, 2);
	tcase_add_loop_test(tcase, times_out, 0, WINDOWS * COUNT(limits));
	tcase_add_loop_test(tcase, writing_by_turns, 0, ROWS(2));
	tcase_add_loop_test(tcase, to_elsewhere, 0, WINDOWS);
	tcase_add_loop_test(tcase, writing_fails, 0, WINDOWS);
	tcase_add_test(tcase, two_writers);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
