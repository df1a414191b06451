/* From the raw buffer through decoder and line ends to stdio. */
#include "../compat.h"

#include <stdlib.h>

#include "../sock/error.h"
#include "input.h"
#include "text.h"

enum { PIECE = 2048 };

struct fsock__text_input *
fsock__text_input_new(const struct fsock_format *format)
{
	struct fsock__text_input *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->format = *format;
	if (format->charset != NULL)
		fsock_decoder_init(&t->now.decoder, format->charset);
	if (fsock_eol_init(&t->now.eol, format->eol, format->eol_flags) < 0) {
		free(t);
		return NULL;
	}
	t->mark = t->now;
	t->ends[0] = t->ends[1] = '\n';
	if (format->eol == FSOCK_EOL_CR || format->eol == FSOCK_EOL_AUTO)
		t->ends[1] = '\r';
	return t;
}

/*
 * Both stages. After each piece the decoder is brought back in step if the line ends did not take
 * all of its text, so that the two always stand at the same character.
 */
static enum fsock_codec_status
convert_both(struct fsock__text_input *t, struct fsock_codec_io *io, int final)
{
	const struct fsock_policy *policy = &t->format.policy;
	uint8_t piece[PIECE];

	for (;;) {
		struct fsock_decoder before = t->now.decoder;
		struct fsock_codec_io raw = { io->in, io->in_length, piece, sizeof piece };
		struct fsock_codec_io text = { piece, 0, io->out, io->out_length };
		enum fsock_codec_status decoded, ended;

		if (io->out_length < sizeof piece && io->out_length > FSOCK_CODEC_ROOM)
			raw.out_length = io->out_length;
		decoded = fsock_decode_with(&t->now.decoder, policy, &raw, final);
		text.in_length = (size_t)(raw.out - piece);
		ended = fsock_eol_decode_with(
		    &t->now.eol, policy, &text, final && decoded == FSOCK_CODEC_INPUT_EMPTY);
		io->out = text.out;
		io->out_length = text.out_length;
		if (text.in_length > 0) {
			size_t used = (size_t)(text.in - piece);

			t->now.decoder = before;
			raw = (struct fsock_codec_io){ io->in, io->in_length, piece, used };
			fsock_decode_with(&t->now.decoder, policy, &raw, final);
		}
		io->in = raw.in;
		io->in_length = raw.in_length;
		if (ended == FSOCK_CODEC_MALFORMED)
			fsock_eol_error(&t->now.eol, &t->error);
		else if (text.in_length == 0 && decoded == FSOCK_CODEC_MALFORMED)
			fsock_decoder_error(&t->now.decoder, &t->error);
		if (ended != FSOCK_CODEC_INPUT_EMPTY)
			return ended;
		if (decoded != FSOCK_CODEC_OUTPUT_FULL)
			return decoded;
	}
}

/* Converts as much as it can, and moves `now` on by it. */
static enum fsock_codec_status
convert(struct fsock__text_input *t, struct fsock_codec_io *io, int final)
{
	enum fsock_codec_status status;

	if (t->format.charset == NULL) {
		status = fsock_eol_decode_with(&t->now.eol, &t->format.policy, io, final);
		if (status == FSOCK_CODEC_MALFORMED)
			fsock_eol_error(&t->now.eol, &t->error);
		return status;
	}
	if (t->format.eol != FSOCK_EOL_LF || t->format.eol_flags != 0)
		return convert_both(t, io, final);
	status = fsock_decode_with(&t->now.decoder, &t->format.policy, io, final);
	if (status == FSOCK_CODEC_MALFORMED)
		fsock_decoder_error(&t->now.decoder, &t->error);
	return status;
}

/* Whether the stages have taken in octets that they hold back. */
static int
holds_back(const struct fsock__text_input *t)
{
	return t->now.decoder.held_length > 0 || t->now.eol.held_length > 0;
}

/*
 * Converts n of the raw octets that wait into `room` octets at out, and takes them from the raw
 * buffer. Returns how much text there is; *status says why it stopped.
 */
static size_t
take(struct fsock__stream *stream, size_t n, uint8_t *out, size_t room,
    enum fsock_codec_status *status)
{
	struct fsock__text_input *t = stream->text_input;
	struct fsock__buffer *raw = &stream->raw;
	struct fsock_codec_io io = { n == 0 ? NULL : raw->data + raw->head, n, out, room };

	*status = convert(t, &io, t->final);
	raw->head += n - io.in_length;
	return (size_t)(io.out - out);
}

void
fsock__text_rewind(struct fsock__stream *stream, size_t keep)
{
	struct fsock__text_input *t = stream->text_input;
	struct fsock__buffer *raw = &stream->raw;
	size_t left = t->mark.skip + keep;
	size_t end = raw->head;

	t->now = t->mark;
	t->failed = 0;
	t->delivered = keep;
	raw->head = raw->mark;
	stream->line_fill = stream->fill_at_mark;
	/* With the exact room of the text that counts, decoding stops right behind it. */
	while (left > 0) {
		uint8_t piece[PIECE];
		enum fsock_codec_status status;
		size_t room = left < sizeof piece ? left : sizeof piece;
		size_t n = take(stream, end - raw->head, piece, room, &status);

		if (n == 0) /* it ends inside a character */
			break;
		stream->line_fill = fsock__input_count_line(stream->line_fill, piece, n);
		left -= n;
	}
	t->now.skip = left;
}

