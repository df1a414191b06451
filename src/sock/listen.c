#include "../base/compat.h"

#include <netinet/in.h>

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../net/endpoint.h"
#include "../net/resolve.h"
#include "account.h"
#include "socket.h"
#include "../base/sys.h"
#include "../net/unix_file.h"

/*
 * Whether a listener on an IPv6 address is to take IPv4 as well; for a mapped one there is no
 * other.
 */
static int
takes_ipv4(const struct fsock_addr *addr, const struct fsock__settings *settings)
{
	if (IN6_IS_ADDR_V4MAPPED(&addr->as.in6.sin6_addr))
		return 1;
	return settings->dual_stack && fsock_addr_is_wildcard(addr);
}

/* Binds to what is no file. */
static int
bind_address(int fd, const struct fsock_addr *addr, const struct fsock__settings *settings)
{
	int family = fsock_addr_family(addr);

	if (family != AF_UNIX && settings->reuse_address)
		fsock__sys_set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (family != AF_UNIX && settings->reuse_port &&
	    fsock__sys_set_int(fd, SOL_SOCKET, FSOCK__SO_REUSEPORT, 1) < 0)
		return -1;
	if (family == AF_INET6)
		fsock__sys_set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, !takes_ipv4(addr, settings));
	return bind(fd, &addr->as.any, addr->length);
}

/* A listening descriptor to be. */
struct attempt {
	int fd; /* or -1 */
	const struct fsock_addr *addr;
	struct fsock__unix_file *file; /* what it made in the file system, or NULL */
};

/* Ends the attempt and takes back what it did. Keeps errno. */
static void
give_up(struct attempt *a)
{
	int error = errno;

	fsock__unix_file_remove(a->file);
	fsock__sys_close(a->fd);
	a->file = NULL;
	a->fd = -1;
	errno = error;
}

/*
 * Binds, and keeps a record of the file that this makes; that of a Unix-domain socket that is gone
 * is replaced. Returns 0 or -1.
 */
static int
bind_recorded(struct attempt *a, const struct fsock__settings *settings)
{
	if (!fsock__unix_file_is_path(a->addr))
		return bind_address(a->fd, a->addr, settings);
	a->file = fsock__unix_file_bind(a->fd, a->addr, settings->file_mode);
	return a->file == NULL ? -1 : 0;
}

/* Listens on one address. The descriptor is non-blocking: fsock_accept() polls. */
static void
try_address(struct attempt *a, const struct fsock__settings *settings)
{
	a->fd = fsock__sys_socket(fsock_addr_family(a->addr), SOCK_STREAM, 0);
	if (a->fd < 0)
		return;
	if (bind_recorded(a, settings) < 0 || listen(a->fd, settings->backlog) < 0 ||
	    fsock__sys_set_nonblocking(a->fd, 1) < 0)
		give_up(a);
}

/* Makes the handle of a listening descriptor, or gives it up. */
static fsock *
wrap(struct attempt *a, const struct fsock__settings *settings, const struct fsock__question *q)
{
	int family = fsock_addr_family(a->addr);
	fsock *s =
	    fsock__socket_new(a->fd, FSOCK__LISTENER, family, settings, q->host, q->port, NULL);

	if (s == NULL) {
		give_up(a);
		return NULL;
	}
	s->made_nonblocking = 1;
	s->unix_file = a->file;
	if (q->port == 0 && family != AF_UNIX)
		s->port = fsock_local_port(s);
	fsock__account_open(s, "listening on");
	return s;
}

/* Listens where the question says, on the first of its addresses that there is. */
static fsock *
listen_on(struct fsock__question *q, const struct fsock__settings *settings)
{
	struct attempt a = { .fd = -1 };
	struct fsock_addr *list;
	size_t count;
	fsock *s = NULL;

	if (fsock__resolve(q, FSOCK__NEVER, &list, &count) < 0)
		return NULL;
	/* One that is in use ends it: with half of the addresses half of the clients would come. */
	for (size_t i = 0; i < count && a.fd < 0 && (i == 0 || errno != EADDRINUSE); i++) {
		a.addr = &list[i];
		try_address(&a, settings);
	}
	if (a.fd < 0)
		fsock__error_set(q->operation, q->host, q->port, errno);
	else
		s = wrap(&a, settings, q);
	free(list);
	return s;
}

/* see fsock/socket.h */
fsock *
fsock_listen(const char *host, int port, const struct fsock_options *options)
{
	static const struct fsock__endpoint_use use = { "listen", SOCK_STREAM, 1 };
	struct fsock__settings settings;
	struct fsock__endpoint at;
	struct fsock__question q;
	int saved = errno;
	fsock *s;

	if (fsock__settings_make(&settings, options, use.operation, host, port) < 0 ||
	    fsock__endpoint_read(&at, &use, host, port) < 0)
		return NULL;
	if (at.host == NULL && !settings.dual_stack && settings.family == FSOCK_ANY_FAMILY)
		settings.family = FSOCK_IPV4_ONLY;
	q = (struct fsock__question){ .operation = use.operation,
		.host = at.host,
		.port = at.port,
		.family = settings.family,
		.service = at.service,
		.type = use.type };
	s = listen_on(&q, &settings);
	if (s != NULL)
		errno = saved;
	return s;
}
