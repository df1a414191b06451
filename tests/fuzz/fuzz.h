/*
 * fuzz.h - what the fuzz targets share. Each is a file with LLVMFuzzerTestOneInput: libFuzzer runs
 * it (clang -fsanitize=fuzzer), and with replay.c it is a program that runs files of a corpus.
 *
 * The choices of a run (charset, sizes of pieces) are taken from the end of the input, so that the
 * text at its beginning stays readable.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsock/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Always checked, whatever NDEBUG says. */
#define FUZZ_ASSERT(condition)                                                          \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

/* Takes a number below `limit` from the end; 0 when nothing is left. */
static inline unsigned
fuzz_take(struct fuzz_input *in, unsigned limit)
{
	if (in->size == 0)
		return 0;
	return in->data[--in->size] % limit;
}

/* One of the library's charsets. */
static inline const struct fsock_charset *
fuzz_charset(struct fuzz_input *in)
{
	unsigned n = 0;

	while (fsock_charset_at(n))
		n++;
	return fsock_charset_at(fuzz_take(in, n));
}

/* Octets that grow. */
struct fuzz_octets {
	uint8_t *data;
	size_t length;
};

static inline void
fuzz_add(struct fuzz_octets *o, const void *p, size_t n)
{
	o->data = realloc(o->data, o->length + n + 1);
	FUZZ_ASSERT(o->data != NULL);
	if (n)
		memcpy(o->data + o->length, p, n);
	o->length += n;
}

/* Strict UTF-8, by the definition. */
static inline int
fuzz_is_utf8(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		size_t more = p[i] < 0x80 ? 0 : p[i] < 0xE0 ? 1 : p[i] < 0xF0 ? 2 : 3, k;
		uint32_t c = more == 0 ? p[i] : p[i] & (0x3Fu >> more);

		if ((p[i] >= 0x80 && p[i] < 0xC0) || p[i] > 0xF7 || n - i <= more)
			return 0;
		for (k = 1; k <= more; k++) {
			if ((p[i + k] & 0xC0) != 0x80)
				return 0;
			c = c << 6 | (p[i + k] & 0x3F);
		}
		if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF) || (more == 1 && c < 0x80) ||
		    (more == 2 && c < 0x800) || (more == 3 && c < 0x10000))
			return 0;
		i += more + 1;
	}
	return 1;
}

/* A step of a conversion: as fsock_decode_with. */
typedef enum fsock_codec_status fuzz_step(
    void *state, const struct fsock_policy *, struct fsock_codec_io *, int final);

/*
 * Runs input through a step in pieces and rooms of the given sizes (0 = whole, a big room), in
 * exact allocations so that the sanitizers see every octet beyond. Returns the last status.
 */
static inline enum fsock_codec_status
fuzz_run(fuzz_step *step, void *state, const struct fsock_policy *policy, const uint8_t *in,
    size_t n, size_t piece, size_t room, struct fuzz_octets *out)
{
	enum fsock_codec_status status;
	size_t at = 0;

	room = room ? room : 4096;
	do {
		size_t now = piece && piece < n - at ? piece : n - at;
		uint8_t *from = malloc(now ? now : 1), *to = malloc(room);
		struct fsock_codec_io io = { from, now, to, room };

		if (now)
			memcpy(from, in + at, now);
		at += now;
		do {
			io.out = to;
			io.out_length = room;
			status = step(state, policy, &io, at == n);
			fuzz_add(out, to, (size_t)(io.out - to));
			FUZZ_ASSERT(status != FSOCK_CODEC_OUTPUT_FULL || io.out != to ||
				    room < FSOCK_CODEC_ROOM);
		} while (status == FSOCK_CODEC_OUTPUT_FULL);
		FUZZ_ASSERT(status != FSOCK_CODEC_INPUT_EMPTY || io.in_length == 0);
		free(from);
		free(to);
	} while (at < n && status == FSOCK_CODEC_INPUT_EMPTY);
	return status;
}

#endif
