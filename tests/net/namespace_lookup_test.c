/*
 * Connecting by name where the resolver's only server never answers: what is sent to it gets lost.
 */
#include "../../src/base/compat.h"

#include <sys/resource.h>

#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/lookup_pool.h"
#include "../support/namespace.h"
#include "../support/sock_support.h"
#include "../support/wait_support.h"

#define NAME    "no.such.test"
#define CROWD   1000
#define THREADS FSOCK__LOOKUP_MOST /* a bound that does not grow with the crowd */
#define GAP     0.8                /* seconds; the resolver gives up after 1 */
#define BEAT    0.01               /* seconds between lines of the others */

static int has_network;

/* Runs in the process that all tests are forked from. */
static void
enter(void)
{
	char text[128];
	struct rlimit limit;

	has_network = namespace_enter();
	if (!has_network)
		return;
	snprintf(text, sizeof text, "nameserver %s\noptions timeout:1 attempts:1\n",
	    namespace_address("4d"));
	namespace_write("/etc/resolv.conf", text);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < 3 * CROWD) {
		fprintf(stderr, "SKIPPED: no %d files may be open\n", 3 * CROWD);
		has_network = 0;
	}
}

static void
idle(void *arg)
{
	(void)arg;
}

/* The thread sanitizer starts a thread of its own with the first: let that not count. */
static void
start_thread(void)
{
	struct sock_thread thread;
	char task[64];

	sock_thread_start(&thread, idle, NULL);
	sock_thread_join(&thread);
	snprintf(task, sizeof task, "/proc/self/task/%d", (int)thread.id);
	while (access(task, F_OK) == 0) /* joined, but the kernel may still count it */
		poll(NULL, 0, 1);
}

/* Threads that look up outlive what they did it for, but not the resolver's own patience. */
static void
await_threads(int count)
{
	double start = sock_now();

	while (namespace_count("/proc/self/task") > count && sock_now() - start < 30)
		poll(NULL, 0, 10);
	ck_assert_int_eq(namespace_count("/proc/self/task"), count);
}

static const struct limit {
	struct fsock_options options;
	enum fsock_error_kind kind;
	const char *text;
} limits[] = {
	{ { .connect_timeout = 0.2 }, FSOCK_TIMEOUT_ERROR, "Timed out" },
	{ { .timeout = 0.2 }, FSOCK_TIMEOUT_ERROR, "Timed out" },
	{ { .timeout = 60, .deadline = 0.2 }, FSOCK_DEADLINE_TIMEOUT_ERROR, "Deadline passed" },
};

START_TEST(blocking)
{
	const struct limit *row = &limits[_i];
	int threads = namespace_count("/proc/self/task"), files = namespace_count("/proc/self/fd");
	double start = sock_now(), seconds;

	if (!has_network)
		return;
	ck_assert_ptr_null(fsock_connect(NAME, 80, &row->options));
	seconds = sock_now() - start;
	sock_assert_failed(row->kind, ETIMEDOUT, "connect to " NAME " port 80: %s", row->text);
	ck_assert_double_ge(seconds, 0.2);
	ck_assert_double_le(seconds, 0.2 + GAP);
	await_threads(threads);
	ck_assert_int_eq(namespace_count("/proc/self/fd"), files);
}
END_TEST

/* Without limits the resolver's own answer is told. */
START_TEST(no_limit)
{
	if (!has_network)
		return;
	ck_assert_ptr_null(fsock_connect(NAME, 80, NULL));
	sock_assert_error(FSOCK_NS_TRY_AGAIN_ERROR, EHOSTUNREACH);
}
END_TEST

struct look_up {
	fsock *s;
	double start, limit;
	int is_over;
};

/* Those who are connected, and talk while the others look for a name. */
static struct talk {
	fsock *ends[2];
	double last, worst; /* when a line came back, and the longest time between two */
	int lines, is_away;
} talk;

