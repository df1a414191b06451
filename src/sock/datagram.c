#include "../base/compat.h"
#include "datagram.h"
#include "datagram_path.h"

#include <stdlib.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../net/endpoint.h"
#include "../net/resolve.h"
#include "account.h"
#include "socket.h"
#include "../base/sys.h"
#include "../net/unix_file.h"

/* A datagram socket in the making. */
struct plan {
	const struct fsock__settings *settings;
	struct fsock__question remote, local;
	int is_bound;                      /* to a local address that the program has named */
	struct fsock_addr *locals, *peers; /* where to bind, if at all; where to connect to */
	size_t local_count, peer_count;
	int tells_path;                /* of what it receives */
	struct fsock__unix_file *file; /* what binding made in the file system, or NULL */
};

/* Looks up both ends, within the time limits. Returns 0, or -1 with the error recorded. */
static int
find_addresses(struct plan *p)
{
	const struct fsock__settings *set = p->settings;
	int64_t deadline = fsock__clock_after(
	    set->deadline < set->connect_timeout ? set->deadline : set->connect_timeout);

	p->is_bound = set->local_host != NULL || set->local_port != 0;
	if (p->remote.host != NULL &&
	    fsock__resolve(&p->remote, deadline, &p->peers, &p->peer_count) < 0)
		return -1;
	if (p->remote.host == NULL && p->local.host == NULL && !set->dual_stack &&
	    set->family == FSOCK_ANY_FAMILY)
		p->local.family = FSOCK_IPV4_ONLY;
	return fsock__resolve(&p->local, deadline, &p->locals, &p->local_count);
}

/* Options that must be set before bind(). Returns 0 or -1; only reuse_port may be missing. */
static int
set_options(int fd, int family, const struct fsock__settings *set)
{
	if (family == AF_UNIX)
		return 0;
	if (family == AF_INET6)
		fsock__sys_set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, !set->dual_stack);
	if (set->share_address)
		fsock__sys_set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (set->broadcast)
		fsock__sys_set_int(fd, SOL_SOCKET, SO_BROADCAST, 1);
	if (!set->reuse_port)
		return 0;
	return fsock__sys_set_int(fd, SOL_SOCKET, FSOCK__SO_REUSEPORT, 1);
}

/* Before binding, as nothing is known of what has come by then. */
static void
ask_path(struct plan *p, int fd, int family, const struct fsock_addr *local)
{
	p->tells_path = fsock__datagram_path_choose(
	    fd, family, p->settings->receive_destination, local, p->peers != NULL);
}

/*
 * Binds, and keeps a record of the file that this makes; one that no socket has any more is
 * replaced. Returns 0 or -1.
 */
static int
bind_recorded(struct plan *p, int fd, const struct fsock_addr *local)
{
	if (!fsock__unix_file_is_path(local))
		return bind(fd, &local->as.any, local->length);
	p->file = fsock__unix_file_bind(fd, local, p->settings->file_mode);
	return p->file == NULL ? -1 : 0;
}

/* Binds to the first local address of the family that can be had. */
static int
bind_local(int fd, int family, struct plan *p)
{
	ask_path(p, fd, family, NULL);
	if (!p->is_bound || (family == AF_UNIX && p->settings->local_host == NULL))
		return 0;
	errno = EADDRNOTAVAIL; /* no local address of the right family */
	for (size_t i = 0; i < p->local_count; i++) {
		if (fsock_addr_family(&p->locals[i]) != family)
			continue;
		ask_path(p, fd, family, &p->locals[i]);
		if (bind_recorded(p, fd, &p->locals[i]) == 0)
			return 0;
	}
	return -1;
}

/* Ends the attempt and takes back what it did. Keeps errno. Returns -1. */
static int
give_up(struct plan *p, int fd)
{
	int error = errno;

	fsock__unix_file_remove(p->file);
	p->file = NULL;
	fsock__sys_close(fd);
	errno = error;
	return -1;
}

