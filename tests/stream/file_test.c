/* What the mechanisms that make FILEs share. */
#include "../../src/base/compat.h"

#include "stream/file.h"
#include "../support/sock_support.h"

/* Where a FILE has a short for its descriptor. */
static const int numbers[][2] = {
	{ -1, -1 },
	{ 0, 0 },
	{ 3, 3 },
	{ SHRT_MAX, SHRT_MAX },
	{ SHRT_MAX + 1, -1 },
	{ 65536 + 3, -1 },
	{ INT_MAX, -1 },
};

START_TEST(number)
{
	ck_assert_int_eq(fsock__file_number(numbers[_i][0]), numbers[_i][1]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("file");
	TCase *tcase = tcase_create("file");

	tcase_add_loop_test(tcase, number, 0, COUNT(numbers));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
