/* The time of members: when it comes, how it is put off, and that of many members at once. */
#include "../../src/base/compat.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/sock_support.h"
#include "../support/wait_support.h"

static fsock_waitlist *list;
static fsock *s;
static int peer;

/* Row by row, another transport. */
#define WAY(i, count) ((i) / (count)*SOCK_TRANSPORTS + (i) % SOCK_TRANSPORTS)

static void
begin(int i)
{
	enum sock_transport transport = (enum sock_transport)(i % SOCK_TRANSPORTS);

	if (!sock_has(transport))
		transport = SOCK_PAIR;
	list = wait_list(i / SOCK_TRANSPORTS);
	s = sock_raw(transport, &(struct fsock_options){ .nonblocking = FSOCK_ON }, &peer);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, &s), 0);
}

static void
finish(void)
{
	fsock_waitlist_free(list);
	fsock_close(s);
	close(peer);
}

static void
expect_event(int state, double timeout)
{
	struct fsock_event event;

	ck_assert_int_eq(fsock_waitlist_wait(list, timeout, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(list, &event), s);
	ck_assert_ptr_eq(event.user, &s);
	ck_assert_int_eq(event.state, state);
	ck_assert_int_eq(event.error, 0);
	ck_assert_int_eq(fsock_state(s), state);
	ck_assert_ptr_null(fsock_waitlist_next(list, &event));
}

/* What is done with the time of the one member, and how long it then takes to come. */
static const struct row {
	const char *name;
	double times[4]; /* set in turn; -1 ends them */
	double takes;    /* INFINITY: it does not come */
	int interest;
} rows[] = {
	{ "once", { 0.1, -1 }, 0.1, FSOCK_INPUT },
	{ "of no interest", { 0.1, -1 }, 0.1, 0 },
	{ "at once", { 0, -1 }, 0, FSOCK_INPUT },
	{ "put off", { 0.02, 0.15, -1 }, 0.15, FSOCK_INPUT },
	{ "earlier", { 20, 0.05, -1 }, 0.05, FSOCK_INPUT },
	{ "put off and earlier", { 20, 30, 0.05, -1 }, 0.05, FSOCK_INPUT },
	{ "taken back", { 0.02, INFINITY, -1 }, INFINITY, FSOCK_INPUT },
	{ "taken back and set", { 0.02, INFINITY, 0.1, -1 }, 0.1, FSOCK_INPUT },
	{ "for ever", { 1e300, -1 }, INFINITY, FSOCK_INPUT },
	{ "never", { -1 }, INFINITY, FSOCK_INPUT },
};

START_TEST(one)
{
	const struct row *row = &rows[_i % COUNT(rows)];
	double start;

	begin(WAY(_i, COUNT(rows)));
	ck_assert_int_eq(fsock_waitlist_change(list, s, row->interest, &s), 0);
	start = sock_now();
	for (int i = 0; row->times[i] >= 0; i++)
		ck_assert_int_eq(fsock_waitlist_set_timeout(list, s, row->times[i]), 0);
	if (row->takes == INFINITY) {
		ck_assert_int_eq(fsock_waitlist_wait(list, 0.1, NULL), 0);
	} else {
		expect_event(FSOCK_TIMEOUT, 20);
		sock_assert_took(start, row->takes);
	}
	/* It comes once. */
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.05, NULL), 0);
	ck_assert_int_eq(fsock_state(s), 0);
	/* And is set anew. */
	ck_assert_int_eq(fsock_waitlist_set_timeout(list, s, 0.01), 0);
	expect_event(FSOCK_TIMEOUT, 20);
	finish();
}
END_TEST

