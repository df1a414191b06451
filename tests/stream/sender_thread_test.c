/* Output that is queued, and other threads and processes. */
#include "../../src/base/compat.h"

#include <sys/socket.h>

#include <sched.h>
#include <unistd.h>

#include "sock/handle.h"
#include "../support/queue_link.h"

static struct queue_link link_;
static fsock_waitlist *list;

/* A thread that is to be cancelled does what it began: no lock is left taken. */
static void
drain_and_end(void *arg)
{
	pthread_cancel(pthread_self());
	if (*(int *)arg)
		fsock_set_nonblocking(link_.s, 0);
	else
		fsock_send_pending(link_.s);
	pthread_testcancel();
}

START_TEST(drained_by_cancelled)
{
	struct sock_thread drainer;
	int switches = _i % 2;

	if (!queue_link_open_way(
		&link_, &list, _i / 2, &(struct fsock_options){ .close_timeout = 20 }))
		return;
	queue_link_fill(&link_, 100000);
	sock_thread_start(&drainer, drain_and_end, &switches);
	while (switches && fsock_pending_output(link_.s) > 0)
		ck_assert(queue_link_read(&link_, SIZE_MAX));
	sock_thread_join(&drainer);
	ck_assert_int_eq(fsock_set_nonblocking(link_.s, 1), 0);
	queue_link_put(&link_, 1000);
	queue_link_read_all(&link_, list);
	queue_link_close_way(&link_, list);
}
END_TEST

/* Several threads write, a list drains, the peer reads: every record arrives whole. */
enum { WRITERS = 3, RECORDS = 2000 };
static atomic_int stop;

static void
write_records(void *arg)
{
	char record[17];
	int *writer = arg;

	for (int i = 0; i < RECORDS; i++) {
		snprintf(record, sizeof record, "%c record %6d\n", 'A' + *writer, i);
		while (fsock_is_congested(link_.s))
			sched_yield();
		if (fsock_send(link_.s, record, 16, NULL) != 16)
			return;
	}
	*writer = -1;
}

static void
wait_on_list(void *arg)
{
	while (!stop)
		fsock_waitlist_wait(arg, 1, NULL);
}

START_TEST(written_by_many)
{
	struct sock_thread writers[WRITERS], waiter;
	char record[17] = "", expected[17];
	int next[WRITERS] = { 0 }, ids[WRITERS];
	FILE *in;

	if (!queue_link_open_way(
		&link_, &list, _i, &(struct fsock_options){ .output_limit = 20000 }))
		return;
	stop = 0;
	if (list != NULL)
		sock_thread_start(&waiter, wait_on_list, list);
	for (int i = 0; i < WRITERS; i++) {
		ids[i] = i;
		sock_thread_start(&writers[i], write_records, &ids[i]);
	}
	in = fdopen(dup(link_.peer), "r");
	for (int i = 0; i < WRITERS * RECORDS; i++) {
		int who;

		ck_assert_ptr_nonnull(fgets(record, sizeof record, in));
		who = record[0] - 'A';
		ck_assert(who >= 0 && who < WRITERS);
		snprintf(expected, sizeof expected, "%c record %6d\n", record[0], next[who]++);
		ck_assert_str_eq(record, expected);
	}
	fclose(in);
	for (int i = 0; i < WRITERS; i++) {
		sock_thread_join(&writers[i]);
		ck_assert_int_eq(ids[i], -1);
	}
	stop = 1;
	if (list != NULL) {
		fsock_waitlist_wake(list);
		sock_thread_join(&waiter);
	}
	queue_link_close_way(&link_, list);
}
END_TEST

/*
 * What a FILE cannot write because another thread waits for the peer is gone: nothing follows it.
 * Flushed by fflush(f), or by anybody's fflush(NULL).
 */
enum { MUCH = 3000000 };
static char much[MUCH];

static void
send_much(void *arg)
{
	fsock *s = arg;

	if (fsock_send(s, much, MUCH, NULL) == MUCH)
		fputs("a sender that is to fail has not\n", stderr);
}

