#include "../../src/base/compat.h"

#include "descriptors.h"

#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "sock_support.h"

#if defined(__linux__)
#include <sys/eventfd.h>
#include <sys/inotify.h>
#endif

void
descriptor_pipe(struct descriptor *p)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	p->fd = ends[0];
	p->other = ends[1];
}

void
descriptor_say(struct descriptor *p)
{
	ck_assert_int_eq(write(p->other, "x\n", 2), 2);
}

void
descriptor_end(struct descriptor *p)
{
	ck_assert_int_eq(close(p->other), 0);
	p->other = -1;
}

/* ---- What there is to read. */

static void
pipe_empty(struct descriptor *p)
{
	descriptor_pipe(p);
}

static void
pipe_with_input(struct descriptor *p)
{
	descriptor_pipe(p);
	descriptor_say(p);
}

static void
pipe_ended(struct descriptor *p)
{
	descriptor_pipe(p);
	descriptor_end(p);
}

static void
pipe_with_input_ended(struct descriptor *p)
{
	descriptor_pipe(p);
	descriptor_say(p);
	descriptor_end(p);
}

static void
file(struct descriptor *p)
{
	p->fd = open("src/symbols.list", O_RDONLY);
}

static void
file_at_its_end(struct descriptor *p)
{
	file(p);
	lseek(p->fd, 0, SEEK_END);
}

static void
directory(struct descriptor *p)
{
	p->fd = open("/", O_RDONLY);
}

static void
null(struct descriptor *p)
{
	p->fd = open("/dev/null", O_RDWR);
}

/* The terminal is at `fd`, who types at `other`. */
static void
terminal(struct descriptor *p)
{
	p->other = posix_openpt(O_RDWR | O_NOCTTY);
	ck_assert_int_ge(p->other, 0);
	ck_assert_int_eq(grantpt(p->other), 0);
	ck_assert_int_eq(unlockpt(p->other), 0);
	p->fd = open(ptsname(p->other), O_RDWR | O_NOCTTY);
}

static void
terminal_half_a_line(struct descriptor *p)
{
	terminal(p);
	ck_assert_int_eq(write(p->other, "x", 1), 1);
}

static void
terminal_line(struct descriptor *p)
{
	terminal(p);
	descriptor_say(p);
}

static void
terminal_hung_up(struct descriptor *p)
{
	terminal(p);
	descriptor_end(p);
}

/* Somebody else's socket. */
static void
stranger(struct descriptor *p)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	p->fd = ends[0];
	p->other = ends[1];
}

static void
stranger_with_input(struct descriptor *p)
{
	stranger(p);
	descriptor_say(p);
}

static void
stranger_ended(struct descriptor *p)
{
	stranger(p);
	descriptor_end(p);
}

static void
start_child(struct descriptor *p, void (*run)(int out))
{
	descriptor_pipe(p);
	p->child = fork();
	ck_assert_int_ge(p->child, 0);
	if (p->child == 0) {
		close(p->fd);
		run(p->other);
		_exit(0);
	}
	descriptor_end(p);
}

static void
talk(int out)
{
	_exit(write(out, "x\n", 2) != 2);
}

static void
child_that_talks(struct descriptor *p)
{
	start_child(p, talk);
}

static void
stay(int out)
{
	(void)out;
	for (;;)
		pause();
}

static void
child_that_lives(struct descriptor *p)
{
	start_child(p, stay);
}

static void
child_that_dies(struct descriptor *p)
{
	start_child(p, stay);
	kill(p->child, SIGKILL);
}

static void
child_that_talks_and_dies(struct descriptor *p)
{
	start_child(p, talk);
	ck_assert_int_eq(waitpid(p->child, NULL, 0), p->child);
	p->child = 0;
}

/* ---- What there is room to write. */

static void
pipe_writer(struct descriptor *p)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	p->fd = ends[1];
	p->other = ends[0];
}

static void
pipe_full(struct descriptor *p)
{
	static const char zeros[4096];

	pipe_writer(p);
	ck_assert_int_eq(fcntl(p->fd, F_SETFL, O_NONBLOCK), 0);
	while (write(p->fd, zeros, sizeof zeros) > 0)
		;
}

