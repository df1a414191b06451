/* Connecting: what succeeds, what is refused, bad hosts, the local address. */
#include "../../src/base/compat.h"

#include <sys/resource.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "../support/sock_support.h"

/* Options that must not matter to being refused: at once, whatever the limits. */
static const struct refused {
	enum sock_transport transport;
	struct fsock_options options;
} refused[] = {
	{ SOCK_TCP4, { .timeout = 0 } },
	{ SOCK_TCP4, { .timeout = 60 } },
	{ SOCK_TCP4, { .connect_timeout = 60 } },
	{ SOCK_TCP4, { .deadline = 60 } },
	{ SOCK_TCP4, { .timeout = 60, .deadline = 50 } },
	{ SOCK_TCP4, { .timeout = INFINITY } },
	{ SOCK_TCP4, { .nodelay = FSOCK_OFF } },
	{ SOCK_TCP4, { .local_host = "127.0.0.1" } },
	{ SOCK_TCP4, { .family = FSOCK_IPV4_ONLY } },
	{ SOCK_TCP6, { .timeout = 0 } },
	{ SOCK_TCP6, { .timeout = 60 } },
	{ SOCK_TCP6, { .deadline = 60 } },
};

START_TEST(refused_at_once)
{
	const struct refused *row = &refused[_i];
	int fd, port, fds;
	double start;

	if (!sock_has(row->transport))
		return;
	port = sock_dead_port(row->transport, &fd);
	fds = sock_open_fds();
	start = sock_now();
	ck_assert_ptr_null(fsock_connect(sock_host(row->transport), port, &row->options));
	sock_assert_failed(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED,
	    "connect to %s port %d: %s", sock_host(row->transport), port, strerror(ECONNREFUSED));
	ck_assert_double_lt(sock_now() - start, 10);
	ck_assert_str_eq(fsock_last_error()->operation, "connect");
	ck_assert_str_eq(fsock_last_error()->host, sock_host(row->transport));
	ck_assert_int_eq(fsock_last_error()->port, port);
	ck_assert_int_eq(fsock_last_error()->eai, 0);
	ck_assert_int_eq(sock_open_fds(), fds);
	close(fd);
}
END_TEST

#define LONG_64    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG_LABEL LONG_64 "-more-than-a-name-server-may-be-asked-for"

/* Hosts that lead nowhere. For names, errno says no more than EHOSTUNREACH. */
static const struct bad {
	const char *host;
	int errnum;
	enum fsock_error_kind kind;
	int is_name; /* whether a resolver was asked */
} bads[] = {
	{ NULL, EINVAL, FSOCK_INVALID_ARGUMENT_ERROR, 0 },
	{ "", EHOSTUNREACH, FSOCK_NS_HOST_NOT_FOUND_ERROR, 1 },
	{ LONG_LABEL, EHOSTUNREACH, FSOCK_NS_HOST_NOT_FOUND_ERROR, 1 },
	{ "1.2.3.4.5", EHOSTUNREACH, FSOCK_NS_HOST_NOT_FOUND_ERROR, 1 },
	{ "[::1", EHOSTUNREACH, FSOCK_NS_HOST_NOT_FOUND_ERROR, 1 },
	{ "/", ECONNREFUSED, FSOCK_CONNECTION_REFUSED_ERROR, 0 },
	{ "/dev/null", ECONNREFUSED, FSOCK_CONNECTION_REFUSED_ERROR, 0 },
	{ "/nonexistent-fsock/s", ENOENT, FSOCK_NO_SUCH_FILE_ERROR, 0 },
	{ "./nonexistent-fsock", ENOENT, FSOCK_NO_SUCH_FILE_ERROR, 0 },
	{ "/dev/null/s", ENOTDIR, FSOCK_NO_SUCH_FILE_ERROR, 0 },
	{ "/" LONG_64 LONG_64, ENAMETOOLONG, FSOCK_NAME_TOO_LONG_ERROR, 0 },
	{ "@" LONG_64 LONG_64, ENAMETOOLONG, FSOCK_NAME_TOO_LONG_ERROR, 0 },
	{ "@nobody-listens-here-fsock", ECONNREFUSED, FSOCK_CONNECTION_REFUSED_ERROR, 0 },
	{ "@", ECONNREFUSED, FSOCK_CONNECTION_REFUSED_ERROR, 0 }, /* the empty abstract name */
};

