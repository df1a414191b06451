/*
 * Wait lists, over every backend: members, what is reported of them, and what happens in the loop.
 */
#include "../src/compat.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/sock_support.h"
#include "support/wait_support.h"

enum { SOME = 5 };

/* A list with pairs as members, each with its number as user pointer. */
static fsock_waitlist *list;
static fsock *s[SOME];
static int peers[SOME];

static void *
number(intptr_t i)
{
	return (void *)i;
}

static void
begin(int backend)
{
	list = wait_list(backend);
	for (int i = 0; i < SOME; i++) {
		s[i] = sock_raw(SOCK_PAIR, NULL, &peers[i]);
		ck_assert_int_eq(fsock_waitlist_add(list, s[i], FSOCK_INPUT, number(i)), 0);
	}
	ck_assert_uint_eq(fsock_waitlist_count(list), SOME);
}

/* Ends what the test has not: those that it has are NULL. */
static void
finish(void)
{
	for (int i = 0; i < SOME; i++) {
		fsock_close(s[i]);
		close(peers[i]);
	}
	ck_assert_uint_eq(fsock_waitlist_count(list), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 0);
	fsock_waitlist_free(list);
}

static void
say(int i)
{
	ck_assert_int_eq(write(peers[i], "x\n", 2), 2);
}

/* Waits, and asserts that these members are reported, a bit for each. */
static void
assert_ready(int members)
{
	struct fsock_event event;
	int seen = 0;

	errno = 0;
	ck_assert_int_eq(fsock_waitlist_wait(list, members ? 5 : 0, NULL),
	    __builtin_popcount((unsigned)members));
	while (fsock_waitlist_next(list, &event) != NULL) {
		int i = (int)(intptr_t)event.user;

		ck_assert_ptr_eq(event.socket, s[i]);
		ck_assert_int_eq(event.state, FSOCK_INPUT);
		ck_assert_int_eq(event.error, 0);
		ck_assert_int_eq(fsock_state(s[i]), FSOCK_INPUT);
		ck_assert_int_eq(seen & 1 << i, 0);
		seen |= 1 << i;
	}
	ck_assert_int_eq(seen, members);
	ck_assert_int_eq(errno, 0);
}

START_TEST(reported)
{
	char octets[8];

	begin(_i);
	assert_ready(0);
	say(1);
	say(3);
	assert_ready(1 << 1 | 1 << 3);
	assert_ready(1 << 1 | 1 << 3); /* again, until it is read */
	ck_assert_int_eq(read(fsock_socket(s[1]), octets, sizeof octets), 2);
	assert_ready(1 << 3);
	ck_assert_int_eq(fsock_state(s[1]), 0);
	finish();
}
END_TEST

/* Those that were not asked for are found again, and counted once. */
START_TEST(not_asked_for)
{
	struct fsock_event event;

	begin(_i);
	for (int i = 0; i < SOME; i++)
		say(i);
	ck_assert_int_eq(fsock_waitlist_wait(list, 5, NULL), SOME);
	ck_assert_ptr_nonnull(fsock_waitlist_next(list, NULL));
	ck_assert_ptr_nonnull(fsock_waitlist_next(list, &event));
	assert_ready((1 << SOME) - 1);
	ck_assert_ptr_null(fsock_waitlist_next(list, &event));
	finish();
}
END_TEST

