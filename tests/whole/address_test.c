/*
 * Addresses as people write them, in every function that takes a host: with port -1 the host has
 * the port. The resolver is this file's own.
 */
#include "../../src/base/compat.h"

#include <sys/socket.h>
#include <netdb.h>

#include <stdlib.h>
#include <unistd.h>

#include "../support/sock_support.h"

/* What the services "tcp-service" and "udp-service" stand for. */
static atomic_int service_port;

/* "a.name" is 127.0.0.1, the services are as above, and nothing else is known. */
int
getaddrinfo(const char *restrict host, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict results)
{
	const char *known = hints->ai_socktype == SOCK_DGRAM ? "udp-service" : "tcp-service";
	struct answer {
		struct addrinfo info;
		struct fsock_addr addr;
	} * a;

	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	if (service != NULL && strcmp(service, known) != 0)
		return EAI_SERVICE;
	if (host != NULL && strcmp(host, "a.name") != 0)
		return EAI_NONAME;
	a = calloc(1, sizeof *a);
	if (a == NULL)
		return EAI_MEMORY;
	fsock_addr_from_text(&a->addr, "127.0.0.1", service != NULL ? service_port : 0);
	a->info.ai_family = AF_INET;
	a->info.ai_addr = &a->addr.as.any;
	a->info.ai_addrlen = a->addr.length;
	*results = &a->info;
	return 0;
}

void
freeaddrinfo(struct addrinfo *results)
{
	free(results); /* one, the first member of its answer */
}

/* ---- Every function that takes a host and a port. Each returns a port or 0, or -1. */

static int
end(fsock *s, int port)
{
	return s == NULL ? -1 : fsock_close(s) == 0 ? port : -2;
}

static int
end_file(FILE *f)
{
	return f == NULL ? -1 : fclose(f) == 0 ? 0 : -2;
}

static int
by_connect(const char *address)
{
	return end(fsock_connect(address, FSOCK_PORT_IN_HOST, NULL), 0);
}

static int
by_connect_limited(const char *address)
{
	return end(fsock_connect(address, -1, &(struct fsock_options){ .timeout = 60 }), 0);
}

static int
by_connect_later(const char *address)
{
	fsock *s = fsock_connect(address, -1, &(struct fsock_options){ .nonblocking = FSOCK_ON });
	int r, error;

	if (s == NULL)
		return -1;
	while (fsock_is_connecting(s))
		fsock_wait_for_input(&s, 1, 0.01, NULL);
	r = fsock_send_pending(s) < 0 ? -1 : 0;
	error = errno;
	fsock_abort(s);
	errno = error;
	return r;
}

static int
by_fsockopen(const char *address)
{
	return end_file(fsockopen(address, -1, "r+"));
}

static int
by_layer_open(const char *address)
{
	return end_file(fsock_layer_open(address, -1, "r", NULL));
}

static int
by_open_stream(const char *address)
{
	return end_file(fsock_open_stream(address, -1, NULL));
}

static int
by_datagram(const char *address)
{
	return end(fsock_datagram(address, -1, NULL), 0);
}

static int
by_listen(const char *address)
{
	fsock *s = fsock_listen(address, -1, NULL);

	return end(s, s == NULL ? -1 : fsock_local_port(s));
}

static int
by_datagram_here(const char *address)
{
	fsock *s = fsock_datagram(
	    NULL, 0, &(struct fsock_options){ .local_host = address, .local_port = -1 });

	return end(s, s == NULL ? -1 : fsock_local_port(s));
}

/* From the local end to a listener of its own. */
static int
by_connect_from(const char *address)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *s;
	int port;

	s = fsock_connect("127.0.0.1", fsock_local_port(listener),
	    &(struct fsock_options){ .local_host = address, .local_port = -1 });
	port = s == NULL ? -1 : fsock_local_port(s);
	fsock_abort(s); /* leaves nothing on the port */
	fsock_close(listener);
	return port;
}

static int
handle(FILE *client, void *arg)
{
	(void)client;
	(void)arg;
	return 0;
}

