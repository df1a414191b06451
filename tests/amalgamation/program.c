/*
 * A program made of fsock.c and itself, in strict C11. What it was compiled without must be unknown
 * or undeclared; the rest must work. It prints what is wrong.
 */
#include "fsock.h"

#include <stdio.h>
#include <string.h>

#if defined(FSOCK_NO_CJK)
#define HAS_CJK 0
#else
#define HAS_CJK 1
#endif
#if defined(FSOCK_NO_CODE_PAGES)
#define HAS_CODE_PAGES 0
#else
#define HAS_CODE_PAGES 1
#endif
#if defined(FSOCK_NO_ICONV)
#define HAS_ICONV 0
#else
#define HAS_ICONV 1
#endif

static int failures;

static void
check(int is_right, const char *what)
{
	if (is_right)
		return;
	printf("wrong: %s: %s\n", what, fsock_last_error()->text);
	failures++;
}

/* Each charset by name and in the lists, and no row of a list without one. */
static void
check_charsets(void)
{
	static const char *const asian[] = { "gb18030", "gbk", "big5", "euc-jp", "iso-2022-jp",
		"shift_jis", "euc-kr", "windows-31j" };
	static const char *const octets[] = { "us-ascii", "windows-1252", "koi8-r", "ibm437",
		"iso-8859-8-i" };
	static const char *const others[] = { "utf-8", "utf-16le", "utf-32", "latin1" };
	const struct fsock_charset *charset;
	const char *name;
	size_t i;

	for (i = 0; i < sizeof asian / sizeof asian[0]; i++)
		check((fsock_charset_find(asian[i]) != NULL) == HAS_CJK, asian[i]);
	for (i = 0; i < sizeof octets / sizeof octets[0]; i++)
		check((fsock_charset_find(octets[i]) != NULL) == HAS_CODE_PAGES, octets[i]);
	for (i = 0; i < sizeof others / sizeof others[0]; i++)
		check(fsock_charset_find(others[i]) != NULL, others[i]);
	for (i = 0; (name = fsock_charset_alias(i, &charset)) != NULL; i++)
		check(charset != NULL && fsock_charset_find(name) == charset, name);
	for (i = 0; (charset = fsock_charset_at(i)) != NULL; i++)
		check(fsock_charset_find(fsock_charset_name(charset)) == charset, "a charset");
	check((fsock_charset_code_page(932) != NULL) == HAS_CJK, "932");
	check((fsock_charset_code_page(65001) != NULL), "65001");
}

/* A line through a pair of sockets, as UTF-16 on the wire. */
static void
check_stream(void)
{
	static const char line[] = "Gr\xC3\xBC\xC3\x9F Gott\n";
	struct fsock_options options = { .format = "utf-16be" };
	char got[64] = "";
	fsock *ends[2];

	if (fsock_pair(ends, &options) < 0) {
		check(0, "a pair");
		return;
	}
	check(fputs(line, fsock_stream(ends[0])) >= 0 && fflush(fsock_stream(ends[0])) == 0,
	    "a line");
	check(fgets(got, sizeof got, fsock_stream(ends[1])) != NULL && strcmp(got, line) == 0, got);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}

/* A charset that was left out is one that nobody knows. */
static void
check_refusal(const char *charset, int is_there)
{
	struct fsock_format format;
	int r = fsock_format_parse(&format, charset);

	check((r == 0) == is_there, charset);
	if (!is_there)
		check(fsock_last_error()->kind == FSOCK_INVALID_ARGUMENT_ERROR, "the kind");
}

int
main(void)
{
	check_charsets();
	if (HAS_CODE_PAGES || !HAS_ICONV) /* not every libc has the same ones */
		check_refusal("koi8-u", HAS_CODE_PAGES);
	check(HAS_ICONV || fsock_charset_find_or_iconv("ibm1047") == NULL, "ibm1047");
	check_refusal("no-such-charset", 0);
	check_stream();
	return failures != 0;
}
