/*
 * fsock/addr.h - socket addresses, from and to text. fsock/names.h looks up names.
 *
 * A host is text in one of these forms:
 *     127.0.0.1                four decimal numbers 0..255 without leading zeros, no short form
 *     ::1  [::1]  ::ffff:10.0.0.1    every form of RFC 4291 section 2.2, also in brackets
 *     fe80::1%eth0  fe80::1%2  with a scope (RFC 4007): the name or the number of an interface
 *     /path  ./path  a/path    a Unix-domain socket in the file system: text with a slash
 *     @name                    a Unix-domain socket in Linux's abstract namespace
 * IPv6 addresses are written as RFC 5952 specifies, and the text is the same on every system. An
 * IPv4-mapped IPv6 address (::ffff:10.0.0.1) is written as the IPv4 address that it represents.
 *
 * A host and its port can also be given together, as people write them. Every function that takes a
 * host and a port accepts this if the port is FSOCK_PORT_IN_HOST, which is -1:
 *     fsockopen("example.org:https", FSOCK_PORT_IN_HOST, "r+")
 * The same is true of local_host and local_port in struct fsock_options. The forms are:
 *     example.org:80  127.0.0.1:80  [::1]:80  [fe80::1%eth0]:80    a host and a port
 *     example.org:https        a service by name (services(5)), which is looked up with the host
 *     :80                      to bind to or listen on: all addresses of this machine
 *     tcp://example.org:80     the same for streams only; udp:// for datagrams only
 *     /path  ./path  a/path  @name    as above, if there is no colon before the first slash
 *     unix:/path  unix:name  unix:@name  unix:///path    any path, or a name
 * The port is required, and an IPv6 address needs its brackets. The protocol may be in upper case.
 * ("unix:80" is a path: write tcp://unix:80 for a host of that name.) The text must not contain
 * blanks, except in paths, and nothing may follow the port. Other text fails with EINVAL, and the
 * text of fsock_last_error() says what is wrong with it. A port of 0 has the same meaning here as
 * in the argument.
 *
 * For all functions: they do not block (a scope needs one short system call), do not allocate and
 * do not keep a pointer. Any number of threads may call them at once. A `const struct fsock_addr *`
 * may be NULL, which means "no address". NULL for required text or octets fails with EINVAL. On
 * failure errno is set, fsock_last_error() returns the details, and the caller's arguments are
 * unchanged. On success errno is unchanged.
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

/* The size of the longest text of an address, including its NUL. */
#define FSOCK_ADDR_TEXT_SIZE 128

/* A port: the host is an address with its port, as described above. */
#define FSOCK_PORT_IN_HOST (-1)

/*
 * A socket address in the form that system calls use. Pass `&addr.as.any` and `addr.length`, or
 * `&addr.length` to calls that store an address (first set it to `sizeof addr.as`). A `length` of 0
 * means no address, so a zeroed struct is no address. The struct owns nothing: copy it by
 * assignment.
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
 * The kinds of IP addresses that a name may return, and their order. 0 permits every kind, in the
 * system's order (RFC 6724: addresses that this host can reach come first).
 */
enum fsock_family {
	FSOCK_ANY_FAMILY = 0,
	FSOCK_IPV4_FIRST, /* IPv4 addresses, then IPv6 addresses: the order of usocket */
	FSOCK_IPV6_FIRST,
	FSOCK_IPV4_ONLY,
	FSOCK_IPV6_ONLY /* *ipv6-only-p* of usocket */
};

/*
 * Creates an address from a host in one of the forms above and a port (0..65535; ignored for
 * Unix-domain hosts), or with FSOCK_PORT_IN_HOST from both in one text. Names of hosts and services
 * are rejected, and never resolved. A mapped address remains an IPv6 address.
 * Returns: 0, or -1.
 * Errors: EINVAL host is NULL or in none of the forms, or the port is out of range; ENAMETOOLONG
 *   the path or abstract name does not fit in a socket address; ENODEV no interface has the name of
 *   the scope; EAFNOSUPPORT an abstract name, which this system does not support.
 */
