/* Servers whose calls of the system fail: a clean error or none, nothing left, and they can end. */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "../../src/base/error.h"
#include "../../src/sock/accept.h"
#include "../support/server_support.h"

enum kind { STREAMS, LINES, DATAGRAMS, KINDS };

static int
serve_stream(FILE *client, void *arg)
{
	char line[64];

	(void)arg;
	while (fgets(line, sizeof line, client) != NULL)
		fputs(line, client);
	return 0;
}

static int
serve_line(FILE *client, char *line, size_t length, void *arg)
{
	(void)length;
	(void)arg;
	fprintf(client, "%s\n", line);
	return 0;
}

static fsock_server *
start(enum kind kind, const struct fsock_server_options *options)
{
	if (kind == STREAMS)
		return fsock_server_start("127.0.0.1", 0, serve_stream, NULL, options);
	if (kind == LINES)
		return fsock_server_start_lines("127.0.0.1", 0, serve_line, NULL, options);
	return fsock_server_start_datagram(
	    "127.0.0.1", 0, fsock_default_udp_handler, NULL, options);
}

/* ---- Calls that fail. Those that are counted are the main thread's. */

static _Thread_local int calls, failing; /* of which this one fails, if any */
static _Thread_local const char *failed;

static int
fails(const char *name)
{
	if (failing == 0 || ++calls != failing)
		return 0;
	failed = name;
	return 1;
}

