/*
 * Threads at random, within the rules of fsock.h: of a connection each end has a reader and a
 * writer; others wait on lists, open and close streams, flush everything, switch between calls that
 * wait and calls that do not, interrupt reads, set deadlines. In some rounds somebody cuts the
 * connection. What arrives is all that was sent, or the beginning of it if there was a cut.
 *
 * FSOCK_SEED=N repeats a run as far as threads can be repeated, FSOCK_RANDOM_SECONDS=N is how long
 * it takes; made for the thread sanitizer.
 */
#include "../../src/base/compat.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/sock_support.h"
#include "../support/tsan_files.h"

enum { LISTS = 2, PATIENCE = 40 };

struct end {
	struct round *round;
	fsock *s;
	FILE *in, *out;
	size_t sent; /* that went well */
	size_t got;  /* in order */
	int at_end;
	char wrong[41]; /* the first octets that were not what was sent, or "" */
	size_t wrong_at;
	struct sock_thread reader, writer;
};

static struct round {
	struct end ends[2];
	fsock_waitlist *lists[LISTS];
	atomic_int list_number; /* each waiter has its own */
	atomic_int stop, seeds;
	struct fsock_options options;
	int may_cut;   /* somebody is to make the connection fail */
	size_t amount; /* that each end sends */
} round_;

static unsigned seed;
static int number;

/* A thread's own random numbers. */
static unsigned
draw(unsigned *state, unsigned below)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % below;
}

static unsigned
begin(void)
{
	return (seed * 2654435761u) ^ (unsigned)(number * 977 + ++round_.seeds * 7919) ^
	       0x9e3779b9u;
}

/* What is sent, octet by octet: lines, so that formats and lines have something to do. */
static char
octet_at(size_t i)
{
	return (char)(i % 37 == 36 ? '\n' : 'a' + (i * 7 + i / 37) % 26);
}

static void
nap(void)
{
	poll(NULL, 0, 1);
}

/* ---- The two that the connection is for. */

static void
drain(fsock *s)
{
	while (fsock_send_pending(s) > 0)
		nap();
}

static void
write_all(void *arg)
{
	struct end *end = arg;
	unsigned state = begin();
	size_t n, made = 0;
	char block[3000];

	while (made < round_.amount) {
		n = 1 + draw(&state, draw(&state, 4) ? 60 : sizeof block);
		n = n < round_.amount - made ? n : round_.amount - made;
		for (size_t i = 0; i < n; i++)
			block[i] = octet_at(made + i);
		made += n;
		if (fwrite(block, 1, n, end->out) != n)
			break;
		if (draw(&state, 4) == 0 && fflush(end->out) != 0)
			break;
	}
	if (fflush(end->out) == 0 && made == round_.amount)
		end->sent = made;
	drain(end->s);
	fsock_shutdown(end->s, FSOCK_OUTPUT);
	drain(end->s);
}

/* Whether a read that failed so can be tried again. */
static int
may_go_on(struct end *end)
{
	int error = errno;

	if (feof(end->in)) {
		end->at_end = 1;
		return 0;
	}
	if (error == EAGAIN)
		nap();
	clearerr(end->in);
	return error == EAGAIN || error == ECANCELED;
}

/* Compares what has come with what was sent. */
static void
check(struct end *end, const char *octets, size_t n)
{
	for (size_t i = 0; i < n && end->wrong[0] == '\0'; i++)
		if (octets[i] != octet_at(end->got + i)) {
			end->wrong_at = end->got + i;
			snprintf(end->wrong, sizeof end->wrong, "%.*s", (int)(n - i), octets + i);
		}
}

static void
read_all(void *arg)
{
	struct end *end = arg;
	unsigned state = begin();
	char block[3000];
	size_t want, n;

	do {
		want = 1 + draw(&state, draw(&state, 2) ? 80 : sizeof block);
		errno = 0;
		n = fread(block, 1, want, end->in);
		check(end, block, n);
		end->got += n;
	} while (n == want || may_go_on(end));
}

/* ---- Those about them. */

