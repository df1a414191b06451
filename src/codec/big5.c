#include "../base/compat.h"

#include "pairs.h"

#define FIRST 942u /* pointer of fsock__big5_codes[0] */

/* Four cells hold a letter and a combining mark; 0 for all others. */
static uint32_t
two_code_points(unsigned pointer)
{
	switch (pointer) {
	case 1133:
		return 0xCA | 0x304u << 21;
	case 1135:
		return 0xCA | 0x30Cu << 21;
	case 1164:
		return 0xEA | 0x304u << 21;
	case 1166:
		return 0xEA | 0x30Cu << 21;
	default:
		return 0;
	}
}

static uint32_t
code_of(unsigned pointer)
{
	unsigned i = pointer - FIRST;
	uint32_t c;

	if (pointer < FIRST || i >= FSOCK__COUNT(fsock__big5_codes))
		return 0;
	c = fsock__big5_codes[i];
	if (c == 0)
		return two_code_points(pointer);
	return (c & 0xF800) == 0xD800 ? 0x20000u | fsock__big5_high_codes[c - 0xD800] : c;
}

static int
get(const uint8_t *p, size_t n, uint32_t *c)
{
	unsigned trail;

	if (p[0] == 0x80 || p[0] == 0xFF)
		return -1;
	if (n < 2)
		return 0;
	trail = p[1];
	*c = code_of((p[0] - 0x81u) * 157 + fsock__big5_columns[trail]);
	if (*c == 0)
		return trail < 0x80 ? -1 : -2;
	return 2;
}

/* The pair of a code point of plane 2, or 0. */
static unsigned
high_pair(uint32_t c)
{
	size_t low = 0, high = fsock__big5_high;

	if (c >> 16 != 2)
		return 0;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (fsock__big5_high_codes[middle] == (c & 0xFFFF))
			return fsock__big5_high_pairs[middle];
		if (fsock__big5_high_codes[middle] < (c & 0xFFFF))
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static unsigned
put(uint8_t *p, uint32_t c)
{
	return fsock__pairs_put(
	    p, c > 0xFFFF ? high_pair(c) : fsock__pairs_find(&fsock__pairs_big5, c));
}

/* Leads without a row and octets that are no trail come to places beyond the table. */
static uint32_t
pair_get(uint32_t lead, uint32_t trail)
{
	uint32_t i = (lead - 0x81) * 157 - FIRST + fsock__big5_columns[trail], c;

	if (i >= FSOCK__COUNT(fsock__big5_codes))
		return 0;
	c = fsock__big5_codes[i];
	return (c & 0xF800) != 0xD800 ? c : 0;
}

static enum fsock__step
decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__pairs_decode(job, pair_get, get, false);
}

static enum fsock__step
encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__pairs_encode(job, &fsock__pairs_big5, NULL, put);
}

static const struct fsock__charset_ops ops = { decode, encode, NULL };

const struct fsock_charset fsock__charset_big5 = {
	.name = "big5",
	.ops = &ops,
	.flags = FSOCK_CHARSET_ASCII,
	.minimum = 1,
	.maximum = 2,
};
