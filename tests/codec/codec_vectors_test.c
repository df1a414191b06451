/*
 * Malformed input, cut at every place: what comes out, where the error is and how long must not
 * depend on the cut. Expectations are maximal subparts, as in the WHATWG Encoding Standard.
 */
#include "codec_support.h"

#define R "\xEF\xBF\xBD" /* U+FFFD */

/*
 * text is the outcome under replacement when the input ends; more_text the same for the input with
 * `more` behind it (hex, default 41). offset and length are those of the first error of the first.
 */
static const struct vector {
	const char *charset;
	const char *hex;
	const char *text;
	unsigned offset, length, errors;
	const char *more;
	const char *more_text;
} vectors[] = {
	/* The vectors of flexi-streams' tests; counts are those of maximal subparts. */
	{ "utf-8", "C0 80", R R, 0, 1, 2, NULL, R R "A" },
	{ "utf-8", "C1 80", R R, 0, 1, 2, NULL, R R "A" },
	{ "utf-8", "E0 9F 80", R R R, 0, 1, 3, NULL, R R R "A" },
	{ "utf-8", "F0 8F 80 80", R R R R, 0, 1, 4, NULL, R R R R "A" },
	{ "utf-8", "F8", R, 0, 1, 1, NULL, R "A" },
	{ "utf-8", "F9", R, 0, 1, 1, NULL, R "A" },
	{ "utf-8", "FC", R, 0, 1, 1, NULL, R "A" },
	{ "utf-8", "FD", R, 0, 1, 1, NULL, R "A" },
	{ "utf-8", "FE", R, 0, 1, 1, NULL, R "A" },
	{ "utf-8", "FF", R, 0, 1, 1, NULL, R "A" },
	{ "utf-8", "E4 F6 FC", R R R, 0, 1, 3, NULL, R R R "A" },
	{ "utf-8", "C0", R, 0, 1, 1, NULL, R "A" },
	{ "utf-8", "E0 FF", R R, 0, 1, 2, NULL, R R "A" },
	{ "utf-8", "F0 FF FF", R R R, 0, 1, 3, NULL, R R R "A" },
	{ "utf-8", "FE FF", R R, 0, 1, 2, NULL, R R "A" },
	{ "utf-32le", "00 00 11 00", R, 0, 4, 1, "41 00 00 00", R "A" },
	{ "utf-16le", "00 D8", R, 0, 2, 1, "41 00", R "A" },
	{ "utf-16le", "00 D8", R, 0, 2, 1, "00 DC", "\xF0\x90\x80\x80" },
	{ "utf-16le", "FF DF", R, 0, 2, 1, "41 00", R "A" },
	{ "utf-16le", "01", R, 0, 1, 1, "00", "\1" },
	{ "utf-16be", "01", R, 0, 1, 1, "00", "\xC4\x80" },
	{ "utf-16le", "01 01 01", "\xC4\x81" R, 2, 1, 1, "00", "\xC4\x81\1" },
	{ "utf-16be", "01 01 01", "\xC4\x81" R, 2, 1, 1, "41", "\xC4\x81\xC5\x81" },
	{ "utf-16le", "01 D8", R, 0, 2, 1, "41 00", R "A" },
	{ "utf-16be", "D8 01", R, 0, 2, 1, "00 41", R "A" },
	{ "utf-16le", "01 D8 FF DB", R R, 0, 2, 2, "41 00", R R "A" },
	{ "utf-16be", "D8 01 DB FF", R R, 0, 2, 2, "DF FF", R "\xF4\x8F\xBF\xBF" },
	{ "utf-32le", "01", R, 0, 1, 1, "00 00 00", "\1" },
	{ "utf-32le", "01 01", R, 0, 2, 1, "00 00", "\xC4\x81" },
	{ "utf-32le", "01 01 01", R, 0, 3, 1, "00", "\xF0\x90\x84\x81" },
	{ "utf-32le", "01 01 01 01 01", R R, 0, 4, 2, "00 00 00", R "\1" },
	{ "utf-32be", "01", R, 0, 1, 1, "00 00 41", R },
	{ "utf-32be", "01 01", R, 0, 2, 1, "00 41", R },
	{ "utf-32be", "01 01 01", R, 0, 3, 1, "41", R },
	{ "utf-32be", "01 01 01 01 01", R R, 0, 4, 2, "00 00 41", R R },
	{ "utf-32le", "61 00 00 00 01", "a" R, 4, 1, 1, "00 00 00", "a\1" },
	{ "us-ascii", "61 80 C8", "a" R R, 1, 1, 2, NULL, "a" R R "A" },
	{ "windows-1253", "61 AA D2", "a" R R, 1, 1, 2, NULL, "a" R R "A" },
	{ "gbk", "D8 01", R "\1", 0, 1, 1, NULL, R "\1A" },

	/* UTF-8: truncation, surrogates, the limits, and Unicode's own example. */
	{ "utf-8", "61 F1 80 80 E1 80 C2 62", "a" R R R "b", 1, 3, 3, NULL, "a" R R R "bA" },
	{ "utf-8", "E4 22 41", R "\"A", 0, 1, 1, NULL, R "\"AA" },
	{ "utf-8", "E4 0A 41", R "\nA", 0, 1, 1, NULL, R "\nAA" },
	{ "utf-8", "E4 B8", R, 0, 2, 1, "80", "\xE4\xB8\x80" },
	{ "utf-8", "E4 B8 E4", R R, 0, 2, 2, "B8 80", R "\xE4\xB8\x80" },
	{ "utf-8", "F0 9F 98", R, 0, 3, 1, "80", "\xF0\x9F\x98\x80" },
	{ "utf-8", "F0 9F 98 41", R "A", 0, 3, 1, NULL, R "AA" },
	{ "utf-8", "ED A0 80", R R R, 0, 1, 3, NULL, R R R "A" },
	{ "utf-8", "ED 9F BF EE 80 80", "\xED\x9F\xBF\xEE\x80\x80", 0, 0, 0, NULL,
	    "\xED\x9F\xBF\xEE\x80\x80"
	    "A" },
	{ "utf-8", "F4 8F BF BF F4 90 80 80", "\xF4\x8F\xBF\xBF" R R R R, 4, 1, 4, NULL,
	    "\xF4\x8F\xBF\xBF" R R R R "A" },
	{ "utf-8", "F5 80", R R, 0, 1, 2, NULL, R R "A" },
	{ "utf-8", "EF BB BF 41",
	    "\xEF\xBB\xBF"
	    "A",
	    0, 0, 0, NULL,
	    "\xEF\xBB\xBF"
	    "AA" },
	{ "utf-8", "C3", R, 0, 1, 1, "A4", "\xC3\xA4" },
	{ "utf-8", "80 BF", R R, 0, 1, 2, NULL, R R "A" },
	{ "utf-8", "F0 90 F0 90 80", R R, 0, 2, 2, "80", R "\xF0\x90\x80\x80" },

	{ "utf-16le", "00 DC 00 DC", R R, 0, 2, 2, "41 00", R R "A" },
	{ "utf-16le", "00 D8 41 00", R "A", 0, 2, 1, "42 00", R "AB" },
	{ "utf-16be", "D8 00 00", R, 0, 3, 1, "41", R "A" },
	{ "utf-16be", "D8 00 DC", R, 0, 3, 1, "00", "\xF0\x90\x80\x80" },
	{ "utf-32be", "00 00 D8 00", R, 0, 4, 1, "00 00 00 41", R "A" },
	{ "utf-32be", "FF FF FF FF", R, 0, 4, 1, "00 10 FF FF", R "\xF4\x8F\xBF\xBF" },

	/* gb18030 and GBK: what is given back after four octets, and special cells. */
	{ "gb18030", "81 30 81 22", R "0" R "\"", 0, 1, 2, NULL, R "0" R "\"A" },
	{ "gb18030", "81 30 22", R "0\"", 0, 1, 1, NULL, R "0\"A" },
	{ "gb18030", "81 30 81", R, 0, 3, 1, "30", "\xC2\x80" },
	{ "gb18030", "81 30", R, 0, 2, 1, "81 31", "\xC2\x81" },
	{ "gb18030", "81", R, 0, 1, 1, "40", "\xE4\xB8\x82" },
	{ "gb18030", "81 30 81 81 40", R "0\xE4\xBA\x96@", 0, 1, 1, NULL, R "0\xE4\xBA\x96@A" },
	{ "gb18030", "84 31 A4 38", "\xEF\xBF\xBE", 0, 0, 0, NULL,
	    "\xEF\xBF\xBE"
	    "A" },
	{ "gb18030", "84 32 81 30", R, 0, 4, 1, NULL, R "A" },
	{ "gb18030", "E3 32 9A 35", "\xF4\x8F\xBF\xBF", 0, 0, 0, NULL,
	    "\xF4\x8F\xBF\xBF"
	    "A" },
	{ "gb18030", "E3 32 9A 36", R, 0, 4, 1, NULL, R "A" },
	{ "gb18030", "FE 39 FE 39", R, 0, 4, 1, NULL, R "A" },
	{ "gb18030", "80 FF 41", "\xE2\x82\xAC" R "A", 1, 1, 1, NULL, "\xE2\x82\xAC" R "AA" },
	{ "gb18030", "81 7F", R "\x7F", 0, 1, 1, NULL,
	    R "\x7F"
	      "A" },
	{ "gb18030", "81 FF", R, 0, 2, 1, NULL, R "A" },
	{ "gb18030", "81 35 F4 37", "\xEE\x9F\x87", 0, 0, 0, NULL,
	    "\xEE\x9F\x87"
	    "A" },
	{ "gbk", "A3 A0 FF", "\xEE\x97\xA5\xEF\xA3\xB5", 0, 0, 0, NULL,
	    "\xEE\x97\xA5\xEF\xA3\xB5"
	    "A" },
	{ "gbk", "A3", R, 0, 1, 1, "A0", "\xEE\x97\xA5" },
	{ "x-gbk", "A3 A0 FF", "\xE3\x80\x80" R, 2, 1, 1, NULL, "\xE3\x80\x80" R "A" },
	{ "gbk", "80", "\xE2\x82\xAC", 0, 0, 0, NULL,
	    "\xE2\x82\xAC"
	    "A" },

	/* Big5: two code points, a lead before ASCII, before a hole, at the end. */
	{ "big5", "88 62", "\xC3\x8A\xCC\x84", 0, 0, 0, NULL,
	    "\xC3\x8A\xCC\x84"
	    "A" },
	{ "big5", "88 A5", "\xC3\xAA\xCC\x8C", 0, 0, 0, NULL,
	    "\xC3\xAA\xCC\x8C"
	    "A" },
	{ "big5", "81 40", R "@", 0, 1, 1, NULL, R "@A" },
	{ "big5", "81 A1", R, 0, 2, 1, NULL, R "A" },
	{ "big5", "A4 22", R "\"", 0, 1, 1, NULL, R "\"A" },
	{ "big5", "A4", R, 0, 1, 1, "40", "\xE4\xB8\x80" },
	{ "big5", "80 FF", R R, 0, 1, 2, NULL, R R "A" },
	{ "big5", "87 45", "\xF0\xA7\x89\xA7", 0, 0, 0, NULL,
	    "\xF0\xA7\x89\xA7"
	    "A" },

	{ "euc-kr", "B0", R, 0, 1, 1, "A1", "\xEA\xB0\x80" },
	{ "euc-kr", "B0 0A", R "\n", 0, 1, 1, NULL, R "\nA" },
	{ "euc-kr", "C9 A1", R, 0, 2, 1, NULL, R "A" },
	{ "euc-kr", "80 FF", R R, 0, 1, 2, NULL, R R "A" },

	{ "euc-jp", "A4", R, 0, 1, 1, "A2", "\xE3\x81\x82" },
	{ "euc-jp", "8F A2", R, 0, 2, 1, "AF", "\xCB\x98" },
	{ "euc-jp", "8F A2 41", R "A", 0, 2, 1, NULL, R "AA" },
	{ "euc-jp", "8F 41", R "A", 0, 1, 1, NULL, R "AA" },
	{ "euc-jp", "8F A1 A1", R, 0, 3, 1, NULL, R "A" },
	{ "euc-jp", "8E B1", "\xEF\xBD\xB1", 0, 0, 0, NULL,
	    "\xEF\xBD\xB1"
	    "A" },
	{ "euc-jp", "8E E0", R, 0, 2, 1, NULL, R "A" },
	{ "euc-jp", "8E 80 41", R "A", 0, 2, 1, NULL, R "AA" },
	{ "euc-jp", "A1 0A", R "\n", 0, 1, 1, NULL, R "\nA" },
	{ "euc-jp", "80 FF A0", R R R, 0, 1, 3, NULL, R R R "A" },

	{ "shift_jis", "81", R, 0, 1, 1, "40", "\xE3\x80\x80" },
	{ "shift_jis", "81 22", R "\"", 0, 1, 1, NULL, R "\"A" },
	{ "shift_jis", "80 A0 FD", "\xC2\x80" R R, 1, 1, 2, NULL, "\xC2\x80" R R "A" },
	{ "shift_jis", "5C 7E B1", "\\~\xEF\xBD\xB1", 0, 0, 0, NULL,
	    "\\~\xEF\xBD\xB1"
	    "A" },
	{ "shift_jis", "F0 40 F9 FC", "\xEE\x80\x80\xEE\x9D\x97", 0, 0, 0, NULL,
	    "\xEE\x80\x80\xEE\x9D\x97"
	    "A" },
	{ "shift_jis", "85 FD", R, 0, 2, 1, NULL, R "A" },

	/* ISO-2022-JP: escapes cut, unknown, doubled, at the end; controls; two octets cut. */
	{ "iso-2022-jp", "1B 24 42 24 22 1B 28 42 61",
	    "\xE3\x81\x82"
	    "a",
	    0, 0, 0, NULL,
	    "\xE3\x81\x82"
	    "aA" },
	{ "iso-2022-jp", "1B", R, 0, 1, 1, "28 42 41", "A" },
	{ "iso-2022-jp", "1B 28", R "(", 0, 1, 1, "4A 5C", "\xC2\xA5" },
	{ "iso-2022-jp", "1B 24", R "$", 0, 1, 1, "40 24 22", "\xE3\x81\x82" },
	{ "iso-2022-jp", "1B 28 58", R "(X", 0, 1, 1, NULL, R "(XA" },
	{ "iso-2022-jp", "1B 1B 28 42 61", R "a", 0, 1, 1, NULL, R "aA" },
	{ "iso-2022-jp", "1B 28 42 1B 28 42 61", R "a", 3, 3, 1, NULL, R "aA" },
	{ "iso-2022-jp", "1B 24 42 1B 28 42 61", R "a", 3, 3, 1, NULL, R "aA" },
	{ "iso-2022-jp", "0E 0F 80", R R R, 0, 1, 3, NULL, R R R "A" },
	{ "iso-2022-jp", "1B 24 42 24", R, 3, 1, 1, "22", "\xE3\x81\x82" },
	{ "iso-2022-jp", "1B 24 42 24 1B 28 42 61", R "a", 3, 1, 1, NULL, R "aA" },
	{ "iso-2022-jp", "1B 24 42 24 80", R, 3, 2, 1, "24 22", R "\xE3\x81\x82" },
	{ "iso-2022-jp", "1B 24 42 0A", R, 3, 1, 1, "24 22", R "\xE3\x81\x82" },
	{ "iso-2022-jp", "1B 28 4A 5C 7E 41",
	    "\xC2\xA5\xE2\x80\xBE"
	    "A",
	    0, 0, 0, NULL,
	    "\xC2\xA5\xE2\x80\xBE"
	    "AA" },
	{ "iso-2022-jp", "1B 28 49 31 60", "\xEF\xBD\xB1" R, 4, 1, 1, "31",
	    "\xEF\xBD\xB1" R "\xEF\xBD\xB1" },
	{ "iso-2022-jp", "1B 24 42 1B 24", R R, 3, 1, 2, "42 24 22", R "\xE3\x81\x82" },

	{ "replacement", "41 42 43", R, 0, 1, 1, NULL, R },
	{ "x-user-defined", "41 80 FF", "A\xEF\x9E\x80\xEF\x9F\xBF", 0, 0, 0, NULL,
	    "A\xEF\x9E\x80\xEF\x9F\xBF"
	    "A" },
	{ "windows-1252", "80 81 FF", "\xE2\x82\xAC\xC2\x81\xC3\xBF", 0, 0, 0, NULL,
	    "\xE2\x82\xAC\xC2\x81\xC3\xBF"
	    "A" },
	{ "latin-1", "80 FF", "\xC2\x80\xC3\xBF", 0, 0, 0, NULL,
	    "\xC2\x80\xC3\xBF"
	    "A" },
	{ "cp864", "25 A6 9B", "%" R "\xC2\x9B", 1, 1, 1, NULL,
	    "%" R "\xC2\x9B"
	    "A" },
	{ "iso-8859-11", "DB A1", R "\xE0\xB8\x81", 0, 1, 1, NULL,
	    R "\xE0\xB8\x81"
	      "A" },
};

