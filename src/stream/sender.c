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

/* Sends of the queue what the kernel takes now. Returns 0, or -1 with the error recorded. */
static int
offer_queue(struct fsock__stream *stream)
{
	struct fsock__queue *q = &stream->queue;
	struct fsock__output *out = &stream->socket->output;
	int was_unsure = out->is_unsure;
	volatile size_t sent = 0;
	ssize_t r;

	out->is_held = 0;
	out->is_unsure = 1;
	r = fsock__transfer_offer(stream->socket, q->data + q->head, fsock__queue_count(q), &sent);
	if (r > 0 && fsock__unfinished_begun)
		fsock__queue_pass(q, sent);
	else if (r > 0)
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

	if (fsock__sending_count(stream) == 0)
		return 0;
	if (s->output.error != 0) {
		fsock__failure_retell(s, "write", s->output.error);
		return fsock__sending_fail(stream);
	}
	/* A thread cancelled in here would leave the turn taken. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (fsock__queue_count(&stream->queue) > 0)
		r = offer_queue(stream);
	if (r == 0 && fsock__queue_count(&stream->queue) == 0)
		r = flush_layers(stream->socket);
	pthread_setcancelstate(cancel, NULL);
	return r < 0 ? fsock__sending_fail(stream) : 0;
}

/* Behind octets that have all been taken. Returns 0 or -1. */
static int
flush_and_tell(struct fsock__stream *stream)
{
	if (!fsock__layers_are_on(stream->socket))
		return 0;
	if (flush_layers(stream->socket) < 0)
		return -1;
	fsock__sending_tell(stream);
	return 0;
}

/*
 * A turn that ends between the two cannot tell whether stdio is to pass the octets again. Returns 0
 * or -1.
 */
static int
enqueue(struct fsock__stream *stream, const uint8_t *octets, size_t n)
{
	struct fsock__output *out = &stream->socket->output;
	int was_unsure = out->is_unsure, r;

	out->is_unsure = 1;
	r = fsock__queue_append(&stream->queue, octets, n);
	if (r == 0)
		out->done += n;
	out->is_unsure = was_unsure;
	if (r < 0)
		return fsock__handle_error(stream->socket, "write", ENOMEM);
	out->queue_process = fsock__process();
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
		fsock__sending_publish(stream);
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
	if (enqueue(stream, octets, n) < 0)
		return -1;
	fsock__sending_tell(stream);
	return 0;
}

/*
 * Sends what is queued, in the turn, until `until` at the most, or if that is 0 for as long as a
 * write waits. Returns 0 or -1.
 */
static int
settle(struct fsock__stream *stream, int64_t until)
{
	struct fsock *s = stream->socket;
	const char *operation = until == 0 ? "write" : "close";
	int64_t deadline = until;
	int saved = errno;

	for (;;) {
		if (drain(stream) < 0)
			return -1;
		if (fsock__sending_count(stream) == 0) {
			errno = saved;
			return 0;
		}
		if (until == 0)
			deadline = fsock__clock_after(s->limits.write_timeout);
		if (fsock__transfer_await_room(s, operation, deadline) < 0)
			return fsock__sending_fail(stream);
	}
}

/* Sends everything. Returns 0 or -1. */
static int
send_all(struct fsock__stream *stream, const uint8_t *octets, size_t n)
{
	if (fsock__queue_count(&stream->queue) > 0) { /* it was queued while this did not block */
		if (settle(stream, 0) < 0)
			return -1;
		fsock__sending_tell(stream);
	}
	return fsock__transfer_send(stream->socket, octets, n);
}

enum { BATCH = 16384 }; /* octets that are held back at the most */

/*
 * Whether n octets may be held back, to go with others. Behind octets that the kernel has not taken
 * nothing is: lists wait for room then. Congestion is a matter of these alone.
 */
static int
may_hold(const struct fsock__stream *stream, size_t n)
{
	const struct fsock *s = stream->socket;
	const struct fsock__output *out = &s->output;
	size_t most = s->settings.high_water < BATCH ? s->settings.high_water : BATCH;

	if (!stream->may_hold || (out->queued > 0 && !out->is_held) || s->connecting != NULL ||
	    (s->shut & FSOCK_OUTPUT))
		return 0;
	return n < most - fsock__queue_count(&stream->queue) && out->awaited == 0 &&
	       !fsock__unfinished_begun;
}

/* Sends what is queued: all of it, or what goes now if the socket does not block. */
static int
push(struct fsock__stream *stream)
{
	int r = stream->socket->nonblocking ? drain(stream) : settle(stream, 0);

	if (r == 0)
		fsock__sending_tell(stream);
	return r;
}

/* Holds octets back, unless a thread has begun to wait for input meanwhile. Returns 0 or -1. */
static int
hold(struct fsock__stream *stream, const uint8_t *octets, size_t n)
{
	struct fsock__output *out = &stream->socket->output;

	if (enqueue(stream, octets, n) < 0)
		return -1;
	out->is_held = 1;
	fsock__sending_tell(stream);
	return out->awaited == 0 ? 0 : push(stream);
}

/* Returns 0 or -1. */
static int
send_octets(struct fsock__stream *stream, const uint8_t *octets, size_t n)
{
	struct fsock *s = stream->socket;

	if (may_hold(stream, n))
		return hold(stream, octets, n);
	if (s->output.is_held && push(stream) < 0)
		return -1;
	return s->nonblocking ? send_or_queue(stream, octets, n) : send_all(stream, octets, n);
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
	fsock__sending_tell(stream);
	if (n <= limit - fsock__queue_count(&stream->queue))
		return 0;
	return fsock__handle_error(s, "write", ENOBUFS);
}

int
fsock__sender_fail(struct fsock__stream *stream)
{
	fsock__sending_fail(stream);
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
	r = send_octets(stream, buf, n);
	pthread_setcancelstate(cancel, NULL);
	return r < 0 ? fsock__sender_fail(stream) : 0;
}

int
fsock__sender_push(struct fsock__stream *stream)
{
	const struct fsock *s = stream->socket;

	if (!s->settings.batched || s->output.queued == 0 || s->output.error != 0 ||
	    (s->nonblocking && !s->output.is_held))
		return 0;
	return push(stream);
}

/* Sends what is held back, in a turn of its own: who has the turn and waits sends it. */
static int
push_in_turn(struct fsock__stream *stream)
{
	struct fsock__sending turn;
	int r, saved = errno;

	if (fsock__sending_begin_now(stream, &turn) < 0) {
		if (errno != EAGAIN)
			return fsock__handle_error(stream->socket, "write", errno);
		errno = saved;
		return 0;
	}
	r = fsock__sender_push(stream);
	fsock__sending_end(stream, &turn);
	if (r < 0)
		fsock__handle_note(stream->socket);
	return r;
}

int
fsock__sender_before_input(struct fsock__stream *stream)
{
	struct fsock *s = stream->socket;
	int cancel, r = 0;

	if (!s->settings.batched)
		return 0;
	s->output.awaited++; /* in this order: see struct fsock__output */
	if (s->output.queued == 0)
		return 0;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = push_in_turn(stream);
	pthread_setcancelstate(cancel, NULL);
	if (r < 0)
		s->output.awaited--;
	return r;
}

void
fsock__sender_after_input(struct fsock__stream *stream)
{
	struct fsock *s = stream->socket;

	if (s->settings.batched)
		s->output.awaited--;
}

int
fsock__sender_drain(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;
	struct fsock__sending turn;
	int r;

	if (fsock__sending_begin_at_once(stream, &turn) < 0)
		return errno == EAGAIN ? 0 : -1;
	r = drain(stream);
	fsock__sending_publish(stream); /* who asks for this tells the wait lists */
	fsock__sending_end(stream, &turn);
	return r;
}

int
fsock__sender_release(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;
	struct fsock__sending turn;
	int r, changed;

	if (fsock__sending_begin_now(stream, &turn) < 0) {
		if (errno != EAGAIN)
			return fsock__handle_error(s, "write", errno);
		return 0; /* another thread waits for the peer, and sends it */
	}
	r = s->output.error != 0 ? fsock__pending_error(s, "write") : drain(stream);
	changed = fsock__sending_publish(stream);
	fsock__sending_end(stream, &turn);
	if (changed || r < 0)
		fsock__handle_note(s);
	return r;
}

int
fsock__sender_settle(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;
	int64_t until = fsock__clock_after(s->settings.close_timeout);
	struct fsock__sending turn;
	int r, cancel, saved = errno;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = fsock__sending_begin_until(stream, &turn, until);
	if (r < 0) {
		fsock__handle_error(s, "close", errno);
		fsock__socket_fail_output(s, errno);
	} else {
		r = settle(stream, until);
		fsock__sending_publish(stream);
		fsock__sending_end(stream, &turn);
		fsock__handle_note(s);
	}
	pthread_setcancelstate(cancel, NULL);
	if (r == 0)
		errno = saved;
	return r;
}
