#include "../base/compat.h"

#include "../base/clock.h"
#include "../net/connecting.h"
#include "../net/endpoint.h"
#include "../base/error.h"
#include "account.h"
#include "layer.h"
#include "layers.h"
#include "../base/ring.h"
#include "pending.h"
#include "socket.h"
#include "../base/sys.h"

/* A thread that waited to be connected has ended. */
static void
abandon(struct fsock__abandon *a)
{
	fsock__connecting_free(fsock__ring_owner(a, struct fsock__connecting, abandon));
}

/* Waits for the next step, and only there may the thread be cancelled. Returns 0 or -1. */
static int
await_step(struct fsock__connecting *c, int cancel)
{
	int r, unused;

	if (fsock__abandon_push(&c->abandon, abandon) < 0)
		return -1;
	pthread_setcancelstate(cancel, &unused);
	r = fsock__sys_poll(c->fds, c->count, c->next);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &unused);
	fsock__abandon_pop(&c->abandon);
	return r < 0 ? -1 : 0;
}

/* Steps until it is connected. Returns the descriptor, or -1 with the error recorded. */
static int
conduct(struct fsock__connecting *c, int cancel)
{
	enum fsock__progress p;

	while ((p = fsock__connecting_step(c)) == FSOCK__PENDING)
		if (await_step(c, cancel) < 0)
			return fsock__error_set("connect", c->remote.host, c->remote.port, errno);
	return p == FSOCK__DONE ? c->fd : fsock__connecting_fail(c);
}

/* Puts the layer on that the settings ask for. Returns 0, or -1 with the error recorded. */
static int
make_layer(fsock *s, int64_t deadline)
{
	if (fsock__layer_make(s, 0) < 0)
		return -1;
	if (fsock__layers_are_on(s))
		s->layers->start_by = deadline;
	return 0;
}

/* A thread that waited for the handshake has ended. */
static void
abandon_socket(struct fsock__abandon *a)
{
	fsock_close(fsock__ring_owner(a, struct fsock__layers, abandon)->top->socket);
}

/* Waits for the next step of it, and only there may the thread be cancelled. Returns 0 or -1. */
static int
await_hand(fsock *s, int64_t deadline, int cancel)
{
	int r, unused;

	if (fsock__abandon_push(&s->layers->abandon, abandon_socket) < 0)
		return fsock__handle_error(s, "connect", errno);
	pthread_setcancelstate(cancel, &unused);
	r = fsock__layers_await(s, "connect", FSOCK_INPUT, deadline);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &unused);
	fsock__abandon_pop(&s->layers->abandon);
	return r;
}

/*
 * Brings the handshake of its layers to an end, as a thread that cannot be cancelled unless
 * `cancel` says so. Returns 0, or -1 with the error recorded.
 */
static int
shake_hands(fsock *s, int64_t deadline, int cancel)
{
	int r;

	if (make_layer(s, deadline) < 0)
		return -1;
	if (!fsock__layers_are_on(s))
		return 0;
	while ((r = fsock__layers_advance(s, "connect")) == 0 && !s->nonblocking)
		if (await_hand(s, deadline, cancel) < 0)
			return -1;
	return r < 0 ? -1 : 0;
}

/* Closes a socket, but keeps the error. Returns NULL. */
static fsock *
give_up(fsock *s)
{
	int error = errno;

	fsock_close(s);
	errno = error;
	return NULL;
}

/* The socket of what is connected; without one the descriptor is closed. */
static fsock *
wrap(struct fsock__connecting *c, int fd, const struct fsock__settings *settings, int cancel)
{
	fsock *s = fsock__socket_new(
	    fd, FSOCK__CONNECTED, c->family, settings, c->remote.host, c->remote.port, NULL);

	if (s == NULL)
		fsock__sys_close(fd);
	else
		fsock__account_connected(s, c);
	if (s == NULL || settings->layer == NULL)
		return s;
	if (c->past_exchange)
		s->limits.read_deadline = c->deadline;
	return shake_hands(s, c->deadline, cancel) < 0 ? give_up(s) : s;
}

/* Connects, as a thread that cannot be cancelled unless `cancel` says so. The socket, or NULL. */
static fsock *
connect_now(struct fsock__connecting *c, const struct fsock__settings *settings, int cancel)
{
	fsock *s = NULL;
	int fd = conduct(c, cancel);

	if (fd >= 0)
		s = wrap(c, fd, settings, cancel);
	fsock__connecting_free(c);
	return s;
}

/* Connects as far as that goes without waiting. What is known at once is told at once. */
static fsock *
connect_later(struct fsock__connecting *c, const struct fsock__settings *settings)
{
	fsock *s = NULL;

	if (fsock__connecting_step(c) != FSOCK__PENDING)
		return connect_now(c, settings, PTHREAD_CANCEL_DISABLE);
	s = fsock__pending_new(c, settings);
	if (s == NULL)
		fsock__connecting_free(c);
	else if (make_layer(s, c->deadline) < 0)
		return give_up(s);
	return s;
}

/* Reads both ends. Returns 0, or -1 with the error recorded. */
static int
read_ends(struct fsock__endpoint *remote, struct fsock__endpoint *local, const char *host, int port,
    const struct fsock__settings *settings)
{
	static const struct fsock__endpoint_use to = { "connect", SOCK_STREAM, 0 };
	static const struct fsock__endpoint_use from = { "bind", SOCK_STREAM, 1 };

	if (host == NULL)
		return fsock__error_set("connect", "(no host)", port, EINVAL);
	if (fsock__endpoint_read(remote, &to, host, port) < 0)
		return -1;
	return fsock__endpoint_read(local, &from, settings->local_host, settings->local_port);
}

/* see fsock/socket.h */
fsock *
fsock_connect(const char *host, int port, const struct fsock_options *options)
{
	struct fsock__endpoint remote, local;
	struct fsock__settings settings;
	struct fsock__connecting *c;
	struct fsock__route route;
	int cancel, saved = errno;
	fsock *s = NULL;

	if (fsock__settings_make(&settings, options, "connect", host, port) < 0)
		return NULL;
	if (read_ends(&remote, &local, host, port, &settings) < 0)
		return NULL;
	route = (struct fsock__route){ .host = remote.host,
		.port = remote.port,
		.service = remote.service,
		.local_host = local.host,
		.local_port = local.port,
		.local_service = local.service,
		.family = settings.family,
		.timeout = settings.connect_timeout,
		.exchange = fsock__clock_after(settings.deadline) };
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	c = fsock__connecting_new(&route, !settings.nonblocking);
	if (c != NULL)
		s = settings.nonblocking ? connect_later(c, &settings)
					 : connect_now(c, &settings, cancel);
	pthread_setcancelstate(cancel, NULL);
	if (s == NULL)
		return NULL;
	s->limits.read_deadline = s->limits.write_deadline = route.exchange;
	errno = saved;
	return s;
}
