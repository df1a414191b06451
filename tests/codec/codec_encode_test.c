/* Encoders: errors, shift states and policies, cut at every place and into small rooms. */
#include "codec_support.h"

#define FAIL    FSOCK_ON_ERROR_FAIL
#define REPLACE FSOCK_ON_ERROR_REPLACE
#define IGNORE  FSOCK_ON_ERROR_IGNORE
#define ESCAPE  FSOCK_ON_ERROR_ESCAPE
#define HTML    FSOCK_ON_ERROR_HTML

/* Text to octets (hex, the finish included). code_point is that of the first error, if any. */
static const struct row {
	const char *charset;
	enum fsock_on_error on_error;
	uint32_t substitute;
	const char *text;
	const char *hex;
	int errors;
	unsigned offset, length;
	uint32_t code_point;
} rows[] = {
	{ "utf-8", REPLACE, 0, "a\xC3\xA4\xF0\x9F\x98\x80", "61 C3 A4 F0 9F 98 80", 0, 0, 0, 0 },
	{ "utf-8", REPLACE, 0, "\xED\xA0\x80z", "EF BF BD EF BF BD EF BF BD 7A", 3, 0, 1, 0 },
	{ "utf-8", ESCAPE, 0, "a\xE4\xB8z", "61 5C 78 45 34 5C 78 42 38 7A", 1, 1, 2, 0 },
	{ "latin-1", REPLACE, 0, "\xC3\xA4\xE2\x82\xAC", "E4 3F", 1, 2, 3, 0x20AC },
	{ "latin-1", REPLACE, 0xBF, "\xE2\x82\xAC", "BF", 1, 0, 3, 0x20AC },
	{ "latin-1", REPLACE, 0x4E00, "\xE2\x82\xAC", "3F", 1, 0, 3, 0x20AC },
	{ "latin-1", IGNORE, 0,
	    "a\xE2\x82\xAC"
	    "b",
	    "61 62", 1, 1, 3, 0x20AC },
	{ "latin-1", ESCAPE, 0, "\xE2\x82\xAC", "5C 75 7B 32 30 41 43 7D", 1, 0, 3, 0x20AC },
	{ "latin-1", ESCAPE, 0, "\xF0\x9F\x98\x80", "5C 75 7B 31 46 36 30 30 7D", 1, 0, 4,
	    0x1F600 },
	{ "latin-1", HTML, 0, "\xE2\x82\xAC", "26 23 38 33 36 34 3B", 1, 0, 3, 0x20AC },
	{ "latin-1", HTML, 0, "\xE4", "5C 78 45 34", 1, 0, 1, 0 },
	{ "latin-1", FAIL, 0,
	    "a\xE2\x82\xAC"
	    "b",
	    "61", 1, 1, 3, 0x20AC },
	{ "us-ascii", REPLACE, 0, "a\xC2\x80", "61 3F", 1, 1, 2, 0x80 },
	{ "windows-1252", REPLACE, 0, "\xE2\x82\xAC\xC2\x81\xC2\x80", "80 81 3F", 1, 5, 2, 0x80 },
	{ "utf-16le", REPLACE, 0, "a\xF0\x9F\x98\x80", "61 00 3D D8 00 DE", 0, 0, 0, 0 },
	{ "utf-16be", REPLACE, 0, "a\xFF", "00 61 FF FD", 1, 1, 1, 0 },
	{ "utf-32le", REPLACE, 0, "\xF0\x9F\x98\x80", "00 F6 01 00", 0, 0, 0, 0 },
	{ "utf-32be", REPLACE, 0, "a\xC3", "00 00 00 61 00 00 FF FD", 1, 1, 1, 0 },
	{ "gb18030", REPLACE, 0, "\xE2\x82\xAC\xF0\x9F\x98\x80", "A2 E3 94 39 FC 36", 0, 0, 0, 0 },
	{ "gb18030", REPLACE, 0, "\xEE\x97\xA5", "84 31 A4 37", 1, 0, 3, 0xE5E5 },
	{ "gb18030", REPLACE, 0, "\xEE\x9F\x87\xEE\xA0\x9E", "81 35 F4 37 FE 59", 0, 0, 0, 0 },
	{ "gbk", REPLACE, 0, "\xE2\x82\xAC\xF0\x9F\x98\x80", "80 3F", 1, 3, 4, 0x1F600 },
	{ "big5", REPLACE, 0, "\xE4\xB8\x80\xE2\x95\x90\xF0\xA7\x89\xA7", "A4 40 F9 F9 3F", 1, 6, 4,
	    0x27267 },
	{ "euc-kr", REPLACE, 0, "\xEA\xB0\x80\xC2\xA5", "B0 A1 3F", 1, 3, 2, 0xA5 },
	{ "shift_jis", REPLACE, 0, "\xC2\xA5\xE2\x80\xBE\xEF\xBD\xB1\xE2\x88\x92\xC2\x80",
	    "5C 7E B1 81 7C 80", 0, 0, 0, 0 },
	{ "shift_jis", REPLACE, 0, "\xE2\x85\xB0\xEE\x80\x80", "FA 40 3F", 1, 3, 3, 0xE000 },
	{ "euc-jp", REPLACE, 0, "\xC2\xA5\xEF\xBD\xB1\xE3\x81\x82", "5C 8E B1 A4 A2", 0, 0, 0, 0 },
	{ "euc-jp", REPLACE, 0, "\xCB\x98", "3F", 1, 0, 2, 0x2D8 },
	{ "replacement", REPLACE, 0, "\xC3\xA4", "C3 A4", 0, 0, 0, 0 },

	{ "iso-2022-jp", REPLACE, 0, "a", "61", 0, 0, 0, 0 },
	{ "iso-2022-jp", REPLACE, 0, "\xE3\x81\x82", "1B 24 42 24 22 1B 28 42", 0, 0, 0, 0 },
	{ "iso-2022-jp", REPLACE, 0, "\xE3\x81\x82\n", "1B 24 42 24 22 1B 28 42 0A", 0, 0, 0, 0 },
	{ "iso-2022-jp", REPLACE, 0,
	    "\xC2\xA5"
	    "a\\",
	    "1B 28 4A 5C 61 1B 28 42 5C", 0, 0, 0, 0 },
	{ "iso-2022-jp", REPLACE, 0, "\xC2\xA5", "1B 28 4A 5C 1B 28 42", 0, 0, 0, 0 },
	{ "iso-2022-jp", REPLACE, 0, "\xEF\xBD\xB1", "1B 24 42 25 22 1B 28 42", 0, 0, 0, 0 },
	{ "iso-2022-jp", REPLACE, 0, "\xE3\x81\x82\xF0\x9F\x98\x80\xE3\x81\x82",
	    "1B 24 42 24 22 1B 28 42 3F 1B 24 42 24 22 1B 28 42", 1, 3, 4, 0x1F600 },
	{ "iso-2022-jp", FAIL, 0, "\xE3\x81\x82\xF0\x9F\x98\x80", "1B 24 42 24 22", 1, 3, 4,
	    0x1F600 },
	{ "iso-2022-jp", IGNORE, 0, "\xE3\x81\x82\xF0\x9F\x98\x80\xE3\x81\x82",
	    "1B 24 42 24 22 24 22 1B 28 42", 1, 3, 4, 0x1F600 },
	{ "iso-2022-jp", HTML, 0, "\xE3\x81\x82\xF0\x9F\x98\x80",
	    "1B 24 42 24 22 1B 28 42 26 23 31 32 38 35 31 32 3B", 1, 3, 4, 0x1F600 },
	{ "iso-2022-jp", REPLACE, 0, "a\x1B$Bb", "61 3F 24 42 62", 1, 1, 1, 0xFFFD },
	{ "iso-2022-jp", REPLACE, 0, "\xC2\xA5\x0E\x0F", "1B 28 4A 5C 3F 3F 1B 28 42", 2, 2, 1,
	    0xFFFD },
	{ "iso-2022-jp", REPLACE, 0, "\xE3\x81\x82\x1B", "1B 24 42 24 22 1B 28 42 3F", 1, 3, 1,
	    0xFFFD },
	{ "iso-2022-jp", REPLACE, 0x3042, "\xF0\x9F\x98\x80", "1B 24 42 24 22 1B 28 42", 1, 0, 4,
	    0x1F600 },
	{ "iso-2022-jp", REPLACE, 0, "\xE3\x81\x82\xE3\x81", "1B 24 42 24 22 1B 28 42 3F", 1, 3, 2,
	    0 },
};

