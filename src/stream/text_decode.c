/* Decoding: charset and line ends of the raw octets, and going back in them. */
#include "../base/compat.h"
#include "text_decode.h"

#include <stdio.h>
#include <stdlib.h>

#include "../codec/utf8.h"
#include "receiver.h"
#include "record.h"

enum { PIECE = 2048, CHECKED = 4096 };

size_t
fsock__text_encode_one(
    const struct fsock_charset *charset, const char *text, size_t n, uint8_t octets[4])
{
	struct fsock_codec_io io = { (const uint8_t *)text, n, octets, 4 };
	struct fsock_encoder encoder;

	fsock_encoder_init(&encoder, charset);
	return fsock_encode(&encoder, &io, 1) == FSOCK_CODEC_INPUT_EMPTY ? 4 - io.out_length : 0;
}

/* What ends a record, on the wire. */
static void
set_end(struct fsock__text_input *t)
{
	t->end[0] = (uint8_t)t->delimiter;
	if (t->format.charset != NULL)
		fsock__text_encode_one(t->format.charset, &t->delimiter, 1, t->end);
}

void
fsock__text_set_charset(struct fsock__text_input *t, const struct fsock_charset *charset)
{
	t->format.charset = charset;
	t->unit = 1;
	t->lf[0] = '\n';
	t->cr[0] = '\r';
	set_end(t);
	if (charset == NULL)
		return;
	fsock_decoder_init(&t->now.decoder, charset);
	if (fsock__text_encode_one(charset, "\r", 1, t->cr) > 0)
		t->unit = fsock__text_encode_one(charset, "\n", 1, t->lf);
}

/*
 * Whether an octet of a character other than ASCII can be the delimiter's own. Control characters
 * are in no charset a part of another.
 */
static int
is_ambiguous(const struct fsock_charset *charset, uint8_t delimiter)
{
	return charset != NULL && delimiter >= ' ' &&
	       !(fsock_charset_flags(charset) & FSOCK_CHARSET_ONE_OCTET) &&
	       strncmp(fsock_charset_name(charset), "utf-", 4) != 0;
}

/* Whether a delimiter can be told from the rest of the text by its octets alone. */
static int
is_plain(const struct fsock__text_input *t, uint8_t delimiter)
{
	const struct fsock_charset *charset = t->format.charset;
	char text = (char)delimiter;
	uint8_t octets[4];

	if (delimiter > 0x7F || is_ambiguous(charset, delimiter) ||
	    (fsock__text_has_lines(&t->format) && (delimiter == '\n' || delimiter == '\r')))
		return 0;
	return charset == NULL || fsock__text_encode_one(charset, &text, 1, octets) == t->unit;
}

int
fsock__text_set_record(struct fsock__text_input *t, const struct fsock_record *what)
{
	int is_line = what->kind == FSOCK_RECORD_LINE;

	if (!is_line && (what->kind != FSOCK_RECORD_DELIMITED || !is_plain(t, what->delimiter))) {
		errno = EINVAL;
		return -1;
	}
	t->delimiter = is_line ? '\n' : (char)what->delimiter;
	t->cr_ends = is_line && (t->format.eol == FSOCK_EOL_CR || t->format.eol == FSOCK_EOL_AUTO);
	set_end(t);
	return 0;
}

struct fsock__text_input *
fsock__text_input_new(const struct fsock_format *format, const struct fsock_record *what)
{
	struct fsock__text_input *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->format = *format;
	fsock__text_set_charset(t, format->charset);
	if (fsock__text_set_record(t, what) < 0 ||
	    fsock_eol_init(&t->now.eol, format->eol, format->eol_flags) < 0) {
		errno = EINVAL;
		free(t);
		return NULL;
	}
	t->mark = t->now;
	return t;
}

const char *
fsock__text_show(const struct fsock_codec_error *error, char buf[16])
{
	char *p = buf;

	*p = '\0';
	for (size_t i = 0; i < error->length && i < sizeof error->octets; i++)
		p += snprintf(p, 4, i == 0 ? "%02X" : " %02X", error->octets[i]);
	return buf;
}

/* Keeps the error that is further on. */
static void
note(struct fsock__text_state *now, const struct fsock_codec_error *error)
{
	if (now->error.length == 0 || error->offset >= now->error.offset)
		now->error = *error;
}

/*
 * Where on the wire the last of the first n octets of text is, a line end: `decoder` decodes what
 * begins at raw->in.
 */
static uint64_t
place_of(const struct fsock__text_input *t, struct fsock_decoder decoder,
    const struct fsock_codec_io *raw, size_t n)
{
	uint8_t piece[PIECE];
	struct fsock_codec_io io = { raw->in, raw->in_length, piece, n };

	fsock_decode_with(&decoder, &t->format.policy, &io, 0);
	return decoder.position - t->unit;
}

