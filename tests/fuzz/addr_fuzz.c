/*
 * Address parsers and printers. Of any text: what is read can be printed, and what is printed reads
 * as the same address and prints the same again; IP addresses are just those that inet_pton(3)
 * knows; the two ways to read IPv6 text agree. Of any bytes as a socket address: it can be printed.
 *
 * Input: two bytes are the port, the rest is the text, or the address's bytes.
 */
#include "../../src/base/compat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <fsock/addr.h>
#include <fsock/host.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)           \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

/* Prints, reads what was printed, and prints that. Names with NULs do not come back the same. */
static void
round_trip(const struct fsock_addr *addr, int port)
{
	char host[FSOCK_ADDR_TEXT_SIZE], again[FSOCK_ADDR_TEXT_SIZE], full[FSOCK_ADDR_TEXT_SIZE];
	struct fsock_addr back;

	MUST(fsock_addr_host(addr, host, sizeof host) == host);
	MUST(fsock_addr_to_text(addr, full, sizeof full) == full);
	MUST(fsock_addr_from_text(&back, host, port) == 0);
	MUST(fsock_addr_equal(addr, &back) && fsock_addr_equal(&back, addr));
	MUST(fsock_addr_port(&back) == fsock_addr_port(addr));
	MUST(fsock_addr_host(&back, again, sizeof again) == again);
	MUST(strcmp(host, again) == 0);
	MUST(fsock_ip_equal(host, again));
	MUST(fsock_addr_host(addr, again, strlen(host)) == NULL && errno == ERANGE);
}

static void
try_text(const char *text, int port)
{
	struct fsock_addr addr;
	uint8_t octets[16], vector[16];
	char canonical[FSOCK_IPV6_HOST_SIZE];
	int is_ipv4 = inet_pton(AF_INET, text, octets) == 1;
	int is_ipv6 = !is_ipv4 && inet_pton(AF_INET6, text, octets) == 1;
	int is_vector = fsock_ipv6_host_to_vector(text, vector) == 0;
	int is_addr = fsock_addr_from_text(&addr, text, port) == 0;

	MUST(!is_ipv4 || (is_addr && memcmp(&addr.as.in.sin_addr, octets, 4) == 0));
	MUST(!is_ipv6 || (is_addr && memcmp(&addr.as.in6.sin6_addr, octets, 16) == 0));
	if (is_vector) {
		fsock_vector_to_ipv6_host(vector, canonical, sizeof canonical);
		MUST(inet_pton(AF_INET6, canonical, octets) == 1);
		MUST(memcmp(vector, octets, 16) == 0);
	}
	if (!is_addr)
		return;
	if (fsock_addr_family(&addr) == AF_INET)
		MUST(is_ipv4);
	if (fsock_addr_family(&addr) == AF_INET6)
		MUST(is_vector && memcmp(&addr.as.in6.sin6_addr, vector, 16) == 0);
	if (fsock_addr_family(&addr) == AF_INET6 && strpbrk(text, "[%") == NULL)
		MUST(is_ipv6);
	/* Else its text has "./" before it, lest it be read as a host and a port. */
	if (text[0] == '@' || strcspn(text, "/") <= strcspn(text, ":") ||
	    fsock_addr_family(&addr) != AF_UNIX)
		round_trip(&addr, port);
}

static void
try_bytes(const uint8_t *data, size_t size, int port)
{
	struct fsock_addr addr = { .length = 0 };
	char host[FSOCK_ADDR_TEXT_SIZE];

	if (fsock_addr_from_sockaddr(
		&addr, (const struct sockaddr *)(const void *)data, (socklen_t)size) != 0)
		return;
	fsock_addr_set_port(&addr, port);
	if (fsock_addr_host(&addr, host, sizeof host) == NULL)
		MUST(errno == EAFNOSUPPORT);
	MUST(fsock_addr_equal(&addr, &addr));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[160];
	int port;

	if (size < 2 || size - 2 >= sizeof text)
		return 0;
	port = data[0] << 8 | data[1];
	memcpy(text, data + 2, size - 2);
	text[size - 2] = '\0';
	try_text(text, port);
	try_bytes(data + 2, size - 2, port);
	return 0;
}
