/* Interrupting what waits: in every way to wait, before, twice, at once, racing. */
#include "../../src/base/compat.h"

#include <sys/time.h>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "../support/ways.h"

/* A loop over ways and transports in one number. */
#define WAY(i)       ((enum way)((i) % WAYS))
#define TRANSPORT(i) ((enum sock_transport)((i) / WAYS % SOCK_TRANSPORTS))
#define ALL          (WAYS * SOCK_TRANSPORTS)

static const struct fsock_options on = { .timeout = 60, .interruptible = FSOCK_ON };

static int
is_input(enum way way)
{
	return ways_direction(way) == FSOCK_INPUT;
}

/* After an interrupt input goes on as if nothing had been; a stream's output has failed. */
static void
check_going_on(struct ways *w)
{
	struct ways_call call = { .ways = w };

	if (is_input(w->way)) {
		ways_satisfy(w);
		ways_run(&call);
		ways_expect(&call, FSOCK_NO_ERROR, 0);
	} else if (w->way >= WAY_SEND_DATAGRAM) {
		ways_satisfy(w);
		ck_assert_int_eq(fsock_send(w->s, "x", 1, NULL), 1);
	} else {
		ck_assert_int_eq(fsock_send(w->s, "x", 1, NULL), -1);
		sock_assert_error(FSOCK_CANCELED_ERROR, ECANCELED);
	}
}

static void
check_closing(struct ways *w, int fds)
{
	int fails = !is_input(w->way) && w->way < WAY_SEND_DATAGRAM;

	ck_assert_int_eq(ways_close(w), fails ? -1 : 0);
	if (fails)
		sock_assert_error(FSOCK_CANCELED_ERROR, ECANCELED);
	ck_assert_int_eq(sock_open_fds(), fds);
}

START_TEST(blocked)
{
	struct ways w;
	struct ways_call call = { .ways = &w };
	struct sock_thread thread;
	int fds = sock_open_fds();

	if (!ways_has(WAY(_i), TRANSPORT(_i)))
		return;
	ways_open(&w, WAY(_i), TRANSPORT(_i), on);
	sock_thread_start(&thread, ways_run, &call);
	sock_thread_await_blocked(&thread);
	errno = EDOM;
	ck_assert_int_eq(fsock_interrupt(w.s, ways_direction(w.way)), 0);
	ck_assert_int_eq(errno, EDOM);
	sock_thread_join(&thread);
	ways_expect(&call, FSOCK_CANCELED_ERROR, ECANCELED);
	check_going_on(&w);
	check_closing(&w, fds);
}
END_TEST

/*
 * Before there is a call: what need not wait is done, the next one that would wait fails, and only
 * one however often it was asked for. The other direction's interrupt is not for it.
 */
