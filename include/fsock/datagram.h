/*
 * fsock/datagram.h - datagrams: UDP and Unix-domain, singly, in batches and to groups. The
 * conventions are in fsock.h.
 *
 * A datagram is sent and received as a whole. Receiving returns its real length, even if the buffer
 * was too small for it. A datagram may have no octets. fsock_send() and fsock_receive() also work
 * on connected streams, where they transfer octets alongside the FILEs.
 *
 * A datagram may be lost, and so may its answer. A client therefore sends its request again if no
 * answer arrives in time. If the peer has no socket, its host may report that: on a connected
 * socket the next call that sends or receives then fails with ECONNREFUSED, once and without
 * waiting, and the socket remains usable. A loop that retries after this error must sleep between
 * its attempts, which otherwise all fail at once: fsock_wait_for_input(NULL, 0, seconds, NULL)
 * sleeps.
 *
 * The conventions of fsock.h on threads apply, with this addition: any number of threads may send
 * and receive on one datagram socket at once. Each datagram goes to one of them.
 */
#ifndef FSOCK_DATAGRAM_H
#define FSOCK_DATAGRAM_H

#include <stddef.h>
#include <sys/types.h>

#include <fsock/addr.h>
#include <fsock/api.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

/* The maximum length of a UDP datagram over IPv4: 65535 octets less the headers (RFC 768, 791). */
#define FSOCK_MAX_DATAGRAM_PACKET_SIZE 65507

/*
 * Creates a datagram socket.
 *
 *	host           the socket is connected to it: fsock_send() needs no address, only the
 *	               peer's datagrams are received, and the peer's refusal is reported
 *	host NULL      the socket is not connected: each fsock_send() specifies the address;
 *	               `port` is ignored
 *	local_host,    options: the socket is bound to this address and port. For a Unix-domain
 *	local_port     path the file is created, and unlinked at the end, as by fsock_listen()
 *
 * Without `host` and local_host the socket is for both IPv6 and IPv4, or for IPv4 only if IPv6
 * is missing or the options say so (family, dual_stack). Of the other options, read_timeout,
 * write_timeout, deadline, reuse_address, reuse_port, broadcast and receive_destination apply.
 * reuse_address is off by default: with it several sockets may share a port, and each datagram
 * goes to one of them, but a datagram for a group goes to all of them.
 * Returns: the socket, or NULL.
 * Errors: those of fsock_connect() except refusals, those of bind(2) (EADDRINUSE, EADDRNOTAVAIL,
 *   EACCES).
 * Ownership: the caller owns the socket; end it with fsock_close().
 * Blocks: only to look up a name.
 */
FSOCK_API fsock *fsock_datagram(const char *host, int port, const struct fsock_options *options);

/*
 * Sends `size` octets.
 *
 * On a datagram socket they are sent as one datagram, to the address `to`. If `to` is NULL or no
 * address, they are sent to the peer that the socket is connected to. A connected socket may send
 * to other addresses on Linux; on the BSDs that fails with EISCONN.
 *
 * On a connected stream all octets are sent, after the output that the FILEs hold, so the peer
 * receives everything in the order of the calls. A FILE that another thread is using at that moment
 * is not flushed: call fflush(3) first for output that must come before. On a non-blocking stream
 * the octets are sent, or queued after the output that is already queued (fsock/stream.h), or none
 * are accepted (ENOBUFS). Until a FILE is requested there is no queue, and only the octets that
 * the system accepts at once are sent.
 * Returns: `size`, or less in that last case; or -1.
 * Errors: EINVAL (NULL, or a listener: FSOCK_INVALID_SOCKET_ERROR), EDESTADDRREQ (neither `to` nor
 *   a peer), EMSGSIZE (longer than a datagram can be), EACCES (broadcast without the option),
 *   ECONNREFUSED (the peer had no socket for an earlier datagram; this one is not sent), EISCONN
 *   (`to` with a stream), EAFNOSUPPORT (IPv6 from an IPv4 socket), ETIMEDOUT, EAGAIN (non-blocking:
 *   the system accepts nothing now), ENOBUFS, those of send(2).
 * Blocks: until the system has room, for at most write_timeout; not on a non-blocking socket. For
 *   streams see also fsock/stream.h: a failed write is final, except with EAGAIN and ENOBUFS.
 */
FSOCK_API ssize_t fsock_send(fsock *s, const void *data, size_t size, const struct fsock_addr *to);

/*
 * Receives a datagram or octets. If `from` is not NULL, *from is set to the sender, or to no
 * address if the socket is a stream or the sender has no name.
 *
 * On a datagram socket the function receives the next datagram. Octets beyond `size` are lost. On a
 * connected stream it receives up to `size` octets. It first returns octets that the last-read FILE
 * has read ahead but not returned (for a character pushed back by ungetc(): the octet received),
 * then octets from the network.
 * Returns: the real length of the datagram, which is more than `size` if it was truncated (on
 *   systems other than Linux, never more than `size` + 65536); on a stream the number of octets, or
 *   0 at end of file, at the bound of fsock_set_bound(), or if `size` is 0; or -1.
 * Errors: EINVAL (NULL, or a listener: FSOCK_INVALID_SOCKET_ERROR), ETIMEDOUT (read_timeout or the
 *   deadline), ECONNREFUSED (connected: the peer has no socket), ESHUTDOWN (a datagram socket whose
 *   input has been shut down, also during the wait), EBUSY (a stream: another thread is using the
 *   FILE that was read last), EAGAIN (non-blocking: nothing has arrived), those of recv(2). *from
 *   is then unchanged.
 * Blocks: until something arrives; not on a non-blocking socket.
 */
