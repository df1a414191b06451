#include "../../src/base/compat.h"
#include "text_script.h"

#include <unistd.h>

#include "../../src/base/error.h"
#include "../../src/sock/handle.h"
#include "../../src/sock/transfer.h"

static const enum fsock_delivery deliveries[] = { FSOCK_DELIVER_LINE, FSOCK_DELIVER_BLOCK,
	FSOCK_DELIVER_WHOLE_LINE };
static const size_t windows[] = { 0, 1, 5, 17 };
static const size_t pieces[] = { 0, 1, 2, 3, 7 };

enum { DELIVERIES = 3, WINDOWS = 4, PIECES = 5 };
enum { SCRIPTED = 2 * DELIVERIES * WINDOWS * (PIECES + 1), SOCKETS = 2 * DELIVERIES * 2 };

const int text_way_count = SCRIPTED + SOCKETS;

struct text_way
text_way(int i)
{
	struct text_way way = { .is_socket = i >= SCRIPTED };
	int piece;

	if (way.is_socket)
		i -= SCRIPTED;
	way.two_way = i % 2;
	way.delivery = deliveries[i / 2 % DELIVERIES];
	i /= 2 * DELIVERIES;
	if (way.is_socket) {
		way.piece = i == 0 ? 0 : 1;
		return way;
	}
	way.window = windows[i % WINDOWS];
	piece = i / WINDOWS;
	way.stutter = piece == PIECES;
	way.piece = way.stutter ? 1 : pieces[piece];
	return way;
}

const char *
text_way_name(const struct text_way *way)
{
	static const char *const names[] = { "lines", "blocks", "whole lines" };
	static char name[128];

	snprintf(name, sizeof name, "%s %s, %s, window of %zu, pieces of %zu%s",
	    way->two_way ? "two-way" : "one-way", way->is_socket ? "socket" : "script",
	    names[way->delivery - FSOCK_DELIVER_LINE], way->window, way->piece,
	    way->stutter ? ", stutters" : "");
	return name;
}

/* The session that reads by the transport below: there is one at a time. */
static struct text_session *current;

static ssize_t
script_receive(struct fsock *s, void *buf, size_t n)
{
	struct text_session *t = current;

	if (t->way.stutter && !t->stuttered) {
		t->stuttered = 1;
		return fsock__error_set_kind(
		    "read", s->host, s->port, FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	}
	t->stuttered = 0;
	if (t->way.piece != 0 && n > t->way.piece)
		n = t->way.piece;
	if (n > t->left)
		n = t->left;
	memcpy(buf, t->data, n);
	t->data += n;
	t->left -= n;
	return (ssize_t)n;
}

static ssize_t
script_offer(struct fsock *s, const void *buf, size_t n)
{
	return fsock__transport_socket.offer(s, buf, n);
}

static int
script_await_room(struct fsock *s, const char *operation, int64_t until)
{
	return fsock__transport_socket.await_room(s, operation, until);
}

static int
script_close(struct fsock *s)
{
	return fsock__transport_socket.close(s);
}

/* No list has the socket. */
static ssize_t
script_receive_now(struct fsock *s, void *buf, size_t n, int *is_drained)
{
	*is_drained = 0;
	return script_receive(s, buf, n);
}

static const struct fsock__transport_ops transport_script = {
	.receive = script_receive,
	.receive_now = script_receive_now,
	.offer = script_offer,
	.await_room = script_await_room,
	.close = script_close,
};

void
text_open(struct text_session *t, const struct text_way *way, const struct fsock_options *options,
    const char *wire, size_t n)
{
	struct fsock_options all = *options;

	memset(t, 0, sizeof *t);
	t->way = *way;
	all.delivery = way->delivery;
	stdio_link_open(&t->link, STDIO_SOCKETPAIR, &all);
	if (wire != NULL && way->is_socket) {
		t->feeding = 1;
		stdio_feeder_start(
		    &t->feeder, &t->link, wire, n, way->piece == 0 ? n + 1 : way->piece, 1);
	} else if (wire != NULL) {
		t->data = wire;
		t->left = n;
		current = t;
		t->link.s->transport = &transport_script;
	}
	t->in = way->two_way ? fsock_stream(t->link.s) : fsock_input(t->link.s);
	ck_assert_msg(t->in != NULL, "%s", fsock_last_error()->text);
	t->out = way->two_way ? t->in : fsock_output(t->link.s);
	expect(t->out != NULL);
	if (way->window == 1)
		setvbuf(t->in, NULL, _IONBF, 0);
	else if (way->window != 0)
		setvbuf(t->in, t->memory, _IOFBF, way->window);
}

void
text_close(struct text_session *t)
{
	if (t->feeding)
		stdio_feeder_stop(&t->feeder);
	stdio_link_close(&t->link);
}
