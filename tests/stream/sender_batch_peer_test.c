/*
 * Batched output: peers that are slow or have gone, threads that wait meanwhile, and the end of the
 * process.
 */
#include "../../src/base/compat.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/batch_link.h"
#include "../support/queue_link.h"
#include "../support/wait_support.h"

static struct batch_link link_;
static int number; /* of the way to wait */

/* ---- A peer that is slow to read. */

static size_t filled, kept;
static atomic_int reads_well;

/* The kernel is full, and more is held back. Returns with `filled` and `kept` set. */
static void
hold_behind_full(void)
{
	const char *octets;
	ssize_t r;

	queue_narrow(fsock_socket(link_.s));
	filled = 0;
	do {
		octets = queue_pattern(filled, 4096);
		r = send(fsock_socket(link_.s), octets, 4096, MSG_DONTWAIT | MSG_NOSIGNAL);
		filled += r > 0 ? (size_t)r : 0;
	} while (r > 0);
	kept = 0;
	while (kept < 8000) {
		fwrite(queue_pattern(filled + kept, 1000), 1, 1000, link_.f);
		fflush(link_.f);
		kept += 1000;
	}
}

/* Reads all of it, then says something. */
static void
read_late(void *arg)
{
	size_t n = filled + kept, got = 0;
	char octets[1000];

	reads_well = 1;
	while (got < n) {
		size_t wanted = n - got < sizeof octets ? n - got : sizeof octets;
		ssize_t r = recv(link_.peer, octets, wanted, 0);

		if (r <= 0)
			break;
		for (ssize_t i = 0; i < r; i++, got++)
			reads_well &= octets[i] == (char)(got * 31 + (got >> 8));
	}
	reads_well &= got == n;
	if (arg == NULL)
		send(link_.peer, "go\n", 3, 0);
}

static void
await_go(void)
{
	char line[10] = "";

	while (fgets(line, sizeof line, link_.f) == NULL && fsock_is_nonblocking(link_.s)) {
		clearerr(link_.f);
		ck_assert_int_ge(fsock_send_pending(link_.s), 0);
	}
	ck_assert_str_eq(line, "go\n");
}

static void
await_go_by_receive(void)
{
	char line[10];
	ssize_t r;

	while ((r = fsock_receive(link_.s, line, 3, NULL)) < 0 && fsock_is_nonblocking(link_.s))
		ck_assert_int_ge(fsock_send_pending(link_.s), 0);
	ck_assert_int_gt(r, 0);
}

static void
await_go_by_wait(void)
{
	char line[10];

	while (!(wait_state(number, link_.s, 20) & FSOCK_INPUT))
		;
	ck_assert_ptr_nonnull(fgets(line, sizeof line, link_.f));
}

static void
end_slowly(void)
{
	ck_assert_int_eq(fsock_close(link_.s), 0);
	link_.s = NULL;
}

static void
exercise_slow(int kind, void (*run)(void), void *is_silent)
{
	struct sock_thread thread;

	batch_open(
	    &link_, kind, &(struct fsock_options){ .read_timeout = 20, .close_timeout = 20 });
	if (batch_has_layers(&link_)) {
		batch_close(&link_);
		return;
	}
	hold_behind_full();
	ck_assert_int_eq(fsock_pending_output(link_.s), 8000);
	sock_thread_start(&thread, read_late, is_silent);
	run();
	sock_thread_join(&thread);
	ck_assert(reads_well);
	batch_close(&link_);
}

START_TEST(slow_peer)
{
	exercise_slow(_i, await_go, NULL);
	exercise_slow(_i, await_go_by_receive, NULL);
	exercise_slow(_i, end_slowly, &_i);
	for (number = 0; number < wait_ways(); number++)
		exercise_slow(_i, await_go_by_wait, NULL);
}
END_TEST

/* ---- A peer that has gone. */

static int
is_loss(int error)
{
	return error == EPIPE || error == ECONNRESET;
}

static void
lose_by_fgets(void)
{
	char line[10];

	ck_assert_ptr_null(fgets(line, sizeof line, link_.f));
	ck_assert(ferror(link_.f) && is_loss(errno));
	ck_assert(is_loss(fsock_last_error()->errnum));
}

static void
lose_by_receive(void)
{
	char line[10];

	ck_assert_int_eq(fsock_receive(link_.s, line, sizeof line, NULL), -1);
	ck_assert(is_loss(errno));
}

static void
lose_by_send_pending(void)
{
	ck_assert_int_eq(fsock_send_pending(link_.s), -1);
	ck_assert(is_loss(errno));
}

static void
lose_by_shutdown(void)
{
	ck_assert_int_eq(fsock_shutdown(link_.s, FSOCK_OUTPUT), -1);
	ck_assert(is_loss(errno));
}

