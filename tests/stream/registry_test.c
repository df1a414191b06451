/* The table of open streams: from a FILE to its window. */
#include "../../src/base/compat.h"

#include <stdbool.h>
#include <stdlib.h>

#include <check.h>

#include "../../src/stream/registry.h"
#include "../support/sock_support.h"

/*
 * How the addresses of FILEs lie that are never looked into, only told apart. A 32-bit machine has
 * but the lower bits.
 */
static const struct layout {
	int count;
	uintptr_t first, distance;
} layouts[] = {
	{ .count = 1, .first = 16, .distance = 16 },
	{ .count = 17, .first = (uintptr_t)0x5555550000, .distance = 16 },
	{ .count = 20000, .first = (uintptr_t)0x5555550000, .distance = 552 },
	{ .count = 3000, .first = (uintptr_t)0x7f0000000010, .distance = (uintptr_t)1 << 20 },
	{ .count = 3000, .first = 1, .distance = 1 },
};

static int visits;

/* The windows lie in one array; `position` serves as a mark. */
static void
visit(struct fsock__window *w)
{
	w->position++;
	visits++;
}

static void
check_visits(const struct fsock__window *windows, int count, int from)
{
	visits = 0;
	fsock__registry_each(visit);
	ck_assert_int_eq(visits, count - from);
	for (int i = 0; i < count; i++)
		if (windows[i].position != (i >= from))
			ck_abort_msg("window %d was visited %d times", i, (int)windows[i].position);
}

static FILE *
file_of(const struct layout *row, int i)
{
	return (FILE *)(row->first + (uintptr_t)i * row->distance);
}

/* A window is found by its FILE and by no other while it is there, and after that not at all. */
START_TEST(find)
{
	const struct layout *row = &layouts[_i];
	struct fsock__window *windows = calloc((size_t)row->count, sizeof *windows);

	ck_assert_ptr_nonnull(windows);
	for (int i = 0; i < row->count; i++) {
		windows[i].file = file_of(row, i);
		if (fsock__registry_find(windows[i].file) != NULL)
			ck_abort_msg("window %d is there before it was entered", i);
		fsock__registry_enter(&windows[i], windows[i].file);
	}
	check_visits(windows, row->count, 0);
	for (int i = 0; i < row->count; i++) {
		if (fsock__registry_find(file_of(row, i)) != &windows[i])
			ck_abort_msg("window %d is not found", i);
		windows[i].position = 0;
	}
	ck_assert_ptr_null(fsock__registry_find(file_of(row, row->count)));
	/* The first half goes; the others stay where they are. */
	for (int i = 0; i < row->count / 2; i++)
		fsock__registry_remove(&windows[i]);
	check_visits(windows, row->count, row->count / 2);
	for (int i = 0; i < row->count; i++)
		if (fsock__registry_find(file_of(row, i)) !=
		    (i < row->count / 2 ? NULL : &windows[i]))
			ck_abort_msg("window %d is not as it should be", i);
	for (int i = row->count - 1; i >= row->count / 2; i--)
		fsock__registry_remove(&windows[i]);
	ck_assert_ptr_null(fsock__registry_find(file_of(row, row->count - 1)));
	free(windows);
}
END_TEST

START_TEST(empty)
{
	visits = 0;
	fsock__registry_each(visit);
	ck_assert_int_eq(visits, 0);
	ck_assert_ptr_null(fsock__registry_find(NULL));
	ck_assert_ptr_null(fsock__registry_find(stdin));
}
END_TEST

/* ---- A child may look at the table whatever another thread of its parent did to it. */

static atomic_int stop;

static void
enter_often(void *arg)
{
	static struct fsock__window window;

	(void)arg;
	window.file = stderr;
	while (!stop) {
		fsock__registry_enter(&window, window.file);
		fsock__registry_remove(&window);
	}
}

static int
look(void *arg)
{
	(void)arg;
	return fsock__registry_find(stdin) != NULL;
}

START_TEST(forked)
{
	struct sock_thread thread;

	sock_thread_start(&thread, enter_often, NULL);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(sock_child(look, NULL), 0);
	stop = 1;
	sock_thread_join(&thread);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("registry");
	TCase *t = tcase_create("registry");

	tcase_add_loop_test(t, find, 0, COUNT(layouts));
	tcase_add_test(t, empty);
	tcase_add_test(t, forked);
	suite_add_tcase(s, t);
	return sock_run(s);
}
