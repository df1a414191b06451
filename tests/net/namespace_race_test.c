/*
 * Happy Eyeballs (RFC 8305) as a program meets it: by host name, in a network where packets get
 * lost, are refused or come late. All hosts are connected to at once, by every means there is.
 */
#include "../../src/base/compat.h"

#include <math.h>
#include <stdlib.h>

#include "../support/namespace.h"
#include "../support/sock_support.h"
#include "../support/wait_support.h"

#define LIMIT 0.6  /* seconds to connect where nobody answers */
#define SOON  0.05 /* when an "s" answers */
#define LATE \
	0.6 /* when an "l" answers: after the next address had its turn, also if that is late */

static int has_network;

static const struct row {
	const char *addresses; /* see support/namespace.h */
	enum fsock_family family;
	double end;      /* when it is over */
	const char *won; /* and who won, or */
	int error;
} rows[] = {
	{ "6a", FSOCK_ANY_FAMILY, 0, "6a", 0 },
	{ "4a 6a", FSOCK_ANY_FAMILY, 0, "6a", 0 }, /* RFC 6724 */
	{ "4a 6a", FSOCK_IPV4_FIRST, 0, "4a", 0 },
	/* One family is black-holed. */
	{ "6d 4a", FSOCK_ANY_FAMILY, 0.25, "4a", 0 },
	{ "6d 6e 4a", FSOCK_ANY_FAMILY, 0.25, "4a", 0 }, /* families in turn */
	{ "4d 6a", FSOCK_IPV4_FIRST, 0.25, "6a", 0 },
	{ "4d 4e 6a", FSOCK_IPV4_FIRST, 0.25, "6a", 0 },
	{ "6n 4a", FSOCK_ANY_FAMILY, 0.25, "4a", 0 },
	{ "6d 6e 6a", FSOCK_IPV6_ONLY, 0.5, "6a", 0 },
	{ "6d 4d", FSOCK_ANY_FAMILY, LIMIT, NULL, ETIMEDOUT },
	/* Refused: the next one has its turn at once. */
	{ "6r 4a", FSOCK_ANY_FAMILY, 0, "4a", 0 },
	{ "4r 6a", FSOCK_IPV4_FIRST, 0, "6a", 0 },
	{ "6d 6r 4r 6a", FSOCK_ANY_FAMILY, 0.25, "6a", 0 },
	{ "6r 4r", FSOCK_ANY_FAMILY, 0, NULL, ECONNREFUSED },
	/* No way there, likewise. */
	{ "6u 4a", FSOCK_IPV6_FIRST, 0, "4a", 0 },
	{ "6u 4r", FSOCK_IPV6_FIRST, 0, NULL, ECONNREFUSED },
	{ "6u 4u", FSOCK_ANY_FAMILY, 0, NULL, EHOSTUNREACH },
	/* Slow: who was tried before may still win. */
	{ "6s 4d", FSOCK_ANY_FAMILY, SOON, "6s", 0 },
	{ "6l 4a", FSOCK_ANY_FAMILY, 0.25, "4a", 0 },
	{ "6l 4d", FSOCK_ANY_FAMILY, LATE, "6l", 0 },
	{ "6d 4l", FSOCK_ANY_FAMILY, LATE, "4l", 0 },
	{ "6l 4r", FSOCK_ANY_FAMILY, LATE, "6l", 0 },
};

static const char *
name_of(int i)
{
	static char name[32];

	snprintf(name, sizeof name, "host%d.test", i);
	return name;
}

static void
write_hosts(void)
{
	static char text[65536];
	size_t n = 0;

	for (int i = 0; i < COUNT(rows); i++)
		for (const char *p = rows[i].addresses; p != NULL; p = strchr(p, ' ')) {
			p += *p == ' ';
			n += (size_t)snprintf(
			    text + n, sizeof text - n, "%s %s\n", namespace_address(p), name_of(i));
		}
	namespace_write("/etc/hosts", text);
}

/* How a connection came out. */
struct end {
	const struct row *row;
	char name[32];
	fsock *s;
	double start, seconds;
	int error;
};

static struct end ends[COUNT(rows)];
static double hurdle; /* when those that answer late began to count */

static struct fsock_options
options_of(const struct end *end, int nonblocking)
{
	return (struct fsock_options){ .family = end->row->family,
		.connect_timeout = end->row->error == ETIMEDOUT ? LIMIT : 60,
		.nonblocking = nonblocking ? FSOCK_ON : FSOCK_DEFAULT };
}

static void
begin(struct end *end, int i)
{
	*end = (struct end){ .row = &rows[i] };
	snprintf(end->name, sizeof end->name, "%s", name_of(i));
}

static void
finish(struct end *end, int error)
{
	end->seconds = sock_now() - end->start;
	end->error = error;
}

/* In a thread. */
static void
connect_blocking(void *arg)
{
	struct end *end = arg;
	struct fsock_options options = options_of(end, 0);

	end->start = sock_now();
	end->s = fsock_connect(end->name, NAMESPACE_PORT, &options);
	finish(end, end->s == NULL ? errno : 0);
}

