/*
 * fsock/codec.h - charsets and line ends as pure functions: octets of the wire <-> UTF-8 text.
 *
 * Nothing here knows a socket or a FILE. A decoder or an encoder is a small plain struct: no
 * allocation, nothing to free, and an assignment makes a copy that goes on by itself (keep one as
 * a checkpoint). Conversion runs over pieces: however the input is cut, output, errors and their
 * offsets are the same. Standards: the WHATWG Encoding Standard (errors are maximal subparts, so
 * an ASCII octet after a bad lead octet is given back), RFC 3629 for UTF-8, RFC 2781 for UTF-16.
 *
 * Conventions: text is UTF-8 in uint8_t, lengths are octets. A pointer may be NULL where its
 * length is 0. No function blocks or prints; errno is touched only where Errors says so, and
 * fsock_last_error() is not told. Threads: charsets are constant and shared, a state belongs to one
 * thread at a time.
 */
#ifndef FSOCK_CODEC_H
#define FSOCK_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include <fsock/api.h>

FSOCK_BEGIN_DECLS

/* ---- charsets ---- */

struct fsock_charset;

enum fsock_charset_flags {
	FSOCK_CHARSET_ASCII = 1, /* ASCII superset: an octet below 80 (hex) that starts a character
	                            is that ASCII character; 0A and 0D are never part of another */
	FSOCK_CHARSET_ONE_OCTET = 2, /* every character is one octet */
	FSOCK_CHARSET_UNICODE = 4,   /* can write every code point but surrogates */
	FSOCK_CHARSET_SHIFTS = 8,    /* has a shift state: fsock_encode_finish may write octets */
	FSOCK_CHARSET_DECODE_ONLY = 16, /* "replacement": the encoder writes UTF-8 instead */
	FSOCK_CHARSET_ICONV = 32        /* learned from the libc's iconv, so libcs may differ */
};

/*
 * Finds a charset by name: every name of flexi-streams, every label of the WHATWG standard, and
 * cpN, ibmN, code-page-N, codepage-N for the code pages. Letters match in either case, nothing is
 * trimmed. Where the two disagree flexi-streams decides: "latin1" and "iso-8859-1" are the real
 * ISO-8859-1, "ascii" is 7 bit, "iso-8859-9" and "iso-8859-11" are themselves, and "utf-16",
 * "ucs-2", "unicode", "utf-32" mean the machine's own octet order (write utf-16le or utf-16be
 * where the wire decides). "gbk", "gb2312" and "cp936" keep the octet FF (U+F8F5) and the octets
 * A3 A0 (U+E5E5) apart; in the standard's GBK, here "x-gbk", FF is an error and A3 A0 a space.
 * Returns: the charset, or NULL for an unknown name or NULL. Ownership: static, never freed.
 */
FSOCK_API const struct fsock_charset *fsock_charset_find(const char *name);

/*
 * As fsock_charset_find; a name that the library does not carry is then looked up in the libc's
 * iconv. Only one-octet charsets can be had that way: all 256 octets are asked once and become a
 * table, marked FSOCK_CHARSET_ICONV, that is kept until the process ends.
 * Returns: the charset, or NULL. Errors: EINVAL (nobody knows the name, or it is not a one-octet
 * charset), ENOMEM. Threads: may be called from several at once. Give it no name that came from
 * the peer: a libc may load code to answer.
 */
FSOCK_API const struct fsock_charset *fsock_charset_find_or_iconv(const char *name);

/* The code page with a number (437, 1252, 936 ...). Returns: the charset, or NULL if unknown. */
FSOCK_API const struct fsock_charset *fsock_charset_code_page(unsigned number);

/* The library's own charsets one after the other. Returns: NULL when i is past the last. */
FSOCK_API const struct fsock_charset *fsock_charset_at(size_t i);

/*
 * All the names that fsock_charset_find knows, sorted, in lower case; if charset is not NULL, what
 * it names goes there. Returns: the name, or NULL when i is past the last.
 */
FSOCK_API const char *fsock_charset_alias(size_t i, const struct fsock_charset **charset);

/*
 * What there is to know of a charset. Of NULL, which is what an unknown name gives, the name is
 * NULL and the rest 0; the functions below that take a charset or a state need one.
 *
 * The usual name, in lower case. Ownership: static.
 */
FSOCK_API const char *fsock_charset_name(const struct fsock_charset *charset);

/* The enum fsock_charset_flags that hold, or-ed. */
FSOCK_API unsigned fsock_charset_flags(const struct fsock_charset *charset);

