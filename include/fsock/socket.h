/*
 * fsock/socket.h - making, naming and ending sockets. The conventions are in fsock.h.
 */
#ifndef FSOCK_SOCKET_H
#define FSOCK_SOCKET_H

#include <stddef.h>
#include <fsock/addr.h>
#include <fsock/api.h>
#include <fsock/error.h>

FSOCK_BEGIN_DECLS

typedef struct fsock fsock;
struct fsock_layer_maker;

/* Directions, for fsock_shutdown() and fsock_stream.h. */
#define FSOCK_INPUT  1
#define FSOCK_OUTPUT 2
#define FSOCK_IO     (FSOCK_INPUT | FSOCK_OUTPUT)

#define FSOCK_AUTO_PORT     0    /* listening: the system picks a port */
#define FSOCK_WILDCARD_HOST NULL /* listening: every address of this machine */

/* A yes/no option that can also be left alone. */
enum fsock_switch { FSOCK_DEFAULT = 0, FSOCK_ON = 1, FSOCK_OFF = 2 };

/* What a program reads from a stream; see fsock/stream.h. */
enum fsock_element { FSOCK_CHARACTER = 0, FSOCK_BYTE };
enum fsock_delivery {
	FSOCK_DELIVER_DEFAULT = 0,
	FSOCK_DELIVER_LINE,
	FSOCK_DELIVER_BLOCK,
	FSOCK_DELIVER_WHOLE_LINE
};

/*
 * Everything that can be chosen when a socket is made. Zero means the default everywhere, so
 * `&(struct fsock_options){ .timeout = 5 }` sets one thing. A field that means nothing for the
 * socket being made is ignored.
 */
struct fsock_options {
	/* Time limits in seconds. */
	double timeout;         /* for each of the next three that is 0 */
	double connect_timeout; /* fsock_connect(): over all addresses; fsock_accept(): the wait */
	double read_timeout;    /* longest wait for the next byte of input */
	double write_timeout;   /* longest wait for the peer to take more output */
	double deadline;        /* from now: once it has passed, everything fails */

	/* Addresses. */
	enum fsock_family family; /* which addresses of a name, in which order; see fsock_pair() */
	const char *local_host;   /* the address to connect from; fsock_datagram(): to bind to */
	int local_port;           /* the port to connect from, or to bind to; 0 = any */

	/* Listening. */
	int backlog;                     /* connections waiting for accept; 0 = the system's most */
	enum fsock_switch reuse_address; /* SO_REUSEADDR; default on; fsock_datagram(): off */
	enum fsock_switch reuse_port;    /* SO_REUSEPORT, also for datagrams; default off */
	enum fsock_switch dual_stack;    /* an IPv6 wildcard also takes IPv4; default on */

	enum fsock_switch nodelay;   /* TCP_NODELAY; default on */
	enum fsock_switch broadcast; /* fsock_datagram(): SO_BROADCAST; default off */

	/* Streams. */
	enum fsock_element element_type; /* default FSOCK_CHARACTER */
	enum fsock_delivery delivery;    /* how input is handed to stdio */
	size_t line_limit; /* octets in a line, its end included; default: none, or 65536 for
	                      FSOCK_DELIVER_WHOLE_LINE. A line-delivered stream holds to it. */

	const char *format; /* charset and line ends as in fsock/format.h; up to 63 octets; default
	                       none */

	enum fsock_switch interruptible; /* fsock_interrupt() works; default off */

	/* Sockets that never block: see fsock/stream.h. */
	enum fsock_switch nonblocking; /* `true` will do; default off */
	size_t output_limit;           /* most octets of output that are queued; default 1 MiB */
	size_t high_water;             /* congested from here on; default half of output_limit */
	size_t low_water;              /* and down to here; default a quarter of high_water */
	double close_timeout; /* seconds that queued output has once the socket is closed; 0: 30 */

	/* What every connection goes through, TLS say: see fsock/layer.h. */
	struct fsock_layer_maker *layer; /* default none */
	double handshake_timeout; /* seconds for its handshake on an accepted connection; 0: 10 */

