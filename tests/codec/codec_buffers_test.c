/* Whole buffers, and both lengths. */
#include <errno.h>

#include "codec_support.h"

static struct fsock_conversion
conversion(const char *charset, enum fsock_eol_style eol, enum fsock_on_error on_error)
{
	return (struct fsock_conversion){ .charset = fsock_charset_find(charset),
		.eol = eol,
		.policy = { .on_error = on_error } };
}

static const struct row {
	const char *charset;
	enum fsock_eol_style eol;
	const char *text;
	const char *hex;
	int characters;
} rows[] = {
	{ "utf-8", FSOCK_EOL_LF, "", "", 0 },
	{ "latin-1", FSOCK_EOL_CRLF, "\xC3\xA4\nb\n", "E4 0D 0A 62 0D 0A", 4 },
	{ "utf-16be", FSOCK_EOL_CR, "\xF0\x9F\x98\x80\n", "D8 3D DE 00 00 0D", 2 },
	{ "utf-16le", FSOCK_EOL_CRLF, "a\n", "61 00 0D 00 0A 00", 2 },
	{ "iso-2022-jp", FSOCK_EOL_CRLF, "\xE3\x81\x82\n\xE3\x81\x82",
	    "1B 24 42 24 22 1B 28 42 0D 0A 1B 24 42 24 22 1B 28 42", 3 },
	{ "utf-32le", FSOCK_EOL_LF, "\xF0\x9F\x98\x80", "00 F6 01 00", 1 },
};

START_TEST(both_ways)
{
	const struct row *r = &rows[_i];
	struct fsock_conversion how = conversion(r->charset, r->eol, FSOCK_ON_ERROR_FAIL);
	size_t want, n, text_length = strlen(r->text);
	uint8_t *hex = from_hex(r->hex, &want), *octets;
	char *text;

	errno = 0;
	octets = fsock_string_to_octets(&how, r->text, text_length, &n, NULL);
	ck_assert_ptr_nonnull(octets);
	ck_assert_uint_eq(n, want);
	ck_assert_mem_eq(octets, hex, n);
	ck_assert_int_eq(octets[n], 0);
	ck_assert_int_eq(fsock_octet_length(&how, r->text, text_length, NULL), (int64_t)want);
	text = fsock_octets_to_string(&how, octets, n, &n, NULL);
	ck_assert_str_eq(text, r->text);
	ck_assert_uint_eq(n, text_length);
	ck_assert_int_eq(fsock_char_length(&how, octets, want, NULL), r->characters);
	ck_assert_int_eq(errno, 0);
	free(octets);
	free(text);
	free(hex);
}
END_TEST

START_TEST(null_is_empty)
{
	struct fsock_conversion how = conversion("utf-8", FSOCK_EOL_LF, FSOCK_ON_ERROR_FAIL);
	char *text = fsock_octets_to_string(&how, NULL, 0, NULL, NULL);
	uint8_t *octets = fsock_string_to_octets(&how, NULL, 0, NULL, NULL);

	ck_assert_str_eq(text, "");
	ck_assert_int_eq(octets[0], 0);
	ck_assert_int_eq(fsock_octet_length(&how, NULL, 0, NULL), 0);
	ck_assert_int_eq(fsock_char_length(&how, NULL, 0, NULL), 0);
	free(text);
	free(octets);
}
END_TEST

