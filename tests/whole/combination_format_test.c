/*
 * The functions of fsock/format.h on the FILEs of a socket, in every combination: see
 * tests/support/combination.h. What has to know how much a FILE holds, while another thread is in a
 * call on that FILE, is told EBUSY at once.
 */
#include "../../src/base/compat.h"

#include "../support/combination.h"
#include "../support/tsan_files.h"

/*
 * Whether a call on the FILE that reads did what it must: it worked, or was told so; and that for
 * certain if a thread is blocked in a call on the FILE.
 */
static int
is_right(const struct world *w, long long result)
{
	if (combination_is_busy(w, result))
		return 1;
	return WORKED(result) && w->at.beside != IN_FGETS;
}

static const char *
no_input(const struct combination *c)
{
	return combination_has_reading_file(c) ? NULL : "there is no FILE to read";
}

static const char *
no_output(const struct combination *c)
{
	return combination_has_writing_file(c) ? NULL : "there is no FILE to write";
}

/* ---- Formats. UTF-8 leaves the lines of these tests as they are. */

static int
row_set_format_input(struct world *w)
{
	EXPECT(w, is_right(w, fsock_set_format(w->reads, "utf-8")));
	return 0;
}

static int
row_set_format_output(struct world *w)
{
	int r = fsock_set_format(w->writes, "utf-8");

	if (combination_is_writing(&w->at) && FAILED(r, EBUSY))
		return 0; /* or it has waited for the writer, as fflush() does */
	if (combination_is_two_way(&w->at) && w->at.beside != IN_WRITE)
		EXPECT(w, is_right(w, r));
	else
		EXPECT(w, WORKED(r));
	return 0;
}

static int
row_set_formats(struct world *w)
{
	struct fsock_format format;

	EXPECT(w, fsock_format_parse(&format, "utf-8") == 0);
	EXPECT(w, is_right(w, fsock_set_formats(w->reads, &format, NULL)));
	return 0;
}

static int
row_get_formats(struct world *w)
{
	struct fsock_format input, output;

	EXPECT(w, WORKED(fsock_get_formats(w->reads, &input, &output)));
	EXPECT(w, input.charset == NULL && output.charset == NULL);
	return 0;
}

static int
row_format_errors(struct world *w)
{
	uint64_t count = 1;

	int r = fsock_format_errors(w->reads, FSOCK_INPUT, &count, NULL);

	EXPECT(w, is_right(w, r));
	EXPECT(w, r < 0 || count == 0);
	return 0;
}

static int
row_column(struct world *w)
{
	struct fsock_format format;

	EXPECT(w, fsock_format_parse(&format, "utf-8") == 0);
	EXPECT(w, FAILED(fsock_column(w->writes), EINVAL));
	EXPECT(w, fsock_set_formats(w->writes, NULL, &format) == 0);
	combination_turn(w);
	EXPECT(w, fputs("\nab", w->writes) >= 0);
	combination_gave(w, "\nab");
	errno = 0;
	EXPECT(w, fsock_column(w->writes) == 2 && errno == 0);
	return 0;
}

static const char *
no_column(const struct combination *c)
{
	if (combination_is_writing(c))
		return "which output the column is that of is open";
	return combination_no_writing(c);
}

/* ---- Where input stands. */

static int
row_octet_position(struct world *w)
{
	int64_t n = fsock_octet_position(w->reads);

	EXPECT(w, is_right(w, n));
	EXPECT(w, n < 0 || n == (int64_t)w->taken);
	return 0;
}

static int
row_set_bound(struct world *w)
{
	char text[8];
	int r = fsock_set_bound(w->reads, 3);

	EXPECT(w, is_right(w, r));
	if (r < 0)
		return 0;
	if (w->at.beside != IN_RECEIVE) {
		combination_feed(w);
		EXPECT(w, fread(text, 1, sizeof text, w->reads) == 3);
		EXPECT(w, combination_took(w, text, 3));
		EXPECT(w, feof(w->reads) && !ferror(w->reads) && errno == 0);
		clearerr(w->reads);
	}
	do {
		errno = 0;
		r = fsock_set_bound(w->reads, UINT64_MAX);
	} while (w->at.beside == IN_FLUSH_ALL && FAILED(r, EBUSY));
	EXPECT(w, is_right(w, r));
	return 0;
}

/* All that the peer has sent was read ahead in mid-line, and else what a wait has. */
static int
row_pending(struct world *w)
{
	int64_t n = fsock_pending(w->s), all = (int64_t)strlen(combination_next(w));

	if (combination_is_busy(w, n))
		return 0;
	EXPECT(w, WORKED(n) && w->at.beside != IN_FGETS);
	EXPECT(w, combination_is_mid_line(&w->at) ? n == all : n <= all);
	return 0;
}

