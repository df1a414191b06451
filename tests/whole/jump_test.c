/* siglongjmp() out of what waits, and how the thread goes on. */
#include "../../src/base/compat.h"

#include <fsock/wait.h>

#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

#include "../support/sock_support.h"

enum { MANY = 100 };

static fsock_waitlist *list;
static fsock *ends[2];
static struct sock_thread thread;
static char *host;
static int port;

/* ---- Waits that nothing ends. */

static int
wait_on_list(void)
{
	return fsock_waitlist_wait(list, 20, NULL);
}

static int
wait_for(int n)
{
	fsock *sockets[MANY];

	for (int i = 0; i < n; i++)
		sockets[i] = ends[0];
	return fsock_wait_for_input(sockets, (size_t)n, 20, NULL);
}

static int
wait_for_one(void)
{
	return wait_for(1);
}

static int
wait_for_many(void)
{
	return wait_for(MANY);
}

static int
read_octets(void)
{
	char octet;

	return (int)fsock_receive(ends[0], &octet, 1, NULL);
}

static int
connect_blocking(void)
{
	fsock_close(fsock_connect(host, port, NULL));
	return 0;
}

static const struct {
	const char *name;
	int (*wait)(void);
} waits[] = {
	{ "fsock_waitlist_wait()", wait_on_list },
	{ "fsock_wait_for_input() of one", wait_for_one },
	{ "fsock_wait_for_input() of many", wait_for_many },
	{ "fsock_receive()", read_octets },
	{ "fsock_connect()", connect_blocking },
};

/* ---- How the thread goes on. */

static int (*waiting)(void);

static void
end_by_return(void)
{
}

static void
end_by_exit(void)
{
	pthread_exit(NULL);
}

static void
be_cancelled(void)
{
	waiting();
}

static void
free_list(void)
{
	fsock_waitlist_free(list);
	list = NULL;
}

static void
look_again(void)
{
	if (fsock_waitlist_wait(list, 0, NULL) != 0 || fsock_wait_for_input(ends, 1, 0, NULL) != 0)
		waiting = NULL; /* an error */
}

static const struct {
	const char *name;
	void (*go_on)(void);
} ways[] = {
	{ "returns", end_by_return },
	{ "pthread_exit()", end_by_exit },
	{ "waits again and is cancelled", be_cancelled },
	{ "frees the list", free_list },
	{ "looks again", look_again },
};

/* ---- */

static sigjmp_buf place;
static void (*go_on)(void);
static atomic_int has_jumped;

static void
jump(int signal)
{
	(void)signal;
	siglongjmp(place, 1);
}

static void
live(void *arg)
{
	(void)arg;
	if (sigsetjmp(place, 1) == 0)
		waiting();
	has_jumped = 1;
	go_on();
}

/* The thread sleeps in its second wait. */
static void
cancel_thread(void)
{
	while (!has_jumped)
		;
	sock_thread_await_blocked(&thread);
	pthread_cancel(thread.thread);
}

START_TEST(jump_out)
{
	const char *wait = waits[_i / COUNT(ways)].name, *way = ways[_i % COUNT(ways)].name;
	int fds[SOCK_FULL], before;

	port = sock_full(host = "127.0.0.1", 0, fds);
	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	before = sock_open_fds();
	list = fsock_waitlist_new();
	ck_assert_int_eq(fsock_waitlist_add(list, ends[0], FSOCK_INPUT, NULL), 0);
	waiting = waits[_i / COUNT(ways)].wait;
	go_on = ways[_i % COUNT(ways)].go_on;
	has_jumped = 0;
	sock_thread_start(&thread, live, NULL);
	sock_thread_await_blocked(&thread);
	pthread_kill(thread.thread, SIGUSR1);
	if (go_on == be_cancelled)
		cancel_thread();
	sock_thread_join(&thread);
	ck_assert_msg(waiting != NULL, "%s, then %s", wait, way);

	/* What it has left is in order, for others as well. */
	if (list != NULL)
		ck_assert_msg(fsock_waitlist_wait(list, 0, NULL) == 0, "%s, then %s: %s", wait, way,
		    fsock_last_error()->text);
	ck_assert_int_eq(fsock_send(ends[1], "x", 1, NULL), 1);
	if (list != NULL)
		ck_assert_int_eq(fsock_waitlist_wait(list, 10, NULL), 1);
	ck_assert_int_eq(fsock_wait_for_input(ends, 1, 10, NULL), 1);
	fsock_waitlist_free(list);
	ck_assert_msg(sock_open_fds() == before, "%s, then %s: open descriptors", wait, way);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
	sock_full_free(fds);
}
END_TEST

