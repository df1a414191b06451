/*
 * setbuf(f, NULL) reaches the library's read-ahead: what a read does not return stays in the
 * kernel, so that loops of select() with one fgets() a turn work.
 */
#include "../../src/base/compat.h"

#include <poll.h>
#include <stdlib.h>

#include "../support/sock_support.h"

typedef int read_fn(FILE *f, char *line, int size);

static int
by_fgets(FILE *f, char *line, int size)
{
	return fgets(line, size, f) != NULL;
}

static int
by_getline(FILE *f, char *line, int size)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t n = getline(&text, &room, f);

	if (n >= 0)
		snprintf(line, (size_t)size, "%s", text);
	free(text);
	return n >= 0;
}

static int
by_getc(FILE *f, char *line, int size)
{
	int n = 0, c;

	while (n < size - 1 && (c = getc(f)) != EOF) {
		line[n++] = (char)c;
		if (c == '\n')
			break;
	}
	line[n] = '\0';
	return n > 0;
}

static int
by_fscanf(FILE *f, char *line, int size)
{
	(void)size;
	if (fscanf(f, "%99[^\n]", line) != 1)
		return 0;
	strcat(line, "\n");
	return getc(f) == '\n';
}

static read_fn *const readers[] = { by_fgets, by_getline, by_getc, by_fscanf };

/* A line of input as it is sent, and as it is read. */
static const struct row {
	const char *format, *sent, *read;
	enum fsock_element element;
	enum fsock_delivery delivery;
} rows[] = {
	{ NULL, "one\n", "one\n", FSOCK_CHARACTER, FSOCK_DELIVER_DEFAULT },
	{ NULL, "one\n", "one\n", FSOCK_CHARACTER, FSOCK_DELIVER_BLOCK },
	{ NULL, "one\n", "one\n", FSOCK_BYTE, FSOCK_DELIVER_DEFAULT },
	{ "crlf", "one\r\n", "one\n", FSOCK_CHARACTER, FSOCK_DELIVER_DEFAULT },
	{ "latin-1", "gr\xFC\xDF\n", "gr\xC3\xBC\xC3\x9F\n", FSOCK_CHARACTER,
	    FSOCK_DELIVER_DEFAULT },
	{ "utf-8,crlf", "\xE2\x82\xAC 5\r\n", "\xE2\x82\xAC 5\n", FSOCK_CHARACTER,
	    FSOCK_DELIVER_BLOCK },
};

/* Two-way streams, and one-way ones. */
typedef FILE *open_fn(fsock *s);
static open_fn *const openers[] = { fsock_stream, fsock_input };

