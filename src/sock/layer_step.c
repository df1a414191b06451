#include "../base/compat.h"
#include "layer_step.h"

#include <stdlib.h>

#include "../base/process.h"
#include "../base/sys.h"
#include "account.h"

int
fsock__layer_fail(
    struct fsock__layers *layers, enum fsock_error_kind kind, int errnum, const char *text)
{
	if (layers->failed)
		return FSOCK_LAYER_FAILED;
	layers->kind = kind;
	layers->errnum = errnum != 0 ? errnum : EPROTO;
	if (text != NULL)
		memcpy(layers->text, text, strnlen(text, sizeof layers->text - 1));
	layers->has_input = 1; /* reading tells of it */
	layers->start_by = FSOCK__NEVER;
	layers->failed = 1;
	return FSOCK_LAYER_FAILED;
}

static int
fail(const struct fsock_layer *layer, int errnum)
{
	return fsock__layer_fail(
	    layer->socket->layers, fsock_error_kind_of_errno(errnum), errnum, NULL);
}

/* What a function has returned, if it may return up to `most`. */
static ssize_t
check(const struct fsock_layer *layer, ssize_t r, size_t most)
{
	const struct fsock__layers *layers = layer->socket->layers;

	if (layers->failed)
		return FSOCK_LAYER_FAILED;
	if (r == FSOCK_LAYER_FAILED)
		return fail(layer, layers->unwritable);
	if (r < FSOCK_LAYER_WANTS_OUTPUT || (r > 0 && (size_t)r > most))
		return fail(layer, EPROTO);
	return r;
}

/* The same of one that writes. */
static ssize_t
check_output(const struct fsock_layer *layer, ssize_t r, size_t most)
{
	if (r == FSOCK_LAYER_FAILED && layer->socket->layers->unwritable != 0)
		return r;
	return r == 0 ? fail(layer, EPROTO) : check(layer, r, most);
}

/* Whether no function that writes is to be called any more. */
static int
is_unwritable(const struct fsock_layer *layer)
{
	return layer->socket->layers->failed || layer->socket->layers->unwritable != 0;
}

/*
 * Whether a function that has come to r is to be called again: it wants input, and a layer below
 * has some, for which nobody is to wait at the descriptor. It may not have asked for it, if what it
 * got before was less than it had room for. Who takes nothing the second time is not called again.
 */
static int
is_to_be_called_again(const struct fsock_layer *layer, ssize_t r, int calls, unsigned taken)
{
	return r == FSOCK_LAYER_WANTS_INPUT && layer->below != NULL &&
	       (calls == 1 || layer->taken != taken) && fsock__layer_is_pending(layer->below);
}

/* Calls start(). */
static int
call_start(struct fsock_layer *layer)
{
	unsigned taken;
	int r, calls = 0;

	do {
		taken = layer->taken;
		r = (int)check(layer, layer->ops->start(layer), 1);
	} while (is_to_be_called_again(layer, r, ++calls, taken));
	return r;
}

/* Calls read(). */
static ssize_t
call_read(struct fsock_layer *layer, void *buf, size_t n)
{
	unsigned taken;
	int calls = 0;
	ssize_t r;

	do {
		taken = layer->taken;
		r = check(layer, layer->ops->read(layer, buf, n), n);
	} while (is_to_be_called_again(layer, r, ++calls, taken));
	return r;
}

int
fsock__layer_start(struct fsock_layer *layer)
{
	int r = layer->below == NULL ? 1 : fsock__layer_start(layer->below);

	if (r != 1 || layer->is_started)
		return r;
	if (layer->ops->start != NULL)
		r = call_start(layer);
	if (r == 0)
		r = fail(layer, EPROTO);
	layer->is_started = r == 1;
	return r;
}

ssize_t
fsock__layer_read(struct fsock_layer *layer, void *buf, size_t n)
{
	ssize_t r;

	if (layer->socket->layers->failed)
		return FSOCK_LAYER_FAILED;
	if (layer->is_at_end)
		return FSOCK_LAYER_END;
	r = call_read(layer, buf, n);
	layer->is_at_end = r == FSOCK_LAYER_END;
	return r;
}

ssize_t
fsock__layer_write(struct fsock_layer *layer, const void *buf, size_t n)
{
	if (is_unwritable(layer))
		return FSOCK_LAYER_FAILED;
	return check_output(layer, layer->ops->write(layer, buf, n), n);
}

int
fsock__layer_flush(struct fsock_layer *layer)
{
	int r = 1;

	if (is_unwritable(layer))
		return FSOCK_LAYER_FAILED;
	if (layer->ops->flush != NULL)
		r = (int)check_output(layer, layer->ops->flush(layer), 1);
	return r != 1 || layer->below == NULL ? r : fsock__layer_flush(layer->below);
}

