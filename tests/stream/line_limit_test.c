/* How long a line or record may be, and what memory one takes that does not end. */
#include "../../src/base/compat.h"

#include <stdlib.h>

#include <check.h>

#include "../../src/stream/connection.h"
#include "../support/records.h"
#include "../support/sock_support.h"
#include "../support/stdio_link.h"

#define LINE  FSOCK_DELIVER_LINE
#define WHOLE FSOCK_DELIVER_WHOLE_LINE

/* How much the connection of a socket keeps for input. */
static size_t
memory_of(fsock *s)
{
	const struct fsock__stream *stream = s->stream;

	return stream->raw.capacity;
}

/* ---- The longest line. */

/*
 * Lines of these lengths, ends included, come one after the other, the last one without its end if
 * `rest` says so; then the peer ends its output. `good` of them are read, then comes the end of the
 * file or the error.
 */
static const struct limit {
	enum fsock_delivery delivery;
	size_t limit, lengths[4];
	int rest, good, too_long;
} limits[] = {
	{ .delivery = LINE, .limit = 8, .lengths = { 8 }, .good = 1 },
	{ .delivery = LINE, .limit = 8, .lengths = { 9 }, .too_long = 1 },
	{ .delivery = LINE, .limit = 8, .lengths = { 8, 8, 1, 8 }, .good = 4 },
	{ .delivery = LINE, .limit = 8, .lengths = { 8, 1, 9, 1 }, .good = 2, .too_long = 1 },
	{ .delivery = LINE, .limit = 8, .lengths = { 3, 7 }, .rest = 1, .good = 2 },
	{ .delivery = LINE, .limit = 8, .lengths = { 3, 8 }, .rest = 1, .good = 2 },
	{ .delivery = LINE, .limit = 8, .lengths = { 3, 9 }, .rest = 1, .good = 1, .too_long = 1 },
	{ .delivery = LINE, .limit = 1, .lengths = { 1, 1, 2 }, .good = 2, .too_long = 1 },
	{ .delivery = LINE, .limit = 9000, .lengths = { 9000, 9001 }, .good = 1, .too_long = 1 },
	{ .delivery = FSOCK_DELIVER_DEFAULT,
	    .limit = 8,
	    .lengths = { 8, 9 },
	    .good = 1,
	    .too_long = 1 },
	{ .delivery = FSOCK_DELIVER_BLOCK, .limit = 8, .lengths = { 8, 9, 100 }, .good = 3 },
	{ .delivery = LINE, .limit = 0, .lengths = { 100000, 7, 70000 }, .good = 3 },
	{ .delivery = WHOLE, .limit = 8, .lengths = { 8 }, .good = 1 },
	{ .delivery = WHOLE, .limit = 8, .lengths = { 9 }, .too_long = 1 },
	{ .delivery = WHOLE, .limit = 8, .lengths = { 8, 8, 1, 8 }, .good = 4 },
	{ .delivery = WHOLE, .limit = 8, .lengths = { 8, 1, 9, 1 }, .good = 2, .too_long = 1 },
	{ .delivery = WHOLE, .limit = 8, .lengths = { 3, 7 }, .rest = 1, .good = 2 },
	{ .delivery = WHOLE, .limit = 8, .lengths = { 3, 9 }, .rest = 1, .good = 1, .too_long = 1 },
	{ .delivery = WHOLE, .limit = 1, .lengths = { 1, 1, 2 }, .good = 2, .too_long = 1 },
	{ .delivery = WHOLE, .limit = 9000, .lengths = { 9000, 9001 }, .good = 1, .too_long = 1 },
	{ .delivery = WHOLE,
	    .limit = 20000,
	    .lengths = { 9000, 20000, 20001 },
	    .good = 2,
	    .too_long = 1 },
	{ .delivery = WHOLE, .limit = 0, .lengths = { 65536, 5, 65537 }, .good = 2, .too_long = 1 },
	{ .delivery = WHOLE,
	    .limit = 100000,
	    .lengths = { 100000, 100001 },
	    .good = 1,
	    .too_long = 1 },
};

static char text[400000], line[400000];

