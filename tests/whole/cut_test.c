/* Every way in which output fails, ended in every way: the peer sees that something is missing. */
#include "../../src/base/compat.h"

#include <unistd.h>

#include "../support/cut.h"

static fsock_waitlist *list;

/* ---- Ends. Each leaves nothing open. */

static void
by_close(struct cut *c, const struct cut_way *way)
{
	ck_assert_int_eq(fsock_close(c->s), way->is_complete ? 0 : -1);
}

static void
by_fclose(struct cut *c, const struct cut_way *way)
{
	fsock_disown(c->s);
	ck_assert_int_eq(fclose(c->f), way->is_complete ? 0 : EOF);
}

/* The stream for input stays open: until that is closed, too, the peer is not told of an end. */
static void
by_halves(struct cut *c, const struct cut_way *way)
{
	FILE *in = fsock_input(c->s);

	fsock_disown(c->s);
	fclose(c->f);
	cut_expect(c, way->is_complete ? CUT_PROPER : CUT_OPEN, way->size, way->name);
	fclose(in);
}

static void
by_shutdown(struct cut *c, const struct cut_way *way)
{
	fsock_shutdown(c->s, FSOCK_OUTPUT);
	if (way->recoding == NULL) /* else it is closed already */
		cut_expect(c, way->is_complete ? CUT_PROPER : CUT_OPEN, way->size, way->name);
	fsock_close(c->s);
}

static void
by_list(struct cut *c, const struct cut_way *way)
{
	/* The FILE on top has closed the connection already. */
	ck_assert_int_eq(fsock_waitlist_add(list, c->s, 0, NULL), way->recoding != NULL ? -1 : 0);
	fsock_close(c->s);
	while (fsock_waitlist_closing(list) > 0)
		ck_assert_int_eq(fsock_waitlist_wait(list, 5, NULL), 0);
}

static void
by_freed_list(struct cut *c, const struct cut_way *way)
{
	fsock_waitlist_add(list, c->s, FSOCK_INPUT, NULL);
	fsock_close(c->s);
	fsock_waitlist_free(list);
	list = NULL;
	(void)way;
}

static const struct cut_ending {
	const char *name;
	void (*end)(struct cut *, const struct cut_way *);
	int is_two_way;
} endings[] = {
	{ "fsock_close()", by_close, 0 },
	{ "fsock_close(), two-way", by_close, 1 },
	{ "fclose()", by_fclose, 0 },
	{ "fclose(), two-way", by_fclose, 1 },
	{ "halves", by_halves, 0 },
	{ "fsock_shutdown()", by_shutdown, 0 },
	{ "a list", by_list, 1 },
	{ "a list that is freed", by_freed_list, 1 },
};

/* Reads all that has gone, which comes in the pieces of a narrow window. */
static void
expect_no_end(struct cut *c, const char *what)
{
	size_t before = c->got;

	for (int quiet = 0; quiet < 4; quiet = c->got == before ? quiet + 1 : 0, before = c->got)
		ck_assert_msg(cut_look(c) == CUT_OPEN, "%s: an end behind %zu", what, c->got);
}

START_TEST(peer_is_told)
{
	const struct cut_way *way = &cut_ways[_i % CUT_WAYS];
	const struct cut_ending *ending = &endings[_i / CUT_WAYS];
	int fds = sock_open_fds();
	char what[128];
	struct cut c;

	snprintf(what, sizeof what, "%s, %s", way->name, ending->name);
	list = fsock_waitlist_new();
	cut_open(&c, SOCK_TCP4, way);
	c.f = ending->is_two_way ? fsock_stream(c.s) : fsock_output(c.s);
	ck_assert_msg(cut_write(&c, way) == 0, "%s: %s", what, fsock_last_error()->text);
	if (way->recoding != NULL && ending->end != by_fclose && ending->end != by_halves)
		fclose(c.f);
	if (way->is_shut)
		expect_no_end(&c, what);
	ending->end(&c, way);
	cut_expect(&c, way->is_complete ? CUT_PROPER : CUT_RESET, way->size, what);
	fsock_waitlist_free(list);
	close(c.peer);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cut");
	TCase *tcase = tcase_create("cut");

	tcase_add_checked_fixture(tcase, cut_begin, NULL);
	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, peer_is_told, 0, CUT_WAYS * COUNT(endings));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