static void
wait_for_events(void *arg)
{
	fsock_waitlist *list = round_.lists[round_.list_number++ % LISTS];
	struct fsock_event event;
	unsigned state = begin();

	(void)arg;
	while (!round_.stop) {
		fsock_waitlist_wait(list, draw(&state, 2) ? 0.002 : INFINITY, NULL);
		while (fsock_waitlist_next(list, &event) != NULL)
			if (event.socket == NULL)
				abort();
		for (int i = 0; i < 2; i++)
			fsock_waitlist_change(list, round_.ends[i].s, (int)draw(&state, 4), NULL);
		if (draw(&state, 3) == 0)
			nap();
	}
}

/* Sockets that come and go, in a list, with streams. */
static void
open_and_close(void *arg)
{
	unsigned state = begin();

	(void)arg;
	while (!round_.stop) {
		int first = (int)draw(&state, 2);
		fsock *pair[2];
		FILE *f;

		if (fsock_pair(pair, NULL) < 0)
			abort();
		f = draw(&state, 2) ? fsock_stream(pair[0]) : fsock_output(pair[0]);
		fsock_waitlist_add(
		    round_.lists[draw(&state, LISTS)], pair[1], (int)draw(&state, 4), NULL);
		fputs("a line\n", f);
		if (draw(&state, 2))
			fclose(f);
		fsock_close(pair[first]);
		fsock_close(pair[!first]);
		nap();
	}
}

/* A third stream, which nobody else uses. */
static void
open_third(fsock *s)
{
	FILE *f = fsock_stream(s);

	if (f != NULL)
		fclose(f);
}

/* What any thread may do at any time. */
static void
meddle(void *arg)
{
	unsigned state = begin();

	(void)arg;
	while (!round_.stop) {
		fsock *s = round_.ends[draw(&state, 2)].s;

		switch (draw(&state, 7)) {
		case 0:
			fsock_set_nonblocking(s, (int)draw(&state, 2));
			break;
		case 1:
			fsock_interrupt(s, FSOCK_INPUT);
			break;
		case 2:
			fsock_set_deadline(s, draw(&state, 2) ? 100 : INFINITY);
			break;
		case 3:
			fsock_pending_output(s), fsock_is_congested(s), fsock_state(s);
			break;
		case 4:
			open_third(s);
			break;
		case 5:
			fsock_waitlist_wake(round_.lists[draw(&state, LISTS)]);
			break;
		default:
			fsock_send_pending(s);
			break;
		}
		nap();
	}
}

static void
flush_all(void *arg)
{
	(void)arg;
	while (!round_.stop) {
		fflush(NULL);
		nap();
	}
}

/* In some rounds: the connection is made to fail. */
static void
cut(void *arg)
{
	unsigned state = begin();
	fsock *s = round_.ends[draw(&state, 2)].s;

	(void)arg;
	for (unsigned i = draw(&state, 20); i > 0 && !round_.stop; i--)
		nap();
	if (draw(&state, 2))
		fsock_set_deadline(s, 0);
	fsock_shutdown(s, FSOCK_IO);
}

/* ---- Rounds. */

static void (*const helpers[])(
    void *) = { wait_for_events, wait_for_events, open_and_close, meddle, flush_all, cut };
enum { HELPERS = COUNT(helpers) };

static void
open_round(unsigned *state)
{
	struct fsock_options options = { .timeout = PATIENCE,
		.close_timeout = PATIENCE,
		.nonblocking = draw(state, 2) ? FSOCK_ON : FSOCK_OFF,
		.interruptible = draw(state, 2) ? FSOCK_ON : FSOCK_OFF,
		.format = draw(state, 2) ? "utf-8,crlf" : NULL,
		.delivery = draw(state, 2) ? FSOCK_DELIVER_LINE : FSOCK_DELIVER_BLOCK };
	fsock *ends[2];

	memset(&round_, 0, sizeof round_);
	round_.may_cut = draw(state, 3) == 0;
	round_.amount = 1 + draw(state, 200000);
	round_.options = options;
	sock_link(draw(state, 2) ? SOCK_TCP4 : SOCK_PAIR, &options, ends);
	for (int i = 0; i < LISTS; i++)
		ck_assert_ptr_nonnull(round_.lists[i] = fsock_waitlist_new());
	for (int i = 0; i < 2; i++) {
		struct end *end = &round_.ends[i];

		end->s = ends[i];
		ck_assert_ptr_nonnull(end->in = fsock_input(end->s));
		ck_assert_ptr_nonnull(end->out = fsock_output(end->s));
		for (int list = 0; list < LISTS; list++)
			if (draw(state, 2))
				fsock_waitlist_add(round_.lists[list], end->s, FSOCK_INPUT, NULL);
	}
}