static int
handle_line(FILE *client, char *line, size_t length, void *arg)
{
	(void)line;
	(void)length;
	return handle(client, arg);
}

static int
handle_datagram(struct fsock_request *request, void *arg)
{
	(void)request;
	(void)arg;
	return 0;
}

static int
stop(fsock_server *server)
{
	int port = server == NULL ? -1 : fsock_local_port(fsock_server_socket(server));

	return server == NULL ? -1 : fsock_server_stop(server, 60) == 0 ? port : -2;
}

static int
by_server(const char *address)
{
	return stop(fsock_server_start(address, -1, handle, NULL, NULL));
}

static int
by_server_of_lines(const char *address)
{
	const struct fsock_server_options options = { .threads = 3 };

	return stop(fsock_server_start_lines(address, -1, handle_line, NULL, &options));
}

static int
by_server_of_records(const char *address)
{
	return stop(fsock_server_start_records(address, -1, handle_line, NULL, NULL));
}

static int
by_server_of_datagrams(const char *address)
{
	return stop(fsock_server_start_datagram(address, -1, handle_datagram, NULL, NULL));
}

static void
shut_down(fsock_server *server, void *arg)
{
	*(int *)arg = fsock_local_port(fsock_server_socket(server));
	fsock_server_shutdown(server, 60);
}

/* The functions that run a server until it is shut down, which `ready` does. */
static int
by_run(const char *address)
{
	const struct fsock_server_options options = { .ready = shut_down };
	int port = -2;

	return fsock_server_run(address, -1, handle, &port, &options) < 0 ? -1 : port;
}

static int
by_run_lines(const char *address)
{
	const struct fsock_server_options options = { .ready = shut_down };
	int port = -2;

	return fsock_server_run_lines(address, -1, handle_line, &port, &options) < 0 ? -1 : port;
}

static int
by_run_records(const char *address)
{
	const struct fsock_server_options options = { .ready = shut_down };
	int port = -2;

	return fsock_server_run_records(address, -1, handle_line, &port, &options) < 0 ? -1 : port;
}

static int
by_run_datagram(const char *address)
{
	const struct fsock_server_options options = { .ready = shut_down };
	int port = -2;

	return fsock_server_run_datagram(address, -1, handle_datagram, &port, &options) < 0 ? -1
											    : port;
}

static const struct caller {
	int (*call)(const char *address);
	int type;
	const char *operation;
} connectors[] = {
	{ by_connect, SOCK_STREAM, "connect to" },
	{ by_connect_limited, SOCK_STREAM, "connect to" },
	{ by_connect_later, SOCK_STREAM, "connect to" },
	{ by_fsockopen, SOCK_STREAM, "connect to" },
	{ by_layer_open, SOCK_STREAM, "connect to" },
	{ by_open_stream, SOCK_STREAM, "connect to" },
	{ by_datagram, SOCK_DGRAM, "connect to" },
}, binders[] = {
	{ by_listen, SOCK_STREAM, "listen on" },
	{ by_connect_from, SOCK_STREAM, "bind to" },
	{ by_server, SOCK_STREAM, "listen on" },
	{ by_server_of_lines, SOCK_STREAM, "listen on" },
	{ by_server_of_records, SOCK_STREAM, "listen on" },
	{ by_run, SOCK_STREAM, "listen on" },
	{ by_run_lines, SOCK_STREAM, "listen on" },
	{ by_run_records, SOCK_STREAM, "listen on" },
	{ by_datagram_here, SOCK_DGRAM, "bind to" },
	{ by_server_of_datagrams, SOCK_DGRAM, "bind to" },
	{ by_run_datagram, SOCK_DGRAM, "bind to" },
};

/* ---- Connecting */

/* P is the listener's port, and S its service. */
static const char *const addresses[] = { "127.0.0.1:P", "127.0.0.1:S", "a.name:P", "a.name:S",
	"T://127.0.0.1:P", "T://a.name:S", "[::ffff:127.0.0.1]:P", "[::ffff:127.0.0.1]:S" };