	unsigned long reserved[6]; /* room for later; must be zero */
};

/*
 * Connects to a stream server: TCP, or Unix-domain for a path or an @name. Every address of the
 * host is tried, in the order of enum fsock_family but with IPv6 and IPv4 in turn, until one
 * answers: Happy Eyeballs (RFC 8305). The next one is tried when one has failed, or when the last
 * has not answered within 250 ms; those tried before may still answer, and the first that does is
 * taken. With more than 8 under way the one that has had most time is given up. All are under one
 * limit, in which looking up a name counts; if it is too short for 250 ms each, what is left of it
 * is divided among the addresses, down to 10 ms each. When none answers, the error tells what the
 * first one said that could be reached; a refused connection is reported as refused, at once.
 * With `nonblocking` it returns at once: with a socket that is connected, or is to be, or with NULL
 * if it is known by then that it cannot be. Text may be written to its streams right away: it is
 * queued. Reading fails with EAGAIN. A wait list that the socket is in goes on connecting, names
 * looked up included, and reports FSOCK_OUTPUT once it is connected, or FSOCK_FAILED; in no list,
 * reading, writing, fsock_send_pending() and fsock_wait_for_input() go on. After a failure reading
 * and writing fail with what fsock_connect() would have failed with. As long as there is no
 * descriptor, all that needs one (names, options, fsock_socket(), fsock_release() ...) fails with
 * EINPROGRESS.
 * Returns: a connected socket, or NULL.
 * Errors: EINVAL (host NULL, port out of range, an invalid option), ETIMEDOUT,
 *   EHOSTUNREACH for a name that cannot be resolved (kind FSOCK_NS_...), ENAMETOOLONG, connect(2)'s
 *   and bind(2)'s.
 * Ownership: the caller's; end it with fsock_close().  Blocks: yes, up to connect_timeout/deadline;
 *   with `nonblocking`, no.
 */
FSOCK_API fsock *fsock_connect(const char *host, int port, const struct fsock_options *options);

/*
 * Whether a socket that fsock_connect() made with `nonblocking` is still to be connected.
 * Returns: 1 or 0; 0 once that has failed, and for NULL.
 */
FSOCK_API int fsock_is_connecting(const fsock *s);

/*
 * Listens for stream connections. host NULL is every address of the machine: one IPv6 socket that
 * takes IPv4 as well, or IPv4 alone where IPv6 is missing or dual_stack is off. Port 0 lets the
 * system choose; fsock_local_port() tells. Of a Unix-domain path the file is made. A stale one,
 * whose socket is gone, is replaced; if several programs try that at once, one of them gets the
 * path. The directory is locked meanwhile, and must be readable for that. Closing the listener
 * unlinks the file, in the process that made it.
 * Returns: a listening socket, or NULL.
 * Errors: EADDRINUSE, EADDRNOTAVAIL, EACCES, EINVAL, ENAMETOOLONG, bind(2)'s and listen(2)'s.
 * Ownership: the caller's; end it with fsock_close().  Blocks: only to look up a name.
 */
FSOCK_API fsock *fsock_listen(const char *host, int port, const struct fsock_options *options);

/*
 * Takes the next connection. With NULL options the new socket gets those that the listener was made
 * with; with options, these, of which connect_timeout (or timeout) also bounds the wait for a
 * client. So does the listener's own read deadline (fsock_set_read_deadline()). Clients that vanish
 * before they are taken are passed over: what was ready need not be any more.
 * Returns: a connected socket, or NULL.
 * Errors: EAGAIN (a non-blocking listener: no client); ETIMEDOUT; ESHUTDOWN after fsock_shutdown()
 *   on the listener, also from another thread while this one waits; ECANCELED by fsock_interrupt();
 *   EINVAL if `listener` does not listen; EMFILE, ENFILE; accept(2)'s.
 * Ownership: the caller's.  Blocks: until a client comes, unless the listener is non-blocking.
 * Threads: several may accept at once.
 */
FSOCK_API fsock *fsock_accept(fsock *listener, const struct fsock_options *options);

