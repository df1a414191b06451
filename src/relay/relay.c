#include "../base/compat.h"

#include <math.h>
#include <stdlib.h>

#include <fsock/relay.h>
#include <fsock/wait.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/process.h"
#include "../sock/failure.h"
#include "../sock/socket.h"
#include "way.h"

enum { DEFAULT_SIZE = 16384, ENDS = 4, WAYS = 2 };

/* The ends: `a`, `b`, and where their output goes, if elsewhere. */
enum { A, B, A_OUTPUT, B_OUTPUT };

struct fsock_relay {
	struct fsock__relay_end ends[ENDS];
	struct fsock__relay_way ways[WAYS];
	int process;          /* fsock__process() that has made it */
	fsock_waitlist *list; /* that it has joined, or NULL */
	void *user;
	int owns_list;
	int result; /* 1: it goes on, 0: it is complete, -1: it has failed */
	struct fsock_relay_status status;
	int64_t idle, until; /* the longest time without a move, and when that is over */
	uint64_t seen;       /* what had moved when that was set */
	uint8_t buffers[];
};

static int
fail_new(int errnum)
{
	return fsock__error_set("relay", NULL, FSOCK__NO_PORT, errnum);
}

/* Whether the options make sense. Returns 0 or -1. */
static int
check(fsock *const handles[ENDS], const struct fsock_relay_options *o, int64_t *idle)
{
	int wrong = o->one_way > FSOCK_OFF || o->half_close > FSOCK_OFF || o->splice > FSOCK_OFF ||
		    o->buffer_size > SIZE_MAX / 4 || fsock__clock_span(o->idle_timeout, idle) < 0;

	for (size_t i = 0; i < sizeof o->reserved / sizeof o->reserved[0]; i++)
		wrong |= o->reserved[i] != 0;
	for (int i = 0; i < ENDS; i++)
		for (int j = 0; j < i; j++)
			wrong |= handles[i] != NULL && handles[i] == handles[j];
	return wrong ? fail_new(EINVAL) : 0;
}

static void
init_way(fsock_relay *r, int i, int from, int to, const struct fsock_relay_options *o)
{
	size_t size = o->buffer_size != 0 ? o->buffer_size : DEFAULT_SIZE;

	r->ways[i] = (struct fsock__relay_way){
		.from = &r->ends[from],
		.to = &r->ends[to],
		.buffer = r->buffers + (size_t)i * size,
		.size = size,
		.left = o->limit != 0 ? o->limit : UINT64_MAX,
		.may_splice = o->splice != FSOCK_OFF,
		.ends_output = o->half_close != FSOCK_OFF,
	};
}

/* Makes the ends. Returns 0 or -1. */
static int
open_ends(fsock_relay *r, fsock *const handles[ENDS])
{
	for (int i = 0; i < ENDS; i++)
		if ((i < A_OUTPUT || handles[i] != NULL) &&
		    fsock__relay_end_open(&r->ends[i], handles[i]) < 0)
			return -1;
	return 0;
}

/* see fsock/relay.h */
fsock_relay *
fsock_relay_new(fsock *a, fsock *b, const struct fsock_relay_options *options)
{
	static const struct fsock_relay_options none;
	const struct fsock_relay_options *o = options != NULL ? options : &none;
	fsock *const handles[ENDS] = { a, b, o->a_output, o->b_output };
	size_t size = o->buffer_size != 0 ? o->buffer_size : DEFAULT_SIZE;
	int saved = errno;
	int64_t idle;
	fsock_relay *r;

	if (check(handles, o, &idle) < 0)
		return NULL;
	r = malloc(sizeof *r + WAYS * size); /* pages of the buffers are used as octets come */
	if (r == NULL) {
		fail_new(ENOMEM);
		return NULL;
	}
	*r = (struct fsock_relay){
		.process = fsock__process(), .result = 1, .idle = idle == 0 ? FSOCK__NEVER : idle
	};
	r->until = FSOCK__NEVER;
	init_way(r, 0, A, handles[B_OUTPUT] != NULL ? B_OUTPUT : B, o);
	init_way(r, 1, B, handles[A_OUTPUT] != NULL ? A_OUTPUT : A, o);
	r->ways[1].is_done = o->one_way == FSOCK_ON;
	if (open_ends(r, handles) < 0) {
		fsock_relay_free(r);
		return NULL;
	}
	errno = saved;
	return r;
}

/* The members leave the list. */
static void
leave(fsock_relay *r)
{
	int saved = errno;

	for (int i = 0; i < ENDS; i++)
		if (r->ends[i].is_member)
			fsock_waitlist_remove(r->list, r->ends[i].socket);
	for (int i = 0; i < ENDS; i++)
		r->ends[i].is_member = 0;
	errno = saved;
}

