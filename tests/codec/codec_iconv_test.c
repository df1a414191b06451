/* Charsets learned from the libc's iconv. */
#include "../../src/base/compat.h"

#include <stdatomic.h>
#include <unistd.h>

#include "../support/sock_support.h"
#include "codec_support.h"

enum { THREADS = 4, CHILDREN = 20, TIMES = 4000 };

static atomic_int missing, asked, enough;

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

static const struct {
	const char *name, *octets;
	const char *text; /* NULL: an octet that means nothing */
} learned[] = {
	{ "GEORGIAN-PS", "a\xC0", "a\xE1\x83\x90" },
	{ "KOI8-T", "a\x80", "a\xD2\x9B" },
	{ "KOI8-T", "a\x88", NULL },
};

/* Charsets with ASCII in them, and octets without a meaning; more than fits in one step. */
START_TEST(learned_with_ascii)
{
	struct fsock_conversion how = { .charset = fsock_charset_find_or_iconv(learned[_i].name) };
	char octets[2 * TIMES], *text, *expected;
	size_t n, unit = learned[_i].text != NULL ? strlen(learned[_i].text) : 0;
	uint8_t *back;

	if (how.charset == NULL) {
		fprintf(stderr, "SKIPPED: this libc's iconv has no %s\n", learned[_i].name);
		return;
	}
	ck_assert_uint_eq(fsock_charset_flags(how.charset),
	    FSOCK_CHARSET_ICONV | FSOCK_CHARSET_ONE_OCTET | FSOCK_CHARSET_ASCII);
	for (int i = 0; i < TIMES; i++)
		memcpy(octets + 2 * (size_t)i, learned[_i].octets, 2);
	text = fsock_octets_to_string(&how, octets, sizeof octets, &n, NULL);
	if (learned[_i].text == NULL) {
		ck_assert_ptr_null(text);
		ck_assert_int_eq(errno, EILSEQ);
	} else {
		ck_assert_ptr_nonnull(text);
		ck_assert_uint_eq(n, TIMES * unit);
		for (expected = text; expected < text + n; expected += unit)
			ck_assert_mem_eq(expected, learned[_i].text, unit);
		back = fsock_string_to_octets(&how, text, n, &n, NULL);
		ck_assert_uint_eq(n, sizeof octets);
		ck_assert_mem_eq(back, octets, n);
		free(back);
		free(text);
	}
	ck_assert_ptr_null(fsock_string_to_octets(&how, "a\xFF", 2, NULL, NULL));
	ck_assert_int_eq(errno, EILSEQ);
}
END_TEST

/* Own names win; shifting, multi-octet and unknown charsets are refused. */
START_TEST(not_learned)
{
	static const char *const names[] = { "", "//", "utf-8//TRANSLIT", "utf-8 ", "utf89",
		"UTF-7", "EUC-TW", "HZ", "ISO-2022-JP-2", "no-such-charset", "UTF-16//IGNORE", "%",
		"\x16", "+", "(", "IBM037%" };
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

struct asker {
	struct sock_thread thread;
	const char *name;
	const struct fsock_charset *got;
};

static void
ask_with_others(void *arg)
{
	struct asker *asker = arg;

	missing--;
	while (missing > 0)
		continue;
	asker->got = fsock_charset_find_or_iconv(asker->name);
}

/* Threads that ask at the same time get the same charset. */
START_TEST(learned_once)
{
	static const char *const names[] = { "IBM037", "IBM273", "IBM277", "IBM500", "IBM1047" };
	struct asker askers[THREADS];
	int i;

	missing = THREADS;
	for (i = 0; i < THREADS; i++) {
		askers[i].name = names[_i];
		sock_thread_start(&askers[i].thread, ask_with_others, &askers[i]);
	}
	for (i = 0; i < THREADS; i++)
		sock_thread_join(&askers[i].thread);
	for (i = 0; i < THREADS; i++)
		ck_assert_ptr_eq(askers[i].got, fsock_charset_find_or_iconv(names[_i]));
}
END_TEST

/* Has the libc asked for what it does not know, over and over. */
static void
ask_in_vain(void *unused)
{
	(void)unused;
	while (!enough) {
		fsock_charset_find_or_iconv("no-such-charset");
		asked++;
	}
}

static int
is_known(void *charset)
{
	alarm(20);
	return charset != NULL && fsock_charset_find_or_iconv("IBM037") != charset;
}

/* A child finds what its parent has learned, whatever another thread did at the fork. */
START_TEST(known_in_a_child)
{
	const struct fsock_charset *charset = fsock_charset_find_or_iconv("IBM037");
	struct sock_thread thread;
	int i, before, failed = 0;

	sock_thread_start(&thread, ask_in_vain, NULL);
	for (i = 0; i < CHILDREN && !failed; i++) {
		before = asked;
		while (asked == before)
			continue;
		failed = sock_child(is_known, (void *)(uintptr_t)charset);
	}
	enough = 1;
	sock_thread_join(&thread);
	ck_assert_int_eq(failed, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codec iconv");
	TCase *tcase = tcase_create("iconv");

	tcase_add_test(tcase, learned_from_iconv);
	tcase_add_loop_test(
	    tcase, learned_with_ascii, 0, (int)(sizeof learned / sizeof learned[0]));
	tcase_add_test(tcase, not_learned);
	tcase_add_loop_test(tcase, learned_once, 0, 5);
	tcase_add_test(tcase, known_in_a_child);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
