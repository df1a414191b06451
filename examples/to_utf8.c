/*
 * to_utf8 CHARSET: converts standard input from any charset that the library knows to UTF-8.
 *
 * The input arrives in pieces that may end within a character: the decoder keeps the beginning for
 * the next call. Octets that are not a character become U+FFFD, as the policy specifies.
 */
#include <stdio.h>
#include <stdlib.h>

#include <fsock.h>

static const struct fsock_policy policy = { .on_error = FSOCK_ON_ERROR_REPLACE };

/* Decodes one piece, or with `final` what is left, and writes the text. */
static void
convert(struct fsock_decoder *decoder, const uint8_t *octets, size_t n, int final)
{
	struct fsock_codec_io io = { .in = octets, .in_length = n };
	enum fsock_codec_status status;
	uint8_t text[4096];

	do {
		io.out = text;
		io.out_length = sizeof text;
		status = fsock_decode_with(decoder, &policy, &io, final);
		fwrite(text, 1, sizeof text - io.out_length, stdout);
	} while (status != FSOCK_CODEC_INPUT_EMPTY);
}

int
main(int argc, char **argv)
{
	const struct fsock_charset *charset = argc == 2 ? fsock_charset_find(argv[1]) : NULL;
	struct fsock_decoder decoder;
	uint8_t octets[1000];
	size_t n;

	if (!charset) {
		fprintf(stderr, argc == 2 ? "to_utf8: unknown charset\n"
		                          : "usage: to_utf8 CHARSET <INPUT >OUTPUT\n");
		return EXIT_FAILURE;
	}
	fsock_decoder_init(&decoder, charset);
	while ((n = fread(octets, 1, sizeof octets, stdin)) > 0)
		convert(&decoder, octets, n, 0);
	convert(&decoder, NULL, 0, 1);
	return decoder.errors == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
