/*
 * fsock/format.h - the format of a stream: charset, line ends and the handling of errors. The
 * conventions are in fsock.h, charsets and line-end styles in fsock/codec.h.
 *
 * Text in a FILE is always UTF-8 with lines that end in '\n'. The format determines the octets that
 * are sent and received. Without a format octets pass unchanged. Input and output have separate
 * formats, which may be changed at any time. A new input format applies from the exact octet that
 * the program has read up to, regardless of read-ahead. A new output format applies after all
 * output written so far.
 *
 * As text, a format is a list of words separated by commas, in any order:
 *
 *	a charset        any name that fsock_charset_find_or_iconv() knows; none: octets unchanged
 *	binary           nothing is translated, and there are no lines: FSOCK_DELIVER_WHOLE_LINE
 *	                 delivers the available input. Cannot be combined with other words.
 *	lf cr crlf crlf-strict auto      line ends (enum fsock_eol_style); default lf
 *	strict           errors fail, with errno EILSEQ and FSOCK_ENCODING_ERROR; the default
 *	replace          errors are replaced by U+FFFD, or by '?' if that cannot be encoded
 *	replace=C        errors are replaced by the character C
 *	ignore           errors are omitted
 *	escape  html     errors are written as \xE4 and \u{20AC}, or as &#8364;
 *	idempotent       output: a CR LF that the program writes itself stays unchanged
 *	reject-cr  reject-lf             input: a CR or LF that is not a line end of the style is an
 *	                 error
 *	bom=strip        input: a byte order mark at the start of the stream is removed
 *	bom=sniff        input: the byte order mark is removed and determines the charset
 *	bom=write        output: the stream starts with a byte order mark
 *
 * ccs=, eol= and errors= may precede a charset, a line-end style and an error policy:
 * "latin-1,crlf" is the same as "ccs=latin-1,eol=crlf".
 *
 * An error in input is reported when the program reaches it, after all text before it. After
 * clearerr(f) the next read continues after the bad octets. An error in output is final, as is any
 * failed write: everything before it has been sent. With "auto", input returns a line as soon as
 * its CR arrives.
 *
 * Threads: functions that read, write and flush lock the FILE, as fgets() and fflush() do, and wait
 * for a call of another thread on it. Functions that need to know exactly which input a FILE holds
 * do not wait. They fail with EBUSY at once if another thread is using that FILE, or the FILE that
 * was read last. These functions are fsock_set_format(), fsock_set_formats() and
 * fsock_format_errors() for input, fsock_octet_position(), fsock_set_bound(), fsock_pending() and
 * fsock_upgrade(). A change of the output format does not flush a FILE that another thread is
 * using: call fflush(3) first for output that must precede the change.
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
 * Parses a format.
 * Returns: 0 with *format set, or -1.
 * Errors: EINVAL (NULL, an unknown word or charset, contradictory words), ENOMEM.
 */
FSOCK_API int fsock_format_parse(struct fsock_format *format, const char *text);

/*
 * Sets the format of the directions that the stream has: input, output, or both.
 * Returns: 0, or -1 with the old format in effect.
 * Errors: those of fsock_format_parse(); EINVAL if `f` is not a stream of this library; for output
 *   those of fflush(3); for input EBUSY (see above); if both are set, EAGAIN (a write of another
 *   thread is waiting for the peer).
 * Blocks: as fflush(3) for output, otherwise no.
 */
FSOCK_API int fsock_set_format(FILE *f, const char *format);

/*
 * Sets formats from structs, for each direction separately. NULL leaves a direction unchanged.
 * Errors: those of fsock_set_format(), and EINVAL for a direction that the stream does not have.
 */
FSOCK_API int fsock_set_formats(
    FILE *f, const struct fsock_format *input, const struct fsock_format *output);

/*
 * Returns the current formats. Either pointer may be NULL. For a direction without a format the
 * struct is all zero.
 * Returns: 0, or -1 (EINVAL: not a stream of this library).
 */
FSOCK_API int fsock_get_formats(FILE *f, struct fsock_format *input, struct fsock_format *output);

/*
 * Returns how many errors the current format of a direction has met, including replaced ones, in
 * the text that the program has read, or has written and flushed. *last describes the last error.
 * Its offset counts octets (of text, for output) since the format was set. Any pointer may be NULL.
 * *last is all zero if there was no error. `direction` is FSOCK_INPUT or FSOCK_OUTPUT.
 * Returns: 0, or -1 (EINVAL: not a stream of this library, or not one of that direction; EBUSY).
 */
FSOCK_API int fsock_format_errors(
    FILE *f, int direction, uint64_t *count, struct fsock_codec_error *last);

/*
 * Returns the current output column of a stream with an output format: the number of characters
 * written since the last '\n'. Flushes the stream.
 * Returns: 0 or more, or -1 (EINVAL: no output format; or the errors of fflush(3)).
 */
FSOCK_API long fsock_column(FILE *f);

/*
 * Returns the number of input octets that the program has read since the connection was
 * established, counted before decoding. After a line that was returned at its CR, a following LF
 * counts once it has arrived.
 * Returns: 0 or more, or -1 (EINVAL: not a stream of this library that reads; EBUSY).
 */
FSOCK_API int64_t fsock_octet_position(FILE *f);

