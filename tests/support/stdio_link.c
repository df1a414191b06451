#include "../../src/base/compat.h"
#include "stdio_link.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <arpa/inet.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "layered.h"
#include "sock_support.h"
#include "unblocked.h"

const char *const stdio_transport_names[STDIO_TRANSPORTS] = { "socketpair", "TCP over IPv4",
	"TCP over IPv6", "Unix-domain path" };

const struct stdio_listener *stdio_link_listener;

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

/* Fills in the address to bind to. Returns its length. */
static socklen_t
make_address(union address *a, enum stdio_transport transport)
{
	char directory[] = "/tmp/fsock-stdio-XXXXXX";

	memset(a, 0, sizeof *a);
	switch (transport) {
	case STDIO_TCP4:
		a->in.sin_family = AF_INET;
		a->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return sizeof a->in;
	case STDIO_TCP6:
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_addr = in6addr_loopback;
		return sizeof a->in6;
	default:
		expect(mkdtemp(directory) != NULL);
		a->un.sun_family = AF_UNIX;
		snprintf(a->un.sun_path, sizeof a->un.sun_path, "%s/s", directory);
		return sizeof a->un;
	}
}

void
stdio_listener_open(struct stdio_listener *l, enum stdio_transport transport)
{
	union address a;
	socklen_t length = make_address(&a, transport);

	l->fd = socket(a.any.sa_family, SOCK_STREAM, 0);
	expect(l->fd >= 0);
	expect_int(bind(l->fd, &a.any, length), 0);
	expect_int(listen(l->fd, 16), 0);
	expect_int(getsockname(l->fd, &a.any, &length), 0);
	l->port = 0;
	if (a.any.sa_family == AF_UNIX) {
		snprintf(l->host, sizeof l->host, "%.50s", a.un.sun_path);
	} else if (a.any.sa_family == AF_INET) {
		strcpy(l->host, "127.0.0.1");
		l->port = ntohs(a.in.sin_port);
	} else {
		strcpy(l->host, "::1");
		l->port = ntohs(a.in6.sin6_port);
	}
}

void
stdio_listener_close(struct stdio_listener *l)
{
	close(l->fd);
	if (l->host[0] != '/')
		return;
	expect_int(unlink(l->host), 0);
	*strrchr(l->host, '/') = '\0';
	expect_int(rmdir(l->host), 0);
}

/* A test that waits for what does not come fails, instead of being killed. */
static void
guard(int fd)
{
	struct timeval limit = { 20, 0 };

	expect_int(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
	expect_int(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit), 0);
}

int
stdio_listener_accept(const struct stdio_listener *l)
{
	int fd = accept(l->fd, NULL, NULL);

	expect(fd >= 0);
	guard(fd);
	return fd;
}

