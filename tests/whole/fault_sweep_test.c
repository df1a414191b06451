/*
 * Faults where fault_test has none: a socket that does not block in a wait list, names and the
 * race of a connect, interrupts, sockets adopted and released, text formats, recoding. See
 * fault_life.h.
 */
#include "../../src/base/compat.h"

#include <netinet/in.h>

#include <math.h>

#include "../support/fault_life.h"
#include "../support/prepared.h"
#include "../support/records.h"

enum { BIG = 400000, PATIENCE = 40 };
#define MOMENT 0.005 /* after which the peer has its turn */

static const struct fsock_options quick = { .timeout = LIFE_LIMIT, .close_timeout = LIFE_LIMIT };
static const struct fsock_options never_waits = {
	.timeout = LIFE_LIMIT, .close_timeout = LIFE_LIMIT, .nonblocking = FSOCK_ON
};

static char big[BIG];

/* What the peers of lists say; and the length of a record of it. */
static const struct records_kind *kind = records_from_lines;
enum { HELLO = 6 };

/* A line of text in `line`, and whether it is the one. */
static int
is_line(const char *got, const char *expected)
{
	errno = got == NULL ? errno : EDOM;
	return got != NULL && strcmp(got, expected) == 0;
}

/* ---- A wait list, timers, output that is queued, and closing. */

struct loop {
	fsock_waitlist *list;
	fsock *listener, *s;
};

/* Of a member that has failed: the list says why, if the socket does not. */
static int
note_failure(struct life *life, const struct fsock_event *event)
{
	if (fsock_send_pending(event->socket) < 0)
		return 0;
	life->failed = 1;
	life->step = "wait";
	life->errnum = life->error.errnum = event->error;
	life->error.kind = FSOCK_UNKNOWN_ERROR;
	life->error.operation = "watch";
	return 0;
}

/* Waits for a state of a member, while the peer reads. */
static int
await(struct life *life, struct loop *loop, fsock *s, int wanted)
{
	struct fsock_event event;

	for (double start = sock_now(); sock_now() - start < LIFE_LIMIT;) {
		if (fsock_waitlist_wait(loop->list, MOMENT, NULL) < 0 && errno != EINTR)
			return 0;
		while (fsock_waitlist_next(loop->list, &event) != NULL) {
			if (event.socket == s && (event.state & FSOCK_FAILED))
				return note_failure(life, &event);
			if (event.socket == s && (event.state & wanted))
				return 1;
		}
		life_drain(life);
	}
	life->missed = "event";
	return 0;
}

/* Takes a client, which may have to be tried more than once. */
static int
accept_one(struct life *life, struct loop *loop)
{
	for (int i = 0; i < PATIENCE && loop->s == NULL; i++) {
		if (!await(life, loop, loop->listener, FSOCK_INPUT))
			return 0;
		loop->s = fsock_accept(loop->listener, &never_waits);
		if (loop->s == NULL && errno != EAGAIN)
			return 0;
	}
	return loop->s != NULL;
}

/* Reads a record, which may have to be waited for more than once. */
static int
hear(struct life *life, struct loop *loop, const char *expected)
{
	FILE *f = fsock_stream(loop->s);
	char got[HELLO];
	size_t n = 0;

	for (int i = 0; i < PATIENCE && n == 0; i++) {
		if (!await(life, loop, loop->s, FSOCK_INPUT))
			return 0;
		n = fread(got, 1, HELLO, f);
		if (n == 0 && errno != EAGAIN)
			return 0;
		clearerr(f);
	}
	errno = n == 0 ? errno : EDOM;
	return n == HELLO && memcmp(got, expected, n) == 0;
}

static int
begin_loop(struct life *life, struct loop *loop)
{
	return WENT((loop->list = fsock_waitlist_new()) != NULL) &&
	       WENT((loop->listener = fsock_listen("127.0.0.1", 0, &never_waits)) != NULL) &&
	       WENT(fsock_waitlist_add(loop->list, loop->listener, FSOCK_INPUT, NULL) == 0);
}

