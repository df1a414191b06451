/*
 * The loops of pairs.h against the careful code behind them, for all charsets that are made of it:
 * every pair of octets and every character of three octets, as the first and the second of two.
 * Pieces of 7 octets never reach the loops.
 */
#include "codec_support.h"

enum { REST = 8 }; /* octets of ASCII that keep what is before them in reach of the loops */

/* A charset, and a character of it: in its own octets and in UTF-8. */
static const struct row {
	const char *charset, *octets, *text;
} rows[] = {
	{ "big5", "\xA4\xA4", "\xE4\xB8\xAD" },
	{ "euc-jp", "\xC6\xFC", "\xE6\x97\xA5" },
	{ "euc-kr", "\xC7\xD1", "\xED\x95\x9C" },
	{ "gb18030", "\xD6\xD0", "\xE4\xB8\xAD" },
	{ "gbk", "\xD6\xD0", "\xE4\xB8\xAD" },
	{ "shift_jis", "\x93\xFA", "\xE6\x97\xA5" },
	{ "x-gbk", "\xD6\xD0", "\xE4\xB8\xAD" },
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* A text that grows: what is tried, once behind and once before the known character. */
static void
add_both_ways(struct octets *o, const char *known, const uint8_t *tried, size_t n)
{
	octets_add(o, known, strlen(known));
	octets_add(o, tried, n);
	octets_add(o, tried, n);
	octets_add(o, known, strlen(known));
	octets_add(o, "01234567", REST);
}

typedef struct outcome convert_cut(const struct fsock_charset *, const struct fsock_policy *,
    const void *in, size_t n, size_t first, size_t piece, size_t room, int final);

/*
 * Small pieces and one whole one, and rooms that end anywhere: all the same. Of a sample only one
 * of the rooms is tried.
 */
static void
check_same(
    convert_cut *convert, const struct row *row, struct octets in, const char *what, int turn)
{
	static const size_t rooms[] = { 4096, 61, 23 };
	const struct fsock_policy escape = { .on_error = FSOCK_ON_ERROR_ESCAPE };
	const struct fsock_charset *charset = fsock_charset_find(row->charset);
	struct outcome want = convert(charset, &escape, in.data, in.length, 0, 7, 64, 1);
	size_t i;

	ck_assert_int_eq(want.status, FSOCK_CODEC_INPUT_EMPTY);
	for (i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
		struct outcome got;

		if (is_sample() && (size_t)turn % 3 != i)
			continue;
		got = convert(charset, &escape, in.data, in.length, 0, 0, rooms[i], 1);
		if (got.out.length != want.out.length || got.errors != want.errors ||
		    memcmp(got.out.data, want.out.data, got.out.length) != 0)
			ck_abort_msg("%s, room %zu: %s differ", row->charset, rooms[i], what);
		octets_free(&got.out);
	}
	octets_free(&want.out);
}

/* All pairs with one lead. */
START_TEST(pairs)
{
	const struct row *row = &rows[_i / 128];
	struct octets in = { .data = NULL };
	uint8_t pair[2] = { (uint8_t)(0x80 + _i % 128), 0 };
	char what[16];

	do
		add_both_ways(&in, row->octets, pair, 2);
	while (++pair[1] != 0);
	snprintf(what, sizeof what, "pairs %02X..", pair[0]);
	check_same(decode_cut, row, in, what, _i);
	octets_free(&in);
}
END_TEST

/* All three octets with one lead, also those that are too long a form or a surrogate. */
START_TEST(threes)
{
	const struct row *row = &rows[_i / 16];
	struct octets in = { .data = NULL };
	uint8_t three[3] = { (uint8_t)(0xE0 + _i % 16), 0x80, 0x80 };
	char what[16];

	for (three[1] = 0x80; three[1] < 0xC0; three[1]++)
		for (three[2] = 0x80; three[2] < 0xC0; three[2]++)
			add_both_ways(&in, row->text, three, 3);
	snprintf(what, sizeof what, "%02X....", three[0]);
	check_same(encode_cut, row, in, what, _i);
	octets_free(&in);
}
END_TEST

/* What is no character of three octets, after one that is. */
START_TEST(others)
{
	static const char *const tried[] = { "\xE4", "\xE4\xB8", "\xE4\x41\x41", "\xE4\xB8\x41",
		"\xE4\xB8\xE4", "\xC3\xA9\xC3\xA9", "\xF0\xA0\x80\x8B", "\xC2\xA5\xE4", "\xFF\xFE",
		"\xE2\x82\xAC", "\xEE\x9F\x87", "\xEF\xBD\xB1" };
	struct octets in = { .data = NULL };
	size_t i;

	for (i = 0; i < sizeof tried / sizeof tried[0]; i++)
		add_both_ways(&in, rows[_i].text, (const uint8_t *)tried[i], strlen(tried[i]));
	check_same(encode_cut, &rows[_i], in, "others", _i);
	octets_free(&in);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codec pairs");
	TCase *tcase = tcase_create("same");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, pairs, 0, ROWS * 128);
	tcase_add_loop_test(tcase, threes, 0, ROWS * 16);
	tcase_add_loop_test(tcase, others, 0, ROWS);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
