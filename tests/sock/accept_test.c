/* Accepting: the wait and what ends it, what the new socket inherits, clients that vanish. */
#include "../../src/base/compat.h"

#include <sys/resource.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "../support/sock_support.h"

static const char *const hosts[] = { "127.0.0.1", "::1", "unix", "abstract" };

/* A listener on a host of the table, or NULL where there is no IPv6. */
static fsock *
listen_on(int i, const struct fsock_options *options)
{
	fsock *listener;

	if (hosts[i][0] == ':' && !sock_has(SOCK_TCP6))
		return NULL;
	listener = fsock_listen(sock_place(hosts[i]), 0, options);
	ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	return listener;
}

static fsock *
connect_to(int i, fsock *listener)
{
	fsock *s = fsock_connect(sock_place(hosts[i]), fsock_local_port(listener), NULL);

	ck_assert_msg(s != NULL, "%s", fsock_last_error()->text);
	return s;
}

START_TEST(accepted)
{
	fsock *listener = listen_on(_i, NULL), *client, *served;
	int fds, fd;

	if (listener == NULL)
		return;
	fds = sock_open_fds();
	client = connect_to(_i, listener);
	errno = EDOM;
	served = fsock_accept(listener, NULL);
	ck_assert_msg(served != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_int_eq(fsock_is_stream(served), 1);
	ck_assert_int_eq(fsock_is_listener(served), 0);
	fd = fsock_socket(served);
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_gt(fprintf(fsock_output(client), "hello\n"), 0);
	ck_assert_int_eq(fclose(fsock_output(client)), 0);
	ck_assert_int_eq(fgetc(fsock_input(served)), 'h');
	ck_assert_int_eq(fsock_close(client), 0);
	ck_assert_int_eq(fsock_close(served), 0);
	ck_assert_int_eq(sock_open_fds(), fds);
	ck_assert_int_eq(fsock_close(listener), 0);
}
END_TEST

static const struct limit {
	struct fsock_options options;
} limits[] = {
	{ { .timeout = 0.05 } },
	{ { .connect_timeout = 0.05 } },
	{ { .connect_timeout = 0.05, .timeout = 60, .deadline = 60 } },
};

/*
 * The wait ends with the limit, signals or not, and a client is taken afterwards as if nothing was.
 */
START_TEST(nobody_comes)
{
	fsock *listener = listen_on(_i % COUNT(hosts), NULL), *client, *served;
	const struct fsock_options *options = &limits[_i / COUNT(hosts)].options;
	double start = sock_now();
	int fds;

	if (listener == NULL)
		return;
	fds = sock_open_fds();
	ck_assert_ptr_null(fsock_accept(listener, options));
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	ck_assert_str_eq(fsock_last_error()->operation, "accept");
	ck_assert_str_eq(fsock_last_error()->host, sock_place(hosts[_i % COUNT(hosts)]));
	sock_assert_took(start, 0.05);
	ck_assert_int_eq(sock_open_fds(), fds);
	client = connect_to(_i % COUNT(hosts), listener);
	sock_await(fsock_socket(listener), POLLIN);
	served = fsock_accept(listener, options);
	ck_assert_msg(served != NULL, "%s", fsock_last_error()->text);
	fsock_close(client);
	fsock_close(served);
	fsock_close(listener);
}
END_TEST

/* Who waits already is taken, however short the limit. */
START_TEST(somebody_waits)
{
	fsock *listener = listen_on(_i, NULL), *client, *served;

	if (listener == NULL)
		return;
	client = connect_to(_i, listener);
	sock_await(fsock_socket(listener), POLLIN);
	served = fsock_accept(listener, &(struct fsock_options){ .connect_timeout = 1e-9 });
	ck_assert_msg(served != NULL, "%s", fsock_last_error()->text);
	fsock_close(client);
	fsock_close(served);
	fsock_close(listener);
}
END_TEST

START_TEST(signals_while_waiting)
{
	fsock *listener = listen_on(_i, NULL), *served;
	double start;

	if (listener == NULL)
		return;
	sock_storm_begin();
	start = sock_now();
	served = fsock_accept(listener, &(struct fsock_options){ .timeout = 0.05 });
	sock_storm_end();
	ck_assert_ptr_null(served);
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	sock_assert_took(start, 0.05);
	fsock_close(listener);
}
END_TEST

/* A thread that accepts until that fails: how many it took, and what the failure was. */
struct taker {
	struct sock_thread thread;
	fsock *listener;
	const struct fsock_options *options;
	int taken, errnum;
	enum fsock_error_kind kind;
};

static void
take_all(void *arg)
{
	struct taker *taker = arg;
	fsock *s;

	while ((s = fsock_accept(taker->listener, taker->options)) != NULL) {
		taker->taken++;
		fsock_close(s);
	}
	taker->errnum = errno;
	taker->kind = fsock_last_error()->kind;
}

#define TAKERS 3

static void
start_takers(struct taker takers[TAKERS], fsock *listener, const struct fsock_options *options)
{
	for (int i = 0; i < TAKERS; i++) {
		takers[i] = (struct taker){ .listener = listener, .options = options };
		sock_thread_start(&takers[i].thread, take_all, &takers[i]);
	}
}

/* Shuts down; every taker sees it. Returns how many clients they took. */
static int
stop_takers(struct taker takers[TAKERS], fsock *listener, int direction)
{
	int sum = 0;

	ck_assert_int_eq(fsock_shutdown(listener, direction), 0);
	for (int i = 0; i < TAKERS; i++) {
		sock_thread_join(&takers[i].thread);
		ck_assert_int_eq(takers[i].errnum, ESHUTDOWN);
		ck_assert_int_eq(takers[i].kind, FSOCK_ALREADY_SHUTDOWN_ERROR);
		sum += takers[i].taken;
	}
	return sum;
}

/* Blocked accepts are woken by a shutdown, later ones fail at once, new clients are refused. */
START_TEST(woken_by_shutdown)
{
	static const struct fsock_options sixty = { .timeout = 60 };
	struct taker takers[TAKERS];
	fsock *listener = listen_on(_i % COUNT(hosts), NULL);
	int direction = 1 + _i % FSOCK_IO;

	if (listener == NULL)
		return;
	start_takers(takers, listener, _i < COUNT(hosts) ? NULL : &sixty);
	for (int i = 0; i < TAKERS; i++)
		sock_thread_await_blocked(&takers[i].thread);
	ck_assert_int_eq(stop_takers(takers, listener, direction), 0);
	ck_assert_ptr_null(fsock_accept(listener, NULL));
	sock_assert_error(FSOCK_ALREADY_SHUTDOWN_ERROR, ESHUTDOWN);
	ck_assert_ptr_null(fsock_accept(listener, &sixty));
	sock_assert_error(FSOCK_ALREADY_SHUTDOWN_ERROR, ESHUTDOWN);
	ck_assert_int_eq(fsock_shutdown(listener, direction), 0);
	ck_assert_int_eq(fsock_close(listener), 0);
}
END_TEST

/* Several threads accept at once: every client is taken exactly once. */
START_TEST(several_threads)
{
	struct taker takers[TAKERS];
	fsock *listener = listen_on(_i, NULL);
	char c;

	if (listener == NULL)
		return;
	start_takers(takers, listener, NULL);
	for (int i = 0; i < 60; i++) {
		fsock *client = connect_to(_i, listener);

		ck_assert_int_eq(read(fsock_socket(client), &c, 1), 0); /* taken, and closed */
		fsock_close(client);
	}
	ck_assert_int_eq(stop_takers(takers, listener, FSOCK_INPUT), 60);
	fsock_close(listener);
}
END_TEST

/*
 * What is asked for when accepting: NULL inherits the listener's, options replace them altogether.
 */
static const struct heir {
	struct fsock_options listener, accept;
	int inherits;
	int nodelay;
	const char *sent; /* what the client sends */
	enum fsock_error_kind kind;
} heirs[] = {
	{ .inherits = 1,
	    .nodelay = 1,
	    .listener = { .read_timeout = 0.02 },
	    .kind = FSOCK_TIMEOUT_ERROR },
	{ .inherits = 1,
	    .nodelay = 0,
	    .listener = { .timeout = 0.02, .nodelay = FSOCK_OFF },
	    .kind = FSOCK_TIMEOUT_ERROR },
	{ .inherits = 1,
	    .nodelay = 1,
	    .listener = { .deadline = 0.05 },
	    .kind = FSOCK_DEADLINE_TIMEOUT_ERROR },
	{ .inherits = 1,
	    .nodelay = 1,
	    .listener = { .line_limit = 3 },
	    .sent = "abcdef\n",
	    .kind = FSOCK_LINE_TOO_LONG_ERROR },
	{ .nodelay = 1,
	    .listener = { .nodelay = FSOCK_OFF, .read_timeout = 60 },
	    .accept = { .read_timeout = 0.02 },
	    .kind = FSOCK_TIMEOUT_ERROR },
	{ .nodelay = 0,
	    .listener = { .deadline = 1e-9 },
	    .accept = { .nodelay = FSOCK_OFF, .read_timeout = 0.02 },
	    .kind = FSOCK_TIMEOUT_ERROR },
	{ .nodelay = 1,
	    .listener = { .timeout = 60 },
	    .accept = { .deadline = 0.02 },
	    .kind = FSOCK_DEADLINE_TIMEOUT_ERROR },
	{ .nodelay = 1,
	    .accept = { .line_limit = 3 },
	    .sent = "abcdef\n",
	    .kind = FSOCK_LINE_TOO_LONG_ERROR },
};

START_TEST(inherited)
{
	const struct heir *row = &heirs[_i];
	fsock *listener = listen_on(0, &row->listener), *client = connect_to(0, listener), *served;
	int nodelay = -1;
	socklen_t length = sizeof nodelay;
	char line[64];

	sock_await(fsock_socket(listener), POLLIN);
	served = fsock_accept(listener, row->inherits ? NULL : &row->accept);
	ck_assert_msg(served != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(
	    getsockopt(fsock_socket(served), IPPROTO_TCP, TCP_NODELAY, &nodelay, &length), 0);
	ck_assert_int_eq(nodelay != 0, row->nodelay);
	if (row->sent != NULL)
		ck_assert_int_gt(write(fsock_socket(client), row->sent, strlen(row->sent)), 0);
	while (fgets(line, sizeof line, fsock_input(served)) != NULL)
		;
	ck_assert_int_ne(ferror(fsock_input(served)), 0);
	ck_assert_str_eq(fsock_error_name(fsock_last_error()->kind), fsock_error_name(row->kind));
	ck_assert_str_eq(fsock_last_error()->operation, "read");
	ck_assert_str_eq(fsock_last_error()->host, "127.0.0.1");
	ck_assert_int_eq(fsock_last_error()->port, fsock_local_port(client));
	fsock_close(client);
	fsock_close(served);
	fsock_close(listener);
}
END_TEST

/*
 * A client that resets or closes before it is taken does not end the server: the next one is
 * served.
 */
START_TEST(vanished)
{
	fsock *listener = listen_on(_i % COUNT(hosts), NULL), *first, *second, *served;
	struct fsock_options options = { .timeout = 20 };
	char c = 0;

	if (listener == NULL)
		return;
	first = connect_to(_i % COUNT(hosts), listener);
	ck_assert_int_eq(_i < COUNT(hosts) ? fsock_abort(first) : fsock_close(first), 0);
	second = connect_to(_i % COUNT(hosts), listener);
	ck_assert_int_eq(write(fsock_socket(second), "2", 1), 1);
	served = fsock_accept(listener, &options);
	ck_assert_msg(served != NULL, "%s", fsock_last_error()->text);
	if (read(fsock_socket(served), &c, 1) < 1) { /* Linux hands out the first one still */
		ck_assert_int_eq(fsock_close(served), 0);
		served = fsock_accept(listener, &options);
		ck_assert_msg(served != NULL, "%s", fsock_last_error()->text);
		ck_assert_int_eq(read(fsock_socket(served), &c, 1), 1);
	}
	ck_assert_int_eq(c, '2');
	fsock_close(second);
	fsock_close(served);
	fsock_close(listener);
}
END_TEST

/* With no descriptor left accepting fails, with and without a limit; the client is not lost. */
static int
accept_without_descriptors(void *arg)
{
	const struct fsock_options options = { .timeout = 20 };
	fsock *listener = arg;
	struct rlimit limit;
	int last, fd;

	SOCK_EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 64;
	SOCK_EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (last = -1; (fd = dup(2)) >= 0; last = fd)
		;
	for (int i = 0; i < 2; i++) {
		SOCK_EXPECT(fsock_accept(listener, i == 0 ? NULL : &options) == NULL);
		SOCK_EXPECT(errno == EMFILE);
		SOCK_EXPECT(fsock_last_error()->kind == FSOCK_TOO_MANY_FILES_ERROR);
	}
	close(last);
	SOCK_EXPECT(fsock_close(fsock_accept(listener, &options)) == 0);
	return fsock_last_error()->kind != FSOCK_TOO_MANY_FILES_ERROR;
}

START_TEST(no_descriptor_free)
{
	fsock *listener = listen_on(_i, NULL), *client;

	if (listener == NULL)
		return;
	client = connect_to(_i, listener);
	if (!sock_is_watched())
		ck_assert_int_eq(sock_child(accept_without_descriptors, listener), 0);
	fsock_close(client);
	fsock_close(listener);
}
END_TEST

START_TEST(not_a_listener)
{
	fsock *ends[2];

	ck_assert_ptr_null(fsock_accept(NULL, NULL));
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	sock_link((enum sock_transport)_i, NULL, ends);
	ck_assert_ptr_null(fsock_accept(ends[0], NULL));
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fclose(fsock_stream(ends[0])), 0);
	ck_assert_ptr_null(fsock_accept(ends[0], NULL));
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("accept");
	TCase *tcase = tcase_create("accept");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, accepted, 0, COUNT(hosts));
	tcase_add_loop_test(tcase, nobody_comes, 0, COUNT(hosts) * COUNT(limits));
	tcase_add_loop_test(tcase, somebody_waits, 0, COUNT(hosts));
	tcase_add_loop_test(tcase, signals_while_waiting, 0, COUNT(hosts));
	tcase_add_loop_test(tcase, woken_by_shutdown, 0, 2 * COUNT(hosts));
	tcase_add_loop_test(tcase, several_threads, 0, COUNT(hosts));
	tcase_add_loop_test(tcase, inherited, 0, COUNT(heirs));
	tcase_add_loop_test(tcase, vanished, 0, 2 * COUNT(hosts));
	tcase_add_loop_test(tcase, no_descriptor_free, 0, COUNT(hosts));
	tcase_add_loop_test(tcase, not_a_listener, 0, SOCK_TRANSPORTS);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
