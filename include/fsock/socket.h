/*
 * fsock/socket.h - creating, naming and closing sockets. The conventions are in fsock.h.
 */
#ifndef FSOCK_SOCKET_H
#define FSOCK_SOCKET_H

#include <stddef.h>
#include <sys/types.h>
#include <fsock/addr.h>
#include <fsock/api.h>
#include <fsock/error.h>

FSOCK_BEGIN_DECLS

typedef struct fsock fsock;
struct fsock_layer_maker;

/* Directions, for fsock_shutdown() and fsock/stream.h. */
#define FSOCK_INPUT  1
#define FSOCK_OUTPUT 2
#define FSOCK_IO     (FSOCK_INPUT | FSOCK_OUTPUT)

#define FSOCK_AUTO_PORT     0    /* listening: the system chooses a port */
#define FSOCK_WILDCARD_HOST NULL /* listening: all addresses of this machine */

/* An on/off option that can also be left at its default. */
enum fsock_switch { FSOCK_DEFAULT = 0, FSOCK_ON = 1, FSOCK_OFF = 2 };

/* The element type of a stream and the delivery of its input; see fsock/stream.h. */
enum fsock_element { FSOCK_CHARACTER = 0, FSOCK_BYTE };
enum fsock_delivery {
	FSOCK_DELIVER_DEFAULT = 0,
	FSOCK_DELIVER_LINE,
	FSOCK_DELIVER_BLOCK,
	FSOCK_DELIVER_WHOLE_LINE,
	FSOCK_DELIVER_WHOLE_RECORD = FSOCK_DELIVER_WHOLE_LINE
};

/*
 * Measures a record. The record starts at `octets`, of which n have arrived: at least 1, and maybe
 * more than the record has. The result must depend on these octets alone. The function is called
 * again when more octets have arrived, and may be called before the program has read the previous
 * record.
 * Returns: the length of the record in octets, which may be greater than n; 0 if it cannot be
 *   determined without more octets; -1 with errno set if the octets are not a record. Reading then
 *   fails with that errno, or with EPROTO if it is 0, EAGAIN or EINTR.
 * Threads: it runs in calls that read the stream or set its record, in waits for it and in servers.
 *   libc may hold the lock of the FILE during the call. The function must not wait, call functions
 *   of the library or use the stream.
 */
typedef ssize_t fsock_measure(const void *octets, size_t n, void *arg);

/* What a record is: see fsock/stream.h. Zero is a line. */
enum fsock_record_kind {
	FSOCK_RECORD_LINE = 0,  /* it ends with LF, or as the format says */
	FSOCK_RECORD_DELIMITED, /* it ends with the octet `delimiter` */
	FSOCK_RECORD_COUNTED,   /* it has `count` octets */
	FSOCK_RECORD_MEASURED   /* the function `measure` returns its length */
};
struct fsock_record {
	enum fsock_record_kind kind;
	unsigned char delimiter;
	size_t count; /* 1 to line_limit */
	fsock_measure *measure;
	void *arg;                 /* for `measure` */
	unsigned long reserved[3]; /* room for later; must be zero */
};

/*
 * The options of a new socket. Zero selects the default of each option, so `&(struct
 * fsock_options){ .timeout = 5 }` sets a single option. Options that do not apply to the kind of
 * socket being created are ignored.
 */
struct fsock_options {
	/* Time limits in seconds. */
	double timeout;         /* replaces each of the next three that is 0 */
	double connect_timeout; /* fsock_connect(): for all addresses; fsock_accept(): the wait */
	double read_timeout;    /* longest wait for the next byte of input */
	double write_timeout;   /* longest wait for the peer to take more output */
	double deadline;        /* from now; once it has passed, all operations fail */

	/* Addresses. */
	enum fsock_family family; /* which addresses to use, and their order; see fsock_pair() */
	const char *local_host;   /* address to connect from; fsock_datagram(): to bind to */
	int local_port;           /* port to connect from, or to bind to; 0: any; -1
	                             (FSOCK_PORT_IN_HOST): local_host contains it */

	/* Listening. */
	int backlog;                     /* connections waiting for accept; 0: the system's limit */
	enum fsock_switch reuse_address; /* SO_REUSEADDR; default on; fsock_datagram(): off */
	enum fsock_switch reuse_port;    /* SO_REUSEPORT, also for datagrams; default off */
	enum fsock_switch dual_stack;    /* an IPv6 wildcard also accepts IPv4; default on */

