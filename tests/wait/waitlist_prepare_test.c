/*
 * A list inside another loop: what makes its sleep end, by the descriptor or because it is told not
 * to sleep. Backends that have no descriptor say so.
 */
#include "../../src/base/compat.h"

#include <sys/wait.h>

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <unistd.h>

#include "../support/layered.h"
#include "../support/prepared.h"
#include "../support/sock_support.h"
#include "../support/wait_support.h"

/* ---- What happens before the sleep. */

static void
input(struct prepared *w)
{
	ck_assert(prepared_say_records(w, w->peer, "one\n"));
}

static void
input_in_a_stream(struct prepared *w)
{
	ck_assert(prepared_say_records(w, w->peer, "one\ntwo\n"));
	ck_assert_int_ne(getc(w->f), EOF);
}

static void
input_of_a_new_member(struct prepared *w)
{
	ck_assert(prepared_say_records(w, w->other_peer, "one\n"));
	ck_assert_int_eq(fsock_waitlist_add(w->list, w->other, FSOCK_INPUT, NULL), 0);
}

static void
output(struct prepared *w)
{
	ck_assert_int_eq(fsock_waitlist_change(w->list, w->s, FSOCK_OUTPUT, NULL), 0);
}

static void
file(struct prepared *w)
{
	fsock_close(w->other);
	w->other = fsock_watch(open("/dev/null", O_RDONLY)); /* the process ends soon */
	ck_assert_int_eq(fsock_waitlist_add(w->list, w->other, FSOCK_INPUT, NULL), 0);
}

static void
timer(struct prepared *w)
{
	ck_assert_int_eq(fsock_waitlist_set_timeout(w->list, w->s, 0.02), 0);
}

