#include "../base/compat.h"
#include "sender.h"

#include <fsock/stream.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../sock/pending.h"
#include "../base/process.h"
#include "../sock/shutdown.h"
#include "../sock/transfer.h"
#include "../wait/wait.h"

/*
 * Lets everybody see how much is queued; who shuts output down and sees none any more does so, or
 * else it is done here. Returns whether that changes what waits wait for.
 */
static int
publish(struct fsock__stream *stream)
{
	struct fsock *s = stream->socket;
	size_t count = fsock__queue_count(&stream->queue), before = s->queued;
	int congested = s->congested;

	if (count >= s->settings.high_water)
		s->congested = 1;
	else if (count <= s->settings.low_water)
		s->congested = 0;
	s->queued = count;
	if (count == 0 && s->end_due && s->connecting == NULL)
		fsock__shutdown_due(s);
	return (before == 0) != (count == 0) || congested != s->congested;
}

static void
publish_and_tell(struct fsock__stream *stream)
{
	if (publish(stream))
		fsock__wait_note(stream->socket);
}

/*
 * After fork() the child has a copy of the queue, and of the end behind it: the process that put
 * them there sees to both.
 */
static void
drop_copy(struct fsock__stream *stream)
{
	if (fsock__queue_count(&stream->queue) == 0 || stream->queue_process == fsock__process())
		return;
	stream->socket->end_due = 0;
	fsock__queue_free(&stream->queue);
	publish(stream);
}

/* Output has failed for good: what is queued will not be sent. Returns -1. */
static int
fail(struct fsock__stream *stream)
{
	struct fsock *s = stream->socket;
	int error = s->write_error != 0 ? s->write_error : errno;

	s->write_error = error;
	fsock__queue_free(&stream->queue);
	publish(stream);
	errno = error;
	return -1;
}

