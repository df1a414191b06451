#include "../base/compat.h"

#include <fsock/unix.h>

#include "../base/error.h"
#include "handle.h"

/* see fsock/unix.h */
int
fsock_peer_credentials(fsock *s, struct fsock_credentials *peer)
{
	static const char operation[] = "peer credentials";
	struct fsock_credentials found = { .pid = -1 };
	int fd = fsock__handle_fd(s, operation), saved = errno;

	if (fd < 0)
		return -1;
	if (s->role != FSOCK__CONNECTED)
		return fsock__error_set_kind(
		    operation, s->host, s->port, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	if (peer == NULL)
		return fsock__handle_error(s, operation, EINVAL);
	if (s->family != AF_UNIX)
		return fsock__handle_error(s, operation, EOPNOTSUPP);
	if (fsock__peer_ids(fd, &found.uid, &found.gid, &found.pid) < 0)
		return fsock__handle_error(s, operation, errno);
	if (found.uid == (uid_t)-1)
		return fsock__handle_error(s, operation, ENOTCONN);
	if (found.pid <= 0) /* one that this process cannot see */
		found.pid = -1;
	*peer = found;
	errno = saved;
	return 0;
}
