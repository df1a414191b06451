/*
 * Scopes: however they are left, what they hold is closed once, and what was written has gone out.
 */
#include "../../src/base/compat.h"

#include <fcntl.h>
#include <unistd.h>

#include "../support/sock_support.h"

/* Ways to leave a scope. */
enum way { THROUGH, BREAK, CONTINUE, GOTO, RETURN, WAYS };

/* The other ends of what the scopes hold. */
static int peer;
static int turns;

static fsock *
make(void)
{
	return sock_raw(SOCK_TCP4, NULL, &peer);
}

/*
 * Each of these writes one octet in a scope, leaves it by `way`, and then takes the number that the
 * descriptor had: a second close() would close this one. They return it.
 */
static int
leave_auto(enum way way)
{
	int fd = -1;

	turns = 0;
	for (int i = 0; i < 1; i++) {
		FSOCK_AUTO fsock *s = make();

		turns++;
		fd = fsock_socket(s);
		fputc('w', fsock_stream(s));
		if (way == BREAK)
			break;
		if (way == CONTINUE)
			continue;
		if (way == GOTO)
			goto out;
		if (way == RETURN)
			return fd;
	}
out:
	return fd;
}

static int
leave_connected(enum way way)
{
	int fd = -1;

	turns = 0;
	FSOCK_WITH_CONNECTED(s, make()) {
		turns++;
		fd = fsock_socket(s);
		fputc('w', fsock_stream(s));
		if (way == BREAK)
			break;
		if (way == CONTINUE)
			continue;
		if (way == GOTO)
			goto out;
		if (way == RETURN)
			return fd;
	}
out:
	return fd;
}

static int (*const leavers[])(enum way) = { leave_auto, leave_connected };

START_TEST(left_once)
{
	int fds = sock_open_fds(), fd = leavers[_i / WAYS]((enum way)(_i % WAYS)), taken;
	char buf[4];

	ck_assert_int_eq(turns, 1);
	taken = fcntl(peer, F_DUPFD, fd);
	ck_assert_int_eq(taken, fd);
	ck_assert_int_eq(sock_read_all(peer, buf, sizeof buf), 1);
	ck_assert_int_eq(buf[0], 'w');
	ck_assert_int_eq(sock_open_fds(), fds + 2);
	close(taken);
	close(peer);
}
END_TEST

/* A client and its stream within a listener: how many octets the client's scope sends. */
static int
talk(fsock *listener, enum way way)
{
	turns = 0;
	FSOCK_WITH_CLIENT(s, f, "127.0.0.1", fsock_local_port(listener), NULL) {
		turns++;
		ck_assert_ptr_eq(fsock_of(f), s);
		fputs("hello\n", f);
		if (way == BREAK)
			break;
		if (way == CONTINUE)
			continue;
		if (way == GOTO)
			goto out;
		if (way == RETURN)
			return 6;
		fputs("to the end\n", f);
	}
	return way == THROUGH ? 17 : 6;
out:
	return 6;
}

START_TEST(client_and_listener)
{
	int fds = sock_open_fds(), served = 0;
	char buf[64];

	FSOCK_WITH_LISTENER(listener, "127.0.0.1", 0, NULL) {
		int sent = talk(listener, (enum way)_i);

		ck_assert_int_eq(turns, 1);
		FSOCK_WITH_CONNECTED(s, fsock_accept(listener, NULL)) {
			served++;
			ck_assert_int_eq(sock_read_all(fsock_socket(s), buf, sizeof buf), sent);
		}
	}
	ck_assert_int_eq(served, 1);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* A loop around a scope is not its business: break and continue leave the scope alone. */
START_TEST(scopes_in_a_loop)
{
	int fds = sock_open_fds(), rounds = 0;

	for (int i = 0; i < 5; i++) {
		FSOCK_WITH_CONNECTED(s, make()) {
			if (i % 2)
				continue;
			break;
		}
		rounds++;
		close(peer);
	}
	ck_assert_int_eq(rounds, 5);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* What cannot be made is passed over. */
START_TEST(passed_over)
{
	int fd, port = sock_dead_port(SOCK_TCP4, &fd), fds = sock_open_fds();
	FSOCK_AUTO fsock *nothing = fsock_connect("127.0.0.1", port, NULL);

	ck_assert_ptr_null(nothing);
	FSOCK_WITH_CLIENT(s, f, "127.0.0.1", port, NULL)
		ck_abort_msg("entered with %p, %p", (void *)s, (void *)f);
	sock_assert_error(FSOCK_CONNECTION_REFUSED_ERROR, ECONNREFUSED);
	FSOCK_WITH_LISTENER(s, "127.0.0.1", port, NULL)
		ck_abort_msg("entered with %p", (void *)s);
	sock_assert_error(FSOCK_ADDRESS_IN_USE_ERROR, EADDRINUSE);
	FSOCK_WITH_CONNECTED(s, fsock_accept(NULL, NULL))
		ck_abort_msg("entered with %p", (void *)s);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(sock_open_fds(), fds);
	close(fd);
}
END_TEST

/* A socket that was given up inside its scope is no longer the scope's. */
START_TEST(given_up)
{
	FILE *kept;
	char buf[8];

	{
		FSOCK_AUTO fsock *s = make();

		kept = fsock_stream(s);
		fsock_disown(s);
		s = NULL;
	}
	ck_assert_int_ge(fputs("kept", kept), 0);
	ck_assert_int_eq(fclose(kept), 0);
	ck_assert_int_eq(sock_read_all(peer, buf, sizeof buf), 4);
	close(peer);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("scope");
	TCase *tcase = tcase_create("scope");

	tcase_add_loop_test(tcase, left_once, 0, WAYS * COUNT(leavers));
	tcase_add_loop_test(tcase, client_and_listener, 0, WAYS);
	tcase_add_test(tcase, scopes_in_a_loop);
	tcase_add_test(tcase, passed_over);
	tcase_add_test(tcase, given_up);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
