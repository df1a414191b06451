/* The lines of a trace: escapes, breaks, marks. */
#include "../../src/base/compat.h"

#include <fcntl.h>
#include <unistd.h>
#include <sys/wait.h>

#include "base/trace.h"
#include "base/trace_line.h"
#include "../support/sock_support.h"
#include "../support/traced.h"

#define X16  "0123456789abcdef"
#define X128 X16 X16 X16 X16 X16 X16 X16 X16

static const struct {
	struct fsock_trace_event event;
	const char *octets, *lines;
} rows[] = {
	{ { FSOCK_TRACE_OPEN, 0, 0, -1, 0, "words", NULL, 0 }, NULL, "T * words\n" },
	{ { FSOCK_TRACE_LOOKUP, 3, 0, 0.25, 0, "words", NULL, 0 }, NULL, "T #1 * words (T s)\n" },
	{ { FSOCK_TRACE_FAILED, 3, 0, -1, FSOCK_TIMEOUT_ERROR, "late", NULL, 0 }, NULL,
	    "T #1 ! late\n" },
	{ { FSOCK_TRACE_ATTEMPT, 3, 0, 1, FSOCK_TIMEOUT_ERROR, "late", NULL, 0 }, NULL,
	    "T #1 ! late (T s)\n" },
	{ { FSOCK_TRACE_SENT, 3, 0, -1, 0, "", "", 0 }, "a\r\nb\n",
	    "T #1 > a\\r\\n\nT #1 > b\\n\n" },
	{ { FSOCK_TRACE_RECEIVED, 3, 0, -1, 0, "", "", 0 }, "no end", "T #1 < no end\n" },
	{ { FSOCK_TRACE_RECEIVED, 3, 0, -1, 0, "from 1", "", 0 }, "\n\n",
	    "T #1 < from 1\nT #1 < \\n\nT #1 < \\n\n" },
	{ { FSOCK_TRACE_SENT, 3, 0, -1, 0, "", "", 0 }, "\t\\\x1b(m\x7f\x80\xff~ ",
	    "T #1 > \\t\\\\\\x1b(m\\x7f\\x80\\xff~ \n" },
	{ { FSOCK_TRACE_SENT, 3, 0, -1, 0, "", "", 0 }, X128, "T #1 > " X128 "\n" },
	{ { FSOCK_TRACE_SENT, 3, 0, -1, 0, "", "", 0 }, X128 "x\n",
	    "T #1 > " X128 "\nT #1 > x\\n\n" },
	{ { FSOCK_TRACE_SENT, 3, 0, -1, 0, "", "", 0 }, "", "" },
};

START_TEST(line)
{
	struct fsock_trace_event event = rows[_i].event;

	if (rows[_i].octets != NULL) {
		event.octets = rows[_i].octets;
		event.count = strlen(rows[_i].octets);
	}
	traced_begin();
	errno = EDOM;
	fsock__trace_event(&event);
	ck_assert_int_eq(errno, EDOM);
	ck_assert_str_eq(traced_end(), rows[_i].lines);
}
END_TEST

/* More than is written at once: nothing is lost, and every line has its beginning. */
START_TEST(many)
{
	static unsigned char octets[10000];
	const char *p;
	size_t n = 0;

	memset(octets, 0xAB, sizeof octets);
	traced_begin();
	fsock__trace_event(&(struct fsock_trace_event){
	    .kind = FSOCK_TRACE_SENT, .socket = 1, .text = "", .octets = octets, .count = 10000 });
	for (p = traced_end(); *p != '\0'; p = strchr(p, '\n') + 1) {
		ck_assert(strncmp(p, "T #1 > \\xab", 11) == 0);
		n += (strcspn(p, "\n") - 7) / 4;
	}
	ck_assert_uint_eq(n, 10000);
}
END_TEST

/* A child of fork() names itself. */
START_TEST(forked)
{
	int status;
	pid_t pid;

	traced_begin();
	fsock__trace_tell(0, FSOCK_TRACE_OPEN, FSOCK__TRACE_NONE, "parent");
	pid = fork();
	if (pid == 0) {
		fsock__trace_tell(0, FSOCK_TRACE_OPEN, FSOCK__TRACE_NONE, "child");
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_str_eq(traced_end(), "T * parent\nT [N] * child\n");
}
END_TEST

/* The file has become another one: it is the program's, and left alone. */
START_TEST(given_away)
{
	int fd = open(sock_path("mine"), O_WRONLY | O_CREAT, 0600);
	int other = open(sock_path("other"), O_RDWR | O_CREAT, 0600);

	fsock__trace_select(NULL, NULL, fd, 1);
	fsock__trace_tell(0, FSOCK_TRACE_OPEN, FSOCK__TRACE_NONE, "one");
	ck_assert(lseek(fd, 0, SEEK_CUR) > 0);
	dup2(other, fd);
	fsock__trace_tell(0, FSOCK_TRACE_OPEN, FSOCK__TRACE_NONE, "two");
	ck_assert_int_eq(lseek(other, 0, SEEK_END), 0);
	ck_assert(!fsock__trace_is_on());
	close(fd);
	close(other);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("trace_line");
	TCase *t = tcase_create("trace_line");

	tcase_add_checked_fixture(t, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(t, line, 0, COUNT(rows));
	tcase_add_test(t, many);
	tcase_add_test(t, forked);
	tcase_add_test(t, given_away);
	suite_add_tcase(s, t);
	return sock_run(s);
}
