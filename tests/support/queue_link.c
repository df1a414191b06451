#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <poll.h>
#include <unistd.h>

#include "queue_link.h"
#include "wait_support.h"

const char *
queue_pattern(size_t from, size_t n)
{
	static char octets[65536];

	ck_assert_uint_le(n, sizeof octets);
	for (size_t i = 0; i < n; i++)
		octets[i] = (char)((from + i) * 31 + ((from + i) >> 8));
	return octets;
}

/*
 * Only the sending side: TCP whose receiver has less room than a segment waits for timers
 * (RFC 1122, 4.2.2.17).
 */
void
queue_narrow(int fd)
{
	int least = 1;

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least), 0);
}

void
queue_link_open(
    struct queue_link *link, enum sock_transport transport, const struct fsock_options *options)
{
	struct fsock_options all = { .timeout = 0 };

	if (options != NULL)
		all = *options;
	all.nonblocking = FSOCK_OFF;
	link->sent = link->got = 0;
	link->s = sock_raw(transport, &all, &link->peer);
	ck_assert_int_eq(fsock_set_nonblocking(link->s, 1), 0);
	queue_narrow(fsock_socket(link->s));
	ck_assert_ptr_nonnull(fsock_stream(link->s)); /* without streams there is no queue */
}

int
queue_link_ways(void)
{
	return (wait_backends() + 1) * SOCK_TRANSPORTS;
}

int
queue_link_open_way(
    struct queue_link *link, fsock_waitlist **list, int way, const struct fsock_options *options)
{
	enum sock_transport transport = (enum sock_transport)(way % SOCK_TRANSPORTS);
	int backend = way / SOCK_TRANSPORTS;

	if (!sock_has(transport))
		return 0;
	queue_link_open(link, transport, options);
	*list = backend == wait_backends() ? NULL : wait_list(backend);
	if (*list != NULL)
		ck_assert_int_eq(fsock_waitlist_add(*list, link->s, FSOCK_INPUT, link), 0);
	return 1;
}

void
queue_link_close_way(struct queue_link *link, fsock_waitlist *list)
{
	queue_link_close(link);
	fsock_waitlist_free(list);
}

void
queue_link_stop(struct queue_link *link)
{
	int least = 1;

	ck_assert_int_eq(setsockopt(link->peer, SOL_SOCKET, SO_RCVBUF, &least, sizeof least), 0);
}

void
queue_link_put(struct queue_link *link, size_t n)
{
	ssize_t r = fsock_send(link->s, queue_pattern(link->sent, n), n, NULL);

	ck_assert_msg(r == (ssize_t)n, "%s", fsock_last_error()->text);
	link->sent += n;
}

void
queue_link_fill(struct queue_link *link, size_t n)
{
	while (fsock_send_pending(link->s) < (ssize_t)n)
		queue_link_put(link, 500);
}

int
queue_link_read(struct queue_link *link, size_t n)
{
	char octets[16384];
	ssize_t r = 1;

	while (r > 0 && n > 0) {
		r = recv(link->peer, octets, n < sizeof octets ? n : sizeof octets, MSG_DONTWAIT);
		if (r > 0) {
			ck_assert_mem_eq(octets, queue_pattern(link->got, (size_t)r), (size_t)r);
			link->got += (size_t)r;
			n -= (size_t)r;
		} else if (r < 0) {
			ck_assert_msg(errno == EAGAIN, "%s", strerror(errno));
		}
	}
	return r != 0;
}

void
queue_link_turn(struct queue_link *link, fsock_waitlist *list)
{
	struct pollfd p = { .fd = link->peer, .events = POLLIN };

	if (list != NULL) {
		ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 0);
		ck_assert_ptr_null(fsock_waitlist_next(list, NULL));
	} else if (link->s != NULL) {
		ck_assert_int_ge(fsock_send_pending(link->s), 0);
	}
	poll(&p, 1, 10);
}

void
queue_link_read_all(struct queue_link *link, fsock_waitlist *list)
{
	while (link->got < link->sent) {
		queue_link_turn(link, list);
		ck_assert_msg(queue_link_read(link, SIZE_MAX), "an early end");
	}
}

void
queue_link_read_end(struct queue_link *link, fsock_waitlist *list)
{
	do
		queue_link_turn(link, list);
	while (queue_link_read(link, SIZE_MAX));
	ck_assert_uint_eq(link->got, link->sent);
}

/* A Unix-domain socket resets if something that it was sent is unread: there is. */
void
queue_link_reset(struct queue_link *link)
{
	static const struct linger reset = { .l_onoff = 1 };

	setsockopt(link->peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	ck_assert_int_eq(close(link->peer), 0);
	link->peer = -1;
}

void
queue_link_close(struct queue_link *link)
{
	if (link->s != NULL)
		fsock_abort(link->s);
	if (link->peer >= 0)
		close(link->peer);
}
