/*
 * jansson, as it is, over our streams: json_dumpf() at one end, json_loadf() at the other. It reads
 * character by character and stops at the end of a value, so that values may follow each other.
 */
#include "../../src/base/compat.h"

#include <pthread.h>
#include <stdlib.h>

#include <check.h>
#include <jansson.h>

#include <fsock.h>

#include "support/peer_link.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

static const struct fsock_options patience = { .timeout = 20 };

static const struct document {
	const char *text;
	int repeat; /* wrapped in an array of so many of it */
} documents[] = {
	{ "[]", 1 },
	{ "{\"a\": 1, \"b\": [true, false, null], \"c\": {\"d\": -1.5e300}}", 1 },
	{ "[\"\", \"\\u0000\\n\\t\\\"\", \"gr\xc3\xbc\xc3\x9f\", \"\xf0\x9f\x90\x9f\"]", 1 },
	{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"deep\"]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 1 },
	{ "{\"name\": \"a long one, many times\", \"numbers\": [1, 22, 333, 4444]}", 10000 },
};

/* How a value is written: a line, many short lines, only ASCII. */
static const size_t flags[] = { JSON_COMPACT, JSON_INDENT(2), JSON_ENSURE_ASCII };

static json_t *
make_document(const struct document *d)
{
	json_t *one = json_loads(d->text, JSON_ALLOW_NUL, NULL), *all = json_array();

	ck_assert_msg(one != NULL, "%s", d->text);
	for (int i = 0; i < d->repeat; i++)
		json_array_append(all, one);
	json_decref(one);
	return all;
}

/* A thread's part: what it is to write, and how it went. */
struct writer {
	FILE *out;
	json_t *value;
	size_t flags;
	int count, status;
};

/* Dumps the value so many times, and then no more comes from this end. */
static void *
dump(void *arg)
{
	struct writer *w = arg;

	for (int i = 0; i < w->count; i++)
		if (json_dumpf(w->value, w->out, w->flags) < 0 || putc('\n', w->out) == EOF)
			w->status = -1;
	if (fsock_shutdown(fsock_of(w->out), FSOCK_OUTPUT) < 0)
		w->status = -1;
	return NULL;
}

START_TEST(one_way)
{
	int kind = _i % PEER_LINK_COUNT;
	const struct document *d = &documents[_i / PEER_LINK_COUNT % COUNT(documents)];
	struct writer w = { .flags = flags[_i / PEER_LINK_COUNT / COUNT(documents)], .count = 3 };
	struct peer_link link;
	json_error_t error;
	pthread_t thread;
	json_t *got;

	if (!peer_link_open(&link, kind, &patience))
		return;
	w.value = make_document(d);
	w.out = link.out[0];
	ck_assert_int_eq(pthread_create(&thread, NULL, dump, &w), 0);
	for (int i = 0; i < w.count; i++) {
		/* Of the last one jansson is to see the end of file, too. */
		size_t how = i < w.count - 1 ? JSON_DISABLE_EOF_CHECK : 0;

		got = json_loadf(link.in[1], JSON_ALLOW_NUL | how, &error);
		ck_assert_msg(got != NULL, "%s", error.text);
		ck_assert(json_equal(got, w.value));
		json_decref(got);
	}
	ck_assert(feof(link.in[1]) && !ferror(link.in[1]));
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(w.status, 0);
	json_decref(w.value);
	peer_link_close(&link, 0);
	peer_link_close(&link, 1);
}
END_TEST

/* Answers each request with it and one more member, until no more come. */
static void *
serve(void *arg)
{
	struct peer_link *link = arg;
	json_t *request;

	while ((request = json_loadf(link->in[1], JSON_DISABLE_EOF_CHECK, NULL)) != NULL) {
		json_object_set_new(request, "seen", json_true());
		json_dumpf(request, link->out[1], JSON_INDENT(1));
		fflush(link->out[1]);
		json_decref(request);
	}
	return NULL;
}

START_TEST(requests)
{
	struct peer_link link;
	json_error_t error;
	pthread_t thread;

	if (!peer_link_open(&link, _i, &patience))
		return;
	ck_assert_int_eq(pthread_create(&thread, NULL, serve, &link), 0);
	for (int i = 0; i < 500; i++) {
		json_t *request = json_pack("{s: i, s: [s, s]}", "id", i, "words", "x", "y");
		json_t *reply;

		ck_assert_int_eq(json_dumpf(request, link.out[0], 0), 0);
		ck_assert_int_eq(fflush(link.out[0]), 0);
		reply = json_loadf(link.in[0], JSON_DISABLE_EOF_CHECK, &error);
		ck_assert_msg(reply != NULL, "%d: %s", i, error.text);
		json_object_set_new(request, "seen", json_true());
		ck_assert(json_equal(reply, request));
		json_decref(request);
		json_decref(reply);
	}
	ck_assert_int_eq(fsock_shutdown(link.ends[0], FSOCK_OUTPUT), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	peer_link_close(&link, 1);
	ck_assert_int_eq(getc(link.in[0]), EOF);
	peer_link_close(&link, 0);
}
END_TEST

/* A value that never ends: at end of file, and at a timeout. */
START_TEST(unfinished)
{
	struct fsock_options options = { .read_timeout = 0.05 };
	struct peer_link link;
	json_error_t error;
	json_t *last;

	if (!peer_link_open(&link, _i, &options))
		return;
	ck_assert_int_ge(fputs("{\"half\": [1, 2", link.out[0]), 0);
	ck_assert_int_eq(fflush(link.out[0]), 0);
	ck_assert_ptr_null(json_loadf(link.in[1], 0, &error));
	ck_assert(ferror(link.in[1]) && !feof(link.in[1]));
	ck_assert_int_eq(fsock_last_error()->kind, FSOCK_TIMEOUT_ERROR);
	clearerr(link.in[1]);
	ck_assert_int_ge(fputs("[3]", link.out[0]), 0);
	ck_assert_int_eq(fsock_shutdown(link.ends[0], FSOCK_OUTPUT), 0);
	last = json_loadf(link.in[1], 0, &error);
	ck_assert(last != NULL && json_array_size(last) == 1);
	json_decref(last);
	ck_assert_ptr_null(json_loadf(link.in[1], 0, &error));
	ck_assert_int_eq(json_error_code(&error), json_error_premature_end_of_input);
	ck_assert(feof(link.in[1]) && !ferror(link.in[1]));
	peer_link_close(&link, 0);
	peer_link_close(&link, 1);
}
END_TEST

static Suite *
jansson_suite(void)
{
	Suite *suite = suite_create("jansson");
	TCase *tcase = tcase_create("jansson");

	tcase_add_loop_test(tcase, one_way, 0, COUNT(flags) * COUNT(documents) * PEER_LINK_COUNT);
	tcase_add_loop_test(tcase, requests, 0, PEER_LINK_COUNT);
	tcase_add_loop_test(tcase, unfinished, 0, PEER_LINK_COUNT);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(jansson_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
