/* Output of sockets that do not block, to a kernel that is played: how much is queued, and when. */
#include "../../src/base/compat.h"

#include <sched.h>
#include <stdlib.h>

#include "base/error.h"
#include "sock/handle.h"
#include "sock/transfer.h"
#include "../support/sock_support.h"

/* ---- A kernel that takes as much as it is told to. */

static char wire[1 << 20];
static size_t wire_length, room;
static int wire_error;

static ssize_t
script_offer(struct fsock *s, const void *buf, size_t n)
{
	if (wire_error != 0)
		return fsock__handle_error(s, "write", wire_error);
	if (n > room)
		n = room;
	ck_assert_uint_le(n, sizeof wire - wire_length);
	memcpy(wire + wire_length, buf, n);
	wire_length += n;
	room -= n;
	return (ssize_t)n;
}

/* Who waits for room finds it. */
static int
script_await_room(struct fsock *s, const char *operation, int64_t until)
{
	(void)s, (void)operation, (void)until;
	room = sizeof wire - wire_length;
	return 0;
}

static ssize_t
script_receive(struct fsock *s, void *buf, size_t n)
{
	return fsock__transport_socket.receive(s, buf, n);
}

static int
script_close(struct fsock *s)
{
	return fsock__transport_socket.close(s);
}

static const struct fsock__transport_ops script = {
	.receive = script_receive,
	.offer = script_offer,
	.await_room = script_await_room,
	.close = script_close,
};

static fsock *s, *far;
static FILE *out;

static void
begin(const struct fsock_options *options)
{
	fsock *ends[2];

	ck_assert_int_eq(fsock_pair(ends, options), 0);
	s = ends[0];
	far = ends[1];
	s->transport = &script;
	out = fsock_output(s);
	ck_assert_ptr_nonnull(out);
	wire_length = room = 0;
	wire_error = 0;
}

static void
finish(void)
{
	fsock_abort(s);
	fsock_close(far);
}

/* ---- Marks and bounds, step by step. */

enum step {
	DONE,
	SEND,   /* fsock_send() of n octets works */
	REFUSE, /* or fails with ENOBUFS, and nothing stays of it */
	PRINT,  /* n octets through the FILE */
	LOSE,   /* the same fails, for good */
	TAKE,   /* the kernel takes n octets */
	ROOM    /* or is going to, when it is asked next */
};

static const struct marks {
	struct fsock_options options;
	struct {
		enum step step;
		size_t n, queued;
		int congested;
	} steps[12];
} marks[] = {
	{ { .output_limit = 1000, .high_water = 600, .low_water = 100 },
	    { { SEND, 599, 599, 0 }, { SEND, 1, 600, 1 }, { TAKE, 499, 101, 1 },
		{ TAKE, 1, 100, 0 }, { SEND, 499, 599, 0 }, { SEND, 401, 1000, 1 },
		{ TAKE, 1000, 0, 0 } } },
	{ { .output_limit = 1000 }, /* half of it, and a quarter of that */
	    { { SEND, 499, 499, 0 }, { PRINT, 1, 500, 1 }, { TAKE, 374, 126, 1 },
		{ TAKE, 1, 125, 0 } } },
	{ { .output_limit = 1000, .high_water = 1000, .low_water = 1000 },
	    { { SEND, 999, 999, 0 }, { SEND, 1, 1000, 1 }, { TAKE, 1, 999, 0 } } },
	{ { .output_limit = 1, .high_water = 1, .low_water = 1 },
	    { { SEND, 1, 1, 1 }, { REFUSE, 1, 1, 1 }, { TAKE, 1, 0, 0 }, { PRINT, 1, 1, 1 } } },
	{ { .output_limit = 1000 },
	    { { REFUSE, 1001, 0, 0 }, { SEND, 1000, 1000, 1 }, { REFUSE, 1, 1000, 1 },
		{ SEND, 0, 1000, 1 }, { TAKE, 1, 999, 1 }, { REFUSE, 2, 999, 1 },
		{ PRINT, 1, 1000, 1 }, { TAKE, 1000, 0, 0 }, { SEND, 10, 10, 0 } } },
	{ { .output_limit = 1000 }, /* what waits makes room, then the rest goes by it */
	    { { SEND, 900, 900, 1 }, { ROOM, 1200, 900, 1 }, { SEND, 200, 0, 0 } } },
	{ { .output_limit = 1000 },
	    { { SEND, 900, 900, 1 }, { LOSE, 101, 0, 0 }, { LOSE, 1, 0, 0 } } },
	{ { .output_limit = 1 << 20 },
	    { { SEND, 524287, 524287, 0 }, { SEND, 1, 524288, 1 }, { SEND, 524288, 1048576, 1 },
		{ REFUSE, 1, 1048576, 1 } } },
};

