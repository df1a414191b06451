/* From the raw buffer through decoder and line ends to stdio. */
#include "../compat.h"

#include <stdlib.h>

#include "../sock/error.h"
#include "input.h"
#include "text.h"

enum { PIECE = 2048 };

/* One character on the wire, from the initial shift state. Returns its length; 0: there is none. */
static size_t
encode_one(const struct fsock_charset *charset, const char *text, uint8_t octets[4])
{
	struct fsock_codec_io io = { (const uint8_t *)text, strlen(text), octets, 4 };
	struct fsock_encoder encoder;

	fsock_encoder_init(&encoder, charset);
	return fsock_encode(&encoder, &io, 1) == FSOCK_CODEC_INPUT_EMPTY ? 4 - io.out_length : 0;
}

/* Starts decoding a charset, or octets that stand for themselves. */
static void
set_charset(struct fsock__text_input *t, const struct fsock_charset *charset)
{
	t->format.charset = charset;
	t->unit = 1;
	t->lf[0] = '\n';
	t->cr[0] = '\r';
	if (charset == NULL)
		return;
	fsock_decoder_init(&t->now.decoder, charset);
	if (encode_one(charset, "\r", t->cr) > 0)
		t->unit = encode_one(charset, "\n", t->lf);
}

struct fsock__text_input *
fsock__text_input_new(const struct fsock_format *format)
{
	struct fsock__text_input *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->format = *format;
	set_charset(t, format->charset);
	if (fsock_eol_init(&t->now.eol, format->eol, format->eol_flags) < 0) {
		free(t);
		return NULL;
	}
	t->mark = t->now;
	return t;
}

/* Keeps the error that is further on. */
static void
note(struct fsock__text_state *now, const struct fsock_codec_error *error)
{
	if (now->error.length == 0 || error->offset >= now->error.offset)
		now->error = *error;
}

/*
 * The latest rejected line end, as it is on the wire: `before` decodes what begins at `in`, and its
 * text begins at `start` for the line ends.
 */
static void
note_line_end(struct fsock__text_input *t, const struct fsock_decoder *before, const uint8_t *in,
    size_t n, uint64_t start)
{
	struct fsock_decoder decoder = *before;
	struct fsock_codec_error error;
	uint8_t piece[PIECE];

	fsock_eol_error(&t->now.eol, &error);
	if (error.offset >= start) {
		struct fsock_codec_io io = { in, n, piece, (size_t)(error.offset - start) };

		fsock_decode_with(&decoder, &t->format.policy, &io, 0);
	} else { /* it was held back */
		decoder.position -= t->unit;
	}
	error.offset = decoder.position;
	error.length = t->unit;
	memcpy(error.octets, error.octets[0] == '\r' ? t->cr : t->lf, t->unit);
	note(&t->now, &error);
}

static void
note_character(struct fsock__text_state *now, uint64_t errors_before)
{
	struct fsock_codec_error error;

	if (now->decoder.errors == errors_before)
		return;
	fsock_decoder_error(&now->decoder, &error);
	note(now, &error);
}

/* The room for decoding a piece whose text has `room` behind the line ends. */
static size_t
piece_room(size_t room)
{
	return room > PIECE ? PIECE : room < 2 * FSOCK_CODEC_ROOM ? 2 * FSOCK_CODEC_ROOM : room;
}

/*
 * Both stages. Where the line ends have not taken all of a piece, or there is room for no more, the
 * decoder is brought back to the character behind what they have taken: the two stand at the same
 * place. Where decoding stops at an error no line end goes on behind it.
 */
