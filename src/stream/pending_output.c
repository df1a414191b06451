/* What a program asks about output that is yet to be sent. */
#include "../base/compat.h"

#include <fsock/stream.h>

#include "../base/error.h"
#include "../sock/layers.h"
#include "../sock/pending.h"
#include "../sock/shutdown.h"
#include "../sock/socket.h"
#include "sender.h"

/* see fsock/stream.h */
ssize_t
fsock_pending_output(const fsock *s)
{
	if (s != NULL)
		return (ssize_t)s->output.queued;
	return fsock__error_set_kind(
	    "pending output", NULL, FSOCK__NO_PORT, FSOCK_INVALID_SOCKET_ERROR, EINVAL);
}

/* see fsock/stream.h */
int
fsock_is_congested(const fsock *s)
{
	return s != NULL && s->output.congested;
}

/* Without FILEs there is no queue, but layers may have something. */
static ssize_t
send_held(struct fsock *s)
{
	if (fsock__shutdown_flush(s) < 0)
		return -1;
	fsock__handle_note(s);
	return (ssize_t)s->output.queued;
}

/* see fsock/stream.h */
ssize_t
fsock_send_pending(fsock *s)
{
	int saved = errno;

	if (fsock__handle_check(s, "send pending output") < 0)
		return -1;
	if (s->connecting != NULL)
		fsock__pending_step(s);
	if (s->stream == NULL && fsock__layers_unsent(s) > 0)
		return send_held(s);
	if (s->stream == NULL)
		return s->output.error == 0 ? 0 : fsock__pending_error(s, "write");
	if (fsock__sender_release(s) < 0)
		return -1;
	errno = saved;
	return (ssize_t)s->output.queued;
}
