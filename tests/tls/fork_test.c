/* The connection is its process's: what a child does with it, and how it ends, nobody sees. */
#include "../../src/base/compat.h"

#include <sys/wait.h>

#include "bare.h"

static void
end_by_exit(fsock *s)
{
	(void)s;
	exit(0);
}

static void
end_at_once(fsock *s)
{
	(void)s;
	_exit(0);
}

static void
end_by_closing(fsock *s)
{
	fclose(fsock_stream(s));
}

static void
end_by_abort(fsock *s)
{
	fsock_abort(s);
}

static void
end_by_shutdown(fsock *s)
{
	fsock_close(s);
	exit(0);
}

static void
write_then_exit(fsock *s)
{
	fputs("from the child\n", fsock_stream(s));
	fflush(fsock_stream(s));
	exit(0);
}

static void
read_then_exit(fsock *s)
{
	char line[64];

	fsock_set_option(s, FSOCK_OPTION_RECEIVE_TIMEOUT, 0.01);
	if (fgets(line, sizeof line, fsock_stream(s)) != NULL)
		_exit(1);
	exit(0);
}

typedef void child_fn(fsock *);

static child_fn *const children[] = { end_by_exit, end_at_once, end_by_closing, end_by_abort,
	end_by_shutdown, write_then_exit, read_then_exit };

/* With a line in the FILE that has not been sent: _i & 1. */
START_TEST(beside)
{
	int is_held = _i & 1, status;
	struct bare b = { 0 };
	FILE *f;
	pid_t pid;
	char c;

	bare_open(&b, _i & 2);
	bare_hear(&b, "before\n");
	bare_say(&b, "before\n");
	f = fsock_stream(b.s);
	if (is_held)
		ck_assert_int_ge(fputs("held, ", f), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		children[_i / 4](b.s);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) != 1);
	ck_assert_int_eq(recv(b.fd, &c, 1, MSG_DONTWAIT), -1);
	ck_assert_int_eq(errno, EAGAIN);
	bare_hear_all(&b, "goes on\n", is_held ? "held, goes on\n" : "goes on\n");
	bare_say(&b, "still there?\n");
	bare_hear(&b, "yes\n");
	bare_close(&b);
}
END_TEST

static void
add(TCase *t)
{
	tcase_add_loop_test(t, beside, 0, 4 * COUNT(children));
}

int
main(void)
{
	return tls_run("fork", add);
}
