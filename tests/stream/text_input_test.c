/* Text from the wire: policies, errors, line ends, byte order marks, limits, and silence. */
#include "../../src/base/compat.h"

#include <check.h>
#include <stdlib.h>

#include "../../src/stream/connection.h"
#include "../support/sock_support.h"
#include "../support/text_script.h"

#define E4      "\xC3\xA4"     /* U+00E4 as UTF-8 */
#define BAD_ONE "\xEF\xBF\xBD" /* U+FFFD */

static const struct text_row rows[] = {
	/* Charsets. */
	{ "latin-1", "latin-1", WIRE("gr\xFC\xDF\n"),
	    .steps = { LINE("gr\xC3\xBC\xC3\x9F\n"), END } },
	{ "UTF-16, a pair of surrogates", "utf-16le", WIRE("\x3D\xD8\0\xDE\n\0"),
	    .steps = { LINE("\xF0\x9F\x98\x80\n"), END } },
	{ "characters that look like line ends", "utf-16be", WIRE("\x0A\x0A\x0A\0\0\x0A"),
	    .steps = { LINE("\xE0\xA8\x8A\xE0\xA8\x80\n"), END } },
	{ "UTF-32", "utf-32be,crlf", WIRE("\0\0\0a\0\0\0\r\0\0\0\n\0\1\xF6\0\0\0\0\n"),
	    .steps = { LINE("a\n"), LINE("\xF0\x9F\x98\x80\n"), END } },
	{ "Shift_JIS", "shift_jis", WIRE("\x8A\xBF\x8E\x9A\n"),
	    .steps = { LINE("\xE6\xBC\xA2\xE5\xAD\x97\n"), END } },
	{ "ISO-2022-JP", "iso-2022-jp", WIRE("\x1B$B4A;z\x1B(B.\n"),
	    .steps = { LINE("\xE6\xBC\xA2\xE5\xAD\x97.\n"), END } },
	{ "one character for two code points", "big5,crlf", WIRE("\x88\x62\r\x88\xA3\r\n"),
	    .partial = 1,
	    .steps = { CHARS("\xC3\x8A"), SEEK, CHARS("\xCC\x84\r\xC3\xAA\xCC"), SEEK,
		CHARS("\x84"), LINE("\n"), END } },
	{ "a code point at a time", "utf-16le", WIRE("a\0\xE4\0\xAC\x20\x3D\xD8\0\xDE\n\0"),
	    .partial = 1,
	    .steps = { CODE('a'), CODE(0xE4), CODE(0x20AC), CODE(0x1F600), CODE('\n'), CODE(-1) } },
	{ "octets of characters, one at a time", "latin-1", WIRE("\xE4\xE4\n"), .partial = 1,
	    .steps = { CHARS("\xC3"), CHARS("\xA4\xC3"), CHARS("\xA4\n"), END } },
	{ "nothing at all", "utf-8,crlf", WIRE(""), .steps = { END, END } },
	{ "no line end at the end", "koi8-r", WIRE("a\n\xC1"),
	    .steps = { LINE("a\n"), LINE("\xD0\xB0"), END } },

	/* Policies. */
	{ "strict: text before the error comes first", "utf-8",
	    WIRE("ab\xFF"
		 "cd\n"),
	    .steps = { CHARS("ab"), BAD(2), ERRORS(1), LINE("cd\n"), END } },
	{ "strict: one error after the other", "ascii",
	    WIRE("\xFF\xFE"
		 "a\n"),
	    .steps = { BAD(0), BAD(1), ERRORS(2), LINE("a\n"), END } },
	{ "strict: a later line does not matter yet", "utf-8,crlf",
	    WIRE("ok\r\n\xC3("
		 "\r\nfine\r\n"),
	    .steps = { LINE("ok\n"), ERRORS(0), BAD(4), LINE("(\n"), LINE("fine\n"), END } },
	{ "strict: a CR before the error", "utf-8,crlf", WIRE("a\r\xFF\nb\n"), .partial = 1,
	    .steps = { CHARS("a\r"), BAD(2), LINE("\n"), LINE("b\n"), END } },
	{ "strict: a CR before the error, auto", "ascii,auto", WIRE("a\r\xFF\nb\n"),
	    .steps = { LINE("a\n"), BAD(2), LINE("\n"), LINE("b\n"), END } },
	{ "strict: an error between CR and LF, both wrong", "utf-8,crlf-strict",
	    WIRE("a\r\xFF\nb\r\n"), .partial = 1,
	    .steps = { CHARS("a"), BAD(1), BAD(2), BAD(3), LINE("b\n"), ERRORS(3), END } },
	{ "strict: an error at the end", "utf-8", WIRE("a\n\xE2\x82"),
	    .steps = { LINE("a\n"), BAD(2), END } },
	{ "strict: half a unit at the end", "utf-16le", WIRE("a\0\n\0a"),
	    .steps = { LINE("a\n"), BAD(4), END } },
	{ "strict: an ASCII octet behind a bad lead is not eaten", "gbk", WIRE("\x81\"\n"),
	    .steps = { BAD(0), LINE("\"\n"), END } },
	{ "replace", "utf-8,replace",
	    WIRE("a\xE2\x82"
		 "b\xFF\n\xC3"),
	    .steps = { LINE("a" BAD_ONE "b" BAD_ONE "\n"), ERRORS(2), LINE(BAD_ONE), ERRORS(3),
		END } },
	{ "replace by a character", "ascii,crlf,replace=\xE2\x82\xAC", WIRE("\xE4\r\n\xE4\r\n"),
	    .steps = { LINE("\xE2\x82\xAC\n"), ERRORS(1), LINE("\xE2\x82\xAC\n"), ERRORS(2),
		END } },
	{ "ignore", "utf-8,ignore",
	    WIRE("\xFF"
		 "a\xE2\x82\n\xFF"),
	    .steps = { LINE("a\n"), END, ERRORS(3) } },
	{ "ignore nothing but errors", "ascii,ignore", WIRE("\xFF\xFF\xFF\xFF\xFF"),
	    .steps = { END } },
	{ "escape", "utf-8,escape",
	    WIRE("a\xE2\x82"
		 "b\n\xFF\n"),
	    .steps = { LINE("a\\xE2\\x82b\n"), LINE("\\xFF\n"), END } },
	{ "part of an escape, then more", "ascii,escape",
	    WIRE("\xE4"
		 "b\n"),
	    .partial = 1, .steps = { CHARS("\\x"), SEEK, CHARS("E"), LINE("4b\n"), END } },

	/* Line ends. */
	{ "cr", "ascii,cr", WIRE("a\rb\nc\r\n"),
	    .steps = { LINE("a\n"), LINE("b\n"), LINE("c\n"), LINE("\n"), END } },
	{ "crlf", "ascii,crlf", WIRE("a\r\nb\nc\rd\r\r\n"),
	    .steps = { LINE("a\n"), LINE("b\n"), LINE("c\rd\r\n"), END } },
	{ "crlf: a CR at the end", "ascii,crlf", WIRE("a\r"), .steps = { LINE("a\r"), END } },
	{ "crlf without a charset", "crlf", WIRE("\xFF\0\r\n\r\n\r"),
	    .steps = { CHARS("\xFF\0\n"), LINE("\n"), LINE("\r"), END } },
	{ "crlf-strict", "ascii,crlf-strict", WIRE("a\r\nb\nc\rd\r\n"), .partial = 1,
	    .steps = { LINE("a\n"), CHARS("b"), BAD(4), CHARS("c"), BAD(6), LINE("d\n"), END } },
	{ "crlf-strict in UTF-16", "utf-16be,crlf-strict", WIRE("\0a\0\r\0\n\0b\0\n\0c\0\r\0\n"),
	    .partial = 1, .steps = { LINE("a\n"), CHARS("b"), BAD(8), LINE("c\n"), END } },
	{ "crlf-strict without a charset", "crlf-strict", WIRE("a\nb\r\n"), .partial = 1,
	    .steps = { CHARS("a"), BAD(1), LINE("b\n"), END } },
	{ "rejecting CR", "utf-8,crlf,reject-cr", WIRE("\xC3\xA4\rb\nc\r\n"), .partial = 1,
	    .steps = { CHARS(E4), BAD(2), LINE("b\n"), LINE("c\n"), END } },
	{ "rejecting CR, replaced", "utf-8,crlf,reject-cr,replace=?", WIRE("a\rb\r\n"),
	    .steps = { LINE("a?b\n"), ERRORS(1), END } },
	{ "rejecting CR, escaped", "utf-8,lf,reject-cr,escape", WIRE("a\rb\n"),
	    .steps = { LINE("a\\x0Db\n"), ERRORS(1), END } },
	{ "rejecting LF", "utf-8,crlf,reject-lf", WIRE("a\nb\r\n"), .partial = 1,
	    .steps = { CHARS("a"), BAD(1), LINE("b\n"), END } },
	{ "strict: a line end behind a shift sequence", "iso-2022-jp,crlf-strict",
	    WIRE("a\x1B(J\nb\r\n"), .steps = { CHARS("a"), BAD(4), LINE("b\n"), END } },
	{ "strict: a CR before a shift sequence", "iso-2022-jp,crlf-strict",
	    WIRE("a\r\x1B$B$\"\x1B(B\r\n"), .partial = 1,
	    .steps = { CHARS("a"), BAD(1), LINE("\xE3\x81\x82\n"), END } },
	{ "auto: the place of an error behind an LF that is dropped", "ascii,auto",
	    WIRE("a\r\n\xFF\n"), .steps = { LINE("a\n"), ERRORS(0), BAD(3), LINE("\n"), END } },
	{ "auto: a part of a character behind a CR", "ascii,auto,replace",
	    WIRE("a line that is longer than 32 octets\r\xFFz\n"), .partial = 1,
	    .steps = { CHARS("a line that is longer than 32 octets\n\xEF"), ERRORS(0),
		CHARS("\xBF\xBDz\n"), END } },
	{ "auto: the same in another format", "ascii,auto", WIRE("a\r\nb\xFF\n"),
	    .steps = { LINE("a\n"), SET("utf-8"), CHARS("b"), BAD(1), LINE("\n"), END } },
	{ "auto", "ascii,auto", WIRE("a\r\nb\nc\rd\r\re\n\r"),
	    .steps = { LINE("a\n"), LINE("b\n"), LINE("c\n"), LINE("d\n"), LINE("\n"), LINE("e\n"),
		LINE("\n"), END } },
	{ "auto in UTF-16", "utf-16le,auto", WIRE("a\0\r\0\n\0b\0\r\0c\0"),
	    .steps = { LINE("a\n"), LINE("b\n"), LINE("c"), END } },

	/* Giving back. */
	{ "back in the middle of everything", "utf-8,crlf",
	    WIRE("a" E4 "\r\nb\xF0\x9F\x98\x80\r\n"), .partial = 1,
	    .steps = { CHARS("a"), SEEK, CHARS("\xC3"), SEEK, CHARS("\xA4"), SEEK, CHARS("\n"),
		SEEK, CHARS("b\xF0\x9F"), SEEK, CHARS("\x98\x80"), SEEK, LINE("\n"), SEEK, END } },
	{ "back in a shift state", "iso-2022-jp", WIRE("\x1B$B4A;z\x1B(Bz\n"), .partial = 1,
	    .steps = { CHARS("\xE6\xBC\xA2"), SEEK, CHARS("\xE5\xAD\x97"), SEEK, LINE("z\n"),
		END } },

	/* Byte order marks. */
	{ "a mark is a character", "utf-8",
	    WIRE("\xEF\xBB\xBF"
		 "a\n"),
	    .steps = { LINE("\xEF\xBB\xBF"
			    "a\n"),
		END } },
	{ "a mark that is stripped", "utf-8,bom=strip",
	    WIRE("\xEF\xBB\xBF"
		 "a\xFF\n"),
	    .steps = { CHARS("a"), BAD(4), LINE("\n"), END } },
	{ "one mark only", "utf-8,bom=strip", WIRE("\xEF\xBB\xBF\xEF\xBB\xBF\n\xEF\xBB\xBF\n"),
	    .steps = { LINE("\xEF\xBB\xBF\n"), LINE("\xEF\xBB\xBF\n"), END } },
	{ "no mark", "utf-8,bom=strip", WIRE("\xEF\xBB\xBE\n"),
	    .steps = { LINE("\xEF\xBB\xBE\n"), END } },
	{ "half a mark", "utf-8,replace=?,bom=strip", WIRE("\xEF\xBB"),
	    .steps = { LINE("?"), END } },
	{ "a mark of another charset", "utf-8,replace=?,bom=strip", WIRE("\xFF\xFE\n"),
	    .steps = { LINE("?\?\n"), END } },
	{ "UTF-16", "utf-16be,bom=strip", WIRE("\xFE\xFF\0a\0\n"), .steps = { LINE("a\n"), END } },
	{ "UTF-32", "utf-32le,bom=strip", WIRE("\xFF\xFE\0\0a\0\0\0\n\0\0\0"),
	    .steps = { LINE("a\n"), END } },
	{ "nothing to strip", "latin-1,bom=strip", WIRE("\xE4\n"),
	    .steps = { LINE(E4 "\n"), END } },
	{ "a mark alone", "utf-8,bom=strip", WIRE("\xEF\xBB\xBF"), .steps = { END } },
	{ "sniffing UTF-16LE", "latin-1,crlf,bom=sniff",
	    WIRE("\xFF\xFE"
		 "a\0\r\0\n\0b\0\r\0\n\0"),
	    .steps = { LINE("a\n"), LINE("b\n"), END } },
	{ "sniffing UTF-16BE, auto", "latin-1,auto,bom=sniff",
	    WIRE("\xFE\xFF\0a\0\r\0\n\0b\0\r\0c"),
	    .steps = { LINE("a\n"), LINE("b\n"), LINE("c"), END } },
	{ "sniffing UTF-8", "latin-1,bom=sniff", WIRE("\xEF\xBB\xBF\xC3\xA4\n"),
	    .steps = { LINE(E4 "\n"), END } },
	{ "sniffing nothing", "latin-1,bom=sniff", WIRE("\xEF\xBB\n"),
	    .steps = { LINE("\xC3\xAF\xC2\xBB\n"), END } },
	{ "sniffing at the start only", "latin-1", WIRE("a\n\xFF\xFE\n"),
	    .steps = { LINE("a\n"), SET("latin-1,bom=sniff"), LINE("\xC3\xBF\xC3\xBE\n"), END } },
	{ "no mark behind octets", "latin-1,bom=sniff", WIRE("a\xFF\xFE\n"),
	    .steps = { OCTETS("a"), LINE("\xC3\xBF\xC3\xBE\n"), END } },

	/* Limits. */
	{ "a line up to the limit", "latin-1",
	    WIRE("a\xE4\n\xE4"
		 "b\n"),
	    .line_limit = 4, .steps = { LINE("a" E4 "\n"), LINE(E4 "b\n"), END } },
	{ "the limit in UTF-16", "utf-16le", WIRE("a\0b\0c\0\n\0d\0\n\0"), .line_limit = 4,
	    .steps = { LINE("abc\n"), LINE("d\n"), END } },
};

