/*
 * Looking up names. The resolver is this file's own: its getaddrinfo() and getnameinfo() stand in
 * front of libc's and answer from tables, so that every answer a resolver can give is given.
 */
#include "../../src/base/compat.h"

#include <sys/socket.h>
#include <netdb.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include <fsock/error.h>
#include <fsock/names.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

enum { MOST = 6 };

static const struct entry {
	const char *name;
	int eai, errnum;
	const char *addresses[MOST];
} entries[] = {
	{ .name = "four.test", .addresses = { "192.0.2.1", "192.0.2.2", "192.0.2.3" } },
	{ .name = "six.test", .addresses = { "2001:db8::1" } },
	{ .name = "both.test",
	    .addresses = { "2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2" } },
	{ .name = "twice.test",
	    .addresses = { "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.1" } },
	{ .name = "again.test", .eai = EAI_AGAIN },
	{ .name = "fail.test", .eai = EAI_FAIL },
	{ .name = "nodata.test", .eai = EAI_NODATA },
	{ .name = "memory.test", .eai = EAI_MEMORY },
	{ .name = "system.test", .eai = EAI_SYSTEM, .errnum = EMFILE },
};

/* How many names were asked for. */
static int asked;

/* The answer for one address: the addrinfo and the address in one piece of memory. */
static struct addrinfo *
new_answer(const char *text)
{
	struct {
		struct addrinfo info;
		struct fsock_addr addr;
	} *answer = calloc(1, sizeof *answer);

	if (answer == NULL || fsock_addr_from_text(&answer->addr, text, 0) != 0)
		exit(EXIT_FAILURE);
	answer->info.ai_family = fsock_addr_family(&answer->addr);
	answer->info.ai_addr = &answer->addr.as.any;
	answer->info.ai_addrlen = answer->addr.length;
	return &answer->info;
}

int
getaddrinfo(const char *restrict name, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict results)
{
	const struct entry *entry = NULL;
	struct addrinfo **end = results;

	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	asked++;
	for (int i = 0; i < COUNT(entries); i++)
		if (strcmp(entries[i].name, name) == 0)
			entry = &entries[i];
	if (entry == NULL || service != NULL)
		return EAI_NONAME;
	errno = entry->errnum != 0 ? entry->errnum : EXDEV;
	if (entry->eai != 0)
		return entry->eai;
	*results = NULL;
	for (int i = 0; i < MOST && entry->addresses[i] != NULL; i++) {
		*end = new_answer(entry->addresses[i]);
		if (hints->ai_family == AF_UNSPEC || hints->ai_family == (*end)->ai_family) {
			end = &(*end)->ai_next;
		} else {
			free(*end);
			*end = NULL;
		}
	}
	return *results != NULL ? 0 : EAI_ADDRFAMILY;
}

void
freeaddrinfo(struct addrinfo *results)
{
	while (results != NULL) {
		struct addrinfo *next = results->ai_next;

		free(results);
		results = next;
	}
}

static const struct reverse {
	const char *address, *name;
	int eai, errnum;
} reverses[] = {
	{ .address = "192.0.2.1", .name = "four.test" },
	{ .address = "2001:db8::1", .name = "six.test" },
	{ .address = "192.0.2.2", .name = "198.51.100.1" },
	{ .address = "192.0.2.3", .name = "::1" },
	{ .address = "192.0.2.4", .eai = EAI_AGAIN },
	{ .address = "192.0.2.5", .eai = EAI_SYSTEM, .errnum = ENFILE },
};

#if defined(__FreeBSD__) || defined(__OpenBSD__)
typedef size_t name_size;
#else
typedef socklen_t name_size;
#endif

int
getnameinfo(const struct sockaddr *restrict address, socklen_t length, char *restrict host,
    name_size host_size, char *restrict service, name_size service_size, int flags)
{
	struct fsock_addr asked_for, known;

	if (flags != NI_NAMEREQD || service != NULL || service_size != 0 ||
	    fsock_addr_from_sockaddr(&asked_for, address, length) != 0)
		return EAI_BADFLAGS;
	errno = EXDEV;
	for (int i = 0; i < COUNT(reverses); i++) {
		fsock_addr_from_text(&known, reverses[i].address, fsock_addr_port(&asked_for));
		if (!fsock_addr_equal(&known, &asked_for) ||
		    fsock_addr_family(&known) != fsock_addr_family(&asked_for))
			continue;
		if (reverses[i].errnum != 0)
			errno = reverses[i].errnum;
		if (reverses[i].eai == 0)
			snprintf(host, host_size, "%s", reverses[i].name);
		return reverses[i].eai;
	}
	return EAI_NONAME;
}

