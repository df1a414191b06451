/*
 * A thread that is cancelled at every system call of a connection's life; another one closes what
 * it leaves.
 */
#include "../../src/base/compat.h"

#include <signal.h>
#include <stdlib.h>

#include "../support/sock_support.h"
#include "../support/sweep.h"

static void
cancel_it(void)
{
	pthread_cancel(pthread_self());
}

struct job {
	struct exchange *x;
	int k;
};

static void *
run(void *arg)
{
	struct job *job = arg;

	sweep.only_before = 1;
	sweep_arm(job->k, cancel_it, job->x->report);
	exchange_run(job->x);
	sweep.armed = 0;
	return NULL;
}

/* Whether no thread has the stream locked; cancelled in a function of musl's stdio, one has. */
static int
check_unlocked(struct exchange *x)
{
	FILE *f = x->file;

	if (f == NULL)
		return 0;
	if (ftrylockfile(f) != 0)
		return exchange_fail(x, "the stream is left locked");
	funlockfile(f);
	return 0;
}

/* The process. */
static int
live(struct exchange *x, void *arg)
{
	struct job job = { x, *(int *)arg };
	pthread_t thread;
	int r;

	if (pthread_create(&thread, NULL, run, &job) != 0 || pthread_join(thread, NULL) != 0)
		return exchange_fail(x, "a thread");
	sweep.armed = 0;
	r = check_unlocked(x);
	exchange_close(x, job.k / 2 % 2);
	return r < 0 || exchange_works(x) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

START_TEST(cancelled)
{
	const struct exchange_kind *kind = &exchange_kinds[_i];
	struct exchange_outcome o = { .report = NULL };
	int k = 0;

	while (sweep_goes_on(&k, o.report)) {
		const char *wrong;

		exchange_watch(kind, live, &k, &o);
		wrong = exchange_judge(&o, EXIT_SUCCESS);
		if (wrong == NULL && !o.report->hit[0] &&
		    (!o.report->done || o.lines != EXCHANGE_LINES))
			wrong = o.report->failed;
		ck_assert_msg(wrong == NULL, "%s, cancelled at moment %d, %s: %s",
		    exchange_name(kind), k, o.report->hit, wrong);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cancel_sweep");
	TCase *tcase = tcase_create("cancel_sweep");

	tcase_add_loop_test(tcase, cancelled, 0, EXCHANGE_KINDS);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
