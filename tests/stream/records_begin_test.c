/* Where records begin: what one is changes where the program stands, or octets are taken beside. */
#include "../../src/base/compat.h"

#include <string.h>

#include <check.h>

#include "../support/records.h"
#include "../support/sock_support.h"
#include "../support/stdio_link.h"

#define NUL                                                       \
	{                                                         \
		.kind = FSOCK_RECORD_DELIMITED, .delimiter = '\0' \
	}
/* ---- Changing what a record is. */

/* A peer says all of this at once; what it is to be taken for becomes known as it is read. */
START_TEST(change)
{
	static const struct fsock_record line = { .kind = FSOCK_RECORD_LINE },
					 counted = { .kind = FSOCK_RECORD_COUNTED, .count = 5 },
					 two = { .kind = FSOCK_RECORD_COUNTED, .count = 2 },
					 nul = NUL,
					 any = { .kind = FSOCK_RECORD_MEASURED,
						 .measure = records_measure };
	struct fsock_options options = {
		.nonblocking = _i % 2 ? FSOCK_ON : FSOCK_OFF,
		.read_timeout = 20,
	};
	struct stdio_link link;
	char text[64], got[64];
	FILE *f;

	stdio_link_open(&link, (enum stdio_transport)(_i / 4), &options);
	f = stdio_link_input(&link, _i / 2 % 2);
	stdio_far_send(&link, "5\nhellobyenul\0\0\3abc;end\nab\nxy", 30);
	ck_assert_int_eq(fsock_wait_for_input(&link.s, 1, 20, NULL), 1);
	ck_assert_ptr_nonnull(fgets(text, sizeof text, f));
	ck_assert_str_eq(text, "5\n");
	ck_assert_int_eq(fsock_set_record(f, &counted), 0);
	ck_assert_uint_eq(fread(got, 1, 5, f), 5);
	ck_assert_mem_eq(got, "hello", 5);
	ck_assert_uint_eq(fread(got, 1, 3, f), 3); /* within the next one */
	ck_assert_int_eq(fsock_set_record(f, &nul), 0);
	ck_assert_uint_eq(fread(got, 1, 4, f), 4);
	ck_assert_mem_eq(got, "nul", 4);
	ck_assert_int_eq(fsock_set_record(f, &any), 0);
	ck_assert_uint_eq(fsock_read_octets(f, got, 5), 5);
	ck_assert_mem_eq(got, "\0\3abc", 5);
	ck_assert_int_eq(fsock_set_record(f, &line), 0);
	ck_assert_ptr_nonnull(fgets(text, sizeof text, f));
	ck_assert_str_eq(text, ";end\n");
	ck_assert_int_eq(fsock_set_record(f, &two), 0);
	ck_assert_int_eq(getc(f), 'a');
	ck_assert_int_eq(fsock_set_record(f, &line), 0);
	ck_assert_ptr_nonnull(fgets(text, sizeof text, f));
	ck_assert_str_eq(text, "b\n");
	ck_assert_int_eq(fsock_wait_for_input(&link.s, 1, 0, NULL), 0); /* no line */
	ck_assert_int_eq(fsock_set_record(f, &two), 0);
	ck_assert_int_eq(fsock_wait_for_input(&link.s, 1, 0, NULL), 1);
	ck_assert_uint_eq(fread(got, 1, 2, f), 2);
	ck_assert_mem_eq(got, "xy", 2);
	stdio_link_close(&link);
}
END_TEST

/* Another stream of the socket has read ahead: that is given back, too. */
START_TEST(change_by_another)
{
	static const struct fsock_record counted = { .kind = FSOCK_RECORD_COUNTED, .count = 3 };
	struct stdio_link link;
	char got[8];
	FILE *f, *other;

	stdio_link_open(&link, STDIO_TCP4, &(struct fsock_options){ .read_timeout = 20 });
	f = stdio_link_input(&link, 1);
	other = stdio_link_input(&link, 0);
	stdio_far_puts(&link, "abcdefg\nh");
	ck_assert_int_eq(getc(_i ? other : f), 'a');
	ck_assert_int_eq(fsock_set_record(_i ? f : other, &counted), 0);
	ck_assert_uint_eq(fread(got, 1, 6, _i ? f : other), 6);
	ck_assert_mem_eq(got, "bcdefg", 6);
	ck_assert_int_eq(fsock_wait_for_input(&link.s, 1, 0, NULL), 0);
	stdio_link_close(&link);
}
END_TEST

