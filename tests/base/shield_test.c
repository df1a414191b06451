/* Writing to pipes that nobody reads. */
#include "../../src/base/compat.h"

#include <signal.h>
#include <unistd.h>

#include "base/shield.h"
#include "../support/sock_support.h"

static volatile sig_atomic_t caught;

static void
handle(int signal)
{
	(void)signal;
	caught++;
}

/* A signal that was pending before, or comes from elsewhere later, is delivered; ours is not. */
START_TEST(shielded)
{
	struct sigaction action = { .sa_handler = handle };
	int was_pending = _i, ends[2];
	struct fsock__shield shield;
	sigset_t pipe_only, before, now;

	caught = 0;
	sigaction(SIGPIPE, &action, NULL);
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	if (was_pending) {
		pthread_sigmask(SIG_BLOCK, &pipe_only, NULL);
		raise(SIGPIPE);
	}
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	fsock__shield_raise(&shield);
	ck_assert_int_eq(write(ends[1], "x", 1), -1);
	ck_assert_int_eq(errno, EPIPE);
	fsock__shield_lower(&shield, 1);
	ck_assert_int_eq(errno, EPIPE);
	close(ends[1]);
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	ck_assert_int_eq(sigismember(&now, SIGPIPE), sigismember(&before, SIGPIPE));
	ck_assert_int_eq(caught, 0);
	pthread_sigmask(SIG_UNBLOCK, &pipe_only, NULL);
	ck_assert_int_eq(caught, was_pending);
	signal(SIGPIPE, SIG_DFL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("shield");
	TCase *t = tcase_create("shield");

	tcase_add_loop_test(t, shielded, 0, 2);
	suite_add_tcase(s, t);
	return sock_run(s);
}
