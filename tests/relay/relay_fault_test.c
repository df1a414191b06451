/* A relay that holds octets: a child frees it, a layer comes in, exit(), errors; a second relay. */
#include "../../src/base/compat.h"

#include <sys/wait.h>

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include <poll.h>

#include "../support/layered.h"
#include "../support/relay_support.h"

/* A relay on a list, and how many octets its first end was sent. */
struct scene {
	struct relay r;
	fsock_waitlist *list;
	uint64_t sent, plain, other; /* what has come is 'a', or something else */
	struct sock_thread thread;
};

/* The end that gets what is held, and how it comes there. */
static const struct row {
	enum relay_kind kind;
	enum fsock_switch splice;
} rows[] = {
	{ RELAY_TCP, FSOCK_ON },
	{ RELAY_TCP, FSOCK_OFF },
	{ RELAY_TEXT, FSOCK_ON },
	{ RELAY_TEXT, FSOCK_OFF },
};

static void
make_relay(struct scene *c, enum fsock_switch splice)
{
	c->list = fsock_waitlist_new();
	c->r.relay = fsock_relay_new(
	    c->r.ends[0], c->r.ends[1], &(struct fsock_relay_options){ .splice = splice });
	ck_assert_msg(c->r.relay != NULL, "%s", fsock_last_error()->text);
}

static void
begin(struct scene *c, const struct row *row)
{
	*c = (struct scene){ .list = NULL };
	relay_open(&c->r, RELAY_TCP, row->kind);
	make_relay(c, row->splice);
}

/*
 * Sends to the relay until it holds what nobody takes. By then there is a pipe, if there may be
 * one. Returns 0, or 1 if it fails: a child calls it as well.
 */
static int
hold(struct scene *c)
{
	static char block[65536];
	struct fsock_relay_status status = { .held_for_b = 0 };
	struct fsock_event event;
	ssize_t n;

	memset(block, 'a', sizeof block);
	SOCK_EXPECT(fsock_relay_join(c->r.relay, c->list, c->r.relay) == 1);
	while (status.held_for_b == 0) {
		while ((n = send(c->r.outer[0], block, sizeof block, MSG_NOSIGNAL)) > 0)
			c->sent += (uint64_t)n;
		SOCK_EXPECT(fsock_waitlist_wait(c->list, INFINITY, NULL) >= 0);
		while (fsock_waitlist_next(c->list, &event) != NULL)
			SOCK_EXPECT(fsock_relay_step(event.user) == 1);
		fsock_relay_get_status(c->r.relay, &status);
	}
	return 0;
}

/* see sock_thread */
static void
drive(void *arg)
{
	struct scene *c = arg;
	struct fsock_event event;

	while (c->r.result > 0 && fsock_waitlist_wait(c->list, INFINITY, NULL) >= 0)
		while (fsock_waitlist_next(c->list, &event) != NULL)
			c->r.result = fsock_relay_step(event.user);
}

/* The relay goes on until both sides have ended: all that was sent has to come. */
static void
finish(struct scene *c)
{
	static char piece[65536];
	ssize_t n;

	sock_thread_start(&c->thread, drive, c);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(shutdown(c->r.outer[i], SHUT_WR), 0);
	do {
		sock_await(c->r.outer[1], POLLIN);
		n = recv(c->r.outer[1], piece, sizeof piece, 0);
		ck_assert_msg(n >= 0, "%s", strerror(errno));
		for (ssize_t i = 0; i < n; i++)
			c->plain += piece[i] == 'a';
		c->other += (uint64_t)n;
	} while (n > 0);
	c->other -= c->plain;
	sock_thread_join(&c->thread);
	ck_assert_int_eq(c->r.result, 0);
	ck_assert_uint_eq(c->plain + c->other, c->sent);
}

static void
end(struct scene *c)
{
	fsock_relay_free(c->r.relay);
	fsock_waitlist_free(c->list);
	relay_close(&c->r);
}

/* A child frees its copies: the connection is its parent's. */
static int
free_copies(void *arg)
{
	struct scene *c = arg;

	fsock_relay_free(c->r.relay);
	return 0;
}

