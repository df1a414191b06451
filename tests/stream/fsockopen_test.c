/* fsockopen(): every mode string, good and bad, and who owns what it opens. */
#include "../../src/base/compat.h"

#include <sys/time.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <check.h>

#include "../../src/base/clock.h"
#include "../../src/sock/handle.h"
#include "../support/sock_support.h"
#include "../support/stdio_link.h"

#define S 1000000000LL /* a second */

/* What a mode means; a time of 0 is none. */
static const struct good {
	const char *mode;
	int sides, is_byte;
	int64_t timeout, deadline;
	size_t line;
	int is_whole, is_batched;
	const char *charset;
	enum fsock_eol_style eol;
	enum fsock_on_error on_error;
	enum fsock_bom bom;
} goods[] = {
	{ "r", .sides = FSOCK_INPUT },
	{ "w", .sides = FSOCK_OUTPUT },
	{ "r+", .sides = FSOCK_IO },
	{ "w+", .sides = FSOCK_IO },
	{ "rb", .sides = FSOCK_INPUT, .is_byte = 1 },
	{ "wb", .sides = FSOCK_OUTPUT, .is_byte = 1 },
	{ "r+b", .sides = FSOCK_IO, .is_byte = 1 },
	{ "rb+", .sides = FSOCK_IO, .is_byte = 1 },
	{ "w+b", .sides = FSOCK_IO, .is_byte = 1 },
	{ "wb+", .sides = FSOCK_IO, .is_byte = 1 },
	{ "rt", .sides = FSOCK_INPUT },
	{ "re", .sides = FSOCK_INPUT },
	{ "a", .sides = FSOCK_OUTPUT },
	{ "ab", .sides = FSOCK_OUTPUT, .is_byte = 1 },
	{ "a+", .sides = FSOCK_IO },
	{ "w+bte", .sides = FSOCK_IO, .is_byte = 1 },
	{ "r,timeout=5", .sides = FSOCK_INPUT, .timeout = 5 * S },
	{ "r+,timeout=0.25", .sides = FSOCK_IO, .timeout = S / 4 },
	{ "r+,timeout=.5", .sides = FSOCK_IO, .timeout = S / 2 },
	{ "w,timeout=7.", .sides = FSOCK_OUTPUT, .timeout = 7 * S },
	{ "r+,timeout=007.500", .sides = FSOCK_IO, .timeout = 15 * S / 2 },
	{ "r+,timeout=1,timeout=2", .sides = FSOCK_IO, .timeout = 2 * S },
	{ "r+,deadline=60", .sides = FSOCK_IO, .deadline = 60 * S },
	{ "r+,line=1", .sides = FSOCK_IO, .line = 1 },
	{ "r+,line=512", .sides = FSOCK_IO, .line = 512 },
	{ "r+,line=999999999", .sides = FSOCK_IO, .line = 999999999 },
	{ "r+,whole-line", .sides = FSOCK_IO, .is_whole = 1 },
	{ "rb+,timeout=5,deadline=60,line=80,whole-line", .sides = FSOCK_IO, .is_byte = 1,
	    .timeout = 5 * S, .deadline = 60 * S, .line = 80, .is_whole = 1 },
	{ "r,whole-line,line=80,deadline=60,timeout=5", .sides = FSOCK_INPUT, .timeout = 5 * S,
	    .deadline = 60 * S, .line = 80, .is_whole = 1 },
	{ "r+,ccs=latin-1", .sides = FSOCK_IO, .charset = "iso-8859-1" },
	{ "r+,eol=crlf", .sides = FSOCK_IO, .eol = FSOCK_EOL_CRLF },
	{ "w,ccs=ascii,errors=replace=!", .sides = FSOCK_OUTPUT, .charset = "us-ascii",
	    .on_error = FSOCK_ON_ERROR_REPLACE },
	{ "r+,latin-1", .sides = FSOCK_IO, .charset = "iso-8859-1" },
	{ "r+,crlf", .sides = FSOCK_IO, .eol = FSOCK_EOL_CRLF },
	{ "r+,binary", .sides = FSOCK_IO },
	{ "r+, crlf,  latin-1, timeout=5", .sides = FSOCK_IO, .timeout = 5 * S,
	    .charset = "iso-8859-1", .eol = FSOCK_EOL_CRLF },
	{ "w,latin-1,replace=!", .sides = FSOCK_OUTPUT, .charset = "iso-8859-1",
	    .on_error = FSOCK_ON_ERROR_REPLACE },
	{ "r+,batched", .sides = FSOCK_IO, .is_batched = 1 },
	{ "r, whole-line", .sides = FSOCK_INPUT, .is_whole = 1 },
	{ "r,bom=sniff,errors=ignore,eol=auto,timeout=5,ccs=KOI8-R", .sides = FSOCK_INPUT,
	    .timeout = 5 * S, .charset = "koi8-r", .eol = FSOCK_EOL_AUTO,
	    .on_error = FSOCK_ON_ERROR_IGNORE, .bom = FSOCK_BOM_SNIFF },
};

