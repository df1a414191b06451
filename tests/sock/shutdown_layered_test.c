/* Output is shut down while layers hold octets of a socket that does not block: the end comes. */
#include "../../src/base/compat.h"

#include <math.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <fsock/layer.h>

#include "../support/sock_support.h"

/* A layer that adds an end message. */
static ssize_t
pass_input(fsock_layer *layer, void *octets, size_t n)
{
	return fsock_layer_receive(layer, octets, n);
}

static ssize_t
pass_output(fsock_layer *layer, const void *octets, size_t n)
{
	return fsock_layer_send(layer, octets, n);
}

static int
say_end(fsock_layer *layer)
{
	ssize_t r = fsock_layer_send(layer, "E", 1);

	return r == 0 ? FSOCK_LAYER_WANTS_OUTPUT : (int)r;
}

static const struct fsock_layer_ops ops = {
	.size = sizeof ops, .name = "end", .read = pass_input, .write = pass_output, .end = say_end
};

struct scene {
	fsock *s;
	int peer;
	fsock_waitlist *list;
	struct sock_thread thread;
};

/* Sends until the layers hold what does not go. */
static void
open_scene(struct scene *c, int has_file)
{
	static char block[1 << 20];
	const struct fsock_options options = { .nonblocking = FSOCK_ON };
	FILE *f;

	memset(block, 'a', sizeof block);
	*c = (struct scene){ .list = fsock_waitlist_new() };
	c->s = sock_raw(SOCK_TCP4, &options, &c->peer);
	ck_assert_int_eq(fsock_layer_push(c->s, &ops, NULL, 0), 0);
	f = has_file ? fsock_stream(c->s) : NULL;
	while (fsock_pending_output(c->s) == 0) {
		if (f == NULL)
			fsock_send(c->s, block, sizeof block, NULL);
		else
			ck_assert(fwrite(block, 1, 20000, f) == 20000 && fflush(f) == 0);
	}
}

/* see sock_thread: a list that waits for input sends what is pending */
static void
wait_for_peer(void *arg)
{
	struct scene *c = arg;

	fsock_waitlist_wait(c->list, INFINITY, NULL);
}

static void
start_list(struct scene *c)
{
	ck_assert_int_eq(fsock_waitlist_add(c->list, c->s, FSOCK_INPUT, NULL), 0);
	sock_thread_start(&c->thread, wait_for_peer, c);
}

/* Reads to the end. Returns the last octet before it. */
static char
read_to_end(struct scene *c, int calls)
{
	static char piece[65536];
	char last = 0;
	ssize_t n;

	do {
		n = recv(c->peer, piece, sizeof piece, MSG_DONTWAIT);
		if (n > 0)
			last = piece[n - 1];
		if (n >= 0)
			continue;
		ck_assert_msg(errno == EAGAIN, "%s", strerror(errno));
		if (calls && fsock_pending_output(c->s) > 0)
			ck_assert_int_ge(fsock_send_pending(c->s), 0);
		else
			sock_await(c->peer, POLLIN);
	} while (n != 0);
	return last;
}

START_TEST(end_comes)
{
	int has_file = _i & 1, calls = _i >> 1;
	struct scene c;

	open_scene(&c, has_file);
	ck_assert_int_eq(fsock_shutdown(c.s, FSOCK_OUTPUT), 0);
	if (!calls)
		start_list(&c);
	ck_assert_int_eq(read_to_end(&c, calls), 'E');
	ck_assert_int_eq((int)fsock_pending_output(c.s), 0);
	ck_assert_int_eq(shutdown(c.peer, SHUT_WR), 0);
	if (!calls)
		sock_thread_join(&c.thread);
	fsock_waitlist_free(c.list);
	ck_assert_int_eq(fsock_close(c.s), 0);
	close(c.peer);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("shutdown layered");
	TCase *tcase = tcase_create("shutdown layered");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, end_comes, 0, 4);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