/* Octets of its shortest and of its longest character (shift sequences counted as well). */
FSOCK_API size_t fsock_charset_minimum(const struct fsock_charset *charset);
FSOCK_API size_t fsock_charset_maximum(const struct fsock_charset *charset);

/*
 * Looks for a byte order mark at the start of a stream of which n octets have arrived.
 * Returns: 1 when decided: *charset is utf-8, utf-16le or utf-16be and *length (3 or 2) octets
 * are the mark, or *charset is NULL and *length 0 when there is none; 0 when more octets must be
 * seen first (never asked for when the octets at hand already rule a mark out).
 */
FSOCK_API int fsock_charset_sniff(
    const uint8_t *octets, size_t n, const struct fsock_charset **charset, size_t *length);

/* ---- pieces ---- */

/*
 * What a call may read and where it may write. Every call moves the pointers on and the lengths
 * down by what it used. Input and output must not overlap.
 */
struct fsock_codec_io {
	const uint8_t *in;
	size_t in_length;
	uint8_t *out;
	size_t out_length;
};

/* Why a call came back. */
enum fsock_codec_status {
	FSOCK_CODEC_INPUT_EMPTY, /* all input is used; an incomplete end is kept in the state */
	FSOCK_CODEC_OUTPUT_FULL, /* input is left, its next character has no room */
	FSOCK_CODEC_MALFORMED,   /* input that is no character; it is used up, ask for the error */
	FSOCK_CODEC_UNMAPPABLE   /* encoder: a character the charset lacks; used up likewise */
};

/* What was wrong. Offsets count input octets since init. */
struct fsock_codec_error {
	enum fsock_codec_status status; /* FSOCK_CODEC_MALFORMED or FSOCK_CODEC_UNMAPPABLE */
	uint32_t code_point;            /* what was unmappable, else 0 */
	uint64_t offset;                /* of the first bad octet */
	size_t length;                  /* how many octets are bad, 1 to 4 */
	uint8_t octets[4];              /* those octets */
};

/* A room of so many octets is enough for any call to get on. */
#define FSOCK_CODEC_ROOM 16

/* ---- decoding: octets to text ---- */

/*
 * Readable by anyone: charset, position (octets whose meaning has been delivered or reported; an
 * incomplete character held back does not count until it is complete), errors (how many were met),
 * held_length (octets taken in beyond position). The rest is the library's.
 */
struct fsock_decoder {
	const struct fsock_charset *charset;
	uint64_t position;
	uint64_t errors;
	uint64_t bad_position;
	uint32_t shift;
	uint32_t answer;
	uint8_t held[4];
	uint8_t held_length;
	uint8_t bad[4];
	uint8_t bad_length;
	uint8_t owed;
	uint8_t owed_done;
};

/* Starts a decoder at the beginning of a stream. charset must not be NULL. */
FSOCK_API void fsock_decoder_init(struct fsock_decoder *, const struct fsock_charset *charset);

/*
 * Decodes as much of io->in as it can into io->out. Characters are written whole or not at all.
 * final says that no octets follow these: an incomplete character is then malformed. Nothing at
 * all is used while the output has no room, not even a shift sequence, so a caller that offers
 * exactly the room of the text he wants finds position right after that text.
 * Returns: INPUT_EMPTY, OUTPUT_FULL or MALFORMED; after MALFORMED call again to go on behind the
 * bad octets (again with final, even with no input left, until INPUT_EMPTY).
 */
FSOCK_API enum fsock_codec_status fsock_decode(
    struct fsock_decoder *, struct fsock_codec_io *io, int final);

/* Describes the latest malformed input, also what a policy took care of. Defined if errors > 0. */
FSOCK_API void fsock_decoder_error(const struct fsock_decoder *, struct fsock_codec_error *error);

/* ---- encoding: text to octets ---- */

/* Readable by anyone: charset, position and errors, as in the decoder but of text; held_length. */
struct fsock_encoder {
	const struct fsock_charset *charset;
	uint64_t position;
	uint64_t errors;
	uint64_t bad_position;
	uint32_t shift;
	uint32_t answer;
	uint32_t code_point;
	uint8_t held[4];
	uint8_t held_length;
	uint8_t bad[4];
	uint8_t bad_length;
	uint8_t owed;
	uint8_t owed_done;
};

/* Starts an encoder in the charset's initial shift state. charset must not be NULL. */
FSOCK_API void fsock_encoder_init(struct fsock_encoder *, const struct fsock_charset *charset);

