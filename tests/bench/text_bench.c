/*
 * What a format costs: reading text from loopback TCP through a one-way stream, against the same
 * octets through the same stream unchecked. Each pair is measured in turn, many times in one run,
 * and the medians of the ratios are compared with the targets. What counts is octets of the wire.
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/wait.h>

#include <fsock.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

enum { ROUNDS = 15, BLOCK = 65536, CHUNK = 1 << 20 };
#define BULK ((size_t)96 << 20)

/* What the peer sends again and again: whole lines. */
static uint8_t *wire;
static size_t wire_length;

/* A text of 64-octet lines in UTF-8 made of the words, as it is in `format`. */
static void
make_wire(const char *words, const char *format)
{
	struct fsock_format parsed;
	struct fsock_conversion how = { .charset = fsock_charset_find("utf-8") };
	char *text = malloc(CHUNK + 256);
	size_t n = 0, size = strlen(words), word = 0;

	while (n < CHUNK) {
		size_t start = n;

		while (n - start < 63) {
			size_t length = 1;

			while (((unsigned char)words[(word + length) % size] & 0xC0) == 0x80)
				length++;
			if (n - start + length > 63)
				break;
			memcpy(text + n, words + word, length);
			n += length;
			word = (word + length) % size;
		}
		while (n - start < 63)
			text[n++] = '.';
		text[n++] = '\n';
	}
	if (fsock_format_parse(&parsed, format) < 0)
		die(format);
	if (parsed.charset != NULL)
		how.charset = parsed.charset;
	how.eol = parsed.eol;
	free(wire);
	wire = fsock_string_to_octets(&how, text, n, &wire_length, NULL);
	if (wire == NULL)
		die("encode");
	free(text);
}

static void
send_wire(int fd)
{
	for (size_t sent = 0; sent < BULK; sent += wire_length)
		for (size_t done = 0; done < wire_length;) {
			ssize_t n = send(fd, wire + done, wire_length - done, 0);

			if (n <= 0)
				_exit(1);
			done += (size_t)n;
		}
}

static void
read_lines(FILE *f)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, f) > 0)
		;
	free(line);
}

static void
read_blocks(FILE *f)
{
	static char buf[BLOCK];

	while (fread(buf, 1, sizeof buf, f) > 0)
		;
}

/* Octets of the wire a second. */
static double
measure(const char *format, void (*read)(FILE *))
{
	fsock *ends[2];
	int fds[2];
	double start, took;
	pid_t pid;
	fsock *s;
	FILE *f;

	if (fsock_pair(ends, &(struct fsock_options){ .family = FSOCK_IPV4_ONLY }) < 0)
		die("pair");
	for (int i = 0; i < 2; i++)
		fds[i] = fsock_release(ends[i], NULL, 0, NULL);
	pid = start_peer(send_wire, fds);
	s = fsock_adopt(fds[0], &(struct fsock_options){ .format = format });
	f = fsock_input(s);
	if (f == NULL)
		die(format);
	start = now();
	read(f);
	took = now() - start;
	if (ferror(f))
		die(format);
	fsock_close(s);
	waitpid(pid, NULL, 0);
	return (double)((BULK + wire_length - 1) / wire_length * wire_length) / took;
}

static const char ascii[] = "GET /index.html 200 1532 \"Mozilla/5.0 (X11; Linux x86_64)\" ";
static const char european[] = "Les na\xC3\xAFves \xC3\xA9t\xC3\xA9s \xC3\xA0 la f\xC3\xAAte, "
			       "gr\xC3\xB6\xC3\x9F"
			       "er als f\xC3\xBCr uns. ";
static const char russian[] = "\xD0\x92\xD1\x81\xD0\xB5 \xD1\x81\xD1\x87\xD0\xB0\xD1\x81\xD1\x82"
			      "\xD0\xBB\xD0\xB8\xD0\xB2\xD1\x8B\xD0\xB5 \xD1\x81\xD0\xB5\xD0\xBC"
			      "\xD1\x8C\xD0\xB8 \xD0\xBF\xD0\xBE\xD1\x85\xD0\xBE\xD0\xB6\xD0\xB8 ";

static const struct row {
	const char *what, *words, *format, *unchecked;
	double target; /* 0: for information */
} rows[] = {
	{ "UTF-8, ASCII log lines", ascii, "utf-8", "", 0.9 },
	{ "UTF-8, European", european, "utf-8", "", 0.9 },
	{ "UTF-8, Russian", russian, "utf-8", "", 0.9 },
	{ "Latin-1, ASCII log lines", ascii, "latin-1", "", 0.8 },
	{ "Latin-1, European", european, "latin-1", "", 0.8 },
	{ "UTF-16LE, European", european, "utf-16le", "", 0.7 },
	{ "UTF-16LE, Russian", russian, "utf-16le", "", 0.7 },
	{ "UTF-16BE, Russian", russian, "utf-16be", "", 0.7 },
	{ "windows-1252, European", european, "windows-1252", "", 0.7 },
	{ "KOI8-R, Russian", russian, "koi8-r", "", 0.7 },
	{ "UTF-8 and CR LF, European", european, "utf-8,crlf", "", 0.8 },
	{ "CR LF, octets otherwise unchanged", ascii, "crlf", "", 0 },
};

static void
run_row(const struct row *row, const char *how, void (*read)(FILE *))
{
	double ours[ROUNDS], theirs[ROUNDS], ratios[ROUNDS], ratio;

	make_wire(row->words, row->format);
	measure(row->format, read);
	for (int i = 0; i < ROUNDS; i++) {
		theirs[i] = measure(row->unchecked, read);
		ours[i] = measure(row->format, read);
		ratios[i] = ours[i] / theirs[i];
	}
	ratio = median(ratios, ROUNDS);
	printf("%-34s %-8s %8.0f %8.0f %7.2f", row->what, how, median(ours, ROUNDS) / 1e6,
	    median(theirs, ROUNDS) / 1e6, ratio);
	if (row->target > 0)
		printf(" %9.2f  %s\n", row->target, ratio >= row->target ? "reached" : "MISSED");
	else
		printf("\n");
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	pin(0);
	printf("%-43s %8s %8s %7s %9s\n", "MB/s over loopback TCP, medians", "decoded", "as is",
	    "ratio", "target");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		run_row(&rows[i], "getline", read_lines);
		run_row(&rows[i], "fread", read_blocks);
	}
	free(wire);
	return 0;
}
