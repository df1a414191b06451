/* fsock_wait_for_input() and fsock_state(). */
#include "../../src/base/compat.h"

#include <sys/time.h>

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/records.h"
#include "../support/sock_support.h"
#include "../support/wait_support.h"

enum { MANY = 200 };

/* Pairs; the even ones of `s` have something to read. */
static void
pairs(fsock *s[], int peers[], int n)
{
	for (int i = 0; i < n; i++) {
		s[i] = sock_raw(SOCK_PAIR, NULL, &peers[i]);
		if (i % 2 == 0)
			ck_assert_int_eq(write(peers[i], "x", 1), 1);
	}
}

static void
unpair(fsock *s[], int peers[], int n)
{
	for (int i = 0; i < n; i++) {
		fsock_close(s[i]);
		close(peers[i]);
	}
}

/* Times: whether something is ready, the timeout, and how much of it passes. */
static const struct times {
	int ready;
	double timeout, passes;
} times[] = {
	{ 0, 0, 0 },
	{ 0, 0.3, 0.3 },
	{ 0, 0.0001, 0.0001 },
	{ 1, 0, 0 },
	{ 1, 5, 0 },
	{ 1, 1e30, 0 },
	{ 1, INFINITY, 0 },
};

/* `remaining` is what is left: 0 once it has run out, without end if it was so. */
static void
assert_remaining(const struct times *row, double started, double remaining)
{
	if (!row->ready || row->timeout == 0)
		ck_assert_double_eq(remaining, 0);
	else if (row->timeout > 1e9)
		ck_assert_double_infinite(remaining);
	else
		ck_assert_double_ge(remaining, row->timeout - (sock_now() - started) - 0.01);
	ck_assert(remaining <= row->timeout || row->timeout > 1e9);
}

START_TEST(timed)
{
	const struct times *row = &times[_i];
	double remaining = -1, start;
	fsock *s;
	int peer;

	s = sock_raw(SOCK_PAIR, NULL, &peer);
	if (row->ready)
		ck_assert_int_eq(write(peer, "x", 1), 1);
	errno = 0;
	start = sock_now();
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, row->timeout, &remaining), row->ready);
	ck_assert_double_ge(sock_now() - start, row->passes);
	ck_assert_double_le(sock_now() - start, row->passes + SOCK_PATIENCE);
	assert_remaining(row, start, remaining);
	ck_assert_int_eq(fsock_state(s), row->ready ? FSOCK_INPUT : 0);
	ck_assert_int_eq(errno, 0);
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 0, NULL), row->ready);
	unpair(&s, &peer, 1);
}
END_TEST

static const int sizes[] = { 1, 2, 7, 64, 65, MANY };

START_TEST(many)
{
	fsock *s[MANY];
	int peers[MANY], n = sizes[_i];

	pairs(s, peers, n);
	ck_assert_int_eq(fsock_wait_for_input(s, (size_t)n, 5, NULL), (n + 1) / 2);
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(fsock_state(s[i]), i % 2 == 0 ? FSOCK_INPUT : 0);
	unpair(s, peers, n);
}
END_TEST

/* What was ready before counts no longer. */
START_TEST(states_anew)
{
	fsock *s[3];
	int peers[3];
	char octet;

	pairs(s, peers, 3);
	ck_assert_int_eq(fsock_wait_for_input(s, 3, 5, NULL), 2);
	ck_assert_int_eq(read(fsock_socket(s[0]), &octet, 1), 1);
	ck_assert_int_eq(fsock_wait_for_input(s, 3, 5, NULL), 1);
	ck_assert_int_eq(fsock_state(s[0]), 0);
	ck_assert_int_eq(fsock_state(s[1]), 0);
	ck_assert_int_eq(fsock_state(s[2]), FSOCK_INPUT);
	unpair(s, peers, 3);
}
END_TEST