START_TEST(errors_are_told)
{
	struct fsock_conversion how = conversion("utf-8", FSOCK_EOL_LF, FSOCK_ON_ERROR_FAIL);
	struct fsock_codec_error error;
	size_t n = 77;

	errno = 0;
	ck_assert_ptr_null(fsock_octets_to_string(&how, "ab\xE4\xB8z", 5, &n, &error));
	ck_assert_int_eq(errno, EILSEQ);
	ck_assert_uint_eq(error.offset, 2);
	ck_assert_uint_eq(error.length, 2);
	ck_assert_uint_eq(n, 77);
	ck_assert_int_eq(fsock_char_length(&how, "ab\xE4", 3, NULL), -1);

	how = conversion("latin-1", FSOCK_EOL_CRLF_STRICT, FSOCK_ON_ERROR_FAIL);
	ck_assert_ptr_null(fsock_string_to_octets(&how, "a\xE2\x82\xAC", 4, NULL, &error));
	ck_assert_int_eq(error.status, FSOCK_CODEC_UNMAPPABLE);
	ck_assert_uint_eq(error.code_point, 0x20AC);
	ck_assert_uint_eq(error.offset, 1);
	ck_assert_ptr_null(fsock_octets_to_string(&how, "a\r\nb\n", 5, NULL, &error));
	ck_assert_uint_eq(error.offset, 4);
	ck_assert_int_eq(error.octets[0], '\n');
	ck_assert_ptr_null(fsock_string_to_octets(&how, "a\r", 2, NULL, NULL));
	ck_assert_ptr_null(fsock_octets_to_string(&how, "a\r", 2, NULL, NULL));

	/* A CR that bad octets follow is the first error: nothing else can follow it. */
	how = conversion("utf-8", FSOCK_EOL_CRLF_STRICT, FSOCK_ON_ERROR_FAIL);
	ck_assert_ptr_null(fsock_octets_to_string(&how, "a\r\xFF", 3, NULL, &error));
	ck_assert_uint_eq(error.offset, 1);
	ck_assert_int_eq(error.octets[0], '\r');

	errno = 0;
	how.charset = NULL;
	ck_assert_ptr_null(fsock_octets_to_string(&how, "a", 1, NULL, NULL));
	ck_assert_int_eq(errno, EINVAL);
	errno = 0;
	how = conversion("latin-1", (enum fsock_eol_style)77, FSOCK_ON_ERROR_FAIL);
	ck_assert_int_eq(fsock_octet_length(&how, "a", 1, NULL), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

/* The first error, and its place in what was given, whichever stage finds it. */
static const struct place {
	const char *charset;
	enum fsock_eol_style eol;
	unsigned eol_flags;
	int before; /* lines of "ab\n" in front of the text */
	const char *text;
	uint64_t offset; /* in text */
	uint8_t octet;
} text_places[] = {
	{ "latin-1", FSOCK_EOL_CRLF, .text = "a\n\nb\xE2\x82\xAC", .offset = 4, .octet = 0xE2 },
	{ "latin-1", FSOCK_EOL_CRLF, .before = 4000, .text = "\xE2\x82\xAC", .octet = 0xE2 },
	{ "utf-8", FSOCK_EOL_CRLF, .before = 3, .text = "\xF0\x80", .offset = 0, .octet = 0xF0 },
	{ "utf-8", FSOCK_EOL_CRLF, .before = 1365, .text = "\xE2\x82", .offset = 0, .octet = 0xE2 },
	{ "latin-1", FSOCK_EOL_CRLF, FSOCK_EOL_IDEMPOTENT, .text = "a\r\n\xFF", .offset = 3,
	    .octet = 0xFF },
	{ "latin-1", FSOCK_EOL_CR, .text = "a\n\xFF", .offset = 2, .octet = 0xFF },
	{ "utf-8", FSOCK_EOL_CRLF_STRICT, .text = "\n\xC3\r\n", .offset = 1, .octet = 0xC3 },
	{ "utf-8", FSOCK_EOL_CRLF_STRICT, .text = "\n\xC3\xA4\r\n", .offset = 3, .octet = '\r' },
};

START_TEST(place_in_text)
{
	const struct place *p = &text_places[_i];
	struct fsock_conversion how = conversion(p->charset, p->eol, FSOCK_ON_ERROR_FAIL);
	struct fsock_codec_error error;
	size_t before = 3 * (size_t)p->before, n = before + strlen(p->text);
	char *text = malloc(n);

	for (size_t i = 0; i < before; i++)
		text[i] = "ab\n"[i % 3];
	memcpy(text + before, p->text, strlen(p->text));
	how.eol_flags = p->eol_flags;
	ck_assert_ptr_null(fsock_string_to_octets(&how, text, n, NULL, &error));
	ck_assert_uint_eq(error.octets[0], p->octet);
	ck_assert_uint_eq(error.offset, before + p->offset);
	memset(&error, 0, sizeof error);
	ck_assert_int_eq(fsock_octet_length(&how, text, n, &error), -1);
	ck_assert_uint_eq(error.offset, before + p->offset);
	free(text);
}
END_TEST

/* More than one piece, with what replaces errors across the pieces' ends. */
START_TEST(long_text)
{
	enum { N = 100003 };
	struct fsock_conversion how = conversion("us-ascii", FSOCK_EOL_CRLF, FSOCK_ON_ERROR_ESCAPE);
	char *in = malloc(N), *text;
	size_t n, i;

	memset(in, '\xE4', N);
	text = fsock_octets_to_string(&how, in, N, &n, NULL);
	ck_assert_uint_eq(n, 4 * (size_t)N);
	for (i = 0; i < n; i += 4)
		if (memcmp(text + i, "\\xE4", 4) != 0)
			ck_abort_msg("octet %zu", i);
	ck_assert_int_eq(fsock_char_length(&how, in, N, NULL), 4 * (int64_t)N);
	free(text);

	memset(in, '\n', N);
	ck_assert_int_eq(fsock_octet_length(&how, in, N, NULL), 2 * (int64_t)N);
	free(in);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codec buffers");
	TCase *tcase = tcase_create("buffers");

	tcase_add_loop_test(tcase, both_ways, 0, (int)(sizeof rows / sizeof rows[0]));
	tcase_add_test(tcase, null_is_empty);
	tcase_add_test(tcase, errors_are_told);
	tcase_add_loop_test(
	    tcase, place_in_text, 0, (int)(sizeof text_places / sizeof text_places[0]));
	tcase_add_test(tcase, long_text);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
