/*
 * Every cell of the Japanese charsets against the WHATWG indexes, as codec_tables_test.c does for
 * the others; FSOCK_WHATWG names their directory. What needs no data is that the three charsets
 * are the same rows and cells in different octets.
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
	for (c = 0; c < CODES; c = next_code(charset, c)) {
		unsigned n, want_n = written_length[c];

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

/* Row and cell of JIS X 0208, from 0, in the octets of each charset. */
static struct fsock_codec_io
cell_in(unsigned charset, unsigned row, unsigned column, uint8_t octets[5])
{
	unsigned p = row * 94 + column, lead = p / 188, trail = p % 188;

	if (charset == 0) {
		octets[0] = (uint8_t)(lead + (lead < 0x1F ? 0x81 : 0xC1));
		octets[1] = (uint8_t)(trail + (trail < 0x3F ? 0x40 : 0x41));
	} else if (charset == 1) {
		octets[0] = (uint8_t)(row + 0xA1);
		octets[1] = (uint8_t)(column + 0xA1);
	} else {
		memcpy(octets, "\x1B$B", 3);
		octets[3] = (uint8_t)(row + 0x21);
		octets[4] = (uint8_t)(column + 0x21);
	}
	return (struct fsock_codec_io){ octets, charset == 2 ? 5 : 2, NULL, 0 };
}

static const char *const families[] = { "shift_jis", "euc-jp", "iso-2022-jp" };

START_TEST(same_cells)
{
	unsigned row = (unsigned)_i, column, i, full = 0;

	for (column = 0; column < 94; column++) {
		uint8_t octets[5], text[3][8] = { { 0 } };
		enum fsock_codec_status status[3];
		struct fsock_decoder d;

		for (i = 0; i < 3; i++) {
			struct fsock_codec_io io = cell_in(i, row, column, octets);

			io.out = text[i];
			io.out_length = sizeof text[i];
			fsock_decoder_init(&d, fsock_charset_find(families[i]));
			status[i] = fsock_decode(&d, &io, 1);
			if (status[i] != FSOCK_CODEC_INPUT_EMPTY)
				memset(text[i], 0, sizeof text[i]);
		}
		for (i = 1; i < 3; i++)
			CHECK(status[i] == status[0] && !memcmp(text[i], text[0], 8),
			    "row %u cell %u: %s differs", row + 1, column + 1, families[i]);
		full += status[0] == FSOCK_CODEC_INPUT_EMPTY;
	}
	/* Rows 16 to 46 and 48 to 83, counted from 1, are all kanji. */
	if ((row >= 15 && row <= 45) || (row >= 47 && row <= 82))
		ck_assert_uint_eq(full, 94);
}
END_TEST

/* Rows that are a row of Unicode as well: from this cell on, so many code points in order. */
static const struct same_order {
	unsigned row, column, count;
	uint32_t first;
} in_order[] = {
	{ 2, 15, 10, 0xFF10 },
	{ 2, 32, 26, 0xFF21 },
	{ 2, 64, 26, 0xFF41 },
	{ 3, 0, 83, 0x3041 },
	{ 4, 0, 86, 0x30A1 },
	{ 5, 0, 17, 0x0391 },
	{ 5, 17, 7, 0x03A3 },
	{ 6, 0, 6, 0x0410 },
	{ 6, 7, 26, 0x0416 },
};

START_TEST(known_rows)
{
	const struct same_order *row = &in_order[_i];
	unsigned i, k;

	for (i = 0; i < row->count; i++)
		for (k = 0; k < 3; k++) {
			uint8_t octets[5], out[16];
			struct fsock_codec_io io = cell_in(k, row->row, row->column + i, octets);
			const struct fsock_charset *charset = fsock_charset_find(families[k]);

			expect(charset, octets, io.in_length, row->first + i, 0);
			ck_assert_uint_eq(encode_one(charset, row->first + i, out), io.in_length);
			ck_assert_mem_eq(out, octets, io.in_length);
		}
}
END_TEST

/* The half-width katakana have octets of their own, and none in ISO-2022-JP. */
START_TEST(half_katakana)
{
	const struct fsock_charset *charsets[3];
	uint32_t c;
	unsigned i;

	for (i = 0; i < 3; i++)
		charsets[i] = fsock_charset_find(families[i]);
	for (c = 0xFF61; c <= 0xFF9F; c++) {
		uint8_t octets[2] = { 0x8E, (uint8_t)(c - 0xFF61 + 0xA1) }, out[16];

		expect(charsets[0], octets + 1, 1, c, 0);
		expect(charsets[1], octets, 2, c, 0);
		ck_assert_uint_eq(encode_one(charsets[0], c, out), 1);
		ck_assert_uint_eq(out[0], octets[1]);
		ck_assert_uint_eq(encode_one(charsets[1], c, out), 2);
		ck_assert_mem_eq(out, octets, 2);
		ck_assert_uint_eq(encode_one(charsets[2], c, out), 5);
		ck_assert_mem_eq(out, "\x1B$B", 3);
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
	tcase_add_loop_test(tcase, same_cells, 0, 94);
	tcase_add_loop_test(tcase, known_rows, 0, (int)(sizeof in_order / sizeof in_order[0]));
	tcase_add_test(tcase, half_katakana);
	if (whatwg) {
		tcase_add_test(tcase, shift_jis);
		tcase_add_test(tcase, euc_jp);
		tcase_add_test(tcase, iso_2022_jp);
	} else {
		fprintf(stderr, "SKIPPED: FSOCK_WHATWG is not set; table cells are not "
				"compared with the WHATWG indexes\n");
	}
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
