/*
 * Every cell of every table against the WHATWG index it came from, and every code point there is
 * through every encoder. The environment variable FSOCK_WHATWG names the directory of the indexes;
 * without it only what needs no data is tested. The expectations are computed here from the
 * standard's text, not from the library's tables.
 */
#include "codec_cells.h"

static const char *const one_octet[] = { "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-5",
	"iso-8859-6", "iso-8859-7", "iso-8859-8", "iso-8859-10", "iso-8859-13", "iso-8859-14",
	"iso-8859-15", "iso-8859-16", "koi8-r", "koi8-u", "macintosh", "x-mac-cyrillic", "ibm866",
	"windows-874", "windows-1250", "windows-1251", "windows-1252", "windows-1253",
	"windows-1254", "windows-1255", "windows-1256", "windows-1257", "windows-1258",
	"iso-8859-8-i" };

START_TEST(one_octet_cells)
{
	const struct fsock_charset *charset = fsock_charset_find(one_octet[_i]);
	static struct index x;
	char file[64];
	unsigned i;

	snprintf(file, sizeof file, "index-%s.txt", one_octet[_i]);
	if (!strcmp(one_octet[_i], "iso-8859-8-i"))
		strcpy(file, "index-iso-8859-8.txt");
	index_read(&x, file);
	written_clear();
	for (i = 0; i < 256; i++) {
		uint8_t octet = (uint8_t)i;
		uint32_t c = i < 128 ? i : x.code[i - 128] ? x.code[i - 128] : NOTHING;

		expect(charset, &octet, 1, c, 1);
		if (c != NOTHING && written_length[c] == 0)
			write_as(c, i, 1);
	}
	check_written(one_octet[_i]);
}
END_TEST

static uint32_t
euc_kr_cell(unsigned lead, unsigned trail)
{
	return trail >= 0x41 && trail <= 0xFE
		   ? main_index.code[(lead - 0x81) * 190 + (trail - 0x41)]
		   : 0;
}

START_TEST(euc_kr)
{
	unsigned p;

	index_read(&main_index, "index-euc-kr.txt");
	cell = euc_kr_cell;
	check_pairs("euc-kr", 0x81, 0xFE);
	written_clear();
	write_ascii();
	for (p = main_index.count; p-- > 0;)
		if (main_index.code[p])
			write_as(main_index.code[p], (p / 190 + 0x81) << 8 | (p % 190 + 0x41), 2);
	check_written("euc-kr");
}
END_TEST

static uint32_t
big5_cell(unsigned lead, unsigned trail)
{
	unsigned p;

	if (!((trail >= 0x40 && trail <= 0x7E) || (trail >= 0xA1 && trail <= 0xFE)))
		return 0;
	p = (lead - 0x81) * 157 + trail - (trail < 0x7F ? 0x40 : 0x62);
	return main_index.code[p];
}

START_TEST(big5)
{
	static const uint32_t last_wins[] = { 0x2550, 0x255E, 0x2561, 0x256A, 0x5341, 0x5345 };
	static const unsigned doubles[] = { 1133, 1135, 1164, 1166 };
	unsigned p, i;

	index_read(&main_index, "index-big5.txt");
	for (i = 0; i < 4; i++) {
		ck_assert_uint_eq(main_index.code[doubles[i]], 0);
		main_index.code[doubles[i]] = 0;
	}
	cell = big5_cell;
	check_pairs("big5", 0x81, 0x87);
	check_pairs("big5", 0x89, 0xFE);
	written_clear();
	write_ascii();
	for (p = main_index.count; p-- > (0xA1 - 0x81) * 157;) {
		uint32_t c = main_index.code[p];
		unsigned trail = p % 157 + (p % 157 < 0x3F ? 0x40 : 0x62);
		int keep = 0;

		for (i = 0; i < 6; i++)
			keep |= c == last_wins[i] && written_length[c];
		if (c && !keep)
			write_as(c, (p / 157 + 0x81) << 8 | trail, 2);
	}
	check_written("big5");
}
END_TEST

