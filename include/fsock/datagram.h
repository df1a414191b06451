/*
 * fsock/datagram.h - datagrams: UDP and Unix-domain, one by one, in batches and to groups. The
 * conventions are in fsock.h.
 *
 * A datagram is sent whole and received whole. Receiving tells how long it really was, also when
 * there was not room for all of it. A datagram of no octets is one, too. fsock_send() and
 * fsock_receive() work on connected streams as well, where they move octets beside the FILEs.
 *
 * The conventions of fsock.h on threads hold with this addition: any number of threads may send and
 * receive on one datagram socket at once; each datagram goes to one of them.
 */
#ifndef FSOCK_DATAGRAM_H
#define FSOCK_DATAGRAM_H

#include <stddef.h>
#include <sys/types.h>

#include <fsock/addr.h>
#include <fsock/api.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

/* The most octets that a UDP datagram over IPv4 can have: 65535 less the headers (RFC 768, 791). */
#define FSOCK_MAX_DATAGRAM_PACKET_SIZE 65507

/*
 * Makes a datagram socket.
 *
 *	host           connected to it: fsock_send() needs no address, only the peer's datagrams are
 *	               received, and the peer's refusal is reported
 *	host NULL      not connected: each fsock_send() says where to; `port` is not looked at
 *	local_host,    options: bound to that address and port. Of a Unix-domain path the file is
 *	local_port     made, and unlinked at the end, as fsock_listen() does
 *
 * Without connection and local_host it is for IPv6 and IPv4 both, or for IPv4 alone where IPv6 is
 * missing or the options say so (family, dual_stack). Of the other options read_timeout,
 * write_timeout, deadline, reuse_address (default off: with it several sockets may have one port
 * and one of them gets each datagram; all of them get those for a group), reuse_port and broadcast
 * count.
 * Returns: the socket, or NULL.
 * Errors: those of fsock_connect() without the refusals, of bind(2) (EADDRINUSE, EADDRNOTAVAIL,
 *   EACCES). Ownership: the caller's; end it with fsock_close(). Blocks: only to look up a name.
 */
FSOCK_API fsock *fsock_datagram(const char *host, int port, const struct fsock_options *options);

/*
 * Sends `size` octets: on a datagram socket as one datagram, to the address `to` or, if that is
 * NULL or no address, to the peer that the socket is connected to. A connected one may send
 * elsewhere (on Linux; the BSDs fail with EISCONN). On a connected stream all octets are sent,
 * after what the FILEs hold: the peer gets them in the order of the calls. A FILE that another
 * thread is using at that moment is passed over: call fflush(3) first for what must go before. On a
 * non-blocking stream they are sent, or queued behind what is (fsock/stream.h), or nothing is taken
 * (ENOBUFS); but as long as no FILE was asked for there is no queue, and only what the system takes
 * now is sent.
 * Returns: `size`, in that case perhaps less; or -1.
 * Errors: EINVAL (NULL, or a listener: FSOCK_INVALID_SOCKET_ERROR), EDESTADDRREQ (no `to`, no
 *   peer), EMSGSIZE (longer than a datagram can be), EACCES (broadcast without the option),
 *   ECONNREFUSED (the peer had no socket there for an earlier datagram; this one is not sent),
 *   EISCONN (`to` with a stream), EAFNOSUPPORT (IPv6 from an IPv4 socket), ETIMEDOUT, EAGAIN
 *   (non-blocking: the system takes nothing now), ENOBUFS, send(2)'s.
 * Blocks: until the system has room, at most write_timeout; a non-blocking socket does not. For
 *   streams see also fsock/stream.h: a failed write is final, but for EAGAIN and ENOBUFS.
 */
FSOCK_API ssize_t fsock_send(
    fsock *s, const void *data, size_t size, const struct fsock_addr *to);

