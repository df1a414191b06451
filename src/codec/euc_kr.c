#include "../compat.h"

#include "tables.h"
#include "utf8.h"

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
		*c = pointer < fsock__euc_kr_count ? fsock__euc_kr_codes[pointer] : 0;
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

static enum fsock__step
decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__decode_loop(job, get, true);
}

static enum fsock__step
encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__encode_loop(job, put, true);
}

static const struct fsock__charset_ops ops = {decode, encode, NULL};

const struct fsock_charset fsock__charset_euc_kr = {
	.name = "euc-kr",
	.ops = &ops,
	.flags = FSOCK_CHARSET_ASCII,
	.minimum = 1,
	.maximum = 2,
};
