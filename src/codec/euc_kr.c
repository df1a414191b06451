#include "../compat.h"

#include "pairs.h"

static int
get(const uint8_t *p, size_t n, uint32_t *c)
{
	unsigned pointer;

	if (p[0] == 0x80 || p[0] == 0xFF)
		return -1;
	if (n < 2)
		return 0;
	*c = 0;
	if (p[1] >= 0x41 && p[1] <= 0xFE) {
		pointer = (p[0] - 0x81u) * 190 + p[1] - 0x41u;
		*c = pointer < FSOCK__COUNT(fsock__euc_kr_codes) ? fsock__euc_kr_codes[pointer] : 0;
	}
	if (*c == 0)
		return p[1] < 0x80 ? -1 : -2;
	return 2;
}

static unsigned
put(uint8_t *p, uint32_t c)
{
	unsigned pair = fsock__pairs_find(&fsock__pairs_euc_kr, c);

	p[0] = (uint8_t)(pair >> 8);
	p[1] = (uint8_t)pair;
	return pair ? 2 : 0;
}

static uint32_t
pair_get(uint32_t lead, uint32_t trail)
{
	uint32_t pointer = (lead - 0x81) * 190 + trail - 0x41;

	if (lead == 0x80 || trail < 0x41 || trail == 0xFF || pointer >= FSOCK__COUNT(fsock__euc_kr_codes))
		return 0;
	return fsock__euc_kr_codes[pointer];
}

static uint32_t
pair_put(uint32_t c)
{
	return fsock__pairs_find(&fsock__pairs_euc_kr, c);
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

const struct fsock_charset fsock__charset_euc_kr = {
	.name = "euc-kr",
	.ops = &ops,
	.flags = FSOCK_CHARSET_ASCII,
	.minimum = 1,
	.maximum = 2,
};