static enum fsock_codec_status
convert_both(struct fsock__text_input *t, struct fsock_codec_io *io, int final)
{
	const struct fsock_policy *policy = &t->format.policy;
	struct fsock__text_state *now = &t->now;
	uint8_t piece[PIECE];

	for (;;) {
		struct fsock_decoder before = now->decoder;
		uint64_t start = now->eol.position + now->eol.held_length;
		uint64_t rejected = now->eol.errors;
		struct fsock_codec_io raw = { io->in, io->in_length, piece,
			piece_room(io->out_length) };
		struct fsock_codec_io text = { piece, 0, io->out, io->out_length };
		enum fsock_codec_status decoded, ended;

		decoded = fsock_decode_with(&now->decoder, policy, &raw, final);
		text.in_length = (size_t)(raw.out - piece);
		ended = fsock_eol_decode_with(&now->eol, policy, &text,
		    decoded == FSOCK_CODEC_MALFORMED ||
		        (final && decoded == FSOCK_CODEC_INPUT_EMPTY));
		if (now->eol.errors != rejected)
			note_line_end(t, &before, io->in, io->in_length, start);
		if (ended == FSOCK_CODEC_INPUT_EMPTY && text.out_length == 0)
			ended = FSOCK_CODEC_OUTPUT_FULL;
		if (ended != FSOCK_CODEC_INPUT_EMPTY) {
			raw = (struct fsock_codec_io){ io->in, io->in_length, piece,
				(size_t)(text.in - piece) };
			now->decoder = before;
			fsock_decode_with(&now->decoder, policy, &raw, final);
		}
		note_character(now, before.errors);
		*io = (struct fsock_codec_io){ raw.in, raw.in_length, text.out, text.out_length };
		if (ended != FSOCK_CODEC_INPUT_EMPTY)
			return ended;
		if (decoded == FSOCK_CODEC_MALFORMED)
			now->eol.owes_lf = 0;
		if (decoded != FSOCK_CODEC_OUTPUT_FULL)
			return decoded;
	}
}

/* Converts as much as it can, and moves `now` on by it. */
static enum fsock_codec_status
convert(struct fsock__text_input *t, struct fsock_codec_io *io, int final)
{
	const struct fsock_policy *policy = &t->format.policy;
	enum fsock_codec_status status;
	uint64_t errors = t->now.eol.errors;

	if (t->format.charset == NULL) {
		status = fsock_eol_decode_with(&t->now.eol, policy, io, final);
		if (t->now.eol.errors != errors)
			fsock_eol_error(&t->now.eol, &t->now.error);
		return status;
	}
	if (t->format.eol != FSOCK_EOL_LF || t->format.eol_flags != 0)
		return convert_both(t, io, final);
	errors = t->now.decoder.errors;
	status = fsock_decode_with(&t->now.decoder, policy, io, final);
	note_character(&t->now, errors);
	return status;
}

/* Whether the stages have taken in octets that they hold back. */
static int
holds_back(const struct fsock__text_input *t)
{
	return t->now.decoder.held_length > 0 || t->now.eol.held_length > 0;
}

/* Whether text is left of what a policy has put in the place of an error that was read. */
static int
owes_text(const struct fsock__text_input *t)
{
	return t->now.decoder.owed != 0 || t->now.eol.owed != 0;
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
	size_t skipped = t->mark.skip, left = skipped + keep;

	t->now = t->mark;
	t->delivered = keep;
	stream->raw.head = stream->raw.mark;
	stream->line_fill = stream->fill_at_mark;
	/* With the exact room of the text that counts, decoding stops right behind it. */
	while (left > 0) {
		uint8_t piece[PIECE];
		enum fsock_codec_status status;
		size_t room = left < sizeof piece ? left : sizeof piece;
		size_t n = take(stream, fsock__input_count(stream), piece, room, &status);
		size_t old = skipped < n ? skipped : n;

		if (n == 0) /* it ends inside a character */
			break;
		stream->line_fill =
		    fsock__input_count_line(stream->line_fill, piece + old, n - old);
		skipped -= old;
		left -= n;
	}
	stream->line_fill += left - skipped;
	t->now.skip = left;
}

void
fsock__text_settle(struct fsock__text_input *t)
{
	t->mark = t->now;
	t->delivered = 0;
}

void
fsock__text_pass(struct fsock__text_input *t, int64_t n)
{
	t->now.skip = 0;
	t->now.decoder.owed = t->now.eol.owed = 0;
	t->bom_due = 0;
	if (t->format.charset == NULL)
		t->now.eol.position += (uint64_t)n;
	else
		t->now.decoder.position += (uint64_t)n;
}

