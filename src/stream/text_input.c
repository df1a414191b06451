/* From the raw buffer through decoder and line ends to stdio. */
#include "../base/compat.h"

#include <stdlib.h>

#include "../base/error.h"
#include "receiver.h"
#include "record.h"
#include "text_decode.h"

enum { PIECE = 2048 };

/* The length up to the end of the first record that ends in `end`, searched from `from`, or 0. */
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
 * The length of what waits up to the end of the first record, searched from `from`; 0 if there is
 * none. Where octets of a character look like a line end a piece of a line is made of it.
 */
static size_t
find_record(const struct fsock__text_input *t, const uint8_t *p, size_t n, size_t from)
{
	size_t length = find_end(t->end, t->unit, p, n, from), cr;

	if (!t->cr_ends)
		return length;
	cr = find_end(t->cr, t->unit, p, length > 0 ? length : n, from);
	return cr > 0 ? cr : length;
}

/* How many of the raw octets that wait to convert at once. */
static size_t
slice(const struct fsock__window *w)
{
	const struct fsock__stream *stream = w->stream;
	size_t n = fsock__receiver_count(stream);
	size_t held = stream->text_input->now.decoder.held_length;
	size_t length;

	if (fsock__receiver_takes_block(w))
		return fsock__receiver_block(n, n);
	length = w->ahead >= n
		     ? 0
		     : find_record(stream->text_input, stream->raw.data + stream->raw.head - held,
			   n + held, w->ahead);
	return length > held ? length - held : n;
}

/* Decides from n octets, as fsock_charset_sniff() does, but for the mark of the one charset. */
static int
is_marked(const struct fsock__text_input *t, const uint8_t *octets, size_t n, size_t *length)
{
	uint8_t mark[4];
	size_t size = fsock__text_encode_one(t->format.charset, "\xEF\xBB\xBF", 3, mark);

	*length = 0;
	if (memcmp(octets, mark, n < size ? n : size) != 0)
		return 1;
	*length = size;
	return n >= size;
}

/*
 * Looks for a byte order mark in n octets. Returns 1 when decided, with its length and the charset
 * it stands for, if it decides that; 0 when more octets must be seen.
 */
static int
find_bom(const struct fsock__text_input *t, const uint8_t *octets, size_t n,
    const struct fsock_charset **found, size_t *length)
{
	*found = NULL;
	*length = 0;
	if (n == 0)
		return 0;
	return t->format.bom == FSOCK_BOM_SNIFF ? fsock_charset_sniff(octets, n, found, length)
						: is_marked(t, octets, n, length);
}

/* Decides about a byte order mark. Returns 1 when that is done, at end of file as well, or -1. */
static ssize_t
settle_bom(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	struct fsock__text_input *t = stream->text_input;
	const struct fsock_charset *found;
	size_t length;

	while (!find_bom(
	    t, fsock__buffer_head(&stream->raw), fsock__receiver_count(stream), &found, &length)) {
		ssize_t r = fsock__receiver_fill(w);

		if (r < 0)
			return -1;
		if (r == 0) {
			found = NULL;
			length = 0;
			break;
		}
	}
	t->bom_due = 0;
	if (found != NULL)
		fsock__text_set_charset(t, found);
	t->now.decoder.position += length;
	stream->raw.head += length;
	stream->raw.mark = stream->raw.head;
	t->mark = t->now;
	return 1;
}

int
fsock__text_is_ready(const struct fsock__text_input *t, const uint8_t *p, size_t n, int whole)
{
	struct fsock__text_input trial = *t;
	const struct fsock_charset *found = NULL;
	size_t bom = 0;

	if (fsock__text_owes(t))
		return 1;
	if (t->bom_due && !find_bom(t, p, n, &found, &bom))
		return 0;
	if (found != NULL)
		fsock__text_set_charset(&trial, found);
	p = bom > 0 ? p + bom : p; /* of nothing, NULL */
	n -= bom;
	while (n > 0) {
		uint8_t aside[2 * FSOCK_CODEC_ROOM];
		size_t length = whole ? find_record(&trial, p, n, 0) : n;
		struct fsock_codec_io io = { p, length, aside, sizeof aside };
		enum fsock_codec_status status = fsock__text_convert(&trial, &io, 0);

		if (status == FSOCK_CODEC_MALFORMED || (size_t)(io.out - aside) > t->now.skip)
			return 1;
		if (io.in_length == length) /* nor is there a record */
			return 0;
		p += length - io.in_length;
		n -= length - io.in_length;
	}
	return 0;
}