/* A look that comes when the time has come finds it, with what else there is. */
START_TEST(with_input)
{
	struct fsock_event event;
	double start;

	begin(_i);
	ck_assert_int_eq(fsock_waitlist_set_timeout(list, s, 0), 0);
	ck_assert_int_eq(write(peer, "x\n", 2), 2);
	sock_await(fsock_socket(s), POLLIN);
	expect_event(FSOCK_INPUT | FSOCK_TIMEOUT, 0);
	expect_event(FSOCK_INPUT, 0);
	/* A time that is still to come is not lost by an event before it. */
	do { /* on a busy machine it may have come */
		start = sock_now();
		ck_assert_int_eq(fsock_waitlist_set_timeout(list, s, 0.05), 0);
		ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
		ck_assert_ptr_eq(fsock_waitlist_next(list, &event), s);
	} while (event.state != FSOCK_INPUT && sock_now() - start >= 0.05);
	ck_assert_int_eq(event.state, FSOCK_INPUT);
	ck_assert_int_eq(getc(fsock_stream(s)), 'x');
	ck_assert_int_eq(getc(fsock_stream(s)), '\n');
	expect_event(FSOCK_TIMEOUT, 20);
	finish();
}
END_TEST

START_TEST(arguments)
{
	begin(_i);
	ck_assert_int_eq(fsock_waitlist_set_timeout(NULL, s, 1), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_waitlist_set_timeout(list, NULL, 1), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(fsock_waitlist_set_timeout(list, s, -1), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_waitlist_set_timeout(list, s, NAN), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	errno = 0;
	ck_assert_int_eq(fsock_waitlist_set_timeout(list, s, 0.01), 0);
	ck_assert_int_eq(errno, 0);
	ck_assert_int_eq(fsock_waitlist_remove(list, s), 0);
	ck_assert_int_eq(fsock_waitlist_set_timeout(list, s, 1), -1);
	ck_assert_int_eq(errno, ENOENT);
	/* The time went with the member. */
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.05, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, &s), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.05, NULL), 0);
	finish();
}
END_TEST

/* ---- The deadline of the socket. */

START_TEST(deadline)
{
	static const struct {
		double timeout, deadline, later;
	} times[] = { { INFINITY, 0.1, -1 }, { 20, 0.1, -1 }, { INFINITY, 20, 0.1 },
		{ INFINITY, 0.02, 0.1 } };
	double start;
	int n;

	begin(WAY(_i, COUNT(times)));
	start = sock_now();
	ck_assert_int_eq(fsock_waitlist_set_timeout(list, s, times[_i % COUNT(times)].timeout), 0);
	ck_assert_int_eq(fsock_set_deadline(s, times[_i % COUNT(times)].deadline), 0);
	if (times[_i % COUNT(times)].later >= 0) {
		n = fsock_waitlist_wait(list, 0, NULL);
		ck_assert(n == 0 || sock_now() - start >= times[_i % COUNT(times)].deadline);
		ck_assert_int_eq(fsock_set_deadline(s, times[_i % COUNT(times)].later), 0);
	}
	expect_event(FSOCK_INPUT, 20);
	sock_assert_took(start, 0.1);
	ck_assert_int_eq(getc(fsock_stream(s)), EOF);
	sock_assert_error(FSOCK_DEADLINE_TIMEOUT_ERROR, ETIMEDOUT);
	expect_event(FSOCK_INPUT, 20); /* until it is put off */
	ck_assert_int_eq(fsock_set_deadline(s, INFINITY), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 0);
	finish();
}
END_TEST

/* Another thread brings a time forward that a wait counts on. */
static void
bring_forward(void *arg)
{
	if (*(int *)arg)
		fsock_set_deadline(s, 0);
	else
		fsock_waitlist_set_timeout(list, s, 0);
}

START_TEST(brought_forward)
{
	struct sock_thread thread;
	int what = _i % 2;

	begin(_i / 2);
	ck_assert_int_eq(fsock_waitlist_set_timeout(list, s, 60), 0);
	sock_thread_start(&thread, bring_forward, &what);
	expect_event(what ? FSOCK_INPUT : FSOCK_TIMEOUT, 20);
	sock_thread_join(&thread);
	finish();
}
END_TEST

