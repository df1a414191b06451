/*
 * The handle. It owns the descriptor; the streams on top of it, and the wait lists that it is in,
 * are known here only by their tables of functions.
 */
#ifndef FSOCK_SOCK_HANDLE_H
#define FSOCK_SOCK_HANDLE_H

#include <sys/socket.h>
#include <sys/types.h>

#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <fsock/socket.h>

#include "../base/clock.h"
#include "../base/lock.h"
#include "../base/process.h"
#include "settings.h"
#include "turn.h"

/* A foreign one is there to be waited for, and for nothing else: see wait/foreign.c. */
enum fsock__role { FSOCK__CONNECTED, FSOCK__LISTENER, FSOCK__DATAGRAM, FSOCK__FOREIGN };

/* The descriptor of an open handle that has none: no process has so many. */
#define FSOCK__NO_FD INT_MAX

struct fsock__connecting;
struct fsock__interrupt;
struct fsock__layers;
struct fsock__member;
struct fsock__name_lookup;
struct fsock__record;
struct fsock__unix_file;
struct fsock_waitlist;

/* How octets move over what a stream stands on. Nothing is locked during any of these. */
struct fsock__transport_ops {
	/*
	 * Receives up to n octets, after having waited for the first one. Returns how many, 0 at
	 * end of file, or -1 with the error recorded.
	 */
	ssize_t (*receive)(struct fsock *, void *buf, size_t n);
	/*
	 * Receives what is there. *is_drained is set to whether that was all. Returns how many
	 * octets, 0 where receive() would tell of an end or failure, again and again, or -1 with
	 * errno only: EAGAIN if there are none.
	 */
	ssize_t (*receive_now)(struct fsock *, void *buf, size_t n, int *is_drained);
	/*
	 * Sends of n octets what goes without waiting. Returns how many, 0 if none, or -1 with the
	 * error recorded.
	 */
	ssize_t (*offer)(struct fsock *, const void *buf, size_t n);
	/*
	 * Passes on what it has taken, without waiting. Returns 1 when that is done, 0 if it has to
	 * wait, or -1 with the error recorded. NULL: it keeps nothing.
	 */
	int (*flush)(struct fsock *);
	/*
	 * Waits until more can be sent, until `until` at the most. Returns 0, or -1 with the error
	 * of `operation` recorded.
	 */
	int (*await_room)(struct fsock *, const char *operation, int64_t until);
	/* Closes what the handle owns, if it is still open. Returns 0, or -1 with errno set. */
	int (*close)(struct fsock *);
	/*
	 * Output has failed: what the handle stands on, other than a descriptor, is not to end
	 * properly either. NULL: there is nothing to do.
	 */
	void (*fail)(struct fsock *, int errnum);
	/*
	 * Before a close, when output is complete and sent: ends it as the peer is to see it, and
	 * discards input that has come, of which the system would make a reset. Never waits.
	 * Returns 1 if more may come, so that it is to be called again when there is input; else 0.
	 * NULL: there is nothing to do.
	 */
	int (*finish)(struct fsock *);
};

/* Whether flushing waits for a thread that waits for the peer, or does without. */
enum fsock__flush { FSOCK__FLUSH_ALL, FSOCK__FLUSH_PAST_BUSY };

/* Receives as the transport does, and what comes beside the octets. */
typedef ssize_t fsock__receive_fn(struct fsock *, void *buf, size_t n, void *arg);

/*
 * What the layer above does for a socket whose `stream` is set. All members are set. They are
 * called without locks, except where it says so.
 */
