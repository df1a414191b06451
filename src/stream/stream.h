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

#include "../sock/socket.h"
#include "buffer.h"

struct fsock__stream;

/* One FILE. `file` is NULL while it is not open. */
struct fsock__window {
	FILE *file;
	struct fsock__stream *stream;
	int sides; /* FSOCK_INPUT, FSOCK_OUTPUT or both */
	enum fsock_delivery delivery;
	size_t line_limit;          /* 0: none */
	off_t position;             /* octets delivered and written: what seek reports */
	atomic_int waiting;         /* fsock__process() while its thread receives, or soon will; or 0 */
	void *memory;               /* stdio's buffer, FSOCK__WINDOW_... octets; NULL: its own */
	struct fsock__window *next; /* chain of the registry */
};

enum { FSOCK__WINDOW_IO, FSOCK__WINDOW_INPUT, FSOCK__WINDOW_OUTPUT, FSOCK__WINDOW_COUNT };

/*
 * What must stay true:
 *  1. `reader` is the window that read last: the only one that may give input back. Its FILE's lock
 *     guards `raw` and the line counts. It changes with the locks of both FILEs and the socket's
 *     lock held; a window that closes leaves it NULL.
 *  2. `output_lock` is held while anything is sent.
 *  3. While the reader has a line_limit, `line_fill` is how much of a line lies before raw.head,
 *     and `fill_at_mark` how much lies before raw.mark.
 */
struct fsock__stream {
	struct fsock *socket;
	_Atomic(struct fsock__window *) reader;
	struct fsock__buffer raw;
	size_t line_fill, fill_at_mark;
	pthread_mutex_t output_lock;
	struct fsock__window windows[FSOCK__WINDOW_COUNT];
};

/*
 * input.c: hands octets to stdio. Returns how many, 0 at end of file, -1 with the error recorded.
 */
ssize_t fsock__input_read(struct fsock__window *, void *buf, size_t n);

/* input.c: takes back the last n octets delivered to the window. Returns 0, or -1 (ESPIPE). */
int fsock__input_give_back(struct fsock__window *, size_t n);

/* output.c: sends octets from stdio. Returns n, or -1 with the error recorded. */
ssize_t fsock__output_write(struct fsock__window *, const void *buf, size_t n);

/*
 * window.c: gives the window's FILE a buffer. Failing that stdio has its own, of 1 KiB in most
 * libcs.
 */
void fsock__window_set_buffer(struct fsock__window *);

/*
 * window.c: what a FILE's functions do, whatever mechanism makes it. `whence` is SEEK_CUR (glibc,
 * musl) or SEEK_SET (BSD, newlib); only staying in place and giving input back succeed. Seeking
 * returns the new position or -1. Closing frees the window, and with the last reference the socket.
 */
off_t fsock__window_seek(struct fsock__window *, off_t offset, int whence);
int fsock__window_close(struct fsock__window *);

#endif