static void
expand(const char *address, int type, int port, char text[128])
{
	const char *protocol = type == SOCK_DGRAM ? "udp" : "tcp";

	for (text[0] = '\0'; *address != '\0'; address++) {
		size_t n = strlen(text);

		if (*address == 'P')
			snprintf(text + n, 128 - n, "%d", port);
		else if (*address == 'S')
			snprintf(text + n, 128 - n, "%s-service", protocol);
		else if (*address == 'T')
			snprintf(text + n, 128 - n, "%s", protocol);
		else
			snprintf(text + n, 128 - n, "%c", *address);
	}
}

static fsock *
open_peer(int type, const char *host)
{
	return type == SOCK_STREAM
		   ? fsock_listen(host, 0, NULL)
		   : fsock_datagram(NULL, 0, &(struct fsock_options){ .local_host = host });
}

START_TEST(connects)
{
	const struct caller *row = &connectors[_i / COUNT(addresses)];
	fsock *peer = open_peer(row->type, "127.0.0.1");
	char text[128];

	ck_assert_ptr_nonnull(peer);
	service_port = fsock_local_port(peer);
	expand(addresses[_i % COUNT(addresses)], row->type, service_port, text);
	ck_assert_msg(row->call(text) == 0, "%s: %s", text, fsock_last_error()->text);
	fsock_close(peer);
}
END_TEST

START_TEST(connects_to_path)
{
	static const char *const forms[] = { "%s", "unix:%s", "unix://%s", "UNIX:%s" };
	const struct caller *row = &connectors[_i / COUNT(forms)];
	const char *path = sock_path("socket");
	fsock *peer = open_peer(row->type, path);
	char text[512];

	ck_assert_ptr_nonnull(peer);
	snprintf(text, sizeof text, forms[_i % COUNT(forms)], path);
	ck_assert_msg(row->call(text) == 0, "%s: %s", text, fsock_last_error()->text);
	fsock_close(peer);
}
END_TEST

/* ---- Binding */

static const char *const bindings[] = { "127.0.0.1:0", ":0", "a.name:0", "T://127.0.0.1:0",
	"T://:0", "0.0.0.0:0" };

START_TEST(binds)
{
	const struct caller *row = &binders[_i / COUNT(bindings)];
	char text[128];
	int port;

	expand(bindings[_i % COUNT(bindings)], row->type, 0, text);
	port = row->call(text);
	ck_assert_msg(port > 0, "%s: %s", text, fsock_last_error()->text);
}
END_TEST

/* To a port that was free a moment ago: another program may have it now. */
START_TEST(binds_to_port)
{
	static const char *const forms[] = { "127.0.0.1:P", "127.0.0.1:S", ":P", ":S" };
	const struct caller *row = &binders[_i / COUNT(forms)];
	char text[128];
	int port;

	for (int turn = 0; turn < 20; turn++) {
		fsock *other = open_peer(row->type, "127.0.0.1");

		service_port = fsock_local_port(other);
		fsock_close(other);
		expand(forms[_i % COUNT(forms)], row->type, service_port, text);
		port = row->call(text);
		if (port >= 0 || errno != EADDRINUSE)
			break;
	}
	ck_assert_msg(port == service_port, "%s: %d, %s", text, port, fsock_last_error()->text);
}
END_TEST

START_TEST(binds_to_path)
{
	const struct caller *row = &binders[_i];
	char text[512];

	if (row->call ==
	    by_connect_from) /* a Unix-domain end is not bound to connect to an IP host */
		return;
	snprintf(text, sizeof text, "unix:%s", sock_path("socket"));
	ck_assert_msg(row->call(text) == 0, "%s", fsock_last_error()->text);
}
END_TEST

/* ---- Mistakes */

