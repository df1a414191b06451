/*
 * Long random sequences of stdio operations, against a model of two queues; where whole records
 * are delivered, of a random kind: the text has lines, whatever it is divided in. FSOCK_SEED=N in
 * the environment begins the seeds elsewhere; what is printed runs the same sequences again.
 */
#include "../../src/base/compat.h"

#include <stdbool.h>
#include <stdlib.h>

#include <check.h>

#include "../support/sock_support.h"
#include "../support/stdio_model.h"

#define RUNS  (6 * STDIO_KINDS)
#define STEPS 600

static unsigned long first_seed = 1;

/* A number below n; small ones are more likely. */
static size_t
pick(unsigned *seed, size_t n)
{
	size_t wide = (size_t)rand_r(seed) % n;

	return wide >> rand_r(seed) % 8;
}

/* The text's octets in other records than its lines, none of them as long as what is supplied. */
static ssize_t
measure_any(const void *octets, size_t n, void *arg)
{
	(void)n, (void)arg;
	return 1 + *(const unsigned char *)octets % 20;
}

static const struct fsock_record records[] = {
	{ .kind = FSOCK_RECORD_LINE },
	{ .kind = FSOCK_RECORD_DELIMITED, .delimiter = ' ' },
	{ .kind = FSOCK_RECORD_DELIMITED, .delimiter = '7' },
	{ .kind = FSOCK_RECORD_COUNTED, .count = 7 },
	{ .kind = FSOCK_RECORD_MEASURED, .measure = measure_any },
};

static void
open_world(struct stdio_world *w, int i, unsigned *seed)
{
	stdio_world_open_records(w, (enum stdio_kind)(i % STDIO_KINDS),
	    (enum stdio_transport)(i / STDIO_KINDS % STDIO_TRANSPORTS), 0,
	    &records[(unsigned)rand_r(seed) % COUNT(records)]);
}

/* More than any operation takes, and to the end of a line: delivering whole ones waits for it. */
static void
supply(struct stdio_world *w, unsigned *seed)
{
	int pieces = 0; /* not too many: each takes up room in the connection */
	size_t end;

	while (w->sent - w->consumed < w->amount + 600) {
		end = stdio_world_lines(w, 1 + (int)pick(seed, 40));
		if (pieces > 0)
			end = stdio_world_lines(w, 40);
		while (w->sent < end && pieces++ < 10)
			stdio_world_send(w, w->sent + 1 + pick(seed, end - w->sent));
		stdio_world_send(w, end);
	}
}

/* Whether there is room in the model for anything that an operation may do. */
static int
has_room(const struct stdio_world *w)
{
	return w->sent + 2 * w->amount + 12000 < STDIO_TEXT_MAX &&
	       w->count + w->amount + 100 < STDIO_TEXT_MAX;
}

static int
is_wanted(const struct stdio_world *w, const struct stdio_operation *operation)
{
	if (operation->traits & STDIO_CLOSES)
		return 0;
	return !(operation->traits & STDIO_REBUFFERS) || w->memory_used < 3;
}

START_TEST(random_operations)
{
	static struct stdio_world w;
	unsigned seed = (unsigned)(first_seed + (unsigned long)_i);
	int unseen = 0;

	open_world(&w, _i, &seed);
	for (int i = 0; i < STEPS; i++) {
		const struct stdio_operation *operation =
		    &stdio_operations[rand_r(&seed) % stdio_operation_count];

		w.amount = 1 + pick(&seed, 3000);
		if (!has_room(&w))
			break;
		if (!is_wanted(&w, operation))
			continue;
		if (operation->traits & STDIO_READS)
			supply(&w, &seed);
		else if (rand_r(&seed) % 4 == 0)
			stdio_world_send(&w, stdio_world_lines(&w, 1));
		stdio_world_run(&w, operation);
		/* What the far end does not read in time would fill the connection. */
		if (++unseen == 40) {
			ck_assert_int_eq(fflush(w.out), 0);
			stdio_world_check_arrival(&w);
			if (w.in == w.out)
				stdio_world_flushed(&w);
			unseen = 0;
		}
	}
	if (w.record != NULL) { /* the last one has no end */
		w.tail = STDIO_ENDS;
		stdio_far_end(&w.link);
	}
	stdio_world_drain(&w);
	stdio_world_close(&w);
}
END_TEST

/* Then the far end stops, and what was left is read to the end of the file. */
START_TEST(random_ends)
{
	static struct stdio_world w;
	unsigned seed = (unsigned)(first_seed + (unsigned long)_i) * 7919;

	open_world(&w, _i, &seed);
	w.tail = STDIO_ENDS;
	stdio_world_send(&w, stdio_world_lines(&w, 3) + pick(&seed, 200));
	stdio_far_end(&w.link);
	for (int i = 0; i < STEPS; i++) {
		const struct stdio_operation *operation =
		    &stdio_operations[rand_r(&seed) % stdio_operation_count];

		w.amount = 1 + pick(&seed, 50);
		if (is_wanted(&w, operation))
			stdio_world_run(&w, operation);
		if (i % 40 == 0) {
			ck_assert_int_eq(fflush(w.out), 0);
			stdio_world_check_arrival(&w);
			if (w.in == w.out)
				stdio_world_flushed(&w);
		}
	}
	stdio_world_close(&w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("model");
	TCase *t = tcase_create("model");
	const char *seed = getenv("FSOCK_SEED");

	if (seed != NULL)
		first_seed = strtoul(seed, NULL, 0);
	printf("FSOCK_SEED=%lu\n", first_seed);
	tcase_add_loop_test(t, random_operations, 0, RUNS);
	tcase_add_loop_test(t, random_ends, 0, RUNS);
	suite_add_tcase(s, t);
	return sock_run(s);
}