/* What cannot be set leaves everything as it was. */
static const struct refused {
	const char *what, *format;
	const struct fsock_record *record;
} refused[] = {
#define RECORD(...)                  \
	&(const struct fsock_record) \
	{                            \
		__VA_ARGS__          \
	}
	{ "NULL", NULL, NULL },
	{ "kind", NULL, RECORD(.kind = (enum fsock_record_kind)4) },
	{ "no count", NULL, RECORD(.kind = FSOCK_RECORD_COUNTED) },
	{ "count", NULL, RECORD(.kind = FSOCK_RECORD_COUNTED, .count = 9) },
	{ "function", NULL, RECORD(.kind = FSOCK_RECORD_MEASURED) },
	{ "reserved", NULL, RECORD(.kind = FSOCK_RECORD_LINE, .reserved = { 1 }) },
	{ "count of text", "utf-8", RECORD(.kind = FSOCK_RECORD_COUNTED, .count = 1) },
	{ "count of lines", "crlf", RECORD(.kind = FSOCK_RECORD_COUNTED, .count = 1) },
	{ "measured text", "utf-8",
	    RECORD(.kind = FSOCK_RECORD_MEASURED, .measure = records_measure) },
	{ "no ASCII", "latin-1", RECORD(.kind = FSOCK_RECORD_DELIMITED, .delimiter = 0x80) },
	{ "CR of CR LF", "crlf", RECORD(.kind = FSOCK_RECORD_DELIMITED, .delimiter = '\r') },
	{ "part of a character", "shift_jis",
	    RECORD(.kind = FSOCK_RECORD_DELIMITED, .delimiter = 'A') },
	{ "digit", "gb18030", RECORD(.kind = FSOCK_RECORD_DELIMITED, .delimiter = '1') },
};

