/*
 * Lives in which the n-th call of the system fails, in each way that it plausibly may: what the
 * program is told, what its peer sees, and what is left. One file of a program includes this: see
 * sock_fault.h.
 */
#ifndef TESTS_FAULT_LIFE_H
#define TESTS_FAULT_LIFE_H

#include <stdlib.h>
#include <unistd.h>

#include "sock_fault.h"
#include "sock_support.h"

enum { LIFE_ROOM = 600000 };
#define LIFE_LIMIT   2.0 /* seconds that any call of a life may wait */
#define LIFE_LONGEST 10.0

enum life_end { LIFE_OPEN, LIFE_PROPER, LIFE_CUT };

struct life {
	/* The first failure that the program was told of. */
	int failed, errnum;
	const char *step;
	struct fsock_error error;
	int is_left;        /* to a list, by closing it with output queued: nobody is told */
	const char *missed; /* what it waited for in vain, though nothing was told */

	/* What the program has written, or tried to, and what its peer has got; -1: no peer. */
	int peer, is_tcp;
	size_t written, got;
	enum life_end end;
	char sent[LIFE_ROOM], received[LIFE_ROOM];
};

typedef void life_fn(struct life *);

static int
life_went(struct life *life, int well, const char *step)
{
	int error = errno;

	if (!well && !life->failed) {
		life->failed = 1;
		life->errnum = error;
		life->step = step;
		life->error = *fsock_last_error();
	}
	return well;
}

#define WENT(condition) life_went(life, (condition), #condition)

/* Around the test's own calls. */
#define OWN(statement)             \
	do {                       \
		own++;             \
		{                  \
			statement; \
		}                  \
		own--;             \
	} while (0)

/* ---- The peer: a bare descriptor that does not block. */

/* Takes what has come. */
static inline void
life_drain(struct life *life)
{
	ssize_t n;

	if (life->peer < 0 || life->end != LIFE_OPEN)
		return;
	own++;
	while ((n = recv(life->peer, life->received + life->got, LIFE_ROOM - life->got,
		    MSG_DONTWAIT)) > 0)
		life->got += (size_t)n;
	if (n == 0)
		life->end = LIFE_PROPER;
	else if (errno != EAGAIN)
		life->end = LIFE_CUT;
	own--;
}

/* Takes all that comes until the end. The program has closed its side, or is to. */
static inline void
life_await(struct life *life)
{
	struct pollfd pollfd = { .fd = life->peer, .events = POLLIN };

	own++;
	life_drain(life);
	while (life->end == LIFE_OPEN && poll(&pollfd, 1, (int)(LIFE_LIMIT * 1000)) > 0)
		life_drain(life);
	own--;
}

static inline void
life_part(struct life *life)
{
	if (life->peer < 0)
		return;
	life_await(life);
	OWN(close(life->peer));
}

/* A reset that has come is told once: here, then. */
static inline void
life_say(struct life *life, const char *text)
{
	own++;
	if (send(life->peer, text, strlen(text), FSOCK__MSG_NOSIGNAL) < 0)
		life->end = LIFE_CUT;
	own--;
}

/*
 * Connects to a listener. Returns whether that can be told the way to. A server that an injected
 * error has ended refuses, or resets what it has not accepted when it ends: its own functions tell
 * why.
 */
static inline int
life_connect(struct life *life, fsock *listener)
{
	int port = fsock_local_port(listener);
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (port < 0)
		return 0;
	own++;
	life->peer = socket(AF_INET, SOCK_STREAM, 0);
	life->is_tcp = 1;
	if (connect(life->peer, (struct sockaddr *)&to, sizeof to) != 0) {
		ck_assert(errno == ECONNREFUSED || errno == ECONNRESET);
		close(life->peer);
		life->peer = -1;
		life->end = LIFE_CUT;
	}
	own--;
	return 1;
}

/* What the program writes now, or tries to. Returns it. */
static inline const char *
life_write(struct life *life, const char *text, size_t n)
{
	memcpy(life->sent + life->written, text, n);
	life->written += n;
	return text;
}

