/*
 * Descriptors passed beside the octets of a Unix-domain stream: they arrive with their octets, in
 * order with what the FILEs write, and none is ever left open that the program does not know of.
 */
#include "../../src/base/compat.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/layered.h"
#include "../support/sock_support.h"

enum { MOST = FSOCK_MAX_DESCRIPTORS };

static const struct fsock_options patience = { .timeout = 25 };

static fsock *ends[2];

static void
set_up(void)
{
	sock_link(SOCK_PAIR, &patience, ends);
}

static void
tear_down(void)
{
	fsock_close(ends[0]);
	fsock_close(ends[1]);
}

/* A file of its own, by which a copy of its descriptor is known. */
static int
make_file(ino_t *inode)
{
	FILE *f = tmpfile();
	struct stat st;
	int fd;

	ck_assert_ptr_nonnull(f);
	fd = dup(fileno(f));
	fclose(f);
	ck_assert_int_eq(fstat(fd, &st), 0);
	*inode = st.st_ino;
	return fd;
}

static void
check_file(int fd, ino_t inode)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_ino, inode);
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

/* Passes one descriptor with the text. */
static void
pass(const char *text, int fd)
{
	errno = EDOM;
	ck_assert_msg(
	    fsock_send_descriptors(ends[0], text, strlen(text), &fd, 1) == (ssize_t)strlen(text),
	    "%s", fsock_last_error()->text);
	ck_assert_int_eq(errno, EDOM);
}

/* ---- What is passed arrives */

static const struct passing {
	size_t octets, count, room;
} passings[] = {
	{ 1, 1, 1 },
	{ 5, 1, 5 },
	{ 5, 2, 2 },
	{ 100, 7, 253 },
	{ 1, MOST, MOST },
	{ 1, MOST, 1000 },
};

START_TEST(passed)
{
	const struct passing *row = &passings[_i];
	int before = sock_open_fds(), out[MOST], in[1000];
	char text[100] = "text", got[200];
	size_t count = row->room;
	ino_t inode;

	if (sock_may_open(before + 3 * MOST) < before + 3 * MOST)
		return;
	for (size_t i = 0; i < row->count; i++)
		out[i] = i == 0 ? make_file(&inode) : dup(out[0]);
	ck_assert_int_eq(
	    fsock_send_descriptors(ends[0], text, row->octets, out, row->count), (int)row->octets);
	for (size_t i = 0; i < row->count; i++)
		close(out[i]);
	errno = EDOM;
	ck_assert_int_eq(
	    fsock_receive_descriptors(ends[1], got, sizeof got, in, &count), (int)row->octets);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_mem_eq(got, text, row->octets);
	ck_assert_uint_eq(count, row->count);
	for (size_t i = 0; i < count; i++) {
		check_file(in[i], inode);
		close(in[i]);
	}
	ck_assert_int_eq(sock_open_fds(), before);
}
END_TEST

#if defined(__GLIBC__)
/* A peer that passes as many as the system lets it. */
START_TEST(most)
{
	enum { N = 253 };
	union {
		size_t aligned;
		char room[CMSG_SPACE(N * sizeof(int))];
	} control = { 0 };
	struct iovec vector = { "x", 1 };
	struct msghdr header = { .msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control };
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);
	int before = sock_open_fds(), in[300];
	size_t count = _i ? 300 : 10;
	char got[8];

	if (sock_may_open(before + 2 * N) < before + 2 * N)
		return;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(N * sizeof(int)); /* descriptor 0 each time */
	ck_assert_int_eq(sendmsg(fsock_socket(ends[0]), &header, 0), 1);
	ck_assert_int_eq(
	    fsock_receive_descriptors(ends[1], got, sizeof got, in, &count), _i ? 1 : -1);
	ck_assert_uint_eq(count, _i ? N : 0);
	while (count > 0)
		close(in[--count]);
	ck_assert_int_eq(sock_open_fds(), before);
}
END_TEST
#endif