struct fsock__stream_ops {
	/* Sends what the FILEs hold, and ends the text. Returns 0 or -1. */
	int (*flush)(struct fsock *, enum fsock__flush);
	/* Closes the FILEs still open. Returns 0, or -1 if anything written did not go out. */
	int (*close)(struct fsock *);
	/*
	 * Gathers all input read ahead below the FILEs, then copies it if it fits in `size`.
	 * Returns how much there is, or -1.
	 */
	ssize_t (*take)(struct fsock *, void *buf, size_t size);
	/*
	 * Takes up to n octets of the input read ahead, stdio's first; if there is none, receives
	 * by the function. Returns how many, 0 at end of file or at a bound, or -1.
	 */
	ssize_t (*receive)(struct fsock *, void *buf, size_t n, fsock__receive_fn *, void *arg);
	/* How much of that there is. Returns -1 with the error recorded. */
	ssize_t (*available)(struct fsock *);
	/* The same, when a line end that is owed has come and been dropped. */
	ssize_t (*ahead)(struct fsock *, const char *operation);
	/* Sends what the FILEs hold, then n octets. Returns 0 or -1. */
	int (*send)(struct fsock *, const void *buf, size_t n);
	/*
	 * Sends queued output as far as that goes without waiting; nothing while another thread is
	 * sending. Tells no wait list, whose lock may be held. Returns 0, or -1 when output failed.
	 */
	int (*drain)(struct fsock *);
	/*
	 * The same for who holds no lock: it waits for who is sending, unless that one waits for
	 * the peer, and tells the lists.
	 */
	int (*release)(struct fsock *);
	/* Waits until all of it is sent, for close_timeout at most. Returns 0 or -1. */
	int (*settle)(struct fsock *);
	/* The socket has its descriptor now. Needs the handle's lock. */
	void (*connected)(struct fsock *);
	/* Frees `stream`; no FILE is open any more. */
	void (*free)(struct fsock *);
	/*
	 * How many octets the program could read from the FILEs without the kernel: none of a
	 * stream that delivers whole records and holds none. A list's lock may be held.
	 */
	ssize_t (*buffered)(struct fsock *);
	/* How many octets no FILE has taken: when all are closed, what the program has not read. */
	size_t (*unread)(struct fsock *);
	/*
	 * For a stream that delivers whole records: takes what the kernel has, without waiting.
	 * Returns whether reading would not wait now: 1 also if another thread is busy with it. A
	 * list's lock may be held unless the records are measured.
	 */
	int (*fetch)(struct fsock *);
};

/*
 * What wait lists do for the sockets that are in them. The first list that a socket joins, or the
 * first bell that is hung at it, puts the table into the handle: before, and where no list is
 * linked, there is nothing to do.
 */
struct fsock__watch_ops {
	/*
	 * Something has happened to the socket that the kernel cannot tell: there may be input in
	 * its streams, or its end; output was queued or sent, or has failed; it has another
	 * deadline. Those who wait for it will look. Takes no lock of a list's.
	 */
	void (*note)(struct fsock *);
	/* The descriptor is about to be closed. */
	void (*drop_fd)(struct fsock *);
	/* The handle ends: it leaves its lists. */
	void (*leave)(struct fsock *);
	/*
	 * The program is about to close the handle: it leaves its lists, but for those that may
	 * have to send what is queued, and that will not tell of it any more.
	 */
	void (*retire)(struct fsock *);
	/*
	 * Leaves closing the socket to its lists, if they may: they have a reference of it then.
	 * Returns whether they do.
	 */
	int (*defer)(struct fsock *);
	/*
	 * Around a step of connecting: the list that watches the descriptors under way, if there is
	 * one, does not meanwhile. It is held in between.
	 */
	struct fsock_waitlist *(*pause)(struct fsock *);
	void (*resume)(struct fsock *, struct fsock_waitlist *);
};

/* Time limits. */
struct fsock__limits {
	_Atomic int64_t read_deadline, write_deadline; /* absolute, or FSOCK__NEVER */
	_Atomic int64_t read_timeout, write_timeout; /* spans; the descriptor has the first, too */
};

/*
 * The output side.
 *  1. Who sends, or changes what is queued or how it is encoded, has the turn. What the turn has
 *     done is noted for a signal handler that interrupts it and does not return.
 *  2. `error` is set once and never cleared: octets are missing in what the peer gets.
 *  3. Who holds octets back looks at `awaited` afterwards, and who waits for input counts there
 *     before it sends what is held back: one of the two sends it. Only sockets with the option
 *     `batched` hold back, and count; a wait that was jumped out of is counted for ever, so that
 *     nothing is held back any more.
 */
