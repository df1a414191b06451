#include "../base/compat.h"

#include "jis.h"
#include "pairs.h"

/* Pointers of the user-defined rows, which mean private-use code points but are never written. */
enum { EUDC = 8836, EUDC_END = 10716 };

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
		*c = pointer >= EUDC && pointer < EUDC_END ? 0xE000 + (pointer - EUDC)
							   : fsock__jis0208_code(pointer);
	}
	if (*c == 0)
		return trail < 0x80 ? -1 : -2;
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
		return fsock__pairs_put(p, fsock__shift_jis_pair(c));
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
	return fsock__jis0208_codes[row * 188 + trail - 0x40 - (trail >> 7)];
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
	return fsock__pairs_encode(job, &fsock__pairs_shift_jis, NULL, put);
}

static const struct fsock__charset_ops ops = { decode, encode, NULL };

const struct fsock_charset fsock__charset_shift_jis = {
	.name = "shift_jis",
	.ops = &ops,
	.flags = FSOCK_CHARSET_ASCII,
	.minimum = 1,
	.maximum = 2,
};
