/* Characters as code points, on any FILE that holds UTF-8 (RFC 3629). */
#include "../compat.h"

#include <fsock/format.h>

/* How many octets follow the first one; -1 if it starts no character. */
static int
followers(int first)
{
	if (first < 0x80)
		return 0;
	if (first < 0xC2 || first > 0xF4)
		return -1;
	return first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
}

/* Whether the second octet can follow the first: no overlong forms, surrogates, too large values. */
static int
may_follow(int first, int second)
{
	int low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
	int high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;

	return second >= low && second <= high;
}

/* see fsock/format.h */
int32_t
fsock_getc32(FILE *f)
{
	int first, n, saved = errno;
	int32_t c;

	if (f == NULL) {
		errno = EINVAL;
		return -1;
	}
	flockfile(f);
	first = getc(f);
	n = first == EOF ? 0 : followers(first);
	c = first == EOF || n <= 0 ? first : first & (0x3F >> n);
	for (int i = 0; i < n; i++) {
		int next = getc(f);

		if (next == EOF ? !ferror(f) : !may_follow(i == 0 ? first : 0x80, next)) {
			if (next != EOF)
				ungetc(next, f);
			n = -1;
		} else if (next == EOF) {
			c = -1;
			n = 0;
		} else {
			c = c << 6 | (next & 0x3F);
		}
	}
	funlockfile(f);
	if (n < 0)
		errno = EILSEQ;
	else if (c >= 0)
		errno = saved;
	return n < 0 ? -1 : c;
}

/* The UTF-8 of a code point. Returns its length, or 0 with errno set if it is none. */
static size_t
encode(int32_t c, uint8_t octets[4])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t leads[] = { 0, 0, 0xC0, 0xE0, 0xF0 };

	if (c < 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
		errno = EILSEQ;
		return 0;
	}
	for (size_t i = n; i-- > 1; c >>= 6)
		octets[i] = (uint8_t)(0x80 | (c & 0x3F));
	octets[0] = (uint8_t)(leads[n] | c);
	return n;
}

/* see fsock/format.h */
int32_t
fsock_putc32(int32_t c, FILE *f)
{
	uint8_t octets[4];
	size_t n;

	if (f == NULL) {
		errno = EINVAL;
		return -1;
	}
	n = encode(c, octets);
	return n > 0 && fwrite(octets, 1, n, f) == n ? c : -1;
}

/* see fsock/format.h */
int32_t
fsock_ungetc32(int32_t c, FILE *f)
{
	uint8_t octets[4];
	size_t n;

	if (f == NULL) {
		errno = EINVAL;
		return -1;
	}
	n = encode(c, octets);
	if (n == 0)
		return -1;
	flockfile(f);
	while (n > 0 && ungetc(octets[n - 1], f) != EOF)
		n--;
	funlockfile(f);
	return n == 0 ? c : -1;
}
