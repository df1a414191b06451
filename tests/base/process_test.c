/* The numbers of processes, and eras. */
#include "../../src/base/compat.h"

#include "base/process.h"
#include "../support/sock_support.h"

/* What the parent has seen before it forked. */
struct seen {
	int process, era;
	int depth; /* how many generations are to follow */
};

static int
is_descendant(void *arg)
{
	struct seen *seen = arg, own = { fsock__process(), fsock__process_era(), seen->depth - 1 };

	SOCK_EXPECT(own.process == seen->process + 1);
	SOCK_EXPECT(own.era != seen->era && own.era != 0);
	if (own.depth == 0)
		return 0;
	SOCK_EXPECT(sock_child(is_descendant, &own) == 0);
	SOCK_EXPECT(fsock__process() == own.process);
	SOCK_EXPECT(fsock__process_era() != own.era);
	return 0;
}

/* A child has another number than all of its ancestors; of a fork() the parent keeps its own. */
START_TEST(generations)
{
	struct seen seen = { .depth = 3 };

	fsock__process_watch();
	fsock__process_watch();
	seen.process = fsock__process();
	seen.era = fsock__process_era();
	ck_assert_int_gt(seen.process, 0);
	ck_assert_int_ne(seen.era, 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(sock_child(is_descendant, &seen), 0);
		ck_assert_int_eq(fsock__process(), seen.process);
		ck_assert_int_ne(fsock__process_era(), seen.era);
		seen.era = fsock__process_era();
	}
}
END_TEST

/* Nothing but fork() changes them. */
START_TEST(they_last)
{
	int process, era;

	fsock__process_watch();
	process = fsock__process();
	era = fsock__process_era();
	fsock__process_watch();
	ck_assert_int_eq(fsock__process(), process);
	ck_assert_int_eq(fsock__process_era(), era);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("process");
	TCase *tcase = tcase_create("process");

	tcase_add_test(tcase, generations);
	tcase_add_test(tcase, they_last);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