#define STAND_IN(type, name, parameters, arguments, errnum, failure) \
	type __real_##name parameters;                               \
	type __wrap_##name parameters;                               \
	type __wrap_##name parameters                                \
	{                                                            \
		if (!fails(#name))                                   \
			return __real_##name arguments;              \
		errno = errnum;                                      \
		return failure;                                      \
	}

STAND_IN(void *, malloc, (size_t n), (n), ENOMEM, NULL)
STAND_IN(void *, calloc, (size_t count, size_t n), (count, n), ENOMEM, NULL)
STAND_IN(void *, realloc, (void *memory, size_t n), (memory, n), ENOMEM, NULL)
STAND_IN(int, socket, (int family, int type, int protocol), (family, type, protocol), EMFILE, -1)
STAND_IN(int, bind, (int fd, const struct sockaddr *to, socklen_t n), (fd, to, n), EADDRINUSE, -1)
STAND_IN(int, listen, (int fd, int backlog), (fd, backlog), EADDRINUSE, -1)
STAND_IN(int, pipe2, (int fds[2], int flags), (fds, flags), EMFILE, -1)
#if defined(__linux__)
STAND_IN(int, eventfd, (unsigned value, int flags), (value, flags), EMFILE, -1)
STAND_IN(int, epoll_create1, (int flags), (flags), EMFILE, -1)
#endif

/* Threads that were started, and those of them that have done their work. */
typedef void *thread_fn(void *);
static atomic_int begun, ended, waits;
static thread_fn *_Atomic work; /* the same for all */

static void *
count_end(void *arg)
{
	thread_fn *fn = work;
	void *result = fn(arg);

	ended++;
	return result;
}

int __real_pthread_create(pthread_t *id, const pthread_attr_t *attr, thread_fn *fn, void *arg);
int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr, thread_fn *fn, void *arg);

int
__wrap_pthread_create(pthread_t *id, const pthread_attr_t *attr, thread_fn *fn, void *arg)
{
	if (failing == 0)
		return __real_pthread_create(id, attr, fn, arg);
	if (fails("pthread_create")) {
		while (waits && ended < begun)
			server_breathe();
		return EAGAIN;
	}
	begun++;
	work = fn;
	return __real_pthread_create(id, attr, count_end, arg);
}

/* What tells of something in an octet, and fails, is never sent. */
static atomic_int octets_fail;
ssize_t __real_send(int fd, const void *data, size_t n, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t n, int flags);

ssize_t
__wrap_send(int fd, const void *data, size_t n, int flags)
{
	if (n != 1 || !octets_fail)
		return __real_send(fd, data, n, flags);
	errno = ENOBUFS;
	return -1;
}

/* The first listener that is used cannot be watched, fails for good, or fails once. */
enum breakage { UNWATCHED, INVALID, EXHAUSTED };
static fsock *_Atomic broken;
static atomic_int breakage, breaks;

static int
is_broken(fsock *listener, enum breakage by)
{
	fsock *none = NULL;

	if (!breaks || by != (enum breakage)breakage || !fsock_is_listener(listener))
		return 0;
	return atomic_compare_exchange_strong(&broken, &none, listener) || none == listener;
}

int __real_fsock_waitlist_add(fsock_waitlist *list, fsock *s, int interest, void *user);
int __wrap_fsock_waitlist_add(fsock_waitlist *list, fsock *s, int interest, void *user);

int
__wrap_fsock_waitlist_add(fsock_waitlist *list, fsock *s, int interest, void *user)
{
	if (!is_broken(s, UNWATCHED))
		return __real_fsock_waitlist_add(list, s, interest, user);
	breaks = 0; /* once */
	return fsock__error_set("watch", NULL, FSOCK__NO_PORT, ENOSPC);
}

fsock *__real_fsock__accept_now(fsock *listener, const struct fsock__settings *settings);
fsock *__wrap_fsock__accept_now(fsock *listener, const struct fsock__settings *settings);

fsock *
__wrap_fsock__accept_now(fsock *listener, const struct fsock__settings *settings)
{
	int exhausted = is_broken(listener, EXHAUSTED);

	if (!exhausted && !is_broken(listener, INVALID))
		return __real_fsock__accept_now(listener, settings);
	if (exhausted)
		breaks = 0;
	fsock__handle_error(listener, "accept", exhausted ? EMFILE : EINVAL);
	return NULL;
}

static void
reset(void)
{
	calls = failing = 0;
	begun = ended = waits = octets_fail = breaks = 0;
	broken = NULL;
	server_log_reset();
}

/* ---- Starting */

/* The first call fails, then the second and so on, until none does. */
START_TEST(start_fails)
{
	struct fsock_server_options options = { .threads = 3 };
	enum kind kind = (enum kind)_i;
	fsock_server *server;
	int fds = sock_open_fds(), n = 0;

	do {
		failed = NULL;
		calls = 0;
		failing = ++n;
		server = start(kind, &options);
		failing = 0;
		ck_assert_msg(server != NULL || failed != NULL, "%s", fsock_last_error()->text);
		if (server == NULL)
			ck_assert_int_eq(errno, fsock_last_error()->errnum);
		else
			ck_assert_int_eq(fsock_server_stop(server, 20), 0);
		ck_assert_msg(sock_open_fds() == fds, "after call %d, %s", n, failed);
	} while (failed != NULL);
	ck_assert_int_gt(n, 8);
}
END_TEST

/* A thread cannot be had, when the server has been told to end and those before have gone. */
static void
shut_down(fsock_server *server, void *arg)
{
	(void)arg;
	fsock_server_shutdown(server, 0);
}

START_TEST(start_fails_at_end)
{
	struct fsock_server_options options = { .threads = 3, .ready = shut_down };
	enum kind kind = (enum kind)(_i / 3);
	int fds = sock_open_fds(), n = 0;
	fsock_server *server;

	waits = 1;
	do {
		failed = NULL;
		begun = ended = calls = 0;
		failing = ++n;
		server = start(kind, &options); /* some things it can do without */
		failing = 0;
		if (server != NULL)
			fsock_server_stop(server, 20);
	} while (failed == NULL || strcmp(failed, "pthread_create") != 0 || begun < _i % 3);
	ck_assert_int_eq(begun, _i % 3);
	ck_assert_str_eq(fsock_last_error()->operation, "start thread");
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* ---- Ending */

static fsock_server *_Atomic running;

static void
note_server(fsock_server *server, void *arg)
{
	(void)arg;
	running = server;
}

static void
end_server(void *arg)
{
	(void)arg;
	while (running == NULL)
		server_breathe();
	fsock_server_shutdown(running, 20);
}

/* Nothing that a server has to tell itself can be lost. */
START_TEST(no_octet_arrives)
{
	struct fsock_server_options options = { .threads = 1 + _i % 2, .ready = note_server };
	enum kind kind = (enum kind)(_i / 2);
	struct sock_thread thread;
	fsock_server *server;

	octets_fail = 1;
	server = start(kind, &options);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
	running = NULL;
	sock_thread_start(&thread, end_server, NULL);
	if (kind == STREAMS)
		ck_assert_int_eq(fsock_server_run("127.0.0.1", 0, serve_stream, NULL, &options), 0);
	else if (kind == LINES)
		ck_assert_int_eq(
		    fsock_server_run_lines("127.0.0.1", 0, serve_line, NULL, &options), 0);
	else
		ck_assert_int_eq(fsock_server_run_datagram(
				     "127.0.0.1", 0, fsock_default_udp_handler, NULL, &options),
		    0);
	sock_thread_join(&thread);
}
END_TEST

/* ---- Listeners */

/* One of two listeners yields no clients any more: all that come are served, or are refused. */
static const struct breaking {
	enum kind kind;
	enum breakage breakage;
	int given;  /* sockets; 0: the server opens its own */
	int served; /* at least, of 20 clients; one may have been on its way in */
} breakings[] = {
	{ LINES, UNWATCHED, 0, 19 },
	{ LINES, INVALID, 0, 19 },
	{ LINES, UNWATCHED, 1, 20 }, /* the other loop still takes from it */
	{ LINES, INVALID, 2, 10 },
	{ STREAMS, INVALID, 2, 10 },
};

static atomic_int ports[2];

static void
note_port(fsock_server *server, void *arg)
{
	(void)arg;
	ports[0] = fsock_local_port(fsock_server_socket(server));
}

/* Says a line at the port. Returns whether it came back; else the connection was refused. */
static int
is_served(int port)
{
	static const struct fsock_options patience = { .timeout = 20 };
	FSOCK_AUTO fsock *s = fsock_connect("127.0.0.1", port, &patience);
	char line[64] = "";

	if (s == NULL) {
		ck_assert(errno == ECONNREFUSED || errno == ECONNRESET);
		return 0;
	}
	if (fputs("hello\n", fsock_stream(s)) == EOF || fflush(fsock_stream(s)) == EOF ||
	    fgets(line, sizeof line, fsock_stream(s)) == NULL) {
		ck_assert_int_ne(errno, ETIMEDOUT);
		return 0; /* it was on its way in when the door was closed */
	}
	ck_assert_str_eq(line, "hello\n");
	return 1;
}

START_TEST(listener_breaks)
{
	const struct breaking *row = &breakings[_i];
	fsock *given[2] = { NULL, NULL };
	struct fsock_server_options options = { .threads = 2,
		.ready = note_port,
		.error = server_log,
		.sockets = given,
		.socket_count = (size_t)row->given };
	fsock_server *server;
	int served = 0;

	for (int i = 0; i < row->given; i++)
		given[i] = fsock_listen("127.0.0.1", 0, NULL);
	breakage = (int)row->breakage;
	breaks = 1;
	server = start(row->kind, &options);
	ck_assert_ptr_nonnull(server);
	ports[1] = row->given == 2 ? fsock_local_port(given[1]) : ports[0];
	for (int i = 0; server_log_count() == 0; i++)
		is_served(ports[i % 2]); /* until it has broken */
	for (int i = 0; i < 20; i++)
		served += is_served(ports[i % 2]);
	ck_assert_int_ge(served, row->served);
	ck_assert_int_le(served, row->given == 2 ? 10 : 20);
	ck_assert_int_le(server_log_count(), 2); /* each thread finds out by itself */
	served = fsock_local_port(fsock_server_socket(server));
	ck_assert(served == ports[0] || served == ports[1]);
	ck_assert_int_eq(fsock_server_stop(server, 20), 0);
}
END_TEST

/* While the program is told of trouble others take clients, and listeners can be closed. */
static struct server_gate gate;

static void
take_long(fsock_server *server, const struct fsock_error *error, void *arg)
{
	server_log(server, error, arg);
	server_gate_pass(&gate);
}

static void
stop_server(void *arg)
{
	if (fsock_server_stop(arg, INFINITY) != 0)
		running = NULL;
}

START_TEST(program_takes_long)
{
	struct fsock_server_options options = { .threads = 1 + _i % 2, .error = take_long };
	enum kind kind = _i / 2 ? LINES : STREAMS;
	struct sock_thread thread;
	fsock *waiting, *s;
	int port;

	gate = (struct server_gate){ 0 };
	breakage = EXHAUSTED;
	breaks = 1;
	running = start(kind, &options);
	port = fsock_local_port(fsock_server_socket(running));
	waiting = server_connect(running, "127.0.0.1");
	server_gate_await(&gate, 1);
	if (kind == STREAMS && options.threads > 1) {
		fputs("hello\n", fsock_stream(waiting));
		ck_assert_int_eq(getc(fsock_stream(waiting)), 'h');
	}
	fsock_close(waiting);
	sock_thread_start(&thread, stop_server, running);
	while ((s = fsock_connect("127.0.0.1", port, NULL)) != NULL)
		fsock_close(s);
	gate.is_open = 1;
	sock_thread_join(&thread);
	ck_assert_ptr_nonnull(running);
	ck_assert_int_eq(server_log_count(), 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("server faults");
	TCase *tcase = tcase_create("server faults");

	tcase_add_checked_fixture(tcase, reset, NULL);
	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, start_fails, 0, KINDS);
	tcase_add_loop_test(tcase, start_fails_at_end, 0, KINDS * 3);
	tcase_add_loop_test(tcase, no_octet_arrives, 0, KINDS * 2);
	tcase_add_loop_test(tcase, listener_breaks, 0, COUNT(breakings));
	tcase_add_loop_test(tcase, program_takes_long, 0, 4);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
