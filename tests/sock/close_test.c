/* Ending sockets: what close says, what abort does, in which order streams and handle may end. */
#include "../../src/base/compat.h"

#include <sys/ioctl.h>
#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include "../support/sock_support.h"

/*
 * A life of a socket, letter by letter, seen by its peer.
 *	s i o   the two-way, the input, the output stream is opened
 *	w       each open stream that writes is given an octet, which stays in its buffer
 *	S I O   the stream is closed
 *	C A D   the handle is closed, aborted, disowned: it is not used any more
 *	r       the peer sends an octet, which is read
 *	-       the peer has seen no end of file
 *	e       the peer sees the end of file
 *	x       the connection is closed: whatever is asked of it fails with EBADF
 */
static const char *const lives[] = {
	"-Ce",
	"De",
	"s-Ce",
	"i-Ce",
	"o-Ce",
	"sio-Ce",
	"swSexC",
	"iIexC",
	"owOexC",
	"sw-Ce",
	"ow-Ce",
	"siowCe",
	"iowr-OerIxC",
	"iow-I-OexC",
	"iI",
	"isrI-rSexC",
	"io-I-wOexC",
	"siwI-wSexC",
	"siwSerIxC",
	"sowO-wSexC",
	"sowS-wOexC",
	"siow-Sr-OerIxC",
	"siow-I-S-OexC",
	"siowOISexC",
	"siowSCe",
	"siowSOeC",
	"sDSe",
	"sD-wSe",
	"iDI",
	"ioDwOerI",
	"ioD-IwOe",
	"sioDwSrOerI",
	"sioDIwO-Se",
	"swSexD",
	"siowSIOexD",
	"iIxD",
	"oO",
	"sSxA",
};

/* The two ends of such a life. */
struct life {
	fsock *s;
	FILE *files[3]; /* two-way, input, output */
	int peer;
	size_t written, arrived;
};

static const char kinds[] = "sio";

static void
open_one(struct life *life, int which)
{
	FILE *(*const opener[])(fsock *) = { fsock_stream, fsock_input, fsock_output };

	life->files[which] = opener[which](life->s);
	ck_assert_msg(life->files[which] != NULL, "%s", fsock_last_error()->text);
	ck_assert_ptr_eq(fsock_of(life->files[which]), life->s);
}

static void
close_one(struct life *life, int which)
{
	ck_assert_int_eq(fclose(life->files[which]), 0);
	ck_assert_ptr_null(fsock_of(life->files[which]));
	life->files[which] = NULL;
}

static void
write_everywhere(struct life *life)
{
	for (int which = 0; which < 3; which += 2)
		if (life->files[which] != NULL) {
			ck_assert_int_eq(fputc('w', life->files[which]), 'w');
			life->written++;
		}
}

static void
read_one(struct life *life)
{
	FILE *f = life->files[0] != NULL ? life->files[0] : life->files[1];

	ck_assert_int_eq(write(life->peer, "r", 1), 1);
	ck_assert_int_eq(fgetc(f), 'r');
}

/* Looks at the peer: what has arrived, and whether that was all. */
static void
look(struct life *life, int flags, int expect_end)
{
	char buf[64];
	ssize_t n;

	while ((n = recv(life->peer, buf, sizeof buf, flags)) > 0)
		life->arrived += (size_t)n;
	if (expect_end)
		ck_assert_int_eq(n, 0);
	else
		ck_assert_msg(n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK), "an early end");
}