FSOCK_API ssize_t fsock_receive(fsock *s, void *data, size_t size, struct fsock_addr *from);

/* One datagram of a batch. */
struct fsock_message {
	void *data;             /* the octets; NULL is allowed with size 0 */
	size_t size;            /* sending: the number of octets; receiving: the size of the
	                           buffer */
	size_t length;          /* set by receiving: the real length, which may exceed `size` */
	struct fsock_addr peer; /* sending: the destination, or no address; receiving: the sender */

	/*
	 * The address of this machine at the other end. Sending: the source address; with no
	 * address or a wildcard the system chooses. Receiving: the address from which to answer,
	 * which is the destination of the datagram unless that is a group or a broadcast address.
	 * An answer in the struct that was received is therefore sent from the address to
	 * which the request was sent. The port is ignored, and set to 0 by receiving.
	 */
	struct fsock_addr local;

	/*
	 * Set by receiving: the group or broadcast address to which the datagram was sent, or no
	 * address if it was sent to `local`; and the number of the interface on which it arrived.
	 * 0 is an unknown interface. Sending ignores both.
	 */
	struct fsock_addr group;
	unsigned interface_number;
};

/*
 * Sends datagrams in order, with as few system calls as the system permits (sendmmsg(2)).
 * A message may name the source address (`local`).
 * Returns: the number of datagrams sent. It is less than `count` if one could not be sent; sending
 *   the rest then continues or returns the error. -1 if the first datagram could not be sent. A
 *   refusal that the network reports within a batch may end it early without being reported. 0 for
 *   count 0.
 * Errors: those of fsock_send(); EINVAL and FSOCK_INVALID_SOCKET_ERROR for a stream; EINVAL,
 *   EADDRNOTAVAIL or ENETUNREACH (`local` is not an address of this machine); EAFNOSUPPORT
 *   (`local` is not an IP address, or is IPv6 on an IPv4 socket); EOPNOTSUPP (this system cannot
 *   set the source).
 * Blocks: as fsock_send(), for the first datagram.
 */
FSOCK_API ssize_t fsock_send_many(fsock *s, const struct fsock_message messages[], size_t count);

/*
 * Receives datagrams: waits for the first and takes those that are available after it, with as few
 * system calls as the system permits (recvmmsg(2)). `length` and `peer` of each message are set.
 *
 * `local`, `group` and `interface_number` are set if the socket reports destinations: with the
 * option receive_destination, or by default if it is bound to a wildcard address and not connected.
 * Otherwise, and if the system does not know them, they are set to no address and 0. The BSDs do
 * not report the interface of IPv4 datagrams. To receive a single datagram with its destination,
 * use a count of 1: fsock_receive() does not return it.
 * Returns: the number of datagrams received, at least 1 for a count above 0; or -1. 0 for count 0.
 * Errors: those of fsock_receive(); EINVAL and FSOCK_INVALID_SOCKET_ERROR for a stream.
 * Blocks: as fsock_receive(), for the first datagram.
 */
FSOCK_API ssize_t fsock_receive_many(fsock *s, struct fsock_message messages[], size_t count);

/*
 * Join and leave a group. A member also receives the datagrams that are sent to the group's address
 * and the socket's port. `group` is the text of an IPv4 or IPv6 multicast address; an IPv6 address
 * may have a scope. `interface_name` is the name or number of the interface, or NULL for the one
 * that the system chooses. A socket for both IPv6 and IPv4 can join groups of both on Linux.
 * Elsewhere create it with family FSOCK_IPV4_ONLY to join IPv4 groups. Several receivers on one
 * machine share the port with reuse_address. FSOCK_OPTION_MULTICAST_TTL and .._LOOPBACK of
 * fsock/option.h control how far the socket's own datagrams go.
 * Returns: 0 or -1.
 * Errors: EINVAL (NULL, not a multicast address; FSOCK_INVALID_SOCKET_ERROR: not a datagram socket
 *   for IP), ENODEV (no such interface), EADDRINUSE (already joined), EADDRNOTAVAIL (leaving: not
 *   joined), EAFNOSUPPORT (an IPv6 group and a socket for IPv4). RFC 1112, RFC 3493.
 */
FSOCK_API int fsock_multicast_join(fsock *s, const char *group, const char *interface_name);
FSOCK_API int fsock_multicast_leave(fsock *s, const char *group, const char *interface_name);

/*
 * Sets the interface, by name or number, for outgoing datagrams to groups. With NULL the system
 * chooses. FSOCK_OPTION_MULTICAST_INTERFACE sets the same by number.
 * Returns: 0 or -1.
 * Errors: EINVAL and FSOCK_INVALID_SOCKET_ERROR (not a datagram socket for IP), ENODEV (no such
 *   interface).
 */
FSOCK_API int fsock_multicast_interface(fsock *s, const char *interface_name);

FSOCK_END_DECLS

#endif