static void
lose_by_wait(void)
{
	ck_assert(wait_state(number, link_.s, 5) & FSOCK_FAILED);
}

static void
lose_by_nothing(void)
{
}

static void
lose(int kind, void (*run)(void))
{
	static const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	batch_open(&link_, kind, &(struct fsock_options){ .read_timeout = 20 });
	if (batch_has_layers(&link_)) {
		batch_close(&link_);
		return;
	}
	batch_say(&link_, "lost\n");
	batch_expect_held(&link_);
	ck_assert_int_eq(setsockopt(link_.peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
	close(link_.peer);
	link_.peer = -1;
	sock_await(fsock_socket(link_.s), 0);
	run();
	ck_assert_int_eq(fsock_close(link_.s), -1);
	ck_assert(is_loss(errno));
	link_.s = NULL;
	batch_close(&link_);
}

START_TEST(failed)
{
	static void (*const all[])(void) = { lose_by_fgets, lose_by_receive, lose_by_send_pending,
		lose_by_shutdown, lose_by_nothing };

	for (int i = 0; i < COUNT(all); i++)
		lose(_i, all[i]);
	for (number = 0; number < wait_ways(); number++)
		lose(_i, lose_by_wait);
}
END_TEST

/* A write behind it fails as well, and tells the first failure. */
START_TEST(failed_write)
{
	for (int kind = 0; kind < BATCH_KINDS - 2; kind++) {
		batch_open(&link_, kind, &(struct fsock_options){ 0 });
		batch_say(&link_, "lost\n");
		ck_assert_int_eq(shutdown(fsock_socket(link_.s), SHUT_WR), 0);
		ck_assert_int_eq(fsock_send_pending(link_.s), -1);
		ck_assert_int_eq(errno, EPIPE);
		ck_assert(fputs("more\n", link_.f) < 0 || fflush(link_.f) < 0);
		ck_assert_int_eq(errno, EPIPE);
		ck_assert_int_eq(fsock_close(link_.s), -1);
		link_.s = NULL;
		batch_close(&link_);
	}
}
END_TEST

/* ---- Other threads, which wait while this one writes. */

static void
read_lines(void *arg)
{
	FILE *in = arg;
	char line[10];

	while (fgets(line, sizeof line, in) != NULL && strcmp(line, "end\n") != 0)
		;
}

static void
receive_lines(void *arg)
{
	char octets[10];
	ssize_t r;

	(void)arg;
	do /* EBUSY while the writer has the FILE */
		r = fsock_receive(link_.s, octets, sizeof octets, NULL);
	while (r > 0 ? memchr(octets, 'e', (size_t)r) == NULL : r < 0 && errno == EBUSY);
}

/* Whatever is waited on, and then read from the other stream. */
static void
wait_for_lines(void *arg)
{
	fsock_waitlist *list = arg;
	FILE *in = fsock_input(link_.s);
	char line[10] = "";

	while (strcmp(line, "end\n") != 0) {
		int r = list != NULL ? fsock_waitlist_wait(list, 20, NULL)
				     : fsock_wait_for_input(&link_.s, 1, 20, NULL);

		if (r < 0)
			break;
		if (r > 0 && fgets(line, sizeof line, in) == NULL)
			clearerr(in);
	}
}

static void
converse(void (*fn)(void *), void *arg)
{
	struct sock_thread thread;

	sock_thread_start(&thread, fn, arg);
	for (int i = 0; i < 300; i++) {
		batch_say(&link_, "a line\n");
		batch_expect_sent(&link_);
		batch_peer_says(&link_, i == 299 ? "end\n" : "on\n");
	}
	sock_thread_join(&thread);
}

START_TEST(beside_reader)
{
	batch_open(&link_, _i, &(struct fsock_options){ .read_timeout = 20 });
	if (_i % 2 == 0)
		converse(read_lines, fsock_input(link_.s));
	batch_close(&link_);
	batch_open(&link_, _i, &(struct fsock_options){ .read_timeout = 20 });
	if (_i % 2 == 0)
		converse(receive_lines, NULL);
	batch_close(&link_);
}
END_TEST

START_TEST(beside_waiter)
{
	int kind = _i % BATCH_KINDS, way = _i / BATCH_KINDS;
	fsock_waitlist *list = way < wait_backends() ? wait_list(way) : NULL;

	batch_open(&link_, kind, &(struct fsock_options){ .read_timeout = 20 });
	ck_assert_ptr_nonnull(fsock_input(link_.s));
	if (list != NULL)
		ck_assert_int_eq(fsock_waitlist_add(list, link_.s, FSOCK_INPUT, NULL), 0);
	converse(wait_for_lines, list);
	batch_close(&link_);
	fsock_waitlist_free(list);
}
END_TEST

/* ---- The end of the process, and others. */

static int report[2]; /* what the child has to say goes through it */

static void
leave(int signal_number)
{
	char c = 1;

	(void)signal_number;
	if (write(report[1], &c, 1) == 1)
		exit(0);
}

static int
end_now(void)
{
	leave(0);
	return 1;
}

/* A signal handler ends the process while a read waits, perhaps for room for what was held back. */
static int
end_in_read(void)
{
	struct itimerval soon = { .it_value = { 1, 0 } };
	char line[10];

	signal(SIGALRM, leave);
	setitimer(ITIMER_REAL, &soon, NULL);
	fgets(line, sizeof line, link_.f);
	return 1;
}

static int
run_child(int (*run)(void))
{
	size_t n;

	alarm(60);
	close(link_.peer);
	hold_behind_full();
	n = filled + kept;
	if (write(report[1], &n, sizeof n) != (ssize_t)sizeof n)
		return 1;
	return run();
}

/*
 * Reads the pattern until it ends. Returns how much there was, with *error set to why it ended, if
 * not properly.
 */
static size_t
read_pattern(int *error)
{
	size_t n = 0;
	ssize_t r;
	char c;

	while ((r = recv(link_.peer, &c, 1, 0)) == 1) {
		ck_assert_int_eq(c, (char)(n * 31 + (n >> 8)));
		n++;
	}
	*error = r < 0 ? errno : 0;
	return n;
}

static void
end_process(int kind, int (*run)(void))
{
	size_t n, got;
	pid_t pid;
	char c;
	int error;

	batch_open(&link_, kind, &(struct fsock_options){ .read_timeout = 20 });
	ck_assert_int_eq(pipe(report), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(run_child(run));
	fsock_close(link_.s);
	link_.s = NULL;
	ck_assert_int_eq(read(report[0], &n, sizeof n), (ssize_t)sizeof n);
	ck_assert_int_eq(read(report[0], &c, 1), 1);
	got = read_pattern(&error);
	if (run == end_in_read && error == ECONNRESET) {
		ck_assert_int_eq(kind / 2, 1); /* the signal came in the call that sends */
	} else if (kind % 2 == 0) {            /* else exit() does not wait */
		ck_assert_int_eq(error, 0);
		ck_assert_uint_eq(got, n);
	} else if (got < n && kind / 2 == 1) {
		ck_assert_int_eq(error, ECONNRESET);
	}
	ck_assert_int_eq(waitpid(pid, &error, 0), pid);
	ck_assert_int_eq(error, 0);
	close(report[0]);
	close(report[1]);
	batch_close(&link_);
}

START_TEST(at_exit)
{
	end_process(_i, end_now);
}
END_TEST

START_TEST(at_exit_in_read)
{
	end_process(2 * _i, end_in_read);
}
END_TEST

/* A child has nothing to do with what its parent holds back. */
static int
read_and_write(void *arg)
{
	char line[10];

	SOCK_EXPECT(fgets(line, sizeof line, link_.f) == NULL);
	SOCK_EXPECT(fsock_pending_output(link_.s) == 0);
	clearerr(link_.f);
	SOCK_EXPECT(fputs("child\n", link_.f) >= 0 && fflush(link_.f) == 0);
	SOCK_EXPECT(fsock_pending_output(link_.s) == 6);
	if (*(int *)arg)
		exit(0);
	return fsock_send_pending(link_.s) != 0;
}

START_TEST(forked)
{
	char got[10];

	for (int is_exit = 0; is_exit < 2; is_exit++) {
		batch_open(&link_, _i, &(struct fsock_options){ 0 });
		batch_say(&link_, "parent\n");
		ck_assert_int_eq(sock_child(read_and_write, &is_exit), 0);
		ck_assert_int_eq(sock_read_all(link_.peer, got, 6), 6);
		ck_assert_mem_eq(got, "child\n", 6);
		batch_expect_held(&link_);
		ck_assert_ptr_null(fgets(got, sizeof got, link_.f));
		batch_expect_sent(&link_);
		batch_close(&link_);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("batched output and others");
	TCase *t = tcase_create("batched output and others");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, slow_peer, 0, BATCH_KINDS);
	tcase_add_loop_test(t, failed, 0, BATCH_KINDS);
	tcase_add_test(t, failed_write);
	tcase_add_loop_test(t, beside_reader, 0, BATCH_KINDS);
	tcase_add_loop_test(t, beside_waiter, 0, BATCH_KINDS * (wait_backends() + 1));
	tcase_add_loop_test(t, at_exit, 0, BATCH_KINDS - 2);
	tcase_add_loop_test(t, at_exit_in_read, 0, BATCH_KINDS / 2 - 1);
	tcase_add_loop_test(t, forked, 0, BATCH_KINDS - 2);
	suite_add_tcase(suite, t);
	return sock_run(suite);
}
