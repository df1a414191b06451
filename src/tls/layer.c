/* The layer: steps of OpenSSL, which say what they want. */
#include "tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Whether a name is the text of an address. */
static int
is_address(const char *name)
{
	unsigned char octets[16];

	return inet_pton(AF_INET, name, octets) == 1 || inet_pton(AF_INET6, name, octets) == 1;
}

/* A client: whom it asks for, and whom it takes. Returns 0 or -1. */
static int
prepare_client(struct fsock__tls *t)
{
	const struct fsock_tls_options *o = &t->tls->options;

	SSL_set_connect_state(t->ssl);
	SSL_set_verify(t->ssl, o->verify == FSOCK_OFF ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
	    o->verify == FSOCK_OFF ? NULL : fsock__tls_verify);
	if (t->name[0] != '\0' && !is_address(t->name) &&
	    SSL_set_tlsext_host_name(t->ssl, t->name) != 1)
		return -1;
	if (o->verify == FSOCK_OFF || o->verify_name == FSOCK_OFF)
		return 0;
	SSL_set_hostflags(
	    t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return SSL_set1_host(t->ssl, t->name) == 1 ? 0 : -1;
}

static void
prepare_server(struct fsock__tls *t)
{
	const struct fsock_tls_options *o = &t->tls->options;
	int mode = SSL_VERIFY_NONE;

	if (o->verify == FSOCK_ON)
		mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	else if (o->verify == FSOCK_DEFAULT && (o->ca_file != NULL || o->ca_dir != NULL))
		mode = SSL_VERIFY_PEER;
	SSL_set_accept_state(t->ssl);
	SSL_set_verify(t->ssl, mode, fsock__tls_verify);
}

/* Makes the SSL. Returns 1 or FAILED. */
static int
make_ssl(struct fsock__tls *t, fsock_layer *layer)
{
	const BIO_METHOD *method = fsock__tls_bio();
	BIO *bio = method == NULL ? NULL : BIO_new(method);

	t->ssl = bio == NULL ? NULL : SSL_new(t->context);
	if (t->ssl == NULL) {
		BIO_free(bio);
		return fsock_layer_fail(layer, FSOCK_OUT_OF_MEMORY_ERROR, ENOMEM, NULL);
	}
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_app_data(t->ssl, t);
	if (t->is_server)
		prepare_server(t);
	else if (prepare_client(t) < 0)
		return fsock_layer_fail(layer, FSOCK_OUT_OF_MEMORY_ERROR, ENOMEM, NULL);
	else
		fsock__tls_resume(t);
	return 1;
}

/* A server waits for the first octets without an SSL, which takes much memory. */
static int
await_client(struct fsock__tls *t, fsock_layer *layer)
{
	ssize_t r = fsock_layer_receive(layer, t->head, sizeof t->head);

	if (r == FSOCK_LAYER_END) {
		t->is_at_end = 1;
		return fsock__tls_fail(t, layer);
	}
	if (r < 0)
		return (int)r;
	t->head_to = (size_t)r;
	return 1;
}

/* What a function of OpenSSL has come to that returned r, if that is no success. */
static int
judge(struct fsock__tls *t, fsock_layer *layer, int r)
{
	int error = SSL_get_error(t->ssl, r);

	if (error == SSL_ERROR_WANT_READ)
		t->has_more = 0;
	if ((error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) && t->wish != 0)
		return t->wish;
	if (error == SSL_ERROR_WANT_READ)
		return FSOCK_LAYER_WANTS_INPUT;
	/* The peer has ended its side; but below, what we wrote after that may be refused. */
	if (error == SSL_ERROR_ZERO_RETURN)
		return t->wish == FSOCK_LAYER_FAILED ? t->wish : FSOCK_LAYER_END;
	/* Below, but not while OpenSSL told the peer why it has failed: it knows that better. */
	if (error == SSL_ERROR_SYSCALL && t->wish == FSOCK_LAYER_FAILED && !t->is_at_end)
		return FSOCK_LAYER_FAILED;
	return fsock__tls_fail(t, layer);
}

/* Before each call: what is left over of others' is not to be taken for this one's. */
static struct fsock__tls *
begin(fsock_layer *layer)
{
	struct fsock__tls *t = fsock_layer_state(layer);

	t->layer = layer;
	t->wish = 0;
	ERR_clear_error();
	return t;
}

static int
tls_start(fsock_layer *layer)
{
	struct fsock__tls *t = begin(layer);
	int r = 1, pushed;

	if (t->ssl == NULL && t->is_server && t->head_to == 0)
		r = await_client(t, layer);
	if (r == 1 && t->ssl == NULL)
		r = make_ssl(t, layer);
	if (r != 1)
		return r;
	r = SSL_do_handshake(t->ssl);
	if (r != 1)
		r = judge(t, layer, r);
	if (r == FSOCK_LAYER_END)
		r = fsock__tls_fail(t, layer);
	if (r != FSOCK_LAYER_FAILED && (pushed = fsock__tls_push(t)) != 1)
		return pushed;
	t->is_done = r == 1;
	if (t->is_done && t->context != NULL) {
		SSL_CTX_free(t->context);
		t->context = NULL;
	}
	return r;
}

static ssize_t
tls_read(fsock_layer *layer, void *octets, size_t n)
{
	struct fsock__tls *t = begin(layer);
	size_t got = 0;
	int r;

	if (t->has_failed)
		return FSOCK_LAYER_FAILED;
	r = SSL_read_ex(t->ssl, octets, n, &got);
	return r == 1 ? (ssize_t)got : judge(t, layer, r);
}

static ssize_t
tls_write(fsock_layer *layer, const void *octets, size_t n)
{
	struct fsock__tls *t = begin(layer);
	size_t sent = 0;
	int r;

	if (t->has_failed)
		return FSOCK_LAYER_FAILED;
	if ((r = fsock__tls_push(t)) != 1)
		return r;
	r = SSL_write_ex(t->ssl, octets, n, &sent);
	if (r == 1)
		return (ssize_t)sent;
	r = judge(t, layer, r);
	return r == FSOCK_LAYER_END ? fsock__tls_fail(t, layer) : r;
}

static int
tls_flush(fsock_layer *layer)
{
	return fsock__tls_push(begin(layer));
}

/* A second SSL_shutdown() would read. */
static int
tls_end(fsock_layer *layer)
{
	struct fsock__tls *t = begin(layer);
	int r = fsock__tls_push(t);

	if (r != 1 || t->has_failed || t->ssl == NULL)
		return r;
	if (!(SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN) && (r = SSL_shutdown(t->ssl)) < 0)
		return judge(t, layer, r);
	return fsock__tls_push(t);
}

static int
tls_pending(const fsock_layer *layer)
{
	const struct fsock__tls *t = fsock_layer_state(layer);

	return !t->has_failed && t->ssl != NULL && (t->has_more || SSL_pending(t->ssl) > 0);
}

/* A session that has not failed may be resumed, however its connection ends. */
static void
tls_free(fsock_layer *layer)
{
	struct fsock__tls *t = fsock_layer_state(layer);

	if (t->ssl != NULL && t->is_done && !t->has_failed)
		SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(t->ssl);
	SSL_CTX_free(t->context);
	fsock_tls_free(t->tls);
	free(t->rest);
	free(t);
}

/* "TLSv1.3, TLS_AES_256_GCM_SHA384, h2" */
static void
tls_describe(const fsock_layer *layer, char *text, size_t size)
{
	const struct fsock__tls *t = fsock_layer_state(layer);

	if (t->ssl != NULL)
		snprintf(text, size, "%s, %s%s%s%s", SSL_get_version(t->ssl),
		    SSL_get_cipher_name(t->ssl), t->alpn[0] == '\0' ? "" : ", ", t->alpn,
		    SSL_session_reused(t->ssl) ? ", resumed" : "");
}

const struct fsock_layer_ops fsock__tls_ops = {
	.size = sizeof fsock__tls_ops,
	.name = "TLS",
	.start = tls_start,
	.read = tls_read,
	.write = tls_write,
	.flush = tls_flush,
	.end = tls_end,
	.pending = tls_pending,
	.free = tls_free,
	.describe = tls_describe,
};