START_TEST(row)
{
	text_run_all(&rows[_i]);
}
END_TEST

/* Where lines have a limit it depends on the delivery what comes of a longer one. */
static const struct limit_row {
	const char *format, *wire;
	size_t length, limit;
	const char *lines; /* what lines delivers first */
} limits[] = {
	{ "latin-1", "\xE4\xE4\xE4\xE4\n", 5, 5, "\xC3\xA4\xC3\xA4\xC3" },
	{ "latin-1", "abcdef\n", 7, 5, "abcde" },
	{ "utf-16be", "\0a\0b\0c\0d\0\n", 10, 3, "abc" },
	{ "crlf", "abc\r\n", 5, 3, "abc" },
	{ "utf-8,auto", "abc\r", 4, 3, "abc" },
	{ "utf-8", "abcdefghi", 9, 3, "abc" },
};

START_TEST(too_long)
{
	const struct limit_row *limit = &limits[_i];
	struct text_row all = { "too long", limit->format, limit->wire, limit->length,
		.line_limit = limit->limit };

	for (int i = 0; i < text_way_count; i++) {
		struct text_way way = text_way(i);

		if (way.delivery == FSOCK_DELIVER_BLOCK)
			continue;
		memset(all.steps, 0, sizeof all.steps);
		if (way.delivery == FSOCK_DELIVER_LINE)
			all.steps[0] =
			    (struct text_step){ CHARS_, limit->lines, strlen(limit->lines), 0 };
		all.steps[way.delivery == FSOCK_DELIVER_LINE] = (struct text_step)TOO_LONG;
		text_run(&all, &way);
	}
}
END_TEST

