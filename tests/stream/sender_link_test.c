/*
 * Output that is queued, on real sockets: it arrives as it was written, ends as it was ended, and
 * what breaks it is told.
 */
#include "../../src/base/compat.h"

#include <math.h>
#include <stdlib.h>
#include <sched.h>
#include <unistd.h>

#include "../support/queue_link.h"

static struct queue_link link_;
static fsock_waitlist *list;

/* By the two-way stream, by fsock_send(), and by what empties the queue, in any order. */
START_TEST(in_order)
{
	unsigned seed = (unsigned)_i + 1;
	FILE *f;

	if (!queue_link_open_way(&link_, &list, _i, NULL))
		return;
	f = fsock_stream(link_.s);
	for (int i = 0; i < 600; i++) {
		size_t n = 1 + ((size_t)rand_r(&seed) % 20000 >> rand_r(&seed) % 15);

		switch (rand_r(&seed) % 5) {
		case 0:
		case 1:
			ck_assert_uint_eq(fwrite(queue_pattern(link_.sent, n), 1, n, f), n);
			link_.sent += n;
			break;
		case 2:
			queue_link_put(&link_, n);
			break;
		case 3:
			ck_assert_int_eq(fflush(f), 0);
			queue_link_turn(&link_, list);
			break;
		default:
			ck_assert(queue_link_read(&link_, 3 * n));
			break;
		}
		ck_assert_uint_le((size_t)fsock_pending_output(link_.s), link_.sent - link_.got);
		while (fsock_is_congested(link_.s)) {
			queue_link_turn(&link_, list);
			ck_assert(queue_link_read(&link_, SIZE_MAX));
		}
	}
	ck_assert_int_eq(fflush(f), 0);
	queue_link_read_all(&link_, list);
	ck_assert_int_eq(fsock_pending_output(link_.s), 0);
	queue_link_close_way(&link_, list);
}
END_TEST

/* How the output side ends; all that was written comes before the end. */
static const char *const endings[] = { "shutdown", "shutdown twice", "half-close",
	"shutdown, then half-close" };

static void
end_output(const char *how, FILE *f)
{
	if (how[0] == 's')
		ck_assert_int_eq(fsock_shutdown(link_.s, FSOCK_OUTPUT), 0);
	if (strstr(how, "twice"))
		ck_assert_int_eq(fsock_shutdown(link_.s, FSOCK_OUTPUT), 0);
	if (strstr(how, "half"))
		ck_assert_int_eq(fclose(f), 0);
}

START_TEST(ended)
{
	const char *how = endings[_i % COUNT(endings)];
	FILE *in, *f;

	if (!queue_link_open_way(&link_, &list, _i / COUNT(endings), NULL))
		return;
	in = fsock_input(link_.s);
	f = fsock_output(link_.s);
	ck_assert_int_eq(fclose(fsock_stream(link_.s)), 0);
	queue_link_fill(&link_, 50000);
	ck_assert_uint_eq(fwrite(queue_pattern(link_.sent, 100), 1, 100, f), 100);
	link_.sent += 100; /* of the FILE's buffer */
	end_output(how, f);
	ck_assert_int_gt(fsock_pending_output(link_.s), 0);
	/* Nothing comes behind the end, while that is on its way. */
	ck_assert_int_eq(fsock_send(link_.s, "x", 1, NULL), -1);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	queue_link_read_end(&link_, list);
	ck_assert_int_eq(write(link_.peer, "still\n", 6), 6);
	while (getc(in) != 's')
		clearerr(in);
	queue_link_close_way(&link_, list);
}
END_TEST

/* Switched off: what is queued goes out first, and then calls wait. */
static void
read_slowly(void *arg)
{
	char octets[4096];
	size_t *n = arg;
	ssize_t r;

	while ((r = read(link_.peer, octets, sizeof octets)) > 0)
		*n += (size_t)r;
}

START_TEST(switched_off)
{
	struct sock_thread reader;
	size_t n = 0;

	if (!queue_link_open_way(&link_, &list, _i, NULL))
		return;
	queue_link_fill(&link_, 100000);
	sock_thread_start(&reader, read_slowly, &n);
	ck_assert_int_eq(fsock_set_nonblocking(link_.s, 0), 0);
	ck_assert_int_eq(fsock_pending_output(link_.s), 0);
	queue_link_put(&link_, 60000);
	ck_assert_int_eq(fsock_pending_output(link_.s), 0);
	ck_assert_int_eq(fsock_set_nonblocking(link_.s, 1), 0);
	queue_link_put(&link_, 60000);
	ck_assert_int_eq(fsock_close(link_.s), 0);
	link_.s = NULL;
	while (list != NULL && fsock_waitlist_closing(list) > 0)
		ck_assert_int_eq(fsock_waitlist_wait(list, 0.01, NULL), 0);
	sock_thread_join(&reader);
	ck_assert_uint_eq(n, link_.sent);
	queue_link_close_way(&link_, list);
}
END_TEST

