/* Connecting to who does not answer: the limits hold, and which one ran out is told. */
#include "../../src/base/compat.h"

#include <sys/time.h>

#include <unistd.h>

#include "../support/sock_support.h"

#define IN 0.05 /* seconds a limit that runs out is set to */

static const struct limit {
	struct fsock_options options;
	enum fsock_error_kind kind;
} limits[] = {
	{ { .timeout = IN }, FSOCK_TIMEOUT_ERROR },
	{ { .connect_timeout = IN, .timeout = 60 }, FSOCK_TIMEOUT_ERROR },
	{ { .deadline = IN }, FSOCK_DEADLINE_TIMEOUT_ERROR },
	{ { .connect_timeout = IN, .deadline = 60 }, FSOCK_TIMEOUT_ERROR },
	{ { .timeout = 60, .deadline = IN }, FSOCK_DEADLINE_TIMEOUT_ERROR },
	{ { .read_timeout = 60, .write_timeout = 60, .timeout = IN }, FSOCK_TIMEOUT_ERROR },
};

static const char *
words(enum fsock_error_kind kind)
{
	return kind == FSOCK_TIMEOUT_ERROR ? "Timed out" : "Deadline passed";
}

/* A host on which connections have to wait. */
static int
full_host(enum sock_transport transport, const char **host, int fds[SOCK_FULL])
{
	*host = transport == SOCK_UNIX ? sock_path("full") : sock_host(transport);
	return sock_full(*host, 0, fds);
}

static const enum sock_transport transports[] = { SOCK_TCP4, SOCK_TCP6, SOCK_UNIX };

/* Every limit over every transport, in one number. */
#define LIMIT(i)     (&limits[(i) % COUNT(limits)])
#define TRANSPORT(i) (transports[(i) / COUNT(limits)])

START_TEST(backlog_full)
{
	const struct limit *row = LIMIT(_i);
	int full[SOCK_FULL], port, fds;
	const char *host;
	double start;

	if (!sock_has(TRANSPORT(_i)))
		return;
	port = full_host(TRANSPORT(_i), &host, full);
	fds = sock_open_fds();
	start = sock_now();
	ck_assert_ptr_null(fsock_connect(host, port, &row->options));
	sock_assert_error(row->kind, ETIMEDOUT);
	sock_assert_took(start, IN);
	if (port == 0)
		sock_assert_failed(
		    row->kind, ETIMEDOUT, "connect to %s: %s", host, words(row->kind));
	else
		sock_assert_failed(row->kind, ETIMEDOUT, "connect to %s port %d: %s", host, port,
		    words(row->kind));
	ck_assert_int_eq(sock_open_fds(), fds);
	sock_full_free(full);
}
END_TEST

/*
 * A limit shorter than any clock's tick has passed when it is first looked at, and is no error
 * else.
 */
START_TEST(hardly_any_time)
{
	int full[SOCK_FULL], port;
	const char *host;

	if (!sock_has(transports[_i]))
		return;
	port = full_host(transports[_i], &host, full);
	ck_assert_ptr_null(fsock_connect(host, port, &(struct fsock_options){ .timeout = 1e-9 }));
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	ck_assert_ptr_null(fsock_connect(host, port, &(struct fsock_options){ .deadline = 1e-9 }));
	sock_assert_error(FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
	sock_full_free(full);
}
END_TEST

START_TEST(signals_neither_cut_nor_stretch)
{
	int full[SOCK_FULL], port;
	const char *host;
	double start;
	fsock *s;

	if (!sock_has(TRANSPORT(_i)))
		return;
	port = full_host(TRANSPORT(_i), &host, full);
	sock_storm_begin();
	start = sock_now();
	s = fsock_connect(host, port, &LIMIT(_i)->options);
	sock_storm_end();
	ck_assert_ptr_null(s);
	ck_assert_str_eq(
	    fsock_error_name(fsock_last_error()->kind), fsock_error_name(LIMIT(_i)->kind));
	sock_assert_took(start, IN);
	sock_full_free(full);
}
END_TEST

/* Accepts what fills the backlog of the listener that is the argument. */
static void
make_room(void *arg)
{
	close(accept(*(int *)arg, NULL, NULL));
}

struct late {
	const char *host;
	int port;
	const struct fsock_options *options;
	fsock *s;
};

static void
connect_late(void *arg)
{
	struct late *late = arg;

	late->s = fsock_connect(late->host, late->port, late->options);
}

/*
 * Room is made while somebody waits: the connection comes about, with all its limits as they were.
 */
START_TEST(room_in_time)
{
	static const struct fsock_options options[] = { { .timeout = 0 }, { .timeout = 60 },
		{ .deadline = 60 }, { .connect_timeout = 60 } };
	struct late late = { .options = &options[_i] };
	struct sock_thread thread;
	int full[SOCK_FULL];
	struct timeval limit = { 9, 9 };
	socklen_t length = sizeof limit;

	late.port = full_host(SOCK_UNIX, &late.host, full);
	sock_thread_start(&thread, connect_late, &late);
	sock_thread_await_blocked(&thread);
	make_room(&full[0]);
	sock_thread_join(&thread);
	ck_assert_ptr_nonnull(late.s);
	ck_assert_int_eq(
	    getsockopt(fsock_socket(late.s), SOL_SOCKET, SO_SNDTIMEO, &limit, &length), 0);
	ck_assert_int_eq(limit.tv_sec, options[_i].timeout == 60 ? 60 : 0);
	ck_assert_int_eq(limit.tv_usec, 0);
	fsock_close(late.s);
	sock_full_free(full);
}
END_TEST

/* A thread that waits to be connected can be cancelled, and leaves nothing behind. */
START_TEST(cancelled)
{
	struct late late = { .options = NULL };
	struct sock_thread thread;
	int full[SOCK_FULL], fds;

	if (!sock_has(transports[_i]))
		return;
	late.port = full_host(transports[_i], &late.host, full);
	fds = sock_open_fds();
	sock_thread_start(&thread, connect_late, &late);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(pthread_cancel(thread.thread), 0);
	sock_thread_join(&thread);
	ck_assert_ptr_null(late.s);
	ck_assert_int_eq(sock_open_fds(), fds);
	sock_full_free(full);
}
END_TEST

#if defined(__linux__)

#include <sys/ioctl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <fcntl.h>
#include <sched.h>

/* From <linux/if_tun.h>, which is not there for every libc. */
#define TUNSETIFF _IOW('T', 202, int)
#define IFF_TUN   0x0001
#define IFF_NO_PI 0x1000

/*
 * In a child, a network of its own with nothing but a loopback interface: 1, or 0 without the
 * right.
 */
static int
enter_empty_network(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd, r;

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		fprintf(stderr, "passed over: no right to make a network name space\n");
		return 0;
	}
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	request.ifr_flags = IFF_UP;
	r = ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
	return r == 0;
}