static void
timer_of_nobody(struct prepared *w)
{
	fsock_close(w->other);
	w->other = fsock_timer();
	ck_assert_int_eq(fsock_waitlist_add(w->list, w->other, 0, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_set_timeout(w->list, w->other, 0), 0);
}

static void
deadline(struct prepared *w)
{
	ck_assert_int_eq(fsock_set_read_deadline(w->s, 0.02), 0);
}

static void
closed(struct prepared *w)
{
	fclose(w->f);
}

/* What a layer has read ahead the system does not know. */
static void
input_in_a_layer(struct prepared *w)
{
	static const struct mangle_plan plan = { .key = 1 };

	ck_assert_int_eq(mangle_push(w->s, &plan, 0), 0);
	prepared_say(w->peer, "x\v"); /* a line: \v is the \n of this layer */
}

/* ---- What another thread does meanwhile. */

static void
nothing(void *arg)
{
	(void)arg;
}

static void
send_input(void *arg)
{
	struct prepared *w = arg;

	if (!prepared_say_records(w, w->peer, "one\n"))
		close(w->peer);
}

static void
add_member(void *arg)
{
	struct prepared *w = arg;

	if (prepared_say_records(w, w->other_peer, "one\n"))
		fsock_waitlist_add(w->list, w->other, FSOCK_INPUT, NULL);
}

static void
change_member(void *arg)
{
	struct prepared *w = arg;

	fsock_waitlist_change(w->list, w->s, FSOCK_OUTPUT, NULL);
}

static void
close_member(void *arg)
{
	fclose(((struct prepared *)arg)->f);
}

static void
set_timer(void *arg)
{
	struct prepared *w = arg;

	fsock_waitlist_set_timeout(w->list, w->s, 0);
}

static void
set_deadline(void *arg)
{
	fsock_set_read_deadline(((struct prepared *)arg)->s, 0);
}

/* All that came is in the stream then, where only the library sees it. */
static void
read_ahead(void *arg)
{
	struct prepared *w = arg;

	if (prepared_say_records(w, w->peer, "one\ntwo\n"))
		getc(w->f);
}

static const struct row {
	const char *name;
	void (*before)(struct prepared *);
	void (*meanwhile)(void *);
	int state;
	int is_known; /* nobody is to sleep */
} rows[] = {
	{ "input", input, nothing, FSOCK_INPUT, 0 },
	{ "input in a stream", input_in_a_stream, nothing, FSOCK_INPUT, 1 },
	{ "input in a layer", input_in_a_layer, nothing, FSOCK_INPUT, 0 },
	{ "input of a new member", input_of_a_new_member, nothing, FSOCK_INPUT, 0 },
	{ "output", output, nothing, FSOCK_OUTPUT, 0 },
	{ "file", file, nothing, FSOCK_INPUT, 1 },
	{ "timer", timer, nothing, FSOCK_TIMEOUT, 0 },
	{ "timer of nobody", timer_of_nobody, nothing, FSOCK_TIMEOUT, 1 },
	{ "deadline", deadline, nothing, FSOCK_INPUT, 0 },
	{ "closed", closed, nothing, FSOCK_FAILED, 1 },
	{ "input is sent", NULL, send_input, FSOCK_INPUT, 0 },
	{ "a member is added", NULL, add_member, FSOCK_INPUT, 0 },
	{ "a member is changed", NULL, change_member, FSOCK_OUTPUT, 0 },
	{ "a member is closed", NULL, close_member, FSOCK_FAILED, 0 },
	{ "a timer is set", NULL, set_timer, FSOCK_TIMEOUT, 0 },
	{ "a deadline is set", NULL, set_deadline, FSOCK_INPUT, 0 },
	{ "a stream is read", NULL, read_ahead, FSOCK_INPUT, 0 },
};

/* Whether records come in it: what else happens is the same for all kinds. */
static int
has_records(const struct row *row)
{
	return row->before == input || row->before == input_in_a_stream ||
	       row->before == input_of_a_new_member || row->meanwhile == send_input ||
	       row->meanwhile == add_member || row->meanwhile == read_ahead;
}

/* Whatever comes first, the sleep or what the other thread does, the loop learns of it. */
START_TEST(ends)
{
	const struct row *row = &rows[_i % COUNT(rows)];
	const struct records_kind *kind =
	    &records_from_lines[_i / COUNT(rows) % RECORDS_FROM_LINES];
	int backend = _i / COUNT(rows) / RECORDS_FROM_LINES;
	struct fsock_event event;
	struct prepared w;

	if (!prepared_has_descriptor(backend) || (kind != records_from_lines && !has_records(row)))
		return;
	prepared_begin_as(&w, backend, kind);
	prepared_expect_rest(w.list);
	if (row->before != NULL)
		row->before(&w);
	if (row->is_known)
		ck_assert_msg(fsock_waitlist_prepare(w.list) == 0, "%s", row->name);
	else if (row->before == NULL)
		ck_assert_double_eq(fsock_waitlist_prepare(w.list), INFINITY);
	sock_thread_start(&w.thread, row->meanwhile, &w);
	if (row->before == NULL)
		ck_assert_msg(prepared_sleep(w.list, PREPARED_LONG), "%s", row->name);
	event = prepared_go_round(w.list);
	ck_assert_msg(event.state == row->state, "%s: %d", row->name, event.state);
	sock_thread_join(&w.thread);
	if (event.state != FSOCK_TIMEOUT) /* that is still so */
		ck_assert_int_eq(prepared_go_round(w.list).state, row->state);
	prepared_finish(&w);
}
END_TEST

/* Several that are ready are to be fetched first; then one is served after the other. */
START_TEST(several)
{
	struct fsock_event event;
	struct prepared w;

	if (!prepared_has_descriptor(_i))
		return;
	prepared_begin(&w, _i);
	ck_assert_int_eq(fsock_waitlist_add(w.list, w.other, FSOCK_INPUT, NULL), 0);
	prepared_say(w.peer, "one\n");
	prepared_say(w.other_peer, "two\n");
	fsock_waitlist_prepare(w.list);
	ck_assert_int_eq(prepared_sleep(w.list, PREPARED_LONG), 1);
	ck_assert_int_eq(fsock_waitlist_wait(w.list, 0, NULL), 2);
	for (int i = 0; i < 2; i++) {
		char octets[8];

		ck_assert_double_eq(fsock_waitlist_prepare(w.list), 0);
		ck_assert_ptr_nonnull(fsock_waitlist_next(w.list, &event));
		ck_assert_int_eq(fsock_receive(event.socket, octets, sizeof octets, NULL), 4);
	}
	prepared_expect_rest(w.list);
	prepared_finish(&w);
}
END_TEST

/* A wake-up, whenever it comes, ends a sleep, with nobody ready. */
START_TEST(woken)
{
	struct prepared w;

	if (!prepared_has_descriptor(_i))
		return;
	prepared_begin(&w, _i);
	prepared_expect_rest(w.list);
	ck_assert_int_eq(fsock_waitlist_wake(w.list), 0);
	ck_assert_int_eq(prepared_sleep(w.list, PREPARED_LONG), 1);
	ck_assert_int_eq(fsock_waitlist_wait(w.list, 0, NULL), 0);
	prepared_expect_rest(w.list);
	ck_assert_int_eq(fsock_waitlist_wake(w.list), 0);
	fsock_waitlist_prepare(w.list);
	ck_assert_int_eq(prepared_sleep(w.list, PREPARED_LONG), 1);
	ck_assert_int_eq(fsock_waitlist_wait(w.list, 0, NULL), 0);
	prepared_expect_rest(w.list);
	prepared_finish(&w);
}
END_TEST

/* A member that leaves during the sleep is gone at once. */
START_TEST(removed)
{
	struct prepared w;

	if (!prepared_has_descriptor(_i))
		return;
	prepared_begin(&w, _i);
	prepared_expect_rest(w.list);
	prepared_say(w.peer, "one\n");
	ck_assert_int_eq(fsock_close(w.s), 0);
	w.s = NULL;
	ck_assert_int_eq(fsock_waitlist_wait(w.list, 0, NULL), 0);
	prepared_expect_rest(w.list);
	prepared_finish(&w);
}
END_TEST

/* All that a list does for its members it does in another loop, too: here it connects one. */
START_TEST(connecting)
{
	const struct records_kind *kind = &records_from_lines[_i % RECORDS_FROM_LINES];
	struct fsock_record record = records_of_length(kind, 12);
	const struct fsock_options options = {
		.nonblocking = FSOCK_ON, .line_limit = 64, .record = &record
	};
	struct records_turn said = { kind, 12, 0 };
	char text[] = "half a line\n";
	fsock *listener, *s, *peer;
	fsock_waitlist *list;
	struct fsock_event event;
	FILE *f;

	if (!prepared_has_descriptor(_i / RECORDS_FROM_LINES))
		return;
	list = wait_list(_i / RECORDS_FROM_LINES);
	records_turn(&said, text, 12);
	listener = fsock_listen("localhost", 0, NULL);
	s = fsock_connect("localhost", fsock_local_port(listener), &options);
	ck_assert_ptr_nonnull(s);
	f = fsock_stream(s);
	ck_assert_int_ge(fputs("hello\n", f), 0);
	ck_assert_int_eq(fflush(f), 0);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_OUTPUT, NULL), 0);
	event = prepared_go_round(list);
	ck_assert_int_eq(event.state, FSOCK_OUTPUT);
	ck_assert_int_eq(fsock_waitlist_change(list, s, FSOCK_INPUT, NULL), 0);
	peer = fsock_accept(listener, NULL);
	ck_assert_int_eq(fsock_send(peer, text, 7, NULL), 7);
	prepared_expect_rest(list);
	ck_assert_int_eq(fsock_send(peer, text + 7, 5, NULL), 5);
	event = prepared_go_round(list);
	ck_assert_int_eq(event.state, FSOCK_INPUT);
	fsock_close(s);
	fsock_close(peer);
	fsock_close(listener);
	fsock_waitlist_free(list);
}
END_TEST