static int
serve_in_loop(struct life *life, struct loop *loop, const char *hello)
{
	struct fsock_record record = records_of_length(kind, HELLO);
	FILE *f;

	return WENT(accept_one(life, loop)) && WENT((f = fsock_stream(loop->s)) != NULL) &&
	       WENT(kind == records_from_lines || fsock_set_record(f, &record) == 0) &&
	       WENT(fsock_set_option(loop->s, FSOCK_OPTION_SEND_BUFFER, 4096) == 0) &&
	       WENT(fsock_waitlist_add(loop->list, loop->s, FSOCK_INPUT, loop) == 0) &&
	       WENT(fsock_waitlist_set_timeout(loop->list, loop->s, 100) == 0) &&
	       WENT(hear(life, loop, hello)) &&
	       WENT(fputs(life_write(life, "hello yourself\n", 15), f) >= 0) &&
	       WENT(fwrite(life_write(life, big, BIG), 1, BIG, f) == BIG) && WENT(fflush(f) == 0) &&
	       WENT(fsock_waitlist_set_timeout(loop->list, loop->s, 0.001) == 0) &&
	       WENT(await(life, loop, loop->s, FSOCK_TIMEOUT));
}

/* Closes while output is queued, and has the waits send it. */
static void
end_loop(struct life *life, struct loop *loop)
{
	life->is_left = fsock_pending_output(loop->s) > 0;
	WENT(fsock_close(loop->s) == 0);
	while (fsock_waitlist_closing(loop->list) > 0) {
		life_drain(life);
		if (fsock_waitlist_wait(loop->list, MOMENT, NULL) < 0 && errno != EINTR)
			break;
	}
	WENT(fsock_close(loop->listener) == 0);
	fsock_waitlist_free(loop->list);
}

static void
live_in_list(struct life *life)
{
	struct records_turn said = { kind, HELLO, 0 };
	struct loop loop = { NULL, NULL, NULL };
	char hello[] = "hello\n";

	records_turn(&said, hello, HELLO);
	if (begin_loop(life, &loop) && WENT(life_connect(life, loop.listener))) {
		life_say(life, hello);
		serve_in_loop(life, &loop, hello);
	}
	end_loop(life, &loop);
}

/* What is queued goes out. */
static int
send_all(struct life *life, struct loop *loop)
{
	while (fsock_pending_output(loop->s) > 0)
		if (!await(life, loop, loop->s, FSOCK_OUTPUT))
			return 0;
	return 1;
}

/* ---- Names, and the race of a connect that does not wait. */

static void
live_by_name(struct life *life)
{
	struct fsock_options options = never_waits;
	struct loop loop = { NULL, NULL, NULL };
	fsock *listener = NULL, *served = NULL;
	FILE *f;
	char line[64];
	int port = 0;

	options.family = FSOCK_IPV6_FIRST; /* where nobody listens */
	if (WENT((listener = fsock_listen("127.0.0.1", 0, &quick)) != NULL) &&
	    WENT((port = fsock_local_port(listener)) > 0) &&
	    WENT((loop.list = fsock_waitlist_new()) != NULL) &&
	    WENT((loop.s = fsock_connect("localhost", port, &options)) != NULL) &&
	    WENT(fsock_waitlist_add(loop.list, loop.s, FSOCK_OUTPUT, NULL) == 0) &&
	    WENT((f = fsock_stream(loop.s)) != NULL) && WENT(fputs("to the server\n", f) >= 0) &&
	    WENT(await(life, &loop, loop.s, FSOCK_OUTPUT)) && WENT(fflush(f) == 0) &&
	    WENT(send_all(life, &loop)) &&
	    WENT((served = fsock_accept(listener, &quick)) != NULL) &&
	    WENT((f = fsock_stream(served)) != NULL))
		WENT(is_line(fgets(line, sizeof line, f), "to the server\n"));
	WENT(fsock_close(loop.s) == 0);
	WENT(fsock_close(served) == 0);
	WENT(fsock_close(listener) == 0);
	fsock_waitlist_free(loop.list);
}

/* ---- Interrupts. */