/* The length up to the end of the first line that ends in `end`, searched behind `from`, or 0. */
static size_t
find_end(const uint8_t *end, size_t unit, const uint8_t *p, size_t n, size_t from)
{
	size_t place = end[0] != 0 ? 0 : unit - 1; /* of the octet that is not 0 */
	const uint8_t *at = p + from - from % unit;

	n -= n % unit;
	while (at < p + n && (at = memchr(at, end[place], (size_t)(p + n - at))) != NULL) {
		size_t i = (size_t)(at - p) - (size_t)(at - p) % unit;

		if (memcmp(p + i, end, unit) == 0)
			return i + unit;
		at++;
	}
	return 0;
}

/*
 * The length of what waits up to the end of the first line, searched behind `from`; 0 if there is
 * none. Where octets of a character look like a line end a piece of a line is made of it.
 */
static size_t
find_line(const struct fsock__text_input *t, const uint8_t *p, size_t n, size_t from)
{
	size_t lf = find_end(t->lf, t->unit, p, n, from), cr;

	if (t->format.eol != FSOCK_EOL_CR && t->format.eol != FSOCK_EOL_AUTO)
		return lf;
	cr = find_end(t->cr, t->unit, p, lf > 0 ? lf : n, from);
	return cr > 0 ? cr : lf;
}

/* How many of the raw octets that wait to convert at once. */
static size_t
slice(const struct fsock__window *w)
{
	const struct fsock__stream *stream = w->stream;
	size_t n = fsock__input_count(stream);
	size_t held = stream->text_input->now.decoder.held_length;
	size_t line;

	if (w->delivery == FSOCK_DELIVER_BLOCK)
		return fsock__input_block(n, n);
	line = find_line(
	    stream->text_input, stream->raw.data + stream->raw.head - held, n + held, 0);
	return line > held ? line - held : n;
}

/* Decides from n octets, as fsock_charset_sniff() does, but for the mark of the one charset. */
static int
is_marked(const struct fsock__text_input *t, const uint8_t *octets, size_t n, size_t *length)
{
	uint8_t mark[4];
	size_t size = encode_one(t->format.charset, "\xEF\xBB\xBF", mark);

	*length = 0;
	if (memcmp(octets, mark, n < size ? n : size) != 0)
		return 1;
	*length = size;
	return n >= size;
}

/* Decides about a byte order mark. Returns 1 when that is done, at end of file as well, or -1. */
static ssize_t
settle_bom(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	struct fsock__text_input *t = stream->text_input;
	const struct fsock_charset *found = NULL;
	int decided = 0;
	size_t length = 0;

	for (;;) {
		const uint8_t *octets = stream->raw.data + stream->raw.head;
		size_t n = fsock__input_count(stream);
		ssize_t r;

		if (n > 0 && t->format.bom == FSOCK_BOM_SNIFF)
			decided = fsock_charset_sniff(octets, n, &found, &length);
		else if (n > 0)
			decided = is_marked(t, octets, n, &length);
		if (decided)
			break;
		r = fsock__input_fill(w);
		if (r < 0)
			return -1;
		if (r == 0)
			length = 0;
		if (r == 0)
			break;
	}
	t->bom_due = 0;
	if (found != NULL)
		set_charset(t, found);
	t->now.decoder.position += length;
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
	if (n == 0 || !(trial->format.bom == FSOCK_BOM_SNIFF
	                       ? fsock_charset_sniff(p, n, &found, &length)
	                       : is_marked(trial, p, n, &length)))
		return -1;
	if (found != NULL)
		set_charset(trial, found);
	return (int)length;
}

