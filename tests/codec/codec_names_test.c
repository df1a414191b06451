/* Names: flexi-streams' and WHATWG's, case, what is no name, code pages, marks. */
#include "codec_support.h"

/* flexi-streams' names, and collisions where its meaning wins. */
static const struct row {
	const char *name;
	const char *charset; /* NULL: unknown */
} rows[] = {
	{ "utf-8", "utf-8" },
	{ "UTF8", "utf-8" },
	{ "utf-16", "utf-16" },
	{ "utf16", "utf-16" },
	{ "ucs2", "utf-16" },
	{ "ucs-2", "utf-16" },
	{ "unicode", "utf-16" },
	{ "utf-16le", "utf-16le" },
	{ "utf-16be", "utf-16be" },
	{ "ucs-2le", "utf-16le" },
	{ "ucs-2be", "utf-16be" },
	{ "utf-32", "utf-32" },
	{ "utf32", "utf-32" },
	{ "ucs4", "utf-32" },
	{ "ucs-4", "utf-32" },
	{ "utf-32le", "utf-32le" },
	{ "utf-32be", "utf-32be" },
	{ "ucs-4le", "utf-32le" },
	{ "ucs-4be", "utf-32be" },
	{ "us-ascii", "us-ascii" },
	{ "ascii", "us-ascii" },
	{ "iso-8859-1", "iso-8859-1" },
	{ "latin-1", "iso-8859-1" },
	{ "latin1", "iso-8859-1" },
	{ "iso-8859-2", "iso-8859-2" },
	{ "latin-2", "iso-8859-2" },
	{ "latin2", "iso-8859-2" },
	{ "iso-8859-3", "iso-8859-3" },
	{ "latin-3", "iso-8859-3" },
	{ "latin3", "iso-8859-3" },
	{ "iso-8859-4", "iso-8859-4" },
	{ "latin-4", "iso-8859-4" },
	{ "latin4", "iso-8859-4" },
	{ "iso-8859-5", "iso-8859-5" },
	{ "cyrillic", "iso-8859-5" },
	{ "iso-8859-6", "iso-8859-6" },
	{ "arabic", "iso-8859-6" },
	{ "iso-8859-7", "iso-8859-7" },
	{ "greek", "iso-8859-7" },
	{ "iso-8859-8", "iso-8859-8" },
	{ "hebrew", "iso-8859-8" },
	{ "iso-8859-9", "iso-8859-9" },
	{ "latin-5", "iso-8859-9" },
	{ "latin5", "iso-8859-9" },
	{ "iso-8859-10", "iso-8859-10" },
	{ "latin-6", "iso-8859-10" },
	{ "latin6", "iso-8859-10" },
	{ "iso-8859-11", "iso-8859-11" },
	{ "thai", "iso-8859-11" },
	{ "iso-8859-12", NULL },
	{ "iso-8859-13", "iso-8859-13" },
	{ "latin-7", "iso-8859-13" },
	{ "latin7", "iso-8859-13" },
	{ "iso-8859-14", "iso-8859-14" },
	{ "latin-8", "iso-8859-14" },
	{ "latin8", "iso-8859-14" },
	{ "iso-8859-15", "iso-8859-15" },
	{ "latin-9", "iso-8859-15" },
	{ "latin9", "iso-8859-15" },
	{ "latin-0", "iso-8859-15" },
	{ "latin0", "iso-8859-15" },
	{ "iso-8859-16", "iso-8859-16" },
	{ "latin-10", "iso-8859-16" },
	{ "latin10", "iso-8859-16" },
	{ "koi8-r", "koi8-r" },
	{ "koi8r", "koi8-r" },
	{ "mac-roman", "macintosh" },
	{ "mac", "macintosh" },
	{ "macintosh", "macintosh" },
	{ "macos-roman", "macintosh" },
	{ "gbk", "gbk" },
	{ "cp936", "gbk" },
	{ "gb2312", "gbk" },
	{ "ibm437", "ibm437" },
	{ "cp437", "ibm437" },
	{ "code-page-437", "ibm437" },
	{ "codepage-437", "ibm437" },
	{ "ibm850", "ibm850" },
	{ "ibm852", "ibm852" },
	{ "ibm855", "ibm855" },
	{ "ibm857", "ibm857" },
	{ "ibm860", "ibm860" },
	{ "ibm861", "ibm861" },
	{ "ibm862", "ibm862" },
	{ "ibm863", "ibm863" },
	{ "ibm864", "ibm864" },
	{ "ibm865", "ibm865" },
	{ "ibm866", "ibm866" },
	{ "ibm869", "ibm869" },
	{ "code-page-720", "ibm720" },
	{ "cp737", "ibm737" },
	{ "codepage-775", "ibm775" },
	{ "code-page-1252", "windows-1252" },
	{ "Windows-1250", "windows-1250" },
	{ "WINDOWS-1258", "windows-1258" },
	{ "cp1251", "windows-1251" },
	{ "ISO_8859-1:1987", "iso-8859-1" },
	{ "l1", "iso-8859-1" },
	{ "l5", "iso-8859-9" },
	{ "ansi_x3.4-1968", "us-ascii" },
	{ "Shift_JIS", "shift_jis" },
	/* What is no name. */
	{ "utf-8 ", NULL },
	{ " utf-8", NULL },
	{ "utf8 ", NULL },
	{ " utf8", NULL },
	{ "utf89", NULL },
	{ "utf-", NULL },
	{ "", NULL },
	{ "code-page", NULL },
	{ "code-page-", NULL },
	{ "cp1259", NULL },
	{ "latin-11", NULL },
	{ "binary", NULL },
};

