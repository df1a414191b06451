/* Where events of a trace go, and when; the functions of a program that receive them. */
#include "../../src/base/compat.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/trace.h"
#include "../support/sock_support.h"

/* What a function has been told. */
struct heard {
	int count, kinds[64];
	fsock_waitlist *list;
	int (*fn)(struct heard *);
};

static void
hear(const struct fsock_trace_event *event, void *arg)
{
	struct heard *heard = arg;

	ck_assert_ptr_nonnull(event->text);
	ck_assert(event->time >= 0);
	if (heard->count < COUNT(heard->kinds))
		heard->kinds[heard->count] = event->kind;
	heard->count++;
	errno = EINVAL;
	if (heard->fn != NULL)
		heard->fn(heard);
}

static void
stop(void)
{
	fsock_set_trace(NULL, NULL);
}

/* An exchange of a few octets, which leaves errno and the last error alone. */
static void
talk(void)
{
	fsock *ends[2];
	char octet;

	fsock_clear_error();
	errno = EDOM;
	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	ck_assert_int_eq(fsock_send(ends[0], "x", 1, NULL), 1);
	ck_assert_int_eq(fsock_receive(ends[1], &octet, 1, NULL), 1);
	ck_assert_int_eq(fsock_close(ends[0]), 0);
	ck_assert_int_eq(fsock_receive(ends[1], &octet, 1, NULL), 0);
	ck_assert_int_eq(fsock_close(ends[1]), 0);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_int_eq(fsock_last_error()->kind, FSOCK_NO_ERROR);
}

static const int kinds_of_talk[] = { FSOCK_TRACE_OPEN, FSOCK_TRACE_OPEN, FSOCK_TRACE_SENT,
	FSOCK_TRACE_RECEIVED, FSOCK_TRACE_CLOSED, FSOCK_TRACE_END, FSOCK_TRACE_CLOSED };

/* What a program's function may do. */
static int
do_nothing(struct heard *heard)
{
	(void)heard;
	return 0;
}

static int
use_sockets(struct heard *heard)
{
	fsock *ends[2];

	(void)heard;
	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	ck_assert_int_eq(fsock_send(ends[0], "x", 1, NULL), 1);
	fsock_close(ends[0]);
	return fsock_close(ends[1]);
}

static int
meet_failure(struct heard *heard)
{
	(void)heard;
	ck_assert_ptr_null(fsock_accept(NULL, NULL));
	ck_assert_int_eq(fsock_last_error()->kind, FSOCK_INVALID_SOCKET_ERROR);
	return 0;
}

static int
stop_it(struct heard *heard)
{
	if (heard->count == COUNT(kinds_of_talk))
		stop();
	return 0;
}

static int (*const functions[])(
    struct heard *) = { do_nothing, use_sockets, meet_failure, stop_it };

START_TEST(told)
{
	struct heard heard = { .fn = functions[_i] };

	fsock_set_trace(hear, &heard);
	talk();
	ck_assert_int_eq(heard.count, COUNT(kinds_of_talk));
	for (int i = 0; i < heard.count; i++)
		ck_assert_int_eq(heard.kinds[i], kinds_of_talk[i]);
	stop();
	talk();
	ck_assert_int_eq(heard.count, COUNT(kinds_of_talk));
}
END_TEST

/* Another thread takes the list's lock, which would be in vain if it were held. */
static void *
count_members(void *arg)
{
	fsock_waitlist_count(arg);
	return NULL;
}

static int
use_list(struct heard *heard)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, count_members, heard->list), 0);
	return pthread_join(thread, NULL);
}

static int
has_heard(const struct heard *heard, int kind)
{
	for (int i = 0; i < heard->count && i < COUNT(heard->kinds); i++)
		if (heard->kinds[i] == kind)
			return 1;
	return 0;
}