static const char *const bads[] = { "", "x", "A", "a++", "aw", "R", "W", "R+", "+", "+r", "b", "br",
	"rw", "wr", "r++", "r+b+", "rbb", "r+bb", "r+x", "wx", "rtt", "ree", "rc", " r", "r ",
	"r+ ", "r\n", ",timeout=5", "r,", "r+,", "r,,", "r,,timeout=5", "r,timeout=5,", "r,timeout",
	"r,timeout=", "r,timeout=0", "r,timeout=0.0", "r,timeout=-1", "r,timeout=+1",
	"r,timeout=1e3", "r,timeout=1.2.3", "r,timeout=.", "r,timeout=5s", "r,timeout= 5",
	"r,timeout=0x5", "r,timeout=inf", "r,timeout=nan", "r,timeout=1 ", "r,timeout=1;line=2",
	"r,timeout=1,5x", "r,timeout=1234567890123456", "r,Timeout=5", "r,timeouts=5", "r,time=5",
	"r,=5", "r,=", "r,deadline", "r,deadline=0", "r,deadline=x", "r,line", "r,line=0",
	"r,line=0.5", "r,line=1.5", "r,line=-1", "r,line=1000000000", "r,line=80c",
	"r,whole-line=1", "r+,batched=1", "r,whole-line=", "r,whole", "r,wholeline",
	"r,whole -line", "r ,whole-line", "r,whole-line ", "r,5", "r+,nonblock", "r+,ccs",
	"r+,ccs=", "r+,ccs=klingon", "r+,ccs=crlf", "r+,ccs=latin-1,ccs=utf-8", "r+,eol",
	"r+,eol=", "r+,eol=utf-8", "r+,eol=lf,eol=crlf", "r+,errors=", "r+,errors=crlf",
	"r+,errors=replace=", "r+,bom=strip", "r+,bom=none,ccs=utf-8", "r+,latin-1,koi8-r",
	"r+,crlf,lf", "r+,strict,ignore", "r+,klingon", "r+, ", "r+,crlf, ", "r+,binary,crlf",
	"r+,ccs=latin-1;eol=lf",
	"r+,ccs=0123456789012345678901234567890123456789012345678901234567890123456789" };

/* A listener for each test; what was opened to it counts. */
static struct stdio_listener listener;
static int fds;

static void
open_listener(void)
{
	fds = sock_open_fds();
	stdio_listener_open(&listener, STDIO_TCP4);
}

static void
close_listener(void)
{
	stdio_listener_close(&listener);
	ck_assert_int_eq(sock_open_fds(), fds);
}

static void
check_settings(const struct good *row, const struct fsock *s)
{
	int64_t timeout = row->timeout ? row->timeout : FSOCK__NEVER;
	int64_t left = s->limits.read_deadline - fsock__clock_now();

	ck_assert_int_eq(s->settings.connect_timeout, timeout);
	ck_assert_int_eq(s->settings.read_timeout, timeout);
	ck_assert_int_eq(s->settings.write_timeout, timeout);
	ck_assert_int_eq(s->settings.element_type, row->is_byte ? FSOCK_BYTE : FSOCK_CHARACTER);
	ck_assert_uint_eq(s->settings.line_limit, row->line);
	ck_assert_int_eq(
	    s->settings.delivery, row->is_whole ? FSOCK_DELIVER_WHOLE_LINE : FSOCK_DELIVER_DEFAULT);
	ck_assert_int_eq(s->settings.batched, row->is_batched);
	if (row->deadline == 0)
		ck_assert_int_eq(s->limits.read_deadline, FSOCK__NEVER);
	else
		ck_assert(left <= row->deadline && left > row->deadline - 20 * S);
}

