/* Characters as code points, on any FILE. */
#include "../../src/base/compat.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/sock_support.h"
#include "../support/text_script.h"

static FILE *
file_with(const char *octets, size_t n)
{
	FILE *f = tmpfile();

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(octets, 1, n, f), n);
	rewind(f);
	return f;
}

/* What a FILE with these octets gives; EOF comes at the end by itself, BAD is EILSEQ. */
enum { BAD_OCTETS = -2 };
#define OCTETS_OF(text) (text), sizeof(text) - 1
static const struct vector {
	const char *octets;
	size_t n;
	int32_t codes[8];
	size_t count;
} vectors[] = {
	{ OCTETS_OF(""), { 0 }, 0 },
	{ OCTETS_OF("a\0\x7F"), { 'a', 0, 0x7F }, 3 },
	{ OCTETS_OF("\xC2\x80\xDF\xBF"), { 0x80, 0x7FF }, 2 },
	{ OCTETS_OF("\xE0\xA0\x80\xEF\xBF\xBF"), { 0x800, 0xFFFF }, 2 },
	{ OCTETS_OF("\xED\x9F\xBF\xEE\x80\x80"), { 0xD7FF, 0xE000 }, 2 },
	{ OCTETS_OF("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"), { 0x10000, 0x10FFFF }, 2 },
	/* Maximal subparts: what can begin a character is one error, and the rest is read again. */
	{ OCTETS_OF("\x80"
		    "a\xFF"),
	    { BAD_OCTETS, 'a', BAD_OCTETS }, 3 },
	{ OCTETS_OF("\xC0\x80\xC1\xBF"), { BAD_OCTETS, BAD_OCTETS, BAD_OCTETS, BAD_OCTETS }, 4 },
	{ OCTETS_OF("\xE0\x9F\x80"), { BAD_OCTETS, BAD_OCTETS, BAD_OCTETS }, 3 },
	{ OCTETS_OF("\xED\xA0\x80"), { BAD_OCTETS, BAD_OCTETS, BAD_OCTETS }, 3 },
	{ OCTETS_OF("\xF0\x8F\x80\x80"), { BAD_OCTETS, BAD_OCTETS, BAD_OCTETS, BAD_OCTETS }, 4 },
	{ OCTETS_OF("\xF4\x90\x80"), { BAD_OCTETS, BAD_OCTETS, BAD_OCTETS }, 3 },
	{ OCTETS_OF("\xF5\x80"), { BAD_OCTETS, BAD_OCTETS }, 2 },
	{ OCTETS_OF("\xE2\x82\"\xE2\xE2\x82\xAC"), { BAD_OCTETS, '"', BAD_OCTETS, 0x20AC }, 4 },
	{ OCTETS_OF("\xF0\x9F\x98\n"), { BAD_OCTETS, '\n' }, 2 },
	{ OCTETS_OF("a\xC3"), { 'a', BAD_OCTETS }, 2 },
	{ OCTETS_OF("\xF0\x9F\x98"), { BAD_OCTETS }, 1 },
};

START_TEST(reads)
{
	const struct vector *row = &vectors[_i];
	FILE *f = file_with(row->octets, row->n);

	for (size_t i = 0; i < row->count; i++) {
		int32_t expected = row->codes[i];

		errno = EDOM;
		ck_assert_int_eq(fsock_getc32(f), expected == BAD_OCTETS ? -1 : expected);
		ck_assert_int_eq(errno, expected == BAD_OCTETS ? EILSEQ : EDOM);
		if (expected == BAD_OCTETS)
			sock_assert_error(FSOCK_ENCODING_ERROR, EILSEQ);
		fsock_clear_error();
		ck_assert(!ferror(f));
	}
	errno = EDOM;
	ck_assert_int_eq(fsock_getc32(f), -1);
	ck_assert_int_eq(errno, EDOM);
	ck_assert(feof(f));
	fclose(f);
}
END_TEST

/* Every code point there and back, pushed back in between. */
START_TEST(round_trip)
{
	FILE *f = tmpfile();

	ck_assert_ptr_nonnull(f);
	for (int32_t c = 0; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 61)
		if (c < 0xD800 || c > 0xDFFF)
			expect_int(fsock_putc32(c, f), c);
	rewind(f);
	for (int32_t c = 0; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 61) {
		if (c >= 0xD800 && c <= 0xDFFF)
			continue;
		expect_int(fsock_getc32(f), c);
		expect_int(fsock_ungetc32(c, f), c);
		expect_int(fsock_getc32(f), c);
	}
	ck_assert_int_eq(fsock_getc32(f), -1);
	ck_assert(feof(f));
	fclose(f);
}
END_TEST

START_TEST(no_code_points)
{
	static const int32_t none[] = { -1, -2, 0xD800, 0xDFFF, 0x110000, INT32_MAX, INT32_MIN };
	FILE *f = file_with("ab", 2);

	ck_assert_int_eq(getc(f), 'a');
	for (int i = 0; i < COUNT(none); i++) {
		errno = 0;
		ck_assert_int_eq(fsock_putc32(none[i], f), -1);
		sock_assert_error(FSOCK_ENCODING_ERROR, EILSEQ);
		fsock_clear_error();
		ck_assert_int_eq(fsock_ungetc32(none[i], f), -1);
		sock_assert_error(FSOCK_ENCODING_ERROR, EILSEQ);
	}
	ck_assert_int_eq(getc(f), 'b');
	fclose(f);
	errno = 0;
	ck_assert_int_eq(fsock_getc32(NULL), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_putc32('a', NULL), -1);
	ck_assert_int_eq(fsock_ungetc32('a', NULL), -1);
}
END_TEST

/* A FILE that cannot be written to. */
START_TEST(not_written)
{
	FILE *f = fopen("/dev/null", "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fsock_putc32(0x20AC, f), -1);
	ck_assert(ferror(f));
	fclose(f);
}
END_TEST

/* Pushed back on a stream that has a format: a character of several octets, then its octets. */
static const struct text_row streams[] = {
	{ "read, pushed back, read", "utf-16le,crlf", WIRE("\xAC\x20\r\0\n\0\x3D\xD8\0\xDE"),
	    .partial = 1, .steps = { CODE(0x20AC), CODE('\n'), CODE(0x1F600), CODE(-1) } },
	{ "an error of the format", "ascii",
	    WIRE("a\xFF"
		 "b\n"),
	    .partial = 1, .steps = { CODE('a'), BAD(1), CODE('b'), CODE('\n'), CODE(-1) } },
	{ "octets that are no text, without a format", "",
	    WIRE("a\xFF"
		 "b\n"),
	    .partial = 1, .steps = { CODE('a'), CODE(-1), CODE('b'), CODE('\n'), CODE(-1) } },
	{ "a timeout inside a character, without a format", "", .timeout = 0.01, .partial = 1,
	    .steps = { SEND("\xE2\x82"), CODE(-1), CODE(-1),
		SEND("\xAC"
		     "z"),
		CODE(0x20AC), CODE('z') } },
};

START_TEST(stream)
{
	text_run_all(&streams[_i]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("code point");
	TCase *tcase = tcase_create("code point");

	tcase_add_loop_test(tcase, reads, 0, COUNT(vectors));
	tcase_add_test(tcase, round_trip);
	tcase_add_test(tcase, no_code_points);
	tcase_add_test(tcase, not_written);
	tcase_add_loop_test(tcase, stream, 0, COUNT(streams));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
