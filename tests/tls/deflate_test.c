/*
 * Layers on layers: the one of examples/deflate.c, which keeps octets until it is flushed and makes
 * many of few, alone, over TLS, and over one that is as unkind as a layer may be.
 */
#include "../../src/base/compat.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#include <fsock/tls.h>

#include "../support/certificates.h"
#include "../support/conversation.h"
#include "../support/layered.h"
#include "../support/sock_support.h"

int deflate_main(int argc, char **argv);
#define main deflate_main
#include "../../examples/deflate.c"
#undef main

/* What is below, bottom first: one that is odd, another of those that deflate, TLS. */
static const struct {
	const struct mangle_plan *odd;
	int has_tls, is_below_tls;
} stacks[] = {
	{ NULL, 0, 0 },
	{ NULL, 1, 0 },
	{ &(const struct mangle_plan){ .key = 0x5A, .handshake = 2, .keeps = 1 }, 0, 0 },
	{ &(const struct mangle_plan){ .key = 0x5A, .handshake = 1 }, 1, 0 },
	{ &(const struct mangle_plan){ .key = 0x5A, .handshake = 2, .keeps = 1 }, 1, 0 },
	{ NULL, 1, 1 },
	{ &(const struct mangle_plan){ .key = 0x5A, .handshake = 1 }, 1, 1 },
};

struct pair {
	fsock *ends[2];
	fsock_tls *tls[2]; /* the second end is the server */
};

static void *
accept_tls(void *arg)
{
	struct pair *p = arg;

	return fsock_tls_start(p->ends[1], p->tls[1], 1) == 0 ? p : NULL;
}

static void
start_tls(struct pair *p)
{
	pthread_t thread;
	void *r;

	p->tls[0] = fsock_tls_new(&(struct fsock_tls_options){
	    .name = "localhost", .ca_file = certificates_file("ca.pem") });
	p->tls[1] = fsock_tls_new(&(struct fsock_tls_options){
	    .certificate = certificates_file("good.pem"), .key = certificates_file("good.key") });
	ck_assert(p->tls[0] != NULL && p->tls[1] != NULL);
	ck_assert_int_eq(pthread_create(&thread, NULL, accept_tls, p), 0);
	ck_assert_msg(
	    fsock_tls_start(p->ends[0], p->tls[0], 0) == 0, "%s", fsock_last_error()->text);
	ck_assert_int_eq(pthread_join(thread, &r), 0);
	ck_assert_ptr_nonnull(r);
}

static void
deflate_both(struct pair *p)
{
	for (int i = 0; i < 2; i++)
		ck_assert_msg(deflate_push(p->ends[i]) == 0, "%s", fsock_last_error()->text);
}

static void
open_pair(struct pair *p, int stack)
{
	memset(p, 0, sizeof *p);
	ck_assert_int_eq(fsock_pair(p->ends, &(struct fsock_options){ .timeout = 20 }), 0);
	for (int i = 0; i < 2 && stacks[stack].odd != NULL; i++)
		ck_assert_int_eq(mangle_push(p->ends[i], stacks[stack].odd, 0), 0);
	if (stacks[stack].is_below_tls)
		deflate_both(p);
	if (stacks[stack].has_tls)
		start_tls(p);
	deflate_both(p);
}

static void
close_pair(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		fsock_close(p->ends[i]);
		fsock_tls_free(p->tls[i]);
	}
	ck_assert_int_eq(mangle_count(), 0);
}

START_TEST(conversation)
{
	struct pair p;

	open_pair(&p, _i / CONVERSATIONS);
	conversations[_i % CONVERSATIONS](p.ends);
	close_pair(&p);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("deflate");
	TCase *t = tcase_create("deflate");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, mangle_reset, NULL);
	tcase_add_loop_test(t, conversation, 0, CONVERSATIONS * COUNT(stacks));
	suite_add_tcase(s, t);
	return certificates_run(s);
}
