/* Relays of which one end has TLS, to a peer in clear. */
#include "../../src/base/compat.h"

#include <math.h>
#include <signal.h>
#include <unistd.h>

#include "tls_support.h"

/* The client talks TLS to the relay's server; `peer` is behind its other end. */
struct terminator {
	struct pair p;
	fsock *plain;
	int peer, on_list;
	fsock_relay *relay;
	struct sock_thread thread;
	int result;
};

static void
drive(void *arg)
{
	struct terminator *t = arg;
	fsock_waitlist *list;
	struct fsock_event event;

	if (!t->on_list) {
		t->result = fsock_relay_run(t->relay);
		return;
	}
	list = fsock_waitlist_new();
	t->result = fsock_relay_join(t->relay, list, t);
	while (t->result > 0 && fsock_waitlist_wait(list, INFINITY, NULL) >= 0)
		while (fsock_waitlist_next(list, &event) != NULL)
			t->result = fsock_relay_step(t->relay);
	fsock_waitlist_free(list);
}

/* `i` also says whether the server has FILEs. */
static void
begin(struct terminator *t, int i)
{
	pair_open(&t->p, NULL);
	pair_start(&t->p);
	t->plain = sock_raw(SOCK_TCP4, NULL, &t->peer);
	t->on_list = i & 1;
	if (i & 2)
		ck_assert_ptr_nonnull(fsock_stream(t->p.server));
	t->relay = fsock_relay_new(t->p.server, t->plain, NULL);
	ck_assert_ptr_nonnull(t->relay);
	sock_thread_start(&t->thread, drive, t);
}

static void
end(struct terminator *t)
{
	pair_close(&t->p);
	fsock_close(t->plain);
	if (t->peer >= 0)
		close(t->peer);
}

START_TEST(both_ways)
{
	static char block[60000], got[sizeof block];
	struct terminator t;
	ssize_t n;

	begin(&t, _i);
	memset(block, 't', sizeof block);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(fsock_send(t.p.client, block, sizeof block, NULL), sizeof block);
		ck_assert_int_eq(sock_read_all(t.peer, got, sizeof got), sizeof got);
		ck_assert_mem_eq(got, block, sizeof got);
		ck_assert_int_eq(send(t.peer, block, sizeof block, 0), sizeof block);
		for (size_t k = 0; k < sizeof got; k += (size_t)n) {
			n = fsock_receive(t.p.client, got + k, sizeof got - k, NULL);
			ck_assert_msg(n > 0, "%s", fsock_last_error()->text);
		}
		ck_assert_mem_eq(got, block, sizeof got);
	}
	ck_assert_int_eq(fsock_shutdown(t.p.client, FSOCK_OUTPUT), 0);
	ck_assert_int_eq(sock_read_all(t.peer, got, sizeof got), 0);
	ck_assert_int_eq(shutdown(t.peer, SHUT_WR), 0);
	ck_assert_int_eq(fsock_receive(t.p.client, got, sizeof got, NULL), 0);
	sock_thread_join(&t.thread);
	ck_assert_int_eq(t.result, 0);
	fsock_relay_free(t.relay);
	end(&t);
}
END_TEST

/* A reset behind the relay is no proper end of TLS. */
START_TEST(cut)
{
	struct linger hard = { 1, 0 };
	struct terminator t;
	char octet;

	begin(&t, _i);
	ck_assert_int_eq(setsockopt(t.peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
	close(t.peer);
	t.peer = -1;
	sock_thread_join(&t.thread);
	ck_assert_int_eq(t.result, -1);
	fsock_relay_free(t.relay);
	fsock_close(t.p.server);
	t.p.server = NULL;
	ck_assert_int_eq(fsock_receive(t.p.client, &octet, 1, NULL), -1);
	end(&t);
}
END_TEST

static void
add(TCase *t)
{
	signal(SIGPIPE, SIG_IGN);
	tcase_add_loop_test(t, both_ways, 0, 4);
	tcase_add_loop_test(t, cut, 0, 4);
}

int
main(void)
{
	return tls_run("relay", add);
}