/* More than the room, or more than may be open: none is kept, and that is said. */
START_TEST(too_many)
{
	int before = sock_open_fds(), out[3], in[3] = { -1, -1, -1 };
	size_t count = (size_t)_i;
	ino_t inode;
	char got[8];

	for (int i = 0; i < 3; i++)
		out[i] = i == 0 ? make_file(&inode) : dup(out[0]);
	ck_assert_int_eq(fsock_send_descriptors(ends[0], "abc", 3, out, 3), 3);
	ck_assert_int_eq(
	    fsock_receive_descriptors(ends[1], got, sizeof got, _i == 0 ? NULL : in, &count), -1);
	sock_assert_error(FSOCK_MESSAGE_TOO_LONG_ERROR, EMSGSIZE);
	ck_assert_uint_eq(count, 0);
	for (int i = 0; i < 3; i++)
		close(out[i]);
	ck_assert_int_eq(sock_open_fds(), before);
	count = 1;
	pass("goes on", 0);
	ck_assert_int_eq(fsock_receive_descriptors(ends[1], got, sizeof got, in, &count), 7);
	ck_assert_uint_eq(count, 1);
	close(in[0]);
}
END_TEST

#if defined(__linux__)
START_TEST(too_many_open)
{
	int before, out[3], in[3];
	size_t count = 3;
	struct rlimit limit, old;
	char got[8];

	if (sock_is_watched())
		return;
	for (int i = 0; i < 3; i++)
		out[i] = dup(0);
	ck_assert_int_eq(fsock_send_descriptors(ends[0], "abc", 3, out, 3), 3);
	for (int i = 1; i < 3; i++)
		close(out[i]);
	before = sock_open_fds();
	getrlimit(RLIMIT_NOFILE, &old);
	limit = old;
	limit.rlim_cur = (rlim_t)out[0] + 2; /* one of the three has room */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(fsock_receive_descriptors(ends[1], got, sizeof got, in, &count), -1);
	sock_assert_error(fsock_last_error()->kind, EMFILE);
	setrlimit(RLIMIT_NOFILE, &old);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(sock_open_fds(), before);
	close(out[0]);
}
END_TEST
#endif

/* ---- Beside FILEs */

/* They come after what the FILE was given before, and before what it is given after. */
START_TEST(in_order)
{
	FILE *f = fsock_output(ends[0]);
	char got[64], all[64] = "";
	size_t n = 0;
	int in[1], fds = 0;
	ino_t inode;
	int fd = make_file(&inode);

	fputs("before ", f);
	pass("with ", fd);
	close(fd);
	fputs("after", f);
	fflush(f);
	while (n < strlen("before with after")) {
		size_t count = 1;
		ssize_t r = fsock_receive_descriptors(ends[1], got, 4, in, &count);

		ck_assert_int_gt(r, 0);
		memcpy(all + n, got, (size_t)r);
		if (count == 1) { /* with an octet of "with " */
			ck_assert_uint_le(n, strlen("before "));
			ck_assert_uint_gt(n + (size_t)r, strlen("before "));
			check_file(in[0], inode);
			close(in[0]);
			fds++;
		}
		n += (size_t)r;
	}
	ck_assert_str_eq(all, "before with after");
	ck_assert_int_eq(fds, 1);
}
END_TEST

/* Who reads by stdio, or by fsock_receive(), gets the octets, and no descriptor is left open. */
START_TEST(read_without)
{
	int before = sock_open_fds(), in[1];
	FILE *f = _i == 2 ? NULL : fsock_stream(ends[1]);
	char line[64] = "";
	size_t count = 1;

	for (int i = 0; i < 20; i++)
		pass("a line\n", 0);
	for (int i = 0; i < 20; i++)
		if (_i == 0)
			ck_assert_str_eq(fgets(line, sizeof line, f), "a line\n");
		else if (_i == 1)
			ck_assert_int_eq(fsock_read_octets(f, line, 7), 7);
		else
			ck_assert_int_eq(fsock_receive(ends[1], line, 7, NULL), 7);
	ck_assert_int_eq(sock_open_fds(), before);
	pass("x", 0);
	ck_assert_int_eq(fsock_receive_descriptors(ends[1], line, sizeof line, in, &count), 1);
	ck_assert_uint_eq(count, 1);
	close(in[0]);
}
END_TEST

