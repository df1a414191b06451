/*
 * Options: what makes no sense is refused by every function that takes them, before it does
 * anything.
 */
#include "../../src/base/compat.h"

#include <math.h>
#include <unistd.h>

#include "base/clock.h"
#include "sock/settings.h"
#include "../support/sock_support.h"

static const struct fsock_record line;

static const struct bad {
	const char *what;
	struct fsock_options options;
} bads[] = {
	{ "timeout < 0", { .timeout = -1 } },
	{ "timeout < 0 that nothing uses",
	    { .timeout = -1, .connect_timeout = 1, .read_timeout = 1, .write_timeout = 1 } },
	{ "timeout NaN", { .timeout = NAN } },
	{ "timeout NaN that nothing uses",
	    { .timeout = NAN, .connect_timeout = 1, .read_timeout = 1, .write_timeout = 1 } },
	{ "timeout -inf", { .timeout = -INFINITY } },
	{ "connect_timeout < 0", { .connect_timeout = -0.001 } },
	{ "connect_timeout NaN", { .connect_timeout = NAN } },
	{ "read_timeout < 0", { .read_timeout = -5 } },
	{ "read_timeout NaN", { .read_timeout = NAN } },
	{ "write_timeout < 0", { .write_timeout = -5 } },
	{ "write_timeout NaN", { .write_timeout = NAN } },
	{ "deadline < 0", { .deadline = -1 } },
	{ "deadline NaN", { .deadline = NAN } },
	{ "family too large", { .family = (enum fsock_family)(FSOCK_IPV6_ONLY + 1) } },
	{ "family < 0", { .family = (enum fsock_family) - 1 } },
	{ "local_port < 0", { .local_port = -1 } },
	{ "local_port too large", { .local_port = 65536 } },
	{ "backlog < 0", { .backlog = -1 } },
	{ "reuse_address", { .reuse_address = (enum fsock_switch)3 } },
	{ "reuse_address < 0", { .reuse_address = (enum fsock_switch) - 1 } },
	{ "reuse_port", { .reuse_port = (enum fsock_switch)3 } },
	{ "reuse_port < 0", { .reuse_port = (enum fsock_switch) - 1 } },
	{ "broadcast", { .broadcast = (enum fsock_switch)3 } },
	{ "broadcast < 0", { .broadcast = (enum fsock_switch) - 1 } },
	{ "receive_destination", { .receive_destination = (enum fsock_switch)3 } },
	{ "file_mode", { .file_mode = 01000 } },
	{ "file_mode < 0", { .file_mode = -1U } },
	{ "interruptible", { .interruptible = (enum fsock_switch)3 } },
	{ "interruptible < 0", { .interruptible = (enum fsock_switch) - 1 } },
	{ "dual_stack", { .dual_stack = (enum fsock_switch)3 } },
	{ "nodelay", { .nodelay = (enum fsock_switch)3 } },
	{ "element_type", { .element_type = (enum fsock_element)(FSOCK_BYTE + 1) } },
	{ "element_type < 0", { .element_type = (enum fsock_element) - 1 } },
	{ "delivery", { .delivery = (enum fsock_delivery)(FSOCK_DELIVER_WHOLE_LINE + 1) } },
	{ "delivery < 0", { .delivery = (enum fsock_delivery) - 1 } },
	{ "nonblocking", { .nonblocking = (enum fsock_switch)3 } },
	{ "batched", { .batched = (enum fsock_switch)3 } },
	{ "high_water", { .output_limit = 10, .high_water = 11 } },
	{ "low_water", { .high_water = 10, .low_water = 11 } },
	{ "close_timeout < 0", { .close_timeout = -1 } },
	{ "handshake_timeout < 0", { .handshake_timeout = -1 } },
	{ "reserved, first", { .reserved = { 1 } } },
	{ "reserved, last",
	    { .reserved = { [sizeof(((struct fsock_options *)0)->reserved) / sizeof(unsigned long) -
				1] = 1 } } },
	{ "record, in lines", { .record = &line, .delivery = FSOCK_DELIVER_LINE } },
	{ "record, in blocks", { .record = &line, .delivery = FSOCK_DELIVER_BLOCK } },
	{ "record: kind", { .record = &(struct fsock_record){ .kind = (enum fsock_record_kind)(
								  FSOCK_RECORD_MEASURED + 1) } } },
	{ "record: kind < 0",
	    { .record = &(struct fsock_record){ .kind = (enum fsock_record_kind) - 1 } } },
	{ "record: reserved", { .record = &(struct fsock_record){ .reserved = { [2] = 1 } } } },
	{ "record: no count",
	    { .record = &(struct fsock_record){ .kind = FSOCK_RECORD_COUNTED } } },
	{ "record: count beyond the limit",
	    { .record = &(struct fsock_record){ .kind = FSOCK_RECORD_COUNTED, .count = 9 },
		.line_limit = 8 } },
	{ "record: count beyond the default",
	    { .record = &(struct fsock_record){ .kind = FSOCK_RECORD_COUNTED, .count = 65537 } } },
	{ "record: huge count",
	    { .record = &(struct fsock_record){ .kind = FSOCK_RECORD_COUNTED, .count = SIZE_MAX },
		.line_limit = SIZE_MAX } },
	{ "record: no function",
	    { .record = &(struct fsock_record){ .kind = FSOCK_RECORD_MEASURED } } },
};

