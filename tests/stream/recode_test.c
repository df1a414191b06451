/* The text layer over other FILEs: files, pipes, octets in memory, streams of sockets. */
#include "../../src/base/compat.h"

#include <check.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/sock_support.h"
#include "../support/stdio_link.h"

#define TEXT            "a\xC3\xA4\n\xE2\x82\xAC\n\nz" /* in every charset below */
#define OCTETS_OF(text) (text), sizeof(text) - 1

static const struct row {
	const char *format, *octets;
	size_t n;
} rows[] = {
	{ "utf-8", OCTETS_OF("a\xC3\xA4\n\xE2\x82\xAC\n\nz") },
	{ "windows-1252,crlf", OCTETS_OF("a\xE4\r\n\x80\r\n\r\nz") },
	{ "utf-16le,cr", OCTETS_OF("a\0\xE4\0\r\0\xAC\x20\r\0\r\0z\0") },
	{ "utf-16be,bom=write", OCTETS_OF("\xFE\xFF\x00"
					  "a\x00\xE4\x00\x0A \xAC\x00\x0A\x00\x0A\x00z") },
	{ "gb18030,auto", OCTETS_OF("a\x81"
				    "0\x8A"
				    "1\x0D\x0A\xA2\xE3\x0D\x0A\x0D\x0Az") },
};

/* The same for reading: where writing puts a mark, reading strips it. */
static const char *
reading(const struct row *row, char *format, size_t size)
{
	const char *bom = strstr(row->format, ",bom=write");

	snprintf(format, size, "%.*s%s", bom == NULL ? 40 : (int)(bom - row->format), row->format,
	    bom == NULL ? "" : ",bom=strip");
	return format;
}

/* The rest of the text of f. */
static void
expect_text(FILE *f, const char *text)
{
	char got[256];
	size_t n = fread(got, 1, sizeof got, f);

	ck_assert(!ferror(f));
	ck_assert(feof(f));
	ck_assert_uint_eq(n, strlen(text));
	ck_assert_mem_eq(got, text, n);
}

START_TEST(memory)
{
	const struct row *row = &rows[_i];
	char *octets = NULL, format[64];
	size_t n = 77;
	FILE *f = fsock_octets_output(&octets, &n, row->format);

	ck_assert_ptr_nonnull(f);
	for (const char *p = TEXT; *p != '\0'; p++) {
		ck_assert_int_eq(putc(*p, f), (unsigned char)*p);
		if (*p == 'a')
			ck_assert_int_eq(fflush(f), 0);
	}
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_uint_eq(n, row->n);
	ck_assert_mem_eq(octets, row->octets, n);

	f = fsock_octets_input(octets, n, reading(row, format, sizeof format));
	ck_assert_ptr_nonnull(f);
	expect_text(f, TEXT);
	ck_assert_int_eq(fsock_octet_position(f), (int64_t)n);
	ck_assert_int_eq(fclose(f), 0);
	free(octets);
}
END_TEST

START_TEST(file)
{
	const struct row *row = &rows[_i];
	FILE *inner = tmpfile(), *f;
	char got[64], format[64], line[16];
	int fd = dup(fileno(inner));

	f = fsock_recode(inner, "w", row->format);
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(TEXT, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(pread(fd, got, sizeof got, 0), (ssize_t)row->n);
	ck_assert_mem_eq(got, row->octets, row->n);
	lseek(fd, 0, SEEK_SET);
	f = fsock_recode(fdopen(fd, "r"), "r", reading(row, format, sizeof format));
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "a\xC3\xA4\n");
	expect_text(f, &TEXT[4]);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1); /* with what it stood on */
}
END_TEST

/* A line that has come is handed on, though no more is there; a format changes between lines. */
START_TEST(pipes)
{
	int fds[2];
	FILE *f;
	char line[16];

	ck_assert_int_eq(pipe(fds), 0);
	f = fsock_recode(fdopen(fds[0], "r"), "r", "latin-1,crlf");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(write(fds[1], "\xE4\r\n", 3), 3);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "\xC3\xA4\n");
	ck_assert_int_eq(fsock_set_format(f, "utf-8"), 0);
	ck_assert_int_eq(write(fds[1], "\xC3\xA4\r\n\xFF!", 6), 6);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "\xC3\xA4\r\n");
	close(fds[1]);
	ck_assert_int_eq(fsock_read_byte(f), 0xFF);
	expect_text(f, "!");
	ck_assert_int_eq(fclose(f), 0);
}
END_TEST

