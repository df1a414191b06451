/*
 * Addresses inside the library: behind include/fsock/addr.h. Nothing here records an error.
 */
#ifndef FSOCK_NET_ADDR_H
#define FSOCK_NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fsock/addr.h>

enum {
	FSOCK__PORT_MAX = 65535,
	/* Where the name of a Unix-domain socket begins, and how many bytes it may have. */
	FSOCK__PATH_OFFSET = offsetof(struct sockaddr_un, sun_path),
	FSOCK__PATH_ROOM = sizeof(struct sockaddr_un) - FSOCK__PATH_OFFSET,
};

/* An IP address with a mapped one unwrapped to its four octets: what is compared and printed. */
struct fsock__addr_ip {
	const uint8_t *octets;
	size_t count;
	uint32_t scope;
};

/* False for everything but a complete IP address. The octets are those inside `addr`. */
bool fsock__addr_view_ip(const struct fsock_addr *addr, struct fsock__addr_ip *ip);

/*
 * The name of a Unix-domain socket within `addr`, and its length: 0 if it has none. There is no NUL
 * at its end. An abstract name includes the NUL it begins with and may hold others.
 */
const char *fsock__addr_view_unix(const struct fsock_addr *addr, size_t *length);

/* Makes an address of 4 or 16 octets and a port within range. */
void fsock__addr_set_ip(struct fsock_addr *addr, const uint8_t *octets, size_t count, int port);

/* fsock_addr_from_text. Returns 0 or an errno value, and leaves errno itself alone. */
int fsock__addr_parse(struct fsock_addr *addr, const char *host, int port);

/*
 * Whether a resolver may be asked for this text. False for text that can only be meant as an
 * address, well-formed or not.
 */
bool fsock__addr_may_be_name(const char *host);

#endif
