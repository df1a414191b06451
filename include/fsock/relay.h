/*
 * fsock/relay.h - relays of octets between two sockets. The conventions are in fsock.h.
 *
 * A relay moves octets between two connected sockets, in both directions or in one, until each
 * direction has reached its end. An end of a relay is
 *
 *	a connected stream socket, which may still be connecting, and may have layers (TLS)
 *	a handle of fsock_watch(): a terminal, a pipe, a file, another library's socket
 *
 * Each direction is independent of the other:
 *
 * Order         Input that the library or stdio has read ahead is passed on first. Output that was
 *               written earlier to the streams of the receiving socket is sent before it.
 * Octets        Octets are passed on unchanged: formats (fsock/format.h), records and line limits
 *               do not apply. Input that was read ahead is taken as by fsock_receive(): what
 *               ungetc() has pushed back is not part of it. A bound (fsock_set_bound()) ends the
 *               direction as the end of input does.
 * Back pressure A relay receives from one side only after the other has taken what was received
 *               before. A slow receiver therefore slows down its sender, and memory use is bounded.
 * Half-close    When one side has ended its output, and all of it was passed on, the output of the
 *               other side is shut down (fsock_shutdown()). The other direction continues. A
 *               descriptor that is not a socket cannot be shut down: the program closes it.
 * Failure       The first error in either direction ends the relay. If the output of a socket is
 *               incomplete because of it, that output has failed: closing the socket resets the
 *               connection, so that its peer learns of it (see fsock_close()). After
 *               `idle_timeout` this applies only if octets were lost. A one-way relay receives
 *               nothing from the peer to which it sends. It notices that this peer has gone only
 *               when it sends.
 *
 * On Linux, octets in bulk move in the kernel, through splice(2), if both ends are sockets without
 * layers and there is no trace (fsock/trace.h). A direction then uses a pipe, which is two more
 * descriptors; if no pipe can be created, the octets go through a buffer.
 *
 * While a relay exists, its sockets are non-blocking, as by fsock_set_nonblocking(), and wait
 * lists report any input on them, not only whole records. Their read and write timeouts therefore
 * do not apply; deadlines do. With splice(2) the descriptor has the O_NONBLOCK flag, too, until
 * fsock_release(). Meanwhile the program must not read from the sockets. It may write to them, and
 * its output is sent between relayed octets.
 *
 * A handle can be an end of only one relay at a time. Free a relay before you close its sockets or
 * free the list that it has joined. Only one thread at a time may use a relay. A child of fork(2)
 * can only free it.
 */
#ifndef FSOCK_RELAY_H
#define FSOCK_RELAY_H

#include <stddef.h>
#include <stdint.h>

#include <fsock/api.h>
#include <fsock/socket.h>
#include <fsock/wait.h>

FSOCK_BEGIN_DECLS

typedef struct fsock_relay fsock_relay;

/* Zero selects the default of each option. */
struct fsock_relay_options {
	enum fsock_switch one_way;    /* only from `a` to `b`; `true` is accepted; default off */
	enum fsock_switch half_close; /* the end of one side is passed on; default on */
	enum fsock_switch splice;     /* splice(2) may be used; default on */
	size_t buffer_size;           /* octets, for each direction; default 16384 */
	uint64_t limit;               /* most octets in each direction; default no limit */
	double idle_timeout; /* seconds without progress in either direction; 0: no limit */

	/*
	 * The destination of input from `b`, instead of `a`, and of input from `a`, instead of
	 * `b`: for pairs of descriptors, such as standard input and output.
	 */
	fsock *a_output;
	fsock *b_output;

	unsigned long reserved[4]; /* room for later; must be zero */
};

/* How many octets a relay has moved, and why it has failed. */
struct fsock_relay_status {
	uint64_t sent_to_b; /* octets passed on in each direction ... */
	uint64_t sent_to_a;
	size_t held_for_b; /* ... and received, but not passed on; lost if the relay has failed */
	size_t held_for_a;
	int error;     /* errno of the failure, or 0 */
	fsock *failed; /* the end that has failed; NULL: none, or idle_timeout has expired */
	int direction; /* the direction that has failed: FSOCK_INPUT or FSOCK_OUTPUT; or 0 */
};