/* ---- After a life. */

/*
 * What failed says why; what the peer has is a beginning of it all, and not a proper end if not
 * all.
 */
static inline void
life_check(const struct life *life, const char *name)
{
	ck_assert_msg(life->missed == NULL, "%s: no %s", name, life->missed);
	if (life->failed) {
		ck_assert_msg(life->errnum != 0 && life->error.errnum == life->errnum,
		    "%s: %s said %s, recorded %s", name, life->step, strerror(life->errnum),
		    life->error.text);
		ck_assert_msg(life->error.kind != FSOCK_NO_ERROR && life->error.operation[0],
		    "%s: %s: no kind", name, life->step);
	}
	ck_assert_msg(life->got <= life->written &&
			  (life->got == 0 || memcmp(life->sent, life->received, life->got) == 0),
	    "%s: the peer got something else", name);
	if (life->peer < 0 || life->got == life->written)
		return;
	ck_assert_msg(life->failed || life->is_left,
	    "%s: the peer got %zu of %zu octets, nobody was told", name, life->got, life->written);
	ck_assert_msg(!life->is_tcp || life->end == LIFE_CUT,
	    "%s: of %zu octets the peer got %zu and %s (%s: %s)", name, life->written, life->got,
	    life->end == LIFE_OPEN ? "no end" : "a proper end", life->step, life->error.text);
}

static inline void
life_check_nothing_left(const char *name, int fds)
{
	ck_assert_msg(plan.held == 0, "%s: %ld things are held", name, (long)plan.held);
	ck_assert_msg(sock_open_fds() == fds, "%s: descriptors are open", name);
}

/* ---- */

/* One life, with its fault. */
static inline void
life_live(life_fn *fn, struct life *life, int n, int way, const char *what)
{
	char name[160];
	int fds = sock_open_fds();
	double start = sock_now();

	memset(life, 0, offsetof(struct life, sent));
	life->peer = -1;
	memset(&plan, 0, sizeof plan);
	plan.fault = PLAUSIBLE;
	plan.n = n;
	plan.way = way;
	fsock_clear_error();
	errno = EDOM;
	plan.armed = 1;
	fn(life);
	settle();
	plan.armed = 0;
	life_part(life);
	snprintf(name, sizeof name, "%s, call %d, %s(): %s", what, n,
	    plan.failed == NULL ? "-" : plan.failed,
	    plan.errnum == ONE_OCTET ? "one octet" : strerror(plan.errnum));
	if (getenv("FSOCK_LIVES") != NULL)
		printf("%s: %s, %.3f s\n", name, life->failed ? life->error.text : "well",
		    sock_now() - start);
	life_check(life, name);
	life_check_nothing_left(name, fds);
	ck_assert_msg(
	    sock_now() - start < LIFE_LONGEST, "%s: takes %g s", name, sock_now() - start);
}

/*
 * Lets every call fail in its turn, in each of its ways; where every step is slow, a sample of
 * them: one of FSOCK_SAMPLE, or of 5 if that is 1; all if it is 0. The first life, without a fault,
 * makes what the process then keeps.
 */
static inline void
life_sweep(life_fn *fn, const char *what, int least)
{
	static struct life life;
	const char *sample = getenv("FSOCK_SAMPLE");
	int n, step = sample == NULL ? 0 : atoi(sample);

	step = step > 1 ? step : step == 1 ? 5 : 1;
	plan.armed = 1;
	OWN(fn(&life));
	plan.armed = 0;
	life_part(&life);
	for (n = 1;; n += step) {
		int way = 0;

		do
			life_live(fn, &life, n, way++, what);
		while (plan.failed != NULL && !plan.is_last);
		if (plan.failed == NULL)
			break;
	}
	ck_assert_msg(
	    !life.failed, "%s, without a fault: %s: %s", what, life.step, life.error.text);
	ck_assert_msg(life.got == life.written, "%s, without a fault: not all came", what);
	ck_assert_int_gt(n, least);
}

#endif
