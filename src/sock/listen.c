#include "../compat.h"

#include <netinet/in.h>

#include <stdlib.h>

#include "error.h"
#include "resolve.h"
#include "socket.h"
#include "sys.h"
#include "unix_file.h"

/* Whether a listener on an IPv6 address is to take IPv4 as well; for a mapped one there is no other. */
static int
takes_ipv4(const struct fsock_addr *addr, const struct fsock__settings *settings)
{
	if (IN6_IS_ADDR_V4MAPPED(&addr->as.in6.sin6_addr))
		return 1;
	return settings->dual_stack && fsock_addr_is_wildcard(addr);
}

/* Binds; the file of a Unix-domain listener that is gone is replaced. */
static int
bind_address(int fd, const struct fsock_addr *addr, const struct fsock__settings *settings)
{
	int family = fsock_addr_family(addr);

	if (family != AF_UNIX && settings->reuse_address)
		fsock__sys_set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (family == AF_INET6)
		fsock__sys_set_int(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, !takes_ipv4(addr, settings));
	if (bind(fd, &addr->as.any, addr->length) == 0)
		return 0;
	if (errno != EADDRINUSE || !fsock__unix_file_remove_stale(addr))
		return -1;
	return bind(fd, &addr->as.any, addr->length);
}

/* Listens on one address: the descriptor, or -1. It is non-blocking: fsock_accept() polls. */
static int
try_address(const struct fsock_addr *addr, const struct fsock__settings *settings)
{
	int fd = fsock__sys_socket(fsock_addr_family(addr), SOCK_STREAM, 0);
	int error;

	if (fd < 0)
		return -1;
	if (bind_address(fd, addr, settings) == 0 && listen(fd, settings->backlog) == 0 &&
	    fsock__sys_set_nonblocking(fd, 1) == 0)
		return fd;
	error = errno;
	fsock__sys_close(fd);
	errno = error;
	return -1;
}

/* Makes the handle of a listening descriptor, or closes it. */
static fsock *
wrap(int fd, const struct fsock_addr *addr, const struct fsock__settings *settings,
    const char *host, int port)
{
	int family = fsock_addr_family(addr);
	fsock *s = fsock__socket_new(fd, FSOCK__LISTENER, family, settings, host, port);

	if (s == NULL) {
		fsock__sys_close(fd);
		return NULL;
	}
	if (fsock__unix_file_is_path(addr))
		s->unix_file = fsock__unix_file_new(addr);
	if (port == 0 && family != AF_UNIX)
		s->port = fsock_local_port(s);
	return s;
}

/* see fsock/socket.h */
fsock *
fsock_listen(const char *host, int port, const struct fsock_options *options)
{
	struct fsock__settings settings;
	struct fsock_addr *list;
	size_t count, i;
	int fd = -1, saved = errno;
	fsock *s = NULL;

	if (fsock__settings_make(&settings, options, "listen", host, port) < 0)
		return NULL;
	if (host == NULL && !settings.dual_stack && settings.family == FSOCK_ANY_FAMILY)
		settings.family = FSOCK_IPV4_ONLY;
	if (fsock__resolve("listen", host, port, settings.family, &list, &count) < 0)
		return NULL;
	for (i = 0; i < count && fd < 0; i++)
		fd = try_address(&list[i], &settings);
	if (fd < 0)
		fsock__error_set("listen", host, port, errno);
	else
		s = wrap(fd, &list[i - 1], &settings, host, port);
	free(list);
	if (s != NULL)
		errno = saved;
	return s;
}