struct fsock__output {
	struct fsock__turn turn;
	const uint8_t *volatile sending; /* what stdio has handed over in this turn, or NULL ... */
	volatile size_t done;            /* ... and how much of it has gone */
	volatile int is_unsure;          /* that cannot be told: a system call is under way, say */
	atomic_int error;                /* errno of the first failed write, or 0 */
	_Atomic size_t queued;           /* octets that the streams have yet to send */
	atomic_int is_held;       /* all of them are held back: nobody has tried to send them */
	atomic_int is_left;       /* a wait has left them so, as it has found input */
	atomic_int awaited;       /* threads that wait for input, and for which none may be */
	atomic_int relayed;       /* fsock__process() while a relay holds octets for it */
	atomic_int queue_process; /* fsock__process() that put them there */
	atomic_int congested;     /* from high_water of them until low_water */
	atomic_int end_due;       /* when they are sent, the side is to be shut down */
	atomic_int has_sent;      /* something has gone to the peer, or may have */
	int is_armed;             /* the process ends: the descriptor's close is a reset ... */
	struct linger linger;     /* ... and what it was before; both need the handle's lock */
};

/*
 * What has gone over it, and when: see fsock_statistics(). Of two, the first is for input. Each is
 * written by the threads that receive or send, one at a time; moments are 0 until they come.
 */
struct fsock__account {
	_Atomic uint64_t octets[2], wire[2], pieces[2], records[2];
	atomic_int record_end;        /* 1 + the octet that ends a record of the output, or 0 */
	_Atomic size_t record_length; /* of each such record, or 0 */
	size_t unfinished;            /* octets of one that have been sent */
	_Atomic int64_t began, looked_up, connected, ready, first_octet;
	atomic_int number;   /* in traces, once it has one */
	atomic_int is_ended; /* the end of input was traced */
};

enum fsock__closing {
	FSOCK__NOT_CLOSING,
	FSOCK__CLOSING, /* closed by the program: its lists send what is queued, then close it */
	FSOCK__CLOSED   /* one of them has begun to */
};

/*
 * Being waited for.
 *  1. `members` and `driver` change under the locks of a list and of the handle. Who has one of
 *     them and finds a member knows that the other side is alive.
 *  2. `ropes` and `closing` change under the handle's lock.
 */
struct fsock__watch {
	_Atomic(struct fsock__member *) members;      /* one for each list it is in */
	_Atomic(struct fsock__rope *) ropes;          /* of waits that are in no list: see bell.h */
	_Atomic(const struct fsock__watch_ops *) ops; /* set before the first of either */
	atomic_int process;           /* fsock__process() of the list that it joined last */
	struct fsock__member *driver; /* of the list that sees to connecting it, or NULL */
	atomic_int state;             /* for fsock_state() */
	_Atomic(void *) counted_by;   /* the fsock_wait_for_input() that counted it last */
	_Atomic(enum fsock__closing) closing;
};

/* What the streams of a socket deliver, as far as those who wait for it have to know. */
enum fsock__delivers {
	FSOCK__DELIVERS_OCTETS,  /* whatever there is */
	FSOCK__DELIVERS_RECORDS, /* whole records ... */
	FSOCK__DELIVERS_MEASURED /* ... which a function of the program's measures */
};

/* What a kind of whole records is in these terms. */
static inline enum fsock__delivers
fsock__handle_delivers(const struct fsock_record *record)
{
	return record->kind == FSOCK_RECORD_MEASURED ? FSOCK__DELIVERS_MEASURED
						     : FSOCK__DELIVERS_RECORDS;
}

