#include "../base/compat.h"

#include "../base/error.h"
#include "handle.h"

typedef int ask_fn(int fd, struct sockaddr *address, socklen_t *length);

/* getsockname() or getpeername(), errors recorded and IPv4-mapped addresses turned into IPv4. */
static int
get_name(fsock *s, const char *operation, ask_fn *ask, struct fsock_addr *name)
{
	int fd = fsock__handle_fd(s, operation);
	struct fsock_addr found;
	uint8_t octets[16];
	size_t n;

	if (fd < 0)
		return -1;
	if (name == NULL)
		return fsock__handle_error(s, operation, EINVAL);
	found.length = sizeof found.as;
	if (ask(fd, &found.as.any, &found.length) < 0)
		return fsock__handle_error(s, operation, errno);
	n = fsock_addr_octets(&found, octets);
	if (n == 4)
		return fsock_addr_from_octets(name, octets, n, fsock_addr_port(&found));
	*name = found;
	return 0;
}

/* see fsock/socket.h */
int
fsock_local_name(fsock *s, struct fsock_addr *name)
{
	return get_name(s, "local name", getsockname, name);
}

/* see fsock/socket.h */
int
fsock_peer_name(fsock *s, struct fsock_addr *name)
{
	return get_name(s, "peer name", getpeername, name);
}

/* see fsock/socket.h */
const char *
fsock_local_address(fsock *s, char *buf, size_t size)
{
	struct fsock_addr name;

	return fsock_local_name(s, &name) < 0 ? NULL : fsock_addr_host(&name, buf, size);
}

/* see fsock/socket.h */
const char *
fsock_peer_address(fsock *s, char *buf, size_t size)
{
	struct fsock_addr name;

	return fsock_peer_name(s, &name) < 0 ? NULL : fsock_addr_host(&name, buf, size);
}

/* see fsock/socket.h */
int
fsock_local_port(fsock *s)
{
	struct fsock_addr name;

	return fsock_local_name(s, &name) < 0 ? -1 : fsock_addr_port(&name);
}

/* see fsock/socket.h */
int
fsock_peer_port(fsock *s)
{
	struct fsock_addr name;

	return fsock_peer_name(s, &name) < 0 ? -1 : fsock_addr_port(&name);
}
