/* Layers as programs see them. See fsock/layer.h. */
#include "../base/compat.h"
#include "layer.h"

#include <stddef.h>
#include <stdlib.h>

#include <fsock/stream.h>

#include "../base/error.h"
#include "layers.h"
#include "transfer.h"

/* Whether a table can be used at all. */
static int
is_sensible(const struct fsock_layer_ops *ops, int flags)
{
	return ops != NULL && ops->size >= offsetof(struct fsock_layer_ops, describe) &&
	       ops->read != NULL && ops->write != NULL && (flags & ~FSOCK_LAYER_TAKE_PENDING) == 0;
}

/* Takes the n octets that were read ahead, for the layer. Returns 0, or -1 with errno. */
static int
take_ahead(struct fsock *s, struct fsock_layer *layer, size_t n)
{
	ssize_t r;

	layer->ahead = malloc(n + 1);
	if (layer->ahead == NULL)
		return -1;
	while (layer->ahead_to < n) {
		r = s->stream_ops->receive(s, layer->ahead + layer->ahead_to, n - layer->ahead_to,
		    fsock__transfer_receive, NULL);
		if (r <= 0)
			break;
		layer->ahead_to += (size_t)r;
	}
	if (s->layers != NULL && s->layers->has_first)
		layer->ahead[layer->ahead_to++] = s->layers->first;
	return 0;
}

/* How much has been read ahead on a stream that is flushed, or -1 with the error recorded. */
static ssize_t
settle_streams(struct fsock *s)
{
	if (s->stream == NULL)
		return 0;
	if (s->stream_ops->flush(s, FSOCK__FLUSH_ALL) < 0)
		return -1;
	if (s->output.queued > 0 && s->connecting == NULL) /* that would go through the layer */
		return fsock__handle_error(s, "push layer", EAGAIN);
	return s->stream_ops->ahead(s, "push layer");
}

/* The layers of a socket that has none yet; or NULL. */
static struct fsock__layers *
new_layers(void)
{
	struct fsock__layers *layers = calloc(1, sizeof *layers);

	if (layers == NULL)
		return NULL;
	layers->wish[0] = FSOCK_INPUT;
	layers->wish[1] = FSOCK_OUTPUT;
	layers->start_by = FSOCK__NEVER;
	return layers;
}

/* Puts a layer that is ready on top. */
static void
put(struct fsock *s, struct fsock__layers *layers, struct fsock_layer *layer)
{
	fsock__handle_lock(s);
	layer->below = layers->top;
	layers->top = layer;
	layers->flushes |= layer->ops->flush != NULL;
	layers->is_started = layers->is_ended = 0;
	layers->has_first = layers->has_input = 0;
	layers->is_pending = layer->ahead != NULL;
	s->layers = layers;
	if (s->connecting == NULL)
		s->transport = &fsock__transport_layered;
	fsock__handle_unlock(s);
	fsock__handle_note(s);
}

/* Whether the layers have octets: what they only might have, as TLS after a handshake, is tried. */
static int
have_input(struct fsock *s)
{
	const struct fsock__layers *layers = s->layers;

	if (layers != NULL && layers->is_started && layers->is_pending)
		fsock__layers_probe(s);
	return layers != NULL && (layers->has_first || layers->is_pending);
}

/*
 * Looks for input that is in the way. Returns how many octets have been read ahead, which are for
 * the layer then, or -1 with the error recorded.
 */
static ssize_t
look_ahead(struct fsock *s, int flags)
{
	const struct fsock__layers *layers = s->layers;
	ssize_t n = settle_streams(s);

	if (n < 0)
		return -1;
	if (layers != NULL)
		n += layers->has_first;
	if ((flags & FSOCK_LAYER_TAKE_PENDING) || (n == 0 && !have_input(s)))
		return n;
	if (n == 0) /* only the layers know how many there are */
		return fsock__handle_error(s, "push layer", EBUSY);
	return fsock__error_set_words("push layer", s->host, s->port,
	    fsock_error_kind_of_errno(EBUSY), EBUSY, "the peer sent %lld octet%s before the layer",
	    (long long)n, n == 1 ? "" : "s");
}

