/* Adopting descriptors from elsewhere: what they are, whose they are, non-blocking ones. */
#include "../../src/base/compat.h"

#include <netinet/in.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "../support/sock_support.h"

/* Makers of descriptors; what else they open goes to *other, or -1. */
static int
bare(int family, int type, int *other)
{
	*other = -1;
	return socket(family, type, 0);
}

static int
make_pair(int *other)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	*other = fds[1];
	return fds[0];
}

static int
make_tcp(int *other)
{
	fsock *s = sock_raw(SOCK_TCP4, NULL, other);

	return fsock_release(s, NULL, 0, NULL);
}

static int
make_unconnected(int *other)
{
	return bare(AF_INET, SOCK_STREAM, other);
}

static int
make_listener(int *other)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int fd = bare(AF_INET, SOCK_STREAM, other);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	return fd;
}

static int
make_datagram(int *other)
{
	return bare(AF_INET, SOCK_DGRAM, other);
}

static int
make_unix_datagram(int *other)
{
	return bare(AF_UNIX, SOCK_DGRAM, other);
}

static const struct kind {
	int (*make)(int *other);
	char is; /* 's'tream, 'l'istener, 'd'atagram */
} kinds[] = {
	{ make_pair, 's' },
	{ make_tcp, 's' },
	{ make_unconnected, 's' },
	{ make_listener, 'l' },
	{ make_datagram, 'd' },
	{ make_unix_datagram, 'd' },
};

START_TEST(found_out)
{
	const struct kind *row = &kinds[_i];
	int other, fd, fds;
	fsock *s;

	fd = row->make(&other);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_SETFD, 0), 0);
	fds = sock_open_fds();
	errno = EDOM;
	s = fsock_adopt(fd, NULL);
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_int_eq(fsock_socket(s), fd);
	ck_assert_int_eq(fsock_is_stream(s), row->is == 's');
	ck_assert_int_eq(fsock_is_listener(s), row->is == 'l');
	ck_assert_int_eq(fsock_is_datagram(s), row->is == 'd');
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	if (row->is == 's') {
		ck_assert_ptr_nonnull(fsock_stream(s));
		ck_assert_int_eq(fsock_fileno(fsock_stream(s)), fd);
	} else {
		ck_assert_ptr_null(fsock_stream(s));
		sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	}
	ck_assert_int_eq(fsock_close(s), 0);
	ck_assert_int_eq(sock_open_fds(), fds - 1);
	if (other >= 0)
		close(other);
}
END_TEST

/* What is no socket stays with the caller. */
static int
make_pipe(int *other)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	*other = fds[1];
	return fds[0];
}

static int
make_device(int *other)
{
	*other = -1;
	return open("/dev/null", O_RDWR);
}

static int
make_nothing(int *other)
{
	*other = -1;
	return -1;
}

static int
make_closed(int *other)
{
	int fd = make_device(other);

	close(fd);
	return fd;
}

/* Records, which would run together in a stream. */
static int
make_records(int *other)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	*other = fds[1];
	return fds[0];
}

static const struct bad {
	int (*make)(int *other);
	int errnum;
	enum fsock_error_kind kind;
	const char *words; /* NULL: the system's */
} bads[] = {
	{ make_records, ESOCKTNOSUPPORT, FSOCK_SOCKET_TYPE_NOT_SUPPORTED_ERROR,
	    "SOCK_SEQPACKET: neither a stream nor datagrams" },
	{ make_pipe, ENOTSOCK, FSOCK_INVALID_SOCKET_ERROR, NULL },
	{ make_device, ENOTSOCK, FSOCK_INVALID_SOCKET_ERROR, NULL },
	{ make_nothing, EBADF, FSOCK_BAD_FILE_DESCRIPTOR_ERROR, NULL },
	{ make_closed, EBADF, FSOCK_BAD_FILE_DESCRIPTOR_ERROR, NULL },
};

START_TEST(refused)
{
	const struct bad *row = &bads[_i];
	int other, fd = row->make(&other), fds = sock_open_fds();
	int flags = fcntl(fd, F_GETFD);

	ck_assert_ptr_null(fsock_adopt(fd, NULL));
	sock_assert_failed(row->kind, row->errnum, "adopt: %s",
	    row->words != NULL ? row->words : strerror(row->errnum));
	ck_assert_int_eq(sock_open_fds(), fds);
	ck_assert_int_eq(fcntl(fd, F_GETFD), flags);
	if (row->errnum != EBADF)
		close(fd);
	if (other >= 0)
		close(other);
}
END_TEST

