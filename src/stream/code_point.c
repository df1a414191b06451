/* Characters as code points, on any FILE that holds UTF-8 (RFC 3629). */
#include "../base/compat.h"

#include <fsock/format.h>

#include "../base/error.h"

static int
fail(const char *operation, int errnum)
{
	return fsock__error_set(operation, NULL, FSOCK__NO_PORT, errnum);
}

/* Stdio has failed: a FILE that is not the library's records nothing itself. Returns -1. */
static int
tell(const char *operation, unsigned before)
{
	if (fsock__error_count() != before && fsock__error_current()->error.errnum == errno)
		return -1;
	return fail(operation, errno);
}

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

/* Whether the second octet can follow the first: no overlong form, surrogate, too large value. */
static int
may_follow(int first, int second)
{
	int low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
	int high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;

	return second >= low && second <= high;
}

/* Pushes n octets back, the last one first. Returns how many could not be. */
static size_t
push_back(const uint8_t *octets, size_t n, FILE *f)
{
	while (n > 0 && ungetc(octets[n - 1], f) != EOF)
		n--;
	return n;
}

/*
 * Reads a character that begins with `first`. What does not go on with it is pushed back; after an
 * error of the FILE, all of it is, so that nothing is lost. Returns it, or -1 with errno set.
 */
static int32_t
read_character(int first, FILE *f)
{
	unsigned before = fsock__error_count();
	int n = followers(first);
	int32_t c = n <= 0 ? first : first & (0x3F >> n);
	uint8_t octets[4] = { (uint8_t)first };

	for (int i = 1; i <= n; i++) {
		int next = getc(f), error = errno;

		if (next == EOF && ferror(f)) {
			push_back(octets, (size_t)i, f);
			errno = error;
			return tell("read", before);
		}
		if (next == EOF || !may_follow(i == 1 ? first : 0x80, next)) {
			if (next != EOF)
				ungetc(next, f);
			n = -1;
			break;
		}
		octets[i] = (uint8_t)next;
		c = c << 6 | (next & 0x3F);
	}
	return n >= 0 ? c : fail("read", EILSEQ);
}

/* see fsock/format.h */
int32_t
fsock_getc32(FILE *f)
{
	unsigned before = fsock__error_count();
	int first, saved = errno;
	int32_t c = -1;

	if (f == NULL)
		return fail("read", EINVAL);
	flockfile(f);
	first = getc(f);
	if (first != EOF)
		c = read_character(first, f);
	else if (!feof(f))
		tell("read", before);
	else if (fsock__error_count() == before)
		fsock__error_end_of_file("read", NULL, FSOCK__NO_PORT);
	if (c >= 0 || (first == EOF && feof(f)))
		errno = saved;
	funlockfile(f);
	return c;
}

/*
 * The UTF-8 of a code point for a FILE. Returns its length, or 0 with an error of the operation if
 * there is no such code point, or no FILE.
 */
static size_t
encode(int32_t c, const FILE *f, const char *operation, uint8_t octets[4])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t leads[] = { 0, 0, 0xC0, 0xE0, 0xF0 };

	if (f == NULL || c < 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
		fail(operation, f == NULL ? EINVAL : EILSEQ);
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
	size_t n = encode(c, f, "write", octets);
	unsigned before = fsock__error_count();
	int saved = errno;

	if (n == 0)
		return -1;
	if (fwrite(octets, 1, n, f) != n)
		return tell("write", before);
	errno = saved;
	return c;
}

/* see fsock/format.h */
int32_t
fsock_ungetc32(int32_t c, FILE *f)
{
	uint8_t octets[4];
	size_t n = encode(c, f, "unread", octets);

	if (n == 0)
		return -1;
	flockfile(f);
	n = push_back(octets, n, f);
	funlockfile(f);
	return n == 0 ? c : fail("unread", ENOBUFS); /* no libc says why */
}