START_TEST(encoded)
{
	const struct row *r = &rows[_i];
	const struct fsock_charset *charset = fsock_charset_find(r->charset);
	const struct fsock_policy policy = { .on_error = r->on_error, .substitute = r->substitute };
	size_t want, n = strlen(r->text), cut, piece, room;
	uint8_t *hex = from_hex(r->hex, &want);

	for (room = 5; room < 20; room++)
		for (piece = 0; piece < 4; piece++)
			for (cut = 0; cut <= n; cut++) {
				struct outcome o =
				    encode_cut(charset, &policy, r->text, n, cut, piece, room, 1);

				ck_assert_uint_eq(o.out.length, want);
				ck_assert_mem_eq(o.out.data, hex, want);
				ck_assert_int_eq((int)o.errors, r->errors);
				if (r->on_error != FAIL) {
					ck_assert_int_eq(o.status, FSOCK_CODEC_INPUT_EMPTY);
					ck_assert_uint_eq(o.position, n);
				}
				octets_free(&o.out);
			}
	free(hex);
}
END_TEST

START_TEST(told)
{
	const struct row *r = &rows[_i];
	const struct fsock_charset *charset = fsock_charset_find(r->charset);
	size_t n = strlen(r->text), cut, piece;

	if (r->errors == 0)
		return;
	for (piece = 0; piece < 4; piece++)
		for (cut = 0; cut <= n; cut++) {
			struct outcome o = encode_cut(charset, NULL, r->text, n, cut, piece, 16, 1);

			ck_assert_int_eq(o.status,
			    r->code_point ? FSOCK_CODEC_UNMAPPABLE : FSOCK_CODEC_MALFORMED);
			ck_assert_int_eq(o.error.status, o.status);
			ck_assert_uint_eq(o.error.offset, r->offset);
			ck_assert_uint_eq(o.error.length, r->length);
			ck_assert_uint_eq(o.error.code_point, r->code_point);
			ck_assert_mem_eq(o.error.octets, r->text + r->offset, r->length);
			octets_free(&o.out);
		}
}
END_TEST

