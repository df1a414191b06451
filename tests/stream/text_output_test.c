/* Text to the wire: policies, errors, line ends, shift states, byte order marks, columns. */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <check.h>
#include <stdlib.h>

#include "../support/sock_support.h"
#include "../support/text_script.h"

static const struct text_row rows[] = {
	{ "latin-1", "latin-1", .steps = { PUT("gr\xC3\xBC\xC3\x9F\n"), GOT("gr\xFC\xDF\n") } },
	{ "UTF-16", "utf-16be",
	    .steps = { PUT("a\xF0\x9F\x98\x80\n"), GOT("\0a\xD8\x3D\xDE\0\0\n") } },
	{ "a character in two pieces", "latin-1",
	    .steps = { PUT("a\xC3"), GOT("a"), PUT("\xA4"), GOT("\xE4"), CLOSE, GOT("") } },
	{ "code points", "utf-16le,crlf",
	    .steps = { PUT_CODE('a'), PUT_CODE(0x1F600), PUT_CODE('\n'),
		GOT("a\0\x3D\xD8\0\xDE\r\0\n\0") } },
	{ "nothing", "utf-16le,crlf", .steps = { PUT(""), CLOSE, GOT("") } },

	/* Policies. */
	{ "strict: everything before it is sent", "latin-1",
	    .steps = { PUT("ok\n"),
		PUT_BAD("ab\xE2\x82\xAC"
			"cd",
		    5),
		OUT_ERRORS(1), GOT("ok\nab"), CLOSE_BAD(EILSEQ), GOT("") } },
	{ "strict: no UTF-8", "utf-16be",
	    .steps = { PUT_BAD("a\xFFz", 1), GOT("\0a"), CLOSE_BAD(EILSEQ) } },
	{ "strict: a surrogate", "utf-8",
	    .steps = { PUT_BAD("a\xED\xA0\x80", 1), GOT("a"), CLOSE_BAD(EILSEQ) } },
	{ "strict: the place counts text, not line ends", "ascii,crlf",
	    .steps = { PUT("a\nb\n"), PUT_BAD("c\n\xC3\xA4", 6), GOT("a\r\nb\r\nc\r\n"),
		CLOSE_BAD(EILSEQ) } },
	{ "strict: the place of one in two pieces", "ascii,crlf",
	    .steps = { PUT("a\nb\xC3"), PUT_BAD("\xA4", 3), GOT("a\r\nb"), CLOSE_BAD(EILSEQ) } },
	{ "the place of what only looks like a character", "utf-16be,crlf,replace=?",
	    .steps = { PUT("\n\xF0\x80\x80"), OUT_ERROR_AT(3), CLOSE, GOT("\0\r\0\n\0?\0?\0?") } },
	{ "the place of half a character at an end", "utf-8,crlf,replace=?",
	    .steps = { PUT("a\n\xC3"), PUT_OCTETS("x"), OUT_ERROR_AT(2), PUT("\n\xC3"),
		PUT_OCTETS("y"), OUT_ERROR_AT(4), CLOSE, GOT("a\r\n?x\r\n?y") } },
	{ "the place of half a character without line ends", "utf-8,replace=?",
	    .steps = { PUT("a\n\xC3"), PUT_OCTETS("x"), OUT_ERROR_AT(2), CLOSE, GOT("a\n?x") } },
	{ "strict: the place behind a mark", "utf-16be,crlf,bom=write",
	    .steps = { PUT_BAD("\n\xFF", 1), GOT("\xFE\xFF\0\r\0\n"), CLOSE_BAD(EILSEQ) } },
	{ "strict: half a character at the end", "utf-8",
	    .steps = { PUT("a\xC3"), CLOSE_BAD(EILSEQ), GOT("a") } },
	{ "replace", "latin-1,replace",
	    .steps = { PUT("\xE2\x82\xAC\xC3\xA4\xFF\n"), OUT_ERRORS(2), CLOSE, GOT("?\xE4?\n") } },
	{ "replace in Unicode", "utf-16be,replace",
	    .steps = { PUT("\xFF"), OUT_ERRORS(1), CLOSE, GOT("\xFF\xFD") } },
	{ "replace by a character", "latin-1,replace=\xC3\xA4",
	    .steps = { PUT("\xE2\x82\xAC\n"), CLOSE, GOT("\xE4\n") } },
	{ "ignore", "ascii,ignore",
	    .steps = { PUT("a\xC3\xA4"
			   "b\n"),
		CLOSE, GOT("ab\n") } },
	{ "escape", "ascii,escape",
	    .steps = { PUT("\xE2\x82\xAC\xFF\n"), CLOSE, GOT("\\u{20AC}\\xFF\n") } },
	{ "html", "latin-1,html", .steps = { PUT("\xE2\x82\xAC\n"), CLOSE, GOT("&#8364;\n") } },
	{ "half a character at the end, replaced", "utf-8,replace=?",
	    .steps = { PUT("a\xC3"), CLOSE, GOT("a?") } },
	{ "what replaces leaves the shift state", "iso-2022-jp,html",
	    .steps = { PUT("\xE6\xBC\xA2\xF0\x9F\x98\x80"), CLOSE,
		GOT("\x1B$B4A\x1B(B&#128512;") } },

	/* Line ends. */
	{ "crlf", "ascii,crlf", .steps = { PUT("a\n\nb\r\n"), CLOSE, GOT("a\r\n\r\nb\r\r\n") } },
	{ "cr", "ascii,cr", .steps = { PUT("a\nb\r\n"), CLOSE, GOT("a\rb\r\r") } },
	{ "auto", "ascii,auto", .steps = { PUT("a\n"), CLOSE, GOT("a\r\n") } },
	{ "crlf without a charset", "crlf",
	    .steps = { PUT("\xFF\0\n"), CLOSE, GOT("\xFF\0\r\n") } },
	{ "idempotent", "ascii,crlf,idempotent",
	    .steps = { PUT("a\nb\r\nc\r"), GOT("a\r\nb\r\nc\r"), PUT("\nd\r"), PUT("e\n"), CLOSE,
		GOT("\nd\re\r\n") } },
	{ "idempotent in UTF-16", "utf-16be,crlf,idempotent",
	    .steps = { PUT("\r"), PUT("\n"), CLOSE, GOT("\0\r\0\n") } },
	{ "crlf-strict", "ascii,crlf-strict",
	    .steps = { PUT("a\n"), PUT_BAD("b\rc\n", 3), GOT("a\r\nb"), CLOSE_BAD(EILSEQ) } },
	{ "rejecting CR, replaced", "ascii,crlf,reject-cr,replace=?",
	    .steps = { PUT("a\rb\n"), OUT_ERRORS(1), CLOSE, GOT("a?b\r\n") } },
	{ "rejecting CR, but not that of CR LF", "ascii,crlf,reject-cr,idempotent",
	    .steps = { PUT("a\r\nb\r"), GOT("a\r\nb"), PUT("\n"), GOT("\r\n"), CLOSE } },
	{ "rejecting a CR that ends the text", "ascii,crlf,reject-cr,idempotent",
	    .steps = { PUT("b\r"), CLOSE_BAD(EILSEQ), GOT("b") } },

	/* Shift states end at a close, a half-close and a switch, never at a flush. */
	{ "a flush", "iso-2022-jp",
	    .steps = { PUT("\xE6\xBC\xA2"), GOT("\x1B$B4A"), PUT("\xE5\xAD\x97"), GOT(";z"), CLOSE,
		GOT("\x1B(B") } },
	{ "a half-close", "iso-2022-jp",
	    .steps = { PUT("\xE6\xBC\xA2"), SHUT, GOT("\x1B$B4A\x1B(B") } },
	{ "a switch", "iso-2022-jp",
	    .steps = { PUT("\xE6\xBC\xA2"), SET_OUT("binary"), GOT("\x1B$B4A\x1B(B"), PUT("x"),
		GOT("x") } },
	{ "a switch of input alone", "iso-2022-jp",
	    .steps = { PUT("\xE6\xBC\xA2"), SET_IN("binary"), PUT("\xE5\xAD\x97"), CLOSE,
		GOT("\x1B$B4A;z\x1B(B") } },
	{ "a character cut by a switch", "utf-8,replace=?",
	    .steps = { PUT("\xC3"), SET_OUT("latin-1,replace=?"), PUT("\xA4"), CLOSE,
		GOT("?"
		    "?") } },
	{ "lines end in ASCII anyway", "iso-2022-jp",
	    .steps = { PUT("\xE6\xBC\xA2\n"), GOT("\x1B$B4A\x1B(B\n"), CLOSE, GOT("") } },
	{ "what could switch the reader", "iso-2022-jp,replace=?",
	    .steps = { PUT("\x1B$B\x0E\n"), OUT_ERRORS(2), CLOSE, GOT("?$B?\n") } },

	/* Switches. */
	{ "a charset that changes", "latin-1",
	    .steps = { PUT("\xC3\xA4"), SET("utf-8"), PUT("\xC3\xA4"), SET("utf-16be,crlf"),
		PUT("\n"), CLOSE, GOT("\xE4\xC3\xA4\0\r\0\n") } },
	{ "what was not flushed goes by the old format", "latin-1,crlf",
	    .steps = { PUT("a\n"), SET("latin-1"), PUT("b\n"), CLOSE, GOT("a\r\nb\n") } },

	/* Byte order marks. */
	{ "a mark", "utf-8,bom=write",
	    .steps = { PUT("a"), PUT("b"), CLOSE,
		GOT("\xEF\xBB\xBF"
		    "ab") } },
	{ "a mark in UTF-16", "utf-16le,bom=write,crlf",
	    .steps = { PUT("\n"), CLOSE, GOT("\xFF\xFE\r\0\n\0") } },
	{ "no mark without Unicode", "latin-1,bom=write", .steps = { PUT("a"), CLOSE, GOT("a") } },
	{ "no mark before nothing", "utf-8,bom=write", .steps = { PUT(""), CLOSE, GOT("") } },
	{ "no mark behind text", "utf-8",
	    .steps = { PUT("a"), SET("utf-16be,bom=write"), PUT("b"), CLOSE, GOT("a\0b") } },
	{ "a mark in an answer", "utf-8",
	    .steps = { SEND("a\n"), LINE("a\n"), SET("utf-16be,bom=write"), PUT("b"), CLOSE,
		GOT("\xFE\xFF\0b") } },
	{ "no mark behind octets", "utf-16be,bom=write",
	    .steps = { PUT_OCTETS("x"), PUT("b"), CLOSE, GOT("x\0b") } },

	/* Columns. */
	{ "columns", "utf-16be,crlf",
	    .steps = { COLUMN(0), PUT("ab\xC3\xA4"), COLUMN(3), PUT("\xF0\x9F\x98"), COLUMN(4),
		PUT("\x80"), COLUMN(4), PUT("\nx"), COLUMN(1), SET("latin-1"), COLUMN(1), PUT("y"),
		COLUMN(2), PUT("\n"), COLUMN(0) } },
	{ "columns of octets", "", .steps = { COLUMN(-1), PUT("ab"), COLUMN(-1) } },
};

