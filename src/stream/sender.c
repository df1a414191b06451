#include "../base/compat.h"
#include "sender.h"

#include <fsock/stream.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../sock/layer_output.h"
#include "../sock/pending.h"
#include "../base/process.h"
#include "../sock/failure.h"
#include "../sock/shutdown.h"
#include "../sock/socket.h"
#include "../sock/transfer.h"
#include "../sock/unfinished.h"

/* What is to be sent: octets of the queue, and what the layers below it have yet to pass on. */
static size_t
count_unsent(const struct fsock__stream *stream)
{
	return fsock__queue_count(&stream->queue) + fsock__layers_unsent(stream->socket);
}

/*
 * Lets everybody see how much is queued; who shuts output down and sees none any more does so, or
 * else it is done here. Returns whether that changes what waits wait for.
 */
static int
publish(struct fsock__stream *stream)
{
	struct fsock *s = stream->socket;
	size_t count = count_unsent(stream), before = s->output.queued;
	int congested = s->output.congested;

	if (count >= s->settings.high_water)
		s->output.congested = 1;
	else if (count <= s->settings.low_water)
		s->output.congested = 0;
	s->output.queued = count;
	if (count == 0 && s->output.end_due && s->connecting == NULL)
		fsock__shutdown_due(s);
	return (before == 0) != (count == 0) || congested != s->output.congested;
}

static void
publish_and_tell(struct fsock__stream *stream)
{
	if (publish(stream))
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
	publish(stream);
}

/*
 * Output has failed for good, as recorded: what is queued will not be sent. Returns -1, with the
 * first failure recorded.
 */
static int
fail(struct fsock__stream *stream)
{
	struct fsock *s = stream->socket;
	int error = errno;

	fsock__socket_fail_output(s, error);
	fsock__queue_free(&stream->queue);
	publish(stream);
	if (s->output.error != error)
		return fsock__failure_retell(s, "write", s->output.error);
	errno = error;
	return -1;
}

/*
 * What is left to do of a turn that was interrupted: see fsock__sender_begin(). Returns 0, or -1 if
 * output has failed for good.
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
fsock__sender_end(struct fsock__stream *stream, const struct fsock__sending *turn)
{
	struct fsock__output *out = &stream->socket->output;

	if (out->turn.number != turn->number)
		return;
	out->sending = NULL;
	out->is_unsure = 0;
	fsock__turn_end(stream->socket, &out->turn, turn->number);
	fsock__unfinished_look(stream->socket);
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
	fail(stream);
	fsock__sender_end(stream, turn);
	errno = EINTR;
	return -1;
}

int
fsock__sender_begin(
    struct fsock__stream *stream, struct fsock__sending *turn, const void *octets, size_t n)
{
	struct fsock *s = stream->socket;

	if (begin(stream, turn, fsock__transfer_patience(s), octets, n) == 0)
		return 0;
	return fsock__handle_error(s, "write", errno);
}

int
fsock__sender_begin_now(struct fsock__stream *stream, struct fsock__sending *turn)
{
	return begin(stream, turn, 0, NULL, 0);
}

/* Sends of the queue what the kernel takes now. Returns 0, or -1 with the error recorded. */
static int
offer_queue(struct fsock__stream *stream)
{
	struct fsock__queue *q = &stream->queue;
	struct fsock__output *out = &stream->socket->output;
	int was_unsure = out->is_unsure;
	volatile size_t sent = 0;
	ssize_t r;

	out->is_unsure = 1;
	r = fsock__transfer_offer(stream->socket, q->data + q->head, fsock__queue_count(q), &sent);
	if (r > 0)
		fsock__queue_sent(q, sent);
	out->is_unsure = was_unsure;
	return r < 0 ? -1 : 0;
}

/*
 * What the layers have taken follows at once, and the end, if that is due. Returns 0, or -1 with
 * the error recorded.
 */
static int
flush_layers(struct fsock *s)
{
	if (fsock__layers_unsent(s) == 0)
		return 0;
	return fsock__layer_output_flush(s, s->output.end_due) < 0 ? -1 : 0;
}