/*
 * Makes two sockets that are connected to each other: Unix-domain ones (socketpair(2)), or with
 * family FSOCK_IPV4_ONLY or FSOCK_IPV6_ONLY two ends of a TCP connection over the loopback
 * interface.
 * Returns: 0 with both ends stored, or -1 with nothing stored. Ownership: both are the caller's.
 */
FSOCK_API int fsock_pair(fsock *ends[2], const struct fsock_options *options);

/*
 * Makes a socket of a descriptor that came from elsewhere: inetd's standard input, systemd's
 * LISTEN_FDS, socket(2). What kind it is (connected stream, listener, datagram) is found out. The
 * descriptor becomes close-on-exec; it may be non-blocking, and stays so. A listener that is to be
 * interruptible is non-blocking until fsock_release().
 * Returns: a socket that owns the descriptor, or NULL with the descriptor still the caller's.
 * Errors: EBADF, ENOTSOCK (not a socket), ESOCKTNOSUPPORT (SOCK_SEQPACKET: neither stream nor
 *   datagrams), EINVAL.
 */
FSOCK_API fsock *fsock_adopt(int descriptor, const struct fsock_options *options);

/*
 * The opposite of fsock_adopt(): output is flushed, the input read ahead (by the library and by
 * stdio) is copied to `buffer`, the streams are closed and the handle ends. What follows on the
 * descriptor follows the bytes in `buffer`. *pending, if not NULL, is set to the number of bytes
 * read ahead, on success and when they do not fit.
 * Returns: the descriptor, which is the caller's now, or -1 with everything as it was.
 * Errors: ERANGE (more than `size` bytes pending), EINVAL (a NULL buffer, size not 0), EBADF, and
 *   those of a failed flush; EBUSY (another thread is using the FILE that was read last).
 * Blocks: as fflush(3); and until queued output has gone, for close_timeout at most, after which it
 *   has failed.
 * Threads: no other thread may use the socket or its streams.
 */
FSOCK_API int fsock_release(fsock *s, void *buffer, size_t size, size_t *pending);

/*
 * Ends the handle: flushes and closes the streams still open, then closes the connection.
 * Input that was never read is thrown away first, so that the system does not reset the connection
 * and with it what the peer has not read yet. If there was some, and something was sent, the peer
 * may be sending still: then the writing side of a TCP connection is shut down, and what comes is
 * thrown away until the peer has ended its side, too, for 1 second (and for close_timeout, and
 * until the write deadline) and 256 KiB at most.
 * A non-blocking socket with queued output is closed when that has gone, or reset if it cannot be
 * sent, after close_timeout at the latest. The waits on the lists that it is in see to it and to
 * what may come, and report nothing more of it; in no list this call sends what is queued, and does
 * not wait for input.
 * If output has failed, for whatever reason, a TCP connection ends in a reset: so the peer can tell
 * that something is missing. That holds for fclose(3), exit(3) and servers as well. A Unix-domain
 * peer cannot be told: it reads end of file.
 * After fork(2), a process that has not used the socket since only closes its descriptor: see
 * fsock.h.
 * Returns: 0 if everything ever written to the socket's streams was handed to the system, or is
 *   queued and a wait list has the socket; -1 if not, with errno of the first failed write. The
 *   handle is gone in either case. NULL: 0.
 * Blocks: as fflush(3), at most write_timeout without progress, and 1 second if the peer is sending
 *   and goes on; a non-blocking socket only if it has queued output and is in no wait list, for
 *   close_timeout at most.
 */
FSOCK_API int fsock_close(fsock *s);

/*
 * Ends the handle at once: output not yet sent is thrown away, and a TCP peer is told by a reset
 * (SO_LINGER of 0 seconds, socket(7)) that the exchange is incomplete; but not in a process that
 * has not used the socket since the last fork(2).
 * Returns: 0, or -1 if close(2) failed. The handle is gone in either case. NULL: 0. Blocks: no.
 */
FSOCK_API int fsock_abort(fsock *s);

/*
 * Gives the handle to its streams: the fclose() of the last one frees everything. `s` must not be
 * used afterwards, except as fsock_of() returns it: that handle may still be ended, with its
 * streams, by fsock_close(), fsock_abort() or fsock_release(). With no stream open it is
 * fsock_close().
 */
