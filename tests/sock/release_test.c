/* Releasing: the descriptor goes to the caller, and with it, exactly, what had been read ahead. */
#include "../../src/base/compat.h"

#include <sys/time.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/sock_support.h"

/* Windows that a program may have opened, and how they hand out input. */
static const struct window {
	const char *open; /* 's'tream, 'i'nput, 'o'utput; the first one is read */
	struct fsock_options options;
} windows[] = {
	{ "s", { .delivery = FSOCK_DELIVER_DEFAULT } },
	{ "s", { .delivery = FSOCK_DELIVER_BLOCK } },
	{ "s", { .delivery = FSOCK_DELIVER_WHOLE_LINE } },
	{ "s", { .element_type = FSOCK_BYTE } },
	{ "s", { .line_limit = 1000 } },
	{ "s", { .deadline = 60, .timeout = 50 } },
	{ "i", { .delivery = FSOCK_DELIVER_DEFAULT } },
	{ "i", { .delivery = FSOCK_DELIVER_LINE } },
	{ "i", { .delivery = FSOCK_DELIVER_WHOLE_LINE } },
	{ "io", { .element_type = FSOCK_BYTE } },
	{ "io", { .line_limit = 1000 } },
	{ "so", { .delivery = FSOCK_DELIVER_DEFAULT } },
};

/* How much was sent, and how the program read a part of it. */
static int
read_nothing(FILE *f)
{
	(void)f;
	return 0;
}

static int
read_one(FILE *f)
{
	return fgetc(f) == EOF ? -1 : 1;
}

static int
read_and_push_back(FILE *f)
{
	int c;

	if (fgetc(f) == EOF || (c = fgetc(f)) == EOF)
		return -1;
	return ungetc(c, f) == EOF ? -1 : 1;
}

static int
read_line(FILE *f)
{
	char line[128];

	return fgets(line, sizeof line, f) == NULL ? -1 : (int)strlen(line);
}

static int
read_lines_and_a_bit(FILE *f)
{
	int n = read_line(f), m = read_line(f), o = read_one(f);

	return n < 0 || m < 0 || o < 0 ? -1 : n + m + o;
}

static int
read_block(FILE *f)
{
	char block[703]; /* whole lines: some windows hand out nothing less */
	;

	return (int)fread(block, 1, sizeof block, f);
}

static const struct reading {
	int (*read)(FILE *);
	size_t sent;
} readings[] = {
	{ read_nothing, 2000 },
	{ read_one, 2000 },
	{ read_one, 100000 },
	{ read_and_push_back, 2000 },
	{ read_line, 2000 },
	{ read_line, 100000 },
	{ read_lines_and_a_bit, 2000 },
	{ read_lines_and_a_bit, 100000 },
	{ read_block, 2000 },
	{ read_block, 703 },
};

/* Lines of different lengths, each octet depending on where it is. */
static void
fill(char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		text[i] = i % 37 == 36 ? '\n' : (char)('a' + (i / 37 + i) % 26);
}

/* Opens the windows of a row; returns the one to read. */
static FILE *
open_windows(fsock *s, const char *kinds)
{
	FILE *first = NULL;

	for (; *kinds != '\0'; kinds++) {
		FILE *f = *kinds == 's'   ? fsock_stream(s)
			  : *kinds == 'i' ? fsock_input(s)
					  : fsock_output(s);

		ck_assert_ptr_nonnull(f);
		if (first == NULL)
			first = f;
	}
	return first;
}

/* A connection on which the other end has sent n octets, already here or on their way. */
static fsock *
receive(enum sock_transport transport, const struct fsock_options *options, const char *text,
    size_t n, int *peer)
{
	fsock *s = sock_raw(transport, options, peer);
	size_t sent = 0;

	ck_assert_int_eq(fcntl(*peer, F_SETFL, O_NONBLOCK), 0);
	while (sent < n) {
		ssize_t r = write(*peer, text + sent, n - sent);

		if (r < 0)
			break; /* what does not fit is not sent */
		sent += (size_t)r;
	}
	ck_assert_int_eq(fcntl(*peer, F_SETFL, 0), 0);
	ck_assert_uint_eq(sent, n);
	return s;
}

static char sent[100000], got[100000];