/*
 * Sets a bound: after n more octets, counted before decoding, input ends as at end of file. To
 * continue, call clearerr(f) and set a new bound, or UINT64_MAX for none. A character that crosses
 * the bound is an error. Use this for Content-Length and for literals of IMAP.
 * Returns: 0, or -1 (EINVAL; EBUSY).
 */
FSOCK_API int fsock_set_bound(FILE *f, uint64_t n);

/*
 * Returns the number of input octets that stdio and the library have read ahead of the program.
 *
 * Like fseek(f, 0, SEEK_CUR), this function and the functions above do not change the position, but
 * clear the end-of-file indicator. Of the characters pushed back, only those that had been read
 * count.
 * Returns: 0 or more, or -1 (EBADF, EINVAL; EBUSY).
 */
FSOCK_API int64_t fsock_pending(fsock *s);

/*
 * For STARTTLS and similar: flushes output, sets both formats to binary and returns the descriptor,
 * so that another protocol can take over. The socket still owns the descriptor. The function fails
 * if input has been read ahead: the peer or an attacker sent it in the clear, and it must not be
 * taken for input of the new protocol.
 * Returns: 0 or more, or -1.
 * Errors: EBUSY (octets are pending, or another thread is using the FILE that was read last),
 *   EAGAIN (output of a non-blocking socket is still queued: see fsock_pending_output()), EBADF,
 *   EOPNOTSUPP (the socket has layers: see fsock/layer.h), those of fflush(3).
 * Blocks: as fflush(3); and after a line that was returned at its CR ("auto"), until the next input
 *   arrives.
 */
FSOCK_API int fsock_upgrade(fsock *s);

/*
 * These functions read and write raw octets next to text, whatever the format is. They start at the
 * exact octet that reading of text has reached, and text continues after them.
 *
 * fsock_read_octets() reads n octets, or fewer at end of file or on an error. The result does not
 * distinguish the two cases, and ferror() is not set: at end of file errno is unchanged, and the
 * kind of fsock_last_error() is FSOCK_END_OF_FILE. If the stream delivers whole records other than
 * lines (fsock_set_record()), the function reads nothing until the next record is complete.
 * fsock_read_byte() reads one octet, and fsock_peek_byte() returns the next octet without reading
 * it: 0 to 255, or EOF. fsock_unread_byte() pushes back the octet that fsock_read_byte() returned
 * last, if nothing was read or changed since then. It returns 0, or EOF (ESPIPE).
 * fsock_write_octets() writes n octets after the text, unbuffered. It returns n, or less with errno
 * set. fsock_write_byte() writes one octet and returns it, or EOF.
 */
FSOCK_API size_t fsock_read_octets(FILE *f, void *buf, size_t n);
FSOCK_API int fsock_read_byte(FILE *f);
FSOCK_API int fsock_peek_byte(FILE *f);
FSOCK_API int fsock_unread_byte(FILE *f);
FSOCK_API size_t fsock_write_octets(FILE *f, const void *buf, size_t n);
FSOCK_API int fsock_write_byte(FILE *f, int octet);

/*
 * These functions handle characters as code points, on any FILE that contains UTF-8. fsock_getc32()
 * returns the next code point. It returns -1 at end of file, on an error, and for octets that are
 * not UTF-8 (errno EILSEQ; the octets are skipped). After an error of the FILE, such as a timeout,
 * all octets of the character are pushed back, for clearerr() and another try. fsock_putc32()
 * writes a code point and returns it, or -1 (EILSEQ if the value is not a code point).
 * fsock_ungetc32() pushes a code point back as ungetc(3) pushes back its octets, and returns it, or
 * -1.
 */
FSOCK_API int32_t fsock_getc32(FILE *f);
FSOCK_API int32_t fsock_putc32(int32_t c, FILE *f);
FSOCK_API int32_t fsock_ungetc32(int32_t c, FILE *f);

/*
 * Creates a stream with a format on top of any other FILE: a pipe, a file, fmemopen(3),
 * open_memstream(3). `mode` is "r", "w" or "r+". Input is read from `inner` a line, or 2048 octets,
 * at a time. An error of `inner` is reported after the octets before it. The other functions of
 * this header and fsock_of() work on the result. Writing to a pipe or a socket without a reader
 * fails with EPIPE; SIGPIPE is not raised.
 * Returns: the FILE, or NULL; the caller then still owns `inner`.
 * Errors: EINVAL, ENOMEM. If `inner` is NULL, errno is left as the failed fopen(3) set it; if it is
 *   0, it becomes EINVAL.
 * Ownership: fclose() of the result closes `inner`.
 */
FSOCK_API FILE *fsock_recode(FILE *inner, const char *mode, const char *format);

/*
 * Create streams over octets in memory. fsock_octets_input() reads text from n octets, which must
 * remain valid until the stream is closed. fsock_octets_output() writes text to octets: after
 * fclose() *octets points to *n octets, which the caller frees with free(3).
 * Returns: the FILE, or NULL.
 * Errors: EINVAL, ENOMEM.
 */
FSOCK_API FILE *fsock_octets_input(const void *octets, size_t n, const char *format);
FSOCK_API FILE *fsock_octets_output(char **octets, size_t *n, const char *format);

FSOCK_END_DECLS

#endif