START_TEST(flexi_names)
{
	const struct row *r = &rows[_i];
	const struct fsock_charset *charset = fsock_charset_find(r->name);

	if (r->charset == NULL) {
		ck_assert_ptr_null(charset);
		return;
	}
	ck_assert_ptr_nonnull(charset);
	ck_assert_str_eq(fsock_charset_name(charset), r->charset);
}
END_TEST

START_TEST(null_name)
{
	ck_assert_ptr_null(fsock_charset_find(NULL));
}
END_TEST

/* WHATWG labels that do not mean here what they mean there. */
static const struct {
	const char *from; /* the standard's name, in lower case */
	const char *to[4];
} differ[] = {
	{ "windows-1252", { "iso-8859-1", "us-ascii" } },
	{ "windows-1254", { "iso-8859-9" } },
	{ "windows-874", { "iso-8859-11" } },
	{ "utf-16le", { "utf-16" } },
	{ "gbk", { "x-gbk" } },
};

static int
may_be(const char *standard, const char *ours)
{
	size_t i, k;

	if (!strcmp(standard, ours))
		return 1;
	for (i = 0; i < sizeof differ / sizeof differ[0]; i++)
		for (k = 0; k < 4 && differ[i].to[k]; k++)
			if (!strcmp(standard, differ[i].from) && !strcmp(ours, differ[i].to[k]))
				return 1;
	return 0;
}

/* The next quoted string of a JSON text. */
static const char *
next_string(const char *p, char *out, size_t room)
{
	size_t n = 0;

	p = strchr(p, '"');
	if (p == NULL)
		return NULL;
	for (p++; *p != '"' && n + 1 < room; p++)
		out[n++] = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
	out[n] = '\0';
	return p + 1;
}

/* encodings.json: "labels": [...], then "name": "...". */
START_TEST(whatwg_labels)
{
	const char *directory = getenv("FSOCK_WHATWG"), *p;
	char labels[64][96], word[96];
	unsigned n = 0, all = 0, i;
	size_t length;
	char *json = (char *)read_file(directory, "encodings.json", &length);
	int in_labels = 0;

	ck_assert_ptr_nonnull(json);
	for (p = json; (p = next_string(p, word, sizeof word)) != NULL;) {
		if (!strcmp(word, "labels")) {
			in_labels = 1;
			n = 0;
		} else if (!strcmp(word, "name")) {
			p = next_string(p, word, sizeof word);
			in_labels = 0;
			for (i = 0; i < n; i++, all++) {
				const struct fsock_charset *c = fsock_charset_find(labels[i]);

				ck_assert_msg(c != NULL, "%s is not known", labels[i]);
				ck_assert_msg(may_be(word, fsock_charset_name(c)),
				    "%s is %s, not %s", labels[i], fsock_charset_name(c), word);
			}
			n = 0;
		} else if (in_labels) {
			strcpy(labels[n++], word);
		}
	}
	ck_assert_uint_eq(all, 228);
	free(json);
}
END_TEST

START_TEST(aliases_are_sorted_and_found)
{
	const struct fsock_charset *charset;
	const char *name, *before = "";
	size_t i;

	for (i = 0; (name = fsock_charset_alias(i, &charset)) != NULL; i++) {
		ck_assert_int_lt(strcmp(before, name), 0);
		ck_assert_ptr_eq(fsock_charset_find(name), charset);
		before = name;
	}
	ck_assert_uint_gt(i, 300);
	ck_assert_ptr_nonnull(fsock_charset_alias(0, NULL));
}
END_TEST

START_TEST(charsets_know_themselves)
{
	const struct fsock_charset *charset;
	size_t i, ascii = 0;

	for (i = 0; (charset = fsock_charset_at(i)) != NULL; i++) {
		unsigned flags = fsock_charset_flags(charset);

		ck_assert_ptr_eq(fsock_charset_find(fsock_charset_name(charset)), charset);
		ck_assert_uint_ge(fsock_charset_minimum(charset), 1);
		ck_assert_uint_ge(fsock_charset_maximum(charset), fsock_charset_minimum(charset));
		ck_assert_int_eq(flags & FSOCK_CHARSET_ICONV, 0);
		ascii += (flags & FSOCK_CHARSET_ASCII) != 0;
	}
	ck_assert_uint_eq(i, 64);
	ck_assert_uint_eq(ascii, 56);
}
END_TEST