/* What lies in a buffer does not hide what lies in the kernel. */
START_TEST(buffered_and_not)
{
	fsock *s[2];
	int peers[2];
	FILE *f;

	pairs(s, peers, 2);
	ck_assert_int_eq(write(peers[1], "a\nb\n", 4), 4);
	f = fsock_stream(s[1]);
	ck_assert_int_eq(getc(f), 'a');
	ck_assert_int_eq(fsock_wait_for_input(s, 2, 5, NULL), 2);
	ck_assert_int_eq(fsock_state(s[0]), FSOCK_INPUT);
	ck_assert_int_eq(fsock_state(s[1]), FSOCK_INPUT);
	unpair(s, peers, 2);
}
END_TEST

/* Every line or record that is read ahead is reported, until all are read. */
START_TEST(every_record)
{
	const struct records_kind *kind = &records_from_lines[_i % RECORDS_FROM_LINES];
	struct fsock_record record = records_of_length(kind, 2);
	struct fsock_options options = { .record = _i % RECORDS_FROM_LINES ? &record : NULL };
	char text[] = "1\n2\n3\n4\n5\n6\n7\n8\n9\n", got[2];
	struct records_turn said = { kind, 2, 0 };
	int peer, n = 0;
	fsock *s = sock_raw(_i / RECORDS_FROM_LINES, &options, &peer);
	FILE *f;

	f = fsock_stream(s);
	ck_assert_int_eq(write(peer, records_turn(&said, text, 18), 18), 18);
	while (fsock_wait_for_input(&s, 1, n == 0 ? 5 : 0, NULL) == 1) {
		ck_assert_uint_eq(records_read(kind, f, got, 2), 2);
		ck_assert_mem_eq(got, text + n, 2);
		n += 2;
	}
	ck_assert_int_eq(n, 18);
	fsock_close(s);
	close(peer);
}
END_TEST

START_TEST(named_twice)
{
	fsock *s[2], *three[3];
	int peers[2];

	pairs(s, peers, 2);
	three[0] = three[2] = s[0];
	three[1] = s[1];
	ck_assert_int_eq(fsock_wait_for_input(three, 3, 5, NULL), 1);
	ck_assert_int_eq(fsock_wait_for_input(three, 3, 5, NULL), 1);
	unpair(s, peers, 2);
}
END_TEST

START_TEST(closed_among_others)
{
	fsock *s[4];
	int peers[4];

	pairs(s, peers, 4);
	fclose(fsock_stream(s[1]));
	ck_assert_int_eq(fsock_wait_for_input(s, 4, 5, NULL), 3);
	ck_assert_int_eq(fsock_state(s[0]), FSOCK_INPUT);
	ck_assert_int_eq(fsock_state(s[1]), FSOCK_FAILED);
	ck_assert_int_eq(fsock_state(s[3]), 0);
	ck_assert_int_eq(fsock_socket(s[1]), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	unpair(s, peers, 4);
}
END_TEST

/* Somebody has closed the descriptor behind the library's back. */
START_TEST(descriptor_closed)
{
	int peer;
	fsock *s = sock_raw(SOCK_PAIR, NULL, &peer);

	close(fsock_socket(s));
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 5, NULL), 1);
	ck_assert_int_eq(fsock_state(s), FSOCK_INPUT | FSOCK_FAILED);
	ck_assert_int_eq(fsock_close(s), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	close(peer);
}
END_TEST

START_TEST(none)
{
	double remaining = -1, start = sock_now();

	ck_assert_int_eq(fsock_wait_for_input(NULL, 0, INFINITY, &remaining), 0);
	ck_assert_double_infinite(remaining);
	ck_assert_int_eq(fsock_wait_for_input(NULL, 0, 0, &remaining), 0);
	ck_assert_double_eq(remaining, 0);
	ck_assert_int_eq(fsock_wait_for_input(NULL, 0, 0.1, &remaining), 0);
	ck_assert_double_eq(remaining, 0);
	sock_assert_took(start, 0.1);
}
END_TEST

