/*
 * fsock/layer.h - what stands between a socket's streams and its descriptor: TLS, say.
 *
 * A layer is a table of functions and a state. It stands on the socket's descriptor or on another
 * layer; above it there are the streams, or one more layer. Its functions take octets from below by
 * fsock_layer_receive(), and give octets to what is below by fsock_layer_send(). Neither waits:
 * what cannot go on now says what it wants, and the library waits, with the socket's limits, lists
 * and interrupts, and calls the function again.
 *
 * The library calls one function of a socket's layers at a time, with signals blocked and none of
 * its locks held. They call nothing of the library but the functions below that take a layer, and
 * wait for nothing and nobody. errno is theirs to change.
 */
#ifndef FSOCK_LAYER_H
#define FSOCK_LAYER_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include <fsock/api.h>
#include <fsock/error.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

typedef struct fsock_layer fsock_layer;

/* What the functions of a layer return, besides counts of octets and 1 for "done". */
enum {
	FSOCK_LAYER_END = 0,          /* the orderly end of input */
	FSOCK_LAYER_FAILED = -1,      /* as fsock_layer_fail() has recorded, here or below */
	FSOCK_LAYER_WANTS_INPUT = -2, /* again, when there is input below */
	FSOCK_LAYER_WANTS_OUTPUT = -3 /* again, when there is room below */
};

/*
 * What a layer does. After FSOCK_LAYER_FAILED nothing but `free` is called any more, after
 * FSOCK_LAYER_END no `read`. Until `start` is done neither `read` nor `write` is called.
 */
struct fsock_layer_ops {
	size_t size;      /* of this struct: there may be more members one day */
	const char *name; /* "TLS" */

	/* Takes the handshake a step further. Returns 1 (done), FAILED or WANTS_. NULL: none. */
	int (*start)(fsock_layer *);
	/* Reads up to n octets. Returns 1 to n, END, FAILED or WANTS_. */
	ssize_t (*read)(fsock_layer *, void *octets, size_t n);
	/*
	 * Takes up to n octets to be written. Returns 1 to n, FAILED or WANTS_. After WANTS_ it is
	 * called with the same octets and the same n, perhaps in another place of memory.
	 */
	ssize_t (*write)(fsock_layer *, const void *octets, size_t n);
	/* Passes on all that it has taken. Returns 1, FAILED or WANTS_. NULL: it keeps nothing. */
	int (*flush)(fsock_layer *);
	/*
	 * Tells the peer that no more comes. Returns 1, FAILED or WANTS_. It does not wait for an
	 * answer. NULL: the end of the connection is enough.
	 */
	int (*end)(fsock_layer *);
	/* Whether read() might yield something without input from below. NULL: never. */
	int (*pending)(const fsock_layer *);
	/* Frees the state. Sends nothing, and is called in any process. NULL: there is none. */
	void (*free)(fsock_layer *);
};

/*
 * What puts layers on sockets: the member `layer` of struct fsock_options. It is the first member
 * of a struct of its owner's. Any thread may use it.
 */
struct fsock_layer_maker {
	size_t size; /* of this struct */
	/*
	 * Puts a layer on a socket by fsock_layer_push(). `accepted` is 1 if the peer has connected
	 * to us, 0 if we connect to it. Returns 0, or -1 with errno set.
	 */
	int (*make)(struct fsock_layer_maker *, fsock *, int accepted);
	/* Counts who keeps it: listeners and servers. NULL: it is there for ever. */
	void (*hold)(struct fsock_layer_maker *);
	void (*drop)(struct fsock_layer_maker *);
};

/* For fsock_layer_push(). */
#define FSOCK_LAYER_TAKE_PENDING 1

