/*
 * What fsock_wait_for_input() learns from other threads: one of them takes what comes, after the
 * wait has looked and before it asks the system, which has nothing to tell then.
 */
#include "../../src/base/compat.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <poll.h>
#include <unistd.h>

#include "../support/layered.h"
#include "../support/records.h"
#include "../support/sock_support.h"
#include "../support/wait_support.h"

enum { LENGTH = 8, MANY = 100 };

static const struct records_kind *kind;
static fsock *s;
static FILE *f;
static int peer, way;
static char said[] = "record.\n";
static struct records_turn turn;

/* What happens once instead of the call that the main thread asks the system with. */
static void (*in_between)(void);
static pthread_t waiter;

/* Calls of the library come here: see WRAPPED in rules.mk. */
int __real_poll(struct pollfd *, nfds_t, int);
int __wrap_poll(struct pollfd *, nfds_t, int);

int
__wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	void (*fn)(void) =
	    timeout != 0 && pthread_equal(waiter, pthread_self()) ? in_between : NULL;

	if (fn != NULL) {
		in_between = NULL;
		fn();
	}
	return __real_poll(fds, n, timeout);
}

static void
open_link(int k, int layered)
{
	struct fsock_options options = { .read_timeout = 20 };
	struct fsock_record record;

	kind = &records_from_lines[k];
	record = records_of_length(kind, LENGTH);
	if (k > 0)
		options.record = &record;
	else if (!layered)
		options.delivery = FSOCK_DELIVER_WHOLE_RECORD;
	s = sock_raw(SOCK_PAIR, &options, &peer);
	if (layered)
		ck_assert_int_eq(layered_push(s), 0);
	f = fsock_stream(s);
	ck_assert_ptr_nonnull(f);
	memcpy(said, "record.\n", LENGTH);
	turn = (struct records_turn){ kind, LENGTH, 0 };
	records_turn(&turn, said, LENGTH);
	waiter = pthread_self();
}

static void
say(void)
{
	ck_assert_int_eq(write(peer, said, LENGTH), LENGTH);
}

static void
close_link(void)
{
	close(peer); /* or the socket's own close would wait for that */
	ck_assert_int_eq(fsock_close(s), 0);
}

static void
expect_record(void)
{
	char got[LENGTH];

	ck_assert_uint_eq(records_read(kind, f, got, LENGTH), LENGTH);
	ck_assert_mem_eq(got, said, LENGTH);
}

static int found;

static void
find(void *list)
{
	found = list == NULL ? fsock_wait_for_input(&s, 1, 20, NULL)
			     : fsock_waitlist_wait(list, 20, NULL);
}

/* Another thread finds the record, and has it in memory then. */
static void
be_found(void)
{
	fsock_waitlist *list = NULL;
	struct sock_thread other;

	if (way < wait_backends())
		list = wait_list(way);
	if (list != NULL)
		ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	say();
	sock_thread_start(&other, find, list);
	sock_thread_join(&other);
	ck_assert_int_eq(found, 1);
	fsock_waitlist_free(list);
}

START_TEST(found_by_another)
{
	fsock *sockets[MANY];

	open_link(_i % RECORDS_FROM_LINES, _i / RECORDS_FROM_LINES % 2);
	way = _i / RECORDS_FROM_LINES / 2 % wait_ways();
	for (int i = 0; i < MANY; i++)
		sockets[i] = s;
	for (int i = 0; i < 3; i++) {
		in_between = be_found;
		ck_assert_int_eq(fsock_wait_for_input(sockets, i == 2 ? MANY : 1, 20, NULL), 1);
		ck_assert(in_between == NULL);
		ck_assert_int_eq(fsock_state(s), FSOCK_INPUT);
		expect_record();
	}
	close_link();
}
END_TEST

static void
read_one(void *arg)
{
	char got[LENGTH];

	(void)arg;
	found = records_read(kind, f, got, LENGTH) == LENGTH && memcmp(got, said, LENGTH) == 0;
}

/* Another thread reads one record and leaves one. */
static void
be_read(void)
{
	struct sock_thread other;

	say();
	say();
	sock_thread_start(&other, read_one, NULL);
	sock_thread_join(&other);
	ck_assert_int_eq(found, 1);
}