START_TEST(bad_host)
{
	const struct bad *row = &bads[_i];
	const char *host = row->host == NULL ? "(no host)" : row->host;
	int fds = sock_open_fds();

	ck_assert_ptr_null(fsock_connect(row->host, 9, NULL));
	sock_assert_error(row->kind, row->errnum);
	ck_assert_int_eq(fsock_last_error()->eai != 0, row->is_name);
	ck_assert_str_eq(fsock_last_error()->host, host);
	sock_assert_failed(row->kind, row->errnum, "connect%s%s%s: %s",
	    host[0] == '\0' ? "" : " to ", host, strpbrk(host, "/@") != NULL ? "" : " port 9",
	    row->is_name ? gai_strerror(fsock_last_error()->eai) : strerror(row->errnum));
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* What is listened on and what is connected to; see sock_place(). */
static const struct good {
	const char *listen, *connect;
	struct fsock_options options;
	int nodelay;
} goods[] = {
	{ "127.0.0.1", "127.0.0.1", { .timeout = 0 }, 1 },
	{ "127.0.0.1", "127.0.0.1", { .timeout = 60 }, 1 },
	{ "127.0.0.1", "127.0.0.1", { .deadline = 60 }, 1 },
	{ "127.0.0.1", "127.0.0.1", { .nodelay = FSOCK_OFF }, 0 },
	{ "127.0.0.1", "127.0.0.1", { .nodelay = FSOCK_ON }, 1 },
	{ "127.0.0.1", "::ffff:127.0.0.1", { .timeout = 0 }, 1 },
	{ "127.0.0.1", "localhost", { .family = FSOCK_IPV4_ONLY }, 1 },
	{ "127.0.0.1", "localhost", { .timeout = 0 }, 1 }, /* whatever else the name stands for */
	{ "localhost", "localhost", { .timeout = 0 }, 1 },
	{ "::1", "::1", { .timeout = 60 }, 1 },
	{ "::1", "[::1]", { .nodelay = FSOCK_OFF }, 0 },
	{ "[::1]", "0:0::0:1", { .timeout = 0 }, 1 },
	{ "unix", "unix", { .timeout = 0 }, -1 },
	{ "unix", "unix", { .timeout = 60, .deadline = 60 }, -1 },
	{ "abstract", "abstract", { .timeout = 0 }, -1 },
};

/* The descriptor is as a program expects it: blocking, close-on-exec, without delay if wanted. */
static void
check_descriptor(int fd, int nodelay)
{
	int value = -1;
	socklen_t length = sizeof value;

	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	if (nodelay < 0)
		return;
	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &length), 0);
	ck_assert_int_eq(value != 0, nodelay);
}

