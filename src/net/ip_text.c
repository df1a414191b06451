#include "../base/compat.h"
#include "ip_text.h"

#include <errno.h>
#include <string.h>

enum { WORDS = 8, WORD_DIGITS = 4 };

/* The value of a hexadecimal digit, or -1. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
fsock__ip_text_to_number(const char *text, size_t length, uint32_t max, uint32_t *number)
{
	uint64_t value = 0;

	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
		if (value > max)
			return false;
	}
	*number = (uint32_t)value;
	return true;
}

/* The length of the part of the text that begins at `start` and ends before `end` or at its end. */
static size_t
part_length(const char *text, size_t length, size_t start, char end)
{
	const char *found = memchr(text + start, end, length - start);

	return found != NULL ? (size_t)(found - text) - start : length - start;
}

/*
 * A leading zero means octal to some readers and nothing to others (RFC 6943 section 3.1.1), so
 * text with one has no safe meaning and is refused.
 */
bool
fsock__ip_text_to_ipv4(const char *text, size_t length, uint8_t quad[4])
{
	uint8_t octets[4];
	size_t start = 0;

	for (int i = 0; i < 4; i++) {
		uint32_t number;

		if (start > length)
			return false;
		size_t part = i < 3 ? part_length(text, length, start, '.') : length - start;
		if (part > 1 && text[start] == '0')
			return false;
		if (!fsock__ip_text_to_number(text + start, part, 255, &number))
			return false;
		octets[i] = (uint8_t)number;
		start += part + 1;
	}
	if (start != length + 1)
		return false;
	memcpy(quad, octets, sizeof octets);
	return true;
}

/* Reads one word of IPv6 text, one to four hexadecimal digits. */
static bool
read_word(const char *text, size_t length, uint8_t octets[2])
{
	unsigned value = 0;

	if (length == 0 || length > WORD_DIGITS)
		return false;
	for (size_t i = 0; i < length; i++) {
		int digit = hex_value(text[i]);

		if (digit < 0)
			return false;
		value = value << 4 | (unsigned)digit;
	}
	octets[0] = (uint8_t)(value >> 8);
	octets[1] = (uint8_t)value;
	return true;
}

/*
 * Reads colon-separated words, of which the last may be an IPv4 address that fills two, into at
 * most `room` words. Empty text has none. Returns how many it filled, or -1.
 */
static int
read_words(const char *text, size_t length, uint8_t *octets, int room)
{
	int words = 0;
	size_t start = 0;

	while (length > 0 && start <= length) {
		size_t part = part_length(text, length, start, ':');
		bool last = start + part == length;

		if (words < room && read_word(text + start, part, octets + 2 * words))
			words += 1;
		else if (last && words + 2 <= room &&
			 fsock__ip_text_to_ipv4(text + start, part, octets + 2 * words))
			words += 2;
		else
			return -1;
		start += part + 1;
	}
	return words;
}

/* Where "::" begins in the text, or `length` if nowhere. */
static size_t
find_gap(const char *text, size_t length)
{
	for (size_t i = 0; i + 1 < length; i++) {
		if (text[i] == ':' && text[i + 1] == ':')
			return i;
	}
	return length;
}

/* A second "::" and a third colon leave an empty word behind the gap, which read_words refuses. */
bool
fsock__ip_text_to_ipv6(const char *text, size_t length, uint8_t vector[16])
{
	uint8_t octets[2 * WORDS] = { 0 }, behind[2 * WORDS];
	size_t gap = find_gap(text, length);
	int before, after = 0;

	if (gap == length) {
		if (read_words(text, length, octets, WORDS) != WORDS)
			return false;
	} else {
		if (memchr(text, '.', gap) != NULL)
			return false;
		before = read_words(text, gap, octets, WORDS - 1);
		if (before < 0)
			return false;
		after = read_words(text + gap + 2, length - gap - 2, behind, WORDS - 1 - before);
		if (after < 0)
			return false;
		memcpy(octets + 2 * (WORDS - after), behind, 2 * (size_t)after);
	}
	memcpy(vector, octets, sizeof octets);
	return true;
}

size_t
fsock__ip_text_from_number(uint32_t number, char *text)
{
	char digits[10];
	size_t length = 0, n = 0;

	do {
		digits[n++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (n > 0)
		text[length++] = digits[--n];
	text[length] = '\0';
	return length;
}

size_t
fsock__ip_text_from_ipv4(const uint8_t quad[4], char *text)
{
	size_t length = 0;

	for (int i = 0; i < 4; i++) {
		if (i > 0)
			text[length++] = '.';
		length += fsock__ip_text_from_number(quad[i], text + length);
	}
	return length;
}

/* The text of one word: lower case, no leading zeros (RFC 5952 sections 4.1 and 4.3). */
static size_t
write_word(const uint8_t octets[2], char *text)
{
	unsigned value = (unsigned)octets[0] << 8 | octets[1];
	size_t length = 0;

	for (int shift = 12; shift >= 0; shift -= 4) {
		if (length > 0 || shift == 0 || value >> shift != 0)
			text[length++] = "0123456789abcdef"[value >> shift & 15];
	}
	return length;
}

/*
 * Finds the longest run of zero words, the first of several, and not a single one (RFC 5952
 * section 4.2). Returns its length and where it begins, or 0.
 */
static int
longest_zeros(const uint8_t vector[16], int *begin)
{
	int longest = 1, run = 0;

	for (int i = 0; i < WORDS; i++) {
		run = vector[2 * i] == 0 && vector[2 * i + 1] == 0 ? run + 1 : 0;
		if (run > longest) {
			longest = run;
			*begin = i + 1 - run;
		}
	}
	return longest > 1 ? longest : 0;
}

bool
fsock__ip_text_is_mapped(const uint8_t vector[16])
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(vector, prefix, sizeof prefix) == 0;
}

size_t
fsock__ip_text_from_ipv6(const uint8_t vector[16], char *text)
{
	size_t length = 0;
	int begin = WORDS, run;

	if (fsock__ip_text_is_mapped(vector)) {
		memcpy(text, "::ffff:", 7);
		return 7 + fsock__ip_text_from_ipv4(vector + 12, text + 7);
	}
	run = longest_zeros(vector, &begin);
	for (int i = 0; i < WORDS;) {
		if (i == begin) {
			text[length++] = ':';
			text[length++] = ':';
			i += run;
			continue;
		}
		if (i > 0 && i != begin + run)
			text[length++] = ':';
		length += write_word(vector + 2 * i, text + length);
		i++;
	}
	text[length] = '\0';
	return length;
}

bool
fsock__ip_text_split(const char *text, struct fsock__ip_text_parts *parts)
{
	size_t length = strlen(text);

	if (text[0] == '[') {
		if (text[length - 1] != ']')
			return false;
		text += 1;
		length -= 2;
	}
	parts->address = text;
	parts->address_length = part_length(text, length, 0, '%');
	parts->scope = NULL;
	parts->scope_length = 0;
	if (parts->address_length < length) {
		parts->scope = text + parts->address_length + 1;
		parts->scope_length = length - parts->address_length - 1;
		return parts->scope_length > 0;
	}
	return true;
}

int
fsock__ip_text_give(const char *text, size_t length, char *buf, size_t size)
{
	if (buf == NULL)
		return EINVAL;
	if (length >= size)
		return ERANGE;
	memcpy(buf, text, length);
	buf[length] = '\0';
	return 0;
}
