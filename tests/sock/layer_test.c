/* Layers, by one that does all that a layer may do: see support/layered.h. */
#include "../../src/base/compat.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/layered.h"
#include "../support/sock_support.h"

static const struct mangle_plan plain = { .key = 0x21, .handshake = 2 };

/* A maker of the layer, and who keeps it. */
struct maker {
	struct fsock_layer_maker base;
	const struct mangle_plan *plan;
	atomic_int holders, made, fails;
};

static int
maker_make(struct fsock_layer_maker *base, fsock *s, int accepted)
{
	struct maker *m = (struct maker *)base;

	(void)accepted;
	if (m->fails) {
		errno = ENOMEM;
		return -1;
	}
	m->made++;
	return mangle_push(s, m->plan, 0);
}

static void
maker_hold(struct fsock_layer_maker *base)
{
	((struct maker *)base)->holders++;
}

static void
maker_drop(struct fsock_layer_maker *base)
{
	((struct maker *)base)->holders--;
}

static struct maker
maker_of(const struct mangle_plan *plan)
{
	return (struct maker){
		.base = { sizeof(struct fsock_layer_maker), maker_make, maker_hold, maker_drop },
		.plan = plan,
	};
}

/* A pair of sockets with the layer on both. */
static void
open_pair(fsock *ends[2], const struct mangle_plan *plan, struct fsock_options options)
{
	struct maker m = maker_of(plan);

	options.layer = &m.base;
	ck_assert_int_eq(fsock_pair(ends, &options), 0);
	ck_assert_int_eq(m.made, 2);
}

static void
close_pair(fsock *ends[2])
{
	fsock_close(ends[0]);
	fsock_close(ends[1]);
	ck_assert_int_eq(mangle_count(), 0);
}

/* A line from one end to the other. */
static void
say(fsock *from, fsock *to, const char *text)
{
	FILE *out = fsock_stream(from), *in = fsock_stream(to);
	char line[256];

	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fflush(out), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, in));
	ck_assert_str_eq(line, text);
}

static const struct mangle_plan plans[] = {
	{ .key = 0x21, .handshake = 2 },
	{ .key = 0x21, .keeps = 1 },
	{ .key = 0xFF, .read_wants_output = 2 },
	{ .key = 0x80, .handshake = 5, .keeps = 1, .read_wants_output = 3 },
};

START_TEST(both_ways)
{
	enum fsock_family family = _i % 2 ? FSOCK_IPV4_ONLY : FSOCK_IPV6_FIRST;
	fsock *ends[2];

	open_pair(ends, &plans[_i / 2], (struct fsock_options){ .family = family, .timeout = 20 });
	for (int i = 0; i < 50; i++) {
		say(ends[0], ends[1], "from here\n");
		say(ends[1], ends[0], "and back\n");
	}
	close_pair(ends);
}
END_TEST

/* What is on the wire, and where the layer begins. */
START_TEST(at_the_very_octet)
{
	fsock *ends[2];
	char line[32], raw[5];
	FILE *in;

	ck_assert_int_eq(fsock_pair(ends, &(struct fsock_options){ .timeout = 20 }), 0);
	say(ends[0], ends[1], "STARTTLS\n");
	ck_assert_int_eq(mangle_push(ends[0], &plain, 0), 0);
	ck_assert_int_ge(fputs("wire\n", fsock_stream(ends[0])), 0);
	ck_assert_int_eq(fflush(fsock_stream(ends[0])), 0);
	ck_assert_int_eq(fsock_receive(ends[1], raw, sizeof raw, NULL), 5);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(raw[i] ^ 0x21, "wire\n"[i]);
	ck_assert_int_eq(mangle_push(ends[1], &plain, 0), 0);
	say(ends[0], ends[1], "and on\n");
	in = fsock_stream(ends[1]);
	ck_assert_int_ge(fputs("two\nlines\n", fsock_stream(ends[0])), 0);
	ck_assert_int_eq(fflush(fsock_stream(ends[0])), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, in));
	ck_assert_ptr_nonnull(fgets(line, sizeof line, in));
	ck_assert_str_eq(line, "lines\n");
	close_pair(ends);
}
END_TEST

