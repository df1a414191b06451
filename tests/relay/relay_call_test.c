/* The calls of relays: what they refuse, and what may happen to them from outside. */
#include "../../src/base/compat.h"

#include <sys/resource.h>

#include <math.h>
#include <unistd.h>

#include "../support/relay_support.h"

/* Ends that cannot be, and what is said of them. */
static fsock *
make_nothing(void)
{
	return NULL;
}

static fsock *
make_listener(void)
{
	return fsock_listen("127.0.0.1", 0, NULL);
}

static fsock *
make_datagram(void)
{
	return fsock_datagram("127.0.0.1", 0, NULL);
}

static const struct {
	fsock *(*make)(void);
	enum fsock_error_kind kind;
	int error;
} strangers[] = {
	{ make_nothing, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
	{ make_listener, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
	{ make_datagram, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
	{ fsock_timer, FSOCK_OPERATION_NOT_SUPPORTED_ERROR, EOPNOTSUPP },
};

START_TEST(refused_ends)
{
	fsock *s = strangers[_i / 2].make(), *a = s;
	struct relay r;

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	if (_i & 1)
		a = r.ends[0];
	ck_assert_ptr_null(fsock_relay_new(a, a == s ? r.ends[1] : s, NULL));
	sock_assert_error(strangers[_i / 2].kind, strangers[_i / 2].error);
	ck_assert_int_eq(fsock_is_nonblocking(r.ends[0]), 0);
	fsock_close(s);
	relay_close(&r);
}
END_TEST

START_TEST(refused_stream)
{
	FILE *f = fsock_octets_input("x", 1, "latin-1");
	struct relay r;

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	ck_assert_ptr_null(fsock_relay_new(fsock_of(f), r.ends[1], NULL));
	ck_assert_int_eq(errno, EOPNOTSUPP);
	fclose(f);
	f = fsock_stream(r.ends[0]);
	ck_assert_int_eq(fclose(f), 0); /* and with it the connection */
	ck_assert_ptr_null(fsock_relay_new(r.ends[0], r.ends[1], NULL));
	ck_assert_int_eq(errno, EBADF);
	relay_close(&r);
}
END_TEST

START_TEST(refused_options)
{
	struct relay r;
	struct fsock_relay_options rows[9] = { { .reserved = { 1 } },
		{ .reserved = { 0, 0, 0, 1 } }, { .one_way = (enum fsock_switch)3 },
		{ .half_close = (enum fsock_switch)3 }, { .splice = (enum fsock_switch)3 },
		{ .idle_timeout = -1 }, { .idle_timeout = NAN }, { .buffer_size = SIZE_MAX } };

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	rows[8].a_output = r.ends[1];
	for (int i = 0; i < COUNT(rows); i++) {
		ck_assert_ptr_null(fsock_relay_new(r.ends[0], r.ends[1], &rows[i]));
		sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	}
	ck_assert_ptr_null(fsock_relay_new(r.ends[0], r.ends[0], NULL));
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	relay_close(&r);
}
END_TEST

/* Calls that make no sense leave a relay as it is. */
START_TEST(refused_calls)
{
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_relay_status status;
	fsock_relay *relay;
	struct relay r;

	fsock_relay_free(NULL);
	ck_assert_int_eq(fsock_relay_run(NULL), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fsock_relay_step(NULL), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fsock_relay_join(NULL, list, NULL), -1);
	ck_assert_int_eq(errno, EINVAL);
	relay_open(&r, RELAY_TCP, RELAY_TCP);
	relay = fsock_relay_new(r.ends[0], r.ends[1], NULL);
	ck_assert_int_eq(fsock_relay_step(relay), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fsock_relay_join(relay, NULL, NULL), -1);
	ck_assert_int_eq(errno, EINVAL);
	errno = 0;
	ck_assert_int_eq(fsock_relay_join(relay, list, NULL), 1);
	ck_assert_int_eq(fsock_relay_step(relay), 1);
	ck_assert_int_eq(errno, 0);
	ck_assert_int_eq(fsock_relay_join(relay, list, NULL), -1);
	ck_assert_int_eq(errno, EBUSY);
	ck_assert_int_eq(fsock_relay_run(relay), -1);
	ck_assert_int_eq(errno, EBUSY);
	fsock_relay_get_status(relay, &status);
	ck_assert_int_eq(status.error, 0);
	ck_assert_uint_eq(fsock_waitlist_count(list), 2);
	fsock_relay_free(relay);
	ck_assert_uint_eq(fsock_waitlist_count(list), 0);
	ck_assert_int_eq(fsock_is_nonblocking(r.ends[0]), 0);
	fsock_waitlist_free(list);
	relay_close(&r);
}
END_TEST

/* One that is over says the same again. */
START_TEST(over)
{
	fsock_waitlist *list = fsock_waitlist_new();
	struct relay r;
	fsock_relay *relay;

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	relay = fsock_relay_new(r.ends[0], r.ends[1], NULL);
	ck_assert_int_eq(fsock_relay_join(relay, list, NULL), 1);
	if (_i) {
		relay_reset(&r.outer[0]);
	} else {
		ck_assert_int_eq(shutdown(r.outer[0], SHUT_WR), 0);
		ck_assert_int_eq(shutdown(r.outer[1], SHUT_WR), 0);
	}
	while (fsock_waitlist_count(list) > 0) {
		ck_assert_int_ge(fsock_waitlist_wait(list, INFINITY, NULL), 0);
		fsock_relay_step(relay);
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(fsock_relay_step(relay), -_i);
		if (_i)
			ck_assert_int_eq(errno, ECONNRESET);
	}
	fsock_relay_free(relay);
	fsock_waitlist_free(list);
	relay_close(&r);
}
END_TEST

/* One end is closed by the program meanwhile. */
START_TEST(closed)
{
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_relay_status status;
	struct relay r;
	fsock_relay *relay;

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	relay = fsock_relay_new(r.ends[0], r.ends[1], NULL);
	ck_assert_int_eq(fsock_relay_join(relay, list, NULL), 1);
	fsock_close(r.ends[_i]);
	relay_say(r.outer[!_i], "to nobody");
	ck_assert_int_eq(fsock_waitlist_wait(list, INFINITY, NULL), 1);
	ck_assert_int_eq(fsock_relay_step(relay), -1);
	ck_assert_int_eq(errno, EBADF);
	fsock_relay_get_status(relay, &status);
	ck_assert_ptr_eq(status.failed, r.ends[_i]);
	fsock_relay_free(relay);
	fsock_waitlist_free(list);
	r.ends[_i] = NULL;
	relay_close(&r);
}
END_TEST

/* There are no descriptors for a pipe: octets go through the buffer. */
START_TEST(no_pipe)
{
	struct rlimit limit, before;
	int dups[16], n = 0;
	struct relay r;

	relay_open(&r, RELAY_TCP, RELAY_UNIX);
	relay_start(&r, RELAY_RUN, NULL);
	sock_thread_await_blocked(&r.thread); /* it has its list */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = COUNT(dups); /* poll(2) takes no more than that */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while ((dups[n] = dup(STDIN_FILENO)) >= 0)
		n++;
	relay_exchange(&r, 500000, 500000);
	ck_assert_int_eq(relay_join(&r), 0);
	while (n > 0)
		close(dups[--n]);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	relay_close(&r);
}
END_TEST

/* What has come before the connection stands is passed on when it does, or that it does not. */
START_TEST(connecting)
{
	struct fsock_options options = { .nonblocking = FSOCK_ON, .connect_timeout = 20 };
	int fails = _i & 1, drive = _i >> 1, full[SOCK_FULL], port;
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *peer = NULL;
	char buf[10];
	struct relay r;

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	fsock_close(r.ends[1]);
	close(r.outer[1]);
	r.outer[1] = -1;
	relay_say(r.outer[0], "early");
	ck_assert_int_eq(shutdown(r.outer[0], SHUT_WR), 0);
	if (fails)
		options.connect_timeout = 0.1;
	port = fails ? sock_full("127.0.0.1", 0, full) : fsock_local_port(listener);
	r.ends[1] = fsock_connect("127.0.0.1", port, &options);
	ck_assert_ptr_nonnull(r.ends[1]);
	relay_start(&r, (enum relay_drive)drive, NULL);
	if (!fails) {
		peer = fsock_accept(listener, NULL);
		ck_assert_int_eq(fsock_receive(peer, buf, 5, NULL), 5);
		ck_assert_mem_eq(buf, "early", 5);
		ck_assert_int_eq(fsock_receive(peer, buf, 5, NULL), 0);
		ck_assert_int_eq(fsock_close(peer), 0);
	}
	ck_assert_int_eq(relay_join(&r), -fails);
	if (fails) {
		ck_assert_int_eq(r.error, ETIMEDOUT);
		ck_assert_ptr_eq(r.status.failed, r.ends[1]);
		sock_full_free(full);
	}
	fsock_close(listener);
	relay_close(&r);
}
END_TEST

/* Signals end the call, and not the relay. */
START_TEST(signals)
{
	struct relay r;
	int result, interrupted = 0;

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	r.relay = fsock_relay_new(r.ends[0], r.ends[1], NULL);
	sock_storm_begin();
	while (interrupted < 10) {
		ck_assert_int_eq(fsock_relay_run(r.relay), -1);
		ck_assert_int_eq(errno, EINTR);
		interrupted++;
	}
	sock_storm_end();
	relay_say(r.outer[0], "on");
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(shutdown(r.outer[i], SHUT_WR), 0);
	do
		result = fsock_relay_run(r.relay);
	while (result < 0 && errno == EINTR);
	ck_assert_int_eq(result, 0);
	relay_expect(r.outer[1], "on");
	fsock_relay_free(r.relay);
	relay_close(&r);
}
END_TEST

/* Another thread ends it. */
START_TEST(shut_down)
{
	struct relay r;

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	relay_start(&r, (enum relay_drive)_i, NULL);
	sock_thread_await_blocked(&r.thread);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fsock_shutdown(r.ends[i], FSOCK_INPUT), 0);
	ck_assert_int_eq(relay_join(&r), 0);
	for (int i = 0; i < 2; i++)
		relay_expect(r.outer[i], NULL);
	relay_close(&r);
}
END_TEST

/* One that is freed with octets in it: they are lost, and who was to get them is told. */
START_TEST(freed_early)
{
	static char text[100000];
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_relay_status status = { .held_for_b = 0 };
	struct relay r;
	char octet;
	fsock_relay *relay;

	relay_open(&r, RELAY_TCP, RELAY_TCP);
	relay = fsock_relay_new(r.ends[0], r.ends[1], NULL);
	ck_assert_int_eq(fsock_relay_join(relay, list, NULL), 1);
	sock_fill(fsock_socket(r.ends[1]));
	ck_assert_int_gt(send(r.outer[0], text, sizeof text, 0), 0);
	while (status.held_for_b == 0) {
		ck_assert_int_ge(fsock_waitlist_wait(list, INFINITY, NULL), 0);
		ck_assert_int_eq(fsock_relay_step(relay), 1);
		fsock_relay_get_status(relay, &status);
	}
	fsock_relay_free(relay);
	ck_assert_int_eq(fsock_close(r.ends[0]), 0);
	ck_assert_int_eq(fsock_close(r.ends[1]), -1);
	r.ends[0] = r.ends[1] = NULL;
	sock_await(r.outer[1], 0);
	while (recv(r.outer[1], &octet, 1, 0) > 0)
		continue;
	ck_assert_int_eq(errno, ECONNRESET);
	fsock_waitlist_free(list);
	relay_close(&r);
}
END_TEST

static Suite *
relay_suite(void)
{
	Suite *suite = suite_create("relay_call");
	TCase *tc = tcase_create("relay");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, refused_ends, 0, 2 * COUNT(strangers));
	tcase_add_test(tc, refused_stream);
	tcase_add_test(tc, refused_options);
	tcase_add_test(tc, refused_calls);
	tcase_add_loop_test(tc, over, 0, 2);
	tcase_add_loop_test(tc, closed, 0, 2);
	tcase_add_test(tc, no_pipe);
	tcase_add_loop_test(tc, connecting, 0, 2 * RELAY_DRIVES);
	tcase_add_test(tc, signals);
	tcase_add_loop_test(tc, shut_down, 0, RELAY_DRIVES);
	tcase_add_test(tc, freed_early);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return sock_run(relay_suite());
}
