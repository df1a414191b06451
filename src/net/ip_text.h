/*
 * Text of IP addresses, in and out. It is our own because the systems' functions disagree: on short
 * and octal IPv4 forms, on which run of zeros is left out, on case, on mapped addresses.
 *
 * Parsers take text of a given length (no NUL needed), take all of it or nothing, and write their
 * result only on success. Printers write into a buffer that is large enough (FSOCK_ADDR_TEXT_SIZE
 * always is), end the text with a NUL and return its length.
 */
#ifndef FSOCK_NET_IP_TEXT_H
#define FSOCK_NET_IP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal digits, any number of leading zeros, at most `max`. */
bool fsock__ip_text_to_number(const char *text, size_t length, uint32_t max, uint32_t *number);
bool fsock__ip_text_to_ipv4(const char *text, size_t length, uint8_t quad[4]);
/* No brackets and no scope. */
bool fsock__ip_text_to_ipv6(const char *text, size_t length, uint8_t vector[16]);

size_t fsock__ip_text_from_number(uint32_t number, char *text);
size_t fsock__ip_text_from_ipv4(const uint8_t quad[4], char *text);
/* RFC 5952, mapped addresses as ::ffff:10.0.0.1. */
size_t fsock__ip_text_from_ipv6(const uint8_t vector[16], char *text);

/* Whether these are the 16 octets of an IPv4-mapped address; its IPv4 octets are the last four. */
bool fsock__ip_text_is_mapped(const uint8_t vector[16]);

/*
 * The parts of IPv6 text, brackets taken off: the address before a '%' and the scope after it.
 * `scope` is NULL without a '%'. False if a bracket is missing or the scope is empty.
 */
struct fsock__ip_text_parts {
	const char *address;
	size_t address_length;
	const char *scope;
	size_t scope_length;
};
bool fsock__ip_text_split(const char *text, struct fsock__ip_text_parts *parts);

/* Copies text and a NUL into a caller's buffer if both fit. Returns 0 or an errno value. */
int fsock__ip_text_give(const char *text, size_t length, char *buf, size_t size);

#endif
