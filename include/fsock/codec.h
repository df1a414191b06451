/*
 * fsock/codec.h - charsets and line ends as pure functions: from octets to UTF-8 text and back.
 *
 * These functions use no socket and no FILE. A decoder or an encoder is a small plain struct. It
 * allocates nothing and need not be freed. Assignment makes an independent copy, which may serve as
 * a checkpoint. Conversion works on pieces: output, errors and their offsets do not depend on how
 * the input is cut. Standards: the WHATWG Encoding Standard (an error is a maximal subpart, so an
 * ASCII octet after an invalid lead octet is not part of the error), RFC 3629 for UTF-8, RFC 2781
 * for UTF-16.
 *
 * Conventions: text is UTF-8 in uint8_t, and lengths are in octets. A pointer may be NULL if its
 * length is 0. No function blocks or prints. A function changes errno only if its description has
 * Errors, and none sets fsock_last_error(). Threads: charsets are constant and shared; only one
 * thread at a time may use a state.
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
	FSOCK_CHARSET_ASCII = 1,     /* ASCII superset: an octet below 80 (hex) that starts a
	                            character is that ASCII character; 0A and 0D are never part
	                            of another */
	FSOCK_CHARSET_ONE_OCTET = 2, /* every character is one octet */
	FSOCK_CHARSET_UNICODE = 4,   /* encodes all code points except surrogates */
	FSOCK_CHARSET_SHIFTS = 8,    /* has a shift state: fsock_encode_finish() may write octets */
	FSOCK_CHARSET_DECODE_ONLY = 16, /* "replacement": the encoder writes UTF-8 instead */
	FSOCK_CHARSET_ICONV = 32        /* taken from the libc's iconv, so libcs may differ */
};

/*
 * Finds a charset by name. It knows all names of flexi-streams, all labels of the WHATWG standard,
 * and cpN, ibmN, code-page-N and codepage-N for the code pages. The case of letters is ignored;
 * blanks are not trimmed. If the two sources disagree, flexi-streams takes precedence: "latin1" and
 * "iso-8859-1" are the real ISO-8859-1, "ascii" is 7-bit, "iso-8859-9" and "iso-8859-11" are
 * themselves, and "utf-16", "ucs-2", "unicode" and "utf-32" use the machine's byte order (use
 * utf-16le or utf-16be if the protocol defines it). "gbk", "gb2312" and "cp936" decode the octet FF
 * as U+F8F5 and the octets A3 A0 as U+E5E5. In the standard's GBK, which is "x-gbk" here, FF is an
 * error and A3 A0 is a space.
 * Returns: the charset, or NULL for an unknown name or NULL.
 * Ownership: static, never freed.
 */
FSOCK_API const struct fsock_charset *fsock_charset_find(const char *name);

/*
 * As fsock_charset_find(), but also looks up names that the library lacks in the libc's iconv. Only
 * charsets in which each character is one octet are available this way. The function converts all
 * 256 octets once and keeps the table, with FSOCK_CHARSET_ICONV set, until the process ends. Where
 * the system has no iconv, it knows no other names than fsock_charset_find().
 * Returns: the charset, or NULL.
 * Errors: EINVAL (the name is unknown, or not that of a one-octet charset), ENOMEM.
 * Threads: several threads may call it at once. Do not pass a name that came from the peer: the
 *   libc may load code to look it up.
 */
FSOCK_API const struct fsock_charset *fsock_charset_find_or_iconv(const char *name);

/* Returns the code page with a number (437, 1252, 936 ...), or NULL if unknown. */
FSOCK_API const struct fsock_charset *fsock_charset_code_page(unsigned number);

/* Returns the library's i-th charset, or NULL if i is past the last one. */
FSOCK_API const struct fsock_charset *fsock_charset_at(size_t i);

/*
 * Returns the i-th of all names that fsock_charset_find() knows, sorted, in lower case. If
 * `charset` is not NULL, the function stores the charset of that name there.
 * Returns: the name, or NULL if i is past the last one.
 */
FSOCK_API const char *fsock_charset_alias(size_t i, const struct fsock_charset **charset);

/*
 * The properties of a charset. For NULL, the result of looking up an unknown name, the name is NULL
 * and the other properties are 0. All functions below that take a charset or a state do not accept
 * NULL.
 *
 * This function returns the usual name, in lower case.
 * Ownership: static.
 */
