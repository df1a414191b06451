#include "../compat.h"

#include "jis.h"
#include "pairs.h"

/* Pointers of the user-defined rows, which mean private-use code points but are never written. */
enum { EUDC = 8836, EUDC_END = 10716 };

/* Pointers that are read but written by another one: NEC's copies of IBM's characters. */
enum { AGAIN = 8272, AGAIN_END = 8836 };

static int
get(const uint8_t *p, size_t n, uint32_t *c)
{
	unsigned pointer, trail;

	if (p[0] == 0x80 || (p[0] >= 0xA1 && p[0] <= 0xDF)) {
		*c = p[0] == 0x80 ? 0x80 : 0xFF61 + (p[0] - 0xA1u);
		return 1;
	}
	if (p[0] == 0xA0 || p[0] > 0xFC)
		return -1;
	if (n < 2)
		return 0;
	trail = p[1];
	*c = 0;
	if (trail >= 0x40 && trail <= 0xFC && trail != 0x7F) {
		pointer = (p[0] - (p[0] < 0xA0 ? 0x81u : 0xC1u)) * 188 + trail -
		    (trail < 0x7F ? 0x40 : 0x41);
		*c = pointer >= EUDC && pointer < EUDC_END ? 0xE000 + (pointer - EUDC) :
							     fsock__jis0208_code(pointer);
	}
	if (*c == 0)
		return trail < 0x80 ? -1 : -2;
	return 2;
}

/* Two octets of the table, or 0. */
static unsigned
put_two(uint8_t *p, uint32_t c)
{
	unsigned pair = fsock__jis0208_pair(c), pointer, lead, trail;

	if (pair == 0)
		return 0;
	pointer = ((pair >> 8) - 0x21) * 94 + (pair & 0xFF) - 0x21;
	if (pointer >= AGAIN && pointer < AGAIN_END && fsock__shift_jis_again[pointer - AGAIN])
		pointer = fsock__shift_jis_again[pointer - AGAIN];
	lead = pointer / 188;
	trail = pointer % 188;
	p[0] = (uint8_t)(lead + (lead < 0x1F ? 0x81 : 0xC1));
	p[1] = (uint8_t)(trail + (trail < 0x3F ? 0x40 : 0x41));
	return 2;
}

static unsigned
put(uint8_t *p, uint32_t c)
{
	if (c == 0xA5)
		p[0] = 0x5C;
	else if (c == 0x203E)
		p[0] = 0x7E;
	else if (c == 0x80)
		p[0] = 0x80;
	else if (fsock__is_half_katakana(c))
		p[0] = (uint8_t)(0xA1 + (c - 0xFF61));
	else
		return put_two(p, c);
	return 1;
}

/* Pointers beyond the user-defined rows are IBM's; both are left to the careful code. */
static uint32_t
pair_get(uint32_t lead, uint32_t trail)
{
	/* 81 to 9F and E0 to EF come to 0 to 1F and 1F to 2E. */
	uint32_t row = (lead ^ 0x20) - 0xA1;

	if (row >= 0xD0 - 0xA1 || trail < 0x40 || trail == 0x7F || trail > 0xFC)
		return 0;
	return fsock__jis0208_codes[row * 188 + trail - (trail < 0x7F ? 0x40 : 0x41)];
}

/* Two rows of JIS share a lead octet; NEC's rows 89 to 92 are left to the careful code. */
static uint32_t
pair_put(uint32_t c)
{
	uint32_t pair = fsock__pairs_find(&fsock__pairs_jis0208, c);
	uint32_t row = (pair >> 8) - 0x21, trail = (pair & 0xFF) + ((row & 1) ? 0x7D : 0x1F);
	uint32_t lead = (row >> 1) + ((row >> 1) < 0x1F ? 0x81 : 0xC1);

	if (row >= 88)
		return 0;
	return lead << 8 | (trail + (trail >= 0x7F));
}

static enum fsock__step
decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__pairs_decode(job, pair_get, get);
}

static enum fsock__step
encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__pairs_encode(job, pair_put, put);
}

static const struct fsock__charset_ops ops = {decode, encode, NULL};

const struct fsock_charset fsock__charset_shift_jis = {
	.name = "shift_jis",
	.ops = &ops,
	.flags = FSOCK_CHARSET_ASCII,
	.minimum = 1,
	.maximum = 2,
};
