/* Sockets that are not connected yet: whatever uses one that does not get connected tells why. */
#include "../src/compat.h"

#include <math.h>
#include <unistd.h>

#include "support/sock_support.h"

/* How it ends. A name is looked up first, so that it is seldom known at once. */
static const struct outcome {
	const char *host;
	double timeout;
	enum fsock_error_kind kind;
	int error;
} outcomes[] = {
	{ "127.0.0.1", 0.05, FSOCK_TIMEOUT_ERROR, ETIMEDOUT },
	{ "localhost", 5, FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED },
};

static int
use_receive(fsock *s)
{
	return (int)fsock_receive(s, (char[1]){ 0 }, 1, NULL);
}

static int
use_send(fsock *s)
{
	return (int)fsock_send(s, "x", 1, NULL);
}

static int
use_send_pending(fsock *s)
{
	return (int)fsock_send_pending(s);
}

static int
use_read(fsock *s)
{
	FILE *f = fsock_stream(s);

	clearerr(f);
	return fgetc(f) == EOF ? -1 : 0;
}

static int
use_write(fsock *s)
{
	FILE *f = fsock_stream(s);

	clearerr(f);
	return fputs("x", f) == EOF || fflush(f) == EOF ? -1 : 0;
}

static int
use_pending_of_stream(fsock *s)
{
	return fsock_stream(s) == NULL ? -1 : (int)fsock_send_pending(s);
}

static int (*const uses[])(fsock *) = { use_receive, use_send, use_send_pending, use_read,
	use_write, use_pending_of_stream };

/* Uses it until it has failed, or has a wait list do the rest. */
static void
await_failure(fsock *s, int (*use)(fsock *), int error, int by_list)
{
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_event event;

	while (!by_list && fsock_is_connecting(s)) {
		use(s);
		fsock_wait_for_input(&s, 1, 0.01, NULL);
	}
	if (by_list) {
		ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_OUTPUT, NULL), 0);
		ck_assert_int_eq(fsock_waitlist_wait(list, INFINITY, NULL), 1);
		ck_assert_ptr_eq(fsock_waitlist_next(list, &event), s);
		ck_assert_int_eq(event.state, FSOCK_FAILED);
		ck_assert_int_eq(event.error, error);
	}
	fsock_waitlist_free(list);
}

START_TEST(not_connected)
{
	const struct outcome *row = &outcomes[_i / 2 % COUNT(outcomes)];
	int (*use)(fsock *) = uses[_i / 2 / COUNT(outcomes)];
	struct fsock_options options = {
		.nonblocking = FSOCK_ON, .connect_timeout = row->timeout, .family = FSOCK_IPV4_ONLY
	};
	int fds[SOCK_FULL], dead, full = sock_full("127.0.0.1", 0, fds);
	int port = row->error == ETIMEDOUT ? full : 0, refusing = sock_dead_port(SOCK_TCP4, &dead);
	fsock *s = fsock_connect(row->host, port != 0 ? port : refusing, &options);

	if (s == NULL) /* the name was looked up in no time: then it is told at once */
		sock_assert_error(row->kind, row->error);
	else
		await_failure(s, use, row->error, _i % 2);
	ck_assert_int_eq(fsock_is_connecting(s), 0);
	for (int i = 0; s != NULL && i < 2; i++) {
		ck_assert_int_eq(use(s), -1);
		sock_assert_error(row->kind, row->error);
		ck_assert_str_eq(fsock_last_error()->operation, "connect");
		ck_assert_str_eq(fsock_last_error()->host, row->host);
	}
	if (s != NULL) {
		ck_assert_int_eq(fsock_close(s), -1);
		sock_assert_error(row->kind, row->error);
	}
	close(dead);
	sock_full_free(fds);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pending");
	TCase *tcase = tcase_create("pending");

	tcase_add_loop_test(tcase, not_connected, 0, 2 * COUNT(outcomes) * COUNT(uses));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
