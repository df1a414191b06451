/* A listener whose client cannot be accepted is not reported over and over again. */
#include "../../src/base/compat.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <unistd.h>

#include "../support/sock_support.h"
#include "../support/wait_support.h"

static fsock *listener;
static fsock_waitlist *list; /* NULL: fsock_wait_for_input() */

static int
wait_for_client(double timeout)
{
	return list != NULL ? fsock_waitlist_wait(list, timeout, NULL)
			    : fsock_wait_for_input(&listener, 1, timeout, NULL);
}

/* Forbids or allows more descriptors. */
static void
set_most(rlim_t most)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = most;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(no_descriptors)
{
	int way = _i, told = 0, next;
	fsock *client, *s;
	double start;

	if (sock_is_watched())
		return;
	listener = fsock_listen("127.0.0.1", 0, &(struct fsock_options){ .nonblocking = FSOCK_ON });
	ck_assert_ptr_nonnull(listener);
	list = way < wait_backends() ? wait_list(way) : NULL;
	if (list != NULL)
		ck_assert_int_eq(fsock_waitlist_add(list, listener, FSOCK_INPUT, NULL), 0);
	client = fsock_connect("127.0.0.1", fsock_local_port(listener), NULL);
	ck_assert_ptr_nonnull(client);
	next = dup(0);
	close(next);
	set_most((rlim_t)next);
	for (start = sock_now(); sock_now() < start + 0.5;) {
		if (wait_for_client(0.5) <= 0)
			continue;
		ck_assert_ptr_null(fsock_accept(listener, NULL));
		sock_assert_error(FSOCK_TOO_MANY_FILES_ERROR, EMFILE);
		told++;
	}
	ck_assert_msg(told >= 1 && told <= 2 + 20 * (sock_now() - start),
	    "%s: told %d times in %g s", wait_name(way), told, sock_now() - start);
	set_most(256);
	ck_assert_int_eq(wait_for_client(10), 1);
	s = fsock_accept(listener, NULL);
	ck_assert_ptr_nonnull(s);
	fsock_close(s);
	fsock_close(client);
	fsock_waitlist_free(list);
	fsock_close(listener);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rest");
	TCase *tcase = tcase_create("rest");

	tcase_add_loop_test(tcase, no_descriptors, 0, wait_ways());
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