/* A stream that was opened before the layer came gives back what it had mapped, and no more. */
START_TEST(buffer_of_before)
{
	enum { BEHIND = 65536 };
	char *behind =
	    mmap(NULL, BEHIND, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fsock *ends[2];
	FILE *out;

	ck_assert(behind != MAP_FAILED);
	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	out = fsock_output(ends[0]); /* what is mapped next is in front of what was mapped last */
	ck_assert_int_eq(mangle_push(ends[0], &plain, 0), 0);
	ck_assert_int_eq(fclose(out), 0);
	for (size_t i = 0; i < BEHIND; i += 4096)
		ck_assert_int_eq(behind[i], 0);
	ck_assert_int_eq(munmap(behind, BEHIND), 0);
	close_pair(ends);
}
END_TEST

/* Input read ahead is refused, or handed over. */
START_TEST(read_ahead)
{
	char line[32], wire[] = "clear\n=====\n", left[8];
	int takes = _i;
	fsock *ends[2];
	FILE *in;

	for (int i = 6; i < 12; i++)
		wire[i] ^= takes ? 0x21 : 0;
	ck_assert_int_eq(fsock_pair(ends, &(struct fsock_options){ .timeout = 20 }), 0);
	ck_assert_int_eq(fsock_send(ends[0], wire, 12, NULL), 12);
	in = fsock_stream(ends[1]);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, in));
	ck_assert_int_eq(mangle_push(ends[1], &plain, 0), -1);
	sock_assert_error(fsock_error_kind_of_errno(EBUSY), EBUSY);
	ck_assert_str_eq(
	    fsock_last_error()->text, "push layer: the peer sent 6 octets before the layer");
	if (takes) {
		ck_assert_int_eq(mangle_push(ends[1], &plain, FSOCK_LAYER_TAKE_PENDING), 0);
		ck_assert_ptr_nonnull(fgets(line, sizeof line, in));
		ck_assert_str_eq(line, "=====\n");
	} else {
		ck_assert_int_eq(fsock_receive(ends[1], left, sizeof left, NULL), 6);
	}
	close_pair(ends);
}
END_TEST

/* A failure is told by every read and write, with the layer's words. */
/* The socket knows why, in the words of the layer. */
static void
assert_failed(fsock *s)
{
	struct fsock_error error;

	ck_assert_int_eq(fsock_socket_error(s, &error), 1);
	ck_assert_int_eq(error.kind, FSOCK_TLS_ERROR);
	ck_assert_int_eq(error.errnum, EPROTO);
	ck_assert_str_eq(error.text, "read: mangled too much");
}

START_TEST(failure)
{
	static const struct mangle_plan fails = { .key = 1, .fails_after = 4 };
	int blocks = _i == 0;
	fsock *ends[2];
	char line[32];
	FILE *in;

	open_pair(ends, &fails,
	    (struct fsock_options){ .timeout = 20, .nonblocking = blocks ? FSOCK_OFF : FSOCK_ON });
	ck_assert_int_ge(fputs("one\ntwo\n", fsock_stream(ends[0])), 0);
	ck_assert_int_eq(fflush(fsock_stream(ends[0])), 0);
	in = fsock_stream(ends[1]);
	while (fgets(line, sizeof line, in) != NULL || errno == EAGAIN)
		clearerr(in);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(fgetc(in), EOF);
		ck_assert(ferror(in));
		sock_assert_error(FSOCK_TLS_ERROR, EPROTO);
		ck_assert_str_eq(fsock_last_error()->text, "read: mangled too much");
		clearerr(in);
	}
	ck_assert(fputs("x", in) == EOF || fflush(in) != 0);
	ck_assert_str_eq(fsock_last_error()->text, "write: mangled too much");
	assert_failed(ends[1]);
	ck_assert_int_eq(fsock_close(ends[1]), -1);
	ck_assert_int_eq(mangle_ended(), 0);
	fsock_close(ends[0]);
}
END_TEST

