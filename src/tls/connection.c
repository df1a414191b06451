/* TLS on sockets and streams, and what was agreed on. */
#include "tls.h"

#include <errno.h>
#include <string.h>

/* see fsock/tls.h */
struct fsock_layer_maker *
fsock_tls_layer(fsock_tls *tls)
{
	if (tls == NULL)
		tls = fsock__tls_default();
	return tls == NULL ? NULL : &tls->maker;
}

/* see fsock/tls.h */
FILE *
fsock_tls_open(const char *host, int port, const char *mode, fsock_tls *tls)
{
	struct fsock_layer_maker *maker = fsock_tls_layer(tls);

	return maker == NULL ? NULL : fsock_layer_open(host, port, mode, maker);
}

/* see fsock/tls.h */
int
fsock_tls_start(fsock *s, fsock_tls *tls, int flags)
{
	int take = flags & FSOCK_TLS_TAKE_PENDING ? FSOCK_LAYER_TAKE_PENDING : 0;

	if (flags & ~(FSOCK_TLS_ACCEPTING | FSOCK_TLS_TAKE_PENDING))
		return fsock_layer_report(
		    "handshake", fsock_error_kind_of_errno(EINVAL), EINVAL, NULL);
	if (tls == NULL)
		tls = fsock__tls_default();
	if (tls == NULL || fsock__tls_make(tls, s, flags & FSOCK_TLS_ACCEPTING, take) < 0)
		return -1;
	return fsock_layer_start(s);
}

/* The connection's SSL once the handshake is over; else NULL. */
static SSL *
ssl_of(fsock *s)
{
	fsock_layer *layer = fsock_layer_of(s, &fsock__tls_ops);
	const struct fsock__tls *t = layer == NULL ? NULL : fsock_layer_state(layer);

	return t != NULL && t->is_done ? t->ssl : NULL;
}

/* see fsock/tls.h */
const char *
fsock_tls_version(fsock *s)
{
	SSL *ssl = ssl_of(s);

	return ssl == NULL ? NULL : SSL_get_version(ssl);
}

/* see fsock/tls.h */
const char *
fsock_tls_cipher(fsock *s)
{
	SSL *ssl = ssl_of(s);

	return ssl == NULL ? NULL : SSL_get_cipher_name(ssl);
}

/* see fsock/tls.h */
const char *
fsock_tls_alpn(fsock *s)
{
	fsock_layer *layer = fsock_layer_of(s, &fsock__tls_ops);
	SSL *ssl = ssl_of(s);
	const unsigned char *name;
	struct fsock__tls *t;
	unsigned length = 0;

	if (ssl == NULL)
		return NULL;
	t = fsock_layer_state(layer);
	SSL_get0_alpn_selected(ssl, &name, &length);
	if (length == 0)
		return NULL;
	memcpy(t->alpn, name, length); /* at most 255 octets */
	t->alpn[length] = '\0';
	return t->alpn;
}

/* see fsock/tls.h */
const char *
fsock_tls_server_name(fsock *s)
{
	SSL *ssl = ssl_of(s);

	return ssl == NULL ? NULL : SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
}

/* see fsock/tls.h */
int
fsock_tls_resumed(fsock *s)
{
	SSL *ssl = ssl_of(s);

	return ssl != NULL && SSL_session_reused(ssl);
}

static time_t
seconds_of(const ASN1_TIME *time)
{
	static const time_t epoch;
	ASN1_TIME *start = ASN1_TIME_set(NULL, epoch);
	int days = 0, seconds = 0;

	ASN1_TIME_diff(&days, &seconds, start, time);
	ASN1_TIME_free(start);
	return (time_t)days * 86400 + seconds;
}

/* A name on one line: "CN = example.org". */
static void
show_name(const X509_NAME *name, char *buf, size_t size)
{
	BIO *memory = BIO_new(BIO_s_mem());
	int n = -1;

	if (memory != NULL && X509_NAME_print_ex(memory, name, 0, XN_FLAG_ONELINE) >= 0)
		n = BIO_read(memory, buf, (int)size - 1);
	buf[n > 0 ? n : 0] = '\0';
	BIO_free(memory);
}

/* see fsock/tls.h */
int
fsock_tls_peer(fsock *s, struct fsock_tls_peer *peer)
{
	SSL *ssl = ssl_of(s);
	X509 *certificate = ssl == NULL ? NULL : SSL_get1_peer_certificate(ssl);
	unsigned length = sizeof peer->sha256;

	if (certificate == NULL) {
		errno = ENOENT;
		return -1;
	}
	memset(peer, 0, sizeof *peer);
	show_name(X509_get_subject_name(certificate), peer->subject, sizeof peer->subject);
	show_name(X509_get_issuer_name(certificate), peer->issuer, sizeof peer->issuer);
	peer->not_before = seconds_of(X509_get0_notBefore(certificate));
	peer->not_after = seconds_of(X509_get0_notAfter(certificate));
	X509_digest(certificate, EVP_sha256(), peer->sha256, &length);
	X509_free(certificate);
	return 0;
}
