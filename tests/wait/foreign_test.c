/* What is waited for beside sockets: descriptors of every kind, by every way to wait. */
#include "../../src/base/compat.h"

#include <sys/resource.h>

#include <fcntl.h>
#include <unistd.h>

#include "../support/descriptors.h"
#include "../support/sock_support.h"
#include "../support/wait_support.h"

START_TEST(readable)
{
	const struct descriptor_row *row = &descriptor_inputs[_i % descriptor_input_count];
	int way = _i / descriptor_input_count, state;
	struct descriptor p;
	fsock *s = descriptor_begin(&p, row);

	ck_assert_int_eq(fsock_socket(s), p.fd);
	for (int i = 0; i < 2; i++) { /* it is told as long as it is true */
		state = wait_state(way, s, row->state == 0 ? 0 : 60);
		ck_assert_msg((state & ~row->may) == row->state, "%s, %s: %d", row->name,
		    wait_name(way), state);
	}
	descriptor_finish(&p, s);
}
END_TEST

START_TEST(writable)
{
	const struct descriptor_row *row = &descriptor_outputs[_i % descriptor_output_count];
	struct fsock_event event = { .state = 0 };
	struct descriptor p;
	fsock *s = descriptor_begin(&p, row);
	fsock_waitlist *list = wait_list(_i / descriptor_output_count);

	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_OUTPUT, &p), 0);
	ck_assert_int_ge(fsock_waitlist_wait(list, row->state == 0 ? 0 : 60, NULL), 0);
	if (fsock_waitlist_next(list, &event) != NULL)
		ck_assert_ptr_eq(event.user, &p);
	ck_assert_msg((event.state & ~row->may) == row->state, "%s: %d", row->name, event.state);
	ck_assert_int_eq(event.error, 0);
	fsock_waitlist_free(list);
	descriptor_finish(&p, s);
}
END_TEST

/* An error of somebody else's socket is left to who owns it. */
START_TEST(error_of_a_stranger)
{
	struct fsock_event event = { .state = 0 };
	struct fsock_error error;
	fsock_waitlist *list = wait_list(_i);
	int value, peer;
	fsock *owner = sock_raw(SOCK_TCP4, NULL, &peer), *s = fsock_watch(fsock_socket(owner));

	ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(setsockopt(peer, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
			     sizeof(struct linger)),
	    0);
	close(peer);
	ck_assert_int_eq(fsock_waitlist_wait(list, 60, NULL), 1);
	ck_assert_ptr_eq(fsock_waitlist_next(list, &event), s);
	ck_assert_int_ne(event.state & FSOCK_FAILED, 0);
	ck_assert_int_eq(event.error, 0);
	ck_assert_int_eq(fsock_socket_error(s, &error), 0);
	ck_assert_int_eq(getsockopt(fsock_socket(owner), SOL_SOCKET, SO_ERROR, &value,
			     &(socklen_t){ sizeof value }),
	    0);
	ck_assert_int_eq(value, ECONNRESET);
	fsock_close(s);
	fsock_close(owner);
	fsock_waitlist_free(list);
}
END_TEST

/* ---- What cannot be watched. */

static void
expect_no(int fd, int error)
{
	errno = 0;
	ck_assert_ptr_null(fsock_watch(fd));
	ck_assert_int_eq(errno, error);
	ck_assert_int_eq(fsock_last_error()->errnum, error);
	ck_assert_str_eq(fsock_last_error()->operation, "watch");
}

START_TEST(no_descriptor)
{
	struct descriptor p;

	descriptor_pipe(&p);
	close(p.fd);
	expect_no(p.fd, EBADF);
	expect_no(-1, EBADF);
	close(p.other);
	expect_no(1 << 30, EBADF);
}
END_TEST

START_TEST(too_many_descriptors)
{
	struct rlimit old, few;
	struct descriptor p;
	int next;

	if (sock_is_watched())
		return;
	descriptor_pipe(&p);
	next = dup(0);
	close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = (rlim_t)next;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	expect_no(p.fd, EMFILE);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	close(p.fd), close(p.other);
}
END_TEST

/* ---- What it is not for. */

static void
expect_unsupported(fsock *s)
{
	struct fsock_addr addr;
	double value;
	fsock *const sockets[] = { s };
	const struct fsock_server_options options = { .sockets = sockets, .socket_count = 1 };

#define UNSUPPORTED(failed)                                          \
	do {                                                         \
		errno = 0;                                           \
		ck_assert_msg(failed, "%s", #failed);                \
		ck_assert_int_eq(errno, EOPNOTSUPP);                 \
		ck_assert_int_eq(fsock_last_error()->errnum, errno); \
	} while (0)
	UNSUPPORTED(fsock_stream(s) == NULL);
	UNSUPPORTED(fsock_input(s) == NULL);
	UNSUPPORTED(fsock_output(s) == NULL);
	UNSUPPORTED(fsock_send(s, "x", 1, NULL) < 0);
	UNSUPPORTED(fsock_receive(s, &value, 1, NULL) < 0);
	UNSUPPORTED(fsock_accept(s, NULL) == NULL);
	UNSUPPORTED(fsock_shutdown(s, FSOCK_IO) < 0);
	UNSUPPORTED(fsock_release(s, NULL, 0, NULL) < 0);
	UNSUPPORTED(fsock_upgrade(s) < 0);
	UNSUPPORTED(fsock_local_name(s, &addr) < 0);
	UNSUPPORTED(fsock_peer_port(s) < 0);
	UNSUPPORTED(fsock_set_nonblocking(s, 1) < 0);
	UNSUPPORTED(fsock_set_deadline(s, 1) < 0);
	UNSUPPORTED(fsock_interrupt(s, FSOCK_IO) < 0);
	UNSUPPORTED(fsock_get_option(s, FSOCK_OPTION_TYPE, &value) < 0);
	UNSUPPORTED(fsock_set_option(s, FSOCK_OPTION_TTL, 9) < 0);
	UNSUPPORTED(fsock_multicast_interface(s, NULL) < 0);
	UNSUPPORTED(fsock_server_start(NULL, 0, fsock_echo_tcp_handler, NULL, &options) == NULL);
#undef UNSUPPORTED
	ck_assert(!fsock_is_stream(s) && !fsock_is_listener(s) && !fsock_is_datagram(s));
	ck_assert(!fsock_is_connecting(s) && !fsock_is_nonblocking(s) && !fsock_is_congested(s));
}

START_TEST(unsupported)
{
	struct descriptor p;
	fsock *s;

	for (int i = 0; i < descriptor_input_count; i++) {
		s = descriptor_begin(&p, &descriptor_inputs[i]);
		expect_unsupported(s);
		descriptor_finish(&p, s);
	}
	s = fsock_timer();
	ck_assert_ptr_nonnull(s);
	expect_unsupported(s);
	ck_assert_int_eq(fsock_socket(s), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	ck_assert_int_eq(fsock_abort(s), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("foreign");
	TCase *tcase = tcase_create("foreign");
	int n = wait_backends();

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, readable, 0, wait_ways() * descriptor_input_count);
	tcase_add_loop_test(tcase, writable, 0, n * descriptor_output_count);
	tcase_add_loop_test(tcase, error_of_a_stranger, 0, n);
	tcase_add_test(tcase, no_descriptor);
	tcase_add_test(tcase, too_many_descriptors);
	tcase_add_test(tcase, unsupported);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
