/*
 * Formats that change in the middle: at the exact octet, however input arrives and is handed to
 * stdio, and behind everything written.
 */
#include "../../src/base/compat.h"

#include <check.h>

#include "../support/sock_support.h"
#include "../support/text_script.h"

static const struct text_row rows[] = {
	{ "three lines of header, then a binary body", "latin-1,crlf",
	    WIRE("one\r\ntw\xF6\r\nthree\r\n\xE4\r\n\0x\n\r\xFF"),
	    .steps = { LINE("one\n"), LINE("tw\xC3\xB6\n"), LINE("three\n"), SET("binary"),
		CHARS("\xE4\r\n\0x\n\r\xFF"), END } },
	{ "the body holds what looks like characters of the header", "utf-8,crlf",
	    WIRE("a\r\n\xC3\xA4\xC3"),
	    .steps = { LINE("a\n"), SET("binary"), CHARS("\xC3\xA4\xC3"), END } },
	{ "a body that is bad text", "utf-8,crlf", WIRE("a\r\n\xFF\xFE\n"),
	    .steps = { LINE("a\n"), SET("binary"), CHARS("\xFF\xFE\n"), END } },
	{ "a charset that changes", "utf-8", WIRE("\xC3\xA4\n\xE4\n\0\xE4\0\n\xE4\0\n\0"),
	    .steps = { LINE("\xC3\xA4\n"), SET("latin-1"), LINE("\xC3\xA4\n"), SET("utf-16be"),
		LINE("\xC3\xA4\n"), SET("utf-16le"), LINE("\xC3\xA4\n"), END } },
	{ "in the middle of a line", "latin-1", WIRE("ab\xE4\xC3\xA4z\n"), .partial = 1,
	    .steps = { CHARS("ab\xC3\xA4"), SET("utf-8"), LINE("\xC3\xA4z\n"), END } },
	{ "behind a character pushed back", "latin-1", WIRE("abc\n"), .partial = 1,
	    .steps = { CHARS("ab"), UNGETC('b'), SET("utf-8"), LINE("bc\n"), END } },
	{ "from binary to text and back", "binary",
	    WIRE("\xFF\0"
		 "a\r\n\r\n"),
	    .partial = 1,
	    .steps = { CHARS("\xFF\0"), SET("ascii,crlf"), LINE("a\n"), SET("binary"),
		CHARS("\r\n"), END } },
	{ "the same format again", "utf-16le,crlf", WIRE("a\0\r\0\n\0b\0\r\0\n\0"),
	    .steps = { LINE("a\n"), SET("utf-16le,crlf"), LINE("b\n"), SET("utf-16le,crlf"),
		END } },
	{ "inside of what only looks like a character", "crlf", WIRE("\xE2\x82\r\n\xC3\xA4\n"),
	    .partial = 1,
	    .steps = { CHARS("\xE2"), POSITION(1), CHARS("\x82\n\xC3"), SET("latin-1"),
	        LINE("\xC2\xA4\n"), END } },
	{ "behind an error that only what follows it shows", "utf-16be",
	    WIRE("\xD8\0\0a\n"), .steps = { BAD(0), SET("binary"), CHARS("\0a\n"), END } },
	{ "line ends that change", "lf", WIRE("a\r\nb\rc\r\n"),
	    .steps = { LINE("a\r\n"), SET("cr"), LINE("b\n"), SET("crlf"), LINE("c\n"), END } },
	{ "input alone", "utf-8", WIRE("\xC3\xA4\n\xE4\n"),
	    .steps = { LINE("\xC3\xA4\n"), SET_IN("latin-1"), LINE("\xC3\xA4\n"), PUT("\xC3\xA4"),
		GOT("\xC3\xA4"), END } },
	{ "shift states do not outlive a format", "iso-2022-jp", WIRE("\x1B$B4A4A\nB\n"),
	    .partial = 1,
	    .steps = { CHARS("\xE6\xBC\xA2"), SET("ascii"), LINE("4A\n"), LINE("B\n"), END } },

	/* auto returns a line at its CR: the LF behind it belongs to it whatever comes then */
	{ "an LF that is owed, then binary", "auto", WIRE("a\r\n\nb"),
	    .steps = { LINE("a\n"), SET("binary"), CHARS("\nb"), END } },
	{ "no LF behind the CR, then binary", "auto", WIRE("a\rb\n"),
	    .steps = { LINE("a\n"), SET("binary"), CHARS("b\n"), END } },
	{ "two line ends, then binary", "auto,utf-8", WIRE("a\r\n\r\n\r\n"),
	    .steps = { LINE("a\n"), LINE("\n"), SET("binary"), CHARS("\r\n"), END } },
	{ "an LF that is owed, then another charset", "auto,ascii", WIRE("a\r\n\n\0b\0"),
	    .steps = { LINE("a\n"), SET("utf-16le"), CHARS("\nb"), END } },
	{ "an LF of two octets that is owed", "auto,utf-16le", WIRE("a\0\r\0\n\0\nb"),
	    .steps = { LINE("a\n"), SET("binary"), CHARS("\nb"), END } },
	{ "an LF of two octets that does not come", "auto,utf-16le", WIRE("a\0\r\0\nb"),
	    .steps = { LINE("a\n"), SET("binary"), CHARS("\nb"), END } },
	{ "an LF of four octets that is owed", "auto,utf-32be",
	    WIRE("\0\0\0a\0\0\0\r\0\0\0\n\0\0\0\nb"),
	    .steps = { LINE("a\n"), SET("binary"), CHARS("\0\0\0\nb"), END } },
	{ "an LF that is owed, then two formats at once", "auto", WIRE("a\r\n\nb"),
	    .steps = { LINE("a\n"), SET("utf-16le"), SET("binary"), CHARS("\nb"), END } },
	{ "an LF that is owed, then octets", "auto", WIRE("a\r\n\nb\n"),
	    .steps = { LINE("a\n"), OCTETS("\nb"), LINE("\n"), END } },
	{ "an LF that is owed, then a byte", "auto", WIRE("a\r\nb\n"),
	    .steps = { LINE("a\n"), PEEK('b'), BYTE('b'), LINE("\n"), END } },
	{ "an LF that is owed at end of file", "auto", WIRE("a\r"),
	    .steps = { LINE("a\n"), SET("binary"), END } },
	{ "an LF that is owed is no part of what is bound", "auto", WIRE("a\r\nbcd\n"),
	    .steps = { LINE("a\n"), SET("binary"), BOUND(2), CHARS("bc"), END } },
	{ "nor without another format", "auto", WIRE("a\r\nbcd\n"),
	    .steps = { LINE("a\n"), BOUND(2), CHARS("bc"), END, BOUND(-1), LINE("d\n"), END } },
	{ "nor of nothing", "auto", WIRE("a\r\nbcd\n"),
	    .steps = { LINE("a\n"), BOUND(0), END, BOUND(1), CHARS("b"), END } },
	{ "no LF behind the CR, then a bound", "auto", WIRE("a\rbcd\n"),
	    .steps = { LINE("a\n"), BOUND(2), CHARS("bc"), END } },
	{ "a bound that an LF lies in", "auto", WIRE("a\r\nbc\n"),
	    .steps = { BOUND(4), LINE("a\n"), SET("binary"), CHARS("b"), END } },
	{ "a bound between CR and LF", "auto", WIRE("a\r\nbc\n"),
	    .steps = { BOUND(2), LINE("a\n"), END, BOUND(1), CHARS("b"), END } },
};