/* A direction does not reach its end: who gets what it has sent is to know. */
static void
cut(const struct fsock__relay_way *w, int errnum)
{
	if (w->is_done || w->to->kind != FSOCK__RELAY_SOCKET)
		return;
	fsock__socket_cut_write(w->to->socket, errnum);
	fsock__handle_note(w->to->socket);
}

/* As recorded. Returns -1. */
static int
fail(fsock_relay *r, const struct fsock__relay_end *end, int direction, int is_late)
{
	/* Each output that is cut has an error of its own. */
	struct fsock__record met = *fsock__error_current();
	int error = errno;

	r->result = -1;
	r->status.error = error;
	r->status.failed = end != NULL ? end->socket : NULL;
	r->status.direction = direction;
	for (int i = 0; i < WAYS; i++)
		if (!is_late || fsock__relay_way_held(&r->ways[i]) > 0)
			cut(&r->ways[i], error);
	leave(r);
	fsock__error_restore(&met);
	errno = error;
	return -1;
}

/* What a way waits for at an end. */
static int
interest_of(const fsock_relay *r, const struct fsock__relay_end *e)
{
	int interest = 0;

	for (int i = 0; i < WAYS; i++) {
		const struct fsock__relay_way *w = &r->ways[i];

		if (!w->is_done && w->from == e)
			interest |= w->waits & FSOCK_INPUT;
		if (!w->is_done && w->to == e)
			interest |= w->waits & FSOCK_OUTPUT;
	}
	return interest;
}

/* The direction in which an end has failed, for the status: output, if both wait. */
static int
direction_of(const fsock_relay *r, const struct fsock__relay_end *e)
{
	int interest = interest_of(r, e);

	return interest & FSOCK_OUTPUT ? FSOCK_OUTPUT : interest;
}

/* Tells the list what is waited for. Returns 0 or -1. */
static int
watch(fsock_relay *r)
{
	for (int i = 0; i < ENDS; i++) {
		struct fsock__relay_end *e = &r->ends[i];
		int interest = interest_of(r, e);

		if (e->socket == NULL || (e->is_member && e->interest == interest))
			continue;
		if (fsock_waitlist_add(r->list, e->socket, interest, r->user) < 0)
			return fail(r, e, direction_of(r, e), 0);
		e->is_member = 1;
		e->interest = interest;
	}
	return 0;
}

/*
 * Whether a way can go on, as far as the last wait knows. If that has found a failure where the way
 * sends, it is met even if there is nothing to send.
 */
static int
is_due(const struct fsock__relay_way *w)
{
	int from = w->from->socket->watch.state, to = w->to->socket->watch.state;

	if (w->is_done)
		return 0;
	if (to & FSOCK_FAILED)
		return 1;
	return w->waits == FSOCK_OUTPUT ? (to & FSOCK_OUTPUT) != 0
					: (from & ~FSOCK_OUTPUT & ~FSOCK_TIMEOUT) != 0;
}

/* A member that the list has found failed, though nothing that was tried has met that. */
static int
look_at_failed(fsock_relay *r)
{
	for (int i = 0; i < ENDS; i++) {
		struct fsock__relay_end *e = &r->ends[i];
		struct fsock *s = e->socket;
		int error;

		if (e->kind != FSOCK__RELAY_SOCKET || !(s->watch.state & FSOCK_FAILED))
			continue;
		if (fsock__handle_check(s, "relay") < 0)
			return fail(r, e, direction_of(r, e), 0);
		error = fsock__failure_find(s);
		if (error == 0)
			continue;
		fsock__failure_retell(s, "relay", error);
		return fail(r, e, direction_of(r, e), 0);
	}
	return 0;
}

/* What the relay has moved. */
static uint64_t
count(const fsock_relay *r)
{
	uint64_t n = 0;

	for (int i = 0; i < WAYS; i++)
		n += r->ways[i].passed + fsock__relay_way_held(&r->ways[i]);
	return n;
}

/* What has moved over the ends, which queues and layers have sent as well. */
static uint64_t
count_all(const fsock_relay *r)
{
	uint64_t n = count(r);

	for (int i = 0; i < ENDS; i++)
		if (r->ends[i].kind == FSOCK__RELAY_SOCKET)
			n +=
			    r->ends[i].socket->account.wire[0] + r->ends[i].socket->account.wire[1];
	return n;
}