static int
close_copies(void *arg)
{
	struct scene *c = arg;

	free_copies(c);
	for (int i = 0; i < 2; i++)
		fsock_close(c->r.ends[i]);
	return 0;
}

static int (*const child_functions[])(void *) = { free_copies, close_copies };

START_TEST(freed_by_child)
{
	struct linger linger;
	socklen_t length = sizeof linger;
	struct scene c;

	begin(&c, &rows[_i / 2]);
	ck_assert_int_eq(hold(&c), 0);
	ck_assert_int_eq(sock_child(child_functions[_i % 2], &c), 0);
	ck_assert_int_eq(
	    getsockopt(fsock_socket(c.r.ends[1]), SOL_SOCKET, SO_LINGER, &linger, &length), 0);
	ck_assert_int_eq(linger.l_onoff, 0);
	finish(&c);
	ck_assert_uint_eq(c.other, 0);
	end(&c);
}
END_TEST

/* What is held goes through a layer that comes in. */
START_TEST(layer_comes_in)
{
	static const struct mangle_plan plan = { .key = 0x20 };
	struct fsock_relay_status status;
	struct scene c;

	begin(&c, &rows[_i]);
	ck_assert_int_eq(hold(&c), 0);
	fsock_relay_get_status(c.r.relay, &status);
	ck_assert_msg(mangle_push(c.r.ends[1], &plan, 0) == 0, "%s", fsock_last_error()->text);
	finish(&c);
	ck_assert_uint_eq(c.plain, status.sent_to_b);
	end(&c);
}
END_TEST

static struct scene exiting;

/* The process ends: the peer is not to take what it got for all of it. */
START_TEST(held_at_exit)
{
	char piece[4096];
	ssize_t n;
	int status;
	pid_t pid;

	relay_open(&exiting.r, RELAY_TCP, rows[_i].kind);
	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		exiting.list = fsock_waitlist_new();
		exiting.r.relay = fsock_relay_new(exiting.r.ends[0], exiting.r.ends[1],
		    &(struct fsock_relay_options){ .splice = rows[_i].splice });
		if (exiting.r.relay == NULL || hold(&exiting) != 0)
			_exit(1);
		exit(0);
	}
	for (int i = 0; i < 2; i++) {
		fsock_close(exiting.r.ends[i]);
		exiting.r.ends[i] = NULL;
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	do {
		sock_await(exiting.r.outer[1], POLLIN);
		n = recv(exiting.r.outer[1], piece, sizeof piece, 0);
	} while (n > 0);
	ck_assert_int_eq(n, -1);
	ck_assert_int_eq(errno, ECONNRESET);
	relay_close(&exiting.r);
}
END_TEST

/* see sock_thread */
static void
join(void *arg)
{
	struct scene *c = arg;

	c->r.result = fsock_relay_join(c->r.relay, c->list, c->r.relay);
	c->r.error = errno;
}

/* The program has its FILE for a moment, in another thread: the relay comes back to it. */
static FILE *(*const openers[])(fsock *) = { fsock_stream, fsock_input };

START_TEST(file_in_use)
{
	struct scene c = { .list = NULL };
	FILE *f;

	relay_open(&c.r, RELAY_TCP, RELAY_TCP);
	f = openers[_i](c.r.ends[1]);
	ck_assert_ptr_nonnull(f);
	relay_say(c.r.outer[1], "!");
	ck_assert_int_eq(getc(f), '!');
	make_relay(&c, FSOCK_ON);
	relay_say(c.r.outer[1], "late");
	sock_await(fsock_socket(c.r.ends[1]), POLLIN);
	flockfile(f);
	sock_thread_start(&c.thread, join, &c);
	sock_thread_join(&c.thread);
	funlockfile(f);
	ck_assert_msg(c.r.result == 1, "%s", strerror(c.r.error));
	finish(&c);
	relay_expect(c.r.outer[0], "late");
	end(&c);
}
END_TEST

/* What has failed says so of itself, and not what the thread, or the other end, has met. */
static void
expect_own_error(const struct scene *c, int errnum)
{
	struct fsock_error error;

	ck_assert_int_eq(fsock_socket_error(c->r.ends[1], &error), 1);
	ck_assert_int_eq(error.errnum, errnum);
	ck_assert_str_eq(error.operation, "write");
	ck_assert_int_eq(error.port, fsock_peer_port(c->r.ends[1]));
}

