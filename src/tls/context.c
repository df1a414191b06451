/* What connections share: an SSL_CTX, made of the files that the options name. */
#include "tls.h"

#include <openssl/err.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Records that something of a file, or another option, will not do. Returns -1. */
static int
fail(const char *what, const char *name)
{
	unsigned long error = ERR_peek_error(), last = ERR_peek_last_error();
	int is_system = ERR_GET_LIB(error) == ERR_LIB_SYS;
	const char *why = ERR_reason_error_string(last);
	char text[200];

	if (is_system)
		snprintf(text, sizeof text, "%s %.100s: %s", what, name,
		    strerror(ERR_GET_REASON(error)));
	else
		snprintf(text, sizeof text, "%s %.100s: %s", what, name,
		    why != NULL ? why : "cannot be used");
	ERR_clear_error();
	return fsock_layer_report("make TLS",
	    is_system ? fsock_error_kind_of_errno(ERR_GET_REASON(error)) : FSOCK_CERTIFICATE_ERROR,
	    is_system ? ERR_GET_REASON(error) : EPROTO, text);
}

/* A server's choice among what the client offers: the first of its own that the client has. */
static int
choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *length, const unsigned char *in,
    unsigned in_length, void *arg)
{
	const fsock_tls *tls = arg;
	unsigned char *chosen;

	(void)ssl;
	if (SSL_select_next_proto(&chosen, length, tls->alpn, tls->alpn_length, in, in_length) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* A server's certificates by the name that the client asks for. */
static int
choose_name(SSL *ssl, int *alert, void *arg)
{
	const fsock_tls *tls = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	fsock_tls *chosen = NULL;
	SSL_CTX *context;

	(void)alert;
	if (name != NULL)
		chosen = tls->options.choose(name, tls->options.arg);
	if (chosen == NULL)
		return SSL_TLSEXT_ERR_OK;
	context = fsock__tls_context(chosen, 0);
	SSL_set_SSL_CTX(ssl, context);
	SSL_CTX_free(context);
	return SSL_TLSEXT_ERR_OK;
}

/* Our own certificate. Returns 0, or -1 with the error recorded. */
static int
use_certificate(SSL_CTX *context, const struct fsock_tls_options *o)
{
	const char *key = o->key != NULL ? o->key : o->certificate;

	if (o->certificate == NULL)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(context, o->certificate) != 1)
		return fail("certificate", o->certificate);
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1)
		return fail("key", key);
	return 0;
}

/* Whom to believe, and whom no more. Returns 0, or -1 with the error recorded. */
static int
use_authorities(SSL_CTX *context, const struct fsock_tls_options *o)
{
	X509_STORE *store = SSL_CTX_get_cert_store(context);
	X509_LOOKUP *lookup;

	if (o->ca_file != NULL && SSL_CTX_load_verify_file(context, o->ca_file) != 1)
		return fail("authorities", o->ca_file);
	if (o->ca_dir != NULL && o->ca_dir[0] != '\0' &&
	    SSL_CTX_load_verify_dir(context, o->ca_dir) != 1)
		return fail("authorities", o->ca_dir);
	if (o->crl_file == NULL)
		return 0;
	lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
	if (lookup == NULL || X509_load_crl_file(lookup, o->crl_file, X509_FILETYPE_PEM) < 1)
		return fail("revocations", o->crl_file);
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
	return 0;
}