START_TEST(connected)
{
	const struct good *row = &goods[_i];
	fsock *listener, *s, *served;
	int fds = sock_open_fds();
	char c = 0;

	if (strchr(row->listen, ':') != NULL && !sock_has(SOCK_TCP6))
		return;
	listener = fsock_listen(sock_place(row->listen), 0, NULL);
	ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	errno = EDOM;
	s = fsock_connect(sock_place(row->connect), fsock_local_port(listener), &row->options);
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_int_eq(fsock_is_stream(s), 1);
	ck_assert_int_eq(fsock_is_listener(s), 0);
	ck_assert_int_eq(fsock_is_datagram(s), 0);
	check_descriptor(fsock_socket(s), row->nodelay);
	served = fsock_accept(listener, NULL);
	ck_assert_ptr_nonnull(served);
	ck_assert_int_eq(write(fsock_socket(s), "a", 1), 1);
	ck_assert_int_eq(read(fsock_socket(served), &c, 1), 1);
	ck_assert_int_eq(c, 'a');
	ck_assert_int_eq(fsock_close(s), 0);
	ck_assert_int_eq(fsock_close(served), 0);
	ck_assert_int_eq(fsock_close(listener), 0);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* Where a connection comes from. `port` 1 asks for a certain free port. */
static const struct local {
	const char *peer, *host;
	int port;
	const char *seen;
} locals[] = {
	{ "127.0.0.1", "127.0.0.1", 0, "127.0.0.1" },
	{ "127.0.0.1", "127.0.0.2", 0, "127.0.0.2" },
	{ "127.0.0.1", NULL, 1, "127.0.0.1" },
	{ "127.0.0.1", "127.0.0.3", 1, "127.0.0.3" },
	{ "127.0.0.1", "localhost", 1, "127.0.0.1" },
	{ "::1", "::1", 1, "::1" },
	{ "::1", NULL, 1, "::1" },
};

/* A port that nobody has, for any address of any family. */
static int
free_port(void)
{
	fsock *listener = fsock_listen(NULL, 0, NULL);
	int port = fsock_local_port(listener);

	ck_assert_int_eq(fsock_close(listener), 0);
	return port;
}

START_TEST(local_address)
{
	const struct local *row = &locals[_i];
	enum sock_transport transport = row->peer[0] == ':' ? SOCK_TCP6 : SOCK_TCP4;
	struct fsock_options options = { .local_host = row->host };
	char host[FSOCK_ADDR_TEXT_SIZE];
	fsock *listener, *s, *served;
	int tries = 0;

	if (!sock_has(transport))
		return;
	listener = fsock_listen(row->peer, 0, NULL);
	do { /* another process may be quicker to take the free port */
		if (row->port != 0)
			options.local_port = free_port();
		s = fsock_connect(row->peer, fsock_local_port(listener), &options);
	} while (s == NULL && errno == EADDRINUSE && tries++ < 5);
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	served = fsock_accept(listener, NULL);
	ck_assert_str_eq(fsock_peer_address(served, host, sizeof host), row->seen);
	if (row->port != 0)
		ck_assert_int_eq(fsock_peer_port(served), options.local_port);
	fsock_close(s);
	fsock_close(served);
	fsock_close(listener);
}
END_TEST

/* Local addresses that cannot be had: the error names what was wrong. */
static const struct no_local {
	const char *host;
	int errnum;
	enum fsock_error_kind kind;
	const char *named; /* the host that the error speaks of */
} no_locals[] = {
	{ "203.0.113.1", EADDRNOTAVAIL, FSOCK_ADDRESS_NOT_AVAILABLE_ERROR, "127.0.0.1" },
	{ "::1", EADDRNOTAVAIL, FSOCK_ADDRESS_NOT_AVAILABLE_ERROR, "127.0.0.1" },
	{ "/run/s", EADDRNOTAVAIL, FSOCK_ADDRESS_NOT_AVAILABLE_ERROR, "127.0.0.1" },
	{ LONG_LABEL, EHOSTUNREACH, FSOCK_NS_HOST_NOT_FOUND_ERROR, LONG_LABEL },
	{ "", EHOSTUNREACH, FSOCK_NS_HOST_NOT_FOUND_ERROR, "" },
	{ "/" LONG_64 LONG_64, ENAMETOOLONG, FSOCK_NAME_TOO_LONG_ERROR, "/" LONG_64 LONG_64 },
};

START_TEST(local_address_not_to_be_had)
{
	const struct no_local *row = &no_locals[_i];
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL);
	int fds = sock_open_fds();

	ck_assert_ptr_null(fsock_connect("127.0.0.1", fsock_local_port(listener),
	    &(struct fsock_options){ .local_host = row->host }));
	sock_assert_error(row->kind, row->errnum);
	ck_assert_str_eq(fsock_last_error()->host, row->named);
	ck_assert_str_eq(fsock_last_error()->operation,
	    strcmp(row->named, "127.0.0.1") == 0 ? "connect" : "bind");
	ck_assert_int_eq(sock_open_fds(), fds);
	fsock_close(listener);
}
END_TEST

START_TEST(local_port_in_use)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL);
	fsock *other = fsock_listen("127.0.0.1", 0, NULL);
	int fds = sock_open_fds();

	ck_assert_ptr_null(fsock_connect("127.0.0.1", fsock_local_port(listener),
	    &(struct fsock_options){ .local_port = fsock_local_port(other) }));
	sock_assert_error(FSOCK_ADDRESS_IN_USE_ERROR, EADDRINUSE);
	ck_assert_int_eq(sock_open_fds(), fds);
	fsock_close(other);
	fsock_close(listener);
}
END_TEST

