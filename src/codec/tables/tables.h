/*
 * tables.h - what tables_*.c hold. Those files are made by tools/make_tables.py.
 */
#ifndef FSOCK_CODEC_TABLES_H
#define FSOCK_CODEC_TABLES_H

#include "../kernels/kernels.h"

/* From a BMP code point to two octets: top[code >> 6] + (code & 63) in pages; 0 = none. */
struct fsock__pairs {
	const uint16_t *top; /* [1024] */
	const uint16_t *pages;
};

static inline unsigned
fsock__pairs_find(const struct fsock__pairs *t, uint32_t code)
{
	return code > 0xFFFF ? 0 : t->pages[t->top[code >> 6] + (code & 63)];
}

#define FSOCK__COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Code points by pointer as in the WHATWG indexes, but see make_tables.py; 0 = none. */
extern const uint16_t fsock__gb18030_codes[126 * 191];
extern const uint16_t fsock__gb18030_range_pointers[];
extern const uint16_t fsock__gb18030_range_codes[];
extern const size_t fsock__gb18030_ranges;
extern const struct fsock__pairs fsock__pairs_gb18030;

extern const uint16_t fsock__euc_kr_codes[126 * 190];
extern const struct fsock__pairs fsock__pairs_euc_kr;

/*
 * Big5 begins at pointer 942; D800 + i (hex) means code point 20000 + fsock__big5_high_codes[i].
 * columns has the place in its row of each trail octet, 8000 (hex) for no trail.
 */
extern const uint16_t fsock__big5_codes[18840];
extern const uint16_t fsock__big5_columns[256];
extern const struct fsock__pairs fsock__pairs_big5;
extern const uint16_t fsock__big5_high_codes[];
extern const uint16_t fsock__big5_high_pairs[];
extern const size_t fsock__big5_high;

/* The pairs are Shift_JIS; again has the pointers that others write for pointers from 10716 on. */
extern const uint16_t fsock__jis0208_codes[11104];
extern const uint16_t fsock__jis0212_codes[7211];
extern const struct fsock__pairs fsock__pairs_shift_jis;
extern const uint16_t fsock__jis0208_again[388];
extern const uint16_t fsock__wide_katakana[63]; /* of U+FF61 to U+FF9F */

/* One-octet charsets, in the order of their names. */
extern const uint32_t fsock__to_utf8[][256];
extern const struct fsock__reverse fsock__from_utf8[];

#endif