FSOCK_API int fsock_addr_from_text(struct fsock_addr *addr, const char *host, int port);

/*
 * Creates an IPv4 address from 4 octets or an IPv6 address from 16 octets, in network order.
 * Returns: 0, or -1.
 * Errors: EINVAL another count, octets is NULL, or the port is out of range.
 */
FSOCK_API int fsock_addr_from_octets(
    struct fsock_addr *addr, const uint8_t *octets, size_t count, int port);

/*
 * Copies an address of `length` bytes that a system call returned. A `length` of 0 means no
 * address, and `from` may then be NULL.
 * Returns: 0, or -1.
 * Errors: EINVAL more bytes than any address has, or `from` is NULL.
 */
FSOCK_API int fsock_addr_from_sockaddr(
    struct fsock_addr *addr, const struct sockaddr *from, socklen_t length);

/*
 * Writes the host as text that fsock_addr_from_text() accepts: an IP address (with "%scope" if it
 * has one) or a Unix path or name. No address and an unnamed Unix socket return "". A path without
 * a slash, or with a colon before it, is prefixed with "./". NULs in an abstract name are shown as
 * '@', as by ss(8).
 * Returns: buf, or NULL.
 * Errors: ERANGE the text and its NUL do not fit in `size` bytes (FSOCK_ADDR_TEXT_SIZE is always
 *   sufficient); EAFNOSUPPORT neither IP nor Unix; EINVAL buf is NULL.
 */
FSOCK_API char *fsock_addr_host(const struct fsock_addr *addr, char *buf, size_t size);

/*
 * Writes host and port as "127.0.0.1:80" or "[::1]:80"; otherwise as fsock_addr_host(). All
 * functions accept this text with FSOCK_PORT_IN_HOST, unless it is "".
 * Returns: buf, or NULL.
 * Errors: as fsock_addr_host().
 */
FSOCK_API char *fsock_addr_to_text(const struct fsock_addr *addr, char *buf, size_t size);

/*
 * Writes the 4 octets of an IPv4 (or mapped) address or the 16 octets of an IPv6 address.
 * Returns: the number of octets written, 4 or 16; 0, with nothing written, for all other addresses.
 * Errors: EINVAL octets is NULL, which also returns 0. An address that is not IP is not an error.
 */
FSOCK_API size_t fsock_addr_octets(const struct fsock_addr *addr, uint8_t octets[16]);

/* Returns: AF_INET, AF_INET6 (also for mapped addresses), AF_UNIX ...; AF_UNSPEC for no address. */
FSOCK_API int fsock_addr_family(const struct fsock_addr *addr);

/* Returns: the port, 0..65535; 0 for an address without a port. */
FSOCK_API int fsock_addr_port(const struct fsock_addr *addr);

/*
 * Sets the port of an IP address.
 * Returns: 0, or -1.
 * Errors: EINVAL the port is out of range; EAFNOSUPPORT not an IP address.
 */
FSOCK_API int fsock_addr_set_port(struct fsock_addr *addr, int port);

/*
 * Returns: 1 if both addresses are the same, including port and scope, otherwise 0. A mapped
 *   address equals its IPv4 address. No address equals only no address.
 */
FSOCK_API int fsock_addr_equal(const struct fsock_addr *a, const struct fsock_addr *b);

/* Returns: 1 for 0.0.0.0 and ::, on which a listener accepts on all interfaces, otherwise 0. */
FSOCK_API int fsock_addr_is_wildcard(const struct fsock_addr *addr);

/* Returns: 1 for 127.0.0.0/8 and ::1, which never leave this machine, otherwise 0. */
FSOCK_API int fsock_addr_is_loopback(const struct fsock_addr *addr);

FSOCK_END_DECLS

#endif
