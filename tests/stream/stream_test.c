/* The three streams of a socket: made once, closed in any order, and what keeps what alive. */
#include "../../src/base/compat.h"

#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

#include "../support/layered.h"
#include "../support/sock_support.h"
#include "../support/stdio_link.h"
#include "../support/unblocked.h"

static FILE *(*const getters[])(fsock *) = { fsock_stream, fsock_input, fsock_output };
static const char *const operations[] = { "open stream", "open input", "open output" };

/* libbsd's funopen() is one that does not show its FILE's descriptor; musl has none to show. */
#if defined(__linux__) && (defined(FSOCK_FILE_FUNOPEN) || !defined(__GLIBC__))
#define FILENO_WORKS 0
#else
#define FILENO_WORKS 1
#endif

static enum stdio_transport
transport_of(int i)
{
	return (enum stdio_transport)(i % STDIO_TRANSPORTS);
}

/* ---- Asking for them. */

START_TEST(the_same_again)
{
	struct stdio_link link;
	FILE *f[3];

	stdio_link_open(&link, transport_of(_i), NULL);
	for (int i = 0; i < 3; i++) {
		errno = 4711;
		f[i] = getters[i](link.s);
		ck_assert_ptr_nonnull(f[i]);
		ck_assert_int_eq(errno, 4711);
		ck_assert_ptr_eq(getters[i](link.s), f[i]);
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_ptr_ne(f[i], f[(i + 1) % 3]);
		ck_assert_ptr_eq(getters[i](link.s), f[i]);
		ck_assert_ptr_eq(fsock_of(f[i]), link.s);
		ck_assert_int_eq(fsock_fileno(f[i]), fsock_socket(link.s));
		ck_assert_int_eq(fileno(f[i]), FILENO_WORKS ? fsock_socket(link.s) : -1);
	}
	stdio_link_close(&link);
}
END_TEST

/* A stream that was closed is made anew while the connection lives; output is over for good. */
START_TEST(again_after_close)
{
	struct stdio_link link;
	int which = _i % 3;
	FILE *f, *keeper;
	char line[8];

	stdio_link_open(&link, transport_of(_i / 3), NULL);
	keeper = getters[which == 1 ? 2 : 1](link.s);
	f = getters[which](link.s);
	ck_assert_int_eq(fclose(f), 0);
	errno = 0;
	f = getters[which](link.s);
	if (which == 2) {
		ck_assert_ptr_null(f);
		ck_assert_int_eq(errno, EPIPE);
		stdio_expect_error(
		    &link, operations[which], FSOCK_BROKEN_PIPE_ERROR, EPIPE, strerror(EPIPE));
		ck_assert_ptr_eq(fsock_input(link.s), keeper);
	} else {
		ck_assert_ptr_nonnull(f);
		stdio_far_puts(&link, "more\n");
		ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
		ck_assert_str_eq(line, "more\n");
		ck_assert_int_eq(ftell(f), 5);
	}
	stdio_link_close(&link);
}
END_TEST