/* As fsock_layer_push(), of a socket that can have one. */
static int
push(struct fsock *s, const struct fsock_layer_ops *ops, void *state, int flags)
{
	struct fsock__layers *layers = s->layers, *made = NULL;
	struct fsock_layer *layer;
	ssize_t n = look_ahead(s, flags);

	if (n < 0)
		return -1;
	layer = calloc(1, sizeof *layer);
	if (layers == NULL)
		layers = made = new_layers();
	if (layer == NULL || layers == NULL || (n > 0 && take_ahead(s, layer, (size_t)n) < 0)) {
		free(layer);
		free(made);
		return fsock__handle_error(s, "push layer", ENOMEM);
	}
	layer->ops = ops;
	layer->state = state;
	layer->socket = s;
	put(s, layers, layer);
	return 0;
}

/* see fsock/layer.h */
int
fsock_layer_push(fsock *s, const struct fsock_layer_ops *ops, void *state, int flags)
{
	int saved = errno;

	if (fsock__handle_check(s, "push layer") < 0)
		return -1;
	if (s->role != FSOCK__CONNECTED || !is_sensible(ops, flags))
		return fsock__handle_error(s, "push layer", EINVAL);
	if (push(s, ops, state, flags) < 0)
		return -1;
	errno = saved;
	return 0;
}

/* see fsock/layer.h */
int
fsock_layer_start(fsock *s)
{
	if (fsock__handle_check(s, "handshake") < 0)
		return -1;
	if (!fsock__layers_are_on(s))
		return 0;
	if (s->connecting != NULL)
		return fsock__handle_error(s, "handshake", EAGAIN);
	return fsock__layers_start(s, "handshake", fsock__clock_after(s->limits.read_timeout));
}

/* see fsock/layer.h */
fsock_layer *
fsock_layer_of(fsock *s, const struct fsock_layer_ops *ops)
{
	struct fsock_layer *layer = s == NULL || s->layers == NULL ? NULL : s->layers->top;

	while (layer != NULL && ops != NULL && layer->ops != ops)
		layer = layer->below;
	return layer;
}

/* see fsock/layer.h */
void *
fsock_layer_state(const fsock_layer *layer)
{
	return layer->state;
}

/* see fsock/layer.h */
fsock *
fsock_layer_socket(const fsock_layer *layer)
{
	return layer->socket;
}

/* see fsock/layer.h */
const char *
fsock_layer_host(const fsock_layer *layer)
{
	return layer->socket->host;
}

/* see fsock/layer.h */
const char *
fsock_layer_peer(const fsock *s)
{
	return s->host;
}

/* see fsock/layer.h */
int
fsock_layer_port(const fsock *s)
{
	return s->port > 0 ? s->port : 0;
}

/* see fsock/layer.h */
int
fsock_layer_report(const char *operation, enum fsock_error_kind kind, int errnum, const char *text)
{
	if (text == NULL)
		return fsock__error_set_kind(operation, NULL, FSOCK__NO_PORT, kind, errnum);
	return fsock__error_set_words(operation, NULL, FSOCK__NO_PORT, kind, errnum, "%s", text);
}

void
fsock__layer_hold(struct fsock_layer_maker *maker)
{
	if (maker != NULL && maker->hold != NULL)
		maker->hold(maker);
}

void
fsock__layer_drop(struct fsock_layer_maker *maker)
{
	if (maker != NULL && maker->drop != NULL)
		maker->drop(maker);
}

int
fsock__layer_make(struct fsock *s, int accepted)
{
	struct fsock_layer_maker *maker = s->settings.layer;
	int64_t span = s->settings.handshake_timeout;

	if (maker == NULL)
		return 0;
	errno = 0;
	if (maker->make(maker, s, accepted) < 0)
		return fsock__handle_error(s, "handshake", errno != 0 ? errno : ENOMEM);
	if (accepted && s->layers != NULL)
		s->layers->start_by = fsock__clock_after(span);
	return 0;
}

void
fsock__layer_free_all(struct fsock *s)
{
	struct fsock__layers *layers = s->layers;
	struct fsock_layer *layer, *below;

	if (layers == NULL)
		return;
	fsock__layers_drop(s);
	for (layer = layers->top; layer != NULL; layer = below) {
		below = layer->below;
		free(layer->ahead);
		free(layer);
	}
	free(layers->held);
	free(layers);
	s->layers = NULL;
}
