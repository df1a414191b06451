/*
 * Looking up without waiting, and under a deadline. The resolver is this file's own: a
 * getaddrinfo() in front of libc's that answers when the test lets it.
 */
#include "../../src/base/compat.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/lookup.h"
#include "net/lookup_pool.h"
#include "base/sys.h"
#include "../support/sock_support.h"

#define MS INT64_C(1000000)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int gate_open, asking, most_asking, answered;
static int threads; /* that have asked and not ended */
static pthread_key_t asker;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* A thread that has asked ends. */
static void
leave(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&lock);
	threads--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void
make_key(void)
{
	pthread_key_create(&asker, leave);
}

/* Counts the calling thread, until it ends. Needs the lock. */
static void
enter(void)
{
	pthread_once(&once, make_key);
	if (pthread_getspecific(asker) != NULL)
		return;
	pthread_setspecific(asker, &asker);
	threads++;
}

/* Some names are answered at once; all others when the gate is open. */
static int
is_quick(const char *host)
{
	return strcmp(host, "quick") == 0 || strcmp(host, "LocalHost") == 0;
}

int
getaddrinfo(
    const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **results)
{
	(void)service;
	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	pthread_mutex_lock(&lock);
	enter();
	if (++asking > most_asking)
		most_asking = asking;
	pthread_cond_broadcast(&changed);
	while (!is_quick(host) && !gate_open)
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
	gate_open = asking = most_asking = answered = threads = 0;
}

/* Waits until `*count` has come to `n`. Returns `most_asking`. */
static int
await(const int *count, int n)
{
	int most;

	pthread_mutex_lock(&lock);
	while (*count != n)
		pthread_cond_wait(&changed, &lock);
	most = most_asking;
	pthread_mutex_unlock(&lock);
	return most;
}

static int
ask(const char *host, int64_t deadline, struct addrinfo **results)
{
	return fsock__lookup(host, NULL, SOCK_STREAM, AF_INET, deadline, results);
}

/* Opens the gate and waits until `*count` has come to `n`. */
static void
let_answer(const int *count, int n)
{
	pthread_mutex_lock(&lock);
	gate_open = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	await(count, n);
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
	int r = ask(row->host, fsock__clock_after(row->span), &results);

	ck_assert_int_eq(r, row->result);
	if (r == 0) {
		ck_assert_ptr_nonnull(results);
		ck_assert_int_eq(results->ai_family, AF_INET);
		freeaddrinfo(results);
	} else {
		ck_assert_ptr_null(results);
		ck_assert(fsock__clock_now() - start >= row->span);
		let_answer(&asking, 0); /* a thread left behind frees what it found: leaks show */
	}
}
END_TEST

static struct fsock__lookup *
begin(const char *host)
{
	struct fsock__lookup *l = NULL;

	ck_assert_int_eq(fsock__lookup_begin(host, NULL, SOCK_STREAM, AF_INET, &l), 0);
	return l;
}

/* The answer is there when the descriptor says so, not before, and is given once. */
START_TEST(answer)
{
	struct fsock__lookup *l = begin("slow");
	struct addrinfo *results = NULL;
	int fd = fsock__lookup_fd(l);

	ck_assert_int_eq(fsock__lookup_result(l, &results), FSOCK__LOOKUP_PENDING);
	ck_assert_int_eq(fsock__sys_wait(fd, POLLIN, 0), 0);
	let_answer(&answered, 1);
	ck_assert_int_eq(fsock__sys_wait(fd, POLLIN, FSOCK__NEVER), 1);
	ck_assert_int_eq(fsock__lookup_fd(l), fd);
	ck_assert_int_eq(fsock__lookup_result(l, &results), 0);
	ck_assert_int_eq(results->ai_family, AF_INET);
	freeaddrinfo(results);
	ck_assert_int_eq(fsock__lookup_result(l, &results), 0);
	ck_assert_ptr_null(results);
	fsock__lookup_end(l);
	await(&threads, 0);
}
END_TEST

