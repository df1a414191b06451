/* Servers of datagrams: answers, what is too long, failing handlers, ending. */
#include "../../src/base/compat.h"

#include <math.h>

#include <fsock/datagram.h>

#include "../support/server_support.h"

static const struct fsock_options patience = { .timeout = 25 };

static fsock_server *
start(const char *host, fsock_datagram_handler *handler, void *arg,
    const struct fsock_server_options *options)
{
	fsock_server *server = fsock_server_start_datagram(host, 0, handler, arg, options);

	ck_assert_msg(server != NULL, "%s", fsock_last_error()->text);
	return server;
}

/* A socket connected to the server. A Unix-domain one has a name of its own, to be answered at. */
static fsock *
client_of(fsock_server *server, const char *host)
{
	struct fsock_options options = patience;
	fsock *s;

	if (host[0] == '/' || host[0] == '@')
		options.local_host = sock_path("client");
	s = fsock_datagram(host, fsock_local_port(fsock_server_socket(server)), &options);
	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	return s;
}

/* Asserts that `question` is answered with the octets of `answer`. */
static void
check_answer(fsock *s, const void *question, size_t n, const void *answer, size_t m)
{
	char got[FSOCK_MAX_DATAGRAM_PACKET_SIZE];

	ck_assert_int_eq(fsock_send(s, question, n, NULL), (ssize_t)n);
	ck_assert_msg(
	    fsock_receive(s, got, sizeof got, NULL) == (ssize_t)m, "%s", fsock_last_error()->text);
	ck_assert_mem_eq(got, answer, m);
}

/* ---- Transports */

static const struct place {
	const char *listen, *reach;
	struct fsock_options options;
} places[] = {
	{ "127.0.0.1", "127.0.0.1", { .backlog = 0 } },
	{ "::1", "::1", { .backlog = 0 } },
	{ NULL, "127.0.0.1", { .backlog = 0 } },
	{ NULL, "127.0.0.2", { .backlog = 0 } },
	{ NULL, "::1", { .backlog = 0 } },
	{ "0.0.0.0", "127.0.0.2", { .backlog = 0 } },
	{ "0.0.0.0", "127.0.0.1", { .receive_destination = FSOCK_OFF } },
	{ NULL, "127.0.0.1", { .dual_stack = FSOCK_OFF } },
	{ NULL, "127.0.0.1", { .family = FSOCK_IPV4_ONLY } },
	{ NULL, "::1", { .family = FSOCK_IPV6_ONLY } },
	{ "unix", "unix", { .backlog = 0 } },
};

static char remote_host[FSOCK_ADDR_TEXT_SIZE], asked_host[FSOCK_ADDR_TEXT_SIZE];
static atomic_int remote_port;

static int
shout(struct fsock_request *request, void *arg)
{
	char *text = request->data;

	snprintf(remote_host, sizeof remote_host, "%s", fsock_remote_host());
	fsock_addr_host(request->local, asked_host, sizeof asked_host);
	remote_port = fsock_remote_port();
	if (fsock_server_current() == NULL || request->room != *(size_t *)arg)
		return 0; /* the test then waits in vain */
	for (size_t i = 0; i < request->length; i++)
		if (text[i] >= 'a' && text[i] <= 'z')
			text[i] += 'A' - 'a';
	memcpy(text + request->length, "!", 1);
	request->answer = (ssize_t)request->length + 1;
	return 0;
}

