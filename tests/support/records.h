/* What tests of streams run over: the ways of delivering input, and records of each kind. */
#ifndef TESTS_RECORDS_H
#define TESTS_RECORDS_H

#include <fsock.h>

/* Ways of delivering any text: those of lines first, the whole ones of them last. */
enum { RECORDS_LINE, RECORDS_BLOCK, RECORDS_WHOLE_LINE, RECORDS_WAYS = 7 };
extern const struct records_way {
	const char *name;
	enum fsock_delivery delivery;
	const struct fsock_record *record; /* or NULL: lines */
} records_ways[RECORDS_WAYS];

/* Kinds of records that hold any payload without NUL, LF and ';'. */
enum { RECORDS_KINDS = 6 };
extern const struct records_kind {
	const char *name;
	struct fsock_record record;
	int delimiter; /* what a record ends with, or -1 */
} records_kinds[RECORDS_KINDS];

/* The longest of the records below. */
enum { RECORDS_MOST = 300 };

/* Makes a record of a kind with some payload: the i-th of a row. Returns its length. */
size_t records_make(const struct records_kind *, int i, char *record);

/* Measures a record of 2 octets, which say how many follow, most significant first, and those. */
ssize_t records_measure(const void *octets, size_t n, void *arg);

#endif
