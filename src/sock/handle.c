#include "../base/compat.h"
#include "handle.h"

#include "../base/error.h"

void
fsock__handle_visit(struct fsock *s)
{
	fsock__handle_lock(s);
	s->references++;
	s->visitors++;
	fsock__handle_unlock(s);
}

void
fsock__handle_own(struct fsock *s)
{
	fsock__handle_lock(s);
	if (s->references - s->visitors == s->open_files)
		s->references++;
	fsock__handle_unlock(s);
}

int
fsock__handle_error(const struct fsock *s, const char *operation, int errnum)
{
	return fsock__error_set(operation, s->host, s->port, errnum);
}

int
fsock__handle_ensure(const struct fsock *s, const char *operation, unsigned before)
{
	if (fsock__error_count() != before && fsock__error_current()->error.errnum == errno)
		return -1;
	return fsock__handle_error(s, operation, errno);
}

int
fsock__handle_check(const struct fsock *s, const char *operation)
{
	if (s == NULL)
		return fsock__error_set_kind(
		    operation, NULL, FSOCK__NO_PORT, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	/* In this order: while it is connecting, another thread may be setting `fd`. */
	if ((s->connecting == NULL && s->fd < 0) || s->watch.closing != FSOCK__NOT_CLOSING)
		return fsock__handle_error(s, operation, EBADF);
	if (s->role == FSOCK__FOREIGN)
		return fsock__handle_error(s, operation, EOPNOTSUPP);
	return 0;
}

int
fsock__handle_fd(const struct fsock *s, const char *operation)
{
	if (fsock__handle_check(s, operation) < 0)
		return -1;
	if (s->connecting != NULL)
		return fsock__handle_error(s, operation, EINPROGRESS);
	return s->fd;
}

/* see fsock/socket.h */
int
fsock_socket(fsock *s)
{
	if (s == NULL || s->role != FSOCK__FOREIGN)
		return fsock__handle_fd(s, "socket");
	return s->foreign >= 0 ? s->foreign : fsock__handle_error(s, "socket", EBADF);
}

/* see fsock/socket.h */
int
fsock_is_stream(const fsock *s)
{
	return s != NULL && s->role == FSOCK__CONNECTED;
}

/* see fsock/socket.h */
int
fsock_is_listener(const fsock *s)
{
	return s != NULL && s->role == FSOCK__LISTENER;
}

/* see fsock/socket.h */
int
fsock_is_datagram(const fsock *s)
{
	return s != NULL && s->role == FSOCK__DATAGRAM;
}

/* see fsock/socket.h */
int
fsock_is_nonblocking(const fsock *s)
{
	return s != NULL && s->nonblocking;
}

/* see fsock/socket.h */
int
fsock_is_connecting(const fsock *s)
{
	return s != NULL && s->connecting != NULL && s->output.error == 0;
}