/*
 * Keeps the latest rejected line end as it is on the wire. `before` stands at raw->in, and its text
 * begins at `start` for the line ends.
 */
static void
note_line_end(struct fsock__text_input *t, const struct fsock_decoder *before,
    const struct fsock_codec_io *raw, uint64_t start)
{
	struct fsock_codec_error error;

	fsock_eol_error(&t->now.eol, &error);
	error.offset = error.offset < start
			   ? t->now.held_at
			   : place_of(t, *before, raw, (size_t)(error.offset - start) + 1);
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
 * Brings the decoder, from `before` on, to the character behind the octets of its piece that the
 * line ends have taken; their own text begins at `out`. Some charsets have one for two code points:
 * if that is cut the line ends go back to it.
 */
static void
keep_in_step(struct fsock__text_input *t, const struct fsock__text_state *before,
    struct fsock_codec_io *raw, struct fsock_codec_io *text, uint8_t *out, int final)
{
	const struct fsock_policy *policy = &t->format.policy;
	const uint8_t *piece = raw->out;
	size_t used = (size_t)(text->in - piece);

	t->now.decoder = before->decoder;
	raw->out_length = used;
	fsock_decode_with(&t->now.decoder, policy, raw, final);
	if ((size_t)(raw->out - piece) == used)
		return;
	t->now.eol = before->eol;
	text->out_length += (size_t)(text->out - out);
	text->out = out;
	text->in = piece;
	text->in_length = (size_t)(raw->out - piece);
	fsock_eol_decode_with(&t->now.eol, policy, text, 1); /* what follows is no line end */
}

/* How much UTF-8 to check for `room` octets of text: a line end is twice as long at most. */
static size_t
piece_to_check(size_t n, size_t room)
{
	size_t most = room < CHECKED / 2 ? 2 * room + FSOCK_CODEC_ROOM : CHECKED;

	return n < most ? n : most;
}

/*
 * Line ends of a piece of UTF-8, of which only the whole characters are checked, in place. Returns
 * whether there may be more such pieces. What is left is for the two stages: no room, a character
 * that is not whole or not right, a line end that is not allowed, which they find again.
 */
static int
convert_checked(struct fsock__text_input *t, struct fsock_codec_io *io)
{
	struct fsock__text_state *now = &t->now;
	struct fsock_eol before = now->eol;
	size_t n = fsock__utf8_length(io->in, piece_to_check(io->in_length, io->out_length));
	struct fsock_codec_io text = { io->in, n, io->out, io->out_length };
	enum fsock_codec_status status;

	status = fsock_eol_decode_with(&now->eol, &t->format.policy, &text, 0);
	if (now->eol.errors != before.errors) {
		now->eol = before;
		return 0;
	}
	n -= text.in_length;
	now->decoder.position += n;
	if (now->eol.held_length != 0 && n > 0)
		now->held_at = now->decoder.position - 1;
	*io = (struct fsock_codec_io){ text.in, io->in_length - n, text.out, text.out_length };
	return status == FSOCK_CODEC_INPUT_EMPTY && n > 0;
}

/* Whether the octets that come next are the text itself, as far as they are valid UTF-8. */
static int
may_check_in_place(const struct fsock__text_input *t, const struct fsock_codec_io *io)
{
	return io->in_length > 0 && io->out_length > 0 &&
	       t->format.charset == &fsock__charset_utf_8 && t->now.decoder.held_length == 0 &&
	       t->now.decoder.owed == 0 && t->now.eol.owed == 0;
}

/*
 * Both stages. Where the line ends have not taken all of a piece, or there is room for no more, the
 * decoder is brought back to them: the two stand at the same place. Where decoding stops at an
 * error no line end goes on behind it.
 */
static enum fsock_codec_status
convert_both(struct fsock__text_input *t, struct fsock_codec_io *io, int final)
{
	const struct fsock_policy *policy = &t->format.policy;
	struct fsock__text_state *now = &t->now;
	uint8_t piece[PIECE];

	while (may_check_in_place(t, io) && convert_checked(t, io))
		;
	for (;;) {
		struct fsock__text_state before = *now;
		uint64_t start = now->eol.position + now->eol.held_length;
		struct fsock_codec_io raw = { io->in, io->in_length, piece,
			piece_room(io->out_length) };
		struct fsock_codec_io text = { piece, 0, io->out, io->out_length };
		enum fsock_codec_status decoded, ended;

		decoded = fsock_decode_with(&now->decoder, policy, &raw, final);
		text.in_length = (size_t)(raw.out - piece);
		ended = fsock_eol_decode_with(&now->eol, policy, &text,
		    decoded == FSOCK_CODEC_MALFORMED ||
			(final && decoded == FSOCK_CODEC_INPUT_EMPTY));
		if (now->eol.errors != before.eol.errors)
			note_line_end(t, &before.decoder, io, start);
		if (now->eol.held_length != 0 && raw.out != piece)
			now->held_at = place_of(t, before.decoder, io, (size_t)(raw.out - piece));
		if (ended == FSOCK_CODEC_INPUT_EMPTY && text.out_length == 0)
			ended = FSOCK_CODEC_OUTPUT_FULL;
		if (ended != FSOCK_CODEC_INPUT_EMPTY) {
			raw = (struct fsock_codec_io){ io->in, io->in_length, piece, 0 };
			keep_in_step(t, &before, &raw, &text, io->out, final);
		}
		note_character(now, before.decoder.errors);
		*io = (struct fsock_codec_io){ raw.in, raw.in_length, text.out, text.out_length };
		if (ended != FSOCK_CODEC_INPUT_EMPTY)
			return ended;
		if (decoded == FSOCK_CODEC_MALFORMED)
			now->eol.owes_lf = 0;
		if (decoded != FSOCK_CODEC_OUTPUT_FULL)
			return decoded;
	}
}

enum fsock_codec_status
fsock__text_convert(struct fsock__text_input *t, struct fsock_codec_io *io, int final)
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
	if (fsock__text_has_lines(&t->format))
		return convert_both(t, io, final);
	errors = t->now.decoder.errors;
	status = fsock_decode_with(&t->now.decoder, policy, io, final);
	note_character(&t->now, errors);
	return status;
}