static int
row_upgrade(struct world *w)
{
	int r = fsock_upgrade(w->s);

	if (combination_is_busy(w, r) || (combination_is_writing(&w->at) && FAILED(r, EBUSY)))
		return 0;
	if (w->at.nonblocking && w->at.beside == IN_WRITE && FAILED(r, EAGAIN))
		return 0;
	if (w->at.nonblocking && w->at.lists > 0 && FAILED(r, EBUSY))
		return 0; /* a wait has received what there was */
	if (combination_is_mid_line(&w->at)) {
		EXPECT(w, FAILED(r, EBUSY));
		return 0;
	}
	EXPECT(w, WORKED(r) && r == fsock_socket(w->s) && w->at.beside != IN_FGETS);
	return 0;
}

/* ---- Octets and characters. */

static int
row_read_octets(struct world *w)
{
	char text[4];
	size_t n;

	combination_feed(w);
	n = fsock_read_octets(w->reads, text, sizeof text);
	EXPECT(w, n == sizeof text && errno == 0);
	EXPECT(w, combination_took(w, text, n));
	return 0;
}

static int
row_read_byte(struct world *w)
{
	char c;
	int r;

	combination_feed(w);
	r = fsock_read_byte(w->reads);
	EXPECT(w, r == *combination_next(w) && errno == 0);
	EXPECT(w, fsock_unread_byte(w->reads) == 0);
	EXPECT(w, fsock_read_byte(w->reads) == r);
	c = (char)r;
	EXPECT(w, combination_took(w, &c, 1));
	return 0;
}

static int
row_peek_byte(struct world *w)
{
	int r;

	combination_feed(w);
	r = fsock_peek_byte(w->reads);
	EXPECT(w, r == *combination_next(w) && errno == 0);
	return 0;
}

static int
row_getc32(struct world *w)
{
	int32_t r;

	combination_feed(w);
	r = fsock_getc32(w->reads);
	EXPECT(w, r == *combination_next(w) && errno == 0);
	EXPECT(w, fsock_ungetc32(r, w->reads) == r);
	return 0;
}

static int
row_write_octets(struct world *w)
{
	EXPECT(w, fsock_write_octets(w->writes, "octets\n", 7) == 7 && errno == 0);
	combination_gave(w, "octets\n");
	return 0;
}

static int
row_write_byte(struct world *w)
{
	EXPECT(w, fsock_write_byte(w->writes, '\n') == '\n' && errno == 0);
	combination_gave(w, "\n");
	return 0;
}

static int
row_putc32(struct world *w)
{
	combination_turn(w);
	EXPECT(w, fsock_putc32('c', w->writes) == 'c' && errno == 0);
	EXPECT(w, WORKED(fflush(w->writes)));
	combination_gave(w, "c");
	return 0;
}

static const struct combination_row rows[] = {
	{ "fsock_set_format of the FILE that reads", row_set_format_input, no_input, 0 },
	{ "fsock_set_format of the FILE that writes", row_set_format_output, no_output, 1 },
	{ "fsock_set_formats", row_set_formats, no_input, 0 },
	{ "fsock_get_formats", row_get_formats, combination_no_reading, 0 },
	{ "fsock_format_errors", row_format_errors, combination_no_reading, 0 },
	{ "fsock_column", row_column, no_column, 0 },
	{ "fsock_octet_position", row_octet_position, no_input, 0 },
	{ "fsock_set_bound", row_set_bound, no_input, 0 },
	{ "fsock_pending", row_pending, NULL, 0 },
	{ "fsock_upgrade", row_upgrade, NULL, 1 },
	{ "fsock_read_octets", row_read_octets, combination_no_reading, 0 },
	{ "fsock_read_byte, fsock_unread_byte", row_read_byte, combination_no_reading, 0 },
	{ "fsock_peek_byte", row_peek_byte, combination_no_reading, 0 },
	{ "fsock_getc32, fsock_ungetc32", row_getc32, combination_no_reading, 0 },
	{ "fsock_write_octets", row_write_octets, combination_no_writing, 1 },
	{ "fsock_write_byte", row_write_byte, combination_no_writing, 1 },
	{ "fsock_putc32", row_putc32, combination_no_writing, 1 },
};

START_TEST(format_function)
{
	combination_sweep(&rows[_i]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("combination");
	TCase *tcase = tcase_create("format");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, format_function, 0, COUNT(rows));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
