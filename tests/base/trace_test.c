/* Where events of a trace go, and when; the functions of a program that receive them. */
#include "../../src/base/compat.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
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

/* A thread whose list sends what is queued, and which is in the program's function meanwhile. */
struct told_in_list {
	fsock_waitlist *list;
	int entered[2], go[2]; /* pipes: it has been told; it may go on */
	int is_told;
};

static void
linger_once(const struct fsock_trace_event *event, void *arg)
{
	struct told_in_list *t = arg;
	char octet = 0;

	if (event->kind != FSOCK_TRACE_SENT || t->is_told)
		return;
	t->is_told = write(t->entered[1], &octet, 1) == 1;
	if (read(t->go[0], &octet, 1) != 1) /* it could be cancelled here */
		abort();
}

static void *
wait_in_list(void *arg)
{
	struct told_in_list *t = arg;

	fsock_waitlist_wait(t->list, INFINITY, NULL);
	return NULL;
}

/* Reads what the thread sends, so that it sends more, until it is in the function. */
static void
read_until_told(const struct told_in_list *t, int peer)
{
	struct pollfd fds[] = { { .fd = peer, .events = POLLIN },
		{ .fd = t->entered[0], .events = POLLIN } };
	static char piece[65536];

	while (poll(fds, 2, -1) >= 0 && fds[1].revents == 0)
		ck_assert_int_gt(recv(peer, piece, sizeof piece, 0), 0);
}

START_TEST(cancelled_in_function)
{
	static char block[20000];
	struct told_in_list t = { .list = fsock_waitlist_new() };
	struct fsock_options options = { .nonblocking = FSOCK_ON };
	pthread_t thread;
	int peer;
	fsock *s = sock_raw(SOCK_TCP4, &options, &peer);
	FILE *f = fsock_stream(s);

	ck_assert_int_eq(pipe(t.entered), 0);
	ck_assert_int_eq(pipe(t.go), 0);
	while (fsock_pending_output(s) == 0)
		ck_assert(fwrite(block, 1, sizeof block, f) == sizeof block && fflush(f) == 0);
	ck_assert_int_eq(fsock_waitlist_add(t.list, s, FSOCK_INPUT, NULL), 0);
	fsock_set_trace(linger_once, &t);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_in_list, &t), 0);
	read_until_told(&t, peer);
	ck_assert_int_eq(pthread_cancel(thread), 0);
	ck_assert_int_eq(write(t.go[1], "", 1), 1);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	stop();
	ck_assert_msg(fsock_waitlist_wait(t.list, 0, NULL) >= 0, "%s", fsock_last_error()->text);
	fsock_waitlist_free(t.list);
	fsock_abort(s);
	close(peer);
	for (int i = 0; i < 2; i++) {
		close(t.entered[i]);
		close(t.go[i]);
	}
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
	tcase_add_test(t, cancelled_in_function);
	tcase_add_loop_test(t, kept, 0, 3);
	tcase_add_test(t, unwritable);
	tcase_add_test(t, refused);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	return sock_run(s);
}
