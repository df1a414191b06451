#include "../../src/base/compat.h"
#include "ways.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LINE "a line\n"

static char block[4 << 20]; /* more than any connection takes that nobody reads from */

int
ways_direction(enum way way)
{
	return way < WAY_WRITE ? FSOCK_INPUT : FSOCK_OUTPUT;
}

static int
is_datagram(enum way way)
{
	return way == WAY_DATAGRAM || way == WAY_DATAGRAMS || way >= WAY_SEND_DATAGRAM;
}

int
ways_has(enum way way, enum sock_transport transport)
{
	if (way >= WAY_SEND_DATAGRAM)
		return transport == SOCK_PAIR;
	return sock_has(transport);
}

/* A listener; for SOCK_PAIR an adopted one that blocks. */
static fsock *
listen_at(enum sock_transport transport, const struct fsock_options *options)
{
	struct fsock_addr addr;
	int fd;
	fsock *s;

	if (transport == SOCK_UNIX)
		return fsock_listen(sock_place("abstract"), 0, options);
	if (transport != SOCK_PAIR)
		return fsock_listen(sock_host(transport), 0, options);
	ck_assert_int_eq(fsock_addr_from_text(&addr, "127.0.0.1", 0), 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, &addr.as.any, addr.length), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	s = fsock_adopt(fd, options);
	return s;
}

/* Two ends that are connected; *peer is a bare descriptor. */
static fsock *
datagram_at(enum sock_transport transport, struct fsock_options options, int *peer)
{
	const char *host =
	    transport == SOCK_PAIR || transport == SOCK_UNIX ? NULL : sock_host(transport);
	struct fsock_addr addr;
	int fds[2];
	fsock *s;

	if (host == NULL) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
		*peer = fds[1];
		return fsock_adopt(fds[0], &options);
	}
	options.local_host = host;
	s = fsock_datagram(NULL, 0, &options);
	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(fsock_local_name(s, &addr), 0);
	*peer = socket(addr.as.any.sa_family, SOCK_DGRAM, 0);
	ck_assert_int_eq(connect(*peer, &addr.as.any, addr.length), 0);
	return s;
}

/* Makes little room, so that a block fills it on every system. */
static void
make_narrow(const struct ways *w)
{
	int size = 16 << 10;

	ck_assert_int_eq(
	    setsockopt(fsock_socket(w->s), SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
	ck_assert_int_eq(setsockopt(w->peer, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
}

static FILE *
file_of(enum way way, fsock *s)
{
	switch (way) {
	case WAY_LINE_TWO_WAY:
	case WAY_WRITE_TWO_WAY:
		return fsock_stream(s);
	case WAY_LINE:
	case WAY_WHOLE_LINE:
	case WAY_RECEIVE_BESIDE:
		return fsock_input(s);
	case WAY_WRITE:
	case WAY_SEND_BESIDE:
		return fsock_output(s);
	default:
		return NULL;
	}
}

void
ways_open(struct ways *w, enum way way, enum sock_transport transport, struct fsock_options options)
{
	*w = (struct ways){ .way = way, .peer = -1 };
	if (way == WAY_WHOLE_LINE)
		options.delivery = FSOCK_DELIVER_WHOLE_LINE;
	if (way == WAY_ACCEPT)
		w->s = listen_at(transport, &options);
	else if (is_datagram(way))
		w->s = datagram_at(transport, options, &w->peer);
	else
		w->s = sock_raw(transport, &options, &w->peer);
	ck_assert_msg(w->s != NULL, "%s", fsock_last_error()->text);
	if (ways_direction(way) == FSOCK_OUTPUT)
		make_narrow(w);
	w->f = file_of(way, w->s);
}

int
ways_close(struct ways *w)
{
	int r;

	if (w->peer >= 0)
		close(w->peer);
	r = fsock_close(w->s);
	return r;
}

void
ways_satisfy(struct ways *w)
{
	static char scrap[65536]; /* a thread may be sending the block */
	struct fsock_addr addr;

	if (w->way == WAY_ACCEPT) {
		ck_assert_int_eq(fsock_local_name(w->s, &addr), 0);
		w->peer = socket(addr.as.any.sa_family, SOCK_STREAM, 0);
		ck_assert_int_eq(connect(w->peer, &addr.as.any, addr.length), 0);
	} else if (ways_direction(w->way) == FSOCK_INPUT) {
		ck_assert_int_eq(send(w->peer, LINE, strlen(LINE), 0), strlen(LINE));
	} else {
		while (recv(w->peer, scrap, sizeof scrap, MSG_DONTWAIT) > 0)
			;
	}
}

/* Each returns 0 or more, or -1. */
static ssize_t
take(struct ways_call *call)
{
	fsock *s = call->ways->s, *served;
	struct fsock_message message = { .data = call->line, .size = sizeof call->line };

	switch (call->ways->way) {
	case WAY_ACCEPT:
		served = fsock_accept(s, NULL);
		if (served == NULL)
			return -1;
		memcpy(call->line, LINE, sizeof LINE);
		return fsock_close(served);
	case WAY_DATAGRAMS:
		return fsock_receive_many(s, &message, 1);
	case WAY_RECEIVE:
	case WAY_RECEIVE_BESIDE:
	case WAY_DATAGRAM:
		return fsock_receive(s, call->line, sizeof call->line, NULL);
	default:
		return fgets(call->line, sizeof call->line, call->ways->f) == NULL ? -1 : 0;
	}
}

/* Datagrams are sent until one has to wait. */
static ssize_t
give(struct ways_call *call)
{
	fsock *s = call->ways->s;
	struct fsock_message message = { .data = block, .size = 1000 };
	ssize_t r = 1;

	switch (call->ways->way) {
	case WAY_SEND_DATAGRAM:
		for (int i = 0; r > 0 && i < 100000; i++)
			r = fsock_send(s, block, 1000, NULL);
		return r;
	case WAY_SEND_DATAGRAMS:
		for (int i = 0; r > 0 && i < 100000; i++)
			r = fsock_send_many(s, &message, 1);
		return r;
	case WAY_SEND:
	case WAY_SEND_BESIDE:
		return fsock_send(s, block, sizeof block, NULL);
	default:
		if (fwrite(block, 1, sizeof block, call->ways->f) < sizeof block)
			return -1;
		return fflush(call->ways->f);
	}
}

void
ways_run(void *arg)
{
	struct ways_call *call = arg;
	ssize_t r;

	memset(call->line, 0, sizeof call->line);
	errno = 0;
	r = ways_direction(call->ways->way) == FSOCK_INPUT ? take(call) : give(call);
	call->error = errno; /* untouched if it worked */
	call->kind = r < 0 ? fsock_last_error()->kind : FSOCK_NO_ERROR;
	if (r < 0 && call->ways->f != NULL)
		clearerr(call->ways->f);
}

void
ways_expect(const struct ways_call *call, enum fsock_error_kind kind, int error)
{
	ck_assert_str_eq(fsock_error_name(call->kind), fsock_error_name(kind));
	ck_assert_int_eq(call->error, error);
	if (error == 0 && ways_direction(call->ways->way) == FSOCK_INPUT)
		ck_assert_str_eq(call->line, LINE);
}
