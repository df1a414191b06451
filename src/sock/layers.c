#include "../base/compat.h"
#include "layers.h"

#include "../base/error.h"
#include "layer_call.h"
#include "layer_step.h"
#include "transfer.h"

int
fsock__layers_advance(struct fsock *s, const char *operation)
{
	struct fsock__layer_call call;
	int r;

	if (s->layers->is_started && !s->layers->failed)
		return 1;
	fsock__layer_call_begin(s, &call);
	r = fsock__layer_call_start(s->layers);
	fsock__layer_call_end(s, &call);
	if (r == FSOCK_LAYER_FAILED)
		return fsock__layer_call_tell(s, operation);
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

/* Whether the program has shut input down. */
static int
is_input_shut(const struct fsock__layers *layers)
{
	return (layers->top->socket->shut & FSOCK_INPUT) != 0;
}

/* Reads once, in the turn. Returns as a layer's read(). */
static ssize_t
read_once(struct fsock__layers *layers, void *buf, size_t n)
{
	ssize_t r =
	    is_input_shut(layers) ? FSOCK_LAYER_END : fsock__layer_read(layers->top, buf, n);

	if (r > 0)
		fsock__layer_call_reset_wish(layers, FSOCK_INPUT);
	fsock__layer_call_set_wish(layers, FSOCK_INPUT, r);
	return r;
}

/* What waits are to know of after reading. */
static void
note_input(struct fsock__layers *layers)
{
	layers->has_input =
	    layers->has_first || layers->failed || layers->top->is_at_end || is_input_shut(layers);
	layers->is_pending = !layers->failed && fsock__layer_is_pending(layers->top);
}

/* Reads all that there is, in the turn, and not more than n octets. Returns as read_once(). */
static ssize_t
read_all(struct fsock__layers *layers, uint8_t *buf, size_t n)
{
	ssize_t r = fsock__layer_call_start(layers);
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
	struct fsock__layer_call call;
	ssize_t r;

	fsock__layer_call_begin(s, &call);
	r = read_all(s->layers, buf, n);
	fsock__layer_call_end(s, &call);
	if (r == FSOCK_LAYER_FAILED)
		return fsock__layer_call_tell(s, "read");
	return r < 0 ? FSOCK__LAYERS_NOTHING : r;
}

/* Keeps it where the caller is not to be told. */
static void
keep(struct fsock *s)
{
	struct fsock__record *before = fsock__error_aside();

	fsock__layer_call_tell(s, "read");
	fsock__error_back(before);
}

void
fsock__layers_probe(struct fsock *s)
{
	struct fsock__layers *layers = s->layers;
	int saved = errno;
	struct fsock__layer_call call;

	fsock__layer_call_begin(s, &call);
	if (fsock__layer_call_start(layers) == 1 && !layers->has_first) {
		layers->has_first = read_once(layers, &layers->first, 1) == 1;
		note_input(layers);
	}
	fsock__layer_call_end(s, &call);
	if (layers->failed)
		keep(s);
	errno = saved;
}

/* Records that the time is over, or the deadline's. Returns -1. */
static int
time_over(struct fsock *s, const char *operation, int direction)
{
	if (fsock__transfer_check(s, operation, direction) < 0)
		return -1;
	return fsock__transfer_time_over(s, operation);
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
	has_come = layers->arrivals != layers->seen[fsock__layer_call_index(direction)];
	fsock__turn_end(s, &layers->turn, number);
	return !has_come;
}

int
fsock__layers_await(struct fsock *s, const char *operation, int direction, int64_t until)
{
	struct fsock__layers *layers = s->layers;
	int wish = layers->wish[fsock__layer_call_index(direction)], r = 1;
	int64_t start_by = layers->start_by;

	if (start_by < until)
		until = start_by;
	if (wish == FSOCK_INPUT)
		r = take_intake(s, operation, direction, until);
	if (r == 1)
		r = fsock__transfer_wait_for(s, operation, direction, wish, until);
	if (r < 0)
		fsock__layer_call_give_intake(s);
	return r < 0 ? -1 : 0;
}

void
fsock__layers_be_late(struct fsock *s)
{
	struct fsock__layer_call call;

	fsock__layer_call_begin(s, &call);
	if (!s->layers->is_started)
		fsock__layer_fail(s->layers, FSOCK_TIMEOUT_ERROR, ETIMEDOUT, NULL);
	fsock__layer_call_end(s, &call);
	if (s->layers->failed)
		keep(s);
}

int
fsock__layers_shut_input(struct fsock *s)
{
	struct fsock__layer_call call;
	int before, r, error;

	fsock__layer_call_begin(s, &call);
	before = atomic_fetch_or(&s->shut, FSOCK_INPUT);
	r = shutdown(s->fd, SHUT_RD);
	error = errno;
	if (r < 0 && !(before & FSOCK_INPUT)) /* nothing has ended: reading tells why */
		atomic_fetch_and(&s->shut, ~FSOCK_INPUT);
	fsock__layer_call_end(s, &call);
	errno = error;
	return r;
}

void
fsock__layers_drop(struct fsock *s)
{
	struct fsock__layers *layers = s->layers;
	struct fsock_layer *layer = layers->top;
	struct fsock__layer_call call;

	fsock__layer_call_begin(s, &call);
	if (layers->is_torn) { /* nobody knows what it looks like inside */
		fsock__layer_call_end(s, &call);
		return;
	}
	fsock__layer_fail(layers, FSOCK_BAD_FILE_DESCRIPTOR_ERROR, EBADF, NULL);
	for (; layer != NULL; layer = layer->below)
		if (layer->ops->free != NULL && layer->state != NULL) {
			layer->ops->free(layer);
			layer->state = NULL;
		}
	fsock__layer_call_end(s, &call);
}
