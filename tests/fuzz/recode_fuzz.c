/*
 * A format over any FILE. What a stream of fsock_recode() reads, by whatever operations and from an
 * inner FILE that yields its octets in pieces and fails once, is what the codec makes of all of
 * them; and what is written to it arrives as what the codec makes of the text.
 *
 * Input: the format's text, a newline, octets; the choices are at the end.
 */
#include "../../src/base/compat.h"
#include "fuzz.h"

#include <errno.h>

#include <fsock.h>

/* ---- The inner FILE. */

static struct inner {
	const uint8_t *data;
	size_t left, piece;
	size_t until_failure; /* octets */
	int fails;            /* 1: and says why */
	int has_failed, is_closed;
	struct fuzz_octets written;
} inner;

/* Whether the failure's turn has come. Not every FILE says why it fails. */
static int
fails(size_t *n)
{
	if (!inner.fails || inner.until_failure > 0) {
		if (inner.fails && *n > inner.until_failure)
			*n = inner.until_failure;
		inner.until_failure -= inner.fails ? *n : 0;
		return 0;
	}
	if (inner.fails == 1)
		errno = EIO;
	inner.fails = 0;
	inner.has_failed = 1;
	return 1;
}

static ssize_t
inner_read(void *cookie, char *buf, size_t n)
{
	(void)cookie;
	n = n < inner.piece ? n : inner.piece;
	n = n < inner.left ? n : inner.left;
	if (fails(&n))
		return -1;
	memcpy(buf, inner.data, n);
	inner.data += n;
	inner.left -= n;
	return (ssize_t)n;
}

/* Writes all or fails: libc takes less for a failure. */
static ssize_t
inner_write(void *cookie, const char *buf, size_t n)
{
	size_t before = inner.until_failure, now = n;

	(void)cookie;
	if (fails(&now))
		return 0;
	inner.until_failure = before > n ? before - n : 0;
	fuzz_add(&inner.written, buf, n);
	return (ssize_t)n;
}

static int
inner_close(void *cookie)
{
	(void)cookie;
	inner.is_closed = 1;
	return 0;
}

#if defined(__linux__)

static FILE *
open_inner(const char *mode)
{
	static const cookie_io_functions_t functions = { inner_read, inner_write, NULL,
		inner_close };

	return fopencookie(NULL, mode, functions);
}

#else

static int
fun_read(void *cookie, char *buf, int n)
{
	return (int)inner_read(cookie, buf, (size_t)n);
}

static int
fun_write(void *cookie, const char *buf, int n)
{
	ssize_t r = inner_write(cookie, buf, (size_t)n);

	return r == 0 ? -1 : (int)r;
}

static FILE *
open_inner(const char *mode)
{
	return funopen(NULL, *mode == 'w' ? NULL : fun_read, *mode == 'r' ? NULL : fun_write, NULL,
	    inner_close);
}

#endif

/* ---- */

/* What the codec makes of it, leaving out errors as reading on behind them does. */
static struct fsock_conversion
conversion_of(const struct fsock_format *format)
{
	struct fsock_conversion how = { format->charset, format->eol, format->eol_flags,
		format->policy };

	if (how.policy.on_error == FSOCK_ON_ERROR_FAIL)
		how.policy.on_error = FSOCK_ON_ERROR_IGNORE;
	return how;
}

/*
 * Whether the codec's functions on buffers say what is to come. A CR and an LF are no line end with
 * an error between them that is told, but are one with an error left out.
 */
static int
is_known(const struct fsock_format *format)
{
	return format->charset != NULL && format->bom == FSOCK_BOM_NONE &&
	       (format->policy.on_error != FSOCK_ON_ERROR_FAIL || format->eol == FSOCK_EOL_LF);
}

/* Whether a read that ended early may go on: behind what is no text, or after the failure. */
static int
may_go_on(FILE *f)
{
	int error = errno;

	if (feof(f) && !ferror(f))
		return 0;
	FUZZ_ASSERT(ferror(f));
	FUZZ_ASSERT(error == EILSEQ || (error == EIO && inner.has_failed));
	if (error == EIO) /* once */
		inner.has_failed = 0;
	clearerr(f);
	return 1;
}