/* Octets that go on where `at` is. */
static void
do_step(enum step step, size_t n, size_t *at)
{
	static char octets[1 << 20];

	for (size_t i = 0; i < n; i++)
		octets[i] = (char)((*at + i) * 31 + ((*at + i) >> 8));
	switch (step) {
	case SEND:
		ck_assert_int_eq(fsock_send(s, octets, n, NULL), (ssize_t)n);
		break;
	case REFUSE:
		ck_assert_int_eq(fsock_send(s, octets, n, NULL), -1);
		sock_assert_error(FSOCK_NO_BUFFERS_ERROR, ENOBUFS);
		n = 0;
		break;
	case PRINT:
		ck_assert_uint_eq(fwrite(octets, 1, n, out), n);
		ck_assert_int_eq(fflush(out), 0);
		break;
	case LOSE:
		ck_assert(fwrite(octets, 1, n, out) < n || fflush(out) != 0);
		sock_assert_error(FSOCK_NO_BUFFERS_ERROR, ENOBUFS);
		clearerr(out);
		n = 0;
		break;
	case ROOM:
		room = n;
		n = 0;
		break;
	default:
		room = n;
		ck_assert_int_ge(fsock_send_pending(s), 0);
		ck_assert_uint_eq(room, 0);
		n = 0;
		break;
	}
	*at += n;
}

/* A list changes nothing but who sends. */
START_TEST(marked)
{
	const struct marks *row = &marks[_i / 2];
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_options options = row->options;
	size_t at = 0;

	options.nonblocking = FSOCK_ON;
	begin(&options);
	if (_i % 2)
		ck_assert_int_eq(fsock_waitlist_add(list, s, 0, NULL), 0);
	for (int i = 0; row->steps[i].step != DONE; i++) {
		do_step(row->steps[i].step, row->steps[i].n, &at);
		ck_assert_msg((size_t)fsock_pending_output(s) == row->steps[i].queued,
		    "step %d: %zd queued", i, fsock_pending_output(s));
		ck_assert_msg(fsock_is_congested(s) == row->steps[i].congested, "step %d", i);
	}
	for (size_t i = 0; i < wire_length; i++)
		ck_assert_int_eq(wire[i], (char)(i * 31 + (i >> 8)));
	fsock_waitlist_free(list);
	finish();
}
END_TEST