START_TEST(beforehand)
{
	struct ways w;
	struct ways_call call = { .ways = &w };
	int fds = sock_open_fds();

	if (!ways_has(WAY(_i), TRANSPORT(_i)))
		return;
	ways_open(&w, WAY(_i), TRANSPORT(_i), on);
	ck_assert_int_eq(fsock_interrupt(w.s, FSOCK_IO ^ ways_direction(w.way)), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(fsock_interrupt(w.s, ways_direction(w.way)), 0);
	if (is_input(w.way)) {
		ways_satisfy(&w);
		sock_await(fsock_socket(w.s), POLLIN);
		if (w.way == WAY_ACCEPT)
			close(w.peer);
		ways_run(&call);
		ways_expect(&call, FSOCK_NO_ERROR, 0);
	}
	ways_run(&call);
	ways_expect(&call, FSOCK_CANCELED_ERROR, ECANCELED);
	if (is_input(w.way)) { /* and none is left */
		ck_assert_int_eq(fsock_set_read_deadline(w.s, 0.01), 0);
		ways_run(&call);
		ways_expect(&call, FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
		ck_assert_int_eq(fsock_set_read_deadline(w.s, 60), 0);
	}
	check_going_on(&w);
	check_closing(&w, fds);
}
END_TEST

/* A reader and a writer of one connection, interrupted by one call. */
START_TEST(both_directions)
{
	static const enum way ways[][2] = { { WAY_LINE, WAY_WRITE }, { WAY_RECEIVE, WAY_SEND } };
	struct ways w[2];
	struct ways_call calls[2] = { { .ways = &w[0] }, { .ways = &w[1] } };
	struct sock_thread threads[2];

	if (!sock_has(_i / 2))
		return;
	ways_open(&w[0], ways[_i % 2][1], _i / 2, on);
	w[1] = w[0];
	w[0].way = ways[_i % 2][0];
	if (w[0].way == WAY_LINE)
		w[0].f = fsock_input(w[0].s);
	for (int i = 0; i < 2; i++)
		sock_thread_start(&threads[i], ways_run, &calls[i]);
	for (int i = 0; i < 2; i++)
		sock_thread_await_blocked(&threads[i]);
	ck_assert_int_eq(fsock_interrupt(w[0].s, FSOCK_IO), 0);
	for (int i = 0; i < 2; i++) {
		sock_thread_join(&threads[i]);
		ways_expect(&calls[i], FSOCK_CANCELED_ERROR, ECANCELED);
	}
	check_going_on(&w[0]);
	check_going_on(&w[1]);
	ck_assert_int_eq(ways_close(&w[0]), -1);
}
END_TEST

static atomic_int ended;

static void
run_and_count(void *arg)
{
	ways_run(arg);
	ended++;
}

/* Of several that wait, an interrupt ends one; the others get what comes. */
START_TEST(one_of_several)
{
	enum { SEVERAL = 5 };
	static const enum way ways[] = { WAY_ACCEPT, WAY_DATAGRAM, WAY_RECEIVE };
	struct ways w;
	struct ways_call calls[SEVERAL];
	struct sock_thread threads[SEVERAL];
	int interrupted = 0, timed_out = 0;

	ended = 0;
	ways_open(&w, ways[_i % COUNT(ways)], _i / COUNT(ways), on);
	for (int i = 0; i < SEVERAL; i++) {
		calls[i] = (struct ways_call){ .ways = &w };
		sock_thread_start(&threads[i], run_and_count, &calls[i]);
	}
	for (int i = 0; i < SEVERAL; i++)
		sock_thread_await_blocked(&threads[i]);
	ck_assert_int_eq(fsock_interrupt(w.s, FSOCK_INPUT), 0);
	while (ended == 0) /* they are woken in any order */
		poll(NULL, 0, 1);
	ck_assert_int_eq(fsock_set_read_deadline(w.s, 0.1), 0);
	for (int i = 0; i < SEVERAL; i++) {
		sock_thread_join(&threads[i]);
		interrupted += calls[i].error == ECANCELED;
		timed_out += calls[i].error == ETIMEDOUT;
	}
	ck_assert_int_eq(interrupted, 1);
	ck_assert_int_eq(timed_out, SEVERAL - 1);
	ways_close(&w);
}
END_TEST

/*
 * Interrupts race with what arrives: no octet is lost, doubled or out of order. Every octet is sent
 * right beside an interrupt, so that either may come first; one in a few finds a reader blocked.
 */
enum { OCTETS = 1000, LINE_EVERY = 4 };

struct racer {
	struct ways w;
	int octets, interrupts, bad;
};

static char
octet(int i)
{
	return (char)(i % LINE_EVERY == LINE_EVERY - 1 ? '\n' : 'a' + i % 23);
}

/* Reads what is there, or waits for it. Returns how much, or -1. */
static ssize_t
read_some(struct racer *r, char *buf, size_t size)
{
	if (r->w.f == NULL || r->w.way == WAY_RECEIVE_BESIDE)
		return fsock_receive(r->w.s, buf, size, NULL);
	if (r->w.way == WAY_WHOLE_LINE) /* others hand out a piece of a line with an error */
		return fgets(buf, (int)size, r->w.f) == NULL ? -1 : (ssize_t)strlen(buf);
	buf[0] = (char)fgetc(r->w.f);
	return ferror(r->w.f) ? -1 : 1;
}

static void
read_all(void *arg)
{
	struct racer *r = arg;
	char buf[64];

	while (r->octets < OCTETS && !r->bad) {
		ssize_t n = read_some(r, buf, sizeof buf);

		for (ssize_t i = 0; i < n; i++)
			r->bad |= buf[i] != octet(r->octets++);
		if (n == 0 || (n < 0 && errno != ECANCELED))
			r->bad = 2;
		if (n < 0 && r->w.f != NULL)
			clearerr(r->w.f);
		r->interrupts += n < 0;
	}
}

START_TEST(racing)
{
	static const enum way ways[] = { WAY_LINE, WAY_LINE_TWO_WAY, WAY_WHOLE_LINE, WAY_RECEIVE,
		WAY_RECEIVE_BESIDE };
	struct racer r = { .octets = 0 };
	struct sock_thread thread;

	if (!sock_has(_i / COUNT(ways)))
		return;
	ways_open(&r.w, ways[_i % COUNT(ways)], _i / COUNT(ways), on);
	sock_thread_start(&thread, read_all, &r);
	for (int i = 0; i < OCTETS; i++) {
		char c = octet(i);

		if (i % 100 == 0)
			sock_thread_await_blocked(&thread);
		if (i % 2)
			ck_assert_int_eq(fsock_interrupt(r.w.s, FSOCK_INPUT), 0);
		ck_assert_int_eq(send(r.w.peer, &c, 1, 0), 1);
		if (i % 2 == 0)
			ck_assert_int_eq(fsock_interrupt(r.w.s, FSOCK_INPUT), 0);
	}
	sock_thread_join(&thread);
	ck_assert_int_eq(r.bad, 0);
	ck_assert_int_eq(r.octets, OCTETS);
	ck_assert_int_gt(r.interrupts, 5);
	ck_assert_int_eq(ways_close(&r.w), 0);
}
END_TEST

/* A handler of a signal ends the call that the signal came upon. */
static fsock *of_handler;

static void
interrupt_it(int signal)
{
	(void)signal;
	fsock_interrupt(of_handler, FSOCK_IO);
}

START_TEST(from_a_handler)
{
	struct itimerval soon = { .it_value = { .tv_usec = 20000 } };
	struct sigaction action = { .sa_handler = interrupt_it };
	struct ways w;
	struct ways_call call = { .ways = &w };

	if (!ways_has(WAY(_i), SOCK_PAIR))
		return;
	ways_open(&w, WAY(_i), SOCK_PAIR, on);
	of_handler = w.s;
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
	ways_run(&call);
	ways_expect(&call, FSOCK_CANCELED_ERROR, ECANCELED);
	ways_close(&w);
}
END_TEST

/* A thread that is cancelled goes when its call has ended, and leaves all in order. */
static void
run_cancelled(void *arg)
{
	ways_run(arg);
	pthread_testcancel();
	((struct ways_call *)arg)->error = 0; /* it was not */
}

START_TEST(cancelled)
{
	static const enum way ways[] = { WAY_ACCEPT, WAY_DATAGRAM, WAY_RECEIVE };
	struct ways w;
	struct ways_call call = { .ways = &w };
	struct sock_thread thread;

	ways_open(&w, ways[_i], SOCK_TCP4, on);
	sock_thread_start(&thread, run_cancelled, &call);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(pthread_cancel(thread.thread), 0);
	ck_assert_int_eq(fsock_interrupt(w.s, FSOCK_INPUT), 0);
	sock_thread_join(&thread);
	ways_expect(&call, FSOCK_CANCELED_ERROR, ECANCELED);
	check_going_on(&w);
	ck_assert_int_eq(ways_close(&w), 0);
}
END_TEST

/* Shutting down still gets a call out, and for good. */
START_TEST(shut_down)
{
	static const struct {
		enum way way;
		int error;
	} rows[] = { { WAY_LINE, 0 }, { WAY_RECEIVE, 0 }, { WAY_ACCEPT, ESHUTDOWN },
		{ WAY_DATAGRAM, ESHUTDOWN } };
	struct ways w;
	struct ways_call call = { .ways = &w };
	struct sock_thread thread;

	ways_open(&w, rows[_i].way, SOCK_TCP4, on);
	sock_thread_start(&thread, ways_run, &call);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(fsock_shutdown(w.s, FSOCK_INPUT), 0);
	sock_thread_join(&thread);
	ck_assert_int_eq(call.error, rows[_i].error);
	ck_assert_int_eq(call.line[0], '\0');
	ways_close(&w);
}
END_TEST

/* Waiting for queued output to go, when a socket is to block again. */
struct settling {
	fsock *s;
	int r, error;
};

static void
settle(void *arg)
{
	struct settling *settling = arg;

	settling->r = fsock_set_nonblocking(settling->s, 0);
	settling->error = errno;
}

START_TEST(settled)
{
	static const char block[600000];
	struct fsock_options options = on;
	struct settling settling = { .r = 0 };
	struct sock_thread thread;
	int peer;

	options.nonblocking = FSOCK_ON;
	settling.s = sock_raw(_i, &options, &peer);
	ck_assert_ptr_nonnull(fsock_output(settling.s));
	while (fsock_pending_output(settling.s) < 300000) /* the kernel may yet take some */
		ck_assert_int_gt(fsock_send(settling.s, block, sizeof block, NULL), 0);
	sock_thread_start(&thread, settle, &settling);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(fsock_interrupt(settling.s, FSOCK_OUTPUT), 0);
	sock_thread_join(&thread);
	ck_assert_int_eq(settling.r, -1);
	ck_assert_int_eq(settling.error, ECANCELED);
	ck_assert_int_eq(fsock_close(settling.s), -1);
	sock_assert_error(FSOCK_CANCELED_ERROR, ECANCELED);
	close(peer);
}
END_TEST

/* The connection does not stand yet: a read that waits for it can be called back, and moved. */
START_TEST(connecting)
{
	struct fsock_options options = on;
	int full[SOCK_FULL], port = sock_full("127.0.0.1", 0, full), fds = sock_open_fds();
	struct ways w = { .way = _i ? WAY_LINE : WAY_RECEIVE };
	struct ways_call call = { .ways = &w };
	struct sock_thread thread;

	options.nonblocking = FSOCK_ON;
	w.s = fsock_connect("127.0.0.1", port, &options);
	ck_assert_ptr_nonnull(w.s);
	ck_assert_int_eq(fsock_is_connecting(w.s), 1);
	ck_assert_int_eq(fsock_set_nonblocking(w.s, 0), 0);
	w.f = _i ? fsock_input(w.s) : NULL;
	sock_thread_start(&thread, ways_run, &call);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(fsock_interrupt(w.s, FSOCK_INPUT), 0);
	sock_thread_join(&thread);
	ways_expect(&call, FSOCK_CANCELED_ERROR, ECANCELED);
	sock_thread_start(&thread, ways_run, &call);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(fsock_set_read_deadline(w.s, 0.01), 0);
	sock_thread_join(&thread);
	ways_expect(&call, FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
	ck_assert_int_eq(fsock_is_connecting(w.s), 1);
	fsock_abort(w.s);
	ck_assert_int_eq(sock_open_fds(), fds);
	sock_full_free(full);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("interrupt");
	TCase *tcase = tcase_create("interrupt");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, blocked, 0, ALL);
	tcase_add_loop_test(tcase, beforehand, 0, ALL);
	tcase_add_loop_test(tcase, both_directions, 0, 2 * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, one_of_several, 0, 3 * 2);
	tcase_add_loop_test(tcase, racing, 0, 5 * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, from_a_handler, 0, WAYS);
	tcase_add_loop_test(tcase, cancelled, 0, 3);
	tcase_add_loop_test(tcase, shut_down, 0, 4);
	tcase_add_loop_test(tcase, connecting, 0, 2);
	tcase_add_loop_test(tcase, settled, SOCK_PAIR, SOCK_TCP4 + 1);
	return sock_run(suite);
}
