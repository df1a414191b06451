/* Servers of records: what the handler gets, in which order, how much, and what ends a client. */
#include "../../src/base/compat.h"

#include <stdlib.h>
#include <string.h>

#include "../support/lines.h"
#include "../support/records.h"

/* A client that has sent what is no record, or too much of one, is ended, and reported. */
static int
answer_length(FILE *client, char *record, size_t length, void *arg)
{
	(void)arg;
	fprintf(client, "%zu %d\n", length, record[length] == '\0');
	return length == 3 && memcmp(record, "end", 3) == 0 ? FSOCK_END_CLIENT : 0;
}

static struct fsock_server_options options;

static fsock_server *
start(const struct fsock_record *record, fsock_record_handler *handler)
{
	fsock_server *server;

	options = (struct fsock_server_options){ .error = server_log,
		.socket = { .record = record, .line_limit = 1000 } };
	server_log_reset();
	server = fsock_server_start_records("127.0.0.1", 0, handler, NULL, &options);
	ck_assert_msg(server != NULL, "%s", fsock_last_error()->text);
	return server;
}

static void
put(fsock *s, const char *octets, size_t n)
{
	ck_assert_uint_eq(fwrite(octets, 1, n, fsock_stream(s)), n);
	ck_assert_int_eq(fflush(fsock_stream(s)), 0);
}

/* ---- Records of every kind, however they come: the handler gets each of them, whole. */

static int
echo(FILE *client, char *record, size_t length, void *arg)
{
	(void)arg;
	fwrite(record, 1, length, client);
	putc(record[length] == '\0' ? '.' : '!', client);
	return 0;
}

START_TEST(in_order)
{
	enum { EACH = 60, CLIENTS = 3 };
	static char sent[EACH * RECORDS_MOST], expected[EACH * (RECORDS_MOST + 1)],
	    got[EACH * (RECORDS_MOST + 1)];
	static const size_t pieces[] = { 1, 13, 4096 };
	const struct records_kind *kind = &records_kinds[_i % RECORDS_KINDS];
	size_t piece = pieces[_i / RECORDS_KINDS], n = 0, m = 0;
	fsock_server *server = start(&kind->record, echo);
	fsock *clients[CLIENTS];

	for (int i = 0; i < EACH; i++) {
		size_t length = records_make(kind, i, sent + n);
		size_t kept = length - (kind->delimiter >= 0);

		memcpy(expected + m, sent + n, kept);
		expected[m + kept] = '.';
		n += length;
		m += kept + 1;
	}
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = server_connect(server, "127.0.0.1");
	for (size_t at = 0; at < n; at += piece)
		for (int i = 0; i < CLIENTS; i++)
			put(clients[i], sent + at, n - at < piece ? n - at : piece);
	for (int i = 0; i < CLIENTS; i++) {
		ck_assert_uint_eq(fread(got, 1, m, fsock_stream(clients[i])), m);
		ck_assert_mem_eq(got, expected, m);
		ck_assert_int_eq(fsock_close(clients[i]), 0);
	}
	server_await_clients(server, 0);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	ck_assert_int_eq(server_log_count(), 0);
}
END_TEST

/* ---- The length of records, lines among them. */

static const struct length {
	size_t limit, length; /* of the line, its end included */
	const char *format;
} lengths[] = {
	{ 0, 65536, NULL },
	{ 0, 65537, NULL },
	{ 100, 100, NULL },
	{ 100, 101, NULL },
	{ 5000, 5000, NULL },
	{ 5000, 1000000, NULL },
	{ 200000, 200000, NULL },
	{ 200000, 200001, NULL },
	{ 5000, 5000, "latin-1" },
	{ 5000, 6000, "latin-1" },
	{ 5000, 5000, "binary" },
	{ 5000, 6000, "binary" },
};

enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

static char long_line[1000001], answered[sizeof long_line];

/* Sends a record back as a line of so many octets. */
static int
send_back(FILE *client, char *record, size_t length, void *arg)
{
	(void)arg;
	fwrite(record, 1, length, client);
	putc('\n', client);
	return 0;
}

/* Makes a record of n octets in long_line. */
static void
make_record(const struct records_kind *kind, char c, size_t n)
{
	struct records_turn turn = { kind, n, 0 };

	memset(long_line, c, n - 1);
	long_line[n - 1] = '\n';
	records_turn(&turn, long_line, n);
}

/* Sends it. Returns whether that could be. */
static int
put_record(fsock *s, size_t n)
{
	FILE *f = fsock_stream(s);

	return fwrite(long_line, 1, n, f) == n && fflush(f) == 0;
}

static void
expect_answer(const struct records_kind *kind, fsock *s, size_t n)
{
	size_t kept = n - (kind->delimiter >= 0);

	ck_assert_uint_eq(fread(answered, 1, kept + 1, fsock_stream(s)), kept + 1);
	ck_assert_mem_eq(answered, long_line, kept);
	ck_assert_int_eq(answered[kept], '\n');
}