/* After the last fclose() the handle is there, and closed. */
START_TEST(handle_outlives_streams)
{
	struct stdio_link link;
	int which = _i % 3, fds;
	struct fsock_addr name;

	stdio_link_open(&link, transport_of(_i / 3), NULL);
	fds = sock_open_fds();
	ck_assert_int_eq(fclose(getters[which](link.s)), 0);
	ck_assert_int_eq(sock_open_fds(), fds - 1);
	stdio_far_expect_end(&link);
	for (int i = 0; i < 3; i++) {
		errno = 0;
		ck_assert_ptr_null(getters[i](link.s));
		ck_assert_int_eq(errno, EBADF);
		stdio_expect_error(
		    &link, operations[i], FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF, strerror(EBADF));
	}
	errno = 0;
	ck_assert_int_eq(fsock_socket(link.s), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(fsock_shutdown(link.s, FSOCK_IO), -1);
	ck_assert_int_eq(fsock_local_name(link.s, &name), -1);
	ck_assert_int_eq(fsock_set_deadline(link.s, 1), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(fsock_close(link.s), 0);
	link.s = NULL;
	stdio_link_close(&link);
}
END_TEST

/* A disowned handle lives as long as a stream; fsock_of() returns it. */
START_TEST(streams_outlive_handle)
{
	struct stdio_link link;
	FILE *f[3];
	int left = 3, fds;
	char line[8];

	stdio_link_open(&link, transport_of(_i), NULL);
	fds = sock_open_fds();
	for (int i = 0; i < 3; i++)
		f[i] = getters[i](link.s);
	fsock_disown(link.s);
	stdio_far_puts(&link, "one\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f[0]));
	ck_assert_str_eq(line, "one\n");
	while (left > 0) {
		ck_assert_ptr_eq(fsock_of(f[left - 1]), link.s);
		ck_assert_int_eq(sock_open_fds(), fds);
		ck_assert_int_eq(fclose(f[--left]), 0);
	}
	ck_assert_int_eq(sock_open_fds(), fds - 1);
	link.s = NULL;
	stdio_far_expect_end(&link);
	stdio_link_close(&link);
}
END_TEST

static int
end_by_release(fsock *s)
{
	int fd = fsock_release(s, NULL, 0, NULL);

	return fd < 0 ? -1 : close(fd);
}

static int
end_by_disown(fsock *s)
{
	FILE *f = fsock_stream(s);

	fsock_disown(s);
	return fclose(f);
}

/* What fsock_of() returns of a disowned handle can end it and its streams. */
START_TEST(ended_through_a_stream)
{
	static int (*const ends[])(
	    fsock *) = { fsock_close, fsock_abort, end_by_release, end_by_disown };
	struct stdio_link link;
	int which = _i % COUNT(ends), fds;
	FILE *f;

	if (layered_is_on() && ends[which] == end_by_release) /* no descriptor is handed out */
		return;
	stdio_link_open(&link, transport_of(_i / COUNT(ends)), NULL);
	fds = sock_open_fds();
	f = fsock_stream(link.s);
	ck_assert_ptr_nonnull(f);
	fsock_disown(link.s);
	link.s = NULL;
	ck_assert_int_ge(fputs("last words\n", f), 0);
	ck_assert_int_eq(ends[which](fsock_of(f)), 0);
	ck_assert_int_eq(sock_open_fds(), fds - 1);
	ck_assert_ptr_null(fsock_of(f));
	if (ends[which] != fsock_abort) {
		stdio_far_expect_text(&link, "last words\n");
		stdio_far_expect_end(&link);
	}
	stdio_link_close(&link);
}
END_TEST

START_TEST(disown_without_streams)
{
	struct stdio_link link;

	stdio_link_open(&link, transport_of(_i), NULL);
	fsock_disown(link.s);
	link.s = NULL;
	stdio_far_expect_end(&link);
	stdio_link_close(&link);
	fsock_disown(NULL);
}
END_TEST

/* fsock_close() closes what is open, and what was written goes out. */
START_TEST(close_flushes)
{
	struct stdio_link link;
	int which = _i % 2 == 0 ? 0 : 2;

	stdio_link_open(&link, transport_of(_i / 2), NULL);
	ck_assert_int_ge(fputs("last words", getters[which](link.s)), 0);
	stdio_far_expect_nothing(&link);
	ck_assert_int_eq(fsock_close(link.s), 0);
	link.s = NULL;
	stdio_far_expect_text(&link, "last words");
	stdio_far_expect_end(&link);
	stdio_link_close(&link);
}
END_TEST

/* ---- Closing order. */

/* Streams are opened, then closed one by one; at which close does the peer see the end? */
static const struct order {
	const char
	    *closed; /* s: the two-way stream, i, o; the first `ends` of them end the output */
	size_t ends;
} orders[] = {
	{ "s", 1 },
	{ "io", 2 },
	{ "oi", 1 },
	{ "si", 1 },
	{ "is", 2 },
	{ "so", 2 },
	{ "os", 2 },
	{ "sio", 3 },
	{ "soi", 2 },
	{ "iso", 3 },
	{ "ios", 3 },
	{ "osi", 2 },
	{ "ois", 3 },
};

static int
which_of(char letter)
{
	return letter == 's' ? 0 : letter == 'i' ? 1 : 2;
}

START_TEST(half_close)
{
	const struct order *row = &orders[_i / STDIO_TRANSPORTS];
	struct stdio_link link;
	FILE *f[3] = { NULL, NULL, NULL }, *reader;
	char line[8];

	stdio_link_open(&link, transport_of(_i), NULL);
	for (const char *p = row->closed; *p; p++)
		f[which_of(*p)] = getters[which_of(*p)](link.s);
	for (size_t i = 0; row->closed[i] != '\0'; i++) {
		int which = which_of(row->closed[i]);

		if (which != 1)
			ck_assert_int_eq(fputc(row->closed[i], f[which]), row->closed[i]);
		ck_assert_int_eq(fclose(f[which]), 0);
		f[which] = NULL;
		if (which != 1)
			stdio_far_expect(&link, &row->closed[i], 1);
		if (i + 1 < row->ends)
			stdio_far_expect_nothing(&link);
		else
			stdio_far_expect_end(&link);
		/* What still reads goes on. */
		reader = f[1] != NULL ? f[1] : f[0];
		if (reader == NULL)
			continue;
		stdio_far_puts(&link, "more\n");
		ck_assert_ptr_nonnull(fgets(line, sizeof line, reader));
		ck_assert_str_eq(line, "more\n");
	}
	ck_assert_int_eq(fsock_close(link.s), 0);
	link.s = NULL;
	stdio_link_close(&link);
}
END_TEST

/* A stream that is opened while another one reads goes on where the program is. */
START_TEST(input_handed_over)
{
	struct stdio_link link;
	char line[8], text[8];
	FILE *f;

	stdio_link_open(&link, transport_of(_i), NULL);
	f = fsock_stream(link.s);
	for (int i = 10; i < 90; i++) {
		snprintf(text, sizeof text, "%d\n", i);
		stdio_far_puts(&link, text);
	}
	for (int i = 10; i < 90; i++) {
		if (i == 40)
			f = fsock_input(link.s);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
		snprintf(text, sizeof text, "%d\n", i);
		ck_assert_str_eq(line, text);
	}
	stdio_link_close(&link);
}
END_TEST

/* What one stream has read ahead is its own; what is below is whoever's comes next. */
START_TEST(input_through_two)
{
	struct stdio_link link;
	struct fsock_options by_line = { .delivery = FSOCK_DELIVER_LINE };
	FILE *one, *two;
	char line[8], text[] = "1\n";

	stdio_link_open(&link, transport_of(_i), &by_line);
	one = fsock_stream(link.s);
	two = fsock_input(link.s);
	stdio_far_puts(&link, "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
	for (int i = 0; i < 9; i++) {
		text[0] = (char)('1' + i);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, i % 3 == 1 ? two : one));
		ck_assert_str_eq(line, text);
	}
	ck_assert_int_eq(ftell(one), 12);
	ck_assert_int_eq(ftell(two), 6);
	stdio_link_close(&link);
}
END_TEST

static void
read_octet(void *arg)
{
	fgetc(arg);
}

static void
write_much(void *arg)
{
	static char block[1 << 25];

	fwrite(block, 1, sizeof block, arg);
}

static double
cpu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/*
 * A reader that has to wait for a writer to let go of the two-way stream does not spin meanwhile.
 */
START_TEST(input_behind_a_blocked_writer)
{
	struct stdio_link link;
	struct sock_thread writer, reader;
	double cpu;
	FILE *two_way, *input;

	if (unblocked_is_on())
		return;
	stdio_link_open(&link, transport_of(_i), NULL);
	two_way = fsock_stream(link.s);
	input = fsock_input(link.s);
	stdio_far_puts(&link, "x");
	ck_assert_int_eq(fgetc(two_way), 'x');
	sock_thread_start(&writer, write_much, two_way);
	sock_thread_await_blocked(&writer);
	sock_thread_start(&reader, read_octet, input);
	cpu = cpu_now();
	poll(NULL, 0, 300);
	cpu = cpu_now() - cpu;
	ck_assert_int_eq(fsock_shutdown(link.s, FSOCK_INPUT), 0);
	close(link.far);
	link.far = -1;
	sock_thread_join(&writer);
	sock_thread_join(&reader);
	ck_assert_double_lt(cpu, 0.15); /* half of the time; one that spins takes all */
	stdio_link_close(&link);
}
END_TEST

/* ---- What has no streams. */

START_TEST(wrong_kinds)
{
	fsock *listener = fsock_listen("127.0.0.1", 0, NULL), *datagram;
	int which = _i, fd = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_ptr_nonnull(listener);
	datagram = fsock_adopt(fd, NULL);
	ck_assert_ptr_nonnull(datagram);
	errno = 0;
	ck_assert_ptr_null(getters[which](NULL));
	sock_assert_failed(
	    FSOCK_INVALID_SOCKET_ERROR, EINVAL, "%s: %s", operations[which], strerror(EINVAL));
	errno = 0;
	ck_assert_ptr_null(getters[which](listener));
	sock_assert_failed(FSOCK_INVALID_SOCKET_ERROR, EINVAL, "%s of 127.0.0.1 port %d: %s",
	    operations[which], fsock_local_port(listener), strerror(EINVAL));
	errno = 0;
	ck_assert_ptr_null(getters[which](datagram));
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	fsock_close(listener);
	fsock_close(datagram);
}
END_TEST

START_TEST(not_ours)
{
	FILE *f = tmpfile(), *const files[] = { NULL, stdin, f };
	struct stdio_link link;

	ck_assert_ptr_nonnull(f);
	stdio_link_open(&link, STDIO_SOCKETPAIR, NULL);
	ck_assert_ptr_nonnull(fsock_stream(link.s));
	for (int i = 0; i < COUNT(files); i++) {
		errno = 0;
		ck_assert_ptr_null(fsock_of(files[i]));
		sock_assert_failed(FSOCK_INVALID_SOCKET_STREAM_ERROR, EINVAL,
		    "find socket: Not an open stream of a socket");
		errno = 0;
		ck_assert_int_eq(fsock_fileno(files[i]), -1);
		sock_assert_error(FSOCK_INVALID_SOCKET_STREAM_ERROR, EINVAL);
	}
	fclose(f);
	stdio_link_close(&link);
}
END_TEST

/* Reading what is to be written to and the reverse fails, and hurts nothing. */
START_TEST(wrong_direction)
{
	struct stdio_link link;
	char line[8];
	FILE *in, *out;

	stdio_link_open(&link, transport_of(_i), NULL);
	in = fsock_input(link.s);
	out = fsock_output(link.s);
	ck_assert_int_eq(fgetc(out), EOF);
	ck_assert(ferror(out) && !feof(out));
	ck_assert(fputs("x", in) < 0 || fflush(in) != 0 || ferror(in));
	clearerr(in);
	clearerr(out);
	stdio_far_puts(&link, "fine\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof line, in));
	ck_assert_str_eq(line, "fine\n");
	ck_assert_int_ge(fputs("well", out), 0);
	ck_assert_int_eq(fflush(out), 0);
	stdio_far_expect_text(&link, "well");
	stdio_far_expect_nothing(&link);
	ck_assert_int_eq(fsock_close(link.s), 0);
	link.s = NULL;
	stdio_link_close(&link);
}
END_TEST

/* Streams of many sockets, opened and closed many times, leave no descriptor behind. */
START_TEST(nothing_leaks)
{
	int fds = sock_open_fds();

	if (unblocked_is_on())
		return;
	for (int i = 0; i < 200; i++) {
		struct stdio_link link;

		stdio_link_open(&link, transport_of(i), NULL);
		for (int j = 0; j < 3; j++)
			if (i >> j & 1)
				ck_assert_ptr_nonnull(getters[j](link.s));
		for (int j = 0; j < 3; j++)
			if ((i >> j & 1) && (i >> (3 + j) & 1))
				ck_assert_int_eq(fclose(getters[j](link.s)), 0);
		stdio_link_close(&link);
	}
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *t = tcase_create("stream");

	tcase_add_loop_test(t, the_same_again, 0, STDIO_TRANSPORTS);
	tcase_add_loop_test(t, again_after_close, 0, 3 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, handle_outlives_streams, 0, 3 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, streams_outlive_handle, 0, STDIO_TRANSPORTS);
	tcase_add_loop_test(t, ended_through_a_stream, 0, 4 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, disown_without_streams, 0, STDIO_TRANSPORTS);
	tcase_add_loop_test(t, close_flushes, 0, 2 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, half_close, 0, COUNT(orders) * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, input_through_two, 0, STDIO_TRANSPORTS);
	tcase_add_loop_test(t, input_handed_over, 0, STDIO_TRANSPORTS);
	tcase_add_loop_test(t, input_behind_a_blocked_writer, 0, STDIO_TRANSPORTS);
	tcase_add_loop_test(t, wrong_kinds, 0, 3);
	tcase_add_test(t, not_ours);
	tcase_add_loop_test(t, wrong_direction, 0, STDIO_TRANSPORTS);
	tcase_add_test(t, nothing_leaks);
	suite_add_tcase(s, t);
	return sock_run(s);
}
