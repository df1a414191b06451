/* What is left to do for a thread that ends. */
#include "../../src/base/compat.h"

#include "base/abandon.h"
#include "../support/sock_support.h"

enum { MOST = 4 };

static struct {
	struct fsock__abandon abandon;
	int calls;
} left[MOST];

static void
count(struct fsock__abandon *a)
{
	for (int i = 0; i < MOST; i++)
		left[i].calls += a == &left[i].abandon;
}

/* Digits are pushed, those behind a "-" popped; then the thread ends, and `left` are called. */
static const struct {
	const char *script, *left;
} rows[] = {
	{ "", "" },
	{ "0", "0" },
	{ "0-0", "" },
	{ "0-00", "0" },
	{ "01", "01" },
	{ "01-1", "0" },
	{ "01-0", "1" },
	{ "012-1", "02" },
	{ "0123-1-3-0", "2" },
	{ "0123-1-3-0-2", "" },
	{ "0-01-11", "1" },
};

static const char *failed;

static void
play(void *arg)
{
	int is_pop = 0, known[MOST] = { 0 };

	for (const char *p = arg; *p != '\0'; p++) {
		int i = *p - '0';

		if (*p == '-') {
			is_pop = 1;
			continue;
		}
		known[i] = !is_pop;
		if (is_pop)
			fsock__abandon_pop(&left[i].abandon);
		else if (fsock__abandon_push(&left[i].abandon, count) < 0)
			failed = "push";
		for (i = 0; i < MOST; i++)
			if (fsock__abandon_is_pushed(&left[i].abandon) != known[i])
				failed = p;
		is_pop = 0;
	}
}

START_TEST(scripts)
{
	struct sock_thread thread;

	memset(left, 0, sizeof left);
	failed = NULL;
	sock_thread_start(&thread, play, (void *)(uintptr_t)rows[_i].script);
	sock_thread_join(&thread);
	ck_assert_msg(failed == NULL, "%s: at %s", rows[_i].script, failed);
	for (int i = 0; i < MOST; i++)
		ck_assert_msg(left[i].calls == (strchr(rows[_i].left, '0' + i) != NULL),
		    "%s: %d was called %d times", rows[_i].script, i, left[i].calls);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("abandon");
	TCase *tcase = tcase_create("abandon");

	tcase_add_loop_test(tcase, scripts, 0, COUNT(rows));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