/* A list finds it before the program reads. */
START_TEST(failure_in_a_list)
{
	static const struct mangle_plan fails = { .key = 1, .fails_after = 1 };
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_event event;
	fsock *ends[2];

	open_pair(ends, &fails, (struct fsock_options){ .timeout = 20 });
	ck_assert_int_eq(fsock_send(ends[0], "xy", 2, NULL), 2);
	ck_assert_int_eq(fgetc(fsock_stream(ends[1])), 'x');
	ck_assert_int_eq(fsock_waitlist_add(list, ends[1], FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(fsock_send(ends[0], "z", 1, NULL), 1);
	fsock_clear_error();
	do {
		ck_assert_int_gt(fsock_waitlist_wait(list, 20, NULL), 0);
		ck_assert_ptr_eq(fsock_waitlist_next(list, &event), ends[1]);
		if (!(event.state & FSOCK_FAILED))
			fsock_read_byte(fsock_stream(ends[1]));
	} while (!(event.state & FSOCK_FAILED));
	ck_assert_int_eq(event.error, EPROTO);
	ck_assert_int_eq(fsock_last_error()->kind, FSOCK_NO_ERROR);
	assert_failed(ends[1]);
	fsock_waitlist_free(list);
	close_pair(ends);
}
END_TEST

START_TEST(the_end_is_kept)
{
	static const struct mangle_plan ends_soon = { .key = 1, .ends_after = 2 };
	fsock *ends[2];
	char c;

	open_pair(ends, &ends_soon, (struct fsock_options){ .timeout = 20 });
	ck_assert_int_eq(fsock_send(ends[0], "ab", 2, NULL), 2);
	ck_assert_int_eq(fsock_receive(ends[1], &c, 1, NULL), 1);
	ck_assert_int_eq(fsock_receive(ends[1], &c, 1, NULL), 1);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(fsock_receive(ends[1], &c, 1, NULL), 0);
	ck_assert_int_eq(fsock_wait_for_input(&ends[1], 1, 5, NULL), 1);
	ck_assert_int_eq(fsock_state(ends[1]), FSOCK_INPUT | FSOCK_HANGUP);
	close_pair(ends);
}
END_TEST

static int
shut_output(fsock *s)
{
	return fsock_shutdown(s, FSOCK_OUTPUT);
}

/* What ends a connection has the layer tell the peer, unless something is missing. */
static const struct {
	const char *name;
	int (*end)(fsock *);
	int is_told, writes, fails;
} endings[] = {
	{ "close", fsock_close, 1, 1, 0 },
	{ "close of one never used", fsock_close, 0, 0, 0 },
	{ "abort", fsock_abort, 0, 1, 0 },
	{ "shutdown", shut_output, 1, 1, 0 },
	{ "shutdown of one never used", shut_output, 1, 0, 0 },
	{ "close after failed output", fsock_close, 0, 1, 1 },
};

START_TEST(ending)
{
	int nonblocking = _i % 2, row = _i / 2;
	fsock *ends[2];
	FILE *f;

	open_pair(ends, &plain,
	    (struct fsock_options){
		.timeout = 20, .nonblocking = nonblocking ? FSOCK_ON : FSOCK_OFF });
	f = fsock_stream(ends[0]);
	if (endings[row].writes) {
		ck_assert_int_ge(fputs("x\n", f), 0);
		ck_assert_int_eq(fflush(f), 0);
		while (fsock_send_pending(ends[0]) > 0)
			;
	}
	if (endings[row].fails) {
		ck_assert_int_eq(fsock_set_write_deadline(ends[0], 0), 0);
		ck_assert(fputs("y\n", f) == EOF || fflush(f) != 0);
	}
	ck_assert_int_eq(endings[row].end(ends[0]), endings[row].fails ? -1 : 0);
	if (endings[row].end == shut_output) {
		while (fsock_send_pending(ends[0]) > 0)
			;
		ck_assert_int_eq(mangle_ended(), 1);
		ck_assert_int_eq(fsock_close(ends[0]), 0);
	}
	ck_assert_int_eq(mangle_ended(), endings[row].is_told);
	fsock_close(ends[1]);
	ck_assert_int_eq(mangle_count(), 0);
}
END_TEST

START_TEST(no_descriptor)
{
	fsock *ends[2];

	open_pair(ends, &plain, (struct fsock_options){ .timeout = 20 });
	ck_assert_int_eq(fsock_upgrade(ends[0]), -1);
	sock_assert_error(FSOCK_OPERATION_NOT_SUPPORTED_ERROR, EOPNOTSUPP);
	ck_assert_int_eq(fsock_release(ends[0], NULL, 0, NULL), -1);
	sock_assert_error(FSOCK_OPERATION_NOT_SUPPORTED_ERROR, EOPNOTSUPP);
	ck_assert_ptr_nonnull(fsock_layer_of(ends[0], &mangle_ops));
	ck_assert_ptr_eq(fsock_layer_socket(fsock_layer_of(ends[0], NULL)), ends[0]);
	close_pair(ends);
}
END_TEST

/* A table or a socket that will not do. */
START_TEST(refused)
{
	struct fsock_layer_ops none = mangle_ops;
	fsock *ends[2], *listener = fsock_listen("127.0.0.1", 0, NULL);

	ck_assert_int_eq(fsock_pair(ends, NULL), 0);
	none.read = NULL;
	ck_assert_int_eq(fsock_layer_push(ends[0], &none, NULL, 0), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_layer_push(ends[0], &mangle_ops, NULL, 8), -1);
	ck_assert_int_eq(fsock_layer_push(ends[0], NULL, NULL, 0), -1);
	ck_assert_int_eq(fsock_layer_push(listener, &mangle_ops, NULL, 0), -1);
	ck_assert_int_eq(fsock_layer_push(NULL, &mangle_ops, NULL, 0), -1);
	ck_assert_ptr_null(fsock_layer_of(ends[0], NULL));
	ck_assert_int_eq(fsock_layer_start(ends[0]), 0);
	say(ends[0], ends[1], "works\n");
	fsock_close(listener);
	close_pair(ends);
}
END_TEST

/* Limits hold for the direction of the call, whatever is waited for. */
START_TEST(limits)
{
	static const struct mangle_plan odd = { .key = 1, .write_wants_input = 2 };
	struct fsock_options options = { .read_timeout = 0.05, .write_timeout = 0.05 };
	fsock *ends[2];
	char c;

	if (_i % 2)
		options = (struct fsock_options){ .deadline = 0.05 };
	open_pair(ends, &odd, options);
	if (_i < 2) {
		ck_assert_int_eq(fsock_receive(ends[0], &c, 1, NULL), -1);
	} else {
		fsock_send(ends[0], "a", 1, NULL);
		ck_assert_int_eq(fsock_send(ends[0], "a", 1, NULL), -1);
	}
	sock_assert_error(_i % 2 ? FSOCK_DEADLINE_TIMEOUT_ERROR : FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	close_pair(ends);
}
END_TEST

/* Of a list: the handshake, then lines that came together, one at a turn. */
START_TEST(in_a_list)
{
	struct fsock_options options = { .nonblocking = FSOCK_ON };
	fsock_waitlist *list = fsock_waitlist_new();
	struct fsock_event event;
	int lines = 0, ready = 0;
	fsock *ends[2];
	char line[32];

	if (_i % 2)
		options.delivery = FSOCK_DELIVER_BLOCK;
	open_pair(ends, &plans[_i / 2], options);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fsock_waitlist_add(list, ends[i], FSOCK_OUTPUT, NULL), 0);
	while (ready != 3) {
		ck_assert_int_gt(fsock_waitlist_wait(list, 20, NULL), 0);
		while (fsock_waitlist_next(list, &event) != NULL)
			ready |= event.state & FSOCK_OUTPUT ? event.socket == ends[0] ? 1 : 2 : 0;
	}
	ck_assert_int_eq(fsock_waitlist_change(list, ends[0], 0, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_change(list, ends[1], FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 0);
	ck_assert_int_ge(fputs("1\n2\n3\n4\n5\n", fsock_stream(ends[0])), 0);
	ck_assert_int_eq(fflush(fsock_stream(ends[0])), 0);
	while (lines < 5) {
		ck_assert_int_gt(fsock_waitlist_wait(list, 20, NULL), 0);
		if (fsock_waitlist_next(list, &event) != ends[1])
			continue;
		if (fgets(line, sizeof line, fsock_stream(ends[1])) != NULL)
			ck_assert_int_eq(line[0], '1' + lines++);
		clearerr(fsock_stream(ends[1]));
	}
	ck_assert_int_eq(fsock_waitlist_wait(list, 0, NULL), 0);
	ck_assert_int_eq(fsock_close(ends[0]), 0); /* the list has it end() */
	for (int got = 0; !(got & FSOCK_HANGUP);) {
		ck_assert_int_ge(fsock_waitlist_wait(list, 20, NULL), 0);
		while (fsock_waitlist_next(list, &event) != NULL)
			got |= event.state;
	}
	ck_assert_int_eq(mangle_ended(), 1);
	fsock_close(ends[1]);
	fsock_waitlist_free(list);
	ck_assert_int_eq(mangle_count(), 0);
}
END_TEST

/* The same without streams: what is queued is the layer's. */
START_TEST(without_streams)
{
	static char octets[20000], back[20000];
	struct fsock_options options = { .nonblocking = FSOCK_ON };
	fsock_waitlist *list = fsock_waitlist_new();
	size_t sent = 0, got = 0;
	fsock *ends[2];

	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = (char)(i * 7 / 3);
	open_pair(ends, &plans[_i], options);
	ck_assert_int_eq(fsock_waitlist_add(list, ends[0], FSOCK_OUTPUT, NULL), 0);
	ck_assert_int_eq(fsock_waitlist_add(list, ends[1], FSOCK_INPUT, NULL), 0);
	while (got < sizeof octets) {
		struct fsock_event event;

		ck_assert_int_gt(fsock_waitlist_wait(list, 20, NULL), 0);
		while (fsock_waitlist_next(list, &event) != NULL) {
			ssize_t r = -1;

			if (event.socket == ends[0] && sent < sizeof octets) {
				r = fsock_send(ends[0], octets + sent, sizeof octets - sent, NULL);
				sent += r > 0 ? (size_t)r : 0;
			} else if (event.socket == ends[1]) {
				r = fsock_receive(ends[1], back + got, sizeof back - got, NULL);
				got += r > 0 ? (size_t)r : 0;
			}
			ck_assert(r > 0 || errno == EAGAIN || event.socket == ends[0]);
			if (sent == sizeof octets)
				fsock_waitlist_change(list, ends[0], 0, NULL);
		}
	}
	ck_assert_mem_eq(octets, back, sizeof octets);
	close_pair(ends);
	fsock_waitlist_free(list);
}
END_TEST

struct traffic {
	fsock *s;
	int count;
	pthread_t thread;
};

static void *
write_lines(void *arg)
{
	struct traffic *t = arg;
	FILE *out = fsock_output(t->s);

	for (int i = 0; i < t->count; i++)
		fprintf(out, "line %d\n", i);
	fclose(out);
	return NULL;
}

/* A reader and a writer on each end, which begin with the handshake together. */
START_TEST(two_threads)
{
	static const struct mangle_plan hard[] = {
		{ .key = 3, .handshake = 4 },
		{ .key = 3, .handshake = 1, .write_wants_input = 40 },
		{ .key = 3, .read_wants_output = 5, .keeps = 1 },
	};
	struct traffic t[2];
	fsock *ends[2];
	FILE *in[2];

	open_pair(ends, &hard[_i], (struct fsock_options){ .timeout = 20 });
	for (int i = 0; i < 2; i++) {
		t[i] = (struct traffic){ .s = ends[i], .count = 3000 };
		in[i] = fsock_input(ends[i]);
		ck_assert_int_eq(pthread_create(&t[i].thread, NULL, write_lines, &t[i]), 0);
	}
	for (int n = 0; n < 3000; n++)
		for (int i = 0; i < 2; i++) {
			char line[32], expected[32];

			snprintf(expected, sizeof expected, "line %d\n", n);
			ck_assert_ptr_nonnull(fgets(line, sizeof line, in[i]));
			ck_assert_str_eq(line, expected);
		}
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_join(t[i].thread, NULL), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fgetc(in[i]), EOF);
	close_pair(ends);
}
END_TEST

/* The process ends while a list has output that waits for the handshake: it goes at once. */
static void
end_by_exit(fsock *s)
{
	static const struct mangle_plan slow = { .key = 0x21, .handshake = 1 };
	FILE *f = fsock_stream(s);

	if (mangle_push(s, &slow, 0) < 0 ||
	    fsock_waitlist_add(fsock_waitlist_new(), s, FSOCK_INPUT, NULL) < 0 ||
	    fputs("all of it\n", f) < 0 || fflush(f) != 0 || fsock_pending_output(s) == 0)
		_exit(1);
	exit(0);
}

START_TEST(exiting)
{
	char text[64];
	int peer, status;
	fsock *s = sock_raw(SOCK_TCP4, &(struct fsock_options){ .nonblocking = FSOCK_ON }, &peer);
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		end_by_exit(s);
	fsock_close(s);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(sock_read_all(peer, text, sizeof text), 10);
	for (int i = 0; i < 10; i++)
		text[i] ^= 0x21;
	ck_assert_mem_eq(text, "all of it\n", 10);
	close(peer);
}
END_TEST

/* A child may use what its parent has not; of anything else it only closes its copy. */
START_TEST(child)
{
	int used = _i, status;
	fsock *ends[2];
	pid_t pid;

	open_pair(ends, &plain, (struct fsock_options){ .timeout = 20 });
	if (used)
		say(ends[0], ends[1], "mine\n");
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		FILE *f = fsock_stream(ends[0]);
		int r = fputs("child's\n", f) < 0 || fflush(f) != 0;
		int is_right = used ? r && errno == EPERM : !r;

		fsock_close(ends[0]);
		_exit(is_right && mangle_ended() == !used ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	if (used) {
		say(ends[0], ends[1], "still mine\n");
	} else {
		char line[32];

		ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(ends[1])));
		ck_assert_str_eq(line, "child's\n");
	}
	close_pair(ends);
}
END_TEST

static int
echo_line(FILE *f, char *line, size_t length, void *arg)
{
	(void)length, (void)arg;
	return fprintf(f, "%s\n", line) < 0 ? -1 : 0;
}

static int
echo_stream(FILE *f, void *arg)
{
	char line[64];

	(void)arg;
	while (fgets(line, sizeof line, f) != NULL)
		fputs(line, f);
	return 0;
}

static atomic_int errors;

static void
count_error(fsock_server *server, const struct fsock_error *error, void *arg)
{
	(void)server, (void)arg;
	errors += strcmp(error->operation, "handshake") == 0;
}

/* Both kinds of servers, with silent clients beside the others. */
START_TEST(served)
{
	struct maker m = maker_of(&plain);
	struct fsock_server_options options = {
		.socket = { .layer = &m.base, .timeout = 20, .handshake_timeout = 20 },
		.error = count_error
	};
	fsock_server *server;
	fsock *s, *silent;
	char line[32];
	FILE *f;

	server = _i ? fsock_server_start_lines("127.0.0.1", 0, echo_line, NULL, &options)
		    : fsock_server_start("127.0.0.1", 0, echo_stream, NULL, &options);
	ck_assert_ptr_nonnull(server);
	silent = fsock_connect("127.0.0.1", fsock_local_port(fsock_server_socket(server)), NULL);
	s = fsock_connect("127.0.0.1", fsock_local_port(fsock_server_socket(server)),
	    &(struct fsock_options){ .timeout = 20, .layer = &m.base });
	ck_assert_ptr_nonnull(s);
	f = fsock_stream(s);
	ck_assert_int_ge(fputs("hello\n", f), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "hello\n");
	ck_assert_int_eq(fsock_close(s), 0);
	fsock_close(silent);
	fsock_server_stop(server, 5);
	ck_assert_int_eq(m.holders, 0);
	ck_assert_int_eq(mangle_count(), 0);
}
END_TEST

/* A maker that fails: no socket comes of it. */
START_TEST(making_fails)
{
	struct maker m = maker_of(&plain);
	struct fsock_options options = { .timeout = 20, .layer = &m.base };
	fsock *listener = fsock_listen("127.0.0.1", 0, &options), *s;
	int port = fsock_local_port(listener), fds = sock_open_fds();

	ck_assert_int_eq(m.holders, 1);
	m.fails = 1;
	options.nonblocking = _i ? FSOCK_ON : FSOCK_OFF;
	ck_assert_ptr_null(fsock_connect("127.0.0.1", port, &options));
	sock_assert_error(FSOCK_OUT_OF_MEMORY_ERROR, ENOMEM);
	s = fsock_connect("127.0.0.1", port, NULL);
	ck_assert_ptr_null(fsock_accept(listener, NULL));
	ck_assert_ptr_null(fsock_accept(listener, NULL));
	sock_assert_error(FSOCK_OUT_OF_MEMORY_ERROR, ENOMEM);
	fsock_close(s);
	ck_assert_int_eq(sock_open_fds(), fds);
	fsock_close(listener);
	ck_assert_int_eq(m.holders, 0);
}
END_TEST

/*
 * A layer that makes one of four octets, and takes one a call from below: it wants input while
 * there is some in the layer below. That it has none it knows when it was told so.
 */
struct gather {
	char octets[4];
	size_t n;
	int has_more;
};

static ssize_t
gather_read(fsock_layer *layer, void *octets, size_t n)
{
	struct gather *g = fsock_layer_state(layer);
	ssize_t r = fsock_layer_receive(layer, g->octets + g->n, 1);

	(void)n;
	g->has_more = r > 0;
	if (r <= 0)
		return r;
	if (++g->n < sizeof g->octets)
		return FSOCK_LAYER_WANTS_INPUT;
	g->n = 0;
	memcpy(octets, g->octets + 3, 1);
	return 1;
}

static ssize_t
gather_write(fsock_layer *layer, const void *octets, size_t n)
{
	return fsock_layer_send(layer, octets, n);
}

static int
gather_pending(const fsock_layer *layer)
{
	return ((struct gather *)fsock_layer_state(layer))->has_more;
}

static const struct fsock_layer_ops gather_ops = {
	.size = sizeof gather_ops,
	.read = gather_read,
	.write = gather_write,
	.pending = gather_pending,
};

/* Input of the layer below is input; and what a layer only might have is not in another's way. */
START_TEST(wants_what_is_below)
{
	static const struct mangle_plan handless = { .key = 0x21 };
	struct gather g = { .has_more = 1 };
	fsock *ends[2];
	char line[8];

	open_pair(ends, &handless, (struct fsock_options){ .timeout = 2 });
	ck_assert_int_eq(fsock_layer_push(ends[1], &gather_ops, &g, 0), 0);
	ck_assert_int_eq(fsock_layer_start(ends[1]), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(mangle_push(ends[i], &handless, 0), 0);
	ck_assert_int_ge(fputs("...h...i...\n", fsock_stream(ends[0])), 0);
	ck_assert_int_eq(fflush(fsock_stream(ends[0])), 0);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, fsock_stream(ends[1])));
	ck_assert_str_eq(line, "hi\n");
	close_pair(ends);
}
END_TEST

/* Nor of a pair, or of a descriptor, which its owner keeps. */
START_TEST(making_fails_of_what_is_there)
{
	struct maker m = maker_of(&plain);
	const struct fsock_options options = { .layer = &m.base,
		.nonblocking = _i ? FSOCK_ON : FSOCK_OFF };
	fsock *ends[2] = { NULL, NULL };
	int both[2], fds = sock_open_fds();

	m.fails = 1;
	ck_assert_int_eq(fsock_pair(ends, &options), -1);
	sock_assert_error(FSOCK_OUT_OF_MEMORY_ERROR, ENOMEM);
	ck_assert(ends[0] == NULL && ends[1] == NULL);
	ck_assert_int_eq(sock_open_fds(), fds);

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, both), 0);
	ck_assert_ptr_null(fsock_adopt(both[0], &options));
	sock_assert_error(FSOCK_OUT_OF_MEMORY_ERROR, ENOMEM);
	ck_assert_int_eq(write(both[0], "x", 1), 1);
	ck_assert_int_eq(fcntl(both[0], F_GETFL) & O_NONBLOCK, 0); /* as it was */
	close(both[0]);
	close(both[1]);
	ck_assert_int_eq(m.holders, 0);
}
END_TEST

