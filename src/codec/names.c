#include "../base/compat.h"

#include <string.h>

#include "charset.h"

/* A letter in lower case, whatever the locale. */
static int
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : (unsigned char)c;
}

/* strcmp without regard to case. */
static int
compare(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b))
		a++, b++;
	return lower(*a) - lower(*b);
}

/* see fsock/codec.h */
const struct fsock_charset *
fsock_charset_find(const char *name)
{
	size_t low = 0, high = fsock__names_count;

	while (name && low < high) {
		size_t middle = (low + high) / 2;
		int order = compare(name, fsock__names[middle].name);

		if (order == 0)
			return fsock__names[middle].charset;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* see fsock/codec.h */
const struct fsock_charset *
fsock_charset_code_page(unsigned number)
{
	size_t i;

	for (i = 0; i < fsock__pages_count; i++)
		if (fsock__pages[i].number == number)
			return fsock__pages[i].charset;
	return NULL;
}

/* see fsock/codec.h */
const struct fsock_charset *
fsock_charset_at(size_t i)
{
	return i < fsock__charsets_count ? fsock__charsets[i] : NULL;
}

/* see fsock/codec.h */
const char *
fsock_charset_alias(size_t i, const struct fsock_charset **charset)
{
	if (i >= fsock__names_count)
		return NULL;
	if (charset)
		*charset = fsock__names[i].charset;
	return fsock__names[i].name;
}

/* see fsock/codec.h */
const char *
fsock_charset_name(const struct fsock_charset *charset)
{
	return charset == NULL ? NULL : charset->name;
}

/* see fsock/codec.h */
unsigned
fsock_charset_flags(const struct fsock_charset *charset)
{
	return charset == NULL ? 0 : charset->flags;
}

/* see fsock/codec.h */
size_t
fsock_charset_minimum(const struct fsock_charset *charset)
{
	return charset == NULL ? 0 : charset->minimum;
}

/* see fsock/codec.h */
size_t
fsock_charset_maximum(const struct fsock_charset *charset)
{
	return charset == NULL ? 0 : charset->maximum;
}

/* see fsock/codec.h */
int
fsock_charset_sniff(
    const uint8_t *octets, size_t n, const struct fsock_charset **charset, size_t *length)
{
	static const struct {
		uint8_t mark[3];
		uint8_t length;
		const struct fsock_charset *charset;
	} marks[] = {
		{ { 0xEF, 0xBB, 0xBF }, 3, &fsock__charset_utf_8 },
		{ { 0xFF, 0xFE }, 2, &fsock__charset_utf_16le },
		{ { 0xFE, 0xFF }, 2, &fsock__charset_utf_16be },
	};
	size_t i;

	*charset = NULL;
	*length = 0;
	if (n == 0)
		return 0;
	for (i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		size_t known = n < marks[i].length ? n : marks[i].length;

		if (memcmp(octets, marks[i].mark, known) != 0)
			continue;
		if (known < marks[i].length)
			return 0;
		*charset = marks[i].charset;
		*length = known;
		return 1;
	}
	return 1;
}