static void
run_blocking(void)
{
	struct sock_thread threads[COUNT(rows)];

	for (int i = 0; i < COUNT(rows); i++) {
		begin(&ends[i], i);
		sock_thread_start(&threads[i], connect_blocking, &ends[i]);
	}
	for (int i = 0; i < COUNT(rows); i++)
		sock_thread_join(&threads[i]);
}

static double waited; /* in calls that are not to wait */

/* What is known at once is told at once. */
static void
connect_nonblocking(struct end *end)
{
	struct fsock_options options = options_of(end, 1);

	end->start = sock_now();
	end->s = fsock_connect(end->name, NAMESPACE_PORT, &options);
	if (end->s == NULL)
		finish(end, errno);
	waited += sock_now() - end->start;
}

static void
run_list(int backend)
{
	fsock_waitlist *list = wait_list(backend);
	struct fsock_event event;

	for (int i = 0; i < COUNT(rows); i++) {
		begin(&ends[i], i);
		connect_nonblocking(&ends[i]);
		if (ends[i].s != NULL)
			ck_assert_int_eq(
			    fsock_waitlist_add(list, ends[i].s, FSOCK_OUTPUT, &ends[i]), 0);
	}
	while (fsock_waitlist_count(list) > 0) {
		ck_assert_int_gt(fsock_waitlist_wait(list, 20, NULL), 0);
		while (fsock_waitlist_next(list, &event) != NULL) {
			finish(event.user, event.error);
			ck_assert_int_eq((event.state & FSOCK_FAILED) != 0, event.error != 0);
			ck_assert_int_eq(fsock_waitlist_remove(list, event.socket), 0);
		}
	}
	fsock_waitlist_free(list);
}

/* Without a list fsock_wait_for_input() goes on connecting, and sending tells what came of it. */
static void
run_wait_for_input(void)
{
	fsock *pending[COUNT(rows)];
	size_t left = COUNT(rows);

	for (int i = 0; i < COUNT(rows); i++) {
		begin(&ends[i], i);
		connect_nonblocking(&ends[i]);
	}
	while (left > 0) {
		left = 0;
		for (int i = 0; i < COUNT(rows); i++) {
			if (ends[i].seconds == 0 && !fsock_is_connecting(ends[i].s))
				finish(&ends[i], fsock_send_pending(ends[i].s) < 0 ? errno : 0);
			else if (ends[i].seconds == 0)
				pending[left++] = ends[i].s;
		}
		ck_assert_int_ge(fsock_wait_for_input(pending, left, left > 0 ? 0.01 : 0, NULL), 0);
	}
}

/* Slower programs are told of by what multiplies the tests' limits. */
static double
patience(void)
{
	const char *factor = getenv("CK_TIMEOUT_MULTIPLIER");

	return 0.8 * (factor == NULL ? 1 : atof(factor));
}

static void
check(struct end *end)
{
	const struct row *row = end->row;
	double least = row->won != NULL && strpbrk(row->won, "sl") != NULL
			   ? row->end - (end->start - hurdle)
			   : row->end;
	char peer[FSOCK_ADDR_TEXT_SIZE] = "nobody";

	if (strchr(row->addresses, 'n') !=
	    NULL) /* earlier questions for the neighbour may fail just now */
		least = 0;

	if (end->error == 0)
		fsock_peer_address(end->s, peer, sizeof peer);
	ck_assert_msg(end->error == row->error, "%s: %s", row->addresses, strerror(end->error));
	ck_assert_msg(row->won == NULL || strcmp(peer, namespace_address(row->won)) == 0,
	    "%s: %s won, after %g s", row->addresses, peer, end->seconds);
	ck_assert_msg(end->seconds >= least - SOCK_TICK && end->seconds <= row->end + patience(),
	    "%s: took %g s, not %g s", row->addresses, end->seconds, row->end);
	fsock_close(end->s);
}

/* Each backend's list, fsock_wait_for_input(), then blocking calls. */
START_TEST(all_at_once)
{
	int files;

	if (!has_network)
		return;
	write_hosts();
	namespace_forget();
	files = namespace_count("/proc/self/fd");
	waited = 0;
	hurdle = sock_now();
	namespace_resolve_later(SOON, LATE);
	if (_i < wait_backends())
		run_list(_i);
	else if (_i == wait_backends())
		run_wait_for_input();
	else
		run_blocking();
	namespace_await_resolved();
	ck_assert_double_le(waited, 1); /* together; to wait for them would take five seconds */
	for (int i = 0; i < COUNT(ends); i++)
		check(&ends[i]);
	ck_assert_int_eq(namespace_count("/proc/self/fd"), files);
}
END_TEST

/* Runs in the process that all tests are forked from. */
static void
enter(void)
{
	has_network = namespace_enter();
}

int
main(void)
{
	Suite *suite = suite_create("namespace race");
	TCase *tcase = tcase_create("namespace race");

	tcase_add_unchecked_fixture(tcase, enter, NULL);
	tcase_add_loop_test(tcase, all_at_once, 0, wait_ways() + 1);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