START_TEST(nothing_lost)
{
	const struct window *window = &windows[_i % COUNT(windows)];
	const struct reading *reading = &readings[_i / COUNT(windows) % COUNT(readings)];
	enum sock_transport transport =
	    (enum sock_transport)(_i / COUNT(windows) / COUNT(readings) % SOCK_TRANSPORTS);
	size_t pending = 77, n = reading->sent, consumed;
	int peer, fd, before, r;
	fsock *s;

	if (!sock_has(transport))
		return;
	fill(sent, n);
	s = receive(transport, &window->options, sent, n, &peer);
	before = fsock_socket(s);
	r = reading->read(open_windows(s, window->open));
	ck_assert_int_ge(r, 0);
	consumed = (size_t)r;
	errno = EDOM;
	fd = fsock_release(s, got, sizeof got, &pending);
	ck_assert_msg(fd == before, "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_uint_le(pending, n - consumed);
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	ck_assert_int_eq(sock_read_all(fd, got + pending, sizeof got - pending),
	    (ssize_t)(n - consumed - pending));
	ck_assert_int_eq(memcmp(got, sent + consumed, n - consumed), 0);
	close(fd);
	close(peer);
}
END_TEST

/* With too small a buffer everything stays as it was, and reading goes on at the next octet. */
START_TEST(too_small)
{
	const struct window *window = &windows[_i];
	size_t pending = 0, again = 0;
	char line[64];
	int peer, fd;
	fsock *s;
	FILE *f;

	fill(sent, 370);
	s = receive(SOCK_TCP4, &window->options, sent, 370, &peer);
	f = open_windows(s, window->open);
	ck_assert_int_eq(fgetc(f), sent[0]);
	ck_assert_int_eq(fsock_release(s, got, 0, &pending), -1);
	sock_assert_error(FSOCK_BUFFER_TOO_SMALL_ERROR, ERANGE);
	ck_assert_uint_eq(pending, 369);
	ck_assert_int_eq(fsock_release(s, NULL, 0, NULL), -1);
	sock_assert_error(FSOCK_BUFFER_TOO_SMALL_ERROR, ERANGE);
	ck_assert_int_eq(fsock_release(s, NULL, 500, NULL), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_release(s, got, 368, &again), -1);
	ck_assert_uint_eq(again, 369);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_uint_eq(strlen(line), 36);
	ck_assert_int_eq(memcmp(line, sent + 1, 36), 0);
	fd = fsock_release(s, got, 333, &pending);
	ck_assert_msg(fd >= 0, "%s", fsock_last_error()->text);
	ck_assert_uint_eq(pending, 333);
	ck_assert_int_eq(memcmp(got, sent + 37, 333), 0);
	close(fd);
	close(peer);
}
END_TEST

/* What the program wrote goes out first, and the connection works on, both ways. */
START_TEST(output_goes_first)
{
	enum sock_transport transport = (enum sock_transport)(_i / 2);
	char text[64] = "";
	int peer, fd, before = 0;
	fsock *s;

	if (!sock_has(transport))
		return;
	before = sock_open_fds();
	s = sock_raw(transport, NULL, &peer);
	ck_assert_int_ge(fputs("written, ", _i % 2 ? fsock_output(s) : fsock_stream(s)), 0);
	fd = fsock_release(s, NULL, 0, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(sock_open_fds(), before + 2);
	ck_assert_int_eq(write(fd, "by hand", 7), 7);
	ck_assert_int_eq(read(peer, text, 9), 9);
	ck_assert_int_eq(sock_read_all(peer, text + 9, 7), 7);
	ck_assert_str_eq(text, "written, by hand");
	ck_assert_int_eq(write(peer, "back", 4), 4);
	ck_assert_int_eq(read(fd, text, sizeof text), 4);
	close(fd);
	close(peer);
}
END_TEST

/*
 * Limits were the socket's: the descriptor waits as long as it takes, and blocks or not as before.
 */
static void
check_limit(int fd, int option)
{
	struct timeval limit = { 9, 9 };
	socklen_t length = sizeof limit;

	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, option, &limit, &length), 0);
	ck_assert_int_eq(limit.tv_sec, 0);
	ck_assert_int_eq(limit.tv_usec, 0);
}

START_TEST(descriptor_as_it_was)
{
	int fds[2], fd, flags = _i ? O_NONBLOCK : 0;
	fsock *s;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(fcntl(fds[0], F_SETFL, flags), 0);
	s = fsock_adopt(fds[0], &(struct fsock_options){ .timeout = 5, .deadline = 6 });
	ck_assert_ptr_nonnull(fsock_stream(s));
	fd = fsock_release(s, NULL, 0, NULL);
	ck_assert_int_eq(fd, fds[0]);
	check_limit(fd, SO_RCVTIMEO);
	check_limit(fd, SO_SNDTIMEO);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, flags);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* A flush that fails leaves the socket with its owner. */
START_TEST(flush_fails)
{
	int peer;
	fsock *s = sock_raw(SOCK_PAIR, NULL, &peer);

	ck_assert_int_ge(fputs("never arrives", fsock_stream(s)), 0);
	close(peer);
	ck_assert_int_eq(fsock_release(s, got, sizeof got, NULL), -1);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	ck_assert_int_eq(fsock_is_stream(s), 1);
	ck_assert_int_ge(fsock_socket(s), 0);
	ck_assert_int_eq(fsock_release(s, got, sizeof got, NULL), -1);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
	ck_assert_int_eq(fsock_close(s), -1);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
}
END_TEST

START_TEST(nothing_to_release)
{
	int peer;
	fsock *s = sock_raw(SOCK_PAIR, NULL, &peer);

	ck_assert_int_eq(fsock_release(NULL, NULL, 0, NULL), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(fclose(fsock_stream(s)), 0);
	ck_assert_int_eq(fsock_release(s, NULL, 0, NULL), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	ck_assert_int_eq(fsock_close(s), 0);
	close(peer);
}
END_TEST

/* The streams end with the handle: their FILEs are no streams any more. */
START_TEST(streams_end)
{
	int peer;
	fsock *s = sock_raw(SOCK_PAIR, NULL, &peer);
	FILE *in = fsock_input(s), *out = fsock_output(s);

	ck_assert_ptr_eq(fsock_of(in), s);
	close(fsock_release(s, NULL, 0, NULL));
	ck_assert_ptr_null(fsock_of(in));
	sock_assert_error(FSOCK_INVALID_SOCKET_STREAM_ERROR, EINVAL);
	ck_assert_ptr_null(fsock_of(out));
	close(peer);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("release");
	TCase *tcase = tcase_create("release");

	tcase_add_loop_test(
	    tcase, nothing_lost, 0, COUNT(windows) * COUNT(readings) * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, too_small, 0, COUNT(windows));
	tcase_add_loop_test(tcase, output_goes_first, 0, 2 * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, descriptor_as_it_was, 0, 2);
	tcase_add_test(tcase, flush_fails);
	tcase_add_test(tcase, nothing_to_release);
	tcase_add_test(tcase, streams_end);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
