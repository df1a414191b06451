/* Output of sockets that do not block: what is queued, how much of it, and what becomes of it. */
#include "../src/compat.h"

#include <sys/socket.h>

#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "sock/error.h"
#include "sock/socket.h"
#include "sock/transfer.h"
#include "support/queue_link.h"
#include "support/wait_support.h"

/* ---- A kernel that takes as much as it is told to. */

static char wire[1 << 20];
static size_t wire_length, room;
static int wire_error;

static ssize_t
script_offer(struct fsock *s, const void *buf, size_t n)
{
	if (wire_error != 0)
		return fsock__socket_error(s, "write", wire_error);
	if (n > room)
		n = room;
	ck_assert_uint_le(n, sizeof wire - wire_length);
	memcpy(wire + wire_length, buf, n);
	wire_length += n;
	room -= n;
	return (ssize_t)n;
}

static int
script_send(struct fsock *s, const void *buf, size_t n)
{
	room = n;
	return script_offer(s, buf, n) < 0 ? -1 : 0;
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

static const struct fsock__transport_ops script = { "script", script_receive, script_send,
	script_offer, script_close };

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

/* ---- On real sockets. Who drains is each kind of list, or nobody but fsock_send_pending(). */

#define WAYS (wait_backends() + 1)

static struct queue_link link_;
static fsock_waitlist *list;

static int
open_link(int i, const struct fsock_options *options)
{
	enum sock_transport transport = (enum sock_transport)(i % SOCK_TRANSPORTS);
	int way = i / SOCK_TRANSPORTS;

	if (!sock_has(transport))
		return 0;
	queue_link_open(&link_, transport, options);
	list = way == wait_backends() ? NULL : wait_list(way);
	if (list != NULL)
		ck_assert_int_eq(fsock_waitlist_add(list, link_.s, FSOCK_INPUT, &link_), 0);
	return 1;
}

static void
close_link(void)
{
	queue_link_close(&link_);
	fsock_waitlist_free(list);
}

/* By the two-way stream, by fsock_send(), and by what empties the queue, in any order. */
START_TEST(in_order)
{
	unsigned seed = (unsigned)_i + 1;
	FILE *f;

	if (!open_link(_i, NULL))
		return;
	f = fsock_stream(link_.s);
	for (int i = 0; i < 600; i++) {
		size_t n = 1 + ((size_t)rand_r(&seed) % 20000 >> rand_r(&seed) % 15);

		switch (rand_r(&seed) % 5) {
		case 0:
		case 1:
			ck_assert_uint_eq(fwrite(queue_pattern(link_.sent, n), 1, n, f), n);
			link_.sent += n;
			break;
		case 2:
			queue_link_put(&link_, n);
			break;
		case 3:
			ck_assert_int_eq(fflush(f), 0);
			queue_link_turn(&link_, list);
			break;
		default:
			ck_assert(queue_link_read(&link_, 3 * n));
			break;
		}
		ck_assert_uint_le((size_t)fsock_pending_output(link_.s), link_.sent - link_.got);
		while (fsock_is_congested(link_.s)) {
			queue_link_turn(&link_, list);
			ck_assert(queue_link_read(&link_, SIZE_MAX));
		}
	}
	ck_assert_int_eq(fflush(f), 0);
	queue_link_read_all(&link_, list);
	ck_assert_int_eq(fsock_pending_output(link_.s), 0);
	close_link();
}
END_TEST

/* How the output side ends; all that was written comes before the end. */
static const char *const endings[] = { "shutdown", "shutdown twice", "half-close",
	"shutdown, then half-close" };

static void
end_output(const char *how, FILE *f)
{
	if (how[0] == 's')
		ck_assert_int_eq(fsock_shutdown(link_.s, FSOCK_OUTPUT), 0);
	if (strstr(how, "twice"))
		ck_assert_int_eq(fsock_shutdown(link_.s, FSOCK_OUTPUT), 0);
	if (strstr(how, "half"))
		ck_assert_int_eq(fclose(f), 0);
}

START_TEST(ended)
{
	const char *how = endings[_i % COUNT(endings)];
	FILE *in, *f;

	if (!open_link(_i / COUNT(endings), NULL))
		return;
	in = fsock_input(link_.s);
	f = fsock_output(link_.s);
	ck_assert_int_eq(fclose(fsock_stream(link_.s)), 0);
	queue_link_fill(&link_, 50000);
	ck_assert_uint_eq(fwrite(queue_pattern(link_.sent, 100), 1, 100, f), 100);
	link_.sent += 100; /* of the FILE's buffer */
	end_output(how, f);
	ck_assert_int_gt(fsock_pending_output(link_.s), 0);
	/* Nothing comes behind the end, while that is on its way. */
	ck_assert_int_eq(fsock_send(link_.s, "x", 1, NULL), -1);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	queue_link_read_end(&link_, list);
	ck_assert_int_eq(write(link_.peer, "still\n", 6), 6);
	while (getc(in) != 's')
		clearerr(in);
	close_link();
}
END_TEST

/* Switched off: what is queued goes out first, and then calls wait. */
static void
read_slowly(void *arg)
{
	char octets[4096];
	size_t *n = arg;
	ssize_t r;

	while ((r = read(link_.peer, octets, sizeof octets)) > 0)
		*n += (size_t)r;
}

START_TEST(switched_off)
{
	struct sock_thread reader;
	size_t n = 0;

	if (!open_link(_i, NULL))
		return;
	queue_link_fill(&link_, 100000);
	sock_thread_start(&reader, read_slowly, &n);
	ck_assert_int_eq(fsock_set_nonblocking(link_.s, 0), 0);
	ck_assert_int_eq(fsock_pending_output(link_.s), 0);
	queue_link_put(&link_, 60000);
	ck_assert_int_eq(fsock_pending_output(link_.s), 0);
	ck_assert_int_eq(fsock_set_nonblocking(link_.s, 1), 0);
	queue_link_put(&link_, 60000);
	ck_assert_int_eq(fsock_close(link_.s), 0);
	link_.s = NULL;
	while (list != NULL && fsock_waitlist_closing(list) > 0)
		ck_assert_int_eq(fsock_waitlist_wait(list, 0.01, NULL), 0);
	sock_thread_join(&reader);
	ck_assert_uint_eq(n, link_.sent);
	close_link();
}
END_TEST

/* The peer does not read: the wait for that is bounded, by whatever comes first. */
START_TEST(switched_off_in_vain)
{
	static const struct {
		double close_timeout, deadline;
	} rows[] = { { 0.1, INFINITY }, { 20, 0.1 } };
	struct fsock_options options = { .close_timeout = rows[_i % 2].close_timeout };
	double start;

	if (!open_link(_i / 2, &options))
		return;
	queue_link_stop(&link_);
	queue_link_fill(&link_, 100000);
	ck_assert_int_eq(fsock_set_deadline(link_.s, rows[_i % 2].deadline), 0);
	start = sock_now();
	ck_assert_int_eq(fsock_set_nonblocking(link_.s, 0), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	sock_assert_took(start, 0.1);
	ck_assert_int_eq(fsock_pending_output(link_.s), 0);
	ck_assert_int_eq(fsock_send(link_.s, "x", 1, NULL), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	close_link();
}
END_TEST

/* A thread that is to be cancelled does what it began: no lock is left taken. */
static void
drain_and_end(void *arg)
{
	pthread_cancel(pthread_self());
	if (*(int *)arg)
		fsock_set_nonblocking(link_.s, 0);
	else
		fsock_send_pending(link_.s);
	pthread_testcancel();
}

START_TEST(drained_by_cancelled)
{
	struct sock_thread drainer;
	int switches = _i % 2;

	if (!open_link(_i / 2, &(struct fsock_options){ .close_timeout = 20 }))
		return;
	queue_link_fill(&link_, 100000);
	sock_thread_start(&drainer, drain_and_end, &switches);
	while (switches && fsock_pending_output(link_.s) > 0)
		ck_assert(queue_link_read(&link_, SIZE_MAX));
	sock_thread_join(&drainer);
	ck_assert_int_eq(fsock_set_nonblocking(link_.s, 1), 0);
	queue_link_put(&link_, 1000);
	queue_link_read_all(&link_, list);
	close_link();
}
END_TEST

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

	for (int i = 0; i < 300; i++) {
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
		for (int turn = 0; turn < i % 30; turn++)
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

/* Several threads write, a list drains, the peer reads: every record arrives whole. */
enum { WRITERS = 3, RECORDS = 2000 };
static atomic_int stop;

static void
write_records(void *arg)
{
	char record[17];
	int *writer = arg;

	for (int i = 0; i < RECORDS; i++) {
		snprintf(record, sizeof record, "%c record %6d\n", 'A' + *writer, i);
		while (fsock_is_congested(link_.s))
			sched_yield();
		if (fsock_send(link_.s, record, 16, NULL) != 16)
			return;
	}
	*writer = -1;
}

static void
wait_on_list(void *arg)
{
	while (!stop)
		fsock_waitlist_wait(arg, 1, NULL);
}

START_TEST(written_by_many)
{
	struct sock_thread writers[WRITERS], waiter;
	char record[17] = "", expected[17];
	int next[WRITERS] = { 0 }, ids[WRITERS];
	FILE *in;

	if (!open_link(_i, &(struct fsock_options){ .output_limit = 20000 }))
		return;
	stop = 0;
	if (list != NULL)
		sock_thread_start(&waiter, wait_on_list, list);
	for (int i = 0; i < WRITERS; i++) {
		ids[i] = i;
		sock_thread_start(&writers[i], write_records, &ids[i]);
	}
	in = fdopen(dup(link_.peer), "r");
	for (int i = 0; i < WRITERS * RECORDS; i++) {
		int who;

		ck_assert_ptr_nonnull(fgets(record, sizeof record, in));
		who = record[0] - 'A';
		ck_assert(who >= 0 && who < WRITERS);
		snprintf(expected, sizeof expected, "%c record %6d\n", record[0], next[who]++);
		ck_assert_str_eq(record, expected);
	}
	fclose(in);
	for (int i = 0; i < WRITERS; i++) {
		sock_thread_join(&writers[i]);
		ck_assert_int_eq(ids[i], -1);
	}
	stop = 1;
	if (list != NULL) {
		fsock_waitlist_wake(list);
		sock_thread_join(&waiter);
	}
	close_link();
}
END_TEST

/* What ends output while it is queued is reported, with its errno. */
static const struct ending {
	const char *what;
	int errnum, other; /* systems and transports differ */
} ends[] = {
	{ "reset", ECONNRESET, EPIPE },
	{ "gone", ECONNRESET, EPIPE },
	{ "late", ETIMEDOUT, ETIMEDOUT },
	{ "late, known before", ETIMEDOUT, ETIMEDOUT },
	{ "too much", ENOBUFS, ENOBUFS },
	{ "bad text", EILSEQ, EILSEQ },
};

static void
make_end(const char *what)
{
	static const char much[9000] = "x";
	FILE *f = fsock_stream(link_.s);

	if (what[0] == 'r') {
		ck_assert_int_eq(fsock_send(link_.s, "", 0, NULL), 0);
		queue_link_reset(&link_);
	} else if (what[0] == 'g') {
		close(link_.peer);
		link_.peer = -1;
	} else if (strcmp(what, "late") == 0) {
		ck_assert_int_eq(fsock_set_deadline(link_.s, 0.05), 0);
	} else if (what[0] == 't') {
		ck_assert(fwrite(much, 1, sizeof much, f) < sizeof much || fflush(f) != 0);
	} else if (what[0] == 'b') {
		ck_assert(fputs("\xe6\x97\xa5", f) < 0 || fflush(f) != 0);
	}
}

START_TEST(reported)
{
	const struct ending *end = &ends[_i % COUNT(ends)];
	struct fsock_options options = { .output_limit = 200000 };
	struct fsock_event event = { .state = 0 };

	if (strstr(end->what, "before"))
		options.deadline = 0.4;
	if (end->what[0] == 'b')
		options.format = "latin-1";
	if (!open_link(_i / COUNT(ends), &options))
		return;
	queue_link_stop(&link_);
	while (fsock_send_pending(link_.s) < 195000)
		queue_link_put(&link_, 1000);
	if (list != NULL)
		ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 0);
	make_end(end->what);
	if (list != NULL) {
		do
			ck_assert_int_eq(fsock_waitlist_wait(list, 20, NULL), 1);
		while (fsock_waitlist_next(list, &event) != NULL && !(event.state & FSOCK_FAILED));
		ck_assert_ptr_eq(event.socket, link_.s);
		ck_assert_msg(event.error == end->errnum || event.error == end->other, "%s: %s",
		    end->what, strerror(event.error));
	} else {
		while (fsock_send_pending(link_.s) >= 0)
			usleep(1000);
	}
	ck_assert_int_eq(fsock_pending_output(link_.s), 0);
	ck_assert_int_eq(fsock_send_pending(link_.s), -1);
	ck_assert(errno == end->errnum || errno == end->other);
	ck_assert_int_eq(fsock_close(link_.s), -1);
	ck_assert(errno == end->errnum || errno == end->other);
	link_.s = NULL;
	close_link();
}
END_TEST

/* A child has a copy of the queue, and sends nothing of it, whatever it does. */
static const char *const child_does[] = { "nothing", "close", "abort", "send", "print", "pending",
	"block", "release", "free", "close, free", "abort, free" };

static int
child(void *arg)
{
	const char *what = arg;

	if (strcmp(what, "send") == 0)
		SOCK_EXPECT(fsock_send(link_.s, "", 0, NULL) == 0);
	if (strcmp(what, "print") == 0)
		SOCK_EXPECT(fflush(fsock_stream(link_.s)) == 0);
	if (strcmp(what, "pending") == 0)
		SOCK_EXPECT(fsock_send_pending(link_.s) == 0);
	if (strncmp(what, "abort", 5) == 0 && link_.s->family == AF_UNIX)
		SOCK_EXPECT(fsock_abort(link_.s) == 0);
	if (strcmp(what, "block") == 0)
		SOCK_EXPECT(fsock_set_nonblocking(link_.s, 0) == 0);
	if (strcmp(what, "release") == 0)
		SOCK_EXPECT(fsock_release(link_.s, NULL, 0, NULL) >= 0);
	if (strncmp(what, "close", 5) == 0)
		SOCK_EXPECT(fsock_close(link_.s) == 0);
	if (strstr(what, "free"))
		fsock_waitlist_free(list);
	return 0;
}

START_TEST(forked)
{
	const char *what = child_does[_i % COUNT(child_does)];

	if (!open_link(_i / COUNT(child_does), NULL))
		return;
	queue_link_fill(&link_, 50000);
	ck_assert_int_eq(sock_child(child, (void *)(uintptr_t)what), 0);
	queue_link_put(&link_, 5000);
	if (list == NULL) /* else closing would wait */
		queue_link_read_all(&link_, list);
	ck_assert_int_eq(fsock_close(link_.s), 0);
	link_.s = NULL;
	queue_link_read_end(&link_, list);
	close_link();
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

	begin(&(struct fsock_options){ .nonblocking = FSOCK_ON });
	list = fsock_waitlist_new();
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
	int ways = WAYS * SOCK_TRANSPORTS;

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, marked, 0, 2 * COUNT(marks));
	tcase_add_test(t, arguments);
	tcase_add_test(t, failed);
	tcase_add_loop_test(t, formatted, 0, COUNT(formats));
	tcase_add_loop_test(t, in_order, 0, ways);
	tcase_add_loop_test(t, ended, 0, ways * COUNT(endings));
	tcase_add_loop_test(t, switched_off, 0, ways);
	tcase_add_loop_test(t, switched_off_in_vain, 0, 2 * ways);
	tcase_add_loop_test(t, drained_by_cancelled, 0, 2 * ways);
	tcase_add_test(t, ended_while_drained);
	tcase_add_loop_test(t, written_by_many, 0, ways - SOCK_TRANSPORTS);
	tcase_add_loop_test(t, reported, 0, ways * COUNT(ends));
	tcase_add_loop_test(t, forked, 0, ways * COUNT(child_does));
	tcase_add_loop_test(t, forked_writer, 0, 4);
	suite_add_tcase(suite, t);
	return sock_run(suite);
}
