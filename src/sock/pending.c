#include "../base/compat.h"
#include "pending.h"

#include "../base/clock.h"
#include "interrupt.h"
#include "shutdown.h"
#include "../base/sys.h"
#include "transfer.h"
#include "../wait/wait.h"

/* How long a call may wait. */
static int64_t
patience(const struct fsock *s)
{
	return s->nonblocking ? 0 : FSOCK__NEVER;
}

static ssize_t
pending_receive(struct fsock *s, void *buf, size_t n)
{
	if (fsock__pending_await(s, "read", FSOCK_INPUT, patience(s)) < 0)
		return -1;
	return fsock__transport_socket.receive(s, buf, n);
}

static int
pending_send(struct fsock *s, const void *buf, size_t n)
{
	if (fsock__pending_await(s, "write", FSOCK_OUTPUT, patience(s)) < 0)
		return -1;
	return fsock__transport_socket.send(s, buf, n);
}

/* May be called with a list's lock held, which comes after the socket's: no step is taken here. */
static ssize_t
pending_offer(struct fsock *s, const void *buf, size_t n)
{
	if (s->connecting == NULL)
		return fsock__transport_socket.offer(s, buf, n);
	return fsock__transfer_check(s, "write", FSOCK_OUTPUT);
}

static int
pending_close(struct fsock *s)
{
	fsock__connecting_free(s->connecting);
	s->connecting = NULL;
	return fsock__transport_socket.close(s);
}

static const struct fsock__transport_ops transport_pending = {
	.receive = pending_receive,
	.send = pending_send,
	.offer = pending_offer,
	.close = pending_close,
};

struct fsock *
fsock__pending_new(struct fsock__connecting *c, const struct fsock__settings *settings)
{
	struct fsock *s = fsock__socket_new(
	    -1, FSOCK__CONNECTED, AF_UNSPEC, settings, c->remote.host, c->remote.port);

	if (s == NULL)
		return NULL;
	s->transport = &transport_pending;
	s->connecting = c;
	return s;
}

/* The connection stands. What was put off until then is done by the next output, or here. */
static void
stand(struct fsock *s, struct fsock__connecting *c)
{
	fsock__socket_set_fd(s, c->fd, c->family);
	s->transport = &fsock__transport_socket;
	s->connecting = NULL;
	fsock__connecting_free(c);
	if (s->stream != NULL)
		s->stream_ops->connected(s);
	if (s->queued == 0)
		fsock__shutdown_due(s);
}

enum fsock__progress
fsock__pending_step_nolock(struct fsock *s)
{
	struct fsock__connecting *c = s->connecting;
	enum fsock__progress p = c == NULL ? FSOCK__DONE : fsock__connecting_step(c);
	int none = 0;

	if (c != NULL && p == FSOCK__DONE)
		stand(s, c);
	if (p == FSOCK__FAILED)
		atomic_compare_exchange_strong(&s->write_error, &none, c->error.errnum);
	return p;
}

enum fsock__progress
fsock__pending_step(struct fsock *s)
{
	enum fsock__progress p;
	int cancel;

	/* A thread cancelled in here would leave locks taken for ever. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&s->lock);
	fsock__wait_connecting_pause(s);
	p = fsock__pending_step_nolock(s);
	fsock__wait_connecting_resume(s, p == FSOCK__PENDING);
	pthread_mutex_unlock(&s->lock);
	pthread_setcancelstate(cancel, NULL);
	if (p != FSOCK__PENDING)
		fsock__wait_note(s);
	return p;
}

/* Sleeps until there may be something to do. Returns 0 or more, or -1 with errno. */
static int
await_step(struct fsock *s, int direction, int64_t deadline)
{
	struct pollfd fds[FSOCK__RACE_MAX + 1];
	struct fsock__connecting *c;
	size_t count = 0;

	pthread_mutex_lock(&s->lock);
	c = s->connecting;
	if (c != NULL) {
		count = c->count;
		for (size_t i = 0; i < count; i++)
			fds[i] = c->fds[i];
		if (c->next < deadline)
			deadline = c->next;
	}
	pthread_mutex_unlock(&s->lock);
	if (c == NULL)
		return 0;
	return s->interrupt != NULL ? fsock__interrupt_poll(s, direction, fds, count, deadline)
	                            : fsock__sys_poll(fds, count, deadline);
}

int
fsock__pending_await(struct fsock *s, const char *operation, int direction, int64_t deadline)
{
	for (;;) {
		enum fsock__progress p = fsock__pending_step(s);
		int64_t limit = fsock__transfer_deadline(s, direction); /* it may be changed */

		if (p == FSOCK__DONE)
			return 0;
		if (p == FSOCK__FAILED)
			return fsock__pending_error(s, operation);
		if (fsock__transfer_check(s, operation, direction) < 0)
			return -1;
		if (fsock__clock_left(deadline) == 0)
			return fsock__socket_error(
			    s, operation, deadline == 0 ? EAGAIN : ETIMEDOUT);
		if (await_step(s, direction, deadline < limit ? deadline : limit) < 0)
			return fsock__socket_error(s, operation, errno);
	}
}

int
fsock__pending_error(struct fsock *s, const char *operation)
{
	const struct fsock__connecting *c;

	pthread_mutex_lock(&s->lock); /* output may have failed for another reason meanwhile */
	c = s->connecting;
	if (c != NULL && c->progress == FSOCK__FAILED)
		fsock__connecting_fail(c);
	else
		fsock__socket_error(s, operation, s->write_error);
	pthread_mutex_unlock(&s->lock);
	return -1;
}

/* see fsock/socket.h */
int
fsock_is_connecting(const fsock *s)
{
	return s != NULL && s->connecting != NULL && s->write_error == 0;
}