FSOCK_API void fsock_disown(fsock *s);

/*
 * Shuts down one direction or both: FSOCK_INPUT, FSOCK_OUTPUT or FSOCK_IO. Output is flushed
 * first; if some is queued, the end is queued behind it. The peer then reads end of file; but over
 * TCP not if output has failed: it is told by a reset, when the socket is closed. Shutting down
 * input makes reads return end of file, also one another thread is blocked in. On a listener
 * any direction ends accepting: blocked and later fsock_accept() calls fail with ESHUTDOWN; so do
 * receives on a datagram socket whose input is shut down. Twice is no error.
 * It never waits behind a thread that is blocked writing: that write fails with EPIPE. Nor does it
 * wait for a FILE that another thread is using: what that FILE holds is not flushed. Call fflush(3)
 * first for what must go before the end. For this a Unix-domain socket takes two descriptors (four
 * where there is no eventfd(2)) when a write on it first has to wait.
 * Returns: 0 or -1. Errors: EINVAL (no such direction), ENOTCONN, EINPROGRESS (input of a socket
 *   that is not connected yet), those of a failed flush.
 * Blocks: as fflush(3), for what it flushes itself, and for the end that a layer tells the peer; a
 *   non-blocking socket does not.
 * Threads: may be called from any thread, while others read and write.
 */
FSOCK_API int fsock_shutdown(fsock *s, int direction);

/*
 * The address of this end, or of the other end. IPv4 in IPv6 comes out as IPv4. A Unix-domain
 * socket without a name gives an address whose host is "".
 * Returns: 0 or -1. Errors: EBADF (closed), ENOTCONN (peer of a listener, or peer gone).
 */
FSOCK_API int fsock_local_name(fsock *s, struct fsock_addr *name);
FSOCK_API int fsock_peer_name(fsock *s, struct fsock_addr *name);

/*
 * The same addresses as text in buf (FSOCK_ADDR_TEXT_SIZE octets hold any), without the port.
 * Returns: buf, or NULL. Errors: as above, and ERANGE if `size` is too small.
 */
FSOCK_API const char *fsock_local_address(fsock *s, char *buf, size_t size);
FSOCK_API const char *fsock_peer_address(fsock *s, char *buf, size_t size);

/* The same addresses' ports. Returns: 0 to 65535 (0 for Unix-domain sockets), or -1. */
FSOCK_API int fsock_local_port(fsock *s);
FSOCK_API int fsock_peer_port(fsock *s);

/*
 * The descriptor under the handle, still owned by it: for poll(2) and options this library lacks.
 * Data may already have been read from it into buffers. Returns: 0 or more; -1 (EBADF) once closed.
 */
FSOCK_API int fsock_socket(fsock *s);

/*
 * Why a socket has failed: output, input or connecting, whichever failed first, and whoever met it:
 * a wait, another thread, this one. It stays so for good. A read that timed out, found nothing or
 * was interrupted is no failure of the socket. Of a wait list's FSOCK_FAILED this says all that the
 * event's `error` says by its number alone; but that a list cannot watch a member is no failure of
 * the socket, and that one is closed is told here as EBADF if nothing had failed before.
 * An error that the system tells but once is taken from it; the next read, write, receive or send
 * on the socket tells it all the same.
 * Returns: 1 with *error set, its text included; 0 with *error->kind FSOCK_NO_ERROR if nothing is
 *   known to have failed; or -1. fsock_last_error() stays as it is, but for -1.
 * Errors: EINVAL (NULL).  Blocks: no.  Threads: any.
 */
FSOCK_API int fsock_socket_error(fsock *s, struct fsock_error *error);

/* What kind of socket it is. Each returns 1 or 0; for NULL 0. */
FSOCK_API int fsock_is_stream(const fsock *s);
FSOCK_API int fsock_is_listener(const fsock *s);
FSOCK_API int fsock_is_datagram(const fsock *s);

