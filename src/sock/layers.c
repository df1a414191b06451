#include "../base/compat.h"
#include "layers.h"

#include <signal.h>
#include <stdlib.h>

#include "../base/error.h"
#include "../base/process.h"
#include "failure.h"
#include "layer_step.h"
#include "transfer.h"

/* What a call of the layers' functions has changed for its thread. */
struct call {
	sigset_t signals;
	unsigned number;
	int cancel;
};

/* 0 for reading, 1 for writing. */
static int
index_of(int direction)
{
	return direction == FSOCK_OUTPUT;
}

/* Gives up waiting for input below, if it is this thread that does. Others may then. */
static void
give_intake(struct fsock *s)
{
	struct fsock__turn *intake = &s->layers->intake;
	int is_own;

	if (intake->process == 0)
		return;
	fsock__handle_lock(s);
	is_own =
	    intake->process == fsock__process() && pthread_equal(intake->owner, pthread_self());
	fsock__handle_unlock(s);
	if (is_own)
		fsock__turn_end(s, intake, intake->number);
}

/*
 * Takes the turn, with signals blocked, and nobody is cancelled in it. In a child of fork() whose
 * parent was in a call, or has been in one ever, the layers are of no use.
 */
static void
enter(struct fsock *s, struct call *call)
{
	struct fsock__layers *layers = s->layers;
	sigset_t all;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call->cancel);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &call->signals);
	if (fsock__turn_take(s, &layers->turn, FSOCK__NEVER) == FSOCK__TURN_ORPHANED)
		layers->is_torn = 1;
	call->number = layers->turn.number;
	if (layers->process == 0 && !layers->is_torn)
		layers->process = fsock__process();
	if (layers->process != fsock__process())
		fsock__layer_fail(layers, fsock_error_kind_of_errno(EPERM), EPERM, NULL);
}

static void
leave(struct fsock *s, const struct call *call)
{
	struct fsock__layers *layers = s->layers;

	if (layers->failed)
		layers->unsent = 0;
	else
		layers->unsent = layers->held_to - layers->held_from + (size_t)layers->flush_due;
	fsock__turn_end(s, &layers->turn, call->number);
	give_intake(s);
	pthread_sigmask(SIG_SETMASK, &call->signals, NULL);
	pthread_setcancelstate(call->cancel, NULL);
}

/* Records why the layers have failed. Returns -1. */
static int
record(const struct fsock *s, const char *operation)
{
	const struct fsock__layers *layers = s->layers;

	if (!layers->failed)
		return fsock__handle_error(s, operation, layers->unwritable);
	if (layers->text[0] == '\0')
		return fsock__error_set_kind(
		    operation, s->host, s->port, layers->kind, layers->errnum);
	return fsock__error_set_words(
	    operation, s->host, s->port, layers->kind, layers->errnum, "%s", layers->text);
}

/* Records it, and keeps it with the socket. Returns -1. */
static int
tell(struct fsock *s, const char *operation)
{
	record(s, operation);
	fsock__failure_keep(s, fsock__error_current());
	return -1;
}

/* Keeps it where the caller is not to be told. */
static void
keep(struct fsock *s)
{
	struct fsock__record *before = fsock__error_aside();

	tell(s, "read");
	fsock__error_back(before);
}

/* Notes what a call that has found out that it has to wait waits for. */
static void
set_wish(struct fsock__layers *layers, int direction, ssize_t r)
{
	int i = index_of(direction);

	if (r != FSOCK_LAYER_WANTS_INPUT && r != FSOCK_LAYER_WANTS_OUTPUT)
		return;
	layers->wish[i] = r == FSOCK_LAYER_WANTS_INPUT ? FSOCK_INPUT : FSOCK_OUTPUT;
	layers->seen[i] = layers->arrivals;
}

/* Nothing is in the way of reading, and of writing, any more but what they are. */
static void
reset_wish(struct fsock__layers *layers, int direction)
{
	layers->wish[index_of(direction)] = direction;
}

/* Goes on with the handshake, in the turn. Returns as a layer's start(). */
static int
start(struct fsock__layers *layers)
{
	int r;

	if (layers->failed)
		return FSOCK_LAYER_FAILED;
	if (layers->is_started)
		return 1;
	r = fsock__layer_start(layers->top);
	if (r == 1) {
		layers->is_started = 1;
		layers->start_by = FSOCK__NEVER;
		reset_wish(layers, FSOCK_INPUT);
		reset_wish(layers, FSOCK_OUTPUT);
		layers->is_pending = fsock__layer_is_pending(layers->top);
	}
	set_wish(layers, FSOCK_INPUT, r);
	set_wish(layers, FSOCK_OUTPUT, r);
	return r;
}

int
fsock__layers_advance(struct fsock *s, const char *operation)
{
	struct call call;
	int r;

	if (s->layers->is_started && !s->layers->failed)
		return 1;
	enter(s, &call);
	r = start(s->layers);
	leave(s, &call);
	if (r == FSOCK_LAYER_FAILED)
		return tell(s, operation);
	return r == 1;
}