	/*
	 * Permissions of the file of a Unix-domain listener or datagram socket, 1 to 0777 (octal).
	 * They are set before a listener listens. On Linux the file never has more permissions
	 * than these; elsewhere the file of a datagram socket has those of umask(2) for a moment.
	 * Default: 0777 without the bits of the umask.
	 */
	unsigned file_mode;

	enum fsock_switch nodelay;   /* TCP_NODELAY; default on */
	enum fsock_switch broadcast; /* fsock_datagram(): SO_BROADCAST; default off */
	/* Datagrams are received with their destination (IP_PKTINFO); see fsock_receive_many().
	   Default: on if bound to a wildcard address and not connected */
	enum fsock_switch receive_destination;

	/* Streams. */
	enum fsock_element element_type; /* default FSOCK_CHARACTER */
	enum fsock_delivery delivery;    /* see fsock/stream.h */
	size_t line_limit; /* octets in a line or record, including its end; default: no limit, or
	                      65536 for whole records. Line-delivered streams enforce it. */

	const char *format; /* charset and line ends, see fsock/format.h; at most 63 octets; default
	                       none */

	enum fsock_switch interruptible; /* fsock_interrupt() works; default off */

	/* Non-blocking sockets: see fsock/stream.h. */
	enum fsock_switch nonblocking; /* `true` is accepted; default off */
	size_t output_limit;           /* most octets of queued output; default 1 MiB */
	size_t high_water;             /* congested at this many octets; default output_limit / 2 */
	size_t low_water;              /* congestion ends at this many; default high_water / 4 */
	double close_timeout;          /* seconds to send queued output after closing; 0: 30 */

	/* A layer that each connection passes through, for example TLS: see fsock/layer.h. */
	struct fsock_layer_maker *layer; /* default none */
	double handshake_timeout; /* seconds for the handshake of an accepted connection; 0: 10 */

	/*
	 * What a record is, for streams that deliver whole records: FSOCK_DELIVER_WHOLE_RECORD is
	 * then the only delivery, and the default. NULL: a line. Copied.
	 */
	const struct fsock_record *record;

	/* Answers to requests that arrived together are sent together: see fsock/stream.h. */
	enum fsock_switch batched; /* `true` is accepted; default off */

	unsigned long reserved[3]; /* room for later; must be zero */
};

/*
 * Connects to a stream server: by TCP, or by a Unix-domain socket if the host is a path or an
 * @name. The function tries the addresses of the host until one answers, in the order of enum
 * fsock_family but alternating between IPv6 and IPv4 (Happy Eyeballs, RFC 8305). It tries the next
 * address when an attempt has failed, or when the latest attempt has not been answered within
 * 250 ms. Earlier attempts continue, and the first one that is answered is used. At most 8 attempts
 * run at once; after that, each new attempt replaces the one that has run longest. One time limit
 * covers all attempts and the name lookup. If it is too short for 250 ms per address, the remaining
 * time is divided among the addresses, with a minimum of 10 ms each. If no address answers, the
 * error is that of the first address that could be reached. A refused connection is reported as
 * refused, without delay.
 *
 * With `nonblocking` the function returns at once. It returns a socket that is connected or still
 * connecting, or NULL if it is already known that the connection cannot be made. The program may
 * write to the socket's streams right away: the output is queued. Reads fail with EAGAIN. A wait
 * list that contains the socket continues to connect it, including the name lookup, and reports
 * FSOCK_OUTPUT once it is connected, or FSOCK_FAILED. If the socket is in no wait list, reads,
 * writes, fsock_send_pending() and fsock_wait_for_input() continue to connect it. If connecting
 * fails, reads and writes fail with the error that fsock_connect() would have returned. Until the
 * socket has a descriptor, all functions that need one (names, options, fsock_socket(),
 * fsock_release() ...) fail with EINPROGRESS.
 * Returns: a connected socket, or NULL.
 * Errors: EINVAL (host is NULL, port 0 or out of range, text that is not an address, an unknown
 *   service, invalid options), ETIMEDOUT, EHOSTUNREACH for a name that cannot be resolved (kind
 *   FSOCK_NS_...), ENAMETOOLONG, those of connect(2) and bind(2).
 * Ownership: the caller owns the socket; end it with fsock_close().
 * Blocks: yes, for up to connect_timeout or until the deadline; with `nonblocking`, no.
 */