FSOCK_API const char *fsock_charset_name(const struct fsock_charset *charset);

/* Returns the charset's enum fsock_charset_flags, or-ed. */
FSOCK_API unsigned fsock_charset_flags(const struct fsock_charset *charset);

/*
 * Return the lengths in octets of the shortest and the longest character, including shift
 * sequences.
 */
FSOCK_API size_t fsock_charset_minimum(const struct fsock_charset *charset);
FSOCK_API size_t fsock_charset_maximum(const struct fsock_charset *charset);

/*
 * Looks for a byte order mark at the start of a stream, of which n octets have arrived.
 * Returns: 1 once it is decided: either *charset is utf-8, utf-16le or utf-16be and *length is the
 *   length of the mark (3 or 2 octets), or *charset is NULL and *length is 0 if there is no mark. 0
 *   if more octets are needed; never if the available octets already rule out a mark.
 */
FSOCK_API int fsock_charset_sniff(
    const uint8_t *octets, size_t n, const struct fsock_charset **charset, size_t *length);

/* ---- pieces ---- */

/*
 * The input and output of a call. Each call advances the pointers, and reduces the lengths, by the
 * octets that it used. Input and output must not overlap.
 */
struct fsock_codec_io {
	const uint8_t *in;
	size_t in_length;
	uint8_t *out;
	size_t out_length;
};

/* The reason why a call returned. */
enum fsock_codec_status {
	FSOCK_CODEC_INPUT_EMPTY, /* all input is used; the state keeps an incomplete end */
	FSOCK_CODEC_OUTPUT_FULL, /* input is left; the next character does not fit */
	FSOCK_CODEC_MALFORMED,   /* invalid input, consumed; fsock_..._error() describes it */
	FSOCK_CODEC_UNMAPPABLE   /* encoder: a character the charset lacks; consumed, too */
};

/* A description of an error. Offsets count input octets since _init(). */
struct fsock_codec_error {
	enum fsock_codec_status status; /* FSOCK_CODEC_MALFORMED or FSOCK_CODEC_UNMAPPABLE */
	uint32_t code_point;            /* the unmappable character, otherwise 0 */
	uint64_t offset;                /* of the first bad octet */
	size_t length;                  /* the number of bad octets, 1 to 4 */
	uint8_t octets[4];              /* those octets */
};

/* An output of this many octets is sufficient for any call to make progress. */
#define FSOCK_CODEC_ROOM 16

/* ---- decoding: octets to text ---- */

/*
 * Programs may read these members: charset, position (the number of octets that have been delivered
 * or reported; an incomplete character that is held back does not count until it is complete),
 * errors (the number of errors so far), held_length (the number of octets read beyond position).
 * The other members are private.
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

/* Starts a decoder at the beginning of a stream. `charset` must not be NULL. */
FSOCK_API void fsock_decoder_init(struct fsock_decoder *, const struct fsock_charset *charset);

/*
 * Decodes as much of io->in into io->out as possible. A character is written as a whole or not at
 * all. `final` means that no octets follow, so that an incomplete character is malformed. While the
 * output is full no input is used, not even a shift sequence. If the output has exactly the size of
 * the wanted text, position is therefore right after that text.
 * Returns: INPUT_EMPTY, OUTPUT_FULL or MALFORMED. After MALFORMED call the function again to
 *   continue after the bad octets; with `final`, even with no input left, until it returns
 *   INPUT_EMPTY.
 */
FSOCK_API enum fsock_codec_status fsock_decode(
    struct fsock_decoder *, struct fsock_codec_io *io, int final);

/* Describes the latest malformed input, even if a policy handled it. Defined if errors > 0. */
FSOCK_API void fsock_decoder_error(const struct fsock_decoder *, struct fsock_codec_error *error);

/* ---- encoding: text to octets ---- */

/*
 * Programs may read charset, position and errors, as in the decoder but of text, and held_length.
 */
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

/* Starts an encoder in the charset's initial shift state. `charset` must not be NULL. */
FSOCK_API void fsock_encoder_init(struct fsock_encoder *, const struct fsock_charset *charset);