/* Records the error that has just been read. Returns -1. */
FSOCK__COLD static int
record(const struct fsock__stream *stream)
{
	const struct fsock__text_input *t = stream->text_input;
	const struct fsock_codec_error *e = &t->now.error;
	const struct fsock *s = stream->socket;
	uint64_t place = fsock__buffer_position(&stream->raw) - e->length + 1;
	int is_cr = memcmp(e->octets, t->cr, t->unit) == 0;
	char octets[16];

	if (is_cr || memcmp(e->octets, t->lf, t->unit) == 0)
		return fsock__error_set_words("read", s->host, s->port, FSOCK_ENCODING_ERROR,
		    EILSEQ, "%s is no line end here (octet %llu of the input)", is_cr ? "CR" : "LF",
		    (unsigned long long)place);
	return fsock__error_set_words("read", s->host, s->port, FSOCK_ENCODING_ERROR, EILSEQ,
	    "%s is no %s (octet %llu of the input)", fsock__text_show(e, octets),
	    fsock_charset_name(t->format.charset), (unsigned long long)place);
}

/* The error that comes next. What was wrong counts as read. */
static ssize_t
report(struct fsock__stream *stream)
{
	struct fsock__text_input *t = stream->text_input;

	/* Octets behind the bad ones may have been looked at: they have not been reached. */
	stream->raw.head -= t->now.decoder.held_length;
	t->now.decoder.held_length = 0;
	stream->raw.mark = stream->raw.head;
	fsock__text_settle(t);
	return record(stream);
}

int
fsock__text_exceeds(const struct fsock__text_input *t, size_t n, size_t limit)
{
	return n / t->unit > limit;
}

/* Whether the text of n raw octets, which end a record, is more than the limit. */
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
		status = fsock__text_convert(&t, &io, 0);
		length += (size_t)(io.out - piece);
	}
	return length > limit + t.mark.skip;
}

/* Waits until a whole record waits in the raw buffer, or the end of input. Returns 0 or -1. */
static int
await_record(struct fsock__window *w)
{
	struct fsock__stream *stream = w->stream;
	struct fsock__text_input *t = stream->text_input;
	size_t limit = w->line_limit > stream->line_fill ? w->line_limit - stream->line_fill : 0;
	size_t seen = 0;

	for (;;) {
		size_t n = fsock__receiver_count(stream), length = 0;
		ssize_t r;

		if (n > seen)
			length = find_record(t, stream->raw.data + stream->raw.head, n, seen);
		if (length > 0 ? is_too_long(stream, length, limit)
			       : fsock__text_exceeds(t, n, limit))
			return (int)fsock__receiver_too_long(stream);
		if (length > 0)
			return 0;
		seen = n;
		r = fsock__receiver_fill(w);
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

	/* The end, once seen, is not waited for again, lest a read that needs it twice loses it. */
	if (fsock__text_owes(w->stream->text_input) || w->stream->text_input->final)
		return 0;
	if (w->delivery == FSOCK_DELIVER_WHOLE_LINE)
		return await_record(w);
	if (fsock__receiver_count(w->stream) > 0)
		return 0;
	r = fsock__receiver_fill(w);
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
		got = fsock__text_take(stream, slice(w), buf, n, &status);
		if (status == FSOCK_CODEC_MALFORMED && got == 0)
			return report(stream);
		/* Octets without end that make no text are let go. */
		if (got == 0 && !fsock__text_holds_back(t) &&
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

/* No more of a record than its limit allows: what is beyond stays. Returns how much, or -1. */
static ssize_t
keep_to_limit(struct fsock__window *w, const uint8_t *buf, size_t n)
{
	struct fsock__stream *stream = w->stream;
	const uint8_t *end = memchr(buf, stream->text_input->delimiter, n);
	size_t length = end == NULL ? n : (size_t)(end - buf) + 1;
	size_t fill = stream->fill_at_mark;

	if (length + fill > w->line_limit) {
		length = w->line_limit > fill ? w->line_limit - fill : 0;
		fsock__text_rewind(stream, length);
		return length == 0 ? fsock__receiver_too_long(stream) : (ssize_t)length;
	}
	stream->line_fill = fsock__record_count(stream, fill, buf, n);
	return (ssize_t)n;
}

ssize_t
fsock__text_read(struct fsock__window *w, uint8_t *buf, size_t n)
{
	struct fsock__stream *stream = w->stream;
	struct fsock__text_input *t = stream->text_input;
	ssize_t r = 1;

	fsock__text_settle(t);
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
	if (fsock__text_holds_back(t) || fsock__text_owes(t))
		fsock__text_rewind(stream, (size_t)r);
	fsock__buffer_rest(&stream->raw);
	return r;
}
