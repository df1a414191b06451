#include "../base/compat.h"

#include <net/if.h>
#include <netinet/in.h>

#include <fsock/datagram.h>

#include "../net/addr.h"
#include "../base/error.h"
#include "../net/ip_text.h"
#include "multicast.h"
#include "handle.h"
#include "../base/sys.h"

/* Whether it is a datagram socket for IP: 0, or -1 with the error recorded. */
static int
check(fsock *s, const char *operation)
{
	if (fsock__handle_fd(s, operation) < 0)
		return -1;
	if (s->role == FSOCK__DATAGRAM && (s->family == AF_INET || s->family == AF_INET6))
		return 0;
	return fsock__error_set_kind(
	    operation, s->host, s->port, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
}

/* The index of an interface, by name or number; 0 for NULL. Returns 0 or an errno value. */
static int
find_interface(const char *name, unsigned *index)
{
	int saved = errno;
	uint32_t number;
	char buf[IF_NAMESIZE];

	*index = 0;
	if (name == NULL)
		return 0;
	if (fsock__ip_text_to_number(name, strlen(name), INT32_MAX, &number))
		*index = number != 0 && if_indextoname(number, buf) != NULL ? number : 0;
	else
		*index = if_nametoindex(name);
	errno = saved;
	return *index == 0 ? ENODEV : 0;
}

/* The address of a group, and the interface that its scope names. Returns 0 or an errno value. */
static int
find_group(const char *text, struct fsock_addr *group, unsigned *index)
{
	int error = fsock__addr_parse(group, text, 0);

	if (error != 0)
		return error;
	if (fsock_addr_family(group) == AF_INET)
		return IN_MULTICAST(ntohl(group->as.in.sin_addr.s_addr)) ? 0 : EINVAL;
	if (fsock_addr_family(group) != AF_INET6 ||
	    !IN6_IS_ADDR_MULTICAST(&group->as.in6.sin6_addr))
		return EINVAL;
	if (*index == 0)
		*index = group->as.in6.sin6_scope_id;
	return 0;
}

static int
change_ipv4(int fd, int joins, const struct fsock_addr *group, unsigned index)
{
	return fsock__ip_set_group(
	    fd, joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, group->as.in.sin_addr, index);
}

static int
change_ipv6(int fd, int joins, const struct fsock_addr *group, unsigned index)
{
	struct ipv6_mreq request = { .ipv6mr_multiaddr = group->as.in6.sin6_addr,
		.ipv6mr_interface = index };

	return setsockopt(
	    fd, IPPROTO_IPV6, joins ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &request, sizeof request);
}

/* Joins or leaves. An error is recorded with the group as the host. */
static int
change(fsock *s, int joins, const char *group, const char *interface_name)
{
	const char *operation = joins ? "join" : "leave";
	struct fsock_addr addr;
	unsigned index;
	int error, r;

	if (check(s, operation) < 0)
		return -1;
	error = find_interface(interface_name, &index);
	if (error == 0)
		error = find_group(group, &addr, &index);
	if (error == 0 && s->family == AF_INET && fsock_addr_family(&addr) == AF_INET6)
		error = EAFNOSUPPORT;
	if (error != 0)
		return fsock__error_set(operation, group, FSOCK__NO_PORT, error);
	if (fsock_addr_family(&addr) == AF_INET)
		r = change_ipv4(s->fd, joins, &addr, index);
	else
		r = change_ipv6(s->fd, joins, &addr, index);
	return r < 0 ? fsock__error_set(operation, group, FSOCK__NO_PORT, errno) : 0;
}

/* see fsock/datagram.h */
int
fsock_multicast_join(fsock *s, const char *group, const char *interface_name)
{
	return change(s, 1, group, interface_name);
}

/* see fsock/datagram.h */
int
fsock_multicast_leave(fsock *s, const char *group, const char *interface_name)
{
	return change(s, 0, group, interface_name);
}

int
fsock__multicast_set_interface(struct fsock *s, unsigned index)
{
	int saved = errno;
	int r = fsock__ip_set_interface(s->fd, index);

	/* An IPv6 socket that sends IPv4, too, takes both, if the system lets it. */
	if (s->family == AF_INET6) {
		errno = saved;
		r = fsock__sys_set_int(s->fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)index);
	}
	if (r == 0)
		s->multicast_interface = (int)index;
	return r;
}

/* see fsock/datagram.h */
int
fsock_multicast_interface(fsock *s, const char *interface_name)
{
	unsigned index;
	int error;

	if (check(s, "set interface") < 0)
		return -1;
	error = find_interface(interface_name, &index);
	if (error == 0 && fsock__multicast_set_interface(s, index) < 0)
		error = errno;
	return error == 0 ? 0 : fsock__handle_error(s, "set interface", error);
}
