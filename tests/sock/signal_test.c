/* Signals: none interrupts a read or a write, none is raised, and no handler is changed. */
#include "../../src/base/compat.h"

#include <sys/time.h>

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include <check.h>

#include "../support/sock_support.h"
#include "../support/stdio_link.h"

static atomic_int caught;

static void
on_signal(int number)
{
	(void)number;
	caught++;
}

/* Without SA_RESTART: system calls come back with EINTR. */
static void catch (int number)
{
	struct sigaction action = { .sa_handler = on_signal };

	caught = 0;
	ck_assert_int_eq(sigaction(number, &action, NULL), 0);
}

struct worker {
	FILE *in, *out;
	const char *octets;
	size_t n;
	char line[64];
	int worked, error;
};

static void
read_line(void *arg)
{
	struct worker *w = arg;

	errno = 4711;
	w->worked = fgets(w->line, sizeof w->line, w->in) != NULL;
	w->error = errno;
}

static void
write_much(void *arg)
{
	struct worker *w = arg;

	errno = 4711;
	w->worked = fwrite(w->octets, 1, w->n, w->out) == w->n && fflush(w->out) == 0;
	w->error = errno;
}

/* Signals hit the thread while it is blocked, each after the one before was handled. */
static void
bombard(struct sock_thread *thread)
{
	for (int i = 0; i < 10; i++) {
		int before = caught;

		sock_thread_await_blocked(thread);
		ck_assert_int_eq(pthread_kill(thread->thread, SIGUSR1), 0);
		while (caught == before)
			sched_yield();
	}
	sock_thread_await_blocked(thread);
}

static const struct fsock_options limits[] = { { 0 }, { .read_timeout = 20, .write_timeout = 20 },
	{ .deadline = 20 } };

#define CASES (COUNT(limits) * 2 * STDIO_TRANSPORTS)

static void
open_case(struct stdio_link *link, struct worker *w, int i)
{
	memset(w, 0, sizeof *w);
	stdio_link_open(
	    link, (enum stdio_transport)(i / COUNT(limits) / 2), &limits[i % COUNT(limits)]);
	w->in = i / COUNT(limits) % 2 ? fsock_stream(link->s) : fsock_input(link->s);
	w->out = i / COUNT(limits) % 2 ? w->in : fsock_output(link->s);
}

START_TEST(reading)
{
	struct sock_thread thread;
	struct stdio_link link;
	struct worker w;

	catch (SIGUSR1);
	open_case(&link, &w, _i);
	sock_thread_start(&thread, read_line, &w);
	bombard(&thread);
	stdio_far_puts(&link, "half a ");
	bombard(&thread);
	stdio_far_puts(&link, "line\n");
	sock_thread_join(&thread);
	ck_assert_int_eq(w.worked, 1);
	ck_assert_str_eq(w.line, "half a line\n");
	ck_assert_int_eq(w.error, 4711);
	ck_assert(!ferror(w.in) && !feof(w.in));
	stdio_link_close(&link);
}
END_TEST

START_TEST(writing)
{
	struct sock_thread thread;
	struct stdio_link link;
	struct worker w;
	size_t n = (size_t)1 << 20;
	char *octets = malloc(n);

	ck_assert_ptr_nonnull(octets);
	for (size_t i = 0; i < n; i++)
		octets[i] = (char)(i * 31 + i / 251);
	catch (SIGUSR1);
	open_case(&link, &w, _i);
	stdio_link_narrow(&link);
	w.octets = octets;
	w.n = n;
	sock_thread_start(&thread, write_much, &w);
	bombard(&thread);
	stdio_far_expect(&link, octets, n);
	sock_thread_join(&thread);
	ck_assert_int_eq(w.worked, 1);
	ck_assert_int_eq(w.error, 4711);
	free(octets);
	stdio_link_close(&link);
}
END_TEST

/* However many signals come, the timeout is not put off for ever. */
START_TEST(timeout_holds)
{
	static const struct fsock_options options[] = { { .read_timeout = 0.1 },
		{ .read_timeout = 0 } };
	struct itimerval every = { { 0, 2000 }, { 0, 2000 } }, off = { { 0, 0 }, { 0, 0 } };
	struct stdio_link link;
	double start;
	FILE *f;

	catch (SIGALRM);
	stdio_link_open(&link, (enum stdio_transport)(_i / 2), &options[_i % 2]);
	f = fsock_input(link.s);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &every, NULL), 0);
	start = sock_now();
	if (_i % 2)
		ck_assert_int_eq(fsock_set_deadline(link.s, 0.1), 0);
	errno = 0;
	ck_assert_int_eq(getc(f), EOF);
	ck_assert_int_eq(errno, ETIMEDOUT);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &off, NULL), 0);
	sock_assert_took(start, 0.1);
	ck_assert_int_gt(caught, 0);
	stdio_link_close(&link);
}
END_TEST

/* ---- SIGPIPE. */

static void
by_fflush(FILE *f)
{
	ck_assert_int_ge(fputs("x", f), 0);
	ck_assert_int_eq(fflush(f), EOF);
}

static void
by_fprintf(FILE *f)
{
	for (int i = 0; i < 100000 && !ferror(f); i++)
		fprintf(f, "%d\n", i);
	ck_assert(ferror(f));
}

static void
by_fwrite(FILE *f)
{
	static char octets[100000];

	ck_assert(fwrite(octets, 1, sizeof octets, f) < sizeof octets || fflush(f) != 0);
}

static void
by_fclose(FILE *f)
{
	ck_assert_int_ge(fputs("x", f), 0);
	ck_assert_int_eq(fclose(f), EOF);
}

static void (*const writers[])(FILE *) = { by_fflush, by_fprintf, by_fwrite, by_fclose };

/* None comes, whatever the program has said of it; and what it has said stays so. */
START_TEST(no_sigpipe)
{
	struct sigaction after;
	struct stdio_link link;
	FILE *f;

	catch (SIGPIPE);
	stdio_link_open(&link, (enum stdio_transport)(_i / COUNT(writers) / 2), NULL);
	f = _i / COUNT(writers) % 2 ? fsock_stream(link.s) : fsock_output(link.s);
	stdio_far_reset(&link);
	writers[_i % COUNT(writers)](f);
	ck_assert(errno == EPIPE || errno == ECONNRESET);
	fsock_close(link.s);
	link.s = NULL;
	ck_assert_int_eq(caught, 0);
	ck_assert_int_eq(sigaction(SIGPIPE, NULL, &after), 0);
	ck_assert(after.sa_handler == on_signal);
	stdio_link_close(&link);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("signal");
	TCase *t = tcase_create("signal");

	tcase_add_loop_test(t, reading, 0, CASES);
	tcase_add_loop_test(t, writing, 0, CASES);
	tcase_add_loop_test(t, timeout_holds, 0, 2 * STDIO_TRANSPORTS);
	tcase_add_loop_test(t, no_sigpipe, 0, COUNT(writers) * 2 * STDIO_TRANSPORTS);
	suite_add_tcase(s, t);
	return sock_run(s);
}