/*
 * What must stay true:
 *  1. `references` counts the owner of the handle, each open FILE and the `visitors`; at 0 the
 *     memory goes.
 *  2. `open_files` counts the FILEs. When the last one closes, the descriptor is closed, unless
 *     it is being released. While any FILE is open, `fd` changes but once, from -1.
 *  3. `fd`, `references`, `open_files`, `connecting` and `stream` change under the handle's lock
 *     only; `fd` is read without it by calls that the program may not run while it ends the handle,
 *     after they have seen that `connecting` is NULL: until then another thread may set it.
 *  4. Who looks into `connecting`, takes it a step further or changes `sleepers` has the turn
 *     `step`.
 *  5. The order of all locks is in ARCHITECTURE.md. The handle's is held for memory alone.
 */
struct fsock {
	/* Who it is. */
	enum fsock__role role;
	int family;                   /* AF_... */
	_Atomic(struct fsock *) next; /* see unfinished.c */
	int references;
	int visitors; /* lists and servers that are at work on it without a lock */
	int open_files;
	int fd;      /* -1 once closed, for what is no socket, and until it is connected */
	int foreign; /* of a foreign one: the program's descriptor, or -1 of a timer */
	struct fsock__name_lookup *lookup; /* of a lookup, which is a foreign one; else NULL */
	int lookup_process;                /* fsock__process() where it is under way; else 0 */
	atomic_int is_always_ready;        /* likewise: reading and writing never wait */
	_Atomic(const struct fsock__transport_ops *) transport;

	atomic_int nonblocking; /* calls on it never wait */
	_Atomic(enum fsock__delivers) delivers;
	atomic_int shut;         /* FSOCK_INPUT, FSOCK_OUTPUT: shut down by fsock_shutdown() */
	atomic_int era;          /* fsock__process_era() when it was last used, or made */
	atomic_int is_reset;     /* closing it resets the connection */
	atomic_int is_cut;       /* by a server: nothing is read or written any more */
	atomic_int is_lingering; /* complete and shut down: input is discarded, then it is closed */
	atomic_int discarded;    /* octets of it since then */
	int made_nonblocking;    /* by us: fsock_release() hands out a descriptor that blocks */
	int releasing;           /* fsock_release() is at work: FILEs leave the descriptor open */
	struct fsock__limits limits;
	struct fsock__output output;
	struct fsock__watch watch;
	struct fsock__account account;
	atomic_int is_relayed; /* it is an end of a relay */
	struct fsock__settings settings;
	_Atomic(struct fsock__record *) failure; /* why it has failed, once that is known */
	atomic_int early_error; /* taken from the kernel, for a transfer to tell: see failure.h */
	_Atomic(struct fsock__interrupt *) interrupt; /* once it is there, for all its life */
	_Atomic(struct fsock__layers *) layers;       /* likewise; NULL: there are none */

	_Atomic int64_t rests_until; /* a listener that could not accept, for want of memory, say */

	_Atomic(struct fsock__connecting *) connecting; /* see pending.h; else NULL */
	struct fsock__turn step;
	atomic_int is_step_missed;      /* a list has found that turn taken: it is to be noted */
	struct fsock__turn sleepers[2]; /* who waits to read and to write until the next step */
	struct fsock__connecting *connected; /* what they have yet to wake from, or NULL */

	_Atomic(void *) stream; /* set when it is whole: fsock_shutdown() looks without the lock */
	const struct fsock__stream_ops *stream_ops;

	struct fsock__unix_file *unix_file; /* what was bound in the file system, or NULL */
	FILE *inner;    /* what a stream made by fsock_recode() stands on; else NULL */
	int tells_path; /* of datagrams: see datagram_path.h */
	atomic_int multicast_interface; /* chosen by number, or 0: not every system can be asked */

	atomic_int port; /* for error texts: the peer's, or a listener's own */
	char host[];     /* likewise; "" if unknown */
};

/* The handle's lock. */
static inline void
fsock__handle_lock(const struct fsock *s)
{
	fsock__lock_take(fsock__lock_of(s));
}

