/* Addresses as bytes: what they hold and what equals what. */
#include "../../src/base/compat.h"

#include <sys/socket.h>
#include <unistd.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include <fsock/addr.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

static const struct pair {
	const char *a, *b;
	int port_a, port_b, equal;
} pairs[] = {
	{ .a = "127.0.0.1", .b = "127.0.0.1", .equal = 1 },
	{ .a = "127.0.0.1", .b = "127.0.0.2", .equal = 0 },
	{ .a = "127.0.0.1", .port_a = 1, .b = "127.0.0.1", .port_b = 2, .equal = 0 },
	{ .a = "127.0.0.1", .port_a = 1, .b = "127.0.0.1", .port_b = 1, .equal = 1 },
	{ .a = "::1", .b = "0:0:0:0:0:0:0:1", .equal = 1 },
	{ .a = "::1", .b = "::2", .equal = 0 },
	{ .a = "::1", .port_a = 1, .b = "::1", .port_b = 256, .equal = 0 },
	{ .a = "::", .b = "0.0.0.0", .equal = 0 },
	{ .a = "::ffff:127.0.0.1", .b = "127.0.0.1", .equal = 1 },
	{ .a = "::ffff:127.0.0.1", .port_a = 5, .b = "127.0.0.1", .port_b = 5, .equal = 1 },
	{ .a = "::ffff:127.0.0.1", .port_a = 5, .b = "127.0.0.1", .port_b = 6, .equal = 0 },
	{ .a = "::ffff:7f00:1", .b = "::ffff:127.0.0.1", .equal = 1 },
	{ .a = "::ffff:7f00:1", .b = "::ffff:127.0.0.2", .equal = 0 },
	{ .a = "::127.0.0.1", .b = "127.0.0.1", .equal = 0 },
	{ .a = "fe80::1%1", .b = "fe80::1%2", .equal = 0 },
	{ .a = "fe80::1%1", .b = "fe80::1", .equal = 0 },
	{ .a = "fe80::1%2", .b = "fe80::1%2", .equal = 1 },
	{ .a = "/x", .port_a = -1, .b = "/x", .port_b = 70000, .equal = 1 },
	{ .a = "/x", .b = "/y", .equal = 0 },
	{ .a = "/x", .b = "/xx", .equal = 0 },
	{ .a = "/x", .b = "127.0.0.1", .equal = 0 },
	{ .a = NULL, .b = "127.0.0.1", .equal = 0 },
	{ .a = NULL, .b = "/x", .equal = 0 },
	{ .a = NULL, .b = NULL, .equal = 1 },
#if defined(__linux__)
	{ .a = "@x", .b = "@x", .equal = 1 },
	{ .a = "@x", .b = "/x", .equal = 0 },
	{ .a = "@x", .b = "@xx", .equal = 0 },
	{ .a = "@", .b = "@x", .equal = 0 },
#endif
};

/* Makes an address, of no host no address. */
static void
make(struct fsock_addr *addr, const char *host, int port)
{
	addr->length = 0;
	if (host != NULL)
		ck_assert_int_eq(fsock_addr_from_text(addr, host, port), 0);
}

START_TEST(equal)
{
	struct fsock_addr a, b;

	make(&a, pairs[_i].a, pairs[_i].port_a);
	make(&b, pairs[_i].b, pairs[_i].port_b);
	ck_assert_int_eq(fsock_addr_equal(&a, &b), pairs[_i].equal);
	ck_assert_int_eq(fsock_addr_equal(&b, &a), pairs[_i].equal);
	ck_assert_int_eq(fsock_addr_equal(&a, &a), 1);
}
END_TEST