static void
exchange_record(const struct records_kind *kind, fsock *s, size_t n)
{
	make_record(kind, 'b', n);
	ck_assert(put_record(s, n));
	expect_answer(kind, s, n);
}

static void
expect_too_long(fsock *s)
{
	ck_assert_int_eq(getc(fsock_stream(s)), EOF); /* the end, or a reset */
	ck_assert_int_ne(errno, ETIMEDOUT);
	ck_assert_int_eq(server_await_log(0)->errnum, EMSGSIZE);
	ck_assert_str_eq(fsock_error_name(server_await_log(0)->kind),
	    fsock_error_name(FSOCK_LINE_TOO_LONG_ERROR));
	ck_assert_str_eq(server_await_log(0)->operation, "serve client");
}

/* Text has no records but those that end in an octet. */
static int
has_kind(const struct length *row, const struct records_kind *kind)
{
	return row->format == NULL || strcmp(row->format, "binary") == 0 || kind->delimiter >= 0;
}

START_TEST(record_length)
{
	const struct length *row = &lengths[_i % LENGTHS];
	const struct records_kind *kind = &records_from_lines[_i / LENGTHS];
	size_t limit = row->limit != 0 ? row->limit : 65536;
	struct fsock_record record = records_of_length(kind, row->length);
	/* Those that are counted are all as long. */
	size_t brief = records_is_counted(kind) ? row->length : 7;
	fsock_server *server;
	fsock *s, *other;

	if (!has_kind(row, kind))
		return;
	server_log_reset();
	options = (struct fsock_server_options){ .error = server_log,
		.socket = { .record = &record,
		    .line_limit = row->limit,
		    .format = row->format,
		    .output_limit = 2 * sizeof long_line } };
	server = fsock_server_start_records("127.0.0.1", 0, send_back, NULL, &options);
	if (row->length > limit && records_is_counted(kind)) {
		ck_assert_ptr_null(server);
		ck_assert_int_eq(errno, EINVAL);
		return;
	}
	ck_assert_ptr_nonnull(server);
	other = server_connect(server, "127.0.0.1");
	s = server_connect(server, "127.0.0.1");
	exchange_record(kind, s, brief);
	make_record(kind, 'y', row->length);
	if (!put_record(s, row->length))
		ck_assert_uint_gt(row->length, limit);
	if (row->length <= limit)
		expect_answer(kind, s, row->length);
	else
		expect_too_long(s);
	exchange_record(kind, other, brief);
	fsock_abort(s);
	fsock_close(other);
	server_await_clients(server, 0);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
}
END_TEST

/* ---- How clients end. */

static ssize_t
measure_bad(const void *octets, size_t n, void *arg)
{
	(void)n, (void)arg;
	errno = EBADMSG;
	return *(const char *)octets == 'b' ? -1 : *(const char *)octets == 'l' ? 1001 : 4;
}

static const struct ending {
	const char *sent;
	size_t n;
	struct fsock_record record;
	const char *answers[3];
	int errnum; /* of what is reported; 0: nothing is */
} endings[] = {
#define SENT(s) s, sizeof(s) - 1
#define NUL                                    \
	{                                      \
		.kind = FSOCK_RECORD_DELIMITED \
	}
#define BAD                                                           \
	{                                                             \
		.kind = FSOCK_RECORD_MEASURED, .measure = measure_bad \
	}
	{ SENT("a\0end\0b\0"), NUL, { "1 1\n", "3 1\n" }, 0 },
	{ SENT("a\r\0\0"), NUL, { "2 1\n", "0 1\n" }, 0 },
	{ SENT("a\0incomplete"), NUL, { "1 1\n" }, 0 },
	{ SENT("goodbad"), BAD, { "4 1\n" }, EBADMSG },
	{ SENT("goodlong"), BAD, { "4 1\n" }, EMSGSIZE },
	{ SENT("goodgoo"), BAD, { "4 1\n" }, 0 },
	{ SENT("four4"), { .kind = FSOCK_RECORD_COUNTED, .count = 4 }, { "4 1\n" }, 0 },
};

START_TEST(how_it_ends)
{
	const struct ending *row = &endings[_i];
	fsock_server *server = start(&row->record, answer_length);
	fsock *s = server_connect(server, "127.0.0.1");

	put(s, row->sent, row->n);
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), 0);
	for (int i = 0; i < 3 && row->answers[i] != NULL; i++)
		lines_expect(s, row->answers[i]);
	lines_expect_end(s);
	fsock_close(s);
	server_await_clients(server, 0);
	if (row->errnum != 0)
		ck_assert_int_eq(server_await_log(0)->errnum, row->errnum);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	ck_assert_int_eq(server_log_count(), row->errnum != 0);
}
END_TEST

/* ---- A handler that says what comes next: a line with a length, and so many octets. */

static int
serve_block(FILE *client, char *record, size_t length, void *arg)
{
	struct fsock_record next = { .kind = FSOCK_RECORD_COUNTED };

	(void)arg;
	if (*fsock_client_state() != NULL) {
		fprintf(client, "%zu octets, %c\n", length, record[0]);
		next.kind = FSOCK_RECORD_LINE;
		*fsock_client_state() = NULL;
		return fsock_set_record(client, &next);
	}
	next.count = (size_t)atoi(record);
	fprintf(client, "%zu\n", next.count);
	*fsock_client_state() = &options;
	return fsock_set_record(client, &next);
}

