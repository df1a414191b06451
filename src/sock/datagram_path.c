#include "../base/compat.h"
#include "datagram_path.h"

#include "../base/sys.h"
#include "../net/addr.h"
#include "../net/ip_text.h"

/* An IPv6 socket may receive IPv4, too, of which the other option tells more. */
int
fsock__datagram_path_ask(int fd, int family)
{
	int saved = errno, asked = 0;

	if (family == AF_INET6)
		asked = fsock__sys_set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) == 0;
	if (family == AF_INET || family == AF_INET6)
		asked |= fsock__sys_set_int(fd, IPPROTO_IP, FSOCK__IP_DESTINATION, 1) == 0;
	errno = saved;
	return asked;
}

int
fsock__datagram_path_choose(
    int fd, int family, enum fsock_switch option, const struct fsock_addr *local, int is_connected)
{
	if (option == FSOCK_DEFAULT && !is_connected && fsock_addr_is_wildcard(local))
		option = FSOCK_ON;
	return option == FSOCK_ON && fsock__datagram_path_ask(fd, family);
}

/*
 * What the header says and what the system would answer from differ for groups and broadcasts. Of
 * datagrams that came before the system was asked it does not know the latter.
 */
static void
read_ipv4(const fsock__ip_path *path, struct fsock_message *m)
{
	const struct in_addr to = fsock__ip_path_to(path);
	struct in_addr own = fsock__ip_path_own(path);
	int is_group = IN_MULTICAST(ntohl(to.s_addr)) || to.s_addr == htonl(INADDR_BROADCAST);

	if (own.s_addr == htonl(INADDR_ANY) && !is_group)
		own = to;
	is_group |= own.s_addr != to.s_addr;
	m->group.length = m->local.length = 0;
	if (is_group)
		fsock__addr_set_ip(&m->group, (const uint8_t *)&to, sizeof to, 0);
	if (own.s_addr != htonl(INADDR_ANY) && own.s_addr != htonl(INADDR_BROADCAST) &&
	    !IN_MULTICAST(ntohl(own.s_addr)))
		fsock__addr_set_ip(&m->local, (const uint8_t *)&own, sizeof own, 0);
	m->interface_number = fsock__ip_path_interface(path);
}

/* Of IPv4 the other control message tells more, if there is one. */
static void
read_ipv6(const struct in6_pktinfo *path, struct fsock_message *m)
{
	const struct in6_addr *to = &path->ipi6_addr;
	int is_group = IN6_IS_ADDR_MULTICAST(to);
	struct fsock_addr *which = is_group ? &m->group : &m->local;

	if (m->local.length > 0 || m->group.length > 0)
		return;
	m->interface_number = (unsigned)path->ipi6_ifindex;
	if (fsock__ip_text_is_mapped(to->s6_addr)) {
		fsock__addr_set_ip(which, to->s6_addr + 12, 4, 0);
		return;
	}
	fsock__addr_set_ip(which, to->s6_addr, 16, 0);
	if (IN6_IS_ADDR_LINKLOCAL(to) || IN6_IS_ADDR_MC_LINKLOCAL(to))
		which->as.in6.sin6_scope_id = m->interface_number;
}

/* Copies the content of a control message, which may be misaligned, if it is all there. */
static int
take(const struct cmsghdr *c, int level, int type, void *content, size_t size)
{
	if (c->cmsg_level != level || c->cmsg_type != type || c->cmsg_len < CMSG_LEN(size))
		return 0;
	memcpy(content, CMSG_DATA(c), size);
	return 1;
}

void
fsock__datagram_path_read(struct msghdr *header, struct fsock_message *m)
{
	struct in6_pktinfo six;
	fsock__ip_path four;

	m->local.length = m->group.length = 0;
	m->interface_number = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c))
		if (take(c, IPPROTO_IP, FSOCK__IP_DESTINATION, &four, sizeof four))
			read_ipv4(&four, m);
		else if (take(c, IPPROTO_IPV6, IPV6_PKTINFO, &six, sizeof six))
			read_ipv6(&six, m);
}

/* Adds one control message, which is the only one. */
static void
put(struct msghdr *header, union fsock__datagram_control *control, int level, int type,
    const void *content, size_t size)
{
	struct cmsghdr *c;

	memset(control, 0, sizeof *control);
	header->msg_control = control;
	header->msg_controllen = CMSG_SPACE(size);
	c = CMSG_FIRSTHDR(header);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), content, size);
}

/* An address of a link says which; of others the interface is the system's to choose. */
static void
put_ipv6(
    struct msghdr *header, union fsock__datagram_control *control, const struct fsock__addr_ip *ip)
{
	struct in6_pktinfo path;

	memset(&path, 0, sizeof path);
	memcpy(path.ipi6_addr.s6_addr + 16 - ip->count, ip->octets, ip->count);
	if (ip->count == 4)
		memset(path.ipi6_addr.s6_addr + 10, 0xff, 2);
	if (IN6_IS_ADDR_LINKLOCAL(&path.ipi6_addr))
		path.ipi6_ifindex = ip->scope;
	put(header, control, IPPROTO_IPV6, IPV6_PKTINFO, &path, sizeof path);
}

int
fsock__datagram_path_write(struct msghdr *header, union fsock__datagram_control *control,
    int family, const struct fsock_addr *local)
{
	struct fsock__addr_ip ip;
	fsock__ip_path path;

	if (local->length == 0 || fsock_addr_is_wildcard(local))
		return 0;
	if (!fsock__addr_view_ip(local, &ip) || (family != AF_INET6 && ip.count != 4) ||
	    (family != AF_INET6 && family != AF_INET)) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	if (family == AF_INET6) {
		put_ipv6(header, control, &ip);
		return 0;
	}
	if (FSOCK__IP_SOURCE < 0) {
		errno = EOPNOTSUPP;
		return -1;
	}
	memset(&path, 0, sizeof path);
	memcpy(&fsock__ip_path_own(&path), ip.octets, 4);
	put(header, control, IPPROTO_IP, FSOCK__IP_SOURCE, &path, sizeof path);
	return 0;
}