/* Fills in an address of `length` bytes of a Unix-domain name. */
static void
make_unix(struct fsock_addr *addr, const char *name, size_t length)
{
	memset(addr, 0x5a, sizeof *addr);
	addr->as.un.sun_family = AF_UNIX;
	memcpy((char *)&addr->as + offsetof(struct sockaddr_un, sun_path), name, length);
	addr->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

/* How a kernel counts a path's NUL makes no difference; within an abstract name every byte does. */
START_TEST(unix_equal)
{
	struct fsock_addr a, b;

	make_unix(&a, "/run/x", 6);
	make_unix(&b, "/run/x", 7);
	ck_assert(fsock_addr_equal(&a, &b));
	make_unix(&a, "\0a", 2);
	make_unix(&b, "\0a\0", 3);
	ck_assert_int_eq(fsock_addr_equal(&a, &b), !FSOCK_ABSTRACT_NAMES);
	make_unix(&a, "\0a\0b", 4);
	make_unix(&b, "\0a\0c", 4);
	ck_assert_int_eq(fsock_addr_equal(&a, &b), !FSOCK_ABSTRACT_NAMES);
	make_unix(&a, "", 0);
	ck_assert(!fsock_addr_equal(&a, NULL));
}
END_TEST

/* The addresses are those the kernel takes, and what it gives back is read. */
static const char *const bound[] = {
	"127.0.0.1",
	"::1",
	"::ffff:127.0.0.1",
	"./x.sock",
#if defined(__linux__)
	"@fsock-addr-test",
#endif
};

START_TEST(bind_and_read_back)
{
	struct fsock_addr addr, back = { .length = sizeof back.as };
	char directory[] = "/tmp/fsock-addr-XXXXXX";
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_int_eq(fsock_addr_from_text(&addr, bound[_i], 0), 0);
	fd = socket(fsock_addr_family(&addr), SOCK_STREAM, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, &addr.as.any, addr.length), 0);
	ck_assert_int_eq(getsockname(fd, &back.as.any, &back.length), 0);
	if (fsock_addr_family(&addr) != AF_UNIX) {
		ck_assert_int_ne(fsock_addr_port(&back), 0);
		ck_assert_int_eq(fsock_addr_set_port(&addr, fsock_addr_port(&back)), 0);
	}
	ck_assert(fsock_addr_equal(&addr, &back));
	close(fd);
	unlink("./x.sock");
	ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

START_TEST(from_octets)
{
	static const uint8_t quad[4] = { 192, 0, 2, 1 };
	static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 };
	static const uint8_t vector[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 9 };
	struct fsock_addr addr, same;
	uint8_t out[16];

	ck_assert_int_eq(fsock_addr_from_octets(&addr, quad, 4, 443), 0);
	make(&same, "192.0.2.1", 443);
	ck_assert(fsock_addr_equal(&addr, &same));
	ck_assert_uint_eq(fsock_addr_octets(&addr, out), 4);
	ck_assert_mem_eq(out, quad, 4);

	ck_assert_int_eq(fsock_addr_from_octets(&addr, mapped, 16, 443), 0);
	ck_assert(fsock_addr_equal(&addr, &same));
	ck_assert_uint_eq(fsock_addr_octets(&addr, out), 4);
	ck_assert_mem_eq(out, quad, 4);

	ck_assert_int_eq(fsock_addr_from_octets(&addr, vector, 16, 0), 0);
	make(&same, "2001:db8::9", 0);
	ck_assert(fsock_addr_equal(&addr, &same));
	ck_assert_uint_eq(fsock_addr_octets(&addr, out), 16);
	ck_assert_mem_eq(out, vector, 16);

	make(&addr, "/x", 0);
	ck_assert_uint_eq(fsock_addr_octets(&addr, out), 0);
}
END_TEST

static const struct bad_octets {
	size_t count;
	int port;
	bool none;
} bad_octets[] = {
	{ .count = 0 },
	{ .count = 3 },
	{ .count = 5 },
	{ .count = 17 },
	{ .count = 4, .port = -1 },
	{ .count = 16, .port = 65536 },
	{ .count = 4, .none = true },
};

START_TEST(octets_refused)
{
	const struct bad_octets *row = &bad_octets[_i];
	static const uint8_t bytes[32];
	struct fsock_addr addr;
	const uint8_t *from = row->none ? NULL : bytes;

	errno = 0;
	ck_assert_int_eq(fsock_addr_from_octets(&addr, from, row->count, row->port), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fsock_addr_from_octets(NULL, bytes, 4, 0), -1);
}
END_TEST

START_TEST(set_port)
{
	struct fsock_addr addr;

	make(&addr, "::1", 1);
	ck_assert_int_eq(fsock_addr_set_port(&addr, 65535), 0);
	ck_assert_int_eq(fsock_addr_port(&addr), 65535);
	ck_assert_int_eq(fsock_addr_set_port(&addr, 65536), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fsock_addr_set_port(&addr, -1), -1);
	ck_assert_int_eq(fsock_addr_port(&addr), 65535);
	make(&addr, "127.0.0.1", 1);
	ck_assert_int_eq(fsock_addr_set_port(&addr, 258), 0);
	ck_assert_int_eq(ntohs(addr.as.in.sin_port), 258);
}
END_TEST

