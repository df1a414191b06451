/*
 * Ten thousand clients of a TLS server of lines with one thread, idle: what one of them costs. And
 * a flood of clients that say nothing, or a part of a hello: others are served meanwhile.
 */
#include "../../src/base/compat.h"

#include <sys/wait.h>

#include <signal.h>

#include <openssl/ssl.h>

#include "../support/server_support.h"
#include "../tls/tls_support.h"

enum { CROWD = 10000, SPARE = 100, KEPT = 100, FLOOD = 5000 };

static const long most_memory = 28 * 1024; /* of an idle client, in octets */

static fsock_tls *tls;
static int count;
static int fds[CROWD];
static SSL *kept[CROWD / KEPT];

#define INSIST(condition, status)      \
	do {                           \
		if (!(condition))      \
			_exit(status); \
	} while (0)

/* ---- The clients' process; it says how it went by its status */

static int
connect_to(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A line, and its echo. Returns whether it came. */
static int
ask(SSL *ssl, int number)
{
	char line[32], got[32];
	int n = snprintf(line, sizeof line, "client %d\n", number);

	return SSL_write(ssl, line, n) == n && SSL_read(ssl, got, sizeof got) == n &&
	       memcmp(line, got, (size_t)n) == 0;
}

/* All talk once. Then most are no more than a descriptor here. */
static void
connect_all(int port)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	INSIST(context != NULL, 2);
	for (int i = 0; i < count; i++) {
		SSL *ssl = SSL_new(context);

		fds[i] = connect_to(port);
		INSIST(fds[i] >= 0, 3);
		SSL_set_fd(ssl, fds[i]);
		INSIST(SSL_connect(ssl) == 1, 4);
		INSIST(ask(ssl, i), 5);
		if (i % KEPT == 0)
			kept[i / KEPT] = ssl;
		else
			SSL_free(ssl);
	}
}

/* Does a step each time that it is told to, and says when it is done. */
static void
be_clients(int in, int out)
{
	int32_t port;
	char c;

	alarm(550);
	INSIST(read(in, &port, sizeof port) == sizeof port, 1);
	connect_all(port);
	INSIST(write(out, "", 1) == 1, 1);
	INSIST(read(in, &c, 1) == 1, 1);
	for (int i = 0; i < count; i += KEPT)
		INSIST(ask(kept[i / KEPT], i), 6);
	INSIST(write(out, "", 1) == 1, 1);
	INSIST(read(in, &c, 1) == 1, 1);
	_exit(0);
}

/* ---- The server's process */

static atomic_int errors;

static void
count_error(fsock_server *server, const struct fsock_error *error, void *arg)
{
	(void)server, (void)error, (void)arg;
	errors++;
}

static fsock_server *
start_server(double handshake_timeout, int max_clients)
{
	struct fsock_server_options how = { .error = count_error, .max_clients = max_clients };
	fsock_server *server;

	tls = tls_of(&(struct fsock_tls_options){
	    .certificate = file("good.pem"), .key = file("good.key") });
	how.socket.layer = fsock_tls_layer(tls);
	how.socket.handshake_timeout = handshake_timeout;
	server = fsock_server_start_lines("127.0.0.1", 0, echo_line, NULL, &how);
	ck_assert_ptr_nonnull(server);
	return server;
}

static void
await_step(int from)
{
	char c;

	ck_assert_int_eq(read(from, &c, 1), 1);
}

START_TEST(idle)
{
	int to[2], from[2], status;
	fsock_server *server;
	int32_t port;
	long before;
	pid_t pid;

	count = sock_may_open(CROWD + SPARE) - SPARE;
	if (count < CROWD)
		fprintf(stderr, "only %d of %d clients: no more files may be open\n", count, CROWD);
	ck_assert_int_eq(pipe(to), 0);
	ck_assert_int_eq(pipe(from), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		be_clients(to[0], from[1]);
	close(from[1]);
	server = start_server(0, 0);
	before = sock_memory_used();
	port = fsock_local_port(fsock_server_socket(server));
	ck_assert_int_eq(write(to[1], &port, sizeof port), sizeof port);
	await_step(from[0]);
	ck_assert_int_eq(fsock_server_clients(server), count);
	printf("an idle client costs %ld octets\n", (sock_memory_used() - before) / count);
	ck_assert_int_le((sock_memory_used() - before) / count, most_memory);
	ck_assert_int_eq(write(to[1], "", 1), 1);
	await_step(from[0]);
	ck_assert_int_eq(errors, 0);
	ck_assert_int_eq(write(to[1], "", 1), 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	server_await_clients(server, 0);
	ck_assert_int_eq(errors, count); /* none has told its end */
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	fsock_tls_free(tls);
}
END_TEST

/* What a client of the flood says, what it may cost, and whether others wait for its end. */
static const struct {
	const char *octets;
	int length;
	long most_memory;
	int is_full;
} floods[] = {
	{ "", 0, 8 * 1024, 0 },
	{ "\x16", 1, 64 * 1024, 0 },
	{ "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03half a hello", 23, 64 * 1024, 0 },
	{ "", 0, 8 * 1024, 1 },
};

START_TEST(flood)
{
	int n = (sock_may_open(2 * FLOOD + SPARE) - SPARE) / 2, port;
	fsock_server *server = start_server(10, floods[_i].is_full ? n : 0);
	long before = sock_memory_used();
	fsock_tls *ours = tls_of(&(struct fsock_tls_options){ .ca_file = file("ca.pem") });

	if (n < FLOOD)
		fprintf(stderr, "only %d of %d clients: no more files may be open\n", n, FLOOD);
	port = fsock_local_port(fsock_server_socket(server));
	for (int i = 0; i < n; i++) {
		fds[i] = connect_to(port);
		ck_assert_int_ge(fds[i], 0);
		ck_assert_int_eq(
		    send(fds[i], floods[_i].octets, (size_t)floods[_i].length, MSG_NOSIGNAL),
		    floods[_i].length);
	}
	for (int i = 0; i < 20; i++) {
		FILE *f = fsock_tls_open("localhost", port, "r+,timeout=60", ours);

		ck_assert_msg(f != NULL, "%s", fsock_last_error()->text);
		talk(f, "served all the same\n");
		ck_assert_int_eq(fclose(f), 0);
	}
	printf("a client of the flood costs %ld octets\n", (sock_memory_used() - before) / n);
	ck_assert_int_le((sock_memory_used() - before) / n, floods[_i].most_memory);
	server_await_clients(server, 0);
	ck_assert_int_eq(errors, n);
	for (int i = 0; i < n; i++)
		close(fds[i]);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	fsock_tls_free(ours);
	fsock_tls_free(tls);
}
END_TEST

static void
add(TCase *t)
{
	tcase_set_timeout(t, 600);
	tcase_add_test(t, idle);
	tcase_add_loop_test(t, flood, 0, COUNT(floods));
}

int
main(void)
{
	return tls_run("tls_crowd", add);
}
