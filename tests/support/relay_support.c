#include "../../src/base/compat.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include <poll.h>

#include "layered.h"
#include "relay_support.h"
#include "traffic.h"

static const struct fsock_options text_options = { .format = "utf-16le,crlf",
	.delivery = FSOCK_DELIVER_WHOLE_LINE };

static void
open_end(struct relay *r, int i, enum relay_kind kind)
{
	enum sock_transport transport =
	    kind == RELAY_UNIX || kind == RELAY_FOREIGN ? SOCK_UNIX : SOCK_TCP4;

	r->inner[i] = -1;
	r->ends[i] = sock_raw(transport, kind == RELAY_TEXT ? &text_options : NULL, &r->outer[i]);
	if (kind == RELAY_LAYERED || kind == RELAY_LAYERED_FILE)
		ck_assert_int_eq(layered_push(r->ends[i]), 0);
	if (kind == RELAY_TEXT || kind == RELAY_LAYERED_FILE)
		ck_assert_ptr_nonnull(fsock_stream(r->ends[i]));
	if (kind == RELAY_FOREIGN) {
		r->inner[i] = fsock_release(r->ends[i], NULL, 0, NULL);
		r->ends[i] = fsock_watch(r->inner[i]);
		ck_assert_ptr_nonnull(r->ends[i]);
	}
	ck_assert_int_eq(fcntl(r->outer[i], F_SETFL, O_NONBLOCK), 0);
}

void
relay_open(struct relay *r, enum relay_kind a, enum relay_kind b)
{
	*r = (struct relay){ .result = 1 };
	open_end(r, 0, a);
	open_end(r, 1, b);
}

/* On a list. Returns as fsock_relay_run(). */
static int
drive(struct relay *r)
{
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_event event;
	int result = fsock_relay_join(r->relay, list, r->relay);

	while (result > 0 && fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
		while (fsock_waitlist_next(list, &event) != NULL)
			result = fsock_relay_step(event.user);
	if (fsock_waitlist_count(list) != 0)
		result = -2;
	fsock_waitlist_free(list);
	return result;
}

static void
work(void *arg)
{
	struct relay *r = arg;

	r->result = r->drive == RELAY_RUN ? fsock_relay_run(r->relay) : drive(r);
	r->error = errno;
	r->kind = fsock_last_error()->kind;
	fsock_relay_get_status(r->relay, &r->status);
}

void
relay_start(struct relay *r, enum relay_drive how, const struct fsock_relay_options *options)
{
	r->relay = fsock_relay_new(r->ends[0], r->ends[1], options);
	ck_assert_msg(r->relay != NULL, "%s", fsock_last_error()->text);
	r->drive = how;
	sock_thread_start(&r->thread, work, r);
}

int
relay_join(struct relay *r)
{
	sock_thread_join(&r->thread);
	fsock_relay_free(r->relay);
	r->relay = NULL;
	if (r->result == 0)
		ck_assert_int_eq(r->status.error, 0);
	else
		ck_assert_int_eq(r->status.error, r->error);
	return r->result;
}

void
relay_close(struct relay *r)
{
	for (int i = 0; i < 2; i++) {
		fsock_close(r->ends[i]);
		if (r->inner[i] >= 0)
			close(r->inner[i]);
		if (r->outer[i] >= 0)
			close(r->outer[i]);
	}
}

/* One direction of an exchange. */
struct flow {
	int from, to;
	size_t left; /* to be sent */
	uint64_t state, offered;
	unsigned char piece[30000];
	size_t head, count;
	struct traffic_sum sent, received;
	int has_ended;
};

static void
send_some(struct flow *f)
{
	ssize_t n;

	if (f->count == 0 && f->left > 0) {
		f->count = f->left < sizeof f->piece ? f->left : sizeof f->piece;
		f->head = 0;
		f->left -= f->count;
		traffic_fill(&f->state, f->piece, f->count);
		traffic_add(&f->sent, f->piece, f->count);
	}
	n = send(f->from, f->piece + f->head, f->count, MSG_NOSIGNAL | MSG_DONTWAIT);
	ck_assert_msg(n >= 0 || errno == EAGAIN, "%s", strerror(errno));
	if (n > 0) {
		f->head += (size_t)n;
		f->count -= (size_t)n;
	}
	if (f->count == 0 && f->left == 0) {
		ck_assert_int_eq(shutdown(f->from, SHUT_WR), 0);
		f->from = -1;
	}
}

static void
receive_some(struct flow *f)
{
	unsigned char piece[50000];
	ssize_t n = recv(f->to, piece, sizeof piece, MSG_DONTWAIT);

	ck_assert_msg(n >= 0 || errno == EAGAIN, "%s", strerror(errno));
	if (n > 0)
		traffic_add(&f->received, piece, (size_t)n);
	f->has_ended = n == 0;
}

void
relay_exchange(struct relay *r, size_t forth, size_t back)
{
	static struct flow flows[2];

	flows[0] = (struct flow){ r->outer[0], r->outer[1], .left = forth, .state = 1 };
	flows[1] = (struct flow){ r->outer[1], r->outer[0], .left = back, .state = 2 };
	while (!flows[0].has_ended || !flows[1].has_ended) {
		struct pollfd p[4];

		for (int i = 0; i < 2; i++) {
			p[i] = (struct pollfd){ flows[i].from, POLLOUT, 0 };
			p[2 + i] =
			    (struct pollfd){ flows[i].has_ended ? -1 : flows[i].to, POLLIN, 0 };
		}
		ck_assert_int_gt(poll(p, 4, -1), 0);
		for (int i = 0; i < 2; i++) {
			if (p[i].revents != 0)
				send_some(&flows[i]);
			if (p[2 + i].revents != 0)
				receive_some(&flows[i]);
		}
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(flows[i].received.count, flows[i].sent.count);
		ck_assert_uint_eq(traffic_total(&flows[i].received), traffic_total(&flows[i].sent));
	}
}

void
relay_expect(int fd, const char *text)
{
	size_t length = text == NULL ? 1 : strlen(text), n = 0;
	char buf[100];
	ssize_t r = 1;

	ck_assert_uint_lt(length, sizeof buf);
	while (n < length && r > 0) {
		sock_await(fd, POLLIN);
		r = read(fd, buf + n, length - n);
		ck_assert_msg(r >= 0, "%s", strerror(errno));
		n += (size_t)r;
	}
	buf[n] = '\0';
	ck_assert_str_eq(buf, text == NULL ? "" : text);
}

void
relay_say(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

void
relay_reset(int *fd)
{
	struct linger linger = { 1, 0 };

	ck_assert_int_eq(setsockopt(*fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
	close(*fd);
	*fd = -1;
}