START_TEST(error_of_freed)
{
	struct scene c;

	begin(&c, &rows[_i]);
	ck_assert_int_eq(hold(&c), 0);
	ck_assert_ptr_null(fsock_accept(NULL, NULL));
	fsock_relay_free(c.r.relay);
	c.r.relay = NULL;
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	expect_own_error(&c, ECANCELED);
	ck_assert_int_eq(fsock_send(c.r.ends[1], "x", 1, NULL), -1);
	ck_assert_int_eq(errno, ECANCELED);
	end(&c);
}
END_TEST

START_TEST(error_of_failed)
{
	struct fsock_relay_status status;
	struct scene c;
	int port;

	begin(&c, &rows[_i]);
	port = fsock_peer_port(c.r.ends[0]);
	ck_assert_int_eq(fsock_relay_join(c.r.relay, c.list, c.r.relay), 1);
	relay_reset(&c.r.outer[0]);
	c.r.result = 1;
	drive(&c);
	ck_assert_int_eq(c.r.result, -1);
	ck_assert_int_eq(fsock_last_error()->port, port);
	fsock_relay_get_status(c.r.relay, &status);
	ck_assert_ptr_eq(status.failed, c.r.ends[0]);
	expect_own_error(&c, status.error);
	end(&c);
}
END_TEST

/* An end of one relay cannot be one of another, in any place; its partner stays free. */
static const struct place {
	int a, b, is_output; /* ends: 0 is taken, 2 and 3 are not */
} places[] = { { 0, 2, 0 }, { 2, 0, 0 }, { 1, 2, 0 }, { 2, 1, 0 }, { 2, 3, 1 } };

static fsock_relay *
make(fsock *const ends[4], const struct place *place)
{
	const struct fsock_relay_options options = { .a_output =
							 place->is_output ? ends[0] : NULL };

	return fsock_relay_new(ends[place->a], ends[place->b], &options);
}

START_TEST(taken_ends)
{
	struct relay r, more;
	fsock_relay *relay, *other;

	relay_open(&r, RELAY_TCP, RELAY_TEXT);
	relay_open(&more, RELAY_TCP, RELAY_TCP);
	fsock *const ends[] = { r.ends[0], r.ends[1], more.ends[0], more.ends[1] };
	relay = fsock_relay_new(ends[0], ends[1], NULL);
	for (int i = 0; i < 2; i++) {
		ck_assert_ptr_null(make(ends, &places[_i]));
		sock_assert_error(FSOCK_IN_PROGRESS_ERROR, EBUSY);
		ck_assert_int_eq(fsock_is_nonblocking(ends[0]), 1);
		ck_assert_int_eq(fsock_is_nonblocking(ends[2]), 0);
		other = fsock_relay_new(ends[2], ends[3], NULL);
		ck_assert_ptr_nonnull(other);
		fsock_relay_free(other);
	}
	fsock_relay_free(relay);
	relay = make(ends, &places[_i]);
	ck_assert_msg(relay != NULL, "%s", fsock_last_error()->text);
	fsock_relay_free(relay);
	relay_close(&r);
	relay_close(&more);
}
END_TEST

static Suite *
relay_suite(void)
{
	Suite *suite = suite_create("relay_fault");
	TCase *tc = tcase_create("relay");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, mangle_reset, NULL);
	tcase_add_loop_test(tc, freed_by_child, 0, 2 * COUNT(rows));
	tcase_add_loop_test(tc, layer_comes_in, 0, COUNT(rows));
	tcase_add_loop_test(tc, held_at_exit, 0, COUNT(rows));
	tcase_add_loop_test(tc, file_in_use, 0, COUNT(openers));
	tcase_add_loop_test(tc, error_of_freed, 0, COUNT(rows));
	tcase_add_loop_test(tc, error_of_failed, 0, COUNT(rows));
	tcase_add_loop_test(tc, taken_ends, 0, COUNT(places));
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(void)
{
	return sock_run(relay_suite());
}
