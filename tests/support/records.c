#include "../../src/base/compat.h"

#include <stdint.h>
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
