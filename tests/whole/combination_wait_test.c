/*
 * The functions of fsock/wait.h on a socket in every combination: see tests/support/combination.h.
 */
#include "../../src/base/compat.h"

#include <math.h>
#include <poll.h>

#include "../support/combination.h"
#include "../support/prepared.h"

/* What a look finds: input, if the peer has sent some that nobody has read. */
static int
expected(const struct world *w)
{
	return !combination_is_reading(&w->at) && *combination_next(w) != '\0';
}

/*
 * Another thread has the FILE, so that nobody knows what it holds, and nobody could read it: a look
 * may miss that. A wait does not, once the FILE is given back.
 */
static int
is_unsure(const struct world *w)
{
	if (w->at.beside == IN_FLUSH_ALL)
		return combination_has_reading_file(&w->at);
	return combination_is_mid_line(&w->at) && combination_input_is_held(&w->at);
}

/* Whether a look that found n was right. */
static int
is_right(const struct world *w, int n)
{
	return n == expected(w) || (n == 0 && is_unsure(w));
}

static const char *
no_list(const struct combination *c)
{
	return c->lists == 0 ? "it is in no list" : NULL;
}

static const char *
no_list_or_waits(const struct combination *c)
{
	return c->beside == IN_WAIT ? "a thread is waiting on the list" : no_list(c);
}

static int
row_wait_for_input(struct world *w)
{
	fsock *twice[2] = { w->s, w->s };
	double left = 1;
	int n = fsock_wait_for_input(&w->s, 1, 0, &left);

	EXPECT(w, is_right(w, n));
	EXPECT(w, left == 0 && errno == 0);
	EXPECT(w, fsock_state(w->s) == (n == 1 ? FSOCK_INPUT : 0));
	n = fsock_wait_for_input(twice, 2, 0, NULL);
	EXPECT(w, is_right(w, n) && errno == 0);
	return 0;
}

/* Beside waits its state is the last one's. */
static const char *
no_wait_for_input(const struct combination *c)
{
	return c->beside == IN_WAIT ? "the state is that of any of the waits" : NULL;
}

static int
row_wait_for_input_that_comes(struct world *w)
{
	combination_feed(w);
	EXPECT(w, fsock_wait_for_input(&w->s, 1, INFINITY, NULL) == 1 && errno == 0);
	return 0;
}

static const char *
no_input_that_comes(const struct combination *c)
{
	if (combination_is_writing(c) && c->files == MID_LINE)
		return "what is there is in the FILE, which the writer has";
	return combination_is_reading(c) ? "the reader takes what comes" : NULL;
}

static int
row_state(struct world *w)
{
	int state = fsock_state(w->s);

	EXPECT(w, WORKED(state) && (state & ~(FSOCK_INPUT | FSOCK_OUTPUT)) == 0);
	return 0;
}

static int
row_add_again(struct world *w)
{
	for (int i = 0; i < w->at.lists; i++) {
		EXPECT(w, WORKED(fsock_waitlist_add(w->lists[i], w->s, FSOCK_INPUT, w)));
		EXPECT(w, fsock_waitlist_count(w->lists[i]) == 1);
	}
	return 0;
}

static int
row_change(struct world *w)
{
	for (int i = 0; i < w->at.lists; i++) {
		EXPECT(w, WORKED(fsock_waitlist_change(w->lists[i], w->s, 0, NULL)));
		EXPECT(w, WORKED(fsock_waitlist_change(w->lists[i], w->s, FSOCK_IO, w)));
		EXPECT(w, WORKED(fsock_waitlist_change(w->lists[i], w->s, FSOCK_INPUT, w)));
	}
	return 0;
}

static int
row_remove(struct world *w)
{
	for (int i = 0; i < w->at.lists; i++) {
		EXPECT(w, WORKED(fsock_waitlist_remove(w->lists[i], w->s)));
		EXPECT(w, fsock_waitlist_count(w->lists[i]) == 0);
		EXPECT(w, FAILED(fsock_waitlist_change(w->lists[i], w->s, 0, w), ENOENT));
		errno = 0;
		EXPECT(w, WORKED(fsock_waitlist_remove(w->lists[i], w->s)));
		EXPECT(w, WORKED(fsock_waitlist_add(w->lists[i], w->s, FSOCK_INPUT, w)));
	}
	return 0;
}

static int
row_remove_all(struct world *w)
{
	for (int i = 0; i < w->at.lists; i++) {
		fsock_waitlist_remove_all(w->lists[i]);
		EXPECT(w, fsock_waitlist_count(w->lists[i]) == 0 && errno == 0);
		EXPECT(w, WORKED(fsock_waitlist_add(w->lists[i], w->s, FSOCK_INPUT, w)));
	}
	return 0;
}

static int
row_set_timeout(struct world *w)
{
	for (int i = 0; i < w->at.lists; i++) {
		EXPECT(w, WORKED(fsock_waitlist_set_timeout(w->lists[i], w->s, 60)));
		EXPECT(w, WORKED(fsock_waitlist_set_timeout(w->lists[i], w->s, INFINITY)));
	}
	return 0;
}