START_TEST(bad_for_itself)
{
	struct fsock__settings settings;

	errno = 0;
	ck_assert_msg(fsock__settings_make(&settings, &bads[_i].options, "listen", "h", 5) == -1,
	    "%s was taken", bads[_i].what);
	sock_assert_failed(
	    FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "listen on h port 5: %s", strerror(EINVAL));
}
END_TEST

START_TEST(bad_when_connecting)
{
	int fds = sock_open_fds();

	ck_assert_ptr_null(fsock_connect("127.0.0.1", 9, &bads[_i].options));
	sock_assert_failed(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "connect to 127.0.0.1 port 9: %s",
	    strerror(EINVAL));
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

START_TEST(bad_when_listening)
{
	int fds = sock_open_fds();

	ck_assert_ptr_null(fsock_listen("127.0.0.1", 0, &bads[_i].options));
	sock_assert_failed(
	    FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "listen on 127.0.0.1: %s", strerror(EINVAL));
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

START_TEST(bad_when_accepting)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL);
	int port = fsock_local_port(listener);
	fsock *client = fsock_connect("127.0.0.1", port, NULL), *served;
	int fds = sock_open_fds();

	ck_assert_ptr_null(fsock_accept(listener, &bads[_i].options));
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_str_eq(fsock_last_error()->operation, "accept");
	ck_assert_int_eq(sock_open_fds(), fds);
	served = fsock_accept(listener, NULL); /* the client was not lost */
	ck_assert_ptr_nonnull(served);
	fsock_close(served);
	fsock_close(client);
	fsock_close(listener);
}
END_TEST

START_TEST(bad_when_pairing)
{
	fsock *const mark = (fsock *)&mark;
	fsock *ends[2] = { mark, mark };
	int fds = sock_open_fds();

	ck_assert_int_eq(fsock_pair(ends, &bads[_i].options), -1);
	sock_assert_failed(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "pair: %s", strerror(EINVAL));
	ck_assert_ptr_eq(ends[0], mark);
	ck_assert_ptr_eq(ends[1], mark);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

START_TEST(bad_when_adopting)
{
	int fds[2], count;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	count = sock_open_fds();
	ck_assert_ptr_null(fsock_adopt(fds[0], &bads[_i].options));
	sock_assert_failed(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "adopt: %s", strerror(EINVAL));
	ck_assert_int_eq(sock_open_fds(), count);
	ck_assert_int_eq(write(fds[0], "x", 1), 1);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

static const int bad_ports[] = { -1, 65536, -2147483647 - 1, 2147483647 };

START_TEST(port_out_of_range)
{
	int port = bad_ports[_i];

	ck_assert_ptr_null(fsock_connect("127.0.0.1", port, NULL));
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_last_error()->port, port);
	ck_assert_str_eq(fsock_last_error()->host, "127.0.0.1");
	ck_assert_ptr_null(fsock_listen(NULL, port, NULL));
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_last_error()->port, port);
	ck_assert_ptr_null(fsock_connect("localhost", port, NULL));
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
}
END_TEST

/* Times: what a field left out or given means. */
static const struct times {
	struct fsock_options options;
	int64_t connect, read, write, deadline; /* milliseconds; 0 is without end */
} times[] = {
	{ { .timeout = 0 }, 0, 0, 0, 0 },
	{ { .timeout = 2 }, 2000, 2000, 2000, 0 },
	{ { .timeout = 2, .read_timeout = 1 }, 2000, 1000, 2000, 0 },
	{ { .timeout = 2, .connect_timeout = 0.25, .write_timeout = INFINITY }, 250, 2000, 0, 0 },
	{ { .connect_timeout = 3 }, 3000, 0, 0, 0 },
	{ { .read_timeout = 3 }, 0, 3000, 0, 0 },
	{ { .write_timeout = 3 }, 0, 0, 3000, 0 },
	{ { .deadline = 3 }, 0, 0, 0, 3000 },
	{ { .timeout = INFINITY, .deadline = INFINITY }, 0, 0, 0, 0 },
	{ { .timeout = 1e30 }, 0, 0, 0, 0 },
};

static int64_t
span(int64_t milliseconds)
{
	return milliseconds == 0 ? FSOCK__NEVER : milliseconds * 1000000;
}

START_TEST(times_decided)
{
	const struct times *row = &times[_i];
	struct fsock__settings set;

	errno = 0;
	ck_assert_int_eq(fsock__settings_make(&set, &row->options, "listen", NULL, 0), 0);
	ck_assert_int_eq(set.connect_timeout, span(row->connect));
	ck_assert_int_eq(set.read_timeout, span(row->read));
	ck_assert_int_eq(set.write_timeout, span(row->write));
	ck_assert_int_eq(set.deadline, span(row->deadline));
	ck_assert_int_eq(errno, 0);
}
END_TEST