static void
pipe_without_reader(struct descriptor *p)
{
	pipe_writer(p);
	descriptor_end(p);
}

/* ---- What only some systems have. */

#if defined(__linux__)

static void
counter(struct descriptor *p)
{
	p->fd = eventfd(0, 0);
}

static void
counter_raised(struct descriptor *p)
{
	p->fd = eventfd(1, 0);
}

static void
watched_directory(struct descriptor *p)
{
	p->fd = inotify_init();
	ck_assert_int_ge(inotify_add_watch(p->fd, "src", IN_OPEN), 0);
	close(open("src/symbols.list", O_RDONLY));
}

#endif

const struct descriptor_row descriptor_inputs[] = {
	{ "pipe", pipe_empty, 0, 0 },
	{ "pipe with input", pipe_with_input, FSOCK_INPUT, 0 },
	{ "pipe without writers", pipe_ended, FSOCK_INPUT | FSOCK_HANGUP, 0 },
	{ "pipe with input, then ended", pipe_with_input_ended, FSOCK_INPUT | FSOCK_HANGUP, 0 },
	{ "file", file, FSOCK_INPUT, 0 },
	{ "file at its end", file_at_its_end, FSOCK_INPUT, 0 },
	{ "directory", directory, FSOCK_INPUT, 0 },
	{ "/dev/null", null, FSOCK_INPUT, 0 },
	{ "terminal", terminal, 0, 0 },
	{ "terminal with half a line", terminal_half_a_line, 0, 0 },
	{ "terminal with a line", terminal_line, FSOCK_INPUT, 0 },
	{ "terminal that has hung up", terminal_hung_up, FSOCK_INPUT | FSOCK_HANGUP, FSOCK_FAILED },
	{ "socket", stranger, 0, 0 },
	{ "socket with input", stranger_with_input, FSOCK_INPUT, 0 },
	{ "socket whose peer has closed", stranger_ended, FSOCK_INPUT | FSOCK_HANGUP, 0 },
	{ "child", child_that_lives, 0, 0 },
	{ "child that talks", child_that_talks, FSOCK_INPUT, FSOCK_HANGUP },
	{ "child that dies", child_that_dies, FSOCK_INPUT | FSOCK_HANGUP, 0 },
	{ "child that has talked and died", child_that_talks_and_dies, FSOCK_INPUT | FSOCK_HANGUP,
	    0 },
#if defined(__linux__)
	{ "eventfd", counter, 0, 0 },
	{ "eventfd that was raised", counter_raised, FSOCK_INPUT, 0 },
	{ "inotify", watched_directory, FSOCK_INPUT, 0 },
#endif
};

const struct descriptor_row descriptor_outputs[] = {
	{ "pipe", pipe_writer, FSOCK_OUTPUT, 0 },
	{ "full pipe", pipe_full, 0, 0 },
	{ "pipe without readers", pipe_without_reader, FSOCK_OUTPUT | FSOCK_FAILED, 0 },
	{ "file", file, FSOCK_OUTPUT, 0 },
	{ "/dev/null", null, FSOCK_OUTPUT, 0 },
	{ "terminal", terminal, FSOCK_OUTPUT, 0 },
	{ "socket", stranger, FSOCK_OUTPUT, 0 },
};

const int descriptor_input_count = COUNT(descriptor_inputs);
const int descriptor_output_count = COUNT(descriptor_outputs);

fsock *
descriptor_begin(struct descriptor *p, const struct descriptor_row *row)
{
	fsock *s;

	*p = (struct descriptor){ .fd = -1, .other = -1 };
	row->open(p);
	ck_assert_int_ge(p->fd, 0);
	s = fsock_watch(p->fd);
	ck_assert_msg(s != NULL, "%s: %s", row->name, fsock_last_error()->text);
	return s;
}

/* What is ended elsewhere already is not there: -1, 0. */
void
descriptor_finish(struct descriptor *p, fsock *s)
{
	ck_assert_int_eq(fsock_close(s), 0);
	if (p->child > 0) {
		kill(p->child, SIGKILL);
		ck_assert_int_eq(waitpid(p->child, NULL, 0), p->child);
	}
	ck_assert_int_eq(fcntl(p->fd, F_GETFD), 0); /* it was left alone */
	close(p->fd);
	close(p->other);
}