/* A flush writes no shift; finish does, once, and the encoder goes on. */
START_TEST(finish)
{
	struct fsock_encoder e;
	uint8_t out[32];
	struct fsock_codec_io io = { (const uint8_t *)"\xE3\x81\x82", 3, out, sizeof out };

	fsock_encoder_init(&e, fsock_charset_find("iso-2022-jp"));
	ck_assert_int_eq(fsock_encode(&e, &io, 0), FSOCK_CODEC_INPUT_EMPTY);
	ck_assert_uint_eq((size_t)(io.out - out), 5);
	io.out_length = 2;
	ck_assert_int_eq(fsock_encode_finish(&e, &io), FSOCK_CODEC_OUTPUT_FULL);
	ck_assert_uint_eq((size_t)(io.out - out), 5);
	io.out_length = 3;
	ck_assert_int_eq(fsock_encode_finish(&e, &io), FSOCK_CODEC_INPUT_EMPTY);
	ck_assert_mem_eq(out, "\x1B$B$\"\x1B(B", 8);
	ck_assert_uint_eq((size_t)(io.out - out), 8);
	ck_assert_int_eq(fsock_encode_finish(&e, &io), FSOCK_CODEC_INPUT_EMPTY);
	ck_assert_uint_eq((size_t)(io.out - out), 8);
	io = (struct fsock_codec_io){ (const uint8_t *)"\xE3\x81\x82", 3, out, sizeof out };
	ck_assert_int_eq(fsock_encode(&e, &io, 0), FSOCK_CODEC_INPUT_EMPTY);
	ck_assert_mem_eq(out, "\x1B$B$\"", 5);
}
END_TEST