/* Makes the lines of a row in `text`; returns their length together. */
static size_t
make_lines(const struct limit *row)
{
	size_t n = 0;

	for (int i = 0; i < COUNT(row->lengths) && row->lengths[i] > 0; i++) {
		memset(text + n, 'a' + i, row->lengths[i] - 1);
		n += row->lengths[i];
		text[n - 1] = '\n';
	}
	if (row->rest)
		text[n - 1] = '$';
	return n;
}

/* The next record is so long, where that has to be said. */
static void
expect_length(FILE *f, const struct records_kind *kind, size_t n)
{
	struct fsock_record record = records_of_length(kind, n);

	if (records_is_counted(kind))
		ck_assert_int_eq(fsock_set_record(f, &record), 0);
}

/* Reads n octets that are a line or record. Returns how many it has got. */
static size_t
read_one(const struct records_kind *kind, FILE *f, size_t n)
{
	if (kind->record.kind == FSOCK_RECORD_LINE)
		return fgets(line, sizeof line, f) == NULL ? 0 : strlen(line);
	return records_read(kind, f, line, n);
}

static void
check_too_long(const struct stdio_link *link, const struct records_kind *kind, FILE *f)
{
	/* A line that is too long stays so; its octets can be had. */
	for (int turn = 0; turn < 3; turn++) {
		errno = 0;
		ck_assert_uint_eq(read_one(kind, f, 1), 0);
		ck_assert_int_eq(errno, EMSGSIZE);
		ck_assert(ferror(f) && !feof(f));
		stdio_expect_error(
		    link, "read", FSOCK_LINE_TOO_LONG_ERROR, EMSGSIZE, "Line too long");
		clearerr(f);
	}
	ck_assert_int_ge(fsock_read_byte(f), 0);
}

/* A count beyond the limit is refused when it is set. */
static void
check_count_refused(const struct limit *row, const struct records_kind *kind, FILE *f)
{
	struct fsock_record record = records_of_length(kind, row->lengths[row->good]);

	ck_assert_int_eq(fsock_set_record(f, &record), -1);
	ck_assert_int_eq(errno, EINVAL);
}

static void
check_end(const struct limit *row, const struct records_kind *kind, const struct stdio_link *link,
    FILE *f, long at)
{
	if (row->too_long && records_is_counted(kind)) {
		check_count_refused(row, kind, f);
	} else if (row->too_long) {
		check_too_long(link, kind, f);
		if (row->delivery == WHOLE)
			ck_assert_int_eq(ftell(f), at);
	} else {
		ck_assert_uint_eq(read_one(kind, f, 1), 0);
		ck_assert(feof(f) && !ferror(f));
	}
}

/* What a socket of a row is told: its delivery of lines, or a record of another kind. */
static struct fsock_options
options_of(const struct limit *row, const struct records_kind *kind, struct fsock_record *record)
{
	struct fsock_options options = { .line_limit = row->limit };

	*record = records_of_length(kind, 1);
	if (kind->record.kind == FSOCK_RECORD_LINE)
		options.delivery = row->delivery;
	else
		options.record = record;
	return options;
}

static void
read_limited(const struct limit *row, const struct records_kind *kind, int two_way,
    enum stdio_transport transport, size_t piece)
{
	struct fsock_record record;
	struct fsock_options options = options_of(row, kind, &record);
	size_t n = make_lines(row), at = 0;
	/* A rest is to be one of a record that has more. */
	struct records_turn turn = { kind, row->lengths[row->rest] + 1, 0 };
	struct stdio_feeder feeder;
	struct stdio_link link;
	FILE *f;

	stdio_link_open(&link, transport, &options);
	f = stdio_link_input(&link, two_way);
	stdio_feeder_start(&feeder, &link, records_turn(&turn, text, n), n, piece, 1);
	for (int i = 0; i < row->good; i++) {
		expect_length(f, kind, row->lengths[i]);
		ck_assert_uint_eq(read_one(kind, f, row->lengths[i]), row->lengths[i]);
		ck_assert_mem_eq(line, text + at, row->lengths[i]);
		at += row->lengths[i];
		ck_assert_int_eq(ftell(f), (long)at);
	}
	check_end(row, kind, &link, f, (long)at);
	stdio_feeder_stop(&feeder);
	stdio_link_close(&link);
}

