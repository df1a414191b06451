/* What streams stand on where there are layers. */
#include "../base/compat.h"
#include "layer_output.h"
#include "layers.h"

#include "account.h"
#include "linger.h"
#include "transfer.h"

/*
 * Octets are waited for as long as the program says, whatever the layers do meanwhile: a record
 * that comes octet by octet does not make it longer.
 */
static ssize_t
layered_receive(struct fsock *s, void *buf, size_t n)
{
	int64_t until = 0;
	int saved = errno;
	ssize_t r;

	fsock__handle_use(s);
	if (fsock__transfer_check(s, "read", FSOCK_INPUT) < 0)
		return -1;
	for (;;) {
		if (s->shut & FSOCK_INPUT) {
			errno = saved;
			return 0;
		}
		r = fsock__layers_receive(s, buf, n);
		if (r != FSOCK__LAYERS_NOTHING)
			break;
		if (s->nonblocking)
			return fsock__handle_error(s, "read", EAGAIN);
		if (until == 0)
			until = fsock__clock_after(s->limits.read_timeout);
		if (fsock__layers_await(s, "read", FSOCK_INPUT, until) < 0)
			return -1;
	}
	if (r > 0)
		fsock__account_octets(s, FSOCK_INPUT, buf, (size_t)r);
	else if (r == 0 && n > 0)
		fsock__account_end(s);
	if (r >= 0)
		errno = saved;
	if (s->stream == NULL) /* else who asked does so */
		fsock__handle_note(s);
	return r;
}

static ssize_t
layered_receive_now(struct fsock *s, void *buf, size_t n, int *is_drained)
{
	ssize_t r = s->shut & FSOCK_INPUT ? 0 : fsock__layers_receive(s, buf, n);

	*is_drained = 0; /* a record may be all that was read, and not all there is */
	if (r > 0)
		fsock__account_octets(s, FSOCK_INPUT, buf, (size_t)r);
	if (r != FSOCK__LAYERS_NOTHING)
		return r < 0 ? 0 : r;
	errno = EAGAIN;
	return -1;
}

static ssize_t
layered_offer(struct fsock *s, const void *buf, size_t n)
{
	int saved = errno;
	ssize_t r;

	if (s->output.error != 0)
		return fsock__handle_error(s, "write", EPIPE);
	fsock__handle_use(s);
	if (fsock__transfer_check(s, "write", FSOCK_OUTPUT) < 0)
		return -1;
	r = fsock__layer_output_send(s, buf, n);
	if (r > 0)
		fsock__account_octets(s, FSOCK_OUTPUT, buf, (size_t)r);
	if (r >= 0)
		errno = saved;
	return r;
}

static int
layered_flush(struct fsock *s)
{
	return fsock__layer_output_flush(s, 0);
}

static int
layered_await_room(struct fsock *s, const char *operation, int64_t until)
{
	return fsock__layers_await(s, operation, FSOCK_OUTPUT, until);
}

static int
layered_close(struct fsock *s)
{
	fsock__layers_drop(s);
	return fsock__transport_socket.close(s);
}

const struct fsock__transport_ops fsock__transport_layered = {
	.receive = layered_receive,
	.receive_now = layered_receive_now,
	.offer = layered_offer,
	.flush = layered_flush,
	.await_room = layered_await_room,
	.finish = fsock__linger_finish, /* of what comes to the descriptor: the layers have ended */
	.close = layered_close,
};