/* Many at once: few are under way, the others come after them, and then no thread is left. */
START_TEST(many_at_once)
{
	struct fsock__lookup *all[10 * FSOCK__LOOKUP_MAX];
	struct addrinfo *results;

	for (int i = 0; i < COUNT(all); i++)
		all[i] = begin("slow");
	await(&asking, FSOCK__LOOKUP_MAX);
	let_answer(&answered, COUNT(all));
	for (int i = 0; i < COUNT(all); i++) {
		ck_assert_int_eq(
		    fsock__sys_wait(fsock__lookup_fd(all[i]), POLLIN, FSOCK__NEVER), 1);
		ck_assert_int_eq(fsock__lookup_result(all[i], &results), 0);
		freeaddrinfo(results);
		fsock__lookup_end(all[i]);
	}
	ck_assert_int_le(await(&threads, 0), FSOCK__LOOKUP_MAX);
}
END_TEST

/* Those that are ended while they wait for their turn never get it; the others clean up. */
START_TEST(ended_early)
{
	struct fsock__lookup *all[3 * FSOCK__LOOKUP_MAX];
	struct addrinfo *results;
	int fds = sock_open_fds();

	for (int i = 0; i < COUNT(all); i++)
		all[i] = begin("slow");
	await(&asking, FSOCK__LOOKUP_MAX);
	for (int i = COUNT(all); i > 0; i--)
		fsock__lookup_end(all[i - 1]);
	ck_assert_int_eq(sock_open_fds(), fds);
	let_answer(&answered, FSOCK__LOOKUP_MAX);
	await(&threads, 0);
	ck_assert_int_eq(answered, FSOCK__LOOKUP_MAX);
	ck_assert_int_eq(ask("slow", fsock__clock_after(60000 * MS), &results), 0);
	freeaddrinfo(results);
}
END_TEST

/* Those that are ended while they are under way make room for those that wait for their turn. */
START_TEST(given_up)
{
	struct fsock__lookup *all[3 * FSOCK__LOOKUP_MAX];
	struct addrinfo *results;
	int fds = sock_open_fds();

	for (int i = 0; i < COUNT(all); i++)
		all[i] = begin("slow");
	for (int i = 0; i < 2 * FSOCK__LOOKUP_MAX; i++) {
		await(&asking, FSOCK__LOOKUP_MAX + i);
		fsock__lookup_end(all[i]);
	}
	await(&asking, COUNT(all));
	for (int i = 2 * FSOCK__LOOKUP_MAX; i < COUNT(all); i++)
		fsock__lookup_end(all[i]);
	ck_assert_int_eq(sock_open_fds(), fds);
	ck_assert_int_eq(ask("quick", fsock__clock_after(60000 * MS), &results), 0);
	freeaddrinfo(results);
	let_answer(&answered, COUNT(all) + 1);
	await(&threads, 0);
}
END_TEST

/* What somebody still waits for keeps others waiting, but no name that needs no nameserver. */
START_TEST(local_names)
{
	struct fsock__lookup *all[2 * FSOCK__LOOKUP_MAX];
	struct addrinfo *results;

	for (int i = 0; i < COUNT(all); i++)
		all[i] = begin("slow");
	await(&asking, FSOCK__LOOKUP_MAX);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(
		    ask("quick", fsock__clock_after(30 * MS), &results), FSOCK__LOOKUP_TIMED_OUT);
		ck_assert_int_eq(ask("LocalHost", fsock__clock_after(60000 * MS), &results), 0);
		freeaddrinfo(results);
	}
	ck_assert_int_eq(asking, FSOCK__LOOKUP_MAX);
	let_answer(&answered, COUNT(all) + 3);
	for (int i = 0; i < COUNT(all); i++)
		fsock__lookup_end(all[i]);
	await(&threads, 0);
}
END_TEST