/*
 * Puts a layer on a connected socket, on top of those that it has, at this very octet: what was
 * written before has gone without it, what is read from now on comes through it. Formats, limits
 * and streams stay as they are. Input that was read ahead already is in the way: what came behind a
 * STARTTLS, still in the clear, must not be taken for something said under TLS. With
 * FSOCK_LAYER_TAKE_PENDING it is handed to the layer, as what comes from below. The layer's `start`
 * is called by the first read or write, or by fsock_layer_start().
 * On a socket that is still connecting, or whose layers have not been started, it works as well.
 * Returns: 0, or -1 with everything as it was, and `state` still the caller's.
 * Errors: EBADF, EINVAL (no connected socket, a table without read or write, unknown flags), EBUSY
 *   (input was read ahead, or another thread is reading), EAGAIN (output is queued), ENOMEM; those
 *   of a failed flush.
 * Blocks: as fflush(3).  Threads: no other thread may be in a call on the socket.
 */
FSOCK_API int fsock_layer_push(fsock *s, const struct fsock_layer_ops *ops, void *state, int flags);

/*
 * Brings the layers' handshakes to an end, under the limits for reading, and in sockets that were
 * accepted within `handshake_timeout` of that. Where there is no layer, or it has started, it does
 * nothing.
 * Returns: 0 or -1. Errors: EAGAIN (a non-blocking socket; a wait list goes on with it, and reports
 *   FSOCK_OUTPUT when it is done), ETIMEDOUT, ECANCELED, and what the layer has said.
 * Blocks: yes, unless the socket is non-blocking.
 */
FSOCK_API int fsock_layer_start(fsock *s);

/*
 * The topmost layer of a socket with this table; NULL: with any. Returns: it, or NULL if there is
 * none. It is there as long as the socket is open.
 */
FSOCK_API fsock_layer *fsock_layer_of(fsock *s, const struct fsock_layer_ops *ops);

/* What was pushed; the socket; and the host that it was connected to, "" if that is not known. */
FSOCK_API void *fsock_layer_state(const fsock_layer *layer);
FSOCK_API fsock *fsock_layer_socket(const fsock_layer *layer);
FSOCK_API const char *fsock_layer_host(const fsock_layer *layer);

/*
 * The host that a socket is connected to, "" if that is not known, and the port, 0 if there is
 * none: for who makes a layer.
 */
FSOCK_API const char *fsock_layer_peer(const fsock *s);
FSOCK_API int fsock_layer_port(const fsock *s);

/* fsockopen() through a layer: see fsock/stream.h. */
FSOCK_API FILE *fsock_layer_open(
    const char *host, int port, const char *mode, struct fsock_layer_maker *maker);

/*
 * Records an error, for who makes layers: fsock_last_error() tells of it then. `operation` is
 * static text; `text` is one line, or NULL for the system's words for errno. Sets errno.
 * Returns: -1.
 */
FSOCK_API int fsock_layer_report(
    const char *operation, enum fsock_error_kind kind, int errnum, const char *text);

/*
 * For the functions of a layer: takes up to n octets from below. Returns: 1 to n, END, FAILED, or
 * WANTS_, which may be the wish of a layer below.
 */
FSOCK_API ssize_t fsock_layer_receive(fsock_layer *layer, void *octets, size_t n);

/* Gives up to n octets to what is below. Returns: 1 to n, FAILED or WANTS_. After WANTS_ the next
 * call has to have the same octets and the same n. */
FSOCK_API ssize_t fsock_layer_send(fsock_layer *layer, const void *octets, size_t n);

/* Passes on what the layers below have taken. Returns: 1, FAILED or WANTS_. */
FSOCK_API int fsock_layer_flush(fsock_layer *layer);

/*
 * Records that the connection has failed: every later read and write fails with this kind, errno
 * and text (one line; NULL: the system's words for errno). The first failure is kept.
 * Returns: FSOCK_LAYER_FAILED.
 */
FSOCK_API int fsock_layer_fail(
    fsock_layer *layer, enum fsock_error_kind kind, int errnum, const char *text);

FSOCK_END_DECLS

#endif
