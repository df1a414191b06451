/*
 * Whatever the delivery, the buffer's size and the pieces in which input arrives: what is read is
 * what was sent. And what each way of delivering promises.
 */
#include "../../src/base/compat.h"

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

#include "../../src/stream/connection.h"
#include "../support/records.h"
#include "../support/sock_support.h"
#include "../support/stdio_link.h"

static const size_t sizes[] = { 0, 9, 16, 100, 20000 }; /* 0: what the library gives */
static const size_t pieces[] = { 1, 2, 3, 7, 100000 };

/* Lines of all lengths around those of the buffers, and a rest without an end. */
static size_t
make_text(char *text)
{
	static const int lengths[] = { 5, 0, 1, 7, 8, 9, 15, 16, 17, 30, 0, 99, 100, 101, 3 };
	size_t n = 0;

	for (int i = 0; i < COUNT(lengths); i++) {
		for (int j = 0; j < lengths[i]; j++, n++)
			text[n] = (char)('!' + n % 90);
		text[n++] = '\n';
	}
	memcpy(text + n, "the rest", 9);
	return n + 8;
}

/* ---- Ways to read some. Each returns how much it appended to `to`, 0 at the end. */

static size_t
by_fgets(FILE *f, char *to)
{
	return fgets(to, 20, f) == NULL ? 0 : strlen(to);
}

static size_t
by_getline(FILE *f, char *to)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n = getline(&line, &size, f);

	if (n > 0)
		memcpy(to, line, (size_t)n);
	free(line);
	return n > 0 ? (size_t)n : 0;
}

static size_t
by_fread(FILE *f, char *to)
{
	return fread(to, 1, 13, f);
}

static size_t
by_getc(FILE *f, char *to)
{
	int c = getc(f);

	*to = (char)c;
	return c != EOF;
}

static size_t
by_fscanf(FILE *f, char *to)
{
	return fscanf(f, "%12[^\1]", to) == 1 ? strlen(to) : 0;
}

static size_t (*const readers[])(
    FILE *, char *) = { by_fgets, by_getline, by_fread, by_getc, by_fscanf };

static void
read_all(const struct records_way *way, int two_way, enum stdio_transport transport, size_t size,
    size_t piece, size_t (*reader)(FILE *, char *))
{
	struct fsock_options options = { .delivery = way->delivery, .record = way->record };
	static char memory[20000], text[1024], got[4096];
	struct stdio_feeder feeder;
	struct stdio_link link;
	size_t n, length = make_text(text), total = 0;
	FILE *f;

	stdio_link_open(&link, transport, &options);
	f = stdio_link_input(&link, two_way);
	if (size > 0)
		ck_assert_int_eq(setvbuf(f, memory, _IOFBF, size), 0);
	stdio_feeder_start(&feeder, &link, text, length, piece, 1);
	while ((n = reader(f, got + total)) > 0) {
		total += n;
		ck_assert_uint_le(total, length + 16);
		expect_int(ftell(f), (long)total);
	}
	expect(feof(f) && !ferror(f));
	expect_int((long long)total, (long long)length);
	ck_assert_mem_eq(got, text, length);
	stdio_feeder_join(&feeder);
	stdio_link_close(&link);
}

/* In a sample, of three that differ in one thing one. */
START_TEST(any_pieces)
{
	const struct records_way *way = &records_ways[_i % RECORDS_WAYS];
	int two_way = _i / RECORDS_WAYS % 2;
	int transport = _i / RECORDS_WAYS / 2, every = getenv("FSOCK_SAMPLE") != NULL ? 3 : 1;

	for (int i = 0; i < COUNT(sizes); i++)
		for (int j = 0; j < COUNT(pieces); j++)
			for (int k = 0; k < COUNT(readers); k++)
				if ((i + j + k + _i) % every == 0)
					read_all(way, two_way,
					    transport ? STDIO_TCP4 : STDIO_SOCKETPAIR, sizes[i],
					    pieces[j], readers[k]);
}
END_TEST

/* ---- A line at a time: on a two-way stream nothing is held when the direction changes. */

/* Lines one by one, whole, and then whole records of the other kinds that lines turn into. */
enum { SWITCHED = 1 + RECORDS_FROM_LINES };

/* How many records are read before each reply: the more, the further ahead stdio reads. */
static const int turns[] = { 1, 2, 5, 10 };