static const struct bad {
	const char *address, *words;
	int errnum;
} bads[] = {
	{ "a.name", "no port: write a.name:PORT", EINVAL },
	{ "a.name:http-", "unknown service http-", EINVAL },
	{ "127.0.0.1:http", "unknown service http", EINVAL },
	{ "a.name:70000", "70000 is neither a port nor a service", EINVAL },
	{ "a.name:", "no port after the colon", EINVAL },
	{ "::1", "an IPv6 address needs brackets: [::1]:80", EINVAL },
	{ "ftp://a.name:80", "unknown protocol ftp: write tcp, udp or unix", EINVAL },
	{ "no.name:80", NULL, EHOSTUNREACH },
	{ "no.name:tcp-service", NULL, 0 },
	{ "127.1:80", NULL, EHOSTUNREACH },
	{ "[1::2::3]:80", NULL, EHOSTUNREACH },
};

static void
fails(const struct caller *caller, const struct bad *row)
{
	char start[256];
	int error;

	ck_assert_int_eq(caller->call(row->address), -1);
	error = errno;
	snprintf(start, sizeof start, "%s ", caller->operation);
	ck_assert_int_eq(strncmp(fsock_last_error()->text, start, strlen(start)), 0);
	if (row->errnum != 0)
		ck_assert_int_eq(error, row->errnum);
	if (row->words != NULL)
		ck_assert_msg(strstr(fsock_last_error()->text, row->words) != NULL, "%s",
		    fsock_last_error()->text);
}

START_TEST(fails_to_connect)
{
	fails(&connectors[_i / COUNT(bads)], &bads[_i % COUNT(bads)]);
}
END_TEST

START_TEST(fails_to_bind)
{
	fails(&binders[_i / COUNT(bads)], &bads[_i % COUNT(bads)]);
}
END_TEST

