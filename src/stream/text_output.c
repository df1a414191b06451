/* From stdio through line ends and encoder to the socket. */
#include "../base/compat.h"

#include <stdlib.h>

#include "../base/error.h"
#include "sender.h"
#include "text.h"

enum { PIECE = 2048, WIRE = 8192 };

/* Octets on their way to the socket. */
struct wire {
	uint8_t octets[WIRE];
	size_t length;
};

struct fsock__text_output *
fsock__text_output_new(const struct fsock_format *format)
{
	struct fsock__text_output *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->format = *format;
	if (format->charset != NULL) {
		fsock_encoder_init(&t->encoder, format->charset);
		t->bom_due = format->bom == FSOCK_BOM_WRITE &&
			     (fsock_charset_flags(format->charset) & FSOCK_CHARSET_UNICODE) != 0;
	}
	if (fsock_eol_init(&t->eol, format->eol, format->eol_flags) < 0) {
		free(t);
		return NULL;
	}
	return t;
}

static int
send_wire(struct fsock__stream *stream, struct wire *wire)
{
	size_t n = wire->length;

	wire->length = 0;
	return n == 0 ? 0 : fsock__sender_send(stream, wire->octets, n);
}

/*
 * Where encoding stands before a piece of text is translated, so that the place of an error in what
 * came of it can be told as one in the text.
 */
struct origin {
	struct fsock_eol eol;
	const uint8_t *text;
	size_t n;
	uint64_t errors, start; /* of the encoder; what it counts at the piece's first octet */
};

static struct origin
origin_of(const struct fsock__text_output *t, const uint8_t *text, size_t n)
{
	return (struct origin){ t->eol, text, n, t->encoder.errors,
		t->encoder.position + t->encoder.held_length };
}

/* Keeps the latest encoding error, if there is a new one, with its place in the text. */
static void
note(struct fsock__text_output *t, const struct origin *origin)
{
	uint8_t scrap[PIECE];
	struct fsock_eol eol = origin->eol;
	uint64_t offset;

	if (t->encoder.errors == origin->errors)
		return;
	fsock_encoder_error(&t->encoder, &t->error);
	if (!fsock__text_has_lines(&t->format))
		return;
	offset = t->error.offset;
	/* With the exact room line ends stop there, or before what only looks like a character. */
	if (offset >= origin->start) {
		struct fsock_codec_io io = { origin->text, origin->n, scrap,
			(size_t)(offset - origin->start) };

		fsock_eol_encode_with(&eol, &t->format.policy, &io, 0);
		t->error.offset = eol.position + io.out_length;
	} else { /* the character began in a piece before */
		t->error.offset = eol.position - (origin->start - offset);
	}
}

/* Counts the characters of the last line: every octet but those that go on with a character. */
static void
count_columns(struct fsock__text_output *t, const uint8_t *buf, size_t n)
{
	size_t i = n;

	while (i > 0 && buf[i - 1] != '\n')
		i--;
	if (i > 0)
		t->column = 0;
	for (; i < n; i++)
		t->column += (buf[i] & 0xC0) != 0x80;
}

/* Where in its line the latest error is: what is being written begins behind t->column. */
static long
column_of(const struct fsock__text_output *t)
{
	struct fsock__text_output until = *t;

	if (t->error.offset < t->start) /* a character cut in two, which is counted */
		return t->column;
	count_columns(&until, t->text,
	    t->error.offset - t->start < t->length ? (size_t)(t->error.offset - t->start)
						   : t->length);
	return until.column + 1;
}

/* Records what cannot be written. */
static void
record(const struct fsock__stream *stream)
{
	const struct fsock__text_output *t = stream->text_output;
	const struct fsock *s = stream->socket;
	const char *charset = fsock_charset_name(t->format.charset);
	char octets[16];

	if (t->error.status == FSOCK_CODEC_UNMAPPABLE)
		fsock__error_set_words("write", s->host, s->port, FSOCK_ENCODING_ERROR, EILSEQ,
		    "U+%04lX cannot be written in %s (character %ld of its line)",
		    (unsigned long)t->error.code_point, charset, column_of(t));
	else
		fsock__error_set_words("write", s->host, s->port, FSOCK_ENCODING_ERROR, EILSEQ,
		    "%s is no UTF-8 (character %ld of its line)",
		    fsock__text_show(&t->error, octets), column_of(t));
}

/* An encoding error: what comes before it is sent, then output has failed for good. */
static int
fail(struct fsock__stream *stream, struct wire *wire, const struct origin *origin)
{
	if (send_wire(stream, wire) < 0)
		return -1;
	note(stream->text_output, origin);
	record(stream);
	return fsock__sender_fail(stream);
}

