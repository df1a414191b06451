/*
 * A fork() at every system call of a connection's life, by the thread in that call or by another
 * one. Then one of the processes ends what it has, in every way, and the other goes on with the
 * connection as if nothing had happened.
 */
#include "../../src/base/compat.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/wait.h>

#include "../support/sock_support.h"
#include "../support/sweep.h"

/*
 * Musl's FILEs stay locked in a child by the thread that is not there, as those of fdopen() do:
 * then the child uses no stdio.
 */
#if defined(__linux__) && !defined(__GLIBC__)
enum { KEEPS_LOCKS = 1 };
#else
enum { KEEPS_LOCKS = 0 };
#endif

enum way { CLOSE, CLOSE_STREAM, EXIT, EXIT_AT_ONCE, WAYS };

static const char *const way_names[] = { "fsock_close()", "fclose()", "exit()", "_exit()" };

/* What the second process came to, if it was to end last. */
enum { NOT_THERE, BEGUN, ENDED };

static struct plan {
	int k;
	int by_another;   /* thread, that is */
	int parent_first; /* to end; or the child */
	enum way way;
} plan;

static struct exchange *cut;
static pid_t child;
static int was_in_stdio, was_in_file; /* at the fork */
static int gone[2];                   /* tells the child that the parent is */
static int ask[2], answer[2];         /* with the thread that forks */
static sigjmp_buf way_out;

/* Only what stdio's own buffers hold is excepted, as with fdopen(). */
static void
end_by(struct exchange *x, enum way way, int status)
{
	if (way == EXIT)
		exit(status);
	if (way != EXIT_AT_ONCE)
		exchange_close(x, way == CLOSE_STREAM);
	_exit(status);
}

/* What stdio holds of output in the child, any stdio would send twice. */
static int
stdio_is_lost(void)
{
	return was_in_stdio || (KEEPS_LOCKS && was_in_file);
}

/* ---- The child. */

/* The parent has gone on, so the connection was its: the child only ends its copy. */
static void
outlive_parent(struct exchange *x)
{
	char octet;

	while (read(gone[0], &octet, 1) > 0)
		;
	fsock_waitlist_free(x->list);
	x->list = NULL;
	if (x->s != NULL && !fsock_is_connecting(x->s) && !stdio_is_lost()) {
		if (x->file == NULL)
			x->file = fsock_stream(x->s);
		if (x->file == NULL)
			exchange_fail(x, "the child's stream");
		exchange_close(x, 0);
	}
	x->report->child = ENDED;
	_exit(EXIT_SUCCESS);
}

static void
be_child(void)
{
	static struct exchange_report scrap;
	struct exchange *x = cut;

	signal(SIGALRM, SIG_DFL);
	alarm(EXCHANGE_SECONDS / 2);
	close(gone[1]);
	if (plan.parent_first)
		outlive_parent(x);
	x->report = &scrap;
	end_by(x, stdio_is_lost() ? EXIT_AT_ONCE : plan.way, EXIT_SUCCESS);
}

/* ---- The parent. */

/* Returns in the parent, once the child has ended if it is to be first, and in the child. */
static void
fork_it(void)
{
	int status = 0;

	was_in_stdio = cut->in_stdio;
	was_in_file = cut->in_file;
	cut->report->child = BEGUN;
	child = fork();
	if (child < 0)
		exchange_fail(cut, "fork");
	if (child <= 0 || plan.parent_first)
		return;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0) {
		errno = 0;
		exchange_fail(cut, WIFSIGNALED(status) ? "the child hangs" : "the child fails");
	}
}

static void *
fork_when_asked(void *arg)
{
	char octet;

	(void)arg;
	if (read(ask[0], &octet, 1) == 1) {
		fork_it();
		if (child == 0)
			be_child();
		(void)!write(answer[1], &octet, 1);
	}
	return NULL;
}

/* At the k-th call. A child goes no further in it. */
static void
at_moment(void)
{
	char octet = 0;

	if (plan.by_another) {
		(void)!write(ask[1], &octet, 1);
		(void)!read(answer[0], &octet, 1);
		return;
	}
	fork_it();
	if (child == 0)
		siglongjmp(way_out, 1);
}

/* Up to the end of the step in which the fork was, if the parent is to end first. */
static int
run_steps(struct exchange *x)
{
	static const int lines[] = { 1, EXCHANGE_LINES - 1 };

	if (exchange_begin(x) < 0)
		return -1;
	for (int i = 0; i < 4 && !(plan.parent_first && child > 0); i++)
		if ((i % 2 ? exchange_get(x) : exchange_put(x, lines[i / 2])) < 0)
			return -1;
	return 0;
}

static int
live(struct exchange *x, void *arg)
{
	pthread_t thread;

	(void)arg;
	cut = x;
	child = -1;
	x->sends = x->kind->format == NULL;
	if (pipe(gone) < 0 || pipe(ask) < 0 || pipe(answer) < 0)
		return EXIT_FAILURE;
	if (plan.by_another && pthread_create(&thread, NULL, fork_when_asked, NULL) != 0)
		return EXIT_FAILURE;
	if (sigsetjmp(way_out, 1) != 0)
		be_child();
	sweep_arm(plan.k, at_moment, x->report);
	run_steps(x);
	if (child > 0 && plan.parent_first)
		end_by(x, plan.way, EXIT_SUCCESS);
	exchange_close(x, 0);
	x->report->done = x->report->promised == EXCHANGE_LINES;
	return x->report->failed[0] ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- The test. */

/* Returns what is wrong, or NULL. */
static const char *
judge(const struct exchange_outcome *o)
{
	const struct exchange_report *r = o->report;
	const char *wrong = exchange_judge(o, EXIT_SUCCESS);

	if (wrong != NULL)
		return wrong;
	if (r->failed[0])
		return r->failed;
	if (r->child == BEGUN && plan.parent_first)
		return "the child hangs";
	if (o->octets > 0 && o->lines != r->accepted)
		return "the peer got less than was written";
	if (!(r->hit[0] && plan.parent_first) && (!r->done || o->end != EXCHANGE_PROPER))
		return "the connection did not go through";
	return NULL;
}

/* One kind of connection; who ends first. Who forks, and the way of ending, change from k to k. */
START_TEST(forked)
{
	const struct exchange_kind *kind = &exchange_kinds[_i / 2];
	struct exchange_outcome o = { .report = NULL };
	int turn;

	plan = (struct plan){ .parent_first = _i % 2 };
	while (sweep_goes_on(&plan.k, o.report)) {
		const char *wrong;

		turn = (plan.k + plan.k / (2 * WAYS)) % (2 * WAYS);
		plan.by_another = turn % 2;
		plan.way = (enum way)(turn / 2);
		exchange_watch(kind, live, NULL, &o);
		wrong = judge(&o);
		ck_assert_msg(wrong == NULL,
		    "%s, fork() by %s at moment %d, %s; the %s ends by %s: %s", exchange_name(kind),
		    plan.by_another ? "another thread" : "the same thread", plan.k, o.report->hit,
		    plan.parent_first ? "parent" : "child", way_names[plan.way], wrong);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fork_sweep");
	TCase *tcase = tcase_create("fork_sweep");

	tcase_add_loop_test(tcase, forked, 0, EXCHANGE_KINDS * 2);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