/* Makes a socket of the family, connected to `peer` unless that is NULL: the descriptor, or -1. */
static int
try_family(struct plan *p, int family, const struct fsock_addr *peer)
{
	int fd = fsock__sys_socket(family, SOCK_DGRAM, 0);

	if (fd < 0)
		return -1;
	if (set_options(fd, family, p->settings) < 0 || bind_local(fd, family, p) < 0 ||
	    (peer != NULL && connect(fd, &peer->as.any, peer->length) < 0))
		return give_up(p, fd);
	return fd;
}

/*
 * Tries every address of the peer, or else of this end, of which one that is in use ends it: others
 * would be heard on only by some. The descriptor, or -1.
 */
static int
try_all(struct plan *p, int *family)
{
	const struct fsock_addr *list = p->peers != NULL ? p->peers : p->locals;
	size_t count = p->peers != NULL ? p->peer_count : p->local_count;
	int fd = -1;

	for (size_t i = 0; i < count && fd < 0; i++) {
		*family = fsock_addr_family(&list[i]);
		fd = try_family(p, *family, p->peers != NULL ? &list[i] : NULL);
		if (fd < 0 && p->peers == NULL && errno == EADDRINUSE)
			break;
	}
	return fd;
}

/* What it is known by in error texts: its peer, or its own address. */
static const struct fsock__question *
known_by(const struct plan *p)
{
	return p->remote.host != NULL ? &p->remote : &p->local;
}

/* Makes the handle, or gives up. */
static fsock *
wrap(int fd, int family, struct plan *p)
{
	const struct fsock__question *q = known_by(p);
	fsock *s =
	    fsock__socket_new(fd, FSOCK__DATAGRAM, family, p->settings, q->host, q->port, NULL);

	if (s == NULL) {
		give_up(p, fd);
		return NULL;
	}
	s->unix_file = p->file;
	s->tells_path = p->tells_path;
	if (q == &p->local && p->is_bound && q->port == 0 && family != AF_UNIX)
		s->port = fsock_local_port(s);
	fsock__account_open(s, q == &p->local ? "datagrams at" : "datagrams to");
	return s;
}

static struct fsock__question
question_of(const struct fsock__endpoint *e, const char *operation, enum fsock_family family)
{
	return (struct fsock__question){ .operation = operation,
		.host = e->host,
		.port = e->port,
		.family = family,
		.service = e->service,
		.type = SOCK_DGRAM };
}

/* Reads both ends. Returns 0, or -1 with the error recorded. */
static int
read_ends(struct plan *p, struct fsock__endpoint ends[2], const char *host, int port)
{
	static const struct fsock__endpoint_use to = { "connect", SOCK_DGRAM, 0 };
	static const struct fsock__endpoint_use at = { "bind", SOCK_DGRAM, 1 };
	const struct fsock__settings *set = p->settings;

	if (fsock__endpoint_read(&ends[0], &to, host, port) < 0 ||
	    fsock__endpoint_read(&ends[1], &at, set->local_host, set->local_port) < 0)
		return -1;
	p->remote = question_of(&ends[0], to.operation, set->family);
	p->local = question_of(&ends[1], at.operation, set->family);
	return 0;
}

/* see fsock/datagram.h */
fsock *
fsock_datagram(const char *host, int port, const struct fsock_options *options)
{
	const char *operation = host == NULL ? "bind" : "connect";
	struct fsock__settings settings;
	struct fsock__endpoint ends[2];
	struct plan p = { .settings = &settings };
	int fd = -1, family = AF_UNSPEC, saved = errno;
	fsock *s = NULL;

	if (fsock__settings_make(&settings, options, operation, host, host == NULL ? 0 : port) < 0)
		return NULL;
	if (read_ends(&p, ends, host, port) == 0 && find_addresses(&p) == 0) {
		fd = try_all(&p, &family);
		if (fd < 0)
			fsock__error_set(operation, known_by(&p)->host, known_by(&p)->port, errno);
		else
			s = wrap(fd, family, &p);
	}
	free(p.locals);
	free(p.peers);
	if (s != NULL)
		errno = saved;
	return s;
}