static void
serve_talk(fsock_waitlist *list, const struct fsock_event *event)
{
	FILE *f = fsock_stream(event->socket);
	char line[64];
	double now = sock_now();

	if (event->state & FSOCK_TIMEOUT) {
		ck_assert_int_eq(talk.is_away, 0);
		talk.is_away = 1;
		ck_assert_int_gt(fprintf(f, "line %d\n", talk.lines), 0);
		ck_assert_int_eq(fflush(f), 0);
		ck_assert_int_eq(fsock_waitlist_set_timeout(list, event->socket, INFINITY), 0);
	}
	if (!(event->state & FSOCK_INPUT))
		return;
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	if (event->socket == talk.ends[1]) { /* who echoes */
		fputs(line, f);
		ck_assert_int_eq(fflush(f), 0);
		return;
	}
	ck_assert_int_eq(atoi(line + 5), talk.lines++);
	talk.is_away = 0;
	if (now - talk.last > talk.worst)
		talk.worst = now - talk.last;
	talk.last = now;
	ck_assert_int_eq(fsock_waitlist_set_timeout(list, event->socket, BEAT), 0);
}

static void
begin_talk(fsock_waitlist *list)
{
	memset(&talk, 0, sizeof talk);
	ck_assert_int_eq(
	    fsock_pair(talk.ends, &(struct fsock_options){ .nonblocking = FSOCK_ON }), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fsock_waitlist_add(list, talk.ends[i], FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_set_timeout(list, talk.ends[0], BEAT), 0);
	talk.last = sock_now();
}

static void
begin_look_ups(fsock_waitlist *list, struct look_up crowd[CROWD])
{
	double start = sock_now(), longest = 0;

	for (int i = 0; i < CROWD; i++) {
		struct look_up *l = &crowd[i];

		*l = (struct look_up){ .start = sock_now(), .limit = 0.3 + 0.05 * (i % 5) };
		l->s = fsock_connect(NAME, 80,
		    &(struct fsock_options){
			.nonblocking = FSOCK_ON, .connect_timeout = l->limit });
		ck_assert_msg(l->s != NULL, "%d: %s", i, fsock_last_error()->text);
		longest = fmax(longest, sock_now() - l->start);
		ck_assert_int_eq(fsock_is_connecting(l->s), 1);
		ck_assert_int_eq(fsock_waitlist_add(list, l->s, FSOCK_IO, l), 0);
	}
	ck_assert_double_le(longest, GAP);
	ck_assert_double_le(sock_now() - start, 2 * GAP);
}

static void
end_look_up(const struct fsock_event *event)
{
	struct look_up *l = event->user;
	double seconds = sock_now() - l->start;

	ck_assert_int_eq(event->state, FSOCK_FAILED);
	ck_assert_int_eq(event->error, ETIMEDOUT);
	ck_assert_int_eq(l->is_over, 0);
	ck_assert_double_ge(seconds, l->limit);
	ck_assert_double_le(seconds, l->limit + 2 * GAP);
	ck_assert_int_eq(fsock_send_pending(l->s), -1);
	sock_assert_failed(
	    FSOCK_TIMEOUT_ERROR, ETIMEDOUT, "connect to " NAME " port 80: Timed out");
	l->is_over = 1;
	fsock_close(l->s);
}

START_TEST(crowd)
{
	static struct look_up all[CROWD];
	int threads = namespace_count("/proc/self/task"), files = namespace_count("/proc/self/fd");
	struct fsock_event event;
	fsock_waitlist *list;

	if (!has_network)
		return;
	list = wait_list(_i);
	begin_look_ups(list, all);
	begin_talk(list);
	for (int left = CROWD; left > 0;) {
		ck_assert_int_gt(fsock_waitlist_wait(list, 20, NULL), 0);
		while (fsock_waitlist_next(list, &event) != NULL) {
			if (event.user == NULL)
				serve_talk(list, &event);
			else
				end_look_up(&event);
			left -= event.user != NULL;
		}
		ck_assert_int_le(namespace_count("/proc/self/task"), threads + THREADS);
	}
	ck_assert_double_le(talk.worst, GAP);
	ck_assert_double_le(sock_now() - talk.last, GAP); /* nor was it forgotten */
	ck_assert_int_eq(fsock_waitlist_count(list), 2);
	fsock_close(talk.ends[0]);
	fsock_close(talk.ends[1]);
	fsock_waitlist_free(list);
	await_threads(threads);
	ck_assert_int_eq(namespace_count("/proc/self/fd"), files);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("namespace lookup");
	TCase *tcase = tcase_create("namespace lookup");

	tcase_add_unchecked_fixture(tcase, enter, NULL);
	tcase_add_checked_fixture(tcase, start_thread, NULL);
	tcase_add_test(tcase, no_limit);
	tcase_add_loop_test(tcase, blocking, 0, COUNT(limits));
	tcase_add_loop_test(tcase, crowd, 0, wait_backends());
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