/* The same, if there is any. Returns 0, or -1 when output has failed. */
static int
drain(struct fsock__stream *stream)
{
	struct fsock *s = stream->socket;
	int cancel, r = 0;

	if (count_unsent(stream) == 0)
		return 0;
	if (s->output.error != 0) {
		fsock__failure_retell(s, "write", s->output.error);
		return fail(stream);
	}
	/* A thread cancelled in here would leave the turn taken. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (fsock__queue_count(&stream->queue) > 0)
		r = offer_queue(stream);
	if (r == 0 && fsock__queue_count(&stream->queue) == 0)
		r = flush_layers(stream->socket);
	pthread_setcancelstate(cancel, NULL);
	return r < 0 ? fail(stream) : 0;
}

/* Behind octets that have all been taken. Returns 0 or -1. */
static int
flush_and_tell(struct fsock__stream *stream)
{
	if (!fsock__layers_are_on(stream->socket))
		return 0;
	if (flush_layers(stream->socket) < 0)
		return -1;
	publish_and_tell(stream);
	return 0;
}

/* Queues what the kernel does not take. Returns 0 or -1. */
static int
send_or_queue(struct fsock__stream *stream, const uint8_t *octets, size_t n)
{
	struct fsock *s = stream->socket;

	if (!fsock__handle_is_watched(s) ||
	    fsock__unfinished_begun) { /* else a wait list does it */
		if (drain(stream) < 0)
			return -1;
		publish(stream);
	}
	if (fsock__queue_count(&stream->queue) == 0) {
		ssize_t r = fsock__transfer_offer(s, octets, n, &s->output.done);

		if (r < 0)
			return -1;
		if ((size_t)r == n)
			return flush_and_tell(stream);
		octets += r;
		n -= (size_t)r;
	}
	if (fsock__sender_admit(stream, n) < 0)
		return -1;
	if (fsock__queue_append(&stream->queue, octets, n) < 0)
		return fsock__handle_error(s, "write", ENOMEM);
	s->output.done += n;
	stream->socket->output.queue_process = fsock__process();
	publish_and_tell(stream);
	return 0;
}

/* Sends what is queued, in the turn, for close_timeout at most. Returns 0 or -1. */
static int
settle(struct fsock__stream *stream)
{
	struct fsock *s = stream->socket;
	int64_t deadline = FSOCK__NEVER;

	for (;;) {
		if (drain(stream) < 0)
			return -1;
		if (count_unsent(stream) == 0)
			return 0;
		if (deadline == FSOCK__NEVER)
			deadline = fsock__clock_after(s->settings.close_timeout);
		if (fsock__transfer_await_room(s, "close", deadline) < 0)
			return fail(stream);
	}
}

/* Sends everything. Returns 0 or -1. */
static int
send_all(struct fsock__stream *stream, const uint8_t *octets, size_t n)
{
	if (fsock__queue_count(&stream->queue) > 0) { /* it was queued while this did not block */
		if (settle(stream) < 0)
			return -1;
		publish_and_tell(stream);
	}
	return fsock__transfer_send(stream->socket, octets, n);
}

int
fsock__sender_admit(struct fsock__stream *stream, size_t n)
{
	struct fsock *s = stream->socket;
	size_t limit = s->settings.output_limit;

	if (n <= limit - fsock__queue_count(&stream->queue))
		return 0;
	if (drain(stream) < 0)
		return fsock__sender_fail(stream);
	publish_and_tell(stream);
	if (n <= limit - fsock__queue_count(&stream->queue))
		return 0;
	return fsock__handle_error(s, "write", ENOBUFS);
}

int
fsock__sender_fail(struct fsock__stream *stream)
{
	fail(stream);
	fsock__handle_note(stream->socket);
	return -1;
}

int
fsock__sender_send(struct fsock__stream *stream, const void *buf, size_t n)
{
	struct fsock *s = stream->socket;
	int cancel, r;

	if (s->connecting != NULL && !fsock__handle_is_watched(s))
		fsock__pending_step(s); /* else a wait list does it */
	if (s->output.error != 0)
		return fsock__pending_error(s, "write");
	if (s->output.end_due) /* what is queued before the end is sent all the same */
		return fsock__handle_error(s, "write", EPIPE);
	stream->sent = 1;
	if (s->output.sending == NULL) /* octets that nobody will hand over again */
		s->output.is_unsure = 1;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = s->nonblocking ? send_or_queue(stream, buf, n) : send_all(stream, buf, n);
	pthread_setcancelstate(cancel, NULL);
	return r < 0 ? fsock__sender_fail(stream) : 0;
}

int
fsock__sender_drain(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;
	struct fsock__sending turn;
	int r;

	if (begin(stream, &turn, AT_ONCE, NULL, 0) < 0)
		return errno == EAGAIN ? 0 : -1;
	r = drain(stream);
	publish(stream); /* who asks for this tells the wait lists */
	fsock__sender_end(stream, &turn);
	return r;
}

int
fsock__sender_settle(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;
	struct fsock__sending turn;
	int r, cancel, saved = errno;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = begin(stream, &turn, fsock__clock_after(s->settings.close_timeout), NULL, 0);
	if (r < 0) {
		fsock__handle_error(s, "close", errno);
		fsock__socket_fail_output(s, errno);
	} else {
		r = settle(stream);
		publish(stream);
		fsock__sender_end(stream, &turn);
		fsock__handle_note(s);
	}
	pthread_setcancelstate(cancel, NULL);
	if (r == 0)
		errno = saved;
	return r;
}

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
	if (fsock__layer_output_flush(s, s->output.end_due) < 0) {
		fsock__socket_fail_output(s, errno);
		return -1;
	}
	s->output.queued = fsock__layers_unsent(s);
	fsock__handle_note(s);
	return (ssize_t)s->output.queued;
}

/* see fsock/stream.h */
ssize_t
fsock_send_pending(fsock *s)
{
	struct fsock__stream *stream;
	struct fsock__sending turn;
	int r, changed, saved = errno;

	if (fsock__handle_check(s, "send pending output") < 0)
		return -1;
	stream = s->stream;
	if (s->connecting != NULL)
		fsock__pending_step(s);
	if (stream == NULL && fsock__layers_unsent(s) > 0)
		return send_held(s);
	if (stream == NULL)
		return s->output.error == 0 ? 0 : fsock__pending_error(s, "write");
	if (fsock__sender_begin_now(stream, &turn) < 0) {
		if (errno != EAGAIN)
			return fsock__handle_error(s, "write", errno);
		errno = saved; /* another thread waits for the peer, and sends it */
		return (ssize_t)s->output.queued;
	}
	r = s->output.error != 0 ? fsock__pending_error(s, "write") : drain(stream);
	changed = publish(stream);
	fsock__sender_end(stream, &turn);
	if (changed || r < 0)
		fsock__handle_note(s);
	if (r < 0)
		return -1;
	errno = saved;
	return (ssize_t)s->output.queued;
}
