/*
 * fsock/option.h - options of a socket, by name. Options that must be set before a socket is bound
 * or connected are in struct fsock_options (fsock/socket.h). The conventions are in fsock.h.
 *
 * Every value is a double. Switches are 0 and 1, counts are whole numbers, times are in seconds.
 * The list gives the kinds of sockets to which an option applies: stream (connected), listener,
 * datagram. TCP, UDP and IP exclude Unix-domain sockets.
 */
#ifndef FSOCK_OPTION_H
#define FSOCK_OPTION_H

#include <fsock/api.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

enum fsock_option {
	/*
	 * The timeouts of struct fsock_options: stream, datagram. 0 and INFINITY mean no limit,
	 * which is read as INFINITY. Streams use a new timeout from their next wait on.
	 */
	FSOCK_OPTION_RECEIVE_TIMEOUT = 1, /* read_timeout */
	FSOCK_OPTION_SEND_TIMEOUT,        /* write_timeout */

	/* Switches of the address. */
	FSOCK_OPTION_REUSE_ADDRESS, /* SO_REUSEADDR: listener, datagram; IP */
	FSOCK_OPTION_REUSE_PORT,    /* SO_REUSEPORT: listener, datagram; IP */
	FSOCK_OPTION_IPV6_ONLY,     /* IPV6_V6ONLY: IPv6; set only before the socket is bound */

	/* Switches and times of a connection: TCP stream. */
	FSOCK_OPTION_TCP_NODELAY,        /* a switch: output is sent without delay */
	FSOCK_OPTION_TCP_KEEPALIVE,      /* a switch: probe a silent peer */
	FSOCK_OPTION_KEEPALIVE_IDLE,     /* seconds of silence before probing: whole, at least 1 */
	FSOCK_OPTION_KEEPALIVE_INTERVAL, /* seconds between probes: whole, at least 1 */
	FSOCK_OPTION_KEEPALIVE_COUNT,    /* unanswered probes that end the connection */
	FSOCK_OPTION_LINGER, /* SO_LINGER: whole seconds that close waits for output to be
	                        acknowledged; 0: close resets the connection; -1, the default:
	                        neither */

	/*
	 * The system's buffers of the socket, in octets: any. Linux returns twice the value that
	 * was set.
	 */
	FSOCK_OPTION_RECEIVE_BUFFER, /* SO_RCVBUF */
	FSOCK_OPTION_SEND_BUFFER,    /* SO_SNDBUF */

	/* Datagrams. A socket for both IPv6 and IPv4 applies each TTL and switch to both. */
	FSOCK_OPTION_BROADCAST,           /* a switch: permit sending to broadcast addresses: UDP */
	FSOCK_OPTION_TTL,                 /* maximum hops of a packet, 1 to 255: IP, any kind */
	FSOCK_OPTION_MULTICAST_TTL,       /* the same for groups, 0 to 255, initially 1: UDP */
	FSOCK_OPTION_MULTICAST_LOOPBACK,  /* a switch: local members receive them, too: UDP */
	FSOCK_OPTION_MULTICAST_INTERFACE, /* number of the interface for groups, 0: any; UDP */

	/* Read-only options. */
	FSOCK_OPTION_ERROR,     /* SO_ERROR: errno of a pending error, which is cleared: any */
	FSOCK_OPTION_TYPE,      /* SO_TYPE: SOCK_STREAM, SOCK_DGRAM ...: any */
	FSOCK_OPTION_AVAILABLE, /* octets that can be read without waiting, including those that
	                           the FILEs hold: stream; the length of the next datagram:
	                           datagram */

	/* usocket's other name for an option. */
	FSOCK_OPTION_TCP_NO_DELAY = FSOCK_OPTION_TCP_NODELAY
};

/*
 * Reads an option. *value is set only on success.
 * Returns: 0 or -1.
 * Errors: EINVAL (a NULL socket or value), EBADF (closed), ENOPROTOOPT and FSOCK_UNIMPLEMENTED (the
 *   option does not apply to this kind of socket, or does not exist), ENOSYS and FSOCK_UNSUPPORTED
 *   (this system lacks the option), EBUSY (FSOCK_OPTION_AVAILABLE of a stream: another thread is
 *   using the FILE that was read last), those of getsockopt(2).
 * Blocks: no.  Threads: any, at any time.  Standard: POSIX.1 getsockopt(), RFC 3493.
 */
FSOCK_API int fsock_get_option(fsock *s, enum fsock_option option, double *value);

/*
 * Sets an option. A thread that is blocked in a read or write keeps the old timeout.
 * Returns: 0, or -1 with the option unchanged.
 * Errors: as fsock_get_option(); EINVAL also for a value that is invalid for the option (NaN, a
 *   negative time, a fractional count, 2 for a switch); ENOPROTOOPT and FSOCK_UNIMPLEMENTED for a
 *   read-only option; those of setsockopt(2).
 * Blocks: no.  Threads: any, at any time.
 */
FSOCK_API int fsock_set_option(fsock *s, enum fsock_option option, double value);

FSOCK_END_DECLS

#endif