/* Connecting, what is queued and whole records are the list's work, under its lock. */
START_TEST(no_lock_is_held)
{
	struct heard heard = { .list = fsock_waitlist_new(), .fn = use_list };
	struct fsock_options options = { .nonblocking = FSOCK_ON,
		.delivery = FSOCK_DELIVER_WHOLE_LINE };
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *s, *peer;
	char line[16];

	fsock_set_trace(hear, &heard);
	s = fsock_connect("127.0.0.1", fsock_local_port(listener), &options);
	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(fsock_waitlist_add(heard.list, s, FSOCK_IO, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_wait(heard.list, 20, NULL), 1);
	ck_assert(has_heard(&heard, FSOCK_TRACE_OPEN));
	peer = fsock_accept(listener, NULL);
	ck_assert_ptr_nonnull(peer);
	ck_assert_ptr_nonnull(fsock_stream(s));
	ck_assert_int_eq(fsock_send(peer, "line\n", 5, NULL), 5);
	ck_assert_int_eq(fsock_waitlist_change(heard.list, s, FSOCK_INPUT, NULL), 0);
	heard.count = 0;
	ck_assert_int_eq(fsock_waitlist_wait(heard.list, 20, NULL), 1);
	ck_assert(has_heard(&heard, FSOCK_TRACE_RECEIVED));
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(s)));
	ck_assert_str_eq(line, "line\n");
	fputs("end", fsock_stream(s));
	fsock_close(s);
	ck_assert_int_ge(fsock_waitlist_wait(heard.list, 0, NULL), 0);
	fsock_waitlist_free(heard.list);
	ck_assert(has_heard(&heard, FSOCK_TRACE_CLOSED));
	stop();
	fsock_close(peer);
	fsock_close(listener);
}
END_TEST

/* What is kept comes in its order, with what it points to. */
static void
note(const struct fsock_trace_event *event, void *arg)
{
	char *notes = arg;

	sprintf(notes + strlen(notes), "%s%.*s;", event->text, (int)event->count,
	    event->octets == NULL ? "" : (const char *)event->octets);
}

START_TEST(kept)
{
	char notes[100] = "", octets[] = "abc";

	fsock_set_trace(note, notes);
	for (int depth = 0; depth < _i; depth++)
		fsock__trace_hold();
	fsock__trace_tell(1, FSOCK_TRACE_OPEN, FSOCK__TRACE_NONE, "%s %d", "one", 1);
	fsock__trace_event(&(struct fsock_trace_event){
	    .kind = FSOCK_TRACE_SENT, .text = "", .octets = octets, .count = 3 });
	memset(octets, 'x', 3);
	fsock__trace_tell(1, FSOCK_TRACE_OPEN, FSOCK__TRACE_NONE, "a\nb\x7f");
	for (int depth = _i; depth > 0; depth--) {
		ck_assert_str_eq(notes, "");
		fsock__trace_release();
	}
	ck_assert_str_eq(notes, "one 1;abc;a?b?;");
	stop();
}
END_TEST

/* A trace that cannot be written ends, and nothing else does. */
START_TEST(unwritable)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(fsock_set_trace_descriptor(ends[1]), 0);
	close(ends[0]);
	talk();
	ck_assert(!fsock__trace_is_on());
	close(ends[1]);
}
END_TEST

START_TEST(refused)
{
	int ends[2], rows[3];

	ck_assert_int_eq(pipe(ends), 0);
	rows[0] = -2;
	rows[1] = ends[0];
	rows[2] = ends[1] + 1000;
	for (int i = 0; i < COUNT(rows); i++) {
		ck_assert_int_eq(fsock_set_trace_descriptor(rows[i]), -1);
		sock_assert_failed(
		    FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF, "trace: Bad file descriptor");
	}
	close(ends[0]);
	close(ends[1]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("trace");
	TCase *t = tcase_create("trace");

	tcase_add_checked_fixture(t, NULL, stop);
	tcase_add_loop_test(t, told, 0, COUNT(functions));
	tcase_add_test(t, no_lock_is_held);
	tcase_add_loop_test(t, kept, 0, 3);
	tcase_add_test(t, unwritable);
	tcase_add_test(t, refused);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	return sock_run(s);
}