START_TEST(named_in_errors)
{
	int other, fd = make_tcp(&other);
	fsock *s = fsock_adopt(fd, &(struct fsock_options){ .read_timeout = 0.01 });

	ck_assert_int_eq(fgetc(fsock_input(s)), EOF);
	sock_assert_failed(FSOCK_TIMEOUT_ERROR, ETIMEDOUT, "read from 127.0.0.1 port %d: Timed out",
	    fsock_peer_port(s));
	fsock_close(s);
	close(other);
}
END_TEST

START_TEST(unconnected)
{
	int other;
	fsock *s = fsock_adopt(make_unconnected(&other), NULL);

	ck_assert_int_eq(fgetc(fsock_input(s)), EOF);
	sock_assert_error(FSOCK_NOT_CONNECTED_ERROR, ENOTCONN);
	ck_assert_int_eq(fsock_close(s), 0);
}
END_TEST

/* A program started by inetd: the connection is its standard input. */
static int
serve_standard_input(void *fd)
{
	char line[64];
	fsock *s;
	FILE *f;

	SOCK_EXPECT(dup2(*(int *)fd, 0) == 0);
	close(*(int *)fd);
	s = fsock_adopt(0, NULL);
	SOCK_EXPECT(s != NULL && fsock_socket(s) == 0);
	f = fsock_stream(s);
	SOCK_EXPECT(f != NULL && fsock_fileno(f) == 0);
	SOCK_EXPECT(fgets(line, sizeof line, f) != NULL);
	SOCK_EXPECT(fprintf(f, "hello, %s", line) > 0);
	SOCK_EXPECT(fsock_close(s) == 0);
	SOCK_EXPECT(fcntl(0, F_GETFD) < 0);
	return 0;
}

START_TEST(started_by_inetd)
{
	char text[64] = "";
	fsock *s;
	int peer;

	if (!sock_has((enum sock_transport)_i))
		return;
	s = sock_raw((enum sock_transport)_i, NULL, &peer);
	ck_assert_int_eq(write(peer, "world\n", 6), 6);
	ck_assert_int_eq(sock_child(serve_standard_input, &(int){ fsock_socket(s) }), 0);
	fsock_close(s);
	ck_assert_int_eq(sock_read_all(peer, text, sizeof text), 13);
	ck_assert_str_eq(text, "hello, world\n");
	close(peer);
}
END_TEST

/* A program started by systemd or by inetd's "wait": the listener is a descriptor it finds open. */
static int
serve_one(void *fd)
{
	fsock *listener, *s;

	SOCK_EXPECT(dup2(*(int *)fd, 3) == 3);
	listener = fsock_adopt(3, NULL);
	SOCK_EXPECT(listener != NULL && fsock_is_listener(listener));
	s = fsock_accept(listener, &(struct fsock_options){ .timeout = 20 });
	SOCK_EXPECT(s != NULL);
	SOCK_EXPECT(fputs("served\n", fsock_output(s)) >= 0);
	SOCK_EXPECT(fsock_close(s) == 0);
	return fsock_close(listener);
}

START_TEST(listener_found_open)
{
	int other, fd = make_listener(&other);
	fsock *listener = fsock_adopt(fd, NULL), *client;
	char line[16];

	client = fsock_connect("127.0.0.1", fsock_local_port(listener), NULL);
	ck_assert_ptr_nonnull(client);
	ck_assert_int_eq(sock_child(serve_one, &fd), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_input(client)));
	ck_assert_str_eq(line, "served\n");
	fsock_close(client);
	fsock_close(listener);
}
END_TEST

/* Listeners accept the same, blocking or not, with a limit and without. */
static void
accept_later(void *arg)
{
	void **args = arg;

	args[1] = fsock_accept(args[0], args[2]);
}

START_TEST(listener_blocking_or_not)
{
	struct fsock_options sixty = { .timeout = 60 };
	struct sock_thread thread;
	int other, fd = make_listener(&other);
	void *args[3] = { NULL, NULL, _i & 2 ? &sixty : NULL };
	fsock *listener, *client;

	ck_assert_int_eq(fcntl(fd, F_SETFL, _i & 1 ? O_NONBLOCK : 0), 0);
	args[0] = listener = fsock_adopt(fd, NULL);
	ck_assert_ptr_null(fsock_accept(listener, &(struct fsock_options){ .timeout = 0.02 }));
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	sock_thread_start(&thread, accept_later, args);
	sock_thread_await_blocked(&thread);
	client = fsock_connect("127.0.0.1", fsock_local_port(listener), NULL);
	ck_assert_ptr_nonnull(client);
	sock_thread_join(&thread);
	ck_assert_ptr_nonnull(args[1]);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, _i & 1 ? O_NONBLOCK : 0);
	fsock_close(args[1]);
	fsock_close(client);
	ck_assert_int_eq(fsock_release(listener, NULL, 0, NULL), fd);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, _i & 1 ? O_NONBLOCK : 0);
	close(fd);
}
END_TEST