/* Lead 88 of Big5 has the four cells of two code points. */
START_TEST(big5_doubles)
{
	const struct fsock_charset *charset = fsock_charset_find("big5");
	static const struct {
		uint8_t octets[2];
		const char *text;
	} rows[] = {
		{ { 0x88, 0x62 }, "\xC3\x8A\xCC\x84" },
		{ { 0x88, 0x64 }, "\xC3\x8A\xCC\x8C" },
		{ { 0x88, 0xA3 }, "\xC3\xAA\xCC\x84" },
		{ { 0x88, 0xA5 }, "\xC3\xAA\xCC\x8C" },
	};
	unsigned i;

	for (i = 0; i < 4; i++) {
		struct outcome o = decode_cut(charset, NULL, rows[i].octets, 2, 0, 0, 4, 1);

		ck_assert_int_eq(o.status, FSOCK_CODEC_INPUT_EMPTY);
		ck_assert_str_eq((char *)o.out.data, rows[i].text);
		octets_free(&o.out);
	}
}
END_TEST

static uint32_t
gb18030_cell(unsigned lead, unsigned trail)
{
	if (trail < 0x40 || trail == 0x7F || trail == 0xFF)
		return 0;
	return main_index.code[(lead - 0x81) * 190 + trail - (trail < 0x7F ? 0x40 : 0x41)];
}

static void
check_gb_pairs(const char *name)
{
	const struct fsock_charset *charset = fsock_charset_find(name);
	unsigned lead, trail;

	for (lead = 0x81; lead <= 0xFE; lead++)
		for (trail = 0; trail < 256; trail++) {
			uint8_t in[2] = { (uint8_t)lead, (uint8_t)trail };
			uint32_t c = gb18030_cell(lead, trail);
			int digit = trail >= 0x30 && trail <= 0x39;

			if (c)
				expect(charset, in, 2, c, 0);
			else
				expect(charset, in, 2, NOTHING, digit || trail >= 0x80 ? 2 : 1);
		}
}

/* The ranges, straight from the standard's words. */
static uint32_t
range_code(uint32_t p)
{
	unsigned i = 0;

	if ((p > 39419 && p < 189000) || p > 1237575)
		return NOTHING;
	if (p == 7457)
		return 0xE7C7;
	while (i + 1 < ranges.count && ranges.pointer[i + 1] <= p)
		i++;
	return ranges.code[i] + (p - ranges.pointer[i]);
}

static void
gb_write_tables(int gbk)
{
	/* U+E81E and the others that the standard lists in its encoder. */
	static const unsigned moved[][2] = { { 0xE81E, 0xFE59 }, { 0xE826, 0xFE61 },
		{ 0xE82B, 0xFE66 }, { 0xE82C, 0xFE67 }, { 0xE832, 0xFE6D }, { 0xE843, 0xFE7E },
		{ 0xE854, 0xFE90 }, { 0xE864, 0xFEA0 }, { 0xE78D, 0xA6D9 }, { 0xE78E, 0xA6DA },
		{ 0xE78F, 0xA6DB }, { 0xE790, 0xA6DC }, { 0xE791, 0xA6DD }, { 0xE792, 0xA6DE },
		{ 0xE793, 0xA6DF }, { 0xE794, 0xA6EC }, { 0xE795, 0xA6ED }, { 0xE796, 0xA6F3 } };
	uint32_t p, i;

	written_clear();
	for (p = 0; p <= 1237575 && !gbk; p++) {
		uint32_t c = range_code(p);

		if (c != NOTHING)
			write_as(c,
			    (p / 12600 + 0x81) << 24 | (p / 1260 % 10 + 0x30) << 16 |
				(p / 10 % 126 + 0x81) << 8 | (p % 10 + 0x30),
			    4);
	}
	for (p = main_index.count; p-- > 0;)
		if (main_index.code[p])
			write_as(main_index.code[p],
			    (p / 190 + 0x81) << 8 | (p % 190 + (p % 190 < 0x3F ? 0x40 : 0x41)), 2);
	for (i = 0; i < sizeof moved / sizeof moved[0]; i++)
		write_as(moved[i][0], moved[i][1], 2);
	write_as(0xE5E5, 0, 0);
	if (gbk == 2) {
		/* flexi-streams' two cells */
		write_as(0xE5E5, 0xA3A0, 2);
		write_as(0xF8F5, 0xFF, 1);
	}
	write_ascii();
	if (gbk)
		write_as(0x20AC, 0x80, 1);
}