/* An error below is told once, loses nothing, and reading goes on when there is more. */
START_TEST(not_yet)
{
	int fds[2];
	FILE *f;
	char text[16];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	f = fsock_recode(fdopen(fds[0], "r"), "r", "utf-8,crlf");
	for (int i = 0; i < 2; i++) {
		errno = 0;
		ck_assert_int_eq(getc(f), EOF);
		ck_assert_int_eq(errno, EAGAIN);
		ck_assert_int_eq(fsock_last_error()->errnum, EAGAIN);
		ck_assert(ferror(f));
		clearerr(f);
		if (i == 0)
			ck_assert_int_eq(write(fds[1], "\xE2\x82", 2), 2);
	}
	ck_assert_int_eq(write(fds[1], "\xAC\r\n", 3), 3);
	ck_assert_ptr_nonnull(fgets(text, sizeof text, f));
	ck_assert_str_eq(text, "\xE2\x82\xAC\n");
	ck_assert_int_eq(write(fds[1], "z", 1), 1);
	close(fds[1]);
	expect_text(f, "z");
	fclose(f);
}
END_TEST

/* An error behind some octets is told behind them, and the end after it is no error. */
START_TEST(not_yet_behind)
{
	int fds[2];
	FILE *f;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	f = fsock_recode(fdopen(fds[0], "r"), "r", "utf-8");
	ck_assert_int_eq(write(fds[1], "ab", 2), 2);
	ck_assert_int_eq(getc(f), 'a');
	ck_assert_int_eq(getc(f), 'b');
	close(fds[1]);
	errno = 0;
	ck_assert_int_eq(getc(f), EOF);
	ck_assert(ferror(f));
	ck_assert_int_eq(errno, EAGAIN);
	clearerr(f);
	errno = 0;
	ck_assert_int_eq(getc(f), EOF);
	ck_assert(!ferror(f));
	ck_assert(feof(f));
	ck_assert_int_eq(errno, 0);
	fclose(f);
}
END_TEST

/* What the layer below refuses is not passed over: the text around it would be joined. */
START_TEST(bad_below)
{
	FILE *inner = fsock_octets_input("ab\xFF"
					 "cd",
	    5, "utf-8");
	FILE *f = fsock_recode(inner, "r", "utf-8");
	char text[8];

	ck_assert_uint_eq(fread(text, 1, sizeof text, f), 2);
	ck_assert_mem_eq(text, "ab", 2);
	ck_assert(ferror(f));
	ck_assert_int_eq(errno, EILSEQ);
	clearerr(f);
	expect_text(f, "cd");
	fclose(f);
}
END_TEST

/* What cannot be written is told, at the latest by fclose(). */
START_TEST(full)
{
	FILE *inner = fopen("/dev/full", "w"), *f;

	if (inner == NULL) {
		printf("SKIPPED: no /dev/full\n");
		return;
	}
	f = fsock_recode(inner, "w", "utf-16le");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs("text", f), 0);
	errno = 0;
	ck_assert_int_ne(fflush(f), 0);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(fsock_last_error()->errnum, ENOSPC);
	ck_assert_int_eq(fclose(f), EOF);
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

/* A pipe or a socket whose reader is gone: an error, no signal, and one that was pending stays. */
START_TEST(reader_gone)
{
	sigset_t pipe_signal, pending;
	int fds[2], is_pending = _i & 1;
	FILE *f;

	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	ck_assert_int_eq(_i & 2 ? socketpair(AF_UNIX, SOCK_STREAM, 0, fds) : pipe(fds), 0);
	close(fds[0]);
	if (is_pending) {
		pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
		pthread_kill(pthread_self(), SIGPIPE);
	}
	f = fsock_recode(fdopen(fds[1], "w"), "w", "latin-1");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs("text", f), 0);
	ck_assert_int_ne(fflush(f), 0);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_int_eq(fsock_last_error()->errnum, EPIPE);
	ck_assert_int_eq(fclose(f), EOF);
	ck_assert_int_eq(sigpending(&pending), 0);
	ck_assert_int_eq(sigismember(&pending, SIGPIPE), is_pending);
}
END_TEST

START_TEST(empty)
{
	char *octets = NULL;
	size_t n = 77;
	FILE *f = fsock_octets_input(NULL, 0, "utf-16le,crlf");

	ck_assert_ptr_nonnull(f);
	expect_text(f, "");
	ck_assert_int_eq(fclose(f), 0);
	f = fsock_octets_output(&octets, &n, "utf-16le,crlf");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_uint_eq(n, 0);
	free(octets);
}
END_TEST

