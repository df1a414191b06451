/* What happens to the members of a wait list in the loop that goes through those that are ready. */
#include "../../src/base/compat.h"

#include <unistd.h>

#include "../support/members.h"
#include "../support/wait_support.h"

static struct members m;

/* What a loop does to a member that it has yet to hear of. */
static void
close_it(int i)
{
	ck_assert_int_eq(fsock_close(m.s[i]), 0);
	m.s[i] = NULL;
}

static void
abort_it(int i)
{
	ck_assert_int_eq(fsock_abort(m.s[i]), 0);
	m.s[i] = NULL;
}

static void
release_it(int i)
{
	close(fsock_release(m.s[i], NULL, 0, NULL));
	m.s[i] = NULL;
}

static void
remove_it(int i)
{
	ck_assert_int_eq(fsock_waitlist_remove(m.list, m.s[i]), 0);
}

static void
pause_it(int i)
{
	ck_assert_int_eq(fsock_waitlist_change(m.list, m.s[i], FSOCK_OUTPUT, members_number(i)), 0);
}

/* The last stream of a disowned socket ends it. */
static void
close_stream(int i)
{
	FILE *f = fsock_stream(m.s[i]);

	fsock_disown(m.s[i]);
	ck_assert_int_eq(fclose(f), 0);
	m.s[i] = NULL;
}

static void (*const ends[])(
    int) = { close_it, abort_it, release_it, remove_it, pause_it, close_stream };

START_TEST(in_the_loop)
{
	struct fsock_event event;
	int first, others = 0;

	members_begin(&m, _i / COUNT(ends));
	for (int i = 0; i < MEMBERS; i++)
		members_say(&m, i);
	ck_assert_int_eq(fsock_waitlist_wait(m.list, 5, NULL), MEMBERS);
	ck_assert_ptr_nonnull(fsock_waitlist_next(m.list, &event));
	first = (int)(intptr_t)event.user;
	ends[_i % COUNT(ends)](first); /* the one just told of, and all but one that are to come */
	for (int i = 0; i < MEMBERS; i++)
		if (i != first && i != (first + 3) % MEMBERS)
			ends[_i % COUNT(ends)](i);
	while (fsock_waitlist_next(m.list, &event) != NULL) {
		ck_assert_ptr_eq(event.socket, m.s[(first + 3) % MEMBERS]);
		others++;
	}
	ck_assert_int_eq(others, 1);
	fsock_waitlist_remove_all(m.list);
	members_finish(&m);
}
END_TEST

/* Closing each as it comes; and adding in the loop, which waits for the next wait. */
START_TEST(replaced_in_the_loop)
{
	struct fsock_event event;
	int told = 0;

	members_begin(&m, _i);
	for (int i = 0; i < MEMBERS; i++)
		members_say(&m, i);
	ck_assert_int_eq(fsock_waitlist_wait(m.list, 5, NULL), MEMBERS);
	while (fsock_waitlist_next(m.list, &event) != NULL) {
		int i = (int)(intptr_t)event.user;

		close_it(i);
		close(m.peers[i]);
		m.s[i] = sock_raw(SOCK_PAIR, NULL, &m.peers[i]); /* gets the same descriptor */
		members_say(&m, i);
		ck_assert_int_eq(
		    fsock_waitlist_add(m.list, m.s[i], FSOCK_INPUT, members_number(i)), 0);
		told++;
	}
	ck_assert_int_eq(told, MEMBERS);
	members_assert_ready(&m, (1 << MEMBERS) - 1);
	members_finish(&m);
}
END_TEST

START_TEST(removed_all_in_the_loop)
{
	members_begin(&m, _i);
	for (int i = 0; i < MEMBERS; i++)
		members_say(&m, i);
	ck_assert_int_eq(fsock_waitlist_wait(m.list, 5, NULL), MEMBERS);
	ck_assert_ptr_nonnull(fsock_waitlist_next(m.list, NULL));
	fsock_waitlist_remove_all(m.list);
	ck_assert_ptr_null(fsock_waitlist_next(m.list, NULL));
	members_finish(&m);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("waitlist loop");
	TCase *tcase = tcase_create("waitlist loop");
	int n = wait_backends();

	tcase_add_loop_test(tcase, in_the_loop, 0, n * COUNT(ends));
	tcase_add_loop_test(tcase, replaced_in_the_loop, 0, n);
	tcase_add_loop_test(tcase, removed_all_in_the_loop, 0, n);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
