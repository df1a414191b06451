/* Who the peer of a Unix-domain stream is. */
#include "../../src/base/compat.h"

#include <sys/wait.h>

#include <stdlib.h>
#include <unistd.h>

#include "../support/sock_support.h"

static void
check(fsock *s, pid_t pid)
{
	struct fsock_credentials peer = { .pid = -2 };

	errno = EDOM;
	ck_assert_msg(fsock_peer_credentials(s, &peer) == 0, "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_uint_eq(peer.uid, geteuid());
	ck_assert_uint_eq(peer.gid, getegid());
#if defined(__linux__)
	ck_assert_int_eq(peer.pid, pid);
#else
	ck_assert(peer.pid == pid || peer.pid == -1);
#endif
}

START_TEST(own_pair)
{
	fsock *ends[2];

	sock_link(_i ? SOCK_UNIX : SOCK_PAIR, NULL, ends);
	check(ends[0], getpid());
	check(ends[1], getpid());
	ck_assert_ptr_nonnull(fsock_stream(ends[0]));
	fsock_close(ends[1]); /* it is gone, but known */
	check(ends[0], getpid());
	fsock_close(ends[0]);
}
END_TEST

/* A child that connects is told apart from its parent, also when it has ended. */
START_TEST(child)
{
	const char *path = sock_place(_i ? "abstract" : "unix");
	fsock *listener, *served;
	int status;
	pid_t pid;

	if (_i && !FSOCK_ABSTRACT_NAMES)
		return;
	listener = fsock_listen(path, 0, NULL);
	ck_assert_msg(listener != NULL, "%s", fsock_last_error()->text);
	pid = fork();
	if (pid == 0)
		_exit(fsock_connect(path, 0, NULL) == NULL);
	ck_assert_int_gt(pid, 0);
	served = fsock_accept(listener, &(struct fsock_options){ .timeout = 25 });
	ck_assert_msg(served != NULL, "%s", fsock_last_error()->text);
	check(served, pid);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	check(served, pid);
	fsock_close(served);
	fsock_close(listener);
}
END_TEST

/* Sockets without such a peer. */
enum what { NONE, TCP, UDP, LISTENER, DATAGRAM };

static const struct row {
	enum what what;
	enum fsock_error_kind kind;
	int errnum;
} rows[] = {
	{ NONE, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
	{ TCP, FSOCK_OPERATION_NOT_SUPPORTED_ERROR, EOPNOTSUPP },
	{ UDP, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
	{ LISTENER, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
	{ DATAGRAM, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
};

START_TEST(no_peer)
{
	const struct row *row = &rows[_i];
	struct fsock_credentials peer = { .pid = -2 };
	fsock *ends[2] = { NULL, NULL };

	if (row->what == TCP)
		sock_link(SOCK_TCP4, NULL, ends);
	else if (row->what == UDP)
		ends[0] = fsock_datagram(NULL, 0, NULL);
	else if (row->what == LISTENER)
		ends[0] = fsock_listen(sock_place("unix"), 0, NULL);
	else if (row->what == DATAGRAM)
		ends[0] = fsock_datagram(
		    NULL, 0, &(struct fsock_options){ .local_host = sock_place("unix") });
	ck_assert_int_eq(fsock_peer_credentials(ends[0], &peer), -1);
	sock_assert_error(row->kind, row->errnum);
	ck_assert_int_eq(peer.pid, -2);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

START_TEST(nowhere_to_put_it)
{
	fsock *ends[2];

	sock_link(SOCK_PAIR, NULL, ends);
	ck_assert_int_eq(fsock_peer_credentials(ends[0], NULL), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("credentials");
	TCase *tcase = tcase_create("credentials");

	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(tcase, own_pair, 0, 2);
	tcase_add_loop_test(tcase, child, 0, 2);
	tcase_add_loop_test(tcase, no_peer, 0, COUNT(rows));
	tcase_add_test(tcase, nowhere_to_put_it);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