/* Many that are never answered: each ends at its deadline, and the threads stay bounded. */
START_TEST(never_answered)
{
	struct addrinfo *results;
	const int64_t span = MS;
	int64_t start;

	for (int i = 0; i < 2 * FSOCK__LOOKUP_MOST; i++) {
		start = fsock__clock_now();
		ck_assert_int_eq(ask("slow", start + span, &results), FSOCK__LOOKUP_TIMED_OUT);
		start = fsock__clock_now() - start;
		ck_assert(start >= span && start < 4000 * MS);
	}
	let_answer(&threads, 0);
	ck_assert_int_le(most_asking, FSOCK__LOOKUP_MOST);
}
END_TEST

/* With all threads stuck in what was given up only local names get on, up to a bound as well. */
START_TEST(all_stuck)
{
	struct fsock__lookup *local[FSOCK__LOOKUP_MAX], *l;
	struct addrinfo *results;

	for (int i = 0; i < FSOCK__LOOKUP_MOST; i++) {
		l = begin("slow");
		await(&asking, i + 1);
		fsock__lookup_end(l);
	}
	ck_assert_int_eq(
	    ask("quick", fsock__clock_after(30 * MS), &results), FSOCK__LOOKUP_TIMED_OUT);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(ask("LocalHost", fsock__clock_after(60000 * MS), &results), 0);
		freeaddrinfo(results);
	}
	for (int i = 0; i < COUNT(local); i++) {
		local[i] = begin("localhost"); /* written so it is slow here */
		await(&asking, FSOCK__LOOKUP_MOST + i + 1);
	}
	ck_assert_int_eq(
	    ask("LocalHost", fsock__clock_after(30 * MS), &results), FSOCK__LOOKUP_TIMED_OUT);
	for (int i = 0; i < COUNT(local); i++)
		fsock__lookup_end(local[i]);
	let_answer(&threads, 0);
	ck_assert_int_eq(most_asking, FSOCK__LOOKUP_MOST + FSOCK__LOOKUP_MAX);
}
END_TEST

/* In a child: what its parent had begun goes on, with a descriptor of the child's own. */
static int
go_on(void *arg)
{
	struct fsock__lookup **all = arg, *own;
	struct addrinfo *results;

	changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER; /* the parent's threads wait on it */
	gate_open = 1;
	answered = 0;
	pthread_mutex_unlock(&lock);
	SOCK_EXPECT(fsock__lookup_begin("slow", NULL, SOCK_STREAM, AF_INET, &own) == 0);
	SOCK_EXPECT(fsock__sys_wait(fsock__lookup_fd(own), POLLIN, FSOCK__NEVER) == 1);
	SOCK_EXPECT(fsock__lookup_result(own, &results) == 0);
	freeaddrinfo(results);
	fsock__lookup_end(own);
	SOCK_EXPECT(await(&answered, 1) > 0);
	for (int i = 0; i < FSOCK__LOOKUP_MAX + 2; i += FSOCK__LOOKUP_MAX + 1) {
		int eai = fsock__lookup_result(all[i], &results);

		SOCK_EXPECT(eai == FSOCK__LOOKUP_PENDING || eai == 0);
		SOCK_EXPECT(fsock__sys_wait(fsock__lookup_fd(all[i]), POLLIN, FSOCK__NEVER) == 1);
		if (eai != 0)
			eai = fsock__lookup_result(all[i], &results);
		SOCK_EXPECT(eai == 0);
		freeaddrinfo(results);
		fsock__lookup_end(all[i]);
	}
	fsock__lookup_end(all[1]);
	SOCK_EXPECT(await(&answered, 3) > 0);
	return 0;
}

