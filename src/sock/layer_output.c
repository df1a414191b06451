#include "../base/compat.h"
#include "layer_output.h"

#include <stdlib.h>

#include "../base/error.h"
#include "layer_call.h"
#include "layer_step.h"

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
		fsock__layer_call_reset_wish(layers, FSOCK_OUTPUT);
		layers->flush_due = layers->flushes;
	} else if (r != FSOCK_LAYER_FAILED) {
		fsock__layer_call_set_wish(layers, FSOCK_OUTPUT, r);
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
	ssize_t r = fsock__layer_call_start(layers);

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

	fsock__layer_call_set_wish(layers, FSOCK_OUTPUT, r);
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
		fsock__layer_call_set_wish(layers, FSOCK_OUTPUT, r);
	}
	return r == FSOCK_LAYER_FAILED ? r : (ssize_t)done;
}

ssize_t
fsock__layer_output_send(struct fsock *s, const void *buf, size_t n)
{
	struct fsock__layer_call call;
	ssize_t r;

	if (s->layers->is_ended && !s->layers->failed)
		return fsock__handle_error(s, "write", EPIPE);
	fsock__layer_call_begin(s, &call);
	r = write_all(s, buf, n);
	fsock__layer_call_end(s, &call);
	if (r == FSOCK_LAYER_FAILED)
		return fsock__layer_call_tell(s, "write");
	return r < 0 ? 0 : r;
}

int
fsock__layer_output_flush(struct fsock *s, int is_end)
{
	struct fsock__layers *layers = s->layers;
	struct fsock__layer_call call;
	ssize_t r;

	if (layers->failed)
		return fsock__layer_call_tell(s, "write");
	if (s->output.error != 0) /* nobody waits for room any more */
		return fsock__handle_error(s, "write", EPIPE);
	if (layers->is_ended || (!is_end && fsock__layers_unsent(s) == 0))
		return 1;
	fsock__layer_call_begin(s, &call);
	r = finish(layers, is_end);
	if (r == 1)
		fsock__layer_call_reset_wish(layers, FSOCK_OUTPUT);
	fsock__layer_call_set_wish(layers, FSOCK_OUTPUT, r);
	fsock__layer_call_end(s, &call);
	if (r == FSOCK_LAYER_FAILED)
		return fsock__layer_call_tell(s, "write");
	return r == 1;
}
