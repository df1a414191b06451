/*
 * fsock/host.h - conversions between the representations of a host, and integers in octet buffers.
 *
 * These are usocket's host utilities under C names, for programs that handle hosts as numbers and
 * octets (protocols that carry addresses, tables of addresses). For socket addresses use
 * fsock/addr.h. A host is one of:
 *     a dotted quad      text "127.0.0.1"
 *     a vector quad      its 4 octets, { 127, 0, 0, 1 }
 *     host byte order    its number, 2130706433
 *     an IPv6 host       text "::1"
 *     an IPv6 vector     its 16 octets
 * The functions accept only the text forms of fsock/addr.h, and write text in the same forms.
 *
 * For all functions: they do not block, do not allocate, do not resolve names and do not keep a
 * pointer. Any number of threads may call them at once. A NULL pointer to read from or to write to
 * fails with EINVAL. On failure errno is set, fsock_last_error() returns the details, and nothing
 * was written. On success errno is unchanged.
 */
#ifndef FSOCK_HOST_H
#define FSOCK_HOST_H

#include <stddef.h>
#include <stdint.h>

#include <fsock/addr.h>

FSOCK_BEGIN_DECLS

/* The size of the longest text, including its NUL. */
#define FSOCK_DOTTED_QUAD_SIZE 16
#define FSOCK_IPV6_HOST_SIZE   46

/*
 * Converts a dotted quad to its number: "127.0.0.1" gives 2130706433. (For a vector quad use
 * fsock_ip_from_octet_buffer().)
 * Returns: 0, or -1.
 * Errors: EINVAL not four decimal numbers 0..255.
 */
FSOCK_API int fsock_host_byte_order(const char *host, uint32_t *number);

/*
 * Convert a number, or 4 octets, to a dotted quad.
 * Returns: buf, or NULL.
 * Errors: ERANGE it does not fit in `size` bytes.
 */
FSOCK_API char *fsock_hbo_to_dotted_quad(uint32_t number, char *buf, size_t size);
FSOCK_API char *fsock_vector_quad_to_dotted_quad(const uint8_t quad[4], char *buf, size_t size);

/*
 * Converts a number to 4 octets.
 * Returns: 0, or -1.
 * Errors: EINVAL quad is NULL.
 */
FSOCK_API int fsock_hbo_to_vector_quad(uint32_t number, uint8_t quad[4]);

/*
 * Converts a dotted quad to 4 octets.
 * Returns: 0, or -1.
 * Errors: EINVAL not four decimal numbers 0..255.
 */
FSOCK_API int fsock_dotted_quad_to_vector_quad(const char *host, uint8_t quad[4]);

/*
 * Converts 16 octets to text as RFC 5952 specifies. A mapped address keeps its prefix,
 * "::ffff:10.0.0.1".
 * Returns: buf, or NULL.
 * Errors: ERANGE it does not fit in `size` bytes.
 */
FSOCK_API char *fsock_vector_to_ipv6_host(const uint8_t vector[16], char *buf, size_t size);

/*
 * Converts an IPv6 host, with or without brackets, to 16 octets. A scope ("%eth0") is ignored,
 * because the vector cannot hold it; fsock_addr_from_text() keeps it.
 * Returns: 0, or -1.
 * Errors: EINVAL not an IPv6 address.
 */
FSOCK_API int fsock_ipv6_host_to_vector(const char *host, uint8_t vector[16]);

/*
 * Writes a host as text, as fsock_addr_host() does. NULL is the wildcard: "0.0.0.0", or "::" if
 * `family` is FSOCK_IPV6_ONLY.
 * Returns: buf, or NULL.
 * Errors: as fsock_addr_host(); EINVAL family is not an enum fsock_family.
 */
FSOCK_API char *fsock_host_to_hostname(
    const struct fsock_addr *host, enum fsock_family family, char *buf, size_t size);

/*
 * Tell whether two hosts are equal. Addresses are compared by octets and scope, so "::1" equals
 * "0:0:0:0:0:0:0:1" and "::ffff:127.0.0.1" equals "127.0.0.1". Other text is compared like names,
 * ignoring ASCII case (RFC 4343). Names are never resolved: "localhost" does not equal "127.0.0.1".
 * NULL is the wildcard, "0.0.0.0".
 * Returns: 1 or 0; _not_equal returns the opposite.
 * Errors: none.
 */
FSOCK_API int fsock_ip_equal(const char *a, const char *b);
FSOCK_API int fsock_ip_not_equal(const char *a, const char *b);

/*
 * In the following functions `buffer` has `size` octets, and `start` is the offset in it to read or
 * write at, most significant octet first.
 * Returns: 0, or -1.
 * Errors: ERANGE the octets extend beyond the end of the buffer.
 */

/* Writes the low `octets` octets of an integer. Beyond eight octets, it is preceded by zeros. */
FSOCK_API int fsock_integer_to_octet_buffer(
    uint64_t integer, uint8_t *buffer, size_t size, size_t octets, size_t start);

/*
 * Reads an integer of `octets` octets. Further errors: EOVERFLOW its value needs more than 64 bits.
 */
FSOCK_API int fsock_octet_buffer_to_integer(
    const uint8_t *buffer, size_t size, size_t octets, size_t start, uint64_t *integer);

/* Writes a port in two octets. Further errors: EINVAL the port is not 0..65535. */
FSOCK_API int fsock_port_to_octet_buffer(int port, uint8_t *buffer, size_t size, size_t start);

/* Reads a port. Returns: 0..65535, or -1. */
FSOCK_API int fsock_port_from_octet_buffer(const uint8_t *buffer, size_t size, size_t start);

/* Writes a dotted quad in four octets. Further errors: EINVAL as fsock_host_byte_order(). */
FSOCK_API int fsock_ip_to_octet_buffer(const char *ip, uint8_t *buffer, size_t size, size_t start);

/* Reads a number from four octets and stores it in host byte order. */
FSOCK_API int fsock_ip_from_octet_buffer(
    const uint8_t *buffer, size_t size, size_t start, uint32_t *number);

FSOCK_END_DECLS

#endif