static void
read_in_pieces(const struct limit *row, const struct records_kind *kind, int i)
{
	static const size_t pieces[] = { 1, 3, 5000, 1000000 };

	for (int k = 0; k < COUNT(pieces); k++)
		if (pieces[k] >= 5000 || make_lines(row) < 1000)
			read_limited(
			    row, kind, i % 2, i / 2 % 2 ? STDIO_TCP6 : STDIO_UNIX, pieces[k]);
}

START_TEST(line_limit)
{
	read_in_pieces(&limits[_i / 4], records_from_lines, _i);
}
END_TEST

/* The rows of whole lines hold for whole records; each kind has one of the four links. */
START_TEST(record_limit)
{
	const struct limit *row = &limits[_i % COUNT(limits)];
	int k = 1 + _i / COUNT(limits);

	if (row->delivery == WHOLE)
		read_in_pieces(row, &records_from_lines[k], _i + k);
}
END_TEST

/* ---- A flood without a line end. */

static const struct flood {
	enum fsock_delivery delivery;
	size_t limit, most;
	int too_long;
} floods[] = {
	{ .delivery = WHOLE, .most = 65536 + 2 * FSOCK__BUFFER_LARGE, .too_long = 1 },
	{ .delivery = WHOLE, .limit = 1000, .most = 2 * FSOCK__BUFFER_LARGE, .too_long = 1 },
	{ .delivery = LINE, .limit = 1000, .most = 2 * FSOCK__BUFFER_LARGE, .too_long = 1 },
	{ .delivery = LINE, .most = 2 * FSOCK__BUFFER_LARGE },
	{ .delivery = FSOCK_DELIVER_BLOCK, .most = 2 * FSOCK__BUFFER_LARGE },
};

/* Whether a kind has no end among any octets; the others do not wait for one. */
static int
seeks_an_end(const struct records_kind *kind)
{
	return kind->delimiter >= 0;
}

/* Memory is bounded, whether the line is refused or a program takes it piece by piece. */
START_TEST(flood)
{
	const struct flood *row = &floods[_i / 2 % COUNT(floods)];
	const struct records_kind *kind = &records_from_lines[_i / 2 / COUNT(floods)];
	struct fsock_options options = { .delivery = row->delivery, .line_limit = row->limit };
	size_t size = (size_t)4 << 20, total = 0, n;
	char *octets = malloc(size);
	struct stdio_link link;
	struct stdio_feeder feeder;
	FILE *f;

	if (kind != records_from_lines && (row->delivery != WHOLE || !seeks_an_end(kind))) {
		free(octets);
		return;
	}
	ck_assert_ptr_nonnull(octets);
	if (kind != records_from_lines)
		options.record = &kind->record;
	memset(octets, 'x', size);
	stdio_link_open(&link, STDIO_TCP4, &options);
	f = stdio_link_input(&link, _i % 2);
	stdio_feeder_start(&feeder, &link, octets, size, size, 1);
	while ((n = fread(line, 1, 3000, f)) == 3000) {
		total += n;
		ck_assert_uint_le(memory_of(link.s), row->most);
	}
	total += n;
	ck_assert_uint_le(memory_of(link.s), row->most);
	if (row->too_long) {
		ck_assert_uint_eq(total, row->delivery == LINE ? row->limit : 0);
		clearerr(f);
		check_too_long(&link, kind, f);
		/* The flood is held up in the kernel: its sender has to let go. */
		ck_assert_int_eq(fsock_abort(link.s), 0);
	} else {
		ck_assert_uint_eq(total, size);
		ck_assert(feof(f));
		ck_assert_uint_le(memory_of(link.s), FSOCK__BUFFER_SMALL);
		fsock_close(link.s);
	}
	link.s = NULL;
	stdio_feeder_join(&feeder);
	stdio_link_close(&link);
	free(octets);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("line limit");
	TCase *t = tcase_create("line limit");

	tcase_add_loop_test(t, line_limit, 0, COUNT(limits) * 4);
	tcase_add_loop_test(t, record_limit, 0, COUNT(limits) * (RECORDS_FROM_LINES - 1));
	tcase_add_loop_test(t, flood, 0, COUNT(floods) * RECORDS_FROM_LINES * 2);
	suite_add_tcase(s, t);
	return sock_run(s);
}