/* What a FILE has read ahead is there first, without the descriptors; then what comes after it. */
START_TEST(read_ahead)
{
	int before = sock_open_fds(), in[1];
	FILE *f = fsock_stream(ends[1]);
	char line[64], got[64];
	size_t count = 1;

	pass("line\nrest", 0); /* all of which one read takes, and the descriptor is lost */
	pass("after", 0);
	ck_assert_str_eq(fgets(line, sizeof line, f), "line\n");
	ck_assert_int_eq(fsock_receive_descriptors(ends[1], got, sizeof got, in, &count), 4);
	ck_assert_mem_eq(got, "rest", 4);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(sock_open_fds(), before);
	count = 1;
	ck_assert_int_eq(fsock_receive_descriptors(ends[1], got, sizeof got, in, &count), 5);
	ck_assert_mem_eq(got, "after", 5);
	ck_assert_uint_eq(count, 1);
	close(in[0]);
}
END_TEST

/* The bound of octets holds here, too, and positions count on. */
START_TEST(bound)
{
	FILE *f = fsock_stream(ends[1]);
	char got[64];
	size_t count = 1;
	int in[1];

	ck_assert_int_eq(fsock_set_bound(f, 3), 0);
	pass("abcdef", 0);
	ck_assert_int_eq(fsock_receive_descriptors(ends[1], got, sizeof got, in, &count), 3);
	ck_assert_uint_eq(count, 1);
	close(in[0]);
	ck_assert_int_eq(fsock_octet_position(f), 3);
	count = 1;
	ck_assert_int_eq(fsock_receive_descriptors(ends[1], got, sizeof got, in, &count), 0);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(fsock_set_bound(f, UINT64_MAX), 0);
	ck_assert_int_eq(fsock_receive_descriptors(ends[1], got, sizeof got, in, &count), 3);
	ck_assert_mem_eq(got, "def", 3);
}
END_TEST

/* A peer that closes with descriptors under way: nothing is left of them. */
START_TEST(ended)
{
	int before = sock_open_fds(), in[2];
	size_t count = 2;
	char got[8];

	pass("x", 0);
	if (_i == 0) {
		fsock_close(ends[1]);
		ends[1] = NULL;
		ck_assert_int_eq(sock_open_fds(), before - 1);
		return;
	}
	fsock_close(ends[0]);
	ends[0] = NULL;
	ck_assert_int_eq(fsock_receive_descriptors(ends[1], got, sizeof got, in, &count), 1);
	ck_assert_uint_eq(count, 1);
	close(in[0]);
	count = 2;
	ck_assert_int_eq(fsock_receive_descriptors(ends[1], got, sizeof got, in, &count), 0);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(sock_open_fds(), before - 1);
}
END_TEST

/* ---- Slow peers */

struct reader {
	struct sock_thread thread;
	size_t octets, descriptors;
};

static void
read_all(void *arg)
{
	struct reader *r = arg;
	static char buf[65536];
	int in[4];

	for (;;) {
		size_t count = 4;
		ssize_t n = fsock_receive_descriptors(ends[1], buf, sizeof buf, in, &count);

		if (n <= 0)
			break;
		r->octets += (size_t)n;
		r->descriptors += count;
		while (count > 0)
			close(in[--count]);
	}
}

/* Many octets, for which there is no room at once, go with their descriptors all the same. */
START_TEST(much)
{
	static char octets[1000000];
	struct reader reader = { .octets = 0 };
	int fds[2] = { 0, 0 };

	sock_thread_start(&reader.thread, read_all, &reader);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(fsock_send_descriptors(ends[0], octets, sizeof octets, fds, 2),
		    (int)sizeof octets);
	ck_assert_int_eq(fsock_shutdown(ends[0], FSOCK_OUTPUT), 0);
	sock_thread_join(&reader.thread);
	ck_assert_uint_eq(reader.octets, 3 * sizeof octets);
	ck_assert_uint_eq(reader.descriptors, 6);
}
END_TEST