static int
is_readable(FILE *f)
{
	struct pollfd fd = { .fd = fsock_fileno(f), .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

static void
drain_by_turns(FILE *f, read_fn *reader, const char *wanted)
{
	char line[128];

	for (int turn = 0; turn < 3; turn++) {
		ck_assert_msg(is_readable(f), "nothing to be read in turn %d", turn);
		ck_assert(reader(f, line, sizeof line));
		ck_assert_str_eq(line, wanted);
	}
	ck_assert(!is_readable(f));
	ck_assert_int_eq((int)fsock_pending(fsock_of(f)), 0);
}

START_TEST(one_line_a_turn)
{
	int of_rows = _i % COUNT(rows), of_readers = _i / COUNT(rows) % COUNT(readers),
	    of_openers = _i / COUNT(rows) / COUNT(readers);
	const struct row *row = &rows[of_rows];
	const struct fsock_options options = {
		.format = row->format, .element_type = row->element, .delivery = row->delivery
	};
	fsock *ends[2];
	FILE *f;

	ck_assert_int_eq(fsock_pair(ends, &options), 0);
	f = openers[of_openers](ends[0]);
	setbuf(f, NULL);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq((int)fsock_send(ends[1], row->sent, strlen(row->sent), NULL),
		    (int)strlen(row->sent));
	drain_by_turns(f, readers[of_readers], row->read);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

/* And between the turns it answers. */
START_TEST(with_answers)
{
	fsock *ends[2];
	FILE *f;
	char line[64];

	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	f = fsock_stream(ends[0]);
	setbuf(f, NULL);
	ck_assert_int_eq((int)fsock_send(ends[1], "1\n2\n3\n", 6, NULL), 6);
	for (int i = 1; i <= 3; i++) {
		ck_assert(is_readable(f));
		ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
		ck_assert_int_eq(atoi(line), i);
		ck_assert_int_ge(fprintf(f, "answer %s", line), 0);
		ck_assert_int_eq(fflush(f), 0);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_input(ends[1])));
		ck_assert_int_eq(atoi(line + 7), i);
	}
	ck_assert(!is_readable(f));
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

/* A stream with a buffer still receives all there is at once. */
START_TEST(with_buffer)
{
	fsock *ends[2];
	FILE *f;
	char line[64];

	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	f = openers[_i](ends[0]);
	ck_assert_int_eq((int)fsock_send(ends[1], "1\n2\n3\n", 6, NULL), 6);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert(!is_readable(f));
	ck_assert_int_eq((int)fsock_pending(ends[0]), 4);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

/* Whole lines have to be in memory: they are read ahead. */
START_TEST(whole_lines)
{
	const struct fsock_options options = { .delivery = FSOCK_DELIVER_WHOLE_LINE };
	fsock *ends[2];
	FILE *f;
	char line[64];

	ck_assert_int_eq(fsock_pair(ends, &options), 0);
	f = openers[_i](ends[0]);
	setbuf(f, NULL);
	ck_assert_int_eq((int)fsock_send(ends[1], "1\n2\n3\n", 6, NULL), 6);
	for (int i = 1; i <= 3; i++) {
		ck_assert_int_ge(fsock_wait_for_input(&ends[0], 1, 25, NULL), 1);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
		ck_assert_int_eq(atoi(line), i);
	}
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

/* What a program asks for by number is received at once, and no more than that. */
START_TEST(by_number)
{
	enum { ALL = 50000, LEFT = 7, PIECES = 100 };
	static char sent[ALL], got[ALL];
	struct fsock_statistics before, after;
	fsock *ends[2];
	FILE *f;

	memset(sent, 'x', sizeof sent);
	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	f = openers[_i](ends[0]);
	setbuf(f, NULL);
	ck_assert_int_eq((int)fsock_send(ends[1], sent, ALL, NULL), ALL);
	ck_assert_int_eq(getc(f), 'x');
	ck_assert_int_eq(fsock_statistics(ends[0], &before), 0);
	ck_assert_int_eq((int)fsock_read_octets(f, got, ALL - 1 - LEFT), ALL - 1 - LEFT);
	ck_assert_int_eq(fsock_statistics(ends[0], &after), 0);
	ck_assert_mem_eq(got, sent, ALL - 1 - LEFT);
	ck_assert_int_le((int)(after.pieces_received - before.pieces_received), PIECES);
	ck_assert_int_eq((int)fsock_pending(ends[0]), 0);
	for (int i = 0; i < LEFT; i++) {
		ck_assert(is_readable(f));
		ck_assert_int_eq(getc(f), 'x');
	}
	ck_assert(!is_readable(f));
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("unbuffered");
	TCase *tcase = tcase_create("unbuffered");

	tcase_add_loop_test(
	    tcase, one_line_a_turn, 0, COUNT(rows) * COUNT(readers) * COUNT(openers));
	tcase_add_test(tcase, with_answers);
	tcase_add_loop_test(tcase, with_buffer, 0, COUNT(openers));
	tcase_add_loop_test(tcase, whole_lines, 0, COUNT(openers));
	tcase_add_loop_test(tcase, by_number, 0, COUNT(openers));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
