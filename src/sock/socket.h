/*
 * The handle. It owns the descriptor; the streams on top of it, if any were asked for, hang on
 * `stream` and are known here only by their table of functions.
 */
#ifndef FSOCK_SOCK_SOCKET_H
#define FSOCK_SOCK_SOCKET_H

#include <sys/types.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <fsock/socket.h>

#include "settings.h"

enum fsock__role { FSOCK__CONNECTED, FSOCK__LISTENER, FSOCK__DATAGRAM };

/* What the layer above does for a socket whose `stream` is set. All members are set. */
struct fsock__stream_ops {
	/* Sends what the FILEs hold; `final` ends the text as well. Returns 0 or -1. */
	int (*flush)(struct fsock *, int final);
	/* Closes the FILEs still open. Returns 0, or -1 if anything written did not go out. */
	int (*close)(struct fsock *);
	/*
	 * Gathers all input read ahead below the FILEs, then copies it if it fits in `size`.
	 * Returns how much there is, or -1.
	 */
	ssize_t (*take)(struct fsock *, void *buf, size_t size);
	/*
	 * Takes up to n octets of the input read ahead, stdio's first; if there is none, receives.
	 * Returns how many, 0 at end of file or at a bound, or -1.
	 */
	ssize_t (*receive)(struct fsock *, void *buf, size_t n);
	/* How much of that there is. Returns -1 with the error recorded. */
	ssize_t (*available)(struct fsock *);
	/* Sends what the FILEs hold, then n octets. Returns 0 or -1. */
	int (*send)(struct fsock *, const void *buf, size_t n);
	/*
	 * Sends queued output as far as that goes without waiting; not at all while another thread
	 * is sending. Tells no wait list. Returns 0, or -1 when output has failed.
	 */
	int (*drain)(struct fsock *);
	/* Waits until all of it is sent, for close_timeout at most. Returns 0 or -1. */
	int (*settle)(struct fsock *);
	/* The socket has its descriptor now. Needs `lock`. */
	void (*connected)(struct fsock *);
	/* Frees `stream`; no FILE is open any more. */
	void (*free)(struct fsock *);
	/*
	 * How many octets the program could read from the FILEs without the kernel: none of a
	 * whole-line stream that holds no whole line. -1 if that cannot be told, as another thread
	 * is busy with one of them. Needs `lock`; waits for no other.
	 */
	ssize_t (*buffered)(struct fsock *);
	/*
	 * For a whole-line stream: takes what the kernel has, without waiting. Returns whether
	 * reading would not wait now: 1 also if another thread is busy with it. Needs `lock`.
	 */
	int (*fetch)(struct fsock *);
};

struct fsock__connecting;
struct fsock__transport_ops;
struct fsock__unix_file;
struct fsock__member;
struct fsock__interrupt;

/*
 * What must stay true:
 *  1. `references` counts the owner of the handle and each open FILE; at 0 the memory goes.
 *  2. `open_files` counts the FILEs. When the last one closes, the descriptor is closed, unless
 *     it is being released. While any FILE is open, `fd` changes but once, from -1.
 *  3. `fd`, `references`, `open_files` and `stream` change under `lock` only; `fd` is read without
 *     it by calls that the program may not run while it ends the handle, after they have seen that
 *     `connecting` is NULL: until then another thread may set it.
 *  4. `write_error` is set once and never cleared: octets are missing in what the peer gets.
 *  5. Locks are waited for in this order: a FILE's, the stream's output lock, `lock`, a wait
 *     list's, the registry's.
 *  6. `waits` changes under `lock`, and that of the list; it is looked at without to see whether
 *     there is any.
 */