/*
 * Creates a relay between `a` and `b`. Nothing is moved yet, but output that the FILEs of the
 * sockets hold is passed on to the sockets. A direction that has reached `limit` has ended. Nothing
 * is received beyond it, and the output of the other side is not shut down.
 * Returns: the relay, or NULL.
 * Errors: EINVAL (NULL, a listener or a datagram socket: FSOCK_INVALID_SOCKET_ERROR; the same
 *   handle twice; invalid options), EBADF (closed), EBUSY (an end of another relay), EOPNOTSUPP (a
 *   timer, a lookup, a stream of fsock_recode()), ENOMEM, those of a failed flush.
 * Ownership: the caller owns the relay; free it with fsock_relay_free(). The relay does not own the
 *   sockets.
 * Blocks: no.
 */
FSOCK_API fsock_relay *fsock_relay_new(
    fsock *a, fsock *b, const struct fsock_relay_options *options);

/*
 * Moves octets until both directions have ended.
 * Returns: 0 when the relay is complete; or -1.
 * Errors: ETIMEDOUT (idle_timeout, or a deadline of a socket), EINTR (a signal handler has run),
 *   EBUSY (the relay has joined a list), those of reading, writing and fsock_waitlist_new(). After
 *   EINTR the relay has not failed: call the function again to continue.
 * Blocks: yes. fsock_shutdown() on the sockets, by another thread, ends it; so does
 *   pthread_cancel(3), after which the relay can be freed, or continued.
 */
FSOCK_API int fsock_relay_run(fsock_relay *relay);

/*
 * Have a wait list drive a relay. fsock_relay_join() adds the ends of the relay to the list, and
 * moves what can be moved without waiting. When a wait reports an event with the relay's `user`
 * pointer, the program calls fsock_relay_step():
 *
 *	fsock_relay_join(relay, list, relay);
 *	while (fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
 *		while (fsock_waitlist_next(list, &event) != NULL)
 *			if (fsock_relay_step(event.user) <= 0)
 *				end(event.user); // free it, close its sockets
 *
 * The relay changes the interest of its members and, if it has an idle_timeout, sets the timer of
 * `a`. The program must not change either. Once the relay is complete or has failed, its members
 * have left the list, and no further event has this pointer. One step moves a limited number of
 * octets, so that all relays of a list get their turn.
 * Returns: 1 if the relay continues; 0 when it is complete; or -1 if it has failed. Later calls
 *   return the same.
 * Errors: EINVAL (NULL, no list), EBUSY (it has joined a list before), ETIMEDOUT (idle_timeout, or
 *   a deadline of a socket), those of reading, writing and fsock_waitlist_add(). EINVAL and EBUSY
 *   are not failures of the relay.
 * Blocks: no. A terminal whose output is stopped may block: see fsock_watch().
 */
FSOCK_API int fsock_relay_join(fsock_relay *relay, fsock_waitlist *list, void *user);
FSOCK_API int fsock_relay_step(fsock_relay *relay);

/*
 * Stores how many octets a relay has moved so far, and why it has failed. Octets that were passed
 * on may still be queued by layers: fsock_pending_output(). Stores zeros for NULL.
 * Blocks: no.
 */
FSOCK_API void fsock_relay_get_status(const fsock_relay *relay, struct fsock_relay_status *status);

/*
 * Frees a relay, which need not be complete. Its members leave their list, and its sockets are
 * blocking again if they were before, unless output is still queued. Octets that the relay holds
 * are lost; the output of the receiving socket has then failed. NULL: does nothing.
 * Blocks: no.
 */
FSOCK_API void fsock_relay_free(fsock_relay *relay);

FSOCK_END_DECLS

#endif