/* The peer does not read: the wait for that is bounded, by whatever comes first. */
START_TEST(switched_off_in_vain)
{
	static const struct {
		double close_timeout, deadline;
	} rows[] = { { 0.1, INFINITY }, { 20, 0.1 } };
	struct fsock_options options = { .close_timeout = rows[_i % 2].close_timeout };
	double start;

	if (!queue_link_open_way(&link_, &list, _i / 2, &options))
		return;
	queue_link_stop(&link_);
	queue_link_fill(&link_, 100000);
	start = sock_now();
	ck_assert_int_eq(fsock_set_deadline(link_.s, rows[_i % 2].deadline), 0);
	ck_assert_int_eq(fsock_set_nonblocking(link_.s, 0), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	sock_assert_took(start, 0.1);
	ck_assert_int_eq(fsock_pending_output(link_.s), 0);
	ck_assert_int_eq(fsock_send(link_.s, "x", 1, NULL), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	queue_link_close_way(&link_, list);
}
END_TEST

/* What ends output while it is queued is reported, with its errno. */
static const struct ending {
	const char *what;
	int errnum, other; /* systems and transports differ */
} ends[] = {
	{ "reset", ECONNRESET, EPIPE },
	{ "gone", ECONNRESET, EPIPE },
	{ "late", ETIMEDOUT, ETIMEDOUT },
	{ "late, known before", ETIMEDOUT, ETIMEDOUT },
	{ "found late by a send", ETIMEDOUT, ETIMEDOUT },
	{ "too much", ENOBUFS, ENOBUFS },
	{ "bad text", EILSEQ, EILSEQ },
};

static void
make_end(const char *what)
{
	static const char much[9000] = "x";
	FILE *f = fsock_stream(link_.s);

	if (what[0] == 'r') {
		ck_assert_int_eq(fsock_send(link_.s, "", 0, NULL), 0);
		queue_link_reset(&link_);
	} else if (what[0] == 'g') {
		close(link_.peer);
		link_.peer = -1;
	} else if (strcmp(what, "late") == 0) {
		ck_assert_int_eq(fsock_set_deadline(link_.s, 0.05), 0);
	} else if (what[0] == 'f') {
		double late = sock_now() + 0.1;

		ck_assert_int_eq(fsock_set_write_deadline(link_.s, 0.1), 0);
		if (list != NULL)
			fsock_waitlist_wait(list, 0, NULL); /* it has looked: nothing is new */
		while (sock_now() < late)
			sched_yield();
		ck_assert_int_eq(fsock_send(link_.s, much, sizeof much, NULL), -1);
	} else if (what[0] == 't') {
		ck_assert(fwrite(much, 1, sizeof much, f) < sizeof much || fflush(f) != 0);
	} else if (what[0] == 'b') {
		ck_assert(fputs("\xe6\x97\xa5", f) < 0 || fflush(f) != 0);
	}
}

START_TEST(reported)
{
	const struct ending *end = &ends[_i % COUNT(ends)];
	struct fsock_options options = { .output_limit = 200000 };
	struct fsock_event event = { .state = 0 };
	int is_known = strstr(end->what, "before") != NULL;

	if (end->what[0] == 'b')
		options.format = "latin-1";
	if (!queue_link_open_way(&link_, &list, _i / COUNT(ends), &options))
		return;
	queue_link_stop(&link_);
	while (fsock_send_pending(link_.s) < 195000)
		queue_link_put(&link_, 1000);
	if (is_known)
		ck_assert_int_eq(fsock_set_deadline(link_.s, 0.4), 0);
	if (list != NULL) /* the deadline may have passed by then */
		ck_assert_int_le(fsock_waitlist_wait(list, 0, NULL), is_known);
	make_end(end->what);
	if (list != NULL) {
		do
			ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
		while (fsock_waitlist_next(list, &event) != NULL && !(event.state & FSOCK_FAILED));
		ck_assert_ptr_eq(event.socket, link_.s);
		ck_assert_msg(event.error == end->errnum || event.error == end->other, "%s: %s",
		    end->what, strerror(event.error));
	} else {
		while (fsock_send_pending(link_.s) >= 0)
			usleep(1000);
	}
	ck_assert_int_eq(fsock_pending_output(link_.s), 0);
	ck_assert_int_eq(fsock_send_pending(link_.s), -1);
	ck_assert(errno == end->errnum || errno == end->other);
	ck_assert_int_eq(fsock_close(link_.s), -1);
	ck_assert(errno == end->errnum || errno == end->other);
	link_.s = NULL;
	queue_link_close_way(&link_, list);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sender link");
	TCase *t = tcase_create("sender link");
	int ways = queue_link_ways();

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, in_order, 0, ways);
	tcase_add_loop_test(t, ended, 0, ways * COUNT(endings));
	tcase_add_loop_test(t, switched_off, 0, ways);
	tcase_add_loop_test(t, switched_off_in_vain, 0, 2 * ways);
	tcase_add_loop_test(t, reported, 0, ways * COUNT(ends));
	suite_add_tcase(suite, t);
	return sock_run(suite);
}