/* More than any buffer, all octets there are, through binary and text. */
START_TEST(large)
{
	enum { SIZE = 300000 };
	static uint8_t octets[SIZE];
	FILE *f;
	int c;

	for (int i = 0; i < SIZE; i++)
		octets[i] = (uint8_t)(i * 7 + i / 1000);
	f = fsock_octets_input(octets, SIZE, _i == 0 ? "binary" : "latin-1");
	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < SIZE; i++) {
		c = _i == 0 ? getc(f) : fsock_getc32(f);
		if (c != octets[i])
			ck_abort_msg("octet %d is %d, not %d", i, c, octets[i]);
	}
	ck_assert_int_eq(getc(f), EOF);
	fclose(f);
}
END_TEST

/* On top of a socket's stream, both ways. */
START_TEST(two_way)
{
	static const struct fsock_options options[] = {
		{ .timeout = 20 },
		{ .timeout = 20, .delivery = FSOCK_DELIVER_BLOCK },
	};
	struct stdio_link link;
	char line[16];
	FILE *f;

	stdio_link_open(&link, STDIO_SOCKETPAIR, &options[_i]);
	f = fsock_recode(fsock_stream(link.s), "r+", "utf-16be,crlf");
	ck_assert_ptr_nonnull(f);
	stdio_far_send(&link, "\0a\0\r\0\n\0b\0\r\0\n", 12);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "a\n");
	ck_assert_int_ge(fputs("c\n", f), 0);
	ck_assert_int_eq(fflush(f), 0);
	stdio_far_expect(&link, "\0c\0\r\0\n", 6);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_str_eq(line, "b\n");
	ck_assert_int_ge(fputs("d\n", f), 0);
	ck_assert_int_eq(fclose(f), 0);
	stdio_far_expect(&link, "\0d\0\r\0\n", 6);
	stdio_far_expect_end(&link);
	stdio_link_close(&link);
}
END_TEST

/* What is refused leaves the inner FILE as it was, and nothing open. */
START_TEST(refused)
{
	static const struct {
		const char *mode, *format;
	} bad[] = { { NULL, "utf-8" }, { "", "utf-8" }, { "rb", "utf-8" }, { "a", "utf-8" },
		{ "rw", "utf-8" }, { "r", NULL }, { "r", "utf-9" },
		{ "r",
		    "utf-8,errors=replace=?,eol=crlf,bom=strip,reject-cr,reject-lf,idempotent" } };
	int fds = sock_open_fds();
	FILE *inner = tmpfile();
	char *octets;
	size_t n;

	for (int i = 0; i < COUNT(bad); i++) {
		errno = 0;
		ck_assert_ptr_null(fsock_recode(inner, bad[i].mode, bad[i].format));
		sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	}
	for (int error = 0; error <= ENOENT; error += ENOENT) { /* of the fopen() that failed */
		errno = error;
		ck_assert_ptr_null(fsock_recode(NULL, "r", "utf-8"));
		ck_assert_int_eq(errno, error != 0 ? error : EINVAL);
	}
	ck_assert_int_ge(fputs("still open", inner), 0);
	ck_assert_int_eq(fclose(inner), 0);
	ck_assert_ptr_null(fsock_octets_input(NULL, 1, "utf-8"));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(fsock_octets_input("", 1, "utf-9"));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(fsock_octets_output(NULL, &n, "utf-8"));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_null(fsock_octets_output(&octets, NULL, "utf-8"));
	octets = NULL;
	ck_assert_ptr_null(fsock_octets_output(&octets, &n, "no-such-charset"));
	ck_assert_ptr_null(octets); /* nothing that somebody would have to free */
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* The handle of such a stream has no descriptor, and says so. */
START_TEST(handle)
{
	FILE *f = fsock_octets_input("a\nb", 3, "utf-8");
	char line[8];

	ck_assert_ptr_nonnull(fsock_of(f));
	ck_assert_int_eq(fsock_fileno(f), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_int_eq(fsock_upgrade(fsock_of(f)), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(fsock_set_bound(f, 0), 0);
	ck_assert_int_eq(getc(f), EOF);
	ck_assert(feof(f));
	fclose(f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("recode");
	TCase *tcase = tcase_create("recode");

	tcase_add_loop_test(tcase, memory, 0, COUNT(rows));
	tcase_add_loop_test(tcase, file, 0, COUNT(rows));
	tcase_add_test(tcase, pipes);
	tcase_add_test(tcase, not_yet);
	tcase_add_test(tcase, not_yet_behind);
	tcase_add_test(tcase, bad_below);
	tcase_add_test(tcase, full);
	tcase_add_loop_test(tcase, reader_gone, 0, 4);
	tcase_add_test(tcase, empty);
	tcase_add_loop_test(tcase, large, 0, 2);
	tcase_add_loop_test(tcase, two_way, 0, 2);
	tcase_add_test(tcase, refused);
	tcase_add_test(tcase, handle);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
