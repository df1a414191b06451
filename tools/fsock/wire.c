/*
 * The network as octets: they pass as they are. text.c and datagram.c have the other kinds.
 */
#include "command.h"

#include <errno.h>

/* Without a FILE the library queues nothing: it takes what the system takes. */
static ssize_t
octets_receive(struct wire *wire, void *buffer, size_t size)
{
	return fsock_receive(wire->socket, buffer, size, NULL);
}

static ssize_t
octets_send(struct wire *wire, const void *octets, size_t n)
{
	return fsock_send(wire->socket, octets, n, NULL);
}

static int
octets_takes(struct wire *wire)
{
	(void)wire;
	return 1;
}

int
wire_shut_down(struct wire *wire)
{
	/* Without a connection there is nobody to be told: how it has ended is met by reading. */
	return fsock_shutdown(wire->socket, FSOCK_OUTPUT) < 0 && errno != ENOTCONN ? -1 : 0;
}

static int
octets_end(struct wire *wire)
{
	return wire->keeps_output ? 0 : wire_shut_down(wire);
}

const struct wire_ops wire_octets = { octets_receive, octets_send, octets_takes, octets_end,
	FLOW_SIZE };

int
wire_open(struct wire *wire, fsock *s, const struct settings *settings)
{
	*wire = (struct wire){ .socket = s,
		.keeps_output = settings->keeps_output,
		.is_server = settings->listens,
		.keeps_listening = settings->keeps_listening };
	if (fsock_set_nonblocking(s, 1) < 0)
		return -1;
	if (settings->is_datagram)
		return datagram_open(wire, settings->format);
	if (settings->format != NULL)
		return text_open(wire, settings->format);
	wire->ops = &wire_octets;
	return 0;
}