START_TEST(row)
{
	text_run_all(&rows[_i]);
}
END_TEST

/* Where the old output cannot be ended, nothing changes: the input's format is the old one, too. */
START_TEST(all_or_nothing)
{
	struct text_way way = { .is_socket = 1, .two_way = 1, .delivery = FSOCK_DELIVER_LINE };
	struct fsock_format in, out,
	    bad = { .eol = FSOCK_EOL_AUTO, .eol_flags = FSOCK_EOL_REJECT_CR };
	struct text_session t;

	text_open(&t, &way, &(struct fsock_options){ .format = "ascii,crlf" }, NULL, 0);
	ck_assert_int_eq(
	    fsock_set_formats(t.in, &(struct fsock_format){ .eol = FSOCK_EOL_CR }, &bad), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_get_formats(t.in, &in, &out), 0);
	ck_assert_int_eq(in.eol, FSOCK_EOL_CRLF);
	ck_assert_int_eq(out.eol, FSOCK_EOL_CRLF);
	fputs("\xC3\xA4", t.out);
	ck_assert_int_eq(fsock_set_format(t.in, "utf-8"), -1);
	ck_assert_int_eq(errno, EILSEQ);
	ck_assert_int_eq(fsock_get_formats(t.in, &in, &out), 0);
	ck_assert_str_eq(fsock_charset_name(in.charset), "us-ascii");
	ck_assert_str_eq(fsock_charset_name(out.charset), "us-ascii");
	text_close(&t);
}
END_TEST

