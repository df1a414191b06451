/* Members of wait lists whose streams are used elsewhere: outside of the loop, in other lists. */
#include "../../src/base/compat.h"

#include <unistd.h>

#include "../../src/wait/waitlist.h"
#include "../support/members.h"
#include "../support/records.h"
#include "../support/wait_support.h"

static struct members m;

/*
 * A stream is read outside of the loop, by somebody else's turn: what that leaves in the buffers is
 * reported all the same.
 */
START_TEST(read_elsewhere)
{
	char line[8];
	FILE *f;

	members_begin(&m, _i);
	f = fsock_stream(m.s[0]);
	members_assert_ready(&m, 0);
	members_say(&m, 0);
	members_say(&m, 0);
	members_say(&m, 0);
	for (int left = 2; left >= 0; left--) {
		ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
		members_assert_ready(&m, left > 0);
	}
	members_finish(&m);
}
END_TEST

/*
 * Input that is in memory is read without a note to the lists, whatever they have looked at: only
 * one that has found the FILE in use is to look again.
 */
START_TEST(read_quietly)
{
	char line[8];
	FILE *f;

	members_begin(&m, _i);
	f = fsock_stream(m.s[0]);
	for (int i = 0; i < 3; i++)
		members_say(&m, 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f)); /* which receives */
	for (int left = 2; left > 0; left--) {
		members_assert_ready(&m, 1);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
		ck_assert_ptr_null(m.list->inbox);
	}
	members_assert_ready(&m, 0);
	members_finish(&m);
}
END_TEST

/* A stream that holds input when it is added; and one that is added when the list waits no more. */
START_TEST(added_with_rest)
{
	FILE *f;

	members_begin(&m, _i);
	ck_assert_int_eq(fsock_waitlist_remove(m.list, m.s[0]), 0);
	f = fsock_input(m.s[0]);
	members_say(&m, 0);
	ck_assert_int_eq(getc(f), 'x');
	members_assert_ready(&m, 0);
	ck_assert_int_eq(fsock_waitlist_add(m.list, m.s[0], FSOCK_INPUT, members_number(0)), 0);
	members_assert_ready(&m, 1);
	members_finish(&m);
}
END_TEST

/* What makes a drained stream readable though nothing has come. */
START_TEST(changed_elsewhere)
{
	FILE *f;

	members_begin(&m, _i);
	f = fsock_stream(m.s[0]);
	members_say(&m, 0);
	ck_assert_int_eq(fsock_read_byte(f), 'x');
	ck_assert_int_eq(fsock_read_byte(f), '\n');
	members_assert_ready(&m, 0);
	ck_assert_int_eq(fsock_unread_byte(f), 0);
	members_assert_ready(&m, 1);
	ck_assert_int_eq(getc(f), '\n');
	members_assert_ready(&m, 0);
	ck_assert_int_eq(fsock_set_bound(f, 0), 0);
	members_assert_ready(&m, 1);
	ck_assert_int_eq(fsock_set_bound(f, 5), 0);
	members_assert_ready(&m, 0);
	members_finish(&m);
}
END_TEST

START_TEST(two_lists)
{
	fsock_waitlist *other = wait_list(_i);
	struct fsock_event event;
	char line[8];
	FILE *f;

	members_begin(&m, _i);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
		    fsock_waitlist_add(other, m.s[i], FSOCK_INPUT, members_number(100 + i)), 0);
	members_say(&m, 0);
	members_assert_ready(&m, 1);
	ck_assert_int_eq(fsock_waitlist_wait(other, 5, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(other, &event), m.s[0]);
	ck_assert_ptr_eq(event.user, members_number(100));
	f = fsock_stream(
	    m.s[0]); /* one line in the kernel, and one read ahead: both are told of it */
	members_say(&m, 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	members_assert_ready(&m, 1);
	ck_assert_int_eq(fsock_waitlist_wait(other, 0, NULL), 1);
	ck_assert_int_eq(fsock_waitlist_remove(other, m.s[0]), 0);
	ck_assert_int_eq(fsock_waitlist_wait(other, 0, NULL), 0);
	members_assert_ready(&m, 1);
	ck_assert_int_eq(fsock_waitlist_add(other, m.s[0], FSOCK_INPUT, NULL), 0);
	fsock_close(m.s[0]);
	m.s[0] = NULL;
	ck_assert_uint_eq(fsock_waitlist_count(m.list), MEMBERS - 1);
	ck_assert_uint_eq(fsock_waitlist_count(other), 1);
	ck_assert_int_eq(fsock_waitlist_wait(other, 0, NULL), 0);
	fsock_waitlist_free(other);
	members_finish(&m);
}
END_TEST

/* A loop test's row: records of each kind for each backend. */
static const struct records_kind *
kind_of(int i)
{
	return &records_from_lines[i % RECORDS_FROM_LINES];
}

enum { RECORD = 5 }; /* the length of each */

/* A wait on one list receives for a whole-record stream; the other list has to hear of it. */
START_TEST(two_lists_whole_record)
{
	const struct records_kind *kind = kind_of(_i);
	struct fsock_record record = records_of_length(kind, RECORD);
	struct fsock_options whole = { .record = &record };
	fsock_waitlist *lists[2] = { wait_list(_i / RECORDS_FROM_LINES), wait_list(0) };
	struct records_turn said = { kind, RECORD, 0 };
	char text[] = "half\n", got[RECORD];
	int peer;
	fsock *one = sock_raw(SOCK_TCP4, &whole, &peer);
	FILE *f = fsock_stream(one);

	records_turn(&said, text, RECORD);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fsock_waitlist_add(lists[i], one, FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(write(peer, text, 2), 2);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fsock_waitlist_wait(lists[i], 0, NULL), 0);
	ck_assert_int_eq(write(peer, text + 2, 3), 3);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(fsock_waitlist_wait(lists[i / 2], 5, NULL), 1);
	ck_assert_uint_eq(records_read(kind, f, got, RECORD), RECORD);
	ck_assert_mem_eq(got, text, RECORD);
	fsock_close(one);
	close(peer);
	for (int i = 0; i < 2; i++)
		fsock_waitlist_free(lists[i]);
}
END_TEST

/*
 * A wait takes what has come of a line, and the next read need not ask the kernel for more. But if
 * the rest comes with the end of file, the read that is told of it finds both at once.
 */
enum last_act { CLOSES, ENDS, RESETS };

static const struct rest {
	enum last_act act;
	const char *rest, *line; /* NULL: ECONNRESET */
} rests[] = {
	{ CLOSES, "", "ha" },
	{ ENDS, "", "ha" },
	{ CLOSES, "lf\n", "half\n" },
	{ ENDS, "lf", "half" },
	{ RESETS, "", NULL },
};

static void
act(enum last_act act, int peer)
{
	static const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	if (act == RESETS)
		setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	ck_assert_int_eq(act == ENDS ? shutdown(peer, SHUT_WR) : close(peer), 0);
}

/* A socket with a stream, of which a wait has taken half a record: so much of its text. */
static fsock *
look_at_half(fsock_waitlist *list, const struct records_kind *kind, const char *text, int *peer)
{
	struct fsock_record record = records_of_length(kind, RECORD);
	struct fsock_options options = { .nonblocking = FSOCK_ON, .record = &record };
	fsock *s;

	if (kind->record.kind == FSOCK_RECORD_LINE) /* the default */
		options.record = NULL;
	s = sock_raw(SOCK_TCP4, &options, peer);
	ck_assert_ptr_nonnull(fsock_stream(s));
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(write(*peer, text, 2), 2);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0.01, NULL), 0);
	return s;
}