/* ---- Many members, against a model: the order in which their times come is that of the times. */

enum { MANY = 200, STEPS = 4000 };

static struct timed {
	fsock *s;
	int is_member, is_set;
	double due, latest; /* not before, and then at the latest */
} many[MANY];

static int
find(const fsock *found)
{
	int i = 0;

	while (many[i].s != found)
		i++;
	return i;
}

/* All that have come were due, and nobody is due that has not come. */
static int
collect(double timeout)
{
	double before = sock_now(), after;
	struct fsock_event event;
	int n = fsock_waitlist_wait(list, timeout, NULL), told = 0;

	after = sock_now();
	ck_assert_int_ge(n, 0);
	while (fsock_waitlist_next(list, &event) != NULL) {
		struct timed *t = &many[find(event.socket)];

		ck_assert_int_eq(event.state, FSOCK_TIMEOUT);
		ck_assert(t->is_member && t->is_set);
		ck_assert_double_le(t->due, after);
		t->is_set = 0;
		told++;
	}
	ck_assert_int_eq(told, n);
	for (int i = 0; i < MANY; i++)
		ck_assert(!many[i].is_member || !many[i].is_set || many[i].latest > before - 0.001);
	return n;
}

static void
change(struct timed *t, unsigned *seed)
{
	double seconds = rand_r(seed) % 100 / 1000.0;

	if (!t->is_member) {
		ck_assert_int_eq(fsock_waitlist_add(list, t->s, 0, NULL), 0);
		t->is_member = 1;
		t->is_set = 0;
	} else if (rand_r(seed) % 8 == 0) {
		ck_assert_int_eq(fsock_waitlist_remove(list, t->s), 0);
		t->is_member = 0;
	} else if (rand_r(seed) % 8 == 0) {
		ck_assert_int_eq(fsock_waitlist_set_timeout(list, t->s, INFINITY), 0);
		t->is_set = 0;
	} else {
		t->due = sock_now() + seconds;
		ck_assert_int_eq(fsock_waitlist_set_timeout(list, t->s, seconds), 0);
		t->latest = sock_now() + seconds;
		t->is_set = 1;
	}
}

START_TEST(many_members)
{
	unsigned seed = (unsigned)_i + 1;
	int left = 0;

	list = wait_list(_i % wait_backends());
	for (int i = 0; i < MANY; i += 2) {
		fsock *ends[2];

		ck_assert_int_eq(fsock_pair(ends, NULL), 0);
		many[i] = (struct timed){ .s = ends[0] };
		many[i + 1] = (struct timed){ .s = ends[1] };
	}
	for (int i = 0; i < STEPS; i++) {
		change(&many[rand_r(&seed) % MANY], &seed);
		if (rand_r(&seed) % 16 == 0)
			collect(rand_r(&seed) % 2 ? 0 : 0.001);
	}
	for (int i = 0; i < MANY; i++)
		left += many[i].is_member && many[i].is_set;
	while (left > 0)
		left -= collect(20);
	ck_assert_int_eq(left, 0);
	ck_assert_int_eq(collect(0.15), 0);
	for (int i = 0; i < MANY; i++)
		fsock_close(many[i].s);
	ck_assert_uint_eq(fsock_waitlist_count(list), 0);
	fsock_waitlist_free(list);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("timer");
	TCase *t = tcase_create("timer");
	int ways = wait_backends() * SOCK_TRANSPORTS;

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, one, 0, wait_backends() * COUNT(rows));
	tcase_add_loop_test(t, with_input, 0, ways);
	tcase_add_loop_test(t, arguments, 0, ways);
	tcase_add_loop_test(t, deadline, 0, wait_backends() * 4);
	tcase_add_loop_test(t, brought_forward, 0, 2 * ways);
	tcase_add_loop_test(t, many_members, 0, 6 * wait_backends());
	suite_add_tcase(suite, t);
	return sock_run(suite);
}