static void
check_closed(struct life *life)
{
	struct fsock_addr name;

	ck_assert_ptr_null(fsock_stream(life->s));
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	ck_assert_ptr_null(fsock_input(life->s));
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	ck_assert_int_eq(fsock_socket(life->s), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	ck_assert_int_eq(fsock_local_name(life->s, &name), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	ck_assert_int_eq(fsock_shutdown(life->s, FSOCK_IO), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
	ck_assert_int_eq(fsock_set_deadline(life->s, 1), -1);
	sock_assert_error(FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF);
}

/* One letter of a life. */
static void
live(struct life *life, char letter)
{
	const char *kind = strchr(kinds, letter | 0x20);

	if (kind != NULL && letter & 0x20)
		open_one(life, (int)(kind - kinds));
	else if (kind != NULL)
		close_one(life, (int)(kind - kinds));
	else if (letter == 'w')
		write_everywhere(life);
	else if (letter == 'r')
		read_one(life);
	else if (letter == 'C')
		ck_assert_int_eq(fsock_close(life->s), 0);
	else if (letter == 'A')
		ck_assert_int_eq(fsock_abort(life->s), 0);
	else if (letter == 'D')
		fsock_disown(life->s);
	else if (letter == 'x')
		check_closed(life);
	else
		look(life, letter == '-' ? MSG_DONTWAIT : 0, letter == 'e');
}

START_TEST(order_of_ending)
{
	enum sock_transport transport = (enum sock_transport)(_i % SOCK_TRANSPORTS);
	const char *script = lives[_i / SOCK_TRANSPORTS];
	struct life life = { .written = 0 };
	int fds = sock_open_fds();

	if (!sock_has(transport))
		return;
	life.s = sock_raw(transport, NULL, &life.peer);
	for (const char *letter = script; *letter != '\0'; letter++)
		live(&life, *letter);
	if (strpbrk(script, "CAD") == NULL)
		ck_assert_int_eq(fsock_close(life.s), 0);
	look(&life, 0, 1);
	ck_assert_msg(life.arrived == life.written, "%s: %zu of %zu arrived", script, life.arrived,
	    life.written);
	close(life.peer);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* Output that cannot go out: who writes is told by flushing, fclose() and close, each time. */
static const struct loss {
	int by_reset; /* else the peer closes having read everything */
	int flush;    /* whether the program flushes first */
	int fclose;   /* whether it closes the stream itself */
} losses[] = {
	{ 0, 0, 0 },
	{ 0, 1, 0 },
	{ 0, 0, 1 },
	{ 0, 1, 1 },
	{ 1, 0, 0 },
	{ 1, 1, 0 },
	{ 1, 0, 1 },
	{ 1, 1, 1 },
};

/* What a failed write says when the other end is gone; over TCP it depends on what has arrived. */
static int
is_loss(int errnum, enum fsock_error_kind kind)
{
	return (errnum == EPIPE && kind == FSOCK_BROKEN_PIPE_ERROR) ||
	       (errnum == ECONNRESET && kind == FSOCK_CONNECTION_RESET_ERROR);
}

static void
end_peer(int peer, int by_reset)
{
	struct linger reset = { 1, 0 };

	if (by_reset)
		setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(peer);
}

START_TEST(told_of_loss)
{
	enum sock_transport transport = (enum sock_transport)(_i % SOCK_TRANSPORTS);
	const struct loss *row = &losses[_i / SOCK_TRANSPORTS];
	int fds = sock_open_fds(), peer;
	fsock *s;
	FILE *f;

	/* Over TCP only a reset is known at once. */
	if (!sock_has(transport) || (!row->by_reset && transport != SOCK_PAIR))
		return;
	s = sock_raw(transport, NULL, &peer);
	f = fsock_stream(s);
	ck_assert_int_ge(fputs("lost", f), 0);
	end_peer(peer, row->by_reset);
	sock_await(fsock_socket(s), 0);
	if (row->flush) {
		ck_assert_int_eq(fflush(f), EOF);
		ck_assert(is_loss(errno, fsock_last_error()->kind));
		ck_assert_str_eq(fsock_last_error()->operation, "write");
	}
	if (row->fclose) {
		ck_assert_int_eq(fclose(f), EOF);
		ck_assert(is_loss(errno, fsock_last_error()->kind));
	}
	ck_assert_int_eq(fsock_close(s), -1);
	ck_assert(is_loss(errno, fsock_last_error()->kind));
	ck_assert_int_eq(fsock_last_error()->errnum, errno);
	ck_assert_str_eq(fsock_last_error()->operation, "close");
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/* A peer that does not read: closing waits for it as long as the limit says, and no longer. */
START_TEST(told_of_timeout)
{
	const struct fsock_options options = { .write_timeout = 0.05 };
	double start;
	int peer;
	fsock *s = sock_raw(_i ? SOCK_TCP4 : SOCK_PAIR, &options, &peer);
	FILE *f = fsock_output(s);

	sock_fill(fsock_socket(s));
	ck_assert_int_ge(fputs("does not fit", f), 0);
	start = sock_now();
	ck_assert_int_eq(fsock_close(s), -1);
	sock_assert_error(FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
	sock_assert_took(start, 0.05);
	close(peer);
}
END_TEST

/* Aborting throws away what was not sent; a TCP peer reads a reset, others the end. */
START_TEST(aborted)
{
	enum sock_transport transport = (enum sock_transport)(_i / 2);
	int fds = sock_open_fds(), peer;
	char buf[16];
	fsock *s;

	if (!sock_has(transport))
		return;
	s = sock_raw(transport, NULL, &peer);
	if (_i % 2)
		ck_assert_int_ge(fputs("not sent", fsock_stream(s)), 0);
	errno = EDOM;
	ck_assert_int_eq(fsock_abort(s), 0);
	ck_assert_int_eq(errno, EDOM);
	if (transport == SOCK_TCP4 || transport == SOCK_TCP6) {
		ck_assert_int_eq(recv(peer, buf, sizeof buf, 0), -1);
		ck_assert_int_eq(errno, ECONNRESET);
	} else {
		ck_assert_int_eq(recv(peer, buf, sizeof buf, 0), 0);
	}
	close(peer);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

START_TEST(nothing_to_end)
{
	errno = EDOM;
	ck_assert_int_eq(fsock_close(NULL), 0);
	ck_assert_int_eq(fsock_abort(NULL), 0);
	fsock_disown(NULL);
	ck_assert_int_eq(errno, EDOM);
}
END_TEST

/* Input that nobody read must not cost the peer what was written to it: no reset is sent. */
START_TEST(unread_input)
{
	enum sock_transport transport = (enum sock_transport)(_i % SOCK_TRANSPORTS);
	static char block[60000];
	char line[32];
	int peer, arrived = 0;
	ssize_t n;
	fsock *s;

	if (!sock_has(transport))
		return;
	s = sock_raw(transport, NULL, &peer);
	ck_assert_int_eq(write(peer, block, sizeof block), sizeof block);
	while (arrived < (int)sizeof block) /* what comes later is answered by a reset */
		ck_assert_int_eq(ioctl(fsock_socket(s), FIONREAD, &arrived), 0);
	ck_assert_int_ge(fputs("go away\n", fsock_stream(s)), 0);
	ck_assert_int_eq(_i < SOCK_TRANSPORTS ? fsock_close(s) : fclose(fsock_stream(s)), 0);
	n = sock_read_all(peer, line, sizeof line);
	ck_assert_msg(n == 8, "%s", n < 0 ? strerror(errno) : "not all of it");
	ck_assert_int_eq(memcmp(line, "go away\n", 8), 0);
	close(peer);
	if (_i >= SOCK_TRANSPORTS)
		fsock_close(s);
}
END_TEST

/*
 * A server that forks: the parent closes its copy at once, the child goes on with the connection.
 */
static pid_t
serve_in_child(fsock *s, int go)
{
	pid_t pid = fork();
	char line[32], c;

	if (pid != 0)
		return pid;
	alarm(60);
	if (read(go, &c, 1) != 1) /* the parent has closed */
		_exit(1);
	if (fgets(line, sizeof line, fsock_stream(s)) == NULL || strcmp(line, "question\n") != 0)
		_exit(2);
	_exit(fputs("answer\n", fsock_stream(s)) < 0 || fsock_close(s) != 0 ? 3 : 0);
}

START_TEST(parent_closes)
{
	enum sock_transport transport = (enum sock_transport)(_i % SOCK_TRANSPORTS);
	int peer, go[2], status;
	char line[32] = "";
	pid_t pid;
	fsock *s;

	if (!sock_has(transport))
		return;
	ck_assert_int_eq(pipe(go), 0);
	s = sock_raw(transport, NULL, &peer);
	ck_assert_int_eq(write(peer, "question\n", 9), 9);
	if (_i >= SOCK_TRANSPORTS)
		ck_assert_ptr_nonnull(fsock_stream(s));
	pid = serve_in_child(s, go[0]);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(fsock_close(s), 0);
	ck_assert_int_eq(write(go[1], "g", 1), 1);
	ck_assert_int_eq(sock_read_all(peer, line, sizeof line), 7);
	ck_assert_str_eq(line, "answer\n");
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(peer);
	close(go[0]);
	close(go[1]);
}
END_TEST

/* ---- A thread that is to be cancelled ends what it began to end: nothing is left half closed. */

struct ending_scene {
	fsock *s;
	fsock_waitlist *list;
	void (*end)(struct ending_scene *);
	int has_ended;
};

struct ending {
	const char *what;
	struct fsock_options options;
	void (*end)(struct ending_scene *);
};

static void
close_handle(struct ending_scene *scene)
{
	fsock_close(scene->s);
}

static void
close_last_stream(struct ending_scene *scene)
{
	FILE *f = fsock_stream(scene->s);

	fsock_disown(scene->s);
	fclose(f);
}

static void
abort_handle(struct ending_scene *scene)
{
	fsock_abort(scene->s);
}

static void
free_list(struct ending_scene *scene)
{
	fsock_waitlist_free(scene->list);
	scene->list = fsock_waitlist_new();
	fsock_close(scene->s);
}

static const struct ending endings[] = {
	{ "close", { .timeout = 20 }, close_handle },
	{ "close, interruptible", { .interruptible = FSOCK_ON }, close_handle },
	{ "fclose", { .timeout = 20 }, close_last_stream },
	{ "abort", { .timeout = 20 }, abort_handle },
	{ "free a list", { .timeout = 20 }, free_list },
};

static void
end_as_cancelled(void *arg)
{
	struct ending_scene *scene = arg;

	pthread_cancel(pthread_self());
	scene->end(scene);
	scene->has_ended = 1;
}

START_TEST(ended_by_cancelled)
{
	const struct ending *row = &endings[_i % COUNT(endings)];
	struct ending_scene scene = { .end = row->end };
	int fds = sock_open_fds(), peer;
	struct sock_thread thread;

	scene.list = fsock_waitlist_new();
	scene.s = sock_raw(_i / COUNT(endings), &row->options, &peer);
	ck_assert_int_eq(write(peer, "unread", 6), 6);
	ck_assert_int_eq(fsock_waitlist_add(scene.list, scene.s, FSOCK_INPUT, NULL), 0);
	ck_assert_int_eq(getc(fsock_stream(scene.s)), 'u');
	sock_thread_start(&thread, end_as_cancelled, &scene);
	sock_thread_join(&thread);
	ck_assert_msg(scene.has_ended, "%s", row->what);
	fsock_waitlist_free(scene.list);
	close(peer);
	ck_assert_int_eq(sock_open_fds(), fds);
}
END_TEST

/*
 * A time to linger would make close(2) wait for a peer that takes nothing: not if nothing may wait.
 */
START_TEST(lingering)
{
	static const char octets[65536];
	fsock *ends[2];
	double start;

	sock_link(SOCK_TCP4, &(struct fsock_options){ .nonblocking = FSOCK_ON }, ends);
	ck_assert_int_eq(fsock_set_option(ends[0], FSOCK_OPTION_LINGER, 20), 0);
	while (fsock_send(ends[0], octets, sizeof octets, NULL) > 0)
		;
	sock_assert_error(FSOCK_WOULD_BLOCK, EAGAIN);
	start = sock_now();
	ck_assert_int_eq(_i ? fsock_close(ends[0]) : fclose(fsock_stream(ends[0])), 0);
	ck_assert_double_lt(sock_now() - start, 5);
	if (!_i)
		fsock_close(ends[0]);
	fsock_close(ends[1]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("close");
	TCase *tcase = tcase_create("close");

	tcase_add_loop_test(tcase, order_of_ending, 0, COUNT(lives) * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, told_of_loss, 0, COUNT(losses) * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, told_of_timeout, 0, 2);
	tcase_add_loop_test(tcase, aborted, 0, 2 * SOCK_TRANSPORTS);
	tcase_add_test(tcase, nothing_to_end);
	tcase_add_loop_test(tcase, unread_input, 0, 2 * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, parent_closes, 0, 2 * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, ended_by_cancelled, 0, COUNT(endings) * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, lingering, 0, 2);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
