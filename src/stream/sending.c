#include "../base/compat.h"
#include "sending.h"

#include "../base/error.h"
#include "../base/process.h"
#include "../sock/failure.h"
#include "../sock/layers.h"
#include "../sock/shutdown.h"
#include "../sock/socket.h"
#include "../sock/transfer.h"
#include "../sock/unfinished.h"

size_t
fsock__sending_count(const struct fsock__stream *stream)
{
	return fsock__queue_count(&stream->queue) + fsock__layers_unsent(stream->socket);
}

int
fsock__sending_publish(struct fsock__stream *stream)
{
	struct fsock *s = stream->socket;
	size_t count = fsock__sending_count(stream), before = s->output.queued;
	int congested = s->output.congested;

	if (count >= s->settings.high_water)
		s->output.congested = 1;
	else if (count <= s->settings.low_water)
		s->output.congested = 0;
	s->output.queued = count;
	if (count == 0)
		s->output.is_held = 0;
	if (count == 0 && s->output.end_due && s->connecting == NULL)
		fsock__shutdown_due(s);
	return (before == 0) != (count == 0) || congested != s->output.congested;
}

void
fsock__sending_tell(struct fsock__stream *stream)
{
	if (fsock__sending_publish(stream))
		fsock__handle_note(stream->socket);
}

/*
 * After fork() the child has a copy of the queue, and of the end behind it: the process that put
 * them there sees to both. What a thread was at work on in the parent is not to be looked at.
 */
static void
drop_copy(struct fsock__stream *stream, int is_torn)
{
	if (is_torn)
		stream->queue = (struct fsock__queue){ .data = NULL };
	else if (fsock__queue_count(&stream->queue) == 0 ||
		 stream->socket->output.queue_process == fsock__process())
		return;
	stream->socket->output.end_due = 0;
	fsock__queue_free(&stream->queue);
	fsock__sending_publish(stream);
}

int
fsock__sending_fail(struct fsock__stream *stream)
{
	struct fsock *s = stream->socket;
	int error = errno;

	fsock__socket_fail_output(s, error);
	fsock__queue_free(&stream->queue);
	fsock__sending_publish(stream);
	if (s->output.error != error)
		return fsock__failure_retell(s, "write", s->output.error);
	errno = error;
	return -1;
}

/*
 * What is left to do of a turn that was interrupted: see fsock__sending_begin(). Returns 0, or -1
 * if output has failed for good.
 */
static int
resume(struct fsock__output *out, struct fsock__sending *turn)
{
	size_t done = out->done;

	if (out->sending == NULL && !out->is_unsure)
		return 0;
	if (out->is_unsure || out->sending != turn->octets || turn->length < done)
		return -1;
	turn->octets += done;
	turn->length -= done;
	return 0;
}

void
fsock__sending_end(struct fsock__stream *stream, const struct fsock__sending *turn)
{
	struct fsock__output *out = &stream->socket->output;

	if (out->turn.number != turn->number)
		return;
	out->sending = NULL;
	out->is_unsure = 0;
	fsock__turn_end(stream->socket, &out->turn, turn->number);
	fsock__unfinished_look(stream->socket);
	if (stream->is_unsent && atomic_exchange(&stream->is_unsent, 0))
		fsock__handle_note(stream->socket);
}

#define AT_ONCE (-1) /* for a patience: without waiting for anybody */

static int
begin(struct fsock__stream *stream, struct fsock__sending *turn, int64_t patience,
    const void *octets, size_t n)
{
	struct fsock *s = stream->socket;
	struct fsock__output *out = &s->output;
	int how = patience == AT_ONCE ? fsock__turn_try(s, &out->turn)
				      : fsock__turn_take(s, &out->turn, patience);
	int r = 0;

	if (how < 0)
		return -1;
	fsock__unfinished_look(s);
	*turn = (struct fsock__sending){ out->turn.number, octets, n };
	stream->may_hold = 0;
	drop_copy(stream, how == FSOCK__TURN_ORPHANED);
	if (how == FSOCK__TURN_RESUMED)
		r = resume(out, turn);
	/* In this order: a signal handler may come in between. */
	out->is_unsure = octets != NULL && stream->text_output != NULL;
	out->done = n - turn->length;
	out->sending = octets;
	if (r == 0)
		return 0;
	fsock__handle_error(s, "write", EINTR);
	fsock__sending_fail(stream);
	fsock__sending_end(stream, turn);
	errno = EINTR;
	return -1;
}

int
fsock__sending_begin(
    struct fsock__stream *stream, struct fsock__sending *turn, const void *octets, size_t n)
{
	struct fsock *s = stream->socket;

	if (begin(stream, turn, fsock__transfer_patience(s), octets, n) == 0)
		return 0;
	return fsock__handle_error(s, "write", errno);
}

int
fsock__sending_begin_now(struct fsock__stream *stream, struct fsock__sending *turn)
{
	return begin(stream, turn, 0, NULL, 0);
}

int
fsock__sending_begin_until(struct fsock__stream *stream, struct fsock__sending *turn, int64_t until)
{
	return begin(stream, turn, until, NULL, 0);
}

int
fsock__sending_begin_at_once(struct fsock__stream *stream, struct fsock__sending *turn)
{
	if (begin(stream, turn, AT_ONCE, NULL, 0) == 0)
		return 0;
	if (errno != EAGAIN || !stream->socket->output.is_held)
		return -1;
	stream->is_unsent = 1; /* before this tries again: it may be ending */
	return begin(stream, turn, AT_ONCE, NULL, 0);
}