int
fsock__layers_start(struct fsock *s, const char *operation, int64_t until)
{
	int r, saved = errno;

	while ((r = fsock__layers_advance(s, operation)) == 0) {
		if (s->nonblocking)
			return fsock__handle_error(s, operation, EAGAIN);
		if (fsock__layers_await(s, operation, FSOCK_INPUT, until) < 0)
			return -1;
	}
	if (r == 1)
		errno = saved;
	return r == 1 ? 0 : -1;
}

/* Reads once, in the turn, unless the program has shut input down. Returns as a layer's read(). */
static ssize_t
read_once(struct fsock__layers *layers, void *buf, size_t n)
{
	ssize_t r = (layers->top->socket->shut & FSOCK_INPUT)
			? FSOCK_LAYER_END
			: fsock__layer_read(layers->top, buf, n);

	if (r > 0)
		reset_wish(layers, FSOCK_INPUT);
	set_wish(layers, FSOCK_INPUT, r);
	return r;
}

/* What waits are to know of after reading. */
static void
note_input(struct fsock__layers *layers)
{
	layers->has_input = layers->has_first || layers->failed || layers->top->is_at_end ||
			    (layers->top->socket->shut & FSOCK_INPUT);
	layers->is_pending = !layers->failed && fsock__layer_is_pending(layers->top);
}

/* Reads all that there is, in the turn, and not more than n octets. Returns as read_once(). */
static ssize_t
read_all(struct fsock__layers *layers, uint8_t *buf, size_t n)
{
	ssize_t r = start(layers);
	size_t done = 0;

	if (r != 1)
		return r;
	if (layers->has_first) {
		buf[done++] = layers->first;
		layers->has_first = 0;
	}
	while (done < n && (done == 0 || fsock__layer_is_pending(layers->top))) {
		r = read_once(layers, buf + done, n - done);
		if (r <= 0)
			break;
		done += (size_t)r;
	}
	note_input(layers);
	return done > 0 ? (ssize_t)done : r;
}

ssize_t
fsock__layers_receive(struct fsock *s, void *buf, size_t n)
{
	struct call call;
	ssize_t r;

	enter(s, &call);
	r = read_all(s->layers, buf, n);
	leave(s, &call);
	if (r == FSOCK_LAYER_FAILED)
		return tell(s, "read");
	return r < 0 ? FSOCK__LAYERS_NOTHING : r;
}

void
fsock__layers_probe(struct fsock *s)
{
	struct fsock__layers *layers = s->layers;
	int saved = errno;
	struct call call;

	enter(s, &call);
	if (start(layers) == 1 && !layers->has_first) {
		layers->has_first = read_once(layers, &layers->first, 1) == 1;
		note_input(layers);
	}
	leave(s, &call);
	if (layers->failed)
		keep(s);
	errno = saved;
}

/*
 * Keeps octets that write() is to be called with again: who has offered them to a socket that does
 * not block need not come again with the same. Returns whether it does.
 */
static int
hold(struct fsock__layers *layers, const uint8_t *octets, size_t n)
{
	uint8_t *memory = malloc(n);

	if (memory == NULL)
		return 0;
	memcpy(memory, octets, n);
	layers->held = memory;
	layers->held_from = 0;
	layers->held_to = n;
	return 1;
}

/* Writes what was held. Returns 1 if nothing is any more, FAILED or WANTS_. */
static ssize_t
write_held(struct fsock__layers *layers)
{
	while (layers->held_from < layers->held_to) {
		ssize_t r = fsock__layer_write(layers->top, layers->held + layers->held_from,
		    layers->held_to - layers->held_from);

		if (r < 0)
			return r;
		layers->flush_due = layers->flushes;
		layers->held_from += (size_t)r;
	}
	free(layers->held);
	layers->held = NULL;
	layers->held_from = 0;
	layers->held_to = 0;
	return 1;
}

/* Writes a piece of n octets: how many, FAILED or WANTS_. */
static ssize_t
write_piece(struct fsock *s, const uint8_t *octets, size_t n)
{
	struct fsock__layers *layers = s->layers;
	size_t piece = n < FSOCK__LAYER_PIECE ? n : FSOCK__LAYER_PIECE;
	ssize_t r;

	if (layers->owed > 0) {
		if (n < layers->owed) /* a signal handler has jumped out of that write */
			return fsock__layer_fail(
			    layers, fsock_error_kind_of_errno(EINTR), EINTR, NULL);
		piece = layers->owed;
	}
	r = fsock__layer_write(layers->top, octets, piece);
	layers->owed = 0;
	if (r > 0) {
		reset_wish(layers, FSOCK_OUTPUT);
		layers->flush_due = layers->flushes;
	} else if (r != FSOCK_LAYER_FAILED) {
		set_wish(layers, FSOCK_OUTPUT, r);
		if (s->nonblocking && hold(layers, octets, piece))
			return (ssize_t)piece;
		layers->owed = piece;
	}
	return r;
}

