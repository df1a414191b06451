/* Hosts as numbers, octets and text, and which are equal. */
#include "../../src/base/compat.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include <fsock/host.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

static const struct quad {
	const char *text;
	uint32_t number;
	uint8_t quad[4];
} quads[] = {
	{ .text = "127.0.0.1", .number = 2130706433, .quad = { 127, 0, 0, 1 } },
	{ .text = "192.168.1.1", .number = 3232235777, .quad = { 192, 168, 1, 1 } },
	{ .text = "1.2.3.4", .number = 16909060, .quad = { 1, 2, 3, 4 } },
	{ .text = "0.0.0.0", .number = 0, .quad = { 0, 0, 0, 0 } },
	{ .text = "255.255.255.255", .number = UINT32_MAX, .quad = { 255, 255, 255, 255 } },
	{ .text = "0.0.0.1", .number = 1, .quad = { 0, 0, 0, 1 } },
};

START_TEST(every_way)
{
	const struct quad *row = &quads[_i];
	uint8_t quad[4] = { 9, 9, 9, 9 }, buffer[6];
	char buf[FSOCK_DOTTED_QUAD_SIZE];
	uint32_t number = 9;

	errno = 0;
	ck_assert_int_eq(fsock_host_byte_order(row->text, &number), 0);
	ck_assert_uint_eq(number, row->number);
	ck_assert_ptr_eq(fsock_hbo_to_dotted_quad(row->number, buf, sizeof buf), buf);
	ck_assert_str_eq(buf, row->text);
	ck_assert_int_eq(fsock_hbo_to_vector_quad(row->number, quad), 0);
	ck_assert_mem_eq(quad, row->quad, 4);
	memset(buf, 0, sizeof buf);
	ck_assert_ptr_eq(fsock_vector_quad_to_dotted_quad(row->quad, buf, sizeof buf), buf);
	ck_assert_str_eq(buf, row->text);
	memset(quad, 9, sizeof quad);
	ck_assert_int_eq(fsock_dotted_quad_to_vector_quad(row->text, quad), 0);
	ck_assert_mem_eq(quad, row->quad, 4);

	memset(buffer, 9, sizeof buffer);
	ck_assert_int_eq(fsock_ip_to_octet_buffer(row->text, buffer, sizeof buffer, 1), 0);
	ck_assert_mem_eq(buffer + 1, row->quad, 4);
	ck_assert_int_eq(buffer[0], 9);
	ck_assert_int_eq(buffer[5], 9);
	ck_assert_int_eq(fsock_ip_from_octet_buffer(buffer, sizeof buffer, 1, &number), 0);
	ck_assert_uint_eq(number, row->number);
	ck_assert_int_eq(errno, 0);
}
END_TEST

static const char *const not_quads[] = {
	NULL,
	"",
	"300.1.1.1",
	"-1.2.3.4",
	"1.2.3.4.5",
	"1.2.3",
	"a.b.c.d",
	" 1.2.3.4",
	"01.2.3.4",
	"::1",
	"localhost",
	"4294967297",
};