START_TEST(added_twice)
{
	struct fsock_event event;

	begin(_i);
	say(2);
	ck_assert_int_eq(fsock_waitlist_add(list, s[2], FSOCK_INPUT, number(77)), 0);
	ck_assert_uint_eq(fsock_waitlist_count(list), SOME);
	ck_assert_int_eq(fsock_waitlist_wait(list, 5, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(list, &event), s[2]);
	ck_assert_ptr_eq(event.user, number(77));
	ck_assert_ptr_null(fsock_waitlist_next(list, NULL));
	ck_assert_int_eq(fsock_waitlist_remove(list, s[2]), 0);
	assert_ready(0);
	finish();
}
END_TEST

START_TEST(removed)
{
	int peer;
	fsock *other = sock_raw(SOCK_PAIR, NULL, &peer);

	begin(_i);
	for (int i = 0; i < SOME; i++)
		say(i);
	errno = 0;
	ck_assert_int_eq(fsock_waitlist_remove(list, s[4]), 0);
	ck_assert_int_eq(fsock_waitlist_remove(list, s[4]), 0);
	ck_assert_int_eq(fsock_waitlist_remove(list, other), 0);
	ck_assert_int_eq(errno, 0);
	ck_assert_uint_eq(fsock_waitlist_count(list), SOME - 1);
	assert_ready((1 << SOME) - 1 - (1 << 4));
	ck_assert_int_eq(fsock_waitlist_add(list, s[4], FSOCK_INPUT, number(4)), 0);
	assert_ready((1 << SOME) - 1);
	fsock_waitlist_remove_all(list);
	ck_assert_uint_eq(fsock_waitlist_count(list), 0);
	assert_ready(0);
	ck_assert_int_eq(fsock_waitlist_add(list, s[0], FSOCK_INPUT, number(0)), 0);
	assert_ready(1);
	fsock_close(other);
	close(peer);
	finish();
}
END_TEST

/* Fills the kernel's buffers from a member's side. */
static void
fill(int i)
{
	static const char block[4096];

	while (send(fsock_socket(s[i]), block, sizeof block, MSG_DONTWAIT) > 0)
		;
	ck_assert_int_eq(errno, EAGAIN);
}

static void
drain(int i)
{
	char block[4096];

	while (recv(peers[i], block, sizeof block, MSG_DONTWAIT) > 0)
		;
}

/* The state that a wait reports of the only ready member, or 0. */
static int
only_state(void)
{
	struct fsock_event event = { .state = 0 };
	int n = fsock_waitlist_wait(list, 0, NULL);

	ck_assert_int_eq(wait_drain(list, &event), n);
	ck_assert_int_le(n, 1);
	return event.state;
}

START_TEST(interest)
{
	begin(_i);
	say(0);
	ck_assert_int_eq(fsock_waitlist_change(list, s[0], FSOCK_OUTPUT, NULL), 0);
	ck_assert_int_eq(only_state(), FSOCK_OUTPUT);
	ck_assert_int_eq(fsock_waitlist_change(list, s[0], FSOCK_IO, NULL), 0);
	ck_assert_int_eq(only_state(), FSOCK_IO);
	fill(0);
	ck_assert_int_eq(only_state(), FSOCK_INPUT);
	ck_assert_int_eq(fsock_waitlist_change(list, s[0], FSOCK_OUTPUT, NULL), 0);
	ck_assert_int_eq(only_state(), 0);
	drain(0);
	ck_assert_int_eq(only_state(), FSOCK_OUTPUT);
	ck_assert_int_eq(fsock_waitlist_change(list, s[0], 0, NULL), 0);
	ck_assert_int_eq(only_state(), 0);
	close(peers[0]); /* nor is the end reported then */
	ck_assert_int_eq(only_state(), 0);
	ck_assert_int_eq(fsock_waitlist_change(list, s[0], FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(only_state() & ~FSOCK_FAILED, FSOCK_INPUT | FSOCK_HANGUP);
	peers[0] = -1;
	finish();
}
END_TEST

/* The same for what is buffered: it is not forgotten while nobody wants it. */
START_TEST(interest_in_buffered)
{
	FILE *f;

	begin(_i);
	f = fsock_stream(s[0]);
	say(0);
	say(0);
	ck_assert_int_eq(getc(f), 'x');
	ck_assert_int_eq(only_state(), FSOCK_INPUT);
	ck_assert_int_eq(fsock_waitlist_change(list, s[0], 0, NULL), 0);
	ck_assert_int_eq(only_state(), 0);
	ck_assert_int_eq(fsock_waitlist_change(list, s[0], FSOCK_OUTPUT, NULL), 0);
	ck_assert_int_eq(only_state(), FSOCK_OUTPUT);
	ck_assert_int_eq(fsock_waitlist_change(list, s[0], FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(only_state(), FSOCK_INPUT);
	finish();
}
END_TEST

/*
 * A stream is read outside of the loop, by somebody else's turn: what that leaves in the buffers is
 * reported all the same.
 */
START_TEST(read_elsewhere)
{
	char line[8];
	FILE *f;

	begin(_i);
	f = fsock_stream(s[0]);
	assert_ready(0);
	say(0);
	say(0);
	say(0);
	for (int left = 2; left >= 0; left--) {
		ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
		assert_ready(left > 0);
	}
	finish();
}
END_TEST

/* A stream that holds input when it is added; and one that is added when the list waits no more. */
START_TEST(added_with_rest)
{
	FILE *f;

	begin(_i);
	ck_assert_int_eq(fsock_waitlist_remove(list, s[0]), 0);
	f = fsock_input(s[0]);
	say(0);
	ck_assert_int_eq(getc(f), 'x');
	assert_ready(0);
	ck_assert_int_eq(fsock_waitlist_add(list, s[0], FSOCK_INPUT, number(0)), 0);
	assert_ready(1);
	finish();
}
END_TEST

/* What makes a drained stream readable though nothing has come. */
START_TEST(changed_elsewhere)
{
	FILE *f;

	begin(_i);
	f = fsock_stream(s[0]);
	say(0);
	ck_assert_int_eq(fsock_read_byte(f), 'x');
	ck_assert_int_eq(fsock_read_byte(f), '\n');
	assert_ready(0);
	ck_assert_int_eq(fsock_unread_byte(f), 0);
	assert_ready(1);
	ck_assert_int_eq(getc(f), '\n');
	assert_ready(0);
	ck_assert_int_eq(fsock_set_bound(f, 0), 0);
	assert_ready(1);
	ck_assert_int_eq(fsock_set_bound(f, 5), 0);
	assert_ready(0);
	finish();
}
END_TEST

START_TEST(two_lists)
{
	fsock_waitlist *other = wait_list(_i);
	struct fsock_event event;
	char line[8];
	FILE *f;

	begin(_i);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fsock_waitlist_add(other, s[i], FSOCK_INPUT, number(100 + i)), 0);
	say(0);
	assert_ready(1);
	ck_assert_int_eq(fsock_waitlist_wait(other, 5, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(other, &event), s[0]);
	ck_assert_ptr_eq(event.user, number(100));
	f = fsock_stream(
	    s[0]); /* one line in the kernel, and one read ahead: both are told of it */
	say(0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	assert_ready(1);
	ck_assert_int_eq(fsock_waitlist_wait(other, 0, NULL), 1);
	ck_assert_int_eq(fsock_waitlist_remove(other, s[0]), 0);
	ck_assert_int_eq(fsock_waitlist_wait(other, 0, NULL), 0);
	assert_ready(1);
	ck_assert_int_eq(fsock_waitlist_add(other, s[0], FSOCK_INPUT, NULL), 0);
	fsock_close(s[0]);
	s[0] = NULL;
	ck_assert_uint_eq(fsock_waitlist_count(list), SOME - 1);
	ck_assert_uint_eq(fsock_waitlist_count(other), 1);
	ck_assert_int_eq(fsock_waitlist_wait(other, 0, NULL), 0);
	fsock_waitlist_free(other);
	finish();
}
END_TEST

/* A wait on one list receives for a whole-line stream; the other list has to hear of it. */
START_TEST(two_lists_whole_line)
{
	static const struct fsock_options whole = { .delivery = FSOCK_DELIVER_WHOLE_LINE };
	fsock_waitlist *lists[2] = { wait_list(_i), wait_list(0) };
	int peer;
	fsock *one = sock_raw(SOCK_TCP4, &whole, &peer);
	FILE *f = fsock_stream(one);

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fsock_waitlist_add(lists[i], one, FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(write(peer, "ha", 2), 2);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fsock_waitlist_wait(lists[i], 0, NULL), 0);
	ck_assert_int_eq(write(peer, "lf\n", 3), 3);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(fsock_waitlist_wait(lists[i / 2], 5, NULL), 1);
	ck_assert_int_eq(getc(f), 'h');
	fsock_close(one);
	close(peer);
	for (int i = 0; i < 2; i++)
		fsock_waitlist_free(lists[i]);
}
END_TEST

/* What a loop does to a member that it has yet to hear of. */
static void
close_it(int i)
{
	ck_assert_int_eq(fsock_close(s[i]), 0);
	s[i] = NULL;
}

static void
abort_it(int i)
{
	ck_assert_int_eq(fsock_abort(s[i]), 0);
	s[i] = NULL;
}

static void
release_it(int i)
{
	close(fsock_release(s[i], NULL, 0, NULL));
	s[i] = NULL;
}

static void
remove_it(int i)
{
	ck_assert_int_eq(fsock_waitlist_remove(list, s[i]), 0);
}

static void
pause_it(int i)
{
	ck_assert_int_eq(fsock_waitlist_change(list, s[i], FSOCK_OUTPUT, number(i)), 0);
}

/* The last stream of a disowned socket ends it. */
static void
close_stream(int i)
{
	FILE *f = fsock_stream(s[i]);

	fsock_disown(s[i]);
	ck_assert_int_eq(fclose(f), 0);
	s[i] = NULL;
}

static void (*const ends[])(
    int) = { close_it, abort_it, release_it, remove_it, pause_it, close_stream };

START_TEST(in_the_loop)
{
	struct fsock_event event;
	int first, others = 0;

	begin(_i / COUNT(ends));
	for (int i = 0; i < SOME; i++)
		say(i);
	ck_assert_int_eq(fsock_waitlist_wait(list, 5, NULL), SOME);
	ck_assert_ptr_nonnull(fsock_waitlist_next(list, &event));
	first = (int)(intptr_t)event.user;
	ends[_i % COUNT(ends)](first); /* the one just told of, and all but one that are to come */
	for (int i = 0; i < SOME; i++)
		if (i != first && i != (first + 3) % SOME)
			ends[_i % COUNT(ends)](i);
	while (fsock_waitlist_next(list, &event) != NULL) {
		ck_assert_ptr_eq(event.socket, s[(first + 3) % SOME]);
		others++;
	}
	ck_assert_int_eq(others, 1);
	fsock_waitlist_remove_all(list);
	finish();
}
END_TEST

/* Closing each as it comes; and adding in the loop, which waits for the next wait. */
START_TEST(replaced_in_the_loop)
{
	struct fsock_event event;
	int told = 0;

	begin(_i);
	for (int i = 0; i < SOME; i++)
		say(i);
	ck_assert_int_eq(fsock_waitlist_wait(list, 5, NULL), SOME);
	while (fsock_waitlist_next(list, &event) != NULL) {
		int i = (int)(intptr_t)event.user;

		close_it(i);
		close(peers[i]);
		s[i] = sock_raw(SOCK_PAIR, NULL, &peers[i]); /* gets the same descriptor */
		say(i);
		ck_assert_int_eq(fsock_waitlist_add(list, s[i], FSOCK_INPUT, number(i)), 0);
		told++;
	}
	ck_assert_int_eq(told, SOME);
	assert_ready((1 << SOME) - 1);
	finish();
}
END_TEST

START_TEST(removed_all_in_the_loop)
{
	begin(_i);
	for (int i = 0; i < SOME; i++)
		say(i);
	ck_assert_int_eq(fsock_waitlist_wait(list, 5, NULL), SOME);
	ck_assert_ptr_nonnull(fsock_waitlist_next(list, NULL));
	fsock_waitlist_remove_all(list);
	ck_assert_ptr_null(fsock_waitlist_next(list, NULL));
	finish();
}
END_TEST

/* A closed member is reported as such, whatever is waited for, until it is taken out. */
START_TEST(member_closed)
{
	struct fsock_event event;

	begin(_i);
	ck_assert_int_eq(fsock_waitlist_change(list, s[1], 0, number(1)), 0);
	for (int i = 0; i < 2; i++)
		fclose(fsock_stream(s[i]));
	for (int turn = 0; turn < 2; turn++) {
		ck_assert_int_eq(fsock_waitlist_wait(list, 5, NULL), 2);
		for (int i = 0; i < 2; i++) {
			ck_assert_ptr_nonnull(fsock_waitlist_next(list, &event));
			ck_assert_int_eq(event.state, FSOCK_FAILED);
			ck_assert_int_eq(event.error, EBADF);
			ck_assert_int_eq(fsock_state(event.socket), FSOCK_FAILED);
		}
	}
	ck_assert_int_eq(fsock_waitlist_change(list, s[0], FSOCK_INPUT, NULL), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fsock_waitlist_remove(list, s[i]), 0);
	ck_assert_int_eq(fsock_waitlist_add(list, s[0], FSOCK_INPUT, NULL), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	assert_ready(0);
	finish();
}
END_TEST

/* A released descriptor is nobody's member any more, though it is open and has input. */
START_TEST(member_released)
{
	char octets[8];
	int fd;

	begin(_i);
	say(0);
	fd = fsock_release(s[0], octets, sizeof octets, NULL);
	ck_assert_int_ge(fd, 0);
	s[0] = NULL;
	assert_ready(0);
	close(fd);
	finish();
}
END_TEST

START_TEST(freed_with_members)
{
	fsock_waitlist *other = wait_list(_i);
	int fds;

	begin(_i);
	fds = sock_open_fds();
	for (int i = 0; i < SOME; i++)
		ck_assert_int_eq(fsock_waitlist_add(other, s[i], FSOCK_INPUT, NULL), 0);
	fsock_waitlist_free(other);
	ck_assert_int_lt(sock_open_fds(), fds);
	say(0);
	assert_ready(1);
	finish();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("waitlist");
	TCase *tcase = tcase_create("waitlist");
	int n = wait_backends();

	tcase_add_loop_test(tcase, reported, 0, n);
	tcase_add_loop_test(tcase, not_asked_for, 0, n);
	tcase_add_loop_test(tcase, added_twice, 0, n);
	tcase_add_loop_test(tcase, removed, 0, n);
	tcase_add_loop_test(tcase, interest, 0, n);
	tcase_add_loop_test(tcase, interest_in_buffered, 0, n);
	tcase_add_loop_test(tcase, read_elsewhere, 0, n);
	tcase_add_loop_test(tcase, added_with_rest, 0, n);
	tcase_add_loop_test(tcase, changed_elsewhere, 0, n);
	tcase_add_loop_test(tcase, two_lists, 0, n);
	tcase_add_loop_test(tcase, two_lists_whole_line, 0, n);
	tcase_add_loop_test(tcase, in_the_loop, 0, n * COUNT(ends));
	tcase_add_loop_test(tcase, replaced_in_the_loop, 0, n);
	tcase_add_loop_test(tcase, removed_all_in_the_loop, 0, n);
	tcase_add_loop_test(tcase, member_closed, 0, n);
	tcase_add_loop_test(tcase, member_released, 0, n);
	tcase_add_loop_test(tcase, freed_with_members, 0, n);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
