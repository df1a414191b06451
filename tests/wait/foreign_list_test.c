/*
 * Descriptors in wait lists: closed behind a list's back, in several lists, in several processes;
 * and timers.
 */
#include "../../src/base/compat.h"

#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include "../support/descriptors.h"
#include "../support/sock_support.h"
#include "../support/wait_support.h"

/* ---- Descriptors that are closed behind the list's back. */

static fsock_waitlist *list;

static void
expect_only(fsock *s)
{
	struct fsock_event event;

	if (s == NULL) {
		ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 0);
		return;
	}
	ck_assert_int_eq(fsock_waitlist_wait(list, 60, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(list, &event), s);
	ck_assert_int_ne(event.state & FSOCK_INPUT, 0);
}

static fsock *
watch(int fd)
{
	fsock *s = fsock_watch(fd);

	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	return s;
}

static void
hear(int fd)
{
	char octets[8];

	ck_assert_int_eq(read(fd, octets, sizeof octets), 2);
}

/* The number of one pipe is given to another: each handle goes on watching its own. */
START_TEST(closed_and_reused)
{
	struct descriptor old, new;
	fsock *before, *after;

	list = wait_list(_i);
	descriptor_pipe(&old);
	before = watch(old.fd);
	descriptor_pipe(&new);
	ck_assert_int_eq(dup2(new.fd, old.fd), old.fd); /* closes it */
	expect_only(NULL);
	after = watch(old.fd);
	descriptor_say(&new);
	expect_only(after);
	hear(new.fd);
	expect_only(NULL);
	descriptor_say(&old);
	expect_only(before);
	ck_assert_int_eq(fsock_waitlist_remove(list, before), 0);
	descriptor_say(&new);
	expect_only(after);
	hear(new.fd);
	fsock_close(before);
	expect_only(NULL);
	descriptor_say(&new);
	expect_only(after);
	fsock_close(after);
	expect_only(NULL);
	fsock_waitlist_free(list);
	close(old.fd), close(old.other), close(new.fd), close(new.other);
}
END_TEST

/* The other end learns of it when the handle is closed. */
START_TEST(closed)
{
	struct descriptor p;
	fsock *s;
	char octet;

	list = wait_list(_i);
	descriptor_pipe(&p);
	s = fsock_watch(p.other);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_OUTPUT, NULL), 0);
	descriptor_end(&p);
	ck_assert_int_eq(fsock_waitlist_wait(list, 60, NULL), 1);
	ck_assert_int_eq(fsock_waitlist_change(list, s, 0, NULL), 0);
	expect_only(NULL);
	ck_assert_int_eq(fsock_close(s), 0);
	ck_assert_int_eq(read(p.fd, &octet, 1), 0);
	fsock_waitlist_free(list);
	close(p.fd);
}
END_TEST

/* Two handles of one descriptor are two members. */
START_TEST(twice)
{
	struct descriptor p;
	fsock *s[2];

	list = wait_list(_i);
	descriptor_pipe(&p);
	s[0] = watch(p.fd);
	s[1] = watch(p.fd);
	descriptor_say(&p);
	ck_assert_int_eq(fsock_waitlist_wait(list, 60, NULL), 2);
	ck_assert_int_eq(fsock_close(s[0]), 0);
	expect_only(s[1]);
	hear(p.fd);
	expect_only(NULL);
	fsock_close(s[1]);
	fsock_waitlist_free(list);
	close(p.fd), close(p.other);
}
END_TEST

START_TEST(in_two_lists)
{
	struct descriptor p;
	fsock_waitlist *lists[2] = { wait_list(_i), wait_list(_i) };
	fsock *s;

	descriptor_pipe(&p);
	list = lists[0];
	s = watch(p.fd);
	ck_assert_int_eq(fsock_waitlist_add(lists[1], s, FSOCK_INPUT, NULL), 0);
	descriptor_say(&p);
	for (int i = 0; i < 2; i++, list = lists[i % 2])
		expect_only(s);
	ck_assert_int_eq(fsock_waitlist_remove(lists[0], s), 0);
	expect_only(NULL);
	list = lists[1];
	expect_only(s);
	fsock_close(s);
	expect_only(NULL);
	ck_assert_int_eq((int)fsock_waitlist_count(list), 0);
	fsock_waitlist_free(lists[0]);
	fsock_waitlist_free(lists[1]);
	close(p.fd), close(p.other);
}
END_TEST

