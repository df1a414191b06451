/*
 * Closing while the peer is sending: it gets what was written to it, and a proper end, and the
 * program does not wait for ordinary peers.
 */
#include "../../src/base/compat.h"

#include <sys/ioctl.h>

#include <poll.h>
#include <unistd.h>

#include "../support/layered.h"
#include "../support/sock_support.h"

static const char reply[] = "go away\n";

enum { BLOCK = 1000 };
static char block[BLOCK];

/* ---- A peer that goes on sending when it has the reply. */

struct talker {
	int fd, more; /* how often it sends another block */
	atomic_int got;
	int error; /* errno of what ended it; 0: a proper end */
};

static void
talk(void *arg)
{
	struct talker *t = arg;
	char text[64];
	ssize_t n;

	while (t->got < (int)sizeof reply - 1 &&
	       (n = recv(t->fd, text, sizeof reply - 1 - (size_t)t->got, 0)) > 0)
		t->got += (int)n;
	for (n = 0; t->more-- > 0 && n >= 0; poll(NULL, 0, 2)) /* one after the other */
		n = send(t->fd, block, BLOCK, FSOCK__MSG_NOSIGNAL);
	if (n >= 0)
		n = recv(t->fd, text, sizeof text, 0);
	t->error = n < 0 ? errno : n > 0 ? EIO : 0;
	close(t->fd);
}

/* What has been sent already, so that the program leaves it unread. */
static void
send_first(fsock *s, int peer)
{
	int arrived = 0;

	ck_assert_int_eq(write(peer, block, BLOCK), BLOCK);
	while (arrived < BLOCK)
		ck_assert_int_eq(ioctl(fsock_socket(s), FIONREAD, &arrived), 0);
}

/* ---- Ends. */

static fsock_waitlist *list;

static void
by_close(fsock *s)
{
	ck_assert_int_eq(fsock_close(s), 0);
}

static void
by_fclose(fsock *s)
{
	FILE *f = fsock_stream(s);

	fsock_disown(s);
	ck_assert_int_eq(fclose(f), 0);
}

static void
wait_closing(void)
{
	while (fsock_waitlist_closing(list) > 0)
		ck_assert_int_eq(fsock_waitlist_wait(list, 10, NULL), 0);
}

static void
by_list(fsock *s)
{
	double start = sock_now();

	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_IO, NULL), 0);
	ck_assert_int_eq(fsock_close(s), 0);
	ck_assert_double_lt(sock_now() - start, 0.5);
	ck_assert_uint_eq(fsock_waitlist_closing(list), 1);
	wait_closing();
}

static void
by_list_and_fclose(fsock *s)
{
	ck_assert_int_eq(fsock_waitlist_add(list, s, 0, NULL), 0);
	by_fclose(s);
	wait_closing();
}

static const struct ending {
	const char *name;
	void (*end)(fsock *);
	struct fsock_options options;
} endings[] = {
	{ "fsock_close()", by_close, { .timeout = 30 } },
	{ "fsock_close(), interruptible", by_close, { .interruptible = FSOCK_ON } },
	{ "fclose()", by_fclose, { .timeout = 30 } },
	{ "a list", by_list, { .nonblocking = FSOCK_ON } },
	{ "a list, fclose()", by_list_and_fclose, { .nonblocking = FSOCK_ON } },
};

static const enum sock_transport transports[] = { SOCK_TCP4, SOCK_TCP6 };