/*
 * Encodes as much of io->in into io->out as possible; the counterpart of fsock_decode(). Text that
 * is not UTF-8 (overlong, a surrogate, or with `final` cut off at the end) is MALFORMED. A
 * character that the charset lacks is UNMAPPABLE; its replacement must be encoded like other text
 * (shifts). ISO-2022-JP rejects 0E, 0F and 1B (hex), which could change the reader's state, as
 * UNMAPPABLE U+FFFD.
 */
FSOCK_API enum fsock_codec_status fsock_encode(
    struct fsock_encoder *, struct fsock_codec_io *io, int final);

/*
 * Ends the text: writes the octets that return the reader to the initial shift state (ISO-2022-JP:
 * ESC ( B), unless the reader is in that state already. Call it before a close, a half-close and a
 * change of charset, but not for a flush. The encoder is then in its initial state and can be used
 * again. io->in is ignored.
 * Returns: INPUT_EMPTY when done; OUTPUT_FULL (call again with more room); MALFORMED if the text
 *   ended inside a character (call again).
 */
FSOCK_API enum fsock_codec_status fsock_encode_finish(
    struct fsock_encoder *, struct fsock_codec_io *io);

/* Describes the latest error, even if a policy handled it. Defined if errors > 0. */
FSOCK_API void fsock_encoder_error(const struct fsock_encoder *, struct fsock_codec_error *error);

/* ---- handling errors ---- */

enum fsock_on_error {
	FSOCK_ON_ERROR_FAIL,    /* stop and return the error */
	FSOCK_ON_ERROR_REPLACE, /* write the substitute instead */
	FSOCK_ON_ERROR_IGNORE,  /* omit it */
	FSOCK_ON_ERROR_ESCAPE,  /* bad octets as \xE4, unmappable characters as \u{20AC} */
	FSOCK_ON_ERROR_HTML,    /* as ESCAPE, but unmappable characters as &#8364; */
	FSOCK_ON_ERROR_ASK      /* call a function to decide */
};

/* Special results of an fsock_ask_function: values that are not code points. */
#define FSOCK_ANSWER_SKIP (-1) /* omit it */
#define FSOCK_ANSWER_FAIL (-2) /* stop and return the error */

/*
 * Decides how to handle an error. The functions for pieces call it once for each error. Functions
 * for whole buffers, and streams, examine some octets more than once and call it again. Streams
 * also call it from fsock_wait_for_input(), and with their locks held. The result must therefore
 * depend on the error alone, and the function must not use the stream.
 * Returns: the code point to use instead (flexi-streams' use-value), or one of the values above.
 *   Any other value counts as FSOCK_ANSWER_FAIL.
 */
typedef int32_t fsock_ask_function(void *arg, const struct fsock_codec_error *error);

/*
 * All zero: fail. A substitute of 0 means U+FFFD; an encoder whose charset lacks U+FFFD uses '?'. A
 * substitute that cannot be encoded is also replaced by '?'.
 */
struct fsock_policy {
	enum fsock_on_error on_error;
	uint32_t substitute;
	fsock_ask_function *ask;
	void *arg;
};

/*
 * As fsock_decode() and fsock_encode(), but errors are handled by a policy. MALFORMED and
 * UNMAPPABLE are returned only if the policy fails. A NULL policy fails. The replacement of an
 * error is written before more input is used. If it does not fit, the call returns OUTPUT_FULL, and
 * the next call continues with it, even a call without a policy (call again, with `final` if need
 * be, until it returns INPUT_EMPTY). fsock_encode_finish_with() is the same for
 * fsock_encode_finish().
 */
FSOCK_API enum fsock_codec_status fsock_decode_with(struct fsock_decoder *,
    const struct fsock_policy *policy, struct fsock_codec_io *io, int final);
FSOCK_API enum fsock_codec_status fsock_encode_with(struct fsock_encoder *,
    const struct fsock_policy *policy, struct fsock_codec_io *io, int final);
FSOCK_API enum fsock_codec_status fsock_encode_finish_with(
    struct fsock_encoder *, const struct fsock_policy *policy, struct fsock_codec_io *io);

/* ---- line ends: text to text ---- */

enum fsock_eol_style {
	FSOCK_EOL_LF,          /* no translation */
	FSOCK_EOL_CR,          /* in: CR and LF are line ends. out: CR */
	FSOCK_EOL_CRLF,        /* in: CR LF and LF are line ends; CR alone stays. out: CR LF */
	FSOCK_EOL_CRLF_STRICT, /* as CRLF, but CR or LF alone is malformed, in and out */
	FSOCK_EOL_AUTO         /* in: CR LF, CR and LF; a CR ends its line at once. out: CR LF */
};

