/*
 * The process ends while output is under way, has failed or is queued: the peer gets all of it and
 * a proper end, or a reset.
 */
#include "../../src/base/compat.h"

#include <sys/time.h>
#include <sys/wait.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/cut.h"

static struct cut cut;

/* ---- Scenes of a child, which ends by exit(0). What they need is in `cut`. */

static void
write_all(void *f)
{
	fwrite(cut_text, 1, CUT_ALL, f);
}

static void
send_all(void *s)
{
	fsock_send(s, cut_text, CUT_ALL, NULL);
}

/* Another thread waits for the peer. */
static int
beside(void (*fn)(void *), void *arg)
{
	struct sock_thread thread;

	sock_thread_start(&thread, fn, arg);
	pthread_detach(thread.thread);
	sock_thread_await_blocked(&thread);
	exit(0);
}

static int
beside_writer(void)
{
	return beside(write_all, fsock_output(cut.s));
}

static int
beside_sender(void)
{
	return beside(send_all, cut.s);
}

static void
leave(int number)
{
	(void)number;
	exit(0);
}

/* A signal handler calls exit() while the call waits for the peer. */
static int
in_handler(void (*fn)(void *), void *arg)
{
	struct itimerval soon = { .it_value = { 0, 100000 } };

	signal(SIGALRM, leave);
	setitimer(ITIMER_REAL, &soon, NULL);
	fn(arg);
	return 1;
}

static int
handler_in_writer(void)
{
	return in_handler(write_all, fsock_output(cut.s));
}

static int
handler_in_sender(void)
{
	return in_handler(send_all, cut.s);
}

/* Queued in a list that is not waited on any more: open still, or closed. */
static int
queued_in_list(int is_closed)
{
	fsock_waitlist *list = fsock_waitlist_new();
	FILE *f;

	SOCK_EXPECT(fsock_set_nonblocking(cut.s, 1) == 0);
	f = fsock_output(cut.s);
	SOCK_EXPECT(fsock_waitlist_add(list, cut.s, FSOCK_INPUT, NULL) == 0);
	SOCK_EXPECT(fwrite(cut_text, 1, CUT_ALL, f) == CUT_ALL);
	if (is_closed)
		fsock_close(cut.s);
	exit(0);
}

static int
queued_open(void)
{
	return queued_in_list(0);
}

static int
queued_closed(void)
{
	return queued_in_list(1);
}

/* What atexit() handlers write, from before and behind what the library does. */
static void
write_late(void)
{
	fwrite(cut_text, 1, CUT_ALL, fsock_output(cut.s));
}

static int
written_by_handler(void)
{
	SOCK_EXPECT(atexit(write_late) == 0);
	SOCK_EXPECT(fsock_set_nonblocking(cut.s, 1) == 0);
	exit(0);
}

/* Complete, although it is written when exit() has begun. */
static void
write_part(void)
{
	fwrite(cut_text, 1, CUT_PART, fsock_output(cut.s));
}

static int
complete_by_handler(void)
{
	SOCK_EXPECT(atexit(write_part) == 0);
	exit(0);
}

static int
leave_at_once(void *arg)
{
	(void)arg;
	exit(0);
}

/* The child of a process that has sent something ends nothing. */
static int
unconcerned(void)
{
	FILE *f;

	SOCK_EXPECT(fsock_set_nonblocking(cut.s, 1) == 0);
	f = fsock_output(cut.s);
	SOCK_EXPECT(fwrite(cut_text, 1, CUT_PART, f) == CUT_PART);
	SOCK_EXPECT(fflush(f) == 0);
	SOCK_EXPECT(sock_child(leave_at_once, NULL) == 0);
	exit(0);
}

/* Nor one that has a copy of its queue. */
static int
unconcerned_with_queue(void)
{
	FILE *f;

	SOCK_EXPECT(fsock_set_nonblocking(cut.s, 1) == 0);
	f = fsock_output(cut.s);
	SOCK_EXPECT(fwrite(cut_text, 1, CUT_PART * 50, f) == CUT_PART * 50);
	SOCK_EXPECT(fflush(f) == 0);
	SOCK_EXPECT(sock_child(leave_at_once, NULL) == 0);
	SOCK_EXPECT(fsock_close(cut.s) == 0);
	exit(0);
}

static const struct scene {
	const char *name;
	int (*run)(void);
	int is_complete;
	size_t size;
} scenes[] = {
	{ "a thread in fwrite()", beside_writer, 0, CUT_ALL },
	{ "a thread in fsock_send()", beside_sender, 0, CUT_ALL },
	{ "a handler in fwrite()", handler_in_writer, 0, CUT_ALL },
	{ "a handler in fsock_send()", handler_in_sender, 0, CUT_ALL },
	{ "queued, in a list", queued_open, 0, CUT_ALL },
	{ "queued, closed", queued_closed, 0, CUT_ALL },
	{ "written by a handler", written_by_handler, 0, CUT_ALL },
	{ "complete, by a handler", complete_by_handler, 1, CUT_PART },
	{ "a child of it", unconcerned, 1, CUT_PART },
	{ "a child of it with a queue", unconcerned_with_queue, 1, 50 * CUT_PART },
};

