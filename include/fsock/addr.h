/*
 * fsock/addr.h - socket addresses, to and from text. Names are looked up by fsock/names.h.
 *
 * Hosts are text of these forms:
 *     127.0.0.1                four decimal numbers 0..255 without leading zeros, nothing shorter
 *     ::1  [::1]  ::ffff:10.0.0.1    every form of RFC 4291 section 2.2, also in brackets
 *     fe80::1%eth0  fe80::1%2  with a scope (RFC 4007): the name or the number of an interface
 *     /path  ./path  a/path    a Unix-domain socket in the file system: text with a slash
 *     @name                    a Unix-domain socket of Linux's abstract namespace
 * Text comes out as RFC 5952 wants it for IPv6 and is the same on every system; an IPv4-mapped
 * IPv6 address (::ffff:10.0.0.1) comes out as the IPv4 address that it stands for.
 *
 * For all functions: none blocks (a scope makes one short question to the kernel), allocates or
 * keeps a pointer it was given; all may run in any number of threads at once. A `const struct
 * fsock_addr *` may be NULL, which is read as "no address". Where text or octets are asked for,
 * NULL is EINVAL. On failure errno is set, fsock_last_error() tells more, and what the caller
 * passed is as it was before. On success errno is left alone.
 */
#ifndef FSOCK_ADDR_H
#define FSOCK_ADDR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>

#include <fsock/api.h>

FSOCK_BEGIN_DECLS

/* The room that the longest text of an address takes, with the NUL at its end. */
#define FSOCK_ADDR_TEXT_SIZE 128

/*
 * One socket address, as the system calls take it: pass `&addr.as.any` and `addr.length`, or
 * `&addr.length` for calls that fill it in (set it to `sizeof addr.as` first). `length` 0 is no
 * address; a zeroed struct is one. The struct owns nothing: copy it by assignment.
 */
struct fsock_addr {
	socklen_t length;
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct sockaddr_storage storage;
	} as;
};

/*
 * Which kinds of IP addresses a name may give, and which come first. 0 is every kind, in the
 * order of the system (RFC 6724: what can be reached from here first).
 */
enum fsock_family {
	FSOCK_ANY_FAMILY = 0,
	FSOCK_IPV4_FIRST, /* IPv4 addresses, then IPv6 addresses: the order of usocket */
	FSOCK_IPV6_FIRST,
	FSOCK_IPV4_ONLY,
	FSOCK_IPV6_ONLY /* *ipv6-only-p* of usocket */
};

/*
 * Makes the address of a host in one of the forms above and a port (0..65535; not looked at for
 * Unix-domain hosts). Names are refused, never resolved. A mapped address stays an IPv6 address.
 * Returns: 0, or -1.
 * Errors: EINVAL host is NULL or none of the forms, or the port is out of range; ENAMETOOLONG the
 * path or abstract name does not fit a socket address; ENODEV no interface has the scope's name;
 * EAFNOSUPPORT an abstract name, and this system has none.
 */
FSOCK_API int fsock_addr_from_text(struct fsock_addr *addr, const char *host, int port);

/*
 * Makes an IPv4 address of 4 octets or an IPv6 address of 16, in network order.
 * Returns: 0, or -1. Errors: EINVAL for another count, octets NULL, a port out of range.
 */
FSOCK_API int fsock_addr_from_octets(
    struct fsock_addr *addr, const uint8_t *octets, size_t count, int port);

/*
 * Copies an address that a system call gave, of `length` bytes; `length` 0 gives no address, and
 * then `from` may be NULL.
 * Returns: 0, or -1. Errors: EINVAL more bytes than any address has, or `from` NULL.
 */
FSOCK_API int fsock_addr_from_sockaddr(
    struct fsock_addr *addr, const struct sockaddr *from, socklen_t length);

/*
 * Writes the host as text that fsock_addr_from_text reads back: an IP address (with "%scope" if it
 * has one) or a Unix path or name. No address and an unnamed Unix socket give "". A path without a
 * slash gets "./" in front. NULs within an abstract name are shown as '@', which ss(8) does, too.
 * Returns: buf, or NULL. Errors: ERANGE the text and its NUL do not fit in `size` bytes
 * (FSOCK_ADDR_TEXT_SIZE always suffices); EAFNOSUPPORT neither IP nor Unix; EINVAL buf is NULL.
 */
FSOCK_API char *fsock_addr_host(const struct fsock_addr *addr, char *buf, size_t size);

/*
 * Writes host and port as "127.0.0.1:80" or "[::1]:80"; otherwise as fsock_addr_host.
 * Returns: buf, or NULL. Errors: as fsock_addr_host.
 */
FSOCK_API char *fsock_addr_to_text(const struct fsock_addr *addr, char *buf, size_t size);

/*
 * Writes the 4 octets of an IPv4 (or mapped) address or the 16 of an IPv6 address.
 * Returns: how many were written, 4 or 16; 0, and nothing is written, for all other addresses.
 * Errors: EINVAL octets is NULL, also 0; an address that is not IP is no error.
 */
FSOCK_API size_t fsock_addr_octets(const struct fsock_addr *addr, uint8_t octets[16]);

/* Returns: AF_INET, AF_INET6 (mapped addresses too), AF_UNIX ...; AF_UNSPEC for no address. */
FSOCK_API int fsock_addr_family(const struct fsock_addr *addr);

/* Returns: the port, 0..65535; 0 for an address that has none. */
FSOCK_API int fsock_addr_port(const struct fsock_addr *addr);

/*
 * Gives an IP address another port.
 * Returns: 0, or -1. Errors: EINVAL the port is out of range; EAFNOSUPPORT not an IP address.
 */
FSOCK_API int fsock_addr_set_port(struct fsock_addr *addr, int port);

/*
 * Returns: 1 if both are the same address, port and scope included, else 0. A mapped address
 * equals its IPv4 address. No address equals no address only.
 */
FSOCK_API int fsock_addr_equal(const struct fsock_addr *a, const struct fsock_addr *b);

/* Returns: 1 for 0.0.0.0 and ::, on which a listener hears all interfaces, else 0. */
FSOCK_API int fsock_addr_is_wildcard(const struct fsock_addr *addr);

/* Returns: 1 for 127.0.0.0/8 and ::1, which never leave this machine, else 0. */
FSOCK_API int fsock_addr_is_loopback(const struct fsock_addr *addr);

FSOCK_END_DECLS

#endif