int
fsock__layer_end(struct fsock_layer *layer)
{
	int r = 1;

	if (is_unwritable(layer))
		return FSOCK_LAYER_FAILED;
	if (!layer->is_ended && layer->ops->end != NULL)
		r = (int)check_output(layer, layer->ops->end(layer), 1);
	layer->is_ended = r == 1;
	if (r == 1 && layer->below != NULL)
		r = fsock__layer_flush(layer);
	return r != 1 || layer->below == NULL ? r : fsock__layer_end(layer->below);
}

int
fsock__layer_is_pending(const struct fsock_layer *layer)
{
	for (; layer != NULL; layer = layer->below)
		if (layer->ahead != NULL || (layer->is_started && layer->ops->pending != NULL &&
						layer->ops->pending(layer)))
			return 1;
	return 0;
}

/* What was read before the layer was there. */
static size_t
take_ahead(struct fsock_layer *layer, void *buf, size_t n)
{
	size_t count = layer->ahead_to - layer->ahead_from;

	if (n > count)
		n = count;
	memcpy(buf, layer->ahead + layer->ahead_from, n);
	layer->ahead_from += n;
	if (n == count) {
		free(layer->ahead);
		layer->ahead = NULL;
	}
	return n;
}

/* Whether another thread waits for input below. */
static int
is_waited_for(const struct fsock *s)
{
	const struct fsock__turn *intake = &s->layers->intake;
	int is_others;

	if (intake->process == 0)
		return 0;
	fsock__handle_lock(s);
	is_others =
	    intake->process == fsock__process() && !pthread_equal(intake->owner, pthread_self());
	fsock__handle_unlock(s);
	return is_others;
}

static ssize_t
receive(struct fsock_layer *layer, void *buf, size_t n)
{
	struct fsock *s = layer->socket;
	int flags = MSG_DONTWAIT, early = 0; /* taken from the kernel before: see failure.h */
	ssize_t r;

	if (is_waited_for(s))
		return FSOCK_LAYER_WANTS_INPUT;
	r = fsock__sys_receive(s->fd, buf, n, &flags);
	if (r >= 0)
		s->layers->arrivals++;
	if (r > 0)
		fsock__account_wire(s, FSOCK_INPUT, (size_t)r);
	if (r == 0)
		early = atomic_exchange(&s->early_error, 0);
	if (r == 0 && early == 0 && s->layers->unwritable == ECONNRESET)
		early = ECONNRESET; /* which the kernel has told the writer of, and tells once */
	if (early != 0)
		return fail(layer, early);
	if (r < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
		return fail(layer, errno);
	return r < 0 ? FSOCK_LAYER_WANTS_INPUT : r;
}

static ssize_t
send_below(struct fsock_layer *layer, const void *buf, size_t n)
{
	struct fsock *s = layer->socket;
	int flags = MSG_DONTWAIT;
	ssize_t r = fsock__sys_send(s->fd, buf, n, &flags);

	if (r > 0)
		fsock__account_wire(s, FSOCK_OUTPUT, (size_t)r);
	if (r < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
		int error = errno, early = atomic_exchange(&s->early_error, 0);

		s->layers->unwritable = early != 0 ? early : error;
		return FSOCK_LAYER_FAILED;
	}
	if (r > 0 && !s->output.has_sent)
		s->output.has_sent = 1;
	return r <= 0 ? FSOCK_LAYER_WANTS_OUTPUT : r;
}

/* see fsock/layer.h */
ssize_t
fsock_layer_receive(fsock_layer *layer, void *octets, size_t n)
{
	ssize_t r;

	if (layer->socket->layers->failed)
		return FSOCK_LAYER_FAILED;
	if (layer->ahead != NULL)
		r = (ssize_t)take_ahead(layer, octets, n);
	else if (layer->below != NULL)
		r = fsock__layer_read(layer->below, octets, n);
	else
		r = receive(layer, octets, n);
	layer->taken += r > 0;
	return r;
}

/* see fsock/layer.h */
ssize_t
fsock_layer_send(fsock_layer *layer, const void *octets, size_t n)
{
	if (is_unwritable(layer))
		return FSOCK_LAYER_FAILED;
	return layer->below != NULL ? fsock__layer_write(layer->below, octets, n)
				    : send_below(layer, octets, n);
}

/* see fsock/layer.h */
int
fsock_layer_flush(fsock_layer *layer)
{
	return layer->below == NULL ? 1 : fsock__layer_flush(layer->below);
}

/* see fsock/layer.h */
int
fsock_layer_fail(fsock_layer *layer, enum fsock_error_kind kind, int errnum, const char *text)
{
	return fsock__layer_fail(layer->socket->layers, kind, errnum, text);
}
