/* What OpenSSL reads from and writes to: the layer below. It never waits. */
#include "tls.h"

#include <string.h>

static int
bio_read(BIO *bio, char *octets, int n)
{
	struct fsock__tls *t = BIO_get_data(bio);
	size_t head = t->head_to - t->head_from;
	ssize_t r;

	BIO_clear_retry_flags(bio);
	if (n <= 0 || t->is_at_end)
		return 0;
	if (head > 0) {
		head = head < (size_t)n ? head : (size_t)n;
		memcpy(octets, t->head + t->head_from, head);
		t->head_from += head;
		return (int)head;
	}
	r = t->is_short ? FSOCK_LAYER_WANTS_INPUT
			: fsock_layer_receive(t->layer, octets, (size_t)n);
	t->is_short = r > 0 && r < n;
	if (r > 0) {
		t->has_more = 1;
		return (int)r;
	}
	t->is_at_end = r == FSOCK_LAYER_END;
	t->wish = (int)r;
	if (r == FSOCK_LAYER_WANTS_INPUT || r == FSOCK_LAYER_WANTS_OUTPUT)
		BIO_set_retry_read(bio);
	return r == FSOCK_LAYER_END ? 0 : -1;
}

static int
bio_write(BIO *bio, const char *octets, int n)
{
	struct fsock__tls *t = BIO_get_data(bio);
	ssize_t r;

	BIO_clear_retry_flags(bio);
	if (n <= 0)
		return 0;
	r = fsock_layer_send(t->layer, octets, (size_t)n);
	if (r > 0)
		return (int)r;
	t->wish = (int)r;
	if (r == FSOCK_LAYER_WANTS_INPUT || r == FSOCK_LAYER_WANTS_OUTPUT)
		BIO_set_retry_write(bio);
	return -1;
}

/* What it does not know it denies: kernel TLS, for one. */
static long
bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	const struct fsock__tls *t = BIO_get_data(bio);

	(void)number, (void)pointer;
	if (command == BIO_CTRL_EOF)
		return t->is_at_end;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "fsock layer");
	if (method == NULL)
		return;
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
}

const BIO_METHOD *
fsock__tls_bio(void)
{
	pthread_once(&once, make_method);
	return method;
}