START_TEST(quad_refused)
{
	uint8_t quad[4] = { 9, 9, 9, 9 };
	uint32_t number = 9;

	errno = 0;
	ck_assert_int_eq(fsock_host_byte_order(not_quads[_i], &number), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_uint_eq(number, 9);
	errno = 0;
	ck_assert_int_eq(fsock_dotted_quad_to_vector_quad(not_quads[_i], quad), -1);
	ck_assert_int_eq(errno, EINVAL);
	errno = 0;
	ck_assert_int_eq(fsock_ip_to_octet_buffer(not_quads[_i], quad, sizeof quad, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_mem_eq(quad, ((uint8_t[]){ 9, 9, 9, 9 }), 4);
}
END_TEST

/* `out` NULL: the same text as `in`. */
static const struct ipv6 {
	const char *in, *out;
	uint8_t vector[16];
} ipv6[] = {
	{ .in = "::1", .vector = { [15] = 1 } },
	{ .in = "::", .vector = { 0 } },
	{ .in = "1::", .vector = { 0, 1 } },
	{ .in = "fe80::1", .vector = { 0xfe, 0x80, [15] = 1 } },
	{ .in = "FE80::ABCD", .out = "fe80::abcd", .vector = { 0xfe, 0x80, [14] = 0xab, 0xcd } },
	{ .in = "1:2:3:4:5:6:7::",
	    .out = "1:2:3:4:5:6:7:0",
	    .vector = { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0 } },
	{ .in = "1:2:3:4:5:6:7:8", .vector = { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8 } },
	{ .in = "1:0:2:3:0:0:0:4",
	    .out = "1:0:2:3::4",
	    .vector = { 0, 1, 0, 0, 0, 2, 0, 3, [15] = 4 } },
	{ .in = "1:0:2:3:4:5:6:7", .vector = { 0, 1, 0, 0, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7 } },
	{ .in = "::ffff:127.0.0.1", .vector = { [10] = 0xff, 0xff, 127, 0, 0, 1 } },
	{ .in = "::FFFF:7F00:1",
	    .out = "::ffff:127.0.0.1",
	    .vector = { [10] = 0xff, 0xff, 127, 0, 0, 1 } },
	{ .in = "[::1]", .out = "::1", .vector = { [15] = 1 } },
	{ .in = "fe80::1%eth0", .out = "fe80::1", .vector = { 0xfe, 0x80, [15] = 1 } },
	{ .in = "[fe80::1%2]", .out = "fe80::1", .vector = { 0xfe, 0x80, [15] = 1 } },
};

START_TEST(ipv6_vector)
{
	const struct ipv6 *row = &ipv6[_i];
	uint8_t vector[16];
	char buf[FSOCK_IPV6_HOST_SIZE];

	errno = 0;
	memset(vector, 9, sizeof vector);
	ck_assert_int_eq(fsock_ipv6_host_to_vector(row->in, vector), 0);
	ck_assert_mem_eq(vector, row->vector, sizeof vector);
	ck_assert_ptr_eq(fsock_vector_to_ipv6_host(row->vector, buf, sizeof buf), buf);
	ck_assert_str_eq(buf, row->out != NULL ? row->out : row->in);
	ck_assert_int_eq(errno, 0);
}
END_TEST

static const char *const not_ipv6[] = {
	NULL,
	"",
	"1::2::3",
	"1:2:3:4:5:6:7",
	"1:2:3:4:5:6:7:8:9",
	"12345::1",
	"::1%",
	"[::1",
	"1.2.3.4",
	"localhost",
	"/x",
};

START_TEST(ipv6_refused)
{
	uint8_t vector[16] = { 9 }, before[16] = { 9 };

	errno = 0;
	ck_assert_int_eq(fsock_ipv6_host_to_vector(not_ipv6[_i], vector), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_mem_eq(vector, before, sizeof vector);
}
END_TEST

START_TEST(text_that_does_not_fit)
{
	static const uint8_t quad[4] = { 1, 2, 3, 4 }, vector[16] = { [15] = 1 };
	char buf[8] = "";

	errno = 0;
	ck_assert_ptr_null(fsock_hbo_to_dotted_quad(0x01020304, buf, 7));
	ck_assert_int_eq(errno, ERANGE);
	ck_assert_ptr_nonnull(fsock_hbo_to_dotted_quad(0x01020304, buf, 8));
	errno = 0;
	ck_assert_ptr_null(fsock_vector_quad_to_dotted_quad(quad, buf, 0));
	ck_assert_int_eq(errno, ERANGE);
	errno = 0;
	ck_assert_ptr_null(fsock_vector_to_ipv6_host(vector, buf, 3));
	ck_assert_int_eq(errno, ERANGE);
	ck_assert_str_eq(fsock_vector_to_ipv6_host(vector, buf, 4), "::1");
	errno = 0;
	ck_assert_ptr_null(fsock_host_to_hostname(NULL, FSOCK_ANY_FAMILY, buf, 7));
	ck_assert_int_eq(errno, ERANGE);
	ck_assert_str_eq(buf, "::1");
}
END_TEST

static const struct hostname {
	const char *host; /* NULL: no host is passed */
	enum fsock_family family;
	const char *text;
} hostnames[] = {
	{ .host = NULL, .family = FSOCK_ANY_FAMILY, .text = "0.0.0.0" },
	{ .host = NULL, .family = FSOCK_IPV4_FIRST, .text = "0.0.0.0" },
	{ .host = NULL, .family = FSOCK_IPV4_ONLY, .text = "0.0.0.0" },
	{ .host = NULL, .family = FSOCK_IPV6_ONLY, .text = "::" },
	{ .host = "127.0.0.1", .family = FSOCK_IPV6_ONLY, .text = "127.0.0.1" },
	{ .host = "FE80::ABCD", .text = "fe80::abcd" },
	{ .host = "/run/x", .text = "/run/x" },
	{ .host = "127.0.0.1", .family = (enum fsock_family)77, .text = NULL },
};

START_TEST(hostname)
{
	const struct hostname *row = &hostnames[_i];
	struct fsock_addr addr;
	char buf[FSOCK_ADDR_TEXT_SIZE], *text;

	if (row->host != NULL)
		ck_assert_int_eq(fsock_addr_from_text(&addr, row->host, 80), 0);
	errno = 0;
	text =
	    fsock_host_to_hostname(row->host != NULL ? &addr : NULL, row->family, buf, sizeof buf);
	if (row->text != NULL) {
		ck_assert_str_eq(text, row->text);
		ck_assert_int_eq(errno, 0);
	} else {
		ck_assert_ptr_null(text);
		ck_assert_int_eq(errno, EINVAL);
	}
}
END_TEST

static const struct pair {
	const char *a, *b;
	int equal;
} pairs[] = {
	{ .a = "127.0.0.1", .b = "127.0.0.1", .equal = 1 },
	{ .a = "127.0.0.1", .b = "127.0.0.2", .equal = 0 },
	{ .a = "::1", .b = "0:0:0:0:0:0:0:1", .equal = 1 },
	{ .a = "fe80::1", .b = "FE80::1", .equal = 1 },
	{ .a = "fe80::1%1", .b = "fe80::1%2", .equal = 0 },
	{ .a = "[::1]", .b = "::1", .equal = 1 },
	{ .a = "::ffff:127.0.0.1", .b = "127.0.0.1", .equal = 1 },
	{ .a = "::FFFF:7F00:1", .b = "127.0.0.1", .equal = 1 },
	{ .a = "::127.0.0.1", .b = "127.0.0.1", .equal = 0 },
	{ .a = "localhost", .b = "127.0.0.1", .equal = 0 },
	{ .a = "localhost", .b = "localhost", .equal = 1 },
	{ .a = "Example.ORG", .b = "example.org", .equal = 1 },
	{ .a = "example.org", .b = "example.or", .equal = 0 },
	{ .a = "example.org", .b = "example.net", .equal = 0 },
	{ .a = "Example.org", .b = "example.net", .equal = 0 },
	{ .a = "[", .b = "{", .equal = 0 },
	{ .a = "\303\204", .b = "\303\244", .equal = 0 },
	{ .a = "127.0.0.01", .b = "127.0.0.1", .equal = 0 },
	{ .a = "", .b = "", .equal = 1 },
	{ .a = "", .b = "0.0.0.0", .equal = 0 },
	{ .a = NULL, .b = "0.0.0.0", .equal = 1 },
	{ .a = NULL, .b = NULL, .equal = 1 },
	{ .a = NULL, .b = "::", .equal = 0 },
	{ .a = "/run/x", .b = "/run/x", .equal = 1 },
	{ .a = "/run/x", .b = "/run/X", .equal = 0 },
};

START_TEST(ip_equal)
{
	const struct pair *row = &pairs[_i];

	errno = 0;
	ck_assert_int_eq(fsock_ip_equal(row->a, row->b), row->equal);
	ck_assert_int_eq(fsock_ip_equal(row->b, row->a), row->equal);
	ck_assert_int_eq(fsock_ip_not_equal(row->a, row->b), !row->equal);
	ck_assert_int_eq(errno, 0);
}
END_TEST

/* A host's text equals the text made of its octets. */
START_TEST(ip_equal_to_its_vector)
{
	uint8_t vector[16];
	char buf[FSOCK_IPV6_HOST_SIZE];

	ck_assert_int_eq(fsock_ipv6_host_to_vector("FE80:0::1", vector), 0);
	ck_assert(fsock_ip_equal("FE80:0::1", fsock_vector_to_ipv6_host(vector, buf, sizeof buf)));
	ck_assert(
	    fsock_ip_equal("127.0.0.1", fsock_hbo_to_dotted_quad(2130706433, buf, sizeof buf)));
}
END_TEST

static const struct octets {
	uint64_t integer;
	size_t octets, start;
	int errnum;
	uint8_t buffer[10]; /* what a buffer of nines is then */
	uint64_t back;      /* and what is read back from it */
	int back_errnum;
} octets[] = {
	{ .integer = 0x010203,
	    .octets = 3,
	    .start = 1,
	    .buffer = { 9, 1, 2, 3, 9, 9, 9, 9, 9, 9 },
	    .back = 0x010203 },
	{ .integer = 0x010203,
	    .octets = 4,
	    .start = 0,
	    .buffer = { 0, 1, 2, 3, 9, 9, 9, 9, 9, 9 },
	    .back = 0x010203 },
	{ .integer = 0x010203,
	    .octets = 2,
	    .start = 8,
	    .buffer = { 9, 9, 9, 9, 9, 9, 9, 9, 2, 3 },
	    .back = 0x0203 },
	{ .integer = UINT64_MAX,
	    .octets = 8,
	    .start = 2,
	    .buffer = { 9, 9, 255, 255, 255, 255, 255, 255, 255, 255 },
	    .back = UINT64_MAX },
	{ .integer = 0x0102030405060708,
	    .octets = 10,
	    .start = 0,
	    .buffer = { 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 },
	    .back = 0x0102030405060708 },
	{ .integer = 5,
	    .octets = 0,
	    .start = 10,
	    .buffer = { 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 },
	    .back = 0 },
	{ .integer = 5,
	    .octets = 1,
	    .start = 10,
	    .errnum = ERANGE,
	    .buffer = { 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 },
	    .back_errnum = ERANGE },
	{ .integer = 5,
	    .octets = 2,
	    .start = 9,
	    .errnum = ERANGE,
	    .buffer = { 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 },
	    .back_errnum = ERANGE },
	{ .integer = 5,
	    .octets = 1,
	    .start = 11,
	    .errnum = ERANGE,
	    .buffer = { 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 },
	    .back_errnum = ERANGE },
	{ .integer = 5,
	    .octets = SIZE_MAX,
	    .start = 2,
	    .errnum = ERANGE,
	    .buffer = { 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 },
	    .back_errnum = ERANGE },
	{ .integer = 5,
	    .octets = 2,
	    .start = SIZE_MAX,
	    .errnum = ERANGE,
	    .buffer = { 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 },
	    .back_errnum = ERANGE },
};

START_TEST(octet_buffer)
{
	const struct octets *row = &octets[_i];
	uint8_t buffer[10];
	uint64_t back = 77;
	int expected;

	memset(buffer, 9, sizeof buffer);
	errno = 0;
	expected = row->errnum == 0 ? 0 : -1;
	ck_assert_int_eq(fsock_integer_to_octet_buffer(
			     row->integer, buffer, sizeof buffer, row->octets, row->start),
	    expected);
	ck_assert_int_eq(errno, row->errnum);
	ck_assert_mem_eq(buffer, row->buffer, sizeof buffer);
	errno = 0;
	expected = row->back_errnum == 0 ? 0 : -1;
	ck_assert_int_eq(
	    fsock_octet_buffer_to_integer(buffer, sizeof buffer, row->octets, row->start, &back),
	    expected);
	ck_assert_int_eq(errno, row->back_errnum);
	ck_assert_uint_eq(back, row->back_errnum == 0 ? row->back : 77);
}
END_TEST

/* Nine octets hold an integer of ours only while the first is zero. */
START_TEST(integer_too_large)
{
	uint8_t buffer[9] = { 0, 255, 255, 255, 255, 255, 255, 255, 255 };
	uint64_t integer = 0;

	ck_assert_int_eq(fsock_octet_buffer_to_integer(buffer, 9, 9, 0, &integer), 0);
	ck_assert_uint_eq(integer, UINT64_MAX);
	buffer[0] = 1;
	ck_assert_int_eq(fsock_octet_buffer_to_integer(buffer, 9, 9, 0, &integer), -1);
	ck_assert_int_eq(errno, EOVERFLOW);
	ck_assert_uint_eq(integer, UINT64_MAX);
}
END_TEST

static const struct port {
	int port;
	size_t start;
	int errnum;
	uint8_t buffer[4];
} ports[] = {
	{ .port = 0, .start = 0, .buffer = { 0, 0, 9, 9 } },
	{ .port = 80, .start = 1, .buffer = { 9, 0, 80, 9 } },
	{ .port = 65535, .start = 2, .buffer = { 9, 9, 255, 255 } },
	{ .port = 258, .start = 0, .buffer = { 1, 2, 9, 9 } },
	{ .port = 70000, .start = 0, .errnum = EINVAL, .buffer = { 9, 9, 9, 9 } },
	{ .port = 65536, .start = 0, .errnum = EINVAL, .buffer = { 9, 9, 9, 9 } },
	{ .port = -1, .start = 0, .errnum = EINVAL, .buffer = { 9, 9, 9, 9 } },
	{ .port = 80, .start = 3, .errnum = ERANGE, .buffer = { 9, 9, 9, 9 } },
};

START_TEST(port_buffer)
{
	const struct port *row = &ports[_i];
	uint8_t buffer[4] = { 9, 9, 9, 9 };
	int made;

	errno = 0;
	made = fsock_port_to_octet_buffer(row->port, buffer, sizeof buffer, row->start);
	ck_assert_int_eq(made, row->errnum == 0 ? 0 : -1);
	ck_assert_int_eq(errno, row->errnum);
	ck_assert_mem_eq(buffer, row->buffer, sizeof buffer);
	if (made == 0)
		ck_assert_int_eq(
		    fsock_port_from_octet_buffer(buffer, sizeof buffer, row->start), row->port);
}
END_TEST

START_TEST(null_arguments)
{
	uint8_t octet[4] = { 0 };
	uint32_t number;
	char buf[64];

	ck_assert_int_eq(fsock_host_byte_order("1.2.3.4", NULL), -1);
	ck_assert_int_eq(fsock_hbo_to_vector_quad(1, NULL), -1);
	ck_assert_int_eq(fsock_dotted_quad_to_vector_quad("1.2.3.4", NULL), -1);
	ck_assert_int_eq(fsock_ipv6_host_to_vector("::1", NULL), -1);
	ck_assert_int_eq(fsock_integer_to_octet_buffer(1, NULL, 4, 4, 0), -1);
	ck_assert_int_eq(fsock_octet_buffer_to_integer(octet, 4, 4, 0, NULL), -1);
	ck_assert_int_eq(fsock_ip_from_octet_buffer(octet, 4, 0, NULL), -1);
	ck_assert_int_eq(fsock_ip_from_octet_buffer(NULL, 4, 0, &number), -1);
	ck_assert_int_eq(fsock_port_from_octet_buffer(NULL, 4, 0), -1);
	ck_assert_ptr_null(fsock_hbo_to_dotted_quad(1, NULL, 4));
	ck_assert_ptr_null(fsock_vector_quad_to_dotted_quad(NULL, buf, sizeof buf));
	errno = 0;
	ck_assert_ptr_null(fsock_vector_to_ipv6_host(NULL, buf, sizeof buf));
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

static Suite *
host_suite(void)
{
	Suite *suite = suite_create("host");
	TCase *tcase = tcase_create("host");

	tcase_add_loop_test(tcase, every_way, 0, COUNT(quads));
	tcase_add_loop_test(tcase, quad_refused, 0, COUNT(not_quads));
	tcase_add_loop_test(tcase, ipv6_vector, 0, COUNT(ipv6));
	tcase_add_loop_test(tcase, ipv6_refused, 0, COUNT(not_ipv6));
	tcase_add_test(tcase, text_that_does_not_fit);
	tcase_add_loop_test(tcase, hostname, 0, COUNT(hostnames));
	tcase_add_loop_test(tcase, ip_equal, 0, COUNT(pairs));
	tcase_add_test(tcase, ip_equal_to_its_vector);
	tcase_add_loop_test(tcase, octet_buffer, 0, COUNT(octets));
	tcase_add_test(tcase, integer_too_large);
	tcase_add_loop_test(tcase, port_buffer, 0, COUNT(ports));
	tcase_add_test(tcase, null_arguments);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(host_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
