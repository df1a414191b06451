#include "../base/compat.h"

#include "utf8.h"

/* A word that is no code point is bad as a whole. */
static int
checked(uint32_t word, uint32_t *c)
{
	*c = word;
	return fsock__is_scalar(word) ? 4 : -4;
}

static int
le_get(const uint8_t *p, size_t n, uint32_t *c)
{
	if (n < 4)
		return 0;
	return checked(p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24, c);
}

static int
be_get(const uint8_t *p, size_t n, uint32_t *c)
{
	if (n < 4)
		return 0;
	return checked((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3], c);
}

static int
host_get(const uint8_t *p, size_t n, uint32_t *c)
{
	uint32_t word;

	if (n < 4)
		return 0;
	memcpy(&word, p, 4);
	return checked(word, c);
}

static unsigned
le_put(uint8_t *p, uint32_t c)
{
	p[0] = (uint8_t)c;
	p[1] = (uint8_t)(c >> 8);
	p[2] = (uint8_t)(c >> 16);
	p[3] = 0;
	return 4;
}

static unsigned
be_put(uint8_t *p, uint32_t c)
{
	p[0] = 0;
	p[1] = (uint8_t)(c >> 16);
	p[2] = (uint8_t)(c >> 8);
	p[3] = (uint8_t)c;
	return 4;
}

static unsigned
host_put(uint8_t *p, uint32_t c)
{
	memcpy(p, &c, 4);
	return 4;
}

static enum fsock__step
le_decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__decode_loop(job, le_get);
}

static enum fsock__step
be_decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__decode_loop(job, be_get);
}

static enum fsock__step
host_decode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__decode_loop(job, host_get);
}

static enum fsock__step
le_encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__encode_loop(job, le_put);
}

static enum fsock__step
be_encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__encode_loop(job, be_put);
}

static enum fsock__step
host_encode(const struct fsock_charset *charset, struct fsock__job *job)
{
	(void)charset;
	return fsock__encode_loop(job, host_put);
}

static const struct fsock__charset_ops le_ops = { le_decode, le_encode, NULL };
static const struct fsock__charset_ops be_ops = { be_decode, be_encode, NULL };
static const struct fsock__charset_ops host_ops = { host_decode, host_encode, NULL };

const struct fsock_charset fsock__charset_utf_32le = {
	.name = "utf-32le",
	.ops = &le_ops,
	.flags = FSOCK_CHARSET_UNICODE,
	.minimum = 4,
	.maximum = 4,
};

const struct fsock_charset fsock__charset_utf_32be = {
	.name = "utf-32be",
	.ops = &be_ops,
	.flags = FSOCK_CHARSET_UNICODE,
	.minimum = 4,
	.maximum = 4,
};

const struct fsock_charset fsock__charset_utf_32 = {
	.name = "utf-32",
	.ops = &host_ops,
	.flags = FSOCK_CHARSET_UNICODE,
	.minimum = 4,
	.maximum = 4,
};
