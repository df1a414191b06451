/*
 * Where the parts of the library meet: each row is a program in which one thread, handler or list
 * comes upon what another is in the middle of. Each is a child under an alarm: what hangs is red.
 */
#include "../../src/base/compat.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/sock_support.h"

#define LIMIT 20 /* seconds that a row has */

static char block[1 << 20]; /* more than fits */
static fsock *ends[2];
static FILE *out;

/* What a row varies over, 0 or 1. */
static int way;

/* The FILE to write to: of one way, or of two. */
static void
open_output(void)
{
	out = way ? fsock_stream(ends[0]) : fsock_output(ends[0]);
}

/* ---- Lists. */

/* Receiving beside an output FILE is receiving, whether the socket is in a list or not. */
static int
receive_in_list(void)
{
	fsock_waitlist *list = fsock_waitlist_new();
	char text[16];

	SOCK_EXPECT(fsock_pair(ends, NULL) == 0);
	SOCK_EXPECT(fsock_waitlist_add(list, ends[0], FSOCK_INPUT, NULL) == 0);
	SOCK_EXPECT(fsock_output(ends[0]) != NULL);
	SOCK_EXPECT(fsock_send(ends[1], "hello", 5, NULL) == 5);
	SOCK_EXPECT(fsock_receive(ends[0], text, sizeof text, NULL) == 5);
	SOCK_EXPECT(memcmp(text, "hello", 5) == 0);
	return 0;
}

/* Waits on one of two lists send all that is queued on a closed socket, whichever it is. */
static int
two_lists_close(void)
{
	struct fsock_options options = { .nonblocking = FSOCK_ON, .element_type = FSOCK_BYTE };
	fsock_waitlist *lists[2] = { fsock_waitlist_new(), fsock_waitlist_new() };
	size_t got = 0, size = 600000;
	ssize_t n = -1;

	SOCK_EXPECT(fsock_pair(ends, &options) == 0);
	for (int i = 0; i < 2; i++)
		SOCK_EXPECT(fsock_waitlist_add(lists[i], ends[0], FSOCK_INPUT, NULL) == 0);
	open_output();
	SOCK_EXPECT(fwrite(block, 1, size, out) == size && fflush(out) == 0);
	SOCK_EXPECT(fsock_pending_output(ends[0]) > 0);
	SOCK_EXPECT(fsock_close(ends[0]) == 0);
	while (n != 0) {
		static char text[65536];

		n = fsock_receive(ends[1], text, sizeof text, NULL);
		SOCK_EXPECT(n >= 0 || errno == EAGAIN);
		got += n > 0 ? (size_t)n : 0;
		SOCK_EXPECT(n >= 0 || fsock_waitlist_wait(lists[way], 0.01, NULL) >= 0);
	}
	SOCK_EXPECT(got == size);
	SOCK_EXPECT(fsock_waitlist_closing(lists[way]) == 0);
	for (int i = 0; i < 2; i++)
		fsock_waitlist_free(lists[i]);
	return 0;
}

/* ---- libc's list of FILEs, in which opening, closing and fflush(NULL) all look. */

#define ROUNDS 20000 /* or what a second and a half has room for */

static atomic_long flushes, opens;
static atomic_int enough;
static fsock_waitlist *list;

static void
flush_all(void *arg)
{
	(void)arg;
	for (; !enough; flushes++) {
		if (fsock_pending_output(ends[0]) < 500000)
			fwrite(block, 1, 4096, out);
		fflush(NULL);
	}
}

static void
reopen(void *arg)
{
	(void)arg;
	for (; !enough; opens++) {
		FILE *f = fsock_input(ends[0]);

		if (f != NULL)
			fclose(f);
	}
}

static void
send_by_list(void *arg)
{
	(void)arg;
	while (!enough)
		fsock_waitlist_wait(list, 0.01, NULL);
}

static void
take_all(void *arg)
{
	static char text[65536];

	(void)arg;
	while (fsock_receive(ends[1], text, sizeof text, NULL) > 0)
		;
}

static int
lock_order(void)
{
	void (*const fns[])(void *) = { flush_all, reopen, send_by_list, take_all };
	struct fsock_options options = { .nonblocking = FSOCK_ON, .element_type = FSOCK_BYTE };
	struct sock_thread threads[COUNT(fns)];

	SOCK_EXPECT(fsock_pair(ends, &options) == 0);
	SOCK_EXPECT(fsock_set_nonblocking(ends[1], 0) == 0);
	SOCK_EXPECT(fsock_set_option(ends[0], FSOCK_OPTION_SEND_BUFFER, 4096) == 0);
	open_output();
	list = fsock_waitlist_new();
	SOCK_EXPECT(fsock_waitlist_add(list, ends[0], 0, NULL) == 0);
	for (int i = 0; i < COUNT(fns); i++)
		sock_thread_start(&threads[i], fns[i], NULL);
	for (int ms = 0; (flushes < ROUNDS || opens < ROUNDS) && ms < 1500; ms++)
		poll(NULL, 0, 1);
	enough = 1;
	for (int i = 0; i < 3; i++)
		sock_thread_join(&threads[i]);
	SOCK_EXPECT(fsock_close(ends[0]) == 0);
	while (fsock_waitlist_closing(list) > 0)
		SOCK_EXPECT(fsock_waitlist_wait(list, 1, NULL) >= 0);
	sock_thread_join(&threads[3]);
	return 0;
}

