/* Addresses as text: what is read, what is refused, what comes out. */
#include "../../src/base/compat.h"

#include <sys/socket.h>
#include <net/if.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include <fsock/addr.h>
#include <fsock/error.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

#define TEN_BYTES   "/123456789"
#define FIFTY_BYTES TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES TEN_BYTES
/* The longest names that fit in sun_path: 107 bytes and a NUL, a NUL and 107 bytes. */
#define LONGEST_PATH     FIFTY_BYTES FIFTY_BYTES "/234567"
#define LONGEST_ABSTRACT "@" FIFTY_BYTES FIFTY_BYTES "/234567"

/*
 * What a text gives. `host` NULL: the same text as `in`. With its port an IPv6 address is to appear
 * in brackets, an IPv4 address as it is; a Unix-domain socket has no port.
 */
static const struct good {
	const char *in, *host;
	int port, family;
} good[] = {
	{ .in = "127.0.0.1", .port = 80, .family = AF_INET },
	{ .in = "0.0.0.0", .port = 0, .family = AF_INET },
	{ .in = "255.255.255.255", .port = 65535, .family = AF_INET },
	{ .in = "10.20.30.4", .port = 1, .family = AF_INET },

	/* RFC 4291 section 2.2 and 2.5: every way to write it. */
	{ .in = "::", .family = AF_INET6 },
	{ .in = "::1", .port = 65535, .family = AF_INET6 },
	{ .in = "1::", .family = AF_INET6 },
	{ .in = "[::1]", .host = "::1", .port = 25, .family = AF_INET6 },
	{ .in = "0:0:0:0:0:0:0:0", .host = "::", .family = AF_INET6 },
	{ .in = "0000:0000:0000:0000:0000:0000:0000:0001", .host = "::1", .family = AF_INET6 },
	{ .in = "2001:db8:0:0:8:800:200c:417a",
	    .host = "2001:db8::8:800:200c:417a",
	    .family = AF_INET6 },
	{ .in = "ff01::101", .family = AF_INET6 },
	{ .in = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", .family = AF_INET6 },
	{ .in = "::2:3:4:5:6:7:8", .host = "0:2:3:4:5:6:7:8", .family = AF_INET6 },
	{ .in = "1:2:3:4:5:6:7::", .host = "1:2:3:4:5:6:7:0", .family = AF_INET6 },
	{ .in = "1:2:3::5:6:7:8", .host = "1:2:3:0:5:6:7:8", .family = AF_INET6 },
	{ .in = "64:ff9b::192.0.2.33", .host = "64:ff9b::c000:221", .family = AF_INET6 },
	{ .in = "::13.1.68.3", .host = "::d01:4403", .family = AF_INET6 },
	{ .in = "1:2:3:4:5:6:1.2.3.4", .host = "1:2:3:4:5:6:102:304", .family = AF_INET6 },
	{ .in = "1:2:3:4:5::1.2.3.4", .host = "1:2:3:4:5:0:102:304", .family = AF_INET6 },

	/* RFC 5952: lower case, no leading zeros, the longest run, the first of two, never one. */
	{ .in = "FE80::ABCD", .host = "fe80::abcd", .family = AF_INET6 },
	{ .in = "2001:0db8::0001", .host = "2001:db8::1", .family = AF_INET6 },
	{ .in = "2001:0:0:1:0:0:0:1", .host = "2001:0:0:1::1", .family = AF_INET6 },
	{ .in = "2001:db8:0:0:1:0:0:1", .host = "2001:db8::1:0:0:1", .family = AF_INET6 },
	{ .in = "2001:db8:0:1:1:1:1:1", .family = AF_INET6 },
	{ .in = "1:0:2:3:0:0:0:4", .host = "1:0:2:3::4", .family = AF_INET6 },
	{ .in = "0:0:1::", .host = "0:0:1::", .family = AF_INET6 },

	/* A mapped address is shown as the IPv4 address it is. */
	{ .in = "::ffff:10.0.0.1", .host = "10.0.0.1", .port = 7, .family = AF_INET6 },
	{ .in = "::FFFF:7F00:1", .host = "127.0.0.1", .port = 7, .family = AF_INET6 },
	{ .in = "[0:0:0:0:0:ffff:0:0]", .host = "0.0.0.0", .family = AF_INET6 },

	/* Scopes. No interface has such a high number, so it has no name to be shown. */
	{ .in = "fe80::1%4000000000", .port = 5, .family = AF_INET6 },
	{ .in = "[fe80::1%4294967295]",
	    .host = "fe80::1%4294967295",
	    .port = 5,
	    .family = AF_INET6 },
	{ .in = "fe80::1%0", .host = "fe80::1", .port = 5, .family = AF_INET6 },

	/* Unix: the port says nothing. */
	{ .in = "/run/x.sock", .family = AF_UNIX },
	{ .in = "/", .family = AF_UNIX },
	{ .in = "./x", .family = AF_UNIX },
	{ .in = "../x:y%z", .family = AF_UNIX },
	{ .in = "a/b", .family = AF_UNIX },
	{ .in = LONGEST_PATH, .family = AF_UNIX },
#if defined(__linux__)
	{ .in = "@name", .family = AF_UNIX },
	{ .in = "@", .family = AF_UNIX },
	{ .in = "@a/b @", .family = AF_UNIX },
	{ .in = LONGEST_ABSTRACT, .family = AF_UNIX },
#endif
};

START_TEST(good_text)
{
	const struct good *row = &good[_i];
	const char *host = row->host != NULL ? row->host : row->in;
	char buf[FSOCK_ADDR_TEXT_SIZE], text[FSOCK_ADDR_TEXT_SIZE];
	struct fsock_addr addr, again;

	if (row->family == AF_UNIX)
		snprintf(text, sizeof text, "%s", host);
	else if (strchr(host, ':') != NULL)
		snprintf(text, sizeof text, "[%s]:%d", host, row->port);
	else
		snprintf(text, sizeof text, "%s:%d", host, row->port);
	errno = 0;
	ck_assert_int_eq(fsock_addr_from_text(&addr, row->in, row->port), 0);
	ck_assert_int_eq(fsock_addr_family(&addr), row->family);
	ck_assert_int_eq(fsock_addr_port(&addr), row->port);
	ck_assert_ptr_eq(fsock_addr_host(&addr, buf, sizeof buf), buf);
	ck_assert_str_eq(buf, host);
	ck_assert_int_eq(fsock_addr_from_text(&again, buf, row->port), 0);
	ck_assert(fsock_addr_equal(&addr, &again));
	ck_assert_ptr_eq(fsock_addr_to_text(&addr, buf, sizeof buf), buf);
	ck_assert_str_eq(buf, text);
	ck_assert_int_eq(errno, 0);
}
END_TEST

static const struct bad {
	const char *in;
	int port, errnum;
} bad[] = {
	{ .in = NULL, .errnum = EINVAL },
	{ .in = "", .errnum = EINVAL },
	{ .in = "localhost", .errnum = EINVAL },
	{ .in = "example.org", .errnum = EINVAL },
	{ .in = "127.0.0.1", .port = -1, .errnum = EINVAL },
	{ .in = "127.0.0.1", .port = 65536, .errnum = EINVAL },
	{ .in = "::1", .port = 65536, .errnum = EINVAL },

	/* Octal, hexadecimal and short forms, which inet_aton(3) reads. */
	{ .in = "1", .errnum = EINVAL },
	{ .in = "2130706433", .errnum = EINVAL },
	{ .in = "0x7f000001", .errnum = EINVAL },
	{ .in = "0x7f.0.0.1", .errnum = EINVAL },
	{ .in = "127.1", .errnum = EINVAL },
	{ .in = "1.2.3", .errnum = EINVAL },
	{ .in = "01.2.3.4", .errnum = EINVAL },
	{ .in = "1.2.3.04", .errnum = EINVAL },
	{ .in = "00.0.0.0", .errnum = EINVAL },
	{ .in = "300.1.1.1", .errnum = EINVAL },
	{ .in = "1.1.1.256", .errnum = EINVAL },
	{ .in = "1.2.3.4294967297", .errnum = EINVAL },
	{ .in = "1.2.3.18446744073709551617", .errnum = EINVAL },
	{ .in = "-1.2.3.4", .errnum = EINVAL },
	{ .in = "+1.2.3.4", .errnum = EINVAL },
	{ .in = "1.2.3.4.5", .errnum = EINVAL },
	{ .in = "1.2.3.4.", .errnum = EINVAL },
	{ .in = ".1.2.3.4", .errnum = EINVAL },
	{ .in = "1..3.4", .errnum = EINVAL },
	{ .in = "1.2.3.", .errnum = EINVAL },
	{ .in = "...", .errnum = EINVAL },
	{ .in = " 1.2.3.4", .errnum = EINVAL },
	{ .in = "1.2.3.4 ", .errnum = EINVAL },
	{ .in = "1.2.3.4\n", .errnum = EINVAL },
	{ .in = "a.b.c.d", .errnum = EINVAL },
	{ .in = "[1.2.3.4]", .errnum = EINVAL },
	{ .in = "1.2.3.4%1", .errnum = EINVAL },
	{ .in = "1.2.3.4:80", .errnum = EINVAL },

	{ .in = ":", .errnum = EINVAL },
	{ .in = ":::", .errnum = EINVAL },
	{ .in = "1::2::3", .errnum = EINVAL },
	{ .in = "1:::2", .errnum = EINVAL },
	{ .in = ":1:2:3:4:5:6:7", .errnum = EINVAL },
	{ .in = ":1::2", .errnum = EINVAL },
	{ .in = "1::2:", .errnum = EINVAL },
	{ .in = "1:2:3:4:5:6:7:", .errnum = EINVAL },
	{ .in = "1:2:3:4:5:6:7:8:", .errnum = EINVAL },
	{ .in = "1:2:3:4:5:6:7", .errnum = EINVAL },
	{ .in = "1:2:3:4:5:6:7:8:9", .errnum = EINVAL },
	{ .in = "1:2:3:4:5:6:7:8::", .errnum = EINVAL },
	{ .in = "::1:2:3:4:5:6:7:8", .errnum = EINVAL },
	{ .in = "1:2:3:4::5:6:7:8", .errnum = EINVAL },
	{ .in = "12345::1", .errnum = EINVAL },
	{ .in = "00001::1", .errnum = EINVAL },
	{ .in = "g::1", .errnum = EINVAL },
	{ .in = "::-1", .errnum = EINVAL },
	{ .in = "::0x1", .errnum = EINVAL },
	{ .in = " ::1", .errnum = EINVAL },
	{ .in = "::1 ", .errnum = EINVAL },
	{ .in = "::ffff:1.2.3", .errnum = EINVAL },
	{ .in = "::ffff:01.2.3.4", .errnum = EINVAL },
	{ .in = "::ffff:1.2.3.4:5", .errnum = EINVAL },
	{ .in = "1.2.3.4::", .errnum = EINVAL },
	{ .in = "::1.2.3.4.5", .errnum = EINVAL },
	{ .in = "1:2:3:4:5:6:7:1.2.3.4", .errnum = EINVAL },
	{ .in = "1:2:3:4:5:6::1.2.3.4", .errnum = EINVAL },
	{ .in = "[", .errnum = EINVAL },
	{ .in = "[]", .errnum = EINVAL },
	{ .in = "[::1", .errnum = EINVAL },
	{ .in = "::1]", .errnum = EINVAL },
	{ .in = "[[::1]]", .errnum = EINVAL },
	{ .in = "[::1]:80", .errnum = EINVAL },
	{ .in = "[::1]%1", .errnum = EINVAL },

	{ .in = "fe80::1%", .errnum = EINVAL },
	{ .in = "[fe80::1%]", .errnum = EINVAL },
	{ .in = "%1", .errnum = EINVAL },
	{ .in = "fe80::1%none-such", .errnum = ENODEV },
	{ .in = "fe80::1%4294967296", .errnum = ENODEV },
	{ .in = "fe80::1%-1", .errnum = ENODEV },
	{ .in = "fe80::1%1%2", .errnum = ENODEV },
	{ .in = "fe80::1%a-name-that-no-interface-can-have", .errnum = ENODEV },

	{ .in = LONGEST_PATH "8", .errnum = ENAMETOOLONG },
#if defined(__linux__)
	{ .in = LONGEST_ABSTRACT "8", .errnum = ENAMETOOLONG },
#endif
};

START_TEST(bad_text)
{
	struct fsock_addr addr, before;

	memset(&addr, 0x5a, sizeof addr);
	memcpy(&before, &addr, sizeof addr);
	errno = 0;
	ck_assert_int_eq(fsock_addr_from_text(&addr, bad[_i].in, bad[_i].port), -1);
	ck_assert_int_eq(errno, bad[_i].errnum);
	ck_assert_int_eq(fsock_last_error()->errnum, bad[_i].errnum);
	ck_assert_str_eq(fsock_last_error()->host, bad[_i].in != NULL ? bad[_i].in : "");
	ck_assert_int_eq(fsock_last_error()->port, bad[_i].port);
	ck_assert_mem_eq(&addr, &before, sizeof addr);
}
END_TEST

/* Every size of buffer from none to enough: the text or ERANGE, never a byte beyond the size. */
START_TEST(small_buffers)
{
	static const char text[] = "[fe80::1%4000000000]:65535";
	struct fsock_addr addr;
	char buf[sizeof text + 1];

	ck_assert_int_eq(fsock_addr_from_text(&addr, "fe80::1%4000000000", 65535), 0);
	for (size_t size = 0; size < sizeof text; size++) {
		memset(buf, 'x', sizeof buf);
		errno = 0;
		ck_assert_ptr_null(fsock_addr_to_text(&addr, buf, size));
		ck_assert_int_eq(errno, ERANGE);
		for (size_t i = 0; i < sizeof buf; i++)
			ck_assert_int_eq(buf[i], 'x');
	}
	ck_assert_str_eq(fsock_addr_to_text(&addr, buf, sizeof text), text);
	ck_assert_int_eq(buf[sizeof text], 'x');
	ck_assert_ptr_null(fsock_addr_host(&addr, NULL, 100));
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

/* Scopes by the name and the number of an interface that is there. */
START_TEST(scope)
{
	struct if_nameindex *interfaces = if_nameindex();
	char text[64], number[64], buf[FSOCK_ADDR_TEXT_SIZE];
	struct fsock_addr by_name, by_number;

	ck_assert_ptr_nonnull(interfaces);
	ck_assert_uint_ne(interfaces[0].if_index, 0);
	snprintf(text, sizeof text, "fe80::1%%%s", interfaces[0].if_name);
	snprintf(number, sizeof number, "[fe80::1%%%u]", interfaces[0].if_index);
	ck_assert_int_eq(fsock_addr_from_text(&by_name, text, 1), 0);
	ck_assert_uint_eq(by_name.as.in6.sin6_scope_id, interfaces[0].if_index);
	ck_assert_int_eq(fsock_addr_from_text(&by_number, number, 1), 0);
	ck_assert(fsock_addr_equal(&by_name, &by_number));
	ck_assert_str_eq(fsock_addr_host(&by_number, buf, sizeof buf), text);
	if_freenameindex(interfaces);
}
END_TEST

/* What a Unix-domain address looks like when it comes from a kernel. */
static const struct from_kernel {
	const char *name;
	size_t length; /* of the name, as the kernel counts it */
	const char *host;
} from_kernel[] = {
	{ .name = "", .length = 0, .host = "" },
	{ .name = "/run/x", .length = 6, .host = "/run/x" },
	{ .name = "/run/x", .length = 7, .host = "/run/x" },
	{ .name = "/run/x\0\0\0\0", .length = 11, .host = "/run/x" },
	{ .name = "relative", .length = 9, .host = "./relative" },
	{ .name = ".hidden", .length = 8, .host = "./.hidden" },
	{ .name = "../up", .length = 6, .host = "../up" },
	{ .name = "a/b", .length = 3, .host = "a/b" },
	{ .name = "@a/b", .length = 4, .host = "./@a/b" },
	{ .name = "@file", .length = 6, .host = "./@file" },
	{ .name = LONGEST_PATH "8", .length = 108, .host = LONGEST_PATH "8" },
	{ .name = LONGEST_PATH "89", .length = 109, .host = LONGEST_PATH "8" },
#if defined(__linux__)
	{ .name = "\0name", .length = 5, .host = "@name" },
	{ .name = "\0", .length = 1, .host = "@" },
	{ .name = "\0a\0b\0", .length = 5, .host = "@a@b@" },
#endif
};

/* Fills in an address of `length` bytes of a Unix-domain name. */
static void
make_unix(struct fsock_addr *addr, const char *name, size_t length)
{
	memset(addr, 0x5a, sizeof *addr);
	addr->as.un.sun_family = AF_UNIX;
	memcpy((char *)&addr->as + offsetof(struct sockaddr_un, sun_path), name, length);
	addr->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

START_TEST(unix_name)
{
	const struct from_kernel *row = &from_kernel[_i];
	struct fsock_addr addr;
	char buf[FSOCK_ADDR_TEXT_SIZE];

	make_unix(&addr, row->name, row->length);
	ck_assert_str_eq(fsock_addr_host(&addr, buf, sizeof buf), row->host);
	ck_assert_str_eq(fsock_addr_to_text(&addr, buf, sizeof buf), row->host);
	ck_assert_int_eq(fsock_addr_family(&addr), AF_UNIX);
	ck_assert_int_eq(fsock_addr_port(&addr), 0);
	ck_assert_int_eq(fsock_addr_set_port(&addr, 1), -1);
	ck_assert_int_eq(errno, EAFNOSUPPORT);
	ck_assert(fsock_addr_equal(&addr, &addr));
}
END_TEST

static Suite *
addr_text_suite(void)
{
	Suite *suite = suite_create("addr_text");
	TCase *tcase = tcase_create("addr_text");

	tcase_add_loop_test(tcase, good_text, 0, COUNT(good));
	tcase_add_loop_test(tcase, bad_text, 0, COUNT(bad));
	tcase_add_test(tcase, small_buffers);
	tcase_add_test(tcase, scope);
	tcase_add_loop_test(tcase, unix_name, 0, COUNT(from_kernel));
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(addr_text_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