START_TEST(set_by_handler)
{
	static const char text[] = "3\nabc11\n\nlines\nhere3\nx\0y1000000\n";
	static const size_t pieces[] = { 1, 5, 100 };
	fsock_server *server = start(NULL, serve_block);
	fsock *s = server_connect(server, "127.0.0.1");

	for (size_t at = 0; at < sizeof text - 1; at += pieces[_i])
		put(s, text + at,
		    sizeof text - 1 - at < pieces[_i] ? sizeof text - 1 - at : pieces[_i]);
	lines_expect(s, "3\n");
	lines_expect(s, "3 octets, a\n");
	lines_expect(s, "11\n");
	lines_expect(s, "11 octets, \n");
	lines_expect(s, "\n");
	lines_expect(s, "3\n");
	lines_expect(s, "3 octets, x\n");
	lines_expect(s, "1000000\n"); /* which is more than line_limit: the handler fails */
	lines_expect_end(s);
	fsock_close(s);
	server_await_clients(server, 0);
	ck_assert_int_eq(server_await_log(0)->errnum, EINVAL);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
}
END_TEST

/* ---- A client that is given has records, too; one whose format cannot is refused. */

START_TEST(given)
{
	struct fsock_record counted = { .kind = FSOCK_RECORD_COUNTED, .count = 3 };
	fsock *ends[2];
	fsock_server *server;

	ck_assert_int_eq(
	    fsock_pair(ends, &(struct fsock_options){ .format = _i ? "latin-1" : NULL }), 0);
	ck_assert_ptr_nonnull(fsock_stream(ends[0]));
	options = (struct fsock_server_options){
		.socket = { .record = &counted }, .sockets = ends, .socket_count = 1
	};
	server = fsock_server_start_records(NULL, 0, answer_length, NULL, &options);
	if (_i) {
		ck_assert_ptr_null(server);
		ck_assert_int_eq(errno, EINVAL);
		fsock_close(ends[0]);
	} else {
		ck_assert_ptr_nonnull(server);
		put(ends[1], "abcend", 6);
		lines_expect(ends[1], "3 1\n");
		lines_expect(ends[1], "3 1\n");
		lines_expect_end(ends[1]);
		ck_assert_int_ge(fsock_server_stop(server, 20), 0);
	}
	fsock_close(ends[1]);
}
END_TEST

/* What stdio has read ahead, before the server is given the client, is served. */
START_TEST(given_when_read)
{
	fsock *ends[2];
	fsock_server *server;

	ck_assert_int_eq(
	    fsock_pair(
		ends, &(struct fsock_options){ .element_type = _i ? FSOCK_BYTE : FSOCK_CHARACTER }),
	    0);
	put(ends[1], "Xone\nthree\n", 11);
	ck_assert_int_eq(getc(fsock_stream(ends[0])), 'X');
	options = (struct fsock_server_options){ .sockets = ends, .socket_count = 1 };
	server = fsock_server_start_lines(NULL, 0, answer_length, NULL, &options);
	ck_assert_ptr_nonnull(server);
	lines_expect(ends[1], "3 1\n");
	lines_expect(ends[1], "5 1\n");
	put(ends[1], "end\n", 4);
	lines_expect(ends[1], "3 1\n");
	lines_expect_end(ends[1]);
	ck_assert_int_ge(fsock_server_stop(server, 20), 0);
	fsock_close(ends[1]);
}
END_TEST

/* A server of lines does not care for the option; records of octets are none of text. */
START_TEST(options_of_kinds)
{
	struct fsock_record counted = { .kind = FSOCK_RECORD_COUNTED, .count = 3 };
	struct fsock_server_options own = { .socket = { .record = &counted } };
	fsock_server *server = fsock_server_start_lines("127.0.0.1", 0, answer_length, NULL, &own);
	fsock *s = server_connect(server, "127.0.0.1");

	put(s, "a line\r\n", 8);
	lines_expect(s, "6 1\n");
	fsock_close(s);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	own.socket.format = "utf-8";
	ck_assert_ptr_null(fsock_server_start_records("127.0.0.1", 0, answer_length, NULL, &own));
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("record server");
	TCase *t = tcase_create("record server");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, in_order, 0, RECORDS_KINDS * 3);
	tcase_add_loop_test(t, record_length, 0, LENGTHS * RECORDS_FROM_LINES);
	tcase_add_loop_test(t, how_it_ends, 0, (int)(sizeof endings / sizeof endings[0]));
	tcase_add_loop_test(t, set_by_handler, 0, 3);
	tcase_add_loop_test(t, given, 0, 2);
	tcase_add_loop_test(t, given_when_read, 0, 2);
	tcase_add_test(t, options_of_kinds);
	suite_add_tcase(s, t);
	return sock_run(s);
}
