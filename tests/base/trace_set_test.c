/* FSOCK_TRACE in the environment: each row is a program of its own, this one called again. */
#include "../../src/base/compat.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "../support/sock_support.h"
#include "../support/traced.h"

enum { UNTRUSTED = 3, NOT_RUN = 127 };

static const char *program;

/* What the program does then: 0, or UNTRUSTED if it has rights that its caller has not. */
static int
talk(void)
{
	fsock *ends[2];
	int fd;

	SOCK_EXPECT(fsock_pair(ends, NULL) == 0);
	fd = fsock_socket(ends[0]);
	SOCK_EXPECT(fd > 2);
	SOCK_EXPECT(fsock_send(ends[0], "secret\n", 7, NULL) == 7);
	SOCK_EXPECT(fsock_close(ends[0]) == 0);
	SOCK_EXPECT(fsock_close(ends[1]) == 0);
	return getuid() != geteuid() || getgid() != getegid() ? UNTRUSTED : 0;
}

/* Runs it, with standard error in the file `errors` if that is wanted. Returns its status. */
static int
run(const char *path, const char *value, const char *errors)
{
	pid_t pid = fork();
	int status, fd;

	if (pid == 0) {
		setenv("FSOCK_TRACE", value, 1);
		fd = open(errors, O_WRONLY | O_CREAT | O_TRUNC, 0666);
		dup2(fd, STDERR_FILENO);
		close(fd);
		execl(path, "talk", (char *)NULL);
		_exit(NOT_RUN);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What a file holds, masked. */
static const char *
contents(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	text[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
	traced_mask(text);
	return text;
}

static const char traced[] = "T * trace of process N begins\n"
			     "T #1 * pair\n"
			     "T #2 * pair\n"
			     "T #1 > secret\\n\n"
			     "T #1 * closed: 0 octets received, 7 sent (T s)\n"
			     "T #2 * closed: 0 octets received, 0 sent (T s)\n";

static const struct {
	const char *value; /* "FILE": a file of its own; "LINK": a link to one */
	int to_errors, to_file;
} rows[] = {
	{ "", 0, 0 },
	{ "2", 1, 0 },
	{ "&2", 1, 0 },
	{ "/dev/stderr", 1, 0 },
	{ "99", 0, 0 },
	{ "0", 0, 0 },
	{ "/no/such/directory/file", 0, 0 },
	{ "FILE", 0, 1 },
	{ "LINK", 0, 0 },
};

START_TEST(environment)
{
	const char *value = rows[_i].value, *file = sock_path("file"),
		   *errors = sock_path("errors");
	struct stat st;
	int status;

	if (strcmp(value, "LINK") == 0) {
		ck_assert_int_eq(symlink(file, sock_path("link")), 0);
		value = sock_path("link");
	} else if (strcmp(value, "FILE") == 0) {
		value = file;
	}
	status = run(program, value, errors);
	if (status == NOT_RUN) /* a machine that is played cannot run its programs again */
		return;
	ck_assert_int_eq(status, 0);
	ck_assert_str_eq(contents(errors), rows[_i].to_errors ? traced : "");
	ck_assert_int_eq(stat(file, &st) == 0, rows[_i].to_file);
	if (!rows[_i].to_file)
		return;
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_str_eq(contents(file), traced);
	ck_assert_int_eq(run(program, value, errors), 0); /* it is appended to */
	ck_assert_uint_gt(strlen(contents(file)), sizeof traced);
}
END_TEST

/* Copies the program. Returns its path, or NULL. */
static const char *
copy(const char *name)
{
	const char *path = sock_path(name);
	int from = open(program, O_RDONLY), to = open(path, O_WRONLY | O_CREAT, 0700), failed;
	static char buf[65536];
	ssize_t n;

	while ((n = read(from, buf, sizeof buf)) > 0 && write(to, buf, (size_t)n) == n)
		;
	failed = n != 0 || chown(path, 65534, 65534) < 0 || chmod(path, 04755) < 0;
	close(from);
	close(to);
	return failed ? NULL : path;
}

/* Only root can make such a program, and not in every file system. */
START_TEST(set_user_id)
{
	const char *errors = sock_path("errors"), *path = copy("copy");

	if (path == NULL || chmod(sock_path("."), 0777) < 0 ||
	    run(path, sock_path("traced"), errors) != UNTRUSTED)
		return;
	ck_assert_str_eq(contents(sock_path("traced")), "");
	ck_assert_int_eq(run(path, "2", errors), UNTRUSTED);
	ck_assert_str_eq(contents(errors), "");
}
END_TEST

int
main(int argc, char **argv)
{
	Suite *s;
	TCase *t;

	if (strcmp(argv[0], "talk") == 0)
		return talk();
	program = argc > 0 ? argv[0] : "";
	s = suite_create("trace_set");
	t = tcase_create("trace_set");
	tcase_add_checked_fixture(t, sock_dir_make, sock_dir_remove);
	tcase_add_loop_test(t, environment, 0, COUNT(rows));
	tcase_add_test(t, set_user_id);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	return sock_run(s);
}
