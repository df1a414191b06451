/*
 * What stdio has to do on a socket, as a model of two queues, and every operation with the check
 * that stdio did it. An operation first predicts from the model what must come back, then calls
 * stdio, compares, and compares what the far end has got.
 */
#ifndef FSOCK_TESTS_STDIO_MODEL_H
#define FSOCK_TESTS_STDIO_MODEL_H

#include <stdio.h>

#include "stdio_link.h"

/* The libcs differ; where, is said at the operations. */
#if defined(__GLIBC__)
#define STDIO_IS_GLIBC 1
#else
#define STDIO_IS_GLIBC 0
#endif

/* What streams the near side has, and how input is delivered. */
enum stdio_kind {
	STDIO_TWO_WAY,       /* a line at a time */
	STDIO_TWO_WAY_BYTES, /* blocks */
	STDIO_TWO_WAY_WHOLE, /* whole lines */
	STDIO_ONE_WAY,
	STDIO_ONE_WAY_LINE,
	STDIO_ONE_WAY_WHOLE,
	STDIO_KINDS
};

extern const char *const stdio_kind_names[STDIO_KINDS];

/* What a read meets that wants more than has been sent. */
enum stdio_tail { STDIO_NOT_REACHED, STDIO_STALLS, STDIO_ENDS, STDIO_RESETS };

#define STDIO_TEXT_MAX 65536

/*
 * 1. text[0, consumed) was read, text[consumed, sent) is on its way, wherever it is.
 * 2. `pushed` is what ungetc() has put before it, or -1; it stands for text[consumed - 1].
 * 3. written[0, arrived) was seen at the far end; of the rest it is not known whether it was sent.
 */
struct stdio_world {
	struct stdio_link link;
	enum stdio_kind kind;
	FILE *in, *out; /* the same FILE on a two-way stream; NULL once closed */

	const char *text; /* the same for all */
	size_t consumed, sent;
	int pushed;
	enum stdio_tail tail;

	char written[STDIO_TEXT_MAX];
	size_t count, arrived;
	int write_errno; /* of the first failed write */

	int eof;            /* end of file was met and is remembered by stdio */
	int stalled;        /* the last operation timed out */
	int reset;          /* the last operation met a peer that is gone */
	int reset_met;      /* and so did one before */
	int switched;       /* written to while stdio held input, and not flushed since */
	int used;           /* something was read or sent, or tried */
	int pushed_another; /* ungetc() has put back something that was not read */

	const struct fsock_record *record; /* what is delivered whole, or NULL: lines */

	size_t amount;       /* how much fread, fgets and fwrite ask for */
	char memory[3][512]; /* for setvbuf() */
	int memory_used;
};

void stdio_world_open(struct stdio_world *, enum stdio_kind, enum stdio_transport, double timeout);

/* The same with records of the text other than lines, where whole ones are delivered. */
void stdio_world_open_records(struct stdio_world *, enum stdio_kind, enum stdio_transport,
    double timeout, const struct fsock_record *);

/* Sends text up to and including octet `sent` - 1. */
void stdio_world_send(struct stdio_world *, size_t sent);

/* The end of the next n lines of the text. */
size_t stdio_world_lines(const struct stdio_world *, int n);

/* Reads what was sent and compares; then closes, and looks at what the far end was left. */
void stdio_world_drain(struct stdio_world *);
void stdio_world_close(struct stdio_world *);

/* Everything written so far has arrived, and nothing else. */
void stdio_world_check_arrival(struct stdio_world *);

/*
 * The model itself, for operations: what the next read of an octet gives, it or EOF; what was
 * pushed back is to be read again; octets were written; the far end sees the end of the output,
 * without a reset if the connection was used.
 */
int stdio_world_is_two_way(const struct stdio_world *);
int stdio_world_take(struct stdio_world *);
void stdio_world_give_back(struct stdio_world *);
void stdio_world_flushed(struct stdio_world *); /* fflush() has met what was pushed back */
void stdio_world_put(struct stdio_world *, const char *data, size_t n);
void stdio_world_check_end(const struct stdio_world *);

enum {
	STDIO_READS = 1,  /* may take input */
	STDIO_WRITES = 2, /* makes output */
	STDIO_SECOND =
	    4, /* acts on `in` as the one before does on `out`: not on a two-way stream */
	STDIO_REBUFFERS = 8,
	STDIO_CLOSES = 16
};

struct stdio_operation {
	const char *name;
	void (*run)(struct stdio_world *);
	int traits;
};

extern const struct stdio_operation stdio_operations[];
extern const int stdio_operation_count;

/*
 * Runs one operation and compares everything that can be seen afterwards. Returns 0 if it means
 * nothing here: on a closed stream, or one that the two-way stream has done already.
 */
int stdio_world_run(struct stdio_world *, const struct stdio_operation *);

#endif
