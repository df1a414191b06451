/* Shutting down: each direction, with and without streams, from other threads, twice, too late. */
#include "../../src/base/compat.h"

#include <netinet/in.h>

#include <unistd.h>

#include "../support/sock_support.h"

/* What of a stream there is when its socket is shut down. */
enum windows { NONE, TWO_WAY, ONE_WAY, WINDOWS };

static FILE *
reader(fsock *s, enum windows windows)
{
	return windows == TWO_WAY ? fsock_stream(s) : fsock_input(s);
}

static FILE *
writer(fsock *s, enum windows windows)
{
	return windows == TWO_WAY ? fsock_stream(s) : fsock_output(s);
}

/* A loop over transports, directions and windows in one number. */
#define TRANSPORT(i) ((enum sock_transport)((i) % SOCK_TRANSPORTS))
#define DIRECTION(i) (1 + (i) / SOCK_TRANSPORTS % FSOCK_IO)
#define WINDOWS(i)   ((enum windows)((i) / SOCK_TRANSPORTS / FSOCK_IO))
#define ALL          (SOCK_TRANSPORTS * FSOCK_IO * WINDOWS)

/* The direction not shut down works on. */
static void
check_other_direction(fsock *s, int peer, int direction, enum windows windows)
{
	char c = 0;

	if (windows == NONE)
		windows = TWO_WAY;
	if (!(direction & FSOCK_INPUT)) {
		ck_assert_int_eq(write(peer, "i", 1), 1);
		ck_assert_int_eq(fgetc(reader(s, windows)), 'i');
	}
	if (!(direction & FSOCK_OUTPUT)) {
		ck_assert_int_eq(fputc('o', writer(s, windows)), 'o');
		ck_assert_int_eq(fflush(writer(s, windows)), 0);
		ck_assert_int_eq(read(peer, &c, 1), 1);
		ck_assert_int_eq(c, 'o');
	}
}

/* What was written goes out first; the peer sees the end of output, the program that of input. */
START_TEST(each_direction)
{
	enum windows windows = WINDOWS(_i);
	int direction = DIRECTION(_i), peer, fds = sock_open_fds();
	char buf[16] = "";
	fsock *s;

	if (!sock_has(TRANSPORT(_i)))
		return;
	s = sock_raw(TRANSPORT(_i), NULL, &peer);
	if (windows != NONE)
		ck_assert_int_ge(fputs("flushed", writer(s, windows)), 0);
	if (direction == FSOCK_INPUT && windows != NONE)
		ck_assert_int_eq(fflush(writer(s, windows)), 0);
	errno = EDOM;
	ck_assert_int_eq(fsock_shutdown(s, direction), 0);
	ck_assert_int_eq(errno, EDOM);
	if (windows != NONE)
		ck_assert_int_eq(sock_read_all(peer, buf, 7), 7);
	ck_assert_str_eq(buf, windows == NONE ? "" : "flushed");
	if (direction & FSOCK_OUTPUT)
		ck_assert_int_eq(read(peer, buf, sizeof buf), 0);
	if (direction & FSOCK_INPUT && windows != NONE) {
		ck_assert_int_eq(fgetc(reader(s, windows)), EOF);
		ck_assert_int_eq(ferror(reader(s, windows)), 0);
	}
	check_other_direction(s, peer, direction, windows);
	ck_assert_int_eq(fsock_shutdown(s, direction), 0); /* twice is no error */
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_IO), 0);
	ck_assert_int_eq(fsock_close(s), 0);
	close(peer);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/*
 * Writing after the end was sent fails, without a signal, and new streams to write to are refused.
 */
START_TEST(writing_afterwards)
{
	enum windows windows = _i / SOCK_TRANSPORTS ? TWO_WAY : ONE_WAY;
	int peer;
	fsock *s;
	FILE *f;

	if (!sock_has(TRANSPORT(_i)))
		return;
	s = sock_raw(TRANSPORT(_i), NULL, &peer);
	f = writer(s, windows);
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), 0);
	ck_assert_int_ge(fputs("too late", f), 0);
	ck_assert_int_eq(fflush(f), EOF);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	ck_assert_int_eq(fclose(f), EOF);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	ck_assert_ptr_null(fsock_output(s));
	ck_assert_int_eq(fsock_close(s), -1);
	close(peer);
}
END_TEST

START_TEST(no_stream_to_write_to)
{
	int peer;
	fsock *s = sock_raw(TRANSPORT(_i), NULL, &peer);

	ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), 0);
	ck_assert_ptr_null(fsock_output(s));
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	ck_assert_ptr_nonnull(fsock_input(s));
	ck_assert_int_eq(fsock_close(s), 0);
	close(peer);
}
END_TEST

