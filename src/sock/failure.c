#include "../base/compat.h"
#include "failure.h"

#include <stdlib.h>

#include "../base/sys.h"

void
fsock__failure_keep(struct fsock *s, const struct fsock__record *r)
{
	int saved = errno;
	struct fsock__record *none = NULL, *kept;

	kept = s->failure == NULL ? malloc(sizeof *kept) : NULL;
	if (kept != NULL) {
		*kept = *r;
		if (!atomic_compare_exchange_strong(&s->failure, &none, kept))
			free(kept);
	}
	errno = saved;
}

int
fsock__failure_retell(const struct fsock *s, const char *operation, int errnum)
{
	const struct fsock__record *kept = s->failure;

	if (kept != NULL && kept->error.errnum == errnum)
		return fsock__error_retell(operation, kept);
	return fsock__handle_error(s, operation, errnum);
}

/* An error of the socket as a record, without recording it. */
static struct fsock__record
make(const struct fsock *s, const char *operation, int errnum)
{
	struct fsock__record *before = fsock__error_aside(), r;
	int saved = errno;

	fsock__handle_error(s, operation, errnum);
	r = *fsock__error_current();
	fsock__error_back(before);
	errno = saved;
	return r;
}

void
fsock__failure_meet(struct fsock *s, const char *operation, int errnum)
{
	struct fsock__record r;

	if (s->role != FSOCK__CONNECTED || errnum == ENOMEM || errnum == ENOBUFS)
		return;
	r = make(s, operation, errnum);
	fsock__failure_keep(s, &r);
}

/*
 * Takes an error from the kernel. Lists are told, as it does not tell them again. What another
 * owner's descriptor has to tell is left to that one.
 */
static int
ask(struct fsock *s)
{
	int error = 0, saved = errno;

	if (s->role != FSOCK__LISTENER && s->role != FSOCK__FOREIGN && s->connecting == NULL &&
	    s->fd >= 0 && fsock__sys_get_int(s->fd, SOL_SOCKET, SO_ERROR, &error) < 0)
		error = 0;
	errno = saved;
	if (error == 0)
		return 0;
	s->early_error = error;
	fsock__failure_meet(s, "read", error);
	fsock__handle_note(s);
	return error;
}

int
fsock__failure_find(struct fsock *s)
{
	const struct fsock__record *kept = s->failure;
	int error = kept != NULL ? kept->error.errnum : s->output.error;

	if (error == 0)
		error = s->early_error;
	return error != 0 ? error : ask(s);
}

int
fsock__failure_tell_early(struct fsock *s, const char *operation)
{
	int error = atomic_exchange(&s->early_error, 0);

	return error == 0 ? 0 : fsock__handle_error(s, operation, error);
}

void
fsock__failure_tell_end(const struct fsock *s)
{
	const struct fsock__record *kept = s->failure;
	int saved = errno;

	if (kept != NULL && kept->error.errnum == ECONNRESET)
		fsock__error_retell("read", kept);
	else
		fsock__error_end_of_file("read", s->host, s->port);
	errno = saved;
}

/* see fsock/socket.h */
int
fsock_socket_error(fsock *s, struct fsock_error *error)
{
	struct fsock__record r = { .error = { .operation = "", .port = FSOCK__NO_PORT } };
	const struct fsock__record *kept;
	int errnum;

	if (s == NULL || error == NULL)
		return fsock__error_set_kind("socket error", NULL, FSOCK__NO_PORT,
		    s == NULL ? FSOCK_INVALID_SOCKET_ERROR : FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	errnum = fsock__failure_find(s);
	if (errnum == 0 && s->connecting == NULL && s->fd < 0 && s->inner == NULL)
		errnum = EBADF; /* its last stream was closed */
	kept = s->failure;
	if (kept == NULL && errnum != 0)
		r = make(s, "socket", errnum);
	fsock__error_tell(kept != NULL ? kept : &r, error);
	return errnum != 0;
}