/* Encodes text whose line ends are the wire's. */
static int
encode(struct fsock__stream *stream, struct wire *wire, const uint8_t *text, size_t n,
    const struct origin *origin)
{
	struct fsock__text_output *t = stream->text_output;
	struct fsock_codec_io io = { text, n, NULL, 0 };
	enum fsock_codec_status status;

	do {
		io.out = wire->octets + wire->length;
		io.out_length = sizeof wire->octets - wire->length;
		status = fsock_encode_with(&t->encoder, &t->format.policy, &io, 0);
		wire->length = sizeof wire->octets - io.out_length;
		if (status == FSOCK_CODEC_MALFORMED || status == FSOCK_CODEC_UNMAPPABLE)
			return fail(stream, wire, origin);
		if (status == FSOCK_CODEC_OUTPUT_FULL && send_wire(stream, wire) < 0)
			return -1;
	} while (status == FSOCK_CODEC_OUTPUT_FULL);
	return 0;
}

/* Appends octets that are the wire's already. */
static int
append(struct fsock__stream *stream, struct wire *wire, const uint8_t *octets, size_t n)
{
	while (n > 0) {
		size_t room = sizeof wire->octets - wire->length;

		if (room > n)
			room = n;
		memcpy(wire->octets + wire->length, octets, room);
		wire->length += room;
		octets += room;
		n -= room;
		if (wire->length == sizeof wire->octets && send_wire(stream, wire) < 0)
			return -1;
	}
	return 0;
}

/* Translates line ends, and encodes what comes of it. `final`: no text follows. */
static int
translate(struct fsock__stream *stream, struct wire *wire, const uint8_t *buf, size_t n, int final)
{
	struct fsock__text_output *t = stream->text_output;
	struct fsock_codec_io io = { buf, n, NULL, 0 };
	struct origin origin = origin_of(t, buf, n);
	enum fsock_codec_status status;
	uint8_t piece[PIECE];
	int r;

	if (!fsock__text_has_lines(&t->format)) {
		r = encode(stream, wire, buf, n, &origin);
		note(t, &origin);
		return r;
	}
	do {
		uint64_t rejected = t->eol.errors;
		size_t got;

		origin = origin_of(t, io.in, io.in_length);
		io.out = piece;
		io.out_length = sizeof piece;
		status = fsock_eol_encode_with(&t->eol, &t->format.policy, &io, final);
		got = (size_t)(io.out - piece);
		if (t->eol.errors != rejected)
			fsock_eol_error(&t->eol, &t->error);
		r = t->format.charset == NULL ? append(stream, wire, piece, got)
					      : encode(stream, wire, piece, got, &origin);
		note(t, &origin);
		if (r < 0)
			return -1;
		if (status == FSOCK_CODEC_MALFORMED)
			return fail(stream, wire, &origin);
	} while (status == FSOCK_CODEC_OUTPUT_FULL);
	return 0;
}

/* Notes what is being written, for the place of an error. */
static void
begin(struct fsock__text_output *t, const uint8_t *text, size_t n)
{
	t->text = text;
	t->length = n;
	t->start = fsock__text_has_lines(&t->format) ? t->eol.position + t->eol.held_length
						     : t->encoder.position + t->encoder.held_length;
}

int
fsock__text_write(struct fsock__stream *stream, const uint8_t *buf, size_t n)
{
	static const uint8_t bom[] = { 0xEF, 0xBB, 0xBF };
	struct fsock__text_output *t = stream->text_output;
	struct wire wire;

	wire.length = 0;
	begin(t, buf, n);
	if (t->bom_due && !stream->sent) {
		struct origin origin = origin_of(t, bom, sizeof bom);

		if (encode(stream, &wire, bom, sizeof bom, &origin) < 0)
			return -1;
		t->encoder.position = 0; /* it is no text of the program */
	}
	t->bom_due = 0;
	if (translate(stream, &wire, buf, n, 0) < 0)
		return -1;
	count_columns(t, buf, n);
	return send_wire(stream, &wire);
}

int
fsock__text_finish(struct fsock__stream *stream)
{
	struct fsock__text_output *t = stream->text_output;
	struct fsock_codec_io io = { NULL, 0, NULL, 0 };
	enum fsock_codec_status status;
	struct origin origin;
	struct wire wire;

	wire.length = 0;
	begin(t, NULL, 0);
	if (translate(stream, &wire, NULL, 0, 1) < 0)
		return -1;
	if (t->format.charset == NULL)
		return send_wire(stream, &wire);
	origin = origin_of(t, NULL, 0);
	do {
		io.out = wire.octets + wire.length;
		io.out_length = sizeof wire.octets - wire.length;
		status = fsock_encode_finish_with(&t->encoder, &t->format.policy, &io);
		wire.length = sizeof wire.octets - io.out_length;
		note(t, &origin);
		if (status == FSOCK_CODEC_MALFORMED || status == FSOCK_CODEC_UNMAPPABLE)
			return fail(stream, &wire, &origin);
		if (send_wire(stream, &wire) < 0)
			return -1;
	} while (status == FSOCK_CODEC_OUTPUT_FULL);
	return 0;
}