/*
 * Encodes as much of io->in as it can into io->out; mirrors fsock_decode. Text that is not UTF-8
 * (overlong, surrogate, cut off at the end when final) is MALFORMED, a character that the charset
 * lacks is UNMAPPABLE. What stands in its place must be encoded like any text (shifts).
 * ISO-2022-JP refuses 0E, 0F and 1B (hex), which could switch the reader, as UNMAPPABLE U+FFFD.
 */
FSOCK_API enum fsock_codec_status fsock_encode(
    struct fsock_encoder *, struct fsock_codec_io *io, int final);

/*
 * Ends the text: writes what returns the reader to the initial shift state (ISO-2022-JP: ESC ( B)
 * if it is not there already. Do this at close, half-close and a change of charset, not at a flush.
 * The encoder is then as new and may go on. io->in is not looked at.
 * Returns: INPUT_EMPTY when done; OUTPUT_FULL (call again with room); MALFORMED when the text
 * ended inside a character (call again).
 */
FSOCK_API enum fsock_codec_status fsock_encode_finish(
    struct fsock_encoder *, struct fsock_codec_io *io);

/* Describes the latest error, also one that a policy took care of. Defined if errors > 0. */
FSOCK_API void fsock_encoder_error(const struct fsock_encoder *, struct fsock_codec_error *error);

/* ---- what to do about errors ---- */

enum fsock_on_error {
	FSOCK_ON_ERROR_FAIL,    /* stop and tell */
	FSOCK_ON_ERROR_REPLACE, /* put the substitute in its place */
	FSOCK_ON_ERROR_IGNORE,  /* leave it out */
	FSOCK_ON_ERROR_ESCAPE,  /* bad octets as \xE4, unmappable characters as \u{20AC} */
	FSOCK_ON_ERROR_HTML,    /* as ESCAPE, but unmappable characters as &#8364; */
	FSOCK_ON_ERROR_ASK      /* let a function decide */
};

/* Answers of fsock_ask_function that are no code point. */
#define FSOCK_ANSWER_SKIP (-1) /* leave it out */
#define FSOCK_ANSWER_FAIL (-2) /* stop and tell */

/*
 * Asked what to do about an error: once by the functions of pieces. Whole buffers and streams look
 * at some octets more than once and ask again, streams also from fsock_wait_for_input() and with
 * their locks held: the answer must depend on the error alone, and the function leave the stream
 * alone. Returns: the code point to use instead (flexi-streams' use-value), or one of the answers
 * above; anything that is no code point counts as FSOCK_ANSWER_FAIL.
 */
typedef int32_t fsock_ask_function(void *arg, const struct fsock_codec_error *error);

/*
 * All zero: fail. A substitute of 0 means U+FFFD when decoding, and when encoding U+FFFD or, if
 * the charset lacks that, '?'. A substitute that cannot be encoded becomes '?' as well.
 */
struct fsock_policy {
	enum fsock_on_error on_error;
	uint32_t substitute;
	fsock_ask_function *ask;
	void *arg;
};

/*
 * As fsock_decode and fsock_encode, but errors go the way the policy says; MALFORMED and
 * UNMAPPABLE come back only where it fails. policy NULL is fail. What is put in an error's place
 * is written before any more input is used; if there is no room for it the call returns
 * OUTPUT_FULL and the next one goes on with it, also one without a policy (call again, if only
 * with final, until INPUT_EMPTY). fsock_encode_finish_with does the same for fsock_encode_finish.
 */
FSOCK_API enum fsock_codec_status fsock_decode_with(struct fsock_decoder *,
    const struct fsock_policy *policy, struct fsock_codec_io *io, int final);
FSOCK_API enum fsock_codec_status fsock_encode_with(struct fsock_encoder *,
    const struct fsock_policy *policy, struct fsock_codec_io *io, int final);
FSOCK_API enum fsock_codec_status fsock_encode_finish_with(
    struct fsock_encoder *, const struct fsock_policy *policy, struct fsock_codec_io *io);

/* ---- line ends: text to text ---- */

enum fsock_eol_style {
	FSOCK_EOL_LF,          /* nothing is translated */
	FSOCK_EOL_CR,          /* in: CR is a line end, so is LF. out: CR */
	FSOCK_EOL_CRLF,        /* in: CR LF is one, so is LF alone; CR alone stays. out: CR LF */
	FSOCK_EOL_CRLF_STRICT, /* as CRLF, but CR or LF alone is malformed, in and out */
	FSOCK_EOL_AUTO         /* in: CR LF, CR and LF; a line ends at its CR at once. out: CR LF */
};