/* What has not come yet: nothing is waited for that is not needed. The peer falls silent. */
static const struct text_row silences[] = {
	{ "a line", "utf-8,crlf", .steps = { SEND("a\r\n"), LINE("a\n") } },
	{ "auto: a line at its CR", "auto",
	    .steps = { SEND("a\r"), LINE("a\n"), SEND("\nb\r"), LINE("b\n"), SEND("c\r"),
		LINE("c\n") } },
	{ "auto: in UTF-16", "utf-16be,auto",
	    .steps = { SEND("\0a\0\r"), LINE("a\n"), SEND("\0\n\0b\0\r"), LINE("b\n") } },
	{ "cr", "latin-1,cr", .steps = { SEND("a\r"), LINE("a\n") } },
	{ "what has arrived of a line", "utf-8", .partial = 1,
	    .steps = { SEND("ab"), CHARS("ab"), SEND("c\n"), LINE("c\n") } },
	{ "characters before half a one", "utf-8", .partial = 1,
	    .steps = { SEND("ab\xC3"), CHARS("ab"), SEND("\xA4"), CHARS(E4) } },
	{ "strict: text, then an error", "ascii", .partial = 1,
	    .steps = { SEND("ab\xFF"), CHARS("ab"), BAD(2), SEND("c"), CHARS("c") } },
	{ "an error that is replaced", "utf-8,replace=?", .partial = 1,
	    .steps = { SEND("a\xFF"), CHARS("a?") } },
	{ "an escape, by octets", "ascii,escape", .partial = 1,
	    .steps = { SEND("\xFF"), CHARS("\\"), SEEK, CHARS("x"), SEEK, CHARS("F"), SEEK,
		CHARS("F") } },
	{ "no mark: ruled out by one octet", "utf-8,bom=strip", .partial = 1,
	    .steps = { SEND("a"), CHARS("a") } },
	{ "no mark: ruled out by two", "latin-1,bom=sniff", .partial = 1,
	    .steps = { SEND("\xEF"
			    "b"),
		CHARS("\xC3\xAF"
		      "b") } },
	{ "no mark: another charset's", "utf-16le,bom=strip", .partial = 1,
	    .steps = { SEND("\xFE\xFF"), CHARS("\xEF\xBF\xBE") } },

	/* Times out, and goes on as if nothing had been. */
	{ "inside a character", "utf-8", .timeout = 0.01,
	    .steps = { SEND("\xE2\x82"), LATE, LATE, SEND("\xAC\n"), LINE("\xE2\x82\xAC\n") } },
	{ "inside a unit", "utf-32le", .timeout = 0.01,
	    .steps = { SEND("a\0"), LATE, SEND("\0"), LATE, SEND("\0\n\0\0\0"), LINE("a\n") } },
	{ "between CR and LF", "utf-8,crlf", .timeout = 0.01, .partial = 1,
	    .steps = { SEND("a\r"), CHARS("a"), LATE, SEND("\n"), LINE("\n") } },
	{ "behind a CR", "utf-8,crlf", .timeout = 0.01, .partial = 1,
	    .steps = { SEND("a\r"), CHARS("a"), LATE, SEND("b\n"), LINE("\rb\n") } },
	{ "inside a mark", "utf-8,bom=strip", .timeout = 0.01,
	    .steps = { SEND("\xEF"), LATE, SEND("\xBB"), LATE, SEND("\xBF\n"), LINE("\n") } },
	{ "inside an escape sequence", "iso-2022-jp", .timeout = 0.01,
	    .steps = { SEND("\x1B$"), LATE, SEND("B4"), LATE, SEND("A\x1B(B\n"),
		LINE("\xE6\xBC\xA2\n") } },
	{ "inside a character of a code point", "utf-8", .timeout = 0.01,
	    .steps = { SEND("\xE2\x82"), CODE(-1), LATE, SEND("\xAC\n"), CODE(0x20AC) } },
	{ "where an LF may follow", "auto", .timeout = 0.01,
	    .steps = { SEND("a\r"), LINE("a\n"), LATE, SEND("\n"), LATE, SEND("b\n"),
		LINE("b\n") } },
	{ "where an LF of another format may follow", "auto", .timeout = 0.01,
	    .steps = { SEND("a\r"), LINE("a\n"), SET("binary"), LATE, SEND("\nb"), CHARS("b") } },
	{ "before octets", "utf-8", .timeout = 0.01,
	    .steps = { SEND("\xC3"), LATE, OCTETS("\xC3"), BYTE(-1), LATE, SEND("b\n"),
		LINE("b\n") } },
	{ "inside a character at the end", "utf-8,replace=?", .timeout = 0.01,
	    .steps = { SEND("\xE2\x82"), LATE, HANG_UP, LINE("?"), END } },
};

