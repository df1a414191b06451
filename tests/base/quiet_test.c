/* Stretches without signals and cancellation, one in another. */
#include "../../src/base/compat.h"

#include <pthread.h>
#include <signal.h>

#include "base/quiet.h"
#include "../support/sock_support.h"

static volatile sig_atomic_t handled;

static void
handle(int signal)
{
	(void)signal;
	handled++;
}

static int
is_blocked(int signal)
{
	sigset_t now;

	pthread_sigmask(SIG_BLOCK, NULL, &now);
	return sigismember(&now, signal);
}

static void
setup(void)
{
	struct sigaction action = { .sa_handler = handle };
	sigset_t one;

	handled = 0;
	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&one);
	sigaddset(&one, SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &one, NULL);
}

/* Only the outermost one's end lets signals in; and the mask is again what it was before. */
START_TEST(nested)
{
	struct fsock__quiet quiet[3];

	errno = EDOM;
	for (int depth = 0; depth < _i; depth++)
		fsock__quiet_begin(&quiet[depth]);
	raise(SIGUSR1);
	for (int depth = _i - 1; depth >= 0; depth--) {
		ck_assert_int_eq(handled, 0);
		ck_assert(is_blocked(SIGUSR1));
		fsock__quiet_end(&quiet[depth]);
	}
	ck_assert_int_eq(handled, 1);
	ck_assert(!is_blocked(SIGUSR1));
	ck_assert(is_blocked(SIGUSR2));
	ck_assert_int_eq(errno, EDOM);
}
END_TEST

/* What a thread has done before it is cancelled: `inner` and `outer` are ended before that. */
static void *
be_cancelled(void *arg)
{
	struct fsock__quiet outer, inner;
	int *reached = arg;

	pthread_cancel(pthread_self());
	fsock__quiet_begin(&outer);
	fsock__quiet_begin(&inner);
	pthread_testcancel();
	*reached = 1;
	fsock__quiet_end(&inner);
	pthread_testcancel();
	*reached = 2;
	fsock__quiet_end(&outer);
	pthread_testcancel();
	*reached = 3;
	return NULL;
}

START_TEST(cancelled)
{
	pthread_t thread;
	int reached = 0;

	ck_assert_int_eq(pthread_create(&thread, NULL, be_cancelled, &reached), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(reached, 2);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("quiet");
	TCase *t = tcase_create("quiet");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, nested, 1, 4);
	tcase_add_test(t, cancelled);
	suite_add_tcase(s, t);
	return sock_run(s);
}