/* Sets the timer for when nothing has moved too long, or finds that it is so. Returns 0 or -1. */
static int
look_at_time(fsock_relay *r, int is_first)
{
	struct fsock *a = r->ends[A].socket;
	uint64_t before = r->seen;
	int64_t left;

	if (r->idle == FSOCK__NEVER)
		return 0;
	r->seen = count_all(r);
	if (is_first || r->seen != before)
		r->until = fsock__clock_after(r->idle);
	else if (!(a->watch.state & FSOCK_TIMEOUT))
		return 0;
	left = fsock__clock_left(r->until);
	if (left == 0) {
		fsock__error_set_kind("relay", a->host, a->port, FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
		return fail(r, NULL, 0, 1);
	}
	return fsock_waitlist_set_timeout(r->list, a, (double)left / 1e9);
}

/* Returns as fsock_relay_step(). */
static int
move(fsock_relay *r, int is_first)
{
	uint64_t before = count(r);

	for (int i = 0; i < WAYS; i++) {
		struct fsock__relay_way *w = &r->ways[i];

		if ((is_first || is_due(w)) && fsock__relay_way_step(w) < 0)
			return fail(r, w->failed, w->failed_in, 0);
	}
	if (r->ways[0].is_done && r->ways[1].is_done) {
		leave(r);
		return r->result = 0;
	}
	if (count(r) == before && look_at_failed(r) < 0)
		return -1;
	if (watch(r) < 0 || look_at_time(r, is_first) < 0)
		return -1;
	for (int i = 0; i < ENDS; i++) /* another event may come of the same wait */
		if (r->ends[i].socket != NULL)
			r->ends[i].socket->watch.state = 0;
	return 1;
}

/* The same, as a thread that cannot be cancelled. What it meets and makes good is not told. */
static int
step(fsock_relay *r, int is_first)
{
	struct fsock__record *before = fsock__error_aside(), met;
	int result, cancel, saved = errno;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	result = move(r, is_first);
	if (result < 0) {
		met = *fsock__error_current();
		fsock__error_back(before);
		fsock__error_restore(&met);
	} else {
		fsock__error_back(before);
		errno = saved;
	}
	pthread_setcancelstate(cancel, NULL);
	return result;
}

/* One that is over. Returns as before. */
static int
retell(const fsock_relay *r)
{
	const struct fsock *s = r->status.failed;

	if (r->result == 0)
		return 0;
	return s == NULL ? fail_new(r->status.error)
			 : fsock__failure_retell(s, "relay", r->status.error);
}

/* see fsock/relay.h */
int
fsock_relay_join(fsock_relay *relay, fsock_waitlist *list, void *user)
{
	if (relay == NULL || list == NULL)
		return fail_new(EINVAL);
	if (relay->list != NULL)
		return fail_new(EBUSY);
	relay->list = list;
	relay->user = user;
	return step(relay, 1);
}

/* see fsock/relay.h */
int
fsock_relay_step(fsock_relay *relay)
{
	if (relay == NULL || relay->list == NULL)
		return fail_new(EINVAL);
	return relay->result > 0 ? step(relay, 0) : retell(relay);
}

/* The first step of a relay that runs on a list of its own. Returns as fsock_relay_step(). */
static int
begin(fsock_relay *r)
{
	int result;
	fsock_waitlist *list = fsock_waitlist_new();

	if (list == NULL)
		return -1;
	result = fsock_relay_join(r, list, NULL);
	r->owns_list = 1;
	return result;
}

/* see fsock/relay.h */
int
fsock_relay_run(fsock_relay *relay)
{
	int result;

	if (relay == NULL)
		return fail_new(EINVAL);
	if (relay->list != NULL && !relay->owns_list)
		return fail_new(EBUSY);
	result = relay->list == NULL ? begin(relay) : fsock_relay_step(relay);
	while (result > 0) {
		if (fsock_waitlist_wait(relay->list, INFINITY, NULL) < 0)
			return -1;
		result = fsock_relay_step(relay);
	}
	return result;
}

/* see fsock/relay.h */
void
fsock_relay_get_status(const fsock_relay *relay, struct fsock_relay_status *status)
{
	*status = (struct fsock_relay_status){ 0 };
	if (relay == NULL)
		return;
	*status = relay->status;
	status->sent_to_b = relay->ways[0].passed;
	status->sent_to_a = relay->ways[1].passed;
	status->held_for_b = fsock__relay_way_held(&relay->ways[0]);
	status->held_for_a = fsock__relay_way_held(&relay->ways[1]);
}

/* see fsock/relay.h */
void
fsock_relay_free(fsock_relay *relay)
{
	int saved = errno;

	if (relay == NULL)
		return;
	leave(relay);
	if (relay->owns_list)
		fsock_waitlist_free(relay->list);
	for (int i = 0; i < WAYS; i++) {
		struct fsock__relay_way *w = &relay->ways[i];

		if (relay->process == fsock__process() && relay->result > 0 &&
		    fsock__relay_way_held(w) > 0)
			cut(w, ECANCELED);
		if (w->to != NULL && w->to->socket != NULL)
			w->to->socket->output.relayed = 0;
		fsock__relay_pipe_close(&w->pipe);
	}
	for (int i = 0; i < ENDS; i++)
		fsock__relay_end_close(&relay->ends[i]);
	free(relay);
	errno = saved;
}