/*
 * Receives. On a datagram socket: the next datagram, and what does not fit in `size` is lost. On a
 * connected stream: up to `size` octets, first those that the FILE last read from has read ahead
 * but not handed out (with ungetc() pushed back: the octet received), then the network's. *from, if
 * not NULL, is set to the sender; to no address if that is a stream or has no name.
 * Returns: the real length of the datagram, more than `size` if it was cut (elsewhere than on Linux
 *   never more than `size` + 65536); of a stream the count of octets, 0 at end of file, at
 *   the bound of fsock_set_bound(), or when `size` is 0; or -1.
 * Errors: EINVAL (NULL, or a listener: FSOCK_INVALID_SOCKET_ERROR), ETIMEDOUT (read_timeout, or the
 *   deadline), ECONNREFUSED (connected: there is no socket at the peer), ESHUTDOWN (a datagram
 *   socket whose input has been shut down, also while it waited), EBUSY (a stream: another thread
 *   is using the FILE that was read last), EAGAIN (non-blocking: nothing is there), recv(2)'s.
 *   *from is then as it was.
 * Blocks: until something comes; a non-blocking socket does not.
 */
FSOCK_API ssize_t fsock_receive(fsock *s, void *data, size_t size, struct fsock_addr *from);

/* One datagram of a batch. */
struct fsock_message {
	void *data;             /* the octets; NULL is allowed with size 0 */
	size_t size;            /* sending: how many; receiving: how many there is room for */
	size_t length;          /* receiving sets it: the real length, if need be more than size */
	struct fsock_addr peer; /* sending: where to, or no address; receiving: from where */
};

/*
 * Sends datagrams in order, with as few system calls as the system knows how to (sendmmsg(2)).
 * Returns: how many were sent; fewer than `count` if one could not be: sending the rest goes on or
 *   tells why. -1 if not even the first was sent. A refusal that the network reports in the middle
 *   of a batch may end it early without being told. 0 for count 0.
 * Errors: as fsock_send(); EINVAL and FSOCK_INVALID_SOCKET_ERROR for a stream.
 * Blocks: as fsock_send(), for the first.
 */
FSOCK_API ssize_t fsock_send_many(
    fsock *s, const struct fsock_message messages[], size_t count);

/*
 * Receives datagrams: waits for the first and takes those that are there after it, with as few
 * system calls as the system knows how to (recvmmsg(2)). `length` and `peer` of each are set.
 * Returns: how many were received, at least 1 for a count above 0; or -1. 0 for count 0.
 * Errors: as fsock_receive(); EINVAL and FSOCK_INVALID_SOCKET_ERROR for a stream.
 * Blocks: as fsock_receive(), for the first.
 */
FSOCK_API ssize_t fsock_receive_many(fsock *s, struct fsock_message messages[], size_t count);

/*
 * Joins and leaves a group: datagrams sent to the group's address and the socket's port are
 * received, too. The group is the text of an IPv4 or IPv6 multicast address (an IPv6 one may have a
 * scope), the interface its name or number, or NULL for the one that the system picks. A socket for
 * IPv6 and IPv4 both can join groups of both on Linux; elsewhere make it with family
 * FSOCK_IPV4_ONLY for IPv4. Several receivers on one machine share the port by reuse_address. How
 * far own datagrams go is fsock/option.h's FSOCK_OPTION_MULTICAST_TTL and .._LOOPBACK.
 * Returns: 0 or -1.
 * Errors: EINVAL (NULL, no multicast address; FSOCK_INVALID_SOCKET_ERROR: no datagram socket for
 *   IP), ENODEV (no such interface), EADDRINUSE (joined already), EADDRNOTAVAIL (leaving: not
 *   joined), EAFNOSUPPORT (an IPv6 group, and a socket for IPv4). RFC 1112, RFC 3493.
 */
FSOCK_API int fsock_multicast_join(fsock *s, const char *group, const char *interface_name);
FSOCK_API int fsock_multicast_leave(fsock *s, const char *group, const char *interface_name);

/*
 * The interface, by name or number, on which datagrams to groups go out; NULL leaves the choice to
 * the system. FSOCK_OPTION_MULTICAST_INTERFACE is the same by number.
 * Returns: 0 or -1. Errors: EINVAL and FSOCK_INVALID_SOCKET_ERROR (no datagram socket for IP),
 *   ENODEV (no such interface).
 */
FSOCK_API int fsock_multicast_interface(fsock *s, const char *interface_name);

FSOCK_END_DECLS

#endif