static int
go_nowhere(void *arg)
{
	double start = sock_now();
	fsock *listener;

	(void)arg;
	if (!enter_empty_network())
		return 0;
	SOCK_EXPECT(
	    fsock_connect("192.0.2.1", 80, &(struct fsock_options){ .timeout = 60 }) == NULL);
	SOCK_EXPECT(errno == ENETUNREACH);
	SOCK_EXPECT(fsock_last_error()->kind == FSOCK_NETWORK_UNREACHABLE_ERROR);
	SOCK_EXPECT(fsock_connect("2001:db8::1", 80, NULL) == NULL);
	SOCK_EXPECT(errno == ENETUNREACH);
	SOCK_EXPECT(sock_now() - start < 10);
	listener = fsock_listen(NULL, 0, NULL);
	SOCK_EXPECT(listener != NULL);
	SOCK_EXPECT(fsock_close(fsock_connect("127.0.0.1", fsock_local_port(listener), NULL)) == 0);
	return fsock_close(listener);
}

START_TEST(no_way_there)
{
	ck_assert_int_eq(sock_child(go_nowhere, NULL), 0);
}
END_TEST

/*
 * An interface 192.0.2.1/24 whose other side is a descriptor that nobody reads: a silent network.
 */
static int
open_silent_network(void)
{
	struct ifreq request = { .ifr_name = "silent", .ifr_flags = IFF_TUN | IFF_NO_PI };
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC), fd = socket(AF_INET, SOCK_DGRAM, 0);
	int ok = tun >= 0 && fd >= 0 && ioctl(tun, TUNSETIFF, &request) == 0;

	addr.sin_addr.s_addr = htonl(0xc0000201);
	memcpy(&request.ifr_addr, &addr, sizeof addr);
	ok = ok && ioctl(fd, SIOCSIFADDR, &request) == 0;
	addr.sin_addr.s_addr = htonl(0xffffff00);
	memcpy(&request.ifr_netmask, &addr, sizeof addr);
	ok = ok && ioctl(fd, SIOCSIFNETMASK, &request) == 0;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	ok = ok && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	close(fd);
	if (!ok)
		fprintf(stderr, "passed over: no interface of our own (%s)\n", strerror(errno));
	return ok;
}

static int
connect_in_silence(void *arg)
{
	const struct limit *row = arg;
	double start;

	if (!enter_empty_network() || !open_silent_network())
		return 0;
	start = sock_now();
	SOCK_EXPECT(fsock_connect("192.0.2.77", 80, &row->options) == NULL);
	SOCK_EXPECT(errno == ETIMEDOUT);
	SOCK_EXPECT(fsock_last_error()->kind == row->kind);
	SOCK_EXPECT(sock_now() - start >= IN);
	SOCK_EXPECT(sock_now() - start < IN + SOCK_PATIENCE);
	return 0;
}

START_TEST(nobody_answers)
{
	struct limit row = limits[_i];

	ck_assert_int_eq(sock_child(connect_in_silence, &row), 0);
}
END_TEST

static void
add_networks(TCase *tcase)
{
	tcase_add_test(tcase, no_way_there);
	tcase_add_loop_test(tcase, nobody_answers, 0, COUNT(limits));
}

#else

/* Networks of one's own are Linux's. */
static void
add_networks(TCase *tcase)
{
	(void)tcase;
}

#endif

int
main(void)
{
	Suite *suite = suite_create("connect_limit");
	TCase *tcase = tcase_create("connect_limit");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, backlog_full, 0, COUNT(limits) * COUNT(transports));
	tcase_add_loop_test(tcase, hardly_any_time, 0, COUNT(transports));
	tcase_add_loop_test(
	    tcase, signals_neither_cut_nor_stretch, 0, COUNT(limits) * COUNT(transports));
	tcase_add_loop_test(tcase, room_in_time, 0, 4);
	tcase_add_loop_test(tcase, cancelled, 0, COUNT(transports));
	add_networks(tcase);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