static void
live_interrupted(struct life *life)
{
	struct fsock_options options = quick;
	fsock *listener = NULL, *s = NULL;
	FILE *in = NULL, *out = NULL;
	char line[64];

	options.interruptible = FSOCK_ON;
	if (WENT((listener = fsock_listen("127.0.0.1", 0, &options)) != NULL) &&
	    WENT(fsock_interrupt(listener, FSOCK_INPUT) == 0) &&
	    WENT(fsock_accept(listener, &options) == NULL && errno == ECANCELED) &&
	    WENT(life_connect(life, listener)) &&
	    WENT((s = fsock_accept(listener, &options)) != NULL) &&
	    WENT((in = fsock_input(s)) != NULL) && WENT((out = fsock_output(s)) != NULL) &&
	    WENT(fsock_interrupt(s, FSOCK_INPUT) == 0) &&
	    WENT(getc(in) == EOF && errno == ECANCELED)) {
		life_say(life, "go on\n");
		clearerr(in);
		if (WENT(is_line(fgets(line, sizeof line, in), "go on\n")))
			WENT(fputs(life_write(life, "I do\n", 5), out) >= 0 && fflush(out) == 0);
	}
	WENT(fsock_close(s) == 0);
	WENT(fsock_close(listener) == 0);
}

/* ---- A descriptor that comes from elsewhere, and goes there. */

static int
use_adopted(struct life *life, fsock **s)
{
	char rest[64], line[64];
	size_t pending;
	FILE *f;
	int fd;

	if (!WENT((f = fsock_stream(*s)) != NULL) ||
	    !WENT(is_line(fgets(line, sizeof line, f), "one\n")) ||
	    !WENT(fputs(life_write(life, "uno\n", 4), f) >= 0) ||
	    !WENT((fd = fsock_release(*s, rest, sizeof rest, &pending)) >= 0))
		return 0;
	*s = NULL;
	if (!WENT(pending == 4 && memcmp(rest, "two\n", 4) == 0) ||
	    !WENT((*s = fsock_adopt(fd, &quick)) != NULL)) {
		OWN(close(fd));
		return 0;
	}
	life_say(life, "three\n");
	return WENT((f = fsock_stream(*s)) != NULL) &&
	       WENT(is_line(fgets(line, sizeof line, f), "three\n")) &&
	       WENT(fputs(life_write(life, "tre\n", 4), f) >= 0) && WENT(fflush(f) == 0);
}

