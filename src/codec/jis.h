/*
 * jis.h - what EUC-JP, Shift_JIS and ISO-2022-JP share: JIS X 0208 by pointer (row * 94 + cell).
 */
#ifndef FSOCK_CODEC_JIS_H
#define FSOCK_CODEC_JIS_H

#include "tables/tables.h"
#include "utf8.h"

static inline uint32_t
fsock__jis0208_code(unsigned pointer)
{
	return pointer < FSOCK__COUNT(fsock__jis0208_codes) ? fsock__jis0208_codes[pointer] : 0;
}

/* The Shift_JIS octets of c, or 0. The minus sign is written as its full-width twin. */
static inline unsigned
fsock__shift_jis_pair(uint32_t c)
{
	return fsock__pairs_find(&fsock__pairs_shift_jis, c == 0x2212 ? 0xFF0D : c);
}

/* Row and cell, each + 20 (hex), of Shift_JIS octets. */
static inline unsigned
fsock__jis0208_pair(unsigned pair)
{
	unsigned lead = pair >> 8, trail = pair & 0xFF, pointer;

	pointer = (lead - (lead < 0xA0 ? 0x81 : 0xC1)) * 188 + trail - 0x40 - (trail >> 7);
	if (pointer >= 10716)
		pointer = fsock__jis0208_again[pointer - 10716];
	return (pointer / 94 + 0x21) << 8 | (pointer % 94 + 0x21);
}

/* True for the half-width katakana, whose octets in Shift_JIS and EUC-JP are A1 to DF. */
static inline bool
fsock__is_half_katakana(uint32_t c)
{
	return c >= 0xFF61 && c <= 0xFF9F;
}

#endif
