#include "../base/compat.h"

#include "failure.h"
#include "socket.h"

/* see fsock/socket.h */
int
fsock_close(fsock *s)
{
	int error = 0, saved = errno, r = 0;

	if (s == NULL)
		return 0;
	fsock__handle_own(s);
	if (fsock__handle_is_watched(s))
		s->watch.ops->retire(s);
	if (s->stream != NULL && s->stream_ops->close(s) < 0)
		error = errno;
	if (fsock__socket_end(s) < 0)
		error = errno;
	if (s->output.error != 0)
		error = s->output.error;
	if (s->watch.closing == FSOCK__NOT_CLOSING && fsock__handle_is_watched(s))
		s->watch.ops->leave(s);
	errno = saved;
	if (error != 0)
		r = fsock__failure_retell(s, "close", error);
	fsock__socket_unref(s);
	return r;
}

/*
 * Takes back from its lists what they were to close. Returns 0 if one of them has begun to, else 1.
 */
static int
take_back(struct fsock *s)
{
	int is_ours;

	fsock__handle_lock(s);
	is_ours = s->watch.closing != FSOCK__CLOSED;
	if (s->watch.closing == FSOCK__CLOSING) {
		s->watch.closing = FSOCK__NOT_CLOSING;
		s->references--; /* theirs; the caller has one */
	}
	fsock__handle_unlock(s);
	return is_ours;
}

/* see fsock/socket.h */
int
fsock_abort(fsock *s)
{
	struct fsock__record *before;
	int r = 0, expected = 0, saved = errno;

	if (s == NULL)
		return 0;
	fsock__handle_own(s);
	if (!take_back(s)) {
		fsock__socket_unref(s);
		return r;
	}
	if (fsock__handle_is_watched(s))
		s->watch.ops->leave(s);
	/* With a write error noted, what the FILEs still hold is not sent when they close. */
	atomic_compare_exchange_strong(&s->output.error, &expected, ECANCELED);
	fsock__socket_reset(s);
	before = fsock__error_aside();
	if (s->stream != NULL)
		s->stream_ops->close(s);
	fsock__error_back(before);
	errno = saved;
	r = fsock__socket_end(s);
	fsock__socket_unref(s);
	return r;
}

/* see fsock/socket.h */
void
fsock_disown(fsock *s)
{
	int open_files;

	if (s == NULL)
		return;
	fsock__handle_own(s);
	fsock__handle_lock(s);
	open_files = s->open_files;
	fsock__handle_unlock(s);
	if (open_files == 0)
		fsock_close(s);
	else
		fsock__socket_unref(s);
}

/* see fsock/socket.h */
void
fsock_auto_close(fsock **s)
{
	if (s == NULL)
		return;
	fsock_close(*s);
	*s = NULL;
}
