#include "../base/compat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fsock/codec.h"

enum { PIECE = 4096 };

/* Where the result goes: into memory that grows, or, with `counting`, nowhere. */
struct sink {
	uint8_t *data;
	size_t length;
	size_t room;
	int counting;
	uint64_t octets;
	uint64_t characters;
};

static int
sink_grow(struct sink *s, size_t n)
{
	size_t want;
	uint8_t *data;

	if (n > SIZE_MAX / 2 - 1 - s->length) {
		errno = EOVERFLOW;
		return -1;
	}
	want = s->length + n + 1;
	if (want <= s->room)
		return 0;
	want += want / 2;
	data = realloc(s->data, want);
	if (data == NULL)
		return -1;
	s->data = data;
	s->room = want;
	return 0;
}

static int
sink_put(struct sink *s, const uint8_t *p, size_t n)
{
	size_t i;

	if (s->counting) {
		s->octets += n;
		for (i = 0; i < n; i++)
			s->characters += (p[i] & 0xC0) != 0x80;
		return 0;
	}
	if (sink_grow(s, n) != 0)
		return -1;
	memcpy(s->data + s->length, p, n);
	s->length += n;
	return 0;
}

/* The two directions, and what is checked before: EINVAL for no charset or a bad line-end style. */
struct run {
	const struct fsock_conversion *how;
	struct fsock_eol eol;
	struct fsock_decoder decoder;
	struct fsock_encoder encoder;
	struct fsock_codec_error *error;
	struct fsock_codec_error unread; /* where the error goes when nobody asked for it */
	struct sink sink;
};

static int
run_init(struct run *r, const struct fsock_conversion *how, struct fsock_codec_error *error,
    int counting)
{
	memset(r, 0, sizeof *r);
	r->how = how;
	r->error = error ? error : &r->unread;
	r->sink.counting = counting;
	if (how == NULL || how->charset == NULL) {
		errno = EINVAL;
		return -1;
	}
	fsock_decoder_init(&r->decoder, how->charset);
	fsock_encoder_init(&r->encoder, how->charset);
	return fsock_eol_init(&r->eol, how->eol, how->eol_flags);
}

/* True for the two states that are no error. */
static int
goes_on(enum fsock_codec_status status)
{
	return status == FSOCK_CODEC_INPUT_EMPTY || status == FSOCK_CODEC_OUTPUT_FULL;
}

/* Decoded text through the line ends into the sink. */
static int
text_out(struct run *r, const uint8_t *text, size_t n, int final)
{
	struct fsock_codec_io io = { text, n, NULL, 0 };
	enum fsock_codec_status status;
	uint8_t out[PIECE];

	do {
		io.out = out;
		io.out_length = sizeof out;
		status = fsock_eol_decode_with(&r->eol, &r->how->policy, &io, final);
		if (sink_put(&r->sink, out, (size_t)(io.out - out)) != 0)
			return -1;
	} while (status == FSOCK_CODEC_OUTPUT_FULL);
	if (status == FSOCK_CODEC_INPUT_EMPTY)
		return 0;
	fsock_eol_error(&r->eol, r->error);
	errno = EILSEQ;
	return -1;
}

static int
decode_all(struct run *r, const uint8_t *octets, size_t n)
{
	struct fsock_codec_io io = { octets, n, NULL, 0 };
	enum fsock_codec_status status;
	uint8_t text[PIECE];

	do {
		io.out = text;
		io.out_length = sizeof text;
		status = fsock_decode_with(&r->decoder, &r->how->policy, &io, 1);
		/* No line end goes on behind bad octets. */
		if (text_out(r, text, (size_t)(io.out - text), status != FSOCK_CODEC_OUTPUT_FULL) !=
		    0)
			return -1;
	} while (status == FSOCK_CODEC_OUTPUT_FULL);
	if (goes_on(status))
		return 0;
	fsock_decoder_error(&r->decoder, r->error);
	errno = EILSEQ;
	return -1;
}