int
fsock__text_is_ready(const struct fsock__text_input *t, const uint8_t *p, size_t n, int line)
{
	struct fsock__text_input trial = *t;
	int bom = try_bom(&trial, p, n);

	if (owes_text(t))
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

/* The error that comes next. What was wrong counts as read. */
static ssize_t
report(struct fsock__stream *stream)
{
	struct fsock__text_input *t = stream->text_input;
	const struct fsock *s = stream->socket;

	t->mark = t->now;
	t->delivered = 0;
	stream->raw.mark = stream->raw.head;
	return fsock__error_set_kind("read", s->host, s->port, FSOCK_ENCODING_ERROR, EILSEQ);
}

int
fsock__text_exceeds(const struct fsock__text_input *t, size_t n, size_t limit)
{
	return n / t->unit > limit;
}

/* Whether the text of n raw octets, which end a line, is more than the limit. */
static int
is_too_long(const struct fsock__stream *stream, size_t n, size_t limit)
{
	struct fsock__text_input t = *stream->text_input;
	struct fsock_codec_io io = { stream->raw.data + stream->raw.head, n, NULL, 0 };
	enum fsock_codec_status status = FSOCK_CODEC_OUTPUT_FULL;
	uint8_t piece[PIECE];
	size_t length = 0;

	if (n < limit / 4) /* what stands for one bad octet is at most four times as long */
		return 0;
	while (status == FSOCK_CODEC_OUTPUT_FULL && length <= limit) {
		io.out = piece;
		io.out_length = sizeof piece;
		status = convert(&t, &io, 0);
		length += (size_t)(io.out - piece);
	}
	return length > limit + t.mark.skip;
}

/* Waits until a whole line waits in the raw buffer, or the end of input. Returns 0 or -1. */
static int
await_line(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	struct fsock__text_input *t = stream->text_input;
	size_t limit = w->line_limit > stream->line_fill ? w->line_limit - stream->line_fill : 0;
	size_t seen = 0;

	for (;;) {
		size_t n = fsock__input_count(stream), line = 0;
		ssize_t r;

		if (n > seen)
			line = find_line(t, stream->raw.data + stream->raw.head, n, seen);
		if (line > 0 ? is_too_long(stream, line, limit) : fsock__text_exceeds(t, n, limit))
			return (int)fsock__input_too_long(stream);
		if (line > 0)
			return 0;
		seen = n;
		r = fsock__input_fill(w);
		if (r <= 0) {
			t->final = r == 0;
			return (int)r;
		}
	}
}

/* Waits until there is something to convert, or the end of input. Returns 0 or -1. */
static int
await(struct fsock__window *w)
{
	ssize_t r;

	if (owes_text(w->stream->text_input))
		return 0;
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
		if (status == FSOCK_CODEC_MALFORMED && got == 0)
			return report(stream);
		/* Octets without end that make no text are let go. */
		if (got == 0 && !holds_back(t) &&
		    stream->raw.head - stream->raw.mark > FSOCK__BUFFER_SMALL) {
			stream->raw.mark = stream->raw.head;
			fsock__text_settle(t);
		}
	} while (got == 0 && !(t->final && status == FSOCK_CODEC_INPUT_EMPTY));
	/* An error is found again by the next read, which then begins with it. */
	if (status == FSOCK_CODEC_MALFORMED)
		fsock__text_rewind(stream, got);
	return (ssize_t)got;
}

/*
 * Room for less than a character, or a character of which a part was delivered: its text is made
 * aside, and what fits is delivered of it.
 */
static ssize_t
read_part(struct fsock__window *w, uint8_t *buf, size_t n)
{
	uint8_t aside[2 * FSOCK_CODEC_ROOM];
	size_t skip = w->stream->text_input->now.skip, skipped;
	ssize_t r;

	do {
		r = read_some(w, aside, sizeof aside);
		if (r <= 0)
			return r;
		skipped = skip < (size_t)r ? skip : (size_t)r;
		skip -= skipped;
	} while (skipped == (size_t)r);
	if (n > (size_t)r - skipped)
		n = (size_t)r - skipped;
	memcpy(buf, aside + skipped, n);
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
	if (r > 0)
		r = n < FSOCK_CODEC_ROOM || t->now.skip > 0 ? read_part(w, buf, n)
		                                            : read_some(w, buf, n);
	if (r > 0 && w->line_limit != 0 && w->delivery != FSOCK_DELIVER_BLOCK)
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
