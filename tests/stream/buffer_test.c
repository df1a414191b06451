/* Raw octets between the kernel and the FILEs: what is delivered, given back and kept. */
#include "../../src/base/compat.h"

#include <stdbool.h>
#include <stdlib.h>

#include <check.h>

#include "../../src/stream/buffer.h"
#include "../support/sock_support.h"

/* What buffer.h says must stay true, whatever was done. */
static void
check_invariants(const struct fsock__buffer *b)
{
	ck_assert_uint_le(b->mark, b->head);
	ck_assert_uint_le(b->head, b->tail);
	ck_assert_uint_le(b->tail, b->capacity);
	ck_assert_int_eq(b->data == NULL, b->capacity == 0);
	ck_assert_uint_eq(fsock__buffer_count(b), b->tail - b->head);
}

/* The octet at a place of the input, so that any that is lost or doubled shows. */
static uint8_t
octet(size_t at)
{
	return (uint8_t)(at * 7 + at / 256);
}

/* Receives n octets, or as many as there is room for; `at` is how many came before. */
static size_t
receive(struct fsock__buffer *b, size_t at, size_t n)
{
	size_t room = fsock__buffer_reserve(b);

	ck_assert_uint_ge(room, 1);
	check_invariants(b);
	if (n > room)
		n = room;
	for (size_t i = 0; i < n; i++)
		b->data[b->tail + i] = octet(at + i);
	fsock__buffer_received(b, n);
	check_invariants(b);
	return n;
}

static void
deliver(struct fsock__buffer *b, size_t at, size_t n)
{
	uint8_t *to = malloc(n);

	if (n == 0) {
		free(to);
		return;
	}
	ck_assert_ptr_nonnull(to);
	fsock__buffer_deliver(b, to, n);
	check_invariants(b);
	for (size_t i = 0; i < n; i++)
		if (to[i] != octet(at + i))
			ck_abort_msg("octet %zu is wrong", at + i);
	free(to);
}

START_TEST(empty)
{
	struct fsock__buffer b = { 0 };

	check_invariants(&b);
	ck_assert_uint_eq(fsock__buffer_count(&b), 0);
	fsock__buffer_settle(&b);
	ck_assert_int_eq(fsock__buffer_give_back(&b, 0), 0);
	ck_assert_int_eq(fsock__buffer_give_back(&b, 1), -1);
	ck_assert_ptr_null(b.data);
	errno = 4711;
	ck_assert_uint_eq(fsock__buffer_reserve(&b), FSOCK__BUFFER_SMALL);
	ck_assert_int_eq(errno, 4711);
	fsock__buffer_free(&b);
	check_invariants(&b);
	ck_assert_ptr_null(b.data);
	fsock__buffer_free(&b);
}
END_TEST

/* What waits for a line end is seldom moved, however small the pieces that it comes in. */
START_TEST(pile_up)
{
	static const struct {
		size_t piece, total;
	} rows[] = { { 1, 30000 }, { 1000, 4 << 20 }, { 200000, 64 << 20 } };
	struct fsock__buffer b = { 0 };
	size_t total = rows[_i].total, capacity = 0, at = 0;
	int moves = 0;

	while (at < total) {
		at += receive(&b, at, rows[_i].piece);
		moves += b.capacity != capacity;
		capacity = b.capacity;
	}
	ck_assert_int_lt(moves, 20);
	ck_assert_uint_le(b.capacity, total * 2 + FSOCK__BUFFER_LARGE);
	deliver(&b, 0, at);
	fsock__buffer_free(&b);
}
END_TEST

/* What of 10 octets, delivered in one piece or two with a settling between, may be given back. */
static const struct give_back {
	size_t first, second, back;
	int settle, expected;
} gives[] = {
	{ .first = 10, .back = 0, .expected = 0 },
	{ .first = 10, .back = 1, .expected = 0 },
	{ .first = 10, .back = 10, .expected = 0 },
	{ .first = 10, .back = 11, .expected = -1 },
	{ .first = 10, .back = SIZE_MAX, .expected = -1 },
	{ .first = 4, .second = 3, .back = 7, .expected = 0 },
	{ .first = 4, .second = 3, .back = 8, .expected = -1 },
	{ .first = 4, .second = 3, .settle = 1, .back = 3, .expected = 0 },
	{ .first = 4, .second = 3, .settle = 1, .back = 4, .expected = -1 },
	{ .first = 4, .second = 6, .settle = 1, .back = 6, .expected = 0 },
	{ .first = 4, .second = 6, .settle = 1, .back = 7, .expected = -1 },
	{ .first = 10, .settle = 1, .back = 1, .expected = -1 },
};

START_TEST(give_back)
{
	const struct give_back *row = &gives[_i];
	struct fsock__buffer b = { 0 };
	size_t head;

	ck_assert_uint_eq(receive(&b, 0, 10), 10);
	fsock__buffer_settle(&b);
	deliver(&b, 0, row->first);
	if (row->settle)
		fsock__buffer_settle(&b);
	if (row->second > 0)
		deliver(&b, row->first, row->second);
	head = row->first + row->second;
	ck_assert_int_eq(fsock__buffer_give_back(&b, row->back), row->expected);
	check_invariants(&b);
	if (row->expected == 0)
		head -= row->back;
	/* All that waits comes in order, whether given back or not. */
	ck_assert_uint_eq(fsock__buffer_count(&b), 10 - head);
	deliver(&b, head, 10 - head);
	fsock__buffer_free(&b);
}
END_TEST