/* Without blocking: at once, or not at all. */
START_TEST(nonblocking)
{
	static char octets[1000000];
	size_t count = 4, sent = 0, got = 0;
	int fd = 0, in[4];
	ssize_t r;

	fsock_set_nonblocking(ends[0], 1);
	fsock_set_nonblocking(ends[1], 1);
	ck_assert_int_eq(fsock_receive_descriptors(ends[1], octets, 1, in, &count), -1);
	sock_assert_error(FSOCK_WOULD_BLOCK, EAGAIN);
	ck_assert_uint_eq(count, 0);
	if (_i == 1)
		ck_assert_ptr_nonnull(fsock_stream(ends[0]));
	while ((r = fsock_send_descriptors(ends[0], octets, sizeof octets, &fd, 1)) > 0)
		sent += (size_t)r;
	ck_assert(errno == EAGAIN || errno == EWOULDBLOCK || errno == ETOOMANYREFS);
	if (_i == 1) { /* what is queued goes first, or nothing of this does */
		ck_assert_int_eq(fsock_send(ends[0], "queued", 6, NULL), 6);
		sent += 6;
		ck_assert_int_eq(fsock_send_descriptors(ends[0], octets, 1, &fd, 1), -1);
		sock_assert_error(FSOCK_WOULD_BLOCK, EAGAIN);
	}
	while (got < sent) {
		count = 4;
		r = fsock_receive_descriptors(ends[1], octets, sizeof octets, in, &count);
		if (r < 0) {
			ck_assert_int_eq(errno, EAGAIN);
			ck_assert_int_ge(fsock_send_pending(ends[0]), 0);
			continue;
		}
		got += (size_t)r;
		while (count > 0)
			close(in[--count]);
	}
	ck_assert_int_eq(fsock_send_descriptors(ends[0], octets, 1, &fd, 1), 1);
}
END_TEST

/* A time limit ends the wait for room, and the wait for a parcel. */
START_TEST(timed_out)
{
	fsock *pair[2];
	size_t count = 1;
	int fd = 0, in[1];
	char got[8];

	sock_link(SOCK_PAIR, &(struct fsock_options){ .timeout = 0.05 }, pair);
	if (_i == 0) {
		ck_assert_int_eq(
		    fsock_receive_descriptors(pair[1], got, sizeof got, in, &count), -1);
	} else {
		sock_fill(fsock_socket(pair[0]));
		ck_assert_int_eq(fsock_send_descriptors(pair[0], "x", 1, &fd, 1), -1);
	}
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	ck_assert_int_eq(fsock_close(pair[0]), 0); /* nothing was lost */
	fsock_close(pair[1]);
}
END_TEST

/* ---- Calls that cannot be */

enum place { PAIR, NO_SOCKET, TCP, LISTENER, DATAGRAM, LAYERED };