FSOCK_API fsock *fsock_connect(const char *host, int port, const struct fsock_options *options);

/*
 * Tells whether a socket that fsock_connect() created with `nonblocking` is still connecting.
 * Returns: 1 or 0; 0 once connecting has failed, and for NULL.
 */
FSOCK_API int fsock_is_connecting(const fsock *s);

/*
 * Listens for stream connections. If `host` is NULL, the socket listens on all addresses of the
 * machine: one IPv6 socket accepts IPv4 connections as well, or an IPv4 socket is used if IPv6 is
 * missing or dual_stack is off. For port 0 the system chooses a port; fsock_local_port() returns
 * it. For a Unix-domain path the function creates the socket file. It replaces a stale file, whose
 * socket no longer exists; if several programs try this at once, one of them gets the path. The
 * directory is locked during this step, and must be readable for that. Closing the listener unlinks
 * the file, but only in the process that created it.
 * Returns: a listening socket, or NULL.
 * Errors: EADDRINUSE, EADDRNOTAVAIL, EACCES, EINVAL, ENAMETOOLONG, those of bind(2), listen(2) and
 *   chmod(2) (file_mode).
 * Ownership: the caller owns the socket; end it with fsock_close().
 * Blocks: only to look up a name or a service.
 */
FSOCK_API fsock *fsock_listen(const char *host, int port, const struct fsock_options *options);

/*
 * Accepts the next connection. If `options` is NULL, the new socket gets the options of the
 * listener. Otherwise it gets the given options, of which connect_timeout (or timeout) also limits
 * the wait for a client. The listener's own read deadline (fsock_set_read_deadline()) limits that
 * wait, too. Clients that disconnect before they are accepted are skipped, so a listener that was
 * ready may no longer be ready.
 * Returns: a connected socket, or NULL.
 * Errors: EAGAIN (the listener is non-blocking and no client is waiting); ETIMEDOUT; ESHUTDOWN
 *   after fsock_shutdown() on the listener, also if another thread calls it during the wait;
 *   ECANCELED after fsock_interrupt(); EINVAL if `listener` is not a listener; EMFILE, ENFILE;
 *   those of accept(2).
 * Ownership: the caller owns the socket.
 * Blocks: until a client connects, unless the listener is non-blocking.
 * Threads: several threads may accept at once.
 */
FSOCK_API fsock *fsock_accept(fsock *listener, const struct fsock_options *options);

/*
 * Creates two sockets that are connected to each other: a Unix-domain pair (socketpair(2)), or,
 * with family FSOCK_IPV4_ONLY or FSOCK_IPV6_ONLY, the two ends of a TCP connection over the
 * loopback interface.
 * Returns: 0 with both ends stored, or -1 with nothing stored.
 * Ownership: the caller owns both sockets.
 */
FSOCK_API int fsock_pair(fsock *ends[2], const struct fsock_options *options);

/*
 * Creates a socket from an existing descriptor: inetd's standard input, systemd's LISTEN_FDS, or
 * the result of socket(2). The function detects the kind of socket (connected stream, listener,
 * datagram). It makes the descriptor close-on-exec. The descriptor may be non-blocking, and stays
 * so. A listener that is to be interruptible is made non-blocking until fsock_release().
 * Returns: a socket that owns the descriptor, or NULL; the caller then still owns the descriptor,
 *   which is unchanged.
 * Errors: EBADF, ENOTSOCK (not a socket), ESOCKTNOSUPPORT (SOCK_SEQPACKET: neither stream nor
 *   datagram), EINVAL.
 */
FSOCK_API fsock *fsock_adopt(int descriptor, const struct fsock_options *options);

