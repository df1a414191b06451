/*
 * usocket's own test suite, case by case and under its names; each with what it should have given
 * where it is wrong. Hosts on the Internet are replaced by this machine's. The cases about
 * datagrams and waiting are where those are tested.
 */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <unistd.h>

#include "../support/sock_support.h"

/* 127.0.0.1 as usocket's tests write it: text, four octets, an integer. */
static const char *
loopback(int i)
{
	static const uint8_t vector[4] = { 127, 0, 0, 1 };
	static char text[FSOCK_DOTTED_QUAD_SIZE];

	if (i == 0)
		return "127.0.0.1";
	if (i == 1)
		return fsock_vector_quad_to_dotted_quad(vector, text, sizeof text);
	return fsock_hbo_to_dotted_quad(2130706433, text, sizeof text);
}

/* The constructors take what they are given, and give it back. */
START_TEST(make_socket_1)
{
	int fds[2];
	fsock *s;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	s = fsock_adopt(fds[0], NULL);
	ck_assert_int_eq(fsock_socket(s), fds[0]);
	ck_assert_ptr_eq(fsock_of(fsock_stream(s)), s);
	ck_assert_ptr_eq(fsock_stream(s), fsock_stream(s));
	ck_assert_int_eq(fsock_close(s), 0);
	close(fds[1]);
}
END_TEST

/*
 * Nobody listens: a socket-error, and (socket-failure.1) "refused", not a timeout after a second.
 */
START_TEST(socket_no_connect)
{
	int fd, port = sock_dead_port(SOCK_TCP4, &fd);

	ck_assert_ptr_null(
	    fsock_connect(loopback(_i), port, &(struct fsock_options){ .timeout = 1 }));
	ck_assert_int_eq(fsock_error_is(fsock_last_error()->kind, FSOCK_SOCKET_ERROR), 1);
	sock_assert_error(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED);
	close(fd);
}
END_TEST

START_TEST(socket_failure_2)
{
	int fds[SOCK_FULL], port = sock_full("127.0.0.1", 0, fds);
	double start = sock_now();

	ck_assert_ptr_null(
	    fsock_connect("127.0.0.1", port, &(struct fsock_options){ .timeout = 0.05 }));
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	sock_assert_took(start, 0.05);
	sock_full_free(fds);
}
END_TEST

/* A server for one connection, in a thread of its own: answers a request as web servers do. */
struct server {
	struct sock_thread thread;
	fsock *listener;
};

static void
serve_web(void *arg)
{
	fsock *s = fsock_accept(((struct server *)arg)->listener, NULL);
	FILE *f = fsock_stream(s);
	char line[128];

	while (fgets(line, sizeof line, f) != NULL && line[0] != '\n')
		;
	fputs("HTTP/1.0 200 OK\r\n\r\nhello\n", f);
	fsock_close(s);
}

static int
start_server(struct server *server, void (*serve)(void *))
{
	server->listener = fsock_listen(NULL, 0, NULL);
	ck_assert_msg(server->listener != NULL, "%s", fsock_last_error()->text);
	sock_thread_start(&server->thread, serve, server);
	return fsock_local_port(server->listener);
}

static void
end_server(struct server *server)
{
	sock_thread_join(&server->thread);
	ck_assert_int_eq(fsock_close(server->listener), 0);
}

/* socket-connect.1 to .3, socket-stream.1 and socket-name.1 to .4, by name, octets and integer. */
START_TEST(socket_stream_and_name)
{
	const char *hosts[] = { "localhost", loopback(1), loopback(2) };
	char line[128], host[FSOCK_ADDR_TEXT_SIZE];
	struct server server;
	struct fsock_addr name;
	int port = start_server(&server, serve_web);
	fsock *s = fsock_connect(
	    hosts[_i], port, &(struct fsock_options){ .family = FSOCK_IPV4_ONLY, .timeout = 20 });

	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(fsock_is_stream(s), 1);
	ck_assert_str_eq(fsock_peer_address(s, host, sizeof host), "127.0.0.1");
	ck_assert_int_eq(fsock_peer_port(s), port);
	ck_assert_int_eq(fsock_peer_name(s, &name), 0);
	ck_assert_int_eq(fsock_addr_port(&name), port);
	ck_assert_str_eq(fsock_addr_host(&name, host, sizeof host), "127.0.0.1");
	ck_assert_str_eq(fsock_local_address(s, host, sizeof host), "127.0.0.1");
	ck_assert_int_ge(fprintf(fsock_stream(s), "GET / HTTP/1.0\n\n"), 0);
	ck_assert_int_eq(fflush(fsock_stream(s)), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(s)));
	ck_assert_int_eq(memcmp(line, "HTTP", 4), 0);
	ck_assert_int_eq(fsock_close(s), 0);
	end_server(&server);
}
END_TEST

/* socket-shutdown.1 to .3: :input, :output, :io, then close. */
START_TEST(socket_shutdown)
{
	fsock *ends[2];

	sock_link(SOCK_TCP4, NULL, ends);
	ck_assert_int_eq(fsock_shutdown(ends[0], _i), 0);
	ck_assert_int_eq(fsock_close(ends[0]), 0);
	ck_assert_int_eq(fsock_close(ends[1]), 0);
}
END_TEST