/* For a Unix-domain host there is no local address to choose. */
START_TEST(local_address_of_unix)
{
	fsock *listener = fsock_listen(sock_path("s"), 0, NULL);
	fsock *s = fsock_connect(sock_path("s"), 77,
	    &(struct fsock_options){ .local_host = "127.0.0.1", .local_port = 5 });

	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(fsock_local_port(s), 0);
	fsock_close(s);
	fsock_close(listener);
}
END_TEST

/* The system may pick as the local port the very one that is connected to. */
START_TEST(meeting_oneself)
{
	enum sock_transport transport = _i == 0 ? SOCK_TCP4 : SOCK_TCP6;
	int fd, port, fds;

	if (!sock_has(transport))
		return;
	port = sock_dead_port(transport, &fd);
	close(fd);
	fds = sock_open_fds();
	ck_assert_ptr_null(fsock_connect(sock_host(transport), port,
	    &(struct fsock_options){ .local_host = sock_host(transport), .local_port = port }));
	sock_assert_failed(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED,
	    "connect to %s port %d: %s", sock_host(transport), port, strerror(ECONNREFUSED));
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* Nor is there a port: whatever is given for one is not looked at. */
static const int no_ports[] = { 0, 9, 65535, 65536, -1 };

START_TEST(port_of_unix)
{
	const char *host = sock_place(_i % 2 == 0 ? "unix" : "abstract");
	int port = no_ports[_i / 2];
	fsock *listener = fsock_listen(host, port, NULL), *s;

	ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	s = fsock_connect(host, port, NULL);
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(fsock_close(s), 0);
	ck_assert_int_eq(fsock_close(listener), 0);
	ck_assert_ptr_null(fsock_connect(host, port, NULL));
	ck_assert_int_eq(strncmp(fsock_last_error()->text, "connect to ", 11), 0);
	ck_assert_ptr_null(strstr(fsock_last_error()->text, " port "));
}
END_TEST

/* What was passed in may change afterwards. */
START_TEST(host_is_copied)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL);
	char host[] = "127.0.0.1";
	fsock *s = fsock_connect(host, fsock_local_port(listener), NULL);

	memset(host, 'x', sizeof host - 1);
	ck_assert_int_eq(fsock_shutdown(s, 17), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_str_eq(fsock_last_error()->host, "127.0.0.1");
	ck_assert_int_eq(fsock_last_error()->port, fsock_local_port(listener));
	fsock_close(s);
	fsock_close(listener);
}
END_TEST

static int
connect_without_descriptors(void *arg)
{
	struct rlimit limit;

	(void)arg;
	SOCK_EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 3;
	SOCK_EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while (dup(2) >= 0)
		;
	SOCK_EXPECT(fsock_connect("127.0.0.1", 9, NULL) == NULL);
	SOCK_EXPECT(errno == EMFILE);
	SOCK_EXPECT(fsock_last_error()->kind == FSOCK_TOO_MANY_FILES_ERROR);
	SOCK_EXPECT(fsock_listen("127.0.0.1", 0, NULL) == NULL);
	SOCK_EXPECT(errno == EMFILE);
	SOCK_EXPECT(fsock_last_error()->kind == FSOCK_TOO_MANY_FILES_ERROR);
	return 0;
}

START_TEST(no_descriptor_free)
{
	ck_assert_int_eq(sock_child(connect_without_descriptors, NULL), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("connect");
	TCase *tcase = tcase_create("connect");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, refused_at_once, 0, COUNT(refused));
	tcase_add_loop_test(tcase, bad_host, 0, COUNT(bads));
	tcase_add_loop_test(tcase, connected, 0, COUNT(goods));
	tcase_add_loop_test(tcase, local_address, 0, COUNT(locals));
	tcase_add_loop_test(tcase, local_address_not_to_be_had, 0, COUNT(no_locals));
	tcase_add_test(tcase, local_port_in_use);
	tcase_add_test(tcase, local_address_of_unix);
	tcase_add_loop_test(tcase, port_of_unix, 0, 2 * COUNT(no_ports));
	tcase_add_loop_test(tcase, meeting_oneself, 0, 2);
	tcase_add_test(tcase, host_is_copied);
	tcase_add_test(tcase, no_descriptor_free);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