START_TEST(silence)
{
	text_run_all(&silences[_i]);
}
END_TEST

/* A whole line or nothing: a timeout in its middle has consumed nothing of it. */
static const struct text_row wholes[] = {
	{ "UTF-8", "utf-8,crlf", .timeout = 0.01,
	    .steps = { SEND("ab"), LATE, SEND("c\r"), LATE, SEND("\nd"), LINE("abc\n"), LATE } },
	{ "UTF-16", "utf-16be", .timeout = 0.01,
	    .steps = { SEND("\0a\0"), LATE, SEND("\n"), LINE("a\n"), SEND("\x0A\0"), LATE,
		SEND("\0\n"), LINE("\xE0\xA8\x80\n") } },
	{ "auto", "auto", .timeout = 0.01,
	    .steps = { SEND("a"), LATE, SEND("\r"), LINE("a\n"), SEND("\nb"), LATE, SEND("\r"),
		LINE("b\n") } },
	{ "the rest at end of file", "latin-1", .timeout = 0.01,
	    .steps = { SEND("\xE4"), LATE, HANG_UP, LINE(E4), END } },
};

START_TEST(whole)
{
	for (int two_way = 0; two_way < 2; two_way++)
		text_run(&wholes[_i],
		    &(struct text_way){
			.is_socket = 1, .two_way = two_way, .delivery = FSOCK_DELIVER_WHOLE_LINE });
}
END_TEST

