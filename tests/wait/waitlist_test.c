/* Wait lists, over every backend: who is a member, and what is reported of members. */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <unistd.h>

#include "../support/members.h"
#include "../support/wait_support.h"

static struct members m;

START_TEST(reported)
{
	char octets[8];

	members_begin(&m, _i);
	members_assert_ready(&m, 0);
	members_say(&m, 1);
	members_say(&m, 3);
	members_assert_ready(&m, 1 << 1 | 1 << 3);
	members_assert_ready(&m, 1 << 1 | 1 << 3); /* again, until it is read */
	ck_assert_int_eq(read(fsock_socket(m.s[1]), octets, sizeof octets), 2);
	members_assert_ready(&m, 1 << 3);
	ck_assert_int_eq(fsock_state(m.s[1]), 0);
	members_finish(&m);
}
END_TEST

/* Those that were not asked for are found again, and counted once. */
START_TEST(not_asked_for)
{
	struct fsock_event event;

	members_begin(&m, _i);
	for (int i = 0; i < MEMBERS; i++)
		members_say(&m, i);
	ck_assert_int_eq(fsock_waitlist_wait(m.list, 5, NULL), MEMBERS);
	ck_assert_ptr_nonnull(fsock_waitlist_next(m.list, NULL));
	ck_assert_ptr_nonnull(fsock_waitlist_next(m.list, &event));
	members_assert_ready(&m, (1 << MEMBERS) - 1);
	ck_assert_ptr_null(fsock_waitlist_next(m.list, &event));
	members_finish(&m);
}
END_TEST

