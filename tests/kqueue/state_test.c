/* What the filters of the emulation of kqueue(2) find. */
#include "../../src/base/compat.h"

#include <unistd.h>

#include "../support/sock_support.h"
#include "calls.h"

static char mark;

/* ---- Descriptors: fds[0] is watched, fds[1] belongs to it. */

static void
pair(int fds[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

static void
tcp(int fds[2])
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL);
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
		.sin_port = htons((in_port_t)fsock_local_port(listener)) };

	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fds[0], (struct sockaddr *)&to, sizeof to), 0);
	fds[1] = accept(fsock_socket(listener), NULL, NULL);
	ck_assert_int_ge(fds[1], 0);
	fsock_close(listener);
}

static void
tcp_with_input(int fds[2])
{
	tcp(fds);
	ck_assert_int_eq(write(fds[1], "abc", 3), 3);
}

static void
tcp_at_end(int fds[2])
{
	tcp(fds);
	shutdown(fds[1], SHUT_WR);
}

static void
tcp_at_end_with_input(int fds[2])
{
	tcp_with_input(fds);
	shutdown(fds[1], SHUT_WR);
}

static void
tcp_ended(int fds[2])
{
	tcp(fds);
	shutdown(fds[0], SHUT_WR);
}

static void
tcp_reset(int fds[2])
{
	tcp(fds);
	setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
	close(fds[1]);
	fds[1] = -1;
}

static void
tcp_unconnected(int fds[2])
{
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
}

/* Refused: fds[1] holds the port. */
static void
refused(int fds[2], int type)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
		.sin_port = htons((in_port_t)sock_dead_port(SOCK_TCP4, &fds[1])) };

	fds[0] = socket(AF_INET, type | SOCK_NONBLOCK, 0);
	connect(fds[0], (struct sockaddr *)&to, sizeof to);
}

static void
tcp_refused(int fds[2])
{
	refused(fds, SOCK_STREAM);
}

static void
udp(int fds[2])
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof to;

	fds[0] = socket(AF_INET, SOCK_DGRAM, 0);
	fds[1] = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(fds[0], (struct sockaddr *)&to, sizeof to), 0);
	ck_assert_int_eq(getsockname(fds[0], (struct sockaddr *)&to, &length), 0);
	ck_assert_int_eq(connect(fds[1], (struct sockaddr *)&to, length), 0);
}

static void
udp_with_input(int fds[2])
{
	udp(fds);
	ck_assert_int_eq(send(fds[1], "abcd", 4, 0), 4);
}

static void
udp_with_nothing(int fds[2])
{
	udp(fds);
	ck_assert_int_eq(send(fds[1], "", 0, 0), 0);
}

static void
udp_refused(int fds[2])
{
	refused(fds, SOCK_DGRAM);
	ck_assert_int_eq(send(fds[0], "x", 1, 0), 1);
}

static void
listener(int fds[2])
{
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(listen(fds[0], 5), 0);
}

static void
listener_with_one(int fds[2])
{
	struct sockaddr_in to;
	socklen_t length = sizeof to;

	listener(fds);
	ck_assert_int_eq(getsockname(fds[0], (struct sockaddr *)&to, &length), 0);
	fds[1] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fds[1], (struct sockaddr *)&to, length), 0);
}

static void
pair_ended(int fds[2])
{
	pair(fds);
	shutdown(fds[0], SHUT_WR);
}

static void
pair_alone(int fds[2])
{
	pair(fds);
	close(fds[1]);
	fds[1] = -1;
}

static void
reader(int fds[2])
{
	ck_assert_int_eq(pipe(fds), 0);
}

static void
reader_with_input(int fds[2])
{
	reader(fds);
	ck_assert_int_eq(write(fds[1], "abc", 3), 3);
}

static void
reader_alone(int fds[2])
{
	reader(fds);
	close(fds[1]);
	fds[1] = -1;
}

static void
writer(int fds[2])
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	fds[0] = ends[1];
	fds[1] = ends[0];
}

static void
writer_alone(int fds[2])
{
	writer(fds);
	close(fds[1]);
	fds[1] = -1;
}

/* There is no event, one, one at the end, one at the end in error. ANY: it is not looked at. */
enum { NONE, EVENT, END, BROKEN, WRONG };
enum { ANY = -1 };