/* Sends of the queue what the kernel takes now. Returns 0, or -1 when output has failed. */
static int
drain_nolock(struct fsock__stream *stream)
{
	struct fsock__queue *q = &stream->queue;
	struct fsock *s = stream->socket;
	size_t count;
	int cancel;
	ssize_t r;

	drop_copy(stream);
	count = fsock__queue_count(q);
	if (count == 0)
		return 0;
	if (s->write_error != 0)
		return fail(stream);
	/* A thread cancelled in here would leave locks taken for ever. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = s->transport->offer(s, q->data + q->head, count);
	pthread_setcancelstate(cancel, NULL);
	if (r < 0)
		return fail(stream);
	fsock__queue_sent(q, (size_t)r);
	return 0;
}

/* Queues what the kernel does not take. Returns 0 or -1. */
static int
send_or_queue(struct fsock__stream *stream, const uint8_t *octets, size_t n)
{
	struct fsock *s = stream->socket;

	if (s->waits == NULL) { /* else a wait list does it */
		if (drain_nolock(stream) < 0)
			return -1;
		publish(stream);
	}
	if (fsock__queue_count(&stream->queue) == 0) {
		ssize_t r = s->transport->offer(s, octets, n);

		if (r < 0)
			return -1;
		if ((size_t)r == n)
			return 0;
		octets += r;
		n -= (size_t)r;
	}
	if (fsock__sender_admit_nolock(stream, n) < 0)
		return -1;
	if (fsock__queue_append(&stream->queue, octets, n) < 0)
		return fsock__socket_error(s, "write", ENOMEM);
	stream->queue_process = fsock__process();
	publish_and_tell(stream);
	return 0;
}

/* Sends everything, what was queued while the socket did not block first. Returns 0 or -1. */
static int
send_all(struct fsock__stream *stream, const uint8_t *octets, size_t n)
{
	struct fsock__queue *q = &stream->queue;
	struct fsock *s = stream->socket;
	size_t count = fsock__queue_count(q);

	if (count > 0) {
		if (s->transport->send(s, q->data + q->head, count) < 0)
			return -1;
		fsock__queue_sent(q, count);
		publish_and_tell(stream);
	}
	return s->transport->send(s, octets, n);
}

int
fsock__sender_admit_nolock(struct fsock__stream *stream, size_t n)
{
	struct fsock *s = stream->socket;
	size_t limit = s->settings.output_limit;

	if (n <= limit - fsock__queue_count(&stream->queue))
		return 0;
	if (drain_nolock(stream) < 0)
		return fsock__sender_fail_nolock(stream);
	publish_and_tell(stream);
	if (n <= limit - fsock__queue_count(&stream->queue))
		return 0;
	return fsock__socket_error(s, "write", ENOBUFS);
}

int
fsock__sender_fail_nolock(struct fsock__stream *stream)
{
	fail(stream);
	fsock__wait_note(stream->socket);
	return -1;
}

int
fsock__sender_send_nolock(struct fsock__stream *stream, const void *buf, size_t n)
{
	struct fsock *s = stream->socket;
	int cancel, r;

	if (s->connecting != NULL && s->waits == NULL)
		fsock__pending_step(s); /* else a wait list does it */
	if (s->write_error != 0)
		return fsock__pending_error(s, "write");
	if (s->end_due) /* what is queued before the end is sent all the same */
		return fsock__socket_error(s, "write", EPIPE);
	stream->sent = 1;
	drop_copy(stream);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = s->nonblocking ? send_or_queue(stream, buf, n) : send_all(stream, buf, n);
	pthread_setcancelstate(cancel, NULL);
	return r < 0 ? fsock__sender_fail_nolock(stream) : 0;
}

int
fsock__sender_drain(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;
	int r;

	if (pthread_mutex_trylock(&stream->output_lock) != 0)
		return 0;
	r = drain_nolock(stream);
	publish(stream); /* who asks for this tells the wait lists */
	pthread_mutex_unlock(&stream->output_lock);
	return r;
}

/* Waits until the kernel may take some. Returns 0, or -1 with the error recorded. */
static int
await_room(struct fsock *s, int64_t deadline)
{
	if (s->connecting != NULL)
		return fsock__pending_await(s, "close", FSOCK_OUTPUT, deadline);
	return fsock__transfer_wait(s, "close", FSOCK_OUTPUT, deadline);
}

int
fsock__sender_settle(struct fsock *s)
{
	struct fsock__stream *stream = s->stream;
	int64_t deadline = FSOCK__NEVER;
	int r, cancel, saved = errno;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&stream->output_lock);
	while ((r = drain_nolock(stream)) == 0 && fsock__queue_count(&stream->queue) > 0) {
		if (deadline == FSOCK__NEVER)
			deadline = fsock__clock_after(s->settings.close_timeout);
		if (await_room(s, deadline) < 0) {
			r = fail(stream);
			break;
		}
	}
	publish(stream);
	fsock__wait_note(s);
	pthread_mutex_unlock(&stream->output_lock);
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
		return (ssize_t)s->queued;
	return fsock__error_set_kind("pending output", NULL, FSOCK__NO_PORT,
	    FSOCK_INVALID_SOCKET_ERROR, EINVAL);
}

/* see fsock/stream.h */
int
fsock_is_congested(const fsock *s)
{
	return s != NULL && s->congested;
}

/* see fsock/stream.h */
ssize_t
fsock_send_pending(fsock *s)
{
	struct fsock__stream *stream;
	int r, saved = errno;

	if (fsock__socket_check(s, "send pending output") < 0)
		return -1;
	stream = s->stream;
	if (s->connecting != NULL)
		fsock__pending_step(s);
	if (stream == NULL)
		return s->write_error == 0 ? 0 : fsock__pending_error(s, "write");
	pthread_mutex_lock(&stream->output_lock);
	r = s->write_error != 0 ? fsock__pending_error(s, "write")
	                        : drain_nolock(stream);
	if (publish(stream) || r < 0)
		fsock__wait_note(s);
	pthread_mutex_unlock(&stream->output_lock);
	if (r < 0)
		return -1;
	errno = saved;
	return (ssize_t)s->queued;
}