static void
open_socketpair(struct stdio_link *link, const struct fsock_options *options)
{
	int fds[2];

	expect_int(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	link->s = fsock_adopt(fds[0], options);
	link->far = fds[1];
	guard(link->far);
}

void
stdio_link_open(
    struct stdio_link *link, enum stdio_transport transport, const struct fsock_options *options)
{
	struct stdio_listener l;

	link->transport = transport;
	link->where[0] = '\0';
	if (transport == STDIO_SOCKETPAIR) {
		open_socketpair(link, options);
		expect(link->s != NULL);
		layered_make(link->s);
		unblocked_make(link->s);
		return;
	}
	if (stdio_link_listener != NULL)
		l = *stdio_link_listener;
	else
		stdio_listener_open(&l, transport);
	link->s = fsock_connect(l.host, l.port, options);
	ck_assert_msg(link->s != NULL, "%s", fsock_last_error()->text);
	link->far = stdio_listener_accept(&l);
	layered_make(link->s);
	unblocked_make(link->s);
	if (l.port > 0)
		snprintf(link->where, sizeof link->where, "%s port %d", l.host, l.port);
	else
		snprintf(link->where, sizeof link->where, "%s", l.host);
	if (stdio_link_listener == NULL)
		stdio_listener_close(&l);
}

void
stdio_link_narrow(const struct stdio_link *link)
{
	int little = 16384;

	expect_int(
	    setsockopt(fsock_socket(link->s), SOL_SOCKET, SO_SNDBUF, &little, sizeof little), 0);
	expect_int(setsockopt(link->far, SOL_SOCKET, SO_RCVBUF, &little, sizeof little), 0);
}

void
stdio_far_says_all(const struct stdio_link *link)
{
	if (link->far >= 0)
		shutdown(link->far, SHUT_WR);
}

FILE *
stdio_link_input(const struct stdio_link *link, int two_way)
{
	FILE *f = two_way ? fsock_stream(link->s) : fsock_input(link->s);

	ck_assert_ptr_nonnull(f);
	return f;
}

void
stdio_link_close(struct stdio_link *link)
{
	stdio_far_says_all(link);
	fsock_close(link->s);
	if (link->far >= 0)
		close(link->far);
}

void
stdio_far_send(const struct stdio_link *link, const void *data, size_t n)
{
	const char *p = data;

	while (n > 0) {
		ssize_t r = send(link->far, p, n, FSOCK__MSG_NOSIGNAL);

		ck_assert_msg(r > 0, "%s: %zu octets cannot be sent: %s",
		    stdio_transport_names[link->transport], n, strerror(errno));
		p += r;
		n -= (size_t)r;
	}
}

void
stdio_far_puts(const struct stdio_link *link, const char *text)
{
	stdio_far_send(link, text, strlen(text));
}

void
stdio_far_expect(const struct stdio_link *link, const void *data, size_t n)
{
	const char *expected = data;
	char got[4096];

	while (n > 0) {
		ssize_t r = recv(link->far, got, n < sizeof got ? n : sizeof got, 0);

		ck_assert_msg(r > 0, "%s: %zu octets are missing: %s",
		    stdio_transport_names[link->transport], n,
		    r == 0 ? "end of file" : strerror(errno));
		ck_assert_mem_eq(got, expected, (size_t)r);
		expected += r;
		n -= (size_t)r;
	}
}

void
stdio_far_expect_text(const struct stdio_link *link, const char *text)
{
	stdio_far_expect(link, text, strlen(text));
}

void
stdio_far_expect_nothing(const struct stdio_link *link)
{
	char c;

	expect_int(recv(link->far, &c, 1, MSG_DONTWAIT), -1);
	expect(errno == EAGAIN || errno == EWOULDBLOCK);
}

void
stdio_far_expect_end(const struct stdio_link *link)
{
	char c;

	expect_int(recv(link->far, &c, 1, 0), 0);
}

void
stdio_far_end(const struct stdio_link *link)
{
	expect_int(shutdown(link->far, SHUT_WR), 0);
}

void
stdio_far_close(struct stdio_link *link)
{
	expect_int(close(link->far), 0);
	link->far = -1;
}

/* TCP resets on request; a Unix-domain socket when something it was sent is still unread. */
void
stdio_far_reset(struct stdio_link *link)
{
	struct linger linger = { 1, 0 };
	int is_tcp = link->transport == STDIO_TCP4 || link->transport == STDIO_TCP6;

	if (is_tcp)
		expect_int(setsockopt(link->far, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
	else
		expect_int(send(fsock_socket(link->s), "?", 1, FSOCK__MSG_NOSIGNAL), 1);
	stdio_far_close(link);
	sock_await(fsock_socket(link->s), 0);
}

/* The word between an operation and the peer. */
static const char *
preposition(const char *operation)
{
	return strcmp(operation, "read") == 0    ? "from"
	       : strcmp(operation, "write") == 0 ? "to"
						 : "of";
}

void
stdio_expect_error(const struct stdio_link *link, const char *operation, enum fsock_error_kind kind,
    int errnum, const char *cause)
{
	const struct fsock_error *e = fsock_last_error();
	char text[512];

	if (link->where[0] == '\0')
		snprintf(text, sizeof text, "%s: %s", operation, cause);
	else
		snprintf(text, sizeof text, "%s %s %s: %s", operation, preposition(operation),
		    link->where, cause);
	ck_assert_str_eq(fsock_error_name(e->kind), fsock_error_name(kind));
	expect_int(e->errnum, errnum);
	expect_int(e->eai, 0);
	ck_assert_str_eq(e->operation, operation);
	ck_assert_str_eq(e->text, text);
}

static void *
feed(void *arg)
{
	struct stdio_feeder *f = arg;
	size_t done = 0;

	while (done < f->n) {
		size_t n = f->n - done < f->piece ? f->n - done : f->piece;
		int unread = 0;

		while (!f->stop && ioctl(f->near, FIONREAD, &unread) == 0 && unread > 0)
			sched_yield();
		if (f->stop || send(f->link->far, f->data + done, n, FSOCK__MSG_NOSIGNAL) < 0)
			return NULL;
		done += n;
	}
	if (f->end)
		shutdown(f->link->far, SHUT_WR);
	return NULL;
}

void
stdio_feeder_start(struct stdio_feeder *f, const struct stdio_link *link, const char *data,
    size_t n, size_t piece, int end)
{
	f->link = link;
	f->near = fsock_socket(link->s);
	f->data = data;
	f->n = n;
	f->piece = piece;
	f->end = end;
	f->stop = 0;
	expect_int(pthread_create(&f->thread, NULL, feed, f), 0);
}

void
stdio_feeder_join(struct stdio_feeder *f)
{
	expect_int(pthread_join(f->thread, NULL), 0);
}

void
stdio_feeder_stop(struct stdio_feeder *f)
{
	f->stop = 1;
	stdio_feeder_join(f);
}
