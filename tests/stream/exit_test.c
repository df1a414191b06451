/*
 * The end of the process while streams are open: it comes, though threads are blocked reading, and
 * what was written goes out. Every scenario is a child that calls exit().
 */
#include "../../src/base/compat.h"

#include <sys/wait.h>

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <check.h>

#include "../support/sock_support.h"
#include "../support/stdio_link.h"

#define LINKS 3

/* The parent looks at the far ends when the child is gone. */
static struct stdio_link links[LINKS];
static int two_way;
static FILE *reads, *writes; /* of links[0] */

static void
open_links(void)
{
	for (int i = 0; i < LINKS; i++)
		stdio_link_open(&links[i], i % 2 ? STDIO_TCP4 : STDIO_UNIX, NULL);
}

static void
close_links(void)
{
	for (int i = 0; i < LINKS; i++)
		stdio_link_close(&links[i]);
}

/* In the child; a hang ends it before the test's own time is over. */
static void
begin(void)
{
	alarm(20);
	reads = two_way ? fsock_stream(links[0].s) : fsock_input(links[0].s);
	writes = two_way ? reads : fsock_output(links[0].s);
}

static void
read_line(void *f)
{
	char line[64];

	while (fgets(line, sizeof line, f) != NULL)
		;
}

/* A thread blocked in fgets(). */
static void
block(struct sock_thread *thread, FILE *f)
{
	sock_thread_start(thread, read_line, f);
	pthread_detach(thread->thread);
	sock_thread_await_blocked(thread);
}

/* ---- Blocked readers. */

static int
exit_beside_reader(void *arg)
{
	struct sock_thread thread;

	(void)arg;
	begin();
	block(&thread, reads);
	exit(0);
}

static int
exit_beside_readers(void *arg)
{
	struct sock_thread threads[LINKS];

	(void)arg;
	begin();
	for (int i = 0; i < LINKS; i++)
		block(&threads[i], two_way ? fsock_stream(links[i].s) : fsock_input(links[i].s));
	exit(0);
}

/* By returning from main() or by exit() in another thread it is the same. */
static void
leave(void *arg)
{
	(void)arg;
	exit(0);
}

static int
exit_in_thread(void *arg)
{
	struct sock_thread reader, leaver;

	(void)arg;
	begin();
	block(&reader, reads);
	sock_thread_start(&leaver, leave, NULL);
	while (pause() < 0)
		;
	return 1;
}

/* A reader that waits for the connection to stand, to where nobody answers. */
static int
exit_beside_connecting(void *arg)
{
	struct sock_thread reader;
	int fds[SOCK_FULL], port = sock_full("127.0.0.1", 0, fds);
	fsock *s;

	(void)arg;
	alarm(20);
	s = fsock_connect("127.0.0.1", port, &(struct fsock_options){ .nonblocking = FSOCK_ON });
	SOCK_EXPECT(s != NULL && fsock_is_connecting(s));
	SOCK_EXPECT(fsock_set_nonblocking(s, 0) == 0);
	block(&reader, two_way ? fsock_stream(s) : fsock_input(s));
	exit(0);
}

START_TEST(blocked_reader)
{
	static int (*const children[])(void *) = { exit_beside_reader, exit_beside_readers,
		exit_in_thread, exit_beside_connecting };

	two_way = _i % 2;
	ck_assert_int_eq(sock_child(children[_i / 2], NULL), 0);
}
END_TEST

/* ---- What was written. */

/* On a stream that no thread reads, and beside a reader where there are two streams. */
static int
exit_unflushed(void *arg)
{
	struct sock_thread thread;

	begin();
	if (arg != NULL)
		block(&thread, reads);
	SOCK_EXPECT(fputs("last words", two_way && arg ? fsock_stream(links[1].s) : writes) >= 0);
	exit(0);
}

START_TEST(output_is_flushed)
{
	two_way = _i % 2;
	ck_assert_int_eq(sock_child(exit_unflushed, _i / 2 ? &links[0] : NULL), 0);
	stdio_far_expect_text(&links[_i == 3], "last words");
	stdio_far_expect_nothing(&links[_i == 3]);
}
END_TEST

/*
 * What waits for a connection goes if that stands by the end. The listener has no room until the
 * parent makes some.
 */