START_TEST(gb18030)
{
	index_read(&main_index, "index-gb18030.txt");
	ranges_read();
	check_gb_pairs("gb18030");
	check_gb_pairs("x-gbk");
	gb_write_tables(0);
	check_written("gb18030");
	gb_write_tables(1);
	check_written("x-gbk");
	main_index.code[(0xA3 - 0x81) * 190 + (0xA0 - 0x41)] = 0xE5E5;
	check_gb_pairs("gbk");
	main_index.code[(0xA3 - 0x81) * 190 + (0xA0 - 0x41)] = 0x3000;
	gb_write_tables(2);
	check_written("gbk");
}
END_TEST

/* All four-octet forms. */
START_TEST(gb18030_ranges)
{
	const struct fsock_charset *charset = fsock_charset_find("gb18030");
	uint32_t p;

	ranges_read();
	for (p = 0; p < 126 * 12600; p++) {
		uint8_t in[4] = { (uint8_t)(p / 12600 + 0x81), (uint8_t)(p / 1260 % 10 + 0x30),
			(uint8_t)(p / 10 % 126 + 0x81), (uint8_t)(p % 10 + 0x30) };

		expect(charset, in, 4, range_code(p), 4);
	}
}
END_TEST

/* Every charset: each code point that it takes comes back, alone and whatever the order is. */
START_TEST(round_trip)
{
	const struct fsock_charset *charset = fsock_charset_at((size_t)_i);
	const char *name = fsock_charset_name(charset);
	uint8_t out[16], text[4], back[8];
	unsigned mapped = 0;
	uint32_t c;

	if (fsock_charset_flags(charset) & FSOCK_CHARSET_DECODE_ONLY)
		return;
	for (c = 0; c < CODES; c = next_code(charset, c)) {
		struct fsock_decoder d;
		struct fsock_codec_io io = { out, 0, back, sizeof back };
		size_t n;

		io.in_length = encode_one(charset, c, out);
		if (io.in_length == 0)
			continue;
		mapped++;
		n = utf8_of(c, text);
		fsock_decoder_init(&d, charset);
		CHECK(fsock_decode(&d, &io, 1) == FSOCK_CODEC_INPUT_EMPTY, "not all read");
		if ((size_t)(io.out - back) == n && !memcmp(back, text, n))
			continue;
		/* What the standard writes as another character. */
		CHECK(c == 0xA5 || c == 0x203E || c == 0x2212 || (c >= 0xFF61 && c <= 0xFF9F) ||
			  (c >= 0xE78D && c <= 0xE864),
		    "%s: U+%04X does not come back", name, c);
	}
	if (fsock_charset_flags(charset) & FSOCK_CHARSET_UNICODE)
		ck_assert_uint_eq(mapped, CODES - 0x800);
	else
		ck_assert_uint_ge(mapped, 128);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codec tables");
	TCase *tcase = tcase_create("cells");
	int charsets = 0;

	whatwg = getenv("FSOCK_WHATWG");
	while (fsock_charset_at((size_t)charsets))
		charsets++;
	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, round_trip, 0, charsets);
	tcase_add_test(tcase, big5_doubles);
	if (whatwg) {
		tcase_add_loop_test(
		    tcase, one_octet_cells, 0, (int)(sizeof one_octet / sizeof one_octet[0]));
		tcase_add_test(tcase, euc_kr);
		tcase_add_test(tcase, big5);
		tcase_add_test(tcase, gb18030);
		tcase_add_test(tcase, gb18030_ranges);
	} else {
		fprintf(stderr, "SKIPPED: FSOCK_WHATWG is not set; table cells are not "
				"compared with the WHATWG indexes\n");
	}
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
