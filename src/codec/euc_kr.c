#include "../base/compat.h"

#include "pairs.h"

static uint32_t
pair_get(uint32_t lead, uint32_t trail)
{
	lead -= 0x81;
	trail -= 0x41;
	return lead < 126 && trail < 190 ? fsock__euc_kr_codes[lead * 190 + trail] : 0;
}

static int
get(const uint8_t *p, size_t n, uint32_t *c)
{
	if (p[0] == 0x80 || p[0] == 0xFF)
		return -1;
	if (n < 2)
		return 0;
	*c = pair_get(p[0], p[1]);
	if (*c == 0)
		return p[1] < 0x80 ? -1 : -2;
	return 2;
}

static unsigned
put(uint8_t *p, uint32_t c)
{
	return fsock__pairs_put(p, fsock__pairs_find(&fsock__pairs_euc_kr, c));
}

static enum fsock__step
decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__pairs_decode(job, pair_get, get, true);
}

static enum fsock__step
encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__pairs_encode(job, &fsock__pairs_euc_kr, NULL, put);
}

static const struct fsock__charset_ops ops = { decode, encode, NULL };

const struct fsock_charset fsock__charset_euc_kr = {
	.name = "euc-kr",
	.ops = &ops,
	.flags = FSOCK_CHARSET_ASCII,
	.minimum = 1,
	.maximum = 2,
};