struct fsock {
	pthread_mutex_t lock;
	int fd; /* -1 once closed, for what is no socket, and until it is connected */
	_Atomic(const struct fsock__transport_ops *) transport;
	_Atomic(struct fsock__connecting *) connecting; /* see pending.h; else NULL */
	struct fsock__member *driver; /* of the wait list that sees to it, or NULL; under `lock` */
	enum fsock__role role;
	int family; /* AF_... */
	int references;
	int open_files;
	atomic_int shut;        /* FSOCK_INPUT, FSOCK_OUTPUT: shut down by fsock_shutdown() */
	atomic_int write_error; /* errno of the first failed write, or 0 */
	atomic_int nonblocking; /* calls on it never wait */
	_Atomic size_t queued;  /* octets of output that the streams have yet to send */
	atomic_int congested;   /* from high_water of them until low_water */
	atomic_int end_due;     /* when they are sent, the output side is to be shut down */
	atomic_int closing;     /* or the socket is to be closed: a wait list sees to it */
	atomic_int used;        /* fsock__process() that last read or wrote: it may drain input */
	int made_nonblocking;   /* by us: fsock_release() hands out a descriptor that blocks */
	int releasing;          /* fsock_release() is at work: FILEs leave the descriptor open */
	_Atomic int64_t read_deadline, write_deadline; /* absolute, or FSOCK__NEVER */
	_Atomic int64_t read_timeout, write_timeout; /* spans; the descriptor has them, too */
	_Atomic(struct fsock__member *) waits; /* the wait lists it is in: its member of each */
	_Atomic(void *) counted_by;            /* the fsock_wait_for_input() that counted it last */
	atomic_int state;                      /* for fsock_state() */
	struct fsock__settings settings;
	struct fsock__interrupt *interrupt; /* if it is interruptible, for all its life */
	struct fsock__unix_file *unix_file; /* a listener's file, to unlink; else NULL */
	FILE *inner; /* what a stream made by fsock_recode() stands on; else NULL */
	_Atomic(void *) stream; /* set when it is whole: fsock_shutdown() looks without the lock */
	const struct fsock__stream_ops *stream_ops;
	atomic_int multicast_interface; /* chosen by number, or 0: not every system can be asked */
	int port;    /* for error texts: the peer's, or a listener's own */
	char host[]; /* likewise; "" if unknown */
};

/*
 * Makes a handle that owns `fd`, applies the settings that are options of the descriptor, and
 * starts the deadline's clock. With `fd` -1 it is to get a descriptor later.
 * Returns it, or NULL with `fd` still the caller's. Errors, recorded: ENOMEM, EMFILE, ENFILE.
 */
struct fsock *fsock__socket_new(int fd, enum fsock__role role, int family,
    const struct fsock__settings *settings, const char *host, int port);

/*
 * Closes the descriptor, politely: see fsock_close(). With output queued that may be left to a wait
 * list. Needs `lock`. Returns 0 or -1.
 */
int fsock__socket_close_nolock(struct fsock *);

/* The same at once, whatever is queued. */
int fsock__socket_close_now_nolock(struct fsock *);

/* Makes closing the descriptor a reset of the connection. Needs `lock`. */
void fsock__socket_reset_nolock(struct fsock *);

/*
 * Makes the caller the owner of a handle that was given to its streams: it does not end when they
 * close. For who owns it already nothing changes.
 */
void fsock__socket_own(struct fsock *);

/* A reference keeps the handle, not what is open. Dropping the last one frees it. */
void fsock__socket_ref(struct fsock *);
void fsock__socket_unref(struct fsock *);

/*
 * Shuts the descriptor down both ways, if it is open, so that whoever waits for the peer goes on.
 * From any thread that keeps the handle.
 */
void fsock__socket_cut(struct fsock *);

/* Closes the descriptor of a listener, which no other thread may be using; leaves the handle. */
void fsock__socket_close_fd(struct fsock *);

/* Gives a socket that was made without a descriptor its own. Needs `lock`. */
void fsock__socket_set_fd(struct fsock *, int fd, int family);

/*
 * The descriptor, or -1 with EBADF, EINVAL (NULL) or, if it is not connected yet, EINPROGRESS
 * recorded for `operation`. The other only says whether it is open, perhaps without one: 0 or -1.
 */
int fsock__socket_fd(const struct fsock *, const char *operation);
int fsock__socket_check(const struct fsock *, const char *operation);

/* Records an error of an operation on the socket: with its host and port. Returns -1. */
int fsock__socket_error(const struct fsock *, const char *operation, int errnum);

#endif
