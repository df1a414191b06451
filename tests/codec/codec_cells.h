/*
 * codec_cells.h - what the tests of tables share: the WHATWG indexes, one character in either
 * direction, and comparing an encoder with what every code point must be written as.
 */
#ifndef CODEC_CELLS_H
#define CODEC_CELLS_H

#include "codec_support.h"

/* ck_assert writes to a pipe even when it holds: too slow for a million cells. */
#define CHECK(condition, ...)                      \
	do {                                       \
		if (!(condition))                  \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

enum { CODES = 0x110000 };

#define NOTHING 0xFFFFFFFFu

MAYBE_UNUSED static const char *whatwg;

/*
 * Reads the next line of an index that has a pointer and a code point, and moves on behind it.
 * (sscanf would look for the end of the whole text, for every line.)
 */
MAYBE_UNUSED static int
index_line(char **text, unsigned *pointer, unsigned *code)
{
	while (**text != '\0') {
		char *line = *text, *end, *digits;

		*text += strcspn(line, "\n");
		*text += **text == '\n';
		*pointer = (unsigned)strtoul(line, &digits, 10);
		*code = (unsigned)strtoul(digits, &end, 16);
		if (digits != line && end != digits && end <= *text)
			return 1;
	}
	return 0;
}

/* An index file: code point by pointer, 0 = none. */
struct index {
	uint32_t code[24000];
	unsigned count;
};

MAYBE_UNUSED static void
index_read(struct index *x, const char *file)
{
	size_t n;
	char *text = (char *)read_file(whatwg, file, &n), *at = text;
	unsigned pointer, code;

	ck_assert_msg(text != NULL, "%s/%s: cannot be read", whatwg, file);
	memset(x, 0, sizeof *x);
	while (index_line(&at, &pointer, &code)) {
		CHECK(pointer < 24000, "%s: pointer %u", file, pointer);
		x->code[pointer] = code;
		x->count = pointer + 1 > x->count ? pointer + 1 : x->count;
	}
	free(text);
	ck_assert_uint_gt(x->count, 0);
}

/* The ranges index. */
MAYBE_UNUSED static struct {
	unsigned pointer[300], code[300], count;
} ranges;

MAYBE_UNUSED static void
ranges_read(void)
{
	size_t n;
	char *text = (char *)read_file(whatwg, "index-gb18030-ranges.txt", &n), *at = text;
	unsigned i = 0;

	ck_assert_ptr_nonnull(text);
	while (i < 300 && index_line(&at, &ranges.pointer[i], &ranges.code[i]))
		i++;
	ranges.count = i;
	free(text);
}

/* Decodes a few octets: the first code point, or NOTHING if that is an error; *used octets. */
MAYBE_UNUSED static uint32_t
decode_one(const struct fsock_charset *charset, const uint8_t *in, size_t n, unsigned *used,
    uint8_t *text, size_t *text_length)
{
	struct fsock_decoder d;
	struct fsock_codec_io io = { in, n, text, 8 };
	enum fsock_codec_status status;
	struct fsock_codec_error error;

	fsock_decoder_init(&d, charset);
	status = fsock_decode(&d, &io, 1);
	*text_length = (size_t)(io.out - text);
	if (status == FSOCK_CODEC_MALFORMED && *text_length == 0) {
		fsock_decoder_error(&d, &error);
		*used = (unsigned)error.length;
		return NOTHING;
	}
	*used = (unsigned)n;
	return 0;
}

/* What in[0..n) must mean: c, or NOTHING with `used` octets bad. */
MAYBE_UNUSED static void
expect(const struct fsock_charset *charset, const uint8_t *in, size_t n, uint32_t c, unsigned used)
{
	uint8_t text[8], want[8];
	unsigned got_used;
	size_t length, want_length;
	uint32_t got = decode_one(charset, in, n, &got_used, text, &length);

	if (c == NOTHING) {
		CHECK(got == NOTHING && got_used == used,
		    "%s %02X %02X: error of %u expected, %u found", fsock_charset_name(charset),
		    in[0], n > 1 ? in[1] : 0, used, got_used);
		return;
	}
	want_length = utf8_of(c, want);
	CHECK(got != NOTHING && length == want_length && !memcmp(text, want, length),
	    "%s %02X %02X: is not U+%04X", fsock_charset_name(charset), in[0], n > 1 ? in[1] : 0,
	    c);
}

/*
 * The code point to try after c. Few charsets have any beyond the BMP: for the others a sample of
 * those will do, from the first to the last, with all kinds of low bits.
 */
MAYBE_UNUSED static uint32_t
next_code(const struct fsock_charset *charset, uint32_t c)
{
	const char *name = fsock_charset_name(charset);
	int all = fsock_charset_flags(charset) & FSOCK_CHARSET_UNICODE || !strcmp(name, "big5") ||
		  !strcmp(name, "gb18030");

	return c == 0xD7FF ? 0xE000 : c + (all || c < 0x10000 ? 1 : 275);
}

/* Encodes one code point; 0 = unmappable. */
MAYBE_UNUSED static unsigned
encode_one(const struct fsock_charset *charset, uint32_t c, uint8_t out[16])
{
	uint8_t text[4];
	struct fsock_encoder e;
	struct fsock_codec_io io = { text, utf8_of(c, text), out, 16 };
	enum fsock_codec_status status;

	fsock_encoder_init(&e, charset);
	status = fsock_encode(&e, &io, 1);
	if (status == FSOCK_CODEC_UNMAPPABLE)
		return 0;
	CHECK(status == FSOCK_CODEC_INPUT_EMPTY, "not all read");
	return (unsigned)(io.out - out);
}

/* The octets each code point must be written as, first octet highest; 0 = unmappable. */
MAYBE_UNUSED static uint32_t *written;
MAYBE_UNUSED static uint8_t *written_length;

MAYBE_UNUSED static void
written_clear(void)
{
	free(written);
	free(written_length);
	written = calloc(CODES, sizeof *written);
	written_length = calloc(CODES, 1);
}

MAYBE_UNUSED static void
write_as(uint32_t c, uint32_t octets, unsigned length)
{
	written[c] = octets;
	written_length[c] = (uint8_t)length;
}

MAYBE_UNUSED static void
write_ascii(void)
{
	uint32_t c;

	for (c = 0; c < 0x80; c++)
		write_as(c, c, 1);
}

/* Encodes everything and compares with `written`. */
MAYBE_UNUSED static void
check_written(const char *name)
{
	const struct fsock_charset *charset = fsock_charset_find(name);
	uint8_t out[16];
	uint32_t c;

	for (c = 0; c < CODES; c = next_code(charset, c)) {
		uint32_t got = 0;
		unsigned n, i;

		n = encode_one(charset, c, out);
		for (i = 0; i < n && n <= 4; i++)
			got = got << 8 | out[i];
		CHECK(n == written_length[c] && got == written[c],
		    "%s U+%04X: written as %u octets %X, should be %u octets %X", name, c, n, got,
		    written_length[c], written[c]);
	}
}

/* All pairs of octets, and all code points, of a charset with leads 81 to FE. */
MAYBE_UNUSED static uint32_t (*cell)(unsigned lead, unsigned trail);

MAYBE_UNUSED static void
check_pairs(const char *name, unsigned first, unsigned last)
{
	const struct fsock_charset *charset = fsock_charset_find(name);
	unsigned lead, trail;

	for (lead = first; lead <= last; lead++)
		for (trail = 0; trail < 256; trail++) {
			uint8_t in[2] = { (uint8_t)lead, (uint8_t)trail };
			uint32_t c = cell(lead, trail);

			if (c != 0)
				expect(charset, in, 2, c, 0);
			else
				expect(charset, in, 2, NOTHING, trail < 0x80 ? 1 : 2);
		}
}

MAYBE_UNUSED static struct index main_index, second_index;

#endif
