/*
 * buffers [CHARSET TEXT]: prints the octets that a text has in a charset, with CR LF as line end,
 * and counts the lines of the text.
 *
 * The codec works on buffers, without a socket or a FILE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsock.h>

/* Prints the octets of a text. */
static int
print_octets(const char *charset, const char *text)
{
	struct fsock_conversion conversion = {
		.charset = fsock_charset_find(charset),
		.eol = FSOCK_EOL_CRLF,
	};
	size_t length;
	uint8_t *octets = fsock_string_to_octets(&conversion, text, strlen(text), &length, NULL);

	if (!octets)
		return -1; /* EILSEQ: the charset lacks a character; EINVAL: no charset */
	for (size_t i = 0; i < length; i++)
		printf("%02X%s", octets[i], i + 1 < length ? " " : "\n");
	free(octets);
	return 0;
}

/* Counts lines, whether they end with CR LF, CR or LF, in pieces of any size. */
static int
count_lines(const char *text)
{
	struct fsock_codec_io io = { .in = (const uint8_t *)text, .in_length = strlen(text) };
	enum fsock_codec_status status;
	struct fsock_eol eol;
	uint8_t piece[16];
	int lines = 0;

	fsock_eol_init(&eol, FSOCK_EOL_AUTO, 0);
	do {
		io.out = piece;
		io.out_length = sizeof piece;
		status = fsock_eol_decode(&eol, &io, 1);
		for (const uint8_t *c = piece; c < io.out; c++)
			lines += *c == '\n';
	} while (status == FSOCK_CODEC_OUTPUT_FULL);
	return lines;
}

int
main(int argc, char **argv)
{
	const char *charset = argc > 2 ? argv[1] : "latin-1";
	const char *text = argc > 2 ? argv[2] : "caf\xC3\xA9\nau lait\n";

	if (print_octets(charset, text) < 0) {
		perror("buffers");
		return EXIT_FAILURE;
	}
	printf("%d lines\n", count_lines(text));
	return EXIT_SUCCESS;
}