/*
 * The opposite of fsock_adopt(): flushes output, copies the input that the library and stdio have
 * read ahead to `buffer`, closes the streams and ends the handle. Data read from the descriptor
 * later follows the bytes in `buffer`. If `pending` is not NULL, *pending is set to the number of
 * bytes that were read ahead, both on success and if they do not fit.
 * Returns: the descriptor, which the caller now owns, or -1 with everything unchanged.
 * Errors: ERANGE (more than `size` bytes are pending), EINVAL (`buffer` is NULL and `size` is not
 *   0), EBADF, EBUSY (another thread is using the FILE that was read last), EOPNOTSUPP (the socket
 *   has layers: see fsock/layer.h), those of a failed flush.
 * Blocks: as fflush(3); and until queued output has been sent, for up to close_timeout, after which
 *   output has failed.
 * Threads: no other thread may use the socket or its streams.
 */
FSOCK_API int fsock_release(fsock *s, void *buffer, size_t size, size_t *pending);

/*
 * Ends the handle: flushes and closes the streams that are still open, then closes the connection.
 *
 * Before closing, the function discards input that was never read. Otherwise the system would reset
 * the connection, and the peer would lose data that it has not read yet. If there was unread input
 * and the program has sent something, the peer may still be sending. In that case the function
 * shuts down the writing side of a TCP connection and discards input until the peer has ended its
 * side, too, but for no longer than 1 second, close_timeout or the write deadline, and no more than
 * 256 KiB.
 *
 * A non-blocking socket with queued output is closed once that output has been sent. If the output
 * cannot be sent, the connection is reset, after close_timeout at the latest. Waits on the wait
 * lists that contain the socket send the output and discard further input; they report no more
 * events for it. If the socket is in no wait list, this call sends the queued output, and does not
 * wait for input.
 *
 * If output has failed, for whatever reason, a TCP connection ends with a reset, so that the peer
 * can detect that data is missing. This also applies to fclose(3), exit(3) and servers. A
 * Unix-domain peer cannot be notified: it reads end of file. In a process that has not used the
 * socket since the last fork(2), the function only closes the descriptor: see fsock.h.
 * Returns: 0 if all output ever written to the socket's streams was passed to the system, or is
 *   queued and a wait list contains the socket; otherwise -1 with errno of the first failed write.
 *   The handle is freed in either case. NULL: 0.
 * Blocks: as fflush(3), for at most write_timeout without progress, plus 1 second if the peer is
 *   sending and continues to send. A non-blocking socket blocks only if it has queued output and is
 *   in no wait list, for at most close_timeout.
 */
FSOCK_API int fsock_close(fsock *s);

/*
 * Ends the handle at once. Unsent output is discarded, and a TCP peer gets a reset (SO_LINGER of 0
 * seconds, socket(7)), which tells it that the exchange is incomplete. A process that has not used
 * the socket since the last fork(2) sends no reset.
 * Returns: 0, or -1 if close(2) failed. The handle is freed in either case. NULL: 0.
 * Blocks: no.
 */
FSOCK_API int fsock_abort(fsock *s);

/*
 * Hands the socket over to its streams: fclose() of the last stream frees everything. `s` must not
 * be used afterwards, except as the result of fsock_of(): that handle may still be ended, together
 * with its streams, by fsock_close(), fsock_abort() or fsock_release(). If no stream is open, this
 * function is the same as fsock_close().
 */
FSOCK_API void fsock_disown(fsock *s);

/*
 * Shuts down one direction or both: FSOCK_INPUT, FSOCK_OUTPUT or FSOCK_IO. Shutting down a
 * direction twice is not an error.
 *
 * Shutting down output flushes it first. If output is queued, it is sent before the end of file.
 * The peer then reads end of file. If output has failed on a TCP connection, the peer gets no end
 * of file, but a reset when the socket is closed. Shutting down input makes reads return end of
 * file, including a read in which another thread is blocked. On a listener any direction ends
 * accepting: blocked and later calls of fsock_accept() fail with ESHUTDOWN. Receives on a datagram
 * socket whose input is shut down also fail with ESHUTDOWN.
 *
 * The function never waits for a thread that is blocked in a write: that write fails with EPIPE,
 * and output has failed as described above. For this purpose a socket uses two more descriptors
 * (four without eventfd(2)) as soon as a write on it has to wait. The function does not wait for a
 * FILE that another thread is using, either: the output that this FILE holds is not flushed. Call
 * fflush(3) first for output that must precede the end.
 * Returns: 0 or -1.
 * Errors: EINVAL (invalid direction), ENOTCONN, EINPROGRESS (input of a socket that is not
 *   connected yet), those of a failed flush.
 * Blocks: as fflush(3), for the output that it flushes itself and for the end that a layer sends to
 *   the peer; not on a non-blocking socket.
 * Threads: any thread may call it while others read and write.
 */