static const struct hosts {
	const char *name;
	enum fsock_family family;
	size_t room;
	ssize_t count;
	int asked;
	const char *addresses[MOST]; /* those that fit */
} hosts[] = {
	{ .name = "four.test",
	    .room = MOST,
	    .count = 3,
	    .asked = 1,
	    .addresses = { "192.0.2.1", "192.0.2.2", "192.0.2.3" } },
	{ .name = "four.test",
	    .room = 2,
	    .count = 3,
	    .asked = 1,
	    .addresses = { "192.0.2.1", "192.0.2.2" } },
	{ .name = "four.test", .room = 0, .count = 3, .asked = 1 },
	{ .name = "both.test",
	    .room = MOST,
	    .count = 4,
	    .asked = 1,
	    .addresses = { "2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2" } },
	{ .name = "both.test",
	    .family = FSOCK_IPV4_FIRST,
	    .room = MOST,
	    .count = 4,
	    .asked = 1,
	    .addresses = { "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2" } },
	{ .name = "both.test",
	    .family = FSOCK_IPV6_FIRST,
	    .room = MOST,
	    .count = 4,
	    .asked = 1,
	    .addresses = { "2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2" } },
	{ .name = "both.test",
	    .family = FSOCK_IPV4_ONLY,
	    .room = MOST,
	    .count = 2,
	    .asked = 1,
	    .addresses = { "192.0.2.1", "192.0.2.2" } },
	{ .name = "both.test",
	    .family = FSOCK_IPV6_ONLY,
	    .room = MOST,
	    .count = 2,
	    .asked = 1,
	    .addresses = { "2001:db8::1", "2001:db8::2" } },
	{ .name = "six.test",
	    .family = FSOCK_IPV4_FIRST,
	    .room = MOST,
	    .count = 1,
	    .asked = 1,
	    .addresses = { "2001:db8::1" } },
	{ .name = "twice.test",
	    .room = MOST,
	    .count = 2,
	    .asked = 1,
	    .addresses = { "192.0.2.1", "192.0.2.2" } },

	/* Addresses are their own, and nobody is asked. */
	{ .name = "127.0.0.1", .room = MOST, .count = 1, .addresses = { "127.0.0.1" } },
	{ .name = "::1", .room = MOST, .count = 1, .addresses = { "::1" } },
	{ .name = "[::1]",
	    .family = FSOCK_IPV6_ONLY,
	    .room = MOST,
	    .count = 1,
	    .addresses = { "::1" } },
	{ .name = "::1",
	    .family = FSOCK_IPV4_FIRST,
	    .room = MOST,
	    .count = 1,
	    .addresses = { "::1" } },
	{ .name = "/run/x",
	    .family = FSOCK_IPV6_ONLY,
	    .room = MOST,
	    .count = 1,
	    .addresses = { "/run/x" } },
};

START_TEST(get_hosts)
{
	const struct hosts *row = &hosts[_i];
	struct fsock_addr list[MOST], first;
	char buf[FSOCK_ADDR_TEXT_SIZE];

	memset(list, 0, sizeof list);
	errno = 0;
	ck_assert_int_eq(
	    fsock_get_hosts_by_name(row->name, row->family, list, row->room), row->count);
	ck_assert_int_eq(asked, row->asked);
	for (int i = 0; i < MOST; i++) {
		const char *expected = row->addresses[i] != NULL ? row->addresses[i] : "";

		ck_assert_str_eq(fsock_addr_host(&list[i], buf, sizeof buf), expected);
		ck_assert_int_eq(fsock_addr_port(&list[i]), 0);
	}
	ck_assert_int_eq(fsock_get_host_by_name(row->name, row->family, &first), 0);
	if (row->room > 0)
		ck_assert(fsock_addr_equal(&first, &list[0]));
	ck_assert_int_eq(errno, 0);
}
END_TEST

START_TEST(no_room_and_no_list)
{
	ck_assert_int_eq(fsock_get_hosts_by_name("four.test", FSOCK_ANY_FAMILY, NULL, 0), 3);
}
END_TEST

