/*
 * fsock/layer.h - layers between a socket's streams and its descriptor, for example TLS.
 *
 * A layer consists of a table of functions and a state. It sits on the socket's descriptor or on
 * another layer. Above it are the streams, or one more layer. Its functions get octets from below
 * with fsock_layer_receive(), and pass octets down with fsock_layer_send(). Neither of these waits.
 * A function that cannot proceed returns what it needs. The library then waits, subject to the
 * socket's time limits, wait lists and interrupts, and calls the function again.
 *
 * The library calls one function of a socket's layers at a time, with signals blocked and without
 * holding any of its locks. The functions must not wait for anything. Of the library they may call
 * only the functions below that take a layer. They may change errno.
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

/* Return values of a layer's functions, besides octet counts and 1 for "done". */
enum {
	FSOCK_LAYER_END = 0,          /* the orderly end of input */
	FSOCK_LAYER_FAILED = -1,      /* recorded by fsock_layer_fail(), here or below */
	FSOCK_LAYER_WANTS_INPUT = -2, /* call again when there is input below */
	FSOCK_LAYER_WANTS_OUTPUT = -3 /* call again when there is room below */
};

/*
 * The functions of a layer. After FSOCK_LAYER_FAILED only `free` is called, and after
 * FSOCK_LAYER_END `read` is not called again. `read` and `write` are not called until `start` is
 * done.
 */
struct fsock_layer_ops {
	size_t size;      /* of this struct: later versions may add members */
	const char *name; /* "TLS" */

	/* Advances the handshake. Returns 1 (done), FAILED or WANTS_. NULL: no handshake. */
	int (*start)(fsock_layer *);
	/* Reads up to n octets. Returns 1 to n, END, FAILED or WANTS_. */
	ssize_t (*read)(fsock_layer *, void *octets, size_t n);
	/*
	 * Accepts up to n octets of output. Returns 1 to n, FAILED or WANTS_. After WANTS_ it is
	 * called again with the same octets and the same n, possibly at another address.
	 */
	ssize_t (*write)(fsock_layer *, const void *octets, size_t n);
	/*
	 * Passes all accepted output down. Returns 1, FAILED or WANTS_. NULL: the layer holds none.
	 */
	int (*flush)(fsock_layer *);
	/*
	 * Tells the peer that the output ends. Returns 1, FAILED or WANTS_. It does not wait for an
	 * answer. NULL: the end of the connection is sufficient.
	 */
	int (*end)(fsock_layer *);
	/* Whether read() may return octets without more input from below. NULL: never. */
	int (*pending)(const fsock_layer *);
	/* Frees the state. Sends nothing; called in any process. NULL: there is no state. */
	void (*free)(fsock_layer *);
	/*
	 * After the handshake, for traces: writes one line about it ("TLSv1.3"), cut to `size`
	 * octets with its NUL. NULL: there is nothing to say. Tables without this member are
	 * accepted.
	 */
	void (*describe)(const fsock_layer *, char *text, size_t size);
};

/*
 * An object that puts layers on sockets: the option `layer` of struct fsock_options. It is the
 * first member of a struct of its owner. Any thread may use it.
 */
struct fsock_layer_maker {
	size_t size; /* of this struct */
	/*
	 * Puts a layer on a socket with fsock_layer_push(). `accepted` is 1 if the peer connected
	 * to this socket, 0 if the socket connects to the peer. Returns 0, or -1 with errno set.
	 */
	int (*make)(struct fsock_layer_maker *, fsock *, int accepted);
	/* Count the users of the object: listeners and servers. NULL: it is never freed. */
	void (*hold)(struct fsock_layer_maker *);
	void (*drop)(struct fsock_layer_maker *);
};

/* A flag of fsock_layer_push(). */
#define FSOCK_LAYER_TAKE_PENDING 1