START_TEST(bare_switches)
{
	int way = _i % SWITCHED, turn = turns[_i / SWITCHED % COUNT(turns)];
	const struct records_kind *kind = &records_from_lines[way > 0 ? way - 1 : 0];
	struct fsock_record record = records_of_length(kind, 11);
	struct fsock_options options = { .record = way > 1 ? &record : NULL,
		.delivery = way == 1 ? FSOCK_DELIVER_WHOLE_LINE : FSOCK_DELIVER_DEFAULT };
	struct records_turn said = { kind, 11, 0 };
	struct stdio_link link;
	char line[64], text[64], all[20 * 11 + 1];
	FILE *f;

	stdio_link_open(&link, (enum stdio_transport)(_i / SWITCHED / COUNT(turns)), &options);
	f = fsock_stream(link.s);
	for (int i = 0; i < 20; i++)
		snprintf(all + i * 11, 12, "command %02d\n", i);
	stdio_far_send(&link, records_turn(&said, all, sizeof all - 1), sizeof all - 1);
	for (int i = 0; i < 20; i++) {
		ck_assert_uint_eq(records_read(kind, f, line, 11), 11);
		ck_assert_mem_eq(line, all + i * 11, 11);
		if (i % turn > 0)
			continue;
		ck_assert_int_gt(fprintf(f, "reply %d\n", i), 0);
		if (i % 3 == 0)
			ck_assert_int_eq(fflush(f), 0);
		else if (i % 3 == 1)
			ck_assert_int_eq(fseek(f, 0, SEEK_CUR), 0);
	}
	ck_assert_int_eq(fflush(f), 0);
	for (int i = 0; i < 20; i += turn) {
		snprintf(text, sizeof text, "reply %d\n", i);
		stdio_far_expect_text(&link, text);
	}
	stdio_link_close(&link);
}
END_TEST

/* ---- Whole lines: what times out has consumed nothing. */

/* How long reads wait from now on: not at all, nearly, or for what is on its way. */
static void
set_patience(const struct stdio_link *link, double seconds)
{
	ck_assert_int_eq(fsock_set_option(link->s, FSOCK_OPTION_RECEIVE_TIMEOUT, seconds), 0);
}

/* A loop test's row of whole records: lines first. */
static const struct records_kind *
kind_of(int i)
{
	return &records_from_lines[i % RECORDS_FROM_LINES];
}

/* The next record is so long, where that has to be said. */
static void
expect_length(FILE *f, const struct records_kind *kind, size_t n)
{
	struct fsock_record record = records_of_length(kind, n);

	if (records_is_counted(kind))
		ck_assert_int_eq(fsock_set_record(f, &record), 0);
}

/* Reads a record of n octets: the i-th way. */
static size_t
read_record(const struct records_kind *kind, int i, FILE *f, char *to, size_t n)
{
	if (kind->record.kind == FSOCK_RECORD_LINE)
		return readers[i](f, to);
	return i ? fread(to, 1, n, f) : records_read(kind, f, to, n);
}

START_TEST(timeout_consumes_nothing)
{
	static const char *const parts[] = { "p", "par", "partial" };
	const struct records_kind *kind = kind_of(_i / 4);
	struct fsock_record record = records_of_length(kind, 1);
	struct fsock_options options = { .record = &record };
	struct stdio_link link;
	char line[64], text[64];
	int reader = _i % 2;
	FILE *f;

	stdio_link_open(&link, (enum stdio_transport)(_i / 4 / RECORDS_FROM_LINES), &options);
	f = stdio_link_input(&link, _i / 2 % 2);
	for (int i = 0; i < COUNT(parts); i++) {
		size_t part = strlen(parts[i]), n = part + 6;
		struct records_turn said = { kind, n, 0 };

		snprintf(text, sizeof text, "%s line\nx\n", parts[i]);
		expect_length(f, kind, n);
		stdio_far_send(&link, records_turn(&said, text, n + 2), part);
		set_patience(&link, 0.001);
		for (int turn = 0; turn < 2; turn++) {
			errno = 0;
			ck_assert_uint_eq(read_record(kind, reader, f, line, n), 0);
			ck_assert_int_eq(errno, ETIMEDOUT);
			ck_assert(ferror(f) && !feof(f));
			stdio_expect_error(
			    &link, "read", FSOCK_TIMEOUT_ERROR, ETIMEDOUT, "Timed out");
			clearerr(f);
		}
		stdio_far_send(&link, text + part, n + 2 - part);
		set_patience(&link, 20);
		ck_assert_uint_eq(read_record(kind, reader, f, line, n), n);
		ck_assert_mem_eq(line, text, n);
		expect_length(f, kind, 2);
		ck_assert_uint_eq(read_record(kind, reader, f, line, 2), 2);
		ck_assert_mem_eq(line, text + n, 2);
	}
	stdio_link_close(&link);
}
END_TEST

