#include "../base/compat.h"
#include <fsock/host.h>

#include <errno.h>
#include <string.h>

#include "addr.h"
#include "../base/error.h"
#include "ip_text.h"

enum { PORT_OCTETS = 2, IPV4_OCTETS = 4 };

static uint32_t
get_integer32(const uint8_t quad[4])
{
	return (uint32_t)quad[0] << 24 | (uint32_t)quad[1] << 16 | (uint32_t)quad[2] << 8 | quad[3];
}

static void
put_integer32(uint32_t number, uint8_t quad[4])
{
	for (int i = 0; i < IPV4_OCTETS; i++)
		quad[i] = (uint8_t)(number >> (24 - 8 * i));
}

/* see fsock/host.h */
int
fsock_dotted_quad_to_vector_quad(const char *host, uint8_t quad[4])
{
	if (host == NULL || quad == NULL || !fsock__ip_text_to_ipv4(host, strlen(host), quad))
		return fsock__error_set("dotted quad", host, FSOCK__NO_PORT, EINVAL);
	return 0;
}

/* see fsock/host.h */
int
fsock_host_byte_order(const char *host, uint32_t *number)
{
	uint8_t quad[IPV4_OCTETS];

	if (number == NULL)
		return fsock__error_set("dotted quad", host, FSOCK__NO_PORT, EINVAL);
	if (fsock_dotted_quad_to_vector_quad(host, quad) != 0)
		return -1;
	*number = get_integer32(quad);
	return 0;
}

/* see fsock/host.h */
int
fsock_hbo_to_vector_quad(uint32_t number, uint8_t quad[4])
{
	if (quad == NULL)
		return fsock__error_set("vector quad", NULL, FSOCK__NO_PORT, EINVAL);
	put_integer32(number, quad);
	return 0;
}

/* Hands text over, and says what failed in its place. */
static char *
give(const char *text, size_t length, char *buf, size_t size)
{
	int err = fsock__ip_text_give(text, length, buf, size);

	if (err == 0)
		return buf;
	fsock__error_set("host text", NULL, FSOCK__NO_PORT, err);
	return NULL;
}

/* see fsock/host.h */
char *
fsock_vector_quad_to_dotted_quad(const uint8_t quad[4], char *buf, size_t size)
{
	char text[FSOCK_DOTTED_QUAD_SIZE];

	if (quad == NULL) {
		fsock__error_set("host text", NULL, FSOCK__NO_PORT, EINVAL);
		return NULL;
	}
	return give(text, fsock__ip_text_from_ipv4(quad, text), buf, size);
}

/* see fsock/host.h */
char *
fsock_hbo_to_dotted_quad(uint32_t number, char *buf, size_t size)
{
	uint8_t quad[IPV4_OCTETS];

	put_integer32(number, quad);
	return fsock_vector_quad_to_dotted_quad(quad, buf, size);
}

/* see fsock/host.h */
char *
fsock_vector_to_ipv6_host(const uint8_t vector[16], char *buf, size_t size)
{
	char text[FSOCK_IPV6_HOST_SIZE];

	if (vector == NULL) {
		fsock__error_set("host text", NULL, FSOCK__NO_PORT, EINVAL);
		return NULL;
	}
	return give(text, fsock__ip_text_from_ipv6(vector, text), buf, size);
}

/* see fsock/host.h */
int
fsock_ipv6_host_to_vector(const char *host, uint8_t vector[16])
{
	struct fsock__ip_text_parts parts;

	if (host == NULL || vector == NULL || !fsock__ip_text_split(host, &parts) ||
	    !fsock__ip_text_to_ipv6(parts.address, parts.address_length, vector))
		return fsock__error_set("IPv6 address", host, FSOCK__NO_PORT, EINVAL);
	return 0;
}

/* see fsock/host.h */
char *
fsock_host_to_hostname(
    const struct fsock_addr *host, enum fsock_family family, char *buf, size_t size)
{
	if ((int)family < FSOCK_ANY_FAMILY || (int)family > FSOCK_IPV6_ONLY) {
		fsock__error_set("host text", NULL, FSOCK__NO_PORT, EINVAL);
		return NULL;
	}
	if (host != NULL)
		return fsock_addr_host(host, buf, size);
	if (family == FSOCK_IPV6_ONLY)
		return give("::", 2, buf, size);
	return give("0.0.0.0", 7, buf, size);
}