enum fsock_eol_flags {
	FSOCK_EOL_IDEMPOTENT = 1, /* out: a CR LF in the text stays CR LF and gets no second CR */
	FSOCK_EOL_REJECT_CR = 2,  /* a CR that is no part of a line end is malformed */
	FSOCK_EOL_REJECT_LF = 4   /* in: an LF that is not the style's own line end is malformed */
};

/*
 * The state of one direction. Readable by anyone: style, flags, position (octets of input whose
 * meaning has been delivered or reported), errors, held_length (1 while a CR waits for what
 * follows), owes_lf (1 while an auto-style CR has been delivered and an LF right after it would
 * still belong to it: whoever changes the format then must drop that LF).
 */
struct fsock_eol {
	uint64_t position;
	uint64_t errors;
	uint64_t bad_position;
	uint8_t style;
	uint8_t flags;
	uint8_t held_length;
	uint8_t owes_lf;
	uint8_t after_cr;
	uint8_t bad;
	uint8_t owed;
	uint8_t owed_done;
	uint32_t answer;
};

/*
 * Starts at the beginning of a line. Returns: 0, or -1. Errors: EINVAL for an unknown style or
 * flag, or FSOCK_EOL_REJECT_* in auto style.
 */
FSOCK_API int fsock_eol_init(struct fsock_eol *, enum fsock_eol_style style, unsigned flags);

/*
 * The reading side: wire line ends become '\n'. The input is text that a decoder wrote, cut
 * anywhere at whole characters. final says that no text follows (a CR that waits is then let go).
 * Returns: INPUT_EMPTY, OUTPUT_FULL, or MALFORMED for a rejected CR or LF, which is used up.
 */
FSOCK_API enum fsock_codec_status fsock_eol_decode(
    struct fsock_eol *, struct fsock_codec_io *io, int final);

/* The writing side: '\n' becomes the wire's line end. Otherwise as fsock_eol_decode. */
FSOCK_API enum fsock_codec_status fsock_eol_encode(
    struct fsock_eol *, struct fsock_codec_io *io, int final);

/* Both under a policy, as fsock_decode_with (ESCAPE gives \x0D or \x0A). */
FSOCK_API enum fsock_codec_status fsock_eol_decode_with(
    struct fsock_eol *, const struct fsock_policy *policy, struct fsock_codec_io *io, int final);
FSOCK_API enum fsock_codec_status fsock_eol_encode_with(
    struct fsock_eol *, const struct fsock_policy *policy, struct fsock_codec_io *io, int final);

/* Describes the latest rejected CR or LF. Defined if errors > 0. */
FSOCK_API void fsock_eol_error(const struct fsock_eol *, struct fsock_codec_error *error);

/* ---- whole buffers ---- */

/* How to convert a whole buffer; the zero value but for charset is: lf line ends, fail. */
struct fsock_conversion {
	const struct fsock_charset *charset;
	enum fsock_eol_style eol;
	unsigned eol_flags;
	struct fsock_policy policy;
};

/*
 * Decodes n octets to text. Returns: the text, with a '\0' after its *length octets (length may be
 * NULL), or NULL. Errors: EILSEQ (*error says what and where in the input, if error is not NULL;
 * for a rejected line end the offset is in the decoded text), EINVAL, ENOMEM, EOVERFLOW.
 * Ownership: the caller frees the text with free().
 */
FSOCK_API char *fsock_octets_to_string(const struct fsock_conversion *, const void *octets,
    size_t n, size_t *length, struct fsock_codec_error *error);

/*
 * Encodes n octets of UTF-8, the closing shift sequence included. Returns, Errors and Ownership as
 * fsock_octets_to_string (a '\0' octet stands behind the result; offsets are in the text).
 */
FSOCK_API uint8_t *fsock_string_to_octets(const struct fsock_conversion *, const char *text,
    size_t n, size_t *length, struct fsock_codec_error *error);

/*
 * How many octets fsock_string_to_octets would make, and how many characters (code points)
 * fsock_octets_to_string would. Nothing is allocated. Returns: the count, or -1. Errors: EILSEQ,
 * EINVAL.
 */
FSOCK_API int64_t fsock_octet_length(
    const struct fsock_conversion *, const char *text, size_t n, struct fsock_codec_error *error);
FSOCK_API int64_t fsock_char_length(
    const struct fsock_conversion *, const void *octets, size_t n, struct fsock_codec_error *error);

FSOCK_END_DECLS

#endif
