/* Spans and deadlines. */
#include "../../src/base/compat.h"

#include <math.h>
#include <poll.h>

#include "base/clock.h"
#include "../support/sock_support.h"

static const struct span {
	double seconds;
	int64_t span;
} spans[] = {
	{ .seconds = 0, .span = 0 },
	{ .seconds = -0.0, .span = 0 },
	{ .seconds = 1e-9, .span = 1 },
	{ .seconds = 0.5, .span = 500000000 },
	{ .seconds = 1, .span = 1000000000 },
	{ .seconds = 86400, .span = 86400000000000 },
	{ .seconds = 8e9, .span = 8000000000000000000 },
	{ .seconds = 9e9, .span = FSOCK__NEVER },
	{ .seconds = 1e300, .span = FSOCK__NEVER },
	{ .seconds = INFINITY, .span = FSOCK__NEVER },
};

START_TEST(span_of_seconds)
{
	int64_t span = -7;

	errno = 0;
	ck_assert_int_eq(fsock__clock_span(spans[_i].seconds, &span), 0);
	ck_assert_int_eq(span, spans[_i].span);
	ck_assert_int_eq(errno, 0);
}
END_TEST

static const double no_spans[] = { -1e-300, -1, -INFINITY, NAN };

START_TEST(span_refused)
{
	int64_t span = -7;

	errno = 0;
	ck_assert_int_eq(fsock__clock_span(no_spans[_i], &span), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(span, -7);
}
END_TEST

/* Spans whose end may lie beyond all time. */
static const struct reach {
	int64_t span;
	int never;
} reaches[] = {
	{ .span = 0, .never = 0 },
	{ .span = 1000000000, .never = 0 },
	{ .span = INT64_MAX / 2, .never = 0 },
	{ .span = INT64_MAX - 1, .never = 1 },
	{ .span = FSOCK__NEVER, .never = 1 },
};

START_TEST(moment_after)
{
	int64_t before = fsock__clock_now();
	int64_t moment = fsock__clock_after(reaches[_i].span);
	int64_t after = fsock__clock_now();

	ck_assert_int_gt(before, 0);
	ck_assert_int_ge(after, before);
	if (reaches[_i].never) {
		ck_assert_int_eq(moment, FSOCK__NEVER);
	} else {
		ck_assert_int_ge(moment, before + reaches[_i].span);
		ck_assert_int_le(moment, after + reaches[_i].span);
	}
}
END_TEST

START_TEST(time_left)
{
	int64_t now = fsock__clock_now();

	ck_assert_int_eq(fsock__clock_left(FSOCK__NEVER), FSOCK__NEVER);
	ck_assert_int_eq(fsock__clock_left(now), 0);
	ck_assert_int_eq(fsock__clock_left(0), 0);
	ck_assert_int_eq(fsock__clock_left(INT64_MIN), 0);
	ck_assert_int_gt(fsock__clock_left(now + 1000000000000), 0);
	ck_assert_int_le(fsock__clock_left(now + 1000000000000), 1000000000000);
}
END_TEST

START_TEST(time_passes)
{
	int64_t start = fsock__clock_now();
	int64_t deadline = fsock__clock_after(20000000);

	while (fsock__clock_left(deadline) > 0)
		ck_assert_int_eq(poll(NULL, 0, 1), 0);
	ck_assert_int_ge(fsock__clock_now() - start, 20000000);
	ck_assert_int_lt(fsock__clock_now() - start, (int64_t)(SOCK_PATIENCE * 1e9));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("clock");
	TCase *tcase = tcase_create("clock");

	tcase_add_loop_test(tcase, span_of_seconds, 0, COUNT(spans));
	tcase_add_loop_test(tcase, span_refused, 0, COUNT(no_spans));
	tcase_add_loop_test(tcase, moment_after, 0, COUNT(reaches));
	tcase_add_test(tcase, time_left);
	tcase_add_test(tcase, time_passes);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
