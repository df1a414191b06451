/*
 * The network as datagrams: what one read of standard input returns is one of them, and each that
 * comes is written as it is. With a format each is converted for itself.
 */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static ssize_t
not_now(void)
{
	errno = EAGAIN;
	return -1;
}

/* A listener talks to the first who has sent something; with -k, to the last. */
static int
is_from_peer(struct wire *wire, const struct fsock_addr *from)
{
	if (!wire->is_server || fsock_addr_equal(&wire->peer, from))
		return 1;
	if (wire->peer.length != 0 && !wire->keeps_listening)
		return 0;
	wire->peer = *from;
	report_addr("client", from);
	return 1;
}

/* Converts a datagram. Returns how many octets it has become, or -1. */
static ssize_t
convert(struct wire *wire, const void *octets, size_t n, char *buffer, size_t size)
{
	FILE *f = fsock_octets_input(octets, n, wire->format);
	size_t length = 0;
	ssize_t r;

	if (f == NULL)
		return -1;
	do {
		r = text_read(wire, f, buffer + length, size - length);
		length += r > 0 ? (size_t)r : 0;
	} while (r > 0 && !wire->has_failed && length < size);
	fclose(f);
	return r < 0 && length == 0 ? -1 : (ssize_t)length;
}

static ssize_t
datagram_receive(struct wire *wire, void *buffer, size_t size)
{
	static char octets[FSOCK_MAX_DATAGRAM_PACKET_SIZE];
	struct fsock_addr from = { 0 };
	void *to = wire->format != NULL ? octets : buffer;
	size_t room = wire->format != NULL ? sizeof octets : size;
	ssize_t n = fsock_receive(wire->socket, to, room, &from);

	if (n < 0)
		return -1;
	if (!is_from_peer(wire, &from) || n == 0)
		return not_now();
	if ((size_t)n > room)
		n = (ssize_t)room;
	if (wire->format == NULL)
		return n;
	n = convert(wire, octets, (size_t)n, buffer, size);
	return n == 0 ? not_now() : n; /* no text in it */
}

/* Sends octets as one datagram. Returns n or -1. */
static ssize_t
send_one(struct wire *wire, const void *octets, size_t n, size_t length)
{
	const struct fsock_addr *to = wire->is_server ? &wire->peer : NULL;

	return fsock_send(wire->socket, octets, length, to) < 0 ? -1 : (ssize_t)n;
}

static ssize_t
datagram_send(struct wire *wire, const void *octets, size_t n)
{
	FILE *f;
	char *converted = NULL;
	size_t length;
	ssize_t r;

	if (wire->format == NULL)
		return send_one(wire, octets, n, n);
	f = fsock_octets_output(&converted, &length, wire->format);
	if (f == NULL)
		return -1;
	r = text_write(wire, f, octets, n, 1);
	if (fclose(f) < 0 || r < 0)
		return -1;
	r = send_one(wire, converted, n, length);
	free(converted);
	return r;
}

static int
datagram_takes(struct wire *wire)
{
	return !wire->is_server || wire->peer.length != 0;
}

/* Datagrams have no end that could be told. */
static int
datagram_end(struct wire *wire)
{
	(void)wire;
	return 0;
}

const struct wire_ops wire_datagrams = { datagram_receive, datagram_send, datagram_takes,
	datagram_end, 8192 };

int
datagram_open(struct wire *wire, const char *words)
{
	struct fsock_format format;

	wire->ops = &wire_datagrams;
	wire->format = words;
	return words != NULL ? text_prepare(wire, words, &format) : 0;
}