static void
check_reading(FILE *f, const struct fsock_format *format, struct fuzz_input *input)
{
	struct fsock_conversion how = conversion_of(format);
	struct fuzz_octets text = { NULL, 0 };
	size_t block = 1 + fuzz_take(input, 40), n, length;
	char got[64], *expected = NULL;

	if (is_known(format)) {
		expected = fsock_octets_to_string(&how, input->data, input->size, &length, NULL);
		FUZZ_ASSERT(expected != NULL);
	}
	do {
		do {
			errno = 0;
			n = fread(got, 1, block, f);
			fuzz_add(&text, got, n);
		} while (n == block);
	} while (may_go_on(f));
	FUZZ_ASSERT(
	    expected == NULL || (text.length == length && !memcmp(text.data, expected, length)));
	FUZZ_ASSERT(fclose(f) == 0);
	free(expected);
	free(text.data);
}

/* Returns whether all went well, which it does not where the text has what cannot be written. */
static int
write_pieces(FILE *f, const char *text, size_t n, size_t piece)
{
	int well = 1;

	for (size_t at = 0; at < n && well; at += piece) {
		size_t now = piece < n - at ? piece : n - at;

		well = fwrite(text + at, 1, now, f) == now && (at % 2 || fflush(f) == 0);
	}
	return well;
}

static void
check_writing(FILE *f, const struct fsock_format *format, struct fuzz_input *input)
{
	struct fsock_conversion how = conversion_of(format);
	size_t piece = 1 + fuzz_take(input, 40), length;
	const char *text = (const char *)input->data;
	int is_strict = format->policy.on_error == FSOCK_ON_ERROR_FAIL;
	int well = write_pieces(f, text, input->size, piece);
	int closed = fclose(f);
	uint8_t *expected;

	FUZZ_ASSERT(is_strict || inner.has_failed || (well && closed == 0));
	FUZZ_ASSERT(!inner.has_failed || closed == EOF);
	FUZZ_ASSERT(well || closed == EOF); /* a failure is told again */
	if (!is_known(format) || closed == EOF)
		return;
	expected = fsock_string_to_octets(&how, text, input->size, &length, NULL);
	FUZZ_ASSERT(expected != NULL && length == inner.written.length);
	FUZZ_ASSERT(length == 0 || memcmp(expected, inner.written.data, length) == 0);
	free(expected);
}

/* Both ways on one FILE: nothing can be said but that it ends. */
static void
use_both_ways(FILE *f, struct fuzz_input *input)
{
	for (int i = 0; i < 20 && input->size > 0; i++) {
		int c = fuzz_take(input, 256);

		if (c % 4 == 0)
			putc(c, f);
		else if (c % 4 == 1)
			fflush(f);
		else if (getc(f) == EOF)
			clearerr(f);
	}
	fclose(f);
}

static void
run(const char *text, const struct fsock_format *format, struct fuzz_input input)
{
	static const char *const modes[] = { "r", "w", "r+" };
	unsigned which = fuzz_take(&input, 3);
	FILE *own, *f;

	memset(&inner, 0, sizeof inner);
	inner.piece = 1 + fuzz_take(&input, 60);
	inner.fails = (int)fuzz_take(&input, 3);
	inner.until_failure = fuzz_take(&input, 100);
	inner.data = input.data;
	inner.left = input.size - (which == 0 && input.size > 0); /* less one more choice */
	own = open_inner(modes[which]);
	FUZZ_ASSERT(own != NULL);
	f = fsock_recode(own, modes[which], text);
	if (f == NULL) {
		FUZZ_ASSERT(format == NULL && errno == EINVAL && !inner.is_closed);
		fclose(own);
	} else if (which == 0)
		check_reading(f, format, &input);
	else if (which == 1)
		check_writing(f, format, &input);
	else
		use_both_ways(f, &input);
	FUZZ_ASSERT(inner.is_closed);
	free(inner.written.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t n = end == NULL ? 0 : (size_t)(end - data);
	struct fsock_format format;
	char text[64];

	if (n == 0 || data[0] == '\0' || n >= sizeof text || size > 4096)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	run(text, fsock_format_parse(&format, text) == 0 ? &format : NULL,
	    (struct fuzz_input){ end + 1, size - n - 1 });
	return 0;
}
