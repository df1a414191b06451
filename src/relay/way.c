#include "../base/compat.h"
#include "way.h"

#include "../base/process.h"
#include "../base/trace.h"
#include "../sock/transfer.h"
#include "../stream/connection.h"

/*
 * So often one step receives from the system: others are to get their turn. What is in memory it
 * takes all, as no list tells of a part of a record.
 */
enum { ROUNDS = 16 };

/* So much at once is worth a pipe. */
enum { BULK = 16384 };

/* Of what may be received in one go into a pipe, or more: a pipe takes what it has room for. */
enum { MOST = 1 << 20 };

/* Returns -1. */
static int
fail(struct fsock__relay_way *w, const struct fsock__relay_end *end, int direction)
{
	w->failed = end;
	w->failed_in = direction;
	return -1;
}

/* EBUSY: another thread is writing to the FILE that was read from, and is done soon. */
static int
is_blocked(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EBUSY;
}

/* Whether the pipe is there for what comes next. A trace is to see the octets. */
static int
splices(struct fsock__relay_way *w)
{
	if (!w->has_bulk || !w->may_splice || fsock__trace_is_on() ||
	    !fsock__relay_end_is_plain(w->from) || !fsock__relay_end_is_plain(w->to))
		return 0;
	return fsock__relay_pipe_open(&w->pipe, w->from->socket, w->to->socket);
}

/* How much the pipe may receive, where n octets fit into the buffer. */
static size_t
most(const struct fsock__relay_way *w, size_t n)
{
	const struct fsock__stream *stream = w->from->socket->stream;

	if (stream != NULL && stream->bound != FSOCK__NO_BOUND)
		return n;
	return w->left < MOST ? (size_t)w->left : MOST;
}

/* see fsock__receive_fn: from the system, into the pipe or the buffer */
static ssize_t
receive(struct fsock *s, void *buf, size_t n, void *arg)
{
	struct fsock__relay_way *w = arg;
	ssize_t r;

	w->asked = n;
	if (splices(w)) {
		r = fsock__relay_pipe_receive(&w->pipe, s, most(w, n));
		if (r >= 0 || w->pipe.state == FSOCK__RELAY_PIPE_OPEN)
			return r;
	}
	return s->transport->receive(s, buf, n);
}

/* Receives what is there. Returns 1, 0 if nothing is, or -1. */
static int
fill(struct fsock__relay_way *w)
{
	size_t n = w->left < w->size ? (size_t)w->left : w->size;
	int saved = errno;
	ssize_t r;

	w->asked = 0;
	r = fsock__relay_end_receive(w->from, w->buffer, n, receive, w);
	if (r < 0 && !is_blocked())
		return fail(w, w->from, FSOCK_INPUT);
	errno = saved;
	if (r < 0) {
		w->waits = FSOCK_INPUT;
		return 0;
	}
	w->has_ended = r == 0;
	w->left -= (size_t)r;
	if (w->pipe.count == 0) {
		w->head = 0;
		w->count = (size_t)r;
		w->has_bulk |= (size_t)r == w->size || r >= BULK;
	}
	return 1;
}

/*
 * What is in the pipe goes through the buffer if there is a layer now. Returns what sending it
 * does.
 */
static ssize_t
send_held(struct fsock__relay_way *w)
{
	ssize_t r;

	if (w->count == 0 && fsock__relay_end_is_plain(w->to))
		return fsock__relay_pipe_send(&w->pipe, w->to->socket);
	if (w->count == 0) {
		r = fsock__relay_pipe_take(&w->pipe, w->buffer, w->size);
		if (r < 0)
			return fsock__handle_error(w->to->socket, "write", errno);
		w->head = 0;
		w->count = (size_t)r;
	}
	r = fsock__relay_end_send(w->to, w->buffer + w->head, w->count);
	if (r > 0) {
		w->head += (size_t)r;
		w->count -= (size_t)r;
	}
	return r;
}

/* Sends what is held. Returns 1, 0 if some is left, or -1. */
static int
pass(struct fsock__relay_way *w)
{
	int clear = fsock__relay_end_is_clear(w->to);
	ssize_t r = 1;

	while (clear > 0 && r > 0 && fsock__relay_way_held(w) > 0) {
		r = send_held(w);
		if (r > 0)
			w->passed += (size_t)r;
		if (r > 0)
			clear = fsock__relay_end_is_clear(w->to);
	}
	if (clear < 0 || r < 0)
		return fail(w, w->to, FSOCK_OUTPUT);
	if (clear > 0 && r > 0)
		return 1;
	w->waits = FSOCK_OUTPUT;
	return 0;
}

/* Passes the end on. Returns 0 or -1. */
static int
finish(struct fsock__relay_way *w)
{
	int r = 1;

	if (!w->is_told && w->ends_output && w->left > 0) { /* else it has ended at its limit */
		r = fsock__relay_end_finish(w->to);
		if (r > 0)
			w->is_told = 1;
		if (r > 0 && w->to->kind == FSOCK__RELAY_SOCKET)
			r = w->to->socket->output.queued == 0;
	}
	if (r < 0)
		return fail(w, w->to, FSOCK_OUTPUT);
	w->is_done = r;
	w->waits = r ? 0 : FSOCK_OUTPUT;
	return 0;
}

/* Whether the system is known to have no more for now: it gave less than there was room for. */
static int
is_drained(const struct fsock__relay_way *w)
{
	return w->asked > 0 && w->pipe.count == 0 && w->count < w->asked &&
	       fsock__relay_end_is_plain(w->from);
}

/* As fsock__relay_way_step(). */
static int
step(struct fsock__relay_way *w)
{
	int rounds = 0, drained = 0;

	while (!w->is_done) {
		int r = pass(w);

		if (r <= 0)
			return r;
		w->has_ended |= w->left == 0;
		if (w->has_ended)
			return finish(w);
		w->waits = FSOCK_INPUT;
		if (drained || rounds == ROUNDS)
			return 0;
		r = fill(w);
		if (r <= 0)
			return r;
		drained = is_drained(w) && !w->has_ended;
		rounds += w->asked > 0 || w->from->kind != FSOCK__RELAY_SOCKET;
	}
	return 0;
}

int
fsock__relay_way_step(struct fsock__relay_way *w)
{
	int r = step(w);

	/* A peer that gets no more is to know, even if it is exit() that ends this. */
	w->to->socket->output.relayed = fsock__relay_way_held(w) > 0 ? fsock__process() : 0;
	return r;
}