static int full[SOCK_FULL], told[2];

static int
exit_while_connecting(int port)
{
	struct fsock_options options = { .nonblocking = FSOCK_ON };
	fsock *s;
	FILE *f;
	char c;

	alarm(20);
	s = fsock_connect("127.0.0.1", port, &options);
	SOCK_EXPECT(s != NULL);
	f = two_way ? fsock_stream(s) : fsock_output(s);
	SOCK_EXPECT(f != NULL && fputs("at last\n", f) >= 0 && fflush(f) == 0);
	SOCK_EXPECT(fsock_is_connecting(s) && fsock_pending_output(s) == 8);
	SOCK_EXPECT(send(told[1], "r", 1, 0) == 1 && recv(told[1], &c, 1, 0) == 1);
	exit(0);
}

static int
port_of(int fd, int (*name)(int, struct sockaddr *, socklen_t *))
{
	struct fsock_addr addr = { .length = sizeof addr.as };

	return name(fd, &addr.as.any, &addr.length) < 0 ? -1 : fsock_addr_port(&addr);
}

/* Accepts until it is none of those that were there before. */
static int
accept_stranger(void)
{
	for (;;) {
		int i = 1, fd = accept(full[0], NULL, NULL);

		ck_assert_int_ge(fd, 0);
		while (i < SOCK_FULL && port_of(full[i], getsockname) != port_of(fd, getpeername))
			i++;
		if (i == SOCK_FULL)
			return fd;
		close(fd);
	}
}

START_TEST(connecting_at_exit)
{
	int port = sock_full("127.0.0.1", 0, full), peer, status = -1;
	char line[8];
	pid_t child;

	two_way = _i;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, told), 0);
	child = fork();
	if (child == 0)
		_exit(exit_while_connecting(port));
	close(told[1]);
	ck_assert_int_eq(recv(told[0], line, 1, 0), 1);
	peer = accept_stranger();
	ck_assert_int_eq(send(told[0], "x", 1, 0), 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(recv(peer, line, 8, MSG_WAITALL), 8);
	ck_assert_mem_eq(line, "at last\n", 8);
	ck_assert_int_eq(recv(peer, line, 1, 0), 0);
	close(peer);
	close(told[0]);
	sock_full_free(full);
}
END_TEST

/* ---- Handlers of the program. */

static FILE *talker;

/* Asks, and waits for the answer; a status of 3 tells that it was not the right one. */
static void
talk(const char *question, const char *answer)
{
	char line[64];

	if (fputs(question, talker) < 0 || fflush(talker) != 0 ||
	    fgets(line, sizeof line, talker) == NULL || strcmp(line, answer) != 0)
		_exit(3);
}

static void
talk_at_last(void)
{
	talk("second?\n", "second!\n");
}

static void
talk_first(void)
{
	talk("first?\n", "first!\n");
}

/* The peer, in the child as well: answers when it is asked. */
static void *
answer(void *arg)
{
	char question[16];

	(void)arg;
	if (recv(links[1].far, question, 7, MSG_WAITALL) == 7)
		send(links[1].far, "first!\n", 7, FSOCK__MSG_NOSIGNAL);
	if (recv(links[1].far, question, 8, MSG_WAITALL) == 8)
		send(links[1].far, "second!\n", 8, FSOCK__MSG_NOSIGNAL);
	return NULL;
}

/*
 * Handlers run in reverse: that from before the first stream runs after the library has made the
 * blocked readers let go, and yet it may wait for its answer.
 */
static int
exit_with_handlers(void *arg)
{
	struct sock_thread reader;
	pthread_t peer;

	(void)arg;
	SOCK_EXPECT(atexit(talk_at_last) == 0);
	begin();
	talker = fsock_stream(links[1].s);
	SOCK_EXPECT(atexit(talk_first) == 0);
	block(&reader, reads);
	SOCK_EXPECT(pthread_create(&peer, NULL, answer, NULL) == 0);
	SOCK_EXPECT(pthread_detach(peer) == 0);
	exit(0);
}

START_TEST(handlers_talk)
{
	two_way = _i;
	ck_assert_int_eq(sock_child(exit_with_handlers, NULL), 0);
}
END_TEST

