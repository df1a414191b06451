/*
 * The streams of a connected socket: raw buffers, and the FILEs that are windows on them. Made when
 * the first FILE is asked for.
 */
#ifndef FSOCK_STREAM_CONNECTION_H
#define FSOCK_STREAM_CONNECTION_H

#include <sys/types.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "../sock/handle.h"
#include "buffer.h"
#include "queue.h"

#define FSOCK__NO_BOUND  UINT64_MAX
#define FSOCK__AHEAD_ALL SIZE_MAX

struct fsock__stream;
struct fsock__text_input;
struct fsock__text_output;

/*
 * One FILE. `file` is NULL while it is not open; it and `opening` change under the handle's lock,
 * and whoever has that lock and finds a FILE may try to lock it: it is there.
 */
struct fsock__window {
	_Atomic(FILE *) file;
	FILE *key; /* the same, for the registry */
	struct fsock__stream *stream;
	int opening; /* fsock__process() while a thread of it makes the FILE; else 0 */
	int sides;   /* FSOCK_INPUT, FSOCK_OUTPUT or both */
	enum fsock_delivery delivery;
	size_t line_limit;  /* 0: none */
	off_t position;     /* octets delivered and written: what seek reports */
	atomic_int waiting; /* fsock__process() while a thread of it is blocked receiving, or
	                               about to be; else 0 */
	size_t wants;       /* octets that a receive is limited to, as setbuf(3) has made the FILE
	                       unbuffered; 0: no limit */
	size_t run;         /* octets delivered since the program wrote or gave some back */
	size_t ahead;       /* of what a read delivers, how much is not searched for a line end;
	                       FSOCK__AHEAD_ALL: what there is goes as one block */
	int is_tried;       /* a seek that fails is made good: it is not to be recorded */
	void *memory;       /* stdio's buffer; NULL: its own */
	size_t memory_size;
	_Atomic(struct fsock__window *) next; /* chain of the registry */
};

/*
 * What records are, and where those are that were searched last. Positions count the octets of the
 * stream, up to which their end is.
 *  1. The latest begins at `start`. Its end is `end`, or 0 if none was found before `seen`; or it
 *     is no record, for the reason in `error`.
 *  2. The one before it is from `last_start` to `last_end`; 0 and 0 if there is none. What may be
 *     given back of records that have their length lies in these two.
 *  3. A record is counted when its end is delivered for the first time.
 */
struct fsock__records {
	struct fsock_record what; /* of a line, too, `delimiter` is what ends it */
	uint64_t start, seen, end;
	uint64_t last_start, last_end;
	int error;
	size_t returned; /* octets that were delivered and given back: they are counted */
};

enum { FSOCK__WINDOW_IO, FSOCK__WINDOW_INPUT, FSOCK__WINDOW_OUTPUT, FSOCK__WINDOW_COUNT };

/*
 * What must stay true:
 *  1. `reader` is the window that read last: the only one that may give input back. Its FILE's lock
 *     guards all members from `raw` to `octet_taken`, and the windows' `delivery`. While it is
 *     NULL the handle's lock does, for memory alone. It changes under the handle's lock, by who
 *     has the locks of both FILEs. A window that writes or closes leaves it NULL: stdio holds no
 *     input of its then.
 *  2. Who sends has the turn of the socket's output side, which guards all from `text_output` on.
 *     `text_input` and `text_output` change under the handle's lock, too: who has that may look at
 *     their formats.
 *  3. While the reader has a line_limit, `line_fill` is how much of a delimited record lies before
 *     raw.head, and `fill_at_mark` how much lies before raw.mark.
 */
struct fsock__stream {
	struct fsock *socket;
	struct fsock__turn
	    holder; /* who has locked a FILE for the library's own ends: see hold.h */
	int hold_depth;
	int is_missed;         /* another holder has come in vain, and is to be told */
	atomic_int is_glanced; /* a list has found a FILE locked by a call of the program's */
	_Atomic(struct fsock__window *) reader;
	struct fsock__buffer raw;
	size_t line_fill, fill_at_mark;
	struct fsock__records records;
	uint64_t bound;                       /* where input ends for now, or FSOCK__NO_BOUND */
	struct fsock__text_input *text_input; /* NULL: octets pass unchanged */
	int binary;                           /* the program has said so: lines mean nothing */
	uint8_t owed[4];                      /* an LF to drop before anything is read ... */
	uint8_t owed_length;                  /* ... and how long it is; 0: none */
	int owed_beyond;      /* the bound was set behind it and does not count it */
	int is_drained;       /* a wait has just taken all that the kernel had */
	int octet_taken;      /* the octet before raw.head may be unread */
	atomic_int has_more;  /* there was something in `raw` when the reader was done last */
	atomic_int receivers; /* threads in fsock_receive(), which receive past `raw` */
	int read_error;       /* errno of a receive that no read has told of yet, or 0; as `raw` */
	int process;          /* fsock__process() that made this */
	struct fsock__text_output *text_output;
	struct fsock__queue queue; /* socket->output.queued tells everybody how much it has */
	int may_hold;              /* what is written in this turn may be held back */
	atomic_int is_unsent;      /* a list has come to send it in vain, and is to be told */
	int sent;                  /* something was sent to the peer */
	struct fsock__window windows[FSOCK__WINDOW_COUNT];
};

#endif
