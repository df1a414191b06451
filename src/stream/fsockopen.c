#include "../base/compat.h"

#include <stdio.h>
#include <stdlib.h>

#include <fsock/format.h>
#include <fsock/layer.h>
#include <fsock/stream.h>

#include "../base/error.h"
#include "../sock/adopt.h"

/* What a mode string says. */
struct mode {
	int sides;
	struct fsock_options options;
	char format[128];           /* the parts that are words of a format */
	char why[FSOCK__WORDS_MAX]; /* what is wrong with it */
};

/* Notes what is wrong with a part. Returns -1. */
static int
refuse(struct mode *m, const char *what, const char *part, size_t n)
{
	if (n == 0)
		snprintf(m->why, sizeof m->why, "a part is missing");
	else
		snprintf(
		    m->why, sizeof m->why, "unknown %s %.*s", what, n > 80 ? 80 : (int)n, part);
	return -1;
}

/* Whether the part of length n is `word`. */
static int
is_word(const char *part, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(part, word, n) == 0;
}

/*
 * The first part: "r", "w" or "a", then '+', 'b', 't' and 'e' in any order. To append is to write,
 * text is the default, and descriptors are close-on-exec without the 'e'.
 */
static int
parse_access(const char *part, size_t n, struct mode *m)
{
	if (n == 0 || memchr("rwa", part[0], 3) == NULL)
		return refuse(m, "access", part, n);
	m->sides = part[0] == 'r' ? FSOCK_INPUT : FSOCK_OUTPUT;
	for (size_t i = 1; i < n; i++) {
		if (memchr("+bte", part[i], 4) == NULL || memchr(part + i + 1, part[i], n - i - 1))
			return refuse(m, "access", part, n);
		if (part[i] == '+')
			m->sides = FSOCK_IO;
		if (part[i] == 'b')
			m->options.element_type = FSOCK_BYTE;
	}
	return 0;
}

/*
 * A positive decimal number of n characters, digits with at most one point: the same in every
 * locale. Returns it, or -1.
 */
static double
parse_number(const char *text, size_t n)
{
	double value = 0, unit = 1;
	int digits = 0, point = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '.' && !point) {
			point = 1;
		} else if (text[i] >= '0' && text[i] <= '9') {
			value = value * 10 + (text[i] - '0');
			unit *= point ? 10 : 1;
			digits++;
		} else {
			return -1;
		}
	}
	return digits > 0 && digits <= 15 && value > 0 ? value / unit : -1;
}

/*
 * Whether the part is a word of a format. One with a prefix is, right or wrong: the whole format is
 * checked at the end, which then says what is wrong with it.
 */
static int
is_format_word(const char *part, size_t n, size_t length)
{
	struct fsock__record *before = fsock__error_aside();
	struct fsock_format format;
	char word[64];
	int saved = errno, r = is_word(part, length, "ccs") || is_word(part, length, "eol") ||
			       is_word(part, length, "errors") || is_word(part, length, "bom");

	if (!r && n > 0 && n < sizeof word) {
		memcpy(word, part, n);
		word[n] = '\0';
		r = fsock_format_parse(&format, word) == 0;
	}
	fsock__error_back(before);
	errno = saved;
	return r;
}

static int
add_format_word(const char *part, size_t n, struct mode *m)
{
	size_t length = strlen(m->format);

	if (n + 1 >= sizeof m->format - length)
		return refuse(m, "part", part, n);
	if (length > 0)
		m->format[length++] = ',';
	memcpy(m->format + length, part, n);
	m->options.format = m->format;
	return 0;
}

static int
is_count(double value)
{
	return value >= 1 && value < 1e9 && value == (double)(size_t)value;
}

/* A later part: NAME or NAME=NUMBER. */
static int
parse_part(const char *part, size_t n, struct mode *m)
{
	const char *equals = memchr(part, '=', n);
	size_t length = equals == NULL ? n : (size_t)(equals - part);
	double value = equals == NULL ? 0 : parse_number(equals + 1, n - length - 1);

	if (equals == NULL && is_word(part, n, "whole-line"))
		m->options.delivery = FSOCK_DELIVER_WHOLE_LINE;
	else if (equals == NULL && is_word(part, n, "batched"))
		m->options.batched = FSOCK_ON;
	else if (value > 0 && is_word(part, length, "timeout"))
		m->options.timeout = value;
	else if (value > 0 && is_word(part, length, "deadline"))
		m->options.deadline = value;
	else if (is_count(value) && is_word(part, length, "line"))
		m->options.line_limit = (size_t)value;
	else if (is_format_word(part, n, length))
		return add_format_word(part, n, m);
	else
		return refuse(m, "part", part, n);
	return 0;
}

static int
parse_mode(const char *text, struct mode *m)
{
	struct fsock_format format;
	size_t n = strcspn(text, ",");

	memset(m, 0, sizeof *m);
	if (parse_access(text, n, m) < 0)
		return -1;
	while (text[n] == ',') {
		text += n + 1;
		text += strspn(text, " ");
		n = strcspn(text, ",");
		if (parse_part(text, n, m) < 0)
			return -1;
	}
	if (m->options.format == NULL || fsock_format_parse(&format, m->format) == 0)
		return 0;
	snprintf(m->why, sizeof m->why, "%s", fsock__error_current()->words);
	return -1;
}

/* Reads a mode. Returns 0, or -1 with the error recorded. */
static int
read_mode(const char *text, struct mode *m)
{
	if (text == NULL)
		return fsock__error_set("open mode", "(no mode)", FSOCK__NO_PORT, EINVAL);
	if (parse_mode(text, m) < 0)
		return fsock__error_set_words("open mode", text, FSOCK__NO_PORT,
		    FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "%s", m->why);
	return 0;
}

/* The stream of the sides that the mode names. */
static FILE *
open_stream(fsock *s, const struct mode *m)
{
	return m->sides == FSOCK_IO      ? fsock_stream(s)
	       : m->sides == FSOCK_INPUT ? fsock_input(s)
					 : fsock_output(s);
}

/* see fsock/layer.h */
FILE *
fsock_layer_open(const char *host, int port, const char *mode, struct fsock_layer_maker *maker)
{
	struct mode m;
	FILE *file;
	fsock *s;

	if (read_mode(mode, &m) < 0)
		return NULL;
	m.options.layer = maker;
	s = fsock_connect(host, port, &m.options);
	if (s == NULL)
		return NULL;
	file = open_stream(s, &m);
	if (file == NULL) {
		int error = errno;

		fsock_close(s);
		errno = error;
		return NULL;
	}
	fsock_disown(s);
	return file;
}

/* see fsock/stream.h */
FILE *
fsockopen(const char *host, int port, const char *mode)
{
	return fsock_layer_open(host, port, mode, NULL);
}

/* see fsock/stream.h */
FILE *
fsock_fdopen(int descriptor, const char *mode)
{
	int saved = errno;
	struct mode m;
	FILE *file;
	fsock *s;

	if (read_mode(mode, &m) < 0)
		return NULL;
	s = fsock__adopt_begin(descriptor, &m.options);
	if (s == NULL)
		return NULL;
	file = open_stream(s, &m);
	if (file == NULL) {
		fsock__adopt_drop(s);
		return NULL;
	}
	fsock__adopt_finish(s);
	fsock_disown(s);
	errno = saved;
	return file;
}
