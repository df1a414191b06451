/* Charsets learned from the libc's iconv. */
#include <errno.h>

#include "codec_support.h"

START_TEST(learned_from_iconv)
{
	const struct fsock_charset *charset;
	struct fsock_conversion how = { 0 };
	uint8_t *octets;
	char *text;
	size_t n;

	errno = 0;
	charset = fsock_charset_find_or_iconv("IBM037");
	if (charset == NULL) {
		ck_assert_int_eq(errno, EINVAL);
		fprintf(stderr, "SKIPPED: this libc's iconv has no IBM037\n");
		return;
	}
	ck_assert_int_eq(errno, 0);
	ck_assert_uint_eq(
	    fsock_charset_flags(charset), FSOCK_CHARSET_ICONV | FSOCK_CHARSET_ONE_OCTET);
	ck_assert_ptr_eq(fsock_charset_find_or_iconv("IBM037"), charset);
	ck_assert_ptr_null(fsock_charset_find("IBM037"));
	how.charset = charset;
	octets = fsock_string_to_octets(&how, "Hello \xC3\xA4", 8, &n, NULL);
	ck_assert_uint_eq(n, 7);
	ck_assert_mem_eq(octets, "\xC8\x85\x93\x93\x96\x40\x43", 7);
	text = fsock_octets_to_string(&how, octets, n, NULL, NULL);
	ck_assert_str_eq(text, "Hello \xC3\xA4");
	free(octets);
	free(text);
	ck_assert_ptr_null(fsock_string_to_octets(&how, "\xE2\x98\xBA", 3, NULL, NULL));
	ck_assert_int_eq(errno, EILSEQ);
}
END_TEST

/* Own names win; shifting, multi-octet and unknown charsets are refused. */
START_TEST(not_learned)
{
	static const char *const names[] = { "", "//", "utf-8//TRANSLIT", "utf-8 ", "utf89",
		"UTF-7", "EUC-TW", "HZ", "ISO-2022-JP-2", "no-such-charset", "UTF-16//IGNORE" };
	size_t i;

	ck_assert_ptr_eq(fsock_charset_find_or_iconv("koi8-r"), fsock_charset_find("koi8-r"));
	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		errno = 0;
		ck_assert_msg(fsock_charset_find_or_iconv(names[i]) == NULL, "%s", names[i]);
		ck_assert_int_eq(errno, EINVAL);
	}
	ck_assert_ptr_null(fsock_charset_find_or_iconv(NULL));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codec iconv");
	TCase *tcase = tcase_create("iconv");

	tcase_add_test(tcase, learned_from_iconv);
	tcase_add_test(tcase, not_learned);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
