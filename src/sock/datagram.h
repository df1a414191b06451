/* Datagrams below their public face: the system calls, one implementation each per system. */
#ifndef FSOCK_SOCK_DATAGRAM_H
#define FSOCK_SOCK_DATAGRAM_H

#include <sys/types.h>

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <fsock/datagram.h>

enum { FSOCK__DATAGRAM_BATCH = 64 };

/*
 * All return as recv(2) and send(2) do, record nothing, and treat *flags and signals as
 * fsock__sys_receive() does. Lengths received are real ones. A batch has 1 to FSOCK__DATAGRAM_BATCH
 * messages; only its first waits, if the descriptor and *flags let it; a failure that is not the
 * first message's ends the batch.
 */
struct fsock__datagram_ops {
	const char *name;
	/* from may be NULL. */
	ssize_t (*receive)(int fd, void *data, size_t size, struct fsock_addr *from, int *flags);
	/* The path of each message is read if the socket tells it, else it is set to unknown. */
	ssize_t (*receive_many)(
	    int fd, int tells_path, struct fsock_message *, size_t count, int *flags);
	/* `family` is the socket's. */
	ssize_t (*send_many)(
	    int fd, int family, const struct fsock_message *, size_t count, int *flags);
};

/*
 * recvmmsg() and sendmmsg(); and what POSIX has. Declared on every system, there if the first is.
 */
extern const struct fsock__datagram_ops fsock__datagram_mmsg, fsock__datagram_loop;

/*
 * The address as a socket of `family` takes it: IPv4 mapped into IPv6, in `room`. NULL with *length
 * 0 for no address.
 */
static inline const struct sockaddr *
fsock__datagram_target(
    int family, const struct fsock_addr *to, struct sockaddr_in6 *room, socklen_t *length)
{
	*length = to->length;
	if (to->length == 0)
		return NULL;
	if (family != AF_INET6 || to->as.any.sa_family != AF_INET)
		return &to->as.any;
	memset(room, 0, sizeof *room);
	room->sin6_family = AF_INET6;
	room->sin6_port = to->as.in.sin_port;
	memset(room->sin6_addr.s6_addr + 10, 0xff, 2);
	memcpy(room->sin6_addr.s6_addr + 12, &to->as.in.sin_addr, 4);
	*length = sizeof *room;
	return (const struct sockaddr *)room;
}

#endif
