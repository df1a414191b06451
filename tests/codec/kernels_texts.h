/*
 * kernels_texts.h - the made-up texts of kernels_test.c: valid and spoiled UTF-8 and UTF-16, lines,
 * and bytes of every value, the same in every run.
 */
#ifndef FSOCK_TESTS_KERNELS_TEXTS_H
#define FSOCK_TESTS_KERNELS_TEXTS_H

#include "kernels_jobs.h"

/* A pseudo-random sequence, the same in every run. */
static uint32_t seed = 1;

static uint32_t
next_random(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % below;
}

/* Like a real charset: letters of two bytes from three alphabets, signs of three, a few holes. */
static void
make_charset(void)
{
	uint16_t points[256];

	for (unsigned b = 0; b < 256; b++)
		points[b] = (uint16_t)(b < 0x80 ? b : b < 0xC0 ? 0x2500 + b * 5 : 0x0380 + b);
	for (unsigned b = 0xA5; b < 0xB0; b++)
		points[b] = (uint16_t)b;
	for (unsigned b = 0xE0; b < 0xFE; b++)
		points[b] = (uint16_t)(0x4F0 + b);
	points[0x81] = points[0x9F] = points[0xFE] = 0;
	points[0xA0] = 0xA0;
	points[0xA4] = 0x20AC;
	points[0xFF] = 0xFFFD;
	one_byte_init(&charset, points);
}

static size_t
put_point(uint8_t *p, uint32_t c)
{
	if (c < 0x80) {
		p[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		p[0] = (uint8_t)(0xC0 + c / 64);
		p[1] = (uint8_t)(0x80 + c % 64);
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (uint8_t)(0xE0 + c / 4096);
		p[1] = (uint8_t)(0x80 + c / 64 % 64);
		p[2] = (uint8_t)(0x80 + c % 64);
		return 3;
	}
	p[0] = (uint8_t)(0xF0 + c / 262144);
	p[1] = (uint8_t)(0x80 + c / 4096 % 64);
	p[2] = (uint8_t)(0x80 + c / 64 % 64);
	p[3] = (uint8_t)(0x80 + c % 64);
	return 4;
}

static uint32_t
some_ascii(void)
{
	return next_random(0x80);
}

static uint32_t
some_latin1(void)
{
	return next_random(4) == 0 ? 0x80 + next_random(0x80) : 0x20 + next_random(0x5F);
}

static uint32_t
some_two_bytes(void)
{
	return next_random(6) == 0 ? ' ' : 0x80 + next_random(0x780);
}

static uint32_t
some_three_bytes(void)
{
	uint32_t c = 0x800 + next_random(0xF800);

	return c >= 0xD800 && c < 0xE000 ? 0x4E00 : c;
}

static uint32_t
some_any(void)
{
	switch (next_random(5)) {
	case 0:
		return 0x10000 + next_random(0x100000);
	case 1:
		return some_three_bytes();
	case 2:
		return some_latin1();
	case 3:
		return some_two_bytes();
	default:
		return some_ascii();
	}
}

static uint32_t
some_of_charset(void)
{
	uint8_t b = (uint8_t)next_random(256);
	uint32_t form = charset.forms[b];

	if (form >> 24 == 2)
		return (form & 0x1F) << 6 | (form >> 8 & 0x3F);
	if (form >> 24 == 3)
		return (form & 0x0F) << 12 | (form >> 8 & 0x3F) << 6 | (form >> 16 & 0x3F);
	return b & 0x7F;
}

/* Two-byte letters of the charset, mostly of one alphabet, and spaces. */
static uint32_t
some_letters(void)
{
	switch (next_random(16)) {
	case 0:
		return 0xA5 + next_random(11);
	case 1:
		return 0x5D0 + next_random(30);
	case 2:
		return ' ';
	default:
		return 0x440 + next_random(32);
	}
}

/* On both sides of a code point where something changes, for a hundred characters the same. */
static uint32_t
some_edge(void)
{
	static const uint32_t edges[] = { 0x80, 0x100, 0x800, 0x1000, 0xD7F0, 0xE010, 0x10000 };
	static unsigned calls;

	return edges[calls++ / 100 % 7] - 8 + next_random(16);
}

static uint32_t
some_lines(void)
{
	return next_random(30) == 0 ? '\n' : 'a' + next_random(26);
}

static uint32_t (*const point_makers[])(void) = { some_ascii, some_latin1, some_two_bytes,
	some_three_bytes, some_any, some_of_charset, some_letters, some_edge, some_lines };

enum { NMAKERS = sizeof(point_makers) / sizeof(point_makers[0]) };

/* UTF-8 of one maker, cut off anywhere; one in `errors` places is spoiled (0: none). */
static void
make_utf8(uint8_t *p, size_t n, unsigned maker, uint32_t errors)
{
	uint8_t one[4];
	size_t i = 0, len;

	while (i < n) {
		len = put_point(one, point_makers[maker]());
		for (size_t j = 0; j < len && i < n; j++)
			p[i++] = one[j];
		if (errors != 0 && next_random(errors) == 0)
			p[i - 1] = (uint8_t)next_random(256);
	}
}

static void
make_utf16(uint8_t *p, size_t n, unsigned maker, bool big, uint32_t errors)
{
	size_t i = 0;

	while (i < n) {
		uint32_t c = point_makers[maker]();
		uint32_t units[2] = { c, 0 };
		unsigned count = 1;

		if (c >= 0x10000) {
			units[0] = 0xD800 + ((c - 0x10000) >> 10);
			units[1] = 0xDC00 + ((c - 0x10000) & 0x3FF);
			count = errors != 0 && next_random(errors) == 0 ? 1 : 2;
		}
		for (unsigned j = 0; j < count; j++) {
			uint8_t low = (uint8_t)units[j], high = (uint8_t)(units[j] >> 8);

			if (i < n)
				p[i++] = big ? high : low;
			if (i < n)
				p[i++] = big ? low : high;
		}
	}
}

/* CR LF, and with `errors` also lone ones. */
static void
make_lines(uint8_t *p, size_t n, uint32_t line, uint32_t errors)
{
	for (size_t i = 0; i < n; i++) {
		p[i] = (uint8_t)(32 + next_random(90));
		if (next_random(line) == 0 && i + 1 < n) {
			p[i] = '\r';
			p[++i] = '\n';
		} else if (errors != 0 && next_random(errors) == 0) {
			p[i] = next_random(2) == 0 ? '\r' : '\n';
		}
	}
}

enum { NTEXTS = 2 * NMAKERS * 3 + 6 + 4 };

/* Fills p with the i-th kind of text. */
static void
make_text(uint8_t *p, size_t n, unsigned i)
{
	unsigned maker = i / 2 % NMAKERS, kind = i / 2 / NMAKERS;
	uint32_t errors = i % 2 == 0 ? 0 : 40;

	if (kind == 0) {
		make_utf8(p, n, maker, errors);
	} else if (kind <= 2) {
		make_utf16(p, n, maker, kind == 2, errors);
	} else if (i < 2 * NMAKERS * 3 + 6) {
		static const uint32_t lines[] = { 60, 20, 3 };

		make_lines(p, n, lines[i / 2 % 3], errors);
	} else {
		/* Any byte; none of ASCII; letters of the charset; what makes the longest text. */
		static const uint32_t from[] = { 0, 0x80, 0xC0, 0x82 };
		static const uint32_t count[] = { 256, 0x80, 0x3E, 0x1D };

		for (size_t j = 0; j < n; j++)
			p[j] = (uint8_t)(from[i % 4] + next_random(count[i % 4]));
	}
}

#endif
