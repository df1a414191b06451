/*
 * fsock/format.h - what the octets of a stream mean: charset, line ends, and what is done about
 * errors. The conventions are in fsock.h, charsets and line-end styles in fsock/codec.h.
 *
 * Inside a FILE text is UTF-8 with lines ended by '\n', always; a format says what is sent and
 * received. Without one octets pass unchanged. Input and output each have a format of their own,
 * which may be changed at any moment: input at the exact octet the program has read up to, whatever
 * has been read ahead; output behind everything written so far.
 *
 * As text, a format is words with commas between, in any order:
 *
 *	a charset        any name that fsock_charset_find_or_iconv() knows; none: octets unchanged
 *	binary           nothing is translated, and lines mean nothing: FSOCK_DELIVER_WHOLE_LINE
 *	                 delivers what is there. No other word goes with it.
 *	lf cr crlf crlf-strict auto      line ends (enum fsock_eol_style); default lf
 *	strict           errors fail, with errno EILSEQ and FSOCK_ENCODING_ERROR; the default
 *	replace          errors are replaced by U+FFFD, or '?' where that cannot be written
 *	replace=C        ... by the character C
 *	ignore           errors are left out
 *	escape  html     errors are written as \xE4 and \u{20AC}, or as &#8364;
 *	idempotent       output: a CR LF that the program writes itself stays one
 *	reject-cr  reject-lf             input: CR, LF that are no line end of the style are errors
 *	bom=strip        input: a byte order mark at the start of the stream is dropped
 *	bom=sniff        input: ... and decides the charset
 *	bom=write        output: the stream starts with one
 *
 * ccs=, eol= and errors= may stand before a charset, a word for line ends, a policy: "latin-1,crlf"
 * is "ccs=latin-1,eol=crlf".
 *
 * An error in input is reported when the program gets there, after all text before it; clearerr(f)
 * and the next read goes on behind the bad octets. An error in output is final, as all failed
 * writes are: everything before it has been sent. "auto" input returns a line at its CR at once.
 *
 * Threads: those that read, write and flush take the FILE's lock, as fgets() and fflush() do, and
 * wait for a call of another thread on it. Those that need to know exactly what input a FILE holds
 * do not wait: they fail with EBUSY at once if another thread is using that FILE, or the one that
 * was read last. These are fsock_set_format() and fsock_set_formats() for input,
 * fsock_format_errors() for input, fsock_octet_position(), fsock_set_bound(), fsock_pending() and
 * fsock_upgrade(). A change of the format of output passes over what a FILE holds that another
 * thread is using: call fflush(3) first for what must go before.
 */
#ifndef FSOCK_FORMAT_H
#define FSOCK_FORMAT_H

#include <stdint.h>
#include <stdio.h>

#include <fsock/api.h>
#include <fsock/codec.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

enum fsock_bom { FSOCK_BOM_NONE = 0, FSOCK_BOM_STRIP, FSOCK_BOM_SNIFF, FSOCK_BOM_WRITE };

/* All zero: binary. */
struct fsock_format {
	const struct fsock_charset *charset; /* NULL: octets pass unchanged */
	enum fsock_eol_style eol;
	unsigned eol_flags; /* enum fsock_eol_flags, or-ed */
	struct fsock_policy policy;
	enum fsock_bom bom;
};

/*
 * Reads a format from its text.
 * Returns: 0 with *format set, or -1. Errors: EINVAL (NULL, an unknown word or charset, words that
 *   contradict each other), ENOMEM.
 */
FSOCK_API int fsock_format_parse(struct fsock_format *format, const char *text);

/*
 * Sets the format of a stream: of input, output, or both, whichever the stream has.
 * Returns: 0, or -1 with the old format in place. Errors: those of fsock_format_parse(); EINVAL if
 *   `f` is no stream of this library; for output those of fflush(3); for input EBUSY (see above),
 *   and for both EAGAIN (another thread's write waits for the peer). Blocks: as fflush(3) for
 *   output, else no.
 */
FSOCK_API int fsock_set_format(FILE *f, const char *format);

/*
 * The same with structs, and each direction by itself; NULL leaves a direction as it is.
 * Errors: also EINVAL for a direction that the stream does not have.
 */
FSOCK_API int fsock_set_formats(
    FILE *f, const struct fsock_format *input, const struct fsock_format *output);

/*
 * The formats in force; either pointer may be NULL. A direction without one gives all zero.
 * Returns: 0, or -1 (EINVAL: no stream of this library).
 */
FSOCK_API int fsock_get_formats(FILE *f, struct fsock_format *input, struct fsock_format *output);

/*
 * How many errors the formats in force have met, replaced ones as well, up to where the program
 * has read, or has written and flushed; and what the last one was, with its offset in octets (of
 * text, for output) since the format was set. Any pointer may be NULL; *last is all zero if there
 * was none. direction is FSOCK_INPUT or FSOCK_OUTPUT.
 * Returns: 0, or -1 (EINVAL: no stream of this library, or not one of that direction; EBUSY).
 */
FSOCK_API int fsock_format_errors(
    FILE *f, int direction, uint64_t *count, struct fsock_codec_error *last);

/*
 * The column that output has reached under a format: characters written since the last '\n'.
 * Flushes. Returns: 0 or more, or -1 (EINVAL: no format for output; or those of fflush(3)).
 */