enum fsock_eol_flags {
	FSOCK_EOL_IDEMPOTENT = 1, /* out: a CR LF in the text stays CR LF and gets no second CR */
	FSOCK_EOL_REJECT_CR = 2,  /* a CR that is not part of a line end is malformed */
	FSOCK_EOL_REJECT_LF = 4   /* in: an LF that is not the style's own line end is malformed */
};

/*
 * The state of one direction. Programs may read these members: style, flags, position (the number
 * of input octets that have been delivered or reported), errors, held_length (1 while a CR waits
 * for the next octet), owes_lf (1 after auto style has delivered a CR, while an LF right after it
 * would still belong to that line end: a program that then changes the format must drop that LF).
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
 * Starts at the beginning of a line.
 * Returns: 0, or -1.
 * Errors: EINVAL for an unknown style or flag, or for FSOCK_EOL_REJECT_* in auto style.
 */
FSOCK_API int fsock_eol_init(struct fsock_eol *, enum fsock_eol_style style, unsigned flags);

/*
 * Converts input: the line ends of the style become '\n'. The input is text from a decoder, cut
 * between any two characters. `final` means that no text follows; a CR that waits is then
 * delivered.
 * Returns: INPUT_EMPTY, OUTPUT_FULL, or MALFORMED for a rejected CR or LF, which is consumed.
 */
FSOCK_API enum fsock_codec_status fsock_eol_decode(
    struct fsock_eol *, struct fsock_codec_io *io, int final);

/* Converts output: '\n' becomes the line end of the style. Otherwise as fsock_eol_decode(). */
FSOCK_API enum fsock_codec_status fsock_eol_encode(
    struct fsock_eol *, struct fsock_codec_io *io, int final);

/* The same with a policy, as fsock_decode_with() (ESCAPE writes \x0D or \x0A). */
FSOCK_API enum fsock_codec_status fsock_eol_decode_with(
    struct fsock_eol *, const struct fsock_policy *policy, struct fsock_codec_io *io, int final);
FSOCK_API enum fsock_codec_status fsock_eol_encode_with(
    struct fsock_eol *, const struct fsock_policy *policy, struct fsock_codec_io *io, int final);

/* Describes the latest rejected CR or LF. Defined if errors > 0. */
FSOCK_API void fsock_eol_error(const struct fsock_eol *, struct fsock_codec_error *error);

/* ---- whole buffers ---- */

/* The conversion of a whole buffer. Zero members, except charset, mean lf line ends and fail. */
struct fsock_conversion {
	const struct fsock_charset *charset;
	enum fsock_eol_style eol;
	unsigned eol_flags;
	struct fsock_policy policy;
};

/*
 * Decodes n octets to text.
 * Returns: the text, followed by a '\0' after its *length octets (`length` may be NULL), or NULL.
 * Errors: EILSEQ (unless `error` is NULL, *error describes the error and its position in the input;
 *   for a rejected line end the offset is in the decoded text), EINVAL, ENOMEM, EOVERFLOW.
 * Ownership: the caller frees the text with free().
 */
FSOCK_API char *fsock_octets_to_string(const struct fsock_conversion *, const void *octets,
    size_t n, size_t *length, struct fsock_codec_error *error);

/*
 * Encodes n octets of UTF-8, including the final shift sequence. Returns, Errors and Ownership as
 * for fsock_octets_to_string() (a '\0' octet follows the result; offsets are in the text).
 */
FSOCK_API uint8_t *fsock_string_to_octets(const struct fsock_conversion *, const char *text,
    size_t n, size_t *length, struct fsock_codec_error *error);

/*
 * Return the number of octets that fsock_string_to_octets() would produce, and the number of
 * characters (code points) that fsock_octets_to_string() would produce. They allocate nothing.
 * Returns: the count, or -1.
 * Errors: EILSEQ, EINVAL.
 */
FSOCK_API int64_t fsock_octet_length(
    const struct fsock_conversion *, const char *text, size_t n, struct fsock_codec_error *error);
FSOCK_API int64_t fsock_char_length(
    const struct fsock_conversion *, const void *octets, size_t n, struct fsock_codec_error *error);

FSOCK_END_DECLS

#endif