static const struct bad {
	const char *what;
	int array, null; /* pass the array; with a NULL among the sockets */
	double timeout;
	enum fsock_error_kind kind;
} bads[] = {
	{ "no array", 0, 0, 1, FSOCK_INVALID_ARGUMENT_ERROR },
	{ "a NULL socket", 1, 1, 1, FSOCK_INVALID_SOCKET_ERROR },
	{ "negative", 1, 0, -0.1, FSOCK_INVALID_ARGUMENT_ERROR },
	{ "no number", 1, 0, NAN, FSOCK_INVALID_ARGUMENT_ERROR },
	{ "minus infinity", 1, 0, -INFINITY, FSOCK_INVALID_ARGUMENT_ERROR },
};

START_TEST(bad)
{
	const struct bad *row = &bads[_i];
	double remaining = -5;
	fsock *s[2], *given[2];
	int peers[2];

	pairs(s, peers, 2);
	given[0] = s[0];
	given[1] = row->null ? NULL : s[1];
	ck_assert_int_eq(
	    fsock_wait_for_input(row->array ? given : NULL, 2, row->timeout, &remaining), -1);
	sock_assert_failed(row->kind, EINVAL, "wait: %s", strerror(EINVAL));
	ck_assert_double_eq(remaining, -5);
	unpair(s, peers, 2);
}
END_TEST

START_TEST(state_of_null)
{
	ck_assert_int_eq(fsock_state(NULL), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
}
END_TEST

static void
on_alarm(int signo)
{
	(void)signo;
}

START_TEST(interrupted)
{
	/* Again and again: the first may come before the wait has begun. */
	static const struct itimerval often = { { 0, 50000 }, { 0, 50000 } }, never;
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	double remaining = -1, start;
	int peer;
	fsock *s = sock_raw(SOCK_PAIR, NULL, &peer);

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	start = sock_now();
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 20, &remaining), -1);
	sock_assert_failed(FSOCK_INTERRUPTED_CONDITION, EINTR, "wait: %s", strerror(EINTR));
	ck_assert_double_ge(remaining, 20 - (sock_now() - start) - 0.01);
	ck_assert_double_gt(remaining, 20 - SOCK_PATIENCE);
	ck_assert_double_lt(remaining, 20);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
	unpair(&s, &peer, 1);
}
END_TEST

/*
 * A socket of a list is waited for alone if it is named alone, and what was waited for before is
 * past.
 */
