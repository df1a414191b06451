/*
 * A signal at every system call of a connection's life, whose handler returns, ends the process,
 * jumps out, or does what fsock.h allows in handlers.
 */
#include "../../src/base/compat.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

#include "../support/sock_support.h"
#include "../support/sweep.h"

enum action { RETURNS, EXITS, JUMPS, INTERRUPTS, WAKES, ACTIONS };

static const char *const action_names[] = { "returns", "exits", "jumps", "interrupts", "wakes" };

enum { EXIT_STATUS = 7 };

static struct exchange *disturbed;
static enum action action;
static sigjmp_buf way_out;

static void
on_signal(int signal)
{
	fsock *s = disturbed->s;
	fsock_waitlist *list = disturbed->list;

	(void)signal;
	if (action == EXITS)
		exit(EXIT_STATUS);
	if (action == JUMPS)
		siglongjmp(way_out, 1);
	if (action == INTERRUPTS && s != NULL)
		fsock_interrupt(s, FSOCK_IO);
	if (action == WAKES && list != NULL)
		fsock_waitlist_wake(list);
}

static void
raise_it(void)
{
	raise(SIGUSR1);
}

/* The process: what is left is closed in one way or the other, and the library works still. */
static int
live(struct exchange *x, void *arg)
{
	struct sigaction how = { .sa_handler = on_signal };
	int k = *(int *)arg;

	disturbed = x;
	sigaction(SIGUSR1, &how, NULL);
	if (sigsetjmp(way_out, 1) == 0) {
		sweep.only_before = action != EXITS && action != JUMPS;
		sweep_arm(k, raise_it, x->report);
		exchange_run(x);
	}
	sweep.armed = 0;
	exchange_close(x, k / 2 % 2);
	return exchange_works(x) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Whether the life has to go through as if nothing had happened. */
static int
must_succeed(const struct exchange_kind *kind)
{
	return action == RETURNS || action == WAKES ||
	       (action == INTERRUPTS && !kind->interruptible);
}

/* Returns what is wrong, or NULL. */
static const char *
judge(const struct exchange_kind *kind, const struct exchange_outcome *o)
{
	const struct exchange_report *r = o->report;
	const char *wrong = exchange_judge(o, action == EXITS && r->hit[0] ? EXIT_STATUS : 0);

	if (wrong == NULL && (must_succeed(kind) || !r->hit[0]) &&
	    (!r->done || o->lines != EXCHANGE_LINES))
		wrong = r->failed[0] ? r->failed : "not all was done";
	return wrong;
}

/* One kind of connection, one action. */
START_TEST(signals)
{
	const struct exchange_kind *kind = &exchange_kinds[_i / ACTIONS];
	struct exchange_outcome o = { .report = NULL };
	int k = 0;

	action = (enum action)(_i % ACTIONS);
	while (sweep_goes_on(&k, o.report)) {
		const char *wrong;

		exchange_watch(kind, live, &k, &o);
		wrong = judge(kind, &o);
		ck_assert_msg(wrong == NULL, "%s, a handler that %s, moment %d, %s: %s",
		    exchange_name(kind), action_names[action], k, o.report->hit, wrong);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("signal_sweep");
	TCase *tcase = tcase_create("signal_sweep");

	tcase_add_loop_test(tcase, signals, 0, EXCHANGE_KINDS * ACTIONS);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
