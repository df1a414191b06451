#include "../base/compat.h"
#include "addr.h"

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <errno.h>
#include <string.h>

#include "../base/error.h"
#include "ip_text.h"

/* Shorter addresses have no family. */
enum { FAMILY_END = offsetof(struct sockaddr, sa_data) };

bool
fsock__addr_view_ip(const struct fsock_addr *addr, struct fsock__addr_ip *ip)
{
	int family = fsock_addr_family(addr);

	if (family == AF_INET && addr->length >= sizeof addr->as.in) {
		ip->octets = (const uint8_t *)&addr->as.in.sin_addr;
		ip->count = 4;
		ip->scope = 0;
		return true;
	}
	if (family != AF_INET6 || addr->length < sizeof addr->as.in6)
		return false;
	ip->octets = (const uint8_t *)&addr->as.in6.sin6_addr;
	ip->count = 16;
	ip->scope = addr->as.in6.sin6_scope_id;
	if (fsock__ip_text_is_mapped(ip->octets)) {
		ip->octets += 12;
		ip->count = 4;
		ip->scope = 0;
	}
	return true;
}

/*
 * Kernels count a path's NUL or do not, and Linux reports a length one beyond the struct when a
 * path fills sun_path to its end.
 */
const char *
fsock__addr_view_unix(const struct fsock_addr *addr, size_t *length)
{
	const char *name = addr->as.un.sun_path;
	size_t room = addr->length > FSOCK__PATH_OFFSET ? addr->length - FSOCK__PATH_OFFSET : 0;

	if (room > FSOCK__PATH_ROOM)
		room = FSOCK__PATH_ROOM;
	if (room > 0 && name[0] == '\0')
		*length = FSOCK_ABSTRACT_NAMES ? room : 0;
	else
		*length = strnlen(name, room);
	return name;
}

void
fsock__addr_set_ip(struct fsock_addr *addr, const uint8_t *octets, size_t count, int port)
{
	memset(addr, 0, sizeof *addr);
	if (count == 4) {
		addr->length = sizeof addr->as.in;
		addr->as.in.sin_family = AF_INET;
		addr->as.in.sin_port = htons((uint16_t)port);
		memcpy(&addr->as.in.sin_addr, octets, 4);
	} else {
		addr->length = sizeof addr->as.in6;
		addr->as.in6.sin6_family = AF_INET6;
		addr->as.in6.sin6_port = htons((uint16_t)port);
		memcpy(&addr->as.in6.sin6_addr, octets, 16);
	}
}

/* see fsock/addr.h */
int
fsock_addr_from_octets(struct fsock_addr *addr, const uint8_t *octets, size_t count, int port)
{
	if (addr == NULL || octets == NULL || (count != 4 && count != 16) || port < 0 ||
	    port > FSOCK__PORT_MAX)
		return fsock__error_set("address", NULL, port, EINVAL);
	fsock__addr_set_ip(addr, octets, count, port);
	return 0;
}

/* see fsock/addr.h */
int
fsock_addr_from_sockaddr(struct fsock_addr *addr, const struct sockaddr *from, socklen_t length)
{
	if (addr == NULL || (from == NULL && length > 0) || length > sizeof addr->as)
		return fsock__error_set("address", NULL, FSOCK__NO_PORT, EINVAL);
	memset(addr, 0, sizeof *addr);
	addr->length = length;
	if (length > 0)
		memcpy(&addr->as, from, length);
	return 0;
}

/* see fsock/addr.h */
size_t
fsock_addr_octets(const struct fsock_addr *addr, uint8_t octets[16])
{
	struct fsock__addr_ip ip;

	if (!fsock__addr_view_ip(addr, &ip))
		return 0;
	if (octets == NULL) {
		fsock__error_set("address", NULL, FSOCK__NO_PORT, EINVAL);
		return 0;
	}
	memcpy(octets, ip.octets, ip.count);
	return ip.count;
}

/* see fsock/addr.h */
int
fsock_addr_family(const struct fsock_addr *addr)
{
	if (addr == NULL || addr->length < FAMILY_END)
		return AF_UNSPEC;
	return addr->as.any.sa_family;
}

/* see fsock/addr.h */
int
fsock_addr_port(const struct fsock_addr *addr)
{
	struct fsock__addr_ip ip;

	if (!fsock__addr_view_ip(addr, &ip))
		return 0;
	if (addr->as.any.sa_family == AF_INET)
		return ntohs(addr->as.in.sin_port);
	return ntohs(addr->as.in6.sin6_port);
}

/* see fsock/addr.h */
int
fsock_addr_set_port(struct fsock_addr *addr, int port)
{
	struct fsock__addr_ip ip;

	if (port < 0 || port > FSOCK__PORT_MAX)
		return fsock__error_set("set", NULL, port, EINVAL);
	if (!fsock__addr_view_ip(addr, &ip))
		return fsock__error_set("set", NULL, port, EAFNOSUPPORT);
	if (addr->as.any.sa_family == AF_INET)
		addr->as.in.sin_port = htons((uint16_t)port);
	else
		addr->as.in6.sin6_port = htons((uint16_t)port);
	return 0;
}

/* Addresses that are not IP: the same Unix name, or the same bytes of a family we do not know. */
static bool
equal_others(const struct fsock_addr *a, const struct fsock_addr *b)
{
	int family = fsock_addr_family(a);
	size_t length_a, length_b;
	const char *name_a, *name_b;

	if (family != fsock_addr_family(b))
		return false;
	if (family == AF_UNSPEC)
		return true;
	if (family != AF_UNIX)
		return a->length == b->length && memcmp(&a->as, &b->as, a->length) == 0;
	name_a = fsock__addr_view_unix(a, &length_a);
	name_b = fsock__addr_view_unix(b, &length_b);
	return length_a == length_b && memcmp(name_a, name_b, length_a) == 0;
}

/* see fsock/addr.h */
int
fsock_addr_equal(const struct fsock_addr *a, const struct fsock_addr *b)
{
	struct fsock__addr_ip ip_a, ip_b;
	bool is_ip = fsock__addr_view_ip(a, &ip_a);

	if (fsock__addr_view_ip(b, &ip_b) != is_ip)
		return 0;
	if (!is_ip)
		return equal_others(a, b);
	if (ip_a.count != ip_b.count || memcmp(ip_a.octets, ip_b.octets, ip_a.count) != 0)
		return 0;
	return ip_a.scope == ip_b.scope && fsock_addr_port(a) == fsock_addr_port(b);
}

/* see fsock/addr.h */
int
fsock_addr_is_wildcard(const struct fsock_addr *addr)
{
	static const uint8_t zeros[16];
	struct fsock__addr_ip ip;

	return fsock__addr_view_ip(addr, &ip) && memcmp(ip.octets, zeros, ip.count) == 0;
}

/* see fsock/addr.h */
int
fsock_addr_is_loopback(const struct fsock_addr *addr)
{
	static const uint8_t loopback[16] = { [15] = 1 };
	struct fsock__addr_ip ip;

	if (!fsock__addr_view_ip(addr, &ip))
		return 0;
	return ip.count == 4 ? ip.octets[0] == 127 : memcmp(ip.octets, loopback, 16) == 0;
}