/* One look-up more than there are threads. Nothing that the child does is seen here. */
START_TEST(forked)
{
	struct fsock__lookup *all[FSOCK__LOOKUP_MAX + 2];
	struct addrinfo *results;
	int failed;

	if (!SOCK_MAY_FORK_THREADS)
		return;
	for (int i = 0; i < COUNT(all); i++)
		all[i] = begin("slow");
	await(&asking, FSOCK__LOOKUP_MAX);
	fsock__lookup_end(all[2]); /* under way, and nobody's any more */
	pthread_mutex_lock(&lock);
	failed = sock_child(go_on, all);
	pthread_mutex_unlock(&lock);
	ck_assert_int_eq(failed, 0);
	all[2] = begin("slow");
	for (int i = 0; i < COUNT(all); i++) {
		ck_assert_int_eq(fsock__lookup_result(all[i], &results), FSOCK__LOOKUP_PENDING);
		ck_assert_int_eq(fsock__sys_wait(fsock__lookup_fd(all[i]), POLLIN, 0), 0);
	}
	let_answer(&answered, COUNT(all) + 1);
	for (int i = 0; i < COUNT(all); i++) {
		fsock__sys_wait(fsock__lookup_fd(all[i]), POLLIN, FSOCK__NEVER);
		ck_assert_int_eq(fsock__lookup_result(all[i], &results), 0);
		freeaddrinfo(results);
		fsock__lookup_end(all[i]);
	}
}
END_TEST

/* Threads that look up all the time. */
static atomic_int is_over;

static void
look_up_often(void *arg)
{
	struct addrinfo *results;
	struct fsock__lookup *l;

	(void)arg;
	while (!is_over) {
		if (fsock__lookup_begin("quick", NULL, SOCK_STREAM, AF_INET, &l) == 0)
			fsock__lookup_end(l);
		if (ask("quick", fsock__clock_after(60000 * MS), &results) == 0)
			freeaddrinfo(results);
	}
}

static int
look_up_in_child(void *arg)
{
	struct addrinfo *results = NULL;
	int eai;

	lock =
	    (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER; /* a thread of the parent's may have it */
	changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	eai = ask("quick", fsock__clock_after(60000 * MS), &results);
	SOCK_EXPECT(eai == 0);
	freeaddrinfo(results);
	fsock__sys_wait(fsock__lookup_fd(arg), POLLIN, 0);
	while ((eai = fsock__lookup_result(arg, &results)) == FSOCK__LOOKUP_PENDING)
		fsock__sys_wait(fsock__lookup_fd(arg), POLLIN, FSOCK__NEVER);
	SOCK_EXPECT(eai == 0);
	freeaddrinfo(results);
	fsock__lookup_end(arg);
	return 0;
}

/* Whatever the others are at when a process forks, its child looks up as if they never were. */
START_TEST(forked_in_the_middle)
{
	struct sock_thread others[2];

	if (!SOCK_MAY_FORK_THREADS ||
	    sock_is_watched()) /* the threads' memory is lost in the child */
		return;
	is_over = 0;
	for (int i = 0; i < COUNT(others); i++)
		sock_thread_start(&others[i], look_up_often, NULL);
	for (int i = 0; i < 100; i++) {
		struct fsock__lookup *l = begin("quick");

		ck_assert_int_eq(sock_child(look_up_in_child, l), 0);
		fsock__lookup_end(l);
	}
	is_over = 1;
	for (int i = 0; i < COUNT(others); i++)
		sock_thread_join(&others[i]);
	await(&threads, 0);
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
	let_answer(&asking, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("lookup");
	TCase *tc = tcase_create("lookup");

	/* Threads that one test leaves behind would count in the next, were it the same process. */
	setenv("CK_FORK", "yes", 1);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 20); /* hundreds of threads */
	tcase_add_loop_test(tc, result, 0, sizeof rows / sizeof rows[0]);
	tcase_add_test(tc, answer);
	tcase_add_test(tc, many_at_once);
	tcase_add_test(tc, ended_early);
	tcase_add_test(tc, given_up);
	tcase_add_test(tc, local_names);
	tcase_add_test(tc, never_answered);
	tcase_add_test(tc, all_stuck);
	tcase_add_test(tc, forked);
	tcase_add_test(tc, forked_in_the_middle);
	tcase_add_loop_test(tc, connecting, 0, sizeof limits / sizeof limits[0]);
	suite_add_tcase(suite, tc);
	return sock_run(suite);
}
