/* Moving octets: time limits, signals, descriptors that others make non-blocking, no SIGPIPE. */
#include "../../src/base/compat.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "sock/transfer.h"
#include "../support/sock_support.h"

#define IN 0.03 /* seconds a limit that runs out is set to */

static const struct limit {
	struct fsock_options options;
	enum fsock_error_kind reading, writing; /* FSOCK_NO_ERROR: no limit that runs out */
} limits[] = {
	{ { .timeout = IN }, FSOCK_TIMEOUT_ERROR, FSOCK_TIMEOUT_ERROR },
	{ { .read_timeout = IN, .write_timeout = 60 }, FSOCK_TIMEOUT_ERROR, FSOCK_NO_ERROR },
	{ { .read_timeout = 60, .write_timeout = IN }, FSOCK_NO_ERROR, FSOCK_TIMEOUT_ERROR },
	{ { .deadline = IN }, FSOCK_DEADLINE_TIMEOUT_ERROR, FSOCK_DEADLINE_TIMEOUT_ERROR },
	{ { .timeout = IN, .deadline = 60 }, FSOCK_TIMEOUT_ERROR, FSOCK_TIMEOUT_ERROR },
	{ { .timeout = 60, .deadline = IN }, FSOCK_DEADLINE_TIMEOUT_ERROR,
	    FSOCK_DEADLINE_TIMEOUT_ERROR },
	{ { .timeout = IN, .interruptible = FSOCK_ON }, FSOCK_TIMEOUT_ERROR, FSOCK_TIMEOUT_ERROR },
	{ { .timeout = 60, .deadline = IN, .interruptible = FSOCK_ON },
	    FSOCK_DEADLINE_TIMEOUT_ERROR, FSOCK_DEADLINE_TIMEOUT_ERROR },
};

/* Who meddles while the call waits. */
enum meddler { NOBODY, SIGNALS, NONBLOCKING, SIGNALS_AND_NONBLOCKING, MEDDLERS };

#define TRANSPORT(i) ((enum sock_transport)((i) % SOCK_TRANSPORTS))
#define MEDDLER(i)   ((enum meddler)((i) / SOCK_TRANSPORTS % MEDDLERS))
#define LIMIT(i)     (&limits[(i) / SOCK_TRANSPORTS / MEDDLERS])
#define ALL          (SOCK_TRANSPORTS * MEDDLERS * COUNT(limits))

/* Meddling is tried on one local and one TCP connection. */
static int
is_passed_over(int i)
{
	return (MEDDLER(i) != NOBODY && TRANSPORT(i) > SOCK_TCP4) || !sock_has(TRANSPORT(i));
}

static void
begin(enum meddler meddler, int fd)
{
	int other = dup(fd); /* as another process that shares the connection holds it */

	if (meddler == NONBLOCKING || meddler == SIGNALS_AND_NONBLOCKING)
		ck_assert_int_eq(fcntl(other, F_SETFL, O_NONBLOCK), 0);
	close(other);
	if (meddler == SIGNALS || meddler == SIGNALS_AND_NONBLOCKING)
		sock_storm_begin();
}

/* Keeps errno. */
static void
end(enum meddler meddler)
{
	if (meddler == SIGNALS || meddler == SIGNALS_AND_NONBLOCKING)
		sock_storm_end();
}