START_TEST(finish_inside_a_character)
{
	struct fsock_encoder e;
	uint8_t out[32];
	struct fsock_codec_error error;
	struct fsock_codec_io io = { (const uint8_t *)"a\xE3\x81", 3, out, sizeof out };

	fsock_encoder_init(&e, fsock_charset_find("utf-8"));
	ck_assert_int_eq(fsock_encode(&e, &io, 0), FSOCK_CODEC_INPUT_EMPTY);
	ck_assert_int_eq(fsock_encode_finish(&e, &io), FSOCK_CODEC_MALFORMED);
	fsock_encoder_error(&e, &error);
	ck_assert_uint_eq(error.offset, 1);
	ck_assert_uint_eq(error.length, 2);
	ck_assert_int_eq(fsock_encode_finish(&e, &io), FSOCK_CODEC_INPUT_EMPTY);
}
END_TEST

/* The program answers: flexi-streams' use-value. */
struct answers {
	const int32_t *next;
	unsigned asked;
	struct fsock_codec_error last;
};

static int32_t
answer(void *arg, const struct fsock_codec_error *error)
{
	struct answers *a = arg;

	a->asked++;
	a->last = *error;
	return *a->next++;
}

static const struct ask_row {
	const char *charset;
	const char *hex;
	int32_t answers[4];
	unsigned asked;
	const char *text;
	enum fsock_codec_status status;
} asks[] = {
	{ "utf-8", "FE FF", { 'a', 'b' }, 2, "ab", FSOCK_CODEC_INPUT_EMPTY },
	{ "utf-16le", "01", { '1' }, 1, "1", FSOCK_CODEC_INPUT_EMPTY },
	{ "utf-16le", "01 D8", { 0x1F600 }, 1, "\xF0\x9F\x98\x80", FSOCK_CODEC_INPUT_EMPTY },
	{ "utf-32le", "61 00 00 00 01", { 'Y' }, 1, "aY", FSOCK_CODEC_INPUT_EMPTY },
	{ "utf-8", "C0 80", { 0, FSOCK_ANSWER_SKIP }, 2, "", FSOCK_CODEC_INPUT_EMPTY },
	{ "utf-8", "61 FF 62", { FSOCK_ANSWER_SKIP }, 1, "ab", FSOCK_CODEC_INPUT_EMPTY },
	{ "utf-8", "61 FF 62", { FSOCK_ANSWER_FAIL }, 1, "a", FSOCK_CODEC_MALFORMED },
	{ "utf-8", "61 FF 62", { 0xD800 }, 1, "a", FSOCK_CODEC_MALFORMED },
	{ "utf-8", "61 FF 62", { 0x110000 }, 1, "a", FSOCK_CODEC_MALFORMED },
};

START_TEST(asked)
{
	const struct ask_row *r = &asks[_i];
	size_t n, cut, room;
	uint8_t *in = from_hex(r->hex, &n);

	for (room = 4; room < 18; room++)
		for (cut = 0; cut <= n; cut++) {
			struct answers a = { .next = r->answers };
			const struct fsock_policy policy = {
				.on_error = FSOCK_ON_ERROR_ASK, .ask = answer, .arg = &a
			};
			struct outcome o = decode_cut(
			    fsock_charset_find(r->charset), &policy, in, n, cut, 1, room, 1);

			ck_assert_int_eq(o.status, r->status);
			ck_assert_uint_eq(a.asked, r->asked);
			/* An answer of U+0000 is a character, too. */
			ck_assert_uint_eq(
			    o.out.length, strlen(r->text) + (r->answers[0] == 0 ? 1 : 0));
			ck_assert_mem_eq(o.out.data, r->text, strlen(r->text));
			ck_assert_int_eq(a.last.status, FSOCK_CODEC_MALFORMED);
			octets_free(&o.out);
		}
	free(in);
}
END_TEST

