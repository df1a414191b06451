#include "../../src/base/compat.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "records.h"

/* Any octets are records in these terms: the first one says how long. */
static ssize_t
measure_any(const void *octets, size_t n, void *arg)
{
	(void)n, (void)arg;
	return 1 + *(const uint8_t *)octets % 20;
}

static const struct fsock_record semicolon = { .kind = FSOCK_RECORD_DELIMITED, .delimiter = ';' },
				 seven = { .kind = FSOCK_RECORD_COUNTED, .count = 7 },
				 any = { .kind = FSOCK_RECORD_MEASURED, .measure = measure_any },
				 line = { .kind = FSOCK_RECORD_LINE };

const struct records_way records_ways[RECORDS_WAYS] = {
	[RECORDS_LINE] = { "lines", FSOCK_DELIVER_LINE, NULL },
	[RECORDS_BLOCK] = { "blocks", FSOCK_DELIVER_BLOCK, NULL },
	[RECORDS_WHOLE_LINE] = { "whole lines", FSOCK_DELIVER_WHOLE_LINE, NULL },
	{ "line records", FSOCK_DELIVER_DEFAULT, &line },
	{ "delimited records", FSOCK_DELIVER_DEFAULT, &semicolon },
	{ "counted records", FSOCK_DELIVER_DEFAULT, &seven },
	{ "measured records", FSOCK_DELIVER_WHOLE_RECORD, &any },
};

enum { COUNTED = 11 };

const struct records_kind records_kinds[RECORDS_KINDS] = {
	{ "line", { .kind = FSOCK_RECORD_LINE }, '\n' },
	{ "LF", { .kind = FSOCK_RECORD_DELIMITED, .delimiter = '\n' }, '\n' },
	{ "NUL", { .kind = FSOCK_RECORD_DELIMITED, .delimiter = '\0' }, '\0' },
	{ "semicolon", { .kind = FSOCK_RECORD_DELIMITED, .delimiter = ';' }, ';' },
	{ "counted", { .kind = FSOCK_RECORD_COUNTED, .count = COUNTED }, -1 },
	{ "measured", { .kind = FSOCK_RECORD_MEASURED, .measure = records_measure }, -1 },
};

ssize_t
records_measure(const void *octets, size_t n, void *arg)
{
	const uint8_t *p = octets;

	(void)arg;
	return n < 2 ? 0 : 2 + (p[0] << 8 | p[1]);
}

size_t
records_make(const struct records_kind *kind, int i, char *record)
{
	static const size_t lengths[] = { 1, 0, 5, 297, 2, 16, 100 };
	size_t n = lengths[(size_t)i % (sizeof lengths / sizeof lengths[0])], head = 0;

	if (kind->record.kind == FSOCK_RECORD_COUNTED)
		n = COUNTED;
	if (kind->record.kind == FSOCK_RECORD_MEASURED) {
		record[0] = (char)(n >> 8);
		record[1] = (char)n;
		head = 2;
	}
	for (size_t j = 0; j < n; j++)
		record[head + j] = (char)('a' + (i + (int)j) % 26);
	if (kind->delimiter >= 0)
		record[head + n++] = (char)kind->delimiter;
	return head + n;
}

/* ---- Lines that turn into records. */

enum { ENDS = '!', LONG = 0xff, LONG_HEAD = 4 };

/* The first octet is the length, or LONG: then the three behind it are. */
static ssize_t
measure_head(const void *octets, size_t n, void *arg)
{
	const uint8_t *p = octets;

	(void)arg;
	if (p[0] != LONG)
		return p[0];
	return n < LONG_HEAD ? 0 : p[1] << 16 | p[2] << 8 | p[3];
}

static ssize_t
measure_end(const void *octets, size_t n, void *arg)
{
	const char *p = octets, *end = memchr(p, ENDS, n);

	(void)arg;
	return end == NULL ? 0 : end - p + 1;
}

const struct records_kind records_from_lines[RECORDS_FROM_LINES] = {
	{ "line", { .kind = FSOCK_RECORD_LINE }, '\n' },
	{ "NUL", { .kind = FSOCK_RECORD_DELIMITED, .delimiter = '\0' }, '\0' },
	{ "semicolon", { .kind = FSOCK_RECORD_DELIMITED, .delimiter = ';' }, ';' },
	{ "counted", { .kind = FSOCK_RECORD_COUNTED }, -1 },
	{ "head", { .kind = FSOCK_RECORD_MEASURED, .measure = measure_head }, -1 },
	{ "end", { .kind = FSOCK_RECORD_MEASURED, .measure = measure_end }, -1 },
};

static void
write_head(char *p, size_t length)
{
	if (length < LONG) {
		p[0] = (char)length;
		return;
	}
	p[0] = (char)LONG;
	p[1] = (char)(length >> 16);
	p[2] = (char)(length >> 8);
	p[3] = (char)length;
}

/* Turns n octets of one record; its end is among them if `ends`. */
static void
turn_one(const struct records_turn *turn, char *p, size_t n, int ends)
{
	const struct fsock_record *record = &turn->kind->record;
	char last = record->kind == FSOCK_RECORD_DELIMITED ? (char)record->delimiter : ENDS;

	for (size_t i = 0; i < n - (size_t)ends; i++)
		if (p[i] == last || p[i] == 'e')
			p[i] = '\n';
	if (ends)
		p[n - 1] = last;
	if (record->measure == measure_head && turn->at == 0)
		write_head(p, ends ? n : turn->usual);
}

char *
records_turn(struct records_turn *turn, char *octets, size_t n)
{
	char *p = octets, *end;

	for (size_t length; n > 0; p += length, n -= length) {
		end = memchr(p, '\n', n);
		length = end == NULL ? n : (size_t)(end - p) + 1;
		if (turn->kind->record.kind != FSOCK_RECORD_LINE)
			turn_one(turn, p, length, end != NULL);
		turn->at = end != NULL ? 0 : turn->at + length;
	}
	return octets;
}

struct fsock_record
records_of_length(const struct records_kind *kind, size_t length)
{
	struct fsock_record record = kind->record;

	if (records_is_counted(kind))
		record.count = length;
	return record;
}

int
records_is_counted(const struct records_kind *kind)
{
	return kind->record.kind == FSOCK_RECORD_COUNTED;
}

size_t
records_read(const struct records_kind *kind, FILE *f, char *to, size_t n)
{
	char *record = NULL;
	size_t size = 0;
	ssize_t r;

	if (kind->delimiter < 0)
		return fread(to, 1, n, f);
	r = getdelim(&record, &size, kind->delimiter, f);
	if (r > 0)
		memcpy(to, record, (size_t)r <= n ? (size_t)r : n);
	free(record);
	return r > 0 ? (size_t)r : 0;
}