static void
check_format(const struct good *row, FILE *f)
{
	struct fsock_format in, out;
	const struct fsock_format *format = row->sides & FSOCK_INPUT ? &in : &out;

	ck_assert_int_eq(fsock_get_formats(f, &in, &out), 0);
	if (row->charset == NULL)
		ck_assert_ptr_null(format->charset);
	else
		ck_assert_str_eq(fsock_charset_name(format->charset), row->charset);
	ck_assert_int_eq(format->eol, row->eol);
	ck_assert_int_eq(format->policy.on_error, row->on_error);
	ck_assert_int_eq(format->bom, row->bom);
}

/* What the mode promises works, what it leaves out does not. */
START_TEST(good_mode)
{
	const struct good *row = &goods[_i];
	FILE *f = fsockopen(listener.host, listener.port, row->mode);
	const char *out = row->eol == FSOCK_EOL_CRLF ? "out\r\n" : "out\n";
	char line[16];
	int far;

	ck_assert_msg(f != NULL, "%s", fsock_last_error()->text);
	far = stdio_listener_accept(&listener);
	check_settings(row, fsock_of(f));
	check_format(row, f);
	ck_assert_int_eq(send(far, "\n", 1, 0), 1);
	if (row->sides & FSOCK_OUTPUT) {
		ck_assert_int_ge(fputs("out\n", f), 0);
		ck_assert_int_eq(fflush(f), 0);
		ck_assert_int_eq(fsock_send_pending(fsock_of(f)), 0);
		ck_assert_int_eq(recv(far, line, strlen(out), MSG_WAITALL), (int)strlen(out));
		ck_assert_mem_eq(line, out, strlen(out));
	} else {
		ck_assert(fputs("out\n", f) < 0 || fflush(f) != 0 || ferror(f));
		clearerr(f);
	}
	if (row->sides & FSOCK_INPUT) {
		ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
		ck_assert_str_eq(line, "\n");
	} else {
		ck_assert_ptr_null(fgets(line, sizeof line, f));
		ck_assert(ferror(f));
	}
	fclose(f);
	/* The stream owned the socket. */
	ck_assert_int_le(recv(far, line, 1, 0), 0);
	close(far);
}
END_TEST

/* It is refused before anything is connected, and the error names it. */
START_TEST(bad_mode)
{
	char text[128];

	fsock_clear_error();
	errno = 0;
	ck_assert_ptr_null(fsockopen(listener.host, listener.port, bads[_i]));
	ck_assert_int_eq(errno, EINVAL);
	snprintf(text, sizeof text, "open mode%s%s: ", bads[_i][0] ? " of " : "", bads[_i]);
	for (char *end = text; (end = strchr(end, '\n')) != NULL;)
		*end = '?'; /* the text stays one line */
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(strncmp(fsock_last_error()->text, text, strlen(text)), 0);
	ck_assert_ptr_null(strstr(fsock_last_error()->text, strerror(EINVAL))); /* it says more */
	ck_assert_int_eq(sock_open_fds(), fds + 1);
}
END_TEST

START_TEST(no_mode)
{
	errno = 0;
	ck_assert_ptr_null(fsockopen(listener.host, listener.port, NULL));
	sock_assert_failed(
	    FSOCK_INVALID_ARGUMENT_ERROR, EINVAL, "open mode of (no mode): %s", strerror(EINVAL));
}
END_TEST

/* Where there is nobody to connect to. */
static const struct nowhere {
	const char *host;
	int port, errnum;
	enum fsock_error_kind kind;
} nowheres[] = {
	{ NULL, 1, EINVAL, FSOCK_INVALID_ARGUMENT_ERROR },
	{ "127.0.0.1", -1, EINVAL, FSOCK_INVALID_ARGUMENT_ERROR },
	{ "127.0.0.1", 65536, EINVAL, FSOCK_INVALID_ARGUMENT_ERROR },
	{ "127.0.0.1", 0, EINVAL, FSOCK_INVALID_ARGUMENT_ERROR },
	{ "localhost", 0, EINVAL, FSOCK_INVALID_ARGUMENT_ERROR },
	{ "/nonexistent/socket", 0, ENOENT, FSOCK_NO_SUCH_FILE_ERROR },
	{ "127.0.0.1", 1, ECONNREFUSED, FSOCK_CONNECTION_REFUSED_ERROR },
};

START_TEST(nowhere)
{
	const struct nowhere *row = &nowheres[_i];
	int fd = -1, port = row->port;

	if (row->errnum == ECONNREFUSED)
		port = sock_dead_port(SOCK_TCP4, &fd);
	errno = 0;
	ck_assert_ptr_null(fsockopen(row->host, port, "r+,timeout=5"));
	sock_assert_error(row->kind, row->errnum);
	if (fd >= 0)
		close(fd);
}
END_TEST

