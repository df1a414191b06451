/*
 * The network as text: the streams of the socket have the format of the other end, UTF-8 inside.
 * Standard input and output have the charset of the locale.
 */
#include "command.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A character of a charset that the locale lacks is shown as '?'; what is typed wrong is U+FFFD. */
static const struct fsock_policy replace = { .on_error = FSOCK_ON_ERROR_REPLACE };

/* The charset of the locale. NULL: UTF-8, also in the locale C, which knows no more than ASCII. */
static const struct fsock_charset *
text_terminal(void)
{
	const struct fsock_charset *charset;

	setlocale(LC_CTYPE, "");
	charset = fsock_charset_find_or_iconv(nl_langinfo(CODESET));
	if (charset == fsock_charset_find("utf-8") || charset == fsock_charset_find("ascii"))
		charset = NULL;
	return charset;
}

/*
 * Reads text from a stream and converts it to what the terminal shows. An octet of UTF-8 becomes no
 * more than 8, the shifts of ISO-2022-JP among them.
 */
ssize_t
text_read(struct wire *wire, FILE *from, void *buffer, size_t size)
{
	char text[8192];
	struct fsock_codec_io io = { (const uint8_t *)text, 0, buffer, size };

	if (wire->terminal == NULL) {
		io.out_length -= fread(buffer, 1, size, from);
	} else {
		io.in_length =
		    fread(text, 1, size / 8 < sizeof text ? size / 8 : sizeof text, from);
		fsock_encode_with(&wire->shown, &replace, &io, 0);
	}
	if (io.out_length < size) {
		wire->has_failed = ferror(from) && errno != EAGAIN; /* behind these octets */
		return (ssize_t)(size - io.out_length);
	}
	if (!ferror(from) && !feof(from)) /* a part of a character */
		errno = EAGAIN;
	return feof(from) && !ferror(from) ? 0 : -1;
}

static ssize_t
text_receive(struct wire *wire, void *buffer, size_t size)
{
	clearerr(wire->input);
	return text_read(wire, wire->input, buffer, size);
}

/* Passes octets of standard input to a stream, as UTF-8. Returns 0 or -1. */
int
text_write(struct wire *wire, FILE *to, const void *octets, size_t n, int is_end)
{
	uint8_t text[4096];
	struct fsock_codec_io io = { octets, n, text, sizeof text };
	enum fsock_codec_status status;

	if (wire->terminal == NULL)
		return fwrite(octets, 1, n, to) < n ? -1 : 0;
	do {
		status = fsock_decode_with(&wire->typed, &replace, &io, is_end);
		if (fwrite(text, 1, sizeof text - io.out_length, to) < sizeof text - io.out_length)
			return -1;
		io.out = text;
		io.out_length = sizeof text;
	} while (status != FSOCK_CODEC_INPUT_EMPTY);
	return 0;
}

/* The library queues what the peer does not take; there is little of it: see text_takes(). */
static ssize_t
text_send(struct wire *wire, const void *octets, size_t n)
{
	if (text_write(wire, wire->output, octets, n, 0) < 0)
		return -1;
	return fflush(wire->output) < 0 ? -1 : (ssize_t)n;
}

/* A socket with a longer queue is congested, and the list would no longer report its input. */
static int
text_takes(struct wire *wire)
{
	return fsock_pending_output(wire->socket) <= 0;
}

static int
text_end(struct wire *wire)
{
	if (text_write(wire, wire->output, NULL, 0, 1) < 0)
		return -1;
	if (wire->keeps_output)
		return fflush(wire->output) < 0 ? -1 : 0;
	return wire_shut_down(wire);
}

const struct wire_ops wire_text = { text_receive, text_send, text_takes, text_end, 16384 };

/* Without a charset in the format, octets pass unchanged. */
static void
find_terminal(struct wire *wire, const struct fsock_charset *peer)
{
	wire->terminal = peer != NULL ? text_terminal() : NULL;
	if (wire->terminal != NULL) {
		fsock_decoder_init(&wire->typed, wire->terminal);
		fsock_encoder_init(&wire->shown, wire->terminal);
	}
}

int
text_prepare(struct wire *wire, const char *words, struct fsock_format *format)
{
	if (fsock_format_parse(format, words) < 0)
		return -1;
	find_terminal(wire, format->charset);
	return 0;
}

int
text_open(struct wire *wire, const char *words)
{
	struct fsock_format format;

	wire->ops = &wire_text;
	wire->input = fsock_input(wire->socket);
	wire->output = fsock_output(wire->socket);
	if (wire->input == NULL || wire->output == NULL || text_prepare(wire, words, &format) < 0 ||
	    fsock_set_formats(wire->input, &format, NULL) < 0)
		return -1;
	return fsock_set_formats(wire->output, NULL, &format);
}