/* A look, which tells of the socket if there is input; one that is waiting has the list. */
static int
look(struct world *w, fsock_waitlist *list)
{
	struct fsock_event event = { .state = 0 };
	int n = fsock_waitlist_wait(list, 0, NULL);

	if (w->at.beside == IN_WAIT && n < 0) {
		EXPECT(w, errno == EBUSY);
		errno = 0;
		return 0;
	}
	EXPECT(w, is_right(w, n) && errno == 0);
	if (w->at.beside == IN_WAIT)
		return 0; /* who gets the event is open */
	EXPECT(w, fsock_waitlist_next(list, &event) == (n == 1 ? w->s : NULL));
	EXPECT(w, event.state == (n == 1 ? FSOCK_INPUT : 0));
	EXPECT(w, fsock_waitlist_next(list, NULL) == NULL && errno == 0);
	return 0;
}

static int
row_wait(struct world *w)
{
	for (int i = 0; i < w->at.lists; i++)
		if (look(w, w->lists[i]) < 0 || look(w, w->lists[i]) < 0)
			return -1;
	return 0;
}

/* The input that comes ends a wait without limit. */
static int
row_wait_for_what_comes(struct world *w)
{
	combination_feed(w);
	for (int i = 0; i < w->at.lists; i++) {
		EXPECT(w, fsock_waitlist_wait(w->lists[i], INFINITY, NULL) == 1 && errno == 0);
		EXPECT(w, fsock_waitlist_next(w->lists[i], NULL) == w->s);
	}
	return 0;
}

/* So it does in another loop, which sleeps as it is told. */
static int
go_round(struct world *w, fsock_waitlist *list)
{
	struct pollfd p = { .fd = fsock_waitlist_descriptor(list), .events = POLLIN };
	double seconds = fsock_waitlist_prepare(list);

	EXPECT(w, p.fd >= 0 && seconds >= 0 && errno == 0);
	poll(&p, 1, seconds > 60 ? -1 : (int)(seconds * 1000 + 0.999));
	return fsock_waitlist_wait(list, 0, NULL);
}

static int
row_in_another_loop(struct world *w)
{
	combination_feed(w);
	for (int i = 0; i < w->at.lists; i++) {
		int n = 0;

		while (n == 0)
			n = prepared_has_descriptor(0)
				? go_round(w, w->lists[i])
				: fsock_waitlist_wait(w->lists[i], INFINITY, NULL);
		EXPECT(w, n == 1 && errno == 0);
		EXPECT(w, fsock_waitlist_next(w->lists[i], NULL) == w->s);
	}
	return 0;
}

static const char *
no_wait_for_what_comes(const struct combination *c)
{
	return no_list_or_waits(c) != NULL ? no_list_or_waits(c) : no_input_that_comes(c);
}

static int
row_count(struct world *w)
{
	for (int i = 0; i < w->at.lists; i++) {
		EXPECT(w, fsock_waitlist_count(w->lists[i]) == 1);
		EXPECT(w, fsock_waitlist_closing(w->lists[i]) == 0 && errno == 0);
	}
	return 0;
}

static int
row_wake(struct world *w)
{
	for (int i = 0; i < w->at.lists; i++)
		EXPECT(w, WORKED(fsock_waitlist_wake(w->lists[i])));
	return 0;
}

static int
row_free(struct world *w)
{
	for (int i = 0; i < w->at.lists; i++) {
		fsock_waitlist_free(w->lists[i]);
		w->lists[i] = NULL;
	}
	EXPECT(w, errno == 0 && fsock_state(w->s) == 0);
	return 0;
}

/* One list more, for a while. */
static int
row_new(struct world *w)
{
	fsock_waitlist *list = fsock_waitlist_new();
	int n;

	EXPECT(w, list != NULL && errno == 0);
	EXPECT(w, WORKED(fsock_waitlist_add(list, w->s, FSOCK_INPUT, w)));
	n = fsock_waitlist_wait(list, 0, NULL);
	EXPECT(w, is_right(w, n) && errno == 0);
	EXPECT(w, fsock_waitlist_next(list, NULL) == (n == 1 ? w->s : NULL));
	EXPECT(w, WORKED(fsock_waitlist_remove(list, w->s)));
	fsock_waitlist_free(list);
	EXPECT(w, errno == 0);
	return 0;
}

static const struct combination_row rows[] = {
	{ "fsock_wait_for_input", row_wait_for_input, no_wait_for_input, 0 },
	{ "fsock_wait_for_input, what comes", row_wait_for_input_that_comes, no_input_that_comes,
	    0 },
	{ "fsock_state", row_state, NULL, 0 },
	{ "fsock_waitlist_add", row_add_again, no_list, 0 },
	{ "fsock_waitlist_change", row_change, no_list, 0 },
	{ "fsock_waitlist_remove", row_remove, no_list, 0 },
	{ "fsock_waitlist_remove_all", row_remove_all, no_list, 0 },
	{ "fsock_waitlist_set_timeout", row_set_timeout, no_list, 0 },
	{ "fsock_waitlist_wait, fsock_waitlist_next", row_wait, no_list, 0 },
	{ "fsock_waitlist_wait, what comes", row_wait_for_what_comes, no_wait_for_what_comes, 0 },
	{ "fsock_waitlist_prepare", row_in_another_loop, no_wait_for_what_comes, 0 },
	{ "fsock_waitlist_count, fsock_waitlist_closing", row_count, no_list, 0 },
	{ "fsock_waitlist_wake", row_wake, no_list, 0 },
	{ "fsock_waitlist_free", row_free, no_list_or_waits, 0 },
	{ "fsock_waitlist_new", row_new, NULL, 0 },
};

START_TEST(wait_function)
{
	combination_sweep(&rows[_i]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("combination");
	TCase *tcase = tcase_create("wait");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, wait_function, 0, COUNT(rows));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