/* A thread that is blocked in reading is woken by another's shutdown and sees the end of file. */
struct reading {
	FILE *f;
	int c, is_error;
};

static void
read_one(void *arg)
{
	struct reading *reading = arg;

	reading->c = fgetc(reading->f);
	reading->is_error = ferror(reading->f);
}

START_TEST(reader_woken)
{
	static const struct fsock_options limits[] = { { .timeout = 0 }, { .timeout = 60 },
		{ .deadline = 60 } };
	enum windows windows = _i / SOCK_TRANSPORTS % 2 ? TWO_WAY : ONE_WAY;
	struct sock_thread thread;
	struct reading reading;
	int peer;
	fsock *s;

	if (!sock_has(TRANSPORT(_i)))
		return;
	s = sock_raw(TRANSPORT(_i), &limits[_i / SOCK_TRANSPORTS / 2], &peer);
	reading.f = reader(s, windows);
	sock_thread_start(&thread, read_one, &reading);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(fsock_shutdown(s, _i % 2 ? FSOCK_INPUT : FSOCK_IO), 0);
	sock_thread_join(&thread);
	ck_assert_int_eq(reading.c, EOF);
	ck_assert_int_eq(reading.is_error, 0);
	ck_assert_int_eq(fsock_close(s), 0);
	close(peer);
}
END_TEST

/* A third thread may shut down output while one is blocked reading the two-way stream. */
START_TEST(output_while_reading)
{
	enum windows windows = _i / SOCK_TRANSPORTS ? TWO_WAY : ONE_WAY;
	struct sock_thread thread;
	struct reading reading;
	int peer;
	char c;
	fsock *s;

	if (!sock_has(TRANSPORT(_i)))
		return;
	s = sock_raw(TRANSPORT(_i), NULL, &peer);
	reading.f = reader(s, windows);
	sock_thread_start(&thread, read_one, &reading);
	sock_thread_await_blocked(&thread);
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), 0);
	ck_assert_int_eq(read(peer, &c, 1), 0);
	ck_assert_int_eq(write(peer, "x", 1), 1);
	sock_thread_join(&thread);
	ck_assert_int_eq(reading.c, 'x');
	ck_assert_int_eq(fsock_close(s), 0);
	close(peer);
}
END_TEST

/* A third thread may shut down while the first stream is being made. */
struct opening {
	fsock *s;
	atomic_int begin;
	int c;
};

static void
open_and_read(void *arg)
{
	struct opening *opening = arg;
	FILE *f;

	while (!opening->begin)
		;
	f = fsock_stream(opening->s);
	opening->c = f == NULL ? 0 : fgetc(f);
}

START_TEST(stream_being_made)
{
	for (int i = 0; i < 100; i++) {
		struct opening opening = { .begin = 0 };
		struct sock_thread thread;
		int peer;

		opening.s = sock_raw(SOCK_PAIR, NULL, &peer);
		sock_thread_start(&thread, open_and_read, &opening);
		opening.begin = 1;
		ck_assert_int_eq(fsock_shutdown(opening.s, FSOCK_IO), 0);
		sock_thread_join(&thread);
		ck_assert_int_eq(opening.c, EOF);
		ck_assert_int_eq(fsock_close(opening.s), 0);
		close(peer);
	}
}
END_TEST

/* A thread that is about to read is waited for only until it waits for input itself. */
START_TEST(output_while_beginning_to_read)
{
	for (int i = 0; i < 200; i++) {
		struct sock_thread thread;
		struct reading reading;
		int peer;
		fsock *s = sock_raw(SOCK_PAIR, NULL, &peer);

		reading.f = reader(s, TWO_WAY);
		sock_thread_start(&thread, read_one, &reading);
		while (atomic_load(&thread.id) == 0)
			;
		ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), 0);
		ck_assert_int_eq(write(peer, "x", 1), 1);
		sock_thread_join(&thread);
		ck_assert_int_eq(reading.c, 'x');
		ck_assert_int_eq(fsock_close(s), 0);
		close(peer);
	}
}
END_TEST

/* A thread blocked in writing to a peer that does not read is woken as well, and fails. */
struct writing {
	fsock *s;
	size_t n;
	int errnum;
};

static void
write_much(void *arg)
{
	static char block[1 << 20];
	struct writing *writing = arg;
	FILE *f = fsock_output(writing->s);

	do
		writing->n = fwrite(block, 1, sizeof block, f);
	while (writing->n == sizeof block);
	writing->errnum = errno;
}