START_TEST(added_twice)
{
	struct fsock_event event;

	members_begin(&m, _i);
	members_say(&m, 2);
	ck_assert_int_eq(fsock_waitlist_add(m.list, m.s[2], FSOCK_INPUT, members_number(77)), 0);
	ck_assert_uint_eq(fsock_waitlist_count(m.list), MEMBERS);
	ck_assert_int_eq(fsock_waitlist_wait(m.list, 5, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(m.list, &event), m.s[2]);
	ck_assert_ptr_eq(event.user, members_number(77));
	ck_assert_ptr_null(fsock_waitlist_next(m.list, NULL));
	ck_assert_int_eq(fsock_waitlist_remove(m.list, m.s[2]), 0);
	members_assert_ready(&m, 0);
	members_finish(&m);
}
END_TEST

START_TEST(removed)
{
	int peer;
	fsock *other = sock_raw(SOCK_PAIR, NULL, &peer);

	members_begin(&m, _i);
	for (int i = 0; i < MEMBERS; i++)
		members_say(&m, i);
	errno = 0;
	ck_assert_int_eq(fsock_waitlist_remove(m.list, m.s[4]), 0);
	ck_assert_int_eq(fsock_waitlist_remove(m.list, m.s[4]), 0);
	ck_assert_int_eq(fsock_waitlist_remove(m.list, other), 0);
	ck_assert_int_eq(errno, 0);
	ck_assert_uint_eq(fsock_waitlist_count(m.list), MEMBERS - 1);
	members_assert_ready(&m, (1 << MEMBERS) - 1 - (1 << 4));
	ck_assert_int_eq(fsock_waitlist_add(m.list, m.s[4], FSOCK_INPUT, members_number(4)), 0);
	members_assert_ready(&m, (1 << MEMBERS) - 1);
	fsock_waitlist_remove_all(m.list);
	ck_assert_uint_eq(fsock_waitlist_count(m.list), 0);
	members_assert_ready(&m, 0);
	ck_assert_int_eq(fsock_waitlist_add(m.list, m.s[0], FSOCK_INPUT, members_number(0)), 0);
	members_assert_ready(&m, 1);
	fsock_close(other);
	close(peer);
	members_finish(&m);
}
END_TEST

/* Fills the kernel's buffers from a member's side. */
static void
fill(int i)
{
	static const char block[4096];

	while (send(fsock_socket(m.s[i]), block, sizeof block, MSG_DONTWAIT) > 0)
		;
	ck_assert_int_eq(errno, EAGAIN);
}

static void
drain(int i)
{
	char block[4096];

	while (recv(m.peers[i], block, sizeof block, MSG_DONTWAIT) > 0)
		;
}

/* The state that a wait reports of the only ready member, or 0. */
static int
only_state(void)
{
	struct fsock_event event = { .state = 0 };
	int n = fsock_waitlist_wait(m.list, 0, NULL);

	ck_assert_int_eq(wait_drain(m.list, &event), n);
	ck_assert_int_le(n, 1);
	return event.state;
}

START_TEST(interest)
{
	members_begin(&m, _i);
	members_say(&m, 0);
	ck_assert_int_eq(fsock_waitlist_change(m.list, m.s[0], FSOCK_OUTPUT, NULL), 0);
	ck_assert_int_eq(only_state(), FSOCK_OUTPUT);
	ck_assert_int_eq(fsock_waitlist_change(m.list, m.s[0], FSOCK_IO, NULL), 0);
	ck_assert_int_eq(only_state(), FSOCK_IO);
	fill(0);
	ck_assert_int_eq(only_state(), FSOCK_INPUT);
	ck_assert_int_eq(fsock_waitlist_change(m.list, m.s[0], FSOCK_OUTPUT, NULL), 0);
	ck_assert_int_eq(only_state(), 0);
	drain(0);
	ck_assert_int_eq(only_state(), FSOCK_OUTPUT);
	ck_assert_int_eq(fsock_waitlist_change(m.list, m.s[0], 0, NULL), 0);
	ck_assert_int_eq(only_state(), 0);
	close(m.peers[0]); /* nor is the end reported then */
	ck_assert_int_eq(only_state(), 0);
	ck_assert_int_eq(fsock_waitlist_change(m.list, m.s[0], FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(only_state() & ~FSOCK_FAILED, FSOCK_INPUT | FSOCK_HANGUP);
	m.peers[0] = -1;
	members_finish(&m);
}
END_TEST

/* The end of one's own output is no hang-up of the peer. */
START_TEST(output_ended)
{
	enum sock_transport transport = _i % SOCK_TRANSPORTS;
	fsock_waitlist *list = wait_list(_i / SOCK_TRANSPORTS);
	struct fsock_event event = { .state = 0 };
	fsock *ends[2];

	if (sock_has(transport)) {
		sock_link(transport, NULL, ends);
		ck_assert_int_eq(fsock_waitlist_add(list, ends[0], FSOCK_OUTPUT, NULL), 0);
		ck_assert_int_eq(fsock_shutdown(ends[0], FSOCK_OUTPUT), 0);
		for (int asked = FSOCK_OUTPUT; asked <= FSOCK_IO; asked++) {
			ck_assert_int_eq(fsock_waitlist_change(list, ends[0], asked, NULL), 0);
			ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
			ck_assert_int_eq(wait_drain(list, &event), 1);
			ck_assert_int_eq(event.state, FSOCK_OUTPUT);
		}
		fsock_close(ends[1]);
		ck_assert_int_eq(fsock_waitlist_change(list, ends[0], FSOCK_INPUT, NULL), 0);
		ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
		ck_assert_int_eq(wait_drain(list, &event), 1);
		ck_assert_int_eq(event.state, FSOCK_INPUT | FSOCK_HANGUP);
		fsock_close(ends[0]);
	}
	fsock_waitlist_free(list);
}
END_TEST

/* The same for what is buffered: it is not forgotten while nobody wants it. */
START_TEST(interest_in_buffered)
{
	FILE *f;

	members_begin(&m, _i);
	f = fsock_stream(m.s[0]);
	members_say(&m, 0);
	members_say(&m, 0);
	ck_assert_int_eq(getc(f), 'x');
	ck_assert_int_eq(only_state(), FSOCK_INPUT);
	ck_assert_int_eq(fsock_waitlist_change(m.list, m.s[0], 0, NULL), 0);
	ck_assert_int_eq(only_state(), 0);
	ck_assert_int_eq(fsock_waitlist_change(m.list, m.s[0], FSOCK_OUTPUT, NULL), 0);
	ck_assert_int_eq(only_state(), FSOCK_OUTPUT);
	ck_assert_int_eq(fsock_waitlist_change(m.list, m.s[0], FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(only_state(), FSOCK_INPUT);
	members_finish(&m);
}
END_TEST

/* A closed member is reported as such, whatever is waited for, until it is taken out. */
START_TEST(member_closed)
{
	struct fsock_event event;

	members_begin(&m, _i);
	ck_assert_int_eq(fsock_waitlist_change(m.list, m.s[1], 0, members_number(1)), 0);
	for (int i = 0; i < 2; i++)
		fclose(fsock_stream(m.s[i]));
	for (int turn = 0; turn < 2; turn++) {
		ck_assert_int_eq(fsock_waitlist_wait(m.list, 5, NULL), 2);
		for (int i = 0; i < 2; i++) {
			ck_assert_ptr_nonnull(fsock_waitlist_next(m.list, &event));
			ck_assert_int_eq(event.state, FSOCK_FAILED);
			ck_assert_int_eq(event.error, EBADF);
			ck_assert_int_eq(fsock_state(event.socket), FSOCK_FAILED);
		}
	}
	ck_assert_int_eq(fsock_waitlist_change(m.list, m.s[0], FSOCK_INPUT, NULL), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fsock_waitlist_remove(m.list, m.s[i]), 0);
	ck_assert_int_eq(fsock_waitlist_add(m.list, m.s[0], FSOCK_INPUT, NULL), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	members_assert_ready(&m, 0);
	members_finish(&m);
}
END_TEST

/* A released descriptor is nobody's member any more, though it is open and has input. */
START_TEST(member_released)
{
	char octets[8];
	int fd;

	members_begin(&m, _i);
	members_say(&m, 0);
	fd = fsock_release(m.s[0], octets, sizeof octets, NULL);
	ck_assert_int_ge(fd, 0);
	m.s[0] = NULL;
	members_assert_ready(&m, 0);
	close(fd);
	members_finish(&m);
}
END_TEST

START_TEST(freed_with_members)
{
	fsock_waitlist *other = wait_list(_i);
	int fds;

	members_begin(&m, _i);
	fds = sock_open_fds();
	for (int i = 0; i < MEMBERS; i++)
		ck_assert_int_eq(fsock_waitlist_add(other, m.s[i], FSOCK_INPUT, NULL), 0);
	fsock_waitlist_free(other);
	ck_assert_int_lt(sock_open_fds(), fds);
	members_say(&m, 0);
	members_assert_ready(&m, 1);
	members_finish(&m);
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
	tcase_add_loop_test(tcase, output_ended, 0, wait_backends() * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, interest, 0, n);
	tcase_add_loop_test(tcase, interest_in_buffered, 0, n);
	tcase_add_loop_test(tcase, member_closed, 0, n);
	tcase_add_loop_test(tcase, member_released, 0, n);
	tcase_add_loop_test(tcase, freed_with_members, 0, n);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