START_TEST(row)
{
	text_run_all(&rows[_i]);
}
END_TEST

/* More than any buffer holds, in pieces of all sizes: as the codec makes of the whole. */
START_TEST(bulk)
{
	static const char *const formats[] = { "utf-16le", "utf-16be,crlf", "iso-2022-jp,cr",
		"crlf,idempotent", "gb18030,crlf,reject-cr,replace" };
	static char text[60000];
	struct text_way way = {
		.is_socket = 1, .delivery = FSOCK_DELIVER_BLOCK, .two_way = _i % 2
	};
	struct text_session t;
	struct fsock_conversion how = { .charset = fsock_charset_find("utf-8") };
	struct fsock_format format;
	size_t n = 0, length, done = 0, piece = 1;
	uint8_t *octets;

	while (n + 8 < sizeof text)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s",
		    n % 61 == 0  ? "\r\n"
		    : n % 7 == 0 ? "\xE6\xBC\xA2"
		    : n % 5 == 0 ? "\n"
				 : "az");
	ck_assert_int_eq(fsock_format_parse(&format, formats[_i / 2]), 0);
	if (format.charset != NULL)
		how.charset = format.charset;
	how.eol = format.eol;
	how.eol_flags = format.eol_flags;
	how.policy = format.policy;
	octets = fsock_string_to_octets(&how, text, n, &length, NULL);
	ck_assert_ptr_nonnull(octets);
	text_open(&t, &way, &(struct fsock_options){ .format = formats[_i / 2] }, NULL, 0);
	setsockopt(fsock_socket(t.link.s), SOL_SOCKET, SO_SNDBUF, &(int){ 1 << 20 }, sizeof(int));
	for (size_t i = 0; i < n; i += piece, piece = piece * 7 % 4099 + 1) {
		if (piece > n - i)
			piece = n - i;
		ck_assert_uint_eq(fwrite(text + i, 1, piece, t.out), piece);
	}
	ck_assert_int_eq(fclose(t.out), 0);
	while (done < length) {
		char got[4096];
		ssize_t r = recv(t.link.far, got, sizeof got, 0);

		ck_assert_int_gt(r, 0);
		ck_assert_int_eq(memcmp(got, octets + done, (size_t)r), 0);
		done += (size_t)r;
	}
	free(octets);
	text_close(&t);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("text output");
	TCase *tcase = tcase_create("text output");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, row, 0, COUNT(rows));
	tcase_add_loop_test(tcase, bulk, 0, 10);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