FSOCK_API int fsock_shutdown(fsock *s, int direction);

/*
 * Return the address of the local end and of the peer. An IPv4 address mapped into IPv6 is returned
 * as an IPv4 address. For a Unix-domain socket without a name, the host of the address is "".
 * Returns: 0 or -1.
 * Errors: EBADF (closed), ENOTCONN (the peer of a listener, or the peer has disconnected).
 */
FSOCK_API int fsock_local_name(fsock *s, struct fsock_addr *name);
FSOCK_API int fsock_peer_name(fsock *s, struct fsock_addr *name);

/*
 * Return the same addresses as text in `buf`, without the port. FSOCK_ADDR_TEXT_SIZE octets are
 * always enough.
 * Returns: buf, or NULL.
 * Errors: as above, and ERANGE if `size` is too small.
 */
FSOCK_API const char *fsock_local_address(fsock *s, char *buf, size_t size);
FSOCK_API const char *fsock_peer_address(fsock *s, char *buf, size_t size);

/* Return the ports of these addresses. Returns: 0 to 65535 (0 for Unix-domain sockets), or -1. */
FSOCK_API int fsock_local_port(fsock *s);
FSOCK_API int fsock_peer_port(fsock *s);

/*
 * Returns the descriptor of the socket, for poll(2) and for socket options that this library lacks.
 * The handle still owns it. The library may already have read data from it into its buffers.
 * For a handle of fsock_watch() it returns the program's descriptor.
 * Returns: 0 or more; -1 (EBADF) for a closed socket and for a handle of fsock_timer().
 */
FSOCK_API int fsock_socket(fsock *s);

/*
 * Returns why a socket has failed: because of output, input or connecting. It reports the failure
 * that happened first, even if it happened in a wait or in another thread. The result does not
 * change afterwards. A read that timed out, found no input or was interrupted is not a failure of
 * the socket.
 *
 * When a wait list reports FSOCK_FAILED, the event's `error` is the errno value alone; this
 * function returns the full description. There are two exceptions. A member that the list cannot
 * watch is not a failure of the socket. A closed member is reported here as EBADF only if nothing
 * failed before.
 *
 * The system reports some errors a single time. This function keeps such an error, so that the next
 * read, write, receive or send on the socket fails with it as well.
 * Returns: 1 with *error set, including its text; 0 with error->kind FSOCK_NO_ERROR if no failure
 *   is known; or -1. fsock_last_error() changes only if the result is -1.
 * Errors: EINVAL (NULL).
 * Blocks: no.  Threads: any.
 */
FSOCK_API int fsock_socket_error(fsock *s, struct fsock_error *error);

/*
 * Test the kind of a socket. Each returns 1 or 0; 0 for NULL and for handles that can only be
 * waited for: those of fsock_watch(), fsock_timer() and fsock_lookup().
 */
FSOCK_API int fsock_is_stream(const fsock *s);
FSOCK_API int fsock_is_listener(const fsock *s);
FSOCK_API int fsock_is_datagram(const fsock *s);

/*
 * Switches a socket between blocking and non-blocking operation. On a non-blocking socket, calls
 * that would have to wait fail with EAGAIN (FSOCK_WOULD_BLOCK). For streams see fsock/stream.h. The
 * setting applies to fsock_accept() and datagrams, too.
 *
 * The descriptor's O_NONBLOCK flag, which other processes may share, stays unchanged. The library
 * does not use it, because it waits by other means where it has to. A listener is the exception:
 * once non-blocking, it has the flag until fsock_release(). The delivery of streams also stays
 * unchanged: whole lines are the default only if `nonblocking` was set in the options. Switching to
 * blocking operation first sends the queued output.
 * Returns: 0 or -1.
 * Errors: EBADF (closed), EINVAL (NULL); ETIMEDOUT (close_timeout) and other errors of sending.
 * Blocks: only when switching to blocking operation, and only if output is queued.
 */
FSOCK_API int fsock_set_nonblocking(fsock *s, int on);

/* Tells whether a socket is non-blocking. Returns: 1 or 0; 0 for NULL. */
FSOCK_API int fsock_is_nonblocking(const fsock *s);