static void
live_adopted(struct life *life)
{
	fsock *s = NULL;
	int fds[2] = { -1, -1 };

	OWN((void)!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	life->peer = fds[1];
	life_say(life, "one\ntwo\n");
	if (WENT((s = fsock_adopt(fds[0], &quick)) != NULL))
		use_adopted(life, &s);
	else
		OWN(close(fds[0]));
	WENT(fsock_close(s) == 0);
}

/* ---- A descriptor that is only waited for, and a timer. */

static int
use_watched(struct life *life, struct loop *loop, fsock *timer)
{
	if (!WENT(fsock_waitlist_add(loop->list, loop->s, FSOCK_INPUT, NULL) == 0) ||
	    !WENT(fsock_waitlist_add(loop->list, timer, 0, NULL) == 0) ||
	    !WENT(fsock_waitlist_set_timeout(loop->list, timer, 0.001) == 0) ||
	    !WENT(await(life, loop, timer, FSOCK_TIMEOUT)))
		return 0;
	life_say(life, "x");
	if (prepared_has_descriptor(0) && !WENT(fsock_waitlist_prepare(loop->list) >= 0))
		return 0;
	return WENT(await(life, loop, loop->s, FSOCK_INPUT));
}

static void
live_watched(struct life *life)
{
	struct loop loop = { NULL, NULL, NULL };
	fsock *timer = NULL;
	int fds[2] = { -1, -1 };

	OWN((void)!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	life->peer = fds[1];
	if (WENT((loop.list = fsock_waitlist_new()) != NULL) &&
	    WENT((loop.s = fsock_watch(fds[0])) != NULL) && WENT((timer = fsock_timer()) != NULL))
		use_watched(life, &loop, timer);
	WENT(fsock_close(loop.s) == 0);
	WENT(fsock_close(timer) == 0);
	OWN(close(fds[0]));
	fsock_waitlist_free(loop.list);
}

/* ---- Text: formats that change, bounds, octets between. */

static int
use_text(struct life *life, fsock *s)
{
	char line[64], octets[4];
	FILE *f;

	return WENT((f = fsock_stream(s)) != NULL) &&
	       WENT(is_line(fgets(line, sizeof line, f), "gr\xC3\xBC\xC3\x9F\n")) &&
	       WENT(fsock_set_bound(f, 4) == 0) && WENT(fsock_read_octets(f, octets, 4) == 4) &&
	       WENT(memcmp(octets, "\x82\xA0\r\n", 4) == 0) &&
	       WENT(fsock_set_bound(f, UINT64_MAX) == 0) &&
	       WENT(fsock_set_format(f, "shift_jis,crlf") == 0) &&
	       WENT(is_line(fgets(line, sizeof line, f), "\xE3\x81\x82\n")) &&
	       WENT((life_write(life, "\x82\xA0\r\n", 4), fputs("\xE3\x81\x82\n", f)) >= 0) &&
	       WENT(fflush(f) == 0) && WENT(fsock_set_format(f, "utf-16le") == 0) &&
	       WENT((life_write(life, "a\0\n\0", 4), fputs("a\n", f)) >= 0) && WENT(fflush(f) == 0);
}

static void
live_in_text(struct life *life)
{
	struct fsock_options options = quick;
	fsock *listener, *s = NULL;

	options.format = "latin-1,crlf";
	if (WENT((listener = fsock_listen("127.0.0.1", 0, &options)) != NULL) &&
	    WENT(life_connect(life, listener))) {
		life_say(life, "gr\xFC\xDF\r\n\x82\xA0\r\n\x82\xA0\r\n");
		if (WENT((s = fsock_accept(listener, &options)) != NULL))
			use_text(life, s);
	}
	WENT(fsock_close(s) == 0);
	WENT(fsock_close(listener) == 0);
}

/* ---- Recoding, over a FILE that is a stream itself. */

static void
live_recoded(struct life *life)
{
	fsock *listener = NULL, *s = NULL;
	FILE *inner = NULL, *f = NULL;
	char line[64];

	if (WENT((listener = fsock_listen("127.0.0.1", 0, &quick)) != NULL) &&
	    WENT(life_connect(life, listener))) {
		life_say(life, "gr\xFC\xDF\r\nmore\r\n");
		if (WENT((s = fsock_accept(listener, &quick)) != NULL) &&
		    WENT((inner = fsock_stream(s)) != NULL) &&
		    WENT((f = fsock_recode(inner, "r+", "latin-1,crlf")) != NULL) &&
		    WENT(is_line(fgets(line, sizeof line, f), "gr\xC3\xBC\xC3\x9F\n")) &&
		    WENT((life_write(life, "\xE4\r\n", 3), fputs("\xC3\xA4\n", f)) >= 0) &&
		    WENT(fflush(f) == 0))
			WENT(is_line(fgets(line, sizeof line, f), "more\n"));
	}
	if (f != NULL)
		WENT(fclose(f) == 0); /* and the inner one */
	WENT(fsock_close(s) == 0);
	WENT(fsock_close(listener) == 0);
}

/* ---- */

static const struct {
	const char *name;
	life_fn *live;
	int least; /* calls that can fail */
	int kind;  /* of what the peer of a list says: any but NUL, at which its text would end */
} lives[] = {
	{ "wait list", live_in_list, 40, 0 },
	{ "wait list, delimited", live_in_list, 40, 2 },
	{ "wait list, counted", live_in_list, 40, 3 },
	{ "wait list, head", live_in_list, 40, 4 },
	{ "wait list, end", live_in_list, 40, 5 },
	{ "name", live_by_name, 30, 0 },
	{ "interrupt", live_interrupted, 30, 0 },
	{ "adopt", live_adopted, 15, 0 },
	{ "watch", live_watched, 10, 0 },
	{ "text", live_in_text, 25, 0 },
	{ "recode", live_recoded, 20, 0 },
};

/* Of the other kinds a quarter of the calls fail: else they took longer than all the rest. */
static void
thin_out(int keeps)
{
	static char all[16];
	const char *sample = getenv("FSOCK_SAMPLE");
	char fewer[16];
	int step;

	if (all[0] == '\0')
		snprintf(all, sizeof all, "%s", sample == NULL ? "0" : sample);
	step = atoi(all);
	snprintf(fewer, sizeof fewer, "%d", 4 * (step > 1 ? step : step == 1 ? 5 : 1));
	setenv("FSOCK_SAMPLE", keeps ? all : fewer, 1);
}

START_TEST(sweep)
{
	thin_out(lives[_i].kind == 0);
	kind = &records_from_lines[lives[_i].kind];
	memset(big, 'b', sizeof big);
	life_sweep(lives[_i].live, lives[_i].name, lives[_i].least);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fault_sweep");
	TCase *tcase = tcase_create("fault_sweep");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, sweep, 0, COUNT(lives));
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