/* A non-blocking connection, handed out as a socket with these limits. */
static fsock *
adopt_nonblocking(int *peer, const struct fsock_options *options)
{
	int fd = make_pair(peer);
	fsock *s;

	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	s = fsock_adopt(fd, options);
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	return s;
}

static const struct limit {
	struct fsock_options options;
	enum fsock_error_kind kind;
} limits[] = {
	{ { .timeout = 0.05 }, FSOCK_TIMEOUT_ERROR },
	{ { .deadline = 0.05 }, FSOCK_DEADLINE_TIMEOUT_ERROR },
	{ { .timeout = 0.05, .deadline = 60 }, FSOCK_TIMEOUT_ERROR },
};

START_TEST(nonblocking_with_limit)
{
	static char block[1 << 20];
	double start = sock_now(); /* a deadline counts from the socket's birth */
	int peer;
	fsock *s = adopt_nonblocking(&peer, &limits[_i].options);

	if (limits[_i].kind == FSOCK_TIMEOUT_ERROR)
		start = sock_now();
	ck_assert_int_eq(fgetc(fsock_input(s)), EOF);
	sock_assert_error(limits[_i].kind, ETIMEDOUT);
	sock_assert_took(start, 0.05);
	start = sock_now();
	ck_assert_uint_lt(fwrite(block, 1, sizeof block, fsock_output(s)), sizeof block);
	sock_assert_error(limits[_i].kind, ETIMEDOUT);
	if (limits[_i].kind == FSOCK_TIMEOUT_ERROR)
		sock_assert_took(start, 0.05);
	ck_assert_int_eq(fcntl(fsock_socket(s), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	ck_assert_int_eq(fsock_close(s), -1);
	close(peer);
}
END_TEST

/* Reads all there is until the end of file, then sends it back. */
struct mirror {
	int fd;
	size_t n;
	char data[1 << 20];
};

static void
reflect(void *arg)
{
	struct mirror *m = arg;
	struct pollfd p = { .fd = m->fd, .events = POLLIN };

	poll(&p, 1, -1); /* the other end is blocked by then, as often as not */
	m->n = (size_t)sock_read_all(m->fd, m->data, sizeof m->data);
	for (size_t sent = 0; sent < m->n;) {
		ssize_t r = write(m->fd, m->data + sent, m->n - sent);

		if (r <= 0)
			break;
		sent += (size_t)r;
	}
	shutdown(m->fd, SHUT_WR);
}

START_TEST(nonblocking_without_limit)
{
	static struct mirror mirror;
	static char sent[1000000], got[1000000];
	struct sock_thread thread;
	fsock *s = adopt_nonblocking(&mirror.fd, NULL);
	FILE *in = fsock_input(s), *out = fsock_output(s);

	for (size_t i = 0; i < sizeof sent; i++)
		sent[i] = (char)(i * 7 + i / 251);
	sock_thread_start(&thread, reflect, &mirror);
	sock_thread_await_blocked(&thread);
	ck_assert_uint_eq(fwrite(sent, 1, sizeof sent, out), sizeof sent);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_uint_eq(fread(got, 1, sizeof got, in), sizeof got);
	ck_assert_int_eq(fgetc(in), EOF);
	ck_assert_int_eq(ferror(in), 0);
	sock_thread_join(&thread);
	ck_assert_uint_eq(mirror.n, sizeof sent);
	ck_assert_int_eq(memcmp(sent, got, sizeof got), 0);
	ck_assert_int_eq(fsock_close(s), 0);
	close(mirror.fd);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("adopt");
	TCase *tcase = tcase_create("adopt");

	tcase_add_loop_test(tcase, found_out, 0, COUNT(kinds));
	tcase_add_loop_test(tcase, refused, 0, COUNT(bads));
	tcase_add_test(tcase, named_in_errors);
	tcase_add_test(tcase, unconnected);
	tcase_add_loop_test(tcase, started_by_inetd, 0, SOCK_TRANSPORTS);
	tcase_add_test(tcase, listener_found_open);
	tcase_add_loop_test(tcase, listener_blocking_or_not, 0, 4);
	tcase_add_loop_test(tcase, nonblocking_with_limit, 0, COUNT(limits));
	tcase_add_test(tcase, nonblocking_without_limit);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
