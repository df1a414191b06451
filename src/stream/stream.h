/*
 * The streams of a connected socket: raw buffers, and the FILEs that are windows on them. Made when
 * the first FILE is asked for.
 */
#ifndef FSOCK_STREAM_STREAM_H
#define FSOCK_STREAM_STREAM_H

#include <sys/types.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#include "../sock/handle.h"
#include "buffer.h"
#include "queue.h"

#define FSOCK__NO_BOUND UINT64_MAX

/* For want of a line_limit; a whole line has to be kept in memory. */
#define FSOCK__WHOLE_LINE_LIMIT 65536

struct fsock__stream;
struct fsock__text_input;
struct fsock__text_output;

/*
 * One FILE. `file` is NULL while it is not open; it and `opening` change under the handle's lock, and
 * whoever has that lock and finds a FILE may try to lock it: it is there.
 */
struct fsock__window {
	_Atomic(FILE *) file;
	struct fsock__stream *stream;
	int opening; /* fsock__process() while a thread of it makes the FILE; else 0 */
	int sides;   /* FSOCK_INPUT, FSOCK_OUTPUT or both */
	enum fsock_delivery delivery;
	size_t line_limit;  /* 0: none */
	off_t position;     /* octets delivered and written: what seek reports */
	atomic_int waiting; /* fsock__process() while a thread of it is blocked receiving, or
	                               about to be; else 0 */
	void *memory;       /* stdio's buffer, FSOCK__WINDOW_... octets; NULL: its own */
	_Atomic(struct fsock__window *) next; /* chain of the registry */
};

enum { FSOCK__WINDOW_IO, FSOCK__WINDOW_INPUT, FSOCK__WINDOW_OUTPUT, FSOCK__WINDOW_COUNT };

/*
 * What must stay true:
 *  1. `reader` is the window that read last: the only one that may give input back. Its FILE's lock
 *     guards all members from `raw` to `octet_taken`. While it is NULL the handle's lock does, for
 *     memory alone. It changes under the handle's lock, by who has the locks of both FILEs. A window
 *     that writes or closes leaves it NULL: stdio holds no input of its then.
 *  2. Who sends has the turn of the socket's output side, which guards all from `text_output` on.
 *     `text_input` and `text_output` change under the handle's lock, too: who has that may look at
 *     their formats.
 *  3. While the reader has a line_limit, `line_fill` is how much of a line lies before raw.head,
 *     and `fill_at_mark` how much lies before raw.mark.
 */
struct fsock__stream {
	struct fsock *socket;
	_Atomic(struct fsock__window *) reader;
	struct fsock__buffer raw;
	size_t line_fill, fill_at_mark;
	size_t line_left; /* octets from raw.head to the end of the line it is in; 0: not known */
	uint64_t bound;                       /* where input ends for now, or FSOCK__NO_BOUND */
	struct fsock__text_input *text_input; /* NULL: octets pass unchanged */
	int binary;                           /* the program has said so: lines mean nothing */
	uint8_t owed[4];                      /* an LF to drop before anything is read ... */
	uint8_t owed_length;                  /* ... and how long it is; 0: none */
	int owed_beyond; /* the bound was set behind it and does not count it */
	int is_drained;  /* a wait has just taken all that the kernel had */
	int octet_taken; /* the octet before raw.head may be unread */
	atomic_int has_more; /* there was something in `raw` when the reader was done last */
	int read_error;      /* errno of a receive that no read has told of yet, or 0; as `raw` */
	int process;      /* fsock__process() that made this */
	struct fsock__text_output *text_output;
	struct fsock__queue queue; /* socket->output.queued tells everybody how much it has */
	int queue_process;         /* fsock__process() that put it there */
	int sent;                  /* something was sent to the peer */
	struct fsock__window windows[FSOCK__WINDOW_COUNT];
};

/*
 * input.c: hands octets to stdio. Returns how many, 0 at end of file, -1 with the error recorded.
 */
ssize_t fsock__input_read(struct fsock__window *, void *buf, size_t n);

/* input.c: takes back the last n octets delivered to the window. Returns 0, or -1 (ESPIPE). */
int fsock__input_give_back(struct fsock__window *, size_t n);

/*
 * input.c: takes note that stdio holds no input of the window any more, as it has begun to write. Then
 * it is not the reader.
 */
void fsock__input_resign(struct fsock__window *);

/*
 * readable.c: what the streams hold and what their next read would do; see struct
 * fsock__stream_ops.
 */
ssize_t fsock__readable_buffered(struct fsock *);
int fsock__readable_fetch(struct fsock *);

/*
 * readable.c: whether the next read finds what it needs in the raw buffer: input, its end for now,
 * or an error, such as a line that is too long. Needs the lock of the reader's FILE.
 */
int fsock__readable_now(const struct fsock__stream *);

/* output.c: sends octets from stdio, in the turn of the output side. Returns n, or -1 with the error recorded. */
ssize_t fsock__output_write(struct fsock__window *, const void *buf, size_t n);

/*
 * For fsock_receive() and fsock_send(), beside the FILEs. input.c: takes up to n of the octets that
 * wait in `raw`, with what guards it held; returns how many. output.c: sends all n octets; returns
 * 0 or -1 with the error recorded.
 */
size_t fsock__input_take(struct fsock__stream *, void *buf, size_t n);
int fsock__output_send(struct fsock__stream *, const void *buf, size_t n);

/* raw.c: see struct fsock__stream_ops. */
ssize_t fsock__raw_receive(struct fsock *, void *buf, size_t n);
ssize_t fsock__raw_available(struct fsock *);

/*
 * window.c: gives the FILE that is to be the window's a buffer. Failing that stdio has its own, of 1 KiB in most
 * libcs.
 */
void fsock__window_set_buffer(struct fsock__window *, FILE *);

/* stream.c: opens one of the windows, if it is not open yet. The FILE, or NULL with errno set. */
FILE *fsock__stream_open(struct fsock *, int which);

/*
 * window.c: what a FILE's functions do, whatever mechanism makes it. `whence` is SEEK_CUR (glibc,
 * musl) or SEEK_SET (BSD, newlib); only staying in place and giving input back succeed. Seeking
 * returns the new position or -1. Closing frees the window, and with the last reference the socket.
 */
off_t fsock__window_seek(struct fsock__window *, off_t offset, int whence);
int fsock__window_close(struct fsock__window *);

/*
 * window.c: in a child of fork(), leaves alone a FILE that a thread was using which is not there: some
 * libcs would wait for it for ever. The handle has it no more.
 */
void fsock__window_abandon(struct fsock__window *);

#endif