void
fsock__text_settle(struct fsock__text_input *t)
{
	t->mark = t->now;
	t->delivered = 0;
}

/* How a character of one octet looks on the wire: octets a unit, and which of them it is. */
struct unit {
	size_t size, place;
};

static struct unit
unit_of(const struct fsock_charset *charset)
{
	struct unit unit = { charset == NULL ? 1 : fsock_charset_minimum(charset), 0 };
	const char *name = charset == NULL ? "" : fsock_charset_name(charset);
	size_t length = strlen(name);

	if (unit.size > 1 && strcmp(name + length - 2, "be") == 0)
		unit.place = unit.size - 1;
	return unit;
}

/* The length of the unit at p if it is the character c, else 0. */
static size_t
is_unit(const uint8_t *p, struct unit unit, uint8_t c)
{
	for (size_t i = 0; i < unit.size; i++)
		if (p[i] != (i == unit.place ? c : 0))
			return 0;
	return unit.size;
}

/*
 * The length of what waits up to the end of the first line, searched behind `from`; 0 if there is
 * none. In an odd charset it may be wrong, which only makes a piece of a line of it.
 */
static size_t
find_line(const struct fsock__text_input *t, const uint8_t *p, size_t n, size_t from)
{
	struct unit unit = unit_of(t->format.charset);

	if (unit.size == 1) {
		const uint8_t *a = from < n ? memchr(p + from, t->ends[0], n - from) : NULL;

		if (a != NULL)
			n = (size_t)(a - p) + 1;
		if (t->ends[1] != t->ends[0] && from < n) {
			const uint8_t *b = memchr(p + from, t->ends[1], n - from);

			a = b != NULL ? b : a;
		}
		return a == NULL ? 0 : (size_t)(a - p) + 1;
	}
	for (size_t i = from - from % unit.size; n - i >= unit.size && i < n; i += unit.size)
		if (is_unit(p + i, unit, t->ends[0]) || is_unit(p + i, unit, t->ends[1]))
			return i + unit.size;
	return 0;
}

/* How many of the raw octets that wait to convert at once. */
static size_t
slice(const struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	size_t n = fsock__input_count(stream);
	size_t line;

	if (w->delivery == FSOCK_DELIVER_BLOCK)
		return fsock__input_block(n, n);
	line = find_line(stream->text_input, stream->raw.data + stream->raw.head, n, 0);
	return line > 0 ? line : n;
}

/* Decides about a byte order mark. Returns 1 when that is done, 0 at end of file, or -1. */
static ssize_t
settle_bom(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	struct fsock__text_input *t = stream->text_input;
	const struct fsock_charset *found = NULL;
	size_t length = 0;
	ssize_t r = 1;

	while (r > 0 && (fsock__input_count(stream) == 0 ||
	                 !fsock_charset_sniff(stream->raw.data + stream->raw.head,
	                     fsock__input_count(stream), &found, &length)))
		r = fsock__input_fill(w);
	if (r < 0)
		return -1;
	t->bom_due = 0;
	if (found != NULL && t->format.bom == FSOCK_BOM_SNIFF) {
		t->format.charset = found;
		fsock_decoder_init(&t->now.decoder, found);
	}
	if (found != NULL && found == t->format.charset)
		stream->raw.head += length;
	stream->raw.mark = stream->raw.head;
	t->mark = t->now;
	return 1;
}

/* Passes over a byte order mark as settle_bom() does. Returns its length, or -1: more is needed. */
static int
try_bom(struct fsock__text_input *trial, const uint8_t *p, size_t n)
{
	const struct fsock_charset *found = NULL;
	size_t length = 0;

	if (!trial->bom_due)
		return 0;
	if (n == 0 || !fsock_charset_sniff(p, n, &found, &length))
		return -1;
	if (found != NULL && trial->format.bom == FSOCK_BOM_SNIFF) {
		trial->format.charset = found;
		fsock_decoder_init(&trial->now.decoder, found);
	}
	return found != NULL && found == trial->format.charset ? (int)length : 0;
}

int
fsock__text_is_ready(const struct fsock__text_input *t, const uint8_t *p, size_t n, int line)
{
	struct fsock__text_input trial = *t;
	int bom = try_bom(&trial, p, n);

	if (t->failed)
		return 1;
	if (bom < 0)
		return 0;
	for (p += bom, n -= (size_t)bom; n > 0;) {
		uint8_t aside[2 * FSOCK_CODEC_ROOM];
		size_t length = line ? find_line(&trial, p, n, 0) : n;
		struct fsock_codec_io io = { p, length, aside, sizeof aside };
		enum fsock_codec_status status = convert(&trial, &io, 0);

		if (status == FSOCK_CODEC_MALFORMED || (size_t)(io.out - aside) > t->now.skip)
			return 1;
		if (io.in_length == length) /* nor is there a line */
			return 0;
		p += length - io.in_length;
		n -= length - io.in_length;
	}
	return 0;
}