/* Returns 0, or -1 if there is no memory. */
static int
set_rules(SSL_CTX *context, fsock_tls *tls)
{
	const struct fsock_tls_options *o = &tls->options;

	SSL_CTX_set_min_proto_version(
	    context, o->min_version == 13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(context,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* It is an end of input then and no failure: a peer that has ended may yet read. */
	if (o->allow_truncation == FSOCK_ON)
		SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_session_id_context(context, (const unsigned char *)"fsock", 5);
	if (o->resume == FSOCK_OFF) {
		SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(context, 0);
	} else {
		SSL_CTX_set_num_tickets(context, 1);
	}
	if (tls->alpn != NULL) {
		if (SSL_CTX_set_alpn_protos(context, tls->alpn, tls->alpn_length) != 0)
			return -1;
		SSL_CTX_set_alpn_select_cb(context, choose_alpn, tls);
	}
	if (o->choose != NULL) {
		SSL_CTX_set_tlsext_servername_callback(context, choose_name);
		SSL_CTX_set_tlsext_servername_arg(context, tls);
	}
	return o->resume == FSOCK_OFF ? 0 : fsock__tls_keep_sessions(context);
}

/* Returns a context, or NULL with the error recorded. */
static SSL_CTX *
new_context(fsock_tls *tls)
{
	const struct fsock_tls_options *o = &tls->options;
	SSL_CTX *context;

	ERR_clear_error();
	context = SSL_CTX_new(TLS_method());
	if (context == NULL || set_rules(context, tls) < 0) {
		SSL_CTX_free(context);
		fsock_layer_report("make TLS", FSOCK_OUT_OF_MEMORY_ERROR, ENOMEM, NULL);
		return NULL;
	}
	if (o->ciphers != NULL && SSL_CTX_set_cipher_list(context, o->ciphers) != 1)
		fail("ciphers", o->ciphers);
	else if (use_certificate(context, o) == 0 && use_authorities(context, o) == 0)
		return context;
	SSL_CTX_free(context);
	return NULL;
}

/* Reading the system's authorities takes long: only for who is to believe them. */
static void
add_system(fsock_tls *tls)
{
	const struct fsock_tls_options *o = &tls->options;

	if (!tls->has_authorities && o->ca_file == NULL && o->ca_dir == NULL &&
	    o->verify != FSOCK_OFF)
		SSL_CTX_set_default_verify_paths(tls->context);
	tls->has_authorities = 1;
}

SSL_CTX *
fsock__tls_context(fsock_tls *tls, int is_client)
{
	SSL_CTX *context;

	pthread_mutex_lock(&tls->lock);
	if (is_client)
		add_system(tls);
	context = tls->context;
	SSL_CTX_up_ref(context);
	pthread_mutex_unlock(&tls->lock);
	return context;
}

/* "h2,http/1.1" as it is on the wire. Returns 0, or -1 with errno. */
static int
make_alpn(fsock_tls *tls, const char *text)
{
	size_t length = text == NULL ? 0 : strlen(text);

	if (text == NULL)
		return 0;
	tls->alpn = malloc(length + 2);
	if (tls->alpn == NULL)
		return -1;
	while (*text != '\0') {
		size_t n = strcspn(text, ",");

		if (n == 0 || n > 255)
			break;
		tls->alpn[tls->alpn_length++] = (unsigned char)n;
		memcpy(tls->alpn + tls->alpn_length, text, n);
		tls->alpn_length += (unsigned)n;
		text += n + (text[n] == ',');
	}
	if (*text == '\0' && tls->alpn_length > 0)
		return 0;
	errno = EINVAL;
	return -1;
}

/* Copies the options. Returns 0, or -1 with errno. */
static int
copy_options(fsock_tls *tls, const struct fsock_tls_options *options)
{
	struct fsock_tls_options *o = &tls->options;
	const char **texts[] = { &o->name, &o->ca_file, &o->ca_dir, &o->crl_file, &o->certificate,
		&o->key, &o->ciphers };

	if (options != NULL)
		*o = *options;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		size_t size;

		if (*texts[i] == NULL)
			continue;
		size = strlen(*texts[i]) + 1;
		tls->texts[i] = malloc(size);
		if (tls->texts[i] == NULL)
			return -1;
		memcpy(tls->texts[i], *texts[i], size);
		*texts[i] = tls->texts[i];
	}
	return make_alpn(tls, o->alpn);
}

static int
is_sensible(const struct fsock_tls_options *o)
{
	for (size_t i = 0; i < sizeof o->reserved / sizeof o->reserved[0]; i++)
		if (o->reserved[i] != 0)
			return 0;
	return o->min_version == 0 || o->min_version == 12 || o->min_version == 13;
}

fsock_tls *
fsock__tls_new(const struct fsock_tls_options *options)
{
	int error = options == NULL || is_sensible(options) ? ENOMEM : EINVAL;
	fsock_tls *tls = error == ENOMEM ? calloc(1, sizeof *tls) : NULL;

	if (tls == NULL) {
		fsock_layer_report("make TLS", fsock_error_kind_of_errno(error), error, NULL);
		return NULL;
	}
	tls->references = 1;
	pthread_mutex_init(&tls->lock, NULL);
	if (copy_options(tls, options) < 0)
		fsock_layer_report("make TLS", fsock_error_kind_of_errno(errno), errno, NULL);
	else if ((tls->context = new_context(tls)) != NULL)
		return tls;
	error = errno;
	fsock_tls_free(tls);
	errno = error;
	return NULL;
}

/* see fsock/tls.h */
int
fsock_tls_reload(fsock_tls *tls)
{
	SSL_CTX *made = new_context(tls), *old;

	if (made == NULL)
		return -1;
	pthread_mutex_lock(&tls->lock);
	old = tls->context;
	tls->context = made;
	tls->has_authorities = 0;
	pthread_mutex_unlock(&tls->lock);
	SSL_CTX_free(old);
	return 0;
}

/* see fsock/tls.h */
void
fsock_tls_free(fsock_tls *tls)
{
	if (tls == NULL || --tls->references > 0)
		return;
	SSL_CTX_free(tls->context);
	for (size_t i = 0; i < sizeof tls->texts / sizeof tls->texts[0]; i++)
		free(tls->texts[i]);
	free(tls->alpn);
	pthread_mutex_destroy(&tls->lock);
	free(tls);
}
