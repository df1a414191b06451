/*
 * fsock/names.h - hosts by name and names by address, asked of the system's resolver. The
 * conventions are in fsock.h.
 *
 * A name is anything that getaddrinfo(3) finds (/etc/hosts, DNS, whatever the system asks). A host
 * in one of the forms of fsock/addr.h gives its own address and nobody is asked. Text that could
 * only be meant as an address and is not a proper one ("127.1", "300.1.1.1", "0x7f000001",
 * "1::2::3") is a host that is not found, whatever the system's resolver would read into it.
 *
 * `family` says which kinds of addresses count, and which come first: see enum fsock_family.
 * Addresses come without a port (0) and without duplicates.
 *
 * Errors of all: EINVAL for a NULL argument or a family that is none; otherwise errno says little,
 * fsock_last_error()->kind more: FSOCK_NS_HOST_NOT_FOUND_ERROR, FSOCK_NS_NO_DATA_ERROR (no address
 * of this family), FSOCK_NS_TRY_AGAIN_ERROR (no server answered), FSOCK_NS_NO_RECOVERY_ERROR. On
 * failure nothing was written.
 * Blocks: all that look something up, for as long as the system's resolver takes, commonly up to
 * half a minute when no server answers. Threads: any number at once.
 */
#ifndef FSOCK_NAMES_H
#define FSOCK_NAMES_H

#include <stddef.h>
#include <sys/types.h>

#include <fsock/addr.h>

FSOCK_BEGIN_DECLS

/* The room that the longest name of a host takes, with the NUL at its end (RFC 1035: 255). */
#define FSOCK_HOST_NAME_SIZE 256

/*
 * All addresses of a host, as many as fit in the `room` entries of `list`; with room 0, list may be
 * NULL.
 * Returns: how many addresses the host has, 1 or more and perhaps more than `room`; or -1.
 */
FSOCK_API ssize_t fsock_get_hosts_by_name(
    const char *name, enum fsock_family family, struct fsock_addr *list, size_t room);

/*
 * The first of a host's addresses.
 * Returns: 0, or -1.
 */
FSOCK_API int fsock_get_host_by_name(
    const char *name, enum fsock_family family, struct fsock_addr *addr);

/*
 * One of a host's addresses, each as likely as the others. With FSOCK_IPV4_FIRST or
 * FSOCK_IPV6_FIRST it is one of the preferred kind if there is any. Good for spreading load; not
 * for secrets.
 * Returns: 0, or -1.
 */
FSOCK_API int fsock_get_random_host_by_name(
    const char *name, enum fsock_family family, struct fsock_addr *addr);

/*
 * The name of the host this runs on, as gethostname(3) knows it. Does not block.
 * Returns: buf, or NULL. Errors: ERANGE it does not fit in `size` bytes (FSOCK_HOST_NAME_SIZE
 * always suffices).
 */
FSOCK_API char *fsock_get_host_name(char *buf, size_t size);

/*
 * The name of the host that has an IP address (reverse lookup). Whoever owns the address chooses
 * what name it has: look the name up and compare before trusting it. A "name" that is itself the
 * text of an address is not given.
 * Returns: buf, or NULL. Errors: ERANGE it does not fit in `size` bytes; EAFNOSUPPORT not an IP
 * address, NULL is none; FSOCK_NS_HOST_NOT_FOUND_ERROR the address has no name.
 */
FSOCK_API char *fsock_get_host_by_address(const struct fsock_addr *addr, char *buf, size_t size);

FSOCK_END_DECLS

#endif