/* The same modes for a descriptor that the program has: the stream then owns it. */
START_TEST(good_descriptor)
{
	const struct good *row = &goods[_i];
	int ends[2];
	char line[16];
	FILE *f;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	f = fsock_fdopen(ends[0], row->mode);
	ck_assert_msg(f != NULL, "%s", fsock_last_error()->text);
	ck_assert_int_eq(fsock_fileno(f), ends[0]);
	check_format(row, f);
	ck_assert_int_eq(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
	if (row->sides & FSOCK_OUTPUT) {
		ck_assert_int_ge(fputs("out\n", f), 0);
		ck_assert_int_eq(fflush(f), 0);
		ck_assert_int_eq(fsock_send_pending(fsock_of(f)), 0);
		ck_assert_int_ge(recv(ends[1], line, sizeof line, 0), 4);
		ck_assert_mem_eq(line, "out", 3);
	}
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(recv(ends[1], line, 1, 0), 0);
	close(ends[1]);
}
END_TEST

/* A descriptor that gets no stream remains the caller's, as it was. */
static const struct bad_descriptor {
	const char *what, *mode;
	int errnum;
} bad_descriptors[] = {
	{ "socket", "x", EINVAL },
	{ "socket", NULL, EINVAL },
	{ "listener", "r+", EINVAL },
	{ "datagram", "r", EINVAL },
	{ "pipe", "r", ENOTSOCK },
	{ "none", "r", EBADF },
	{ "datagram", "r+,timeout=3", EINVAL },
};

/* What adopting a descriptor changes of it, unless nothing comes of it. */
struct traits {
	int flags, status;
	struct timeval limits[2];
};

static struct traits
traits_of(int fd)
{
	struct traits t = { fcntl(fd, F_GETFD), fcntl(fd, F_GETFL), { { 0, 0 }, { 0, 0 } } };
	socklen_t length = sizeof t.limits[0];

	getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t.limits[0], &length);
	getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t.limits[1], &length);
	return t;
}

START_TEST(bad_descriptor)
{
	const struct bad_descriptor *row = &bad_descriptors[_i];
	static const struct timeval limit = { .tv_sec = 7 };
	int ends[2] = { -1, -1 };
	struct traits before, after;

	if (strcmp(row->what, "pipe") == 0)
		ck_assert_int_eq(pipe(ends), 0);
	else if (strcmp(row->what, "datagram") == 0)
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	else if (strcmp(row->what, "socket") == 0)
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	else if (strcmp(row->what, "listener") == 0)
		ck_assert_int_ge(ends[0] = dup(listener.fd), 0);
	setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	before = traits_of(ends[0]);
	errno = 0;
	ck_assert_ptr_null(fsock_fdopen(ends[0], row->mode));
	ck_assert_int_eq(errno, row->errnum);
	ck_assert_int_eq(fsock_last_error()->errnum, row->errnum);
	after = traits_of(ends[0]);
	ck_assert_mem_eq(&after, &before, sizeof after);
	for (int i = 0; i < 2 && ends[i] >= 0; i++)
		ck_assert_int_eq(close(ends[i]), 0);
}
END_TEST

/* Many in a row leave nothing behind: the fixture counts. */
START_TEST(many)
{
	for (int i = 0; i < 100; i++) {
		FILE *f = fsockopen(listener.host, listener.port, "r+");
		int far;

		ck_assert_ptr_nonnull(f);
		far = stdio_listener_accept(&listener);
		ck_assert_int_ge(fprintf(f, "%d\n", i), 0);
		ck_assert_int_eq(fclose(f), 0);
		close(far);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fsockopen");
	TCase *t = tcase_create("fsockopen");

	tcase_add_checked_fixture(t, open_listener, close_listener);
	tcase_add_loop_test(t, good_mode, 0, COUNT(goods));
	tcase_add_loop_test(t, bad_mode, 0, COUNT(bads));
	tcase_add_test(t, no_mode);
	tcase_add_loop_test(t, nowhere, 0, COUNT(nowheres));
	tcase_add_loop_test(t, good_descriptor, 0, COUNT(goods));
	tcase_add_loop_test(t, bad_descriptor, 0, COUNT(bad_descriptors));
	tcase_add_test(t, many);
	suite_add_tcase(s, t);
	return sock_run(s);
}