static const struct bad {
	enum place place;
	const char *data;
	size_t size, count;
	int fd; /* -2: NULL is passed */
	enum fsock_error_kind kind;
	int errnum;
} bads[] = {
	{ PAIR, NULL, 1, 1, 0, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ PAIR, "x", 0, 1, 0, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ PAIR, "x", 1, 1, -2, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ PAIR, "x", 1, 0, 0, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ PAIR, "x", 1, MOST + 1, 0, FSOCK_INVALID_ARGUMENT_ERROR, EINVAL },
	{ PAIR, "x", 1, 1, -1, FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF },
	{ NO_SOCKET, "x", 1, 1, 0, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
	{ TCP, "x", 1, 1, 0, FSOCK_OPERATION_NOT_SUPPORTED_ERROR, EOPNOTSUPP },
	{ LAYERED, "x", 1, 1, 0, FSOCK_OPERATION_NOT_SUPPORTED_ERROR, EOPNOTSUPP },
	{ LISTENER, "x", 1, 1, 0, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
	{ DATAGRAM, "x", 1, 1, 0, FSOCK_INVALID_SOCKET_ERROR, EINVAL },
};

START_TEST(bad_call)
{
	const struct bad *row = &bads[_i];
	fsock *other[2] = { NULL, NULL }, *s;
	int fds[MOST + 1], in[1];
	size_t count = 1;
	char got[8];

	for (int i = 0; i <= MOST; i++)
		fds[i] = row->fd;
	if (row->place == TCP || row->place == LAYERED)
		sock_link(row->place == TCP ? SOCK_TCP4 : SOCK_PAIR, &patience, other);
	if (row->place == LAYERED)
		ck_assert_int_eq(layered_push(other[0]), 0);
	if (row->place == LISTENER)
		other[0] = fsock_listen(sock_place("unix"), 0, NULL);
	else if (row->place == DATAGRAM)
		other[0] = fsock_datagram(NULL, 0, NULL);
	s = row->place == PAIR ? ends[0] : other[0];
	ck_assert_int_eq(
	    fsock_send_descriptors(s, row->data, row->size, row->fd == -2 ? NULL : fds, row->count),
	    -1);
	sock_assert_error(row->kind, row->errnum);
	if (row->place != PAIR) {
		ck_assert_int_eq(fsock_receive_descriptors(s, got, sizeof got, in, &count), -1);
		sock_assert_error(row->kind, row->errnum);
		ck_assert_uint_eq(count, 0);
	} else { /* output has not failed */
		ck_assert_int_eq(fsock_send(s, "x", 1, NULL), 1);
		ck_assert_int_eq(fsock_receive(ends[1], got, 8, NULL), 1);
	}
	fsock_close(other[0]);
	fsock_close(other[1]);
}
END_TEST

START_TEST(bad_receive)
{
	char got[8];
	size_t count = 1;
	int in[1];

	ck_assert_int_eq(fsock_receive_descriptors(ends[0], NULL, 8, in, &count), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	count = 1;
	ck_assert_int_eq(fsock_receive_descriptors(ends[0], got, 0, in, &count), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	count = 1;
	ck_assert_int_eq(fsock_receive_descriptors(ends[0], got, 8, NULL, &count), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_receive_descriptors(ends[0], got, 8, in, NULL), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
}
END_TEST

START_TEST(after_the_end)
{
	int fd = 0;

	if (_i == 0) {
		ck_assert_int_eq(fsock_shutdown(ends[0], FSOCK_OUTPUT), 0);
	} else {
		fsock_close(ends[1]);
		ends[1] = NULL;
	}
	ck_assert_int_eq(fsock_send_descriptors(ends[0], "x", 1, &fd, 1), -1);
	sock_assert_error(FSOCK_BROKEN_PIPE_ERROR, EPIPE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("descriptors");
	TCase *tcase = tcase_create("descriptors");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, sock_dir_make, sock_dir_remove);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, passed, 0, COUNT(passings));
#if defined(__GLIBC__)
	tcase_add_loop_test(tcase, most, 0, 2);
#endif
	tcase_add_loop_test(tcase, too_many, 0, 3);
#if defined(__linux__)
	tcase_add_test(tcase, too_many_open);
#endif
	tcase_add_test(tcase, in_order);
	tcase_add_loop_test(tcase, read_without, 0, 3);
	tcase_add_test(tcase, read_ahead);
	tcase_add_test(tcase, bound);
	tcase_add_loop_test(tcase, ended, 0, 2);
	tcase_add_test(tcase, much);
	tcase_add_loop_test(tcase, nonblocking, 0, 2);
	tcase_add_loop_test(tcase, timed_out, 0, 2);
	tcase_add_loop_test(tcase, bad_call, 0, COUNT(bads));
	tcase_add_test(tcase, bad_receive);
	tcase_add_loop_test(tcase, after_the_end, 0, 2);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