enum { VECTORS = sizeof vectors / sizeof vectors[0] };

static const size_t rooms[] = { 4, 5, 6, 7, 16, 64 };

static void
check_text(const struct outcome *o, const char *text, size_t n)
{
	ck_assert_uint_eq(o->out.length, n);
	ck_assert_mem_eq(o->out.data, text, n);
}

static void
check_replaced(const struct vector *v, const uint8_t *in, size_t n, const char *text)
{
	const struct fsock_charset *charset = fsock_charset_find(v->charset);
	const struct fsock_policy replace = { .on_error = FSOCK_ON_ERROR_REPLACE };
	size_t i, cut, piece;

	for (i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
		for (piece = 0; piece < 4; piece++)
			for (cut = 0; cut <= n; cut++) {
				struct outcome o =
				    decode_cut(charset, &replace, in, n, cut, piece, rooms[i], 1);

				ck_assert_int_eq(o.status, FSOCK_CODEC_INPUT_EMPTY);
				check_text(&o, text, strlen(text));
				ck_assert_uint_eq(o.position, n);
				ck_assert_uint_eq(o.held, 0);
				octets_free(&o.out);
			}
}

START_TEST(replaced_at_the_end)
{
	const struct vector *v = &vectors[_i];
	size_t n;
	uint8_t *in = from_hex(v->hex, &n);

	check_replaced(v, in, n, v->text);
	free(in);
}
END_TEST

START_TEST(replaced_with_more)
{
	const struct vector *v = &vectors[_i];
	size_t n, more;
	uint8_t *in = from_hex(v->hex, &n), *rest = from_hex(v->more ? v->more : "41", &more);
	struct octets all = { .data = NULL };

	octets_add(&all, in, n);
	octets_add(&all, rest, more);
	check_replaced(v, all.data, all.length, v->more_text);
	octets_free(&all);
	free(in);
	free(rest);
}
END_TEST

/* The first error, told; then, asked again and again, all of them. */
START_TEST(strict)
{
	const struct vector *v = &vectors[_i];
	const struct fsock_charset *charset = fsock_charset_find(v->charset);
	const char *good = strstr(v->text, R);
	size_t n, cut, piece, i, clean;
	uint8_t *in = from_hex(v->hex, &n);

	clean = good && v->errors ? (size_t)(good - v->text) : strlen(v->text);
	for (i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
		for (piece = 0; piece < 4; piece++)
			for (cut = 0; cut <= n; cut++) {
				struct outcome o =
				    decode_cut(charset, NULL, in, n, cut, piece, rooms[i], 1);

				check_text(&o, v->text, clean);
				if (v->errors) {
					ck_assert_int_eq(o.status, FSOCK_CODEC_MALFORMED);
					ck_assert_uint_eq(o.error.offset, v->offset);
					ck_assert_uint_eq(o.error.length, v->length);
					ck_assert_mem_eq(o.error.octets, in + v->offset, v->length);
				} else {
					ck_assert_int_eq(o.status, FSOCK_CODEC_INPUT_EMPTY);
				}
				octets_free(&o.out);
			}
	free(in);
}
END_TEST

/* The count, and a checkpoint taken by assignment after each octet that goes on alike. */
START_TEST(counted_and_copied)
{
	const struct vector *v = &vectors[_i];
	const struct fsock_charset *charset = fsock_charset_find(v->charset);
	const struct fsock_policy replace = { .on_error = FSOCK_ON_ERROR_REPLACE };
	struct fsock_decoder first, second;
	struct machine one = { run_decoder, error_of_decoder, &first, &replace, 16 };
	struct machine two = { run_decoder, error_of_decoder, &second, &replace, 16 };
	size_t n, cut;
	uint8_t *in = from_hex(v->hex, &n);

	for (cut = 0; cut <= n; cut++) {
		struct outcome o, p;

		memset(&o, 0, sizeof o);
		memset(&p, 0, sizeof p);
		fsock_decoder_init(&first, charset);
		machine_feed(&one, &o, in, cut, 0);
		second = first;
		octets_add(&p.out, o.out.data, o.out.length);
		machine_feed(&one, &o, in + cut, n - cut, 1);
		ck_assert_uint_eq(first.errors, v->errors);
		machine_feed(&two, &p, in + cut, n - cut, 1);
		ck_assert_uint_eq(second.errors, v->errors);
		check_text(&o, v->text, strlen(v->text));
		check_text(&p, v->text, strlen(v->text));
		octets_free(&o.out);
		octets_free(&p.out);
	}
	free(in);
}
END_TEST

/*
 * With more to follow nothing is lost or decided early: position + held is all of the input, and
 * what has come out does not depend on the cut.
 */
START_TEST(open_end)
{
	const struct vector *v = &vectors[_i];
	const struct fsock_charset *charset = fsock_charset_find(v->charset);
	const struct fsock_policy replace = { .on_error = FSOCK_ON_ERROR_REPLACE };
	size_t n, cut, piece;
	uint8_t *in = from_hex(v->hex, &n);
	struct outcome whole = decode_cut(charset, &replace, in, n, 0, 0, 64, 0);

	ck_assert_uint_eq(whole.position + whole.held, n);
	ck_assert_mem_eq(whole.out.data, v->text, whole.out.length);
	ck_assert_mem_eq(whole.out.data, v->more_text, whole.out.length);
	for (piece = 0; piece < 4; piece++)
		for (cut = 0; cut <= n; cut++) {
			struct outcome o = decode_cut(charset, &replace, in, n, cut, piece, 4, 0);

			check_text(&o, (char *)whole.out.data, whole.out.length);
			ck_assert_uint_eq(o.position, whole.position);
			ck_assert_uint_eq(o.held, whole.held);
			ck_assert_uint_eq(o.errors, whole.errors);
			octets_free(&o.out);
		}
	octets_free(&whole.out);
	free(in);
}
END_TEST

/* Exactly the room of a prefix: the position is right behind that prefix, shifts not yet read. */
START_TEST(position_is_lazy)
{
	static const char in[] = "\x1B$B$\"\x1B(Ba\x1B$B$$";
	static const unsigned positions[] = { 5, 9, 14 };
	struct fsock_decoder d;
	struct fsock_codec_io io;
	uint8_t out[16];
	unsigned i;
	static const unsigned text[] = { 3, 1, 3 };

	fsock_decoder_init(&d, fsock_charset_find("iso-2022-jp"));
	io.in = (const uint8_t *)in;
	io.in_length = sizeof in - 1;
	for (i = 0; i < 3; i++) {
		io.out = out;
		io.out_length = text[i];
		ck_assert_int_eq(fsock_decode(&d, &io, 1),
		    i < 2 ? FSOCK_CODEC_OUTPUT_FULL : FSOCK_CODEC_INPUT_EMPTY);
		ck_assert_uint_eq(d.position, positions[i]);
		ck_assert_uint_eq(d.held_length, 0);
	}
}
END_TEST

/*
 * With exactly the room of the text before it, neither an error nor a shift sequence is used: in
 * every charset, however the input is cut.
 */
START_TEST(exact_room)
{
	const struct fsock_charset *charset = fsock_charset_at((size_t)_i);
	uint8_t in[16], out[8];
	struct fsock_codec_io io = {(const uint8_t *)"a", 1, in, sizeof in};
	struct fsock_encoder e;
	size_t n;

	if (fsock_charset_flags(charset) & FSOCK_CHARSET_DECODE_ONLY)
		return; /* it decodes nothing */
	fsock_encoder_init(&e, charset);
	fsock_encode(&e, &io, 1);
	n = sizeof in - io.out_length;
	for (unsigned next = 0; next < 512; next++)
		for (size_t cut = 1; cut <= n + 4; cut++) {
			struct fsock_decoder d;
			enum fsock_codec_status status = FSOCK_CODEC_INPUT_EMPTY;
			size_t given = 0;

			/* Octets that begin nothing, an escape sequence, anything. */
			memcpy(in + n, "\x1B\0B4", 4);
			in[n + (next >= 256)] = (uint8_t)next;
			fsock_decoder_init(&d, charset);
			io.out = out;
			io.out_length = 1;
			while (given < n + 4 && status == FSOCK_CODEC_INPUT_EMPTY) {
				size_t piece = n + 4 - given < cut ? n + 4 - given : cut;

				io.in = in + given;
				io.in_length = piece;
				status = fsock_decode(&d, &io, 0);
				given += piece - io.in_length;
			}
			if (d.position != n || d.errors != 0 || d.shift != 0 || out[0] != 'a')
				ck_abort_msg("%s, %u next, cut at %zu: position %zu",
				    fsock_charset_name(charset), next, cut, (size_t)d.position);
		}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codec vectors");
	TCase *tcase = tcase_create("decode");
	int charsets = 0;

	tcase_add_loop_test(tcase, replaced_at_the_end, 0, VECTORS);
	tcase_add_loop_test(tcase, replaced_with_more, 0, VECTORS);
	tcase_add_loop_test(tcase, strict, 0, VECTORS);
	tcase_add_loop_test(tcase, counted_and_copied, 0, VECTORS);
	tcase_add_loop_test(tcase, open_end, 0, VECTORS);
	tcase_add_test(tcase, position_is_lazy);
	while (fsock_charset_at((size_t)charsets) != NULL)
		charsets++;
	tcase_add_loop_test(tcase, exact_room, 0, charsets);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
