/*
 * Output that is cut off, in all ways, and what the peer sees of it: what it got is a prefix of
 * what was written, and a proper end of file comes only behind all of it.
 */
#ifndef TESTS_CUT_H
#define TESTS_CUT_H

#include "sock_support.h"

/* What is written: more than a connection takes whose peer does not read. */
enum { CUT_ALL = 200000, CUT_PART = 1000 };
extern char cut_text[CUT_ALL];

struct cut {
	fsock *s;
	FILE *f;  /* what is written to: of the socket, or on top of it */
	int peer; /* bare; it does not read */
	size_t got;
};

/* How output fails. */
struct cut_way {
	const char *name;
	int is_complete;      /* it does not; the first CUT_PART octets are all there are */
	int errnum;           /* what the write fails with; 0: it is the end that fails */
	size_t size;          /* how much is written */
	const char *beyond;   /* and then this; or NULL */
	const char *recoding; /* the format of a FILE on top; or NULL */
	int is_interrupted, is_broken, is_shut; /* by another thread, behind it */
	struct fsock_options options;
};
enum { CUT_WAYS = 11 };
extern const struct cut_way cut_ways[CUT_WAYS];

/* Fills the text. A fixture. */
void cut_begin(void);

/* Makes a connection with little room. */
void cut_open(struct cut *, enum sock_transport, const struct cut_way *);

/* Makes little room on a socket; then the way's output. Any thread and child may call these. */
void cut_narrow(int fd);
int cut_write(struct cut *, const struct cut_way *); /* returns 0, or 1 if it is not as it says */

/* What the peer sees last. */
enum cut_end {
	CUT_PROPER, /* the end of file */
	CUT_RESET,
	CUT_OPEN,   /* neither, for a moment */
	CUT_GARBLED /* not what was written */
};

/* Reads until then. */
enum cut_end cut_look(struct cut *);

/* Asserts what holds for `written` octets, all or not all of which are to arrive. */
void cut_expect(struct cut *, enum cut_end, size_t written, const char *what);

#endif
