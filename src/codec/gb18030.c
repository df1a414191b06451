#include "../base/compat.h"

#include "pairs.h"

enum {
	RANGES_BMP_END = 39420,        /* pointers of the ranges: up to here in the BMP, */
	RANGES_ASTRAL = 189000,        /* from here on U+10000 onwards, */
	RANGES_END = 189000 + 0x100000 /* and up to here */
};

/* How many of the n sorted values are at most v. */
static size_t
at_most(const uint16_t *values, size_t n, uint32_t v)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (values[middle] <= v)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The code point of a four-octet pointer, or 0. U+E7C7 lost its place in the ranges. */
static uint32_t
range_code(uint32_t pointer)
{
	size_t i;

	if (pointer >= RANGES_ASTRAL)
		return pointer < RANGES_END ? 0x10000 + (pointer - RANGES_ASTRAL) : 0;
	if (pointer >= RANGES_BMP_END)
		return 0;
	if (pointer == 7457)
		return 0xE7C7;
	i = at_most(fsock__gb18030_range_pointers, fsock__gb18030_ranges, pointer) - 1;
	return fsock__gb18030_range_codes[i] + (pointer - fsock__gb18030_range_pointers[i]);
}

/* The other way; every code point that has no two-octet form is in a range. */
static uint32_t
range_pointer(uint32_t c)
{
	size_t i;

	if (c > 0xFFFF)
		return RANGES_ASTRAL + (c - 0x10000);
	if (c == 0xE7C7)
		return 7457;
	i = at_most(fsock__gb18030_range_codes, fsock__gb18030_ranges, c) - 1;
	return fsock__gb18030_range_pointers[i] + (c - fsock__gb18030_range_codes[i]);
}

/* Four octets, of which the second is known to be a digit. */
static int
get_four(const uint8_t *p, size_t n, uint32_t *c)
{
	if (n < 3)
		return 0;
	if (p[2] < 0x81 || p[2] > 0xFE)
		return -1;
	if (n < 4)
		return 0;
	if (p[3] < 0x30 || p[3] > 0x39)
		return -1;
	*c = range_code(
	    (((p[0] - 0x81u) * 10 + p[1] - 0x30u) * 126 + p[2] - 0x81u) * 10 + p[3] - 0x30u);
	return *c ? 4 : -4;
}

/* A3 A0, which GBK reads in its own way, is left to the careful code. */
static uint32_t
pair_get(uint32_t lead, uint32_t trail)
{
	lead -= 0x81;
	trail -= 0x40;
	return lead < 126 && trail < 191 ? fsock__gb18030_codes[lead * 191 + trail] : 0;
}

static int
get(const uint8_t *p, size_t n, uint32_t *c)
{
	unsigned trail;

	if (p[0] == 0x80) {
		*c = 0x20AC;
		return 1;
	}
	if (p[0] == 0xFF)
		return -1;
	if (n < 2)
		return 0;
	trail = p[1];
	if (trail >= 0x30 && trail <= 0x39)
		return get_four(p, n, c);
	*c = pair_get(p[0], trail);
	if (p[0] == 0xA3 && trail == 0xA0)
		*c = 0x3000;
	if (*c == 0)
		return trail < 0x80 ? -1 : -2;
	return 2;
}

/* GBK as flexi-streams and code page 936 have it: two cells more than the standard keeps apart. */
static int
get_gbk(const uint8_t *p, size_t n, uint32_t *c)
{
	if (p[0] == 0xFF) {
		*c = 0xF8F5;
		return 1;
	}
	if (p[0] == 0xA3 && n >= 2 && p[1] == 0xA0) {
		*c = 0xE5E5;
		return 2;
	}
	return get(p, n, c);
}

/*
 * Characters that gb18030-2022 moved: their old private-use code points keep the old octets
 * (table in the standard's gb18030 encoder). Returns the pair, or 0.
 */