/* Passes on what was taken, and ends, in the turn. Returns 1, FAILED or WANTS_. */
static ssize_t
finish(struct fsock__layers *layers, int is_end)
{
	ssize_t r = start(layers);

	if (r == 1)
		r = write_held(layers);
	if (r == 1 && layers->flush_due)
		r = fsock__layer_flush(layers->top);
	if (r == 1)
		layers->flush_due = 0;
	if (r == 1 && is_end && !layers->is_ended) {
		r = fsock__layer_end(layers->top);
		layers->is_ended = r == 1;
	}
	return r;
}

/*
 * Writes n octets as far as that goes, in the turn, behind what was taken before. Returns how many,
 * FAILED or WANTS_.
 */
static ssize_t
write_all(struct fsock *s, const uint8_t *octets, size_t n)
{
	struct fsock__layers *layers = s->layers;
	ssize_t r = finish(layers, 0);
	size_t done = 0;

	set_wish(layers, FSOCK_OUTPUT, r);
	if (r != 1)
		return r;
	while (done < n && layers->held_to == 0) {
		r = write_piece(s, octets + done, n - done);
		if (r < 0)
			break;
		done += (size_t)r;
	}
	if (done == n && layers->held_to == 0) {
		r = finish(layers, 0);
		set_wish(layers, FSOCK_OUTPUT, r);
	}
	return r == FSOCK_LAYER_FAILED ? r : (ssize_t)done;
}

ssize_t
fsock__layers_send(struct fsock *s, const void *buf, size_t n)
{
	struct call call;
	ssize_t r;

	if (s->layers->is_ended && !s->layers->failed)
		return fsock__handle_error(s, "write", EPIPE);
	enter(s, &call);
	r = write_all(s, buf, n);
	leave(s, &call);
	if (r == FSOCK_LAYER_FAILED)
		return tell(s, "write");
	return r < 0 ? 0 : r;
}

int
fsock__layers_flush(struct fsock *s, int is_end)
{
	struct fsock__layers *layers = s->layers;
	struct call call;
	ssize_t r;

	if (layers->failed)
		return tell(s, "write");
	if (layers->is_ended || (!is_end && fsock__layers_unsent(s) == 0))
		return 1;
	enter(s, &call);
	r = finish(layers, is_end);
	if (r == 1)
		reset_wish(layers, FSOCK_OUTPUT);
	set_wish(layers, FSOCK_OUTPUT, r);
	leave(s, &call);
	if (r == FSOCK_LAYER_FAILED)
		return tell(s, "write");
	return r == 1;
}

/* Records that the time is over, or the deadline's. Returns -1. */
static int
time_over(struct fsock *s, const char *operation, int direction)
{
	if (fsock__transfer_check(s, operation, direction) < 0)
		return -1;
	return fsock__error_set_kind(operation, s->host, s->port, FSOCK_TIMEOUT_ERROR, ETIMEDOUT);
}

/*
 * Becomes the one that waits for input. Returns 1; 0 if input has come meanwhile; or -1 with the
 * error recorded.
 */
static int
take_intake(struct fsock *s, const char *operation, int direction, int64_t until)
{
	struct fsock__layers *layers = s->layers;
	int64_t deadline = fsock__handle_deadline(s, direction);
	unsigned number;
	int has_come;

	if (fsock__turn_take(s, &layers->intake, deadline < until ? deadline : until) < 0)
		return time_over(s, operation, direction);
	/* Who was in a call by then may have taken some. */
	fsock__turn_take(s, &layers->turn, FSOCK__NEVER);
	number = layers->turn.number;
	has_come = layers->arrivals != layers->seen[index_of(direction)];
	fsock__turn_end(s, &layers->turn, number);
	return !has_come;
}

int
fsock__layers_await(struct fsock *s, const char *operation, int direction, int64_t until)
{
	struct fsock__layers *layers = s->layers;
	int wish = layers->wish[index_of(direction)], r = 1;
	int64_t start_by = layers->start_by;

	if (start_by < until)
		until = start_by;
	if (wish == FSOCK_INPUT)
		r = take_intake(s, operation, direction, until);
	if (r == 1)
		r = fsock__transfer_wait_for(s, operation, direction, wish, until);
	if (r < 0)
		give_intake(s);
	return r < 0 ? -1 : 0;
}

void
fsock__layers_be_late(struct fsock *s)
{
	struct call call;

	enter(s, &call);
	if (!s->layers->is_started)
		fsock__layer_fail(s->layers, FSOCK_TIMEOUT_ERROR, ETIMEDOUT, NULL);
	leave(s, &call);
	if (s->layers->failed)
		keep(s);
}

void
fsock__layers_drop(struct fsock *s)
{
	struct fsock__layers *layers = s->layers;
	struct fsock_layer *layer = layers->top;
	struct call call;

	enter(s, &call);
	if (layers->is_torn) { /* nobody knows what it looks like inside */
		leave(s, &call);
		return;
	}
	fsock__layer_fail(layers, FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF, NULL);
	for (; layer != NULL; layer = layer->below)
		if (layer->ops->free != NULL && layer->state != NULL) {
			layer->ops->free(layer);
			layer->state = NULL;
		}
	leave(s, &call);
}