START_TEST(writer_woken_by_reset)
{
	struct linger reset = { 1, 0 };
	struct writing writing = { .n = 0 };
	struct sock_thread thread;
	int peer;

	if (!sock_has(TRANSPORT(_i)))
		return;
	writing.s = sock_raw(TRANSPORT(_i), NULL, &peer);
	sock_thread_start(&thread, write_much, &writing);
	sock_thread_await_blocked(&thread);
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(peer);
	sock_thread_join(&thread);
	ck_assert(writing.errnum == EPIPE || writing.errnum == ECONNRESET);
	ck_assert_int_eq(fsock_close(writing.s), -1);
	ck_assert_int_eq(errno, writing.errnum);
}
END_TEST

static const int bad_directions[] = { 0, 4, -1, 7, 2147483647 };

START_TEST(no_such_direction)
{
	int direction = bad_directions[_i], peer;
	fsock *s = sock_raw(SOCK_PAIR, NULL, &peer), *listener = fsock_listen("127.0.0.1", 0, NULL);

	ck_assert_int_eq(fsock_shutdown(s, direction), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_str_eq(fsock_last_error()->operation, "shutdown");
	ck_assert_int_eq(fsock_shutdown(listener, direction), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_shutdown(NULL, FSOCK_IO), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	check_other_direction(s, peer, 0, ONE_WAY); /* neither was harmed */
	fsock_close(s);
	fsock_close(listener);
	close(peer);
}
END_TEST

/* Nobody to tell: a connection that was reset, one that never was. */
START_TEST(nobody_to_tell)
{
	struct linger reset = { 1, 0 };
	char c;
	int peer;
	fsock *s;

	if (_i == 0) {
		s = sock_raw(SOCK_TCP4, NULL, &peer);
		setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close(peer);
		ck_assert_int_eq(recv(fsock_socket(s), &c, 1, 0), -1);
	} else {
		s = fsock_adopt(socket(AF_INET, SOCK_STREAM, 0), NULL);
	}
	for (int direction = 1; direction <= FSOCK_IO; direction++) {
		ck_assert_int_eq(fsock_shutdown(s, direction), -1);
		sock_assert_error(FSOCK_SHUTDOWN_ERROR, ENOTCONN);
		ck_assert_str_eq(fsock_last_error()->operation, "shutdown");
	}
	ck_assert_int_eq(fsock_close(s), 0);
}
END_TEST

/* What was shut down here before stays so when the peer has gone as well: no error. */
START_TEST(again_when_all_is_over)
{
	int peer;
	char c;
	fsock *s;

	if (!sock_has(TRANSPORT(_i)))
		return;
	s = sock_raw(TRANSPORT(_i), NULL, &peer);
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_IO), 0);
	ck_assert_int_eq(read(peer, &c, 1), 0);
	close(peer);
	for (int direction = 1; direction <= FSOCK_IO; direction++)
		ck_assert_int_eq(fsock_shutdown(s, direction), 0);
	ck_assert_int_eq(fsock_close(s), 0);
}
END_TEST

/* Output that cannot go out is told, and the direction is shut down all the same. */
START_TEST(flush_fails)
{
	int peer;
	char c;
	static char block[60000];
	fsock *s = sock_raw(SOCK_PAIR, &(struct fsock_options){ .write_timeout = 0.02 }, &peer);
	FILE *f = fsock_output(s);

	sock_fill(fsock_socket(s));
	ck_assert_int_ge(fputs("does not fit", f), 0);
	ck_assert_int_eq(fsock_shutdown(s, FSOCK_OUTPUT), -1);
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	while (read(peer, block, sizeof block) > 0)
		;
	ck_assert_int_eq(read(peer, &c, 1), 0);
	ck_assert_int_eq(fsock_close(s), -1);
	close(peer);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("shutdown");
	TCase *tcase = tcase_create("shutdown");

	tcase_add_loop_test(tcase, each_direction, 0, ALL);
	tcase_add_loop_test(tcase, writing_afterwards, 0, 2 * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, no_stream_to_write_to, 0, SOCK_TCP4 + 1);
	tcase_add_loop_test(tcase, reader_woken, 0, 6 * SOCK_TRANSPORTS);
	tcase_add_test(tcase, stream_being_made);
	tcase_add_test(tcase, output_while_beginning_to_read);
	tcase_add_loop_test(tcase, output_while_reading, 0, 2 * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, writer_woken_by_reset, 0, SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, no_such_direction, 0, COUNT(bad_directions));
	tcase_add_loop_test(tcase, nobody_to_tell, 0, 2);
	tcase_add_loop_test(tcase, again_when_all_is_over, 0, SOCK_TRANSPORTS);
	tcase_add_test(tcase, flush_fails);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