static const struct find {
	const char *what;
	void (*make)(int fds[2]);
	int in, data, out, error;
} finds[] = {
	{ "tcp", tcp, NONE, ANY, EVENT, 0 },
	{ "tcp, octets", tcp_with_input, EVENT, 3, EVENT, 0 },
	{ "tcp, the peer has ended", tcp_at_end, END, 0, EVENT, 0 },
	{ "tcp, octets before the end", tcp_at_end_with_input, END, 3, EVENT, 0 },
	{ "tcp, output has ended", tcp_ended, NONE, ANY, END, 0 },
	{ "tcp, reset", tcp_reset, BROKEN, ANY, BROKEN, ECONNRESET },
	{ "tcp, refused", tcp_refused, BROKEN, ANY, BROKEN, ECONNREFUSED },
	{ "tcp, not connected", tcp_unconnected, NONE, ANY, NONE, 0 },
	{ "udp", udp, NONE, ANY, EVENT, 0 },
	{ "udp, a datagram", udp_with_input, EVENT, 4, EVENT, 0 },
	{ "udp, an empty datagram", udp_with_nothing, EVENT, 0, EVENT, 0 },
	{ "udp, refused", udp_refused, EVENT, 0, EVENT, ECONNREFUSED },
	{ "listener", listener, NONE, ANY, NONE, 0 },
	{ "listener, one waits", listener_with_one, EVENT, 1, NONE, 0 },
	{ "pair", pair, NONE, ANY, EVENT, 0 },
	{ "pair, output has ended", pair_ended, NONE, ANY, END, 0 },
	{ "pair, the peer has gone", pair_alone, END, 0, END, 0 },
	{ "pipe, reader", reader, NONE, ANY, ANY, 0 },
	{ "pipe, reader, octets", reader_with_input, EVENT, 3, ANY, 0 },
	{ "pipe, reader, no writer", reader_alone, END, ANY, ANY, 0 },
	{ "pipe, writer", writer, ANY, ANY, EVENT, 0 },
	{ "pipe, writer, no reader", writer_alone, ANY, ANY, END, 0 },
};

static int
kind_of(const struct kevent *event)
{
	if (!(event->flags & EV_EOF))
		return event->fflags == 0 ? EVENT : WRONG;
	return event->fflags == 0 ? END : BROKEN;
}

/* Whether a look finds what the row says: what comes by the loopback need not be there at once. */
static int
is_found(int q, const struct find *row)
{
	struct kevent events[3];
	int in = NONE, out = NONE, data = ANY, n = collect(q, events, 3);

	for (int i = 0; i < n; i++) {
		ck_assert_ptr_eq(events[i].udata, &mark);
		if (events[i].filter == EVFILT_WRITE) {
			out = kind_of(&events[i]);
			continue;
		}
		in = kind_of(&events[i]);
		data = (int)events[i].data;
	}
	return in == (row->in == ANY ? NONE : row->in) &&
	       out == (row->out == ANY ? NONE : row->out) &&
	       (row->data == ANY || data == row->data);
}

START_TEST(found)
{
	const struct find *row = &finds[_i];
	int fds[2] = { -1, -1 }, q = kqueue(), error = 0;
	socklen_t length = sizeof error;
	double start = sock_now();

	row->make(fds);
	if (row->in != ANY)
		ck_assert_int_eq(change(q, fds[0], EVFILT_READ, EV_ADD, &mark), 0);
	if (row->out != ANY)
		ck_assert_int_eq(change(q, fds[0], EVFILT_WRITE, EV_ADD, &mark), 0);
	while (!is_found(q, row))
		ck_assert_msg(sock_now() - start < SOCK_PATIENCE, "%s", row->what);
	ck_assert_msg(is_found(q, row), "%s, again", row->what);
	if (getsockopt(fds[0], SOL_SOCKET, SO_ERROR, &error, &length) == 0)
		ck_assert_int_eq(error, row->error);
	close(fds[0]);
	if (fds[1] >= 0)
		close(fds[1]);
	close(q);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("kqueue state");
	TCase *tcase = tcase_create("kqueue state");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, found, 0, COUNT(finds));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