/* A busy connection reads ever more at a time up to a limit, an idle one costs little again. */
START_TEST(appetite)
{
	struct fsock__buffer b = { 0 };
	size_t at = 0, n, before = 0;

	for (int i = 0; i < 20; i++) {
		n = receive(&b, at, SIZE_MAX);
		ck_assert_uint_ge(n, before);
		ck_assert_uint_le(b.capacity, FSOCK__BUFFER_LARGE);
		before = n;
		fsock__buffer_settle(&b);
		deliver(&b, at, n);
		fsock__buffer_settle(&b);
		at += n;
	}
	ck_assert_uint_eq(before, FSOCK__BUFFER_LARGE);
	for (int i = 0; i < 20; i++) {
		fsock__buffer_settle(&b);
		n = receive(&b, at, 100);
		fsock__buffer_settle(&b);
		deliver(&b, at, n);
		ck_assert_uint_eq(b.capacity, FSOCK__BUFFER_SMALL);
		at += n;
	}
	/* And asks for little only. */
	fsock__buffer_settle(&b);
	ck_assert_uint_le(fsock__buffer_reserve(&b), FSOCK__BUFFER_SMALL);
	fsock__buffer_free(&b);
}
END_TEST

/*
 * A line at a time received while the one before may still be given back, as waits do, costs what
 * the line does: no other memory, however many come.
 */
START_TEST(lines_while_kept)
{
	static const size_t lengths[] = { 1, 64, 100, 1000 };
	struct fsock__buffer b = { 0 };
	size_t at = 0, length = lengths[_i];

	for (int i = 0; i < 5000; i++, at += length) {
		ck_assert_uint_eq(receive(&b, at, length), length);
		ck_assert_uint_eq(b.capacity, FSOCK__BUFFER_SMALL);
		fsock__buffer_settle(&b);
		deliver(&b, at, length);
		ck_assert_int_eq(fsock__buffer_give_back(&b, length), 0);
		deliver(&b, at, length);
	}
	fsock__buffer_free(&b);
}
END_TEST

/* What may be given back survives that the memory is let go of; no more than that is kept. */
START_TEST(shrink)
{
	static const size_t lasts[] = { 1, 100, FSOCK__BUFFER_SMALL };
	struct fsock__buffer b = { 0 };
	size_t at = 0, n, last = lasts[_i];

	while (at < 2 * FSOCK__BUFFER_LARGE) {
		fsock__buffer_settle(&b);
		n = receive(&b, at, SIZE_MAX);
		fsock__buffer_settle(&b);
		deliver(&b, at, n - last);
		fsock__buffer_settle(&b);
		deliver(&b, at + n - last, last);
		at += n;
	}
	ck_assert_uint_eq(b.capacity, FSOCK__BUFFER_SMALL);
	ck_assert_int_eq(fsock__buffer_give_back(&b, last + 1), -1);
	ck_assert_int_eq(fsock__buffer_give_back(&b, last), 0);
	deliver(&b, at - last, last);
	fsock__buffer_free(&b);
}
END_TEST

/* Input that waits is never lost for the sake of room: whole lines are gathered so. */
START_TEST(gather)
{
	struct fsock__buffer b = { 0 };
	size_t at = 0;

	while (at < 300000)
		at += receive(&b, at, 1000);
	ck_assert_uint_eq(fsock__buffer_count(&b), at);
	ck_assert_uint_le(b.capacity, at + 2 * FSOCK__BUFFER_LARGE);
	deliver(&b, 0, at);
	fsock__buffer_free(&b);
}
END_TEST

/* Any sequence of steps, against two counters: how much came, how much was delivered. */
START_TEST(random_steps)
{
	struct fsock__buffer b = { 0 };
	size_t came = 0, gone = 0, mark = 0, n;
	unsigned seed = 20 + (unsigned)_i;

	for (int i = 0; i < 1500; i++) {
		n = (size_t)rand_r(&seed) % (1u << rand_r(&seed) % 13);
		switch (rand_r(&seed) % 4) {
		case 0:
			if (came - gone < 200000)
				came += receive(&b, came, n);
			break;
		case 1:
			fsock__buffer_settle(&b);
			mark = gone;
			break;
		case 2:
			n = n < came - gone ? n : came - gone;
			deliver(&b, gone, n);
			gone += n;
			break;
		default:
			ck_assert_int_eq(fsock__buffer_give_back(&b, n), n <= gone - mark ? 0 : -1);
			gone -= n <= gone - mark ? n : 0;
		}
		ck_assert_uint_eq(fsock__buffer_count(&b), came - gone);
		check_invariants(&b);
	}
	deliver(&b, gone, came - gone);
	fsock__buffer_free(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("buffer");
	TCase *t = tcase_create("buffer");

	tcase_add_test(t, empty);
	tcase_add_loop_test(t, pile_up, 0, 3);
	tcase_add_loop_test(t, give_back, 0, COUNT(gives));
	tcase_add_test(t, appetite);
	tcase_add_loop_test(t, lines_while_kept, 0, 4);
	tcase_add_loop_test(t, shrink, 0, 3);
	tcase_add_test(t, gather);
	tcase_add_loop_test(t, random_steps, 0, 8);
	suite_add_tcase(s, t);
	return sock_run(s);
}