START_TEST(talker)
{
	enum sock_transport transport = transports[_i % 2];
	const struct ending *row = &endings[_i / 4];
	int fds = sock_open_fds();
	struct talker other = { .more = 20 };
	struct sock_thread thread;
	fsock *s;

	if (!sock_has(transport))
		return;
	list = fsock_waitlist_new();
	s = sock_raw(transport, &row->options, &other.fd);
	if (_i / 2 % 2)
		ck_assert_int_eq(layered_push(s), 0);
	send_first(s, other.fd);
	ck_assert_int_ge(fputs(reply, fsock_stream(s)), 0);
	ck_assert_int_eq(fflush(fsock_stream(s)), 0);
	sock_thread_start(&thread, talk, &other);
	row->end(s);
	sock_thread_join(&thread);
	ck_assert_msg(other.error == 0 && other.got == (int)sizeof reply - 1, "%s: %d, %s",
	    row->name, other.got, strerror(other.error));
	fsock_waitlist_free(list);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* ---- How long it lasts. */

static const struct patience {
	const char *what;
	int has_first;    /* input is left in the kernel */
	int reads;        /* one octet of it is read, and so there is more in the streams */
	int probes;       /* there are layers, and a wait has read an octet of them */
	int is_quiet;     /* nothing is sent to the peer */
	int has_ended;    /* the peer has ended its side */
	int lingers_zero; /* the program wants a reset */
	struct fsock_options options;
	double least; /* what closing takes, while the peer does nothing */
} patiences[] = {
	{ "nothing unread", .least = 0 },
	{ "nothing sent", .has_first = 1, .is_quiet = 1 },
	{ "the peer has ended", .has_first = 1, .has_ended = 1 },
	{ "unread", .has_first = 1, .least = 1 },
	{ "unread in the streams", .has_first = 1, .reads = 1, .least = 1 },
	{ "unread in layers", .has_first = 1, .probes = 1, .least = 1 },
	{ "nothing unread in layers", .probes = 1 },
	{ "a close_timeout", .has_first = 1, .options = { .close_timeout = 0.2 }, .least = 0.2 },
	{ "a deadline", .has_first = 1, .options = { .deadline = 0.3 }, .least = 0.1 },
	{ "may not wait", .has_first = 1, .options = { .nonblocking = FSOCK_ON } },
	{ "linger 0", .has_first = 1, .lingers_zero = 1 },
};

/* Where a read of stdio's takes whatever there is, the library does not know what was unread. */
#if defined(__GLIBC__)
#define STDIO_TAKES_ALL 0
#else
#define STDIO_TAKES_ALL 1
#endif

START_TEST(patience)
{
	const struct patience *row = &patiences[_i];
	int peer, fds = sock_open_fds();
	double start, took;
	fsock *s = sock_raw(SOCK_TCP4, &row->options, &peer);
	FILE *f = fsock_stream(s);

	if (row->probes)
		ck_assert_int_eq(layered_push(s), 0);
	if (row->has_first)
		send_first(s, peer);
	if (row->probes && row->has_first)
		ck_assert_int_eq(fsock_wait_for_input(&s, 1, 10, NULL), 1);
	if (row->reads)
		ck_assert_int_eq(getc(f), block[0]);
	if (!row->is_quiet)
		ck_assert_int_ge(fputs(reply, f), 0);
	if (row->lingers_zero)
		ck_assert_int_eq(fsock_set_option(s, FSOCK_OPTION_LINGER, 0), 0);
	if (row->has_ended) {
		ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
		sock_await(fsock_socket(s), POLLIN);
	}
	start = sock_now();
	ck_assert_int_eq(fsock_close(s), 0);
	took = sock_now() - start;
	if (STDIO_TAKES_ALL && row->reads) /* then nothing is left to be seen */
		took = row->least;
	ck_assert_msg(
	    took >= row->least - SOCK_TICK && took < row->least + 0.8, "%s: %g s", row->what, took);
	close(peer);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* A peer that floods for ever: after so much it is let go, long before the time is over. */
static void
flood(void *arg)
{
	static char much[65536];
	const int *fd = arg;

	while (send(*fd, much, sizeof much, FSOCK__MSG_NOSIGNAL) > 0)
		;
}

START_TEST(flooded)
{
	static const struct fsock_options in_list = { .nonblocking = FSOCK_ON };
	int peer, fds = sock_open_fds();
	struct sock_thread thread;
	double start;
	fsock *s = sock_raw(SOCK_TCP4, _i % 2 ? &in_list : NULL, &peer);

	list = fsock_waitlist_new();
	if (_i / 2)
		ck_assert_int_eq(layered_push(s), 0);
	if (_i % 2)
		ck_assert_int_eq(fsock_waitlist_add(list, s, 0, NULL), 0);
	ck_assert_int_ge(fputs(reply, fsock_stream(s)), 0);
	ck_assert_int_eq(fflush(fsock_stream(s)), 0);
	sock_thread_start(&thread, flood, &peer);
	sock_await(fsock_socket(s), POLLIN);
	start = sock_now();
	ck_assert_int_eq(fsock_close(s), 0);
	wait_closing();
	ck_assert_double_lt(sock_now() - start, 0.9);
	sock_thread_join(&thread); /* it was told */
	fsock_waitlist_free(list);
	close(peer);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* A list that is freed closes what is complete properly, without waiting. */
START_TEST(freed_list)
{
	int peer, fds = sock_open_fds();
	fsock *s = sock_raw(SOCK_TCP4, &(struct fsock_options){ .nonblocking = FSOCK_ON }, &peer);
	char text[64];
	double start;

	list = fsock_waitlist_new();
	send_first(s, peer);
	ck_assert_int_ge(fputs(reply, fsock_stream(s)), 0);
	ck_assert_int_eq(fsock_waitlist_add(list, s, 0, NULL), 0);
	ck_assert_int_eq(fsock_close(s), 0);
	ck_assert_uint_eq(fsock_waitlist_closing(list), 1);
	start = sock_now();
	fsock_waitlist_free(list);
	ck_assert_double_lt(sock_now() - start, 0.8);
	ck_assert_int_eq(sock_read_all(peer, text, sizeof text), sizeof reply - 1);
	close(peer);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* The list lets it go after the time, though nothing comes. */
START_TEST(list_patience)
{
	int peer, fds = sock_open_fds();
	fsock *s = sock_raw(SOCK_TCP4, &(struct fsock_options){ .nonblocking = FSOCK_ON }, &peer);
	double start;
	char text[64];

	list = fsock_waitlist_new();
	send_first(s, peer);
	ck_assert_int_ge(fputs(reply, fsock_stream(s)), 0);
	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	start = sock_now();
	ck_assert_int_eq(fsock_close(s), 0);
	wait_closing();
	sock_assert_took(start, 1);
	ck_assert_int_eq(sock_read_all(peer, text, sizeof text), sizeof reply - 1);
	fsock_waitlist_free(list);
	close(peer);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* Over a Unix-domain socket nothing can come between, and nothing is waited for. */
static void
pour(void *arg)
{
	const int *fd = arg;

	while (send(*fd, block, BLOCK, FSOCK__MSG_NOSIGNAL) > 0)
		;
}

START_TEST(local)
{
	int peer, fds = sock_open_fds();
	struct sock_thread thread;
	char text[64];
	fsock *s = sock_raw(_i % 2 ? SOCK_PAIR : SOCK_UNIX, NULL, &peer);

	ck_assert_int_ge(fputs(reply, fsock_stream(s)), 0);
	ck_assert_int_eq(fflush(fsock_stream(s)), 0);
	sock_thread_start(&thread, pour, &peer);
	sock_await(fsock_socket(s), POLLIN);
	ck_assert_int_eq(fsock_close(s), 0);
	sock_thread_join(&thread);
	ck_assert_int_eq(sock_read_all(peer, text, sizeof text), sizeof reply - 1);
	close(peer);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("linger");
	TCase *tcase = tcase_create("linger");

	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, talker, 0, 4 * COUNT(endings));
	tcase_add_loop_test(tcase, patience, 0, COUNT(patiences));
	tcase_add_loop_test(tcase, flooded, 0, 4);
	tcase_add_test(tcase, freed_list);
	tcase_add_test(tcase, list_patience);
	tcase_add_loop_test(tcase, local, 0, 20);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