/* What a layer holds while the peer does not read, and no stream knows of. */
enum held { HELD_PENDING, HELD_BLOCKING, HELD_TOO_LONG, HELD_WAYS };

static struct {
	fsock *s;
	size_t got;
	int is_right;
} taker;

/* Takes all that comes, until the end. */
static void
take(void *arg)
{
	char octets[4096];
	ssize_t n;

	(void)arg;
	while ((n = fsock_receive(taker.s, octets, sizeof octets, NULL)) > 0)
		for (ssize_t i = 0; i < n; i++)
			taker.is_right &= octets[i] == (char)(taker.got++ % 251);
}

/* Sends until there is no more room. Returns how much went. */
static size_t
send_much(fsock *s)
{
	char octets[4096];
	size_t sent = 0;
	ssize_t n;

	do {
		for (size_t i = 0; i < sizeof octets; i++)
			octets[i] = (char)((sent + i) % 251);
		n = fsock_send(s, octets, sizeof octets, NULL);
		sent += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	ck_assert_int_eq(errno, EAGAIN);
	return sent;
}

START_TEST(held_without_streams)
{
	enum held how = _i % HELD_WAYS;
	struct sock_thread thread;
	fsock *ends[2];
	size_t sent;

	open_pair(ends, &plans[1 + _i / HELD_WAYS],
	    (struct fsock_options){
		.timeout = 20, .close_timeout = how == HELD_TOO_LONG ? 0.05 : 20 });
	ck_assert_int_eq(fsock_set_nonblocking(ends[0], 1), 0);
	sent = send_much(ends[0]);
	ck_assert_int_gt(fsock_send_pending(ends[0]), 0);
	taker.s = ends[1];
	taker.got = 0;
	taker.is_right = 1;
	if (how != HELD_TOO_LONG)
		sock_thread_start(&thread, take, NULL);
	if (how == HELD_PENDING)
		while (fsock_send_pending(ends[0]) > 0)
			poll(&(struct pollfd){ fsock_socket(ends[0]), POLLOUT, 0 }, 1, 20000);
	ck_assert_int_eq(fsock_set_nonblocking(ends[0], 0), how == HELD_TOO_LONG ? -1 : 0);
	if (how == HELD_TOO_LONG) {
		sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	} else {
		ck_assert_int_eq(fsock_send_pending(ends[0]), 0);
		ck_assert_int_eq(fsock_shutdown(ends[0], FSOCK_OUTPUT), 0);
		sock_thread_join(&thread);
		ck_assert_uint_eq(taker.got, sent);
		ck_assert_int_eq(taker.is_right, 1);
	}
	close_pair(ends);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("layer");
	TCase *t = tcase_create("layer");

	tcase_add_checked_fixture(t, mangle_reset, NULL);
	tcase_add_loop_test(t, both_ways, 0, 2 * COUNT(plans));
	tcase_add_test(t, at_the_very_octet);
	tcase_add_test(t, buffer_of_before);
	tcase_add_loop_test(t, read_ahead, 0, 2);
	tcase_add_loop_test(t, failure, 0, 2);
	tcase_add_test(t, failure_in_a_list);
	tcase_add_test(t, the_end_is_kept);
	tcase_add_loop_test(t, ending, 0, 2 * COUNT(endings));
	tcase_add_test(t, no_descriptor);
	tcase_add_test(t, refused);
	tcase_add_loop_test(t, limits, 0, 4);
	tcase_add_loop_test(t, in_a_list, 0, 2 * COUNT(plans));
	tcase_add_loop_test(t, without_streams, 0, COUNT(plans));
	tcase_add_loop_test(t, two_threads, 0, 3);
	tcase_add_test(t, exiting);
	tcase_add_loop_test(t, child, 0, 2);
	tcase_add_loop_test(t, served, 0, 2);
	tcase_add_loop_test(t, making_fails, 0, 2);
	tcase_add_test(t, wants_what_is_below);
	tcase_add_loop_test(t, making_fails_of_what_is_there, 0, 2);
	tcase_add_loop_test(t, held_without_streams, 0, 2 * HELD_WAYS);
	suite_add_tcase(s, t);
	return sock_run(s);
}
