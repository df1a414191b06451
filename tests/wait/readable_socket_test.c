/* What else counts as readable: errors, listeners and datagrams, by every way to wait. */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "sock/handle.h"
#include "../support/sock_support.h"
#include "../support/wait_support.h"

static const struct fsock_options whole = { .delivery = FSOCK_DELIVER_WHOLE_LINE, .line_limit = 8 };

/* A closed socket cannot be added to a list; what is said of a member is in waitlist_test.c. */
START_TEST(closed)
{
	int peer;
	fsock *s = sock_raw(_i, NULL, &peer);

	ck_assert_int_eq(fclose(fsock_stream(s)), 0);
	ck_assert_int_eq(fsock_wait_for_input(&s, 1, 5, NULL), 1);
	ck_assert_int_eq(fsock_state(s), FSOCK_FAILED);
	ck_assert_int_eq(fsock_close(s), 0);
	close(peer);
}
END_TEST

/* An error counts, and waiting has not swallowed it; also where waiting has read on before. */
START_TEST(reset)
{
	fsock *ends[2];
	FILE *f;

	sock_link(SOCK_TCP4, _i % 2 ? &whole : NULL, ends);
	f = fsock_stream(ends[0]);
	ck_assert_int_eq(fsock_abort(ends[1]), 0);
	ck_assert_int_eq(wait_state(_i / 2, ends[0], 5), FSOCK_INPUT | FSOCK_HANGUP | FSOCK_FAILED);
	ck_assert_int_eq(getc(f), EOF);
	sock_assert_error(FSOCK_CONNECTION_RESET_ERROR, ECONNRESET);
	fsock_close(ends[0]);
}
END_TEST

/* An error that comes while waiting receives is kept for the next read, and counts until then. */
START_TEST(reset_while_receiving)
{
	fsock *ends[2];
	char line[64];
	FILE *f;

	sock_link(SOCK_TCP4, &whole, ends);
	f = fsock_stream(ends[0]);
	ck_assert_int_eq(write(fsock_socket(ends[1]), "ha", 2), 2);
	ck_assert_int_eq(wait_state(_i, ends[0], 0), 0);
	ck_assert_int_eq(fsock_abort(ends[1]), 0);
	while (poll(&(struct pollfd){ .fd = fsock_socket(ends[0]) }, 1, 5000) == 0)
		;
	ck_assert_int_eq(ends[0]->stream_ops->fetch(ends[0]), 1);
	ck_assert_int_gt(ends[0]->stream_ops->buffered(ends[0]), 0);
	ck_assert_int_ne(wait_state(_i, ends[0], 5) & FSOCK_INPUT, 0);
	ck_assert_ptr_null(fgets(line, sizeof line, f));
	sock_assert_error(FSOCK_CONNECTION_RESET_ERROR, ECONNRESET);
	fsock_close(ends[0]);
}
END_TEST

START_TEST(listener)
{
	int way = _i;
	fsock *s = fsock_listen("127.0.0.1", 0, NULL), *client, *served;

	ck_assert_int_eq(wait_state(way, s, 0), 0);
	client = fsock_connect("127.0.0.1", fsock_local_port(s), NULL);
	ck_assert_int_eq(wait_state(way, s, 5), FSOCK_INPUT);
	served = fsock_accept(s, NULL);
	ck_assert_int_eq(wait_state(way, s, 0), 0);
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_IO), 0);
	ck_assert_int_eq(wait_state(way, s, 5) & FSOCK_INPUT, FSOCK_INPUT);
	ck_assert_ptr_null(fsock_accept(s, NULL));
	ck_assert_int_eq(errno, ESHUTDOWN);
	fsock_close(served);
	fsock_close(client);
	fsock_close(s);
}
END_TEST

START_TEST(datagram)
{
	int fds[2];
	fsock *s;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	s = fsock_adopt(fds[0], NULL);
	ck_assert_int_eq(wait_state(_i, s, 0), 0);
	ck_assert_int_eq(send(fds[1], "", 0, 0), 0);
	ck_assert_int_eq(wait_state(_i, s, 5), FSOCK_INPUT);
	fsock_close(s);
	close(fds[1]);
}
END_TEST

/* Where select(2) would fail. */
START_TEST(high_descriptor)
{
	int fds[2], high;
	fsock *s;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	high = fcntl(fds[0], F_DUPFD, 1100);
	if (high < 0) {
		fprintf(stderr, "SKIPPED: no descriptor above 1024 is to be had\n");
		return;
	}
	s = fsock_adopt(high, NULL);
	ck_assert_int_eq(wait_state(_i, s, 0), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(wait_state(_i, s, 5), FSOCK_INPUT);
	fsock_close(s);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("readable socket");
	TCase *tcase = tcase_create("readable socket");

	tcase_add_loop_test(tcase, closed, 0, SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, reset, 0, 2 * wait_ways());
	tcase_add_loop_test(tcase, reset_while_receiving, 0, wait_ways());
	tcase_add_loop_test(tcase, listener, 0, wait_ways());
	tcase_add_loop_test(tcase, datagram, 0, wait_ways());
	tcase_add_loop_test(tcase, high_descriptor, 0, wait_ways());
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
