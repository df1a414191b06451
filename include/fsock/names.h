/*
 * fsock/names.h - hosts by name and names by address, from the system's resolver. The conventions
 * are in fsock.h.
 *
 * A name is anything that getaddrinfo(3) finds (in /etc/hosts, in DNS, or wherever the system
 * looks). For a host in one of the forms of fsock/addr.h the functions return its own address,
 * without a lookup. Text that can only be meant as an address but is malformed ("127.1",
 * "300.1.1.1", "0x7f000001", "1::2::3") is a host that is not found, even if the system's resolver
 * would accept it.
 *
 * `family` selects the kinds of addresses and their order: see enum fsock_family. Addresses are
 * returned without a port (0) and without duplicates.
 *
 * Errors of all functions: EINVAL for a NULL argument or an invalid family. For other errors
 * fsock_last_error()->kind is more precise than errno: FSOCK_NS_HOST_NOT_FOUND_ERROR,
 * FSOCK_NS_NO_DATA_ERROR (no address of this family), FSOCK_NS_TRY_AGAIN_ERROR (no server
 * answered), FSOCK_NS_NO_RECOVERY_ERROR. On failure nothing was written.
 * Blocks: all functions that look up a host, except fsock_lookup(), for as long as the system's
 *   resolver takes, commonly up to half a minute if no server answers.
 * Threads: any number at once.
 */
#ifndef FSOCK_NAMES_H
#define FSOCK_NAMES_H

#include <stddef.h>
#include <sys/types.h>

#include <fsock/addr.h>
#include <fsock/api.h>
#include <fsock/socket.h>

FSOCK_BEGIN_DECLS

/* The size of the longest host name, including its NUL (RFC 1035: 255). */
#define FSOCK_HOST_NAME_SIZE 256

/*
 * Returns all addresses of a host, and stores as many as fit in the `room` entries of `list`. If
 * `room` is 0, `list` may be NULL.
 * Returns: the number of addresses that the host has, 1 or more and possibly more than `room`; or
 *   -1.
 */
FSOCK_API ssize_t fsock_get_hosts_by_name(
    const char *name, enum fsock_family family, struct fsock_addr *list, size_t room);

/*
 * Stores the first address of a host.
 * Returns: 0, or -1.
 */
FSOCK_API int fsock_get_host_by_name(
    const char *name, enum fsock_family family, struct fsock_addr *addr);

/*
 * Stores one of a host's addresses, chosen at random with equal probability. With FSOCK_IPV4_FIRST
 * or FSOCK_IPV6_FIRST the choice is limited to the preferred kind if there are any. Suitable for
 * distributing load, not for secrets.
 * Returns: 0, or -1.
 */
FSOCK_API int fsock_get_random_host_by_name(
    const char *name, enum fsock_family family, struct fsock_addr *addr);

/*
 * Returns the port of a service by its name ("https") in the system's database (services(5)), or of
 * its number as text. `socket_type` is SOCK_STREAM for TCP or SOCK_DGRAM for UDP.
 * Returns: the port; or -1.
 * Errors: EINVAL also for an unknown service, and a number above 65535 or below 0.
 * Blocks: as the system's database, usually a file, takes.
 */
FSOCK_API int fsock_get_port_by_service(const char *service, int socket_type);

/*
 * Begins to look up a host, a service, or both, and does not wait. The result is a handle like
 * those of fsock_watch(): it is readable once the answer is there. fsock_wait_for_input() and
 * wait lists accept it, and fsock_socket() returns a descriptor for other loops.
 *
 *	fsock *lookup = fsock_lookup("irc.example.org", "ircd", SOCK_STREAM, FSOCK_ANY_FAMILY);
 *
 *	fsock_waitlist_add(list, lookup, FSOCK_INPUT, NULL); // and when it is reported:
 *	n = fsock_lookup_addresses(lookup, addresses, 8);
 *	fsock_close(lookup);
 *
 * `host` may have any of the forms of fsock/addr.h; with NULL the answer has the wildcard
 * addresses, for a server. `service` is a name, a number as text, or NULL for port 0; Unix-
 * domain addresses ignore it. Without `service`, `host` may also be a host and its port in one
 * text, as with FSOCK_PORT_IN_HOST: "irc.example.org:ircd". To connect, use fsock_connect() with
 * `nonblocking`, which looks up the host itself.
 *
 * Names are looked up in threads of the library: at most 32 at a time; further lookups wait for
 * their turn. fsock_close() cancels a lookup at any moment. In a child of fork(2) the handle is
 * readable at once, and the lookup begins again when fsock_lookup_addresses() is called. To limit
 * the time, set a timer (fsock_waitlist_set_timeout()).
 * Returns: the handle; or NULL.
 * Errors: EINVAL also for neither host nor service, another socket type, a number above 65535, and
 *   text that cannot be the name of a service; errors that are known without a lookup, such as a
 *   malformed address; EMFILE, ENFILE, ENOMEM.
 * Ownership: the caller owns the handle; end it with fsock_close().
 * Blocks: no.
 */
FSOCK_API fsock *fsock_lookup(
    const char *host, const char *service, int socket_type, enum fsock_family family);

/*
 * Returns the answer of a lookup: all addresses, with the port of the service. As many as fit are
 * stored in the `room` entries of `list`. The answer remains the same until the handle is closed.
 * Returns: the number of addresses, 1 or more and possibly more than `room`; or -1.
 * Errors: EAGAIN (FSOCK_WOULD_BLOCK: no answer yet); EINVAL for an unknown service
 *   ("unknown service"), and FSOCK_INVALID_SOCKET_ERROR for another handle.
 * Blocks: no.
 * Threads: one at a time for each handle.
 */
FSOCK_API ssize_t fsock_lookup_addresses(fsock *lookup, struct fsock_addr *list, size_t room);

/*
 * Returns the name of the local host, as gethostname(3) does. Does not block.
 * Returns: buf, or NULL.
 * Errors: ERANGE it does not fit in `size` bytes (FSOCK_HOST_NAME_SIZE is always sufficient).
 */
FSOCK_API char *fsock_get_host_name(char *buf, size_t size);

/*
 * Returns the host name of an IP address (reverse lookup). The owner of the address chooses this
 * name: look up the name and compare the addresses before trusting it. A "name" that is itself the
 * text of an address is not returned.
 * Returns: buf, or NULL.
 * Errors: ERANGE it does not fit in `size` bytes; EAFNOSUPPORT not an IP address, or NULL;
 *   FSOCK_NS_HOST_NOT_FOUND_ERROR the address has no name.
 */
FSOCK_API char *fsock_get_host_by_address(const struct fsock_addr *addr, char *buf, size_t size);

FSOCK_END_DECLS

#endif