/* The getter, for either direction, on each stream. */
START_TEST(getter)
{
	struct text_way way = { .is_socket = 1, .two_way = _i, .delivery = FSOCK_DELIVER_LINE };
	struct fsock_format in, out, mine = { .eol = FSOCK_EOL_AUTO, .bom = FSOCK_BOM_SNIFF };
	struct text_session t;
	uint64_t n = 7;

	text_open(&t, &way, &(struct fsock_options){ .format = "koi8-r,crlf,replace=x" }, NULL, 0);
	ck_assert_int_eq(fsock_get_formats(t.in, &in, NULL), 0);
	ck_assert_int_eq(fsock_get_formats(t.out, NULL, &out), 0);
	ck_assert_str_eq(fsock_charset_name(in.charset), "koi8-r");
	ck_assert_int_eq(in.eol, FSOCK_EOL_CRLF);
	ck_assert_int_eq(in.policy.on_error, FSOCK_ON_ERROR_REPLACE);
	ck_assert_uint_eq(in.policy.substitute, 'x');
	ck_assert_ptr_eq(out.charset, in.charset);
	ck_assert_int_eq(fsock_set_formats(t.in, &mine, NULL), 0);
	ck_assert_int_eq(fsock_get_formats(t.out, &in, &out), 0);
	ck_assert_ptr_null(in.charset);
	ck_assert_int_eq(in.eol, FSOCK_EOL_AUTO);
	ck_assert_int_eq(in.bom, FSOCK_BOM_SNIFF);
	ck_assert_int_eq(out.eol, FSOCK_EOL_CRLF);
	ck_assert_int_eq(fsock_set_format(t.out, "binary"), 0);
	ck_assert_int_eq(fsock_format_errors(t.out, FSOCK_OUTPUT, &n, NULL), 0);
	ck_assert_uint_eq(n, 0);
	text_close(&t);
}
END_TEST

/* What is no stream, has not the direction, or asks for nonsense; the old format stays. */
START_TEST(refused)
{
	struct text_way way = { .is_socket = 1, .delivery = FSOCK_DELIVER_LINE };
	struct fsock_format format = { .eol = FSOCK_EOL_CR };
	struct text_session t;

	ck_assert_int_eq(fsock_set_format(stdin, "utf-8"), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_STREAM_ERROR, EINVAL);
	ck_assert_int_eq(fsock_set_format(NULL, "utf-8"), -1);
	ck_assert_int_eq(fsock_get_formats(NULL, &format, NULL), -1);
	ck_assert_int_eq(fsock_format_errors(stdin, FSOCK_INPUT, NULL, NULL), -1);
	ck_assert_int_eq(fsock_column(stdout), -1);
	text_open(&t, &way, &(struct fsock_options){ .format = "crlf" }, NULL, 0);
	ck_assert_int_eq(fsock_set_format(t.in, "utf-9"), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_set_format(t.in, NULL), -1);
	ck_assert_int_eq(fsock_set_formats(t.in, NULL, &format), -1);
	ck_assert_int_eq(fsock_set_formats(t.out, &format, NULL), -1);
	ck_assert_int_eq(fsock_set_formats(t.in, NULL, NULL), 0);
	ck_assert_int_eq(fsock_format_errors(t.in, FSOCK_OUTPUT, NULL, NULL), -1);
	ck_assert_int_eq(fsock_format_errors(t.in, 0, NULL, NULL), -1);
	ck_assert_int_eq(fsock_column(t.in), -1);
	ck_assert_int_eq(fsock_get_formats(t.in, &format, NULL), 0);
	ck_assert_int_eq(format.eol, FSOCK_EOL_CRLF);
	text_close(&t);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("format");
	TCase *tcase = tcase_create("switches");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, row, 0, COUNT(rows));
	tcase_add_test(tcase, all_or_nothing);
	tcase_add_loop_test(tcase, getter, 0, 2);
	tcase_add_test(tcase, refused);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