START_TEST(alone)
{
	fsock_waitlist *list = wait_list(_i);
	fsock *s[2];
	int peers[2];

	pairs(s, peers, 2);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fsock_waitlist_add(list, s[i], FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(fsock_wait_for_input(s, 2, 5, NULL), 1);
	ck_assert_int_eq(fsock_wait_for_input(&s[1], 1, 0, NULL), 0);
	ck_assert_int_eq(write(peers[1], "x", 1), 1);
	ck_assert_int_eq(fsock_wait_for_input(&s[1], 1, 5, NULL), 1);
	ck_assert_int_eq(fsock_state(s[1]), FSOCK_INPUT);
	ck_assert_int_eq(fsock_waitlist_wait(list, 5, NULL), 2);
	fsock_waitlist_free(list);
	unpair(s, peers, 2);
}
END_TEST

/* usocket's elliott-slaughter.1: a listener is polled before, between and after two clients. */
START_TEST(listener_polled)
{
	fsock *listener = fsock_listen(NULL, 0, NULL), *client, *served;

	ck_assert_int_eq(fsock_wait_for_input(&listener, 1, 0, NULL), 0);
	client = fsock_connect("127.0.0.1", fsock_local_port(listener), NULL);
	ck_assert_ptr_nonnull(client);
	ck_assert_int_eq(fsock_wait_for_input(&listener, 1, 5, NULL), 1);
	served = fsock_accept(listener, NULL);
	ck_assert_ptr_nonnull(served);
	ck_assert_int_eq(fsock_wait_for_input(&listener, 1, 0, NULL), 0);
	fsock_close(served);
	fsock_close(client);
	fsock_close(listener);
}
END_TEST

static atomic_int told;

static void
wait_for_one(void *arg)
{
	fsock *s = arg;

	if (fsock_wait_for_input(&s, 1, 20, NULL) == 1)
		told++;
}

START_TEST(two_threads)
{
	struct sock_thread threads[2];
	int peer;
	fsock *s = sock_raw(SOCK_PAIR, NULL, &peer);

	for (int i = 0; i < 2; i++) {
		sock_thread_start(&threads[i], wait_for_one, s);
		sock_thread_await_blocked(&threads[i]);
	}
	ck_assert_int_eq(write(peer, "x", 1), 1);
	for (int i = 0; i < 2; i++)
		sock_thread_join(&threads[i]);
	ck_assert_int_eq(told, 2);
	unpair(&s, &peer, 1);
}
END_TEST

/* In front of libc's: here the thread that receives is cancelled if it wants that. */
static _Thread_local int is_to_end;

ssize_t
recv(int fd, void *buf, size_t n, int flags)
{
	if (is_to_end) {
		pthread_cancel(pthread_self());
		pthread_testcancel();
	}
	return recvfrom(fd, buf, n, flags, NULL, NULL);
}

static void
wait_and_end(void *arg)
{
	is_to_end = 1;
	fsock_wait_for_input(arg, 1, 20, NULL);
}

/* A thread that is cancelled while it takes what has come of a record leaves it to others. */
START_TEST(cancelled_early)
{
	const struct records_kind *kind = &records_from_lines[_i];
	struct fsock_record record = records_of_length(kind, 8);
	struct fsock_options options = { .record = &record };
	char text[] = "partial\n", got[8];
	struct records_turn said = { kind, 8, 0 };
	struct sock_thread waiter;
	int peer;
	fsock *s = sock_raw(SOCK_PAIR, &options, &peer);
	FILE *f = fsock_stream(s);

	ck_assert_int_eq(write(peer, records_turn(&said, text, 8), 3), 3);
	sock_thread_start(&waiter, wait_and_end, &s);
	sock_thread_join(&waiter);
	ck_assert_int_eq(write(peer, text + 3, 5), 5);
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 5, NULL), 1);
	ck_assert_uint_eq(records_read(kind, f, got, 8), 8);
	ck_assert_mem_eq(got, text, 8);
	unpair(&s, &peer, 1);
}
END_TEST

static void
wait_for_many(void *arg)
{
	fsock_wait_for_input(arg, MANY, 20, NULL);
}

/* One that is cancelled while it sleeps leaves nothing behind. */
START_TEST(cancelled_late)
{
	struct sock_thread waiter;
	fsock *s[MANY];
	int peer;

	s[0] = sock_raw(SOCK_PAIR, NULL, &peer);
	for (int i = 1; i < MANY; i++)
		s[i] = s[0];
	sock_thread_start(&waiter, wait_for_many, s);
	sock_thread_await_blocked(&waiter);
	ck_assert_int_eq(pthread_cancel(waiter.thread), 0);
	sock_thread_join(&waiter);
	ck_assert_int_eq(write(peer, "x", 1), 1);
	ck_assert_int_eq(fsock_wait_for_input(s, MANY, 5, NULL), 1);
	unpair(s, &peer, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("wait");
	TCase *tcase = tcase_create("wait");

	tcase_add_loop_test(tcase, timed, 0, COUNT(times));
	tcase_add_loop_test(tcase, many, 0, COUNT(sizes));
	tcase_add_test(tcase, states_anew);
	tcase_add_test(tcase, buffered_and_not);
	tcase_add_loop_test(tcase, every_record, 0, SOCK_TRANSPORTS * RECORDS_FROM_LINES);
	tcase_add_test(tcase, named_twice);
	tcase_add_test(tcase, closed_among_others);
	tcase_add_test(tcase, descriptor_closed);
	tcase_add_test(tcase, none);
	tcase_add_loop_test(tcase, bad, 0, COUNT(bads));
	tcase_add_test(tcase, state_of_null);
	tcase_add_test(tcase, interrupted);
	tcase_add_loop_test(tcase, alone, 0, wait_backends());
	tcase_add_test(tcase, listener_polled);
	tcase_add_test(tcase, two_threads);
	tcase_add_loop_test(tcase, cancelled_early, 0, RECORDS_FROM_LINES);
	tcase_add_test(tcase, cancelled_late);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