static const struct failure {
	const char *name;
	enum fsock_family family;
	enum fsock_error_kind kind;
	int errnum, asked;
} failures[] = {
	{ .name = "none.test", .kind = FSOCK_NS_HOST_NOT_FOUND_ERROR, .asked = 1 },
	{ .name = "again.test", .kind = FSOCK_NS_TRY_AGAIN_ERROR, .asked = 1 },
	{ .name = "fail.test", .kind = FSOCK_NS_NO_RECOVERY_ERROR, .asked = 1 },
	{ .name = "nodata.test", .kind = FSOCK_NS_NO_DATA_ERROR, .asked = 1 },
	{ .name = "memory.test", .kind = FSOCK_OUT_OF_MEMORY_ERROR, .errnum = ENOMEM, .asked = 1 },
	{ .name = "system.test", .kind = FSOCK_TOO_MANY_FILES_ERROR, .errnum = EMFILE, .asked = 1 },
	{ .name = "four.test",
	    .family = FSOCK_IPV6_ONLY,
	    .kind = FSOCK_NS_NO_DATA_ERROR,
	    .asked = 1 },
	{ .name = "six.test",
	    .family = FSOCK_IPV4_ONLY,
	    .kind = FSOCK_NS_NO_DATA_ERROR,
	    .asked = 1 },

	/* Nobody is asked for what is no name. */
	{ .name = "", .kind = FSOCK_NS_HOST_NOT_FOUND_ERROR },
	{ .name = "300.1.1.1", .kind = FSOCK_NS_HOST_NOT_FOUND_ERROR },
	{ .name = "127.1", .kind = FSOCK_NS_HOST_NOT_FOUND_ERROR },
	{ .name = "1::2::3", .kind = FSOCK_NS_HOST_NOT_FOUND_ERROR },
	{ .name = "[four.test]", .kind = FSOCK_NS_HOST_NOT_FOUND_ERROR },
	{ .name = "four.test:80", .kind = FSOCK_NS_HOST_NOT_FOUND_ERROR },
	{ .name = "four.test%lo", .kind = FSOCK_NS_HOST_NOT_FOUND_ERROR },
	{ .name = "127.0.0.1", .family = FSOCK_IPV6_ONLY, .kind = FSOCK_NS_NO_DATA_ERROR },
	{ .name = "::1", .family = FSOCK_IPV4_ONLY, .kind = FSOCK_NS_NO_DATA_ERROR },
	{ .name = "fe80::1%none-such", .kind = FSOCK_UNKNOWN_ERROR, .errnum = ENODEV },
	{ .name = NULL, .kind = FSOCK_INVALID_ARGUMENT_ERROR, .errnum = EINVAL },
	{ .name = "four.test",
	    .family = (enum fsock_family)5,
	    .kind = FSOCK_INVALID_ARGUMENT_ERROR,
	    .errnum = EINVAL },
};

/* Checks that the failure of a row was told. */
static void
check_failure(const struct failure *row)
{
	const struct fsock_error *error = fsock_last_error();

	ck_assert_int_eq(error->kind, row->kind);
	ck_assert_int_eq(error->errnum, errno);
	ck_assert_int_ne(errno, 0);
	if (row->errnum != 0)
		ck_assert_int_eq(errno, row->errnum);
	ck_assert_str_eq(error->host, row->name != NULL ? row->name : "");
	ck_assert_int_eq(asked, row->asked);
	fsock_clear_error();
	errno = asked = 0;
}

START_TEST(failure)
{
	const struct failure *row = &failures[_i];
	struct fsock_addr addr, before;

	memset(&addr, 0x5a, sizeof addr);
	memcpy(&before, &addr, sizeof addr);
	errno = 0;
	ck_assert_int_eq(fsock_get_hosts_by_name(row->name, row->family, &addr, 1), -1);
	check_failure(row);
	ck_assert_int_eq(fsock_get_host_by_name(row->name, row->family, &addr), -1);
	check_failure(row);
	ck_assert_int_eq(fsock_get_random_host_by_name(row->name, row->family, &addr), -1);
	check_failure(row);
	ck_assert_mem_eq(&addr, &before, sizeof addr);
}
END_TEST