/*
 * A child has copies of everything. Whether it ends its handle or keeps it, it is the parent's
 * member for as long as the parent wants.
 */
START_TEST(beside_a_child)
{
	struct descriptor p;
	pid_t child;
	fsock *s;

	list = wait_list(_i / 2);
	descriptor_pipe(&p);
	s = watch(p.fd);
	child = fork();
	if (child == 0) {
		if (_i % 2 == 0)
			_exit(fsock_close(s));
		for (;;)
			pause();
	}
	if (_i % 2 == 0)
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
	descriptor_say(&p);
	expect_only(s);
	fsock_close(s);
	expect_only(NULL);
	if (_i % 2 != 0) {
		kill(child, SIGKILL);
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
	}
	fsock_waitlist_free(list);
	close(p.fd), close(p.other);
}
END_TEST

/* Timers are told in their order, each once, and by every list for itself. */
START_TEST(timers)
{
	static const double times[] = { 0.03, 0.01, 0.02, 0 };
	static const int order[] = { 3, 1, 2, 0 };
	struct fsock_event event;
	fsock *s[COUNT(times)];

	list = wait_list(_i);
	for (int i = 0; i < COUNT(times); i++) {
		s[i] = fsock_timer();
		ck_assert_ptr_nonnull(s[i]);
		ck_assert_int_eq(fsock_waitlist_add(list, s[i], i % 2 ? 0 : FSOCK_IO, NULL), 0);
		ck_assert_int_eq(fsock_wait_for_input(&s[i], 1, 0, NULL), 0);
	}
	expect_only(NULL);
	for (int i = 0; i < COUNT(times); i++)
		ck_assert_int_eq(fsock_waitlist_set_timeout(list, s[i], times[i]), 0);
	for (int i = 0; i < COUNT(times);) {
		ck_assert_int_gt(fsock_waitlist_wait(list, 60, NULL), 0);
		while (fsock_waitlist_next(list, &event) != NULL) {
			ck_assert_ptr_eq(event.socket, s[order[i++]]);
			ck_assert_int_eq(event.state, FSOCK_TIMEOUT);
			ck_assert_int_eq(event.error, 0);
		}
	}
	expect_only(NULL);
	for (int i = 0; i < COUNT(times); i++)
		fsock_close(s[i]);
	ck_assert_int_eq((int)fsock_waitlist_count(list), 0);
	fsock_waitlist_free(list);
}
END_TEST

/* A timer of a descriptor's handle, whatever it is. */
START_TEST(timer_of_a_descriptor)
{
	struct fsock_event event;
	struct descriptor p;
	fsock *s = descriptor_begin(&p, &descriptor_inputs[_i % descriptor_input_count]);

	list = wait_list(_i / descriptor_input_count);
	ck_assert_int_eq(fsock_waitlist_add(list, s, 0, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_set_timeout(list, s, 0), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 60, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(list, &event), s);
	ck_assert_int_eq(event.state, FSOCK_TIMEOUT);
	expect_only(NULL);
	fsock_waitlist_free(list);
	descriptor_finish(&p, s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("foreign list");
	TCase *tcase = tcase_create("foreign list");
	int n = wait_backends();

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, closed_and_reused, 0, n);
	tcase_add_loop_test(tcase, closed, 0, n);
	tcase_add_loop_test(tcase, twice, 0, n);
	tcase_add_loop_test(tcase, in_two_lists, 0, n);
	tcase_add_loop_test(tcase, beside_a_child, 0, 2 * n);
	tcase_add_loop_test(tcase, timers, 0, n);
	tcase_add_loop_test(tcase, timer_of_a_descriptor, 0, n * descriptor_input_count);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