/* ---- Out of a write, and then the end: what it has sent is incomplete, and the peer is told. */

static int closed, closed_errno;

static int
send_for_ever(void)
{
	static const char octets[65536];

	while (fsock_send(ends[0], octets, sizeof octets, NULL) > 0)
		;
	return -1;
}

static void
close_it(void)
{
	closed = fsock_close(ends[0]);
	closed_errno = errno;
}

START_TEST(jump_out_of_write)
{
	static char octets[65536];
	ssize_t n;

	ck_assert_int_eq(
	    fsock_pair(ends, &(struct fsock_options){ .timeout = 20, .family = FSOCK_IPV4_ONLY }),
	    0);
	waiting = send_for_ever;
	go_on = close_it;
	sock_thread_start(&thread, live, NULL);
	sock_thread_await_blocked(&thread);
	pthread_kill(thread.thread, SIGUSR1);
	sock_thread_join(&thread);
	ck_assert_int_eq(closed, -1);
	ck_assert_int_eq(closed_errno, EINTR);
	while ((n = fsock_receive(ends[1], octets, sizeof octets, NULL)) > 0)
		;
	ck_assert_int_eq(n, -1);
	sock_assert_error(FSOCK_CONNECTION_RESET_ERROR, ECONNRESET);
	fsock_close(ends[1]);
}
END_TEST

/* ---- Out of a flush, after lines were read: the next one sends it all, and reading goes on. */

enum { WRITTEN = 3000, LINES = 40 };

static FILE *file;
static int flushed;
static char next_line[16];

static int
write_and_flush(void)
{
	static char octets[WRITTEN];

	memset(octets, 'w', sizeof octets);
	fwrite(octets, 1, sizeof octets, file);
	return fflush(file);
}

/* The lock of the FILE is left with this thread. */
static void
go_on_with_file(void)
{
	flushed = fflush(file);
	if (fgets(next_line, sizeof next_line, file) == NULL)
		snprintf(next_line, sizeof next_line, "%d", errno);
	fclose(file);
}

static const int lines_before[] = { 0, 1, 2, 5, 20 };

START_TEST(jump_out_of_flush)
{
	char line[16], octets[4096];
	int left = WRITTEN;

	ck_assert_int_eq(fsock_pair(ends, &(struct fsock_options){ .timeout = 20 }), 0);
	file = fsock_stream(ends[0]);
	for (int i = 0; i < LINES; i++) {
		snprintf(line, sizeof line, "line %02d\n", i);
		ck_assert_int_eq(fsock_send(ends[1], line, 8, NULL), 8);
	}
	for (int i = 0; i < lines_before[_i]; i++)
		ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
	sock_fill(fsock_socket(ends[0]));
	waiting = write_and_flush;
	go_on = go_on_with_file;
	sock_thread_start(&thread, live, NULL);
	sock_thread_await_blocked(&thread);
	pthread_kill(thread.thread, SIGUSR1);
	while (left > 0) {
		ssize_t n = fsock_receive(ends[1], octets, sizeof octets, NULL);

		ck_assert_int_gt(n, 0);
		for (ssize_t i = 0; i < n; i++)
			left -= octets[i] == 'w';
	}
	sock_thread_join(&thread);
	ck_assert_int_eq(flushed, 0);
	snprintf(line, sizeof line, "line %02d\n", lines_before[_i]);
	ck_assert_str_eq(next_line, line);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

static void
catch_signal(void)
{
	struct sigaction action = { .sa_handler = jump };

	sigaction(SIGUSR1, &action, NULL);
}

int
main(void)
{
	Suite *suite = suite_create("jump");
	TCase *tcase = tcase_create("jump");

	tcase_add_checked_fixture(tcase, catch_signal, NULL);
	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, jump_out, 0, COUNT(waits) * COUNT(ways));
	tcase_add_test(tcase, jump_out_of_write);
#if defined(__GLIBC__) /* musl has forgotten its buffer by then */
	tcase_add_loop_test(tcase, jump_out_of_flush, 0, COUNT(lines_before));
#else
	(void)jump_out_of_flush;
#endif
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
