/* What tests of streams run over: the ways of delivering input, and records of each kind. */
#ifndef TESTS_RECORDS_H
#define TESTS_RECORDS_H

#include <stdio.h>

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

/*
 * Kinds of records that lines turn into without a change of length, so that what a row says of
 * lengths, limits and pieces holds for each: lines first, then those that end in an octet, those
 * that are counted, those that say their length first, and those whose end a function looks for.
 * In all but lines an 'e' becomes an LF, which means nothing there.
 */
enum { RECORDS_FROM_LINES = 6 };
extern const struct records_kind records_from_lines[RECORDS_FROM_LINES];

/* A text of lines on its way to be records. `usual` is the length of one whose end is not known. */
struct records_turn {
	const struct records_kind *kind;
	size_t usual, at; /* within a record */
};

/* Turns the next n octets into some of records, where they are. Returns them. */
char *records_turn(struct records_turn *, char *octets, size_t n);

/* What a socket is told of a kind whose records have that length, if they are counted. */
struct fsock_record records_of_length(const struct records_kind *, size_t length);

/* Whether each record has to be counted: those of a text are of several lengths then. */
int records_is_counted(const struct records_kind *);

/*
 * Reads the record that comes next, which has n octets, as programs do that have such: by its
 * delimiter or its length. Returns how many it has, of which at most n are stored; 0 if there is
 * none.
 */
size_t records_read(const struct records_kind *, FILE *, char *to, size_t n);

#endif