/* Text with the wire's line ends through the encoder into the sink; `last` ends the text too. */
static int
octets_out(struct run *r, const uint8_t *text, size_t n, int last)
{
	struct fsock_codec_io io = { text, n, NULL, 0 };
	enum fsock_codec_status status;
	uint8_t out[PIECE];
	int finishing = 0;

	for (;;) {
		io.out = out;
		io.out_length = sizeof out;
		status = finishing ? fsock_encode_finish_with(&r->encoder, &r->how->policy, &io)
				   : fsock_encode_with(&r->encoder, &r->how->policy, &io, last);
		if (sink_put(&r->sink, out, (size_t)(io.out - out)) != 0)
			return -1;
		if (!goes_on(status))
			break;
		if (status == FSOCK_CODEC_OUTPUT_FULL)
			continue;
		if (!last || finishing)
			return 0;
		finishing = 1;
	}
	fsock_encoder_error(&r->encoder, r->error);
	errno = EILSEQ;
	return -1;
}

/* The place in the text of an offset in what the line ends have made of it. */
static uint64_t
place_in_text(const struct run *r, const uint8_t *text, size_t n, uint64_t offset)
{
	struct fsock_codec_io io = { text, n, NULL, 0 };
	struct fsock_eol eol;
	uint8_t scrap[PIECE];
	size_t room;

	fsock_eol_init(&eol, r->how->eol, r->how->eol_flags);
	do {
		room = offset < sizeof scrap ? (size_t)offset : sizeof scrap;
		io.out = scrap;
		io.out_length = room;
		fsock_eol_encode_with(&eol, &r->how->policy, &io, 1);
		offset -= room - io.out_length;
	} while (io.out_length < room);
	/* With the exact room it stops there, or before octets that only look like a character. */
	return eol.position + offset;
}

static int
encode_all(struct run *r, const uint8_t *octets, size_t n)
{
	struct fsock_codec_io io = { octets, n, NULL, 0 };
	enum fsock_codec_status status;
	uint8_t text[PIECE];

	do {
		io.out = text;
		io.out_length = sizeof text;
		status = fsock_eol_encode_with(&r->eol, &r->how->policy, &io, 1);
		/* Nor does a character behind a rejected line end. */
		if (octets_out(
			r, text, (size_t)(io.out - text), status != FSOCK_CODEC_OUTPUT_FULL) != 0) {
			if (errno == EILSEQ)
				r->error->offset = place_in_text(r, octets, n, r->error->offset);
			return -1;
		}
	} while (status == FSOCK_CODEC_OUTPUT_FULL);
	if (goes_on(status))
		return 0;
	fsock_eol_error(&r->eol, r->error);
	errno = EILSEQ;
	return -1;
}

/* Ends a run that collects: the data with a zero behind it, or NULL. */
static uint8_t *
collected(struct run *r, int result, size_t *length)
{
	if (result != 0 || sink_grow(&r->sink, 0) != 0) {
		free(r->sink.data);
		return NULL;
	}
	r->sink.data[r->sink.length] = 0;
	if (length)
		*length = r->sink.length;
	return r->sink.data;
}

/* see fsock/codec.h */
char *
fsock_octets_to_string(const struct fsock_conversion *how, const void *octets, size_t n,
    size_t *length, struct fsock_codec_error *error)
{
	struct run r;

	if (run_init(&r, how, error, 0) != 0)
		return NULL;
	return (char *)collected(&r, decode_all(&r, octets, n), length);
}

/* see fsock/codec.h */
uint8_t *
fsock_string_to_octets(const struct fsock_conversion *how, const char *text, size_t n,
    size_t *length, struct fsock_codec_error *error)
{
	struct run r;

	if (run_init(&r, how, error, 0) != 0)
		return NULL;
	return collected(&r, encode_all(&r, (const uint8_t *)text, n), length);
}

/* see fsock/codec.h */
int64_t
fsock_octet_length(
    const struct fsock_conversion *how, const char *text, size_t n, struct fsock_codec_error *error)
{
	struct run r;

	if (run_init(&r, how, error, 1) != 0 || encode_all(&r, (const uint8_t *)text, n) != 0)
		return -1;
	return (int64_t)r.sink.octets;
}

/* see fsock/codec.h */
int64_t
fsock_char_length(const struct fsock_conversion *how, const void *octets, size_t n,
    struct fsock_codec_error *error)
{
	struct run r;

	if (run_init(&r, how, error, 1) != 0 || decode_all(&r, octets, n) != 0)
		return -1;
	return (int64_t)r.sink.characters;
}
