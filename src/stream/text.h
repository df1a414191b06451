/* The text layer of a stream: formats at work. Both directions stand by themselves. */
#ifndef FSOCK_STREAM_TEXT_H
#define FSOCK_STREAM_TEXT_H

#include <fsock/format.h>

#include "connection.h"

/*
 * Where decoding stands. Text is delivered by the octet, characters are not always read by stdio in
 * one piece: `skip` octets of the text that comes next have been delivered already.
 */
struct fsock__text_state {
	struct fsock_decoder decoder;
	struct fsock_eol eol;
	uint64_t held_at; /* where on the wire the CR is that the line ends hold back */
	size_t skip;
	struct fsock_codec_error error; /* the latest one */
};

/*
 * What must stay true between calls:
 *  1. `now` stands at raw.head and holds nothing back: what follows there has not been looked at,
 *     but for octets that make no text.
 *  2. `mark` stands at raw.mark. Decoding from there gives the `delivered` octets of text that the
 *     last read handed to stdio, and then `now`: so input can be given back to the exact octet.
 */
struct fsock__text_input {
	struct fsock_format format;
	struct fsock__text_state now, mark;
	size_t delivered;
	int final;            /* the last read met the end of input */
	int bom_due;          /* at the start of the stream, which may hold a byte order mark */
	size_t unit;          /* octets of a line end's character on the wire ... */
	uint8_t lf[4], cr[4]; /* ... and which they are */
	char delimiter;       /* what ends a record ... */
	uint8_t end[4];       /* ... and its octets on the wire */
	int cr_ends;          /* a CR is taken for an end, too */
};

struct fsock__text_output {
	struct fsock_format format;
	struct fsock_encoder encoder;
	struct fsock_eol eol;
	int bom_due;
	long column;
	struct fsock_codec_error error;
	const uint8_t *text; /* what is being written: `length` octets, which begin at `start` */
	size_t length;
	uint64_t start;
};

/* The octets of an error as text, "C3 28". Returns buf. */
const char *fsock__text_show(const struct fsock_codec_error *, char buf[16]);

/* Whether line ends are looked at; otherwise charset and errors are all there is to a format. */
static inline int
fsock__text_has_lines(const struct fsock_format *format)
{
	return format->eol != FSOCK_EOL_LF || format->eol_flags != 0;
}

/*
 * Make what a format needs; NULL with errno set on failure, EINVAL also if records are not to be
 * found in such text. Freed with free(3).
 */
struct fsock__text_input *fsock__text_input_new(
    const struct fsock_format *, const struct fsock_record *);
struct fsock__text_output *fsock__text_output_new(const struct fsock_format *);

/*
 * Makes records what the program says. Returns 0, or -1 with errno EINVAL, and no change, if they
 * are not to be found in the octets of this text.
 */
int fsock__text_set_record(struct fsock__text_input *, const struct fsock_record *);

/*
 * format.c: puts formats in force, as if nothing had come before them; NULL leaves a direction as
 * it is. The caller has the input side, and the turn of the output side, as far as either is
 * changed, and has seen to what the old formats hold. Returns 0, or -1 (ENOMEM, EINVAL) with
 * nothing changed.
 */
int fsock__format_apply(
    struct fsock__stream *, const struct fsock_format *input, const struct fsock_format *output);

/*
 * Takes the LF that an automatic line end still owes to its CR out of the format's hands:
 * it is dropped from the raw octets, in the shape that the format gives it.
 */
void fsock__text_keep_owed(struct fsock__stream *);

/* Waits for input and hands text to stdio. Returns as fsock__input_read(). */
ssize_t fsock__text_read(struct fsock__window *, uint8_t *buf, size_t n);

/*
 * Whether a read that finds these n raw octets would yield text, or an error, without receiving
 * more; with `whole`, whole records.
 */
int fsock__text_is_ready(const struct fsock__text_input *, const uint8_t *p, size_t n, int whole);

/* Whether n raw octets in which no record ends are more than one of `limit` octets has. */
int fsock__text_exceeds(const struct fsock__text_input *, size_t n, size_t limit);

/* Forgets what was read last: the mark is where reading stands. */
void fsock__text_settle(struct fsock__text_input *);

/* n octets were read beside the text, or unread if n is below 0. Part of a character is gone. */
void fsock__text_pass(struct fsock__text_input *, int64_t n);

/* Goes back in what was read last, until only `keep` octets of it count as delivered. */
void fsock__text_rewind(struct fsock__stream *, size_t keep);

/* Encodes and sends, in the turn of the output side. Returns 0, or -1 with the error recorded. */
int fsock__text_write(struct fsock__stream *, const uint8_t *buf, size_t n);

/* Sends what ends the text: a line end held back, the way back to the initial shift state. */
int fsock__text_finish(struct fsock__stream *);

#endif