/* ---- A writer that waits for a slow peer. */

static int written, write_error;

static void
write_all(void *arg)
{
	(void)arg;
	written = out == NULL
		      ? fsock_send(ends[0], block, sizeof block, NULL) > 0
		      : fwrite(block, 1, sizeof block, out) == sizeof block && fflush(out) == 0;
	write_error = errno;
}

static int
shut_behind_writer(int direction)
{
	struct sock_thread writer;

	sock_thread_start(&writer, write_all, NULL);
	sock_thread_await_blocked(&writer);
	fsock_shutdown(ends[0], direction);
	sock_thread_join(&writer);
	SOCK_EXPECT(!written && write_error == EPIPE);
	fsock_close(ends[0]);
	return 0;
}

static int
shutdown_behind_writer(void)
{
	SOCK_EXPECT(fsock_pair(ends, NULL) == 0);
	open_output();
	return shut_behind_writer(FSOCK_IO);
}

static int
shutdown_output_behind_writer(void)
{
	SOCK_EXPECT(fsock_pair(ends, NULL) == 0);
	open_output();
	return shut_behind_writer(FSOCK_OUTPUT);
}

static int
shutdown_behind_sender(void)
{
	SOCK_EXPECT(fsock_pair(ends, NULL) == 0);
	return shut_behind_writer(way ? FSOCK_IO : FSOCK_OUTPUT);
}

/* ---- A handler that comes while a write waits. */

static sigjmp_buf back;
static int told[2]; /* a pipe: that the handler has come */
static volatile sig_atomic_t full, does_exit;

/* The peer takes no more, and has not for so many ticks: then the write waits. */
static void
on_tick(int signal)
{
	struct pollfd p = { .fd = fsock_socket(ends[0]), .events = POLLOUT };

	(void)signal;
	if (poll(&p, 1, 0) > 0 || ++full < 20)
		return;
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = { LIMIT, 0 } }, NULL);
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	if (write(told[1], "x", 1) != 1)
		_exit(3);
	if (does_exit)
		exit(7);
	siglongjmp(back, 1);
}

/* Writes until the handler ends it. */
static void
write_until_tick(int does)
{
	struct itimerval tick = { { 0, 10000 }, { 0, 10000 } };

	does_exit = does;
	fsock_close(ends[1]);
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = on_tick }, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
	for (;;)
		fputs("a line\n", out);
}

/* The child of a row's child: writes, jumps out of that, and ends the FILE. */
static int
jump_and_close(void)
{
	if (sigsetjmp(back, 1) == 0)
		write_until_tick(0);
	fputs("x\n", out);
	fclose(out); /* may fail, as the write before has, but does not wait for ever */
	return 7;
}

/* The peer reads once the handler has come; then the writer ends, and with it the connection. */
static int
handler_beside_write(int does_exit_)
{
	static char text[65536];
	int status = 0;
	char c;
	pid_t child;

	SOCK_EXPECT(pipe(told) == 0 && fsock_pair(ends, NULL) == 0);
	open_output();
	child = fork();
	SOCK_EXPECT(child >= 0);
	if (child == 0 && does_exit_)
		write_until_tick(1);
	if (child == 0)
		_exit(jump_and_close());
	SOCK_EXPECT(close(fsock_release(ends[0], NULL, 0, NULL)) == 0);
	SOCK_EXPECT(read(told[0], &c, 1) == 1);
	while (fsock_receive(ends[1], text, sizeof text, NULL) > 0)
		;
	SOCK_EXPECT(waitpid(child, &status, 0) == child);
	SOCK_EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	return 0;
}

static int
exit_in_handler(void)
{
	return handler_beside_write(1);
}

static int
jump_out_of_write(void)
{
	return handler_beside_write(0);
}

/* ---- */

static const struct {
	const char *name;
	int (*run)(void);
} rows[] = {
	{ "receive in a list", receive_in_list },
	{ "close in two lists", two_lists_close },
	{ "opening beside fflush(NULL)", lock_order },
	{ "shutdown behind a writer", shutdown_behind_writer },
	{ "shutdown of output behind a writer", shutdown_output_behind_writer },
	{ "shutdown behind fsock_send()", shutdown_behind_sender },
	{ "exit() in a handler", exit_in_handler },
	{ "siglongjmp() out of a write", jump_out_of_write },
};

static int
play(void *arg)
{
	int row = *(int *)arg / 2;

	way = *(int *)arg % 2;
	alarm(LIMIT);
	return rows[row].run();
}

START_TEST(seam)
{
	ck_assert_msg(sock_child(play, &_i) == 0, "%s, way %d", rows[_i / 2].name, _i % 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("seams");
	TCase *tcase = tcase_create("seams");

	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, seam, 0, 2 * COUNT(rows));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