/* A function that answers: the second error with a character, the third not at all. */
static int32_t
answer(void *arg, const struct fsock_codec_error *error)
{
	int *asked = arg;

	ck_assert_int_eq(error->status, FSOCK_CODEC_MALFORMED);
	++*asked;
	return error->octets[0] == 0xFE   ? 0x20AC
	       : error->octets[0] == 0xFD ? FSOCK_ANSWER_SKIP
					  : FSOCK_ANSWER_FAIL;
}

START_TEST(asked)
{
	struct text_way way = { .delivery = FSOCK_DELIVER_BLOCK, .two_way = _i };
	struct fsock_format format = { .charset = fsock_charset_find("ascii") };
	struct text_session t;
	struct fsock_codec_error last;
	char line[16];
	int n = 0;

	format.policy =
	    (struct fsock_policy){ .on_error = FSOCK_ON_ERROR_ASK, .ask = answer, .arg = &n };
	text_open(&t, &way, &(struct fsock_options){ .timeout = 0 }, "a\xFE\xFD\n\xFF\n", 6);
	ck_assert_int_eq(fsock_set_formats(t.in, &format, NULL), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, t.in));
	ck_assert_str_eq(line, "a\xE2\x82\xAC\n");
	ck_assert_int_ge(n, 2);
	ck_assert_int_eq(fsock_format_errors(t.in, FSOCK_INPUT, NULL, &last), 0);
	ck_assert_uint_eq(last.offset, 2);
	ck_assert_mem_eq(last.octets, "\xFD", 1);
	ck_assert_int_eq(getc(t.in), EOF);
	ck_assert_int_eq(errno, EILSEQ);
	clearerr(t.in);
	ck_assert_int_eq(getc(t.in), '\n');
	text_close(&t);
}
END_TEST