static void
run_threads(void)
{
	struct sock_thread threads[HELPERS];
	int n = round_.may_cut ? HELPERS : HELPERS - 1;

	for (int i = 0; i < n; i++)
		sock_thread_start(&threads[i], helpers[i], NULL);
	for (int i = 0; i < 2; i++) {
		sock_thread_start(&round_.ends[i].reader, read_all, &round_.ends[i]);
		sock_thread_start(&round_.ends[i].writer, write_all, &round_.ends[i]);
	}
	for (int i = 0; i < 2; i++)
		sock_thread_join(&round_.ends[i].writer);
	/* Failed output has no end before the close, and a reader would wait for one. */
	for (int i = 0; i < 2 && round_.may_cut; i++)
		fsock_shutdown(round_.ends[i].s, FSOCK_INPUT);
	for (int i = 0; i < 2; i++)
		sock_thread_join(&round_.ends[i].reader);
	round_.stop = 1;
	for (int i = 0; i < LISTS; i++)
		fsock_waitlist_wake(round_.lists[i]);
	for (int i = 0; i < n; i++)
		sock_thread_join(&threads[i]);
}

static void
check_and_close(void)
{
	for (int i = 0; i < 2; i++) {
		struct end *from = &round_.ends[i], *to = &round_.ends[!i];

		ck_assert_msg(to->wrong[0] == '\0',
		    "seed %u, round %d (cut %d, nonblocking %d, delivery %d, format %s): "
		    "\"%s\" at %zu of %zu",
		    seed, number, round_.may_cut, round_.options.nonblocking,
		    round_.options.delivery, round_.options.format, to->wrong, to->wrong_at,
		    round_.amount);
		ck_assert_msg(round_.may_cut || (from->sent == round_.amount && to->at_end &&
						    to->got == round_.amount),
		    "seed %u, round %d: of %zu octets %zu were sent, %zu came", seed, number,
		    round_.amount, from->sent, to->got);
	}
	for (int i = 0; i < 2; i++)
		fsock_close(round_.ends[i].s);
	for (int i = 0; i < LISTS; i++)
		fsock_waitlist_free(round_.lists[i]);
}

static void
on_alarm(int signal)
{
	static char text[80];
	int n = snprintf(text, sizeof text, "seed %u, round %d hangs\n", seed, number);

	(void)signal;
	(void)!write(STDERR_FILENO, text, (size_t)n);
	_exit(EXIT_FAILURE);
}

static double
seconds(void)
{
	const char *text = getenv("FSOCK_RANDOM_SECONDS");

	return text != NULL ? atof(text) : 2;
}

START_TEST(rounds)
{
	const char *text = getenv("FSOCK_SEED");
	double until = sock_now() + seconds();
	unsigned state;

	seed = text != NULL ? (unsigned)strtoul(text, NULL, 10) : (unsigned)(sock_now() * 1e6);
	state = seed | 1;
	signal(SIGALRM, on_alarm);
	for (number = 0; sock_now() < until; number++) {
		alarm(PATIENCE + 10);
		open_round(&state);
		run_threads();
		check_and_close();
	}
	alarm(0);
	printf("seed %u: %d rounds\n", seed, number);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("random_threads");
	TCase *tcase = tcase_create("random_threads");

	tcase_set_timeout(tcase, seconds() + 2 * PATIENCE);
	tcase_add_test(tcase, rounds);
	suite_add_tcase(suite, tcase);
	return sock_run(suite);
}