START_TEST(read_by_another)
{
	open_link(_i % RECORDS_FROM_LINES, _i / RECORDS_FROM_LINES);
	in_between = be_read;
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 20, NULL), 1);
	ck_assert_int_eq(fsock_state(s), FSOCK_INPUT);
	expect_record();
	close_link();
}
END_TEST

static sigjmp_buf out;

static void
jump(int signal)
{
	(void)signal;
	siglongjmp(out, 1);
}

static void
be_signalled(void)
{
	raise(SIGUSR1);
}

/* A wait that was jumped out of keeps its bell until the next one, or until the thread ends. */
START_TEST(jumped_out)
{
	struct sigaction action;
	volatile int before;
	volatile int is_closed = _i / RECORDS_FROM_LINES;

	memset(&action, 0, sizeof action);
	action.sa_handler = jump;
	sigaction(SIGUSR1, &action, NULL);
	open_link(_i % RECORDS_FROM_LINES, 1);
	before = sock_open_fds();
	for (volatile int i = 0; i < 3; i++) {
		in_between = be_signalled;
		if (sigsetjmp(out, 1) == 0)
			fsock_wait_for_input(&s, 1, 20, NULL);
		ck_assert(in_between == NULL);
		ck_assert_int_eq(sock_open_fds(), before + 1);
	}
	if (is_closed) { /* the bell outlives what it hung at */
		close_link();
		open_link(_i % RECORDS_FROM_LINES, 0);
	}
	way = wait_backends();
	in_between = be_found;
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 20, NULL), 1);
	expect_record();
	ck_assert_int_eq(sock_open_fds(), before);
	close_link();
}
END_TEST

static void
wait_until_cancelled(void *arg)
{
	(void)arg;
	fsock_wait_for_input(&s, 1, 20, NULL);
}

START_TEST(cancelled)
{
	struct sock_thread thread;
	int before;

	open_link(_i % RECORDS_FROM_LINES, 1);
	before = sock_open_fds();
	sock_thread_start(&thread, wait_until_cancelled, NULL);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(sock_open_fds(), before + 1);
	pthread_cancel(thread.thread);
	sock_thread_join(&thread);
	ck_assert_int_eq(sock_open_fds(), before);
	in_between = be_read;
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 20, NULL), 1);
	expect_record();
	close_link();
}
END_TEST

/* Without a descriptor a wait still hears of it, if not at once. */
START_TEST(no_descriptor)
{
	struct rlimit limit, none;
	int next;

	if (sock_is_watched())
		return;
	open_link(_i % RECORDS_FROM_LINES, 1);
	way = wait_backends();
	next = dup(0);
	close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = (rlim_t)next;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	in_between = be_found;
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 20, NULL), 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	expect_record();
	close_link();
}
END_TEST

static int
leave_and_wait(void *arg)
{
	(void)arg;
	be_read();
	in_between = be_read;
	SOCK_EXPECT(fsock_wait_for_input(&s, 1, 20, NULL) == 1);
	SOCK_EXPECT(fsock_abort(s) == 0);
	return 0;
}

/* A child that is made meanwhile has no part in its parent's wait, and its own waits are told. */
static void
be_forked(void)
{
	if (SOCK_MAY_FORK_THREADS)
		ck_assert_int_eq(sock_child(leave_and_wait, NULL), 0);
	say();
}

START_TEST(forked)
{
	open_link(_i, 0);
	in_between = be_forked;
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 20, NULL), 1);
	expect_record();
	close_link();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bell");
	TCase *tcase = tcase_create("bell");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, found_by_another, 0, RECORDS_FROM_LINES * 2 * wait_ways());
	tcase_add_loop_test(tcase, read_by_another, 0, RECORDS_FROM_LINES * 2);
	tcase_add_loop_test(tcase, jumped_out, 0, RECORDS_FROM_LINES * 2);
	tcase_add_loop_test(tcase, cancelled, 0, RECORDS_FROM_LINES);
	tcase_add_loop_test(tcase, no_descriptor, 0, RECORDS_FROM_LINES);
	tcase_add_loop_test(tcase, forked, 0, RECORDS_FROM_LINES);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