/* Reads what is left of a record, and asserts what it is, or that it fails. */
static void
expect_rest(const struct records_kind *kind, fsock *s, const char *text, size_t n, int error)
{
	char got[RECORD];

	errno = 0;
	ck_assert_uint_eq(records_read(kind, fsock_stream(s), got, RECORD), n);
	if (error != 0)
		ck_assert_str_eq(strerror(errno), strerror(error));
	ck_assert_mem_eq(got, text, n);
}

START_TEST(end_after_a_look)
{
	const struct records_kind *kind = kind_of(_i);
	const struct rest *row = &rests[_i / RECORDS_FROM_LINES % COUNT(rests)];
	fsock_waitlist *list = wait_list(_i / RECORDS_FROM_LINES / COUNT(rests));
	struct records_turn said = { kind, RECORD, 0 };
	size_t n = 2 + strlen(row->rest);
	char text[8] = "ha";
	fsock *s;
	int peer;

	strcat(text, row->rest);
	s = look_at_half(list, kind, records_turn(&said, text, n), &peer);
	ck_assert_int_eq(write(peer, text + 2, n - 2), (int)n - 2);
	act(row->act, peer);
	ck_assert_int_eq(fsock_waitlist_wait(list, 5, NULL), 1);
	if (row->line == NULL)
		expect_rest(kind, s, "", 0, ECONNRESET);
	else
		expect_rest(kind, s, text, strlen(row->line), 0);
	if (row->act == ENDS)
		close(peer);
	fsock_waitlist_free(list);
	fsock_close(s);
}
END_TEST

/* So does the read after something that the program itself has done. */
START_TEST(changed_after_a_look)
{
	const struct records_kind *kind = kind_of(_i / 2);
	fsock_waitlist *list = wait_list(_i / 2 / RECORDS_FROM_LINES);
	struct records_turn said = { kind, RECORD, 0 };
	int peer, is_late = _i % 2;
	char text[] = "ha";
	fsock *s = look_at_half(list, kind, records_turn(&said, text, 2), &peer);

	if (is_late)
		ck_assert_int_eq(fsock_set_read_deadline(s, 0), 0);
	else
		ck_assert_int_eq(fsock_shutdown(s, FSOCK_INPUT), 0);
	expect_rest(kind, s, text, is_late ? 0 : 2, is_late ? ETIMEDOUT : 0);
	close(peer);
	fsock_waitlist_free(list);
	fsock_close(s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("waitlist stream");
	TCase *tcase = tcase_create("waitlist stream");
	int n = wait_backends();

	tcase_add_loop_test(tcase, read_elsewhere, 0, n);
	tcase_add_loop_test(tcase, read_quietly, 0, n);
	tcase_add_loop_test(tcase, added_with_rest, 0, n);
	tcase_add_loop_test(tcase, changed_elsewhere, 0, n);
	tcase_add_loop_test(tcase, two_lists, 0, n);
	tcase_add_loop_test(tcase, two_lists_whole_record, 0, n * RECORDS_FROM_LINES);
	tcase_add_loop_test(tcase, end_after_a_look, 0, n * COUNT(rests) * RECORDS_FROM_LINES);
	tcase_add_loop_test(tcase, changed_after_a_look, 0, 2 * n * RECORDS_FROM_LINES);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