static inline void
fsock__handle_unlock(const struct fsock *s)
{
	fsock__lock_give(fsock__lock_of(s));
}

/* One more reference, for a while, which makes nobody its owner: see fsock__socket_leave(). */
void fsock__handle_visit(struct fsock *);

/*
 * Makes the caller the owner of a handle that was given to its streams: it does not end when they
 * close. For who owns it already nothing changes.
 */
void fsock__handle_own(struct fsock *);

/*
 * Whether this process alone is known to use the connection: it has done so, or made it, since the
 * last fork(). Of others, which a parent or a child may be using, nothing is read, reset or shut
 * down when they are closed.
 */
static inline int
fsock__handle_is_ours(const struct fsock *s)
{
	return s->era == fsock__process_era();
}

/* This process reads or writes. Storing what is there is dear. */
static inline void
fsock__handle_use(struct fsock *s)
{
	int era = fsock__process_era();

	if (atomic_load_explicit(&s->era, memory_order_relaxed) != era)
		s->era = era;
}

/* The deadline of a direction, FSOCK_INPUT or FSOCK_OUTPUT. */
static inline int64_t
fsock__handle_deadline(const struct fsock *s, int direction)
{
	return direction == FSOCK_INPUT ? s->limits.read_deadline : s->limits.write_deadline;
}

/*
 * Until when a listener is not waited for, as nobody can accept the client that is there; or
 * FSOCK__NEVER: it is.
 */
static inline int64_t
fsock__handle_rest(const struct fsock *s)
{
	int64_t until = s->rests_until;

	return until != 0 && fsock__clock_left(until) > 0 ? until : FSOCK__NEVER;
}

/*
 * Whether a foreign one is ready without being asked about. So is a lookup in a child of fork(),
 * until it is asked for its addresses there: what it waits for is its parent's until then.
 */
static inline int
fsock__handle_is_always_ready(const struct fsock *s)
{
	return s->is_always_ready ||
	       (s->lookup_process != 0 && s->lookup_process != fsock__process());
}

/*
 * Whether the program has ended what would come: accepting and receiving fail at once. There is no
 * peer to end it, and only some systems tell who polls.
 */
static inline int
fsock__handle_has_ended(const struct fsock *s)
{
	return (s->role == FSOCK__LISTENER || s->role == FSOCK__DATAGRAM) &&
	       (s->shut & FSOCK_INPUT);
}

/* Whether the system knows when it is ready: of a timer, or a file, it does not. */
static inline int
fsock__handle_is_polled(const struct fsock *s)
{
	return s->role != FSOCK__FOREIGN ||
	       (s->fd != FSOCK__NO_FD && !fsock__handle_is_always_ready(s));
}

/* Tells those who wait for it: see struct fsock__watch_ops. */
static inline void
fsock__handle_note(struct fsock *s)
{
	if (s->watch.members != NULL || s->watch.ropes != NULL)
		s->watch.ops->note(s);
}

/*
 * Whether it is in a wait list of this process, which sends what is queued and goes on connecting.
 */
static inline int
fsock__handle_is_watched(const struct fsock *s)
{
	return s->watch.members != NULL && s->watch.process == fsock__process();
}

/*
 * The descriptor, or -1 with EBADF, EINVAL (NULL), EOPNOTSUPP (a foreign one, for which there is no
 * operation but to wait) or, if it is not connected yet, EINPROGRESS recorded for `operation`. The
 * other only says whether it is open, perhaps without one: 0 or -1.
 */
int fsock__handle_fd(const struct fsock *, const char *operation);
int fsock__handle_check(const struct fsock *, const char *operation);

/* Records an error of an operation on the socket: with its host and port. Returns -1. */
int fsock__handle_error(const struct fsock *, const char *operation, int errnum);

/*
 * The same of errno, unless what has failed has recorded it: since there were `before` records.
 * Stdio may fail without having asked us, or pass over what we have said.
 */
int fsock__handle_ensure(const struct fsock *, const char *operation, unsigned before);

#endif