/*
 * Puts a layer on a connected socket, on top of its existing layers. The layer takes effect at the
 * current octet: output written earlier has been sent without it, and input read later passes
 * through it. Formats, limits and streams are unchanged.
 *
 * The function fails if input has been read ahead: input that arrived in the clear after a STARTTLS
 * must not be taken for input under TLS. With FSOCK_LAYER_TAKE_PENDING it passes that input to the
 * layer, as input from below.
 *
 * The first read or write, or fsock_layer_start(), calls the layer's `start`. The function also
 * works on a socket that is still connecting, or whose layers have not been started.
 * Returns: 0, or -1 with everything unchanged; the caller then still owns `state`.
 * Errors: EBADF, EINVAL (not a connected socket, a table without read or write, unknown flags),
 *   EBUSY (input was read ahead, or another thread is reading), EAGAIN (output is queued), ENOMEM;
 *   those of a failed flush.
 * Blocks: as fflush(3).
 * Threads: no other thread may be in a call on the socket.
 */
FSOCK_API int fsock_layer_push(fsock *s, const struct fsock_layer_ops *ops, void *state, int flags);

/*
 * Completes the handshakes of the layers. The limits for reading apply, and on accepted sockets
 * `handshake_timeout` as well. Does nothing if the socket has no layers or they have started.
 * Returns: 0 or -1.
 * Errors: EAGAIN (a non-blocking socket; a wait list continues the handshake, and reports
 *   FSOCK_OUTPUT when it is complete), ETIMEDOUT, ECANCELED, and the errors that the layer has
 *   recorded.
 * Blocks: yes, unless the socket is non-blocking.
 */
FSOCK_API int fsock_layer_start(fsock *s);

/*
 * Finds the topmost layer of a socket with the given table, or with any table if `ops` is NULL.
 * Returns: the layer, or NULL if there is none. It exists as long as the socket is open.
 */
FSOCK_API fsock_layer *fsock_layer_of(fsock *s, const struct fsock_layer_ops *ops);

/*
 * Return the state that was pushed; the socket; and the host that it was connected to, "" if
 * unknown.
 */
FSOCK_API void *fsock_layer_state(const fsock_layer *layer);
FSOCK_API fsock *fsock_layer_socket(const fsock_layer *layer);
FSOCK_API const char *fsock_layer_host(const fsock_layer *layer);

/*
 * For code that creates layers: return the host that a socket is connected to, "" if unknown, and
 * its port, 0 if there is none.
 */
FSOCK_API const char *fsock_layer_peer(const fsock *s);
FSOCK_API int fsock_layer_port(const fsock *s);

/* Works as fsockopen() (see fsock/stream.h), through a layer. */
FSOCK_API FILE *fsock_layer_open(
    const char *host, int port, const char *mode, struct fsock_layer_maker *maker);

/*
 * For code that creates layers: records an error for fsock_last_error(). `operation` is static
 * text. `text` is one line, or NULL for the system's message for errno. Sets errno.
 * Returns: -1.
 */
FSOCK_API int fsock_layer_report(
    const char *operation, enum fsock_error_kind kind, int errnum, const char *text);

/*
 * For the functions of a layer: receives up to n octets from below.
 * Returns: 1 to n, END, FAILED, or WANTS_, which may be the result of a layer below.
 */
FSOCK_API ssize_t fsock_layer_receive(fsock_layer *layer, void *octets, size_t n);

/*
 * Passes up to n octets down. Returns: 1 to n, FAILED or WANTS_. After WANTS_ the next call must
 * pass the same octets and the same n.
 */
FSOCK_API ssize_t fsock_layer_send(fsock_layer *layer, const void *octets, size_t n);

/* Passes down all output that the layers below have accepted. Returns: 1, FAILED or WANTS_. */
FSOCK_API int fsock_layer_flush(fsock_layer *layer);

/*
 * Records that the connection has failed. Every later read and write fails with this kind, errno
 * and text (one line; NULL: the system's message for errno). Only the first failure is recorded.
 * Returns: FSOCK_LAYER_FAILED.
 */
FSOCK_API int fsock_layer_fail(
    fsock_layer *layer, enum fsock_error_kind kind, int errnum, const char *text);

FSOCK_END_DECLS

#endif