/* A list in a list: the outer one waits for the inner one's descriptor. */
START_TEST(nested)
{
	struct fsock_event event;
	struct prepared w;
	fsock_waitlist *outer;
	fsock *inner;

	if (!prepared_has_descriptor(_i / wait_backends()))
		return;
	prepared_begin(&w, _i / wait_backends());
	outer = wait_list(_i % wait_backends());
	inner = fsock_watch(fsock_waitlist_descriptor(w.list));
	ck_assert_ptr_nonnull(inner);
	ck_assert_int_eq(fsock_waitlist_add(outer, inner, FSOCK_INPUT, NULL), 0);
	prepared_expect_rest(w.list);
	ck_assert_int_eq(fsock_waitlist_wait(outer, 0, NULL), 0);
	prepared_say(w.peer, "one\n");
	ck_assert_int_eq(fsock_waitlist_wait(outer, 60, NULL), 1);
	ck_assert_int_eq(fsock_waitlist_wait(w.list, 0, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(w.list, &event), w.s);
	ck_assert_int_eq(fsock_waitlist_add(w.list, inner, FSOCK_INPUT, NULL), -1); /* in itself */
	ck_assert(errno == EINVAL || errno == ELOOP);
	ck_assert_int_eq(fsock_last_error()->errnum, errno);
	fsock_close(inner);
	fsock_waitlist_free(outer);
	prepared_finish(&w);
}
END_TEST

/* ---- Who may not. */

static void
expect_refused(fsock_waitlist *list, int error)
{
	errno = 0;
	ck_assert_int_eq(fsock_waitlist_descriptor(list), -1);
	ck_assert_int_eq(errno, error);
	ck_assert_int_eq(fsock_last_error()->errnum, error);
	fsock_clear_error();
	errno = 0;
	ck_assert_double_eq(fsock_waitlist_prepare(list), -1);
	ck_assert_int_eq(errno, error);
	ck_assert_int_eq(fsock_last_error()->errnum, error);
}

START_TEST(refused)
{
	struct prepared w;
	int status;
	pid_t child;

	expect_refused(NULL, EINVAL);
	prepared_begin(&w, _i);
	if (!prepared_has_descriptor(_i))
		expect_refused(w.list, EOPNOTSUPP);
	child = fork();
	if (child == 0)
		_exit(fsock_waitlist_prepare(w.list) != -1 || errno != EPERM ||
		      fsock_waitlist_descriptor(w.list) != -1 || errno != EPERM);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	prepared_finish(&w);
}
END_TEST

static void
wait_on(void *arg)
{
	fsock_waitlist_wait(arg, INFINITY, NULL);
}

/* Between the preparations that find the list free the other thread has not begun yet. */
START_TEST(busy)
{
	struct prepared w;

	if (!prepared_has_descriptor(_i))
		return;
	prepared_begin(&w, _i);
	sock_thread_start(&w.thread, wait_on, w.list);
	while (fsock_waitlist_prepare(w.list) >= 0)
		poll(NULL, 0, 1);
	ck_assert_int_eq(errno, EBUSY);
	ck_assert_int_eq(fsock_waitlist_wake(w.list), 0);
	sock_thread_join(&w.thread);
	prepared_expect_rest(w.list);
	prepared_finish(&w);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("waitlist prepare");
	TCase *tcase = tcase_create("waitlist prepare");
	int n = wait_backends();

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, ends, 0, n * COUNT(rows) * RECORDS_FROM_LINES);
	tcase_add_loop_test(tcase, several, 0, n);
	tcase_add_loop_test(tcase, woken, 0, n);
	tcase_add_loop_test(tcase, removed, 0, n);
	tcase_add_loop_test(tcase, connecting, 0, n * RECORDS_FROM_LINES);
	tcase_add_loop_test(tcase, nested, 0, n * n);
	tcase_add_loop_test(tcase, refused, 0, n);
	tcase_add_loop_test(tcase, busy, 0, n);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
