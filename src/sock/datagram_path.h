/*
 * The path of a datagram through this machine: the address and the interface at which it came in,
 * and the address from which one goes out. Control data of recvmsg(2) and sendmsg(2).
 */
#ifndef FSOCK_SOCK_DATAGRAM_PATH_H
#define FSOCK_SOCK_DATAGRAM_PATH_H

#include <sys/socket.h>

#include <fsock/datagram.h>

/*
 * Room for the control data of one datagram: the path of IPv4 in IPv6, which comes twice, and
 * before it timestamps and the like that the program has asked the descriptor for.
 */
union fsock__datagram_control {
	size_t aligned; /* as a struct cmsghdr */
	char room[192];
};

/*
 * Has a socket tell the path of what it receives from now on, as far as the system can. Returns
 * whether it can; 0 for what is not IP. Keeps errno.
 */
int fsock__datagram_path_ask(int fd, int family);

/*
 * The same where the option says so: by default, if the socket is on all addresses (`local`; NULL:
 * not bound) and not connected, as a server is.
 */
int fsock__datagram_path_choose(
    int fd, int family, enum fsock_switch option, const struct fsock_addr *local, int is_connected);

/*
 * Sets `local`, `group` and `interface_number` of a message by what has come with it: to no address
 * and 0 without control data.
 */
void fsock__datagram_path_read(struct msghdr *, struct fsock_message *);

/*
 * Adds the source address to what is to be sent on a socket of the family, unless it is no address.
 * `control` must stay as long as the header. Returns 0, or -1 with errno set.
 */
int fsock__datagram_path_write(struct msghdr *, union fsock__datagram_control *control, int family,
    const struct fsock_addr *local);

#endif
