/*
 * Every cell of the Japanese charsets against the WHATWG indexes, as codec_tables_test.c does for
 * the others; FSOCK_WHATWG names their directory.
 */
#include "codec_cells.h"

static uint32_t
shift_jis_cell(unsigned lead, unsigned trail)
{
	unsigned p;

	if (trail < 0x40 || trail == 0x7F || trail > 0xFC)
		return 0;
	p = (lead - (lead < 0xA0 ? 0x81 : 0xC1)) * 188 + trail - (trail < 0x7F ? 0x40 : 0x41);
	if (p >= 8836 && p <= 10715)
		return 0xE000 - 8836 + p;
	return main_index.code[p];
}

START_TEST(shift_jis)
{
	uint32_t c;
	unsigned p;

	index_read(&main_index, "index-jis0208.txt");
	cell = shift_jis_cell;
	check_pairs("shift_jis", 0x81, 0x9F);
	check_pairs("shift_jis", 0xE0, 0xFC);
	written_clear();
	for (p = main_index.count; p-- > 0;) {
		unsigned lead = p / 188, trail = p % 188;

		if (main_index.code[p] && !(p >= 8272 && p <= 8835))
			write_as(main_index.code[p],
			    (lead + (lead < 0x1F ? 0x81 : 0xC1)) << 8 |
				(trail + (trail < 0x3F ? 0x40 : 0x41)),
			    2);
	}
	write_ascii();
	write_as(0x80, 0x80, 1);
	write_as(0xA5, 0x5C, 1);
	write_as(0x203E, 0x7E, 1);
	for (c = 0xFF61; c <= 0xFF9F; c++)
		write_as(c, c - 0xFF61 + 0xA1, 1);
	write_as(0x2212, written[0xFF0D], 2);
	check_written("shift_jis");
}
END_TEST

static uint32_t
euc_jp_cell(unsigned lead, unsigned trail)
{
	return lead >= 0xA1 && trail >= 0xA1 && trail <= 0xFE
		   ? main_index.code[(lead - 0xA1) * 94 + trail - 0xA1]
		   : 0;
}

/* JIS X 0208 as `written`, with both octets + `add`. */
static void
write_jis(unsigned add)
{
	unsigned p;

	written_clear();
	for (p = 94 * 94; p-- > 0;)
		if (main_index.code[p])
			write_as(main_index.code[p], (p / 94 + add) << 8 | (p % 94 + add), 2);
	write_as(0x2212, written[0xFF0D], 2);
	write_ascii();
}

START_TEST(euc_jp)
{
	const struct fsock_charset *charset = fsock_charset_find("euc-jp");
	unsigned lead, trail;
	uint32_t c;

	index_read(&main_index, "index-jis0208.txt");
	index_read(&second_index, "index-jis0212.txt");
	cell = euc_jp_cell;
	check_pairs("euc-jp", 0xA1, 0xFE);
	for (lead = 0xA1; lead <= 0xFE; lead++)
		for (trail = 0; trail < 256; trail++) {
			uint8_t in[3] = { 0x8F, (uint8_t)lead, (uint8_t)trail };
			uint32_t want = trail >= 0xA1 && trail <= 0xFE
					    ? second_index.code[(lead - 0xA1) * 94 + trail - 0xA1]
					    : 0;

			expect(charset, in, 3, want ? want : NOTHING, trail < 0x80 ? 2 : 3);
		}
	write_jis(0xA1);
	write_as(0xA5, 0x5C, 1);
	write_as(0x203E, 0x7E, 1);
	for (c = 0xFF61; c <= 0xFF9F; c++)
		write_as(c, 0x8E00 | (c - 0xFF61 + 0xA1), 2);
	check_written("euc-jp");
}
END_TEST

/* ISO-2022-JP: each code point on its own, shifts included, there and back. */
START_TEST(iso_2022_jp)
{
	const struct fsock_charset *charset = fsock_charset_find("iso-2022-jp");
	static struct index katakana;
	uint8_t out[16], want[16], text[4], back[8];
	uint32_t c;

	index_read(&main_index, "index-jis0208.txt");
	index_read(&katakana, "index-iso-2022-jp-katakana.txt");
	write_jis(0x21);
	for (c = 0xFF61; c <= 0xFF9F; c++)
		write_as(c, written[katakana.code[c - 0xFF61]], 2);
	write_as(0x0E, 0, 0);
	write_as(0x0F, 0, 0);
	write_as(0x1B, 0, 0);
	for (c = 0; c < CODES; c++) {
		unsigned n, want_n = written_length[c];

		if (c >= 0xD800 && c <= 0xDFFF)
			continue;
		n = encode_one(charset, c, out);
		if (c == 0xA5 || c == 0x203E) {
			memcpy(want, c == 0xA5 ? "\x1B(J\x5C" : "\x1B(J\x7E", want_n = 4);
		} else if (want_n == 2) {
			memcpy(want, "\x1B$B", 3);
			want[3] = (uint8_t)(written[c] >> 8);
			want[4] = (uint8_t)written[c];
			want_n = 5;
		} else {
			want[0] = (uint8_t)c;
		}
		CHECK(n == want_n && !memcmp(out, want, n), "U+%04X: %u octets", c, n);
		if (n && c != 0x2212 && !(c >= 0xFF61 && c <= 0xFF9F)) {
			struct fsock_decoder d;
			struct fsock_codec_io io = { out, n, back, sizeof back };

			fsock_decoder_init(&d, charset);
			CHECK(fsock_decode(&d, &io, 1) == FSOCK_CODEC_INPUT_EMPTY, "not all read");
			CHECK((size_t)(io.out - back) == utf8_of(c, text) &&
				  !memcmp(back, text, (size_t)(io.out - back)),
			    "U+%04X does not come back", c);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codec tables, Japanese");
	TCase *tcase = tcase_create("cells");

	whatwg = getenv("FSOCK_WHATWG");
	tcase_set_timeout(tcase, 300);
	suite_add_tcase(suite, tcase);
	if (whatwg == NULL) {
		fprintf(stderr, "SKIPPED: FSOCK_WHATWG is not set; table cells are not "
				"compared with the WHATWG indexes\n");
		return 0;
	}
	tcase_add_test(tcase, shift_jis);
	tcase_add_test(tcase, euc_jp);
	tcase_add_test(tcase, iso_2022_jp);
	return run_suite(suite);
}
