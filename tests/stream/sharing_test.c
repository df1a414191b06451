/*
 * What has to start at the exact octet, beside other users of the socket: threads, fsock_receive().
 */
#include "../../src/base/compat.h"

#include <pthread.h>
#include <unistd.h>

#include "../support/sock_support.h"

static void
put(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* ---- Unreading. */

/* What fsock_receive() took is no octet of fsock_read_byte()'s. */
START_TEST(unread_received)
{
	int peer;
	fsock *s = sock_raw(SOCK_TCP4, NULL, &peer);
	FILE *f = fsock_stream(s);
	char c;

	put(peer, _i == 0 ? "abc" : "ab");
	ck_assert_int_eq(fsock_read_byte(f), 'a');
	ck_assert_int_eq(fsock_receive(s, &c, 1, NULL), 1);
	ck_assert_int_eq(c, 'b');
	errno = 0;
	ck_assert_int_eq(fsock_unread_byte(f), EOF);
	ck_assert_int_eq(errno, ESPIPE);
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	ck_assert_int_eq(fgetc(f), _i == 0 ? 'c' : EOF);
	ck_assert_int_eq(fsock_close(s), 0);
	close(peer);
}
END_TEST

/* ---- Nowhere to read to, nothing to write. */

static size_t
read_to_nowhere(FILE *f)
{
	return fsock_read_octets(f, NULL, 1);
}

static size_t
write_from_nowhere(FILE *f)
{
	return fsock_write_octets(f, NULL, 1);
}

/* Refused, and the stream goes on as before. */
START_TEST(null_buffer)
{
	static const struct {
		size_t (*call)(FILE *);
		const char *operation;
	} rows[] = { { read_to_nowhere, "read" }, { write_from_nowhere, "write" } };
	int peer;
	fsock *s = sock_raw(SOCK_TCP4, NULL, &peer);
	FILE *f = fsock_stream(s);
	char c;

	put(peer, "a");
	errno = 0;
	ck_assert_uint_eq(rows[_i].call(f), 0);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_str_eq(fsock_last_error()->operation, rows[_i].operation);
	errno = 0;
	ck_assert_uint_eq(fsock_read_octets(f, NULL, 0) + fsock_write_octets(f, NULL, 0), 0);
	ck_assert_int_eq(errno, 0);
	ck_assert_int_eq(fsock_read_byte(f), 'a');
	ck_assert_int_eq(fsock_write_byte(f, 'b'), 'b');
	ck_assert_int_eq(read(peer, &c, 1), 1);
	ck_assert_int_eq(c, 'b');
	ck_assert_int_eq(fsock_close(s), 0);
	close(peer);
}
END_TEST

/* ---- Beside a thread that reads through another stream of the socket. */

static int
format(FILE *f)
{
	return fsock_set_format(f, "latin-1");
}

static int
position(FILE *f)
{
	int64_t n = fsock_octet_position(f);

	return n < 0 ? -1 : n != 1;
}

static int
bound(FILE *f)
{
	return fsock_set_bound(f, 2);
}

static int
peek(FILE *f)
{
	int c = fsock_peek_byte(f);

	return c == EOF ? -1 : c != 'b';
}

static int
read_none(FILE *f)
{
	char c;

	errno = 0;
	if (fsock_read_octets(f, &c, 1) != 1)
		return -1;
	return fsock_unread_byte(f) < 0 || c != 'b';
}

static int
errors(FILE *f)
{
	return fsock_format_errors(f, FSOCK_INPUT, NULL, NULL);
}

static const struct exact_row {
	int (*call)(FILE *); /* 0, or -1 with errno */
	const char *operation;
} exact_rows[] = {
	{ format, "set format" },
	{ position, "position" },
	{ bound, "bound" },
	{ errors, "format errors" },
	{ peek, "read" },
	{ read_none, "read" },
};

struct other {
	FILE *f;
	struct sock_barrier *both;
	int c;
};

static void
read_one(void *arg)
{
	struct other *other = arg;

	other->c = fgetc(other->f);
}

/* A thread that waits for input is not waited for, and its input is not taken from under it. */
START_TEST(other_waits)
{
	const struct exact_row *row = &exact_rows[_i];
	struct sock_thread thread;
	struct other other;
	int peer;
	fsock *s = sock_raw(SOCK_TCP4, NULL, &peer);
	FILE *f = fsock_stream(s);

	other.f = fsock_input(s);
	sock_thread_start(&thread, read_one, &other);
	sock_thread_await_blocked(&thread);
	errno = 0;
	ck_assert_int_eq(row->call(f), -1);
	ck_assert_int_eq(errno, EBUSY);
	ck_assert_str_eq(fsock_last_error()->operation, row->operation);
	put(peer, "x");
	sock_thread_join(&thread);
	ck_assert_int_eq(other.c, 'x');
	ck_assert_int_eq(fsock_close(s), 0);
	close(peer);
}
END_TEST

static void
read_locked(void *arg)
{
	struct other *other = arg;

	flockfile(other->f);
	sock_barrier_wait(other->both);
	/* It is told while the other thread uses the stream that has read last. */
	while ((other->c = getc(other->f)) == EOF && errno == EBUSY)
		clearerr(other->f);
	funlockfile(other->f);
}

/* A thread that is about to read is told to come again, and nobody waits for it meanwhile. */
START_TEST(other_is_about_to_read)
{
	struct sock_thread thread;
	struct other other;
	struct sock_barrier both;
	int peer;
	fsock *s = sock_raw(SOCK_TCP4, NULL, &peer);
	FILE *f = fsock_stream(s);

	put(peer, "abc");
	ck_assert_int_eq(fgetc(f), 'a');
	sock_barrier_init(&both, 2);
	other = (struct other){ .f = fsock_input(s), .both = &both };
	sock_thread_start(&thread, read_locked, &other);
	flockfile(f);
	sock_barrier_wait(&both);
	ck_assert_int_eq(exact_rows[_i].call(f), 0);
	funlockfile(f);
	sock_thread_join(&thread);
	ck_assert_int_eq(other.c, 'b');
	ck_assert_int_eq(fgetc(other.f), 'c');
	sock_barrier_destroy(&both);
	ck_assert_int_eq(fsock_close(s), 0);
	close(peer);
}
END_TEST

/* ---- Two threads that change the format of output, each through a stream of its own. */

enum { CHANGES = 20000 };

static void
change_often(void *arg)
{
	struct other *other = arg;

	other->c = 0;
	for (int i = 0; i < CHANGES; i++)
		other->c += fsock_set_format(other->f, i % 2 ? "latin-1" : "utf-8,crlf") == 0;
}

START_TEST(both_change)
{
	struct sock_thread thread;
	struct other other, own;
	int peer;
	fsock *s = sock_raw(SOCK_TCP4, NULL, &peer);

	other.f = fsock_output(s);
	own.f = fsock_stream(s);
	sock_thread_start(&thread, change_often, &other);
	change_often(&own);
	sock_thread_join(&thread);
	ck_assert_int_eq(other.c, CHANGES);
	ck_assert_int_eq(own.c, CHANGES);
	ck_assert_int_eq(fsock_close(s), 0);
	close(peer);
}
END_TEST

static void
look_often(void *arg)
{
	struct other *other = arg;
	struct fsock_format in;

	other->c = 0;
	for (int i = 0; i < CHANGES; i++)
		other->c += fsock_get_formats(other->f, &in, NULL) == 0 && in.charset != NULL;
}

/* The format of input is there to be asked for while it changes. */
START_TEST(one_looks)
{
	struct sock_thread thread;
	struct other other, own;
	int peer;
	fsock *s = sock_raw(SOCK_TCP4, NULL, &peer);

	other.f = fsock_stream(s);
	own.f = fsock_input(s);
	ck_assert_int_eq(fsock_set_format(own.f, "latin-1"), 0);
	sock_thread_start(&thread, look_often, &other);
	change_often(&own);
	sock_thread_join(&thread);
	ck_assert_int_eq(other.c, CHANGES);
	ck_assert_int_eq(own.c, CHANGES);
	ck_assert_int_eq(fsock_close(s), 0);
	close(peer);
}
END_TEST

/* With output that has failed, the format of input stays as well. */
START_TEST(all_or_nothing)
{
	struct fsock_format in;
	int peer;
	fsock *s = sock_raw(SOCK_PAIR, NULL, &peer);
	FILE *f = fsock_stream(s);

	close(peer);
	ck_assert_int_ge(fputs("lost\n", f), 0);
	errno = 0;
	ck_assert_int_eq(fsock_set_format(f, "latin-1"), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_int_eq(fsock_get_formats(f, &in, NULL), 0);
	ck_assert_ptr_null(in.charset);
	ck_assert_int_eq(fsock_close(s), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sharing");
	TCase *tcase = tcase_create("sharing");

	tcase_add_loop_test(tcase, unread_received, 0, 2);
	tcase_add_loop_test(tcase, null_buffer, 0, 2);
	tcase_add_loop_test(tcase, other_waits, 0, COUNT(exact_rows));
	tcase_add_loop_test(tcase, other_is_about_to_read, 0, COUNT(exact_rows));
	tcase_add_test(tcase, both_change);
	tcase_add_test(tcase, one_looks);
	tcase_add_test(tcase, all_or_nothing);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
