/* What OpenSSL reads from and writes to: the layer below. It never waits. */
#include "tls.h"

#include <errno.h>
#include <stdlib.h>
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

enum { MOST = 32768 }; /* octets of more than one record, or answer, that are kept */

/*
 * Keeps what there is no room for below, behind what is kept. Returns 1; 0 if that is too much; or
 * FAILED: OpenSSL forgets an end that it could not write.
 */
static int
keep(struct fsock__tls *t, const char *octets, size_t n)
{
	size_t kept = t->rest_to - t->rest_from;
	unsigned char *memory;

	if (kept > 0 && kept + n > MOST)
		return 0;
	memory = malloc(kept + n);
	if (memory == NULL)
		return fsock_layer_fail(t->layer, FSOCK_OUT_OF_MEMORY_ERROR, ENOMEM, NULL);
	if (kept > 0)
		memcpy(memory, t->rest + t->rest_from, kept);
	else
		t->owed = n;
	memcpy(memory + kept, octets, n);
	free(t->rest);
	t->rest = memory;
	t->rest_from = 0;
	t->rest_to = kept + n;
	return 1;
}

int
fsock__tls_push(struct fsock__tls *t)
{
	ssize_t r = 1;

	while (t->rest_from < t->rest_to) {
		size_t n = t->owed > 0 ? t->owed : t->rest_to - t->rest_from;

		r = fsock_layer_send(t->layer, t->rest + t->rest_from, n);
		t->owed = r < 0 ? n : 0;
		if (r < 0)
			return (int)r;
		t->rest_from += (size_t)r;
	}
	free(t->rest);
	t->rest = NULL;
	if (t->is_flush_due)
		r = fsock_layer_flush(t->layer);
	t->is_flush_due = r < 0;
	return r < 0 ? (int)r : 1;
}

/*
 * Takes all of a record, or nothing. OpenSSL cannot answer a KeyUpdate while it has a part of a
 * record to write; and who reads is not to wait for room for an answer.
 */
static int
bio_write(BIO *bio, const char *octets, int n)
{
	struct fsock__tls *t = BIO_get_data(bio);
	size_t done = 0, size = n > 0 ? (size_t)n : 0;
	ssize_t r = 1;
	int kept;

	BIO_clear_retry_flags(bio);
	if (t->rest != NULL)
		r = fsock__tls_push(t);
	while (r > 0 && done < size) {
		r = fsock_layer_send(t->layer, octets + done, size - done);
		done += r > 0 ? (size_t)r : 0;
	}
	if (done == size)
		return n;
	kept = r == FSOCK_LAYER_FAILED ? (int)r : keep(t, octets + done, size - done);
	if (kept == 1)
		return n;
	t->wish = kept == 0 ? (int)r : FSOCK_LAYER_FAILED;
	if (kept == 0)
		BIO_set_retry_write(bio);
	return -1;
}

/* Nobody waits for what a flush cannot do yet: it is done before anything else is written. */
static int
bio_flush(struct fsock__tls *t)
{
	int r;

	t->is_flush_due = 1;
	r = fsock__tls_push(t);
	if (r == FSOCK_LAYER_FAILED)
		t->wish = r;
	return r != FSOCK_LAYER_FAILED;
}

/* What it does not know it denies: kernel TLS, for one. */
static long
bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	struct fsock__tls *t = BIO_get_data(bio);

	(void)number, (void)pointer;
	if (command == BIO_CTRL_EOF)
		return t->is_at_end;
	return command == BIO_CTRL_FLUSH && bio_flush(t);
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
