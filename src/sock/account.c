#include "../base/compat.h"
#include "account.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "../base/error.h"
#include "../net/connecting.h"
#include "../net/told.h"
#include "layer_state.h"

FSOCK__COLD void
fsock__account_moment(_Atomic int64_t *moment)
{
	int64_t none = 0;

	atomic_compare_exchange_strong(moment, &none, fsock__clock_now());
}

int
fsock__account_number(struct fsock *s)
{
	int none = 0;

	if (s->account.number == 0)
		atomic_compare_exchange_strong(&s->account.number, &none, fsock__trace_number());
	return s->account.number;
}

FSOCK__COLD void
fsock__account_trace(
    struct fsock *s, int direction, const void *octets, size_t n, const struct fsock_addr *peer)
{
	char host[FSOCK__TOLD_ADDRESS], text[FSOCK__TOLD_ADDRESS + 64] = "";
	int is_output = direction == FSOCK_OUTPUT;
	struct fsock_trace_event event = { .kind =
					       is_output ? FSOCK_TRACE_SENT : FSOCK_TRACE_RECEIVED,
		.socket = fsock__account_number(s),
		.duration = -1,
		.text = text,
		.octets = octets,
		.count = n };
	int saved = errno;

	if (s->role == FSOCK__DATAGRAM)
		snprintf(text, sizeof text, "datagram of %zu octets", n);
	if (peer != NULL && peer->length > 0)
		snprintf(text, sizeof text, "datagram of %zu octets %s %s", n,
		    is_output ? "to" : "from", fsock__told_address(peer, host));
	errno = saved;
	fsock__trace_event(&event);
}

FSOCK__COLD void
fsock__account_tell(struct fsock *s, enum fsock_trace_kind kind, const char *format, ...)
{
	char text[512];
	int saved = errno;
	va_list arguments;

	if (!fsock__trace_is_on())
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	errno = saved;
	fsock__trace_tell(fsock__account_number(s), kind, FSOCK__TRACE_NONE, "%s", text);
}

/* "accepted from 127.0.0.1 port 80", or what is known of that: "accepted". */
void
fsock__account_open(struct fsock *s, const char *how)
{
	int has_port = s->port > 0 && s->family != AF_UNIX, has_host = s->host[0] != '\0';
	size_t length = has_host || has_port ? strlen(how) : strcspn(how, " ");
	char port[24] = "";

	if (s->role == FSOCK__CONNECTED)
		fsock__account_moment(&s->account.connected);
	if (!fsock__trace_is_on())
		return;
	if (has_port)
		snprintf(port, sizeof port, " port %d", s->port);
	fsock__account_tell(s, FSOCK_TRACE_OPEN, "%.*s%s%s%s", (int)length, how,
	    has_host ? " " : "", s->host, port);
}

void
fsock__account_connected(struct fsock *s, const struct fsock__connecting *c)
{
	struct fsock__account *a = &s->account;

	a->began = c->began;
	a->looked_up = c->looked_up;
	a->connected = c->connected;
	if (c->number > 0)
		a->number = c->number;
}

/* The layers as their text, from the topmost to the first. */
static void
describe(const struct fsock *s, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (const struct fsock_layer *l = s->layers->top; l != NULL; l = l->below) {
		const struct fsock_layer_ops *ops = l->ops;
		char more[200] = "";

		if (ops->size >= sizeof *ops && ops->describe != NULL)
			ops->describe(l, more, sizeof more);
		if (length + 1 < size)
			length += (size_t)snprintf(text + length, size - length, "%s%.64s%s%s",
			    length == 0 ? "" : ", ", ops->name == NULL ? "layer" : ops->name,
			    more[0] == '\0' ? "" : " ", more);
	}
}

void
fsock__account_ready(struct fsock *s)
{
	struct fsock__account *a = &s->account;
	char text[512];
	int64_t began = a->connected != 0 ? a->connected : a->began;

	fsock__account_moment(&a->ready);
	if (!fsock__trace_is_on())
		return;
	describe(s, text, sizeof text);
	fsock__trace_tell(fsock__account_number(s), FSOCK_TRACE_HANDSHAKE, a->ready - began,
	    "handshake: %s", text);
}

void
fsock__account_end(struct fsock *s)
{
	if (fsock__trace_is_on() && !atomic_exchange(&s->account.is_ended, 1))
		fsock__account_tell(s, FSOCK_TRACE_END, "end of input");
}

void
fsock__account_close(struct fsock *s, const char *how)
{
	const struct fsock__account *a = &s->account;

	if (!fsock__trace_is_on())
		return;
	if (s->role == FSOCK__LISTENER)
		fsock__account_tell(s, FSOCK_TRACE_CLOSED, "%s", how);
	else
		fsock__trace_tell(fsock__account_number(s), FSOCK_TRACE_CLOSED,
		    fsock__clock_now() - a->began,
		    "%s: %" PRIu64 " octets received, %" PRIu64 " sent", how, a->octets[0],
		    a->octets[1]);
}

FSOCK__COLD int
fsock__account_fail(struct fsock *s)
{
	if (fsock__trace_is_on())
		fsock__told_failure(fsock__account_number(s));
	return -1;
}

/* Seconds from the beginning to a moment, or -1. */
static double
since(const struct fsock__account *a, int64_t moment)
{
	return moment == 0 ? -1 : (double)(moment - a->began) / 1e9;
}

/* see fsock/trace.h */
int
fsock_statistics(fsock *s, struct fsock_statistics *statistics)
{
	const struct fsock__account *a;
	int is_datagram;

	if (s == NULL || statistics == NULL)
		return fsock__error_set_kind("statistics", NULL, FSOCK__NO_PORT,
		    s == NULL ? FSOCK_INVALID_SOCKET_ERROR : FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	a = &s->account;
	is_datagram = s->role == FSOCK__DATAGRAM;
	*statistics = (struct fsock_statistics){ .octets_received = a->octets[0],
		.octets_sent = a->octets[1],
		.wire_received = a->wire[0],
		.wire_sent = a->wire[1],
		.pieces_received = a->pieces[0],
		.pieces_sent = a->pieces[1],
		.records_received = is_datagram ? a->pieces[0] : a->records[0],
		.records_sent = is_datagram ? a->pieces[1] : a->records[1],
		.age = since(a, fsock__clock_now()),
		.looked_up = since(a, a->looked_up),
		.connected = since(a, a->connected),
		.ready = since(a, s->layers == NULL ? a->connected : a->ready),
		.first_octet = since(a, a->first_octet) };
	return 0;
}