/* On every libc, and whatever reads: even a getc() waits for the record. */
START_TEST(octets_wait_for_their_record)
{
	const struct records_kind *kind = kind_of(_i / 2);
	struct fsock_record record = records_of_length(kind, 5);
	struct fsock_options options = { .record = &record, .read_timeout = 0.001 };
	struct records_turn said = { kind, 5, 0 };
	char got[8], text[] = "abcd\nrest";
	struct stdio_link link;
	FILE *f;

	stdio_link_open(&link, (enum stdio_transport)(_i / 2 / RECORDS_FROM_LINES), &options);
	f = stdio_link_input(&link, _i % 2);
	stdio_far_send(&link, records_turn(&said, text, 9), 3);
	ck_assert_int_eq(getc(f), EOF);
	ck_assert_uint_eq(fread(got, 1, 3, f), 0);
	clearerr(f);
	ck_assert_int_eq(ftell(f), 0);
	stdio_far_send(&link, text + 3, 2);
	set_patience(&link, 20);
	ck_assert_uint_eq(fread(got, 1, 5, f), 5);
	ck_assert_mem_eq(got, text, 5);
	stdio_far_send(&link, text + 5, 4);
	stdio_far_end(&link);
	ck_assert_uint_eq(fread(got, 1, 5, f), 4);
	ck_assert_mem_eq(got, text + 5, 4);
	ck_assert(feof(f) && !ferror(f));
	stdio_link_close(&link);
}
END_TEST

/* ---- A line much longer than stdio's buffer is searched for its end once, not for each piece. */

struct flow {
	int fd;
	size_t n, line;
};

static void
send_lines(void *arg)
{
	const struct flow *flow = arg;
	char *line = malloc(flow->line);

	memset(line, 'x', flow->line);
	line[flow->line - 1] = '\n';
	for (size_t i = 0; i < flow->n; i += flow->line)
		for (size_t at = 0; at < flow->line;) {
			ssize_t r = write(flow->fd, line + at, flow->line - at);

			if (r < 0)
				break;
			at += (size_t)r;
		}
	free(line);
}

/* The processor's time that reading n octets in lines of a length takes. */
static double
cost_of_lines(size_t n, size_t line)
{
	struct fsock_options options = { .delivery = FSOCK_DELIVER_WHOLE_LINE, .line_limit = line };
	struct stdio_link link;
	struct sock_thread thread;
	struct flow flow = { .n = n, .line = line };
	size_t size = 0, got = 0;
	char *text = NULL;
	clock_t start;

	stdio_link_open(&link, STDIO_SOCKETPAIR, &options);
	flow.fd = link.far;
	start = clock();
	sock_thread_start(&thread, send_lines, &flow);
	while (got < n) {
		ssize_t r = getline(&text, &size, fsock_input(link.s));

		ck_assert_int_eq(r, (ssize_t)line);
		got += line;
	}
	sock_thread_join(&thread);
	free(text);
	stdio_link_close(&link);
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* Four times as much takes four times as long, on a slow machine as well: not sixteen times. */
START_TEST(long_line)
{
	size_t n = 32 << 20;
	double quarter, whole;
	int tries = 0;

	do { /* again where the machine was busy: what grows with the square does so each time */
		quarter = cost_of_lines(n / 4, n / 4);
		whole = cost_of_lines(n, n);
	} while (whole >= 8 * quarter + 0.1 && ++tries < 5);
	ck_assert_msg(whole < 8 * quarter + 0.1, "%.3f s, %.3f s for a quarter", whole, quarter);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("delivery");
	TCase *t = tcase_create("delivery");

	tcase_set_timeout(t, 240); /* on a busy machine each piece waits for its turn */
	tcase_add_loop_test(t, any_pieces, 0, RECORDS_WAYS * 2 * 2);
	tcase_add_loop_test(t, bare_switches, 0, SWITCHED * COUNT(turns) * STDIO_TRANSPORTS);
	tcase_add_loop_test(
	    t, timeout_consumes_nothing, 0, 4 * RECORDS_FROM_LINES * STDIO_TRANSPORTS);
	tcase_add_loop_test(
	    t, octets_wait_for_their_record, 0, 2 * RECORDS_FROM_LINES * STDIO_TRANSPORTS);
	tcase_add_test(t, long_line);
	suite_add_tcase(s, t);
	return sock_run(s);
}