/* Endless octets that make no text, or a line without end, do not fill the memory. */
START_TEST(bounded)
{
	static const char *const formats[] = { "ascii,ignore", "iso-2022-jp,ignore",
		"utf-16le,ignore" };
	enum { SIZE = 4 << 20 };
	struct text_way way = { .delivery = FSOCK_DELIVER_BLOCK, .piece = 4096, .two_way = _i % 2 };
	char *wire = malloc(SIZE);
	struct text_session t;
	struct fsock__stream *stream;

	ck_assert_ptr_nonnull(wire);
	memset(wire, _i / 2 == 2 ? 0xDC : 0xFF, SIZE);
	text_open(&t, &way, &(struct fsock_options){ .format = formats[_i / 2] }, wire, SIZE);
	ck_assert_int_eq(getc(t.in), EOF);
	ck_assert(feof(t.in));
	stream = t.link.s->stream;
	ck_assert_uint_le(stream->raw.capacity, 4 * FSOCK__BUFFER_LARGE);
	text_close(&t);
	free(wire);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("text input");
	TCase *tcase = tcase_create("text input");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, row, 0, COUNT(rows));
	tcase_add_loop_test(tcase, too_long, 0, COUNT(limits));
	tcase_add_loop_test(tcase, silence, 0, COUNT(silences));
	tcase_add_loop_test(tcase, whole, 0, COUNT(wholes));
	tcase_add_loop_test(tcase, asked, 0, 2);
	tcase_add_loop_test(tcase, bounded, 0, 6);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
