/*
 * The same lines of C on a stream of the library and on one of fdopen(), and what they did. `make
 * demo` runs this program. Each scene is played twice, over TCP. The client is a process of its
 * own, because it may be killed; this process is its peer, and prints what the clients report. The
 * exit status is 1 if the library did not do what it should.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fsock.h>

#define LIMIT 0.2 /* seconds that a client waits for input */

struct report {
	char code[40], result[40], words[512];
};

/* ---- The clients. */

static int reports; /* a pipe */

/* What a call returned; in place of NULL and EOF, the error. */
static void
tell(FILE *f, const char *code, const char *line)
{
	struct report report = { .words = "" };

	if (line != NULL)
		snprintf(report.result, sizeof report.result, "%s", line);
	else
		snprintf(report.result, sizeof report.result, "%s", strerror(errno));
	if (line == NULL && fsock_of(f) != NULL)
		snprintf(report.words, sizeof report.words, "%s", fsock_last_error()->text);
	snprintf(report.code, sizeof report.code, "%s", code);
	if (write(reports, &report, sizeof report) < 0)
		_exit(EXIT_FAILURE);
}

/* A line as C shows it. */
static const char *
quote(const char *line)
{
	static char text[40];

	if (line == NULL)
		return NULL;
	snprintf(text, sizeof text, "\"%.*s%s\"", (int)strcspn(line, "\n"), line,
	    strchr(line, '\n') != NULL ? "\\n" : "");
	return text;
}

/* The peer has sent something: the time limit is not for that. */
static void
wait_for_peer(FILE *f)
{
	struct pollfd wait = { .fd = fsock_of(f) ? fsock_fileno(f) : fileno(f), .events = POLLIN };

	poll(&wait, 1, -1);
}

/* The code that is shown is the code that runs. */
#define READ(...)  (wait_for_peer(f), tell(f, #__VA_ARGS__, quote((__VA_ARGS__))))
#define WRITE(...) tell(f, #__VA_ARGS__, (__VA_ARGS__) == 0 ? "sent" : NULL)

static void
turn(FILE *f)
{
	char s[99];

	READ(fgets(s, 99, f));
	WRITE(fputs("ok\n", f), fflush(f));
	READ(fgets(s, 99, f));
}

static void
be_late(FILE *f)
{
	char s[99];

	READ(fgets(s, 99, f));
	READ(clearerr(f), fgets(s, 99, f));
}

static void
break_off(FILE *f)
{
	char s[99];

	READ(fgets(s, 99, f));
	WRITE(fputs("bye\n", f), fflush(f));
}

/* ---- The scenes. The peer says something when so many steps have been reported. */

#define STEPS 4

static const struct scene {
	const char *title;
	void (*client)(FILE *f);
	const char *lines[STEPS]; /* of the peer's; NULL at first: a reset */
	const char *right[STEPS]; /* what should happen; NULL: an error, and which */
	int error[STEPS], steps;
	int is_heard; /* the last step is that of the peer, which reads a line */
} scenes[] = {
	{ "The peer sends \"one\\ntwo\\n\", and the client answers before it reads on.", turn,
	    { "one\ntwo\n", NULL, "three\n" }, { "\"one\\n\"", "sent", "\"two\\n\"", "\"ok\\n\"" },
	    { 0 }, 4, 1 },
	{ "The peer sends \"half a \", and \"line\\n\" after the time limit of the client.",
	    be_late, { "half a ", "line\n" }, { NULL, "\"half a line\\n\"" }, { ETIMEDOUT }, 2, 0 },
	{ "The peer resets the connection, and the client sends its last words.", break_off,
	    { NULL }, { NULL, NULL }, { ECONNRESET, EPIPE }, 2, 0 },
};
#define SCENES (sizeof scenes / sizeof *scenes)

