#include "../base/compat.h"

#include "jis.h"
#include "pairs.h"

static bool
in_set(uint8_t octet)
{
	return octet >= 0xA1 && octet <= 0xFE;
}

/* Length of the trouble that ends with this octet: ASCII is given back. */
static int
bad(uint8_t last, int n)
{
	return last < 0x80 ? -(n - 1) : -n;
}

/* 8F and two octets of JIS X 0212. */
static int
get_three(const uint8_t *p, size_t n, uint32_t *c)
{
	unsigned pointer;

	if (!in_set(p[1]))
		return bad(p[1], 2);
	if (n < 3)
		return 0;
	if (!in_set(p[2]))
		return bad(p[2], 3);
	pointer = (p[1] - 0xA1u) * 94 + p[2] - 0xA1u;
	*c = pointer < FSOCK__COUNT(fsock__jis0212_codes) ? fsock__jis0212_codes[pointer] : 0;
	return *c ? 3 : -3;
}

static int
get(const uint8_t *p, size_t n, uint32_t *c)
{
	if (!in_set(p[0]) && p[0] != 0x8E && p[0] != 0x8F)
		return -1;
	if (n < 2)
		return 0;
	if (p[0] == 0x8F)
		return get_three(p, n, c);
	*c = 0;
	if (p[0] == 0x8E && p[1] >= 0xA1 && p[1] <= 0xDF)
		*c = 0xFF61 + (p[1] - 0xA1u);
	else if (in_set(p[0]) && in_set(p[1]))
		*c = fsock__jis0208_code((p[0] - 0xA1u) * 94 + p[1] - 0xA1u);
	return *c ? 2 : bad(p[1], 2);
}

static unsigned
put(uint8_t *p, uint32_t c)
{
	unsigned pair;

	if (c == 0xA5 || c == 0x203E) {
		p[0] = c == 0xA5 ? 0x5C : 0x7E;
		return 1;
	}
	pair =
	    fsock__is_half_katakana(c) ? 0x0E00 | (0x21 + (c - 0xFF61)) : fsock__shift_jis_pair(c);
	if (pair && !fsock__is_half_katakana(c))
		pair = fsock__jis0208_pair(pair);
	p[0] = (uint8_t)(0x80 | pair >> 8);
	p[1] = (uint8_t)(0x80 | pair);
	return pair ? 2 : 0;
}

static uint32_t
pair_get(uint32_t lead, uint32_t trail)
{
	lead -= 0xA1;
	trail -= 0xA1;
	return lead < 94 && trail < 94 ? fsock__jis0208_codes[lead * 94 + trail] : 0;
}

static uint32_t
map(uint32_t pair)
{
	return fsock__jis0208_pair(pair) | 0x8080;
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
	return fsock__pairs_encode(job, &fsock__pairs_shift_jis, map, put);
}

static const struct fsock__charset_ops ops = { decode, encode, NULL };

const struct fsock_charset fsock__charset_euc_jp = {
	.name = "euc-jp",
	.ops = &ops,
	.flags = FSOCK_CHARSET_ASCII,
	.minimum = 1,
	.maximum = 3,
};