static unsigned
moved_pair(uint32_t c)
{
	static const uint16_t moved[][2] = {
		{ 0xE78D, 0xA6D9 },
		{ 0xE78E, 0xA6DA },
		{ 0xE78F, 0xA6DB },
		{ 0xE790, 0xA6DC },
		{ 0xE791, 0xA6DD },
		{ 0xE792, 0xA6DE },
		{ 0xE793, 0xA6DF },
		{ 0xE794, 0xA6EC },
		{ 0xE795, 0xA6ED },
		{ 0xE796, 0xA6F3 },
		{ 0xE81E, 0xFE59 },
		{ 0xE826, 0xFE61 },
		{ 0xE82B, 0xFE66 },
		{ 0xE82C, 0xFE67 },
		{ 0xE832, 0xFE6D },
		{ 0xE843, 0xFE7E },
		{ 0xE854, 0xFE90 },
		{ 0xE864, 0xFEA0 },
	};
	size_t i;

	if (c < 0xE78D || c > 0xE864)
		return 0;
	for (i = 0; i < sizeof moved / sizeof moved[0]; i++)
		if (moved[i][0] == c)
			return moved[i][1];
	return 0;
}

/* Two octets, or 0. */
static unsigned
put_two(uint8_t *p, uint32_t c)
{
	unsigned pair = fsock__pairs_find(&fsock__pairs_gb18030, c);

	if (pair == 0)
		pair = moved_pair(c);
	return fsock__pairs_put(p, pair);
}

/* The standard's GBK. */
static unsigned
put_x_gbk(uint8_t *p, uint32_t c)
{
	if (c != 0x20AC)
		return put_two(p, c);
	p[0] = 0x80;
	return 1;
}

static unsigned
put_gbk(uint8_t *p, uint32_t c)
{
	if (c == 0xF8F5) {
		p[0] = 0xFF;
		return 1;
	}
	if (c == 0xE5E5) {
		p[0] = 0xA3;
		p[1] = 0xA0;
		return 2;
	}
	return put_x_gbk(p, c);
}

static unsigned
put_gb18030(uint8_t *p, uint32_t c)
{
	uint32_t pointer;

	if (c == 0x20AC) {
		p[0] = 0xA2;
		p[1] = 0xE3;
		return 2;
	}
	if (put_two(p, c))
		return 2;
	if (c == 0xE5E5)
		return 0;
	pointer = range_pointer(c);
	p[3] = (uint8_t)(pointer % 10 + 0x30);
	pointer /= 10;
	p[2] = (uint8_t)(pointer % 126 + 0x81);
	pointer /= 126;
	p[1] = (uint8_t)(pointer % 10 + 0x30);
	p[0] = (uint8_t)(pointer / 10 + 0x81);
	return 4;
}

/* As the standard reads gb18030 and GBK. */
static enum fsock__step
decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__pairs_decode(job, pair_get, get, false);
}

static enum fsock__step
gbk_decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__pairs_decode(job, pair_get, get_gbk, false);
}

static enum fsock__step
x_gbk_encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__pairs_encode(job, &fsock__pairs_gb18030, NULL, put_x_gbk);
}

static enum fsock__step
gbk_encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__pairs_encode(job, &fsock__pairs_gb18030, NULL, put_gbk);
}

static enum fsock__step
gb18030_encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__pairs_encode(job, &fsock__pairs_gb18030, NULL, put_gb18030);
}

static const struct fsock__charset_ops gbk_ops = { gbk_decode, gbk_encode, NULL };
static const struct fsock__charset_ops x_gbk_ops = { decode, x_gbk_encode, NULL };
static const struct fsock__charset_ops gb18030_ops = { decode, gb18030_encode, NULL };

const struct fsock_charset fsock__charset_gbk = {
	.name = "gbk",
	.ops = &gbk_ops,
	.flags = FSOCK_CHARSET_ASCII,
	.minimum = 1,
	.maximum = 4,
};

const struct fsock_charset fsock__charset_x_gbk = {
	.name = "x-gbk",
	.ops = &x_gbk_ops,
	.flags = FSOCK_CHARSET_ASCII,
	.minimum = 1,
	.maximum = 4,
};

const struct fsock_charset fsock__charset_gb18030 = {
	.name = "gb18030",
	.ops = &gb18030_ops,
	.flags = FSOCK_CHARSET_ASCII,
	.minimum = 1,
	.maximum = 4,
};