START_TEST(refuse)
{
	const struct refused *row = &refused[_i % COUNT(refused)];
	struct fsock_options options = {
		.format = row->format, .delivery = FSOCK_DELIVER_WHOLE_LINE, .line_limit = 8
	};
	struct stdio_link link;
	char line[16];
	FILE *f;

	stdio_link_open(&link, STDIO_TCP4, &options);
	f = stdio_link_input(&link, _i / COUNT(refused));
	stdio_far_puts(&link, "one\r\ntwo\r\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	errno = 0;
	ck_assert_msg(fsock_set_record(f, row->record) == -1, "%s was taken", row->what);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_str_eq(fsock_last_error()->operation, "set record");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_int_eq(strncmp(line, "two", 3), 0);
	stdio_link_close(&link);
}
END_TEST

/* Nor does a format come to records that it cannot have. */
START_TEST(refuse_format)
{
	static const struct fsock_record counted = { .kind = FSOCK_RECORD_COUNTED, .count = 4 },
					 nul = NUL;
	struct stdio_link link;
	char got[8];
	FILE *f;

	stdio_link_open(&link, STDIO_SOCKETPAIR, &(struct fsock_options){ .record = &counted });
	f = stdio_link_input(&link, _i);
	stdio_far_puts(&link, "a\r\nbc\r\n");
	stdio_far_send(&link, "", 1);
	errno = 0;
	ck_assert_int_eq(fsock_set_format(f, "latin-1,crlf"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fsock_set_format(f, "binary"), 0);
	ck_assert_uint_eq(fread(got, 1, 4, f), 4);
	ck_assert_mem_eq(got, "a\r\nb", 4);
	ck_assert_int_eq(fsock_set_record(f, &nul), 0);
	ck_assert_int_eq(fsock_set_format(f, "latin-1,crlf"), 0);
	ck_assert_uint_eq(fread(got, 1, 3, f), 3);
	ck_assert_mem_eq(got, "c\n", 3);
	stdio_link_close(&link);
	ck_assert_ptr_null(fsock_connect(
	    "localhost", 1, &(struct fsock_options){ .record = &counted, .format = "utf-8" }));
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

/* ---- Octets that are taken beside the FILEs, or by their number. */

enum { COUNT_OF = 11, BESIDE = 3 };

static const struct fsock_record eleven = { .kind = FSOCK_RECORD_COUNTED, .count = COUNT_OF },
				 measured = { .kind = FSOCK_RECORD_MEASURED,
					 .measure = records_measure };

/* Of counted and of measured records: what comes first, and a whole record behind it. */
static const struct beside {
	const struct fsock_record *record;
	const char *first, *next;
} besides[] = {
	{ &eleven, "abc", "defghijklmn" },
	{ &measured, "\0\7a", "\0\tbcdefghij" },
};

/* When somebody has looked for the end of a record: that must make no difference. */
enum look { NEVER, EARLY, WITHIN, LOOKS };

static void
look(const struct stdio_link *link)
{
	ck_assert_int_eq(fsock_wait_for_input(&link->s, 1, 0, NULL), 0);
}

START_TEST(received_beside)
{
	const struct beside *row = &besides[_i % COUNT(besides)];
	enum look when = (enum look)(_i / COUNT(besides) % LOOKS);
	struct fsock_options options = { .record = row->record, .read_timeout = 20 };
	struct stdio_link link;
	char got[COUNT_OF];
	FILE *f;

	stdio_link_open(&link, STDIO_TCP4, &options);
	f = stdio_link_input(&link, _i / COUNT(besides) / LOOKS);
	if (when == EARLY)
		look(&link);
	stdio_far_send(&link, row->first, BESIDE);
	if (when == WITHIN) {
		ck_assert_int_eq(fsock_peek_byte(f), row->first[0]);
		look(&link);
	}
	for (int n = 0; n < BESIDE;) {
		ssize_t r = fsock_receive(link.s, got + n, (size_t)(BESIDE - n), NULL);

		ck_assert_int_gt(r, 0);
		n += (int)r;
	}
	ck_assert_mem_eq(got, row->first, BESIDE);
	stdio_far_send(&link, row->next, COUNT_OF - 1);
	ck_assert_int_eq(fsock_wait_for_input(&link.s, 1, 0, NULL), 0);
	stdio_far_send(&link, row->next + COUNT_OF - 1, 1);
	ck_assert_int_eq(fsock_wait_for_input(&link.s, 1, 20, NULL), 1);
	ck_assert_uint_eq(fread(got, 1, COUNT_OF, f), COUNT_OF);
	ck_assert_mem_eq(got, row->next, COUNT_OF);
	stdio_link_close(&link);
}
END_TEST

/* A part of a record has been read when octets are received: the next begins behind those. */
START_TEST(received_within)
{
	struct fsock_options options = { .record = &eleven, .read_timeout = 20 };
	struct stdio_link link;
	char got[COUNT_OF];
	FILE *f;

	stdio_link_open(&link, STDIO_TCP4, &options);
	f = stdio_link_input(&link, _i);
	stdio_far_puts(&link, "abcdefghijk");
	ck_assert_uint_eq(fread(got, 1, 2, f), 2);
	ck_assert_int_eq(fsock_receive(link.s, got, BESIDE, NULL), BESIDE);
	ck_assert_mem_eq(got, "cde", BESIDE);
	look(&link);
	stdio_far_puts(&link, "lmnop");
	ck_assert_uint_eq(fread(got, 1, COUNT_OF, f), COUNT_OF);
	ck_assert_mem_eq(got, "fghijklmnop", COUNT_OF);
	stdio_link_close(&link);
}
END_TEST

/* More octets than a record has: they end in the middle of the next one, whose rest is its rest. */
START_TEST(more_than_one)
{
	struct fsock_options options = { .record = _i / 2 ? &measured : &eleven,
		.read_timeout = 20 };
	struct stdio_link link;
	char got[2 * COUNT_OF];
	FILE *f;

	stdio_link_open(&link, STDIO_TCP4, &options);
	f = stdio_link_input(&link, _i % 2);
	for (int i = 0; i < 3; i++)
		stdio_far_send(&link, besides[1].next, COUNT_OF);
	ck_assert_uint_eq(fsock_read_octets(f, got, COUNT_OF + 4), COUNT_OF + 4);
	ck_assert_mem_eq(got + COUNT_OF, besides[1].next, 4);
	ck_assert_int_eq(fsock_wait_for_input(&link.s, 1, 20, NULL), 1);
	ck_assert_uint_eq(fread(got, 1, COUNT_OF - 4, f), COUNT_OF - 4);
	ck_assert_mem_eq(got, besides[1].next + 4, COUNT_OF - 4);
	ck_assert_uint_eq(fread(got, 1, COUNT_OF, f), COUNT_OF);
	ck_assert_mem_eq(got, besides[1].next, COUNT_OF);
	look(&link);
	stdio_link_close(&link);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("records begin");
	TCase *t = tcase_create("records begin");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, change, 0, 4 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, change_by_another, 0, 2);
	tcase_add_loop_test(t, refuse, 0, COUNT(refused) * 2);
	tcase_add_loop_test(t, refuse_format, 0, 2);
	tcase_add_loop_test(t, received_beside, 0, COUNT(besides) * LOOKS * 2);
	tcase_add_loop_test(t, received_within, 0, 2);
	tcase_add_loop_test(t, more_than_one, 0, 4);
	suite_add_tcase(s, t);
	return sock_run(s);
}