/* ---- The peer. */

/*
 * Runs one in a child. The peer begins to read when the child has ended, or after a while: where
 * exit() waits for a FILE's lock it waits for a writer.
 */
static void
watch(int (*run)(const void *), const void *arg, int is_complete, size_t size, const char *what)
{
	int gone[2], status;
	struct pollfd p;
	enum cut_end end;
	pid_t pid;

	ck_assert_int_eq(pipe(gone), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		alarm(20);
		close(cut.peer);
		_exit(run(arg));
	}
	close(gone[1]);
	fsock_close(cut.s);
	p = (struct pollfd){ .fd = gone[0], .events = POLLIN };
	poll(&p, 1, 1500);
	while ((end = cut_look(&cut)) == CUT_OPEN)
		;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "%s: status %x", what, (unsigned)status);
	if (is_complete)
		ck_assert_msg(end == CUT_PROPER && cut.got == size, "%s: cut", what);
	else /* what failed may have gone all the same */
		ck_assert_msg(end == CUT_RESET || cut.got == size,
		    "%s: a proper end behind %zu of %zu", what, cut.got, size);
	close(gone[0]);
	close(cut.peer);
}

static int
run_scene(const void *arg)
{
	const struct scene *scene = arg;

	return scene->run();
}

START_TEST(under_way)
{
	static const struct cut_way way = { .options = { .output_limit = 2 * CUT_ALL } };
	const struct scene *scene = &scenes[_i];

	cut_open(&cut, SOCK_TCP4, &way);
	watch(run_scene, scene, scene->is_complete, scene->size, scene->name);
}
END_TEST

/* Not connected yet as far as the program knows, but there is somebody who has let it in. */
static int
run_connecting(int port)
{
	fsock *s = fsock_connect("127.0.0.1", port,
	    &(struct fsock_options){ .nonblocking = FSOCK_ON, .output_limit = 8 * CUT_ALL });
	FILE *f = s == NULL ? NULL : fsock_output(s);

	SOCK_EXPECT(f != NULL);
	cut_narrow(fsock_socket(s));
	SOCK_EXPECT(fwrite(cut_text, 1, CUT_ALL, f) == CUT_ALL);
	exit(0);
}

START_TEST(connecting)
{
	int size = 4096, status;
	enum cut_end end;
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *s;
	pid_t pid;

	ck_assert_int_eq(
	    setsockopt(fsock_socket(listener), SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		_exit(run_connecting(fsock_local_port(listener)));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	cut.got = 0;
	s = fsock_accept(listener, &(struct fsock_options){ .timeout = 5 });
	if (s != NULL) { /* else it was reset before, which is as well */
		cut.peer = fsock_release(s, NULL, 0, NULL);
		while ((end = cut_look(&cut)) == CUT_OPEN)
			;
		ck_assert_msg(end == CUT_RESET || (end == CUT_PROPER && cut.got == CUT_ALL),
		    "a proper end behind %zu", cut.got);
		close(cut.peer);
	}
	fsock_close(listener);
}
END_TEST

/* All ways in which output fails before. */
static int
run_way(const void *arg)
{
	const struct cut_way *way = arg;

	cut.f = way->recoding != NULL || way->options.format != NULL ? fsock_output(cut.s)
								     : fsock_stream(cut.s);
	SOCK_EXPECT(cut_write(&cut, way) == 0);
	exit(0);
}

/* And where it is exit() that flushes. */
static int
run_unflushed(const void *arg)
{
	const struct cut_way *way = arg;

	cut.f = fsock_output(cut.s);
	if (way->recoding != NULL)
		cut.f = fsock_recode(cut.f, "w", way->recoding);
	SOCK_EXPECT(fwrite(cut_text, 1, CUT_PART, cut.f) == CUT_PART);
	if (way->beyond != NULL)
		SOCK_EXPECT(fputs(way->beyond, cut.f) >= 0);
	exit(0);
}

START_TEST(failed)
{
	const struct cut_way *way = &cut_ways[_i];

	cut_open(&cut, SOCK_TCP4, way);
	watch(run_way, way, way->is_complete, way->size + (way->beyond != NULL), way->name);
}
END_TEST

START_TEST(failed_by_exit)
{
	const struct cut_way *way = &cut_ways[_i];

	cut_open(&cut, SOCK_TCP4, way);
	/* on a busy machine the deadline may pass before exit() */
	watch(run_unflushed, way, way->beyond == NULL && way->options.deadline == 0,
	    way->beyond == NULL ? CUT_PART : CUT_PART + 1, way->name);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cut by exit");
	TCase *tcase = tcase_create("cut by exit");

	tcase_add_checked_fixture(tcase, cut_begin, NULL);
	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, under_way, 0, COUNT(scenes));
	tcase_add_test(tcase, connecting);
	tcase_add_loop_test(tcase, failed, 0, CUT_WAYS);
	tcase_add_loop_test(tcase, failed_by_exit, 0, CUT_WAYS);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