START_TEST(defaults)
{
	struct fsock__settings set;

	memset(&set, 0x5a, sizeof set);
	ck_assert_int_eq(fsock__settings_make(&set, NULL, "listen", NULL, 65535), 0);
	ck_assert_int_eq(set.connect_timeout, FSOCK__NEVER);
	ck_assert_int_eq(set.deadline, FSOCK__NEVER);
	ck_assert_int_eq(set.family, FSOCK_ANY_FAMILY);
	ck_assert_ptr_null(set.local_host);
	ck_assert_int_eq(set.local_port, 0);
	ck_assert_int_eq(set.backlog, SOMAXCONN);
	ck_assert_int_eq(set.reuse_address, 1);
	ck_assert_int_eq(set.share_address, 0);
	ck_assert_int_eq(set.reuse_port, 0);
	ck_assert_int_eq(set.broadcast, 0);
	ck_assert_int_eq(set.interruptible, 0);
	ck_assert_int_eq(set.dual_stack, 1);
	ck_assert_int_eq(set.nodelay, 1);
	ck_assert_int_eq(set.element_type, FSOCK_CHARACTER);
	ck_assert_int_eq(set.delivery, FSOCK_DELIVER_DEFAULT);
	ck_assert_uint_eq(set.line_limit, 0);
}
END_TEST

/* What the bounds of queued output are, if not all are chosen. */
static const struct marks {
	size_t limit, high, low;
	size_t is_limit, is_high, is_low;
} marks[] = {
	{ 0, 0, 0, 1048576, 524288, 131072 },
	{ 1, 0, 0, 1, 1, 0 },
	{ 0, 1000, 0, 1048576, 1000, 250 },
	{ 0, 1000, 1000, 1048576, 1000, 1000 },
	{ SIZE_MAX, 0, 0, SIZE_MAX, SIZE_MAX / 2 + 1, SIZE_MAX / 8 + 1 },
};

START_TEST(marks_decided)
{
	const struct marks *row = &marks[_i];
	struct fsock_options options = {
		.output_limit = row->limit, .high_water = row->high, .low_water = row->low
	};
	struct fsock__settings set;

	ck_assert_int_eq(fsock__settings_make(&set, &options, "connect", NULL, 0), 0);
	ck_assert_uint_eq(set.output_limit, row->is_limit);
	ck_assert_uint_eq(set.high_water, row->is_high);
	ck_assert_uint_eq(set.low_water, row->is_low);
}
END_TEST

START_TEST(everything_chosen)
{
	static const struct fsock_options options = { .family = FSOCK_IPV6_ONLY,
		.local_host = "::1",
		.local_port = 65535,
		.backlog = 7,
		.reuse_address = FSOCK_OFF,
		.reuse_port = FSOCK_ON,
		.broadcast = FSOCK_ON,
		.interruptible = FSOCK_ON,
		.dual_stack = FSOCK_OFF,
		.nodelay = FSOCK_OFF,
		.element_type = FSOCK_BYTE,
		.delivery = FSOCK_DELIVER_WHOLE_LINE,
		.line_limit = 99 };
	struct fsock__settings set;

	ck_assert_int_eq(fsock__settings_make(&set, &options, "listen", NULL, 0), 0);
	ck_assert_int_eq(set.family, FSOCK_IPV6_ONLY);
	ck_assert_str_eq(set.local_host, "::1");
	ck_assert_int_eq(set.local_port, 65535);
	ck_assert_int_eq(set.backlog, 7);
	ck_assert_int_eq(set.reuse_address, 0);
	ck_assert_int_eq(set.reuse_port, 1);
	ck_assert_int_eq(set.broadcast, 1);
	ck_assert_int_eq(set.interruptible, 1);
	ck_assert_int_eq(set.dual_stack, 0);
	ck_assert_int_eq(set.nodelay, 0);
	ck_assert_int_eq(set.element_type, FSOCK_BYTE);
	ck_assert_int_eq(set.delivery, FSOCK_DELIVER_WHOLE_LINE);
	ck_assert_uint_eq(set.line_limit, 99);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("settings");
	TCase *tcase = tcase_create("settings");

	tcase_add_loop_test(tcase, bad_for_itself, 0, COUNT(bads));
	tcase_add_loop_test(tcase, bad_when_connecting, 0, COUNT(bads));
	tcase_add_loop_test(tcase, bad_when_listening, 0, COUNT(bads));
	tcase_add_loop_test(tcase, bad_when_accepting, 0, COUNT(bads));
	tcase_add_loop_test(tcase, bad_when_pairing, 0, COUNT(bads));
	tcase_add_loop_test(tcase, bad_when_adopting, 0, COUNT(bads));
	tcase_add_loop_test(tcase, port_out_of_range, 0, COUNT(bad_ports));
	tcase_add_loop_test(tcase, times_decided, 0, COUNT(times));
	tcase_add_loop_test(tcase, marks_decided, 0, COUNT(marks));
	tcase_add_test(tcase, defaults);
	tcase_add_test(tcase, everything_chosen);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