int
fsock__text_holds_back(const struct fsock__text_input *t)
{
	return t->now.decoder.held_length > 0 || t->now.eol.held_length > 0;
}

int
fsock__text_owes(const struct fsock__text_input *t)
{
	return t->now.decoder.owed != 0 || t->now.eol.owed != 0;
}

size_t
fsock__text_take(struct fsock__stream *stream, size_t n, uint8_t *out, size_t room,
    enum fsock_codec_status *status)
{
	struct fsock__text_input *t = stream->text_input;
	struct fsock__buffer *raw = &stream->raw;
	struct fsock_codec_io io = { fsock__buffer_head(raw), n, out, room };

	*status = fsock__text_convert(t, &io, t->final);
	raw->head += n - io.in_length;
	return (size_t)(io.out - out);
}

/*
 * Goes to the mark and decodes `length` octets of text anew: with their exact room decoding stops
 * right behind them. Octets that are no characters may be cut anywhere, as room for text is not: of
 * them no more are offered. Returns how many are left, of a character that the end is inside of.
 */
static size_t
decode_again(struct fsock__stream *stream, size_t length)
{
	struct fsock__text_input *t = stream->text_input;
	size_t skipped = t->mark.skip;

	t->now = t->mark;
	stream->raw.head = stream->raw.mark;
	stream->line_fill = stream->fill_at_mark;
	while (length > 0) {
		uint8_t piece[PIECE];
		enum fsock_codec_status status;
		size_t room = length < sizeof piece ? length : sizeof piece;
		size_t head = stream->raw.head, count = fsock__receiver_count(stream), n, old;

		if (t->format.charset == NULL && count > room)
			count = room;
		n = fsock__text_take(stream, count, piece, room, &status);
		if (n == 0 && (t->format.charset != NULL || stream->raw.head == head))
			break;
		old = skipped < n ? skipped : n;
		stream->line_fill =
		    fsock__record_count(stream, stream->line_fill, piece + old, n - old);
		skipped -= old;
		length -= n;
	}
	stream->line_fill += length - skipped;
	return length;
}

void
fsock__text_rewind(struct fsock__stream *stream, size_t keep)
{
	struct fsock__text_input *t = stream->text_input;
	size_t length = t->mark.skip + keep, left = decode_again(stream, length);
	size_t fill = stream->line_fill;

	/*
	 * A character in the place of bad octets: like any other, they are read with its last one.
	 * Where only the end of input makes them bad, and has not come yet, they are held back.
	 */
	if (left > 0 && (fsock__text_owes(t) || fsock__text_holds_back(t)))
		decode_again(stream, length - left);
	stream->line_fill = fill;
	t->now.skip = left;
	t->delivered = keep;
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

void
fsock__text_keep_owed(struct fsock__stream *stream)
{
	struct fsock__text_input *t = stream->text_input;

	if (t == NULL || !t->now.eol.owes_lf)
		return;
	t->now.eol.owes_lf = 0;
	memcpy(stream->owed, t->lf, t->unit);
	stream->owed_length = (uint8_t)t->unit;
	stream->owed_beyond = 0;
}
