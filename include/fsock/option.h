/*
 * fsock/option.h - options of a socket, by name. What must be said before a socket is bound or
 * connected is in struct fsock_options (fsock/socket.h). The conventions are in fsock.h.
 *
 * Every value is a double. Switches are 0 and 1, counts are whole numbers, times are seconds. The
 * list says which kinds of socket an option means something for: stream (connected), listener,
 * datagram; TCP, UDP and IP leave out Unix-domain sockets.
 */
#ifndef FSOCK_OPTION_H
#define FSOCK_OPTION_H

#include <fsock/api.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

enum fsock_option {
	/*
	 * The time limits of struct fsock_options: stream, datagram. 0 and INFINITY are no limit,
	 * which reads as INFINITY. The streams keep to a new one from their next wait on.
	 */
	FSOCK_OPTION_RECEIVE_TIMEOUT = 1, /* read_timeout */
	FSOCK_OPTION_SEND_TIMEOUT,        /* write_timeout */

	/* Switches of the address. */
	FSOCK_OPTION_REUSE_ADDRESS, /* SO_REUSEADDR: listener, datagram; IP */
	FSOCK_OPTION_REUSE_PORT,    /* SO_REUSEPORT: listener, datagram; IP */
	FSOCK_OPTION_IPV6_ONLY,     /* IPV6_V6ONLY: IPv6; set only while the socket is not bound */

	/* Switches and times of a connection: TCP stream. */
	FSOCK_OPTION_TCP_NODELAY,        /* a switch: what is written goes out at once */
	FSOCK_OPTION_TCP_KEEPALIVE,      /* a switch: a silent peer is asked whether it is there */
	FSOCK_OPTION_KEEPALIVE_IDLE,     /* seconds of silence before that: whole, at least 1 */
	FSOCK_OPTION_KEEPALIVE_INTERVAL, /* seconds between askings: whole, at least 1 */
	FSOCK_OPTION_KEEPALIVE_COUNT,    /* askings without answer that end the connection */
	FSOCK_OPTION_LINGER, /* SO_LINGER: close waits so many whole seconds for output to be
	                        acknowledged; 0: it resets the connection; -1, default: neither */

	/* Octets that the system holds for the socket: any. Linux reads back twice what was set. */
	FSOCK_OPTION_RECEIVE_BUFFER, /* SO_RCVBUF */
	FSOCK_OPTION_SEND_BUFFER,    /* SO_SNDBUF */

	/* Datagrams. A socket for IPv6 and IPv4 both has each TTL and switch for both. */
	FSOCK_OPTION_BROADCAST,           /* a switch: may send to broadcast addresses: UDP */
	FSOCK_OPTION_TTL,                 /* hops a packet may make, 1 to 255: IP, any kind */
	FSOCK_OPTION_MULTICAST_TTL,       /* likewise to groups, 0 to 255, 1 at first: UDP */
	FSOCK_OPTION_MULTICAST_LOOPBACK,  /* a switch: members on this machine get them, too: UDP */
	FSOCK_OPTION_MULTICAST_INTERFACE, /* the number of the one for groups, 0 = any: UDP */

	/* To be read only. */
	FSOCK_OPTION_ERROR,     /* SO_ERROR: the errno value of an error pending; clears it: any */
	FSOCK_OPTION_TYPE,      /* SO_TYPE: SOCK_STREAM, SOCK_DGRAM ...: any */
	FSOCK_OPTION_AVAILABLE, /* octets that can be read now without waiting, what the FILEs hold
	                           included: stream; the length of the next datagram: datagram */

	/* usocket's other name of an option. */
	FSOCK_OPTION_TCP_NO_DELAY = FSOCK_OPTION_TCP_NODELAY
};

/*
 * Reads an option. *value is set on success only.
 * Returns: 0 or -1.
 * Errors: EINVAL (a NULL socket or value), EBADF (closed), ENOPROTOOPT and FSOCK_UNIMPLEMENTED (it
 *   means nothing for this kind of socket, or there is no such option), ENOSYS and
 *   FSOCK_UNSUPPORTED (this system does not have it), EBUSY (FSOCK_OPTION_AVAILABLE of a stream:
 *   another thread is using the FILE that was read last), getsockopt(2)'s.
 * Blocks: no.  Threads: any, at any time.  Standard: POSIX.1 getsockopt(), RFC 3493.
 */
FSOCK_API int fsock_get_option(fsock *s, enum fsock_option option, double *value);

/*
 * Sets an option. A thread that is blocked in reading or writing keeps the old time limit.
 * Returns: 0, or -1 with the option as it was.
 * Errors: as fsock_get_option(); EINVAL also for a value that the option does not take (NaN, a
 *   negative time, a fraction of a count, 2 for a switch); ENOPROTOOPT and FSOCK_UNIMPLEMENTED for
 *   what can only be read; setsockopt(2)'s.
 * Blocks: no.  Threads: any, at any time.
 */
FSOCK_API int fsock_set_option(fsock *s, enum fsock_option option, double value);

FSOCK_END_DECLS

#endif
