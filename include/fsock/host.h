/*
 * fsock/host.h - conversions between the ways to write a host, and integers in octet buffers.
 *
 * These are usocket's host utilities under C names, for programs that handle hosts as numbers and
 * octets (protocols that carry addresses, tables of addresses); with socket addresses fsock/addr.h
 * is the better tool. A host is
 *     a dotted quad      text "127.0.0.1"
 *     a vector quad      its 4 octets, { 127, 0, 0, 1 }
 *     host byte order    its number, 2130706433
 *     an IPv6 host       text "::1"
 *     an IPv6 vector     its 16 octets
 * Text is read as strictly, and written in the same form, as fsock/addr.h says.
 *
 * For all functions: none blocks, allocates, resolves a name or keeps a pointer it was given; all
 * may run in any number of threads at once. A NULL where something is to be read or written is
 * EINVAL. On failure errno is set, fsock_last_error() tells more, and nothing was written. On
 * success errno is left alone.
 */
#ifndef FSOCK_HOST_H
#define FSOCK_HOST_H

#include <stddef.h>
#include <stdint.h>

#include <fsock/addr.h>

FSOCK_BEGIN_DECLS

/* The room that the longest text takes, with the NUL at its end. */
#define FSOCK_DOTTED_QUAD_SIZE 16
#define FSOCK_IPV6_HOST_SIZE   46

/*
 * The number of a dotted quad: "127.0.0.1" gives 2130706433. (That of a vector quad is
 * fsock_ip_from_octet_buffer.)
 * Returns: 0, or -1. Errors: EINVAL not four decimal numbers 0..255.
 */
FSOCK_API int fsock_host_byte_order(const char *host, uint32_t *number);

/*
 * The dotted quad of a number or of 4 octets.
 * Returns: buf, or NULL. Errors: ERANGE it does not fit in `size` bytes.
 */
FSOCK_API char *fsock_hbo_to_dotted_quad(uint32_t number, char *buf, size_t size);
FSOCK_API char *fsock_vector_quad_to_dotted_quad(const uint8_t quad[4], char *buf, size_t size);

/*
 * The 4 octets of a number.
 * Returns: 0, or -1. Errors: EINVAL quad is NULL.
 */
FSOCK_API int fsock_hbo_to_vector_quad(uint32_t number, uint8_t quad[4]);

/*
 * The 4 octets of a dotted quad.
 * Returns: 0, or -1. Errors: EINVAL not four decimal numbers 0..255.
 */
FSOCK_API int fsock_dotted_quad_to_vector_quad(const char *host, uint8_t quad[4]);

/*
 * The text of 16 octets as RFC 5952 wants it; a mapped address keeps its prefix, "::ffff:10.0.0.1".
 * Returns: buf, or NULL. Errors: ERANGE it does not fit in `size` bytes.
 */
FSOCK_API char *fsock_vector_to_ipv6_host(const uint8_t vector[16], char *buf, size_t size);

/*
 * The 16 octets of an IPv6 host, with or without brackets. A scope ("%eth0") is read over, since
 * the vector has no place for it: fsock_addr_from_text keeps it.
 * Returns: 0, or -1. Errors: EINVAL not an IPv6 address.
 */
FSOCK_API int fsock_ipv6_host_to_vector(const char *host, uint8_t vector[16]);

/*
 * The text of a host as fsock_addr_host gives it; of NULL, the wildcard: "0.0.0.0", or "::" if
 * `family` is FSOCK_IPV6_ONLY.
 * Returns: buf, or NULL. Errors: as fsock_addr_host; EINVAL family is none of enum fsock_family.
 */
FSOCK_API char *fsock_host_to_hostname(
    const struct fsock_addr *host, enum fsock_family family, char *buf, size_t size);

/*
 * Whether two hosts are the same. Addresses are compared as octets and scope, so "::1" equals
 * "0:0:0:0:0:0:0:1" and "::ffff:127.0.0.1" equals "127.0.0.1". Other text is compared as names are,
 * without regard to ASCII case (RFC 4343). A name is never resolved: "localhost" does not equal
 * "127.0.0.1". NULL is the wildcard, "0.0.0.0".
 * Returns: 1 or 0; _not_equal the opposite. Errors: none.
 */
FSOCK_API int fsock_ip_equal(const char *a, const char *b);
FSOCK_API int fsock_ip_not_equal(const char *a, const char *b);

/*
 * Below, `buffer` has `size` octets and `start` is where in it to write or read, most significant
 * octet first. Returns: 0, or -1. Errors: ERANGE that goes beyond the end of the buffer.
 */

/* Writes the low `octets` octets of an integer; beyond eight, zeros come before it. */
FSOCK_API int fsock_integer_to_octet_buffer(
    uint64_t integer, uint8_t *buffer, size_t size, size_t octets, size_t start);

/* Reads an integer of `octets` octets. Errors too: EOVERFLOW its value needs more than 64 bits. */
FSOCK_API int fsock_octet_buffer_to_integer(
    const uint8_t *buffer, size_t size, size_t octets, size_t start, uint64_t *integer);

/* Writes a port in two octets. Errors too: EINVAL the port is not 0..65535. */
FSOCK_API int fsock_port_to_octet_buffer(int port, uint8_t *buffer, size_t size, size_t start);

/* Reads a port. Returns: 0..65535, or -1. */
FSOCK_API int fsock_port_from_octet_buffer(const uint8_t *buffer, size_t size, size_t start);

/* Writes a dotted quad in four octets. Errors too: EINVAL as fsock_host_byte_order. */
FSOCK_API int fsock_ip_to_octet_buffer(const char *ip, uint8_t *buffer, size_t size, size_t start);

/* Reads the number, in host byte order, of four octets. */
FSOCK_API int fsock_ip_from_octet_buffer(
    const uint8_t *buffer, size_t size, size_t start, uint32_t *number);

FSOCK_END_DECLS

#endif
