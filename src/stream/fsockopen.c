#include "../base/compat.h"

#include <stdio.h>
#include <stdlib.h>

#include <fsock/format.h>
#include <fsock/layer.h>
#include <fsock/stream.h>

#include "../base/error.h"

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

/* A part that nobody knows. It may be a word of a format, which here needs its prefix. */
static int
refuse_part(struct mode *m, const char *part, size_t n)
{
	static const char *const prefixes[] = { "eol=", "errors=", "ccs=" };
	struct fsock__record *before = fsock__error_aside();
	struct fsock_format format;
	char word[64];

	refuse(m, "part", part, n);
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		if (n == 0 || n > sizeof word - sizeof "errors=")
			break;
		snprintf(word, sizeof word, "%s%.*s", prefixes[i], (int)n, part);
		if (fsock_format_parse(&format, word) < 0)
			continue;
		snprintf(
		    m->why, sizeof m->why, "%.*s is a word of formats: say %s", (int)n, part, word);
		break;
	}
	fsock__error_back(before);
	return -1;
}

/* Whether the part of length n is `word`. */
static int
is_word(const char *part, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(part, word, n) == 0;
}

/* The first part: "r", "w", "r+", "w+", with a 'b' anywhere after the letter. */
static int
parse_access(const char *part, size_t n, struct mode *m)
{
	if (n == 0 || (part[0] != 'r' && part[0] != 'w'))
		return refuse(m, "access", part, n);
	m->sides = part[0] == 'r' ? FSOCK_INPUT : FSOCK_OUTPUT;
	for (size_t i = 1; i < n; i++) {
		if (part[i] == '+' && m->sides != FSOCK_IO)
			m->sides = FSOCK_IO;
		else if (part[i] == 'b' && m->options.element_type != FSOCK_BYTE)
			m->options.element_type = FSOCK_BYTE;
		else
			return refuse(m, "access", part, n);
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

/* Whether the part is a word of a format that says of which kind it is. */
static int
is_format_word(const char *part, size_t length)
{
	return is_word(part, length, "ccs") || is_word(part, length, "eol") ||
	       is_word(part, length, "errors") || is_word(part, length, "bom");
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
	else if (equals != NULL && is_format_word(part, length))
		return add_format_word(part, n, m);
	else
		return refuse_part(m, part, n);
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
		n = strcspn(text, ",");
		if (parse_part(text, n, m) < 0)
			return -1;
	}
	if (m->options.format == NULL || fsock_format_parse(&format, m->format) == 0)
		return 0;
	snprintf(m->why, sizeof m->why, "%s", fsock__error_current()->words);
	return -1;
}

/* see fsock/layer.h */
FILE *
fsock_layer_open(const char *host, int port, const char *mode, struct fsock_layer_maker *maker)
{
	struct mode m;
	FILE *file;
	fsock *s;

	if (mode == NULL) {
		fsock__error_set("open mode", "(no mode)", FSOCK__NO_PORT, EINVAL);
		return NULL;
	}
	if (parse_mode(mode, &m) < 0) {
		fsock__error_set_words("open mode", mode, FSOCK__NO_PORT,
		    FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "%s", m.why);
		return NULL;
	}
	m.options.layer = maker;
	s = fsock_connect(host, port, &m.options);
	if (s == NULL)
		return NULL;
	file = m.sides == FSOCK_IO      ? fsock_stream(s)
	       : m.sides == FSOCK_INPUT ? fsock_input(s)
					: fsock_output(s);
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
