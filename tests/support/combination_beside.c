/* What goes on beside the call of a cell. Only the main thread's functions assert. */
#include "../../src/base/compat.h"
#include "combination_beside.h"

#include <sys/socket.h>

#include <math.h>
#include <sched.h>
#include <unistd.h>

#define LAST "stop\n" /* the line that a thread that reads ends with */

static char block[COMBINATION_BLOCK];

void
combination_say(struct world *w, const char *text)
{
	size_t n = strlen(text), at = strlen(w->in);

	ck_assert_int_lt(at + n, sizeof w->in);
	memcpy(w->in + at, text, n + 1);
	ck_assert_int_eq(send(w->peer, text, n, 0), (ssize_t)n);
}

static void
listen_to_end(void *arg)
{
	struct world *w = arg;
	ssize_t n;

	do {
		n = read(w->peer, w->got + w->got_count, 4096);
		w->got_count += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	w->got_error = n < 0 ? errno : 0;
	w->peer_done = 1;
}

void
combination_listen(struct world *w)
{
	w->is_listening = 1;
	sock_thread_start(&w->listener, listen_to_end, w);
}

/* ---- The threads. */

static int
is_last(const struct world *w)
{
	size_t n = strlen(w->heard);

	return n >= strlen(LAST) && strcmp(w->heard + n - strlen(LAST), LAST) == 0;
}

static void
read_lines(void *arg)
{
	struct world *w = arg;
	char *p = w->heard;

	while (!is_last(w) &&
	       fgets(p, (int)(sizeof w->heard - (size_t)(p - w->heard)), w->reads) != NULL)
		p += strlen(p);
}

static void
receive(void *arg)
{
	struct world *w = arg;
	size_t n = 0;
	ssize_t r;

	while (!is_last(w) &&
	       (r = fsock_receive(w->s, w->heard + n, sizeof w->heard - 1 - n, NULL)) > 0)
		n += (size_t)r;
}

static void
write_block(void *arg)
{
	struct world *w = arg;
	ssize_t r;

	combination_turn(w);
	errno = 0;
	if (w->writes == NULL)
		r = fsock_send(w->s, block, sizeof block, NULL);
	else
		r = fwrite(block, 1, sizeof block, w->writes) < sizeof block ? -1
									     : fflush(w->writes);
	w->other_result = r < 0 ? -1 : 0;
	w->other_error = errno;
}

static void
wait_on(struct world *w, fsock_waitlist *list)
{
	while (!w->stop) {
		if (fsock_waitlist_wait(list, INFINITY, NULL) < 0 && errno != EBUSY) {
			w->other_result = -1;
			w->other_error = errno;
			return;
		}
		while (fsock_waitlist_next(list, NULL) != NULL)
			;
		w->passes++;
		sched_yield(); /* what is ready stays so */
	}
}

static void
wait_on_first(void *arg)
{
	struct world *w = arg;

	wait_on(w, w->lists[0]);
}

static void
wait_on_second(void *arg)
{
	struct world *w = arg;

	wait_on(w, w->lists[1]);
}

static void
wait_for_input(void *arg)
{
	struct world *w = arg;

	w->other_result = fsock_wait_for_input(&w->s, 1, INFINITY, NULL);
	w->other_error = errno;
	w->passes++;
}

static void
flush_all(void *arg)
{
	struct world *w = arg;

	for (; !w->stop; w->passes++)
		fflush(NULL);
}

static void
reopen(void *arg)
{
	struct world *w = arg;

	for (; !w->stop; w->passes++) {
		FILE *f = w->reads != NULL && w->reads != w->writes ? fsock_stream(w->s)
								    : fsock_input(w->s);

		if (f == NULL || fclose(f) != 0) {
			w->other_result = -1;
			w->other_error = errno;
			return;
		}
	}
}

/* ---- Starting them, and ending. */

static void
start(struct world *w, void (*fn)(void *))
{
	sock_thread_start(&w->others[w->other_count++], fn, w);
}

/* A thread that goes round has done so once; all others are blocked. */
static void
await(struct world *w, int goes_round)
{
	while (goes_round && w->passes < w->other_count)
		sched_yield();
	for (int i = 0; !goes_round && i < w->other_count; i++)
		sock_thread_await_blocked(&w->others[i]);
}

static void
start_waits(struct world *w)
{
	if (w->at.lists == 0)
		start(w, wait_for_input);
	else
		start(w, wait_on_first);
	if (w->at.lists > 1)
		start(w, wait_on_second);
}

int
combination_begin_beside(struct world *w)
{
	memset(block, 'w', sizeof block);
	switch (w->at.beside) {
	case IN_FGETS:
		if (combination_is_mid_line(&w->at))
			combination_say(w, "four");
		start(w, read_lines);
		break;
	case IN_RECEIVE:
		start(w, receive);
		break;
	case IN_WRITE:
		w->block = sizeof block;
		if (!w->at.nonblocking)
			start(w, write_block);
		else
			write_block(w);
		EXPECT(w, !w->at.nonblocking || w->other_result == 0);
		break;
	case IN_WAIT:
		start_waits(w);
		break;
	case IN_FLUSH_ALL:
		start(w, flush_all);
		break;
	case REOPENING:
		start(w, reopen);
		break;
	default:
		break;
	}
	await(w, w->at.beside >= IN_FLUSH_ALL ||
		     (w->at.beside == IN_WAIT && combination_is_mid_line(&w->at)));
	return 0;
}

/* Sends what ends a call that nothing else does. */
static void
release(struct world *w)
{
	int in_wait = w->at.beside == IN_WAIT;

	w->stop = 1;
	if (!w->input_shut && (combination_is_reading(&w->at) || (in_wait && w->at.lists == 0)))
		combination_say(w, "\n" LAST);
	for (int i = 0; in_wait && i < w->at.lists; i++)
		if (w->lists[i] != NULL)
			fsock_waitlist_wake(w->lists[i]);
}

int
combination_end_beside(struct world *w)
{
	if (w->other_count > 0)
		release(w);
	for (int i = 0; i < w->other_count; i++)
		sock_thread_join(&w->others[i]);
	if (combination_is_reading(&w->at)) {
		EXPECT(w, combination_took(w, w->heard, strlen(w->heard)));
		EXPECT(w, is_last(w) || w->input_shut);
	}
	errno = w->other_error;
	if (w->at.beside == IN_WAIT && w->at.lists == 0)
		EXPECT(w, w->other_result == 1);
	else if (!w->cut)
		EXPECT(w, w->other_result == 0);
	return 0;
}

int
combination_writer_failed(struct world *w)
{
	w->cut = 1;
	sock_thread_join(&w->others[--w->other_count]);
	errno = w->other_error;
	EXPECT(w, w->other_result < 0);
	EXPECT(w, w->other_error == EPIPE);
	return 0;
}