/* socket-listen.1 and .2: one octet from a client to a server, by localhost and by the wildcard. */
START_TEST(socket_listen)
{
	struct fsock_options options = { .element_type = FSOCK_BYTE, .backlog = 1 };
	fsock *listener = fsock_listen(_i == 1 ? "localhost" : "0.0.0.0", 0, &options);
	fsock *client, *served;

	ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	client = fsock_connect("localhost", fsock_local_port(listener), &options);
	ck_assert_msg(client != NULL, "%s", fsock_last_error()->text);
	served = fsock_accept(listener, NULL);
	ck_assert_int_eq(fputc(42, fsock_stream(client)), 42);
	ck_assert_int_eq(fflush(fsock_stream(client)), 0);
	ck_assert_int_eq(fgetc(fsock_stream(served)), 42);
	fsock_close(client);
	fsock_close(served);
	fsock_close(listener);
}
END_TEST

#define NO_NAME_SERVER_IS_ASKED \
	"xxx-a-label-of-more-than-63-octets-for-which-no-name-server-is-asked"

/*
 * A DNS failure is no socket-error in usocket either, but can be told from one, and keeps the host.
 */
START_TEST(ns_host_not_found_error_1)
{
	ck_assert_ptr_null(fsock_connect(NO_NAME_SERVER_IS_ASKED, 123, NULL));
	sock_assert_error(FSOCK_NS_HOST_NOT_FOUND_ERROR, EHOSTUNREACH);
	ck_assert_int_eq(fsock_error_is(fsock_last_error()->kind, FSOCK_NS_ERROR), 1);
	ck_assert_int_eq(fsock_error_is(fsock_last_error()->kind, FSOCK_SOCKET_ERROR), 0);
	ck_assert_str_eq(fsock_last_error()->host, NO_NAME_SERVER_IS_ASKED);
}
END_TEST

/*
 * usocket's timeout of 0 is "at once"; here 0 is the default, and the least time there is will do.
 */
START_TEST(timeout_error_1)
{
	int fds[SOCK_FULL], port = sock_full("127.0.0.1", 0, fds);

	ck_assert_ptr_null(
	    fsock_connect("127.0.0.1", port, &(struct fsock_options){ .timeout = 1e-9 }));
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	sock_full_free(fds);
}
END_TEST

START_TEST(connection_refused_error_1)
{
	int fd, port = sock_dead_port(SOCK_TCP4, &fd);

	ck_assert_ptr_null(fsock_connect("127.0.0.1", port, NULL));
	sock_assert_error(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED);
	close(fd);
}
END_TEST

static int
listen_low(void *arg)
{
	fsock *listener;

	(void)arg;
	SOCK_EXPECT(getuid() != 0 || setuid(65534) == 0);
	listener = fsock_listen("127.0.0.1", 81, NULL);
	if (listener != NULL) {
		fprintf(stderr, "passed over: here anybody may listen on port 81\n");
		return 0;
	}
	SOCK_EXPECT(fsock_last_error()->kind == FSOCK_OPERATION_NOT_PERMITTED_ERROR);
	return 0;
}

START_TEST(operation_not_permitted_error_1)
{
	ck_assert_int_eq(sock_child(listen_low, NULL), 0);
}
END_TEST

/* tcp-timeout-in-read-sequence: the answer comes too late; read again, and it is there whole. */
START_TEST(tcp_timeout_in_read_sequence)
{
	char block[4];
	int peer;
	fsock *s = sock_raw(SOCK_TCP4, &(struct fsock_options){ .read_timeout = 0.05 }, &peer);
	FILE *f = fsock_stream(s);
	double start = sock_now();

	ck_assert_uint_eq(fread(block, 1, sizeof block, f), 0);
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	sock_assert_took(start, 0.05);
	ck_assert_int_ne(ferror(f), 0);
	clearerr(f);
	ck_assert_int_eq(write(peer, "late", 4), 4);
	ck_assert_uint_eq(fread(block, 1, sizeof block, f), 4);
	ck_assert_int_eq(memcmp(block, "late", 4), 0);
	fsock_close(s);
	close(peer);
}
END_TEST

/* tcp-timeout-in-write-sequence, which fails in usocket: a write to who does not read times out. */
START_TEST(tcp_timeout_in_write_sequence)
{
	int peer, r = 0;
	fsock *s = sock_raw(SOCK_TCP4, &(struct fsock_options){ .write_timeout = 0.05 }, &peer);
	FILE *f = fsock_stream(s);
	const int size = 1 << 12;
	char text[1000];

	ck_assert_int_eq(setsockopt(fsock_socket(s), SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
	ck_assert_int_eq(setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
	memset(text, 'x', sizeof text);
	for (int i = 0; i < 200000 && r == 0; i++)
		r = fwrite(text, 1, sizeof text, f) == sizeof text ? fflush(f) : EOF;
	ck_assert_int_eq(r, EOF);
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	ck_assert_str_eq(fsock_last_error()->operation, "write");
	ck_assert_int_eq(fsock_close(s), -1);
	close(peer);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("usocket");
	TCase *own = tcase_create("its own suite");

	tcase_add_test(own, make_socket_1);
	tcase_add_loop_test(own, socket_no_connect, 0, 3);
	tcase_add_test(own, socket_failure_2);
	tcase_add_loop_test(own, socket_stream_and_name, 0, 3);
	tcase_add_loop_test(own, socket_shutdown, FSOCK_INPUT, FSOCK_IO + 1);
	tcase_add_loop_test(own, socket_listen, 1, 3);
	tcase_add_test(own, ns_host_not_found_error_1);
	tcase_add_test(own, timeout_error_1);
	tcase_add_test(own, connection_refused_error_1);
	tcase_add_test(own, operation_not_permitted_error_1);
	tcase_add_test(own, tcp_timeout_in_read_sequence);
	tcase_add_test(own, tcp_timeout_in_write_sequence);
	suite_add_tcase(suite, own);
	return sock_run(suite);
}