START_TEST(null_results)
{
	errno = 0;
	ck_assert_int_eq(fsock_get_hosts_by_name("four.test", FSOCK_ANY_FAMILY, NULL, 1), -1);
	ck_assert_int_eq(errno, EINVAL);
	errno = 0;
	ck_assert_int_eq(fsock_get_host_by_name("four.test", FSOCK_ANY_FAMILY, NULL), -1);
	ck_assert_int_eq(errno, EINVAL);
	errno = 0;
	ck_assert_int_eq(fsock_get_random_host_by_name("four.test", FSOCK_ANY_FAMILY, NULL), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(asked, 0);
}
END_TEST

static const struct chance {
	enum fsock_family family;
	int may[4]; /* which of both.test's addresses may come */
} chances[] = {
	{ .family = FSOCK_ANY_FAMILY, .may = { 1, 1, 1, 1 } },
	{ .family = FSOCK_IPV4_FIRST, .may = { 0, 1, 0, 1 } },
	{ .family = FSOCK_IPV6_FIRST, .may = { 1, 0, 1, 0 } },
	{ .family = FSOCK_IPV4_ONLY, .may = { 0, 1, 0, 1 } },
	{ .family = FSOCK_IPV6_ONLY, .may = { 1, 0, 1, 0 } },
};

/* Of 4000 draws each possible address gets 1000 or 2000, give or take ten standard deviations. */
START_TEST(random_host)
{
	static const char *const texts[4] = { "2001:db8::1", "192.0.2.1", "2001:db8::2",
		"192.0.2.2" };
	int came[4] = { 0 }, possible = 0;
	char buf[FSOCK_ADDR_TEXT_SIZE];
	struct fsock_addr addr;

	for (int i = 0; i < 4000; i++) {
		ck_assert_int_eq(
		    fsock_get_random_host_by_name("both.test", chances[_i].family, &addr), 0);
		fsock_addr_host(&addr, buf, sizeof buf);
		for (int j = 0; j < 4; j++)
			came[j] += strcmp(buf, texts[j]) == 0;
	}
	for (int j = 0; j < 4; j++)
		possible += chances[_i].may[j];
	for (int j = 0; j < 4; j++) {
		int fair = chances[_i].may[j] * 4000 / possible;

		ck_assert_int_le(abs(came[j] - fair), fair == 0 ? 0 : 320);
	}
}
END_TEST

static const struct by_address {
	const char *address, *name;
	int port, errnum;
	enum fsock_error_kind kind;
} by_address[] = {
	{ .address = "192.0.2.1", .name = "four.test" },
	{ .address = "192.0.2.1", .port = 80, .name = "four.test" },
	{ .address = "::ffff:192.0.2.1", .name = "four.test" },
	{ .address = "2001:db8::1", .name = "six.test" },
	{ .address = "192.0.2.2", .kind = FSOCK_NS_HOST_NOT_FOUND_ERROR },
	{ .address = "192.0.2.3", .kind = FSOCK_NS_HOST_NOT_FOUND_ERROR },
	{ .address = "192.0.2.4", .kind = FSOCK_NS_TRY_AGAIN_ERROR },
	{ .address = "192.0.2.5", .kind = FSOCK_TOO_MANY_FILES_ERROR, .errnum = ENFILE },
	{ .address = "192.0.2.9", .kind = FSOCK_NS_HOST_NOT_FOUND_ERROR },
	{ .address = "/run/x",
	    .kind = FSOCK_ADDRESS_FAMILY_NOT_SUPPORTED_ERROR,
	    .errnum = EAFNOSUPPORT },
};

START_TEST(host_by_address)
{
	const struct by_address *row = &by_address[_i];
	char buf[FSOCK_HOST_NAME_SIZE] = "left over", *name;
	struct fsock_addr addr;

	ck_assert_int_eq(fsock_addr_from_text(&addr, row->address, row->port), 0);
	errno = 0;
	name = fsock_get_host_by_address(&addr, buf, sizeof buf);
	if (row->name != NULL) {
		ck_assert_ptr_eq(name, buf);
		ck_assert_str_eq(name, row->name);
		ck_assert_int_eq(errno, 0);
		return;
	}
	ck_assert_ptr_null(name);
	ck_assert_str_eq(buf, "left over");
	ck_assert_int_eq(fsock_last_error()->kind, row->kind);
	ck_assert_int_eq(fsock_last_error()->errnum, errno);
	if (row->errnum != 0)
		ck_assert_int_eq(errno, row->errnum);
	if (row->errnum != EAFNOSUPPORT)
		ck_assert_str_eq(fsock_last_error()->host, row->address);
}
END_TEST

START_TEST(name_that_does_not_fit)
{
	char buf[10] = "left over";
	struct fsock_addr addr;

	ck_assert_int_eq(fsock_addr_from_text(&addr, "192.0.2.1", 0), 0);
	errno = 0;
	ck_assert_ptr_null(fsock_get_host_by_address(&addr, buf, 9));
	ck_assert_int_eq(errno, ERANGE);
	ck_assert_str_eq(buf, "left over");
	ck_assert_ptr_nonnull(fsock_get_host_by_address(&addr, buf, 10));
	ck_assert_ptr_null(fsock_get_host_by_address(&addr, NULL, 10));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(fsock_get_host_by_address(NULL, buf, 10));
	ck_assert_int_eq(errno, EAFNOSUPPORT);
}
END_TEST

static void
forget(void)
{
	asked = 0;
	fsock_clear_error();
}

static Suite *
names_suite(void)
{
	Suite *suite = suite_create("names");
	TCase *tcase = tcase_create("names");

	tcase_add_checked_fixture(tcase, forget, NULL);
	tcase_add_loop_test(tcase, get_hosts, 0, COUNT(hosts));
	tcase_add_test(tcase, no_room_and_no_list);
	tcase_add_loop_test(tcase, failure, 0, COUNT(failures));
	tcase_add_test(tcase, null_results);
	tcase_add_loop_test(tcase, random_host, 0, COUNT(chances));
	tcase_add_loop_test(tcase, host_by_address, 0, COUNT(by_address));
	tcase_add_test(tcase, name_that_does_not_fit);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(names_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