/* As little as can be is under way, so that a small block fills it. */
static void
make_narrow(fsock *s, int peer, int size)
{
	ck_assert_int_eq(setsockopt(fsock_socket(s), SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
	ck_assert_int_eq(setsockopt(peer, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
}

static void
check_timeout(fsock *s, const char *operation, enum fsock_error_kind kind)
{
	sock_assert_error(kind, ETIMEDOUT);
	ck_assert_str_eq(fsock_last_error()->operation, operation);
	ck_assert_int_eq(s->output.error, 0); /* what a failure means is for the stream to say */
}

/*
 * Nothing comes: the limit ends it, neither early nor late, whoever meddles; then something does.
 */
START_TEST(reading_in_vain)
{
	const struct limit *row = LIMIT(_i);
	double start = sock_now();
	char c = 0;
	int peer;
	fsock *s;
	ssize_t r;

	if (row->reading == FSOCK_NO_ERROR || is_passed_over(_i))
		return;
	s = sock_raw(TRANSPORT(_i), &row->options, &peer);
	begin(MEDDLER(_i), fsock_socket(s));
	if (row->reading != FSOCK_DEADLINE_TIMEOUT_ERROR) /* which counts from the socket's birth */
		start = sock_now();
	r = fsock__transport_socket.receive(s, &c, 1);
	end(MEDDLER(_i));
	ck_assert_int_eq(r, -1);
	check_timeout(s, "read", row->reading);
	sock_assert_took(start, IN);
	ck_assert_int_eq(write(peer, "x", 1), 1);
	r = fsock__transport_socket.receive(s, &c, 1);
	if (row->reading == FSOCK_TIMEOUT_ERROR) {
		ck_assert_int_eq(r, 1);
		ck_assert_int_eq(c, 'x');
	} else {
		ck_assert_int_eq(r, -1); /* what has passed stays so, data or not */
		check_timeout(s, "read", row->reading);
	}
	fsock_close(s);
	close(peer);
}
END_TEST

/* The peer does not read: the same when writing. */
START_TEST(writing_in_vain)
{
	static char block[256 << 10];
	const struct limit *row = LIMIT(_i);
	double start = sock_now();
	int peer, r;
	fsock *s;

	if (row->writing == FSOCK_NO_ERROR || is_passed_over(_i))
		return;
	s = sock_raw(TRANSPORT(_i), &row->options, &peer);
	make_narrow(s, peer, 16 << 10);
	begin(MEDDLER(_i), fsock_socket(s));
	if (row->writing != FSOCK_DEADLINE_TIMEOUT_ERROR) /* which counts from the socket's birth */
		start = sock_now();
	r = fsock__transfer_send(s, block, sizeof block);
	end(MEDDLER(_i));
	ck_assert_int_eq(r, -1);
	check_timeout(s, "write", row->writing);
	sock_assert_took(start, IN);
	fsock_close(s);
	close(peer);
}
END_TEST

/* Sends a text slowly, or reads slowly what comes: a slow peer, whose pauses are its own. */
struct slow {
	int fd;
	double pause;
	size_t n; /* octets to send, or to read */
	int bad;
};

static void
pause_for(double seconds)
{
	struct timespec time = { 0, (long)(seconds * 1e9) };

	while (nanosleep(&time, &time) < 0)
		;
}

static void
send_slowly(void *arg)
{
	struct slow *slow = arg;

	for (size_t i = 0; i < slow->n; i++) {
		char c = (char)('a' + i % 26);

		pause_for(slow->pause);
		if (send(slow->fd, &c, 1, FSOCK__MSG_NOSIGNAL) != 1)
			break;
	}
}

static void
read_slowly(void *arg)
{
	static char block[1 << 16];
	struct slow *slow = arg;
	size_t got = 0;
	ssize_t r = 0;

	while (got < slow->n && (r = read(slow->fd, block, sizeof block)) > 0) {
		for (ssize_t i = 0; i < r; i++)
			slow->bad |= block[i] != (char)((got + (size_t)i) % 251);
		got += (size_t)r;
		pause_for(slow->pause);
	}
	slow->bad |= got != slow->n;
}

/* A timeout is for the next octet: a slow peer that keeps sending may take longer in all. */
START_TEST(reading_slowly)
{
	enum meddler meddler = MEDDLER(_i);
	const struct fsock_options options = { .read_timeout = 2, .deadline = 60 };
	struct slow slow = { .pause = 0.01, .n = 4 };
	struct sock_thread thread;
	double start = sock_now();
	fsock *s;

	if (!sock_has(TRANSPORT(_i)))
		return;
	s = sock_raw(TRANSPORT(_i), meddler < NONBLOCKING ? &options : NULL, &slow.fd);
	sock_storm_shelter(1); /* signals are for the thread that waits */
	sock_thread_start(&thread, send_slowly, &slow);
	sock_storm_shelter(0);
	begin(meddler, fsock_socket(s));
	errno = EDOM;
	for (size_t i = 0; i < slow.n; i++) {
		char c = 0;

		ck_assert_int_eq(fsock__transport_socket.receive(s, &c, 1), 1);
		ck_assert_int_eq(c, 'a' + (int)i);
	}
	ck_assert_int_eq(errno, EDOM);
	end(meddler);
	sock_assert_took(start, 4 * 0.01);
	sock_thread_join(&thread);
	fsock_close(s);
	close(slow.fd);
}
END_TEST

/* A deadline is for all: it ends what a slow peer keeps alive. */
START_TEST(deadline_of_all)
{
	struct slow slow = { .pause = 0.01, .n = 100000 };
	struct sock_thread thread;
	double start = sock_now();
	char c;
	fsock *s;

	if (!sock_has(TRANSPORT(_i)))
		return;
	s = sock_raw(TRANSPORT(_i), &(struct fsock_options){ .read_timeout = 60, .deadline = 0.1 },
	    &slow.fd);
	sock_thread_start(&thread, send_slowly, &slow);
	while (fsock__transport_socket.receive(s, &c, 1) == 1)
		;
	check_timeout(s, "read", FSOCK_DEADLINE_TIMEOUT_ERROR);
	sock_assert_took(start, 0.1);
	fsock_abort(s);
	sock_thread_join(&thread);
	close(slow.fd);
}
END_TEST

/* All of a block arrives at a peer that reads slowly, in order, whoever meddles. */
START_TEST(writing_slowly)
{
	static char block[600 << 10];
	enum meddler meddler = MEDDLER(_i);
	const struct fsock_options options = { .write_timeout = 10, .deadline = 60 };
	struct slow slow = { .pause = 0.0005, .n = sizeof block };
	struct sock_thread thread;
	fsock *s;

	if (!sock_has(TRANSPORT(_i)))
		return;
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (char)(i % 251);
	s = sock_raw(TRANSPORT(_i), _i % 2 ? &options : NULL, &slow.fd);
	make_narrow(s, slow.fd, 64 << 10);
	sock_storm_shelter(1);
	sock_thread_start(&thread, read_slowly, &slow);
	sock_storm_shelter(0);
	begin(meddler, fsock_socket(s));
	errno = EDOM;
	ck_assert_int_eq(fsock__transfer_send(s, block, sizeof block), 0);
	ck_assert_int_eq(errno, EDOM);
	sock_thread_join(&thread);
	end(meddler);
	ck_assert_int_eq(slow.bad, 0);
	fsock_close(s);
	close(slow.fd);
}
END_TEST

/* Setting the deadline anew, on a connection that had one or had none. */
static const struct anew {
	double first, then;
	int passes;
} anews[] = {
	{ 0, IN, 1 },
	{ 60, IN, 1 },
	{ 1e-9, 60, 0 },
	{ 1e-9, INFINITY, 0 },
	{ 60, 0, 1 },
	{ 0, 1e-9, 1 },
};

START_TEST(deadline_anew)
{
	const struct anew *row = &anews[_i];
	char c = 0;
	int peer;
	fsock *s = sock_raw(SOCK_PAIR, &(struct fsock_options){ .deadline = row->first }, &peer);

	errno = EDOM;
	ck_assert_int_eq(fsock_set_deadline(s, row->then), 0);
	ck_assert_int_eq(errno, EDOM);
	if (row->passes) {
		ck_assert_int_eq(fsock__transport_socket.receive(s, &c, 1), -1);
		check_timeout(s, "read", FSOCK_DEADLINE_TIMEOUT_ERROR);
		ck_assert_int_eq(fsock__transfer_send(s, "x", 1), -1);
		check_timeout(s, "write", FSOCK_DEADLINE_TIMEOUT_ERROR);
		ck_assert_int_eq(recv(peer, &c, 1, MSG_DONTWAIT), -1);
	} else {
		ck_assert_int_eq(write(peer, "x", 1), 1);
		ck_assert_int_eq(fsock__transport_socket.receive(s, &c, 1), 1);
		ck_assert_int_eq(fsock__transfer_send(s, "x", 1), 0);
	}
	fsock_close(s);
	close(peer);
}
END_TEST

static const double bad_deadlines[] = { -1, -1e-300, NAN, -INFINITY };

START_TEST(deadline_refused)
{
	int peer;
	fsock *s = sock_raw(SOCK_PAIR, NULL, &peer);

	ck_assert_int_eq(fsock_set_deadline(s, bad_deadlines[_i]), -1);
	sock_assert_error(FSOCK_INVALID_ARGUMENT_ERROR, EINVAL);
	ck_assert_int_eq(fsock_set_deadline(NULL, 1), -1);
	sock_assert_error(FSOCK_INVALID_SOCKET_ERROR, EINVAL);
	ck_assert_int_eq(fsock__transfer_send(s, "x", 1), 0); /* none was set */
	fsock_close(s);
	close(peer);
}
END_TEST

START_TEST(nothing_to_move)
{
	int peer;
	char c;
	fsock *s = sock_raw(SOCK_PAIR, NULL, &peer);

	ck_assert_int_eq(fsock__transfer_send(s, NULL, 0), 0);
	ck_assert_int_eq(recv(peer, &c, 1, MSG_DONTWAIT), -1);
	close(peer);
	ck_assert_int_eq(fsock__transport_socket.receive(s, &c, 1), 0);
	fsock_close(s);
}
END_TEST

/* Writing to who is gone: an error, never a signal; and no signal's disposition has changed. */
static volatile sig_atomic_t pipes;

static void
on_pipe(int signal)
{
	(void)signal;
	pipes++;
}

static int
write_to_nobody(void *arg)
{
	void (*disposition)(int) = *(void (**)(int))arg;
	struct sigaction action = { .sa_handler = disposition }, now;
	fsock *ends[2];
	FILE *f;

	SOCK_EXPECT(sigaction(SIGPIPE, &action, NULL) == 0);
	SOCK_EXPECT(fsock_pair(ends, NULL) == 0);
	f = fsock_stream(ends[0]);
	SOCK_EXPECT(fsock_close(ends[1]) == 0);
	SOCK_EXPECT(fputs("x", f) >= 0 && fflush(f) == EOF && errno == EPIPE);
	SOCK_EXPECT(fsock_last_error()->kind == FSOCK_BROKEN_PIPE_ERROR);
	SOCK_EXPECT(fclose(f) == EOF);
	SOCK_EXPECT(fsock_close(ends[0]) == -1);
	SOCK_EXPECT(pipes == 0);
	SOCK_EXPECT(sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == disposition);
	return 0;
}

static void (*const dispositions[])(int) = { SIG_DFL, SIG_IGN, on_pipe };

START_TEST(no_sigpipe)
{
	void (*disposition)(int) = dispositions[_i];

	ck_assert_int_eq(sock_child(write_to_nobody, &disposition), 0);
}
END_TEST

/*
 * Everything the library does in a short life; no signal handler, mask or pending signal changes.
 */
START_TEST(signals_left_alone)
{
	struct sigaction before[32], after;
	sigset_t mask, mask_after, pending;
	fsock *ends[2];

	for (int i = 1; i < 32; i++)
		sigaction(i, NULL, &before[i]);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	sock_link(SOCK_TCP4, &(struct fsock_options){ .timeout = 0.01, .deadline = 60 }, ends);
	ck_assert_int_ge(fputs("hello\n", fsock_stream(ends[0])), 0);
	ck_assert_int_eq(fflush(fsock_stream(ends[0])), 0);
	ck_assert_int_eq(fgetc(fsock_stream(ends[1])), 'h');
	ck_assert_int_eq(fgetc(fsock_stream(ends[0])), EOF);
	fsock_abort(ends[1]);
	sock_await(fsock_socket(ends[0]), 0);
	ck_assert_int_ge(fputs("hello\n", fsock_stream(ends[0])), 0);
	ck_assert_int_eq(fsock_close(ends[0]), -1);
	for (int i = 1; i < 32; i++) {
		sigaction(i, NULL, &after);
		ck_assert(after.sa_handler == before[i].sa_handler);
		ck_assert_int_eq(after.sa_flags, before[i].sa_flags);
	}
	pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
	sigpending(&pending);
	for (int i = 1; i < 32; i++)
		ck_assert_int_eq(sigismember(&mask, i), sigismember(&mask_after, i));
	ck_assert_int_eq(sigismember(&pending, SIGPIPE), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("transfer");
	TCase *tcase = tcase_create("transfer");

	tcase_add_loop_test(tcase, reading_in_vain, 0, ALL);
	tcase_add_loop_test(tcase, writing_in_vain, 0, ALL);
	tcase_add_loop_test(tcase, reading_slowly, 0, MEDDLERS * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, deadline_of_all, 0, SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, writing_slowly, 0, MEDDLERS * SOCK_TRANSPORTS);
	tcase_add_loop_test(tcase, deadline_anew, 0, COUNT(anews));
	tcase_add_loop_test(tcase, deadline_refused, 0, COUNT(bad_deadlines));
	tcase_add_test(tcase, nothing_to_move);
	tcase_add_loop_test(tcase, no_sigpipe, 0, COUNT(dispositions));
	tcase_add_test(tcase, signals_left_alone);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
