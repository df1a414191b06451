#include "../../src/base/compat.h"
#include "peer.h"

#include <sys/wait.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>

#include <check.h>

#include <fsock.h>

extern char **environ;

static char directory[] = "/tmp/fsock-test-XXXXXX";

void
peer_make_directory(void)
{
	strcpy(directory + sizeof directory - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
peer_remove_directory(void)
{
	nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
peer_path(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", directory, name);
	return path;
}

int
peer_is_missing(const char *program)
{
	char command[128];

	snprintf(command, sizeof command, "command -v %s >/dev/null", program);
	if (system(command) == 0)
		return 0;
	fprintf(stderr, "SKIPPED: %s is not installed\n", program);
	return 1;
}

int
peer_cannot_use(const char *host)
{
	fsock *s = fsock_listen(host, 0, NULL);

	if (s == NULL)
		fprintf(stderr, "SKIPPED: %s\n", fsock_last_error()->text);
	fsock_close(s);
	return s == NULL;
}

void
peer_start(struct peer *p, const char *command, const char *host, int port)
{
	const char *argv[] = { "sh", "-c", command, NULL };
	posix_spawn_file_actions_t actions;
	int pipes[3][2];
	char digits[16];

	snprintf(digits, sizeof digits, "%d", port);
	setenv("HOST", host, 1);
	setenv("PORT", digits, 1);
	setenv("DIR", directory, 1);
	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(pipe(pipes[i]), 0);
		fcntl(pipes[i][0], F_SETFD, FD_CLOEXEC);
		fcntl(pipes[i][1], F_SETFD, FD_CLOEXEC);
		posix_spawn_file_actions_adddup2(&actions, pipes[i][i == 0 ? 0 : 1], i);
	}
	ck_assert_int_eq(
	    posix_spawn(&p->pid, "/bin/sh", &actions, NULL, (char **)(uintptr_t)argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	for (int i = 0; i < 3; i++)
		close(pipes[i][i == 0 ? 0 : 1]);
	p->to = fdopen(pipes[0][1], "w");
	p->from = fdopen(pipes[1][0], "r");
	p->log = fdopen(pipes[2][0], "r");
	setvbuf(p->to, NULL, _IOLBF, 0);
}

const char *
peer_says(FILE *from, const char *text)
{
	static char line[512];

	while (fgets(line, sizeof line, from) != NULL)
		if (strstr(line, text) != NULL)
			return line;
	return NULL;
}

const char *
peer_await(FILE *from, const char *text)
{
	const char *line = peer_says(from, text);

	ck_assert_msg(line != NULL, "the program has ended without saying \"%s\"", text);
	return line;
}

int
peer_last_number(const char *line)
{
	size_t end = strcspn(line, "\r\n"), start = end;

	while (start > 0 && line[start - 1] >= '0' && line[start - 1] <= '9')
		start--;
	ck_assert_msg(start < end, "no number at the end of: %s", line);
	return (int)strtol(line + start, NULL, 10);
}

int
peer_end(struct peer *p)
{
	int status;

	if (p->to != NULL)
		fclose(p->to);
	ck_assert_int_eq(waitpid(p->pid, &status, 0), p->pid);
	fclose(p->from);
	fclose(p->log);
	ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

void
peer_kill(struct peer *p)
{
	ck_assert_int_eq(kill(p->pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(p->pid, NULL, 0), p->pid);
	if (p->to != NULL)
		fclose(p->to);
	fclose(p->from);
	fclose(p->log);
}