/*
 * Sets a new deadline for the whole exchange, in both directions: `seconds` from now, or INFINITY
 * for none. Once it has passed, reading, receiving, writing and sending fail with ETIMEDOUT
 * (FSOCK_DEADLINE_TIMEOUT_ERROR), even if input has arrived. On a listener the deadline limits
 * fsock_accept(). The accepted sockets do not inherit it; their deadline is `deadline` in the
 * options. A call that is already blocked in another thread keeps the old deadline, unless the
 * socket is interruptible: then the new deadline applies to that call, too.
 * Returns: 0 or -1.
 * Errors: EINVAL for a negative value or NaN.
 * Blocks: no.  Threads: any thread may call it while others read and write.
 */
FSOCK_API int fsock_set_deadline(fsock *s, double seconds);

/*
 * Set the deadline of one direction: of reads, receives and fsock_accept(), or of writes and sends.
 * The other direction keeps its deadline, so a program that needs an answer by a given time can
 * still send a closing message.
 */
FSOCK_API int fsock_set_read_deadline(fsock *s, double seconds);
FSOCK_API int fsock_set_write_deadline(fsock *s, double seconds);

/*
 * Interrupts a call in another thread that waits on the socket. FSOCK_INPUT interrupts a read, a
 * receive or fsock_accept(), FSOCK_OUTPUT interrupts a write or a send, and FSOCK_IO interrupts one
 * of each. The call fails with ECANCELED (FSOCK_CANCELED_ERROR). If no call is waiting, the next
 * call that would wait fails instead; calls that need not wait proceed as usual. Until a call has
 * failed, several interrupts count as one. If several calls wait, one of them fails.
 *
 * An interrupted read loses no input: call clearerr(3) and continue. An interrupted write is a
 * failed write like any other, and fsock_close() reports it again. To interrupt a wait for several
 * sockets, use fsock_waitlist_wake().
 *
 * The socket must be created with the option `interruptible`. It then uses two more descriptors
 * (four without eventfd(2)). Calls on it that wait make one more system call; other calls make
 * none.
 * Returns: 0 or -1.
 * Errors: EINVAL (invalid direction), EOPNOTSUPP (not interruptible).
 * Blocks: no.
 * Threads: any thread may call it, and so may a signal handler, where it may interrupt the call
 *   during which the signal arrived.
 */
FSOCK_API int fsock_interrupt(fsock *s, int direction);

/*
 * SCOPES for C programs
 *
 * FSOCK_AUTO before a variable closes the socket (fsock_close()) when the program leaves the
 * variable's scope in any way except by longjmp(3) or exit(3):
 *
 *	FSOCK_AUTO fsock *s = fsock_connect("localhost", 6379, NULL);
 *
 * The other three macros run the statement that follows them once, with the socket open. They close
 * the socket exactly once when the statement ends or is left by break, continue, goto or return. If
 * the socket cannot be created, the statement is skipped; fsock_last_error() gives the reason.
 *
 *	FSOCK_WITH_CLIENT(s, f, "localhost", 6379, NULL) { // s: fsock *, f: its fsock_stream()
 *		fputs("PING\r\n", f);
 *	}
 *	FSOCK_WITH_LISTENER(l, NULL, 8080, NULL) {
 *		FSOCK_WITH_CONNECTED(s, fsock_accept(l, NULL)) { ... }
 *	}
 *
 * The macros need the cleanup attribute of gcc and clang. In C++ use a destructor instead.
 */
FSOCK_API void fsock_auto_close(fsock **s);

#if defined(__GNUC__)
#define FSOCK_AUTO __attribute__((cleanup(fsock_auto_close)))

#define FSOCK_WITH_CONNECTED(s, form) \
	for (fsock *s FSOCK_AUTO = (form), *s##_once = s; s##_once; s##_once = NULL)

#define FSOCK_WITH_LISTENER(s, host, port, options) \
	FSOCK_WITH_CONNECTED(s, fsock_listen((host), (port), (options)))

#define FSOCK_WITH_CLIENT(s, f, host, port, options)                      \
	FSOCK_WITH_CONNECTED(s, fsock_connect((host), (port), (options))) \
		for (FILE *f = fsock_stream(s); f && s##_once; s##_once = NULL)
#endif

FSOCK_END_DECLS

#endif
