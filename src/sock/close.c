#include "../base/compat.h"

#include "socket.h"
#include "../wait/wait.h"

/* see fsock/socket.h */
int
fsock_close(fsock *s)
{
	int r = 0, error = 0, closing, saved = errno;

	if (s == NULL)
		return 0;
	fsock__socket_own(s);
	fsock__wait_closing_retire(s);
	if (s->stream != NULL && s->stream_ops->close(s) < 0)
		error = errno;
	pthread_mutex_lock(&s->lock);
	if (fsock__socket_close_nolock(s) < 0)
		error = errno;
	if (s->write_error != 0)
		error = s->write_error;
	closing = s->closing;
	pthread_mutex_unlock(&s->lock);
	if (!closing)
		fsock__wait_leave(s);
	errno = saved;
	if (error != 0)
		r = fsock__socket_error(s, "close", error);
	fsock__socket_unref(s);
	return r;
}

/* see fsock/socket.h */
int
fsock_abort(fsock *s)
{
	int r, expected = 0, saved = errno;

	if (s == NULL)
		return 0;
	fsock__socket_own(s);
	fsock__wait_leave(s);
	/* With a write error noted, what the FILEs still hold is not sent when they close. */
	atomic_compare_exchange_strong(&s->write_error, &expected, ECANCELED);
	pthread_mutex_lock(&s->lock);
	fsock__socket_reset_nolock(s);
	if (s->closing) { /* a list was to do it */
		s->closing = 0;
		s->references--;
	}
	pthread_mutex_unlock(&s->lock);
	if (s->stream != NULL)
		s->stream_ops->close(s);
	pthread_mutex_lock(&s->lock);
	errno = saved;
	r = fsock__socket_close_nolock(s);
	pthread_mutex_unlock(&s->lock);
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
	fsock__socket_own(s);
	pthread_mutex_lock(&s->lock);
	open_files = s->open_files;
	pthread_mutex_unlock(&s->lock);
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
