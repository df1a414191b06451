/* Looking up names with the resolver of the system, as far as every system answers the same. */
#include "../../src/base/compat.h"

#include <sys/socket.h>
#include <sys/utsname.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include <fsock/error.h>
#include <fsock/names.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

/* Text that getaddrinfo(3) takes for an address as inet_aton(3) does, and what is no name. */
static const char *const refused[] = {
	"0x7f000001",
	"0x7f.0.0.1",
	"2130706433",
	"017700000001",
	"127.1",
	"127.0.0.01",
	"300.1.1.1",
	"1::2::3",
	"",
};

START_TEST(not_found_at_once)
{
	struct fsock_addr addr;

	ck_assert_int_eq(fsock_get_host_by_name(refused[_i], FSOCK_ANY_FAMILY, &addr), -1);
	ck_assert_int_eq(fsock_last_error()->kind, FSOCK_NS_HOST_NOT_FOUND_ERROR);
	ck_assert_str_eq(fsock_last_error()->host, refused[_i]);
}
END_TEST

/* RFC 6761 section 6.4: no resolver finds it; without a network it may not even know that. */
START_TEST(unknown_name)
{
	struct fsock_addr addr;

	ck_assert_int_eq(
	    fsock_get_host_by_name("no-such-name.invalid", FSOCK_ANY_FAMILY, &addr), -1);
	ck_assert(fsock_error_is(fsock_last_error()->kind, FSOCK_NS_ERROR));
	ck_assert_str_eq(fsock_last_error()->host, "no-such-name.invalid");
}
END_TEST

/* RFC 6761 section 6.3: loopback addresses only. */
START_TEST(localhost)
{
	struct fsock_addr list[8], addr;
	ssize_t count;

	errno = 0;
	count = fsock_get_hosts_by_name("localhost", FSOCK_ANY_FAMILY, list, COUNT(list));
	ck_assert_int_ge(count, 1);
	for (ssize_t i = 0; i < count && i < COUNT(list); i++)
		ck_assert(fsock_addr_is_loopback(&list[i]));
	ck_assert_int_eq(fsock_get_host_by_name("localhost", FSOCK_IPV4_ONLY, &addr), 0);
	ck_assert_int_eq(fsock_addr_family(&addr), AF_INET);
	ck_assert(fsock_addr_is_loopback(&addr));
	ck_assert_int_eq(fsock_get_host_by_name("localhost", FSOCK_IPV4_FIRST, &addr), 0);
	ck_assert_int_eq(fsock_addr_family(&addr), AF_INET);
	ck_assert_int_eq(fsock_get_random_host_by_name("localhost", FSOCK_ANY_FAMILY, &addr), 0);
	ck_assert(fsock_addr_is_loopback(&addr));
	ck_assert_int_eq(errno, 0);
}
END_TEST

START_TEST(loopback_has_a_name)
{
	struct fsock_addr addr;
	char name[FSOCK_HOST_NAME_SIZE];

	ck_assert_int_eq(fsock_addr_from_text(&addr, "127.0.0.1", 0), 0);
	errno = 0;
	ck_assert_ptr_eq(fsock_get_host_by_address(&addr, name, sizeof name), name);
	ck_assert_int_eq(errno, 0);
	ck_assert_int_eq(fsock_get_host_by_name(name, FSOCK_IPV4_ONLY, &addr), 0);
	ck_assert(fsock_addr_is_loopback(&addr));
}
END_TEST

START_TEST(host_name)
{
	char name[FSOCK_HOST_NAME_SIZE];
	struct utsname system;
	size_t size;

	ck_assert_int_ge(uname(&system), 0);
	size = strlen(system.nodename) + 1;
	errno = 0;
	ck_assert_ptr_eq(fsock_get_host_name(name, sizeof name), name);
	ck_assert_str_eq(name, system.nodename);
	ck_assert_ptr_eq(fsock_get_host_name(name, size), name);
	ck_assert_int_eq(errno, 0);
	strcpy(name, "left over");
	ck_assert_ptr_null(fsock_get_host_name(name, size - 1));
	ck_assert_int_eq(errno, ERANGE);
	ck_assert_str_eq(name, "left over");
	ck_assert_ptr_null(fsock_get_host_name(NULL, size));
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

static Suite *
names_system_suite(void)
{
	Suite *suite = suite_create("names_system");
	TCase *tcase = tcase_create("names_system");

	tcase_add_loop_test(tcase, not_found_at_once, 0, COUNT(refused));
	tcase_add_test(tcase, unknown_name);
	tcase_add_test(tcase, localhost);
	tcase_add_test(tcase, loopback_has_a_name);
	tcase_add_test(tcase, host_name);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(names_system_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