START_TEST(wrong_protocol)
{
	const struct caller *row =
	    _i < COUNT(connectors) ? &connectors[_i] : &binders[_i - COUNT(connectors)];
	int is_stream = row->type == SOCK_STREAM;

	ck_assert_int_eq(row->call(is_stream ? "udp://127.0.0.1:9" : "tcp://127.0.0.1:9"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_nonnull(strstr(fsock_last_error()->text,
	    is_stream ? ": udp is for datagrams" : ": tcp is for streams"));
}
END_TEST

START_TEST(connects_to_nothing)
{
	const struct caller *row = &connectors[_i];

	ck_assert_int_eq(row->call(":80"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_str_eq(fsock_last_error()->text, "connect to :80: no host before the colon");
	if (row->type == SOCK_DGRAM)
		return;
	ck_assert_int_eq(row->call("127.0.0.1:0"), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_str_eq(fsock_last_error()->text, "connect to 127.0.0.1: there is no port 0");
}
END_TEST

/* ---- What the texts say: the port of a service, too */

static const struct caller *const refused[] = { &connectors[0], &connectors[1], &connectors[2],
	&connectors[3] };

START_TEST(text_names_the_port)
{
	int fd, port = sock_dead_port(SOCK_TCP4, &fd);
	char text[128];

	service_port = port;
	ck_assert_int_eq(refused[_i]->call("a.name:tcp-service"), -1);
	snprintf(text, sizeof text, "connect to a.name port %d: ", port);
	ck_assert_int_eq(strncmp(fsock_last_error()->text, text, strlen(text)), 0);
	ck_assert_int_eq(fsock_last_error()->port, port);
	ck_assert_str_eq(fsock_last_error()->host, "a.name");
	close(fd);
}
END_TEST

/* Also of a socket that was made before the port was known. */
START_TEST(socket_knows_the_port)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *s;
	int nonblocking = _i;

	service_port = fsock_local_port(listener);
	s = fsock_connect("a.name:tcp-service", -1,
	    &(struct fsock_options){ .nonblocking = nonblocking ? FSOCK_ON : FSOCK_OFF });
	ck_assert_ptr_nonnull(s);
	while (fsock_is_connecting(s))
		fsock_wait_for_input(&s, 1, 0.01, NULL);
	ck_assert_int_eq(fsock_shutdown(s, 17), -1);
	ck_assert_int_eq(fsock_last_error()->port, service_port);
	ck_assert_str_eq(fsock_last_error()->host, "a.name");
	fsock_close(s);
	fsock_close(listener);
}
END_TEST

/* ---- Text made of addresses is read again */

static const char *const texts[] = { "127.0.0.1:80", "0.0.0.0:0", "[::1]:65535", "[::]:0",
	"[fe80::1%4000000000]:80", "/run/x", "/a:b", "./x", "./@x", "./a:b", "./a:b/c", "./unix:/x",
	"./tcp://x:80", "a/b:c", "@x" };

START_TEST(round_trip)
{
	struct fsock_addr addr, again;
	char text[FSOCK_ADDR_TEXT_SIZE];

	errno = EDOM;
	if (fsock_addr_from_text(&addr, texts[_i], FSOCK_PORT_IN_HOST) < 0) {
		ck_assert_int_eq(errno, EAFNOSUPPORT); /* abstract names are Linux's */
		return;
	}
	ck_assert_ptr_nonnull(fsock_addr_to_text(&addr, text, sizeof text));
	ck_assert_str_eq(text, texts[_i]);
	ck_assert_int_eq(fsock_addr_from_text(&again, text, FSOCK_PORT_IN_HOST), 0);
	ck_assert(fsock_addr_equal(&addr, &again));
	ck_assert_int_eq(errno, EDOM);
}
END_TEST

/* A path of the kernel's without "./" gets it where its text would mean something else. */
START_TEST(path_of_the_kernel)
{
	static const char *const paths[][2] = { { "x", "./x" }, { "@x", "./@x" },
		{ "a:b", "./a:b" }, { "a:b/c", "./a:b/c" }, { "unix:/x", "./unix:/x" },
		{ "a/b:c", "a/b:c" } };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct fsock_addr addr, again;
	char text[FSOCK_ADDR_TEXT_SIZE];

	strcpy(un.sun_path, paths[_i][0]);
	ck_assert_int_eq(
	    fsock_addr_from_sockaddr(&addr, (struct sockaddr *)&un, (socklen_t)sizeof un), 0);
	ck_assert_ptr_nonnull(fsock_addr_to_text(&addr, text, sizeof text));
	ck_assert_str_eq(text, paths[_i][1]);
	ck_assert_int_eq(fsock_addr_from_text(&again, text, FSOCK_PORT_IN_HOST), 0);
}
END_TEST

static const struct no_address {
	const char *text, *words;
} no_addresses[] = {
	{ "localhost:80", NULL },
	{ "127.0.0.1:http", "http is no number of a port" },
	{ "127.0.0.1", "no port" },
	{ ":80", "no host" },
	{ "", "no port" },
};

START_TEST(no_address)
{
	const struct no_address *row = &no_addresses[_i];
	struct fsock_addr addr;

	ck_assert_int_eq(fsock_addr_from_text(&addr, row->text, -1), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	if (row->words != NULL)
		ck_assert_ptr_nonnull(strstr(fsock_last_error()->text, row->words));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("address");
	TCase *tcase = tcase_create("address");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, connects, 0, COUNT(connectors) * COUNT(addresses));
	tcase_add_loop_test(tcase, connects_to_path, 0, COUNT(connectors) * 4);
	tcase_add_loop_test(tcase, binds, 0, COUNT(binders) * COUNT(bindings));
	tcase_add_loop_test(tcase, binds_to_port, 0, COUNT(binders) * 4);
	tcase_add_loop_test(tcase, binds_to_path, 0, COUNT(binders));
	tcase_add_loop_test(tcase, fails_to_connect, 0, COUNT(connectors) * COUNT(bads));
	tcase_add_loop_test(tcase, fails_to_bind, 0, COUNT(binders) * COUNT(bads));
	tcase_add_loop_test(tcase, wrong_protocol, 0, COUNT(connectors) + COUNT(binders));
	tcase_add_loop_test(tcase, connects_to_nothing, 0, COUNT(connectors));
	tcase_add_loop_test(tcase, text_names_the_port, 0, COUNT(refused));
	tcase_add_loop_test(tcase, socket_knows_the_port, 0, 2);
	tcase_add_loop_test(tcase, round_trip, 0, COUNT(texts));
	tcase_add_loop_test(tcase, path_of_the_kernel, 0, 6);
	tcase_add_loop_test(tcase, no_address, 0, COUNT(no_addresses));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