static int
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Names are compared without regard to ASCII case, and to no other (RFC 4343). */
static int
equal_names(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

/* see fsock/host.h */
int
fsock_ip_equal(const char *a, const char *b)
{
	struct fsock_addr addr_a, addr_b;
	bool is_addr_a, is_addr_b;

	if (a == NULL)
		a = "0.0.0.0";
	if (b == NULL)
		b = "0.0.0.0";
	is_addr_a = fsock__addr_parse(&addr_a, a, 0) == 0;
	is_addr_b = fsock__addr_parse(&addr_b, b, 0) == 0;
	if (is_addr_a != is_addr_b)
		return 0;
	return is_addr_a ? fsock_addr_equal(&addr_a, &addr_b) : equal_names(a, b);
}

/* see fsock/host.h */
int
fsock_ip_not_equal(const char *a, const char *b)
{
	return !fsock_ip_equal(a, b);
}

/* Whether `octets` octets from `start` on are within the buffer; if not, says so. */
static bool
within(const uint8_t *buffer, size_t size, size_t octets, size_t start)
{
	int err = 0;

	if (buffer == NULL)
		err = EINVAL;
	else if (start > size || octets > size - start)
		err = ERANGE;
	return err == 0 || fsock__error_set("octets", NULL, FSOCK__NO_PORT, err) == 0;
}

/* see fsock/host.h */
int
fsock_integer_to_octet_buffer(
    uint64_t integer, uint8_t *buffer, size_t size, size_t octets, size_t start)
{
	if (!within(buffer, size, octets, start))
		return -1;
	for (size_t i = octets; i > 0; i--) {
		buffer[start + i - 1] = (uint8_t)integer;
		integer >>= 8;
	}
	return 0;
}

/* see fsock/host.h */
int
fsock_octet_buffer_to_integer(
    const uint8_t *buffer, size_t size, size_t octets, size_t start, uint64_t *integer)
{
	uint64_t value = 0;

	if (integer == NULL)
		return fsock__error_set("octets", NULL, FSOCK__NO_PORT, EINVAL);
	if (!within(buffer, size, octets, start))
		return -1;
	for (size_t i = 0; i < octets; i++) {
		if (value >> 56 != 0)
			return fsock__error_set("octets", NULL, FSOCK__NO_PORT, EOVERFLOW);
		value = value << 8 | buffer[start + i];
	}
	*integer = value;
	return 0;
}

/* see fsock/host.h */
int
fsock_port_to_octet_buffer(int port, uint8_t *buffer, size_t size, size_t start)
{
	if (port < 0 || port > FSOCK__PORT_MAX)
		return fsock__error_set("write", NULL, port, EINVAL);
	return fsock_integer_to_octet_buffer((uint64_t)port, buffer, size, PORT_OCTETS, start);
}

/* see fsock/host.h */
int
fsock_port_from_octet_buffer(const uint8_t *buffer, size_t size, size_t start)
{
	uint64_t port;

	if (fsock_octet_buffer_to_integer(buffer, size, PORT_OCTETS, start, &port) != 0)
		return -1;
	return (int)port;
}

/* see fsock/host.h */
int
fsock_ip_to_octet_buffer(const char *ip, uint8_t *buffer, size_t size, size_t start)
{
	uint32_t number;

	if (fsock_host_byte_order(ip, &number) != 0)
		return -1;
	return fsock_integer_to_octet_buffer(number, buffer, size, IPV4_OCTETS, start);
}

/* see fsock/host.h */
int
fsock_ip_from_octet_buffer(const uint8_t *buffer, size_t size, size_t start, uint32_t *number)
{
	uint64_t integer;

	if (number == NULL)
		return fsock__error_set("octets", NULL, FSOCK__NO_PORT, EINVAL);
	if (fsock_octet_buffer_to_integer(buffer, size, IPV4_OCTETS, start, &integer) != 0)
		return -1;
	*number = (uint32_t)integer;
	return 0;
}
