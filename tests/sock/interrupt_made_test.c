/* Interruptible sockets: every way to make them, what they take, what becomes of it in a child. */
#include "../../src/base/compat.h"

#include <sys/resource.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/wake.h"
#include "../support/ways.h"

static const struct fsock_options on = { .timeout = 60, .interruptible = FSOCK_ON };

/* Every way to make a socket honours the option, and gives back what it took. */
enum maker { CONNECT, ACCEPT, ACCEPT_INHERITING, PAIR, TCP_PAIR, ADOPT, DATAGRAM, MAKERS };

static fsock *
make(enum maker maker, const struct fsock_options *options, fsock *others[2])
{
	struct fsock_options of_datagram = *options, of_pair = *options;
	int fds[2];

	switch (maker) {
	case CONNECT:
	case ACCEPT:
	case ACCEPT_INHERITING:
		others[0] = fsock_listen("127.0.0.1", 0, maker == ACCEPT ? NULL : options);
		others[1] = fsock_connect(
		    "127.0.0.1", fsock_local_port(others[0]), maker == CONNECT ? options : NULL);
		return maker == CONNECT  ? others[1]
		       : maker == ACCEPT ? fsock_accept(others[0], options)
					 : fsock_accept(others[0], NULL);
	case PAIR:
	case TCP_PAIR:
		of_pair.family = maker == PAIR ? FSOCK_ANY_FAMILY : FSOCK_IPV4_ONLY;
		return fsock_pair(others, &of_pair) < 0 ? NULL : others[1];
	case ADOPT:
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
		others[0] = fsock_adopt(fds[1], NULL);
		return fsock_adopt(fds[0], options);
	default:
		of_datagram.local_host = "127.0.0.1";
		return fsock_datagram(NULL, 0, &of_datagram);
	}
}

START_TEST(made_so)
{
	fsock *others[2] = { NULL, NULL }, *s;
	int fds = sock_open_fds(), fd;
	char c;

	s = make(_i, &on, others);
	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(fsock_interrupt(s, FSOCK_INPUT), 0);
	ck_assert_int_eq(fsock_receive(s, &c, 1, NULL), -1);
	sock_assert_error(FSOCK_CANCELED_ERROR, ECANCELED);
	fd = fsock_release(s, NULL, 0, NULL);
	ck_assert_int_ge(fd, 0);
	close(fd);
	for (int i = 0; i < 2; i++)
		if (others[i] != s)
			fsock_close(others[i]);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/*
 * With too few descriptors no pair is made, and nothing left open. Two wake-ups go with each end.
 */
START_TEST(no_descriptors)
{
	struct rlimit limit, few;
	fsock *ends[2];
	int fds = sock_open_fds(), r = -1, wakes;
	struct fsock__wake wake;

	if (sock_is_watched())
		return;
	ck_assert_int_eq(fsock__wake_open(&wake), 0);
	wakes = sock_open_fds() - fds; /* one or two, as the system has it */
	fsock__wake_close(&wake);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few = limit;
	for (few.rlim_cur = 3; r < 0 && few.rlim_cur < 100; few.rlim_cur++) {
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
		r = fsock_pair(ends, &on);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		if (r < 0)
			sock_assert_error(FSOCK_TOO_MANY_FILES_ERROR, EMFILE);
		ck_assert_int_eq(sock_open_fds(), r < 0 ? fds : fds + 2 + 2 * 2 * wakes);
	}
	ck_assert_int_eq(r, 0);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* An adopted listener that blocks is handed out as it came. */
START_TEST(listener_released)
{
	struct ways w;
	int fd;

	ways_open(&w, WAY_ACCEPT, SOCK_PAIR, on);
	ck_assert_int_ne(fcntl(fsock_socket(w.s), F_GETFL) & O_NONBLOCK, 0);
	fd = fsock_release(w.s, NULL, 0, NULL);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	close(fd);
}
END_TEST

static const int bad_directions[] = { 0, 4, -1, FSOCK_IO + 1 };

START_TEST(refused)
{
	fsock *ends[2];

	ck_assert_int_eq(fsock_interrupt(NULL, FSOCK_INPUT), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(fsock_pair(ends, _i % 2 ? &on : NULL), 0);
	ck_assert_int_eq(fsock_interrupt(ends[0], bad_directions[_i]), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	if (_i % 2 == 0) {
		ck_assert_int_eq(fsock_interrupt(ends[0], FSOCK_INPUT), -1);
		sock_assert_error(FSOCK_OPERATION_NOT_SUPPORTED_ERROR, EOPNOTSUPP);
		ck_assert_str_eq(fsock_last_error()->operation, "interrupt");
	}
	ck_assert_int_eq(fclose(fsock_stream(ends[0])), 0);
	ck_assert_int_eq(fsock_interrupt(ends[0], FSOCK_INPUT), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

/* A child interrupts its own calls, with wake-ups of its own; the parent's know nothing of it. */
static int
in_child(void *arg)
{
	struct ways *w = arg;
	struct ways_call call = { .ways = w };
	struct sock_thread thread;

	SOCK_EXPECT(fsock_interrupt(w->s, ways_direction(w->way)) == 0);
	SOCK_EXPECT(fsock_set_deadline(w->s, 60) == 0);
	ways_run(&call);
	SOCK_EXPECT(call.error == ECANCELED);
	for (int i = 0; i < 20; i++) {
		sock_thread_start(&thread, ways_run, &call);
		sock_thread_await_blocked(&thread);
		SOCK_EXPECT(fsock_interrupt(w->s, ways_direction(w->way)) == 0);
		sock_thread_join(&thread);
		SOCK_EXPECT(call.error == ECANCELED);
	}
	return 0;
}

START_TEST(in_children)
{
	static const enum way ways[] = { WAY_RECEIVE, WAY_DATAGRAM, WAY_ACCEPT, WAY_SEND_DATAGRAM };
	int fds = sock_open_fds();
	struct ways w;
	struct ways_call call = { .ways = &w };
	struct sock_thread thread;

	ways_open(&w, ways[_i], SOCK_PAIR, on);
	ck_assert_int_eq(sock_child(in_child, &w), 0);
	if (w.way == WAY_SEND_DATAGRAM)
		ways_satisfy(&w);
	sock_thread_start(&thread, ways_run, &call);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(fsock_interrupt(w.s, ways_direction(w.way)), 0);
	sock_thread_join(&thread);
	ways_expect(&call, FSOCK_CANCELED_ERROR, ECANCELED);
	ck_assert_int_eq(ways_close(&w), 0);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("interrupt_made");
	TCase *tcase = tcase_create("interrupt_made");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, made_so, 0, MAKERS);
	tcase_add_test(tcase, no_descriptors);
	tcase_add_test(tcase, listener_released);
	tcase_add_loop_test(tcase, refused, 0, COUNT(bad_directions));
	tcase_add_loop_test(tcase, in_children, 0, 4);
	return sock_run(suite);
}