static const struct kind {
	const char *host;
	int wildcard, loopback;
} kinds[] = {
	{ .host = "0.0.0.0", .wildcard = 1 },
	{ .host = "::", .wildcard = 1 },
	{ .host = "::ffff:0.0.0.0", .wildcard = 1 },
	{ .host = "0.0.0.1" },
	{ .host = "127.0.0.1", .loopback = 1 },
	{ .host = "127.255.0.9", .loopback = 1 },
	{ .host = "::ffff:127.0.0.1", .loopback = 1 },
	{ .host = "::1", .loopback = 1 },
	{ .host = "::2" },
	{ .host = "fe80::1" },
	{ .host = "128.0.0.1" },
	{ .host = "/x" },
};

START_TEST(kind)
{
	struct fsock_addr addr;

	make(&addr, kinds[_i].host, 0);
	ck_assert_int_eq(fsock_addr_is_wildcard(&addr), kinds[_i].wildcard);
	ck_assert_int_eq(fsock_addr_is_loopback(&addr), kinds[_i].loopback);
}
END_TEST

/* Lengths that are too short for the family, and families that we have no text for. */
START_TEST(incomplete)
{
	struct fsock_addr addr;
	char buf[FSOCK_ADDR_TEXT_SIZE];

	make(&addr, "::1", 80);
	for (socklen_t length = 0; length < sizeof addr.as.in6; length++) {
		addr.length = length;
		ck_assert_int_eq(fsock_addr_port(&addr), 0);
		if (fsock_addr_family(&addr) == AF_UNSPEC) {
			ck_assert_str_eq(fsock_addr_host(&addr, buf, sizeof buf), "");
			continue;
		}
		ck_assert_ptr_null(fsock_addr_host(&addr, buf, sizeof buf));
		ck_assert_int_eq(errno, EAFNOSUPPORT);
		ck_assert(fsock_addr_equal(&addr, &addr));
	}
}
END_TEST

START_TEST(from_sockaddr)
{
	struct fsock_addr addr, copy;

	make(&addr, "::1", 80);
	ck_assert_int_eq(fsock_addr_from_sockaddr(&copy, &addr.as.any, addr.length), 0);
	ck_assert(fsock_addr_equal(&addr, &copy));
	ck_assert_int_eq(fsock_addr_from_sockaddr(&copy, NULL, 0), 0);
	ck_assert_int_eq(fsock_addr_family(&copy), AF_UNSPEC);
	ck_assert_int_eq(fsock_addr_from_sockaddr(&copy, NULL, 1), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fsock_addr_from_sockaddr(&copy, &addr.as.any, sizeof addr.as + 1), -1);
	ck_assert_int_eq(fsock_addr_from_sockaddr(NULL, &addr.as.any, addr.length), -1);
}
END_TEST

START_TEST(null_address)
{
	char buf[FSOCK_ADDR_TEXT_SIZE] = "left over";
	struct fsock_addr none = { .length = 0 }, one;
	uint8_t octets[16];

	ck_assert_int_eq(fsock_addr_from_text(NULL, "::1", 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(fsock_addr_set_port(NULL, 1), -1);
	ck_assert_int_eq(errno, EAFNOSUPPORT);
	ck_assert_str_eq(fsock_addr_host(NULL, buf, sizeof buf), "");
	ck_assert_str_eq(fsock_addr_to_text(&none, buf, sizeof buf), "");
	ck_assert_int_eq(fsock_addr_family(NULL), AF_UNSPEC);
	ck_assert_int_eq(fsock_addr_port(NULL), 0);
	ck_assert_uint_eq(fsock_addr_octets(NULL, octets), 0);
	ck_assert_int_eq(fsock_addr_from_text(&one, "::1", 0), 0);
	errno = 0;
	ck_assert_uint_eq(fsock_addr_octets(&one, NULL), 0);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert(fsock_addr_equal(NULL, &none));
	ck_assert(!fsock_addr_is_wildcard(NULL));
	ck_assert(!fsock_addr_is_loopback(&none));
}
END_TEST

static Suite *
addr_suite(void)
{
	Suite *suite = suite_create("addr");
	TCase *tcase = tcase_create("addr");

	tcase_add_loop_test(tcase, equal, 0, COUNT(pairs));
	tcase_add_test(tcase, unix_equal);
	tcase_add_loop_test(tcase, bind_and_read_back, 0, COUNT(bound));
	tcase_add_test(tcase, from_octets);
	tcase_add_loop_test(tcase, octets_refused, 0, COUNT(bad_octets));
	tcase_add_test(tcase, set_port);
	tcase_add_loop_test(tcase, kind, 0, COUNT(kinds));
	tcase_add_test(tcase, incomplete);
	tcase_add_test(tcase, from_sockaddr);
	tcase_add_test(tcase, null_address);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(addr_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