START_TEST(lost_behind_a_sender)
{
	static char got[65536];
	struct sock_thread sender;
	struct fsock_error error;
	size_t count = 0;
	ssize_t n;
	int peer, little = 4096;
	fsock *s = sock_raw(SOCK_TCP4, NULL, &peer);
	FILE *f = fsock_output(s);

	memset(much, 'm', MUCH);
	ck_assert_int_eq(
	    setsockopt(fsock_socket(s), SOL_SOCKET, SO_SNDBUF, &little, sizeof little), 0);
	ck_assert_int_eq(setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &little, sizeof little), 0);
	sock_thread_start(&sender, send_much, s);
	sock_thread_await_blocked(&sender);
	ck_assert_int_eq(fsock_set_nonblocking(s, 1), 0);
	ck_assert_int_ge(fputs("lost\n", f), 0);
	ck_assert_int_eq(fflush(_i ? NULL : f), EOF);
	fsock_socket_error(s, &error);
	ck_assert_int_eq(error.errnum, EBUSY);
	ck_assert_int_ge(fputs("later\n", f), 0);
	ck_assert_int_eq(fflush(f), EOF);
	ck_assert_int_eq(errno, EBUSY);
	while ((n = recv(peer, got, sizeof got, count == 0 ? 0 : MSG_DONTWAIT)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			ck_assert_int_eq(got[i], 'm');
		count += (size_t)n;
	}
	sock_thread_join(&sender);
	ck_assert_int_eq(fsock_close(s), -1);
	ck_assert_int_eq(errno, EBUSY);
	while ((n = recv(peer, got, sizeof got, 0)) > 0)
		count += (size_t)n;
	ck_assert_int_eq(n, -1);
	ck_assert_int_eq(errno, ECONNRESET);
	ck_assert_uint_lt(count, MUCH);
	close(peer);
}
END_TEST

/* A child has a copy of the queue, and sends nothing of it, whatever it does. */
static const char *const child_does[] = { "nothing", "close", "abort", "send", "print", "pending",
	"block", "release", "free", "close, free", "abort, free" };

static int
child(void *arg)
{
	const char *what = arg;

	if (strcmp(what, "send") == 0)
		SOCK_EXPECT(fsock_send(link_.s, "", 0, NULL) == 0);
	if (strcmp(what, "print") == 0)
		SOCK_EXPECT(fflush(fsock_stream(link_.s)) == 0);
	if (strcmp(what, "pending") == 0)
		SOCK_EXPECT(fsock_send_pending(link_.s) == 0);
	if (strncmp(what, "abort", 5) == 0 && link_.s->family == AF_UNIX)
		SOCK_EXPECT(fsock_abort(link_.s) == 0);
	if (strcmp(what, "block") == 0)
		SOCK_EXPECT(fsock_set_nonblocking(link_.s, 0) == 0);
	if (strcmp(what, "release") == 0)
		SOCK_EXPECT(fsock_release(link_.s, NULL, 0, NULL) >= 0);
	if (strncmp(what, "close", 5) == 0)
		SOCK_EXPECT(fsock_close(link_.s) == 0);
	if (strstr(what, "free"))
		fsock_waitlist_free(list);
	return 0;
}

START_TEST(forked)
{
	const char *what = child_does[_i % COUNT(child_does)];

	if (!queue_link_open_way(&link_, &list, _i / COUNT(child_does), NULL))
		return;
	queue_link_fill(&link_, 50000);
	ck_assert_int_eq(sock_child(child, (void *)(uintptr_t)what), 0);
	queue_link_put(&link_, 5000);
	if (list == NULL) /* else closing would wait */
		queue_link_read_all(&link_, list);
	ck_assert_int_eq(fsock_close(link_.s), 0);
	link_.s = NULL;
	queue_link_read_end(&link_, list);
	queue_link_close_way(&link_, list);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sender thread");
	TCase *t = tcase_create("sender thread");
	int ways = queue_link_ways();

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, drained_by_cancelled, 0, 2 * ways);
	tcase_add_loop_test(t, written_by_many, 0, ways - SOCK_TRANSPORTS);
	tcase_add_loop_test(t, lost_behind_a_sender, 0, 2);
	tcase_add_loop_test(t, forked, 0, ways * COUNT(child_does));
	suite_add_tcase(suite, t);
	return sock_run(suite);
}
