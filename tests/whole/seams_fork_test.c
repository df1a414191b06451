/*
 * fork() beside what the library is in the middle of, and the server that forks for each client: a
 * child owns nothing of its parent's, and who closes its copy harms nobody. Each row is a child
 * under an alarm, and so are the processes it makes.
 */
#include "../../src/base/compat.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/sock_support.h"

#define LIMIT 6 /* seconds that a process has */

static enum sock_transport transport;
static fsock *s;
static int peer;
static FILE *f;

static void
say(const char *text)
{
	if (send(peer, text, strlen(text), FSOCK__MSG_NOSIGNAL) < 0)
		_exit(3);
}

/* Whether the child ends as it is to. */
static int
has_ended_well(pid_t child)
{
	int status = -1;

	return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- A fork while a thread sends. */

#if defined(__GLIBC__)

static char block[1 << 20];
static int written;

static void
write_block(void *arg)
{
	(void)arg;
	written = fwrite(block, 1, sizeof block, f) == sizeof block && fflush(f) == 0;
}

/* The child closes its copy, the writer goes on: the peer gets all, and a proper end. */
static int
fork_while_sending(void)
{
	int room = 16 << 10;
	struct sock_thread writer;
	static char got[sizeof block];
	pid_t child;

	SOCK_EXPECT(setsockopt(fsock_socket(s), SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
	SOCK_EXPECT(setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) == 0);
	f = fsock_output(s);
	sock_thread_start(&writer, write_block, NULL);
	sock_thread_await_blocked(&writer);
	child = fork();
	SOCK_EXPECT(child >= 0);
	if (child == 0) {
		alarm(LIMIT / 2);
		_exit(fsock_close(s) == 0 ? 0 : 1);
	}
	SOCK_EXPECT(has_ended_well(child));
	SOCK_EXPECT(sock_read_all(peer, got, sizeof got) == (ssize_t)sizeof got);
	sock_thread_join(&writer);
	SOCK_EXPECT(written);
	SOCK_EXPECT(fsock_close(s) == 0);
	SOCK_EXPECT(read(peer, got, 1) == 0);
	return 0;
}

#else

/* POSIX lets such a child call only what handlers may, and other libcs than glibc mean it. */
static int
fork_while_sending(void)
{
	return 0;
}

#endif

/* ---- A child for each client. */

static int gone[2]; /* a pipe: the parent has no copy any more */

/* Serves what is left: these lines come, and the answer is the child's. */
static int
serve(const char *lines)
{
	char line[64], c;

	SOCK_EXPECT(read(gone[0], &c, 1) == 1);
	while (fgets(line, sizeof line, f) != NULL) {
		SOCK_EXPECT(strncmp(lines, line, strlen(line)) == 0);
		lines += strlen(line);
	}
	SOCK_EXPECT(feof(f) && *lines == '\0');
	SOCK_EXPECT(fputs("done\n", f) >= 0);
	SOCK_EXPECT(fsock_close(s) == 0);
	return 0;
}

/*
 * The parent has read a line when it forks, and ends its copy by `end` with `unread` behind that.
 */
static int
serve_in_child(const char *unread, int (*end)(void))
{
	char line[64], lines[64];
	pid_t child;

	SOCK_EXPECT(pipe(gone) == 0);
	say("USER x\n");
	say(unread);
	f = fsock_stream(s);
	SOCK_EXPECT(fgets(line, sizeof line, f) != NULL && strcmp(line, "USER x\n") == 0);
	snprintf(lines, sizeof lines, "%sa\nb\nc\nd\ne\n", unread);
	child = fork();
	SOCK_EXPECT(child >= 0);
	if (child == 0) {
		alarm(LIMIT / 2);
		close(peer);
		_exit(serve(lines));
	}
	say("a\nb\nc\n");
	SOCK_EXPECT(end() == 0);
	SOCK_EXPECT(write(gone[1], "x", 1) == 1);
	say("d\ne\n");
	SOCK_EXPECT(shutdown(peer, SHUT_WR) == 0);
	SOCK_EXPECT(has_ended_well(child));
	SOCK_EXPECT(sock_read_all(peer, line, 5) == 5 && memcmp(line, "done\n", 5) == 0);
	SOCK_EXPECT(read(peer, line, 1) == 0);
	return 0;
}

static int
close_copy(void)
{
	return fsock_close(s);
}

static int
fclose_copy(void)
{
	fsock_disown(s);
	return fclose(f);
}

static int
abort_copy(void)
{
	return fsock_abort(s);
}

/* What the manual has always recommended. */
static int
release_copy(void)
{
	char ahead[64];

	return close(fsock_release(s, ahead, sizeof ahead, NULL));
}

static int
closed(void)
{
	return serve_in_child("", close_copy);
}

static int
closed_with_unread_input(void)
{
	return serve_in_child("one\ntwo\n", close_copy);
}

static int
closed_by_fclose(void)
{
	return serve_in_child("", fclose_copy);
}

static int
closed_by_fclose_with_unread_input(void)
{
	return serve_in_child("one\ntwo\n", fclose_copy);
}

static int
aborted(void)
{
	return serve_in_child("", abort_copy);
}

static int
released(void)
{
	return serve_in_child("one\n", release_copy);
}

static const struct {
	const char *name;
	int (*run)(void);
} rows[] = {
	{ "fork while a thread sends", fork_while_sending },
	{ "a child for a client, the parent closes", closed },
	{ "and has not read all", closed_with_unread_input },
	{ "the parent disowns, then fclose()", closed_by_fclose },
	{ "and has not read all of it", closed_by_fclose_with_unread_input },
	{ "the parent aborts", aborted },
	{ "the parent releases", released },
};

static int
play(void *arg)
{
	alarm(LIMIT);
	transport = *(int *)arg % 2 ? SOCK_TCP4 : SOCK_PAIR;
	s = sock_raw(transport, NULL, &peer);
	return rows[*(int *)arg / 2].run();
}

START_TEST(forks)
{
	ck_assert_msg(sock_child(play, &_i) == 0, "%s, transport %d", rows[_i / 2].name, _i % 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("seams_fork");
	TCase *tcase = tcase_create("seams_fork");

	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, forks, 0, 2 * COUNT(rows));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
