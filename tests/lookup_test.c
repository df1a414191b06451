/*
 * Looking up under a deadline. The resolver is this file's own: a getaddrinfo() in front of libc's
 * that answers when the test lets it.
 */
#include "../src/compat.h"

#include <stdlib.h>

#include <check.h>

#include <fsock/error.h>
#include <fsock/socket.h>

#include "sock/clock.h"
#include "sock/lookup.h"

#define MS INT64_C(1000000)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int gate_open, asking, most_asking, answered;

/* "quick" answers at once; all other names when the gate is open. */
int
getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
    struct addrinfo **results)
{
	(void)service;
	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	pthread_mutex_lock(&lock);
	if (++asking > most_asking)
		most_asking = asking;
	pthread_cond_broadcast(&changed);
	while (strcmp(host, "quick") != 0 && !gate_open)
		pthread_cond_wait(&changed, &lock);
	asking--;
	answered++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	*results = calloc(1, sizeof **results);
	(*results)->ai_family = hints->ai_family;
	return 0;
}

void
freeaddrinfo(struct addrinfo *results)
{
	free(results);
}

static void
setup(void)
{
	gate_open = asking = most_asking = answered = 0;
}

/* Opens the gate and waits for `n` answers. */
static void
let_answer(int n)
{
	pthread_mutex_lock(&lock);
	gate_open = 1;
	pthread_cond_broadcast(&changed);
	while (answered < n)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static const struct row {
	const char *host;
	int64_t span;
	int result;
} rows[] = {
	{ "quick", FSOCK__NEVER, 0 },
	{ "quick", 60000 * MS, 0 },
	{ "slow", 30 * MS, FSOCK__LOOKUP_TIMED_OUT },
	{ "slow", 0, FSOCK__LOOKUP_TIMED_OUT },
};

START_TEST(result)
{
	const struct row *row = &rows[_i];
	struct addrinfo *results = NULL;
	int64_t start = fsock__clock_now();
	int r = fsock__lookup(row->host, AF_INET, fsock__clock_after(row->span), &results);

	ck_assert_int_eq(r, row->result);
	if (r == 0) {
		ck_assert_ptr_nonnull(results);
		ck_assert_int_eq(results->ai_family, AF_INET);
		freeaddrinfo(results);
	} else {
		ck_assert_ptr_null(results);
		ck_assert(fsock__clock_now() - start >= row->span);
		let_answer(1); /* the thread left behind frees what it found: leaks show */
	}
}
END_TEST

/* Threads stay bounded, and one more look-up gets its turn when they end. */
START_TEST(bounded)
{
	struct addrinfo *results;
	int most;

	for (int i = 0; i < 3 * FSOCK__LOOKUP_MAX; i++)
		ck_assert_int_eq(
		    fsock__lookup("slow", AF_INET, fsock__clock_after(2 * MS), &results),
		    FSOCK__LOOKUP_TIMED_OUT);
	pthread_mutex_lock(&lock);
	while (asking < FSOCK__LOOKUP_MAX)
		pthread_cond_wait(&changed, &lock);
	most = most_asking;
	pthread_mutex_unlock(&lock);
	ck_assert_int_eq(most, FSOCK__LOOKUP_MAX);
	let_answer(FSOCK__LOOKUP_MAX);
	ck_assert_int_eq(
	    fsock__lookup("slow", AF_INET, fsock__clock_after(60000 * MS), &results), 0);
	freeaddrinfo(results);
}
END_TEST

static const struct limit {
	struct fsock_options options;
	enum fsock_error_kind kind;
} limits[] = {
	{ { .connect_timeout = 0.03 }, FSOCK_TIMEOUT_ERROR },
	{ { .timeout = 0.03 }, FSOCK_TIMEOUT_ERROR },
	{ { .deadline = 0.03 }, FSOCK_DEADLINE_TIMEOUT_ERROR },
	{ { .timeout = 60, .deadline = 0.03 }, FSOCK_DEADLINE_TIMEOUT_ERROR },
	{ { .timeout = 0.03, .deadline = 60 }, FSOCK_TIMEOUT_ERROR },
};

START_TEST(connecting)
{
	const struct fsock_error *error;

	ck_assert_ptr_null(fsock_connect("slow.example", 80, &limits[_i].options));
	ck_assert_int_eq(errno, ETIMEDOUT);
	error = fsock_last_error();
	ck_assert_str_eq(fsock_error_name(error->kind), fsock_error_name(limits[_i].kind));
	ck_assert_str_eq(error->host, "slow.example");
	let_answer(1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("lookup");
	TCase *tc = tcase_create("lookup");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, result, 0, sizeof rows / sizeof rows[0]);
	tcase_add_test(tc, bounded);
	tcase_add_loop_test(tc, connecting, 0, sizeof limits / sizeof limits[0]);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
