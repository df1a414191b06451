#include "../compat.h"

#include "clock.h"
#include "connecting.h"
#include "error.h"
#include "socket.h"
#include "sys.h"

/* A thread that waits to be connected is cancelled. */
static void
abandon(void *c)
{
	fsock__connecting_free(c);
}

/* Waits for the next step, and only there may the thread be cancelled. Returns 0 or -1. */
static int
await_step(struct fsock__connecting *c, int cancel)
{
	int r, unused;

	pthread_cleanup_push(abandon, c);
	pthread_setcancelstate(cancel, &unused);
	r = fsock__sys_poll(c->fds, c->count, c->next);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &unused);
	pthread_cleanup_pop(0);
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

/* Connects, as a thread that cannot be cancelled unless `cancel` says so: the descriptor, or -1. */
static int
connect_to(const char *host, int port, const struct fsock__settings *settings, int64_t exchange,
    int *family, int cancel)
{
	struct fsock__connecting *c = fsock__connecting_new(host, port, settings, exchange, 1);
	int fd;

	if (c == NULL)
		return -1;
	fd = conduct(c, cancel);
	*family = c->family;
	fsock__connecting_free(c);
	return fd;
}

/* see fsock/socket.h */
fsock *
fsock_connect(const char *host, int port, const struct fsock_options *options)
{
	struct fsock__settings settings;
	int64_t exchange;
	int fd, cancel, family, saved = errno;
	fsock *s = NULL;

	if (fsock__settings_make(&settings, options, "connect", host, port) < 0)
		return NULL;
	if (host == NULL) {
		fsock__error_set("connect", "(no host)", port, EINVAL);
		return NULL;
	}
	exchange = fsock__clock_after(settings.deadline);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	fd = connect_to(host, port, &settings, exchange, &family, cancel);
	if (fd >= 0)
		s = fsock__socket_new(fd, FSOCK__CONNECTED, family, &settings, host, port);
	if (fd >= 0 && s == NULL)
		fsock__sys_close(fd);
	pthread_setcancelstate(cancel, NULL);
	if (s == NULL)
		return NULL;
	s->deadline = exchange;
	errno = saved;
	return s;
}