START_TEST(code_pages)
{
	static const unsigned pages[] = { 437, 720, 737, 775, 850, 852, 855, 857, 860, 861, 862,
		863, 864, 865, 866, 869, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258 };
	char name[32];
	size_t i;

	for (i = 0; i < sizeof pages / sizeof pages[0]; i++) {
		const struct fsock_charset *charset = fsock_charset_code_page(pages[i]);

		snprintf(name, sizeof name, "code-page-%u", pages[i]);
		ck_assert_ptr_nonnull(charset);
		ck_assert_ptr_eq(fsock_charset_find(name), charset);
		snprintf(name, sizeof name, "cp%u", pages[i]);
		ck_assert_ptr_eq(fsock_charset_find(name), charset);
	}
	ck_assert_str_eq(fsock_charset_name(fsock_charset_code_page(936)), "gbk");
	ck_assert_ptr_null(fsock_charset_code_page(0));
	ck_assert_ptr_null(fsock_charset_code_page(1259));
}
END_TEST

/* What a program may ask about the charset of an unknown name before it has looked. */
START_TEST(no_charset)
{
	ck_assert_ptr_null(fsock_charset_find("no such charset"));
	ck_assert_ptr_null(fsock_charset_name(NULL));
	ck_assert_uint_eq(fsock_charset_flags(NULL), 0);
	ck_assert_uint_eq(fsock_charset_minimum(NULL), 0);
	ck_assert_uint_eq(fsock_charset_maximum(NULL), 0);
}
END_TEST

static const struct mark {
	const char *hex;
	int decided;
	const char *charset;
	size_t length;
} marks[] = {
	{ "", 0, NULL, 0 },
	{ "41", 1, NULL, 0 },
	{ "EF", 0, NULL, 0 },
	{ "EF BB", 0, NULL, 0 },
	{ "EF BB BF", 1, "utf-8", 3 },
	{ "EF BB 41", 1, NULL, 0 },
	{ "EF 41", 1, NULL, 0 },
	{ "FE", 0, NULL, 0 },
	{ "FE FF", 1, "utf-16be", 2 },
	{ "FE FE", 1, NULL, 0 },
	{ "FF", 0, NULL, 0 },
	{ "FF FE", 1, "utf-16le", 2 },
	{ "FF FE 00 00", 1, "utf-16le", 2 },
	{ "FF FF", 1, NULL, 0 },
	{ "00", 1, NULL, 0 },
};

START_TEST(sniffing)
{
	const struct mark *m = &marks[_i];
	const struct fsock_charset *charset;
	size_t n, length;
	uint8_t *in = from_hex(m->hex, &n);

	ck_assert_int_eq(fsock_charset_sniff(in, n, &charset, &length), m->decided);
	ck_assert_uint_eq(length, m->length);
	if (m->charset)
		ck_assert_ptr_eq(charset, fsock_charset_find(m->charset));
	else
		ck_assert_ptr_null(charset);
	free(in);
}
END_TEST

/* The machine's order: U+0001 is the number 1 in memory. */
START_TEST(host_order)
{
	const uint16_t unit = 0x263A;
	const uint32_t word = 0x1F600;
	struct outcome o =
	    encode_cut(fsock_charset_find("utf-16"), NULL, "\xE2\x98\xBA", 3, 0, 0, 16, 1);

	ck_assert_uint_eq(o.out.length, 2);
	ck_assert_mem_eq(o.out.data, &unit, 2);
	octets_free(&o.out);
	o = decode_cut(fsock_charset_find("utf-16"), NULL, &unit, 2, 0, 0, 16, 1);
	ck_assert_str_eq((char *)o.out.data, "\xE2\x98\xBA");
	octets_free(&o.out);
	o = encode_cut(fsock_charset_find("utf-32"), NULL, "\xF0\x9F\x98\x80", 4, 0, 0, 16, 1);
	ck_assert_uint_eq(o.out.length, 4);
	ck_assert_mem_eq(o.out.data, &word, 4);
	octets_free(&o.out);
	o = decode_cut(fsock_charset_find("utf-32"), NULL, &word, 4, 0, 1, 16, 1);
	ck_assert_str_eq((char *)o.out.data, "\xF0\x9F\x98\x80");
	octets_free(&o.out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codec names");
	TCase *tcase = tcase_create("names");

	tcase_add_loop_test(tcase, flexi_names, 0, (int)(sizeof rows / sizeof rows[0]));
	tcase_add_test(tcase, null_name);
	tcase_add_test(tcase, aliases_are_sorted_and_found);
	tcase_add_test(tcase, charsets_know_themselves);
	tcase_add_test(tcase, code_pages);
	tcase_add_test(tcase, no_charset);
	tcase_add_loop_test(tcase, sniffing, 0, (int)(sizeof marks / sizeof marks[0]));
	tcase_add_test(tcase, host_order);
	if (getenv("FSOCK_WHATWG"))
		tcase_add_test(tcase, whatwg_labels);
	else
		fprintf(stderr, "SKIPPED: FSOCK_WHATWG is not set; labels are not compared\n");
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