START_TEST(arguments)
{
	begin(NULL);
	ck_assert_int_eq(fsock_pending_output(NULL), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(fsock_send_pending(NULL), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(fsock_set_nonblocking(NULL, 1), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(fsock_is_congested(NULL), 0);
	ck_assert_int_eq(fsock_is_nonblocking(NULL), 0);
	errno = 0;
	ck_assert_int_eq(fsock_pending_output(far), 0); /* no streams yet */
	ck_assert_int_eq(fsock_send_pending(far), 0);
	ck_assert_int_eq(fsock_is_nonblocking(far), 0);
	ck_assert_int_eq(fsock_set_nonblocking(far, 2), 0);
	ck_assert_int_eq(fsock_is_nonblocking(far), 1);
	ck_assert_int_eq(errno, 0);
	ck_assert_int_eq(fclose(fsock_stream(far)), 0);
	ck_assert_int_eq(fsock_send_pending(far), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	ck_assert_int_eq(fsock_set_nonblocking(far, 0), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	finish();
}
END_TEST

/* The kernel fails: nothing is queued any more, and why is told by all that follows. */
START_TEST(failed)
{
	begin(&(struct fsock_options){ .nonblocking = FSOCK_ON });
	ck_assert_int_eq(fsock_send(s, "abc", 3, NULL), 3);
	wire_error = EPIPE;
	ck_assert_int_eq(fsock_send_pending(s), -1);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	ck_assert_int_eq(fsock_pending_output(s), 0);
	wire_error = ENOTCONN;
	ck_assert_int_eq(fsock_send(s, "abc", 3, NULL), -1);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	ck_assert_int_eq(fsock_send_pending(s), -1);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	ck_assert_int_eq(fsock_close(s), -1);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	fsock_close(far);
}
END_TEST

/* ---- Formats: the octets of the wire are those of a stream that blocks. */

static const char *const formats[] = { "", "utf-8,eol=crlf", "utf-16", "utf-16be,eol=crlf",
	"iso-2022-jp", "iso-2022-jp,eol=crlf" };

/* Text of several scripts: enough of it for the encoder to stop anywhere. */
static const char *
make_text(size_t *n)
{
	static char text[60000];
	static const char line[] = "a\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e b\n";
	static const char plain[] = "\xe6\x97\xa5 b\n\xe6\x9c\xac\n";

	*n = 0;
	for (int i = 0; *n + sizeof line < sizeof text; i++) {
		const char *p = i % 3 ? plain : line + 3;

		memcpy(text + *n, p, strlen(p));
		*n += strlen(p);
	}
	return text;
}

static void
print_in_pieces(const struct fsock_options *options, unsigned seed, int trickles)
{
	size_t n;
	const char *p = make_text(&n);

	begin(options);
	while (n > 0) {
		size_t piece = 1 + (size_t)rand_r(&seed) % 5000;

		if (piece > n)
			piece = n;
		if (trickles)
			room = (size_t)rand_r(&seed) % 3000 >> rand_r(&seed) % 10;
		ck_assert_uint_eq(fwrite(p, 1, piece, out), piece);
		p += piece;
		n -= piece;
	}
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), 0);
	while (fsock_pending_output(s) > 0) {
		room = 1 + (size_t)rand_r(&seed) % 3000;
		ck_assert_int_ge(fsock_send_pending(s), 0);
	}
	finish();
}

START_TEST(formatted)
{
	static char expected[sizeof wire];
	struct fsock_options options = { .format = formats[_i] };
	size_t length;

	print_in_pieces(&options, 1, 0);
	length = wire_length;
	ck_assert_uint_gt(length, 40000);
	memcpy(expected, wire, length);
	options.nonblocking = FSOCK_ON;
	for (unsigned seed = 1; seed < 6; seed++) {
		print_in_pieces(&options, seed, 1);
		ck_assert_uint_eq(wire_length, length);
		ck_assert_mem_eq(wire, expected, length);
	}
}
END_TEST

/* ---- Another thread, another process. */

/* Output is shut down while another thread sends what is queued: the end comes all the same. */
static void
drain_all(void *arg)
{
	(void)arg;
	while (fsock_send_pending(s) > 0)
		;
}

START_TEST(ended_while_drained)
{
	struct sock_thread drainer;
	char octets[64];

	for (int i = 0; i < 100; i++) {
		fsock *pair[2];

		ck_assert_int_eq(
		    fsock_pair(pair, &(struct fsock_options){ .nonblocking = FSOCK_ON }), 0);
		s = pair[0];
		s->transport = &script; /* the kernel is full */
		room = 0;
		wire_length = 0;
		ck_assert_ptr_nonnull(fsock_stream(s));
		ck_assert_int_eq(fsock_send(s, "abc", 3, NULL), 3);
		s->transport = &fsock__transport_socket;
		sock_thread_start(&drainer, drain_all, NULL);
		for (int turn = 0; turn < i % 8; turn++)
			sched_yield();
		ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), 0);
		sock_thread_join(&drainer);
		far = pair[1];
		ck_assert_int_eq(fsock_set_nonblocking(far, 0), 0);
		ck_assert_int_eq(fsock_receive(far, octets, sizeof octets, NULL), 3);
		ck_assert_int_eq(fsock_receive(far, octets, sizeof octets, NULL), 0);
		finish();
	}
}
END_TEST

/* A child that writes, as it should not, sends what it writes, and nothing of its parent's. */
static int
writing_child(void *arg)
{
	const char *what = arg;

	room = 1000;
	if (strcmp(what, "block") == 0)
		SOCK_EXPECT(fsock_set_nonblocking(s, 0) == 0);
	SOCK_EXPECT(fsock_send(s, "child", 5, NULL) == 5);
	SOCK_EXPECT(fsock_pending_output(s) == 0);
	SOCK_EXPECT(wire_length == 5 && memcmp(wire, "child", 5) == 0);
	return 0;
}

START_TEST(forked_writer)
{
	static const char *const does[] = { "send", "block" };
	fsock_waitlist *list = fsock_waitlist_new();

	begin(&(struct fsock_options){ .nonblocking = FSOCK_ON });
	if (_i / 2)
		ck_assert_int_eq(fsock_waitlist_add(list, s, FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(fsock_send(s, "parent", 6, NULL), 6);
	ck_assert_int_eq(sock_child(writing_child, (void *)(uintptr_t)does[_i % 2]), 0);
	room = 1000;
	ck_assert_int_eq(fsock_send_pending(s), 0);
	ck_assert_uint_eq(wire_length, 6);
	ck_assert_mem_eq(wire, "parent", 6);
	fsock_waitlist_free(list);
	finish();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sender");
	TCase *t = tcase_create("sender");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, marked, 0, 2 * COUNT(marks));
	tcase_add_test(t, arguments);
	tcase_add_test(t, failed);
	tcase_add_loop_test(t, formatted, 0, COUNT(formats));
	tcase_add_test(t, ended_while_drained);
	tcase_add_loop_test(t, forked_writer, 0, 4);
	suite_add_tcase(suite, t);
	return sock_run(suite);
}