/* Decoding policies; rooms of one octet as well, since escapes may be cut. */
static const struct policy_row {
	enum fsock_on_error on_error;
	uint32_t substitute;
	const char *text;
} policies[] = {
	{ REPLACE, 0,
	    "a\xEF\xBF\xBD"
	    "b\xEF\xBF\xBD" },
	{ REPLACE, '?', "a?b?" },
	{ REPLACE, 0xD800,
	    "a\xEF\xBF\xBD"
	    "b\xEF\xBF\xBD" },
	{ IGNORE, 0, "ab" },
	{ ESCAPE, 0, "a\\xE4\\xB8b\\xFF" },
	{ HTML, 0, "a\\xE4\\xB8b\\xFF" },
};

START_TEST(decoding_policies)
{
	const struct policy_row *r = &policies[_i];
	const struct fsock_policy policy = { .on_error = r->on_error, .substitute = r->substitute };
	size_t cut, room;

	for (room = 3; room < 18; room++)
		for (cut = 0; cut <= 5; cut++) {
			struct outcome o = decode_cut(fsock_charset_find("utf-8"), &policy,
			    "a\xE4\xB8"
			    "b\xFF",
			    5, cut, 1, room, 1);

			ck_assert_str_eq((char *)o.out.data, r->text);
			ck_assert_uint_eq(o.errors, 2);
			octets_free(&o.out);
		}
}
END_TEST

/* What a policy took care of is still known, after more input. */
START_TEST(told_afterwards)
{
	const struct fsock_policy policy = {.on_error = policies[_i].on_error};
	struct fsock_codec_io io = {(const uint8_t *)"a\xE4\xB8" "bcd", 6, NULL, 0};
	struct fsock_codec_error error;
	struct fsock_decoder d;
	struct fsock_encoder e;
	struct fsock_eol eol;
	uint8_t out[64];

	io.out = out;
	io.out_length = sizeof out;
	fsock_decoder_init(&d, fsock_charset_find("utf-8"));
	ck_assert_int_eq(fsock_decode_with(&d, &policy, &io, 1), FSOCK_CODEC_INPUT_EMPTY);
	fsock_decoder_error(&d, &error);
	ck_assert_uint_eq(error.offset, 1);
	ck_assert_uint_eq(error.length, 2);
	ck_assert_mem_eq(error.octets, "\xE4\xB8", 2);

	io = (struct fsock_codec_io){(const uint8_t *)"a\xE2\x82\xAC" "bcd", 7, out, sizeof out};
	fsock_encoder_init(&e, fsock_charset_find("latin-1"));
	ck_assert_int_eq(fsock_encode_with(&e, &policy, &io, 1), FSOCK_CODEC_INPUT_EMPTY);
	fsock_encoder_error(&e, &error);
	ck_assert_uint_eq(error.offset, 1);
	ck_assert_uint_eq(error.length, 3);
	ck_assert_uint_eq(error.code_point, 0x20AC);

	io = (struct fsock_codec_io){(const uint8_t *)"ab\rcd\r\n", 7, out, sizeof out};
	fsock_eol_init(&eol, FSOCK_EOL_CRLF, FSOCK_EOL_REJECT_CR);
	ck_assert_int_eq(fsock_eol_decode_with(&eol, &policy, &io, 1), FSOCK_CODEC_INPUT_EMPTY);
	fsock_eol_error(&eol, &error);
	ck_assert_uint_eq(error.offset, 2);
	ck_assert_mem_eq(error.octets, "\r", 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codec encode");
	TCase *tcase = tcase_create("encode");

	tcase_add_loop_test(tcase, encoded, 0, (int)(sizeof rows / sizeof rows[0]));
	tcase_add_loop_test(tcase, told, 0, (int)(sizeof rows / sizeof rows[0]));
	tcase_add_test(tcase, finish);
	tcase_add_test(tcase, finish_inside_a_character);
	tcase_add_loop_test(tcase, asked, 0, (int)(sizeof asks / sizeof asks[0]));
	tcase_add_loop_test(
	    tcase, decoding_policies, 0, (int)(sizeof policies / sizeof policies[0]));
	tcase_add_loop_test(
	    tcase, told_afterwards, 0, (int)(sizeof policies / sizeof policies[0]));
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
