/*
 * Rows of what a program does with a stream that has a format, step by step, run in every way that
 * input can arrive and be handed to stdio. Only for the main thread: everything here asserts.
 */
#ifndef FSOCK_TESTS_TEXT_SCRIPT_H
#define FSOCK_TESTS_TEXT_SCRIPT_H

#include <stdio.h>

#include "stdio_link.h"

/*
 * How a stream reads. The wire is a real socket, or a transport made for the tests whose receive
 * calls return `piece` octets each, and can be made to time out anywhere.
 */
struct text_way {
	int is_socket;
	int two_way;
	enum fsock_delivery delivery;
	size_t window; /* of stdio's buffer: 0 as the library has it, 1 none */
	size_t piece;  /* octets that arrive together; 0: all */
	int stutter;   /* every receive times out once before it succeeds: the reader tries again */
};

/* All of them, and the way as words. */
extern const int text_way_count;
struct text_way text_way(int i);
const char *text_way_name(const struct text_way *);

/* A stream read in such a way. `in` and `out` are one FILE on a two-way stream. */
struct text_session {
	struct stdio_link link;
	struct text_way way;
	FILE *in, *out;
	const char *data; /* what has not been received yet */
	size_t left;
	int stuttered, feeding;
	struct stdio_feeder feeder;
	char memory[64];
};

/* n octets arrive, then end of file; with wire NULL what a test sends from link.far arrives. */
void text_open(struct text_session *, const struct text_way *, const struct fsock_options *,
    const char *wire, size_t n);
void text_close(struct text_session *);

enum text_op {
	DONE,
	SEND_,     /* the peer sends octets */
	HANG_UP_,  /* the peer ends its output */
	LINE_,     /* fgets() gives the text */
	CHARS_,    /* fread() gives the text */
	CODE_,     /* fsock_getc32() gives n */
	UNGETC_,   /* ungetc() of n */
	OCTETS_,   /* fsock_read_octets() gives them */
	BYTE_,     /* fsock_read_byte() */
	PEEK_,     /* fsock_peek_byte() */
	UNREAD_,   /* fsock_unread_byte() gives n */
	BAD_,      /* a read fails with EILSEQ, the error is at octet n; clearerr() */
	LATE_,     /* a read times out; clearerr() */
	TOO_LONG_, /* a read fails for the length of the line; clearerr() */
	END_,      /* a read meets end of file; clearerr() */
	BOUND_,    /* fsock_set_bound() of n */
	POSITION_, /* fsock_octet_position() is n */
	PENDING_,  /* fsock_pending() is n */
	ERRORS_,   /* n errors in input */
	SEEK_,     /* fflush(), or fseek() nowhere on a one-way stream */
	SET_,      /* fsock_set_format() */
	SET_IN_,   /* the same of input alone, and of output */
	SET_OUT_,
	UPGRADE_,  /* fsock_upgrade() works, or fails with errno n */
	PUT_,      /* text is written and flushed */
	PUT_BAD_,  /* the same fails with EILSEQ, the error is at octet n of text */
	PUT_CODE_, /* fsock_putc32() */
	PUT_OCTETS_,
	OUT_ERRORS_,   /* n errors in output */
	OUT_ERROR_AT_, /* the last one is at octet n of text */
	COLUMN_,       /* fsock_column() is n */
	GOT_,          /* the peer has got these octets, and nothing else yet */
	CLOSE_,        /* fclose() of the stream that writes; or with n, fails with errno n */
	SHUT_          /* fsock_shutdown() of output */
};

struct text_step {
	enum text_op op;
	const char *text;
	size_t length;
	long n;
};

/* clang-format off */
#define TEXT_(text) (text), sizeof(text) - 1
#define SEND(text) { SEND_, TEXT_(text), 0 }
#define HANG_UP { HANG_UP_, NULL, 0, 0 }
#define LINE(text) { LINE_, TEXT_(text), 0 }
#define CHARS(text) { CHARS_, TEXT_(text), 0 }
#define CODE(n) { CODE_, NULL, 0, n }
#define UNGETC(n) { UNGETC_, NULL, 0, n }
#define OCTETS(text) { OCTETS_, TEXT_(text), 0 }
#define BYTE(n) { BYTE_, NULL, 0, n }
#define PEEK(n) { PEEK_, NULL, 0, n }
#define UNREAD(n) { UNREAD_, NULL, 0, n }
#define BAD(n) { BAD_, NULL, 0, n }
#define LATE { LATE_, NULL, 0, 0 }
#define TOO_LONG { TOO_LONG_, NULL, 0, 0 }
#define END { END_, NULL, 0, 0 }
#define BOUND(n) { BOUND_, NULL, 0, n }
#define POSITION(n) { POSITION_, NULL, 0, n }
#define PENDING(n) { PENDING_, NULL, 0, n }
#define ERRORS(n) { ERRORS_, NULL, 0, n }
#define SEEK { SEEK_, NULL, 0, 0 }
#define SET(text) { SET_, TEXT_(text), 0 }
#define SET_IN(text) { SET_IN_, TEXT_(text), 0 }
#define SET_OUT(text) { SET_OUT_, TEXT_(text), 0 }
#define UPGRADE(n) { UPGRADE_, NULL, 0, n }
#define PUT(text) { PUT_, TEXT_(text), 0 }
#define PUT_BAD(text, n) { PUT_BAD_, TEXT_(text), n }
#define PUT_CODE(n) { PUT_CODE_, NULL, 0, n }
#define PUT_OCTETS(text) { PUT_OCTETS_, TEXT_(text), 0 }
#define OUT_ERRORS(n) { OUT_ERRORS_, NULL, 0, n }
#define OUT_ERROR_AT(n) { OUT_ERROR_AT_, NULL, 0, n }
#define COLUMN(n) { COLUMN_, NULL, 0, n }
#define GOT(text) { GOT_, TEXT_(text), 0 }
#define CLOSE { CLOSE_, NULL, 0, 0 }
#define CLOSE_BAD(n) { CLOSE_, NULL, 0, n }
#define SHUT { SHUT_, NULL, 0, 0 }
/* clang-format on */

struct text_row {
	const char *name;
	const char *format;
	const char *wire; /* NULL: nothing arrives but what is sent, step by step */
	size_t wire_length;
	double timeout;
	size_t line_limit;
	int partial; /* reads less than a line, which is not to be had where only whole ones are */
	struct text_step steps[24];
};

#define WIRE(octets) .wire = (octets), .wire_length = sizeof(octets) - 1

void text_run(const struct text_row *, const struct text_way *);

/* Runs the row in every way it can be run. */
void text_run_all(const struct text_row *);

#endif