static void
fail(const char *what)
{
	fprintf(stderr, "demo: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* Connects as a program does that has only the system. */
static FILE *
open_with_fdopen(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct timeval limit = { .tv_usec = (int)(LIMIT * 1e6) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0)
		return NULL;
	return fdopen(fd, "r+");
}

static FILE *
open_with_fsock(int port)
{
	struct fsock_options options = { .read_timeout = LIMIT,
		.delivery = FSOCK_DELIVER_WHOLE_LINE };

	return fsock_open_stream("127.0.0.1", port, &options);
}

/* Starts the client. Returns its process; *from becomes the end of its pipe. */
static pid_t
start(const struct scene *scene, FILE *(*opener)(int port), int port, int *from)
{
	static const struct report ready = { .code = "ready" };
	int ends[2];
	pid_t child = -1;
	FILE *f;

	if (pipe(ends) < 0 || (child = fork()) < 0)
		fail("a process");
	if (child == 0) {
		close(ends[0]);
		reports = ends[1];
		signal(SIGPIPE, SIG_DFL);
		f = opener(port);
		if (f == NULL || write(reports, &ready, sizeof ready) < 0)
			_exit(EXIT_FAILURE);
		scene->client(f);
		fclose(f);
		_exit(EXIT_SUCCESS);
	}
	close(ends[1]);
	*from = ends[0];
	return child;
}

/* The side of the peer. Says what it has to say at each step, and takes what is reported. */
static void
follow(const struct scene *scene, FILE *f, int from, struct report *reported)
{
	struct report ready;
	int i;

	if (read(from, &ready, sizeof ready) != (ssize_t)sizeof ready)
		fail("connect");
	if (scene->lines[0] == NULL)
		fsock_abort(fsock_of(f));
	for (i = 0; i < STEPS; i++) {
		if (scene->lines[i] != NULL && (fputs(scene->lines[i], f) < 0 || fflush(f) < 0))
			fail("send");
		if (read(from, &reported[i], sizeof *reported) != (ssize_t)sizeof *reported)
			return;
	}
}

/* The client has ended. If it was killed, this is what the step did that it has not reported. */
static void
end(const struct scene *scene, pid_t client, struct report *reported)
{
	int status, i = 0;

	if (waitpid(client, &status, 0) != client)
		fail("wait");
	while (i < scene->steps - scene->is_heard && reported[i].result[0] != '\0')
		i++;
	if (i < scene->steps && WIFSIGNALED(status))
		snprintf(reported[i].result, sizeof reported[i].result, "killed: %s",
		    strsignal(WTERMSIG(status)));
}

static void
play(const struct scene *scene, fsock *listener, FILE *(*opener)(int), struct report *reported)
{
	struct fsock_options options = { .timeout = 60 };
	struct report *last = &reported[scene->steps - 1];
	char line[20];
	int from;
	pid_t client = start(scene, opener, fsock_local_port(listener), &from);
	FILE *f = fsock_accept_connection(listener, &options);

	if (f == NULL)
		fail("accept");
	follow(scene, f, from, reported);
	end(scene, client, reported);
	close(from);
	if (scene->is_heard) {
		strcpy(last->code, "what the peer has received");
		strcpy(last->result, fgets(line, sizeof line, f) ? quote(line) : "nothing");
	}
	if (scene->lines[0] != NULL)
		fclose(f);
}

/* ---- The table. */

static int has_colours;

static const char *
colour(const char *code)
{
	return has_colours ? code : "";
}

static int
is_right(const struct scene *scene, int i, const struct report *reported)
{
	const char *right = scene->right[i] != NULL ? scene->right[i] : strerror(scene->error[i]);

	return strcmp(reported[i].result, right) == 0;
}

static void
show(const char *result, int is_right, int width)
{
	printf("%s%-*s%s", colour(is_right ? "\033[32m" : "\033[31m"), width, result,
	    colour("\033[0m"));
}

/* Plays a scene and prints it; counts what was right. Returns how many steps it has. */
static int
perform(const struct scene *scene, fsock *listener, int right[2])
{
	struct report fsock_did[STEPS] = { 0 }, fdopen_did[STEPS] = { 0 };
	int i, is_good;

	play(scene, listener, open_with_fsock, fsock_did);
	play(scene, listener, open_with_fdopen, fdopen_did);
	printf("%s%s%s\n", colour("\033[1m"), scene->title, colour("\033[0m"));
	for (i = 0; i < scene->steps; i++) {
		printf("  %-29s", fsock_did[i].code);
		right[0] += is_good = is_right(scene, i, fsock_did);
		show(fsock_did[i].result, is_good, 25);
		right[1] += is_good = is_right(scene, i, fdopen_did);
		show(fdopen_did[i].result, is_good, 0);
		putchar('\n');
		if (i == 0 && fsock_did[0].words[0] != '\0')
			printf("    fsock_last_error(): %s\n", fsock_did[0].words);
	}
	return scene->steps;
}

int
main(void)
{
	fsock *listener = fsock_listen("127.0.0.1", FSOCK_AUTO_PORT, NULL);
	int right[2] = { 0, 0 }, steps = 0;
	size_t i;

	if (listener == NULL)
		fail("listen");
	has_colours = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
	printf("  %-29s%-25s%s\n", "C, on a FILE *f", "fsock", "fdopen() on a socket");
	for (i = 0; i < SCENES; i++) {
		fflush(stdout);
		steps += perform(&scenes[i], listener, right);
	}
	printf("As it should be: fsock %d of %d, fdopen() %d.\n", right[0], steps, right[1]);
	fsock_close(listener);
	return right[0] == steps ? EXIT_SUCCESS : EXIT_FAILURE;
}