/* The error that is due. What was wrong counts as read. */
static ssize_t
report(struct fsock__stream *stream)
{
	struct fsock__text_input *t = stream->text_input;
	const struct fsock *s = stream->socket;

	t->failed = 0;
	t->mark = t->now;
	t->delivered = 0;
	stream->raw.mark = stream->raw.head;
	return fsock__error_set_kind("read", s->host, s->port, FSOCK_ENCODING_ERROR, EILSEQ);
}

/* Waits until a whole line waits in the raw buffer, or the end of input. Returns 0 or -1. */
static int
await_line(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	size_t seen = 0;

	for (;;) {
		size_t n = fsock__input_count(stream);
		ssize_t r;

		if (n > seen && find_line(stream->text_input,
		                    stream->raw.data + stream->raw.head, n, seen) > 0)
			return 0;
		if (n + stream->line_fill >= w->line_limit)
			return (int)fsock__input_too_long(stream);
		seen = n;
		r = fsock__input_fill(w);
		if (r <= 0) {
			stream->text_input->final = r == 0;
			return (int)r;
		}
	}
}

/* Waits until there is something to convert, or the end of input. Returns 0 or -1. */
static int
await(struct fsock__window *w)
{
	ssize_t r;

	if (w->delivery == FSOCK_DELIVER_WHOLE_LINE)
		return await_line(w);
	if (fsock__input_count(w->stream) > 0)
		return 0;
	r = fsock__input_fill(w);
	w->stream->text_input->final = r == 0;
	return r < 0 ? -1 : 0;
}

/*
 * Converts what waits, after having waited for it, until there is text. Returns how much; 0 at end
 * of file; or -1.
 */
static ssize_t
read_some(struct fsock__window *w, uint8_t *buf, size_t n)
{
	struct fsock__stream *stream = w->stream;
	struct fsock__text_input *t = stream->text_input;
	enum fsock_codec_status status;
	size_t got;

	do {
		if (await(w) < 0)
			return -1;
		got = take(stream, slice(w), buf, n, &status);
		if (status == FSOCK_CODEC_MALFORMED) {
			t->failed = 1;
			return got > 0 ? (ssize_t)got : report(stream);
		}
	} while (got == 0 && !(t->final && status == FSOCK_CODEC_INPUT_EMPTY));
	return (ssize_t)got;
}

/*
 * Room for less than a character, or a character of which a part was delivered: its text is made
 * aside, and what fits is delivered of it.
 */
static ssize_t
read_part(struct fsock__window *w, uint8_t *buf, size_t n)
{
	struct fsock__text_input *t = w->stream->text_input;
	uint8_t aside[2 * FSOCK_CODEC_ROOM];
	size_t skip = t->now.skip;
	ssize_t r = read_some(w, aside, sizeof aside);

	if (r <= (ssize_t)skip) /* not to be: what was skipped is there again */
		return r < 0 ? r : 0;
	if (n > (size_t)r - skip)
		n = (size_t)r - skip;
	memcpy(buf, aside + skip, n);
	fsock__text_rewind(w->stream, n);
	return (ssize_t)n;
}

/* No more of a line than its limit allows: what is beyond stays. Returns how much, or -1. */
static ssize_t
keep_to_limit(struct fsock__window *w, const uint8_t *buf, size_t n)
{
	struct fsock__stream *stream = w->stream;
	const uint8_t *end = memchr(buf, '\n', n);
	size_t line = end == NULL ? n : (size_t)(end - buf) + 1;
	size_t fill = stream->fill_at_mark;

	if (line + fill > w->line_limit) {
		line = w->line_limit > fill ? w->line_limit - fill : 0;
		fsock__text_rewind(stream, line);
		return line == 0 ? fsock__input_too_long(stream) : (ssize_t)line;
	}
	stream->line_fill = fsock__input_count_line(fill, buf, n);
	return (ssize_t)n;
}

ssize_t
fsock__text_read(struct fsock__window *w, uint8_t *buf, size_t n)
{
	struct fsock__stream *stream = w->stream;
	struct fsock__text_input *t = stream->text_input;
	ssize_t r = 1;

	t->mark = t->now;
	t->delivered = 0;
	t->final = 0;
	if (t->bom_due)
		r = settle_bom(w);
	if (r > 0 && t->failed)
		return report(stream);
	if (r > 0)
		r = n < FSOCK_CODEC_ROOM || t->now.skip > 0 ? read_part(w, buf, n)
		                                            : read_some(w, buf, n);
	if (r > 0 && w->line_limit != 0)
		r = keep_to_limit(w, buf, (size_t)r);
	if (r < 0) { /* as if nothing had been looked at */
		fsock__text_rewind(stream, 0);
		return -1;
	}
	t->delivered = (size_t)r;
	if (holds_back(t))
		fsock__text_rewind(stream, (size_t)r);
	fsock__buffer_rest(&stream->raw);
	return r;
}