/* Once exit() has begun, other threads do not begin to wait. */
static int read_error;

static void
read_late(void *arg)
{
	FILE *f = arg;

	errno = 0;
	read_error = getc(f) == EOF ? errno : -1;
}

static void
start_late_reader(void)
{
	struct sock_thread thread;

	sock_thread_start(&thread, read_late, reads);
	sock_thread_join(&thread);
	if (read_error != ECANCELED)
		_exit(4);
}

static int
exit_then_read(void *arg)
{
	(void)arg;
	SOCK_EXPECT(atexit(start_late_reader) == 0);
	begin();
	exit(0);
}

START_TEST(no_late_reader)
{
	two_way = _i;
	ck_assert_int_eq(sock_child(exit_then_read, NULL), 0);
}
END_TEST

/* ---- Forked children. */

static int
just_exit(void *arg)
{
	(void)arg;
	exit(0);
}

static int
just_close(void *arg)
{
	(void)arg;
	SOCK_EXPECT(fsock_close(links[0].s) == 0);
	return 0;
}

static int
just_leave(void *arg)
{
	(void)arg;
	return 0;
}

/* Whatever a child does that has not used the connection, that of its parent goes on. */
START_TEST(child_leaves_alone)
{
	static int (*const children[])(void *) = { just_exit, just_close, just_leave };
	char line[64];

	two_way = _i % 2;
	reads = two_way ? fsock_stream(links[0].s) : fsock_input(links[0].s);
	writes = two_way ? reads : fsock_output(links[0].s);
	/* The parent may have used it before. */
	if (_i / 2 % 2) {
		stdio_far_puts(&links[0], "one\n");
		ck_assert_ptr_nonnull(fgets(line, sizeof line, reads));
		ck_assert_int_ge(fputs("two\n", writes), 0);
		ck_assert_int_eq(fflush(writes), 0);
		stdio_far_expect_text(&links[0], "two\n");
	}
	stdio_far_puts(&links[0], "three\n");
	ck_assert_int_eq(sock_child(children[_i / 4], NULL), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, reads));
	ck_assert_str_eq(line, "three\n");
	ck_assert_int_ge(fputs("four\n", writes), 0);
	ck_assert_int_eq(fflush(writes), 0);
	stdio_far_expect_text(&links[0], "four\n");
	stdio_far_expect_nothing(&links[0]);
}
END_TEST

#if defined(__GLIBC__)

struct reader {
	FILE *f;
	char line[64];
	int worked;
};

static void
read_one_line(void *arg)
{
	struct reader *r = arg;

	r->worked = fgets(r->line, sizeof r->line, r->f) != NULL;
}

/*
 * A child that exits does not end what a thread of its parent waits for. (Such a child may call
 * only _exit() by POSIX; glibc frees the locks that other threads held, musl leaves them taken.)
 */
START_TEST(child_beside_reader)
{
	struct sock_thread thread;
	struct reader reader = { .worked = 0 };

	two_way = _i;
	reader.f = two_way ? fsock_stream(links[0].s) : fsock_input(links[0].s);
	sock_thread_start(&thread, read_one_line, &reader);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(sock_child(just_exit, NULL), 0);
	stdio_far_puts(&links[0], "still here\n");
	sock_thread_join(&thread);
	ck_assert_int_eq(reader.worked, 1);
	ck_assert_str_eq(reader.line, "still here\n");
}
END_TEST

#endif

int
main(void)
{
	Suite *s = suite_create("exit");
	TCase *t = tcase_create("exit");

	tcase_add_checked_fixture(t, open_links, close_links);
	tcase_add_loop_test(t, blocked_reader, 0, 8);
	tcase_add_loop_test(t, output_is_flushed, 0, 4);
	tcase_add_loop_test(t, connecting_at_exit, 0, 2);
	tcase_add_loop_test(t, handlers_talk, 0, 2);
	tcase_add_loop_test(t, no_late_reader, 0, 2);
	tcase_add_loop_test(t, child_leaves_alone, 0, 12);
#if defined(__GLIBC__)
	tcase_add_loop_test(t, child_beside_reader, 0, 2);
#endif
	suite_add_tcase(s, t);
	return sock_run(s);
}