START_TEST(answers)
{
	const struct place *row = &places[_i];
	struct fsock_server_options options = { .socket = row->options };
	size_t room = FSOCK_MAX_DATAGRAM_PACKET_SIZE;
	const char *reach = sock_place(row->reach);
	char own[FSOCK_ADDR_TEXT_SIZE];
	int fds = sock_open_fds(), tells;
	fsock_server *server;
	fsock *s;

	if (strchr(row->reach, ':') != NULL && !sock_has(SOCK_TCP6))
		return;
	if (!FSOCK_ABSTRACT_NAMES && strcmp(row->reach, "127.0.0.2") == 0)
		return; /* not Linux: it is no address of this machine */
	errno = EDOM;
	server = start(sock_place(row->listen), shout, &room, &options);
	ck_assert_int_eq(errno, EDOM);
	s = client_of(server, reach);
	check_answer(s, "hello", 5, "HELLO!", 6);
	check_answer(s, "", 0, "!", 1);
	server_await_clients(server, 0); /* then all that it noted is there to be seen */
	ck_assert_str_eq(remote_host, fsock_local_address(s, own, sizeof own));
	ck_assert_int_eq(remote_port, fsock_local_port(s));
	tells = row->options.receive_destination != FSOCK_OFF && reach[0] != '/';
	ck_assert_str_eq(asked_host, tells ? reach : "");
	fsock_close(s);
	ck_assert_int_eq(fsock_server_stop(server, 5), 0);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* A socket that the server is given, with a datagram that came before it was asked for its path. */
START_TEST(given_late)
{
	struct fsock_options own = { .local_host = _i ? "::" : "0.0.0.0",
		.receive_destination = FSOCK_OFF };
	fsock *given = fsock_datagram(NULL, 0, &own), *s;
	struct fsock_server_options options = { .sockets = &given, .socket_count = 1 };
	size_t room = FSOCK_MAX_DATAGRAM_PACKET_SIZE;
	fsock_server *server;
	char got[8];

	if (!FSOCK_ABSTRACT_NAMES)
		return;
	ck_assert_msg(given != NULL, "%s", fsock_last_error()->text);
	s = fsock_datagram("127.0.0.2", fsock_local_port(given), &patience);
	ck_assert_int_eq(fsock_send(s, "early", 5, NULL), 5);
	server = start(NULL, shout, &room, &options);
	ck_assert_int_eq(fsock_receive(s, got, sizeof got, NULL), 6);
	check_answer(s, "late", 4, "LATE!", 5);
	fsock_close(s);
	ck_assert_int_eq(fsock_server_stop(server, 5), 0);
	ck_assert_str_eq(asked_host, "127.0.0.2");
}
END_TEST

/* ---- What comes out for what a handler does */

static int
do_as_told(struct fsock_request *request, void *arg)
{
	const char *text = request->data;

	(void)arg;
	if (request->length > 0 && text[0] == 'f') {
		errno = ENOTDIR;
		return -1;
	}
	if (request->length > 0 && text[0] == 'n')
		return 0;
	request->answer = request->length > 0 && text[0] == 'o' ? (ssize_t)request->room + 1
								: (ssize_t)request->length;
	return 0;
}

static const struct doing {
	const char *question;
	size_t length;
	const char *operation; /* NULL: it is answered; "": nobody hears of it */
	int errnum;
} doings[] = {
	{ "echo", 4, NULL, 0 },
	{ "", 0, NULL, 0 },
	{ "exactly!", 8, NULL, 0 },
	{ "too long!", 9, "receive", EMSGSIZE },
	{ "a good deal too long", 20, "receive", EMSGSIZE },
	{ "fail", 4, "serve client", ENOTDIR },
	{ "no", 2, "", 0 },
	{ "over", 4, "answer", EMSGSIZE },
};

START_TEST(outcome)
{
	const struct doing *row = &doings[_i];
	struct fsock_server_options options = {
		.max_datagram = 8, .error = server_log, .threads = 1
	};
	fsock_server *server = start("127.0.0.1", do_as_told, NULL, &options);
	fsock *s = client_of(server, "127.0.0.1");
	const struct fsock_error *error;

	if (row->operation == NULL) {
		check_answer(s, row->question, row->length, row->question, row->length);
	} else {
		ck_assert_int_ge(fsock_send(s, row->question, row->length, NULL), 0);
		/* With one thread the next answer comes after what has become of this one. */
		check_answer(s, "goes on", 7, "goes on", 7);
	}
	ck_assert_int_eq(fsock_server_stop(server, 5), 0);
	ck_assert_int_eq(server_log_count(), row->errnum != 0);
	if (row->errnum != 0) {
		error = server_await_log(0);
		ck_assert_str_eq(error->operation, row->operation);
		ck_assert_int_eq(error->errnum, row->errnum);
		ck_assert_str_eq(error->host, "127.0.0.1");
		ck_assert_int_eq(error->port, fsock_local_port(s));
	}
	fsock_close(s);
}
END_TEST

/* The longest there is, and one that cannot be answered. */
START_TEST(longest)
{
	static char octets[FSOCK_MAX_DATAGRAM_PACKET_SIZE];
	fsock_server *server = start("127.0.0.1", fsock_default_udp_handler, NULL, NULL);
	fsock *s = client_of(server, "127.0.0.1");

	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = (char)(i * 31 + i / 251);
	check_answer(s, octets, sizeof octets, octets, sizeof octets);
	fsock_close(s);
	ck_assert_int_eq(fsock_server_stop(server, 5), 0);
}
END_TEST

START_TEST(nowhere_to_answer)
{
	struct fsock_server_options options = { .error = server_log };
	const char *path = sock_path("s");
	fsock_server *server = start(path, fsock_default_udp_handler, NULL, &options);
	fsock *s = fsock_datagram(path, 0, &patience); /* without a name of its own */

	ck_assert_int_eq(fsock_send(s, "hello", 5, NULL), 5);
	ck_assert_str_eq(server_await_log(0)->operation, "answer");
	fsock_close(s);
	s = client_of(server, path);
	check_answer(s, "goes on", 7, "goes on", 7);
	fsock_close(s);
	ck_assert_int_eq(fsock_server_stop(server, 5), 0);
	ck_assert_int_eq(server_log_count(), 1);
}
END_TEST

/* ---- Clients that do not behave: the others are answered as ever, and the server can end */

enum rudeness { NEVER_READS, SENDS_NOTHING, SENDS_TOO_MUCH, VANISHES };

static const struct rude {
	const char *host;
	enum rudeness rudeness;
	int threads;
	const char *operation; /* what the program is told of; NULL: nothing, "": perhaps */
	int errnum;
} rudes[] = {
	{ "127.0.0.1", NEVER_READS, 1, NULL, 0 }, /* the system throws the answers away */
	{ "unix", NEVER_READS, 1, "answer", EAGAIN }, { "unix", NEVER_READS, 3, "answer", EAGAIN },
	{ "127.0.0.1", SENDS_NOTHING, 1, NULL, 0 }, { "unix", SENDS_NOTHING, 2, NULL, 0 },
	{ "127.0.0.1", SENDS_TOO_MUCH, 1, "receive", EMSGSIZE },
	{ "unix", SENDS_TOO_MUCH, 2, "receive", EMSGSIZE }, { "127.0.0.1", VANISHES, 1, NULL, 0 },
	{ "unix", VANISHES, 1, "", 0 }, /* some may have been answered */
};

/* A client that sends and sends, and reads nothing: the others' datagrams may be lost, not all. */
struct flood {
	fsock *s;
	atomic_int is_over;
};

static void
flood(void *arg)
{
	struct flood *f = arg;

	while (!f->is_over) {
		if (fsock_send(f->s, "x", 1, NULL) == 1)
			continue;
		if (errno != EAGAIN)
			break;
		poll(NULL, 0, 1); /* no room: the other client may be slower to use it */
	}
}

START_TEST(flooded)
{
	const char *host = sock_place(_i % 2 ? "unix" : "127.0.0.1");
	struct fsock_server_options options = { .threads = 1 + _i / 2 };
	fsock_server *server = start(host, fsock_default_udp_handler, NULL, &options);
	struct fsock_options own = { .timeout = 0.1 };
	int port = fsock_local_port(fsock_server_socket(server)), heard = 0;
	struct flood rude = { .is_over = 0 };
	struct sock_thread thread;
	char got[8];
	fsock *s;

	own.local_host = host[0] == '/' ? sock_path("rude") : NULL;
	rude.s = fsock_datagram(host, port, &own);
	ck_assert_int_eq(fsock_set_nonblocking(rude.s, 1), 0);
	own.local_host = host[0] == '/' ? sock_path("client") : NULL;
	s = fsock_datagram(host, port, &own);
	sock_thread_start(&thread, flood, &rude);
	while (heard < 2) { /* or the test's time is over */
		fsock_send(s, "hello", 5, NULL);
		heard += fsock_receive(s, got, sizeof got, NULL) == 5;
	}
	rude.is_over = 1;
	sock_thread_join(&thread);
	ck_assert_int_eq(fsock_server_stop(server, 5), 0);
	fsock_close(rude.s);
	fsock_close(s);
}
END_TEST

START_TEST(rude_client)
{
	const struct rude *row = &rudes[_i];
	const char *host = sock_place(row->host);
	struct fsock_server_options options = {
		.threads = row->threads, .error = server_log, .max_datagram = 100
	};
	fsock_server *server = start(host, fsock_default_udp_handler, NULL, &options);
	struct fsock_options own = { .timeout = 25,
		.local_host = host[0] == '/' ? sock_path("rude") : host };
	fsock *rude = fsock_datagram(NULL, 0, &own), *s = client_of(server, host);
	int port = fsock_local_port(fsock_server_socket(server));
	struct fsock_addr to;
	size_t n = row->rudeness == SENDS_NOTHING ? 0 : row->rudeness == SENDS_TOO_MUCH ? 101 : 1;
	static const char octets[101];
	char got[8];

	ck_assert_int_eq(fsock_addr_from_text(&to, host, port > 0 ? port : 0), 0);
	for (int i = 0; i < 40; i++) {
		ck_assert_int_eq(fsock_send(rude, octets, n, &to), (ssize_t)n);
		if (row->rudeness == SENDS_NOTHING)
			ck_assert_int_eq(fsock_receive(rude, got, sizeof got, NULL), 0);
	}
	if (row->rudeness == VANISHES) {
		fsock_close(rude);
		rude = NULL;
	}
	for (int i = 0; i < 5; i++)
		check_answer(s, "hello", 5, "hello", 5);
	if (row->operation == NULL) {
		ck_assert_int_eq(server_log_count(), 0);
	} else if (row->errnum != 0) {
		ck_assert_str_eq(server_await_log(0)->operation, row->operation);
		ck_assert_int_eq(server_await_log(0)->errnum, row->errnum);
	}
	ck_assert_int_eq(fsock_server_stop(server, 5), 0);
	fsock_close(rude);
	fsock_close(s);
}
END_TEST

/* ---- Threads and ending */

static struct server_gate gate;
static atomic_int most, now;

static void
reset_gate(void)
{
	gate.entered = gate.left = gate.is_open = 0;
	most = now = 0;
}

static int
hold(struct fsock_request *request, void *arg)
{
	int n = ++now, seen = most;

	(void)arg;
	while (n > seen && !atomic_compare_exchange_weak(&most, &seen, n))
		;
	server_gate_pass(&gate);
	now--;
	request->answer = (ssize_t)request->length;
	return 0;
}

/* So many threads, so many datagrams at a time; ending waits for them, and they still answer. */
static const int thread_counts[][2] = { { 0, 1 }, { 1, 1 }, { 3, 3 } };

static void
stop(void *arg)
{
	if (fsock_server_stop(arg, INFINITY) != 0)
		most = -1;
}

START_TEST(threads)
{
	int at_a_time = thread_counts[_i][1];
	struct fsock_server_options options = { .threads = thread_counts[_i][0] };
	fsock_server *server = start("127.0.0.1", hold, NULL, &options);
	fsock *s = client_of(server, "127.0.0.1");
	struct sock_thread thread;
	char got[8];

	for (int i = 0; i < 5; i++)
		fsock_send(s, "x", 1, NULL);
	server_gate_await(&gate, at_a_time);
	ck_assert_int_eq(fsock_server_clients(server), at_a_time);
	sock_thread_start(&thread, stop, server);
	sock_thread_await_blocked(&thread);
	gate.is_open = 1;
	sock_thread_join(&thread);
	ck_assert_int_eq(most, at_a_time);
	ck_assert_int_eq(gate.left, at_a_time);
	for (int i = 0; i < at_a_time; i++)
		ck_assert_int_eq(fsock_receive(s, got, sizeof got, NULL), 1);
	fsock_close(s);
}
END_TEST

START_TEST(what_was_left)
{
	fsock_server *server = start("127.0.0.1", hold, NULL, NULL);
	fsock *s = client_of(server, "127.0.0.1");
	struct sock_thread thread;

	fsock_send(s, "x", 1, NULL);
	server_gate_await(&gate, 1);
	ck_assert_int_eq(fsock_server_shutdown(server, 0), 0);
	sock_thread_start(&thread, stop, server); /* it has one left, and so sets `most` */
	sock_thread_await_blocked(&thread);
	gate.is_open = 1;
	sock_thread_join(&thread);
	ck_assert_int_eq(most, -1);
	fsock_close(s);
}
END_TEST

static int
end_server(struct fsock_request *request, void *arg)
{
	(void)arg;
	request->answer = (ssize_t)request->length;
	return fsock_server_shutdown(fsock_server_current(), 5);
}

static void
ask(void *arg)
{
	fsock *s = arg;
	char got[8];

	if (fsock_send(s, "bye", 3, NULL) != 3 || fsock_receive(s, got, sizeof got, NULL) != 3)
		most = -1;
}

static void
be_ready(fsock_server *server, void *arg)
{
	struct sock_thread *thread = arg;

	sock_thread_start(thread, ask, client_of(server, "127.0.0.1"));
}

START_TEST(runs)
{
	struct fsock_server_options options = { .ready = be_ready };
	struct sock_thread thread;

	ck_assert_int_eq(
	    fsock_server_run_datagram("127.0.0.1", 0, end_server, &thread, &options), 0);
	sock_thread_join(&thread);
	ck_assert_int_eq(most, 0);
	fsock_close(thread.arg);
}
END_TEST

START_TEST(bad_calls)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL);
	struct fsock_server_options options = { .sockets = &listener, .socket_count = 1 };

	ck_assert_ptr_null(fsock_server_start_datagram("127.0.0.1", 0, NULL, NULL, NULL));
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_ptr_null(fsock_server_start_datagram("127.0.0.1", -1, hold, NULL, NULL));
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_ptr_null(fsock_server_start_datagram(NULL, 0, hold, NULL, &options));
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(fsock_close(listener), 0);
}
END_TEST

static Suite *
datagram_server_suite(void)
{
	Suite *suite = suite_create("datagram_server");
	TCase *tcase = tcase_create("datagram_server");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_checked_fixture(tcase, server_log_reset, NULL);
	tcase_add_checked_fixture(tcase, reset_gate, NULL);
	tcase_add_loop_test(tcase, answers, 0, COUNT(places));
	tcase_add_loop_test(tcase, given_late, 0, 2);
	tcase_add_loop_test(tcase, outcome, 0, COUNT(doings));
	tcase_add_test(tcase, longest);
	tcase_add_test(tcase, nowhere_to_answer);
	tcase_add_loop_test(tcase, rude_client, 0, COUNT(rudes));
	tcase_add_loop_test(tcase, flooded, 0, 4);
	tcase_add_loop_test(tcase, threads, 0, COUNT(thread_counts));
	tcase_add_test(tcase, what_was_left);
	tcase_add_test(tcase, runs);
	tcase_add_test(tcase, bad_calls);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	return sock_run(datagram_server_suite());
}