/*
 * Switches between calls that wait and calls that never do: those that would wait fail with EAGAIN
 * (FSOCK_WOULD_BLOCK). For streams see fsock/stream.h; fsock_accept() and datagrams follow it, too.
 * The O_NONBLOCK flag of the descriptor, which others may share, stays as it is, but for that of a
 * listener, which then has it until fsock_release(); it means nothing here, where calls wait by
 * other means if they are to. The delivery of streams stays as it was made: only with `nonblocking`
 * in the options is it whole lines by default. Switching off sends what is queued first.
 * Returns: 0 or -1. Errors: EBADF (closed), EINVAL (NULL); ETIMEDOUT (close_timeout) and others
 *   that sending meets.  Blocks: only switching off, and only if output is queued.
 */
FSOCK_API int fsock_set_nonblocking(fsock *s, int on);

/* Returns: 1 or 0; 0 for NULL. */
FSOCK_API int fsock_is_nonblocking(const fsock *s);

/*
 * Sets the deadline of the whole exchange anew, in both directions: `seconds` from now, INFINITY
 * for none. Once it has passed, reading, receiving, writing and sending fail with ETIMEDOUT
 * (FSOCK_DEADLINE_TIMEOUT_ERROR), whatever has arrived. On a listener it bounds fsock_accept(), and
 * is not passed on to the sockets that it returns: `deadline` in the options is for these. A call
 * already blocked in another thread keeps the old deadline, unless the socket is interruptible:
 * then the new one holds for it, too.
 * Returns: 0 or -1. Errors: EINVAL for a negative value or NaN.
 * Blocks: no.  Threads: may be called from any thread, while others read and write.
 */
FSOCK_API int fsock_set_deadline(fsock *s, double seconds);

/*
 * The same for one direction: reads, receives and fsock_accept(), or writes and sends. The other
 * one keeps its deadline: a program that must have an answer by a given time may still say goodbye.
 */
FSOCK_API int fsock_set_read_deadline(fsock *s, double seconds);
FSOCK_API int fsock_set_write_deadline(fsock *s, double seconds);

/*
 * Interrupts a call that waits on the socket in another thread: FSOCK_INPUT is for reads, receives
 * and fsock_accept(), FSOCK_OUTPUT for writes and sends, FSOCK_IO for one of each. It fails with
 * ECANCELED (FSOCK_CANCELED_ERROR). If none waits, the next one that would wait fails instead; what
 * can be done without waiting is done. Until then several interrupts are as one, and of several
 * calls that wait one fails. Nothing is lost by it for input: clearerr(3) and go on. A write that
 * is interrupted is a failed write like any other, and fsock_close() reports it again. Waits for
 * several sockets have fsock_waitlist_wake(). A socket has to be made with the option
 * `interruptible`: it takes two descriptors more (four where there is no eventfd(2)). A call on it
 * that waits makes one system call more; the others make none.
 * Returns: 0 or -1. Errors: EINVAL (no such direction), EOPNOTSUPP (not interruptible).
 * Blocks: no.  Threads: may be called from any thread, and in a handler of a signal, where it may
 *   interrupt what the signal came upon.
 */
FSOCK_API int fsock_interrupt(fsock *s, int direction);

/*
 * SCOPES for C programs
 *
 * FSOCK_AUTO before a variable closes it (fsock_close()) when its scope is left, by any way but
 * longjmp(3) and exit(3):
 *
 *	FSOCK_AUTO fsock *s = fsock_connect("localhost", 6379, NULL);
 *
 * The other three run the statement that follows them once, with the socket open, and close it
 * exactly once when the statement ends or is left by break, continue, goto or return. If the socket
 * cannot be made the statement is passed over; fsock_last_error() tells why.
 *
 *	FSOCK_WITH_CLIENT(s, f, "localhost", 6379, NULL) {     s: fsock *, f: its fsock_stream()
 *		fputs("PING\r\n", f);
 *	}
 *	FSOCK_WITH_LISTENER(l, NULL, 8080, NULL) {
 *		FSOCK_WITH_CONNECTED(s, fsock_accept(l, NULL)) { ... }
 *	}
 *
 * They need the cleanup attribute of gcc and clang. In C++ keep to a destructor of your own.
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