FSOCK_API long fsock_column(FILE *f);

/*
 * The octets of input that the program has read, counted on the wire since the connection stands.
 * An LF that belongs to a line returned at its CR counts when it has arrived.
 * Returns: 0 or more, or -1 (EINVAL: no stream of this library that reads; EBUSY).
 */
FSOCK_API int64_t fsock_octet_position(FILE *f);

/*
 * Sets a bound: input ends, as at end of file, when n more octets of the wire have been read. Then
 * clearerr(f) and a new bound, or UINT64_MAX for none, to go on. A character that the bound cuts is
 * an error. This is Content-Length and IMAP's literals.
 * Returns: 0, or -1 (EINVAL; EBUSY).
 */
FSOCK_API int fsock_set_bound(FILE *f, uint64_t n);

/*
 * How many octets of input have been read ahead, by stdio and the library, and not by the program.
 * This and the functions above move nowhere as fseek(f, 0, SEEK_CUR) does: the end-of-file
 * indicator is cleared, and of characters pushed back only those count that had been read.
 * Returns: 0 or more, or -1 (EBADF, EINVAL; EBUSY).
 */
FSOCK_API int64_t fsock_pending(fsock *s);

/*
 * For STARTTLS and the like: flushes output, sets both formats to binary and returns the
 * descriptor, still the socket's, for another protocol to take over. Refuses if input has been
 * read ahead: the peer, or somebody on the way, has sent it in the clear to be taken for the new
 * protocol's.
 * Returns: 0 or more, or -1. Errors: EBUSY (octets pending, or another thread is using the FILE
 *   that was read last), EAGAIN (output of a non-blocking socket is still queued: see
 *   fsock_pending_output()), EBADF, those of fflush(3).
 * Blocks: as fflush(3); and until what follows a line that ended at its CR ("auto") is there.
 */
FSOCK_API int fsock_upgrade(fsock *s);

/*
 * Octets of the wire next to text, whatever the format: they start at the very octet that reading
 * text has reached, and text goes on behind them.
 *
 * fsock_read_octets() reads n octets, fewer only at end of file or on an error (ferror() is not
 * set), which its result does not tell apart: at end of file errno is unchanged, and the kind of
 * fsock_last_error() is FSOCK_END_OF_FILE. fsock_read_byte() is one octet, fsock_peek_byte() the
 * next one without reading it: 0 to 255, or EOF. fsock_unread_byte() takes back the octet that
 * fsock_read_byte() returned last, if nothing was read or changed since: 0, or EOF (ESPIPE).
 * fsock_write_octets() writes behind the text, unbuffered; returns n or less, with errno set;
 * fsock_write_byte() writes one: returns it, or EOF.
 */
FSOCK_API size_t fsock_read_octets(FILE *f, void *buf, size_t n);
FSOCK_API int fsock_read_byte(FILE *f);
FSOCK_API int fsock_peek_byte(FILE *f);
FSOCK_API int fsock_unread_byte(FILE *f);
FSOCK_API size_t fsock_write_octets(FILE *f, const void *buf, size_t n);
FSOCK_API int fsock_write_byte(FILE *f, int octet);

/*
 * Characters as code points, on any FILE that holds UTF-8. fsock_getc32() returns the next one, or
 * -1 at end of file, on an error and, with errno EILSEQ, for octets that are no UTF-8 (those are
 * passed over; after an error of the FILE, a timeout say, all octets of the character are pushed
 * back for clearerr() and the next try). fsock_putc32() writes one: returns it, or -1 (EILSEQ for
 * what is no code point). fsock_ungetc32() pushes one back, as ungetc(3) does its octets: returns
 * it, or -1.
 */
FSOCK_API int32_t fsock_getc32(FILE *f);
FSOCK_API int32_t fsock_putc32(int32_t c, FILE *f);
FSOCK_API int32_t fsock_ungetc32(int32_t c, FILE *f);

/*
 * A stream with a format on top of any other FILE: a pipe, a file, fmemopen(3), open_memstream(3).
 * mode is "r", "w" or "r+". Input is taken from `inner` a line, or 2048 octets, at a time; an error
 * of `inner` is told behind the octets before it. The other functions of this header and fsock_of()
 * work on the result.
 * Writing to a pipe or a socket whose reader is gone fails with EPIPE, without SIGPIPE.
 * Returns: the FILE, or NULL with `inner` still the caller's. Errors: EINVAL, ENOMEM; for `inner`
 *   NULL errno as it was, that of the fopen(3) that has failed, or EINVAL if that is 0.
 * Ownership: fclose() of the result closes `inner`.
 */
FSOCK_API FILE *fsock_recode(FILE *inner, const char *mode, const char *format);

/*
 * Streams over octets in memory. fsock_octets_input() reads text from n octets, which must stay
 * until the stream is closed. fsock_octets_output() writes text to octets: after fclose() *octets
 * holds *n of them, and the caller frees them with free(3).
 * Returns: the FILE, or NULL. Errors: EINVAL, ENOMEM.
 */
FSOCK_API FILE *fsock_octets_input(const void *octets, size_t n, const char *format);
FSOCK_API FILE *fsock_octets_output(char **octets, size_t *n, const char *format);

FSOCK_END_DECLS

#endif
