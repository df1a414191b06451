/* Wake-ups: readable from the first that was sent until they are drained. */
#include "../../src/base/compat.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sys.h"
#include "base/wake.h"
#include "../support/sock_support.h"

static struct fsock__wake wake;
static int fds;

static void
setup(void)
{
	fds = sock_open_fds();
	errno = EDOM;
	ck_assert_int_eq(fsock__wake_open(&wake), 0);
	ck_assert_int_eq(errno, EDOM);
}

static void
teardown(void)
{
	fsock__wake_close(&wake);
	ck_assert_int_eq(sock_open_fds(), fds);
}

static int
is_readable(void)
{
	return fsock__sys_wait(wake.fd, POLLIN, 0) == 1;
}

START_TEST(descriptors)
{
	const int both[] = { wake.fd, wake.sender };

	for (int i = 0; i < COUNT(both); i++) {
		ck_assert_int_ne(fcntl(both[i], F_GETFL) & O_NONBLOCK, 0);
		ck_assert_int_ne(fcntl(both[i], F_GETFD) & FD_CLOEXEC, 0);
	}
}
END_TEST

/* However many were sent: once drained, nothing is left of them. More than a pipe has room for. */
static const int counts[] = { 0, 1, 2, 7, 8, 9, 64, 65, 20000 };

START_TEST(sent)
{
	ck_assert(!is_readable());
	for (int round = 0; round < 3; round++) {
		errno = EDOM;
		for (int i = 0; i < counts[_i]; i++)
			fsock__wake_send(&wake);
		ck_assert_int_eq(is_readable(), counts[_i] > 0);
		ck_assert_int_eq(is_readable(), counts[_i] > 0);
		fsock__wake_drain(&wake);
		ck_assert(!is_readable());
		fsock__wake_drain(&wake);
		ck_assert(!is_readable());
		ck_assert_int_eq(errno, EDOM);
	}
}
END_TEST

/* Full as it can be: of an eventfd with this count nothing can be added. */
START_TEST(sent_when_full)
{
	uint64_t most = UINT64_MAX - 1;

	while (write(wake.sender, &most, sizeof most) == sizeof most)
		;
	errno = EDOM;
	fsock__wake_send(&wake);
	ck_assert_int_eq(errno, EDOM);
	ck_assert(is_readable());
	fsock__wake_drain(&wake);
	ck_assert(!is_readable());
	fsock__wake_send(&wake);
	ck_assert(is_readable());
}
END_TEST

static void
send_in_handler(int signum)
{
	(void)signum;
	fsock__wake_send(&wake);
}

START_TEST(sent_by_a_signal_handler)
{
	struct sigaction action = { .sa_handler = send_in_handler }, old;

	ck_assert_int_eq(sigaction(SIGUSR1, &action, &old), 0);
	errno = EDOM;
	raise(SIGUSR1);
	ck_assert_int_eq(errno, EDOM);
	ck_assert(is_readable());
	sigaction(SIGUSR1, &old, NULL);
}
END_TEST

static void
await(void *arg)
{
	*(int *)arg = fsock__sys_wait(wake.fd, POLLIN, FSOCK__NEVER);
}

START_TEST(sent_by_a_thread)
{
	struct sock_thread thread;
	int r = 0;

	sock_thread_start(&thread, await, &r);
	sock_thread_await_blocked(&thread);
	fsock__wake_send(&wake);
	sock_thread_join(&thread);
	ck_assert_int_eq(r, 1);
}
END_TEST

static int
send_in_child(void *unused)
{
	(void)unused;
	fsock__wake_send(&wake);
	return 0;
}

static int
drain_in_child(void *unused)
{
	(void)unused;
	SOCK_EXPECT(is_readable());
	fsock__wake_drain(&wake);
	fsock__wake_close(&wake);
	return 0;
}

/* A child has the same one: what it sends and drains is the parent's, what it closes is not. */
START_TEST(shared_with_a_child)
{
	ck_assert_int_eq(sock_child(send_in_child, NULL), 0);
	ck_assert(is_readable());
	ck_assert_int_eq(sock_child(drain_in_child, NULL), 0);
	ck_assert(!is_readable());
	fsock__wake_send(&wake);
	ck_assert(is_readable());
}
END_TEST

/* A thread that is to be cancelled sends and drains all the same. */
static void *
use_cancelled(void *arg)
{
	int unused;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &unused);
	pthread_cancel(pthread_self());
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &unused);
	fsock__wake_send(&wake);
	fsock__wake_drain(&wake);
	fsock__wake_send(&wake);
	*(int *)arg = 1;
	pthread_testcancel();
	return NULL;
}

START_TEST(no_point_of_cancellation)
{
	pthread_t thread;
	void *end;
	int came_back = 0;

	ck_assert_int_eq(pthread_create(&thread, NULL, use_cancelled, &came_back), 0);
	ck_assert_int_eq(pthread_join(thread, &end), 0);
	ck_assert_ptr_eq(end, PTHREAD_CANCELED);
	ck_assert_int_eq(came_back, 1);
	ck_assert(is_readable());
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("wake");
	TCase *tcase = tcase_create("wake");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, descriptors);
	tcase_add_loop_test(tcase, sent, 0, COUNT(counts));
	tcase_add_test(tcase, sent_when_full);
	tcase_add_test(tcase, sent_by_a_signal_handler);
	tcase_add_test(tcase, sent_by_a_thread);
	tcase_add_test(tcase, shared_with_a_child);
	tcase_add_test(tcase, no_point_of_cancellation);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
