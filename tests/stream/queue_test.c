/* Octets that wait to be sent: against a model that keeps them all. */
#include "../../src/base/compat.h"

#include <stdlib.h>

#include "stream/queue.h"
#include "../support/sock_support.h"

#define LIMIT 300000 /* of what waits */

/* A queue, and all that was appended; what waits is all[sent, count). */
static struct fsock__queue q;
static uint8_t *all;
static size_t count, sent;

static void
check(void)
{
	ck_assert_uint_eq(fsock__queue_count(&q), count - sent);
	ck_assert_uint_le(q.head, q.tail);
	ck_assert_uint_le(q.tail, q.capacity);
	ck_assert_int_eq(q.data == NULL, q.capacity == 0);
	if (count > sent) {
		ck_assert_mem_eq(q.data + q.head, all + sent, count - sent);
	} else {
		ck_assert_uint_eq(q.head, 0);
		ck_assert_uint_le(q.capacity, FSOCK__QUEUE_SMALL);
	}
}

static void
append(size_t n)
{
	for (size_t i = 0; i < n; i++)
		all[count + i] = (uint8_t)((count + i) * 31 + ((count + i) >> 8));
	ck_assert_int_eq(fsock__queue_append(&q, all + count, n), 0);
	count += n;
	check();
}

static void
send_first(size_t n)
{
	fsock__queue_sent(&q, n);
	sent += n;
	check();
}

static void
begin(void)
{
	q = (struct fsock__queue){ .data = NULL };
	all = malloc(64 << 20);
	ck_assert_ptr_nonnull(all);
	count = sent = 0;
	check();
}

static void
finish(void)
{
	fsock__queue_free(&q);
	ck_assert_ptr_null(q.data);
	ck_assert_uint_eq(fsock__queue_count(&q), 0);
	free(all);
}

START_TEST(steps)
{
	begin();
	append(0);
	ck_assert_ptr_null(q.data);
	append(1);
	send_first(0);
	send_first(1);
	append(FSOCK__QUEUE_SMALL); /* what it has already */
	ck_assert_uint_eq(q.capacity, FSOCK__QUEUE_SMALL);
	append(1);
	ck_assert_uint_gt(q.capacity, FSOCK__QUEUE_SMALL);
	send_first(FSOCK__QUEUE_SMALL);
	send_first(1);
	ck_assert_ptr_null(q.data); /* a large one is given back */
	append(10 * FSOCK__QUEUE_SMALL);
	send_first(FSOCK__QUEUE_SMALL);
	append(LIMIT);
	finish();
}
END_TEST

/* Never more memory than a few times what waits, however long it goes on. */
START_TEST(random_steps)
{
	unsigned seed = (unsigned)_i + 1;
	size_t most = 0;

	begin();
	for (int i = 0; i < 4000 && count < (60 << 20); i++) {
		size_t waiting = count - sent, n = (size_t)rand_r(&seed) >> rand_r(&seed) % 31;

		if (rand_r(&seed) % 2 && waiting < LIMIT)
			append(n % (LIMIT - waiting + 1));
		else
			send_first(n % (waiting + 1));
		if (count - sent > most)
			most = count - sent;
		ck_assert_uint_le(q.capacity, 4 * most + FSOCK__QUEUE_SMALL);
	}
	send_first(count - sent);
	finish();
}
END_TEST

/* What stays nearly full moves its octets seldom: head has passed as many as are moved. */
START_TEST(full_for_long)
{
	begin();
	append(LIMIT);
	for (int i = 0; i < 2000; i++) {
		send_first(1000);
		append(1000);
	}
	ck_assert_uint_le(q.capacity, 4 * LIMIT);
	finish();
}
END_TEST

START_TEST(no_memory)
{
	begin();
	append(10);
	send_first(3);
	errno = 0;
	ck_assert_int_eq(fsock__queue_append(&q, all, SIZE_MAX - 100), -1);
	ck_assert_int_eq(errno, ENOMEM);
	check();
	finish();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("queue");
	TCase *t = tcase_create("queue");

	tcase_add_test(t, steps);
	tcase_add_loop_test(t, random_steps, 0, 20);
	tcase_add_test(t, full_for_long);
	tcase_add_test(t, no_memory);
	suite_add_tcase(s, t);
	return sock_run(s);
}
